//! Fields of layer `icmpv6`. ICMPv6 and what it carries: RFC 4443, 4861, 6775.

use super::{FieldInfo, FieldKind};

fields! {
    "icmpv6" {
        "icmpv6.type" 8 "type";
        "icmpv6.code" 8 "code";
        "icmpv6.checksum" 16 "checksum";
        "icmpv6.checksum.status" 8 "0 the checksum is wrong, 1 it is right";
        "icmpv6.mtu" 32 "MTU of a packet too big message";
        "icmpv6.pointer" 32 "pointer of a parameter problem message";
        "icmpv6.echo.identifier" 16 "echo identifier";
        "icmpv6.echo.sequence_number" 16 "echo sequence number";
        "icmpv6.nd.ra.cur_hop_limit" 8 "current hop limit";
        "icmpv6.nd.ra.flag" 8 "router advertisement flags";
        "icmpv6.nd.ra.flag.m" bool "managed address configuration";
        "icmpv6.nd.ra.flag.o" bool "other configuration";
        "icmpv6.nd.ra.router_lifetime" 16 "router lifetime in seconds";
        "icmpv6.nd.ra.reachable_time" 32 "reachable time in milliseconds";
        "icmpv6.nd.ra.retrans_timer" 32 "retransmission timer in milliseconds";
        "icmpv6.nd.ns.target_address" ipv6 "target address of a neighbor solicitation";
        "icmpv6.nd.na.flag.r" bool "router flag";
        "icmpv6.nd.na.flag.s" bool "solicited flag";
        "icmpv6.nd.na.flag.o" bool "override flag";
        "icmpv6.nd.na.target_address" ipv6 "target address of a neighbor advertisement";
        "icmpv6.6lowpannd.da.status" 8 "status of a duplicate address request or confirmation";
        "icmpv6.6lowpannd.da.lifetime" 16 "its registration lifetime in units of 60 s";
        "icmpv6.6lowpannd.da.eui64" eui64 "its EUI-64";
        "icmpv6.6lowpannd.da.reg_addr" ipv6 "its registered address";
        "icmpv6.opt.type" 8 "option type";
        "icmpv6.opt.length" 8 "option length in units of eight octets";
        "icmpv6.opt.src_linkaddr" text "source link-layer address: hex digits, with colons if it has 48 bits";
        "icmpv6.opt.target_linkaddr" text "target link-layer address of 48 bits: hex digits with colons";
        "icmpv6.opt.src_linkaddr_eui64" eui64 "source link-layer address, if extended";
        "icmpv6.opt.target_linkaddr_eui64" eui64 "target link-layer address, if extended";
        "icmpv6.opt.prefix.length" 8 "prefix length";
        "icmpv6.opt.prefix.flag.l" bool "on-link flag";
        "icmpv6.opt.prefix.flag.a" bool "autonomous address configuration flag";
        "icmpv6.opt.prefix.valid_lifetime" 32 "valid lifetime in seconds";
        "icmpv6.opt.prefix.preferred_lifetime" 32 "preferred lifetime in seconds";
        "icmpv6.opt.prefix" ipv6 "prefix";
        "icmpv6.opt.mtu" 32 "MTU option";
        "icmpv6.opt.aro.status" 8 "address registration status: 0 success, 1 duplicate, 2 cache full";
        "icmpv6.opt.aro.registration_lifetime" 16 "address registration lifetime in units of 60 s";
        "icmpv6.opt.aro.eui64" eui64 "EUI-64 of the registering interface";
        "icmpv6.opt.6co.context_length" 8 "context length in bits";
        "icmpv6.opt.6co.flag.c" bool "context may be used for compression";
        "icmpv6.opt.6co.flag.cid" 4 "context identifier";
        "icmpv6.opt.6co.valid_lifetime" 16 "context lifetime in units of 60 s";
        "icmpv6.opt.6co.context_prefix" ipv6 "context prefix";
        "icmpv6.opt.abro.version_low" 16 "low half of the border router's version";
        "icmpv6.opt.abro.version_high" 16 "high half of the border router's version";
        "icmpv6.opt.abro.valid_lifetime" 16 "lifetime of the border router's information in units of 60 s";
        "icmpv6.opt.abro.6lbr_address" ipv6 "address of the 6LBR";
    } else {
        "icmpv6.error.parameter" 32 "the four octets after the checksum of any error message";
    }
}
