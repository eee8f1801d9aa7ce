//! Echo request and reply.

use alloc::format;

use super::Info;

pub(super) const INFO: Info = Info {
    words: |facts, words| {
        words.extend(facts.number("icmpv6.echo.sequence_number").map(|sequence| format!("sequence {sequence}")));
    },
    ..Info::NONE
};
