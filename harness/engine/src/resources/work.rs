//! What a device says of its own work, in its event `cost`.

use reports::DeviceWork;

use crate::judge::Pdu;

/// What the device says of its own work.
pub(super) fn device_work(pdu: &Pdu) -> Option<DeviceWork> {
    let told = |name: &str| pdu.values(name).next()?.to_string().parse::<u64>().ok();
    Some(DeviceWork {
        aes_blocks: told("ut.aes_blocks")?,
        sha256_blocks: told("ut.sha256_blocks")?,
        point_multiplications: told("ut.point_multiplications")?,
        buffer_octets: told("ut.buffer_octets")?,
    })
}
