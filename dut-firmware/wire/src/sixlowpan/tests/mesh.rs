//! Mesh, broadcast and fragment headers: by table, together, and refused.

use super::*;
use crate::writer::Writer;

fn short(address: u16) -> LinkAddress {
    LinkAddress::Short(ShortAddress(address))
}

#[rstest]
#[case::both_short("b500010002", MeshHeader { hops_left: 5, originator: short(1), final_destination: short(2) })]
#[case::fourteen_hops("be00010002", MeshHeader { hops_left: 14, originator: short(1), final_destination: short(2) })]
#[case::deep("bf0f00010002", MeshHeader { hops_left: 15, originator: short(1), final_destination: short(2) })]
#[case::deepest("bfff00010002", MeshHeader { hops_left: 255, originator: short(1), final_destination: short(2) })]
#[case::extended_originator(
    "9102000000000000010002",
    MeshHeader { hops_left: 1, originator: extended("0200000000000001"), final_destination: short(2) }
)]
#[case::extended_destination(
    "a100020200000000000001",
    MeshHeader { hops_left: 1, originator: short(2), final_destination: extended("0200000000000001") }
)]
#[case::both_extended(
    "8002000000000000010200000000000002",
    MeshHeader { hops_left: 0, originator: extended("0200000000000001"), final_destination: extended("0200000000000002") }
)]
fn mesh_headers_parse_and_are_reproduced(#[case] bytes: &str, #[case] header: MeshHeader) {
    assert_eq!(MeshHeader::parse(&mut Reader::new(&hex(bytes))), Ok(header));
    let mut buffer = vec![0; header.buffer_len()];
    header.emit(&mut Writer::new(&mut buffer)).unwrap();
    assert_eq!(buffer, hex(bytes));
}

#[test]
fn deep_hops_below_fifteen_are_read_and_written_the_short_way() {
    let header = MeshHeader::parse(&mut Reader::new(&hex("bf0300010002"))).unwrap();
    assert_eq!((header.hops_left, header.buffer_len()), (3, 5));
}

#[rstest]
#[case::mesh("50", Error::Malformed("dispatch is not mesh"))]
#[case::no_address("b5", Error::Truncated("mesh originator"))]
#[case::half_an_address("b5000100", Error::Truncated("mesh final destination"))]
#[case::no_deep_hops("bf", Error::Truncated("deep hops left"))]
fn wrong_mesh_headers_are_refused(#[case] bytes: &str, #[case] error: Error) {
    assert_eq!(MeshHeader::parse(&mut Reader::new(&hex(bytes))), Err(error));
}

#[test]
fn a_broadcast_header_without_its_dispatch_or_its_number_is_refused() {
    let parse = |text| BroadcastHeader::parse(&mut Reader::new(&hex(text)));
    assert_eq!(parse("5109"), Err(Error::Malformed("dispatch is not LOWPAN_BC0")));
    assert_eq!(parse("50"), Err(Error::Truncated("broadcast sequence number")));
    assert_eq!(parse("5009"), Ok(BroadcastHeader { sequence_number: 9 }));
}

/// RFC 4944 section 5.2: elided interface identifiers come from originator and final destination.
#[test]
fn a_first_fragment_in_a_mesh_takes_its_addresses_from_the_mesh_header() {
    let bytes = hex("b500010002 5007 c0300009 7a33 3a 8000".replace(' ', "").as_str());
    let mut reader = Reader::new(&bytes);
    let headers = FrameHeaders::parse(&mut reader).unwrap();
    assert_eq!(headers.broadcast, Some(BroadcastHeader { sequence_number: 7 }));
    assert_eq!(headers.fragment, Some(FragmentHeader::First { datagram_size: 48, datagram_tag: 9 }));
    let (source, destination) = headers.ends(SHORT, SHORT);
    let packet = decompress(reader.rest(), source, destination, &Contexts::default(), Some(48)).unwrap();
    let (header, payload_length) = Header::parse(&mut Reader::new(&packet)).unwrap();
    assert_eq!((header.source, header.destination), (address("fe80::ff:fe00:1"), address("fe80::ff:fe00:2")));
    assert_eq!(payload_length, 8);
}

#[test]
fn without_mesh_header_the_ends_are_those_of_the_frame() {
    assert_eq!(FrameHeaders::default().ends(short(3), short(4)), (short(3), short(4)));
}

fn frame_headers() -> impl Strategy<Value = FrameHeaders> {
    let mesh = (any::<u8>(), strategy::link_address(), strategy::link_address())
        .prop_map(|(hops_left, originator, final_destination)| MeshHeader { hops_left, originator, final_destination });
    let broadcast = any::<u8>().prop_map(|sequence_number| BroadcastHeader { sequence_number });
    let fragment = (0..2048u16, any::<u16>(), proptest::option::of(any::<u8>())).prop_map(
        |(datagram_size, datagram_tag, offset)| match offset {
            Some(datagram_offset) => FragmentHeader::Next { datagram_size, datagram_tag, datagram_offset },
            None => FragmentHeader::First { datagram_size, datagram_tag },
        },
    );
    (proptest::option::of(mesh), proptest::option::of(broadcast), proptest::option::of(fragment))
        .prop_map(|(mesh, broadcast, fragment)| FrameHeaders { mesh, broadcast, fragment })
}

proptest! {
    #[test]
    fn frame_headers_survive_emit_and_parse(headers in frame_headers(), rest in 0x60..0x80u8) {
        let mut bytes = vec![0; headers.buffer_len()];
        headers.emit(&mut Writer::new(&mut bytes)).unwrap();
        for room in 0..bytes.len() {
            prop_assert!(headers.emit(&mut Writer::new(&mut bytes.clone()[..room])).is_err());
        }
        bytes.push(rest);
        let mut reader = Reader::new(&bytes);
        prop_assert_eq!(FrameHeaders::parse(&mut reader), Ok(headers));
        prop_assert_eq!(reader.rest(), [rest]);
    }

    #[test]
    fn any_bytes_are_taken_as_frame_headers_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
        let _ = FrameHeaders::parse(&mut Reader::new(&bytes));
    }
}
