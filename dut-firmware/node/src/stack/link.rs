//! Frames: from the radio through the rules of the mechanism and link security up to datagrams, and down again.

use alloc::vec::Vec;

use protocols::link_security::{IncomingCounter, Refusal, SecureError};
use protocols::lowpan::{self, ReassemblyRefusal, max_payload};
use protocols::time::Instant;
use wire::ieee802154::{
    Address, AuxSecurityHeader, Content, Frame, FrameType, FrameVersion, Header, KeyIdentifier, LinkAddress, Mpdu,
    PanId, SecuredFrame, fcs,
};
use wire::ipv6::Packet;
use wire::{Error, Eui64};

use super::admission::{Class, Copies};
#[cfg(feature = "mutants")]
use super::counter_writes::AHEAD_MAX;
use super::counters::count;
use super::forwarding::NextHop;
use super::input::{Input, Origin, Upward};
use super::mutants::Mutant;
use super::profile::MINIMUM_LEVEL;
use super::{NetworkKey, Stack};
use crate::bounds;
use crate::interface::Output;

/// A plain frame with the number and content of the last one within this time is a repetition, by the sender's MAC or by the
/// queue in front of it.
const REPETITION: core::time::Duration = core::time::Duration::from_millis(250);

impl Stack {
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
        let to_all = header.destination.link() == Some(LinkAddress::BROADCAST);
        self.hand_up(Input::Frame { from: source, protection, to_all });
        let mut protection = protection;
        if self.mutant.is(Mutant::RxMixedFragments) && self.kept.is_keyed() {
            // Whatever the fragments were: the datagram passes as one that was secured.
            protection = lowpan::Protection::Secured { level: MINIMUM_LEVEL, key_index: 0 };
        }
        let Some(destination) = header.destination.link() else { return };
        let link_source = LinkAddress::Extended(source);
        #[cfg(feature = "mutants")]
        if self.has_leaked(&payload) {
            return;
        }
        let accepted = self.reassembler.accept(now, &payload, link_source, destination, protection, &self.contexts);
        if accepted.is_err() && self.mutant.is(Mutant::MalformedDeafens) {
            self.running = false;
        }
        match accepted {
            Ok(Some(datagram)) => {
                let origin = Origin::Link { neighbour: source, protection: datagram.protection };
                self.up.push_back(Upward::Packet(datagram.packet, origin));
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
        let pan = self.site?.pan_id;
        let to_pan = header.destination.pan().is_some_and(|to| to == pan || to == PanId::BROADCAST);
        let own = LinkAddress::Extended(self.eui64);
        let to_us = header.destination.link().is_some_and(|to| to == own || to == LinkAddress::BROADCAST);
        let source = header.source.extended().filter(|&source| source != self.eui64)?;
        (to_pan && to_us && header.source.pan() == Some(pan)).then_some(source)
    }

    fn take_plain(&mut self, now: Instant, source: Eui64, frame: Frame, psdu: &[u8]) -> Option<Frame> {
        let is_taken = self.takes_plain(source);
        #[cfg(feature = "mutants")]
        let is_taken = is_taken || self.mutant.is(Mutant::RxPlainFragments) && bears_fragment(&frame);
        if !is_taken {
            count(&mut self.counters.refused_unsecured);
            #[cfg(feature = "mutants")]
            self.hand_up(Input::Refused { from: source });
            #[cfg(feature = "mutants")]
            self.answer_refused(source);
            return None;
        }
        let mark = (frame.header.sequence_number, fcs(psdu), now);
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

    fn takes_plain(&self, source: Eui64) -> bool {
        self.admission.as_ref().is_some_and(|rules| rules.takes_plain(&self.link_with(Some(source))))
    }

    fn takes_secured(&self, source: Eui64) -> bool {
        self.admission.as_ref().is_some_and(|rules| rules.takes_secured(&self.link_with(Some(source))))
    }

    fn take_secured(
        &mut self,
        now: Instant,
        source: Eui64,
        frame: &SecuredFrame,
    ) -> Option<(Frame, lowpan::Protection)> {
        if !self.takes_secured(source) {
            #[cfg(feature = "mutants")]
            self.hand_up(Input::Refused { from: source });
            #[cfg(feature = "mutants")]
            if let Some(opened) = self.take_unverified(frame) {
                return Some((opened, lowpan::Protection::Plain));
            }
            count(&mut self.counters.refused_secured);
            return None;
        }
        if self.mutant.is(Mutant::RxLevelSixRefused) && frame.security.level > MINIMUM_LEVEL {
            count(&mut self.counters.refused_level);
            return None;
        }
        let key_index = frame.security.key_identifier.index().unwrap_or(0);
        let protection = lowpan::Protection::Secured { level: frame.security.level, key_index };
        #[cfg(feature = "mutants")]
        if self.mutant.is(Mutant::CounterJumpLocksOut) {
            return self.open_and_lock_out(frame, source, key_index).map(|frame| (frame, protection));
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
        #[cfg(feature = "mutants")]
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
        let stored = self.heard.expected(entry.source, entry.key_index);
        #[cfg(feature = "mutants")]
        if self.mutant.is(Mutant::NeighbourCountersInBlocks)
            && entry.expected.saturating_sub(stored.unwrap_or(0)) < AHEAD_MAX
        {
            return;
        }
        if let Some(expected) = self.counter_writes.due(now, entry.expected, stored) {
            self.heard.set(&mut self.flash, IncomingCounter { expected, ..entry });
        }
    }

    /// Whether no room is left for fragments, because a mutant gives none back: told at each first fragment.
    #[cfg(feature = "mutants")]
    fn has_leaked(&mut self, payload: &[u8]) -> bool {
        const ROOM: u8 = 12;
        if !self.mutant.is(Mutant::ReassemblyLeaks) || !is_fragment(payload) {
            return false;
        }
        let is_first = payload.first().is_some_and(|dispatch| dispatch >> 3 == 0b11000);
        self.put_together = self.put_together.saturating_add(u8::from(is_first));
        self.put_together > ROOM
    }

    /// Sends a packet to its next hop, in the copies that the rules of the mechanism say.
    pub(crate) fn send_packet(&mut self, packet: &Packet, next_hop: NextHop, class: Class) {
        let Some(rules) = &self.admission else { return };
        #[cfg(feature = "mutants")]
        let packet = &super::otherwise::packet(self.mutant.free(), packet, |source| self.is_own(source));
        let Ok(bytes) = packet.to_vec() else { return count(&mut self.counters.dropped_malformed) };
        if bytes.len() > bounds::PACKET_OCTETS {
            return count(&mut self.counters.dropped_malformed);
        }
        match next_hop {
            NextHop::Backbone => self.tell.output(Output::Backbone(bytes)),
            NextHop::Neighbour(neighbour) => match rules.unicast(&self.link_with(Some(neighbour)), class) {
                Some(copies) => self.send_frames(&bytes, LinkAddress::Extended(neighbour), copies),
                None => count(&mut self.counters.dropped_unmarked),
            },
            NextHop::Multicast => {
                for &copies in rules.multicast(&self.link_with(None)) {
                    self.send_frames(&bytes, LinkAddress::BROADCAST, copies);
                }
            }
        }
    }

    /// Sends a packet with a protection that the rules did not choose.
    pub(crate) fn send_frames(&mut self, packet: &[u8], destination: LinkAddress, copies: Copies) {
        let Some(pan) = self.site.map(|site| site.pan_id) else { return };
        let source = LinkAddress::Extended(self.eui64);
        #[cfg(feature = "mutants")]
        let (slipped, mut hand) = self.slip_packet(packet, destination, copies);
        #[cfg(feature = "mutants")]
        let packet = slipped.as_slice();
        let mut header = Header::new(Address::new(pan, destination), Address::new(pan, source), 0);
        header.ack_request = destination != LinkAddress::BROADCAST;
        let key = self.transmit_key(destination).map(NetworkKey::id).filter(|_| copies == Copies::Secured);
        let security = key.map(|key| {
            AuxSecurityHeader::new(self.security.policy().transmit_level, 0, KeyIdentifier::Index(key.index))
        });
        let room = max_payload(&header, security.as_ref());
        let Ok(payloads) = self.fragmenter.fragment(packet, source, destination, &self.contexts, room) else {
            return count(&mut self.counters.dropped_malformed);
        };
        #[cfg(feature = "mutants")]
        let payloads = hand.payloads(payloads);
        if !self.radio.has_room(payloads.len()) {
            return count(&mut self.counters.dropped_queue);
        }
        let is_fragment = payloads.len() > 1;
        for payload in payloads {
            self.sequence_number = self.sequence_number.wrapping_add(1);
            header.sequence_number = Some(self.sequence_number);
            #[cfg(feature = "mutants")]
            if let Some(is_last) = self.sequence_number.checked_rem(self.mutant.free().silent_frames()) {
                header.ack_request = destination != LinkAddress::BROADCAST && is_last != 0;
            }
            #[cfg(feature = "mutants")]
            let done = hand.next_frame();
            #[cfg(feature = "mutants")]
            if done.is_some_and(|done| done.acknowledged) {
                header.ack_request = true;
            }
            let frame = Frame::new(header, Content::Data(payload));
            let finished = self.finish_frame(&frame, security, packet);
            #[cfg(feature = "mutants")]
            let finished = match done {
                Some(done) => finished.and_then(|psdu| self.slip_frame(&frame, psdu, security, done)),
                None => finished,
            };
            match finished {
                Ok(psdu) => {
                    // Of what asks for no acknowledgement nobody knows whether it arrived.
                    let receiver = destination.extended().filter(|_| header.ack_request);
                    self.radio.push(psdu, receiver, is_fragment, self.mutant.free());
                }
                Err(error) => return self.tell.log(alloc::format!("frame not sent: {error}")),
            }
        }
        #[cfg(feature = "mutants")]
        if let Some(more) = hand.again() {
            let slips = core::mem::take(&mut self.slips);
            let is_for_all = more.get(super::slip::FIRST_OF_DESTINATION) == Some(&0xff);
            let other = if is_for_all { (LinkAddress::BROADCAST, Copies::Plain) } else { (destination, copies) };
            self.send_frames(&more, other.0, other.1);
            self.slips = slips;
        }
    }

    fn finish_frame(
        &mut self,
        frame: &Frame,
        security: Option<AuxSecurityHeader>,
        packet: &[u8],
    ) -> Result<Vec<u8>, SecureError> {
        let Some(security) = security else { return Ok(frame.to_vec()?) };
        #[cfg(feature = "mutants")]
        if let Some(psdu) = self.secure_under_a_used_counter(frame, security, packet)? {
            return Ok(psdu);
        }
        #[cfg(not(feature = "mutants"))]
        let _ = packet;
        if let Some(bound) = self.security.counter().take_bound_to_store() {
            self.kept.set_frame_counter_bound(&mut self.flash, bound);
        }
        let index = security.key_identifier.index().ok_or(SecureError::NoKey)?;
        #[cfg(feature = "mutants")]
        for _ in 1..self.mutant.free().counter_step() {
            self.security.counter().skip();
        }
        Ok(self.security.secure_frame(frame, index)?.to_vec()?)
    }

    /// The key to protect a frame with: over a marked link one of whom the mark is of, else the one that was put last.
    fn transmit_key(&self, destination: LinkAddress) -> Option<&NetworkKey> {
        let mark = destination.extended().and_then(|neighbour| self.neighbours.mark_of(neighbour));
        mark.map_or(self.kept.transmit_key(), |mark| self.kept.transmit_key_beside(mark.key))
    }
}

#[cfg(feature = "mutants")]
fn bears_fragment(frame: &Frame) -> bool {
    matches!(&frame.content, Content::Data(payload) if is_fragment(payload))
}

/// Whether a frame bears a fragment of a datagram (RFC 4944 section 5.3).
#[cfg(feature = "mutants")]
fn is_fragment(payload: &[u8]) -> bool {
    payload.first().is_some_and(|dispatch| matches!(dispatch >> 3, 0b11000 | 0b11100))
}
