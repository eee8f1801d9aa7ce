//! The frame check sequence: the 16-bit ITU-T CRC (IEEE 802.15.4-2006 section 7.2.1.9).

use alloc::vec::Vec;

use crate::{Error, Result};

/// Octets that the FCS takes at the end of a PSDU.
pub const FCS_LENGTH: usize = 2;

/// The FCS over `mpdu`; a frame carries it least significant octet first.
pub fn fcs(mpdu: &[u8]) -> u16 {
    mpdu.iter().fold(0u16, |crc, octet| {
        (0..8).fold(crc ^ u16::from(*octet), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0x8408 } else { crc >> 1 })
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
