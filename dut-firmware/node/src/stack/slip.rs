//! How the slips of a mutant get into what the stack sends.

use alloc::vec::Vec;

use protocols::link_security::SecureError;
use wire::ccm;
use wire::ieee802154::{
    AuxSecurityHeader, Content, Frame, KeyIdentifier, LinkAddress, Mpdu, SecuredFrame, nonce, secure,
};

use super::Stack;
use super::admission::Copies;
use crate::slips::{Done, Hand, Sight};

/// Where the destination begins in the header of a packet.
pub(super) const FIRST_OF_DESTINATION: usize = 24;
/// Where the frame control field of a frame has its reserved bit 7.
const FRAME_CONTROL: usize = 0;
/// Where a frame has its sequence number.
const SEQUENCE_NUMBER: usize = 2;

impl Stack {
    /// A packet as it leaves, and what is still to be done to its frames.
    pub(super) fn slip_packet(&mut self, packet: &[u8], to: LinkAddress, copies: Copies) -> (Vec<u8>, Hand) {
        let held = self.kept.transmit_key().map(|key| (key.index, key.key.0));
        let erased = self.slips.stale_key(held).is_some() && held.is_none();
        let marked = to.extended().is_some_and(|neighbour| self.is_marked(neighbour));
        let secured = copies == Copies::Secured && self.kept.is_keyed();
        self.slips.packet(&Sight {
            packet,
            own: self.eui64,
            secured,
            to_all: to == LinkAddress::BROADCAST,
            marked,
            keyed: held.is_some(),
            erased,
        })
    }

    /// A frame as it leaves; `psdu` is what it would have been.
    pub(super) fn slip_frame(
        &mut self,
        frame: &Frame,
        psdu: Vec<u8>,
        security: Option<AuxSecurityHeader>,
        done: Done,
    ) -> Result<Vec<u8>, SecureError> {
        let held = self.kept.transmit_key().map(|key| (key.index, key.key.0));
        let stale = self.slips.stale_key(held);
        if done.plain {
            return Ok(frame.to_vec()?);
        }
        let Some((index, key)) = stale else { return Ok(with_bits(psdu, done)) };
        let security = match security {
            Some(security) => security,
            None if done.stale_key => {
                let level = self.security.policy().transmit_level;
                AuxSecurityHeader::new(level, 0, KeyIdentifier::Index(index))
            }
            None => return Ok(with_bits(psdu, done)),
        };
        if (done.level, done.security_control, done.stale_key) == (None, 0, false) {
            return Ok(psdu);
        }
        let counter = match Mpdu::parse(&psdu)? {
            Mpdu::Secured(SecuredFrame { security, .. }) => security.frame_counter.unwrap_or(0),
            Mpdu::Plain(_) => self.security.counter().take().ok_or(SecureError::CounterExhausted)?,
        };
        let security =
            AuxSecurityHeader { frame_counter: Some(counter), level: done.level.unwrap_or(security.level), ..security };
        let sealed = secure(frame, &security, &key, self.eui64)?;
        Ok(self.seal_again(frame, &sealed, &key, done.security_control)?)
    }

    /// The frame with reserved bits, which are authenticated as everything in its header.
    fn seal_again(
        &self,
        frame: &Frame,
        sealed: &SecuredFrame,
        key: &[u8; 16],
        control: u8,
    ) -> Result<Vec<u8>, wire::Error> {
        let mut octets = sealed.to_vec()?;
        let Content::Data(payload) = &frame.content else { return Ok(octets) };
        if control == 0 {
            return Ok(octets);
        }
        let security = sealed.security;
        octets.truncate(octets.len().saturating_sub(sealed.payload.len()));
        let place = octets.len().saturating_sub(security.buffer_len());
        if let Some(octet) = octets.get_mut(place) {
            *octet |= control;
        }
        let nonce = nonce(self.eui64, security.frame_counter.unwrap_or(0), security.level);
        octets.extend(ccm::seal(key, &nonce, &octets, payload, security.level.mic_len())?);
        Ok(octets)
    }
}

/// A plain frame with reserved bits.
fn with_bits(mut psdu: Vec<u8>, done: Done) -> Vec<u8> {
    let [low, _] = done.frame_control.to_le_bytes();
    if let Some(octet) = psdu.get_mut(FRAME_CONTROL) {
        *octet |= low;
    }
    if let Some(octet) = psdu.get_mut(SEQUENCE_NUMBER) {
        *octet ^= done.sequence_number;
    }
    psdu
}
