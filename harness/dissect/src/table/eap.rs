//! Fields of layer `eap`. EAP: RFC 3748, as far as the type.

use super::{FieldInfo, FieldKind};

fields! {
    "eap" {
        "eap.code" 8 "code: 1 request, 2 response, 3 success, 4 failure";
        "eap.id" 8 "identifier";
        "eap.len" 16 "length";
        "eap.type" 8 "type of a request or response";
        "eap.identity" text "identity";
        "eap.notification" text "notification";
        "eap.desired_type" 8 "a type that a Nak asks for";
        "eap.ikev2.flags" 8 "flags of EAP-IKEv2";
        "eap.ikve2.flags.len_included" bool "the length of the whole message is there";
        "eap.ikev2.flags.more_fragments" bool "more fragments follow";
        "eap.ikev2.flags.icv_present" bool "an integrity checksum is there";
        "eap.ikev2.len" 32 "length of the whole message";
    } else {
        "eap.expanded.vendor_id" 24 "vendor of an expanded type";
        "eap.expanded.vendor_type" 32 "type of that vendor";
    }
}
