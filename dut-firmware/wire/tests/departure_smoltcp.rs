//! Why the harness does not read IEEE 802.15.4 frames with `smoltcp` (0.14): accessors panic on frames that its
//! `new_checked` has passed, although its documentation says that none will, and it refuses immediate acknowledgments.
//! Ours does right on the same frames.
//!
//! On secured frames as they should be the accessors are right, so there they cross-check ours.

use std::panic::catch_unwind;

use bootrack_wire::ieee802154::{Frame, Mpdu, unsecure};
use bootrack_wire::{Error, Eui64};
use rstest::rstest;
use smoltcp::wire::{Ieee802154Address, Ieee802154Frame};

const SOURCE: Eui64 = Eui64([0xac, 0xde, 0x48, 0, 0, 0, 0, 1]);

fn checked(mpdu: &[u8]) -> Ieee802154Frame<&[u8]> {
    Ieee802154Frame::new_checked(mpdu).expect("smoltcp refuses the frame by now")
}

fn ours(mpdu: &[u8]) -> Result<Frame, Error> {
    match Mpdu::parse(mpdu)? {
        Mpdu::Secured(frame) => unsecure(&frame, &[0; 16], SOURCE),
        Mpdu::Plain(_) => panic!("not secured"),
    }
}

fn has_key_index(mpdu: &[u8]) -> bool {
    checked(mpdu).key_index().is_some()
}

fn has_key_source(mpdu: &[u8]) -> bool {
    checked(mpdu).key_source().is_some()
}

fn has_integrity_code(mpdu: &[u8]) -> bool {
    checked(mpdu).message_integrity_code().is_some()
}

/// Broadcast data frames of the 2006 edition that end right behind their security headers.
#[rstest]
#[case::key_index_where_a_reserved_bit_hides_the_counter("09180707b0ffff2e01", has_key_index)]
#[case::key_source_where_a_reserved_bit_hides_the_counter("09180707b0ffff360102030405", has_key_source)]
#[case::integrity_code_longer_than_the_frame("09180707b0ffff0700000000", has_integrity_code)]
fn smoltcp_panics_on_a_frame_that_it_checked_and_ours_refuses_it(
    #[case] mpdu: &str,
    #[case] access: fn(&[u8]) -> bool,
) {
    let mpdu = hex::decode(mpdu).unwrap();
    checked(&mpdu);
    assert!(catch_unwind(|| access(&mpdu)).is_err(), "smoltcp does not panic by now");
    assert!(ours(&mpdu).is_err());
}

#[test]
fn smoltcp_refuses_an_acknowledgment_without_addresses_and_ours_reads_it() {
    // Section 7.2.2.3: three octets, then the FCS. It counts a source PAN identifier that nobody sent.
    let mpdu = [0x02, 0x00, 0x56];
    assert!(Ieee802154Frame::new_checked(&mpdu[..]).is_err(), "smoltcp takes it by now");
    assert_eq!(Frame::parse(&mpdu), Ok(Frame::acknowledgment(0x56, false)));
}

#[rstest]
#[case::c21_beacon("08d0842143010000000048deac020500000055cf000051525354223bc1ec841ab553")]
#[case::c22_data("69dc842143020000000048deac010000000048deac0405000000d43e022b")]
#[case::c23_command("2bdc842143020000000048deacffff010000000048deac060500000001d84fde529061f9c6f1")]
fn smoltcp_and_ours_agree_on_the_headers_of_annex_c2(#[case] mpdu: &str) {
    let mpdu = hex::decode(mpdu).unwrap();
    let theirs = checked(&mpdu);
    let Ok(Mpdu::Secured(ours)) = Mpdu::parse(&mpdu) else { panic!("not secured") };
    let source = ours.header.source.extended().map(|address| Ieee802154Address::Extended(address.0));
    assert_eq!(theirs.src_addr(), source);
    assert_eq!(theirs.sequence_number(), ours.header.sequence_number);
    assert_eq!(theirs.pan_id_compression(), ours.header.pan_id_compression);
    assert_eq!(theirs.security_level(), ours.security.level.number());
    assert_eq!(theirs.frame_counter(), ours.security.frame_counter);
    assert_eq!(theirs.key_index(), ours.security.key_identifier.index());
    assert_eq!(theirs.mac_header(), &mpdu[..mpdu.len() - ours.payload.len()]);
}
