//! Fields of layer `udp`. UDP: RFC 768.

use super::{FieldInfo, FieldKind};

fields! {
    "udp" {
        "udp.srcport" 16 "source port";
        "udp.dstport" 16 "destination port";
        "udp.length" 16 "length, header included";
        "udp.checksum" 16 "checksum";
        "udp.checksum_calculated" 16 "checksum that would be right";
        "udp.checksum.status" 8 "0 the checksum is wrong, 1 it is right, 4 there is none";
        "udp.payload" bytes "payload";
    } else {}
}
