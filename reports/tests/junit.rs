//! The JUnit file: well-formed whatever a device sent, in the structure that CI servers read, with the stored verdicts.

mod common;

use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::{Command, Stdio};

use bootrack_reports::junit;
use quick_xml::Reader;
use quick_xml::XmlVersion;
use quick_xml::events::Event;
use record::manifest::RunManifest;
use record::verdict::Verdict;

/// An element with its attributes, its text and its children.
#[derive(Debug, Default)]
struct Element {
    name: String,
    attributes: BTreeMap<String, String>,
    text: String,
    children: Vec<Element>,
}

impl Element {
    fn get(&self, attribute: &str) -> &str {
        self.attributes.get(attribute).map_or("", String::as_str)
    }

    fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Element> {
        self.children.iter().filter(move |child| child.name == name)
    }
}

fn parse(xml: &str) -> Element {
    let mut reader = Reader::from_str(xml);
    let mut open = vec![Element::default()];
    let element = |start: &quick_xml::events::BytesStart<'_>| {
        let mut element = Element { name: String::from_utf8(start.name().0.to_vec()).unwrap(), ..Element::default() };
        for attribute in start.attributes() {
            let attribute = attribute.unwrap();
            let name = String::from_utf8(attribute.key.0.to_vec()).unwrap();
            let value = attribute.normalized_value(XmlVersion::default()).unwrap().into_owned();
            assert!(element.attributes.insert(name, value).is_none(), "an attribute stands twice");
        }
        element
    };
    loop {
        match reader.read_event().unwrap() {
            Event::Start(start) => open.push(element(&start)),
            Event::Empty(start) => open.last_mut().unwrap().children.push(element(&start)),
            Event::Text(text) => open.last_mut().unwrap().text.push_str(&text.decode().unwrap()),
            Event::GeneralRef(reference) => {
                let name = reference.decode().unwrap();
                let resolved = match reference.resolve_char_ref().unwrap() {
                    Some(c) => c.to_string(),
                    None => quick_xml::escape::resolve_xml_entity(&name).expect("a predefined entity").to_owned(),
                };
                open.last_mut().unwrap().text.push_str(&resolved);
            }
            Event::End(_) => {
                let done = open.pop().unwrap();
                open.last_mut().unwrap().children.push(done);
            }
            Event::Eof => break,
            Event::Decl(_) => {}
            other => panic!("not expected in a JUnit file: {other:?}"),
        }
    }
    assert_eq!(open.len(), 1, "every element is closed");
    let mut document = open.pop().unwrap();
    assert_eq!(document.children.len(), 1);
    document.children.remove(0)
}

fn written(manifest: &RunManifest) -> (String, Element) {
    let xml = junit::write(manifest).unwrap();
    let root = parse(&xml);
    (xml, root)
}

#[test]
fn the_structure_is_the_one_that_ci_servers_agree_on() {
    let (_, root) = written(&common::sample().manifest);
    assert_eq!(root.name, "testsuites");
    let number = |element: &Element, name: &str| element.get(name).parse::<usize>().unwrap();
    for suite in &root.children {
        assert_eq!(suite.name, "testsuite");
        let children: Vec<&str> = suite.children.iter().map(|child| child.name.as_str()).collect();
        assert_eq!(children[0], "properties");
        assert!(children[1..].iter().all(|name| *name == "testcase"), "{children:?}");
        assert_eq!(number(suite, "tests"), suite.all("testcase").count());
        for (count, element) in [("failures", "failure"), ("errors", "error"), ("skipped", "skipped")] {
            let found = suite.all("testcase").filter(|case| case.all(element).count() == 1).count();
            assert_eq!(number(suite, count), found, "{count}");
        }
        assert!(suite.get("time").parse::<f64>().unwrap() > 0.0);
        assert!(suite.get("timestamp").starts_with("2026-03-14T09:15:02"), "{}", suite.get("timestamp"));
        for case in suite.all("testcase") {
            let [properties, outcome @ ..] = case.children.as_slice() else { panic!("a case has properties") };
            assert_eq!(properties.name, "properties");
            assert!(outcome.len() <= 1);
            assert!(["failure", "error", "skipped"].contains(&outcome.first().map_or("error", |it| &it.name)));
            let allowed = ["name", "classname", "time"];
            assert!(case.attributes.keys().all(|name| allowed.contains(&name.as_str())), "{:?}", case.attributes);
            for result in outcome {
                assert!(result.attributes.keys().all(|name| ["message", "type"].contains(&name.as_str())));
            }
        }
    }
    assert_eq!(number(&root, "tests"), 12);
    assert_eq!((number(&root, "failures"), number(&root, "errors"), number(&root, "skipped")), (1, 3, 1));
}

#[test]
fn every_case_bears_its_stored_verdict() {
    let sample = common::sample();
    let (_, root) = written(&sample.manifest);
    let cases: Vec<&Element> = root.children.iter().flat_map(|suite| suite.all("testcase")).collect();
    for result in &sample.manifest.cases {
        let case = cases.iter().find(|case| case.get("name") == result.id).expect("every planned case is listed");
        assert_eq!(case.get("classname"), format!("{}.{}", result.suite, result.phase));
        let seconds: f64 = case.get("time").parse().unwrap();
        assert!((seconds - result.duration as f64 / 1e9).abs() < 0.001);
        let oracle = case.all("properties").next().and_then(|all| all.all("property").next()).expect("who judged it");
        assert_eq!((oracle.get("name"), oracle.get("value")), ("oracle", result.shown_oracle().as_str()));
        let outcome = case.children.iter().find(|child| child.name != "properties");
        let told = outcome.map(|child| (child.name.as_str(), child.get("type")));
        let expected = match result.verdict {
            Verdict::Pass => None,
            Verdict::Fail => Some(("failure", "device")),
            Verdict::NotApplicable => Some(("skipped", "not_applicable")),
            verdict => Some(("error", verdict.name())),
        };
        assert_eq!(told, expected, "{}", result.id);
        if let Some(child) = outcome {
            assert!(!child.get("message").is_empty());
        }
    }
}

#[test]
fn a_failure_tells_all_that_a_person_needs() {
    let (_, root) = written(&common::sample().manifest);
    let failure = root.children[0].all("testcase").find_map(|case| case.all("failure").next()).unwrap();
    assert_eq!(
        failure.get("message"),
        "the first sel.jsr from dut differs from what was expected in sel.eui64 and ipv6.hlim"
    );
    for part in [
        "blame: device",
        "step: 8",
        "expected: sel.jsr from dut",
        "seen: sel.jsr from dut: sel.eui64 03:00:00:07:b0:d5:b3:70",
        "sel.eui64: expected 70:b3:d5:b0:07:00:00:03 ($dut.eui64), seen 03:00:00:07:b0:d5:b3:70",
        "ipv6.hlim: expected 64, seen 255",
        "clauses: SEL-5.3.1-7, PROFILE-SEL-2",
        "evidence: events 30 of cases/SEL-JSR-01@channel=26/events.jsonl",
    ] {
        assert!(failure.text.contains(part), "{part} in {}", failure.text);
    }
}

#[test]
fn the_properties_say_what_was_tested_on_what() {
    let mut manifest = common::sample().manifest;
    manifest.mutant = Some("jsr-eui64-reversed".into());
    let (_, root) = written(&manifest);
    let properties: BTreeMap<&str, &str> = root.children[0]
        .all("properties")
        .flat_map(|properties| properties.all("property"))
        .map(|property| (property.get("name"), property.get("value")))
        .collect();
    for (name, value) in [
        ("seed", "7"),
        ("testbed", "built-in virtual"),
        ("device.firmware", "meshnode"),
        ("device.version", "2.4.1"),
        ("mutant", "jsr-eui64-reversed"),
        ("run", "2026-03-14T091502Z-4f1c"),
        ("wall_seconds", "1.84"),
    ] {
        assert_eq!(properties.get(name), Some(&value), "{name}");
    }
}

fn hostile() -> RunManifest {
    let text = "\x01 <b a=\"1\" b='2'>&amp; ]]> \r\n\x1b[31mred\u{ffff}\u{fffe}\u{202e} 🦀 \0";
    let mut manifest = common::sample().manifest;
    manifest.started = "not a time".into();
    manifest.device.insert(text.into(), text.into());
    for case in &mut manifest.cases {
        case.purpose = text.into();
        case.reason = text.into();
        case.suite = text.into();
        for step in &mut case.steps {
            step.seen = text.into();
            step.expected = text.into();
        }
    }
    manifest
}

#[test]
fn whatever_a_device_sends_the_xml_is_valid_and_nothing_is_lost() {
    let (xml, root) = written(&hostile());
    let forbidden = |c: char| (c < ' ' && c != '\n' && c != '\t') || c == '\u{ffff}' || c == '\u{fffe}';
    assert!(!xml.contains(forbidden));
    let failure = root.children[0].all("testcase").find_map(|case| case.all("failure").next()).unwrap();
    let message = failure.get("message");
    assert!(message.starts_with("\\x01 <b a=\"1\" b='2'>&amp; ]]> \\x0d"), "{message}");
    assert!(message.contains("\\x1b[31mred\\u{ffff}\\u{fffe}\\u{202e} 🦀 \\x00"), "{message}");
}

#[test]
fn an_independent_parser_takes_it() {
    for manifest in [common::sample().manifest, hostile()] {
        let xml = junit::write(&manifest).unwrap();
        let report = quick_junit::Report::deserialize_from_str(&xml).unwrap();
        assert_eq!(report.tests, manifest.cases.len());
        // xmllint is not on every machine; where it is, it must agree.
        let child = Command::new("xmllint").args(["--noout", "-"]).stdin(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let Ok(mut child) = child else { continue };
        child.stdin.take().unwrap().write_all(xml.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn a_run_without_cases_is_an_empty_report() {
    let mut manifest = common::sample().manifest;
    manifest.cases.clear();
    let (_, root) = written(&manifest);
    assert_eq!((root.get("tests"), root.children.len()), ("0", 0));
}
