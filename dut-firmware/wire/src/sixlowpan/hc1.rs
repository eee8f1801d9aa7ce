//! HC1 and HC_UDP (RFC 4944 section 10), the compression before IPHC: read only, since RFC 6282 deprecates them.
//!
//! Their fields are packed without regard to octets; zero bits after the last one fill up the octet.

use super::{Dispatch, Encapsulation};
use crate::ipv6::{Header, Ipv6Addr, NextHeader};
use crate::reader::Reader;
use crate::{Error, Result};

/// A HC1 header with its fields still compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Hc1 {
    /// HC1 encoding.
    pub encoding: u8,
    /// Hop limit.
    pub hop_limit: u8,
    /// First 64 bits of the source if they are in-line, else those of fe80::.
    pub source_prefix: Option<u64>,
    /// Interface identifier of the source if it is in-line.
    pub source_identifier: Option<u64>,
    /// First 64 bits of the destination if they are in-line.
    pub destination_prefix: Option<u64>,
    /// Interface identifier of the destination if it is in-line.
    pub destination_identifier: Option<u64>,
    /// Traffic class and flow label if they are in-line, else both are zero.
    pub traffic: Option<(u8, u32)>,
    /// Next header.
    pub next_header: NextHeader,
    /// The compressed UDP header, if there is one.
    pub udp: Option<Hc1Udp>,
}

/// A UDP header compressed with HC_UDP (section 10.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Hc1Udp {
    /// HC_UDP encoding.
    pub encoding: u8,
    /// Source port.
    pub source_port: u16,
    /// Destination port.
    pub destination_port: u16,
    /// Length if it is in-line.
    pub length: Option<u16>,
    /// Checksum.
    pub checksum: u16,
}

/// Reads fields of any number of bits, most significant bit first.
struct Bits<'a> {
    reader: Reader<'a>,
    /// Bits of the last octet that are left, in its lower end.
    left: u32,
    octet: u8,
}

impl Bits<'_> {
    fn take(&mut self, bits: u32, what: &'static str) -> Result<u64> {
        let mut value = 0u64;
        for _ in 0..bits {
            if self.left == 0 {
                self.octet = self.reader.u8(what)?;
                self.left = 8;
            }
            self.left = self.left.saturating_sub(1);
            value = value << 1 | u64::from(self.octet >> self.left & 1);
        }
        Ok(value)
    }
}

impl Hc1 {
    /// Reads dispatch and header up to the next octet boundary.
    pub fn parse(reader: &mut Reader<'_>) -> Result<Self> {
        if Dispatch::of(reader.u8("HC1 dispatch")?) != Dispatch::Hc1 {
            return Err(Error::Malformed("dispatch is not HC1"));
        }
        let encoding = reader.u8("HC1 encoding")?;
        let is_udp = encoding >> 1 & 3 == 1;
        let udp_encoding = match (encoding & 1 != 0, is_udp) {
            (false, _) => None,
            (true, true) => Some(reader.u8("HC_UDP encoding")?),
            (true, false) => return Err(Error::Malformed("HC1 announces a compression that no next header has")),
        };
        let mut bits = Bits { reader: reader.clone(), left: 0, octet: 0 };
        let hop_limit = (bits.take(8, "hop limit")? & 0xff) as u8;
        let mut part = |elided: u8, what| (encoding & elided == 0).then(|| bits.take(64, what)).transpose();
        let source_prefix = part(0x80, "source prefix")?;
        let source_identifier = part(0x40, "source interface identifier")?;
        let destination_prefix = part(0x20, "destination prefix")?;
        let destination_identifier = part(0x10, "destination interface identifier")?;
        let traffic = if encoding & 0x08 == 0 {
            let class = (bits.take(8, "traffic class")? & 0xff) as u8;
            Some((class, (bits.take(20, "flow label")? & 0xf_ffff) as u32))
        } else {
            None
        };
        let next_header = match encoding >> 1 & 3 {
            0 => NextHeader((bits.take(8, "next header")? & 0xff) as u8),
            1 => NextHeader::UDP,
            2 => NextHeader::ICMPV6,
            _ => NextHeader::TCP,
        };
        let udp = udp_encoding.map(|encoding| Hc1Udp::parse(encoding, &mut bits)).transpose()?;
        *reader = bits.reader;
        Ok(Self {
            encoding,
            hop_limit,
            source_prefix,
            source_identifier,
            destination_prefix,
            destination_identifier,
            traffic,
            next_header,
            udp,
        })
    }

    /// The IPv6 header behind it.
    pub fn header(&self, encapsulation: Encapsulation) -> Header {
        let address = |prefix: Option<u64>, identifier: Option<u64>, elided: [u8; 8]| {
            let prefix = prefix.unwrap_or(0xfe80 << 48);
            let identifier = identifier.unwrap_or(u64::from_be_bytes(elided));
            Ipv6Addr::from_bits(u128::from(prefix) << 64 | u128::from(identifier))
        };
        let (traffic_class, flow_label) = self.traffic.unwrap_or_default();
        Header {
            traffic_class,
            flow_label,
            next_header: self.next_header,
            hop_limit: self.hop_limit,
            source: address(self.source_prefix, self.source_identifier, encapsulation.source),
            destination: address(self.destination_prefix, self.destination_identifier, encapsulation.destination),
        }
    }
}

impl Hc1Udp {
    fn parse(encoding: u8, bits: &mut Bits<'_>) -> Result<Self> {
        let mut port = |is_short: bool, what| -> Result<u16> {
            if is_short {
                Ok(0xf0b0 | (bits.take(4, what)? & 0xf) as u16)
            } else {
                Ok((bits.take(16, what)? & 0xffff) as u16)
            }
        };
        let source_port = port(encoding & 0x80 != 0, "UDP source port")?;
        let destination_port = port(encoding & 0x40 != 0, "UDP destination port")?;
        let length = if encoding & 0x20 == 0 { Some((bits.take(16, "UDP length")? & 0xffff) as u16) } else { None };
        let checksum = (bits.take(16, "UDP checksum")? & 0xffff) as u16;
        Ok(Self { encoding, source_port, destination_port, length, checksum })
    }
}
