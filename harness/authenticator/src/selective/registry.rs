//! Who asked to be secured: received JSRs (`SEL` 5.3.1, `PROFILE-SEL` 18).

use std::net::Ipv6Addr;

use wire::Eui64;

/// Most JSRs that are remembered.
pub const MAX_REQUESTS: usize = 64;

/// A claim to be the device with this EUI-64 at this address. Anybody can make it: only the handshake proves it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Claimant {
    pub(super) eui64: Eui64,
    pub(super) address: Ipv6Addr,
    /// A JSR came since the last handshake with it began.
    pub(super) is_due: bool,
}

/// Claimants in the order of their first JSR.
#[derive(Debug, Clone, Default)]
pub(super) struct Registry {
    pub(super) claimants: Vec<Claimant>,
}

impl Registry {
    /// Remembers a JSR; `false`: there is no room. A flood of invented devices must not push out who came before; only a
    /// JSR that somebody waits for (`is_selected`) takes the place of the latest one that nobody waits for.
    pub(super) fn remember(&mut self, eui64: Eui64, address: Ipv6Addr, is_selected: impl Fn(Eui64) -> bool) -> bool {
        let known = self.claimants.iter_mut().find(|known| known.eui64 == eui64 && known.address == address);
        if let Some(known) = known {
            known.is_due = true;
            return true;
        }
        if self.claimants.len() >= MAX_REQUESTS {
            let replaceable = self.claimants.iter().rposition(|known| !is_selected(known.eui64));
            match replaceable.filter(|_| is_selected(eui64)) {
                Some(at) => drop(self.claimants.remove(at)),
                None => return false,
            }
        }
        self.claimants.push(Claimant { eui64, address, is_due: true });
        true
    }

    /// The next claimant of `eui64` to be tried, at an address that is free; it is not due again before its next JSR.
    pub(super) fn take_due(&mut self, eui64: Eui64, is_free: impl Fn(Ipv6Addr) -> bool) -> Option<Ipv6Addr> {
        let is_next =
            |claimant: &&mut Claimant| claimant.eui64 == eui64 && claimant.is_due && is_free(claimant.address);
        let claimant = self.claimants.iter_mut().find(is_next)?;
        claimant.is_due = false;
        Some(claimant.address)
    }

    /// Makes a claimant due without a JSR.
    pub(super) fn renew(&mut self, eui64: Eui64, address: Ipv6Addr) {
        let is_meant = |claimant: &&mut Claimant| claimant.eui64 == eui64 && claimant.address == address;
        if let Some(claimant) = self.claimants.iter_mut().find(is_meant) {
            claimant.is_due = true;
        }
    }

    /// Addresses that claimed `eui64`, in the order of their first JSR.
    pub(super) fn addresses(&self, eui64: Eui64) -> impl Iterator<Item = Ipv6Addr> {
        self.claimants.iter().filter(move |claimant| claimant.eui64 == eui64).map(|claimant| claimant.address)
    }

    /// Forgets every claim to be `eui64`.
    pub(super) fn forget(&mut self, eui64: Eui64) {
        self.claimants.retain(|claimant| claimant.eui64 != eui64);
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.claimants.len()
    }
}
