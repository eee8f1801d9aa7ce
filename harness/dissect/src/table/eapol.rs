//! Fields of layer `eapol`. EAP over LAN: IEEE 802.1X.

use super::{FieldInfo, FieldKind};

fields! {
    "eapol" {
        "eapol.version" 8 "version";
        "eapol.type" 8 "type: 0 EAP packet, 1 start, 2 logoff, 3 key";
        "eapol.len" 16 "length of the body";
        "eapol.keydes.type" 8 "type of a key descriptor";
    } else {}
}
