//! AES-128 CCM (RFC 3610) and its CCM* extension (IEEE 802.15.4-2006 annex B: a tag length of zero encrypts without
//! authenticating), for link security (13-octet nonce) and DTLS `CCM_8` (12-octet nonce).

use aes::Aes128;
use aes::cipher::{Array, BlockCipherEncrypt, KeyInit};
use alloc::vec::Vec;

use crate::{Error, Result};

const BLOCK: usize = 16;

/// Encrypts `plaintext` and appends a tag of `tag_len` octets over `aad` and `plaintext`.
///
/// `nonce` is 13 octets (L = 2) or 12 octets (L = 3); `tag_len` is 0, 4, 6, 8, 10, 12, 14 or 16. With 0 the result is
/// the counter-mode ciphertext alone and `aad` is unprotected.
pub fn seal(key: &[u8; 16], nonce: &[u8], aad: &[u8], plaintext: &[u8], tag_len: usize) -> Result<Vec<u8>> {
    let core = Core::new(key, nonce, aad.len(), plaintext.len(), tag_len)?;
    let tag = core.tag(aad, plaintext);
    let mut output = Vec::with_capacity(plaintext.len().saturating_add(tag_len));
    output.extend_from_slice(plaintext);
    core.apply_keystream(&mut output);
    output.extend_from_slice(tag.get(..tag_len).unwrap_or(&[]));
    Ok(output)
}

/// Verifies the last `tag_len` octets of `ciphertext` as a tag and returns the plaintext.
///
/// [`Error::Integrity`] if the tag does not match (compared in constant time); nothing of the plaintext is released
/// then. Nonce and tag lengths as for [`seal`].
pub fn open(key: &[u8; 16], nonce: &[u8], aad: &[u8], ciphertext: &[u8], tag_len: usize) -> Result<Vec<u8>> {
    let body_len = ciphertext.len().checked_sub(tag_len).ok_or(Error::Truncated("CCM tag"))?;
    let (body, received) = ciphertext.split_at_checked(body_len).ok_or(Error::Truncated("CCM tag"))?;
    let core = Core::new(key, nonce, aad.len(), body.len(), tag_len)?;
    let mut plaintext = body.to_vec();
    core.apply_keystream(&mut plaintext);
    let expected = core.tag(aad, &plaintext);
    let difference = expected.iter().zip(received).fold(0u8, |sum, (a, b)| sum | (a ^ b));
    if core::hint::black_box(difference) != 0 {
        return Err(Error::Integrity("CCM tag"));
    }
    Ok(plaintext)
}

/// Key schedule, nonce and the two lengths, checked once.
struct Core<'a> {
    cipher: Aes128,
    nonce: &'a [u8],
    tag_len: usize,
}

impl<'a> Core<'a> {
    fn new(key: &[u8; 16], nonce: &'a [u8], aad_len: usize, message_len: usize, tag_len: usize) -> Result<Self> {
        if !matches!(tag_len, 0 | 4 | 6 | 8 | 10 | 12 | 14 | 16) {
            return Err(Error::Unsupported("CCM tag length"));
        }
        let longest = match nonce.len() {
            13 => 0xffff,
            12 => 0xff_ffff,
            _ => return Err(Error::Unsupported("CCM nonce length")),
        };
        if message_len > longest || u32::try_from(aad_len).is_err() {
            return Err(Error::Unsupported("CCM message or additional data too long"));
        }
        Ok(Self { cipher: Aes128::new(&Array::from(*key)), nonce, tag_len })
    }

    /// Flags octet, nonce, then `value` in the remaining L octets: the shape of both B_0 and A_i.
    fn block(&self, flags: u8, value: usize) -> [u8; BLOCK] {
        let mut block = [0u8; BLOCK];
        let value = (value as u64).to_be_bytes();
        let length_octets = 15usize.saturating_sub(self.nonce.len());
        let counter = value.get(8usize.saturating_sub(length_octets)..).unwrap_or(&[]);
        let source = core::iter::once(&flags).chain(self.nonce).chain(counter);
        for (to, from) in block.iter_mut().zip(source) {
            *to = *from;
        }
        block
    }

    /// L - 1, as both flag octets carry it.
    fn length_flag(&self) -> u8 {
        if self.nonce.len() == 13 { 1 } else { 2 }
    }

    fn encrypt(&self, block: [u8; BLOCK]) -> [u8; BLOCK] {
        let mut block = Array::from(block);
        self.cipher.encrypt_block(&mut block);
        block.into()
    }

    /// XORs S_1, S_2, ... onto `bytes` (RFC 3610 section 2.3).
    fn apply_keystream(&self, bytes: &mut [u8]) {
        for (index, chunk) in bytes.chunks_mut(BLOCK).enumerate() {
            let stream = self.encrypt(self.block(self.length_flag(), index.saturating_add(1)));
            xor_into(chunk, &stream);
        }
    }

    /// The encrypted tag, cut to `tag_len` by [`Iterator::zip`] with what was received (RFC 3610 sections 2.2, 2.3).
    fn tag(&self, aad: &[u8], message: &[u8]) -> [u8; BLOCK] {
        if self.tag_len == 0 {
            return [0; BLOCK];
        }
        let tag_flag = match self.tag_len {
            4 => 1u8,
            6 => 2,
            8 => 3,
            10 => 4,
            12 => 5,
            14 => 6,
            _ => 7,
        };
        let aad_flag = if aad.is_empty() { 0 } else { 0x40 };
        let mut state = self.encrypt(self.block(aad_flag | tag_flag << 3 | self.length_flag(), message.len()));
        if !aad.is_empty() {
            let (prefix, prefix_len) = aad_length_prefix(aad.len());
            let prefix = prefix.get(..prefix_len).unwrap_or(&[]);
            let first_len = BLOCK.saturating_sub(prefix_len).min(aad.len());
            let (first, rest) = aad.split_at_checked(first_len).unwrap_or((aad, &[]));
            xor_into(&mut state, prefix);
            xor_into(state.get_mut(prefix_len..).unwrap_or(&mut []), first);
            state = self.encrypt(state);
            state = self.absorb(state, rest);
        }
        state = self.absorb(state, message);
        xor_into(&mut state, &self.encrypt(self.block(self.length_flag(), 0)));
        state
    }

    /// CBC-MAC over `bytes`, the last block padded with zeros.
    fn absorb(&self, mut state: [u8; BLOCK], bytes: &[u8]) -> [u8; BLOCK] {
        for chunk in bytes.chunks(BLOCK) {
            xor_into(&mut state, chunk);
            state = self.encrypt(state);
        }
        state
    }
}

/// The encoding of l(a) (RFC 3610 section 2.2): two octets below 0xff00, else 0xfffe and four octets.
fn aad_length_prefix(length: usize) -> ([u8; 6], usize) {
    let [.., a, b, c, d] = (length as u64).to_be_bytes();
    if length < 0xff00 { ([c, d, 0, 0, 0, 0], 2) } else { ([0xff, 0xfe, a, b, c, d], 6) }
}

fn xor_into(to: &mut [u8], from: &[u8]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to ^= from;
    }
}

#[cfg(test)]
mod tests;
