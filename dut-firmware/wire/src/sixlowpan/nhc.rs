//! UDP header compression, LOWPAN_NHC (RFC 6282 section 4.3): 11110CPP.

use crate::reader::Reader;
use crate::writer::Writer;
use crate::{Error, Result};

/// A compressed UDP header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct UdpNhc {
    /// P, two bits: 0 both ports in full, 1 destination 0xf0xx, 2 source 0xf0xx, 3 both 0xf0bx.
    pub port_mode: u8,
    /// Source port.
    pub source_port: u16,
    /// Destination port.
    pub destination_port: u16,
    /// Checksum; `None` if elided (C = 1), which needs the consent of the upper layer.
    pub checksum: Option<u16>,
}

impl UdpNhc {
    /// The shortest form for two ports, with the checksum in-line.
    pub fn new(source_port: u16, destination_port: u16, checksum: u16) -> Self {
        let port_mode = match (source_port, destination_port) {
            (0xf0b0..=0xf0bf, 0xf0b0..=0xf0bf) => 3,
            (0xf000..=0xf0ff, _) => 2,
            (_, 0xf000..=0xf0ff) => 1,
            _ => 0,
        };
        Self { port_mode, source_port, destination_port, checksum: Some(checksum) }
    }

    /// Octets that [`Self::emit`] writes.
    pub fn buffer_len(&self) -> usize {
        let ports = match self.port_mode & 3 {
            0 => 4,
            1 | 2 => 3,
            _ => 1,
        };
        1 + ports + if self.checksum.is_some() { 2 } else { 0 }
    }

    /// Reads the header; [`Error::Unsupported`] for other next header compressions (extension headers).
    pub fn parse(reader: &mut Reader<'_>) -> Result<Self> {
        let octet = reader.u8("next header compression")?;
        if octet & 0xf8 != 0xf0 {
            return Err(Error::Unsupported("next header compression other than UDP"));
        }
        let port_mode = octet & 3;
        let (source_port, destination_port) = match port_mode {
            0 => (reader.u16_be("UDP source port")?, reader.u16_be("UDP destination port")?),
            1 => (reader.u16_be("UDP source port")?, 0xf000 | u16::from(reader.u8("UDP destination port")?)),
            2 => (0xf000 | u16::from(reader.u8("UDP source port")?), reader.u16_be("UDP destination port")?),
            _ => {
                let ports = u16::from(reader.u8("UDP ports")?);
                (0xf0b0 | ports >> 4, 0xf0b0 | ports & 0xf)
            }
        };
        let checksum = if octet & 4 == 0 { Some(reader.u16_be("UDP checksum")?) } else { None };
        Ok(Self { port_mode, source_port, destination_port, checksum })
    }

    /// Writes the header; [`Error::Malformed`] if the ports do not fit `port_mode`.
    pub fn emit(&self, writer: &mut Writer<'_>) -> Result<()> {
        let port_mode = self.port_mode & 3;
        let [source_high, source_low] = self.source_port.to_be_bytes();
        let [destination_high, destination_low] = self.destination_port.to_be_bytes();
        let fits = match port_mode {
            0 => true,
            1 => destination_high == 0xf0,
            2 => source_high == 0xf0,
            _ => self.source_port & 0xfff0 == 0xf0b0 && self.destination_port & 0xfff0 == 0xf0b0,
        };
        if !fits {
            return Err(Error::Malformed("UDP ports do not fit their compression"));
        }
        writer.u8(0xf0 | u8::from(self.checksum.is_none()) << 2 | port_mode, "next header compression")?;
        match port_mode {
            0 => writer.put(&[source_high, source_low, destination_high, destination_low], "UDP ports")?,
            1 => writer.put(&[source_high, source_low, destination_low], "UDP ports")?,
            2 => writer.put(&[source_low, destination_high, destination_low], "UDP ports")?,
            _ => writer.u8(source_low << 4 | destination_low & 0xf, "UDP ports")?,
        }
        self.checksum.map_or(Ok(()), |checksum| writer.u16_be(checksum, "UDP checksum"))
    }
}
