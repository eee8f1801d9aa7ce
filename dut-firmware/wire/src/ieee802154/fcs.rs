//! The frame check sequence: the 16-bit ITU-T CRC (IEEE 802.15.4-2006 section 7.2.1.9), the 32-bit one of newer PHYs
//! (IEEE 802.15.4-2015 section 7.2.10), and what captures may have in its place.

use alloc::vec::Vec;

use crate::{Error, Result};

/// Octets that the FCS takes at the end of a PSDU.
pub const FCS_LENGTH: usize = 2;

/// What an octet does to the CRC, with 0 to 3 octets of zeros behind it: four octets are one step.
#[allow(clippy::indexing_slicing, reason = "at compile time only")]
static STEPS: [[u16; 256]; 4] = {
    let (mut steps, mut octet) = ([[0u16; 256]; 4], 0);
    while octet < 256 {
        let (mut crc, mut bit) = (octet as u16, 0);
        while bit < 32 {
            crc = if crc & 1 == 1 { crc >> 1 ^ 0x8408 } else { crc >> 1 };
            bit += 1;
            if bit % 8 == 0 {
                steps[bit / 8 - 1][octet] = crc;
            }
        }
        octet += 1;
    }
    steps
};

/// The FCS over `mpdu`; a frame carries it least significant octet first.
pub fn fcs(mpdu: &[u8]) -> u16 {
    if cfg!(target_os = "none") { without_table(mpdu) } else { by_table(mpdu) }
}

/// For boards: the same in a few instructions an octet, without two kilobytes of constants.
fn without_table(mpdu: &[u8]) -> u16 {
    mpdu.iter().fold(0u16, |crc, octet| {
        let [low, high] = crc.to_le_bytes();
        let mixed = low ^ octet;
        let mixed = u16::from(mixed ^ (mixed << 4));
        u16::from(high) ^ (mixed << 8) ^ (mixed << 3) ^ (mixed >> 4)
    })
}

fn by_table(mpdu: &[u8]) -> u16 {
    let [last, third, second, first] = &STEPS;
    let step = |steps: &[u16; 256], octet: u8| steps.get(usize::from(octet)).copied().unwrap_or_default();
    let (words, rest) = mpdu.as_chunks::<4>();
    let crc = words.iter().fold(0u16, |crc, [a, b, c, d]| {
        let [low, high] = crc.to_le_bytes();
        step(first, low ^ a) ^ step(second, high ^ b) ^ step(third, *c) ^ step(last, *d)
    });
    rest.iter().fold(crc, |crc, octet| {
        let [low, high] = crc.to_le_bytes();
        step(last, low ^ octet) ^ u16::from(high)
    })
}

/// Turns an MPDU into a PSDU.
pub fn append_fcs(mpdu: &mut Vec<u8>) {
    let fcs = fcs(mpdu);
    mpdu.extend_from_slice(&fcs.to_le_bytes());
}

/// The MPDU inside `psdu`, or [`Error::Integrity`] if its FCS does not match.
pub fn check_fcs(psdu: &[u8]) -> Result<&[u8]> {
    let (mpdu, received) = psdu.split_last_chunk::<FCS_LENGTH>().ok_or(Error::Truncated("FCS"))?;
    if fcs(mpdu) == u16::from_le_bytes(*received) { Ok(mpdu) } else { Err(Error::Integrity("FCS")) }
}

/// Octets that a 32-bit FCS takes at the end of a PSDU.
pub const FCS32_LENGTH: usize = 4;

/// The 32-bit FCS over `mpdu`; a frame carries it least significant octet first. An MPDU of less than four octets
/// counts as one with zeros behind it.
pub fn fcs32(mpdu: &[u8]) -> u32 {
    let padding = FCS32_LENGTH.saturating_sub(mpdu.len());
    let octets = mpdu.iter().copied().chain(core::iter::repeat_n(0, padding));
    !octets.fold(u32::MAX, |crc, octet| {
        (0..8).fold(crc ^ u32::from(octet), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 })
    })
}

/// The MPDU inside `psdu`, or [`Error::Integrity`] if its 32-bit FCS does not match.
pub fn check_fcs32(psdu: &[u8]) -> Result<&[u8]> {
    let (mpdu, received) = psdu.split_last_chunk::<FCS32_LENGTH>().ok_or(Error::Truncated("FCS"))?;
    if fcs32(mpdu) == u32::from_le_bytes(*received) { Ok(mpdu) } else { Err(Error::Integrity("FCS")) }
}

/// What stands behind the MAC payload in a captured frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Trailer {
    /// Nothing.
    None,
    /// The 16-bit FCS.
    Fcs16,
    /// The 32-bit FCS.
    Fcs32,
    /// Two octets that TI CC24xx radios put in place of the FCS: RSSI, then bit 7 "FCS right" and the correlation.
    Cc24xx,
}

impl Trailer {
    /// Its octets.
    pub fn len(self) -> usize {
        match self {
            Self::None => 0,
            Self::Fcs16 | Self::Cc24xx => FCS_LENGTH,
            Self::Fcs32 => FCS32_LENGTH,
        }
    }

    /// Whether there is none.
    pub fn is_empty(self) -> bool {
        self == Self::None
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn boards_and_hosts_have_one_fcs(mpdu in proptest::collection::vec(any::<u8>(), 0..150)) {
            prop_assert_eq!(without_table(&mpdu), by_table(&mpdu));
        }
    }

    #[test]
    fn the_fcs_of_32_bits_is_the_crc_of_ethernet_and_pads_short_frames() {
        // The check value of CRC-32/ISO-HDLC.
        assert_eq!(fcs32(b"123456789"), 0xcbf4_3926);
        // IEEE 802.15.4-2015 section 7.2.10: zeros up to four octets.
        assert_eq!(fcs32(&[0x02, 0x00, 0x12]), fcs32(&[0x02, 0x00, 0x12, 0x00]));
        let mut psdu = b"abc".to_vec();
        psdu.extend(fcs32(b"abc").to_le_bytes());
        assert_eq!(check_fcs32(&psdu), Ok(b"abc".as_slice()));
        psdu[0] ^= 1;
        assert_eq!(check_fcs32(&psdu), Err(Error::Integrity("FCS")));
    }
}
