//! A foreign echo request, SEL layout by the profile, and properties over every message.

use super::*;
use crate::Eui64;
use crate::dns::Name;
use crate::icmpv6::mld::{AddressRecord, QueryV2, RecordType};
use crate::ieee802154::ShortAddress;
use crate::ipv6::{ALL_NODES, prefix_bits};
use crate::ndp::{ExtendedRegistration, LinkLayerAddress, NdpOption, Registration, RouterPreference, Rovr};
use alloc::string::String;
use proptest::prelude::*;
use rstest::rstest;

fn hex(text: &str) -> Vec<u8> {
    ::hex::decode(text).unwrap()
}

/// From the ICMPv6 part of an echo request recorded with another stack.
#[test]
fn a_foreign_echo_request_parses_and_is_reproduced() {
    let bytes = hex(concat!(
        "8000b0e30004000182f282640000000066230c0000000000101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d",
        "2e2f3031323334353637"
    ));
    let source = "fe80::241c:2957:34a6:3a62".parse().unwrap();
    let destination = "fe80::180b:4242:4242:4242".parse().unwrap();
    let message = Message::parse(&bytes, source, destination).unwrap();
    let Message::EchoRequest(echo) = &message else { panic!("no echo request") };
    assert_eq!((echo.identifier, echo.sequence_number, echo.data.len()), (4, 1, 56));
    assert_eq!(message.to_vec(source, destination).unwrap(), bytes);
    assert_eq!(Message::parse(&bytes, source, source), Err(Error::Integrity("ICMPv6 checksum")));
}

#[rstest]
#[case::jsr(sel::Message::join_secure_request(Eui64([0x02, 0, 0, 0, 0, 0, 0, 1])), "c801....000000000200000000000001")]
#[case::ssr(sel::Message::set_secure_request(Eui64([0x02, 0, 0, 0, 0, 0, 0, 1]), 60), "c802....0000003c0200000000000001")]
fn bootstrap_requests_have_the_layout_of_the_profile(#[case] message: sel::Message, #[case] expected: &str) {
    let bytes = Message::Sel(message).to_vec(ALL_NODES, ALL_NODES).unwrap();
    let mut shown = ::hex::encode(&bytes);
    shown.replace_range(4..8, "....");
    assert_eq!(shown, expected);
    let mut longer = bytes.clone();
    longer.extend([1, 2, 3]);
    assert_eq!(Message::parse_unverified(&longer), Ok(Message::Sel(message)));
    assert_eq!(Message::parse_unverified(&bytes[..15]), Err(Error::Truncated("EUI-64")));
}

#[test]
fn other_codes_of_type_200_are_none_of_the_protocol() {
    assert_eq!(
        Message::parse_unverified(&[200, 3, 0, 0, 1]),
        Ok(Message::Other { kind: 200, code: 3, body: Vec::from([1]) })
    );
}

#[rstest]
#[case::zero_length("8500000000000000", "0100", Error::Malformed("option length 0"))]
#[case::beyond_the_end("8500000000000000", "0102aabb", Error::Truncated("option"))]
fn wrong_options_are_refused(#[case] message: &str, #[case] option: &str, #[case] error: Error) {
    let bytes = hex(&String::from_iter([message, option]));
    assert_eq!(Message::parse_unverified(&bytes), Err(error));
}

#[test]
fn a_registration_option_has_the_layout_of_rfc6775() {
    let options = Vec::from([
        NdpOption::SourceLinkLayerAddress(LinkLayerAddress::Extended(Eui64([2, 0, 0, 0, 0, 0, 0, 1]))),
        NdpOption::AddressRegistration { status: 0, registration_lifetime: 60, eui64: Eui64([2, 0, 0, 0, 0, 0, 0, 1]) },
    ]);
    let message = Message::Ndp(ndp::Message::NeighborSolicitation { target: ALL_NODES, options });
    let bytes = message.to_vec(ALL_NODES, ALL_NODES).unwrap();
    assert_eq!(
        ::hex::encode(&bytes[24..]),
        concat!("0102", "0200000000000001", "000000000000", "2102", "00000000", "003c", "0200000000000001")
    );
}

#[test]
fn an_extended_registration_option_has_the_layout_of_rfc8505() {
    let option = NdpOption::ExtendedAddressRegistration {
        status: ndp::status::MOVED,
        opaque: 5,
        opaque_content: 0,
        routing: true,
        transaction_id: Some(9),
        registration_lifetime: 60,
        rovr: Rovr::Bits128([0xaa; 16]),
    };
    let message = Message::Ndp(ndp::Message::NeighborSolicitation { target: ALL_NODES, options: Vec::from([option]) });
    let bytes = message.to_vec(ALL_NODES, ALL_NODES).unwrap();
    assert_eq!(::hex::encode(&bytes[24..32]), "210303050309003c");
    assert_eq!(bytes[32..], [0xaa; 16]);
}

#[rstest]
#[case::code_prefix_is_ignored(0x21, 1)]
#[case::length_is_the_suffix(4, 4)]
fn the_code_of_an_edar_says_how_long_its_verifier_is(#[case] code: u8, #[case] units: usize) {
    let bytes = [&[157, code, 0, 0, 0, 7, 0, 60][..], &[0xaa; 32][..units * 8], &ALL_NODES.octets()].concat();
    let Ok(Message::Ndp(ndp::Message::ExtendedDuplicateAddressRequest(request))) = Message::parse_unverified(&bytes)
    else {
        panic!("no EDAR")
    };
    assert_eq!((request.rovr.octets().len(), request.registered_address), (units * 8, ALL_NODES));
}

#[rstest]
#[case::linear(0x7fff, 0x7fff)]
#[case::least_exponent(0x8000, 0x8000)]
#[case::most(0xffff, 0x1fff << 10)]
fn a_response_code_of_mldv2_is_a_floating_point_number(#[case] code: u16, #[case] milliseconds: u32) {
    assert_eq!(mld::response_delay(code), milliseconds);
}

fn bytes(most: usize) -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(any::<u8>(), 0..most)
}

fn link_layer_address() -> impl Strategy<Value = LinkLayerAddress> {
    prop_oneof![
        any::<[u8; 8]>().prop_map(|a| LinkLayerAddress::Extended(Eui64(a))),
        any::<u16>().prop_map(|a| LinkLayerAddress::Short(ShortAddress(a))),
        any::<[u8; 5]>().prop_map(|[a, b, c, d, e]| LinkLayerAddress::Ethernet([a, b, c, d, e, 1])),
    ]
}

fn multiple_of_eight(more: usize) -> impl Strategy<Value = Vec<u8>> {
    (0..4usize).prop_flat_map(move |units| proptest::collection::vec(any::<u8>(), units * 8 + more))
}

fn domain_name() -> impl Strategy<Value = Name> {
    prop::sample::select(Vec::from(["local", "example.com", "a.b.c.d.e"])).prop_map(|text| text.parse().unwrap())
}

fn rovr() -> impl Strategy<Value = Rovr> {
    (1..=4usize, any::<[u8; 32]>()).prop_map(|(units, octets)| Rovr::new(&octets[..units * 8]).unwrap())
}

fn mld_message() -> impl Strategy<Value = mld::Message> {
    let address = || any::<u128>().prop_map(Ipv6Addr::from_bits);
    let sources = || proptest::collection::vec(address(), 0..3);
    let record = (any::<u8>(), address(), sources(), proptest::collection::vec(any::<[u8; 4]>(), 0..3)).prop_map(
        |(record_type, multicast_address, sources, words)| AddressRecord {
            record_type: RecordType(record_type),
            multicast_address,
            sources,
            auxiliary_data: words.concat(),
        },
    );
    prop_oneof![
        (any::<u16>(), address()).prop_map(|(maximum_response_delay, multicast_address)| mld::Message::Query {
            maximum_response_delay,
            multicast_address
        }),
        address().prop_map(|multicast_address| mld::Message::Report { multicast_address }),
        address().prop_map(|multicast_address| mld::Message::Done { multicast_address }),
        (any::<(u16, bool, u8)>(), 0..8u8, address(), sources()).prop_map(
            |((maximum_response_code, s, query_interval_code), robustness_variable, multicast_address, sources)| {
                mld::Message::QueryV2(QueryV2 {
                    maximum_response_code,
                    multicast_address,
                    suppress_router_side_processing: s,
                    robustness_variable,
                    query_interval_code,
                    sources,
                })
            }
        ),
        proptest::collection::vec(record, 0..3).prop_map(|records| mld::Message::ReportV2 { records }),
    ]
}

fn option() -> impl Strategy<Value = NdpOption> {
    let address = || any::<u128>().prop_map(Ipv6Addr::from_bits);
    prop_oneof![
        link_layer_address().prop_map(NdpOption::SourceLinkLayerAddress),
        link_layer_address().prop_map(NdpOption::TargetLinkLayerAddress),
        (any::<(u8, [bool; 3], u32, u32)>(), address()).prop_map(
            |((prefix_length, [on_link, autonomous, router_address], valid_lifetime, preferred_lifetime), prefix)| {
                NdpOption::PrefixInformation {
                    prefix_length,
                    on_link,
                    autonomous,
                    router_address,
                    valid_lifetime,
                    preferred_lifetime,
                    prefix,
                }
            }
        ),
        any::<u32>().prop_map(NdpOption::Mtu),
        multiple_of_eight(0).prop_map(NdpOption::RedirectedHeader),
        multiple_of_eight(6).prop_map(NdpOption::Nonce),
        (0..=128u8, any::<(u8, u32)>(), any::<u128>()).prop_map(
            |(prefix_length, (preference, route_lifetime), prefix)| NdpOption::RouteInformation {
                prefix_length,
                preference: RouterPreference::from_bits(preference),
                route_lifetime,
                prefix: prefix_bits(Ipv6Addr::from_bits(prefix), prefix_length),
            }
        ),
        (any::<u32>(), proptest::collection::vec(address(), 1..4))
            .prop_map(|(lifetime, addresses)| NdpOption::RecursiveDnsServer { lifetime, addresses }),
        (any::<u32>(), proptest::collection::vec(domain_name(), 1..4))
            .prop_map(|(lifetime, domain_names)| NdpOption::DnsSearchList { lifetime, domain_names }),
        (any::<(u8, u8, bool, u16)>(), 0..4u8, proptest::option::of(any::<u8>()), rovr()).prop_map(
            |((status, opaque, routing, registration_lifetime), opaque_content, transaction_id, rovr)| {
                NdpOption::ExtendedAddressRegistration {
                    status,
                    opaque,
                    opaque_content,
                    // Without a flag, and with 64 bits, it would be an ARO.
                    routing: routing || opaque_content == 0 && transaction_id.is_none(),
                    transaction_id,
                    registration_lifetime,
                    rovr,
                }
            }
        ),
        any::<(u16, u32)>()
            .prop_map(|(capabilities, reserved)| NdpOption::CapabilityIndication { capabilities, reserved }),
        any::<(u8, u16, [u8; 8])>().prop_map(|(status, registration_lifetime, eui64)| {
            NdpOption::AddressRegistration { status, registration_lifetime, eui64: Eui64(eui64) }
        }),
        (0..=128u8, any::<bool>(), 0..16u8, any::<u16>(), any::<u128>()).prop_map(
            |(context_length, compression, context_id, valid_lifetime, prefix)| {
                let prefix = prefix & u128::MAX.checked_shl(128 - u32::from(context_length)).unwrap_or(0);
                let prefix = Ipv6Addr::from_bits(prefix);
                NdpOption::SixLowpanContext { context_length, compression, context_id, valid_lifetime, prefix }
            }
        ),
        (any::<(u32, u16)>(), address()).prop_map(|((version, valid_lifetime), address)| {
            NdpOption::AuthoritativeBorderRouter { version, valid_lifetime, address }
        }),
        (40..=255u8, any::<[u8; 14]>()).prop_map(|(kind, body)| NdpOption::Unknown { kind, body: Vec::from(body) }),
    ]
}

fn message() -> impl Strategy<Value = Message> {
    let options = || proptest::collection::vec(option(), 0..5);
    let address = || any::<u128>().prop_map(Ipv6Addr::from_bits);
    let registration = || {
        any::<(u8, u16, [u8; 8], u128)>().prop_map(|(status, registration_lifetime, eui64, registered)| Registration {
            status,
            registration_lifetime,
            eui64: Eui64(eui64),
            registered_address: Ipv6Addr::from_bits(registered),
        })
    };
    let extended = || {
        (any::<(u8, u8, u16, u128)>(), rovr()).prop_map(
            |((status, transaction_id, registration_lifetime, registered), rovr)| ExtendedRegistration {
                status,
                transaction_id,
                registration_lifetime,
                rovr,
                registered_address: Ipv6Addr::from_bits(registered),
            },
        )
    };
    let echo = || {
        (any::<(u16, u16)>(), bytes(60)).prop_map(|((identifier, sequence_number), data)| Echo {
            identifier,
            sequence_number,
            data,
        })
    };
    prop_oneof![
        (1..=4u8, any::<(u8, u32)>(), bytes(60)).prop_map(|(kind, (code, parameter), invoking)| Message::Error {
            kind: ErrorKind::from_type(kind).unwrap(),
            code,
            parameter,
            invoking
        }),
        echo().prop_map(Message::EchoRequest),
        echo().prop_map(Message::EchoReply),
        options().prop_map(|options| Message::Ndp(ndp::Message::RouterSolicitation { options })),
        (any::<(u8, [bool; 4], u8, u16, u32, u32)>(), options()).prop_map(
            |((hops, [m, o, h, p], preference, lifetime, reach, retrans), options)| {
                Message::Ndp(ndp::Message::RouterAdvertisement {
                    current_hop_limit: hops,
                    managed: m,
                    other_configuration: o,
                    home_agent: h,
                    preference: RouterPreference::from_bits(preference),
                    proxy: p,
                    router_lifetime: lifetime,
                    reachable_time: reach,
                    retransmission_timer: retrans,
                    options,
                })
            }
        ),
        (address(), options())
            .prop_map(|(target, options)| Message::Ndp(ndp::Message::NeighborSolicitation { target, options })),
        (any::<(bool, bool, bool)>(), address(), options()).prop_map(
            |((router, solicited, override_), target, options)| {
                Message::Ndp(ndp::Message::NeighborAdvertisement { router, solicited, override_, target, options })
            }
        ),
        (address(), address(), options()).prop_map(|(target, destination, options)| {
            Message::Ndp(ndp::Message::Redirect { target, destination, options })
        }),
        extended().prop_map(|body| Message::Ndp(ndp::Message::ExtendedDuplicateAddressRequest(body))),
        extended().prop_map(|body| Message::Ndp(ndp::Message::ExtendedDuplicateAddressConfirmation(body))),
        mld_message().prop_map(Message::Mld),
        rpl::tests::message().prop_map(Message::Rpl),
        registration().prop_map(|body| Message::Ndp(ndp::Message::DuplicateAddressRequest(body))),
        registration().prop_map(|body| Message::Ndp(ndp::Message::DuplicateAddressConfirmation(body))),
        any::<(bool, u8, u8, u16, [u8; 8])>().prop_map(|(jsr, status, reserved, registration_lifetime, eui64)| {
            let kind = if jsr { sel::Kind::JoinSecureRequest } else { sel::Kind::SetSecureRequest };
            Message::Sel(sel::Message { kind, status, reserved, registration_lifetime, eui64: Eui64(eui64) })
        }),
        (201..=255u8, any::<u8>(), bytes(60)).prop_map(|(kind, code, body)| Message::Other { kind, code, body }),
    ]
}

proptest! {
    #[test]
    fn every_message_survives_emit_and_parse(message in message(), source: u128, destination: u128) {
        let (source, destination) = (Ipv6Addr::from_bits(source), Ipv6Addr::from_bits(destination));
        let bytes = message.to_vec(source, destination).unwrap();
        prop_assert_eq!(&Message::parse(&bytes, source, destination).unwrap(), &message);
        let mut short = vec![0; bytes.len() - 1];
        prop_assert!(matches!(message.emit(source, destination, &mut short), Err(Error::NoRoom(_))));
    }

    #[test]
    fn any_bytes_parse_without_panic_and_what_parses_is_emitted_alike(kind in prop::sample::select(Vec::from([1u8, 128, 130, 131, 132, 133, 134, 135, 136, 137, 143, 155, 157, 158, 200])), code in 0..5u8, rest in bytes(100)) {
        let mut bytes = Vec::from([kind, code]);
        bytes.extend(rest);
        if let Ok(message) = Message::parse_unverified(&bytes) {
            let emitted = message.to_vec(ALL_NODES, ALL_NODES).unwrap();
            prop_assert_eq!(Message::parse_unverified(&emitted).unwrap(), message);
        }
    }
}
