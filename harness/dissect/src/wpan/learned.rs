//! Short addresses that were given out in sight of the dissector: what frames with one need for their nonce.

use alloc::vec::Vec;

use wire::Eui64;
use wire::ieee802154::{PanId, ShortAddress};

/// Short addresses that are remembered; the one that was learned first gives way.
const MOST: usize = 256;

struct Entry {
    pan: PanId,
    short: ShortAddress,
    eui64: Eui64,
    number: u64,
}

/// The frame number of what no frame told.
pub(in super::super) const NOT_SEEN: u64 = 0;

/// Extended addresses by PAN and short address.
#[derive(Default)]
pub(in super::super) struct ShortAddresses {
    entries: Vec<Entry>,
}

impl ShortAddresses {
    /// The extended address, and the number of the frame that told it; 0 if no frame did.
    pub(super) fn get(&self, pan: PanId, short: ShortAddress) -> Option<(Eui64, u64)> {
        let found = self.entries.iter().find(|entry| (entry.pan, entry.short) == (pan, short))?;
        Some((found.eui64, found.number))
    }

    /// The short addresses of a device.
    pub(in super::super) fn of(&self, eui64: Eui64) -> impl Iterator<Item = ShortAddress> {
        self.entries.iter().filter(move |entry| entry.eui64 == eui64).map(|entry| entry.short)
    }

    /// Frame `number` gave `eui64` a short address.
    pub(in super::super) fn learn(&mut self, pan: PanId, short: ShortAddress, eui64: Eui64, number: u64) {
        self.entries.retain(|entry| (entry.pan, entry.short) != (pan, short));
        if self.entries.len() >= MOST {
            self.entries.remove(0);
        }
        self.entries.push(Entry { pan, short, eui64, number });
    }

    /// The device has left.
    pub(super) fn forget(&mut self, eui64: Eui64) {
        self.entries.retain(|entry| entry.eui64 != eui64);
    }
}
