//! Fields of layer `sel`. The two messages of the selective-order bootstrap (SEL 5.3).

use super::{FieldInfo, FieldKind};

fields! {
    "sel" {} else {
        "sel.code" 8 "ICMPv6 code: 1 join secure request, 2 set secure request";
        "sel.status" 8 "status";
        "sel.reserved" 8 "reserved octet";
        "sel.registration_lifetime" 16 "registration lifetime in units of 60 s";
        "sel.eui64" eui64 "EUI-64 in the message";
        "sel.trailing" bytes "octets after the message";
    }
}
