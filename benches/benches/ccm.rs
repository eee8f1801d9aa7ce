//! CCM* frames a second: a frame of 127 octets sealed and opened at levels 5 and 7, beside the crate `ccm` doing the same
//! under the same AES. Rounds of both by turns; the fastest of each counts.

use std::hint::black_box;
use std::time::{Duration, Instant};

use aes::Aes128;
use bootrack_benches::figure;
use ccm::aead::array::Array;
use ccm::aead::{AeadInOut, KeyInit};
use ccm::consts::{U4, U13, U16};
use wire::ccm::Ccm;

const KEY: [u8; 16] = [7; 16];
const NONCE: [u8; 13] = [9; 13];
/// MAC header with two extended addresses on one PAN, and the auxiliary header with a key index.
const HEADERS: [u8; 21 + 6] = [3; 27];
/// Octets of a frame behind its headers and before its FCS, integrity code included.
const REST: usize = 127 - HEADERS.len() - 2;
const FRAMES: u32 = 200_000;
const ROUNDS: usize = 7;

/// Seals or opens the octets of one frame where they lie.
type Work<'a> = &'a dyn Fn(&mut [u8]);

fn main() {
    println!("CCM*, frames of 127 octets, one thread, the key schedule computed before:");
    level::<4>("level 5", &ccm::Ccm::<Aes128, U4, U13>::new(&KEY.into()));
    level::<16>("level 7", &ccm::Ccm::<Aes128, U16, U13>::new(&KEY.into()));
}

fn level<const TAG: usize>(name: &str, theirs: &impl AeadInOut<NonceSize = U13>) {
    let ours = Ccm::new(&KEY);
    let nonce = Array(NONCE);
    let mut message = vec![0x55; REST - TAG];
    let tag = ours.seal_in_place(&NONCE, &HEADERS, &mut message, TAG).unwrap();
    let sealed = message;
    // Both agree on what they are measured at.
    let mut check = vec![0x55; REST - TAG];
    let their_tag = theirs.encrypt_inout_detached(&nonce, &HEADERS, check.as_mut_slice().into()).unwrap();
    assert!(check == sealed && their_tag[..] == tag[..TAG]);

    let seal_ours = |message: &mut [u8]| {
        black_box(ours.seal_in_place(&NONCE, &HEADERS, message, TAG).unwrap());
    };
    let seal_theirs = |message: &mut [u8]| {
        black_box(theirs.encrypt_inout_detached(&nonce, &HEADERS, message.into()).unwrap());
    };
    let open_ours = |message: &mut [u8]| ours.open_in_place(&NONCE, &HEADERS, message, &tag[..TAG]).unwrap();
    let open_theirs = |message: &mut [u8]| {
        theirs.decrypt_inout_detached(&nonce, &HEADERS, message.into(), &their_tag).unwrap();
    };
    let kinds: [(&str, Work<'_>, Work<'_>); 2] =
        [("sealed", &seal_ours, &seal_theirs), ("opened", &open_ours, &open_theirs)];
    for (done, ours, theirs) in kinds {
        let (mut our_time, mut their_time) = (Duration::MAX, Duration::MAX);
        for _ in 0..ROUNDS {
            our_time = our_time.min(round(&sealed, ours));
            their_time = their_time.min(round(&sealed, theirs));
        }
        let rate = |time: Duration| f64::from(FRAMES) / time.as_secs_f64();
        figure(&format!("  {name}, {done}"), rate(our_time), "frames/s", None);
        figure("    by the crate ccm", rate(their_time), "frames/s", None);
    }
}

fn round(sealed: &[u8], work: Work<'_>) -> Duration {
    let mut message = sealed.to_vec();
    let begun = Instant::now();
    for _ in 0..FRAMES {
        message.copy_from_slice(sealed);
        work(black_box(&mut message));
    }
    begun.elapsed()
}
