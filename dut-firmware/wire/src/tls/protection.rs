//! Record protection with AES-128-CCM-8 (RFC 6655 3, RFC 5246 6.2.3.3): explicit nonce, ciphertext, 8-octet MAC.

use alloc::vec::Vec;

use super::{ContentType, ProtocolVersion, WriteKeys};
use crate::reader::Reader;
use crate::{Error, Result, ccm};

/// Octets of the MAC of `CCM_8`.
pub const MAC_LENGTH: usize = 8;
/// How many octets longer than its plaintext a protected fragment is: explicit nonce and MAC.
pub const PROTECTION_OVERHEAD: usize = 8 + MAC_LENGTH;

/// What a record says of itself, and what protects its contents from being taken for another's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sealed {
    /// `seq_num`: counted by both sides in TLS; epoch and sequence number in DTLS (RFC 6655 3).
    pub sequence_number: u64,
    /// What the fragment is.
    pub content_type: ContentType,
    /// As the record bears it.
    pub version: ProtocolVersion,
}

impl Sealed {
    /// The 13 octets of additional data: sequence number, type, version, plaintext length (RFC 5246 6.2.3.3).
    pub fn additional_data(&self, plaintext_length: u16) -> [u8; 13] {
        let [t0, t1, t2, t3, t4, t5, t6, t7] = self.sequence_number.to_be_bytes();
        let [v0, v1] = self.version.0.to_be_bytes();
        let [l0, l1] = plaintext_length.to_be_bytes();
        [t0, t1, t2, t3, t4, t5, t6, t7, self.content_type.into(), v0, v1, l0, l1]
    }

    /// Protects `plaintext`. The explicit nonce is the sequence number, which never repeats under one key.
    ///
    /// # Errors
    /// [`Error::Malformed`] if the plaintext does not fit into a record.
    pub fn seal(&self, keys: &WriteKeys, plaintext: &[u8]) -> Result<Vec<u8>> {
        let length = u16::try_from(plaintext.len()).map_err(|_| Error::Malformed("dtls.record.length"))?;
        let explicit = self.sequence_number.to_be_bytes();
        let aad = self.additional_data(length);
        let mut fragment = Vec::with_capacity(plaintext.len() + PROTECTION_OVERHEAD);
        fragment.extend_from_slice(&explicit);
        fragment.extend_from_slice(&ccm::seal(&keys.key, &nonce(&keys.iv, &explicit), &aad, plaintext, MAC_LENGTH)?);
        Ok(fragment)
    }

    /// Verifies and decrypts a protected fragment; the nonce is the one that the sender put into it.
    ///
    /// # Errors
    /// [`Error::Truncated`] if it is shorter than nonce and MAC, [`Error::Integrity`] if the MAC does not verify.
    pub fn open(&self, keys: &WriteKeys, fragment: &[u8]) -> Result<Vec<u8>> {
        let mut reader = Reader::new(fragment);
        let explicit = reader.array("explicit nonce")?;
        let length = reader.remaining().checked_sub(MAC_LENGTH).ok_or(Error::Truncated("record MAC"))?;
        let length = u16::try_from(length).map_err(|_| Error::Malformed("dtls.record.length"))?;
        ccm::open(&keys.key, &nonce(&keys.iv, &explicit), &self.additional_data(length), reader.rest(), MAC_LENGTH)
    }
}

/// The 12-octet nonce: the direction's IV, then the 8 explicit octets of the record.
pub fn nonce(iv: &[u8; 4], explicit: &[u8; 8]) -> [u8; 12] {
    let mut nonce = [0; 12];
    nonce.iter_mut().zip(iv.iter().chain(explicit)).for_each(|(to, from)| *to = *from);
    nonce
}
