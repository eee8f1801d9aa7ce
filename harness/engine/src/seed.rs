//! Seeds: the run's number fixes every case's seed, and that alone fixes keys, nonces, losses and times. Selection and the
//! number of jobs change nothing.

use sha2::{Digest, Sha256};

/// A case's seed: SHA-256 over the run seed (8 octets, big-endian) and the case ID with its parameter row.
pub fn case_seed(run_seed: u64, case_id: &str) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(b"bootrack case seed/1\0");
    hash.update(run_seed.to_be_bytes());
    hash.update(case_id.as_bytes());
    hash.finalize().into()
}

/// An independent seed or key for one purpose within a case.
pub fn derive(case_seed: &[u8; 32], purpose: &str) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(b"bootrack derived/1\0");
    hash.update(case_seed);
    hash.update(purpose.as_bytes());
    hash.finalize().into()
}

/// The first 16 octets of [`derive()`]: a link key or a pre-shared key.
pub fn derive_key(case_seed: &[u8; 32], purpose: &str) -> [u8; 16] {
    let mut key = [0; 16];
    for (to, from) in key.iter_mut().zip(derive(case_seed, purpose)) {
        *to = from;
    }
    key
}

/// As many octets for one purpose: the first 32 are those of [`derive()`].
pub fn derive_octets(case_seed: &[u8; 32], purpose: &str, count: usize) -> Vec<u8> {
    let mut octets = derive(case_seed, purpose).to_vec();
    for more in 1.. {
        if octets.len() >= count {
            break;
        }
        octets.extend(derive(case_seed, &format!("{purpose} {more}")));
    }
    octets.truncate(count);
    octets
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn run_seed_and_case_id_both_change_the_case_seed() {
        assert_ne!(case_seed(1, "A"), case_seed(2, "A"));
        assert_ne!(case_seed(1, "A"), case_seed(1, "B"));
        assert_eq!(case_seed(1, "A"), case_seed(1, "A"));
    }

    #[test]
    fn purposes_do_not_share_keys() {
        let seed = case_seed(1, "A");
        assert_ne!(derive_key(&seed, "psk dut"), derive_key(&seed, "psk router"));
    }
}
