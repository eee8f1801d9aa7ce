//! What an upper tester says.

use alloc::format;

use super::Info;

pub(super) const INFO: Info = Info {
    words: |facts, words| {
        for field in ["ut.event", "ut.status", "ut.state", "ut.secured", "ut.neighbour"] {
            let value = facts.values(field).next();
            words.extend(value.map(|value| format!("{} {value}", field.trim_start_matches("ut."))));
        }
    },
    ..Info::NONE
};
