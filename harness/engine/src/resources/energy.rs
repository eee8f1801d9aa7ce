//! The model behind the report's energy estimate: a microcontroller of the Cortex-M4 class with a radio for 2.4 GHz, both at
//! 3 V. The figures are ours, of the size that such parts have; they make bootstraps comparable, not batteries predictable.
//!
//! Energy is reckoned in nanojoules, from whole numbers only, so that it repeats exactly.

use reports::DeviceWork;

/// Microwatts while sending at 0 dBm: 3 V, 5 mA.
const SENDING: u64 = 15_000;
/// Microwatts while receiving: 3 V, 5 mA.
const RECEIVING: u64 = 15_000;
/// Microwatts while computing: 3 V, 3.2 mA.
const COMPUTING: u64 = 9_600;

/// Cycles of the processor a microsecond: 64 MHz.
const CYCLES_PER_MICROSECOND: u64 = 64;
/// Cycles of an AES-128 block in software.
const AES_BLOCK: u64 = 1_500;
/// Cycles of a SHA-256 compression in software.
const SHA256_BLOCK: u64 = 4_000;
/// Cycles of a scalar multiplication on P-256 in software.
const POINT_MULTIPLICATION: u64 = 2_000_000;

/// Nanojoules for airtimes in nanoseconds. Listening before and between the frames is not in it.
pub(super) fn radio(sent: u64, received: u64) -> u64 {
    SENDING.saturating_mul(sent).saturating_add(RECEIVING.saturating_mul(received)) / 1_000_000
}

/// Nanojoules for what the device computed.
pub(super) fn computing(work: DeviceWork) -> u64 {
    let cycles = work.aes_blocks.saturating_mul(AES_BLOCK)
        + work.sha256_blocks.saturating_mul(SHA256_BLOCK)
        + work.point_multiplications.saturating_mul(POINT_MULTIPLICATION);
    COMPUTING.saturating_mul(cycles) / CYCLES_PER_MICROSECOND / 1_000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_millisecond_on_the_air_and_a_multiplication_cost_what_the_model_says() {
        // 15 mW for 1 ms are 15 uJ, for 1 ms each way 30 uJ.
        assert_eq!(radio(1_000_000, 0), 15_000);
        assert_eq!(radio(1_000_000, 1_000_000), 30_000);
        let work = DeviceWork { point_multiplications: 1, ..DeviceWork::default() };
        // 2,000,000 cycles at 64 MHz are 31.25 ms, at 9.6 mW 300 uJ.
        assert_eq!(computing(work), 300_000);
    }
}
