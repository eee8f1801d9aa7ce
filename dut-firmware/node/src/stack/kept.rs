//! What the stack keeps over a reset: downward routes, link keys, the bound of its frame counter, and the frame counters of
//! neighbours.
//!
//! Frame counters stay below a bound that is stored before they are used, so that none is used twice over a power cut, at the
//! cost of one write a block (`protocols::link_security::OutgoingCounter`). The bound survives a factory reset: were the same
//! key given to the device again, counters that it used before would repeat a CCM* nonce.

use alloc::vec::Vec;
use core::ops::RangeInclusive;

use protocols::link_security::IncomingCounter;
use wire::ieee802154::SecurityLevel;
use wire::reader::Reader;
use wire::upper_tester::SecretKey;
use wire::{Error, Eui64, Result};

use crate::bounds;
use crate::flash::Flash;
use crate::section::Section;

const ROUTE: u8 = 4;
const KEY: u8 = 5;
const FRAME_COUNTER_BOUND: u8 = 6;
const INCOMING: u8 = 9;
/// A key of another domain than the first: the domain comes before what [`KEY`] has.
const KEY_OF_DOMAIN: u8 = 19;

/// A downward host route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Route {
    /// Whose global address.
    pub dest: Eui64,
    /// The next hop.
    pub via: Eui64,
}

/// Who brought a key: every mechanism that keys a device has a number of its own. A device may hold keys of two at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Domain(pub u8);

/// What names a key of this device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct KeyId {
    pub(crate) domain: Domain,
    pub(crate) index: u8,
}

/// A network link key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetworkKey {
    /// Who brought it.
    pub domain: Domain,
    /// Key index, 1 to 255.
    pub index: u8,
    /// Key identifier mode 1 always, see `PROFILE-SEL` 7.
    pub level: SecurityLevel,
    /// The key.
    pub key: SecretKey,
    /// The key source that came with it, if any; not used in mode 1.
    pub source: Option<Eui64>,
}

impl NetworkKey {
    pub(crate) fn id(&self) -> KeyId {
        KeyId { domain: self.domain, index: self.index }
    }
}

/// Routes, keys and the bound of the frame counter.
#[derive(Clone, Default)]
pub(crate) struct Kept {
    routes: Vec<Route>,
    keys: Vec<NetworkKey>,
    frame_counter_bound: u32,
}

impl Kept {
    /// Downward host routes.
    pub(crate) fn routes(&self) -> &[Route] {
        &self.routes
    }

    /// The keys; the last one put is the one to send with.
    pub(crate) fn keys(&self) -> &[NetworkKey] {
        &self.keys
    }

    /// The key to send with: the one that was put last.
    pub(crate) fn transmit_key(&self) -> Option<&NetworkKey> {
        self.keys.last()
    }

    /// The key to send with over a link that this key marked: the last one of its domain.
    pub(crate) fn transmit_key_beside(&self, marked_by: KeyId) -> Option<&NetworkKey> {
        self.keys.iter().rev().find(|key| key.domain == marked_by.domain).or(self.transmit_key())
    }

    /// Whether a key is held.
    pub(crate) fn is_keyed(&self) -> bool {
        !self.keys.is_empty()
    }

    /// No frame counter at or above this bound was ever used.
    pub(crate) fn frame_counter_bound(&self) -> u32 {
        self.frame_counter_bound
    }

    /// Stores a route, in place of one to the same device; `false` if the table is full.
    pub(crate) fn set_route(&mut self, flash: &mut Flash, route: Route) -> bool {
        let known = self.routes.iter().position(|known| known.dest == route.dest);
        if known.is_none() && self.routes.len() >= bounds::ROUTES {
            return false;
        }
        flash.record(|| {
            self.routes.retain(|known| known.dest != route.dest);
            self.routes.push(route);
        });
        true
    }

    /// Stores a key, in place of one with the same index, and makes it the one to send with; `false` if the table is
    /// full. The same key once more writes nothing.
    pub(crate) fn set_key(&mut self, heard: &mut Heard, flash: &mut Flash, key: NetworkKey) -> bool {
        if self.keys.last() == Some(&key) {
            return true;
        }
        let known = self.keys.iter().find(|known| known.index == key.index);
        if known.is_none() && self.keys.len() >= bounds::KEYS {
            return false;
        }
        let changed = known.is_some_and(|known| known.key != key.key);
        flash.record(|| {
            if changed {
                heard.forget_key(key.index);
            }
            self.keys.retain(|known| known.index != key.index);
            self.keys.push(key);
        });
        true
    }

    /// Takes a key out of a record that is being written.
    pub(crate) fn remove_key(&mut self, heard: &mut Heard, index: u8) {
        self.keys.retain(|key| key.index != index);
        heard.forget_key(index);
    }

    /// Stores the bound that frame counters stay below: to be written before the first of them is used.
    pub(crate) fn set_frame_counter_bound(&mut self, flash: &mut Flash, bound: u32) {
        flash.record(|| self.frame_counter_bound = bound);
    }

    /// What a mutant goes on with.
    #[cfg(feature = "mutants")]
    pub(crate) fn without_routes(self) -> Self {
        Self { routes: Vec::new(), ..self }
    }

    /// Everything but the bound goes, in a record that is being written.
    pub(crate) fn erase(&mut self) {
        self.routes.clear();
        self.keys.clear();
    }
}

impl Section for Kept {
    const KINDS: &'static [RangeInclusive<u8>] = &[ROUTE..=FRAME_COUNTER_BOUND, KEY_OF_DOMAIN..=KEY_OF_DOMAIN];

    fn encode(&self, record: &mut dyn FnMut(u8, &[u8])) {
        for route in &self.routes {
            record(ROUTE, &[route.dest.0, route.via.0].concat());
        }
        for key in &self.keys {
            let source = key.source.map_or(Vec::new(), |source| source.0.to_vec());
            let value = [&[key.domain.0, key.index, key.level.number()], &key.key.0[..], &source].concat();
            match value.split_first() {
                Some((&0, value)) => record(KEY, value),
                _ => record(KEY_OF_DOMAIN, &value),
            }
        }
        record(FRAME_COUNTER_BOUND, &self.frame_counter_bound.to_be_bytes());
    }

    fn decode(&mut self, kind: u8, value: &mut Reader<'_>) -> Result<()> {
        match kind {
            ROUTE if self.routes.len() < bounds::ROUTES => {
                self.routes.push(Route { dest: eui64(value)?, via: eui64(value)? });
            }
            KEY | KEY_OF_DOMAIN if self.keys.len() < bounds::KEYS => self.keys.push(NetworkKey {
                domain: if kind == KEY { Domain::default() } else { Domain(value.u8("domain")?) },
                index: value.u8("key index")?,
                level: SecurityLevel::from_bits(value.u8("security level")?),
                key: SecretKey(value.array("key")?),
                source: if value.is_empty() { None } else { Some(eui64(value)?) },
            }),
            FRAME_COUNTER_BOUND => self.frame_counter_bound = value.u32_be("frame counter bound")?,
            _ => return Err(Error::Malformed("more records than a device may hold")),
        }
        Ok(())
    }
}

/// The frame counters of neighbours: the lowest ones that are still taken.
#[derive(Clone, Default)]
pub(crate) struct Heard(Vec<IncomingCounter>);

impl Heard {
    /// All of them, in their places.
    pub(crate) fn counters(&self) -> &[IncomingCounter] {
        &self.0
    }

    /// The lowest frame counter of a neighbour that is taken after a restart; `None` if nothing of it is stored.
    pub(crate) fn expected(&self, source: Eui64, key_index: u8) -> Option<u32> {
        let same = |known: &&IncomingCounter| known.source == source && known.key_index == key_index;
        self.0.iter().find(same).map(|known| known.expected)
    }

    /// Stores a neighbour's frame counter, unless it is stored so already. A full table takes no other neighbour.
    pub(crate) fn set(&mut self, flash: &mut Flash, entry: IncomingCounter) {
        let known = self.expected(entry.source, entry.key_index);
        if known == Some(entry.expected) || known.is_none() && self.0.len() >= bounds::NEIGHBOURS {
            return;
        }
        let same = |known: &&mut IncomingCounter| known.source == entry.source && known.key_index == entry.key_index;
        flash.record(|| match self.0.iter_mut().find(same) {
            Some(known) => known.expected = entry.expected,
            None => self.0.push(entry),
        });
    }

    /// Puts a counter in its place.
    pub(crate) fn restore(&mut self, place: usize, expected: u32) {
        if let Some(entry) = self.0.get_mut(place) {
            entry.expected = expected;
        }
    }

    /// All of them at 0, each in its place.
    pub(crate) fn places(&self) -> Self {
        Self(self.0.iter().map(|entry| IncomingCounter { expected: 0, ..*entry }).collect())
    }

    /// All go, in a record that is being written.
    pub(crate) fn erase(&mut self) {
        self.0.clear();
    }

    fn forget_key(&mut self, index: u8) {
        self.0.retain(|entry| entry.key_index != index);
    }
}

impl Section for Heard {
    const KINDS: &'static [RangeInclusive<u8>] = &[INCOMING..=INCOMING];

    fn encode(&self, record: &mut dyn FnMut(u8, &[u8])) {
        for entry in &self.0 {
            record(INCOMING, &[&entry.source.0[..], &[entry.key_index], &entry.expected.to_be_bytes()].concat());
        }
    }

    fn decode(&mut self, _: u8, value: &mut Reader<'_>) -> Result<()> {
        if self.0.len() >= bounds::NEIGHBOURS {
            return Err(Error::Malformed("more records than a device may hold"));
        }
        self.0.push(IncomingCounter {
            source: eui64(value)?,
            key_index: value.u8("key index")?,
            expected: value.u32_be("frame counter")?,
        });
        Ok(())
    }
}

fn eui64(value: &mut Reader<'_>) -> Result<Eui64> {
    Ok(Eui64(value.array("EUI-64")?))
}
