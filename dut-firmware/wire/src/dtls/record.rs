//! The record layer: header (RFC 6347 4.1), and the walk over the records of one datagram.

use alloc::vec::Vec;

use crate::reader::Reader;
use crate::tls::{ContentType, ProtocolVersion};
use crate::{Error, Result};

/// The 13 octets before every fragment (RFC 6347 4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordHeader {
    /// What the fragment is.
    pub content_type: ContentType,
    /// 254.253 for DTLS 1.2; a first ClientHello may bear 254.255.
    pub version: ProtocolVersion,
    /// Counts cipher state changes; 0 is unprotected.
    pub epoch: u16,
    /// 48 bits, per epoch.
    pub sequence_number: u64,
    /// Octets of the fragment that follows, explicit nonce and MAC included.
    pub length: u16,
}

impl RecordHeader {
    /// Octets of the header.
    pub const LENGTH: usize = 13;
    /// The greatest sequence number that 48 bits hold.
    pub const MAX_SEQUENCE_NUMBER: u64 = (1 << 48) - 1;

    /// Reads a header. Any version and content type is taken: what to discard is the engine's business.
    ///
    /// # Errors
    /// [`Error::Truncated`] if fewer than 13 octets are left.
    pub fn parse(reader: &mut Reader<'_>) -> Result<Self> {
        let content_type = ContentType::from(reader.u8("dtls.record.content_type")?);
        let version = ProtocolVersion(reader.u16_be("dtls.record.version")?);
        let epoch = reader.u16_be("dtls.record.epoch")?;
        let [a, b, c, d, e, f] = reader.array("dtls.record.sequence_number")?;
        let sequence_number = u64::from_be_bytes([0, 0, a, b, c, d, e, f]);
        let length = reader.u16_be("dtls.record.length")?;
        Ok(Self { content_type, version, epoch, sequence_number, length })
    }

    /// Appends the 13 octets; the sequence number is cut to 48 bits.
    pub fn emit(&self, out: &mut Vec<u8>) {
        out.push(self.content_type.into());
        out.extend_from_slice(&self.version.0.to_be_bytes());
        out.extend_from_slice(&self.epoch_and_sequence_number().to_be_bytes());
        out.extend_from_slice(&self.length.to_be_bytes());
    }

    /// Epoch (16 bits) and sequence number (48 bits) as one number: the `seq_num` of nonce and additional data
    /// (RFC 6655 3).
    pub fn epoch_and_sequence_number(&self) -> u64 {
        u64::from(self.epoch) << 48 | (self.sequence_number & Self::MAX_SEQUENCE_NUMBER)
    }
}

/// One record of a datagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record<'a> {
    /// Its header.
    pub header: RecordHeader,
    /// `header.length` octets: clear in epoch 0, protected later.
    pub fragment: &'a [u8],
}

impl<'a> Record<'a> {
    /// Reads header and fragment.
    ///
    /// # Errors
    /// [`Error::Truncated`] if the fragment is shorter than the header says.
    pub fn parse(reader: &mut Reader<'a>) -> Result<Self> {
        let header = RecordHeader::parse(reader)?;
        let fragment = reader.take(usize::from(header.length), "dtls.record.fragment")?;
        Ok(Self { header, fragment })
    }

    /// Appends header and fragment; the header's `length` is taken from the fragment.
    ///
    /// # Errors
    /// [`Error::Malformed`] if the fragment is longer than a 16-bit length can say.
    pub fn emit(&self, out: &mut Vec<u8>) -> Result<()> {
        let length = u16::try_from(self.fragment.len()).map_err(|_| Error::Malformed("dtls.record.length"))?;
        RecordHeader { length, ..self.header }.emit(out);
        out.extend_from_slice(self.fragment);
        Ok(())
    }
}

/// The records of one datagram, in order. Ends after the first one that does not fit, which is yielded as an error.
#[derive(Debug, Clone)]
pub struct Records<'a> {
    reader: Reader<'a>,
    failed: bool,
}

/// Walks over the records of one datagram; records never span datagrams (RFC 6347 4.1.1).
pub fn records(datagram: &[u8]) -> Records<'_> {
    Records { reader: Reader::new(datagram), failed: false }
}

impl<'a> Iterator for Records<'a> {
    type Item = Result<Record<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed || self.reader.is_empty() {
            return None;
        }
        let record = Record::parse(&mut self.reader);
        self.failed = record.is_err();
        Some(record)
    }
}
