//! What cryptography costs, counted in operations: a measure that repeats exactly, on any machine (`SECC` 6).
//!
//! Counted is what the algorithms need, from the lengths of what they are given: one count of a block operation is one call
//! of the AES-128 or SHA-256 core, one of a point multiplication is one scalar on P-256. Not counted are key schedules,
//! random numbers and the nonce of a signature (RFC 6979).

use core::ops::AddAssign;
use core::sync::atomic::{AtomicU32, Ordering};

/// Octets of a block of AES.
const AES_BLOCK: usize = 16;
/// Octets of a block of SHA-256.
const SHA256_BLOCK: usize = 64;
/// Octets of an HMAC-SHA256.
const HMAC_LENGTH: usize = 32;

/// Operations, by kind. Each stops at its top.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Work {
    /// AES-128 encryptions of a block.
    pub aes_blocks: u32,
    /// SHA-256 compressions.
    pub sha256_blocks: u32,
    /// Scalar multiplications on P-256: one for a key pair, a shared secret or a signature, two to verify a signature.
    pub point_multiplications: u32,
}

impl AddAssign for Work {
    fn add_assign(&mut self, other: Self) {
        self.aes_blocks = self.aes_blocks.saturating_add(other.aes_blocks);
        self.sha256_blocks = self.sha256_blocks.saturating_add(other.sha256_blocks);
        self.point_multiplications = self.point_multiplications.saturating_add(other.point_multiplications);
    }
}

impl Work {
    /// AES-CCM over a message of `message` octets with `aad` octets of additional data and a tag (RFC 3610 2.2, 2.3).
    pub fn ccm(aad: usize, message: usize) -> Self {
        // B_0; the additional data behind two octets of length; the message, once to authenticate and once to encrypt; A_0.
        let aad = if aad == 0 { 0 } else { (aad + 2).div_ceil(AES_BLOCK) };
        Self { aes_blocks: number(2 + aad + 2 * message.div_ceil(AES_BLOCK)), ..Self::default() }
    }

    /// SHA-256 over `message` octets: the message, a bit and a length (FIPS 180-4 5.1.1).
    pub fn sha256(message: usize) -> Self {
        Self { sha256_blocks: number((message + 9).div_ceil(SHA256_BLOCK)), ..Self::default() }
    }

    /// HMAC-SHA256 over `message` octets: two hashes, each behind a block of key (RFC 2104 2).
    pub fn hmac(key: usize, message: usize) -> Self {
        let mut work = if key > SHA256_BLOCK { Self::sha256(key) } else { Self::default() };
        work += Self::sha256(SHA256_BLOCK + message);
        work += Self::sha256(SHA256_BLOCK + HMAC_LENGTH);
        work
    }

    /// The TLS 1.2 PRF (RFC 5246 5): `seed` octets of label and seed, `out` octets of output.
    pub fn prf(secret: usize, seed: usize, out: usize) -> Self {
        let mut work = Self::hmac(secret, seed);
        for _ in 0..out.div_ceil(HMAC_LENGTH) {
            work += Self::hmac(secret, HMAC_LENGTH + seed);
            work += Self::hmac(secret, HMAC_LENGTH);
        }
        work
    }

    /// A key pair, a shared secret or a signature.
    pub const MULTIPLICATION: Self = Self { aes_blocks: 0, sha256_blocks: 0, point_multiplications: 1 };

    /// A signature that is verified: u1 G + u2 Q (FIPS 186-5 6.4.2).
    pub const VERIFICATION: Self = Self { aes_blocks: 0, sha256_blocks: 0, point_multiplications: 2 };
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// A hash that grows: what its next octets and its value cost.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Growing(usize);

impl Growing {
    /// Takes `more` octets; the blocks that they fill.
    pub(crate) fn add(&mut self, more: usize) -> Work {
        let before = self.0 / SHA256_BLOCK;
        self.0 = self.0.saturating_add(more);
        Work { sha256_blocks: number(self.0 / SHA256_BLOCK - before), ..Work::default() }
    }

    /// The blocks that its value takes beyond those that are full.
    pub(crate) fn value(self) -> Work {
        Work::sha256(self.0 % SHA256_BLOCK)
    }
}

/// Work that is done where only a shared reference is at hand.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    sha256_blocks: AtomicU32,
    verifications: AtomicU32,
}

impl Tally {
    /// A signature over `message` octets is verified.
    pub(crate) fn verify(&self, message: usize) {
        self.sha256_blocks.fetch_add(Work::sha256(message).sha256_blocks, Ordering::Relaxed);
        self.verifications.fetch_add(1, Ordering::Relaxed);
    }

    /// All of it.
    pub(crate) fn work(&self) -> Work {
        let verifications = self.verifications.load(Ordering::Relaxed);
        Work {
            aes_blocks: 0,
            sha256_blocks: self.sha256_blocks.load(Ordering::Relaxed),
            point_multiplications: verifications.saturating_mul(Work::VERIFICATION.point_multiplications),
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::{Growing, Work};

    /// RFC 3610 8, packet vector 1: 8 octets of additional data and 23 of message are listed there as B_0, one block of
    /// additional data, two of message, and S_0 to S_2; packet vector 3 has 25 of message.
    #[rstest]
    #[case::packet_vector_1(8, 23, 7)]
    #[case::packet_vector_3_ends_in_another_octet(8, 25, 7)]
    #[case::nothing(0, 0, 2)]
    #[case::additional_data_behind_its_length_fill_one_block(14, 0, 3)]
    #[case::and_two(15, 0, 4)]
    fn blocks_of_ccm_are_those_that_the_standard_lists(
        #[case] aad: usize,
        #[case] message: usize,
        #[case] blocks: u32,
    ) {
        assert_eq!(Work::ccm(aad, message).aes_blocks, blocks);
    }

    #[rstest]
    #[case(0, 1)]
    #[case(55, 1)]
    #[case(56, 2)]
    #[case(64, 2)]
    #[case(119, 2)]
    #[case(120, 3)]
    fn padding_of_a_hash_takes_a_block_when_it_must(#[case] octets: usize, #[case] blocks: u32) {
        assert_eq!(Work::sha256(octets).sha256_blocks, blocks);
        for cut in 0..=octets {
            let mut growing = Growing::default();
            let mut work = growing.add(cut);
            work += growing.add(octets - cut);
            work += growing.value();
            assert_eq!(work.sha256_blocks, blocks, "in two pieces, cut at {cut}");
        }
    }

    #[test]
    fn hmac_and_prf_are_made_of_hashes() {
        // Inner: a block of key and one of message and padding; outer: a block of key and one of hash and padding.
        assert_eq!(Work::hmac(16, 32).sha256_blocks, 4);
        assert_eq!(Work::hmac(65, 32).sha256_blocks, 4 + 2, "a long key is hashed first");
        // verify_data, 12 octets of one block of 32: A(1) over 47 octets, the block over 79, and A(2).
        assert_eq!(Work::prf(48, 47, 12).sha256_blocks, 4 + 5 + 4);
    }
}
