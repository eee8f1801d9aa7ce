//! The stack of the device: radio, link, IPv6 over 6LoWPAN, Neighbor Discovery, routing, UDP. It knows no mechanism.
//!
//! Upwards, a frame passes `link` (address filter, the [`Admission`] of the mechanism in charge, link security, reassembly) and
//! `network` (delivery, `forwarding`, ICMPv6, UDP); what is not the stack's own business waits as an [`Input`] until the
//! device takes it with [`Stack::next_input`]. Nothing here calls up. Downwards, a packet passes `forwarding`, the
//! admission, fragmentation and link security to the queue of `radio`.

mod addresses;
mod admission;
#[cfg(feature = "mutants")]
mod against_the_rules;
#[cfg(feature = "mutants")]
mod chatter;
mod commands;
mod control;
mod counter_writes;
pub(crate) mod counters;
mod discovery;
mod features;
mod forwarding;
mod input;
mod kept;
mod link;
mod marks;
mod mutants;
mod neighbours;
mod network;
#[cfg(feature = "mutants")]
mod otherwise;
mod profile;
mod radio;
mod random;
#[cfg(feature = "rpl")]
mod routing;
#[cfg(feature = "rpl")]
mod rpl;
#[cfg(feature = "mutants")]
mod slip;
#[cfg(feature = "mutants")]
mod tamper;
mod tell;
mod udp;

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use core::net::Ipv6Addr;
use core::time::Duration;

use protocols::Entropy;
use protocols::link_security::{LinkKey, LinkSecurity, OutgoingCounter, Policy};
use protocols::lowpan::{Fragmenter, Laxity, Reassembler};
use protocols::time::Instant;
use rand_core::{Rng, SeedableRng};
use wire::Eui64;
use wire::ieee802154::{PanId, SecurityLevel};
use wire::sixlowpan::Contexts;
use wire::upper_tester::{Installation, Role, Routing};

pub(crate) use addresses::link_local_of;
pub(crate) use admission::{Admission, Class, Copies, Link};
pub use counter_writes::AHEAD_MAX;
#[cfg(test)]
pub(crate) use counters::top_counters;
pub(crate) use counters::{count, counters};
pub(crate) use features::{FEATURES, covers};
pub(crate) use forwarding::NextHop;
pub(crate) use input::Peer;
pub(crate) use input::{Input, Origin};
#[cfg(test)]
pub(crate) use kept::KeyId;
pub use kept::{Domain, NetworkKey, Route};
pub(crate) use kept::{Heard, Kept};
pub(crate) use mutants::Mutant;
#[cfg(feature = "find")]
pub(crate) use profile::HOP_LIMIT;
pub(crate) use profile::MINIMUM_LEVEL;
#[cfg(feature = "mutants")]
pub(crate) use tamper::{Crossing, Tamper};
pub(crate) use tell::{NONE, Tell};

use crate::flash::Flash;
use crate::interface::{Hardware, Output, RadioConfig, TransmitStatus};
use crate::selected::Selected;
use counter_writes::CounterWrites;
use counters::Counters;
use discovery::Discovery;
use input::Upward;
use neighbours::NeighbourList;
use radio::{Fate, TransmitQueue};
use random::random_below;

/// A frame that was not acknowledged waits so long at most before it is tried once more: some frames of the longest.
const RETRY_PAUSE_MAX: Duration = Duration::from_millis(30);

/// Where the device stands in its network.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Site {
    role: Role,
    channel: u8,
    pan_id: PanId,
    parent: Option<Eui64>,
    #[cfg_attr(not(feature = "rpl"), allow(dead_code, reason = "there are no such routes"))]
    routing: Routing,
}

impl From<&Installation> for Site {
    fn from(site: &Installation) -> Self {
        let Installation { role, channel, pan_id, parent, routing, .. } = *site;
        Self { role, channel, pan_id: PanId(pan_id), parent, routing }
    }
}

/// The stack between two boots.
pub(crate) struct Stack {
    eui64: Eui64,
    mutant: Selected<Mutant>,
    pub(crate) entropy: Entropy,
    pub(crate) tell: Tell,
    pub(crate) flash: Flash,
    kept: Kept,
    heard: Heard,
    site: Option<Site>,
    running: bool,
    /// `None` until a mechanism is in charge: nothing comes in or leaves.
    admission: Option<Box<dyn Admission>>,
    #[cfg(feature = "mutants")]
    tamper: Option<Box<dyn Tamper>>,
    /// Datagrams in fragments that were put together: what a mutant counts.
    #[cfg(feature = "mutants")]
    put_together: u8,
    #[cfg(feature = "mutants")]
    slips: crate::slips::Slips,
    up: VecDeque<Upward>,
    counters: Counters,
    neighbours: NeighbourList,
    security: LinkSecurity,
    counter_writes: CounterWrites,
    radio: TransmitQueue,
    sequence_number: u8,
    /// What a variant does besides.
    #[cfg(feature = "mutants")]
    chatter: chatter::Chatter,
    fragmenter: Fragmenter,
    reassembler: Reassembler,
    contexts: Contexts,
    discovery: Discovery,
    /// Of a device that was installed with `routing=rpl`.
    #[cfg(feature = "rpl")]
    rpl: Option<rpl::Rpl>,
}

impl Stack {
    /// Boots with what was kept; the radio stays off until [`Stack::start`].
    pub(crate) fn boot(
        hardware: &Hardware,
        now: Instant,
        mut flash: Flash,
        (kept, mut heard): (Kept, Heard),
        site: Option<Site>,
        mutant: Selected<Mutant>,
    ) -> Self {
        #[cfg(feature = "mutants")]
        let kept = if mutant.is(Mutant::RoutesLostOnReboot) && kept.is_keyed() { kept.without_routes() } else { kept };
        if mutant.is(Mutant::NeighbourCountersLost) && !heard.counters().is_empty() {
            flash.record(|| heard.erase());
        }
        let mut entropy = Entropy::from_seed(hardware.entropy_seed);
        let counter = if mutant.is(Mutant::FrameCounterResetOnReboot) { 0 } else { kept.frame_counter_bound() };
        let counter = OutgoingCounter::from_stored(counter.max(mutant.free().first_frame_counter()));
        let [sequence_number, tag_high, tag_low, _] = entropy.next_u32().to_be_bytes();
        #[cfg(feature = "mutants")]
        let site = site.map(|site| {
            let lost = mutant.is(Mutant::ChannelLostOnReboot) && kept.is_keyed();
            Site { channel: if lost { 11 } else { site.channel }, ..site }
        });
        let (role, parent) = site.map_or((Role::SixLr, None), |site| (site.role, site.parent));
        let mut stack = Self {
            eui64: hardware.eui64,
            mutant,
            entropy,
            tell: Tell::new(now, mutant.free()),
            flash,
            kept,
            heard,
            site,
            running: false,
            admission: None,
            #[cfg(feature = "mutants")]
            tamper: None,
            #[cfg(feature = "mutants")]
            put_together: 0,
            #[cfg(feature = "mutants")]
            slips: crate::slips::Slips::default(),
            up: VecDeque::new(),
            counters: Counters::default(),
            neighbours: NeighbourList::default(),
            security: LinkSecurity::new(hardware.eui64, Policy::default(), counter),
            counter_writes: CounterWrites::new(now),
            radio: TransmitQueue::default(),
            sequence_number,
            #[cfg(feature = "mutants")]
            chatter: chatter::Chatter::default(),
            fragmenter: Fragmenter::new(u16::from_be_bytes([tag_high, tag_low])).taking(mutant.engines()),
            reassembler: Reassembler::default().with_laxity(Laxity {
                keeps_the_oldest: mutant.is(Mutant::ReassemblyStarves) || mutant.is(Mutant::ReassemblyIgnoresSecurity),
                ignores_security: mutant.is(Mutant::ReassemblyIgnoresSecurity),
                takes_overlaps: mutant.is(Mutant::FragmentsOverlapTaken),
            }),
            contexts: Contexts::default(),
            discovery: Discovery::new(hardware.eui64, role, parent, mutant),
            #[cfg(feature = "rpl")]
            rpl: None,
        };
        stack.load_keys();
        // At boot only: while it runs the device knows better than its store, which may be ahead of a neighbour.
        for entry in stack.heard.counters() {
            stack.security.replay().restore(*entry);
        }
        stack
    }

    /// From now on the link lets in and out what these rules say.
    pub(crate) fn admit(&mut self, admission: impl Admission + 'static) {
        self.admission = Some(Box::new(admission));
    }

    /// From now on a mutant of a mechanism has its hands in the stack.
    #[cfg(feature = "mutants")]
    pub(crate) fn tamper_with(&mut self, tamper: impl Tamper + 'static) {
        self.tamper = Some(Box::new(tamper));
    }

    /// From now on the device slips so in what it sends.
    #[cfg(feature = "mutants")]
    pub(crate) fn slip_with(&mut self, slips: crate::slips::Slips) {
        self.slips = slips;
    }

    /// How the device slips, for who is above.
    #[cfg(feature = "mutants")]
    pub(crate) fn slips(&self) -> crate::slips::Slips {
        self.slips.clone()
    }

    /// The device was installed, or erased.
    pub(crate) fn set_site(&mut self, site: Option<Site>) {
        self.site = site;
    }

    /// Switches the radio on and begins to look for a router.
    pub(crate) fn start(&mut self, now: Instant) {
        let Some(site) = self.site else { return };
        self.running = true;
        self.tell.output(Output::Radio(RadioConfig {
            channel: site.channel,
            pan_id: site.pan_id,
            eui64: self.eui64,
            receiver_on: true,
        }));
        self.discovery = Discovery::new(self.eui64, site.role, site.parent, self.mutant);
        #[cfg(feature = "rpl")]
        self.install_routing(site);
        let delay = random_below(self.mutant.free().solicitation_delay(), &mut self.entropy);
        #[cfg(feature = "mutants")]
        self.chatter_begins(now);
        let outcome = self.discovery.start(now, delay);
        if let Some(parent) = site.parent {
            self.note_neighbour(now, parent);
        }
        self.apply_discovery(now, outcome);
    }

    /// Nothing is heard any more.
    pub(crate) fn stop(&mut self) {
        self.running = false;
    }

    /// Whether the radio is on.
    pub(crate) fn is_running(&self) -> bool {
        self.running
    }

    /// The next thing for who is above; to be called until it returns `None`, after every call that may bring one about.
    pub(crate) fn next_input(&mut self, now: Instant) -> Option<Input> {
        loop {
            match self.up.pop_front()? {
                Upward::Input(input) => return Some(input),
                Upward::Packet(packet, origin) => self.receive_packet(now, &packet, origin),
            }
        }
    }

    /// The radio is done with a frame.
    pub(crate) fn transmit_done(&mut self, now: Instant, handle: u32, status: TransmitStatus) {
        let acknowledged = status == TransmitStatus::Success;
        let pause = if acknowledged { Duration::ZERO } else { random_below(RETRY_PAUSE_MAX, &mut self.entropy) };
        let fate = self.radio.done(now, handle, acknowledged, pause);
        #[cfg(feature = "mutants")]
        if !self.mutant.free().frame_gap().is_zero() {
            self.radio.rest(now, self.mutant.free().frame_gap());
        }
        if let Fate::Final(receiver) = fate {
            self.discovery.note_delivery(receiver, acknowledged);
            #[cfg(feature = "rpl")]
            self.note_delivery(now, receiver, acknowledged);
            self.hand_up(Input::Delivered { to: receiver, acknowledged });
        }
        match status {
            _ if fate == Fate::Again => {}
            TransmitStatus::Success => {}
            TransmitStatus::NoAck => count(&mut self.counters.no_ack),
            TransmitStatus::ChannelAccessFailure => count(&mut self.counters.channel_busy),
        }
    }

    /// The next frame for the radio.
    pub(crate) fn next_frame(&mut self, now: Instant) -> Option<Output> {
        let (handle, psdu) = self.radio.next(now)?;
        count(&mut self.counters.sent);
        Some(Output::Transmit { handle, psdu })
    }

    /// Whether nothing waits for the radio.
    pub(crate) fn is_idle(&self) -> bool {
        self.radio.is_idle()
    }

    /// Octets that wait in buffers.
    pub(crate) fn buffered(&self) -> usize {
        self.reassembler.buffered() + self.radio.buffered()
    }

    /// Does what is due.
    pub(crate) fn poll(&mut self, now: Instant) {
        for _ in 0..self.reassembler.expire(now) {
            count(&mut self.counters.dropped_reassembly);
        }
        self.expire_marks(now);
        for emission in self.discovery.poll(now) {
            self.send_discovery(emission);
        }
        #[cfg(feature = "rpl")]
        self.run_routing(now);
        #[cfg(feature = "mutants")]
        self.chat(now);
    }

    /// When `poll` has something to do, or the radio.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        if !self.running {
            return self.radio.deadline();
        }
        let deadlines = [
            self.radio.deadline(),
            self.reassembler.deadline(),
            self.discovery.deadline(),
            self.neighbours.deadline(),
            #[cfg(feature = "rpl")]
            self.rpl.as_ref().and_then(rpl::Rpl::deadline),
            #[cfg(feature = "mutants")]
            self.chatter.deadline(),
        ];
        deadlines.into_iter().flatten().min()
    }

    pub(crate) fn eui64(&self) -> Eui64 {
        self.eui64
    }

    pub(crate) fn role(&self) -> Role {
        self.site.map_or(Role::SixLr, |site| site.role)
    }

    /// This device's link-local address.
    pub(crate) fn link_local(&self) -> Ipv6Addr {
        self.discovery.link_local()
    }

    /// This device's global address, once it is registered.
    pub(crate) fn global(&self) -> Option<Ipv6Addr> {
        self.discovery.global()
    }

    /// What it keeps.
    pub(crate) fn kept(&self) -> &Kept {
        &self.kept
    }

    /// The frame counters of neighbours that it keeps.
    pub(crate) fn heard(&self) -> &Heard {
        &self.heard
    }

    fn hand_up(&mut self, input: Input) {
        self.up.push_back(Upward::Input(input));
    }
}

/// Keys and what is kept.
impl Stack {
    /// Takes a key and sends with it from now on; `false` if there is no room.
    pub(crate) fn install_key(&mut self, key: NetworkKey) -> bool {
        let is_kept = self.keep_key(key);
        if is_kept {
            self.load_keys();
        }
        is_kept
    }

    /// Keeps a key; it is used from the next boot on.
    pub(crate) fn keep_key(&mut self, key: NetworkKey) -> bool {
        self.kept.set_key(&mut self.heard, &mut self.flash, key)
    }

    /// Erases a key, and in the same record what `along` erases; `false` if there is none with this index.
    pub(crate) fn erase_key(&mut self, index: u8, along: impl FnOnce()) -> bool {
        if !self.kept.keys().iter().any(|key| key.index == index) {
            return false;
        }
        let Self { kept, heard, flash, .. } = self;
        flash.record(|| {
            kept.remove_key(heard, index);
            along();
        });
        #[cfg(feature = "mutants")]
        if !self.kept.is_keyed() && self.mutant.is(Mutant::EraseRestartsCounter) {
            self.restart_frame_counter();
            self.security = LinkSecurity::new(self.eui64, self.security.policy(), OutgoingCounter::from_stored(0));
        }
        if !self.mutant.is(Mutant::DeletedKeyLives) {
            self.security.remove_key(index);
        }
        self.load_keys();
        true
    }

    /// Erases everything but the bound of frame counters, and in the same record what `along` erases.
    pub(crate) fn erase(&mut self, along: impl FnOnce()) {
        let Self { kept, heard, flash, .. } = self;
        flash.record(|| {
            kept.erase();
            heard.erase();
            along();
        });
    }

    /// What a mutant does: counters that were used are used again after the next boot.
    #[cfg(feature = "mutants")]
    pub(crate) fn restart_frame_counter(&mut self) {
        self.kept.set_frame_counter_bound(&mut self.flash, 0);
    }

    /// Writes the frame counters of all neighbours as they are: where the store ran ahead of one, its next frame is taken after
    /// the reboot.
    pub(crate) fn store_heard(&mut self) {
        let Self { security, heard, flash, .. } = self;
        for entry in security.replay().iter() {
            heard.set(flash, *entry);
        }
    }

    /// Hands the keys that are kept to link security; the one to send with last.
    fn load_keys(&mut self) {
        for key in self.kept.keys() {
            // The table takes fewer keys than link security and no index 0.
            let _ = self.security.set_key(key.index, LinkKey::new(key.key.0));
        }
        let level = self.kept.transmit_key().map_or(MINIMUM_LEVEL, |key| key.level);
        let level = self.mutant.free().transmit_level().map_or(level, SecurityLevel::from_bits);
        let transmit_level = if self.mutant.is(Mutant::TxLevelSix) { SecurityLevel::EncMic64 } else { level };
        self.security.set_policy(Policy { minimum_level: MINIMUM_LEVEL, transmit_level, ..self.security.policy() });
    }
}
