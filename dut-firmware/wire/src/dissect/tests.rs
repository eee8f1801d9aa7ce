//! Table consistency; the rest is in the crate's `tests/` folder.

use super::*;
use alloc::collections::BTreeSet;
use rstest::rstest;

#[test]
fn every_name_in_the_tables_is_unique_and_resolves() {
    let names: BTreeSet<&str> = FIELDS.iter().map(|field| field.name).collect();
    assert_eq!(names.len(), FIELDS.len());
    let messages: BTreeSet<&str> = MESSAGES.iter().map(|message| message.name).collect();
    assert_eq!(messages.len(), MESSAGES.len());
    for message in MESSAGES {
        assert_eq!(super::message(message.name), Some(message));
        for (name, _) in message.matches {
            let info = field(name).unwrap();
            assert_eq!(info.layer, message.layer, "{name} of {}", message.name);
            assert!(matches!(info.kind, FieldKind::Uint { .. } | FieldKind::Bool));
        }
    }
}

#[rstest]
#[case("ut.anything_9", Some("ut.*"))]
#[case("ut.seq", Some("ut.seq"))]
#[case("ut.", None)]
#[case("ut.*", None)]
#[case("ut.Upper", None)]
#[case("wpan.nonsense", None)]
fn the_upper_tester_namespace_is_open_and_no_other_is(#[case] name: &str, #[case] entry: Option<&str>) {
    assert_eq!(field(name).map(|field| field.name), entry);
}

#[test]
fn upper_tester_lines_become_messages() {
    let reply = upper_tester(7, "< 3 ok state=ready");
    assert!(reply.is_message("ut.reply") && !reply.is_message("ut.event"));
    assert_eq!((reply.number("ut.seq"), reply.text("ut.status").as_deref()), (Some(3), Some("ok")));
    assert_eq!((reply.text("ut.state").as_deref(), &reply.sources[..]), (Some("ready"), &[7][..]));
    let event = upper_tester(8, "! secured t=120 key=1");
    assert!(event.is_message("ut.event"));
    assert_eq!(
        (event.text("ut.event").as_deref(), event.number("ut.t"), event.text("ut.key").as_deref()),
        (Some("secured"), Some(120), Some("1"))
    );
    let refused = upper_tester(9, "< 4 error code=busy");
    assert_eq!(
        (refused.text("ut.status").as_deref(), refused.text("ut.code").as_deref()),
        (Some("error"), Some("busy"))
    );
    assert!(upper_tester(9, "nonsense").has_note(NoteKind::Malformed));
    assert!(!upper_tester(9, "> 1 reset").has_layer("ut"));
}
