//! HC1 and HC_UDP: what is elided, what is in-line at any bit, and what is refused.

use super::*;
use crate::ipv6::extensions;

const OTHER: LinkAddress = LinkAddress::Short(ShortAddress(0x5678));

fn decompressed(bytes: &str) -> Packet {
    let bytes = decompress(&hex(&bytes.replace(' ', "")), SHORT, OTHER, &Contexts::default(), None).unwrap();
    Packet::parse(&bytes).unwrap()
}

#[test]
fn all_that_can_be_elided_comes_back() {
    let packet = decompressed("42 fb e0 40 12 abcd 68656c6c6f");
    assert_eq!(packet.header.source, address("fe80::ff:fe00:1234"));
    assert_eq!(packet.header.destination, address("fe80::ff:fe00:5678"));
    assert_eq!((packet.header.hop_limit, packet.header.next_header), (64, NextHeader::UDP));
    assert_eq!(::hex::encode(&packet.payload), "f0b1f0b2000dabcd68656c6c6f");
}

#[rstest]
#[case::prefixes(
    "42 5a 40 fd00b00700000000 fd00b00700000001",
    "fd00:b007::ff:fe00:1234",
    "fd00:b007:0:1:0:ff:fe00:5678"
)]
#[case::identifiers(
    "42 aa 40 1111111111111111 2222222222222222",
    "fe80::1111:1111:1111:1111",
    "fe80::2222:2222:2222:2222"
)]
#[case::whole_source("42 3a 40 fd00b00700000000 0000000000000001", "fd00:b007::1", "fe80::ff:fe00:5678")]
fn addresses_in_line_come_back(#[case] bytes: &str, #[case] source: &str, #[case] destination: &str) {
    let packet = decompressed(bytes);
    assert_eq!((packet.header.source, packet.header.destination), (address(source), address(destination)));
}

/// Traffic class and flow label end within an octet, and so does all that follows (section 10).
#[test]
fn fields_at_half_octets_come_back() {
    let packet = decompressed("42 f3 c0 40 12 34567 1 2 000d abcd 0 68656c6c6f");
    assert_eq!((packet.header.traffic_class, packet.header.flow_label), (0x12, 0x34567));
    assert_eq!(::hex::encode(&packet.payload), "f0b1f0b2000dabcd68656c6c6f");
    let packet = decompressed("42 f0 40 12 34567 3b 0 6a756e6b");
    assert_eq!((packet.header.flow_label, packet.header.next_header), (0x34567, NextHeader::NONE));
    assert_eq!(packet.payload, b"junk");
}

#[rstest]
#[case::icmpv6("42 fc 40 8000", NextHeader::ICMPV6)]
#[case::tcp("42 fe 40 0001", NextHeader::TCP)]
#[case::udp_as_it_is("42 fa 40 f0b1f0b2000dabcd68656c6c6f", NextHeader::UDP)]
fn next_headers_without_further_compression_pass_unchanged(#[case] bytes: &str, #[case] next_header: NextHeader) {
    let packet = decompressed(bytes);
    assert_eq!(packet.header.next_header, next_header);
    assert_eq!(packet.payload, hex(&bytes.replace(' ', ""))[3..]);
}

#[rstest]
#[case::more_of_tcp("42ff4000", Error::Malformed("HC1 announces a compression that no next header has"))]
#[case::more_of_none("42f9e040", Error::Malformed("HC1 announces a compression that no next header has"))]
#[case::cut_off("42fbe04012ab", Error::Truncated("UDP checksum"))]
#[case::wrong_length("42fbc0401200ff", Error::Truncated("UDP checksum"))]
#[case::length_of_another("42fbc04012000eabcd68656c6c6f", Error::Malformed("UDP length is not that of the datagram"))]
fn wrong_headers_are_refused(#[case] bytes: &str, #[case] error: Error) {
    assert_eq!(decompress(&hex(bytes), SHORT, OTHER, &Contexts::default(), None), Err(error));
}

proptest! {
    #[test]
    fn any_bytes_decompress_without_panic(
        bytes in proptest::collection::vec(any::<u8>(), 0..60), size in proptest::option::of(0..2048usize),
    ) {
        let bytes = [vec![0x42], bytes].concat();
        if let Ok(packet) = decompress(&bytes, SHORT, OTHER, &Contexts::default(), size) {
            let _ = extensions(&packet);
        }
    }
}
