//! Layouts by hand after the figures of RFC 6550 and RFC 6551, and properties over every message.

use super::*;
use crate::Error;
use crate::ipv6::Ipv6Addr;
use crate::ndp::RouterPreference;
use crate::reader::Reader;
use crate::writer::Writer;
use alloc::vec;
use alloc::vec::Vec;
use proptest::prelude::*;
use rstest::rstest;

fn emitted(message: &Message) -> Vec<u8> {
    let mut bytes = vec![0; message.body_len()];
    let mut writer = Writer::new(&mut bytes);
    message.emit_body(&mut writer).unwrap();
    let written = writer.offset();
    assert_eq!(written, bytes.len());
    bytes
}

#[test]
fn a_dio_has_the_layout_of_figures_14_and_24() {
    let configuration = Configuration {
        authentication_enabled: true,
        path_control_size: 5,
        interval_doublings: 8,
        interval_min: 12,
        redundancy_constant: 10,
        max_rank_increase: 0x0700,
        min_hop_rank_increase: 0x0100,
        objective_code_point: 1,
        default_lifetime: 0xff,
        lifetime_unit: 0xffff,
    };
    let message = Message::InformationObject(InformationObject {
        instance_id: 30,
        version_number: 240,
        rank: 0x0100,
        grounded: true,
        mode_of_operation: 2,
        preference: 3,
        trigger_sequence_number: 7,
        dodag_id: "fd00::1".parse().unwrap(),
        options: vec![RplOption::Configuration(configuration)],
    });
    let expected = concat!("1ef00100930700", "00fd000000000000000000000000000001", "040e0d080c0a07000100000100ffffff");
    let bytes = emitted(&message);
    assert_eq!(::hex::encode(&bytes), expected);
    assert_eq!(Message::parse_body(1, &bytes), Ok(message));
}

#[rstest]
#[case::pad1("00", RplOption::Pad1)]
#[case::padn("01020000", RplOption::PadN(2))]
#[case::target("05042018fd00", RplOption::Unknown { kind: 5, body: vec![0x20, 0x18, 0xfd, 0] })]
#[case::target_of_16_bits("05040010fd00", RplOption::Target { prefix_length: 16, prefix: "fd00::".parse().unwrap() })]
#[case::transit("060480010203", RplOption::TransitInformation(TransitInformation {
    external: true, path_control: 1, path_sequence: 2, path_lifetime: 3, parent: None,
}))]
#[case::descriptor("090401020304", RplOption::TargetDescriptor(0x01020304))]
#[case::metric("02060704920b0100", RplOption::Unknown { kind: 2, body: vec![7, 4, 0x92, 0x0b, 1, 0] })]
#[case::etx("02060702f2020100", RplOption::MetricContainer(vec![Metric {
    kind: MetricKind::ETX, partial: false, constraint: true, optional: false, recorded: true, aggregation: 7,
    precedence: 2, body: vec![1, 0],
}]))]
#[case::unknown("630155", RplOption::Unknown { kind: 0x63, body: vec![0x55] })]
fn an_option_has_the_layout_of_its_figure(#[case] octets: &str, #[case] option: RplOption) {
    let bytes = ::hex::decode(octets).unwrap();
    assert_eq!(RplOption::parse_all(&mut Reader::new(&bytes)), Ok(vec![option.clone()]));
    let mut written = vec![0; option.buffer_len()];
    option.emit(&mut Writer::new(&mut written)).unwrap();
    assert_eq!(written, bytes);
}

#[rstest]
#[case::mac32(KeyIdentifier::Pair, 0, Some(false), Some(4))]
#[case::enc_mac64(KeyIdentifier::Index(1), 3, Some(true), Some(8))]
#[case::sign_2048(KeyIdentifier::Signature(None), 2, Some(false), Some(256))]
#[case::unassigned(KeyIdentifier::Pair, 4, None, None)]
fn levels_mean_what_figure_11_says(
    #[case] key: KeyIdentifier,
    #[case] level: u8,
    #[case] encrypts: Option<bool>,
    #[case] length: Option<usize>,
) {
    let security = Security { counter_is_time: false, algorithm: 0, level, counter: 0, key };
    assert_eq!((security.encrypts(), security.integrity_len()), (encrypts, length));
}

#[test]
fn a_consistency_check_is_read_if_it_is_not_encrypted() {
    let check = ConsistencyCheck {
        instance_id: 1,
        response: true,
        nonce: 0xbeef,
        dodag_id: "fd00::1".parse().unwrap(),
        destination_counter: 9,
        options: vec![RplOption::Pad1],
    };
    let mut protected = vec![0; check.buffer_len() + 4];
    check.emit(&mut Writer::new(&mut protected)).unwrap();
    let mut security =
        Security { counter_is_time: false, algorithm: 0, level: 0, counter: 1, key: KeyIdentifier::Index(1) };
    let secure = |security| Message::Secure { kind: Kind::ConsistencyCheck, security, protected: protected.clone() };
    let message = secure(security);
    assert_eq!(message.open_consistency_check(), Some(Ok((check, &[0; 4][..]))));
    assert_eq!(message.open(), None);
    security.level = 1;
    assert_eq!(secure(security).open_consistency_check(), None);
    assert!(matches!(Message::parse_body(0x0a, &[0; 24]), Err(Error::Unsupported(_))));
}

fn octets(most: usize) -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(any::<u8>(), 0..most)
}

fn address() -> impl Strategy<Value = Ipv6Addr> {
    any::<u128>().prop_map(Ipv6Addr::from_bits)
}

fn prefix() -> impl Strategy<Value = (u8, Ipv6Addr)> {
    (0..=128u8, address()).prop_map(|(length, address)| (length, crate::ipv6::prefix_bits(address, length)))
}

fn metric() -> impl Strategy<Value = Metric> {
    (any::<(u8, [bool; 4])>(), 0..8u8, 0..16u8, octets(9)).prop_map(|((kind, flags), aggregation, precedence, body)| {
        let [partial, constraint, optional, recorded] = flags;
        Metric { kind: MetricKind(kind), partial, constraint, optional, recorded, aggregation, precedence, body }
    })
}

fn option() -> impl Strategy<Value = RplOption> {
    prop_oneof![
        Just(RplOption::Pad1),
        any::<u8>().prop_map(RplOption::PadN),
        proptest::collection::vec(metric(), 0..4).prop_map(RplOption::MetricContainer),
        (prefix(), any::<(u8, u32)>()).prop_map(|((prefix_length, prefix), (preference, route_lifetime))| {
            let preference = RouterPreference::from_bits(preference);
            RplOption::RouteInformation { prefix_length, preference, route_lifetime, prefix }
        }),
        (any::<(bool, [u8; 4], [u16; 4])>(), 0..8u8).prop_map(|((authentication_enabled, a, b), path_control_size)| {
            RplOption::Configuration(Configuration {
                authentication_enabled,
                path_control_size,
                interval_doublings: a[0],
                interval_min: a[1],
                redundancy_constant: a[2],
                max_rank_increase: b[0],
                min_hop_rank_increase: b[1],
                objective_code_point: b[2],
                default_lifetime: a[3],
                lifetime_unit: b[3],
            })
        }),
        prefix().prop_map(|(prefix_length, prefix)| RplOption::Target { prefix_length, prefix }),
        (any::<(bool, u8, u8, u8)>(), proptest::option::of(address())).prop_map(
            |((external, path_control, path_sequence, path_lifetime), parent)| {
                let transit = TransitInformation { external, path_control, path_sequence, path_lifetime, parent };
                RplOption::TransitInformation(transit)
            }
        ),
        (any::<(u8, [bool; 3], u8)>(), address()).prop_map(|((instance_id, predicates, version_number), dodag_id)| {
            let [version_predicate, instance_predicate, dodag_id_predicate] = predicates;
            RplOption::SolicitedInformation(SolicitedInformation {
                instance_id,
                version_predicate,
                instance_predicate,
                dodag_id_predicate,
                dodag_id,
                version_number,
            })
        }),
        (any::<(u8, [bool; 3], u32, u32)>(), address()).prop_map(
            |((prefix_length, [on_link, autonomous, router_address], valid_lifetime, preferred_lifetime), prefix)| {
                RplOption::PrefixInformation {
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
        any::<u32>().prop_map(RplOption::TargetDescriptor),
        (10..=255u8, octets(30)).prop_map(|(kind, body)| RplOption::Unknown { kind, body }),
    ]
}

fn security() -> impl Strategy<Value = Security> {
    let key = prop_oneof![
        any::<u8>().prop_map(KeyIdentifier::Index),
        Just(KeyIdentifier::Pair),
        any::<([u8; 8], u8)>().prop_map(|(source, index)| KeyIdentifier::Source { source, index }),
        any::<([u8; 8], u8)>().prop_map(|key| KeyIdentifier::Signature(Some(key))),
    ];
    (any::<(bool, u8, u32)>(), 0..8u8, key).prop_map(|((counter_is_time, algorithm, counter), level, key)| {
        let key = match key {
            KeyIdentifier::Signature(_) if level & 1 == 0 => KeyIdentifier::Signature(None),
            key => key,
        };
        Security { counter_is_time, algorithm, level, counter, key }
    })
}

pub(crate) fn message() -> impl Strategy<Value = Message> {
    let options = || proptest::collection::vec(option(), 0..5);
    let dodag_id = || proptest::option::of(address());
    let kinds = [
        Kind::InformationSolicitation,
        Kind::InformationObject,
        Kind::DestinationAdvertisement,
        Kind::DestinationAdvertisementAck,
        Kind::ConsistencyCheck,
    ];
    prop_oneof![
        options().prop_map(|options| Message::InformationSolicitation { options }),
        (any::<(u8, u8, u16, bool, u8)>(), 0..8u8, 0..8u8, address(), options()).prop_map(
            |(
                (instance_id, version_number, rank, grounded, dtsn),
                mode_of_operation,
                preference,
                dodag_id,
                options,
            )| {
                Message::InformationObject(InformationObject {
                    instance_id,
                    version_number,
                    rank,
                    grounded,
                    mode_of_operation,
                    preference,
                    trigger_sequence_number: dtsn,
                    dodag_id,
                    options,
                })
            }
        ),
        (any::<(u8, bool, u8)>(), dodag_id(), options()).prop_map(
            |((instance_id, acknowledgement, sequence), dodag_id, options)| {
                let advertisement =
                    DestinationAdvertisement { instance_id, acknowledgement, sequence, dodag_id, options };
                Message::DestinationAdvertisement(advertisement)
            }
        ),
        (any::<(u8, u8, u8)>(), dodag_id(), options()).prop_map(
            |((instance_id, sequence, status), dodag_id, options)| {
                let ack = DestinationAdvertisementAck { instance_id, sequence, status, dodag_id, options };
                Message::DestinationAdvertisementAck(ack)
            }
        ),
        (prop::sample::select(kinds.to_vec()), security(), octets(40))
            .prop_map(|(kind, security, protected)| Message::Secure { kind, security, protected }),
    ]
}

proptest! {
    #[test]
    fn every_message_survives_emit_and_parse_and_stays_in_its_buffer(message in message()) {
        let bytes = emitted(&message);
        prop_assert_eq!(&Message::parse_body(message.icmpv6_code(), &bytes).unwrap(), &message);
        let mut short = vec![0; bytes.len() - 1];
        prop_assert!(matches!(message.emit_body(&mut Writer::new(&mut short)), Err(Error::NoRoom(_))));
    }

    #[test]
    fn any_bytes_parse_without_panic_and_what_parses_is_emitted_alike(
        code in prop::sample::select(vec![0u8, 1, 2, 3, 0x80, 0x81, 0x82, 0x83, 0x8a]), bytes in octets(100),
    ) {
        if let Ok(message) = Message::parse_body(code, &bytes) {
            prop_assert_eq!(Message::parse_body(code, &emitted(&message)).unwrap(), message);
        }
    }
}
