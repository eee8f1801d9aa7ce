extern crate std;

use alloc::vec;
use alloc::vec::Vec;

use embassy_futures::block_on;
use embedded_storage_async::nor_flash::{
    ErrorType, MultiwriteNorFlash, NorFlash, NorFlashError, NorFlashErrorKind, ReadNorFlash,
};
use node::store::{Domain, IncomingCounter, NetworkKey, Route};
use node::{Store, anchor::TrustAnchor};
use proptest::prelude::*;
use wire::Eui64;
use wire::ieee802154::SecurityLevel;
use wire::upper_tester::{SecretKey, SecretOctets};

use super::{Error, Found, Place};

const PAGE: usize = 4096;
const PAGES: usize = 16;

/// Flash whose power goes after so many words written or pages erased; an erase that is cut leaves half a page.
struct Flash {
    octets: Vec<u8>,
    left: u32,
    erased: [u32; PAGES],
}

#[derive(Debug)]
struct PowerIsGone;

impl NorFlashError for PowerIsGone {
    fn kind(&self) -> NorFlashErrorKind {
        NorFlashErrorKind::Other
    }
}

impl Flash {
    fn new() -> Self {
        Self { octets: vec![0xff; PAGE * PAGES], left: u32::MAX, erased: [0; PAGES] }
    }

    fn spend(&mut self) -> Result<(), PowerIsGone> {
        self.left = self.left.checked_sub(1).ok_or(PowerIsGone)?;
        Ok(())
    }
}

impl ErrorType for Flash {
    type Error = PowerIsGone;
}

impl ReadNorFlash for Flash {
    const READ_SIZE: usize = 1;

    async fn read(&mut self, offset: u32, octets: &mut [u8]) -> Result<(), PowerIsGone> {
        octets.copy_from_slice(&self.octets[offset as usize..][..octets.len()]);
        Ok(())
    }

    fn capacity(&self) -> usize {
        self.octets.len()
    }
}

impl NorFlash for Flash {
    const WRITE_SIZE: usize = 4;
    const ERASE_SIZE: usize = PAGE;

    async fn erase(&mut self, from: u32, to: u32) -> Result<(), PowerIsGone> {
        assert!(from.is_multiple_of(PAGE as u32) && to.is_multiple_of(PAGE as u32), "whole pages");
        for page in from as usize / PAGE..to as usize / PAGE {
            self.erased[page] += 1;
            let cut = self.spend();
            let octets = if cut.is_ok() { PAGE } else { PAGE / 2 };
            self.octets[page * PAGE..][..octets].fill(0xff);
            cut?;
        }
        Ok(())
    }

    async fn write(&mut self, offset: u32, octets: &[u8]) -> Result<(), PowerIsGone> {
        assert!(offset.is_multiple_of(4) && octets.len().is_multiple_of(4), "whole words");
        for (at, octet) in octets.iter().enumerate() {
            if at % 4 == 0 {
                self.spend()?;
            }
            // Flash only clears bits.
            self.octets[offset as usize + at] &= octet;
        }
        Ok(())
    }
}

impl MultiwriteNorFlash for Flash {}

fn open(flash: &mut Flash) -> (Place<&mut Flash>, Found) {
    block_on(Place::open(flash, 0..(PAGE * PAGES) as u32)).unwrap()
}

fn save(flash: &mut Flash, store: &Store) -> Result<(), Error> {
    let (mut place, _) = open(flash);
    block_on(place.save(store))
}

fn holds(flash: &mut Flash, store: &Store) -> bool {
    open(flash).1 == Found::Store(store.clone().into())
}

/// A store that differs with `number`; with routes it takes several pieces.
fn store(number: u32, routes: u64) -> Store {
    let mut store = Store::default();
    store.set_anchor(TrustAnchor::Psk(SecretOctets(vec![number as u8; 16])));
    store.set_frame_counter_bound(number);
    store.set_key(NetworkKey {
        domain: Domain(0),
        index: 1,
        level: SecurityLevel::EncMic32,
        key: SecretKey([7; 16]),
        source: None,
    });
    for route in 0..routes {
        store.set_route(Route { dest: Eui64(route.to_be_bytes()), via: Eui64([9; 8]) });
    }
    store
}

#[test]
fn what_was_saved_last_is_loaded() {
    let mut flash = Flash::new();
    assert!(open(&mut flash).1 == Found::Nothing);
    for (number, routes) in [(1, 0), (2, 200), (3, 256), (4, 1)] {
        save(&mut flash, &store(number, routes)).unwrap();
        assert!(holds(&mut flash, &store(number, routes)), "{number}");
    }
}

#[test]
fn pages_wear_alike() {
    let mut flash = Flash::new();
    let (mut place, _) = open(&mut flash);
    for number in 0..3000 {
        block_on(place.save(&store(number, number as u64 % 40))).unwrap();
    }
    assert!(holds(&mut flash, &store(2999, 2999 % 40)));
    let (least, most) = (*flash.erased.iter().min().unwrap(), *flash.erased.iter().max().unwrap());
    assert!(least > 20 && most - least <= 1, "{:?}", flash.erased);
}

/// A store with the frame counters of `count` neighbours, each at `counter`.
fn with_counters(mut store: Store, count: u8, counter: u32) -> Store {
    for number in 0..count {
        store.set_incoming(IncomingCounter { source: Eui64([number; 8]), key_index: 1, expected: counter });
    }
    store
}

#[test]
fn frame_counters_of_neighbours_are_written_alone_and_belong_to_their_copy() {
    let mut flash = Flash::new();
    let (mut place, _) = open(&mut flash);
    let mut now = with_counters(store(1, 20), 32, 1);
    block_on(place.save(&now)).unwrap();
    for counter in 2..40 {
        now = with_counters(now, 3, counter);
        block_on(place.save(&now)).unwrap();
    }
    assert!(holds(&mut flash, &now) && !holds(&mut flash, &with_counters(now.clone(), 1, 99)));
    // Another key of the same index: what was received under the old one is forgotten, in flash too.
    now.set_key(NetworkKey {
        domain: Domain(0),
        index: 1,
        level: SecurityLevel::EncMic32,
        key: SecretKey([8; 16]),
        source: None,
    });
    now = with_counters(now, 2, 1);
    save(&mut flash, &now).unwrap();
    assert!(holds(&mut flash, &now));
    // And a place that goes on from what it found.
    now = with_counters(now, 2, 7);
    save(&mut flash, &now).unwrap();
    assert!(holds(&mut flash, &now));
}

/// What `docs/decisions/0042-frame-counters-of-neighbours.md` says of the life of the flash.
#[test]
fn a_frame_counter_wears_the_flash_little() {
    let mut flash = Flash::new();
    let (mut place, _) = open(&mut flash);
    let mut now = with_counters(store(1, 20), 8, 1);
    block_on(place.save(&now)).unwrap();
    for counter in 0..20_000 {
        now.set_incoming(IncomingCounter { source: Eui64([3; 8]), key_index: 1, expected: 2 + counter });
        block_on(place.save(&now)).unwrap();
    }
    assert!(holds(&mut flash, &now));
    let writes_an_erasure = 20_000 / flash.erased.iter().max().unwrap();
    std::println!("{writes_an_erasure} frame counters for each erasure of a page");
    assert!(writes_an_erasure >= 1500, "{writes_an_erasure}");
}

#[test]
fn damage_is_told() {
    let mut flash = Flash::new();
    save(&mut flash, &store(1, 200)).unwrap();
    let at = flash.octets.windows(8).position(|window| window == [9; 8]).unwrap();
    flash.octets[at] = 0;
    assert!(open(&mut flash).1 == Found::Damaged);
}

#[test]
fn place_that_is_too_small_is_refused() {
    let refused = block_on(Place::open(Flash::new(), 0..PAGE as u32)).err();
    assert_eq!(refused, Some(Error::Flash));
    let (mut small, _) = block_on(Place::open(Flash::new(), 0..2 * PAGE as u32)).unwrap();
    assert_eq!(block_on(small.save(&store(1, 256))), Err(Error::Flash));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    /// A frame counter whose power is cut is the one before or the new one, and none goes back.
    #[test]
    fn power_cut_leaves_one_of_two_frame_counters(before in 1u32..60, left in 0u32..60) {
        let mut flash = Flash::new();
        let mut now = with_counters(store(1, 3), 4, 1);
        let (mut place, _) = open(&mut flash);
        block_on(place.save(&now)).unwrap();
        for counter in 0..before {
            now = with_counters(now, 2, 2 + counter);
            block_on(place.save(&now)).unwrap();
        }
        drop(place);
        flash.left = left;
        let new = with_counters(now.clone(), 1, 5000);
        let saved = save(&mut flash, &new).is_ok();
        flash.left = u32::MAX;
        let is_new = holds(&mut flash, &new);
        prop_assert!(is_new || (!saved && holds(&mut flash, &now)));
    }

    /// Whenever the power goes: the store before, or the new one if it had been written whole, and never a damaged one.
    #[test]
    fn power_cut_leaves_one_of_the_two_stores(before in 1u32..60, routes in 0u64..100, left in 0u32..900, after in 0u32..12) {
        let mut flash = Flash::new();
        for number in 0..=before {
            save(&mut flash, &store(number, routes)).unwrap();
        }
        flash.left = left;
        let saved = save(&mut flash, &store(1000, routes)).is_ok();
        flash.left = u32::MAX;
        let is_new = holds(&mut flash, &store(1000, routes));
        prop_assert!(is_new || (!saved && holds(&mut flash, &store(before, routes))));
        // And it goes on from there.
        for number in 0..after {
            save(&mut flash, &store(2000 + number, routes)).unwrap();
            prop_assert!(holds(&mut flash, &store(2000 + number, routes)));
        }
    }
}
