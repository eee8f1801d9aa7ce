//! Times and limits of the 2.4 GHz O-QPSK PHY and of the MAC on it (IEEE 802.15.4-2006 6.4, 6.5, 7.4.2).

use core::time::Duration;

/// One octet on air: two symbols of 16 us.
pub const OCTET: Duration = Duration::from_micros(32);
/// Octets before the PSDU: preamble, start of frame delimiter, PHY header.
pub const PHY_OVERHEAD: u32 = 6;
/// aUnitBackoffPeriod, 20 symbols.
pub const UNIT_BACKOFF: Duration = Duration::from_micros(320);
/// A clear channel assessment, 8 symbols.
pub const CCA: Duration = Duration::from_micros(128);
/// aTurnaroundTime, 12 symbols: from receiving to sending and back.
pub const TURNAROUND: Duration = Duration::from_micros(192);
/// macAckWaitDuration, 54 symbols, from the frame's end.
pub const ACK_WAIT: Duration = Duration::from_micros(864);
/// Silence after a frame of at most [`SHORT_FRAME`] octets, 12 symbols.
pub const SHORT_SPACING: Duration = Duration::from_micros(192);
/// Silence after a longer frame, 40 symbols.
pub const LONG_SPACING: Duration = Duration::from_micros(640);
/// aMaxSIFSFrameSize.
pub const SHORT_FRAME: usize = 18;
/// macMinBE.
pub const MIN_BE: u32 = 3;
/// macMaxBE.
pub const MAX_BE: u32 = 5;
/// macMaxCSMABackoffs.
pub const MAX_BACKOFFS: u32 = 4;
/// macMaxFrameRetries.
pub const MAX_RETRIES: u32 = 3;
/// How long a PSDU is on air, its PHY header included.
pub fn air_time(psdu_length: usize) -> Duration {
    OCTET * u32::try_from(psdu_length).unwrap_or(u32::MAX).saturating_add(PHY_OVERHEAD)
}
