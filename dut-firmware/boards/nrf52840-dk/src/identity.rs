//! What the chip says of itself (product specification 4.4 and 6.19).

use embassy_nrf::Peri;
use embassy_nrf::pac;
use embassy_nrf::peripherals::RNG;
use embassy_nrf::rng::Rng;
use wire::Eui64;

/// Nordic's OUI, under which the chip's own number makes an EUI-64 as Nordic's stacks make it.
const OUI: [u8; 3] = [0xf4, 0xce, 0x36];

/// The extended address.
pub fn eui64() -> Eui64 {
    let [a, b, c, d] = pac::FICR.deviceid(0).read().to_be_bytes();
    let [.., low] = pac::FICR.deviceid(1).read().to_be_bytes();
    let [x, y, z] = OUI;
    Eui64([x, y, z, low, a, b, c, d])
}

/// Octets of the hardware's random number generator, its bias corrected.
pub fn entropy_seed(rng: Peri<'static, RNG>) -> [u8; 32] {
    let mut rng = Rng::new_blocking(rng);
    rng.set_bias_correction(true);
    let mut seed = [0; 32];
    rng.blocking_fill_bytes(&mut seed);
    seed
}
