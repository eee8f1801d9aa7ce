//! Which fields each message has.

use super::coap_fields;

const FRAME: &[&str] =
    &["wpan.seq_no", "wpan.src64", "wpan.dst64", "wpan.dst16", "wpan.dst_pan", "wpan.ack_request", "wpan.fcs"];
const SECURITY: &[&str] =
    &["wpan.aux_sec.sec_level", "wpan.aux_sec.frame_counter", "wpan.aux_sec.key_index", "wpan.mic", "key"];
const LOWPAN: &[&str] = &["fragments", "6lowpan.frag.size", "6lowpan.frag.tag"];
const IPV6: &[&str] = &["ipv6.src", "ipv6.dst", "ipv6.hlim", "ipv6.nxt", "ipv6.plen", "ipv6.tclass", "ipv6.flow"];
const ICMPV6: &[&str] = &["icmpv6.type", "icmpv6.code", "icmpv6.checksum", "icmpv6.length"];
const SEL: &[&str] = &["sel.status", "sel.reserved", "sel.registration_lifetime", "sel.eui64", "sel.trailing"];
const ECHO: &[&str] = &["icmpv6.echo.identifier", "icmpv6.echo.sequence_number"];
const SOURCE_ADDRESS: &[&str] = &["icmpv6.opt.linkaddr_eui64", "icmpv6.opt.src_linkaddr_eui64"];
const TARGET_ADDRESS: &[&str] = &["icmpv6.opt.linkaddr_eui64", "icmpv6.opt.target_linkaddr_eui64"];
const REGISTRATION: &[&str] =
    &["icmpv6.opt.aro.status", "icmpv6.opt.aro.registration_lifetime", "icmpv6.opt.aro.eui64"];
const ROUTER: &[&str] = &[
    "icmpv6.nd.ra.cur_hop_limit",
    "icmpv6.nd.ra.router_lifetime",
    "icmpv6.opt.abro.version_low",
    "icmpv6.opt.abro.version_high",
    "icmpv6.opt.abro.6lbr_address",
];
const SOLICITATION: &[&str] = &["icmpv6.nd.ns.target_address"];
const ADVERTISEMENT: &[&str] =
    &["icmpv6.nd.na.target_address", "icmpv6.nd.na.flag.r", "icmpv6.nd.na.flag.s", "icmpv6.nd.na.flag.o"];
const UDP: &[&str] = &["udp.srcport", "udp.dstport", "udp.length", "udp.checksum", "udp.payload"];
const DATA: &[&str] = &["data", "data.len"];

/// The fields of a message above the link layer; `None`: no such message can be crafted.
pub(crate) fn packet_fields(message: &str) -> Option<Vec<&'static str>> {
    let parts: &[&[&str]] = match message {
        "sel.jsr" | "sel.ssr" => &[IPV6, ICMPV6, SEL, DATA],
        "icmpv6.echo_request" | "icmpv6.echo_reply" => &[IPV6, ICMPV6, ECHO, DATA],
        "nd.rs" => &[IPV6, ICMPV6, SOURCE_ADDRESS],
        "nd.ra" => &[IPV6, ICMPV6, SOURCE_ADDRESS, ROUTER],
        "nd.ns" => &[IPV6, ICMPV6, SOURCE_ADDRESS, REGISTRATION, SOLICITATION],
        "nd.na" => &[IPV6, ICMPV6, TARGET_ADDRESS, REGISTRATION, ADVERTISEMENT],
        "udp.datagram" => &[IPV6, UDP, DATA],
        "coap.get" | "coap.put" | "coap.post" | "coap.delete" => &[IPV6, UDP, coap_fields::FIELDS],
        "ipv6.packet" => &[IPV6, DATA],
        "wpan.data" => &[DATA],
        _ => return None,
    };
    Some(parts.concat())
}

/// The fields of a message that can be overridden; those of link security (`wpan.aux_sec.*`, `wpan.mic`, `key`) only if
/// it is protected. `None`: no such message can be crafted.
pub fn fields(message: &str) -> Option<Vec<&'static str>> {
    let lowpan = if message == "wpan.data" { &[] } else { LOWPAN };
    packet_fields(message).map(|packet| [FRAME, SECURITY, lowpan, &packet].concat())
}
