//! Recoverable fragments and their acknowledgements (RFC 8931): the datagram is cut after compression, and a receiver says
//! which of its up to 32 fragments have come.

use super::Dispatch;
use crate::reader::Reader;
use crate::writer::Writer;
use crate::{Error, Result};

/// The largest sequence number.
pub const MAX_SEQUENCE: u8 = 31;

/// The largest fragment, in octets.
pub const MAX_FRAGMENT_SIZE: u16 = 0x3ff;

/// The header of a recoverable fragment (RFRAG).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RecoverableFragment {
    /// E: a node on the way saw congestion.
    pub congestion: bool,
    /// Datagram tag.
    pub datagram_tag: u8,
    /// X: an acknowledgement is asked for.
    pub ack_requested: bool,
    /// Sequence number, 0 to 31; 0 is the first fragment.
    pub sequence: u8,
    /// Octets of this fragment, 0 to 1023; a first fragment of none gives the datagram up.
    pub fragment_size: u16,
    /// Octets of the compressed datagram in the first fragment, else where in it this fragment begins.
    pub size_or_offset: u16,
}

impl RecoverableFragment {
    /// Octets that [`Self::emit`] writes.
    pub const LENGTH: usize = 6;

    /// Whether it is the first one of its datagram.
    pub fn is_first(self) -> bool {
        self.sequence == 0
    }

    /// Where in the compressed datagram it begins.
    pub fn offset(self) -> usize {
        if self.is_first() { 0 } else { self.size_or_offset.into() }
    }

    /// Octets of the compressed datagram, which the first fragment says.
    pub fn datagram_size(self) -> Option<u16> {
        self.is_first().then_some(self.size_or_offset)
    }

    /// Reads the header.
    pub fn parse(reader: &mut Reader<'_>) -> Result<Self> {
        let dispatch = reader.u8("RFRAG")?;
        if Dispatch::of(dispatch) != Dispatch::RecoverableFragment {
            return Err(Error::Malformed("dispatch is not RFRAG"));
        }
        let datagram_tag = reader.u8("datagram tag")?;
        let bits = reader.u16_be("RFRAG sequence and size")?;
        let size_or_offset = reader.u16_be("RFRAG offset")?;
        Ok(Self {
            congestion: dispatch & 1 != 0,
            datagram_tag,
            ack_requested: bits & 0x8000 != 0,
            sequence: (bits >> 10 & 0x1f) as u8,
            fragment_size: bits & MAX_FRAGMENT_SIZE,
            size_or_offset,
        })
    }

    /// Writes the header.
    pub fn emit(self, writer: &mut Writer<'_>) -> Result<()> {
        if self.sequence > MAX_SEQUENCE {
            return Err(Error::Malformed("RFRAG sequence above 31"));
        }
        if self.fragment_size > MAX_FRAGMENT_SIZE {
            return Err(Error::Malformed("RFRAG fragment size above 1023"));
        }
        writer.u8(Dispatch::RECOVERABLE_FRAGMENT_OCTET | u8::from(self.congestion), "RFRAG")?;
        writer.u8(self.datagram_tag, "datagram tag")?;
        let bits = u16::from(self.ack_requested) << 15 | u16::from(self.sequence) << 10 | self.fragment_size;
        writer.u16_be(bits, "RFRAG sequence and size")?;
        writer.u16_be(self.size_or_offset, "RFRAG offset")
    }
}

/// The acknowledgement of recoverable fragments (RFRAG-ACK).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RecoverableAck {
    /// E: the congestion that was seen, told back.
    pub congestion: bool,
    /// Datagram tag.
    pub datagram_tag: u8,
    /// A bit for each sequence number that came, that of 0 being the highest one.
    pub bitmap: u32,
}

impl RecoverableAck {
    /// Octets that [`Self::emit`] writes.
    pub const LENGTH: usize = 6;

    /// Reads it.
    pub fn parse(reader: &mut Reader<'_>) -> Result<Self> {
        let dispatch = reader.u8("RFRAG-ACK")?;
        if Dispatch::of(dispatch) != Dispatch::RecoverableAck {
            return Err(Error::Malformed("dispatch is not RFRAG-ACK"));
        }
        let datagram_tag = reader.u8("datagram tag")?;
        let bitmap = reader.u32_be("RFRAG-ACK bitmap")?;
        Ok(Self { congestion: dispatch & 1 != 0, datagram_tag, bitmap })
    }

    /// Writes it.
    pub fn emit(self, writer: &mut Writer<'_>) -> Result<()> {
        writer.u8(Dispatch::RECOVERABLE_ACK_OCTET | u8::from(self.congestion), "RFRAG-ACK")?;
        writer.u8(self.datagram_tag, "datagram tag")?;
        writer.put(&self.bitmap.to_be_bytes(), "RFRAG-ACK bitmap")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Headers that tshark 4.0.17 reads so.
    #[test]
    fn headers_read_as_another_dissector_reads_them() {
        let parse = |octets: [u8; 6]| RecoverableFragment::parse(&mut Reader::new(&octets)).unwrap();
        let first = parse([0xe8, 5, 0, 0x28, 0, 0x47]);
        assert_eq!((first.datagram_tag, first.fragment_size, first.datagram_size()), (5, 40, Some(71)));
        assert!(first.is_first() && !first.congestion && !first.ack_requested);
        let last = parse([0xe9, 5, 0x84, 0x1f, 0, 0x28]);
        assert_eq!((last.sequence, last.fragment_size, last.offset(), last.datagram_size()), (1, 31, 40, None));
        assert!(last.congestion && last.ack_requested);
        let ack = RecoverableAck::parse(&mut Reader::new(&[0xea, 5, 0xc0, 0, 0, 0])).unwrap();
        assert_eq!(ack, RecoverableAck { congestion: false, datagram_tag: 5, bitmap: 0xc000_0000 });
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            congestion: bool, datagram_tag: u8, ack_requested: bool, sequence in 0..32u8,
            fragment_size in 0..=MAX_FRAGMENT_SIZE, size_or_offset: u16, bitmap: u32,
        ) {
            let header = RecoverableFragment {
                congestion, datagram_tag, ack_requested, sequence, fragment_size, size_or_offset,
            };
            let mut octets = [0; 6];
            header.emit(&mut Writer::new(&mut octets)).unwrap();
            prop_assert_eq!(RecoverableFragment::parse(&mut Reader::new(&octets)), Ok(header));
            prop_assert!(RecoverableAck::parse(&mut Reader::new(&octets)).is_err());
            let ack = RecoverableAck { congestion, datagram_tag, bitmap };
            ack.emit(&mut Writer::new(&mut octets)).unwrap();
            prop_assert_eq!(RecoverableAck::parse(&mut Reader::new(&octets)), Ok(ack));
            prop_assert!(RecoverableFragment::parse(&mut Reader::new(&octets)).is_err());
        }

        #[test]
        fn what_does_not_fit_is_refused(sequence in 32..=u8::MAX, fragment_size in 0x400..=u16::MAX) {
            let header = RecoverableFragment {
                congestion: false, datagram_tag: 0, ack_requested: false, sequence: 0, fragment_size: 0, size_or_offset: 0,
            };
            let emit = |header: RecoverableFragment| header.emit(&mut Writer::new(&mut [0; 6]));
            let over = RecoverableFragment { sequence, ..header };
            prop_assert!(emit(over).is_err());
            let over = RecoverableFragment { fragment_size, ..header };
            prop_assert!(emit(over).is_err());
        }
    }
}
