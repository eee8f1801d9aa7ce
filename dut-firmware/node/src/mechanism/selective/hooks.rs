//! What those mutants do that have their hands in the stack, and what others do at boot and with a key.

use alloc::vec::Vec;
use core::cell::Cell;
use core::net::Ipv6Addr;
use core::time::Duration;

use protocols::lowpan::Protection;
use protocols::time::Instant;
use wire::icmpv6::Message;
use wire::ieee802154::{Content, Frame, LinkAddress};
use wire::ipv6::{ALL_NODES, Header, NextHeader, Packet};
use wire::sel::{self, Kind};
use wire::udp::Datagram;
use wire::upper_tester::{Role, SecretKey};
use wire::{Error, Eui64};

use super::kept::Kept;
use super::key_resource::Effect;
use super::marking::drop_marks;
use super::mutants::{Mutant, hash};
use super::{Context, DOMAIN, Selective};
use crate::selected::Selected;
use crate::stack::{Copies, Crossing, MINIMUM_LEVEL, NetworkKey, Origin, Peer, Stack, Tamper};

/// What the mutants do in the stack.
struct Hands {
    mutant: Selected<Mutant>,
    all_secured: bool,
    /// So many packets of others are lost.
    to_lose: Cell<u8>,
    /// Join requests of others that it has seen.
    requests: Cell<u8>,
}

/// What a mutant has to remember of the device's life since its start.
#[derive(Default)]
pub(super) struct Memory {
    /// The last frame that was taken was secured.
    last_frame_secured: bool,
    /// A neighbour sent a secured frame, which this device could not read.
    neighbour_secured: bool,
    /// It started with a key.
    booted_keyed: bool,
    /// Sessions that have ended.
    sessions: u8,
    /// When the commissioning tool was last heard of.
    tool_heard: Instant,
    /// Hash of the datagram that DTLS took last, and of the one that last closed the network, with its sequence number.
    pub(super) last_datagram: u32,
    pub(super) last_close: Option<(u32, u32)>,
}

/// So many packets a mutant loses at a turn of its life.
const LOST_AT_A_TURN: u8 = 20;
/// No frame holds a packet with more payload.
const LONGEST_IN_A_FRAME: usize = 127;
const AN_HOUR: Duration = Duration::from_secs(3600);
const TEN_MINUTES: Duration = Duration::from_secs(600);
const SESSIONS: u8 = 3;

impl Tamper for Hands {
    fn loses(&self, packet: &Packet, crossing: &Crossing) -> bool {
        let Crossing { link, secured, transit } = *crossing;
        let unmarked = link.keyed && !link.marked();
        let kind = kind_of(packet);
        let is_request = kind == Some(Kind::JoinSecureRequest);
        let mutant = self.mutant;
        if transit && self.to_lose.get() > 0 {
            self.to_lose.set(self.to_lose.get() - 1);
            return true;
        }
        // The rules of these mutants let every plain packet in for the sake of one kind.
        let for_all = packet.header.destination.is_multicast();
        let against_the_rules = link.keyed && !secured && (link.marked() || self.all_secured);
        let is_of_another_kind = match (is_of_transit(mutant), is_of_multicast(mutant)) {
            (true, _) => !transit,
            (_, true) => !for_all,
            _ => false,
        };
        if against_the_rules && is_of_another_kind {
            return true;
        }
        if transit && is_request {
            self.requests.set(self.requests.get().saturating_add(1));
        }
        let drowns = mutant.is(Mutant::LbrDrowns) && link.role == Role::SixLbr && self.requests.get() > 50;
        if drowns && transit {
            return true;
        }
        let in_fragments = packet.payload.len() > LONGEST_IN_A_FRAME;
        mutant.is(Mutant::FragmentsNotForwarded) && transit && !link.keyed && in_fragments
            || mutant.is(Mutant::RxRefuseSecuredWhenClosed)
                && self.all_secured
                && unmarked
                && secured
                && kind != Some(Kind::SetSecureRequest)
            || mutant.is(Mutant::RxRefuseSecuredOnUnmarked)
                && unmarked
                && secured
                && kind != Some(Kind::SetSecureRequest)
            || mutant.is(Mutant::RelayDropsJsr) && transit && is_request
            || mutant.is(Mutant::RelayDropsWhenSecured) && transit && unmarked
            || mutant.is(Mutant::RelayDropsDtls) && transit && packet.header.next_header == NextHeader::UDP
            || mutant.is(Mutant::LbrDropsJsr) && link.role == Role::SixLbr && transit && is_request
    }

    fn forwards(&self, packet: &mut Packet, own: Eui64) {
        let Header { source, destination, .. } = packet.header;
        if self.mutant.is(Mutant::RelayReoriginatesJsr)
            && let Ok(Message::Sel(message)) = Message::parse(&packet.payload, source, destination)
        {
            let message = sel::Message { eui64: own, ..message };
            packet.payload = Message::Sel(message).to_vec(source, destination).unwrap_or_default();
        }
    }

    fn forwards_plain(&self) -> bool {
        self.mutant.is(Mutant::TransitPlainOnMarked)
    }

    fn rescues(&self, packet: &Packet, from: Option<Eui64>, fault: Error) -> Option<Message> {
        if matches!(fault, Error::Integrity(_)) {
            let taken = self.mutant.is(Mutant::SsrBadChecksumAccepted);
            return taken.then(|| Message::parse_unverified(&packet.payload).ok()).flatten();
        }
        let taken = self.mutant.is(Mutant::SelShortBodyTaken) && packet.payload.first() == Some(&sel::ICMPV6_TYPE);
        let from = from.filter(|_| taken)?;
        Some(Message::Sel(sel::Message::set_secure_request(from, self.mutant.free().ssr_lifetime_units())))
    }

    fn takes_replayed(&self, frame: &Frame) -> bool {
        self.mutant.is(Mutant::SsrReplayTaken) && bears_secure_request(frame)
    }

    fn takes_unverified(&self, frame: &Frame) -> bool {
        self.mutant.is(Mutant::SsrUnverified) && bears_secure_request(frame)
    }
}

/// An unfragmented frame that carries an SSR: its last 16 octets are the ICMPv6 message.
fn bears_secure_request(frame: &Frame) -> bool {
    let Content::Data(payload) = &frame.content else { return false };
    let at = payload.len().saturating_sub(16);
    matches!(payload.get(at..), Some([sel::ICMPV6_TYPE, 2, ..]))
}

fn is_of_transit(mutant: Selected<Mutant>) -> bool {
    mutant.is(Mutant::PlainTransitOnMarked) || mutant.is(Mutant::PlainTransitWhenClosed)
}

fn is_of_multicast(mutant: Selected<Mutant>) -> bool {
    mutant.is(Mutant::PlainMulticastOnMarked)
}

/// Which bootstrap request a packet is, if it is one.
fn kind_of(packet: &Packet) -> Option<Kind> {
    match (packet.header.next_header, packet.payload.as_slice()) {
        (NextHeader::ICMPV6, [sel::ICMPV6_TYPE, code, ..]) => Kind::from_code(*code),
        _ => None,
    }
}

impl Selective {
    /// The stack has hands in it, which lose so many packets of others.
    pub(super) fn lay_hands(&self, stack: &mut Stack, to_lose: u8) {
        let Self { mutant, ref kept, .. } = *self;
        stack.tamper_with(Hands {
            mutant,
            all_secured: kept.all_secured,
            to_lose: Cell::new(to_lose),
            requests: Cell::new(0),
        });
    }

    /// The device was keyed, closed or re-opened: what such a mutant does then.
    pub(super) fn pause_at(&self, turn: Mutant, stack: &mut Stack) {
        if self.mutant.is(turn) {
            self.lay_hands(stack, LOST_AT_A_TURN);
        }
    }

    /// Whether a datagram of DTLS is left alone, and what is remembered of it.
    pub(super) fn leaves_alone(&mut self, cx: &Context<'_>, peer: Peer) -> bool {
        if self.tool(cx) == Some(peer.address) {
            self.memory.tool_heard = cx.now;
        }
        let is_busy = self.server.is_busy();
        !is_busy
            && (self.mutant.is(Mutant::WaitsForSecuredNeighbour) && !self.memory.neighbour_secured
                || self.mutant.is(Mutant::HandshakeNeedsJsr) && self.join_requests.sent() == 0
                || self.mutant.is(Mutant::HandshakeNeedsClock) && cx.unix_time_at_zero == 0
                || self.mutant.is(Mutant::SessionsLeak) && self.memory.sessions >= SESSIONS
                || self.mutant.is(Mutant::AnchorLostOnReboot) && self.memory.booted_keyed
                || self.mutant.is(Mutant::ClosedServesNobody) && self.kept.all_secured
                || self.has_given_up(cx))
    }

    /// A JSR was sent: when such a mutant sends the next one.
    pub(super) fn misplan_join_request(&mut self, now: Instant) {
        if self.mutant.is(Mutant::JsrNoCeiling) {
            self.join_requests.raise_ceiling(now);
        }
        if self.mutant.is(Mutant::JsrFixedInterval) {
            self.join_requests.force(now, self.mutant.free().jsr_first());
        }
        if self.mutant.is(Mutant::JsrDuringHandshake) && self.server.is_busy() {
            self.join_requests.force(now, Duration::from_secs(1));
        }
    }

    /// A JSR with a wrong checksum, or without its last octet.
    pub(super) fn spoiled(&self, mut payload: Vec<u8>, source: Ipv6Addr, destination: Ipv6Addr) -> Vec<u8> {
        if let Some(octet) = payload.get_mut(2).filter(|_| self.mutant.is(Mutant::JsrBadChecksum)) {
            *octet ^= 0x55;
        }
        if self.mutant.is(Mutant::JsrTruncated)
            && let [kind, code, _, _, body @ .., _] = payload.as_slice()
        {
            let message = Message::Other { kind: *kind, code: *code, body: body.to_vec() };
            payload = message.to_vec(source, destination).unwrap_or_default();
        }
        payload
    }

    /// What a record that comes again brings about, where it is taken twice.
    pub(super) fn take_again(&mut self, cx: &mut Context<'_>, datagram: &[u8]) {
        if let Some((known, seq)) = self.memory.last_close.filter(|_| self.mutant.is(Mutant::CloseReplayTaken))
            && known == hash(datagram)
        {
            self.apply(cx, Effect::AllSecured(true, seq));
        }
    }

    /// A JSR of another type, or to another address.
    pub(super) fn misdirected(&self, payload: Vec<u8>, source: Ipv6Addr, destination: Ipv6Addr) -> (Vec<u8>, Ipv6Addr) {
        let mut octets = destination.octets();
        if self.mutant.is(Mutant::JsrToAnother) {
            octets[15] ^= 1;
        }
        let to = Ipv6Addr::from(octets);
        let kind = if self.mutant.is(Mutant::JsrOtherType) { sel::ICMPV6_TYPE + 1 } else { sel::ICMPV6_TYPE };
        if to == destination && kind == sel::ICMPV6_TYPE {
            return (payload, destination);
        }
        let (code, body) = (payload.get(1).copied().unwrap_or(0), payload.get(4..).unwrap_or(&[]).to_vec());
        (Message::Other { kind, code, body }.to_vec(source, to).unwrap_or_default(), to)
    }

    /// A key that nobody gave.
    pub(super) fn take_default_key(&mut self, cx: &mut Context<'_>) {
        if self.mutant.is(Mutant::DefaultKey) && !cx.stack.kept().is_keyed() {
            let (key, level) = (SecretKey([0; 16]), MINIMUM_LEVEL);
            self.install_key(cx, NetworkKey { domain: DOMAIN, index: 1, level, key, source: None });
        }
    }

    /// Whether its installation is forgotten.
    pub(super) fn has_given_up(&self, cx: &Context<'_>) -> bool {
        let late = cx.now > Instant::ZERO + AN_HOUR && !cx.stack.kept().is_keyed();
        late && self.mutant.is(Mutant::InstallationForgotten)
    }

    /// Another session has ended.
    pub(super) fn note_end_of_session(&mut self) {
        self.memory.sessions = self.memory.sessions.saturating_add(1);
    }

    /// A frame was taken.
    pub(super) fn note_frame(&mut self, protection: Protection) {
        self.memory.last_frame_secured = protection.is_secured();
    }

    /// Whether plain CoAP is listened to because its frame was secured.
    pub(super) fn hears_secured_coap(&self, stack: &Stack) -> bool {
        let mutant = self.mutant.is(Mutant::CoapInSecuredFrames) || self.mutant.is(Mutant::CloseInSecuredFrames);
        mutant && stack.kept().is_keyed() && self.memory.last_frame_secured
    }

    /// A device that cannot do without its tool stops.
    pub(super) fn stop_without_tool(&self, cx: &mut Context<'_>) {
        let alone = cx.stack.kept().is_keyed() && cx.now > self.memory.tool_heard + TEN_MINUTES;
        if alone && self.mutant.is(Mutant::StopsWithoutTool) {
            cx.stack.stop();
        }
    }

    /// What is lost with a second key.
    pub(super) fn lose_with_second_key(&mut self, cx: &mut Context<'_>) {
        if self.mutant.is(Mutant::SecondKeyDropsFirst)
            && let Some(first) = cx.stack.kept().keys().first().map(|key| key.index)
        {
            cx.stack.erase_key(first, || {});
        }
        if let Some(seq) = self.kept.close_seq.filter(|_| self.mutant.is(Mutant::SecondKeyOpens)) {
            self.set_all_secured(cx.stack, false, seq);
        }
        if self.mutant.is(Mutant::SecondKeyDropsMarks) {
            drop_marks(cx);
        }
    }

    /// What is forgotten at boot.
    pub(crate) fn forget(&mut self, stack: &mut Stack) {
        self.memory.booted_keyed = stack.kept().is_keyed();
        let mut keys: Vec<u8> = stack.kept().keys().iter().map(|key| key.index).collect();
        if self.mutant.is(Mutant::FirstKeyLostOnReboot) {
            keys.pop();
            for index in keys {
                stack.erase_key(index, || {});
            }
        } else if self.mutant.is(Mutant::SecondKeyLostOnReboot) {
            for index in keys.into_iter().skip(1) {
                stack.erase_key(index, || {});
            }
        }
        if self.mutant.is(Mutant::KeysLostOnReboot) {
            let indices: Vec<u8> = stack.kept().keys().iter().map(|key| key.index).collect();
            for index in indices {
                stack.erase_key(index, || self.kept = Kept::default());
            }
        }
        if let Some(seq) = self.kept.close_seq.filter(|_| self.mutant.is(Mutant::AllSecuredLostOnReboot)) {
            self.set_all_secured(stack, false, seq);
        }
        if self.mutant.is(Mutant::CloseSeqLostOnReboot) {
            stack.flash.record(|| self.kept.close_seq = None);
        }
    }

    /// A frame that the rules keep out was refused.
    pub(crate) fn answer_refused(&mut self, cx: &mut Context<'_>, from: Eui64) {
        self.memory.neighbour_secured = true;
        if let Some(seq) = self.kept.close_seq.filter(|_| self.mutant.is(Mutant::OpensByHearsay)) {
            self.set_all_secured(cx.stack, false, seq);
        }
        if self.mutant.is(Mutant::SsrUnsecuredAccepts) {
            self.send_secure_request(cx.stack, from);
        }
    }

    /// A message of a code that there is not.
    pub(crate) fn receive_unknown(&mut self, cx: &mut Context<'_>, packet: &Packet, origin: Origin) {
        let Origin::Link { neighbour, protection } = origin else { return };
        if self.mutant.is(Mutant::SelUnknownCodeTaken) {
            let message = sel::Message::set_secure_request(neighbour, self.mutant.free().ssr_lifetime_units());
            self.receive_secure_request(cx, neighbour, protection, &packet.header, &message);
        }
    }

    /// What a device must not do: shows its key to everybody.
    pub(crate) fn show_key(&self, stack: &mut Stack) {
        let Some(key) = stack.kept().transmit_key().filter(|_| self.mutant.is(Mutant::KeyInClear)) else { return };
        let (payload, local) = (key.key.to_hex().into_bytes(), stack.link_local());
        let datagram = Datagram { source_port: 7, destination_port: 7, payload };
        let Ok(payload) = datagram.to_vec(local, ALL_NODES) else { return };
        let header = Header::new(local, ALL_NODES, NextHeader::UDP, 1);
        if let Ok(packet) = (Packet { header, payload }).to_vec() {
            stack.send_frames(&packet, LinkAddress::BROADCAST, Copies::Plain);
        }
    }
}
