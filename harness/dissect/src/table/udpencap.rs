//! Fields of layer `udpencap`. UDP encapsulation of IPsec: RFC 3948.

use super::{FieldInfo, FieldKind};

fields! {
    "udpencap" {} else {
        "udpencap.non_esp_marker" bytes "four zeros before an IKE message";
        "udpencap.nat_keepalive" 8 "an octet that keeps a NAT binding alive";
    }
}
