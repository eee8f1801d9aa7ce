//! From an IPv6 packet to one or more MAC payloads.

use alloc::vec;
use alloc::vec::Vec;
use core::num::NonZeroUsize;

use wire::ieee802154::{AuxSecurityHeader, FCS_LENGTH, Header, LinkAddress, MAX_PSDU};
use wire::sixlowpan::{Compressor, Contexts, FragmentHeader};
use wire::writer::Writer;

use super::LINK_MTU;
#[cfg(feature = "mutants")]
use super::otherwise;
use crate::liberties::Free;

/// Why a packet could not be turned into frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FragmentError {
    /// The packet exceeds the link MTU: the caller may answer with Packet Too Big.
    #[error("packet of {0} octets exceeds the link MTU of 1280")]
    TooBig(usize),
    /// The frames are too small for a fragment header and eight octets, or for the compressed headers.
    #[error("frame payload of {0} octets is too small")]
    PayloadTooSmall(usize),
    /// The packet is malformed.
    #[error(transparent)]
    Malformed(#[from] wire::Error),
}

/// Octets that a MAC payload may have under `header`, secured or not.
pub fn max_payload(header: &Header, security: Option<&AuxSecurityHeader>) -> usize {
    let security = security.map_or(0, |security| security.buffer_len().saturating_add(security.level.mic_len()));
    MAX_PSDU.saturating_sub(FCS_LENGTH).saturating_sub(header.buffer_len()).saturating_sub(security)
}

/// Hands out datagram tags.
#[derive(Debug, Clone)]
pub struct Fragmenter {
    next_tag: u16,
    free: Free,
}

impl Fragmenter {
    /// Starts with a tag that ought to be random, so that a rebooted device does not repeat recent ones.
    pub fn new(first_tag: u16) -> Self {
        Self { next_tag: first_tag, free: Free::default() }
    }

    /// Takes these liberties.
    #[must_use]
    pub fn taking(self, free: Free) -> Self {
        Self { free, ..self }
    }

    /// The MAC payloads that carry `packet`, each at most `max_payload` octets (see [`max_payload()`]), in order.
    ///
    /// A packet that fits into one frame gets no fragment header and uses up no tag. Headers that do not fit into the
    /// first fragment are not compressed (RFC 6282 section 2).
    pub fn fragment(
        &mut self,
        packet: &[u8],
        source: LinkAddress,
        destination: LinkAddress,
        contexts: &Contexts,
        max_payload: usize,
    ) -> Result<Vec<Vec<u8>>, FragmentError> {
        if packet.len() > LINK_MTU {
            return Err(FragmentError::TooBig(packet.len()));
        }
        let max_payload = self.free.fragment_octets().map_or(max_payload, |octets| octets.min(max_payload));
        #[cfg(feature = "mutants")]
        let kind = self.free.compression();
        let compressed = |room| {
            let compressor = Compressor { source, destination, contexts, room };
            #[cfg(feature = "mutants")]
            let headers = otherwise::headers(kind, compressor, packet);
            #[cfg(not(feature = "mutants"))]
            let headers = compressor.headers(packet);
            headers
        };
        let (mut headers, covered) = compressed(max_payload)?;
        let rest = packet.get(covered..).unwrap_or(&[]);
        if headers.len().saturating_add(rest.len()) <= max_payload {
            headers.extend_from_slice(rest);
            return Ok(vec![headers]);
        }
        let too_small = FragmentError::PayloadTooSmall(max_payload);
        let datagram_size = u16::try_from(packet.len()).map_err(|_| FragmentError::TooBig(packet.len()))?;
        let datagram_tag = self.next_tag;
        let first = FragmentHeader::First { datagram_size, datagram_tag };
        let next = |datagram_offset| FragmentHeader::Next { datagram_size, datagram_tag, datagram_offset };
        let room = max_payload.checked_sub(first.buffer_len()).ok_or(too_small)?;
        let (headers, covered) = compressed(room)?;
        let room = room.checked_sub(headers.len()).ok_or(too_small)?;
        // Offsets count in units of eight octets of the uncompressed datagram, so the first fragment ends at one.
        let first_end = covered.saturating_add(room) / 8 * 8;
        let next_room = NonZeroUsize::new(max_payload.saturating_sub(next(0).buffer_len()) / 8 * 8).ok_or(too_small)?;
        let (front, rest) = packet.split_at_checked(first_end).unwrap_or((packet, &[]));
        let front = front.get(covered..).ok_or(too_small)?;
        self.next_tag = self.next_tag.wrapping_add(1);
        let mut fragments = vec![with_header(first, &headers, front)?];
        for (offset, chunk) in (first_end..).step_by(next_room.get()).zip(rest.chunks(next_room.get())) {
            let offset = u8::try_from(offset / 8).map_err(|_| FragmentError::TooBig(packet.len()))?;
            fragments.push(with_header(next(offset), &[], chunk)?);
        }
        #[cfg(feature = "mutants")]
        if self.free.last_fragment_first() {
            fragments.reverse();
        }
        Ok(fragments)
    }
}

fn with_header(header: FragmentHeader, headers: &[u8], payload: &[u8]) -> Result<Vec<u8>, FragmentError> {
    let mut bytes = vec![0; header.buffer_len()];
    header.emit(&mut Writer::new(&mut bytes))?;
    bytes.extend_from_slice(headers);
    bytes.extend_from_slice(payload);
    Ok(bytes)
}
