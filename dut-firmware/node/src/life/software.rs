//! Maintenance at the device (`SECC` 3): the software image that it runs, and the application on top of it.
//!
//! The reference device cannot run a body of an image: to it, an image is a version. What it takes, what it refuses, and
//! what survives is as in a device that can.

use alloc::vec::Vec;

use protocols::credentials::PublicKey;
use protocols::time::Instant;
use sha2::{Digest, Sha256};
use wire::software_image::SignedImage;
use wire::upper_tester::ErrorCode;

use super::hooks::is_whole;
use super::mutants::Mutant;
use crate::selected::Selected;

/// The version of the image that a device leaves the factory with.
pub const SHIPPED_VERSION: u32 = 1;

/// The class of the reference device.
pub const DEVICE_CLASS: u16 = 1;

/// The key that the vendor of the reference device signs images with, as a point of P-256.
const VENDOR_KEY: [u8; 65] = [
    0x04, 0xcc, 0x2c, 0x83, 0xb3, 0x52, 0xb6, 0x02, 0x56, 0x44, 0x8c, 0x6b, 0xfb, 0x93, 0xe3, 0x8d, 0xd0, 0x90, 0xbe,
    0x54, 0x98, 0x6c, 0x1b, 0xc5, 0xb6, 0x77, 0xe9, 0xcb, 0x08, 0x93, 0x13, 0x64, 0x04, 0xf1, 0xd6, 0x17, 0xc7, 0xaf,
    0x9c, 0x3b, 0xd9, 0x70, 0x31, 0xe7, 0x40, 0x9c, 0xa6, 0x30, 0x89, 0xae, 0x55, 0xc6, 0x2b, 0xdc, 0xbd, 0x83, 0xcf,
    0xa1, 0x37, 0x02, 0xa0, 0x63, 0x18, 0x1a, 0xda,
];

/// What the device runs, and what it does by itself.
#[derive(Debug, Default)]
pub(crate) struct Software {
    /// The version that was booted.
    pub(crate) running: u32,
    /// An image on its way, as far as it has come; forgotten at reboot.
    pub(crate) staged: Vec<u8>,
    /// When the application sends next.
    pub(super) next: Option<Instant>,
}

impl Software {
    pub(crate) fn new(running: u32) -> Self {
        Self { running, ..Self::default() }
    }

    /// When the application has something to do.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.next
    }

    /// The application was configured: its time begins anew.
    pub(crate) fn restart_application(&mut self) {
        self.next = None;
    }
}

/// The version of an image that may be taken by a device that has `newest` already, or the code to refuse it with.
pub(super) fn judge(octets: &[u8], newest: u32, mutant: Selected<Mutant>) -> Result<u32, ErrorCode> {
    let refused = |code: &str| Err(ErrorCode::Other(code.into()));
    let image = match SignedImage::parse(octets) {
        Ok(image) => image,
        Err(_) if mutant.is(Mutant::ImageCutTaken) => {
            return Ok(octets.get(8..12).and_then(|version| version.try_into().ok()).map_or(0, u32::from_be_bytes));
        }
        Err(_) => return refused("integrity"),
    };
    let hash: [u8; 32] = Sha256::digest(image.signed).into();
    let is_signed = PublicKey::from_point(&VENDOR_KEY).is_ok_and(|key| key.verifies(&hash, image.signature));
    let unsigned_taken = mutant.is(Mutant::ImageUnverified) || mutant.is(Mutant::ImageForgedTaken) && is_whole(&image);
    if !is_signed && !unsigned_taken {
        return refused("integrity");
    }
    if image.image.class != DEVICE_CLASS && !mutant.is(Mutant::ImageOfAnotherClassTaken) {
        return refused("class");
    }
    if image.image.version <= newest && !mutant.is(Mutant::ImageOlderTaken) {
        return refused("not_newer");
    }
    Ok(image.image.version)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Version 7 for class 1, body `hello`, signed by OpenSSL 3.0: `openssl dgst -sha256 -sign`.
    const SIGNED_BY_OPENSSL: &str = "4254524900010001000000070000000568656c6c6f\
        3046022100ea3d91716941f602ceff4db70ed815025999d0d44bebbfe67272e0519cc2105f\
        022100b2da375f2ed909edf70e73d8d5c0234dc4da0979ff65f877005bc7df34268659";

    fn octets() -> Vec<u8> {
        let digit = |at: usize| u8::from_str_radix(&SIGNED_BY_OPENSSL[at..at + 2], 16).unwrap();
        (0..SIGNED_BY_OPENSSL.len()).step_by(2).map(digit).collect()
    }

    fn refused(code: &str) -> Result<u32, ErrorCode> {
        Err(ErrorCode::Other(code.into()))
    }

    #[test]
    fn an_image_that_openssl_signed_is_taken_once() {
        let judge = |newest| judge(&octets(), newest, Selected::default());
        assert_eq!(judge(SHIPPED_VERSION), Ok(7));
        assert_eq!(judge(6), Ok(7));
        assert_eq!(judge(7), refused("not_newer"));
        assert_eq!(judge(8), refused("not_newer"));
    }

    #[test]
    fn an_image_with_a_single_bit_flipped_or_cut_short_is_refused() {
        let good = octets();
        for at in 0..good.len() {
            for bit in 0..8 {
                let mut damaged = good.clone();
                damaged[at] ^= 1 << bit;
                assert_eq!(judge(&damaged, SHIPPED_VERSION, Selected::default()), refused("integrity"), "{at}.{bit}");
            }
            assert_eq!(judge(&good[..at], SHIPPED_VERSION, Selected::default()), refused("integrity"), "{at}");
        }
    }
}
