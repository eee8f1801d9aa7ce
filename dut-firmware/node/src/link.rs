//! Frames: from the radio through link security and the bootstrap layer up to datagrams, and down again.

use alloc::vec::Vec;

use protocols::link_security::{IncomingCounter, Refusal, SecureError};
use protocols::lowpan::{self, ReassemblyRefusal, max_payload};
use protocols::time::Instant;
use wire::ieee802154::{
    Address, AuxSecurityHeader, Content, Frame, FrameType, FrameVersion, Header, KeyIdentifier, LinkAddress, Mpdu,
    PanId, SecuredFrame, secure, unsecure,
};
use wire::ipv6::{NextHeader, Packet};
use wire::upper_tester::Role;
use wire::{Error, Eui64};

use crate::bootstrap_layer::{self, Class, LinkState, Protection};
use crate::counter_writes::AHEAD_MAX;
use crate::counters::count;
use crate::device::Device;
use crate::forwarding::NextHop;
use crate::mutants::Mutant;
use crate::neighbours::Noted;
use crate::network::Origin;
use crate::profile::{MINIMUM_LEVEL, SSR_LIFETIME_UNITS};
use crate::{Output, bounds};

/// A plain frame with the number and content of the last one within this time is a repetition, by the sender's MAC or by the
/// queue in front of it.
const REPETITION: core::time::Duration = core::time::Duration::from_millis(250);

impl Device {
    /// Takes a frame off the radio.
    pub(crate) fn receive_frame(&mut self, now: Instant, psdu: &[u8]) {
        count(&mut self.counters.received);
        let Ok(mpdu) = Mpdu::parse(psdu) else { return count(&mut self.counters.dropped_malformed) };
        let header = *mpdu.header();
        // A device of the 2006 edition knows no later one (IEEE 802.15.4-2006 section 7.5.6.2).
        if header.version == FrameVersion::V2015 {
            return count(&mut self.counters.dropped_malformed);
        }
        let frame_type = match &mpdu {
            Mpdu::Plain(frame) => frame.content.frame_type(),
            Mpdu::Secured(frame) => frame.frame_type,
        };
        // Beacons, acknowledgments and MAC commands are no packets (`PROFILE-SEL` 11).
        if frame_type != FrameType::Data {
            return;
        }
        let Some(source) = self.sender_for_us(&header) else { return count(&mut self.counters.dropped_foreign) };
        let taken = match mpdu {
            Mpdu::Plain(frame) => {
                self.take_plain(now, source, frame, psdu).map(|frame| (frame, lowpan::Protection::Plain))
            }
            Mpdu::Secured(frame) => self.take_secured(now, source, &frame),
        };
        let Some((Frame { content: Content::Data(payload), .. }, protection)) = taken else { return };
        self.note_neighbour(now, source);
        if protection.is_secured() && header.destination.link() != Some(LinkAddress::BROADCAST) {
            self.nudge_secure_request(now, source);
        }
        self.mark_too_early(now, source, protection);
        let mut protection = protection;
        if self.mutant.is(Mutant::RxMixedFragments) && self.store.is_secured() {
            // Whatever the fragments were: the datagram passes as one that was secured.
            protection = lowpan::Protection::Secured { level: MINIMUM_LEVEL, key_index: 0 };
        }
        let Some(destination) = header.destination.link() else { return };
        let link_source = LinkAddress::Extended(source);
        let accepted = self.reassembler.accept(now, &payload, link_source, destination, protection, &self.contexts);
        if accepted.is_err() && self.mutant.is(Mutant::MalformedDeafens) {
            self.running = false;
        }
        match accepted {
            Ok(Some(datagram)) => {
                let secured = datagram.protection.is_secured();
                self.receive_packet(now, &datagram.packet, Origin::Link { neighbour: source, secured });
            }
            Ok(None) => {}
            Err(ReassemblyRefusal::MixedProtection) => count(&mut self.counters.refused_mixed),
            Err(ReassemblyRefusal::Malformed(Error::Unsupported(_))) => count(&mut self.counters.dropped_unknown),
            Err(ReassemblyRefusal::Malformed(_)) => count(&mut self.counters.dropped_malformed),
            Err(_) => count(&mut self.counters.dropped_reassembly),
        }
        for _ in 0..self.reassembler.take_displaced() {
            count(&mut self.counters.dropped_reassembly);
        }
    }

    /// The extended source address of a data frame to this device or to everybody on its PAN.
    fn sender_for_us(&self, header: &Header) -> Option<Eui64> {
        let pan = self.store.installation().map(|site| PanId(site.pan_id))?;
        let to_pan = header.destination.pan().is_some_and(|to| to == pan || to == PanId::BROADCAST);
        let own = LinkAddress::Extended(self.eui64());
        let to_us = header.destination.link().is_some_and(|to| to == own || to == LinkAddress::BROADCAST);
        let source = header.source.extended().filter(|&source| source != self.eui64())?;
        (to_pan && to_us && header.source.pan() == Some(pan)).then_some(source)
    }

    fn take_plain(&mut self, now: Instant, source: Eui64, frame: Frame, psdu: &[u8]) -> Option<Frame> {
        let lax = self.mutant.is(Mutant::LbrRelaysPlainWhenClosed) && self.role() == Role::SixLbr;
        let lax = lax && self.store.all_secured() && !self.neighbours.is_secured(source);
        let grudge = self.mutant.is(Mutant::PlainRefusedForEver)
            && self.neighbours.get(source).is_some_and(|entry| entry.was_secured);
        if (!bootstrap_layer::takes_plain(self.link_state(source), self.mutant) || grudge) && !lax {
            count(&mut self.counters.refused_unsecured);
            if self.mutant.is(Mutant::RxRefusalAnswered) {
                self.send_refusal(source);
            }
            return None;
        }
        let mark = (frame.header.sequence_number, hash(psdu), now);
        let known = self.neighbours.get(source).and_then(|neighbour| neighbour.last_plain);
        if known.is_some_and(|(number, sum, at)| (number, sum) == (mark.0, mark.1) && now < at + REPETITION) {
            count(&mut self.counters.dropped_duplicate);
            return None;
        }
        self.note_neighbour(now, source);
        if let Some(neighbour) = self.neighbours.get_mut(source) {
            neighbour.last_plain = Some(mark);
        }
        Some(frame)
    }

    fn take_secured(
        &mut self,
        now: Instant,
        source: Eui64,
        frame: &SecuredFrame,
    ) -> Option<(Frame, lowpan::Protection)> {
        if !bootstrap_layer::takes_secured(self.link_state(source)) {
            if self.mutant.is(Mutant::SsrUnsecuredAccepts) {
                self.send_secure_request(source);
            }
            if self.mutant.is(Mutant::RxUnsecuredAcceptsSecured) && !frame.security.level.encrypts() {
                let end = frame.payload.len().saturating_sub(frame.security.level.mic_len());
                let payload = frame.payload.get(..end).unwrap_or(&[]).to_vec();
                let opened = Frame::new(frame.header, Content::Data(payload));
                return Some((opened, lowpan::Protection::Plain));
            }
            count(&mut self.counters.refused_secured);
            return None;
        }
        let key_index = frame.security.key_identifier.index().unwrap_or(0);
        let protection = lowpan::Protection::Secured { level: frame.security.level, key_index };
        if self.mutant.is(Mutant::CounterJumpLocksOut) {
            let expected = frame.security.frame_counter.unwrap_or(0).saturating_add(1);
            // The frame itself is looked at as before: what is locked out are those that follow.
            let opened = self.security.unsecure_frame(frame);
            self.security.replay().restore(IncomingCounter { source, key_index, expected });
            return opened.ok().map(|frame| (frame, protection));
        }
        let refusal = match self.security.unsecure_frame(frame) {
            Ok(opened) => {
                if let Some(frame_counter) = frame.security.frame_counter {
                    let expected = frame_counter.saturating_add(1);
                    self.keep_incoming(now, IncomingCounter { source, key_index, expected });
                }
                return Some((opened, protection));
            }
            Err(refusal) => refusal,
        };
        if let Some(frame) = self.open_against_the_rules(frame, source, refusal) {
            return Some((frame, protection));
        }
        count(match refusal {
            Refusal::LevelTooLow(_) | Refusal::KeyMode(_) => &mut self.counters.refused_level,
            Refusal::UnknownKey(_) => &mut self.counters.refused_no_key,
            Refusal::Replayed { .. } | Refusal::CounterExhausted | Refusal::NeighbourTableFull => {
                &mut self.counters.refused_replay
            }
            Refusal::Integrity => &mut self.counters.refused_mic,
            Refusal::NoExtendedSource | Refusal::NoFrameCounter => &mut self.counters.dropped_foreign,
            Refusal::Malformed(_) => &mut self.counters.dropped_malformed,
        });
        None
    }

    /// Writes a frame counter down as soon as its frame is taken, as far as the wear of the flash allows.
    fn keep_incoming(&mut self, now: Instant, entry: IncomingCounter) {
        let stored = self.store.incoming_of(entry.source, entry.key_index);
        let grown = entry.expected.saturating_sub(stored.unwrap_or(0));
        if self.mutant.is(Mutant::NeighbourCountersInBlocks) && grown < AHEAD_MAX {
            return;
        }
        if let Some(expected) = self.counter_writes.due(now, entry.expected, stored) {
            self.store.set_incoming(IncomingCounter { expected, ..entry });
        }
    }

    /// What mutants take although it was refused.
    fn open_against_the_rules(&self, frame: &SecuredFrame, source: Eui64, refusal: Refusal) -> Option<Frame> {
        let wanted = match refusal {
            Refusal::Integrity => Mutant::RxAcceptBadMic,
            Refusal::Replayed { .. } => Mutant::RxAcceptReplay,
            Refusal::LevelTooLow(_) => Mutant::RxAcceptLowLevel,
            Refusal::CounterExhausted => Mutant::CounterExhaustedTaken,
            Refusal::UnknownKey(_) => Mutant::RxAnyKeyIndex,
            _ => return None,
        };
        let replayed = matches!(refusal, Refusal::Replayed { .. }) && self.mutant.is(Mutant::SsrReplayTaken);
        if !self.mutant.is(wanted) && !replayed {
            return None;
        }
        let index = frame.security.key_identifier.index()?;
        let any = self.mutant.is(Mutant::RxAnyKeyIndex);
        let key = &self.store.keys().iter().find(|key| key.index == index || any)?.key.0;
        if wanted != Mutant::RxAcceptBadMic {
            return unsecure(frame, key, source).ok().filter(|frame| !replayed || ends_in_secure_request(frame));
        }
        // CTR mode: encrypting the ciphertext once more decrypts it; the integrity code of that is not looked at.
        let end = frame.payload.len().checked_sub(frame.security.level.mic_len())?;
        let content = Content::Data(frame.payload.get(..end)?.to_vec());
        let again = secure(&Frame::new(frame.header, content), &frame.security, key, source).ok()?;
        let content = Content::Data(again.payload.get(..end)?.to_vec());
        Some(Frame::new(frame.header, content))
    }

    /// Mutants that take anything for an SSR.
    fn mark_too_early(&mut self, now: Instant, neighbour: Eui64, protection: lowpan::Protection) {
        let mutant = if protection.is_secured() { Mutant::SsrMarksOnSecured } else { Mutant::SsrMarksOnPlain };
        let early = self.mutant.is(mutant);
        if early && self.store.is_secured() && !self.neighbours.is_secured(neighbour) {
            self.mark(now, neighbour, SSR_LIFETIME_UNITS);
        }
    }

    /// Puts a neighbour into the list; one that is new to a 6SR gets SSRs (`PROFILE-SEL` 5).
    pub(crate) fn note_neighbour(&mut self, now: Instant, eui64: Eui64) {
        let noted = self.neighbours.note(eui64, now, self.discovery.parent(), self.mutant);
        let greets = noted == Noted::Added && self.store.is_secured();
        if let Some(neighbour) = self.neighbours.get_mut(eui64).filter(|_| greets) {
            neighbour.series.start(now + self.mutant.ssr_delay());
        }
    }

    /// A neighbour that secures what it sends to this device has marked the link: so should this one.
    fn nudge_secure_request(&mut self, now: Instant, from: Eui64) {
        let unmarked = self.store.is_secured() && !self.neighbours.is_secured(from);
        if let Some(neighbour) = self.neighbours.get_mut(from).filter(|_| unmarked) {
            neighbour.series.nudge(now);
        }
    }

    /// The bootstrap state towards a neighbour.
    pub(crate) fn link_state(&self, neighbour: Eui64) -> LinkState {
        LinkState {
            keyed: self.store.is_secured(),
            all_secured: self.store.all_secured(),
            marked: self.neighbours.is_secured(neighbour),
        }
    }

    /// Sends a packet to its next hop as the transmit rules of `SEL` 5.3.3 say.
    pub(crate) fn send_packet(&mut self, packet: &Packet, next_hop: NextHop, class: Class) {
        let Ok(bytes) = packet.to_vec() else { return count(&mut self.counters.dropped_malformed) };
        if bytes.len() > bounds::PACKET_OCTETS {
            return count(&mut self.counters.dropped_malformed);
        }
        match next_hop {
            NextHop::Backbone => self.output(Output::Backbone(bytes)),
            NextHop::Neighbour(neighbour) => {
                match bootstrap_layer::unicast(self.link_state(neighbour), class, self.mutant) {
                    Some(protection) => self.send_frames(&bytes, LinkAddress::Extended(neighbour), protection),
                    None => count(&mut self.counters.dropped_unmarked),
                }
            }
            NextHop::Multicast => {
                let keyed = self.store.is_secured();
                let state = LinkState { keyed, all_secured: self.store.all_secured(), marked: false };
                for &protection in bootstrap_layer::multicast(state, self.mutant) {
                    self.send_frames(&bytes, LinkAddress::BROADCAST, protection);
                }
            }
        }
    }

    /// Sends a packet with a protection that the rules did not choose.
    pub(crate) fn send_frames(&mut self, packet: &[u8], destination: LinkAddress, protection: Protection) {
        let Some(pan) = self.store.installation().map(|site| PanId(site.pan_id)) else { return };
        let source = LinkAddress::Extended(self.eui64());
        let mut header = Header::new(Address::new(pan, destination), Address::new(pan, source), 0);
        header.ack_request = destination != LinkAddress::BROADCAST;
        let security = match (protection, self.store.transmit_key()) {
            (Protection::Secured, Some(key)) => {
                let level = self.security.policy().transmit_level;
                Some(AuxSecurityHeader::new(level, 0, KeyIdentifier::Index(key.index)))
            }
            _ => None,
        };
        let room = max_payload(&header, security.as_ref());
        let Ok(payloads) = self.fragmenter.fragment(packet, source, destination, &self.contexts, room) else {
            return count(&mut self.counters.dropped_malformed);
        };
        if !self.radio.has_room(payloads.len()) {
            return count(&mut self.counters.dropped_queue);
        }
        // A mutant that did so with all frames would be refused by its neighbours and never come to anything.
        let fixed = self.mutant.is(Mutant::TxFrameCounterFixed) && is_echo(packet);
        let is_fragment = payloads.len() > 1;
        for payload in payloads {
            self.sequence_number = self.sequence_number.wrapping_add(1);
            header.sequence_number = Some(self.sequence_number);
            let frame = Frame::new(header, Content::Data(payload));
            match self.finish_frame(&frame, security, fixed) {
                Ok(psdu) => self.radio.push(psdu, destination.extended(), is_fragment),
                Err(error) => return self.log(alloc::format!("frame not sent: {error}")),
            }
        }
    }

    fn finish_frame(
        &mut self,
        frame: &Frame,
        security: Option<AuxSecurityHeader>,
        fixed: bool,
    ) -> Result<Vec<u8>, SecureError> {
        let Some(security) = security else { return Ok(frame.to_vec()?) };
        if fixed {
            let key = self.store.transmit_key().ok_or(SecureError::NoKey)?;
            let security = AuxSecurityHeader { frame_counter: Some(self.security.counter().next()), ..security };
            return Ok(secure(frame, &security, &key.key.0, self.eui64())?.to_vec()?);
        }
        if let Some(bound) = self.security.counter().take_bound_to_store() {
            self.store.set_frame_counter_bound(bound);
        }
        Ok(self.security.secure_frame(frame)?.to_vec()?)
    }
}

/// Whether an IPv6 packet is an echo request or reply.
fn is_echo(packet: &[u8]) -> bool {
    packet.get(6) == Some(&NextHeader::ICMPV6.0) && matches!(packet.get(40), Some(128 | 129))
}

/// Whether an unfragmented frame carries an SSR: its last 16 octets are the ICMPv6 message.
fn ends_in_secure_request(frame: &Frame) -> bool {
    let Content::Data(payload) = &frame.content else { return false };
    let at = payload.len().saturating_sub(16);
    matches!(payload.get(at..), Some([wire::sel::ICMPV6_TYPE, 2, ..]))
}

/// FNV-1a: enough to tell a repeated frame from another one with the same number.
pub(crate) fn hash(octets: &[u8]) -> u32 {
    octets.iter().fold(0x811c_9dc5, |hash, octet| (hash ^ u32::from(*octet)).wrapping_mul(0x0100_0193))
}
