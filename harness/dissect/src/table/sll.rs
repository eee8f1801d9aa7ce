//! Fields of layer `sll`. Linux's cooked captures of both versions.

use super::{FieldInfo, FieldKind};

fields! {
    "sll" {
        "sll.pkttype" 16 "0 to us, 1 broadcast, 2 multicast, 3 to others, 4 from us";
        "sll.hatype" 16 "hardware type of Linux: 804 and 805 are IEEE 802.15.4";
        "sll.halen" 16 "octets of the sender's address";
        "sll.src.eth" text "the sender's address: a MAC address";
        "sll.src.ipv4" text "an IPv4 address";
        "sll.src.other" bytes "an address of another length";
        "sll.unused" bytes "octets of the address field behind it";
        "sll.etype" 16 "EtherType";
        "sll.ltype" 16 "a number of Linux in its place: 0x00f6 IEEE 802.15.4";
        "sll.ifindex" 32 "number of the interface, of version 2";
    } else {}
}
