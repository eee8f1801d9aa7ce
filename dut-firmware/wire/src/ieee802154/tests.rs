//! Annex C.2 examples, an independent capture of levels 1 to 7, and properties.

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
    assert_eq!(frame.header.sequence_number, 0x3b);
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
#[case::version_2015("0120", Error::Unsupported("IEEE 802.15.4 frame version"))]
#[case::reserved_version("0130", Error::Unsupported("IEEE 802.15.4 frame version"))]
#[case::multipurpose("0500", Error::Unsupported("IEEE 802.15.4 frame type"))]
#[case::security_of_2003("090000", Error::Unsupported("IEEE 802.15.4-2003 security"))]
#[case::compression_without_source("4108000000ffff", Error::Malformed("PAN ID compression needs both addresses"))]
#[case::empty("", Error::Truncated("frame control"))]
#[case::no_command("0300ab", Error::Truncated("command frame identifier"))]
fn frames_that_are_no_2006_frames_are_refused(#[case] bytes: &str, #[case] error: Error) {
    assert_eq!(Mpdu::parse(&hex(bytes)), Err(error));
}

#[test]
fn a_psdu_holds_at_most_127_octets() {
    let header = Header::new(Address::Absent, Address::Absent, 0);
    assert_eq!(Frame { header, content: Content::Data(vec![0; 122]) }.to_psdu().unwrap().len(), MAX_PSDU);
    assert!(matches!(Frame { header, content: Content::Data(vec![0; 123]) }.to_psdu(), Err(Error::NoRoom(_))));
}

/// Strategies shared with other tests of this crate.
pub(crate) mod strategy {
    use super::*;

    pub(crate) fn address(pan: u16) -> impl Strategy<Value = Address> {
        prop_oneof![
            Just(Address::Absent),
            any::<u16>().prop_map(move |a| Address::Short { pan: PanId(pan), address: ShortAddress(a) }),
            any::<[u8; 8]>().prop_map(move |a| Address::Extended { pan: PanId(pan), address: Eui64(a) }),
        ]
    }

    pub(crate) fn header() -> impl Strategy<Value = Header> {
        (any::<u16>(), any::<u16>(), any::<bool>()).prop_flat_map(|(destination_pan, source_pan, one_pan)| {
            let source_pan = if one_pan { destination_pan } else { source_pan };
            (address(destination_pan), address(source_pan), any::<(bool, bool, bool, u8, bool)>()).prop_map(
                |(destination, source, (frame_pending, ack_request, compress, sequence_number, old))| Header {
                    version: if old { FrameVersion::V2003 } else { FrameVersion::V2006 },
                    frame_pending,
                    ack_request,
                    pan_id_compression: compress && destination.pan().is_some() && destination.pan() == source.pan(),
                    sequence_number,
                    destination,
                    source,
                },
            )
        })
    }

    fn bytes(most: usize) -> impl Strategy<Value = Vec<u8>> {
        proptest::collection::vec(any::<u8>(), 0..most)
    }

    fn beacon() -> impl Strategy<Value = Beacon> {
        let gts = (any::<u16>(), 0..16u8, 0..16u8).prop_map(|(address, starting_slot, length)| GtsDescriptor {
            address: ShortAddress(address),
            starting_slot,
            length,
        });
        let short = any::<u16>().prop_map(|address| PendingAddress::Short(ShortAddress(address)));
        let extended = any::<[u8; 8]>().prop_map(|address| PendingAddress::Extended(Eui64(address)));
        (
            any::<(u16, bool, u8)>(),
            proptest::collection::vec(gts, 0..8),
            proptest::collection::vec(short, 0..8),
            proptest::collection::vec(extended, 0..4),
            bytes(20),
        )
            .prop_map(|((superframe, gts_permit, directions), gts, mut pending, extended, payload)| {
                pending.extend(extended);
                let gts_directions = if gts.is_empty() { 0 } else { directions & 0x7f };
                Beacon { superframe, gts_permit, gts_directions, gts, pending, payload }
            })
    }

    pub(crate) fn content() -> impl Strategy<Value = Content> {
        prop_oneof![
            beacon().prop_map(Content::Beacon),
            bytes(80).prop_map(Content::Data),
            Just(Content::Acknowledgment),
            (any::<u8>(), bytes(20)).prop_map(|(id, body)| Content::Command(Command { id: CommandId(id), body })),
        ]
    }

    pub(crate) fn frame() -> impl Strategy<Value = Frame> {
        (header(), content()).prop_map(|(header, content)| Frame { header, content })
    }

    pub(crate) fn security() -> impl Strategy<Value = AuxSecurityHeader> {
        let key_identifier = prop_oneof![
            Just(KeyIdentifier::Implicit),
            any::<u8>().prop_map(KeyIdentifier::Index),
            any::<([u8; 4], u8)>().prop_map(|(source, index)| KeyIdentifier::Source4(source, index)),
            any::<([u8; 8], u8)>().prop_map(|(source, index)| KeyIdentifier::Source8(source, index)),
        ];
        (0..8u8, any::<u32>(), key_identifier).prop_map(|(level, frame_counter, key_identifier)| AuxSecurityHeader {
            level: SecurityLevel::from_bits(level),
            frame_counter,
            key_identifier,
        })
    }
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
        let secured = secure(&frame, &security, &key, Eui64(source)).unwrap();
        let Mpdu::Secured(parsed) = Mpdu::parse(&secured.to_vec().unwrap()).unwrap() else { panic!("plain") };
        prop_assert_eq!(&parsed, &secured);
        let opened = unsecure(&parsed, &key, Eui64(source)).unwrap();
        prop_assert_eq!(opened.content, frame.content);
        prop_assert_eq!(opened.header, Header { version: FrameVersion::V2006, ..frame.header });
    }

    #[test]
    fn any_bytes_parse_and_open_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..140), key: [u8; 16]) {
        let _ = check_fcs(&bytes);
        if let Ok(Mpdu::Secured(frame)) = Mpdu::parse(&bytes) {
            let _ = unsecure(&frame, &key, ANNEX_C_SOURCE);
        }
    }
}
