//! Neighbor Discovery (RFC 4861) with what 6LoWPANs add to it (RFC 6775).

use wire::Eui64;
use wire::icmpv6::Message as Icmpv6;
use wire::ieee802154::LinkAddress;
use wire::ipv6::ALL_ROUTERS;
use wire::ndp::{
    self, NEIGHBOR_ADVERTISEMENT, NEIGHBOR_SOLICITATION, NdpOption, ROUTER_ADVERTISEMENT, ROUTER_SOLICITATION,
};

use super::sel::LIFETIME;
use super::{icmpv6, ipv6};
use crate::craft::icmpv6_body::{self as body, Layout};
use crate::craft::layer::{Layer, Message, Natural};
use crate::profile::{MESH_PREFIX, mesh_address};

/// The hop limit that proves a message was not forwarded (RFC 4861).
const HOP_LIMIT: u8 = 255;

const fn layer(fields: &'static [&'static str]) -> Layer {
    Layer { fields, get: body::get, set: body::set, ..Layer::NONE }
}

const SOURCE_ADDRESS: Layer = layer(&["icmpv6.opt.linkaddr_eui64", "icmpv6.opt.src_linkaddr_eui64"]);
const TARGET_ADDRESS: Layer = layer(&["icmpv6.opt.linkaddr_eui64", "icmpv6.opt.target_linkaddr_eui64"]);
const REGISTRATION: Layer =
    layer(&["icmpv6.opt.aro.status", "icmpv6.opt.aro.registration_lifetime", "icmpv6.opt.aro.eui64"]);
const ROUTER: Layer = layer(&[
    "icmpv6.nd.ra.cur_hop_limit",
    "icmpv6.nd.ra.router_lifetime",
    "icmpv6.opt.prefix.length",
    "icmpv6.opt.prefix.flag",
    "icmpv6.opt.prefix.valid_lifetime",
    "icmpv6.opt.prefix.preferred_lifetime",
    "icmpv6.opt.prefix",
    "icmpv6.opt.6co.context_length",
    "icmpv6.opt.6co.flag",
    "icmpv6.opt.6co.valid_lifetime",
    "icmpv6.opt.abro.version_low",
    "icmpv6.opt.abro.version_high",
    "icmpv6.opt.abro.valid_lifetime",
    "icmpv6.opt.abro.6lbr_address",
]);
const SOLICITATION: Layer = layer(&["icmpv6.nd.ns.target_address"]);
const ADVERTISEMENT: Layer =
    layer(&["icmpv6.nd.na.target_address", "icmpv6.nd.na.flag.r", "icmpv6.nd.na.flag.s", "icmpv6.nd.na.flag.o"]);

const LAYOUT_RS: Layout = Layout {
    is: |icmpv6_type, _| icmpv6_type == ROUTER_SOLICITATION,
    data_at: None,
    place: |body, field| option(body, 4, field),
    ..Layout::OTHER
};
const LAYOUT_RA: Layout = Layout {
    is: |icmpv6_type, _| icmpv6_type == ROUTER_ADVERTISEMENT,
    data_at: None,
    place: |body, field| match field {
        "icmpv6.nd.ra.cur_hop_limit" => Some((0, 1)),
        "icmpv6.nd.ra.router_lifetime" => Some((2, 2)),
        _ => option(body, 12, field),
    },
    ..Layout::OTHER
};
const LAYOUT_NS: Layout = Layout {
    is: |icmpv6_type, _| icmpv6_type == NEIGHBOR_SOLICITATION,
    data_at: None,
    place: |body, field| match field {
        "icmpv6.nd.ns.target_address" => Some((4, 16)),
        _ => option(body, 20, field),
    },
    ..Layout::OTHER
};
const LAYOUT_NA: Layout = Layout {
    is: |icmpv6_type, _| icmpv6_type == NEIGHBOR_ADVERTISEMENT,
    data_at: None,
    place: |body, field| match field {
        "icmpv6.nd.na.target_address" => Some((4, 16)),
        _ => option(body, 20, field),
    },
    flag: |field| match field {
        "icmpv6.nd.na.flag.r" => Some(0x80),
        "icmpv6.nd.na.flag.s" => Some(0x40),
        "icmpv6.nd.na.flag.o" => Some(0x20),
        _ => None,
    },
};

/// Where the field of an option lies, in a body whose options begin at `options`.
fn option(body: &[u8], options: usize, field: &str) -> Option<(usize, usize)> {
    let find = |wanted| {
        let mut at = options;
        while let [found, length, ..] = *body.get(at..)? {
            if found == wanted {
                return Some(at);
            }
            at += usize::from(length.max(1)) * 8;
        }
        None
    };
    Some(match field {
        "icmpv6.opt.prefix.length" => (find(3)? + 2, 1),
        "icmpv6.opt.prefix.flag" => (find(3)? + 3, 1),
        "icmpv6.opt.prefix.valid_lifetime" => (find(3)? + 4, 4),
        "icmpv6.opt.prefix.preferred_lifetime" => (find(3)? + 8, 4),
        "icmpv6.opt.prefix" => (find(3)? + 16, 16),
        "icmpv6.opt.6co.context_length" => (find(34)? + 2, 1),
        "icmpv6.opt.6co.flag" => (find(34)? + 3, 1),
        "icmpv6.opt.6co.valid_lifetime" => (find(34)? + 6, 2),
        "icmpv6.opt.abro.version_low" => (find(35)? + 2, 2),
        "icmpv6.opt.abro.version_high" => (find(35)? + 4, 2),
        "icmpv6.opt.abro.valid_lifetime" => (find(35)? + 6, 2),
        "icmpv6.opt.abro.6lbr_address" => (find(35)? + 8, 16),
        "icmpv6.opt.aro.status" => (find(33)? + 2, 1),
        "icmpv6.opt.aro.registration_lifetime" => (find(33)? + 6, 2),
        "icmpv6.opt.aro.eui64" => (find(33)? + 8, 8),
        "icmpv6.opt.src_linkaddr_eui64" => (find(1)? + 2, 8),
        "icmpv6.opt.target_linkaddr_eui64" => (find(2)? + 2, 8),
        "icmpv6.opt.linkaddr_eui64" => (find(1).or_else(|| find(2))? + 2, 8),
        _ => return None,
    })
}

pub(super) const MESSAGES: &[Message] = &[
    Message {
        name: "nd.rs",
        layers: &[&ipv6::LAYER, &icmpv6::TYPE, &icmpv6::LAYER, &SOURCE_ADDRESS],
        natural: Natural::Packet(|making| {
            let options = vec![NdpOption::SourceLinkLayerAddress(extended(making.source()).into())];
            icmpv6::draft(making, HOP_LIMIT, Icmpv6::Ndp(ndp::Message::RouterSolicitation { options }))
        }),
        is: |draft| icmpv6::is_type(draft, ROUTER_SOLICITATION),
        group: ALL_ROUTERS,
        layout: Some(&LAYOUT_RS),
        ..Message::NONE
    },
    Message {
        name: "nd.ra",
        layers: &[&ipv6::LAYER, &icmpv6::TYPE, &icmpv6::LAYER, &SOURCE_ADDRESS, &ROUTER],
        natural: Natural::Packet(|making| {
            icmpv6::draft(making, HOP_LIMIT, Icmpv6::Ndp(router_advertisement(making.source())))
        }),
        is: |draft| icmpv6::is_type(draft, ROUTER_ADVERTISEMENT),
        layout: Some(&LAYOUT_RA),
        ..Message::NONE
    },
    Message {
        name: "nd.ns",
        layers: &[&ipv6::LAYER, &icmpv6::TYPE, &icmpv6::LAYER, &SOURCE_ADDRESS, &REGISTRATION, &SOLICITATION],
        // The registered address is the source (RFC 6775 section 5.5.1), and a link-local one needs no registration.
        natural: Natural::Packet(|making| {
            let source = making.source();
            making.from = mesh_address(source);
            let options = vec![NdpOption::SourceLinkLayerAddress(extended(source).into()), registration(source)];
            let message = ndp::Message::NeighborSolicitation { target: making.to, options };
            icmpv6::draft(making, HOP_LIMIT, Icmpv6::Ndp(message))
        }),
        is: |draft| icmpv6::is_type(draft, NEIGHBOR_SOLICITATION),
        layout: Some(&LAYOUT_NS),
        ..Message::NONE
    },
    Message {
        name: "nd.na",
        layers: &[&ipv6::LAYER, &icmpv6::TYPE, &icmpv6::LAYER, &TARGET_ADDRESS, &REGISTRATION, &ADVERTISEMENT],
        natural: Natural::Packet(|making| {
            let source = making.source();
            let mut options = vec![NdpOption::TargetLinkLayerAddress(extended(source).into())];
            if making.request.overrides.keys().any(|field| field.starts_with("icmpv6.opt.aro.")) {
                options.push(registration(source));
            }
            let message = ndp::Message::NeighborAdvertisement {
                router: true,
                solicited: !making.to.is_multicast(),
                override_: true,
                target: making.from,
                options,
            };
            icmpv6::draft(making, HOP_LIMIT, Icmpv6::Ndp(message))
        }),
        is: |draft| icmpv6::is_type(draft, NEIGHBOR_ADVERTISEMENT),
        layout: Some(&LAYOUT_NA),
        ..Message::NONE
    },
];

fn extended(eui64: Eui64) -> LinkAddress {
    LinkAddress::Extended(eui64)
}

fn registration(eui64: Eui64) -> NdpOption {
    NdpOption::AddressRegistration { status: 0, registration_lifetime: LIFETIME, eui64 }
}

/// What a 6LR says (RFC 6775 section 6.3): the prefix without L flag, its context, and itself as 6LBR unless overridden.
fn router_advertisement(source: Eui64) -> ndp::Message {
    let options = vec![
        NdpOption::SourceLinkLayerAddress(LinkAddress::Extended(source).into()),
        NdpOption::PrefixInformation {
            prefix_length: 64,
            on_link: false,
            autonomous: true,
            router_address: false,
            valid_lifetime: 86_400,
            preferred_lifetime: 14_400,
            prefix: MESH_PREFIX,
        },
        NdpOption::SixLowpanContext {
            context_length: 64,
            compression: true,
            context_id: 0,
            valid_lifetime: 1_440,
            prefix: MESH_PREFIX,
        },
        NdpOption::AuthoritativeBorderRouter { version: 1, valid_lifetime: 1_440, address: mesh_address(source) },
    ];
    ndp::Message::RouterAdvertisement {
        current_hop_limit: ipv6::HOP_LIMIT,
        managed: false,
        other_configuration: false,
        home_agent: false,
        preference: ndp::RouterPreference::Medium,
        proxy: false,
        router_lifetime: 1_800,
        reachable_time: 0,
        retransmission_timer: 0,
        options,
    }
}
