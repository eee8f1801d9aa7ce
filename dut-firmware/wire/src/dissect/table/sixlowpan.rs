//! Fields of layer `6lowpan`. 6LoWPAN: RFC 4944 and RFC 6282.

use super::{FieldInfo, FieldKind};

fields! {
    "6lowpan" {
        "6lowpan.pattern" 8 "dispatch bits, right-aligned";
        "6lowpan.frag.size" 11 "datagram size";
        "6lowpan.frag.tag" 16 "datagram tag";
        "6lowpan.frag.offset" 11 "datagram offset in octets";
        "6lowpan.fragment.count" 32 "number of fragments that made up the datagram";
        "6lowpan.reassembled.length" 32 "octets of the reassembled datagram";
        "6lowpan.iphc.tf" 2 "traffic class and flow label mode";
        "6lowpan.iphc.nh" bool "next header is compressed";
        "6lowpan.iphc.hlim" 2 "hop limit mode";
        "6lowpan.iphc.cid" bool "context identifier extension is present";
        "6lowpan.iphc.sac" bool "source address compression is context-based";
        "6lowpan.iphc.sam" 2 "source address mode";
        "6lowpan.iphc.m" bool "destination is multicast";
        "6lowpan.iphc.dac" bool "destination address compression is context-based";
        "6lowpan.iphc.dam" 2 "destination address mode";
        "6lowpan.iphc.sci" 4 "source context identifier";
        "6lowpan.iphc.dci" 4 "destination context identifier";
        "6lowpan.next" 8 "in-line next header";
        "6lowpan.hops" 8 "in-line hop limit";
        "6lowpan.src" ipv6 "source address";
        "6lowpan.dst" ipv6 "destination address";
        "6lowpan.nhc.pattern" 8 "next header compression bits, right-aligned";
        "6lowpan.nhc.udp.checksum" bool "UDP checksum is elided";
        "6lowpan.nhc.udp.ports" 2 "UDP port mode";
        "6lowpan.udp.src" 16 "UDP source port";
        "6lowpan.udp.dst" 16 "UDP destination port";
        "6lowpan.udp.checksum" 16 "in-line UDP checksum";
    } else {}
}
