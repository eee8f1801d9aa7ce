//! Fields of layer `null`. What BSD puts in front of packets of its loopback interface.

use super::{FieldInfo, FieldKind};

fields! {
    "null" {
        "null.family" 32 "address family: 2 IPv4; 10, 23, 24, 28 and 30 IPv6, by the system that captured";
    } else {}
}
