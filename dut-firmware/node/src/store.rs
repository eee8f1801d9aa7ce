//! The persistent store: what flash holds, as typed records (`PROFILE-SEL` 12). `store_format` writes them down.
//!
//! Frame counters stay below a bound that is stored before they are used, so that none is used twice over a power cut, at
//! the cost of one write a block (`protocols::link_security::OutgoingCounter`). The bound, and the version of the software,
//! survive a factory reset: were the same key given to the device again, counters that it used before would repeat a CCM* nonce.

use alloc::vec::Vec;

pub use protocols::link_security::IncomingCounter;
use wire::Eui64;
use wire::ieee802154::SecurityLevel;
use wire::upper_tester::{Application, Installation, SecretKey};

use crate::anchor::TrustAnchor;
use crate::bounds;

/// Version of the layout of the records.
pub const FORMAT: u16 = 1;

/// The persistent content of a device.
#[derive(Clone, Default)]
pub struct Store {
    pub(crate) writes: u64,
    pub(crate) anchor: Option<TrustAnchor>,
    pub(crate) installation: Option<Installation>,
    pub(crate) routes: Vec<Route>,
    pub(crate) keys: Vec<NetworkKey>,
    pub(crate) frame_counter_bound: u32,
    pub(crate) all_secured: bool,
    pub(crate) close_seq: Option<u32>,
    pub(crate) incoming: Vec<IncomingCounter>,
    pub(crate) software: Option<u32>,
    pub(crate) application: Option<Application>,
    #[cfg(feature = "mutants")]
    pub(crate) power: Power,
}

/// Stores are equal if flash would hold the same.
impl PartialEq for Store {
    fn eq(&self, other: &Self) -> bool {
        self.encode() == other.encode()
    }
}

impl Eq for Store {}

/// When the power goes, counted in records written since the store was new: for tests on the host.
#[cfg(feature = "mutants")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PowerLoss {
    /// In the moment in which this record would be written: it is lost.
    Before(u64),
    /// As soon as this record is written.
    After(u64),
}

/// Whether there is power to write with.
#[cfg(feature = "mutants")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Power {
    goes: Option<PowerLoss>,
    is_gone: bool,
}

/// A downward host route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Route {
    /// Whose global address.
    pub dest: Eui64,
    /// The next hop.
    pub via: Eui64,
}

/// A network link key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetworkKey {
    /// Key index, 1 to 255.
    pub index: u8,
    /// Key identifier mode 1 always, see `PROFILE-SEL` 7.
    pub level: SecurityLevel,
    /// The key.
    pub key: SecretKey,
    /// The key source that came with it, if any; not used in mode 1.
    pub source: Option<Eui64>,
}

impl Store {
    /// Records written since the store was new: wear of the flash.
    pub fn writes(&self) -> u64 {
        self.writes
    }

    /// The octets of everything but the frame counters of neighbours and the count of writes: while they stay the same, a board
    /// may write those counters alone, by their places in [`Store::incoming`].
    pub fn encode_structure(&self) -> Vec<u8> {
        let mut structure = self.clone();
        structure.writes = 0;
        structure.incoming.iter_mut().for_each(|entry| entry.expected = 0);
        structure.encode()
    }

    /// Puts back a frame counter that a board wrote by its place when the store had `writes`; `false` if there is no such place.
    pub fn restore_incoming(&mut self, place: usize, expected: u32, writes: u64) -> bool {
        let Some(entry) = self.incoming.get_mut(place) else { return false };
        entry.expected = expected;
        self.writes = self.writes.max(writes);
        true
    }

    /// The trust anchor of manufacture.
    pub fn anchor(&self) -> Option<&TrustAnchor> {
        self.anchor.as_ref()
    }

    /// Role and site.
    pub fn installation(&self) -> Option<&Installation> {
        self.installation.as_ref()
    }

    /// Downward host routes.
    pub fn routes(&self) -> &[Route] {
        &self.routes
    }

    /// The network keys; the last one put is the one to send with.
    pub fn keys(&self) -> &[NetworkKey] {
        &self.keys
    }

    /// The key to send with: the one that was put last.
    pub fn transmit_key(&self) -> Option<&NetworkKey> {
        self.keys.last()
    }

    /// Whether a network key is held: the device is a 6SR.
    pub fn is_secured(&self) -> bool {
        !self.keys.is_empty()
    }

    /// `SEL` 5.3.
    pub fn all_secured(&self) -> bool {
        self.all_secured
    }

    /// The sequence number of the last close or re-opening taken.
    pub fn close_seq(&self) -> Option<u32> {
        self.close_seq
    }

    /// No frame counter at or above this bound was ever used.
    pub fn frame_counter_bound(&self) -> u32 {
        self.frame_counter_bound
    }

    /// Version of the software image that was taken last; `None` while it is the one of the factory.
    pub fn software(&self) -> Option<u32> {
        self.software
    }

    /// What the application does.
    pub fn application(&self) -> Option<&Application> {
        self.application.as_ref()
    }

    /// Stores which image is to be booted.
    pub fn set_software(&mut self, version: Option<u32>) {
        self.write(|store| store.software = version);
    }

    /// Stores what the application does.
    pub fn set_application(&mut self, application: Option<Application>) {
        self.write(|store| store.application = application);
    }

    /// Stores the trust anchor.
    pub fn set_anchor(&mut self, anchor: TrustAnchor) {
        self.write(|store| store.anchor = Some(anchor));
    }

    /// Stores the site.
    pub fn set_installation(&mut self, installation: Installation) {
        self.write(|store| store.installation = Some(installation));
    }

    /// Stores a route, in place of one to the same device; `false` if the table is full.
    pub fn set_route(&mut self, route: Route) -> bool {
        let known = self.routes.iter().position(|known| known.dest == route.dest);
        if known.is_none() && self.routes.len() >= bounds::ROUTES {
            return false;
        }
        self.write(|store| {
            store.routes.retain(|known| known.dest != route.dest);
            store.routes.push(route);
        });
        true
    }

    /// Stores a key, in place of one with the same index, and makes it the one to send with; `false` if the table is
    /// full. The same key once more writes nothing.
    pub fn set_key(&mut self, key: NetworkKey) -> bool {
        if self.keys.last() == Some(&key) {
            return true;
        }
        let known = self.keys.iter().any(|known| known.index == key.index);
        if !known && self.keys.len() >= bounds::KEYS {
            return false;
        }
        let changed = self.keys.iter().any(|known| known.index == key.index && known.key != key.key);
        self.write(|store| {
            if changed {
                store.incoming.retain(|entry| entry.key_index != key.index);
            }
            store.keys.retain(|known| known.index != key.index);
            store.keys.push(key);
        });
        true
    }

    /// Erases a key; `false` if there is none with this index. With the last key goes what belongs to its domain.
    pub fn erase_key(&mut self, index: u8) -> bool {
        if !self.keys.iter().any(|key| key.index == index) {
            return false;
        }
        self.write(|store| {
            store.keys.retain(|key| key.index != index);
            if store.keys.is_empty() {
                store.all_secured = false;
                store.close_seq = None;
            }
            store.incoming.retain(|entry| entry.key_index != index);
        });
        true
    }

    /// Erases every key.
    pub(crate) fn erase_keys(&mut self) {
        let indices: Vec<u8> = self.keys.iter().map(|key| key.index).collect();
        for index in indices {
            self.erase_key(index);
        }
    }

    /// Stores ALL_SECURED and the sequence number it came with.
    pub fn set_all_secured(&mut self, all_secured: bool, seq: u32) {
        self.write(|store| (store.all_secured, store.close_seq) = (all_secured, Some(seq)));
    }

    /// Stores the bound that frame counters stay below: to be written before the first of them is used.
    pub fn set_frame_counter_bound(&mut self, bound: u32) {
        self.write(|store| store.frame_counter_bound = bound);
    }

    /// What was received from neighbours: the lowest frame counters still to be taken.
    pub fn incoming(&self) -> &[IncomingCounter] {
        &self.incoming
    }

    /// The lowest frame counter of a neighbour that is taken after a restart; `None` if nothing of it is stored.
    pub(crate) fn incoming_of(&self, source: Eui64, key_index: u8) -> Option<u32> {
        let same = |known: &&IncomingCounter| known.source == source && known.key_index == key_index;
        self.incoming.iter().find(same).map(|known| known.expected)
    }

    /// Stores a neighbour's frame counter, unless it is stored so already. A full table takes no other neighbour.
    pub fn set_incoming(&mut self, entry: IncomingCounter) {
        let known = self.incoming_of(entry.source, entry.key_index);
        if known == Some(entry.expected) || known.is_none() && self.incoming.len() >= bounds::NEIGHBOURS {
            return;
        }
        let same = |known: &&mut IncomingCounter| known.source == entry.source && known.key_index == entry.key_index;
        self.write(|store| match store.incoming.iter_mut().find(same) {
            Some(known) => known.expected = entry.expected,
            None => store.incoming.push(entry),
        });
    }

    /// Forgets what was received from whom: what the mutant of that name does.
    pub(crate) fn forget_incoming(&mut self) {
        self.write(|store| store.incoming.clear());
    }

    /// Forgets the close sequence number: what the mutant of that name does.
    pub(crate) fn forget_close_seq(&mut self) {
        self.write(|store| store.close_seq = None);
    }

    /// Erases everything but the bound of frame counters and the count of writes.
    pub fn erase(&mut self) {
        self.write(|store| {
            store.anchor = None;
            store.installation = None;
            store.routes.clear();
            store.keys.clear();
            store.all_secured = false;
            store.close_seq = None;
            store.incoming.clear();
            store.application = None;
        });
    }

    /// The one place in which records are written: each of them whole or not at all.
    fn write(&mut self, change: impl FnOnce(&mut Self)) {
        let record = self.writes.saturating_add(1);
        #[cfg(feature = "mutants")]
        if self.power.is_gone || self.power.goes == Some(PowerLoss::Before(record)) {
            self.power.is_gone = true;
            return;
        }
        change(self);
        self.writes = record;
        #[cfg(feature = "mutants")]
        if self.power.goes == Some(PowerLoss::After(record)) {
            self.power.is_gone = true;
        }
    }
}

/// Power cuts at writes, for tests on the host.
#[cfg(feature = "mutants")]
impl Store {
    /// Says when the power is to go; after that nothing is written any more.
    pub fn cut_power(&mut self, at: PowerLoss) {
        self.power.goes = Some(at);
    }

    /// Whether it has gone: the device has to be stopped before it does anything else.
    pub fn power_is_gone(&self) -> bool {
        self.power.is_gone
    }
}
