//! The software images of a case, for the reference device (`wire::software_image`): made and signed as its vendor would.

use protocols::credentials::SigningKey;
use sha2::{Digest, Sha256};
use suites::images::ImageKind;
use wire::ieee802154::append_fcs;
use wire::software_image::SoftwareImage;

use crate::seed;

/// The vendor's private key. It is no secret: it vouches for a device that is simulated or lies on a desk.
fn vendor_scalar() -> [u8; 32] {
    std::array::from_fn(|at| if at % 2 == 0 { 0xb0 } else { 0x07 })
}

/// And a stranger's.
const STRANGER_SCALAR: [u8; 32] = [7; 32];

/// Octets of the body that follow from the seed, in hashes; a checksum is behind them.
const BODY_SEEDS: u32 = 14;

/// An image for the reference device, signed.
pub fn image(case_seed: &[u8; 32], kind: ImageKind) -> Vec<u8> {
    let mut body: Vec<u8> =
        (0..BODY_SEEDS).flat_map(|number| seed::derive(case_seed, &format!("software image {number}"))).collect();
    append_fcs(&mut body);
    let version = node::SHIPPED_VERSION + if kind == ImageKind::Newer { 1 } else { 2 };
    let class = node::DEVICE_CLASS + u16::from(kind == ImageKind::Foreign);
    let scalar = if kind == ImageKind::Forged { STRANGER_SCALAR } else { vendor_scalar() };
    let image = SoftwareImage { class, version, body };
    let mut octets = image.to_vec().unwrap_or_else(|error| unreachable!("a short body: {error}"));
    let hash: [u8; 32] = Sha256::digest(&octets).into();
    let signature = SigningKey::from_scalar(&scalar).ok().and_then(|key| key.sign(&hash));
    octets.extend(signature.unwrap_or_else(|| unreachable!("a scalar of the curve")));
    if let Some(octet) = octets.get_mut(100).filter(|_| kind == ImageKind::Damaged) {
        *octet ^= 0x10;
    }
    octets
}
