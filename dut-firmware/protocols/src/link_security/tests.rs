//! Two devices that secure frames for each other, and everything that one of them must refuse.

use super::*;
use alloc::vec;
use proptest::prelude::*;
use rstest::rstest;
use wire::ieee802154::{Address, Content, Header, PanId, ShortAddress};

const A: Eui64 = Eui64([2, 0, 0, 0, 0, 0, 0, 0xa]);
const B: Eui64 = Eui64([2, 0, 0, 0, 0, 0, 0, 0xb]);
const PAN: PanId = PanId(0xb007);

fn key(fill: u8) -> LinkKey {
    LinkKey::new([fill; 16])
}

fn device(own: Eui64) -> LinkSecurity {
    let mut device = LinkSecurity::new(own, Policy::default(), OutgoingCounter::from_stored(0));
    device.set_key(1, key(7)).unwrap();
    device
}

fn frame(source: Eui64) -> Frame {
    let destination = Address::Short { pan: PAN, address: ShortAddress::BROADCAST };
    let source = Address::Extended { pan: PAN, address: source };
    Frame::new(Header::new(destination, source, 9), Content::Data(vec![1, 2, 3]))
}

/// Secured at `level` with a valid code, whatever the policy of a device would do.
fn crafted(level: SecurityLevel, frame_counter: u32, key_identifier: KeyIdentifier, fill: u8) -> SecuredFrame {
    secure(&frame(A), &AuxSecurityHeader::new(level, frame_counter, key_identifier), &[fill; 16], A).unwrap()
}

#[test]
fn a_neighbour_opens_what_a_device_secured_once() {
    let (mut a, mut b) = (device(A), device(B));
    let first = a.secure_frame(&frame(A), 1).unwrap();
    let second = a.secure_frame(&frame(A), 1).unwrap();
    assert_eq!((first.security.frame_counter, second.security.frame_counter), (Some(0), Some(1)));
    assert_eq!(b.unsecure_frame(&first).unwrap().content, frame(A).content);
    assert_eq!(b.unsecure_frame(&first), Err(Refusal::Replayed { received: 0, expected: 1 }));
    assert_eq!(b.unsecure_frame(&second).unwrap().content, frame(A).content);
    assert_eq!(b.unsecure_frame(&first), Err(Refusal::Replayed { received: 0, expected: 2 }));
}

#[rstest]
#[case::no_protection(SecurityLevel::None)]
#[case::integrity_only(SecurityLevel::Mic128)]
#[case::encryption_only(SecurityLevel::Enc)]
fn levels_that_do_not_reach_level_5_are_refused(#[case] level: SecurityLevel) {
    let frame = crafted(level, 0, KeyIdentifier::Index(1), 7);
    assert_eq!(device(B).unsecure_frame(&frame), Err(Refusal::LevelTooLow(level)));
}

#[rstest]
#[case(SecurityLevel::EncMic64)]
#[case(SecurityLevel::EncMic128)]
fn levels_above_the_minimum_are_taken(#[case] level: SecurityLevel) {
    assert!(device(B).unsecure_frame(&crafted(level, 0, KeyIdentifier::Index(1), 7)).is_ok());
}

#[rstest]
#[case::implicit_key(KeyIdentifier::Implicit, 7, 0, Refusal::KeyMode(0))]
#[case::key_source_4(KeyIdentifier::Source4([0; 4], 1), 7, 0, Refusal::KeyMode(2))]
#[case::key_source_8(KeyIdentifier::Source8([0; 8], 1), 7, 0, Refusal::KeyMode(3))]
#[case::unknown_index(KeyIdentifier::Index(2), 7, 0, Refusal::UnknownKey(2))]
#[case::wrong_key(KeyIdentifier::Index(1), 8, 0, Refusal::Integrity)]
#[case::exhausted(KeyIdentifier::Index(1), 7, u32::MAX, Refusal::CounterExhausted)]
fn frames_outside_the_policy_are_refused(
    #[case] key_identifier: KeyIdentifier,
    #[case] fill: u8,
    #[case] counter: u32,
    #[case] refusal: Refusal,
) {
    let frame = crafted(SecurityLevel::EncMic32, counter, key_identifier, fill);
    assert_eq!(device(B).unsecure_frame(&frame), Err(refusal));
}

#[test]
fn a_short_source_address_is_refused() {
    let mut frame = crafted(SecurityLevel::EncMic32, 0, KeyIdentifier::Index(1), 7);
    frame.header.source = Address::Short { pan: PAN, address: ShortAddress(1) };
    assert_eq!(device(B).unsecure_frame(&frame), Err(Refusal::NoExtendedSource));
}

#[test]
fn a_forged_frame_does_not_move_the_counter_of_its_claimed_source() {
    let mut b = device(B);
    let forged = crafted(SecurityLevel::EncMic32, 1_000_000, KeyIdentifier::Index(1), 8);
    assert_eq!(b.unsecure_frame(&forged), Err(Refusal::Integrity));
    assert!(b.unsecure_frame(&crafted(SecurityLevel::EncMic32, 0, KeyIdentifier::Index(1), 7)).is_ok());
}

#[test]
fn the_last_counter_is_0xfffffffe() {
    let mut a = LinkSecurity::new(A, Policy::default(), OutgoingCounter::from_stored(0xffff_fffe));
    a.set_key(1, key(7)).unwrap();
    let last = a.secure_frame(&frame(A), 1).unwrap();
    assert_eq!(last.security.frame_counter, Some(0xffff_fffe));
    assert_eq!(a.secure_frame(&frame(A), 1), Err(SecureError::CounterExhausted));
    assert!(device(B).unsecure_frame(&last).is_ok());
}

#[test]
fn a_full_neighbour_table_refuses_newcomers_and_keeps_the_known() {
    let policy = Policy { neighbours: 1, ..Policy::default() };
    let mut b = LinkSecurity::new(B, policy, OutgoingCounter::from_stored(0));
    b.set_key(1, key(7)).unwrap();
    let (mut a, c) = (device(A), Eui64([0xc; 8]));
    let first = a.secure_frame(&frame(A), 1).unwrap();
    b.unsecure_frame(&first).unwrap();
    let newcomer = device(c).secure_frame(&frame(c), 1).unwrap();
    assert_eq!(b.unsecure_frame(&newcomer), Err(Refusal::NeighbourTableFull));
    assert_eq!(b.unsecure_frame(&first), Err(Refusal::Replayed { received: 0, expected: 1 }));
}

#[test]
fn the_same_key_twice_keeps_replay_protection_and_another_key_resets_it() {
    let (mut a, mut b) = (device(A), device(B));
    let first = a.secure_frame(&frame(A), 1).unwrap();
    b.unsecure_frame(&first).unwrap();
    b.set_key(1, key(7)).unwrap();
    assert!(matches!(b.unsecure_frame(&first), Err(Refusal::Replayed { .. })));
    b.set_key(1, key(8)).unwrap();
    assert_eq!(b.unsecure_frame(&first), Err(Refusal::Integrity));
    assert!(b.unsecure_frame(&crafted(SecurityLevel::EncMic32, 0, KeyIdentifier::Index(1), 8)).is_ok());
}

#[test]
fn frames_are_secured_only_with_a_key_and_under_ones_own_address() {
    let mut a = LinkSecurity::new(A, Policy::default(), OutgoingCounter::from_stored(0));
    assert_eq!(a.secure_frame(&frame(A), 1), Err(SecureError::NoKey));
    a.set_key(1, key(7)).unwrap();
    assert_eq!(a.secure_frame(&frame(B), 1), Err(SecureError::ForeignSource));
    assert_eq!(a.counter().clone().take(), Some(0));
    a.remove_key(1);
    assert_eq!(a.secure_frame(&frame(A), 1), Err(SecureError::NoKey));
}

#[test]
fn the_key_table_is_bounded_and_index_0_is_reserved() {
    let mut a = device(A);
    assert_eq!(a.set_key(0, key(1)), Err(KeyError::ReservedIndex));
    (2..=8).for_each(|index| a.set_key(index, key(index)).unwrap());
    assert_eq!(a.set_key(9, key(9)), Err(KeyError::Full));
    assert_eq!(a.secure_frame(&frame(A), 9), Err(SecureError::NoKey));
    assert!(a.secure_frame(&frame(A), 8).is_ok());
}

proptest! {
    /// Power cuts at any point between frames, a store that only keeps what it was told in time.
    #[test]
    fn no_counter_value_is_used_twice_over_reboots(lives in proptest::collection::vec(0..3000u32, 1..6)) {
        let (mut stored, mut lowest_unused) = (0, 0);
        for frames in lives {
            let mut counter = OutgoingCounter::from_stored(stored);
            for _ in 0..frames {
                if let Some(bound) = counter.take_bound_to_store() {
                    stored = bound;
                }
                let value = counter.take().unwrap();
                prop_assert!(value >= lowest_unused);
                lowest_unused = value + 1;
            }
        }
    }
}
