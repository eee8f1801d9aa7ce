//! AES-128 CCM (RFC 3610) and its CCM* extension (IEEE 802.15.4-2006 annex B: a tag length of zero encrypts without
//! authenticating), for link security (13-octet nonce) and DTLS `CCM_8` (12-octet nonce).

use aes::Aes128;
use aes::cipher::consts::U16;
use aes::cipher::{Array, BlockCipherEncBackend, BlockCipherEncClosure, BlockCipherEncrypt, BlockSizeUser, KeyInit};
use alloc::vec::Vec;

use crate::{Error, Result};

const BLOCK: usize = 16;

/// Encrypts `plaintext` and appends a tag of `tag_len` octets over `aad` and `plaintext`.
///
/// `nonce` is 13 octets (L = 2) or 12 octets (L = 3); `tag_len` is 0, 4, 6, 8, 10, 12, 14 or 16. With 0 the result is
/// the counter-mode ciphertext alone and `aad` is unprotected.
pub fn seal(key: &[u8; 16], nonce: &[u8], aad: &[u8], plaintext: &[u8], tag_len: usize) -> Result<Vec<u8>> {
    let mut output = Vec::with_capacity(plaintext.len().saturating_add(tag_len));
    output.extend_from_slice(plaintext);
    let tag = Ccm::new(key).seal_in_place(nonce, aad, &mut output, tag_len)?;
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
    let mut plaintext = body.to_vec();
    Ccm::new(key).open_in_place(nonce, aad, &mut plaintext, received)?;
    Ok(plaintext)
}

/// A key with its schedule, for many messages. It has no `Debug`.
#[derive(Clone)]
pub struct Ccm {
    cipher: Aes128,
}

impl Ccm {
    /// Computes the key schedule.
    pub fn new(key: &[u8; 16]) -> Self {
        Self { cipher: Aes128::new(&Array::from(*key)) }
    }

    /// Encrypts `message` where it lies; the tag is the first `tag_len` octets of what is returned. Lengths as for
    /// [`seal`].
    pub fn seal_in_place(&self, nonce: &[u8], aad: &[u8], message: &mut [u8], tag_len: usize) -> Result<[u8; BLOCK]> {
        let form = Form::new(nonce, aad.len(), message.len(), tag_len)?;
        let mut tag = [0; BLOCK];
        self.cipher.encrypt_with_backend(Run { form, aad, message, direction: Direction::Seal, tag: &mut tag });
        Ok(tag)
    }

    /// Decrypts `message` where it lies and verifies the `tag` received with it. [`Error::Integrity`] if that does not
    /// match (compared in constant time); `message` is all zeros then. Lengths as for [`seal`].
    pub fn open_in_place(&self, nonce: &[u8], aad: &[u8], message: &mut [u8], tag: &[u8]) -> Result<()> {
        let form = Form::new(nonce, aad.len(), message.len(), tag.len())?;
        let mut expected = [0; BLOCK];
        let run = Run { form, aad, message: &mut *message, direction: Direction::Open, tag: &mut expected };
        self.cipher.encrypt_with_backend(run);
        let difference = expected.iter().zip(tag).fold(0u8, |sum, (a, b)| sum | (a ^ b));
        if core::hint::black_box(difference) != 0 {
            message.fill(0);
            return Err(Error::Integrity("CCM tag"));
        }
        Ok(())
    }
}

/// What the blocks are made of besides the message: lengths checked once.
#[derive(Clone, Copy)]
struct Form {
    /// A_0: flags octet, nonce, zeros where the counter goes.
    first: u128,
    tag_len: usize,
}

impl Form {
    fn new(nonce: &[u8], aad_len: usize, message_len: usize, tag_len: usize) -> Result<Self> {
        if !matches!(tag_len, 0 | 4 | 6 | 8 | 10 | 12 | 14 | 16) {
            return Err(Error::Unsupported("CCM tag length"));
        }
        // The flags octet of A_i is L - 1, the number of octets that the nonce leaves for lengths and counters less 1.
        let (flags, longest) = match nonce.len() {
            13 => (1, 0xffff),
            12 => (2, 0xff_ffff),
            _ => return Err(Error::Unsupported("CCM nonce length")),
        };
        if message_len > longest || u32::try_from(aad_len).is_err() {
            return Err(Error::Unsupported("CCM message or additional data too long"));
        }
        let mut first = [0; BLOCK];
        for (to, from) in first.iter_mut().zip(core::iter::once(&flags).chain(nonce)) {
            *to = *from;
        }
        Ok(Self { first: u128::from_be_bytes(first), tag_len })
    }

    /// A_i (RFC 3610 section 2.3).
    fn counter(&self, index: u128) -> u128 {
        self.first | index
    }

    /// B_0 (section 2.2).
    fn authenticated_first(&self, has_aad: bool, message_len: usize) -> u128 {
        let tag_flag = match self.tag_len {
            4 => 1u128,
            6 => 2,
            8 => 3,
            10 => 4,
            12 => 5,
            14 => 6,
            _ => 7,
        };
        let flags = tag_flag << 3 | if has_aad { 0x40 } else { 0 };
        self.first | flags << 120 | message_len as u128
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Direction {
    Seal,
    Open,
}

/// One message. All of it runs inside one call into the cipher, which loads its keys once; keystream and
/// authentication do not wait for each other.
struct Run<'a> {
    form: Form,
    aad: &'a [u8],
    message: &'a mut [u8],
    direction: Direction,
    tag: &'a mut [u8; BLOCK],
}

impl BlockSizeUser for Run<'_> {
    type BlockSize = U16;
}

impl BlockCipherEncClosure for Run<'_> {
    #[inline(always)]
    fn call<B: BlockCipherEncBackend<BlockSize = U16>>(self, backend: &B) {
        let encrypt = |block: u128| {
            let mut block = Array::from(block.to_be_bytes());
            backend.encrypt_block((&mut block).into());
            u128::from_be_bytes(block.into())
        };
        let authenticates = self.form.tag_len > 0;
        let mut state = 0;
        if authenticates {
            state = encrypt(self.form.authenticated_first(!self.aad.is_empty(), self.message.len()));
            let (prefix, prefix_len) = aad_length_prefix(self.aad.len());
            let (first, rest) = self.aad.split_at_checked(BLOCK - prefix_len).unwrap_or((self.aad, &[]));
            if !self.aad.is_empty() {
                state = encrypt(state ^ prefix ^ padded(first) >> (8 * prefix_len));
            }
            let (blocks, tail) = rest.as_chunks::<BLOCK>();
            for block in blocks {
                state = encrypt(state ^ u128::from_be_bytes(*block));
            }
            if !tail.is_empty() {
                state = encrypt(state ^ padded(tail));
            }
        }
        let (blocks, tail) = self.message.as_chunks_mut::<BLOCK>();
        let mut index = 0u128;
        for block in blocks {
            index = index.wrapping_add(1);
            let input = u128::from_be_bytes(*block);
            let output = input ^ encrypt(self.form.counter(index));
            *block = output.to_be_bytes();
            if authenticates {
                state = encrypt(state ^ if self.direction == Direction::Seal { input } else { output });
            }
        }
        if !tail.is_empty() {
            let input = padded(tail);
            // Octets of the keystream behind the end count as zeros.
            let unused = 8 * (BLOCK - tail.len());
            let output = (input ^ encrypt(self.form.counter(index.wrapping_add(1)))) >> unused << unused;
            for (to, from) in tail.iter_mut().zip(output.to_be_bytes()) {
                *to = from;
            }
            if authenticates {
                state = encrypt(state ^ if self.direction == Direction::Seal { input } else { output });
            }
        }
        if authenticates {
            *self.tag = (state ^ encrypt(self.form.counter(0))).to_be_bytes();
        }
    }
}

/// At most a block, filled up with zeros.
#[inline(always)]
fn padded(octets: &[u8]) -> u128 {
    let mut block = [0; BLOCK];
    for (to, from) in block.iter_mut().zip(octets) {
        *to = *from;
    }
    u128::from_be_bytes(block)
}

/// The encoding of l(a) (RFC 3610 section 2.2) at the start of a block, and its length: two octets below 0xff00, else
/// 0xfffe and four octets.
#[inline(always)]
fn aad_length_prefix(length: usize) -> (u128, usize) {
    let length = length as u128;
    if length < 0xff00 { (length << 112, 2) } else { (0xfffe << 112 | length << 80, 6) }
}

#[cfg(test)]
mod tests;
