//! Fields of layer `6lowpan`. 6LoWPAN: RFC 4944, RFC 6282 and RFC 8931.

use super::{FieldInfo, FieldKind};

fields! {
    "6lowpan" {
        "6lowpan.pattern" 8 "dispatch bits, right-aligned";
        "6lowpan.mesh.v" bool "mesh originator is a short address";
        "6lowpan.mesh.f" bool "mesh final destination is a short address";
        "6lowpan.mesh.hops" 4 "hops left, 15 for deep hops";
        "6lowpan.mesh.hops8" 8 "deep hops left";
        "6lowpan.mesh.orig16" 16 "mesh originator, short";
        "6lowpan.mesh.orig64" 64 "mesh originator, extended";
        "6lowpan.mesh.dest16" 16 "mesh final destination, short";
        "6lowpan.mesh.dest64" 64 "mesh final destination, extended";
        "6lowpan.bcast.seqnum" 8 "broadcast sequence number";
        "6lowpan.frag.size" 11 "datagram size";
        "6lowpan.frag.tag" 16 "datagram tag";
        "6lowpan.frag.offset" 11 "datagram offset in octets";
        "6lowpan.fragment" 32 "number of a frame that brought a fragment, in the order of offsets";
        "6lowpan.fragment.count" 32 "number of fragments that made up the datagram";
        "6lowpan.reassembled.length" 32 "octets of the reassembled datagram";
        "6lowpan.rfrag.congestion" bool "a node on the way saw congestion (RFC 8931)";
        "6lowpan.rfrag.tag" 8 "datagram tag of a recoverable fragment";
        "6lowpan.rfrag.ack_requested" bool "an acknowledgement is asked for";
        "6lowpan.rfrag.sequence" 5 "sequence number of the fragment";
        "6lowpan.rfrag.size" 10 "octets of the fragment";
        "6lowpan.rfrag.datagram_size" 16 "octets of the compressed datagram, in its first fragment";
        "6lowpan.rfrag.offset" 16 "where in the compressed datagram the fragment begins";
        "6lowpan.rfrag.ack_bitmask" 32 "fragments that came, that of sequence number 0 in the highest bit";
        "6lowpan.hc1.encoding" 8 "HC1: encoding (RFC 4944 10.1)";
        "6lowpan.hc1.src_prefix" bool "HC1: source prefix is elided";
        "6lowpan.hc1.src_ifc" bool "HC1: source interface identifier is elided";
        "6lowpan.hc1.dst_prefix" bool "HC1: destination prefix is elided";
        "6lowpan.hc1.dst_ifc" bool "HC1: destination interface identifier is elided";
        "6lowpan.hc1.class" bool "HC1: traffic class and flow label are elided";
        "6lowpan.hc1.next" 2 "HC1: next header, 0 in-line";
        "6lowpan.hc1.more" bool "HC1: the next header is compressed too";
        "6lowpan.hc2.udp.encoding" 8 "HC_UDP: encoding (RFC 4944 10.2)";
        "6lowpan.hc2.udp.src" bool "HC_UDP: source port is compressed";
        "6lowpan.hc2.udp.dst" bool "HC_UDP: destination port is compressed";
        "6lowpan.hc2.udp.length" bool "HC_UDP: length is elided";
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
        "6lowpan.iphc.sctx.prefix" ipv6 "prefix that the source address is completed with";
        "6lowpan.iphc.dctx.prefix" ipv6 "prefix that the destination address is completed with";
        "6lowpan.ecn" 2 "in-line explicit congestion notification";
        "6lowpan.dscp" 6 "in-line differentiated services code point";
        "6lowpan.class" 8 "traffic class";
        "6lowpan.padding" 4 "padding before the flow label";
        "6lowpan.flow" 20 "in-line flow label";
        "6lowpan.next" 8 "in-line next header";
        "6lowpan.hops" 8 "in-line hop limit";
        "6lowpan.src" ipv6 "source address";
        "6lowpan.dst" ipv6 "destination address";
        "6lowpan.nhc.pattern" 8 "next header compression bits, right-aligned";
        "6lowpan.nhc.ext.eid" 3 "extension header identifier";
        "6lowpan.nhc.ext.nh" bool "next header of the extension header is compressed";
        "6lowpan.nhc.ext.next" 8 "in-line next header of the extension header";
        "6lowpan.nhc.ext.length" 8 "octets of the compressed extension header";
        "6lowpan.nhc.ext.reserved" 8 "reserved octet of a compressed fragment header";
        "6lowpan.nhc.udp.checksum" bool "UDP checksum is elided";
        "6lowpan.nhc.udp.ports" 2 "UDP port mode";
        "6lowpan.udp.src" 16 "UDP source port";
        "6lowpan.udp.dst" 16 "UDP destination port";
        "6lowpan.udp.length" 16 "in-line UDP length";
        "6lowpan.udp.checksum" 16 "in-line UDP checksum";
    } else {
        "6lowpan.nhc.ghc" 8 "the next header is compressed generically (RFC 7400), which no field behind this shows";
    }
}
