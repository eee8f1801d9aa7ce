//! Fields of layer `data`: octets of which nobody says what they are.

use super::{FieldInfo, FieldKind};

fields! {
    "data" {} else {
        "data.data" bytes "decrypted octets that are no protocol known here; Wireshark has more under this name";
        "data.len" 32 "how many they are";
    }
}
