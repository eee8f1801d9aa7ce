//! Fields of layer `esp`. The head of ESP packets: RFC 4303.

use super::{FieldInfo, FieldKind};

fields! {
    "esp" {
        "esp.spi" 32 "security parameters index";
        "esp.sequence" 32 "sequence number";
    } else {}
}
