//! Fields of layer `ipv6`. IPv6: RFC 8200.

use super::{FieldInfo, FieldKind};

fields! {
    "ipv6" {
        "ipv6.version" 4 "version";
        "ipv6.tclass" 8 "traffic class";
        "ipv6.tclass.dscp" 6 "differentiated services code point";
        "ipv6.tclass.ecn" 2 "explicit congestion notification";
        "ipv6.flow" 20 "flow label";
        "ipv6.plen" 16 "payload length";
        "ipv6.nxt" 8 "next header";
        "ipv6.hlim" 8 "hop limit";
        "ipv6.src" ipv6 "source address";
        "ipv6.dst" ipv6 "destination address";
    } else {}
}
