//! Record protection in datagrams: as in TLS, with epoch and sequence number for the number that TLS counts (RFC 6655 3).

use alloc::vec::Vec;

use super::RecordHeader;
use crate::Result;
use crate::tls::{Sealed, WriteKeys};

impl RecordHeader {
    fn sealed(&self) -> Sealed {
        let Self { content_type, version, .. } = *self;
        Sealed { sequence_number: self.epoch_and_sequence_number(), content_type, version }
    }
}

/// The 13 octets of additional data: epoch and sequence number, type, version, plaintext length (RFC 5246 6.2.3.3).
pub fn additional_data(header: &RecordHeader, plaintext_length: u16) -> [u8; 13] {
    header.sealed().additional_data(plaintext_length)
}

/// Protects `plaintext` for the record that `header` describes (its `length` is ignored).
///
/// # Errors
/// [`Error::Malformed`](crate::Error::Malformed) if the plaintext does not fit into a record.
pub fn seal(keys: &WriteKeys, header: &RecordHeader, plaintext: &[u8]) -> Result<Vec<u8>> {
    header.sealed().seal(keys, plaintext)
}

/// Verifies and decrypts a protected fragment; the nonce is the one that the sender put into it.
///
/// # Errors
/// [`Error::Truncated`](crate::Error::Truncated) if it is shorter than nonce and MAC,
/// [`Error::Integrity`](crate::Error::Integrity) if the MAC does not verify.
pub fn open(keys: &WriteKeys, header: &RecordHeader, fragment: &[u8]) -> Result<Vec<u8>> {
    header.sealed().open(keys, fragment)
}
