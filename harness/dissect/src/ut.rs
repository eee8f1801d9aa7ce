//! Upper-tester lines as dissections, so that a judge treats them like any PDU.

use alloc::string::ToString;

use super::model::{Dissection, NoteKind};
use super::sheet::{Sheet, Span};
use wire::upper_tester::table::{self, Kind};
use wire::upper_tester::{Arguments, Line, Outcome, decode_text};

/// Dissects a line of UT/1 without its line feed, observed as event `number`: a layer `ut` with one field per
/// `key=value`. A request or an invalid line yields a note and no layer.
pub fn upper_tester(number: u64, line: &str) -> Dissection {
    let mut dissection = Dissection::default();
    let mut sheet = Sheet::new(&mut dissection, number, line.as_bytes());
    match Line::parse(line) {
        Ok(Line::Answer(answer)) => {
            sheet.layer("ut");
            sheet.number("ut.is_event", 0u8, Span::NOWHERE);
            sheet.number("ut.seq", answer.seq, Span::NOWHERE);
            let status = match &answer.outcome {
                Outcome::Ok(_) => "ok",
                Outcome::Error(_) => "error",
                Outcome::Unimplemented => "unimplemented",
            };
            sheet.text("ut.status", status, Span::NOWHERE);
            match &answer.outcome {
                Outcome::Ok(taken) => arguments(&mut sheet, taken),
                Outcome::Error(code) => sheet.text("ut.code", code.name(), Span::NOWHERE),
                Outcome::Unimplemented => {}
            }
        }
        Ok(Line::Event(event)) => {
            sheet.layer("ut");
            sheet.number("ut.is_event", 1u8, Span::NOWHERE);
            sheet.text("ut.event", &event.name, Span::NOWHERE);
            sheet.number("ut.t", event.time_ms, Span::NOWHERE);
            arguments(&mut sheet, &event.arguments);
        }
        Ok(Line::Request(_)) => {
            sheet.note_on("ut", NoteKind::Unsupported, "a request, not something that a device says");
        }
        Err(error) => sheet.note_on("ut", NoteKind::Malformed, error.to_string()),
    }
    dissection
}

/// An argument never hides a fixed field (`seq`, `status`, `event`, `t`).
fn arguments(sheet: &mut Sheet, arguments: &Arguments) {
    for (key, value) in arguments.iter() {
        let is = |kind: Kind| table::told_keys().any(|told| told.name == key && told.kind == kind);
        // Nothing else than `%` makes text out of a value, and nothing else than a comma several words.
        match decode_text(value).filter(|_| value.contains('%') && is(Kind::Text)) {
            // Each line of a shell is an occurrence of its own, and each word of a list.
            Some(text) => sheet.open_each(key, text.split('\n')),
            None if value.contains(',') && is(Kind::List) => sheet.open_each(key, value.split(',')),
            None => sheet.open_each(key, [value].into_iter()),
        }
    }
}
