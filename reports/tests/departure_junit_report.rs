//! Why the JUnit file is written with `quick-junit` and not with `junit-report` (0.9): that crate copies characters
//! that XML 1.0 forbids (section 2.2, production 2 `Char`) from a device's words into the file, so a CI server refuses
//! the whole file. Ours, from the same words, is well-formed and loses none of them.
//!
//! `quick-xml` is no judge here, it does not look at this production (a test says so); the verdict is the production
//! itself, and that of `xmllint` where it is installed.

mod common;

use std::io::Write as _;
use std::process::{Command, Stdio};

use bootrack_reports::junit;
use junit_report::{Duration, ReportBuilder, TestCase, TestCaseBuilder, TestSuiteBuilder};
use record::verdict::Verdict;

/// What a device may well say: a coloured line, a bell, the end of a string.
const WORDS: [&str; 3] = ["\x1b[31mpanicked\x1b[0m", "beep \x07", "ended\0"];

/// XML 1.0 section 2.2, production 2.
fn is_char(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

/// The first character that XML forbids, as itself or as a character reference.
fn forbidden(xml: &str) -> Option<char> {
    let referenced = xml.split("&#").skip(1).filter_map(|rest| {
        let digits = rest.split(';').next()?;
        let number = match digits.strip_prefix('x') {
            Some(digits) => u32::from_str_radix(digits, 16),
            None => digits.parse(),
        };
        char::from_u32(number.ok()?)
    });
    xml.chars().chain(referenced).find(|c| !is_char(*c))
}

/// Whether `xmllint` takes it; nothing where it is not installed.
fn xmllint(xml: &str) -> Option<bool> {
    let mut child = Command::new("xmllint")
        .args(["--noout", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    // It may stop reading at the first error.
    let _ = child.stdin.take().unwrap().write_all(xml.as_bytes());
    Some(child.wait().unwrap().success())
}

fn theirs(case: TestCase) -> String {
    let suite = TestSuiteBuilder::new("suite").add_testcase(case).build();
    let mut file = Vec::new();
    ReportBuilder::new().add_testsuite(suite).build().write_xml(&mut file).unwrap();
    String::from_utf8(file).unwrap()
}

fn check_theirs(xml: &str) {
    assert!(forbidden(xml).is_some(), "junit-report escapes by now: {xml}");
    assert_ne!(xmllint(xml), Some(true), "{xml}");
}

#[test]
fn junit_report_writes_invalid_xml_from_a_reason_and_ours_is_valid() {
    for words in WORDS {
        check_theirs(&theirs(TestCase::failure("case", Duration::seconds(1), "device", words)));
        let trace = TestCaseBuilder::failure("case", Duration::seconds(1), "device", "wrong").set_trace(words).build();
        check_theirs(&theirs(trace));
        let mut output = TestCase::success("case", Duration::seconds(1));
        output.set_system_out(words);
        check_theirs(&theirs(output));

        let mut manifest = common::sample().manifest;
        for result in &mut manifest.cases {
            result.reason = words.into();
            for step in &mut result.steps {
                step.seen = words.into();
            }
        }
        assert!(manifest.cases.iter().any(|result| result.verdict == Verdict::Fail));
        let xml = junit::write(&manifest).unwrap();
        assert_eq!(forbidden(&xml), None);
        assert_ne!(xmllint(&xml), Some(false), "{xml}");
        assert!(quick_junit::Report::deserialize_from_str(&xml).is_ok());
        let escaped: String = words
            .chars()
            .map(|c| if is_char(c) { c.to_string() } else { format!("\\x{:02x}", u32::from(c)) })
            .collect();
        assert!(xml.contains(&escaped), "{escaped} is not in {xml}");
    }
}

#[test]
fn quick_xml_does_not_notice_forbidden_characters() {
    for words in WORDS {
        let xml = theirs(TestCase::failure("case", Duration::seconds(1), "device", words));
        let mut reader = quick_xml::Reader::from_str(&xml);
        while !matches!(reader.read_event().expect("quick-xml is a judge by now"), quick_xml::events::Event::Eof) {}
    }
}

#[test]
fn both_are_valid_where_nothing_is_hostile() {
    let tame = theirs(TestCase::failure("case", Duration::seconds(1), "device", "a < b & \"c\" ]]>"));
    for xml in [tame, junit::write(&common::sample().manifest).unwrap()] {
        assert_eq!(forbidden(&xml), None);
        assert_ne!(xmllint(&xml), Some(false), "{xml}");
    }
}
