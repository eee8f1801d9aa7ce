//! From a 6LoWPAN payload without mesh, broadcast and fragment headers to an IPv6 packet (RFC 4944 section 5.1, RFC 6282).

use alloc::vec::Vec;

use super::nhc::NhcKind;
use super::{Contexts, Dispatch, ExtensionId, ExtensionNhc, Hc1, Iphc, UdpNhc, ghc_decompress};
use crate::ieee802154::LinkAddress;
use crate::ipv6::{self, Header, Ipv6Addr, NextHeader, checksum, extensions, padding};
use crate::reader::Reader;
use crate::writer::Writer;
use crate::{Error, Result};

/// IPv6 headers in IPv6 headers that are followed.
pub(super) const MAX_NESTING: usize = 4;

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
    /// Link-layer source of the frame, or the originator of its mesh header.
    pub source: LinkAddress,
    /// Link-layer destination of the frame, or the final destination of its mesh header.
    pub destination: LinkAddress,
    /// Contexts.
    pub contexts: &'a Contexts,
    /// Size of the whole uncompressed datagram in octets if `bytes` is a first fragment.
    pub datagram_size: Option<usize>,
    /// Whether a UDP checksum may be elided; it is then recomputed, which a first fragment does not allow.
    pub accept_elided_checksum: bool,
}

/// What IPHC derives elided interface identifiers from: the encapsulating header, be it that of the link or an IPv6
/// header around this one (RFC 6282 section 3.1.1).
#[derive(Debug, Clone, Copy)]
pub struct Encapsulation {
    /// Interface identifier of the source.
    pub source: [u8; 8],
    /// Interface identifier of the destination.
    pub destination: [u8; 8],
}

impl Encapsulation {
    /// The interface identifiers of two link-layer addresses.
    pub fn of_link(source: LinkAddress, destination: LinkAddress) -> Self {
        Self { source: source.interface_identifier(), destination: destination.interface_identifier() }
    }

    /// Those of an IPv6 header.
    pub fn of_header(header: &Header) -> Self {
        Self::of_addresses(header.source, header.destination)
    }

    /// Those of an IPv6 header with these addresses.
    pub fn of_addresses(source: Ipv6Addr, destination: Ipv6Addr) -> Self {
        let low = |address: Ipv6Addr| ((address.to_bits() & u128::from(u64::MAX)) as u64).to_be_bytes();
        Self { source: low(source), destination: low(destination) }
    }
}

/// The packet so far, and what can be put in only when its length is known.
#[derive(Default)]
struct Draft {
    packet: Vec<u8>,
    /// Where IPv6 headers begin.
    headers_at: Vec<usize>,
    /// Where the UDP header begins, if it was compressed, and whether its checksum was elided.
    udp: Option<(usize, bool)>,
}

impl Draft {
    /// Appends what `emit` writes, `length` octets.
    fn put(&mut self, length: usize, emit: impl FnOnce(&mut Writer<'_>) -> Result<()>) -> Result<()> {
        let start = self.packet.len();
        self.packet.resize(start.saturating_add(length), 0);
        emit(&mut Writer::new(self.packet.get_mut(start..).unwrap_or(&mut [])))
    }

    /// Source and destination of the innermost IPv6 header, which generic header compression refers to.
    fn addresses(&self) -> Result<(Ipv6Addr, Ipv6Addr)> {
        let at = self.headers_at.last().copied().unwrap_or_default();
        let (header, _) = Header::parse(&mut Reader::new(self.packet.get(at..).unwrap_or(&[])))?;
        Ok((header.source, header.destination))
    }

    /// Appends what all that is left expands to (RFC 7400 section 3.1).
    fn expand(&mut self, reader: &mut Reader<'_>) -> Result<()> {
        let (source, destination) = self.addresses()?;
        self.packet.extend(ghc_decompress(reader, source, destination, false)?);
        Ok(())
    }

    /// Writes a 16-bit field.
    fn patch(&mut self, at: usize, value: u16) -> Result<()> {
        let field = self.packet.get_mut(at..at.saturating_add(2)).ok_or(Error::Truncated("packet"))?;
        field.copy_from_slice(&value.to_be_bytes());
        Ok(())
    }
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
            Dispatch::Iphc => {
                let mut draft = Draft::default();
                let encapsulation = Encapsulation::of_link(self.source, self.destination);
                self.iphc(&mut Reader::new(bytes), encapsulation, &mut draft)?;
                self.finish(draft)
            }
            Dispatch::Hc1 => {
                let mut draft = Draft::default();
                self.hc1(&mut Reader::new(bytes), &mut draft)?;
                self.finish(draft)
            }
            Dispatch::NotLowpan => Err(Error::Malformed("not a 6LoWPAN frame")),
            Dispatch::Mesh | Dispatch::Broadcast | Dispatch::FirstFragment | Dispatch::NextFragment => {
                Err(Error::Malformed("6LoWPAN headers out of order"))
            }
            _ => Err(Error::Unsupported("6LoWPAN dispatch")),
        }
    }

    /// The IPv6 header behind the IPHC header of the frame; the next header is 0 if it is compressed.
    pub fn header(&self, iphc: &Iphc) -> Result<Header> {
        self.header_within(iphc, Encapsulation::of_link(self.source, self.destination))
    }

    /// The same for an IPHC header within another header.
    pub fn header_within(&self, iphc: &Iphc, encapsulation: Encapsulation) -> Result<Header> {
        let context = |id| self.contexts.get(id);
        Ok(Header {
            traffic_class: iphc.traffic_class,
            flow_label: iphc.flow_label,
            next_header: iphc.next_header.map_or(NextHeader(0), NextHeader),
            hop_limit: iphc.hop_limit,
            source: iphc.source_mode.resolve(&iphc.source, encapsulation.source, context(iphc.source_context))?,
            destination: iphc.destination_mode.resolve(
                &iphc.destination,
                encapsulation.destination,
                context(iphc.destination_context),
            )?,
        })
    }

    fn iphc(&self, reader: &mut Reader<'_>, encapsulation: Encapsulation, draft: &mut Draft) -> Result<()> {
        if draft.headers_at.len() >= MAX_NESTING {
            return Err(Error::Unsupported("more than four IPv6 headers in each other"));
        }
        let iphc = Iphc::parse(reader)?;
        let mut header = self.header_within(&iphc, encapsulation)?;
        if iphc.next_header.is_none() {
            header.next_header = compressed_next_header(reader)?;
        }
        draft.headers_at.push(draft.packet.len());
        draft.put(ipv6::HEADER_LENGTH, |writer| header.emit(0, writer))?;
        if iphc.next_header.is_none() {
            return self.next_header(reader, Encapsulation::of_header(&header), draft);
        }
        draft.packet.extend_from_slice(reader.rest());
        Ok(())
    }

    fn hc1(&self, reader: &mut Reader<'_>, draft: &mut Draft) -> Result<()> {
        let hc1 = Hc1::parse(reader)?;
        let header = hc1.header(Encapsulation::of_link(self.source, self.destination));
        draft.headers_at.push(0);
        draft.put(ipv6::HEADER_LENGTH, |writer| header.emit(0, writer))?;
        if let Some(udp) = hc1.udp {
            draft.udp = Some((draft.packet.len(), false));
            let length = reader.remaining().saturating_add(crate::udp::HEADER_LENGTH);
            let length = self.datagram_size.map_or(length, |size| size.saturating_sub(ipv6::HEADER_LENGTH));
            if udp.length.is_some_and(|said| usize::from(said) != length) {
                return Err(Error::Malformed("UDP length is not that of the datagram"));
            }
            draft.put(crate::udp::HEADER_LENGTH, |writer| {
                writer.u16_be(udp.source_port, "UDP source port")?;
                writer.u16_be(udp.destination_port, "UDP destination port")?;
                writer.u16_be(0, "UDP length")?;
                writer.u16_be(udp.checksum, "UDP checksum")
            })?;
        }
        draft.packet.extend_from_slice(reader.rest());
        Ok(())
    }

    /// Everything from a next header compression octet on.
    fn next_header(&self, reader: &mut Reader<'_>, encapsulation: Encapsulation, draft: &mut Draft) -> Result<()> {
        loop {
            match reader.rest().first().map(|octet| NhcKind::of(*octet)) {
                Some(NhcKind::Ipv6) => {
                    reader.u8("next header compression")?;
                    return self.iphc(reader, encapsulation, draft);
                }
                Some(NhcKind::GhcIcmpv6) => {
                    reader.u8("next header compression")?;
                    return draft.expand(reader);
                }
                Some(NhcKind::GhcExtension) => {
                    if !ghc_extension(reader, draft)? {
                        continue;
                    }
                }
                Some(kind @ (NhcKind::Udp | NhcKind::GhcUdp)) => {
                    let udp = UdpNhc::parse(reader)?;
                    draft.udp = Some((draft.packet.len(), udp.checksum.is_none()));
                    draft.put(crate::udp::HEADER_LENGTH, |writer| {
                        writer.u16_be(udp.source_port, "UDP source port")?;
                        writer.u16_be(udp.destination_port, "UDP destination port")?;
                        writer.u16_be(0, "UDP length")?;
                        writer.u16_be(udp.checksum.unwrap_or_default(), "UDP checksum")
                    })?;
                    if kind == NhcKind::GhcUdp {
                        return draft.expand(reader);
                    }
                }
                _ if extension(reader, draft)? => {}
                _ => continue,
            }
            draft.packet.extend_from_slice(reader.rest());
            return Ok(());
        }
    }

    fn finish(&self, mut draft: Draft) -> Result<Vec<u8>> {
        let length = draft.packet.len();
        self.check_size(length)?;
        let whole = self.datagram_size.unwrap_or(length);
        let behind = |front: usize| {
            let rest = whole.checked_sub(front).and_then(|length| u16::try_from(length).ok());
            rest.ok_or(Error::Malformed("datagram size is no size of an IPv6 packet"))
        };
        for at in draft.headers_at.clone() {
            draft.patch(at.saturating_add(4), behind(at.saturating_add(ipv6::HEADER_LENGTH))?)?;
        }
        let Some((udp_at, is_elided)) = draft.udp else { return Ok(draft.packet) };
        draft.patch(udp_at.saturating_add(4), behind(udp_at)?)?;
        if is_elided {
            if !self.accept_elided_checksum || whole != length {
                return Err(Error::Unsupported("elided UDP checksum"));
            }
            let sum = udp_checksum(&draft, udp_at)?;
            draft.patch(udp_at.saturating_add(6), sum)?;
        }
        Ok(draft.packet)
    }

    fn check_size(&self, length: usize) -> Result<()> {
        match self.datagram_size {
            Some(size) if length > size => Err(Error::Malformed("fragment is longer than its datagram")),
            _ => Ok(()),
        }
    }
}

/// The checksum that a datagram ought to have, under the addresses of the IPv6 header next to it.
fn udp_checksum(draft: &Draft, udp_at: usize) -> Result<u16> {
    let at = draft.headers_at.last().copied().unwrap_or_default();
    let found = extensions(draft.packet.get(at..).unwrap_or(&[]))?;
    let datagram = draft.packet.get(udp_at..).unwrap_or(&[]);
    Ok(match checksum(found.source, found.destination, NextHeader::UDP, datagram) {
        0 => 0xffff,
        sum => sum,
    })
}

/// The next header value that the next header compression octet ahead stands for.
fn compressed_next_header(reader: &Reader<'_>) -> Result<NextHeader> {
    let mut ahead = reader.clone();
    match NhcKind::of(ahead.u8("next header compression")?) {
        NhcKind::Udp | NhcKind::GhcUdp => Ok(NextHeader::UDP),
        NhcKind::GhcIcmpv6 => Ok(NextHeader::ICMPV6),
        NhcKind::GhcExtension => Ok(ghc_extension_id(&mut reader.clone())?.0.next_header()),
        NhcKind::Ipv6 => Ok(NextHeader::IPV6),
        NhcKind::Extension => Ok(ExtensionNhc::parse(&mut reader.clone())?.id.next_header()),
        NhcKind::Reserved => Err(Error::Malformed("next header compression is reserved")),
    }
}

/// The octet before a generically compressed extension header: which one it is, and whether its next header is in-line.
fn ghc_extension_id(reader: &mut Reader<'_>) -> Result<(ExtensionId, bool)> {
    let octet = reader.u8("next header compression")?;
    Ok((ExtensionId::from_bits(octet >> 1 & 7)?, octet & 1 == 0))
}

/// Expands a generically compressed extension header (RFC 7400 section 3.2); whether its next header is in-line, which
/// then is the first octet of what was compressed. The length is elided.
fn ghc_extension(reader: &mut Reader<'_>, draft: &mut Draft) -> Result<bool> {
    let (id, is_inline) = ghc_extension_id(reader)?;
    let (source, destination) = draft.addresses()?;
    let expanded = ghc_decompress(reader, source, destination, true)?;
    let mut expanded = Reader::new(&expanded);
    let next_header = if is_inline {
        NextHeader(expanded.u8("extension header next header")?)
    } else {
        compressed_next_header(reader)?
    };
    put_extension(id, next_header, 0, expanded.rest(), draft)?;
    Ok(is_inline)
}

/// Decompresses an extension header; whether its next header is in-line, so that compression ends with it.
fn extension(reader: &mut Reader<'_>, draft: &mut Draft) -> Result<bool> {
    let nhc = ExtensionNhc::parse(reader)?;
    let data = reader.take(nhc.length.into(), "compressed extension header")?;
    let next_header = match nhc.next_header {
        Some(next_header) => next_header,
        None => compressed_next_header(reader)?,
    };
    put_extension(nhc.id, next_header, nhc.reserved, data, draft)?;
    Ok(nhc.next_header.is_some())
}

/// Puts an extension header with its length, or the reserved octet of a fragment header, and the padding that was elided.
fn put_extension(id: ExtensionId, next_header: NextHeader, reserved: u8, data: &[u8], draft: &mut Draft) -> Result<()> {
    let length = data.len().saturating_add(2);
    let padding = if id.has_options() { padding(length) } else { None };
    let whole = length.saturating_add(padding.as_ref().map_or(0, ipv6::Ipv6Option::buffer_len));
    if whole % 8 != 0 {
        return Err(Error::Malformed("compressed extension header is no multiple of eight octets"));
    }
    let units = u8::try_from((whole / 8).saturating_sub(1)).map_err(|_| Error::Malformed("extension header length"))?;
    // The fragment header has a reserved octet where others have their length.
    let second = if id == ExtensionId::Fragment { reserved } else { units };
    draft.put(whole, |writer| {
        writer.put(&[next_header.0, second], "extension header")?;
        writer.put(data, "extension header")?;
        padding.map_or(Ok(()), |padding| padding.emit(writer))
    })
}
