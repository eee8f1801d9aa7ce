//! From a 6LoWPAN payload without fragment header to an IPv6 packet (RFC 4944 section 5.1, RFC 6282).

use alloc::vec;
use alloc::vec::Vec;

use super::{Contexts, Dispatch, Iphc, UdpNhc};
use crate::ieee802154::LinkAddress;
use crate::ipv6::{self, Header, NextHeader, checksum};
use crate::reader::Reader;
use crate::udp;
use crate::writer::Writer;
use crate::{Error, Result};

/// Decompresses `bytes`, an uncompressed or IPHC packet out of a frame between two link-layer addresses.
///
/// `datagram_size` is the size that a first fragment announces; the result then is the front part of the packet, with
/// lengths for the whole. An elided UDP checksum is refused: see [`Decompressor`].
pub fn decompress(
    bytes: &[u8],
    source: LinkAddress,
    destination: LinkAddress,
    contexts: &Contexts,
    datagram_size: Option<usize>,
) -> Result<Vec<u8>> {
    let accept_elided_checksum = false;
    Decompressor { source, destination, contexts, datagram_size, accept_elided_checksum }.decompress(bytes)
}

/// All that decompression depends on besides the bytes.
#[derive(Debug, Clone, Copy)]
pub struct Decompressor<'a> {
    /// Link-layer source of the frame.
    pub source: LinkAddress,
    /// Link-layer destination of the frame.
    pub destination: LinkAddress,
    /// Contexts.
    pub contexts: &'a Contexts,
    /// Size of the whole uncompressed datagram in octets if `bytes` is a first fragment.
    pub datagram_size: Option<usize>,
    /// Whether a UDP checksum may be elided; it is then recomputed, which a first fragment does not allow.
    pub accept_elided_checksum: bool,
}

impl Decompressor<'_> {
    /// See [`decompress`].
    pub fn decompress(&self, bytes: &[u8]) -> Result<Vec<u8>> {
        let (first, rest) = bytes.split_first().ok_or(Error::Truncated("6LoWPAN dispatch"))?;
        match Dispatch::of(*first) {
            Dispatch::Ipv6 => {
                Header::parse(&mut Reader::new(rest))?;
                self.check_size(rest.len())?;
                Ok(rest.to_vec())
            }
            Dispatch::Iphc => self.decompress_iphc(bytes),
            Dispatch::NotLowpan => Err(Error::Malformed("not a 6LoWPAN frame")),
            _ => Err(Error::Unsupported("6LoWPAN dispatch")),
        }
    }

    /// The IPv6 header behind an IPHC header; the next header is UDP if it is compressed.
    pub fn header(&self, iphc: &Iphc) -> Result<Header> {
        let context = |id| self.contexts.get(id);
        Ok(Header {
            traffic_class: iphc.traffic_class,
            flow_label: iphc.flow_label,
            next_header: iphc.next_header.map_or(NextHeader::UDP, NextHeader),
            hop_limit: iphc.hop_limit,
            source: iphc.source_mode.resolve(&iphc.source, self.source, context(iphc.source_context))?,
            destination: iphc.destination_mode.resolve(
                &iphc.destination,
                self.destination,
                context(iphc.destination_context),
            )?,
        })
    }

    fn decompress_iphc(&self, bytes: &[u8]) -> Result<Vec<u8>> {
        let mut reader = Reader::new(bytes);
        let iphc = Iphc::parse(&mut reader)?;
        let header = self.header(&iphc)?;
        let udp = if iphc.next_header.is_none() { Some(UdpNhc::parse(&mut reader)?) } else { None };
        let headers_len = ipv6::HEADER_LENGTH + if udp.is_some() { udp::HEADER_LENGTH } else { 0 };
        let length = headers_len.saturating_add(reader.remaining());
        self.check_size(length)?;
        let whole = self.datagram_size.unwrap_or(length);
        let payload_length = whole
            .checked_sub(ipv6::HEADER_LENGTH)
            .and_then(|length| u16::try_from(length).ok())
            .ok_or(Error::Malformed("datagram size is no size of an IPv6 packet"))?;
        let mut packet = vec![0; length];
        let mut writer = Writer::new(&mut packet);
        header.emit(payload_length, &mut writer)?;
        if let Some(udp) = udp {
            writer.u16_be(udp.source_port, "UDP source port")?;
            writer.u16_be(udp.destination_port, "UDP destination port")?;
            writer.u16_be(payload_length, "UDP length")?;
            writer.u16_be(udp.checksum.unwrap_or_default(), "UDP checksum")?;
        }
        writer.put(reader.rest(), "payload")?;
        if matches!(udp, Some(UdpNhc { checksum: None, .. })) {
            self.restore_checksum(&header, &mut packet)?;
        }
        Ok(packet)
    }

    fn restore_checksum(&self, header: &Header, packet: &mut [u8]) -> Result<()> {
        if !self.accept_elided_checksum || self.datagram_size.is_some_and(|size| size != packet.len()) {
            return Err(Error::Unsupported("elided UDP checksum"));
        }
        let datagram = packet.get_mut(ipv6::HEADER_LENGTH..).unwrap_or(&mut []);
        let sum = match checksum(header.source, header.destination, NextHeader::UDP, datagram) {
            0 => 0xffff,
            sum => sum,
        };
        let field = datagram.get_mut(6..8).ok_or(Error::Truncated("UDP checksum"))?;
        field.copy_from_slice(&sum.to_be_bytes());
        Ok(())
    }

    fn check_size(&self, length: usize) -> Result<()> {
        match self.datagram_size {
            Some(size) if length > size => Err(Error::Malformed("fragment is longer than its datagram")),
            _ => Ok(()),
        }
    }
}
