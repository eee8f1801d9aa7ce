//! Fields of layer `ut`. Replies and events of the upper tester UT/1.

use super::{FieldInfo, FieldKind};

fields! {
    "ut" {} else {
        "ut.is_event" bool "an event, not a reply";
        "ut.seq" 32 "sequence number of the command that is answered";
        "ut.status" text "ok, error or unimplemented";
        "ut.code" text "error code of a reply";
        "ut.event" text "name of an event";
        "ut.t" 64 "milliseconds since boot, of an event";
    }
}
