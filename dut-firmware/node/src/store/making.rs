//! Stores that no device wrote, and what is in one: for tests. A device writes its store itself, and looks into it from the inside.

use protocols::link_security::IncomingCounter;

use super::{NetworkKey, Route, Store};
#[cfg(feature = "mutants")]
use crate::flash::PowerLoss;
use crate::life::anchor::TrustAnchor;

/// Stores are equal if flash would hold the same.
impl PartialEq for Store {
    fn eq(&self, other: &Self) -> bool {
        self.encode() == other.encode()
    }
}

impl Eq for Store {}

/// For who makes a store that no device wrote: a record each.
impl Store {
    /// Stores the trust anchor.
    pub fn set_anchor(&mut self, anchor: TrustAnchor) {
        self.flash.record(|| self.given.anchor = Some(anchor));
    }

    /// Stores a route, in place of one to the same device; `false` if the table is full.
    pub fn set_route(&mut self, route: Route) -> bool {
        self.kept.set_route(&mut self.flash, route)
    }

    /// Stores a key, in place of one with the same index, and makes it the one to send with; `false` if the table is
    /// full. The same key once more writes nothing.
    pub fn set_key(&mut self, key: NetworkKey) -> bool {
        self.kept.set_key(&mut self.heard, &mut self.flash, key)
    }

    /// Stores the bound that frame counters stay below.
    pub fn set_frame_counter_bound(&mut self, bound: u32) {
        self.kept.set_frame_counter_bound(&mut self.flash, bound);
    }

    /// Stores ALL_SECURED and the sequence number it came with.
    #[cfg(feature = "selective")]
    pub fn set_all_secured(&mut self, all_secured: bool, seq: u32) {
        let Self { flash, mechanisms, .. } = self;
        flash.record(|| {
            (mechanisms.selective.all_secured, mechanisms.selective.close_seq) = (all_secured, Some(seq));
        });
    }

    /// Stores a neighbour's frame counter, unless it is stored so already. A full table takes no other neighbour.
    pub fn set_incoming(&mut self, entry: IncomingCounter) {
        self.heard.set(&mut self.flash, entry);
    }
}

/// What is in it.
impl Store {
    /// The network keys; the last one put is the one to send with.
    pub fn keys(&self) -> &[NetworkKey] {
        self.kept.keys()
    }

    /// No frame counter at or above this bound was ever used.
    pub fn frame_counter_bound(&self) -> u32 {
        self.kept.frame_counter_bound()
    }
}

/// What a device holds, and power cuts at writes: for tests on the host.
#[cfg(feature = "mutants")]
impl Store {
    /// The trust anchor of manufacture.
    pub fn anchor(&self) -> Option<&TrustAnchor> {
        self.given.anchor.as_ref()
    }

    /// Whether it was installed.
    pub fn is_installed(&self) -> bool {
        self.given.installation.is_some()
    }

    /// Whether a network key is held.
    pub fn is_secured(&self) -> bool {
        self.kept.is_keyed()
    }

    /// ALL_SECURED (`SEL` 5.3), and the sequence number of the last close or re-opening taken.
    #[cfg(feature = "selective")]
    pub fn all_secured(&self) -> (bool, Option<u32>) {
        (self.mechanisms.selective.all_secured, self.mechanisms.selective.close_seq)
    }

    /// Says when the power is to go; after that nothing is written any more.
    pub fn cut_power(&mut self, at: PowerLoss) {
        self.flash.cut_power(at);
    }

    /// Whether it has gone: the device has to be stopped before it does anything else.
    pub fn power_is_gone(&self) -> bool {
        self.flash.power_is_gone()
    }
}
