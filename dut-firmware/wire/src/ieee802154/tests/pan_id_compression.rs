//! IEEE 802.15.4-2015 table 7-2: which PAN identifiers a frame of version 2 has, both ways.

use super::*;

const PAN: PanId = PanId(0xb007);
const OTHER: PanId = PanId(0x0815);
const SHORT: LinkAddress = LinkAddress::Short(ShortAddress(0x1234));
const LONG: LinkAddress = LinkAddress::Extended(Eui64([1, 2, 3, 4, 5, 6, 7, 8]));

fn absent() -> Address {
    Address::Absent
}

/// Rows in the order of the table; frame control, then sequence number 7, then the addressing fields.
#[rstest]
#[case::row_1("012007", absent(), absent(), false)]
#[case::row_2("41200707b0", Address::Pan(PAN), absent(), true)]
#[case::row_3_short("01280707b03412", Address::new(PAN, SHORT), absent(), false)]
#[case::row_3_extended("012c0707b00807060504030201", Address::new(PAN, LONG), absent(), false)]
#[case::row_4_short("4128073412", Address::Bare(SHORT), absent(), true)]
#[case::row_4_extended("412c070807060504030201", Address::Bare(LONG), absent(), true)]
#[case::row_5_short("01a00707b03412", absent(), Address::new(PAN, SHORT), false)]
#[case::row_5_extended("01e00707b00807060504030201", absent(), Address::new(PAN, LONG), false)]
#[case::row_6_short("41a0073412", absent(), Address::Bare(SHORT), true)]
#[case::row_6_extended("41e0070807060504030201", absent(), Address::Bare(LONG), true)]
#[case::row_7("01ec0707b008070605040302010807060504030201", Address::new(PAN, LONG), Address::new(PAN, LONG), false)]
#[case::row_8("41ec0708070605040302010807060504030201", Address::Bare(LONG), Address::Bare(LONG), true)]
#[case::row_9("01a80707b0341215083412", Address::new(PAN, SHORT), Address::new(OTHER, SHORT), false)]
#[case::row_10("01e80707b0341215080807060504030201", Address::new(PAN, SHORT), Address::new(OTHER, LONG), false)]
#[case::row_11("01ac0707b0080706050403020115083412", Address::new(PAN, LONG), Address::new(OTHER, SHORT), false)]
#[case::row_12("41e80707b034120807060504030201", Address::new(PAN, SHORT), Address::new(PAN, LONG), true)]
#[case::row_13("41ac0707b008070605040302013412", Address::new(PAN, LONG), Address::new(PAN, SHORT), true)]
#[case::row_14("41a80707b034123412", Address::new(PAN, SHORT), Address::new(PAN, SHORT), true)]
fn a_2015_frame_has_the_pan_identifiers_of_its_row(
    #[case] octets: &str,
    #[case] destination: Address,
    #[case] source: Address,
    #[case] pan_id_compression: bool,
) {
    let header = Header::new_2015(destination, source, Some(7));
    assert_eq!(header.pan_id_compression, pan_id_compression);
    let frame = Frame::new(header, Content::Data(vec![]));
    assert_eq!(::hex::encode(frame.to_vec().unwrap()), octets);
    assert_eq!(Frame::parse(&hex(octets)).unwrap(), frame);
}

/// 2006 section 7.2.1.1.5: both addresses on one PAN, or each with its own.
#[rstest]
#[case::none("011007", absent(), absent(), false)]
#[case::destination("01180707b03412", Address::new(PAN, SHORT), absent(), false)]
#[case::source("01900707b03412", absent(), Address::new(PAN, SHORT), false)]
#[case::two_pans("01980707b0341215083412", Address::new(PAN, SHORT), Address::new(OTHER, SHORT), false)]
#[case::one_pan("41980707b034123412", Address::new(PAN, SHORT), Address::new(PAN, SHORT), true)]
#[case::one_pan_extended(
    "41dc0707b008070605040302010807060504030201",
    Address::new(PAN, LONG),
    Address::new(PAN, LONG),
    true
)]
fn a_2006_frame_has_the_pan_identifiers_of_its_addresses(
    #[case] octets: &str,
    #[case] destination: Address,
    #[case] source: Address,
    #[case] pan_id_compression: bool,
) {
    let header = Header { version: FrameVersion::V2006, ..Header::new(destination, source, 7) };
    assert_eq!(header.pan_id_compression, pan_id_compression);
    let frame = Frame::new(header, Content::Data(vec![]));
    assert_eq!(::hex::encode(frame.to_vec().unwrap()), octets);
    assert_eq!(Frame::parse(&hex(octets)).unwrap(), frame);
}

#[rstest]
#[case::a_pan_without_address_in_2006(FrameVersion::V2006, Address::Pan(PAN), absent(), false)]
#[case::a_bare_address_in_2006(FrameVersion::V2006, Address::Bare(SHORT), absent(), false)]
#[case::compression_over_two_pans(FrameVersion::V2006, Address::new(PAN, SHORT), Address::new(OTHER, SHORT), true)]
#[case::extended_addresses_on_two_pans(FrameVersion::V2015, Address::new(PAN, LONG), Address::new(OTHER, LONG), false)]
#[case::a_source_without_its_pan(FrameVersion::V2015, Address::new(PAN, SHORT), Address::Bare(SHORT), true)]
#[case::a_source_of_a_pan_alone(FrameVersion::V2015, absent(), Address::Pan(PAN), false)]
fn addresses_that_no_row_has_are_not_sent(
    #[case] version: FrameVersion,
    #[case] destination: Address,
    #[case] source: Address,
    #[case] pan_id_compression: bool,
) {
    let header = Header { version, pan_id_compression, ..Header::new(destination, source, 7) };
    assert!(matches!(Frame::new(header, Content::Data(vec![])).to_vec(), Err(Error::Malformed(_))));
}
