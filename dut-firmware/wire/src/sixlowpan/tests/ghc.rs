//! Generic header compression: the examples of RFC 7400 appendix A, refusals, and packets with it.

use super::*;
use crate::ipv6::{ExtensionHeader, Ipv6Option, OptionsHeader, with_extensions};

/// Source, destination, payload and compressed payload of an example.
struct Example {
    name: &'static str,
    source: Ipv6Addr,
    destination: Ipv6Addr,
    payload: Vec<u8>,
    compressed: Vec<u8>,
}

fn examples() -> Vec<Example> {
    let text = include_str!("../../../tests/vectors/ghc-rfc7400.txt");
    let line = |line: &'static str| {
        let mut parts = line.split(' ');
        let name = parts.next().unwrap();
        let [header, payload, compressed] = [(); 3].map(|()| hex(parts.next().unwrap()));
        let address = |at: usize| Ipv6Addr::from(<[u8; 16]>::try_from(&header[at..at + 16]).unwrap());
        Example { name, source: address(8), destination: address(24), payload, compressed }
    };
    text.lines().filter(|line| !line.starts_with('#')).map(line).collect()
}

#[test]
fn the_examples_of_rfc7400_expand_to_their_payloads() {
    let examples = examples();
    assert_eq!(examples.len(), 10);
    for Example { name, source, destination, payload, compressed } in examples {
        let expanded = ghc_decompress(&mut Reader::new(&compressed), source, destination, false);
        assert_eq!(expanded, Ok(payload), "{name}");
    }
}

#[test]
fn the_examples_compress_at_least_as_well_as_those_of_rfc7400() {
    for Example { name, source, destination, payload, compressed } in examples() {
        let ours = ghc_compress(&payload, source, destination);
        assert!(ours.len() <= compressed.len(), "{name}: {} octets instead of {}", ours.len(), compressed.len());
        assert_eq!(ghc_decompress(&mut Reader::new(&ours), source, destination, false), Ok(payload), "{name}");
    }
}

#[rstest]
#[case::reserved_literal("60", Error::Malformed("GHC code byte is reserved"))]
#[case::reserved_stop("91", Error::Malformed("GHC code byte is reserved"))]
#[case::stop_in_a_payload("90", Error::Malformed("GHC stop code in a payload"))]
#[case::literal_cut_off("0201", Error::Truncated("GHC literal"))]
#[case::before_the_dictionary("a6c0", Error::Malformed("GHC back-reference before the dictionary"))]
fn wrong_code_is_refused(#[case] code: &str, #[case] error: Error) {
    let any = Ipv6Addr::UNSPECIFIED;
    assert_eq!(ghc_decompress(&mut Reader::new(&hex(code)), any, any, false), Err(error));
}

#[test]
fn a_small_code_cannot_expand_without_bound() {
    let bomb = [vec![0x8f], [0xbf, 0xbf, 0xbf, 0xf8].repeat(200)].concat();
    let any = Ipv6Addr::UNSPECIFIED;
    assert!(ghc_decompress(&mut Reader::new(&bomb), any, any, false).is_err());
    assert!(ghc_decompress(&mut Reader::new(&[0x8f; 300]), any, any, false).is_err());
}

#[test]
fn an_extension_header_without_its_stop_code_is_refused() {
    let result = decompress(&hex("7e33b0023a01"), SHORT, SHORT, &contexts(), None);
    assert_eq!(result, Err(Error::Truncated("GHC stop code")));
}

const ADDRESS: &str = "fe80::ff:fe00:1234";

#[test]
fn icmpv6_compressed_generically_decompresses() {
    let (source, destination) = (address(ADDRESS), address(ADDRESS));
    let payload = [hex("8000abcd0001"), vec![0; 40], hex("0001fe80000000000000000000fffe001234")].concat();
    let packet = Packet { header: Header::new(source, destination, NextHeader::ICMPV6, 64), payload: payload.clone() };
    let compressed = [hex("7e33df"), ghc_compress(&payload, source, destination)].concat();
    assert!(compressed.len() < 25);
    assert_eq!(decompress(&compressed, SHORT, SHORT, &contexts(), None).unwrap(), packet.to_vec().unwrap());
}

/// UDP with its payload, and hop-by-hop options before it, both compressed generically.
#[rstest]
#[case::next_header_elided(true)]
#[case::next_header_in_line(false)]
fn udp_behind_options_compressed_generically_decompresses(#[case] is_elided: bool) {
    let (source, destination) = (address(ADDRESS), address(ADDRESS));
    let datagram = Datagram { source_port: 0xf0b1, destination_port: 0xf0b2, payload: vec![0x16; 30] };
    let upper = datagram.to_vec(source, destination).unwrap();
    let options = OptionsHeader::padded(NextHeader::NONE, vec![Ipv6Option::RouterAlert(0)]);
    let (first, payload) = with_extensions(vec![ExtensionHeader::HopByHop(options)], NextHeader::UDP, &upper).unwrap();
    let packet = Packet { header: Header::new(source, destination, first, 64), payload };
    let option = hex("05020000");
    let mut bytes = hex("7e33");
    if is_elided {
        bytes.push(0xb1);
        bytes.extend(ghc_compress(&option, source, destination));
        bytes.push(0x90);
        bytes.extend(hex("d312"));
        bytes.extend(&upper[6..8]);
        bytes.extend(ghc_compress(&datagram.payload, source, destination));
    } else {
        bytes.push(0xb0);
        bytes.extend(ghc_compress(&[hex("11"), option].concat(), source, destination));
        bytes.push(0x90);
        bytes.extend(&upper);
    }
    assert_eq!(decompress(&bytes, SHORT, SHORT, &contexts(), None).unwrap(), packet.to_vec().unwrap());
}

proptest! {
    #[test]
    fn any_payload_survives_compression(
        source: u128, destination: u128,
        payload in proptest::collection::vec(prop_oneof![3 => 0..3u8, 1 => any::<u8>()], 0..200),
    ) {
        let (source, destination) = (Ipv6Addr::from_bits(source), Ipv6Addr::from_bits(destination));
        let compressed = ghc_compress(&payload, source, destination);
        prop_assert!(compressed.len() <= payload.len() + payload.len().div_ceil(95));
        prop_assert_eq!(ghc_decompress(&mut Reader::new(&compressed), source, destination, false), Ok(payload));
    }

    #[test]
    fn any_code_is_taken_without_panic(code in proptest::collection::vec(any::<u8>(), 0..100), has_stop: bool) {
        let any = Ipv6Addr::UNSPECIFIED;
        let _ = ghc_decompress(&mut Reader::new(&code), any, any, has_stop);
    }
}
