//! What each message looks like when nothing is overridden.

use std::net::Ipv6Addr;

use wire::coap::{self, Code, ContentFormat, Message, MessageType, Options, Token};
use wire::icmpv6::{self, Echo};
use wire::ieee802154::LinkAddress;
use wire::ipv6::{ALL_NODES, ALL_ROUTERS, Header, NextHeader, is_link_local};
use wire::ndp::{self, NdpOption};
use wire::{Eui64, sel};

use super::draft::{Draft, Upper};
use super::value::counting;
use super::{CounterState, CraftError, CraftRequest, Destination};
use crate::profile::{CT_ADDRESS, MESH_PREFIX, eui64_of, link_local_address, mesh_address};

/// The messages that can be crafted.
pub const MESSAGES: &[&str] = &[
    "sel.jsr",
    "sel.ssr",
    "icmpv6.echo_request",
    "icmpv6.echo_reply",
    "nd.rs",
    "nd.ra",
    "nd.ns",
    "nd.na",
    "udp.datagram",
    "coap.get",
    "coap.put",
    "coap.post",
    "coap.delete",
    "ipv6.packet",
    "wpan.data",
];

/// Lifetime of a crafted SSR or registration: an hour, in units of 60 seconds (`PROFILE-SEL` 6).
const LIFETIME: u16 = 60;

/// UDP port of a crafted datagram's sender, and of its receiver unless the message says otherwise.
const EPHEMERAL_PORT: u16 = 0xf0b0;

/// The unconstrained hop limit of everything but Neighbor Discovery.
const HOP_LIMIT: u8 = 64;

/// The hop limit that proves a Neighbor Discovery message was not forwarded (RFC 4861).
const ND_HOP_LIMIT: u8 = 255;

/// The link-layer receiver of `request`; `None`: broadcast.
pub(super) fn link_destination(request: &CraftRequest) -> Result<Option<Eui64>, CraftError> {
    match request.destination {
        Destination::Neighbour(eui64) => Ok(Some(eui64)),
        Destination::AllNodes => Ok(None),
        Destination::Address { address, .. } if address.is_multicast() => Ok(None),
        Destination::Address { address, next_hop } => {
            next_hop.or_else(|| eui64_of(address)).map(Some).ok_or(CraftError::NoNextHop(address))
        }
    }
}

/// The natural packet of `request`.
pub(super) fn draft(request: &CraftRequest, counters: &mut CounterState) -> Result<Draft, CraftError> {
    let source = request.source;
    let destination = destination_address(request);
    let from = if is_on_link(destination) { link_local_address(source) } else { mesh_address(source) };
    let extended = LinkAddress::Extended(source);
    let registration = || NdpOption::AddressRegistration { status: 0, registration_lifetime: LIFETIME, eui64: source };
    let icmpv6 = |from, hop_limit, message: icmpv6::Message| Draft::icmpv6(from, destination, hop_limit, &message);
    match request.message.as_str() {
        "sel.jsr" => {
            let message = icmpv6::Message::Sel(sel::Message::join_secure_request(source));
            icmpv6(mesh_address(source), sel::MULTIHOP_HOPLIMIT, message)
        }
        "sel.ssr" => {
            let message = icmpv6::Message::Sel(sel::Message::set_secure_request(source, LIFETIME));
            icmpv6(from, sel::MULTIHOP_HOPLIMIT, message)
        }
        "icmpv6.echo_request" => {
            icmpv6(from, HOP_LIMIT, icmpv6::Message::EchoRequest(echo(counters.next_message_id(source))))
        }
        "icmpv6.echo_reply" => {
            icmpv6(from, HOP_LIMIT, icmpv6::Message::EchoReply(echo(counters.next_message_id(source))))
        }
        "nd.rs" => {
            let options = vec![NdpOption::SourceLinkLayerAddress(extended.into())];
            icmpv6(from, ND_HOP_LIMIT, icmpv6::Message::Ndp(ndp::Message::RouterSolicitation { options }))
        }
        "nd.ra" => icmpv6(from, ND_HOP_LIMIT, icmpv6::Message::Ndp(router_advertisement(source))),
        // The registered address is the source (RFC 6775 section 5.5.1), and a link-local one needs no registration.
        "nd.ns" => {
            let options = vec![NdpOption::SourceLinkLayerAddress(extended.into()), registration()];
            let message = ndp::Message::NeighborSolicitation { target: destination, options };
            icmpv6(mesh_address(source), ND_HOP_LIMIT, icmpv6::Message::Ndp(message))
        }
        "nd.na" => {
            let mut options = vec![NdpOption::TargetLinkLayerAddress(extended.into())];
            if request.overrides.keys().any(|field| field.starts_with("icmpv6.opt.aro.")) {
                options.push(registration());
            }
            let message = ndp::Message::NeighborAdvertisement {
                router: true,
                solicited: !destination.is_multicast(),
                override_: true,
                target: from,
                options,
            };
            icmpv6(from, ND_HOP_LIMIT, icmpv6::Message::Ndp(message))
        }
        "udp.datagram" => Ok(Draft::udp((from, destination), (EPHEMERAL_PORT, EPHEMERAL_PORT), Vec::new())),
        name @ ("coap.get" | "coap.put" | "coap.post" | "coap.delete") => {
            let message_id = counters.next_message_id(source);
            let payload = coap_request(name, message_id).emit()?;
            Ok(Draft::udp((from, destination), (EPHEMERAL_PORT, coap::PORT), payload))
        }
        "ipv6.packet" => {
            let header = Header::new(from, destination, NextHeader::NONE, HOP_LIMIT);
            Ok(Draft::new(header, Upper::Raw(Vec::new())))
        }
        _ => Err(CraftError::UnknownMessage(request.message.clone())),
    }
}

fn destination_address(request: &CraftRequest) -> Ipv6Addr {
    match (request.destination, request.message.as_str()) {
        (Destination::Neighbour(_) | Destination::AllNodes, "sel.jsr") => CT_ADDRESS,
        (Destination::Neighbour(eui64), _) => link_local_address(eui64),
        (Destination::AllNodes, "nd.rs") => ALL_ROUTERS,
        (Destination::AllNodes, _) => ALL_NODES,
        (Destination::Address { address, .. }, _) => address,
    }
}

/// Link-local unicast or a group of the link (`ff02::/16`).
fn is_on_link(address: Ipv6Addr) -> bool {
    is_link_local(address) || address.segments()[0] == 0xff02
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
        current_hop_limit: HOP_LIMIT,
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

fn echo(sequence_number: u16) -> Echo {
    Echo { identifier: 0xb007, sequence_number, data: counting(8) }
}

/// A plain request as a careless or hostile client would send it.
fn coap_request(name: &str, message_id: u16) -> Message {
    let mut options = Options::new();
    let (code, payload) = match name {
        "coap.get" => (Code::GET, Vec::new()),
        "coap.put" => (Code::PUT, b"{}".to_vec()),
        "coap.post" => (Code::POST, b"{}".to_vec()),
        _ => (Code::DELETE, Vec::new()),
    };
    options.push_uri_path("/coap-key2");
    if !payload.is_empty() {
        options.push_content_format(ContentFormat::COAP_GROUP_JSON);
    }
    let token = Token::new(&message_id.to_be_bytes()).unwrap_or(Token::EMPTY);
    Message { message_type: MessageType::Confirmable, code, message_id, token, options, payload }
}
