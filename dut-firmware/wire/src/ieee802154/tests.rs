//! Annex C.2 examples, an independent capture of levels 1 to 7, and properties.

mod elements;
mod pan_id_compression;
pub(crate) mod strategy;

use super::*;
use crate::{Error, Eui64};
use alloc::vec;
use alloc::vec::Vec;
use proptest::prelude::*;
use rstest::rstest;

fn hex(text: &str) -> Vec<u8> {
    ::hex::decode(text).unwrap()
}

fn annex_c_key() -> [u8; 16] {
    hex("c0c1c2c3c4c5c6c7c8c9cacbcccdcecf").try_into().unwrap()
}

const ANNEX_C_SOURCE: Eui64 = Eui64([0xac, 0xde, 0x48, 0, 0, 0, 0, 1]);

#[rstest]
#[case::c21_beacon_mic64(
    "08d0842143010000000048deac020500000055cf000051525354223bc1ec841ab553",
    "00d0842143010000000048deac55cf000051525354"
)]
#[case::c22_data_enc(
    "69dc842143020000000048deac010000000048deac0405000000d43e022b",
    "61dc842143020000000048deac010000000048deac61626364"
)]
#[case::c23_command_enc_mic64(
    "2bdc842143020000000048deacffff010000000048deac060500000001d84fde529061f9c6f1",
    "23dc842143020000000048deacffff010000000048deac01ce"
)]
fn annex_c2_frames_secure_and_unsecure(#[case] secured: &str, #[case] plain: &str) {
    let Mpdu::Secured(frame) = Mpdu::parse(&hex(secured)).unwrap() else { panic!("not secured") };
    assert_eq!(frame.header.source.extended(), Some(ANNEX_C_SOURCE));
    let opened = unsecure(&frame, &annex_c_key(), ANNEX_C_SOURCE).unwrap();
    assert_eq!(::hex::encode(opened.to_vec().unwrap()), plain);
    let again = secure(&opened, &frame.security, &annex_c_key(), ANNEX_C_SOURCE).unwrap();
    assert_eq!(::hex::encode(again.to_vec().unwrap()), secured);
}

#[test]
fn a_tampered_header_is_refused() {
    let mut bytes = hex("2bdc842143020000000048deacffff010000000048deac060500000001d84fde529061f9c6f1");
    bytes[2] ^= 1;
    let Mpdu::Secured(frame) = Mpdu::parse(&bytes).unwrap() else { panic!("not secured") };
    assert_eq!(unsecure(&frame, &annex_c_key(), ANNEX_C_SOURCE), Err(Error::Integrity("CCM tag")));
}

#[test]
fn a_plain_data_frame_parses_to_its_fields() {
    let bytes = hex("41cc3befbe4242424242420b1a623aa63457291c266a33");
    let frame = Frame::parse(&bytes).unwrap();
    assert_eq!(frame.header.sequence_number, Some(0x3b));
    assert_eq!(
        frame.header.destination,
        Address::Extended { pan: PanId(0xbeef), address: "1a0b424242424242".parse().unwrap() }
    );
    assert_eq!(
        frame.header.source,
        Address::Extended { pan: PanId(0xbeef), address: "261c295734a63a62".parse().unwrap() }
    );
    assert_eq!(frame.content, Content::Data(hex("6a33")));
}

#[test]
fn the_fcs_of_an_acknowledgment_matches_the_example() {
    // IEEE 802.15.4-2006 section 7.2.1.9: an acknowledgment without addresses, sequence number 0x56.
    let psdu = Frame::acknowledgment(0x56, false).to_psdu().unwrap();
    assert_eq!(psdu.len(), 5);
    assert_eq!(&psdu[..3], &[0x02, 0x00, 0x56]);
    // The CRC catalogue's check value of CRC-16/KERMIT.
    assert_eq!(fcs(b"123456789"), 0x2189);
    assert_eq!(check_fcs(&psdu).unwrap(), &[0x02, 0x00, 0x56]);
    assert_eq!(check_fcs(&[0x02, 0x00, 0x57, psdu[3], psdu[4]]), Err(Error::Integrity("FCS")));
}

#[rstest]
#[case::reserved_destination_mode("0104", Error::Malformed("addressing mode 1 is reserved"))]
#[case::extended("0700", Error::Unsupported("IEEE 802.15.4 extended frame"))]
#[case::fragment("0600", Error::Unsupported("IEEE 802.15.4 fragment frame"))]
#[case::reserved_type("0400", Error::Unsupported("reserved IEEE 802.15.4 frame type"))]
#[case::reserved_version("0130", Error::Unsupported("IEEE 802.15.4 frame version"))]
#[case::multipurpose("0500", Error::Unsupported("IEEE 802.15.4 multipurpose frame"))]
#[case::security_of_2003("090000", Error::Unsupported("IEEE 802.15.4-2003 security"))]
#[case::compression_without_source("4108000000ffff", Error::Malformed("PAN ID compression needs both addresses"))]
#[case::empty("", Error::Truncated("frame control"))]
#[case::no_command("0300ab", Error::Truncated("command frame identifier"))]
fn frames_of_no_edition_are_refused(#[case] bytes: &str, #[case] error: Error) {
    assert_eq!(Mpdu::parse(&hex(bytes)), Err(error));
}

#[test]
fn a_psdu_holds_at_most_127_octets() {
    let header = Header::new(Address::Absent, Address::Absent, 0);
    assert_eq!(Frame::new(header, Content::Data(vec![0; 122])).to_psdu().unwrap().len(), MAX_PSDU);
    assert!(matches!(Frame::new(header, Content::Data(vec![0; 123])).to_psdu(), Err(Error::NoRoom(_))));
}

#[test]
fn a_2015_data_frame_with_elements_parses_to_its_fields() {
    // Short addresses on one PAN; time correction, termination 1; an empty ESDU, termination; a payload.
    let bytes = hex("41aa0707b034127856020ffd8f003f008000f86162");
    let frame = Frame::parse(&bytes).unwrap();
    assert_eq!(frame.header.version, FrameVersion::V2015);
    assert_eq!(
        frame.elements.header,
        [HeaderElement::TimeCorrection { microseconds: -3, is_negative: true }, HeaderElement::Termination1]
    );
    assert_eq!(frame.elements.payload, [PayloadElement::Esdu(vec![]), PayloadElement::Termination]);
    assert_eq!(frame.content, Content::Data(b"ab".to_vec()));
    assert_eq!(frame.to_vec().unwrap(), bytes);
}

#[test]
fn reserved_bits_are_ignored_and_authenticated() {
    let header = Header { version: FrameVersion::V2006, ..Header::new(Address::Absent, Address::Absent, 1) };
    let security = AuxSecurityHeader::new(SecurityLevel::EncMic32, 7, KeyIdentifier::Index(1));
    let frame = Frame::new(header, Content::Data(vec![1, 2, 3]));
    let mut secured = secure(&frame, &security, &annex_c_key(), ANNEX_C_SOURCE).unwrap();
    // What a sender makes that sets reserved bits and protects what it sends.
    secured.reserved = ReservedBits { frame_control: 0x0380, security_control: 0xe0 };
    let nonce = nonce(ANNEX_C_SOURCE, 7, SecurityLevel::EncMic32);
    let headers_len = secured.headers_len();
    let aad = secured.to_vec().unwrap()[..headers_len].to_vec();
    secured.payload = crate::ccm::seal(&annex_c_key(), &nonce, &aad, &[1, 2, 3], 4).unwrap();
    let Mpdu::Secured(parsed) = Mpdu::parse(&secured.to_vec().unwrap()).unwrap() else { panic!("not secured") };
    assert_eq!(parsed, secured);
    assert_eq!(unsecure(&parsed, &annex_c_key(), ANNEX_C_SOURCE).unwrap(), frame);
}

#[test]
fn a_suppressed_frame_counter_needs_the_absolute_slot_number() {
    let (pan, address) = (PanId(0xb007), ShortAddress(0x1234));
    let header = Header::new_2015(Address::Absent, Address::Short { pan, address }, None);
    let frame = Frame::new(header, Content::Data(vec![1, 2, 3]));
    let key_identifier = KeyIdentifier::Index(1);
    let level = SecurityLevel::EncMic64;
    let security = AuxSecurityHeader { level, frame_counter: None, asn_in_nonce: true, key_identifier };
    let unknown = Error::Unsupported("a nonce of an absolute slot number that is not known");
    assert_eq!(secure(&frame, &security, &annex_c_key(), ANNEX_C_SOURCE), Err(unknown));
    let secured = secure_in_slot(&frame, &security, &annex_c_key(), ANNEX_C_SOURCE, 0x12_3456_789a).unwrap();
    assert_eq!(unsecure(&secured, &annex_c_key(), ANNEX_C_SOURCE), Err(unknown));
    assert_eq!(unsecure_in_slot(&secured, &annex_c_key(), ANNEX_C_SOURCE, 0x12_3456_789a).unwrap(), frame);
    let other_slot = unsecure_in_slot(&secured, &annex_c_key(), ANNEX_C_SOURCE, 0x12_3456_789b);
    assert_eq!(other_slot, Err(Error::Integrity("CCM tag")));
    // IEEE 802.15.4-2015 section 9.3.3.2: the CID BA-55-EC, 0, PAN identifier, short address; then 40 bits.
    let nonce = tsch_nonce(short_nonce_source(pan, address), 0x12_3456_789a);
    assert_eq!(::hex::encode(nonce), "ba55ec00b0071234123456789a");
}

proptest! {
    #[test]
    fn a_plain_frame_survives_emit_and_parse(frame in strategy::frame()) {
        let bytes = frame.to_vec().unwrap();
        prop_assert_eq!(Frame::parse(&bytes).unwrap(), frame);
    }

    #[test]
    fn a_secured_frame_survives_and_opens(
        frame in strategy::frame(), security in strategy::security(), key: [u8; 16], source: [u8; 8],
    ) {
        let security = AuxSecurityHeader { asn_in_nonce: false, ..security };
        let security = AuxSecurityHeader { frame_counter: security.frame_counter.or(Some(3)), ..security };
        let secured = secure(&frame, &security, &key, Eui64(source)).unwrap();
        let Mpdu::Secured(parsed) = Mpdu::parse(&secured.to_vec().unwrap()).unwrap() else { panic!("plain") };
        prop_assert_eq!(&parsed, &secured);
        let opened = unsecure(&parsed, &key, Eui64(source)).unwrap();
        prop_assert_eq!(opened.content, frame.content);
        prop_assert_eq!(opened.elements, frame.elements);
        let version = frame.header.version.max(FrameVersion::V2006);
        prop_assert_eq!(opened.header, Header { version, ..frame.header });
    }

    #[test]
    fn a_frame_secured_in_a_slot_survives_and_opens(
        frame in strategy::frame_2015(), security in strategy::security(), key: [u8; 16], slot in 0..1u64 << 40,
    ) {
        let secured = secure_in_slot(&frame, &security, &key, ANNEX_C_SOURCE, slot).unwrap();
        let Mpdu::Secured(parsed) = Mpdu::parse(&secured.to_vec().unwrap()).unwrap() else { panic!("plain") };
        prop_assert_eq!(&parsed, &secured);
        prop_assert_eq!(unsecure_in_slot(&parsed, &key, ANNEX_C_SOURCE, slot).unwrap(), frame);
    }

    #[test]
    fn emit_never_exceeds_its_buffer(frame in strategy::frame(), size in 0..300usize) {
        let mut buffer = vec![0xee; size];
        let emitted = frame.emit(&mut buffer);
        prop_assert_eq!(emitted.is_ok(), frame.buffer_len() <= size);
        if emitted.is_ok() {
            prop_assert!(buffer[frame.buffer_len()..].iter().all(|octet| *octet == 0xee));
        }
    }

    #[test]
    fn any_bytes_parse_and_open_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..140), key: [u8; 16]) {
        let _ = check_fcs(&bytes);
        if let Ok(Mpdu::Secured(frame)) = Mpdu::parse(&bytes) {
            let _ = unsecure(&frame, &key, ANNEX_C_SOURCE);
            let _ = unsecure_in_slot(&frame, &key, ANNEX_C_SOURCE, 5);
        }
    }
}
