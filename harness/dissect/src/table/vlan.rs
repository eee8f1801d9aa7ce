//! Fields of layer `vlan`. IEEE 802.1Q tags.

use super::{FieldInfo, FieldKind};

fields! {
    "vlan" {
        "vlan.priority" 3 "priority code point";
        "vlan.dei" bool "drop eligible";
        "vlan.id" 12 "VLAN identifier";
        "vlan.etype" 16 "EtherType behind the tag";
    } else {}
}
