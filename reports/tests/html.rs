//! The pages: whole, escaped, self-contained, of the stored verdicts, and small.

mod common;

use std::collections::BTreeSet;

use bootrack_reports::html::{File, render_run};
use record::event::{Action, Event, Observation, What};
use record::verdict::Verdict;
use suites::plan::Part;

/// Elements that have no end tag.
const VOID: [&str; 4] = ["meta", "input", "br", "wbr"];

/// What a strict reading of a page finds.
#[derive(Debug, Default)]
struct Page {
    ids: BTreeSet<String>,
    hrefs: Vec<String>,
    tags: Vec<String>,
    text: String,
}

/// Reads a page strictly: every tag closed in order, every attribute quoted, every ampersand an entity, no ID twice.
fn read(html: &str) -> Page {
    let mut page = Page::default();
    let mut open: Vec<String> = Vec::new();
    let mut rest = html.strip_prefix("<!DOCTYPE html>").expect("a doctype");
    while let Some(at) = rest.find('<') {
        let raw = open.last().filter(|name| ["script", "style"].contains(&name.as_str()));
        if let Some(name) = raw {
            let end = rest.find(&format!("</{name}>")).expect("raw text is closed");
            rest = &rest[end + name.len() + 3..];
            open.pop();
            continue;
        }
        let (text, tail) = rest.split_at(at);
        page.text.push_str(&unescape(text));
        let end = tag_end(tail);
        let tag = &tail[1..end];
        rest = &tail[end + 1..];
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop().as_deref(), Some(name), "before …{}", &rest[..rest.len().min(80)]);
            continue;
        }
        let closed = tag.ends_with('/');
        let tag = tag.trim_end_matches('/');
        let (name, attributes) = tag.split_once(' ').unwrap_or((tag, ""));
        assert!(name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit()), "{name:?}");
        page.tags.push(name.to_owned());
        for (name, value) in read_attributes(attributes) {
            assert!(!name.starts_with("on"), "no inline handler: {name}");
            if name == "id" {
                assert!(page.ids.insert(value.clone()), "the ID {value} stands twice");
            }
            if name == "href" || name == "src" {
                page.hrefs.push(value);
            }
        }
        if !closed && !VOID.contains(&name) {
            open.push(name.to_owned());
        }
    }
    assert_eq!(open, Vec::<String>::new());
    page
}

/// The `>` that ends a tag; one in a quoted value does not.
fn tag_end(tail: &str) -> usize {
    let mut quoted = false;
    for (at, c) in tail.char_indices() {
        match c {
            '"' => quoted = !quoted,
            '>' if !quoted => return at,
            _ => {}
        }
    }
    panic!("a tag is not closed");
}

fn read_attributes(text: &str) -> Vec<(String, String)> {
    let mut all = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let name_end = rest.find(['=', ' ']).unwrap_or(rest.len());
        let name = rest[..name_end].to_owned();
        rest = &rest[name_end..];
        let mut value = String::new();
        if let Some(tail) = rest.strip_prefix("=\"") {
            let end = tail.find('"').expect("a quoted value");
            value = unescape(&tail[..end]);
            rest = &tail[end + 1..];
        }
        all.push((name, value));
        rest = rest.trim_start();
    }
    all
}

fn unescape(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        let end = rest[at..].find(';').expect("an ampersand begins an entity") + at;
        out.push_str(match &rest[at + 1..end] {
            "amp" => "&",
            "lt" => "<",
            "gt" => ">",
            "quot" => "\"",
            "#39" | "#x27" => "'",
            "#x2F" => "/",
            other => panic!("entity {other}"),
        });
        rest = &rest[end + 1..];
    }
    out + rest
}

fn rendered() -> Vec<File> {
    render_run(&common::sample().input()).unwrap()
}

fn page<'a>(files: &'a [File], path: &str) -> &'a str {
    &files.iter().find(|file| file.path == path).unwrap_or_else(|| panic!("no {path}")).contents
}

#[test]
fn every_page_is_well_formed_and_every_link_leads_somewhere() {
    let files = rendered();
    let paths: BTreeSet<&str> = files.iter().map(|file| file.path.as_str()).collect();
    for file in &files {
        let page = read(&file.contents);
        for href in &page.hrefs {
            if let Some(id) = href.strip_prefix('#') {
                assert!(page.ids.contains(id), "{}: {href}", file.path);
            } else if let Some(path) = href.strip_prefix("../../") {
                assert!(paths.contains(path), "{}: {href}", file.path);
            } else {
                let evidence = ["./events.jsonl", "./capture.pcapng", "resources.csv"].contains(&href.as_str());
                assert!(paths.contains(href.as_str()) || evidence, "{}: {href}", file.path);
            }
        }
    }
}

#[test]
fn every_case_with_evidence_has_a_page_that_the_overview_links_and_no_other_link_is_dead() {
    let sample = common::sample();
    let files = rendered();
    let overview = read(page(&files, "index.html"));
    let mut pages = 0;
    for case in &sample.manifest.cases {
        let path = format!("cases/{}/index.html", case.id);
        let ran = !matches!(case.verdict, Verdict::NotRun | Verdict::NotApplicable);
        assert_eq!(overview.hrefs.contains(&path), ran, "{path}");
        assert_eq!(files.iter().any(|file| file.path == path), ran, "{path}");
        assert!(overview.text.contains(&case.id), "{path}");
        if !ran {
            continue;
        }
        pages += 1;
        let own = read(page(&files, &path));
        assert!(own.text.contains(&case.purpose) && own.text.contains(case.verdict.name().replace('_', " ").as_str()));
        assert!(own.hrefs.contains(&"../../index.html".to_owned()));
    }
    assert_eq!(files.len(), pages + 1);
}

#[test]
fn a_case_without_a_page_says_in_the_overview_why() {
    let files = rendered();
    let text = read(page(&files, "index.html")).text;
    assert!(text.contains("The device does not claim SEL_CERTIFICATE.") && text.contains("The run ended before it."));
}

#[test]
fn a_long_case_id_breaks_only_after_its_marks() {
    let mut sample = common::sample();
    let (old, new) = ("SEL-JSR-01@channel=11", "SEL-SSR-06@hop_limit=255,reserved=255");
    sample.manifest.cases.iter_mut().find(|case| case.id == old).unwrap().id = new.into();
    sample.evidence.remove(old);
    let files = render_run(&sample.input()).unwrap();
    let pieces = "<span class=\"nb\">SEL-SSR-06@</span><wbr><span class=\"nb\">hop_limit=255,</span><wbr>\
                  <span class=\"nb\">reserved=255</span>";
    assert!(page(&files, "index.html").contains(pieces));
    assert!(page(&files, &format!("cases/{new}/index.html")).contains(&format!("<h1>{pieces}</h1>")));
}

#[test]
fn many_clauses_are_folded_and_come_after_the_steps() {
    let mut sample = common::sample();
    let id = "SEL-JSR-01@channel=26";
    let case = sample.manifest.cases.iter_mut().find(|case| case.id == id).unwrap();
    case.clauses.extend((1..=20).map(|number| format!("SEL-9-{number}")));
    let path = format!("cases/{id}/index.html");
    let html = page(&render_run(&sample.input()).unwrap(), &path).to_owned();
    let place = |part: &str| html.find(part).unwrap_or_else(|| panic!("no {part:?}"));
    assert!(place("id=\"h-outcome\"") < place("id=\"h-ladder\"") && place("id=\"h-ladder\"") < place("id=\"h-steps\""));
    assert!(place("id=\"h-steps\"") < place("id=\"h-clauses\""));
    assert!(html.contains("<details><summary>23 clauses that this case cites</summary>"));
    assert!(!page(&rendered(), &path).contains("clauses that this case cites"), "a few stay open");
    assert!(html.contains("beforeprint"), "paper has them all");
}

#[test]
fn what_leads_up_to_the_body_is_folded_unless_it_went_wrong() {
    let html = page(&rendered(), "cases/SEL-JSR-01@channel=26/index.html").to_owned();
    assert!(html.contains("<details class=\"part\" open><summary><b>Body</b>"));
    assert!(html.contains("<details class=\"part\"><summary><b>Preamble</b>"));
    let mut sample = common::sample();
    let case = sample.manifest.cases.iter_mut().find(|case| case.id == "SEL-JSR-01@channel=26").unwrap();
    let body = sample.evidence["SEL-JSR-01@channel=26"].case.steps.iter().position(|step| step.part == Part::Preamble);
    case.steps.iter_mut().find(|step| Some(step.step) == body).unwrap().verdict = Verdict::Inconclusive;
    let html = page(&render_run(&sample.input()).unwrap(), "cases/SEL-JSR-01@channel=26/index.html").to_owned();
    assert!(html.contains("<details class=\"part\" open><summary><b>Preamble</b>"));
}

#[test]
fn a_run_that_was_cut_short_says_so_on_every_page() {
    let mut sample = common::sample();
    sample.manifest.wall_seconds = None;
    for file in render_run(&sample.input()).unwrap() {
        let text = read(&file.contents).text;
        assert!(text.contains("Incomplete run. It was not brought to its end: 1 of 12 planned cases did not run."));
    }
    assert!(!page(&rendered(), "index.html").contains("Incomplete run."));
}

#[test]
fn only_a_failure_names_the_clauses_that_the_device_broke() {
    let files = rendered();
    let failed = page(&files, "cases/SEL-JSR-01@channel=26/index.html");
    assert!(failed.contains("<ul class=\"broken\"><li><b>SEL-5.3.1-7</b>"));
    for other in ["SEL-SSR-02", "SEL-REF-01", "SEL-KEY-01"] {
        let html = page(&files, &format!("cases/{other}/index.html"));
        assert!(!html.contains("class=\"broken\"") && !html.contains("deciding step</span>"), "{other}");
    }
}

#[test]
fn a_finding_names_a_few_clauses_and_how_many_more() {
    let mut sample = common::sample();
    let case = sample.manifest.cases.iter_mut().find(|case| case.verdict == Verdict::Fail).unwrap();
    case.deciding_clauses = (1..=9).map(|number| format!("SEL-9-{number}")).collect();
    let text = read(page(&render_run(&sample.input()).unwrap(), "index.html")).text;
    assert!(text.contains("SEL-9-1, SEL-9-2, SEL-9-3, SEL-9-4 and 5 more"));
}

#[test]
fn a_step_is_told_once() {
    let mut sample = common::sample();
    let case = sample.manifest.cases.iter_mut().find(|case| case.id == "SEL-JSR-01@channel=26").unwrap();
    let step = case.steps.last_mut().unwrap();
    step.expected = sample.evidence["SEL-JSR-01@channel=26"].case.steps[step.step].text.clone();
    (step.seen, step.nearest_miss) = (case.reason.clone(), None);
    let html = page(&render_run(&sample.input()).unwrap(), "cases/SEL-JSR-01@channel=26/index.html").to_owned();
    assert!(!html.contains("<dl class=\"facts pair\">"), "the box repeats neither the step nor the reason");
}

#[test]
fn only_what_decided_is_highlighted_in_the_log() {
    let files = rendered();
    let html = page(&files, "cases/SEL-JSR-01@channel=26/index.html");
    let events = common::sample().evidence["SEL-JSR-01@channel=26"].events.len();
    assert_eq!(html.matches("<tr id=\"e").count(), events);
    assert_eq!(html.matches("\" class=\"hot\"><td>").count(), 1);
    assert!(html.contains("<tr id=\"e30\" class=\"hot\"><td>30</td>"));
}

#[test]
fn previous_and_next_follow_the_plan() {
    let files = rendered();
    let first = page(&files, "cases/SEL-MAN-01/index.html");
    assert!(!first.contains("rel=\"prev\""));
    assert!(first.contains("rel=\"next\" href=\"../../cases/SEL-JSR-01@channel=11/index.html\""));
    let last = page(&files, "cases/SEL-REF-02/index.html");
    assert!(last.contains("rel=\"prev\" href=\"../../cases/SEL-REF-01/index.html\"") && !last.contains("rel=\"next\""));
}

#[test]
fn a_failure_is_told_first_in_one_sentence_with_its_fields() {
    let files = rendered();
    let text = read(page(&files, "cases/SEL-JSR-01@channel=26/index.html")).text;
    let place = |part: &str| text.find(part).unwrap_or_else(|| panic!("no {part:?}"));
    let reason = place("The first sel.jsr from dut differs from what was expected in sel.eui64 and ipv6.hlim.");
    let field = place("03:00:00:07:b0:d5:b3:70");
    assert!(reason < field && field < place("Set-up") && place("blame: device") < reason);
    assert!(text.contains("The JSR carries the EUI-64 of the joining node."));
    assert!(text.contains("WIRESHARK_CONFIG_DIR=wireshark wireshark cases/SEL-JSR-01@channel=26/capture.pcapng"));
}

#[test]
fn verdicts_are_words_and_not_only_colours() {
    let sample = common::sample();
    let files = rendered();
    let text = read(page(&files, "index.html")).text;
    for (verdict, word) in [
        (Verdict::Fail, "✗ fail"),
        (Verdict::Error, "! error"),
        (Verdict::Inconclusive, "? inconclusive"),
        (Verdict::NotRun, "○ not run"),
        (Verdict::NotApplicable, "– not applicable"),
        (Verdict::Pass, "✓ pass"),
    ] {
        let cases = sample.manifest.cases.iter().filter(|case| case.verdict == verdict).count();
        assert!(text.matches(word).count() > cases, "{word}: one a case and one in the summary");
        assert!(text.contains(&format!("{cases} {word}")), "{cases} {word}");
    }
}

#[test]
fn the_clauses_are_sorted_by_what_is_known_of_them() {
    let files = rendered();
    let text = read(page(&files, "index.html")).text;
    assert!(text.contains("1 clause with no case in this run"));
    let at = |part: &str| text.rfind(part).unwrap_or_else(|| panic!("no {part:?}"));
    assert!(at("SEL-5.4-9") > at("1 clause with no case"));
    assert!(at("untestable: a requirement on the commissioner's decision") > at("clause that no case tests, and why"));
}

#[test]
fn nothing_is_loaded_from_anywhere() {
    for file in rendered() {
        let lower = file.contents.to_ascii_lowercase();
        for outside in ["http://", "https://", "//cdn", "@import", "url(", "<link", "<img", "<iframe", "src="] {
            assert!(!lower.contains(outside), "{}: {outside}", file.path);
        }
        assert!(lower.contains("default-src 'none'"));
    }
}

#[test]
fn paper_phones_and_dark_screens_are_provided_for() {
    for file in rendered() {
        for rule in ["@media print", "@media (max-width:720px)", "prefers-color-scheme:dark", "break-inside:avoid"] {
            assert!(file.contents.contains(rule), "{}: {rule}", file.path);
        }
        let print = file.contents.split("@media print").nth(1).unwrap();
        assert!(print.contains(".filter") && print.contains("attr(href)"));
        assert!(file.contents.contains("<html lang=\"en\">") && file.contents.contains("name=\"viewport\""));
    }
}

#[test]
fn without_script_every_row_is_visible() {
    let files = rendered();
    let overview = page(&files, "index.html");
    let table = overview.split("id=\"cases\"").nth(1).unwrap().split("</table>").next().unwrap();
    assert!(!table.contains("hidden>") && !table.contains(" hidden "));
    assert!(overview.contains("aria-label=\"Filter the cases\" hidden>"), "the filter shows itself when it works");
}

#[test]
fn a_mutant_or_a_fake_is_told_on_every_page() {
    let mut sample = common::sample();
    sample.manifest.mutant = Some("jsr-eui64-reversed".into());
    sample.manifest.fake = Some("liar".into());
    for file in render_run(&sample.input()).unwrap() {
        let text = read(&file.contents).text;
        assert!(text.contains("Mutant “jsr-eui64-reversed”, a fault made on purpose, is switched on"), "{}", file.path);
        assert!(text.contains("The fake device “liar” stands in"), "{}", file.path);
        assert_eq!(file.contents.matches("<strong>Not a conformance result.</strong>").count(), 2);
        let overview = file.path == "index.html";
        assert_eq!(file.contents.contains("<title>Not a conformance result. "), overview);
        assert_eq!(text.contains("Test of the suites against a mutant"), overview);
    }
}

#[test]
fn hostile_text_stays_text() {
    let text = "</script><script>alert(1)</script><img src=x onerror=\"a()\"> ' \" & \u{202e}\x01 {{ 7 * 7 }} 🦀";
    let mut sample = common::sample();
    let manifest = &mut sample.manifest;
    manifest.id = text.into();
    manifest.started = text.into();
    manifest.command = vec![text.into()];
    manifest.mutant = Some(text.into());
    manifest.warnings = vec![text.into()];
    manifest.device.insert(text.into(), text.into());
    manifest.identity.insert(text.into(), text.into());
    manifest.pics_values.insert(text.into(), true);
    manifest.pixit_values.insert(text.into(), text.into());
    manifest.testbed.name = text.into();
    for case in &mut manifest.cases {
        (case.purpose, case.reason, case.phase, case.suite) = (text.into(), text.into(), text.into(), text.into());
        case.clauses.push(text.into());
        case.digests.insert(text.into(), text.into());
        for step in &mut case.steps {
            (step.expected, step.seen, step.reason) = (text.into(), text.into(), text.into());
            for field in step.nearest_miss.iter_mut().flat_map(|miss| &mut miss.fields) {
                (field.field, field.expected, field.seen) = (text.into(), text.into(), text.into());
            }
        }
    }
    for evidence in sample.evidence.values_mut() {
        evidence.case.topology.text = text.into();
        for board in &mut evidence.case.topology.boards {
            board.name.push_str(text);
        }
        for step in &mut evidence.case.steps {
            (step.text, step.procedure) = (text.into(), Some(text.into()));
        }
        for pdu in &mut evidence.pdus {
            (pdu.message, pdu.info, pdu.wrong_on_purpose) = (text.into(), text.into(), Some(text.into()));
        }
        let log = Observation::Log { board: text.into(), line: text.into() };
        for event in &mut evidence.events {
            if matches!(event.what, What::Action(Action::UpperTester { .. })) {
                event.what = What::Observation(log.clone());
            }
        }
    }
    for file in render_run(&sample.input()).unwrap() {
        let page = read(&file.contents);
        assert_eq!(page.tags.iter().filter(|tag| *tag == "script").count(), 1, "{}", file.path);
        assert!(!page.tags.contains(&"img".to_owned()));
        assert!(page.text.contains("<script>alert(1)</script>") && page.text.contains("{{ 7 * 7 }}"));
        assert!(!file.contents.contains(['\x01', '\u{202e}']), "{}", file.path);
    }
}

#[test]
fn no_key_is_told() {
    for file in rendered() {
        assert!(!file.contents.contains("000102030405060708090a0b0c0d0e0f"), "{}", file.path);
        assert!(!file.contents.contains("07070707070707070707070707070707"), "{}", file.path);
    }
}

#[test]
fn a_case_whose_log_is_lost_has_a_page_all_the_same() {
    let sample = common::sample();
    let mut input = sample.input();
    input.cases.clear();
    input.clauses.clear();
    let files = render_run(&input).unwrap();
    for file in &files {
        read(&file.contents);
    }
    let text = read(page(&files, "cases/SEL-REF-01/index.html")).text;
    assert!(text.contains("never acknowledged") && text.contains("There is no log of this case."));
}

#[test]
fn a_typical_page_is_small_and_a_huge_log_is_cut_around_the_evidence() {
    let mut sample = common::sample();
    for file in rendered() {
        assert!(file.contents.len() < 100_000, "{}: {}", file.path, file.contents.len());
    }
    let evidence = sample.evidence.get_mut("SEL-JSR-01@channel=26").unwrap();
    let last = evidence.events.last().unwrap().clone();
    for n in 1..=20_000u64 {
        let frame = Observation::Frame {
            sniffer: "sniffer".into(),
            channel: 26,
            psdu: vec![n as u8; 127].into(),
            rssi_dbm: -50,
        };
        evidence.events.push(Event { n: last.n + n, t: last.t + n * 5_000_000, what: What::Observation(frame) });
    }
    let files = render_run(&sample.input()).unwrap();
    let html = page(&files, "cases/SEL-JSR-01@channel=26/index.html");
    assert!(html.len() < 300_000, "{}", html.len());
    let page = read(html);
    assert!(page.text.contains(&format!("2000 of {} events are listed", last.n + 20_000)));
    assert!(page.ids.contains("e30"), "the evidence is listed");
}

#[test]
fn a_case_id_that_leaves_its_folder_is_refused() {
    let mut sample = common::sample();
    sample.manifest.cases[0].id = "../../etc".into();
    let error = render_run(&sample.input()).unwrap_err();
    assert!(error.to_string().contains("`../../etc` is no case ID"), "{error}");
}

#[test]
fn what_an_eavesdropper_learns_stands_on_each_cases_page_and_is_added_up_on_the_overview() {
    let files = render_run(&common::sample().input()).unwrap();
    let case = page(&files, "cases/SEL-JSR-01@channel=26/index.html");
    assert!(case.contains("70b3d5b007000002") && case.contains("<td class=\"num\">21</td><td class=\"num\">3</td>"));
    let hostile = "<b>70b3d5b007000003</b>";
    assert!(!files.iter().any(|file| file.contents.contains(hostile)), "a value becomes markup");
    let overview = page(&files, "index.html");
    assert!(overview.contains("What an eavesdropper learns") && overview.contains("PSK identity"));
}
