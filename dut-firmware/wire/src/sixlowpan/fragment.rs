//! The fragmentation headers (RFC 4944 section 5.3).

use super::Dispatch;
use crate::reader::Reader;
use crate::writer::Writer;
use crate::{Error, Result};

/// The largest datagram size that the 11-bit field can say, in octets.
pub const MAX_DATAGRAM_SIZE: u16 = 0x7ff;

/// A fragment header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FragmentHeader {
    /// FRAG1.
    First {
        /// Size of the whole uncompressed datagram in octets.
        datagram_size: u16,
        /// Datagram tag.
        datagram_tag: u16,
    },
    /// FRAGN.
    Next {
        /// Size of the whole uncompressed datagram in octets.
        datagram_size: u16,
        /// Datagram tag.
        datagram_tag: u16,
        /// Offset in units of eight octets of the uncompressed datagram.
        datagram_offset: u8,
    },
}

impl FragmentHeader {
    /// Size of the whole uncompressed datagram in octets.
    pub fn datagram_size(self) -> u16 {
        match self {
            Self::First { datagram_size, .. } | Self::Next { datagram_size, .. } => datagram_size,
        }
    }

    /// Datagram tag.
    pub fn datagram_tag(self) -> u16 {
        match self {
            Self::First { datagram_tag, .. } | Self::Next { datagram_tag, .. } => datagram_tag,
        }
    }

    /// Offset in octets, 0 for the first fragment.
    pub fn offset(self) -> usize {
        match self {
            Self::First { .. } => 0,
            Self::Next { datagram_offset, .. } => usize::from(datagram_offset) * 8,
        }
    }

    /// Octets that [`Self::emit`] writes: 4 or 5.
    pub fn buffer_len(self) -> usize {
        match self {
            Self::First { .. } => 4,
            Self::Next { .. } => 5,
        }
    }

    /// Reads the header.
    pub fn parse(reader: &mut Reader<'_>) -> Result<Self> {
        let first = reader.u16_be("fragment header")?;
        let [dispatch, _] = first.to_be_bytes();
        let datagram_size = first & MAX_DATAGRAM_SIZE;
        let datagram_tag = reader.u16_be("datagram tag")?;
        match Dispatch::of(dispatch) {
            Dispatch::FirstFragment => Ok(Self::First { datagram_size, datagram_tag }),
            Dispatch::NextFragment => {
                let datagram_offset = reader.u8("datagram offset")?;
                Ok(Self::Next { datagram_size, datagram_tag, datagram_offset })
            }
            _ => Err(Error::Malformed("dispatch is not a fragment")),
        }
    }

    /// Writes the header.
    pub fn emit(self, writer: &mut Writer<'_>) -> Result<()> {
        if self.datagram_size() > MAX_DATAGRAM_SIZE {
            return Err(Error::Malformed("datagram size above 2047"));
        }
        match self {
            Self::First { datagram_size, datagram_tag } => {
                writer.u16_be(0xc000 | datagram_size, "fragment header")?;
                writer.u16_be(datagram_tag, "datagram tag")
            }
            Self::Next { datagram_size, datagram_tag, datagram_offset } => {
                writer.u16_be(0xe000 | datagram_size, "fragment header")?;
                writer.u16_be(datagram_tag, "datagram tag")?;
                writer.u8(datagram_offset, "datagram offset")
            }
        }
    }
}
