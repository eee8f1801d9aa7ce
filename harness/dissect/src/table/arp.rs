//! Fields of layer `arp`. ARP: RFC 826.

use super::{FieldInfo, FieldKind};

fields! {
    "arp" {
        "arp.hw.type" 16 "hardware type: 1 Ethernet";
        "arp.proto.type" 16 "protocol type, an EtherType";
        "arp.hw.size" 8 "octets of a hardware address";
        "arp.proto.size" 8 "octets of a protocol address";
        "arp.opcode" 16 "1 request, 2 reply";
        "arp.src.hw_mac" text "MAC address of the sender";
        "arp.src.proto_ipv4" text "IPv4 address of the sender";
        "arp.dst.hw_mac" text "MAC address of the target";
        "arp.dst.proto_ipv4" text "IPv4 address of the target";
    } else {}
}
