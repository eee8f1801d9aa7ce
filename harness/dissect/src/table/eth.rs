//! Fields of layer `eth`. Ethernet: IEEE 802.3.

use super::{FieldInfo, FieldKind};

fields! {
    "eth" {
        "eth.dst" text "destination";
        "eth.dst.lg" bool "destination is locally administered";
        "eth.dst.ig" bool "destination is a group";
        "eth.src" text "source";
        "eth.src.lg" bool "source is locally administered";
        "eth.src.ig" bool "source is a group";
        "eth.type" 16 "EtherType, in front of a tag 0x8100";
        "eth.len" 16 "length, in place of an EtherType";
    } else {}
}
