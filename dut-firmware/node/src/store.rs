//! The persistent store: what flash holds, as records (`PROFILE-SEL` 12). Who keeps what is in the sections of its owners.
//!
//! `BTRK`, the version (u16), then records of kind (u8), length (u16) and value, in any order, big-endian; the FCS of
//! IEEE 802.15.4 over all of it ends the store. A record of a kind that is not known is an error: it may be one that the
//! device must not lose.

mod making;

use alloc::vec::Vec;

pub use protocols::link_security::IncomingCounter;
use wire::ieee802154::{append_fcs, check_fcs};
use wire::reader::Reader;
use wire::{Error, Result};

use crate::flash::Flash;
use crate::life::{Given, Tasks};
use crate::registry::Sections;
use crate::section::{Section, keeps};
pub use crate::stack::{Domain, NetworkKey, Route};
use crate::stack::{Heard, Kept};

/// Version of the layout of the records.
pub const FORMAT: u16 = 1;

const MAGIC: [u8; 4] = *b"BTRK";
const WRITES: u8 = 1;

/// The persistent content of a device.
#[derive(Clone, Default)]
pub struct Store {
    pub(crate) flash: Flash,
    pub(crate) given: Given,
    pub(crate) kept: Kept,
    pub(crate) mechanisms: Sections,
    pub(crate) tasks: Tasks,
    pub(crate) heard: Heard,
}

impl Store {
    /// The octets to write to flash.
    pub fn encode(&self) -> Vec<u8> {
        let mut octets = Vec::from(MAGIC);
        octets.extend(FORMAT.to_be_bytes());
        let mut record = |kind: u8, value: &[u8]| {
            octets.push(kind);
            // No record is longer than a credential may be (`bounds::CREDENTIAL_OCTETS`).
            let [.., high, low] = value.len().to_be_bytes();
            octets.extend([high, low]);
            octets.extend(value);
        };
        record(WRITES, &self.flash.writes.to_be_bytes());
        self.given.encode(&mut record);
        self.kept.encode(&mut record);
        self.mechanisms.encode(&mut record);
        self.tasks.encode(&mut record);
        self.heard.encode(&mut record);
        append_fcs(&mut octets);
        octets
    }

    /// Reads what [`Store::encode`] wrote.
    ///
    /// # Errors
    /// [`Error`] if it is damaged, of another version, or holds more than a device may.
    pub fn decode(octets: &[u8]) -> Result<Self> {
        let content = check_fcs(octets)?;
        let mut reader = Reader::new(content);
        if reader.array("magic")? != MAGIC {
            return Err(Error::Malformed("no store"));
        }
        if reader.u16_be("format")? != FORMAT {
            return Err(Error::Unsupported("format of the store"));
        }
        let mut store = Self::default();
        while !reader.is_empty() {
            let kind = reader.u8("record kind")?;
            let length = reader.u16_be("record length")?;
            let mut value = Reader::new(reader.take(length.into(), "record")?);
            store.decode_record(kind, &mut value)?;
            if !value.is_empty() {
                return Err(Error::Malformed("record longer than its kind"));
            }
        }
        Ok(store)
    }

    fn decode_record(&mut self, kind: u8, value: &mut Reader<'_>) -> Result<()> {
        match kind {
            WRITES => self.flash.writes = value.u64_be("writes")?,
            _ if keeps::<Given>(kind) => self.given.decode(kind, value)?,
            _ if keeps::<Kept>(kind) => self.kept.decode(kind, value)?,
            _ if keeps::<Tasks>(kind) => self.tasks.decode(kind, value)?,
            _ if keeps::<Heard>(kind) => self.heard.decode(kind, value)?,
            _ => self.mechanisms.decode(kind, value)?,
        }
        Ok(())
    }

    /// Records written since the store was new: wear of the flash.
    pub fn writes(&self) -> u64 {
        self.flash.writes
    }

    /// The octets of everything but the frame counters of neighbours and the count of writes: while they stay the same, a board
    /// may write those counters alone, by their places in [`Store::incoming`].
    pub fn encode_structure(&self) -> Vec<u8> {
        let mut structure = Self { heard: self.heard.places(), ..self.clone() };
        structure.flash.writes = 0;
        structure.encode()
    }

    /// Puts back a frame counter that a board wrote by its place in [`Store::incoming`] when the store had `writes`.
    pub fn restore_incoming(&mut self, place: usize, expected: u32, writes: u64) {
        self.heard.restore(place, expected);
        self.flash.writes = self.flash.writes.max(writes);
    }

    /// What was received from neighbours: the lowest frame counters still to be taken.
    pub fn incoming(&self) -> &[IncomingCounter] {
        self.heard.counters()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::life::anchor::{KeyPair, SecretScalar, TrustAnchor};
    use core::net::Ipv6Addr;
    use wire::Eui64;
    use wire::ieee802154::SecurityLevel;
    use wire::upper_tester::{Application, Find, Installation, Role, Routing, SecretKey, SecretOctets, Trigger};

    fn full() -> Store {
        let mut store = Store::default();
        store.set_anchor(TrustAnchor::Psk(SecretOctets(alloc::vec![1; 16])));
        let site = Installation {
            role: Role::SixLbr,
            channel: 26,
            pan_id: 0xb007,
            ct: Ipv6Addr::UNSPECIFIED,
            find: Some(Find::DnsSd(Ipv6Addr::LOCALHOST)),
            routing: Routing::Rpl,
            parent: Some(Eui64([2; 8])),
            trigger: Trigger::Selection,
        };
        store.flash.record(|| store.given.installation = Some(site));
        assert!(store.set_route(Route { dest: Eui64([3; 8]), via: Eui64([4; 8]) }));
        let (domain, level) = (Domain::default(), SecurityLevel::EncMic32);
        let key = NetworkKey { domain, index: 1, level, key: SecretKey([5; 16]), source: None };
        assert!(store.set_key(key.clone()));
        assert!(store.set_key(NetworkKey { index: 2, source: Some(Eui64([6; 8])), ..key }));
        store.set_frame_counter_bound(1024);
        store.tasks.set_software(&mut store.flash, Some(3));
        let application = Application { dest: Ipv6Addr::LOCALHOST, port: 7, interval_s: 5, data: Vec::from([1]) };
        store.tasks.set_application(&mut store.flash, Some(application));
        #[cfg(feature = "selective")]
        store.flash.record(|| {
            (store.mechanisms.selective.all_secured, store.mechanisms.selective.close_seq) = (true, Some(7));
        });
        store.set_incoming(IncomingCounter { source: Eui64([8; 8]), key_index: 1, expected: 9 });
        store
    }

    #[test]
    fn a_store_survives_encoding() {
        let pair = KeyPair {
            key: SecretScalar([9; 32]),
            certificate: Vec::from([1; 400]),
            issuer: Vec::new(),
            root: Vec::from([2; 91]),
            revoked: Vec::from([[3; 32], [4; 32]]),
        };
        let mut certified = full();
        certified.set_anchor(TrustAnchor::KeyPair(pair));
        for store in [Store::default(), full(), certified] {
            assert!(Store::decode(&store.encode()) == Ok(store));
        }
    }

    #[test]
    fn a_damaged_store_is_no_store() {
        let octets = full().encode();
        for at in 0..octets.len() {
            let mut damaged = octets.clone();
            damaged[at] ^= 0x10;
            assert!(Store::decode(&damaged).is_err(), "octet {at}");
            assert!(Store::decode(&octets[..at]).is_err(), "length {at}");
        }
    }

    #[test]
    fn a_store_of_another_version_or_with_an_unknown_record_is_refused() {
        let with = |change: fn(&mut Vec<u8>)| {
            let mut octets = full().encode();
            octets.truncate(octets.len() - 2);
            change(&mut octets);
            append_fcs(&mut octets);
            Store::decode(&octets)
        };
        assert!(with(|octets| octets[5] = 2) == Err(Error::Unsupported("format of the store")));
        assert!(with(|octets| octets.extend([99, 0, 0])) == Err(Error::Unsupported("kind of record")));
        assert!(with(|octets| octets.extend([6, 0, 5, 0, 0, 0, 0, 0])).is_err());
        assert!(with(|octets| (0..5).for_each(|_| octets.extend([5, 0, 18].iter().chain(&[0; 18])))).is_err());
    }

    /// Octets that firmware from before the sections wrote, for the store of `full`.
    #[cfg(feature = "selective")]
    #[test]
    fn the_octets_are_those_of_every_firmware_so_far() {
        assert_eq!(hex::encode(full().encode()), FULL);
    }

    #[cfg(feature = "selective")]
    const FULL: &str = "\
        4254524b0001010008000000000000000a0200100101010101010101010101010101010103001d011ab007000000000000000000\
        000000000000000102020202020202020f0011010000000000000000000000000000000112000004001003030303030303030404\
        04040404040405001201050505050505050505050505050505050505001a02050505050505050505050505050505050506060606\
        06060606060004000004000700010108000400000007100004000000031100150000000000000000000000000000000100070005\
        0109000d08080808080808080100000009b46b";

    #[test]
    fn the_key_of_another_domain_is_told_apart() {
        let mut store = full();
        let key = NetworkKey { domain: Domain(3), index: 9, ..store.keys()[0].clone() };
        assert!(store.set_key(key.clone()));
        let decoded = Store::decode(&store.encode()).unwrap();
        assert_eq!(decoded.keys().last(), Some(&key));
        assert!(decoded.keys()[0].domain != key.domain);
    }

    #[test]
    fn who_keys_the_device_is_kept() {
        let mut store = full();
        store.given.mechanism = Some("other".into());
        let decoded = Store::decode(&store.encode()).unwrap();
        assert_eq!(decoded.given.mechanism.as_deref(), Some("other"));
    }

    #[test]
    fn no_kind_of_record_is_of_two_sections() {
        let mut kinds = Vec::from([WRITES]);
        let mut of =
            |sections: &[core::ops::RangeInclusive<u8>]| sections.iter().cloned().for_each(|own| kinds.extend(own));
        of(Given::KINDS);
        of(Kept::KINDS);
        of(Tasks::KINDS);
        of(Heard::KINDS);
        Sections::kinds().iter().for_each(|own| of(own));
        let all = kinds.len();
        kinds.sort_unstable();
        kinds.dedup();
        assert_eq!(kinds.len(), all);
    }
}
