//! The device as its owner sees it: boot, handle, poll, deadline. What it does lies in the modules named after it.

use alloc::collections::VecDeque;
use alloc::string::String;
use core::net::Ipv6Addr;
use core::time::Duration;

use protocols::Entropy;
use protocols::link_security::{LinkKey, LinkSecurity, OutgoingCounter, Policy};
use protocols::lowpan::{Fragmenter, Laxity, Reassembler};
use protocols::time::Instant;
use rand_core::{Rng, SeedableRng};
use wire::Eui64;
use wire::ieee802154::{PanId, SecurityLevel};
use wire::sixlowpan::{Context, Contexts};
use wire::upper_tester::{self, Application, Arguments, Line, LineAssembler, Role, Trigger};

use crate::anchor::Parts;
use crate::counter_writes::CounterWrites;
use crate::counters::{Counters, count};
use crate::discovery::{self, Discovery};
use crate::join_request::Schedule;
use crate::mutants::{Mutant, Selected};
use crate::neighbours::NeighbourList;
use crate::plain_coap::PlainServer;
use crate::profile::MINIMUM_LEVEL;
use crate::radio::{Fate, TransmitQueue};
use crate::session::SecureServer;
use crate::software::{SHIPPED_VERSION, Software};
use crate::store::Store;
use crate::{Hardware, Input, Output, RadioConfig, TransmitStatus};

/// A factory reset waits so long at most for its last frames to leave.
const FAREWELL: Duration = Duration::from_millis(500);

/// A frame that was not acknowledged waits so long at most before it is tried once more: some frames of the longest.
const RETRY_PAUSE_MAX: Duration = Duration::from_millis(30);

/// A device between two boots.
pub struct Device {
    pub(crate) hardware: Hardware,
    pub(crate) store: Store,
    pub(crate) mutant: Selected,
    pub(crate) entropy: Entropy,
    pub(crate) counters: Counters,
    pub(crate) running: bool,
    pub(crate) neighbours: NeighbourList,
    pub(crate) security: LinkSecurity,
    pub(crate) counter_writes: CounterWrites,
    pub(crate) radio: TransmitQueue,
    pub(crate) sequence_number: u8,
    pub(crate) fragmenter: Fragmenter,
    pub(crate) reassembler: Reassembler,
    pub(crate) contexts: Contexts,
    pub(crate) discovery: Discovery,
    pub(crate) join_requests: Schedule,
    #[cfg(feature = "find")]
    pub(crate) finder: crate::finder::Finder,
    /// Of a device that was installed with `routing=rpl`.
    #[cfg(feature = "rpl")]
    pub(crate) rpl: Option<crate::rpl::Rpl>,
    pub(crate) server: SecureServer,
    pub(crate) plain_server: PlainServer,
    /// Hash of the datagram that DTLS took last, and of the one that last closed the network, with its sequence
    /// number: only for a mutant that takes it twice.
    pub(crate) last_datagram: u32,
    pub(crate) last_close: Option<(u32, u32)>,
    pub(crate) credential_parts: Parts,
    pub(crate) software: Software,
    /// The application before the last one: only for a mutant that goes on with it.
    pub(crate) former_application: Option<Application>,
    /// Wall time at [`Instant::ZERO`] in seconds since 1970; 0 until the upper tester sets the clock.
    pub(crate) unix_time_at_zero: u64,
    booted: Instant,
    assembler: LineAssembler,
    outputs: VecDeque<Output>,
    reboot_by: Option<Instant>,
    halted: bool,
}

impl Device {
    /// Boots with what the store holds; an installed device starts by itself.
    pub fn boot(hardware: Hardware, mut store: Store, now: Instant, mutant: Option<Mutant>) -> Self {
        let mutant = Selected::new(mutant);
        let image = store.software().unwrap_or(SHIPPED_VERSION);
        forget(&mut store, mutant);
        let mut entropy = Entropy::from_seed(hardware.entropy_seed);
        let counter = if mutant.is(Mutant::FrameCounterResetOnReboot) { 0 } else { store.frame_counter_bound() };
        let counter = OutgoingCounter::from_stored(counter);
        let security = LinkSecurity::new(hardware.eui64, Policy::default(), counter);
        let (role, parent) = store.installation().map_or((Role::SixLr, None), |site| (site.role, site.parent));
        let [sequence_number, tag_high, tag_low, _] = entropy.next_u32().to_be_bytes();
        let mut device = Self {
            discovery: Discovery::new(hardware.eui64, role, parent, mutant),
            server: SecureServer::new(&mut entropy, mutant),
            plain_server: PlainServer::default(),
            last_datagram: 0,
            last_close: None,
            hardware,
            store,
            mutant,
            entropy,
            counters: Counters::default(),
            running: false,
            neighbours: NeighbourList::default(),
            security,
            counter_writes: CounterWrites::new(now),
            radio: TransmitQueue::default(),
            sequence_number,
            fragmenter: Fragmenter::new(u16::from_be_bytes([tag_high, tag_low])),
            reassembler: Reassembler::default().with_laxity(Laxity {
                keeps_the_oldest: mutant.is(Mutant::ReassemblyStarves) || mutant.is(Mutant::ReassemblyIgnoresSecurity),
                ignores_security: mutant.is(Mutant::ReassemblyIgnoresSecurity),
                takes_overlaps: mutant.is(Mutant::FragmentsOverlapTaken),
            }),
            contexts: Contexts::default(),
            join_requests: Schedule::default(),
            #[cfg(feature = "find")]
            finder: crate::finder::Finder::default(),
            #[cfg(feature = "rpl")]
            rpl: None,
            credential_parts: Parts::default(),
            software: Software::new(image),
            former_application: None,
            unix_time_at_zero: 0,
            booted: now,
            assembler: LineAssembler::default(),
            outputs: VecDeque::new(),
            reboot_by: None,
            halted: false,
        };
        device.load_keys();
        let state = device.state();
        device.event(now, "booted", Arguments::default().with("state", state));
        if device.store.installation().is_some() {
            device.start(now);
        }
        device
    }

    /// Takes one input. An owner then polls until `None`.
    pub fn handle(&mut self, now: Instant, input: Input<'_>) {
        if self.halted {
            return;
        }
        match input {
            Input::Frame { psdu, .. } if self.running => self.receive_frame(now, psdu),
            Input::Backbone(packet) if self.running => self.receive_backbone(now, packet),
            Input::TransmitDone { handle, status } => {
                let acknowledged = status == TransmitStatus::Success;
                let pause = if acknowledged { Duration::ZERO } else { self.random_below(RETRY_PAUSE_MAX) };
                let fate = self.radio.done(now, handle, acknowledged, pause);
                if let Fate::Final(receiver) = fate {
                    self.discovery.note_delivery(receiver, acknowledged);
                    #[cfg(feature = "rpl")]
                    self.note_delivery(now, receiver, acknowledged);
                }
                match status {
                    _ if fate == Fate::Again => {}
                    TransmitStatus::Success => {}
                    TransmitStatus::NoAck => count(&mut self.counters.no_ack),
                    TransmitStatus::ChannelAccessFailure => count(&mut self.counters.channel_busy),
                }
            }
            Input::UpperTester(octets) => {
                for line in self.assembler.extend(octets).into_iter().flatten() {
                    self.receive_line(now, &line);
                }
            }
            Input::Frame { .. } | Input::Backbone(_) => {}
        }
        self.note_buffers();
    }

    /// The next thing to do, what has become due included; to be called until it returns `None`.
    pub fn poll(&mut self, now: Instant) -> Option<Output> {
        if let Some(output) = self.next_output(now) {
            return Some(output);
        }
        if self.halted {
            return None;
        }
        self.run_what_is_due(now);
        self.next_output(now)
    }

    /// When `poll` must be called next, if nothing is handed in before.
    pub fn deadline(&self) -> Option<Instant> {
        if self.halted {
            return None;
        }
        if !self.running {
            return [self.reboot_by, self.radio.deadline()].into_iter().flatten().min();
        }
        let deadlines = [
            self.reboot_by,
            self.radio.deadline(),
            self.reassembler.deadline(),
            self.discovery.deadline(),
            self.neighbours.deadline(self.store.is_secured()),
            self.join_requests.next().filter(|_| !self.join_requests_pause()),
            #[cfg(feature = "find")]
            self.finder.next(),
            #[cfg(feature = "rpl")]
            self.rpl.as_ref().and_then(crate::rpl::Rpl::deadline),
            self.server.deadline(),
            self.plain_server.deadline(),
            self.software.deadline(),
        ];
        deadlines.into_iter().flatten().min()
    }

    /// Takes the store out: what is left when the power goes.
    pub fn into_store(self) -> Store {
        self.store
    }

    /// The store as it is now.
    pub fn store(&self) -> &Store {
        &self.store
    }

    fn next_output(&mut self, now: Instant) -> Option<Output> {
        if let Some(output) = self.outputs.pop_front() {
            return Some(output);
        }
        if self.halted {
            return None;
        }
        if self.reboot_by.is_some_and(|by| by <= now || self.radio.is_idle()) {
            self.halted = true;
            return Some(Output::Reboot);
        }
        let (handle, psdu) = self.radio.next(now)?;
        count(&mut self.counters.sent);
        Some(Output::Transmit { handle, psdu })
    }

    fn run_what_is_due(&mut self, now: Instant) {
        if !self.running {
            return;
        }
        for _ in 0..self.reassembler.expire(now) {
            count(&mut self.counters.dropped_reassembly);
        }
        for eui64 in self.neighbours.expire(now) {
            self.event(now, "link_unsecured", Arguments::default().with("neighbour", eui64));
        }
        for emission in self.discovery.poll(now) {
            self.send_discovery(now, &emission);
        }
        #[cfg(feature = "rpl")]
        self.run_routing(now);
        #[cfg(feature = "find")]
        self.send_due_query(now);
        self.send_due_join_request(now);
        self.send_due_secure_requests(now);
        self.run_servers(now);
        self.run_application(now);
        self.note_buffers();
    }

    /// Looks at what waits in buffers, as long as a session may lead to a key.
    fn note_buffers(&mut self) {
        if self.server.has_session() {
            self.server.note_buffers(self.reassembler.buffered() + self.radio.buffered());
        }
    }

    /// Switches the radio on and begins to look for a router.
    pub(crate) fn start(&mut self, now: Instant) {
        let Some(site) = self.store.installation().cloned() else { return };
        self.running = true;
        self.outputs.push_back(Output::Radio(RadioConfig {
            channel: site.channel,
            pan_id: PanId(site.pan_id),
            eui64: self.hardware.eui64,
            receiver_on: true,
        }));
        self.discovery = Discovery::new(self.hardware.eui64, site.role, site.parent, self.mutant);
        #[cfg(feature = "rpl")]
        self.install_routing();
        let delay = self.random_below(discovery::SOLICITATION_DELAY_MAX);
        let outcome = self.discovery.start(now, delay);
        if let Some(parent) = site.parent {
            self.note_neighbour(now, parent);
        }
        self.apply_discovery(now, outcome);
    }

    /// A random time below `most`, which is not zero.
    pub(crate) fn random_below(&mut self, most: Duration) -> Duration {
        random_below(most, &mut self.entropy)
    }

    /// Takes over what Neighbor Discovery brought about.
    pub(crate) fn apply_discovery(&mut self, now: Instant, outcome: discovery::Outcome) {
        if let Some((id, prefix, length)) = outcome.context {
            self.contexts.set(id, Some(Context::new(prefix, length)));
        }
        for emission in &outcome.emissions {
            self.send_discovery(now, emission);
        }
        if let Some(global) = outcome.registered {
            self.event(now, "address", Arguments::default().with("global", global));
            #[cfg(feature = "rpl")]
            self.start_routing(now, global);
            #[cfg(feature = "find")]
            self.start_search(now);
            self.start_join_requests(now);
        }
    }

    /// Sends JSRs from now on, if the device does so by itself and knows where to.
    pub(crate) fn start_join_requests(&mut self, now: Instant) {
        let trigger = self.store.installation().map(|site| site.trigger);
        let by_itself = trigger == Some(Trigger::Boot) || self.mutant.is(Mutant::JsrIgnoresTrigger);
        if by_itself && self.wants_to_join() && self.tool().is_some() {
            self.join_requests.start(now);
        }
    }

    /// The commissioning tool's address: configured, or found.
    pub(crate) fn tool(&self) -> Option<Ipv6Addr> {
        let site = self.store.installation()?;
        match site.find {
            None => Some(site.ct),
            #[cfg(feature = "find")]
            Some(_) => self.found_tool(),
            #[cfg(not(feature = "find"))]
            Some(_) => None,
        }
    }

    /// Hands the keys of the store to link security; the one to send with last.
    pub(crate) fn load_keys(&mut self) {
        for key in self.store.keys() {
            // The store takes fewer keys than link security and no index 0.
            let _ = self.security.set_key(key.index, LinkKey::new(key.key.0));
        }
        for entry in self.store.incoming() {
            self.security.replay().restore(*entry);
        }
        let level = self.store.transmit_key().map_or(MINIMUM_LEVEL, |key| key.level);
        let transmit_level = if self.mutant.is(Mutant::TxLevelSix) { SecurityLevel::EncMic64 } else { level };
        self.security.set_policy(Policy { minimum_level: MINIMUM_LEVEL, transmit_level, ..self.security.policy() });
    }

    /// Everything is said and done: reboot as soon as the last frame has left.
    pub(crate) fn reboot(&mut self, now: Instant, farewell: bool) {
        self.reboot_by = Some(if farewell { now + FAREWELL } else { now });
    }

    /// Whether the device is about to reboot.
    pub(crate) fn is_leaving(&self) -> bool {
        self.reboot_by.is_some()
    }

    pub(crate) fn role(&self) -> Role {
        self.store.installation().map_or(Role::SixLr, |site| site.role)
    }

    pub(crate) fn eui64(&self) -> Eui64 {
        self.hardware.eui64
    }

    /// Queues an output that is no frame.
    pub(crate) fn output(&mut self, output: Output) {
        self.outputs.push_back(output);
    }

    pub(crate) fn log(&mut self, text: String) {
        self.outputs.push_back(Output::Log(text));
    }

    /// Reports an event to the upper tester.
    pub(crate) fn event(&mut self, now: Instant, name: &str, arguments: Arguments) {
        let time_ms = u64::try_from((now - self.booted).as_millis()).unwrap_or(u64::MAX);
        self.emit_line(Line::Event(upper_tester::Event { name: name.into(), time_ms, arguments }));
    }

    /// Sends a line to the upper tester.
    pub(crate) fn emit_line(&mut self, line: Line) {
        match line.emit() {
            Ok(octets) => self.outputs.push_back(Output::UpperTester(octets)),
            Err(error) => self.log(alloc::format!("upper tester line not sent: {error}")),
        }
    }
}

/// A random time below `most`, which is not zero.
pub(crate) fn random_below(most: Duration, entropy: &mut Entropy) -> Duration {
    let most = u64::try_from(most.as_nanos()).unwrap_or(u64::MAX).max(1);
    Duration::from_nanos(entropy.next_u64() % most)
}

/// What mutants forget at boot.
fn forget(store: &mut Store, mutant: Selected) {
    if mutant.is(Mutant::KeysLostOnReboot) {
        store.erase_keys();
    }
    if let Some(seq) = store.close_seq().filter(|_| mutant.is(Mutant::AllSecuredLostOnReboot)) {
        store.set_all_secured(false, seq);
    }
    if mutant.is(Mutant::UpdateNotKept) && store.software().is_some() {
        store.set_software(None);
    }
    if mutant.is(Mutant::ApplicationLostOnReboot) && store.application().is_some() {
        store.set_application(None);
    }
    if mutant.is(Mutant::NeighbourCountersLost) && !store.incoming().is_empty() {
        store.forget_incoming();
    }
    if mutant.is(Mutant::CloseSeqLostOnReboot) {
        store.forget_close_seq();
    }
}
