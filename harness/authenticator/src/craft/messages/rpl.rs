//! RPL (RFC 6550 section 6): what a router of a DODAG in storing mode says, of itself as the root unless overridden.

use std::net::Ipv6Addr;

use wire::icmpv6::Message as Icmpv6;
use wire::rpl::{
    Configuration, DestinationAdvertisement, DestinationAdvertisementAck, ICMPV6_TYPE, InformationObject,
    Message as Rpl, RplOption, TransitInformation,
};

use super::{data, icmpv6, ipv6};
use crate::craft::icmpv6_body::{self as body, Layout};
use crate::craft::layer::{Layer, Message, Natural};
use crate::profile::mesh_address;

/// All-RPL-nodes (RFC 6550 section 20.19).
const ALL_RPL_NODES: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0x1a);
/// Nothing of RPL is forwarded (RFC 6550 section 6).
const HOP_LIMIT: u8 = 255;
/// Where a sequence counter begins (RFC 6550 section 7.2).
const FIRST: u8 = 240;
const STORING: u8 = 2;
/// The least rank: of a root (RFC 6550 section 17, RFC 6552 section 4.1).
const ROOT_RANK: u16 = 256;
/// Types of options.
const CONFIGURATION: u8 = 4;
const TARGET: u8 = 5;
const TRANSIT: u8 = 6;

const fn layer(fields: &'static [&'static str]) -> Layer {
    Layer { fields, get: body::get, set: body::set, ..Layer::NONE }
}

const SOLICITATION: Layer = layer(&["icmpv6.rpl.dis.flags"]);
const OBJECT: Layer = layer(&[
    "icmpv6.rpl.dio.instance",
    "icmpv6.rpl.dio.version",
    "icmpv6.rpl.dio.rank",
    "icmpv6.rpl.dio.flag",
    "icmpv6.rpl.dio.dtsn",
    "icmpv6.rpl.dio.dagid",
    "icmpv6.rpl.opt.config.interval_double",
    "icmpv6.rpl.opt.config.interval_min",
    "icmpv6.rpl.opt.config.redundancy",
    "icmpv6.rpl.opt.config.max_rank_inc",
    "icmpv6.rpl.opt.config.min_hop_rank_inc",
    "icmpv6.rpl.opt.config.ocp",
    "icmpv6.rpl.opt.config.def_lifetime",
    "icmpv6.rpl.opt.config.lifetime_unit",
]);
const ADVERTISEMENT: Layer = layer(&[
    "icmpv6.rpl.dao.instance",
    "icmpv6.rpl.dao.flag",
    "icmpv6.rpl.dao.sequence",
    "icmpv6.rpl.opt.target.prefix_length",
    "icmpv6.rpl.opt.target.prefix",
    "icmpv6.rpl.opt.transit.pathctl",
    "icmpv6.rpl.opt.transit.pathseq",
    "icmpv6.rpl.opt.transit.pathlifetime",
]);
const ACKNOWLEDGEMENT: Layer =
    layer(&["icmpv6.rpl.daoack.instance", "icmpv6.rpl.daoack.sequence", "icmpv6.rpl.daoack.status"]);

const LAYOUT_DIS: Layout = Layout {
    is: |icmpv6_type, code| (icmpv6_type, code) == (ICMPV6_TYPE, 0),
    data_at: Some(2),
    place: |_, field| (field == "icmpv6.rpl.dis.flags").then_some((0, 1)),
    ..Layout::OTHER
};
const LAYOUT_DIO: Layout = Layout {
    is: |icmpv6_type, code| (icmpv6_type, code) == (ICMPV6_TYPE, 1),
    data_at: Some(24),
    place: |body, field| {
        Some(match field {
            "icmpv6.rpl.dio.instance" => (0, 1),
            "icmpv6.rpl.dio.version" => (1, 1),
            "icmpv6.rpl.dio.rank" => (2, 2),
            "icmpv6.rpl.dio.flag" => (4, 1),
            "icmpv6.rpl.dio.dtsn" => (5, 1),
            "icmpv6.rpl.dio.dagid" => (8, 16),
            "icmpv6.rpl.opt.config.interval_double" => (option(body, 24, CONFIGURATION)? + 3, 1),
            "icmpv6.rpl.opt.config.interval_min" => (option(body, 24, CONFIGURATION)? + 4, 1),
            "icmpv6.rpl.opt.config.redundancy" => (option(body, 24, CONFIGURATION)? + 5, 1),
            "icmpv6.rpl.opt.config.max_rank_inc" => (option(body, 24, CONFIGURATION)? + 6, 2),
            "icmpv6.rpl.opt.config.min_hop_rank_inc" => (option(body, 24, CONFIGURATION)? + 8, 2),
            "icmpv6.rpl.opt.config.ocp" => (option(body, 24, CONFIGURATION)? + 10, 2),
            "icmpv6.rpl.opt.config.def_lifetime" => (option(body, 24, CONFIGURATION)? + 13, 1),
            "icmpv6.rpl.opt.config.lifetime_unit" => (option(body, 24, CONFIGURATION)? + 14, 2),
            _ => return None,
        })
    },
    ..Layout::OTHER
};
const LAYOUT_DAO: Layout = Layout {
    is: |icmpv6_type, code| (icmpv6_type, code) == (ICMPV6_TYPE, 2),
    data_at: Some(4),
    place: |body, field| {
        Some(match field {
            "icmpv6.rpl.dao.instance" => (0, 1),
            "icmpv6.rpl.dao.flag" => (1, 1),
            "icmpv6.rpl.dao.sequence" => (3, 1),
            "icmpv6.rpl.opt.target.prefix_length" => (option(body, 4, TARGET)? + 3, 1),
            "icmpv6.rpl.opt.target.prefix" => (option(body, 4, TARGET)? + 4, 16),
            "icmpv6.rpl.opt.transit.pathctl" => (option(body, 4, TRANSIT)? + 3, 1),
            "icmpv6.rpl.opt.transit.pathseq" => (option(body, 4, TRANSIT)? + 4, 1),
            "icmpv6.rpl.opt.transit.pathlifetime" => (option(body, 4, TRANSIT)? + 5, 1),
            _ => return None,
        })
    },
    ..Layout::OTHER
};
const LAYOUT_DAO_ACK: Layout = Layout {
    is: |icmpv6_type, code| (icmpv6_type, code) == (ICMPV6_TYPE, 3),
    data_at: Some(4),
    place: |_, field| match field {
        "icmpv6.rpl.daoack.instance" => Some((0, 1)),
        "icmpv6.rpl.daoack.sequence" => Some((2, 1)),
        "icmpv6.rpl.daoack.status" => Some((3, 1)),
        _ => None,
    },
    ..Layout::OTHER
};

/// Where the first option of this type lies, in a body whose options begin at `options`. Pad1 has no length (section 6.7.2).
fn option(body: &[u8], options: usize, wanted: u8) -> Option<usize> {
    let mut at = options;
    loop {
        match *body.get(at..)? {
            [0, ..] => at += 1,
            [found, _, ..] if found == wanted => return Some(at),
            [_, length, ..] => at += 2 + usize::from(length),
            _ => return None,
        }
    }
}

pub(super) const MESSAGES: &[Message] = &[
    Message {
        name: "rpl.dis",
        layers: &[&ipv6::LAYER, &icmpv6::TYPE, &icmpv6::LAYER, &SOLICITATION, &data::LAYER],
        natural: Natural::Packet(|making| {
            let message = Rpl::InformationSolicitation { options: Vec::new() };
            icmpv6::draft(making, HOP_LIMIT, Icmpv6::Rpl(message))
        }),
        is: |draft| icmpv6::is_code(draft, (ICMPV6_TYPE, 0)),
        group: ALL_RPL_NODES,
        layout: Some(&LAYOUT_DIS),
        ..Message::NONE
    },
    Message {
        name: "rpl.dio",
        layers: &[&ipv6::LAYER, &icmpv6::TYPE, &icmpv6::LAYER, &OBJECT, &data::LAYER],
        natural: Natural::Packet(|making| {
            let message = Rpl::InformationObject(InformationObject {
                instance_id: 0,
                version_number: FIRST,
                rank: ROOT_RANK,
                grounded: true,
                mode_of_operation: STORING,
                preference: 0,
                trigger_sequence_number: FIRST,
                dodag_id: mesh_address(making.source()),
                options: vec![RplOption::Configuration(configuration())],
            });
            icmpv6::draft(making, HOP_LIMIT, Icmpv6::Rpl(message))
        }),
        is: |draft| icmpv6::is_code(draft, (ICMPV6_TYPE, 1)),
        group: ALL_RPL_NODES,
        layout: Some(&LAYOUT_DIO),
        ..Message::NONE
    },
    Message {
        name: "rpl.dao",
        layers: &[&ipv6::LAYER, &icmpv6::TYPE, &icmpv6::LAYER, &ADVERTISEMENT, &data::LAYER],
        natural: Natural::Packet(|making| {
            let transit = TransitInformation {
                external: false,
                path_control: 0,
                path_sequence: FIRST,
                path_lifetime: configuration().default_lifetime,
                parent: None,
            };
            let message = Rpl::DestinationAdvertisement(DestinationAdvertisement {
                instance_id: 0,
                acknowledgement: true,
                sequence: FIRST,
                dodag_id: None,
                options: vec![
                    RplOption::Target { prefix_length: 128, prefix: mesh_address(making.source()) },
                    RplOption::TransitInformation(transit),
                ],
            });
            icmpv6::draft(making, HOP_LIMIT, Icmpv6::Rpl(message))
        }),
        is: |draft| icmpv6::is_code(draft, (ICMPV6_TYPE, 2)),
        group: ALL_RPL_NODES,
        layout: Some(&LAYOUT_DAO),
        ..Message::NONE
    },
    Message {
        name: "rpl.dao_ack",
        layers: &[&ipv6::LAYER, &icmpv6::TYPE, &icmpv6::LAYER, &ACKNOWLEDGEMENT, &data::LAYER],
        natural: Natural::Packet(|making| {
            let message = Rpl::DestinationAdvertisementAck(DestinationAdvertisementAck {
                instance_id: 0,
                sequence: FIRST,
                status: 0,
                dodag_id: None,
                options: Vec::new(),
            });
            icmpv6::draft(making, HOP_LIMIT, Icmpv6::Rpl(message))
        }),
        is: |draft| icmpv6::is_code(draft, (ICMPV6_TYPE, 3)),
        group: ALL_RPL_NODES,
        layout: Some(&LAYOUT_DAO_ACK),
        ..Message::NONE
    },
];

/// Imin of 1.024 s and ten doublings, k = 10, 256 a hop, OF0, routes of an hour.
fn configuration() -> Configuration {
    Configuration {
        authentication_enabled: false,
        path_control_size: 0,
        interval_doublings: 10,
        interval_min: 10,
        redundancy_constant: 10,
        max_rank_increase: 6_144,
        min_hop_rank_increase: 256,
        objective_code_point: 0,
        default_lifetime: 60,
        lifetime_unit: 60,
    }
}
