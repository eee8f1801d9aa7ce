//! What named mutants do with frames against the rules: nothing of it is in the image of a board.

use alloc::vec::Vec;

use protocols::link_security::{IncomingCounter, Refusal, SecureError};
use wire::Eui64;
use wire::icmpv6::{ErrorKind, Message};
use wire::ieee802154::{AuxSecurityHeader, Content, Frame, SecuredFrame, secure, unsecure};
use wire::ipv6::{self, NextHeader, Packet};

use super::Stack;
use super::addresses::link_local_of;
use super::admission::Class;
use super::forwarding::NextHop;
use super::mutants::Mutant;
use super::profile::HOP_LIMIT;

impl Stack {
    /// What mutants take although it was refused.
    pub(super) fn open_against_the_rules(
        &self,
        frame: &SecuredFrame,
        source: Eui64,
        refusal: Refusal,
    ) -> Option<Frame> {
        let wanted = match refusal {
            Refusal::Integrity => Mutant::RxAcceptBadMic,
            Refusal::Replayed { .. } => Mutant::RxAcceptReplay,
            Refusal::LevelTooLow(_) => Mutant::RxAcceptLowLevel,
            Refusal::CounterExhausted => Mutant::CounterExhaustedTaken,
            Refusal::UnknownKey(_) => Mutant::RxAnyKeyIndex,
            _ => return None,
        };
        let index = frame.security.key_identifier.index()?;
        let any = self.mutant.is(Mutant::RxAnyKeyIndex);
        let key = &self.kept.keys().iter().find(|key| key.index == index || any)?.key.0;
        if matches!(refusal, Refusal::Replayed { .. })
            && let Some(tamper) = &self.tamper
        {
            let opened = unsecure(frame, key, source).ok().filter(|frame| tamper.takes_replayed(frame));
            if opened.is_some() {
                return opened;
            }
        }
        if refusal == Refusal::Integrity
            && let Some(tamper) = &self.tamper
        {
            let opened = decrypted(frame, key, source).filter(|frame| tamper.takes_unverified(frame));
            if opened.is_some() {
                return opened;
            }
        }
        if !self.mutant.is(wanted) {
            return None;
        }
        if wanted != Mutant::RxAcceptBadMic {
            return unsecure(frame, key, source).ok();
        }
        decrypted(frame, key, source)
    }

    /// A secured frame of which nobody verified anything.
    pub(super) fn take_unverified(&self, frame: &SecuredFrame) -> Option<Frame> {
        if !self.mutant.is(Mutant::RxUnsecuredAcceptsSecured) || frame.security.level.encrypts() {
            return None;
        }
        let end = frame.payload.len().saturating_sub(frame.security.level.mic_len());
        let payload = frame.payload.get(..end).unwrap_or(&[]).to_vec();
        Some(Frame::new(frame.header, Content::Data(payload)))
    }

    /// Looks at a frame as before; what is locked out are those that follow.
    pub(super) fn open_and_lock_out(&mut self, frame: &SecuredFrame, source: Eui64, key_index: u8) -> Option<Frame> {
        let expected = frame.security.frame_counter.unwrap_or(0).saturating_add(1);
        let opened = self.security.unsecure_frame(frame);
        self.security.replay().restore(IncomingCounter { source, key_index, expected });
        opened.ok()
    }

    /// A frame under a counter that was used. A mutant that did so with all frames would be refused by its neighbours and never come to
    /// anything: it does so with echo requests and replies.
    pub(super) fn secure_under_a_used_counter(
        &mut self,
        frame: &Frame,
        security: AuxSecurityHeader,
        packet: &[u8],
    ) -> Result<Option<Vec<u8>>, SecureError> {
        if !self.mutant.is(Mutant::TxFrameCounterFixed) || !is_echo(packet) {
            return Ok(None);
        }
        let key = self.kept.transmit_key().ok_or(SecureError::NoKey)?;
        let security = AuxSecurityHeader { frame_counter: self.security.counter().clone().take(), ..security };
        Ok(Some(secure(frame, &security, &key.key.0, self.eui64)?.to_vec()?))
    }

    /// What a device must not do: answers a refused packet.
    pub(super) fn answer_refused(&mut self, to: Eui64) {
        if !self.mutant.is(Mutant::RxRefusalAnswered) {
            return;
        }
        let (source, destination) = (self.link_local(), link_local_of(to));
        let kind = ErrorKind::DestinationUnreachable;
        let error = Message::Error { kind, code: 1, parameter: 0, invoking: Vec::new() };
        let Ok(payload) = error.to_vec(source, destination) else { return };
        let header = ipv6::Header::new(source, destination, NextHeader::ICMPV6, HOP_LIMIT);
        self.send_packet(&Packet { header, payload }, NextHop::Neighbour(to), Class::Other);
    }
}

/// CTR mode: encrypting the ciphertext once more decrypts it; the integrity code of that is not looked at.
fn decrypted(frame: &SecuredFrame, key: &[u8; 16], source: Eui64) -> Option<Frame> {
    let end = frame.payload.len().checked_sub(frame.security.level.mic_len())?;
    let content = Content::Data(frame.payload.get(..end)?.to_vec());
    let again = secure(&Frame::new(frame.header, content), &frame.security, key, source).ok()?;
    let content = Content::Data(again.payload.get(..end)?.to_vec());
    Some(Frame::new(frame.header, content))
}

/// Whether an IPv6 packet is an echo request or reply.
fn is_echo(packet: &[u8]) -> bool {
    packet.get(6) == Some(&NextHeader::ICMPV6.0) && matches!(packet.get(40), Some(128 | 129))
}
