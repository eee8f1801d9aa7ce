//! The book under `docs/` says what the program knows: its generated tables and its worked example are kept in step here.
//!
//! A generated table stands between `<!-- generated: NAME -->` and `<!-- end of NAME -->`. To write all of them anew:
//!
//! ```sh
//! BOOTRACK_WRITE_BOOK=1 cargo test -p bootrack-suites --test book
//! ```

mod common;

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use bootrack_suites::Suite;
use bootrack_suites::ledger::{Class, Later, MECHANISMS};
use bootrack_suites::oracles::ORACLES;
use bootrack_suites::pixit::ValueKind;
use bootrack_suites::procedures::PROCEDURES;
use bootrack_suites::vocabulary::{SETTABLE_FIELDS, upper_tester_keys};
use bootrack_suites::{duration, plan};
use common::World;
use dissect::{FIELDS, FieldInfo, FieldKind, MESSAGES};
use record::station::{Attachment, StationInfo};
use wire::upper_tester::table::{self as ut, KeyInfo, Required};

const HOW: &str = "write the tables anew: BOOTRACK_WRITE_BOOK=1 cargo test -p bootrack-suites --test book";

fn page(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs").join(name)
}

fn read(name: &str) -> String {
    fs::read_to_string(page(name)).unwrap_or_else(|error| panic!("docs/{name}: {error}"))
}

/// Compares the tables of a page with what the program knows, or writes them.
#[track_caller]
fn keep_in_step(name: &str, tables: &[(&str, String)]) {
    let text = read(name);
    let mut wanted = text.clone();
    for (table, content) in tables {
        let begin = format!("<!-- generated: {table} -->\n");
        let end = format!("<!-- end of {table} -->");
        let from = wanted.find(&begin).unwrap_or_else(|| panic!("docs/{name} has no `{}`", begin.trim())) + begin.len();
        let to = wanted[from..].find(&end).unwrap_or_else(|| panic!("docs/{name} has no `{end}`")) + from;
        wanted.replace_range(from..to, content);
    }
    if std::env::var_os("BOOTRACK_WRITE_BOOK").is_some() {
        fs::write(page(name), wanted).unwrap();
        return;
    }
    let differs = text.lines().zip(wanted.lines()).find(|(is, should)| is != should);
    assert!(text == wanted, "docs/{name} is out of step; {HOW}\nfirst difference (is, should be): {differs:#?}");
}

/// A Markdown table. A bar inside a cell would end it.
fn table(heads: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut text = format!("| {} |\n|{}\n", heads.join(" | "), "---|".repeat(heads.len()));
    for row in rows {
        let cells: Vec<String> = row.iter().map(|cell| cell.replace('|', "\\|")).collect();
        writeln!(text, "| {} |", cells.join(" | ")).unwrap();
    }
    text
}

fn code(text: impl std::fmt::Display) -> String {
    format!("`{text}`")
}

fn kind(field: &FieldInfo) -> String {
    match field.kind {
        FieldKind::Uint { bits } => format!("number, {bits} bit{}", if bits == 1 { "" } else { "s" }),
        FieldKind::Bool => "0 or 1".to_owned(),
        FieldKind::Bytes => "octets".to_owned(),
        FieldKind::Eui64 => "EUI-64".to_owned(),
        FieldKind::Ipv6 => "IPv6 address".to_owned(),
        FieldKind::Text => "text".to_owned(),
    }
}

fn list(names: impl IntoIterator<Item = String>) -> String {
    let mut text = String::new();
    let mut width = 0;
    for (at, name) in names.into_iter().enumerate() {
        let word = format!("{}{name}", if at == 0 { "" } else { ", " });
        if width + word.len() > 110 {
            text = text.trim_end().to_owned();
            write!(text, ",\n{name}").unwrap();
            width = name.len();
        } else {
            text.push_str(&word);
            width += word.len();
        }
    }
    text.push('\n');
    text
}

#[test]
fn the_book_lists_every_field_and_every_message() {
    let mut layers: Vec<&str> = Vec::new();
    for field in FIELDS {
        if !layers.contains(&field.layer) {
            layers.push(field.layer);
        }
    }
    let mut fields = String::new();
    for layer in layers {
        writeln!(fields, "\n### {layer}\n").unwrap();
        let rows = FIELDS.iter().filter(|field| field.layer == layer).map(|field| {
            let origin = if field.wireshark { "Wireshark" } else { "ours" };
            vec![code(field.name), kind(field), origin.to_owned(), field.description.to_owned()]
        });
        fields.push_str(&table(&["name", "value", "origin", "meaning"], rows));
    }
    fields.push('\n');
    let messages = table(
        &["name", "meaning", "is there if"],
        MESSAGES.iter().map(|message| {
            let matches: Vec<String> =
                message.matches.iter().map(|(field, number)| format!("`{field}` = {number}")).collect();
            let there = if matches.is_empty() { format!("a layer `{}`", message.layer) } else { matches.join(" and ") };
            vec![code(message.name), message.description.to_owned(), there]
        }),
    );
    let upper_tester = list(upper_tester_keys().map(|name| format!("`ut.{name}`")));
    let crafted = list(authenticator::craft::MESSAGES.iter().map(code));
    let settable = list(SETTABLE_FIELDS.iter().map(|(name, _)| code(name)));
    keep_in_step(
        "field-names.md",
        &[
            ("messages", messages),
            ("fields", fields),
            ("upper tester keys", upper_tester),
            ("messages to send", crafted),
            ("names to set", settable),
        ],
    );
}

#[test]
fn the_book_lists_every_procedure_and_every_order() {
    let procedures: String = PROCEDURES
        .iter()
        .map(|procedure| {
            let mut text = format!("\n`{}`: {}\n", procedure.name, procedure.doc);
            for argument in procedure.arguments {
                let default = match argument.default {
                    None => "required".to_owned(),
                    Some("") => "may be left out".to_owned(),
                    Some(default) => format!("`{default}` if left out"),
                };
                writeln!(text, "- `{}` ({}; {default}): {}", argument.name, argument.kind, argument.doc).unwrap();
            }
            text
        })
        .collect::<String>()
        + "\n";
    let orders: String = World::new().vocabulary.stations.kinds().map(orders_of).collect();
    let rows = ORACLES
        .iter()
        .map(|oracle| vec![code(oracle.name), oracle.what.to_owned(), format!("`{}`, `{}`", oracle.file, oracle.test)]);
    let oracles = format!("\n{}\n", table(&["name", "what it did", "where it is tested"], rows));
    keep_in_step("suite-format.md", &[("procedures", procedures), ("orders", orders), ("oracles", oracles)]);
}

/// What a station is called, where it is, what its properties are, and its orders.
fn orders_of(station: &StationInfo) -> String {
    let name = if station.is_prefix { format!("{}...", station.name) } else { station.name.to_owned() };
    let place = match station.attachment {
        Attachment::Backbone => "at the backbone",
        Attachment::Radio => "at a tester radio",
    };
    let properties: Vec<String> =
        station.properties.iter().map(|property| format!("`${}.{}`", station.name, property.name)).collect();
    let properties = match properties.as_slice() {
        [] => String::new(),
        some => format!(" Its properties: {}.", some.join(", ")),
    };
    let rows = station.orders.iter().map(|order| vec![code(order.syntax()), order.doc.to_owned()]);
    let orders = table(&["order", "what it does; when it is done"], rows);
    let example = format!("do = \"{} ...\"", station.name);
    format!("\nOf the {}, {place}: `{name}` in a topology, `{example}`.{properties}\n\n{orders}", station.title)
}

/// Text of the fenced blocks of a language.
fn blocks(text: &str, language: &str) -> Vec<String> {
    let begin = format!("```{language}\n");
    text.split(&begin).skip(1).map(|rest| rest.split("```").next().unwrap_or_default().to_owned()).collect()
}

#[test]
fn the_worked_example_of_the_book_loads() {
    let world = World::new();
    let text = read("suite-format.md");
    let example = blocks(&text, "toml").into_iter().find(|block| block.starts_with("suite = ")).expect("an example");
    let cases = world.cases(&example);
    assert_eq!(
        cases.iter().map(|case| case.id.as_str()).collect::<Vec<_>>(),
        ["MY-ECHO-01@octets=16", "MY-ECHO-01@octets=300"]
    );
    assert!(cases.iter().all(|case| !case.kills.is_empty()));
}

/// How the keys of a command, answer or event are written.
fn written<'k>(keys: impl IntoIterator<Item = &'k KeyInfo>) -> String {
    let words: Vec<String> = keys
        .into_iter()
        .map(|key| {
            let word = format!("{}={}", key.name, key.kind.notation());
            match key.required {
                Required::Always => code(word),
                Required::Perhaps => code(format!("[{word}]")),
                Required::With(other) if other.ends_with('=') => format!("or `{word}`"),
                Required::With(other) => format!("`{word}` (with `{other}`)"),
            }
        })
        .collect();
    words.join(" ")
}

#[test]
fn the_book_lists_all_of_the_upper_tester_protocol() {
    let states = table(&["state", "means"], ut::states().map(|state| vec![code(state.name), state.doc.to_owned()]));
    let commands = table(
        &["command", "arguments", "when", "effect", "answer after `ok`"],
        ut::commands().map(|command| {
            // The counters have a table of their own.
            let answers = match command.name {
                "counters" => "counters".to_owned(),
                _ => written(ut::answers(command)),
            };
            let when = command.when.words.to_owned();
            vec![code(command.name), written(command.keys), when, command.doc.to_owned(), answers]
        }),
    );
    let events = table(
        &["event", "arguments", "when"],
        ut::events().map(|event| vec![code(event.name), written(event.keys), event.doc.to_owned()]),
    );
    let features = table(
        &["feature", "a device with it", "needed by"],
        ut::features().map(|feature| {
            let needed: Vec<String> = feature.needed_by.iter().map(code).collect();
            vec![code(feature.name), feature.doc.to_owned(), needed.join(", ")]
        }),
    );
    let counters = ut::command("counters").expect("a command `counters`");
    let counters = table(
        &["key", "counted"],
        ut::answers(counters).map(|key| {
            assert_ne!(key.doc, "", "the table of UT/1 does not say what `{}` counts", key.name);
            vec![code(key.name), key.doc.to_owned()]
        }),
    );
    keep_in_step(
        "upper-tester.md",
        &[
            ("states", states),
            ("commands", commands),
            ("features", features),
            ("counters", counters),
            ("events", events),
        ],
    );
}

#[test]
fn the_book_lists_every_pics_symbol_and_every_pixit_value() {
    let world = World::new();
    let suites = world.built_in();
    let cases = bases(&suites);
    let symbols = table(
        &["symbol", "status", "reference firmware", "question", "clause", "cases that need it"],
        world.proforma.symbols().iter().map(|symbol| {
            let needed = cases.iter().filter(|case| case.pics.contains(&symbol.name)).count();
            vec![
                code(&symbol.name),
                symbol.status().to_owned(),
                if symbol.reference { "yes" } else { "no" }.to_owned(),
                symbol.question.clone(),
                symbol.clause.clone(),
                needed.to_string(),
            ]
        }),
    );
    let sets = table(
        &["set", "symbols", "why", "clause"],
        world.proforma.sets().iter().map(|set| {
            let members: Vec<String> = world.proforma.members(set).map(code).collect();
            vec![code(&set.name), members.join(", "), set.text.clone(), set.clause.clone()]
        }),
    );
    let values = table(
        &["name", "default", "allowed", "meaning", "clause"],
        world.pixit.definitions().iter().map(|value| {
            let allowed = match &value.kind {
                ValueKind::Duration { min, max } => format!("{} to {}", duration::show(*min), duration::show(*max)),
                ValueKind::Number { min, max } => format!("{min} to {max}"),
                ValueKind::Choice(words) => words.join(", "),
            };
            vec![code(&value.name), value.default.to_string(), allowed, value.doc.clone(), value.clause.clone()]
        }),
    );
    keep_in_step("pics-and-pixit.md", &[("pics-sets", sets), ("pics", symbols), ("pixit", values)]);
}

#[test]
fn the_book_links_our_readings_to_cases() {
    let world = World::new();
    let suites = world.built_in();
    let cases = bases(&suites);
    let readings = world.ledger.clauses().iter().filter(|clause| clause.spec == "PROFILE-SEL");
    let rows = readings.map(|clause| {
        let what = match &clause.class {
            Class::Tested => {
                let citing: Vec<&str> = cases
                    .iter()
                    .filter(|case| case.clauses.contains(&clause.id))
                    .map(|case| case.base.as_str())
                    .collect();
                assert!(!citing.is_empty(), "{} is tested by no case", clause.id);
                citing.join(", ")
            }
            other => other.to_string(),
        };
        vec![clause.id.clone(), clause.text.clone(), what]
    });
    let readings = table(&["reading", "what we take", "cases"], rows);
    keep_in_step("what-the-selective-draft-leaves-open.md", &[("readings", readings)]);
}

#[test]
fn the_book_says_how_far_the_ledgers_go() {
    let ledger = World::new().ledger;
    let sections = ledger.specifications().iter().flat_map(|spec| {
        let count = |number: &str| {
            ledger.clauses().iter().filter(|clause| clause.spec == spec.spec && clause.section == number).count()
        };
        spec.sections.iter().map(move |section| {
            let statements = match &section.none {
                Some(why) => format!("none: {why}"),
                None => count(&section.number).to_string(),
            };
            vec![spec.spec.clone(), section.number.clone(), section.title.clone(), statements]
        })
    });
    let sections = table(&["document", "section", "title", "statements"], sections);
    let mechanisms = MECHANISMS.iter().map(|mechanism| vec![code(mechanism.name), mechanism.what.to_owned()]);
    let in_part = ledger.clauses().iter().filter_map(|clause| {
        let Later { mechanism, why } = clause.rest.as_ref()?;
        Some(vec![clause.id.clone(), clause.text.clone(), why.clone()?, code(mechanism)])
    });
    let readings = ledger
        .clauses()
        .iter()
        .filter_map(|clause| Some(vec![clause.id.clone(), clause.text.clone(), clause.reading.clone()?]));
    keep_in_step(
        "ledgers.md",
        &[
            ("sections", sections),
            ("mechanisms", table(&["mechanism", "what it is"], mechanisms)),
            ("in-part", table(&["clause", "statement", "what no case shows yet", "waits for"], in_part)),
            ("drafts-readings", table(&["clause", "statement", "how we read it"], readings)),
        ],
    );
}

/// Every case once, whatever its rows.
fn bases(suites: &[Suite]) -> Vec<&plan::Case> {
    let mut cases: Vec<&plan::Case> = suites.iter().flat_map(|suite| &suite.cases).collect();
    cases.dedup_by(|later, earlier| later.base == earlier.base);
    cases
}

#[test]
fn the_suite_that_the_book_writes_is_a_good_one() {
    let chapter = read("writing-a-suite.md");
    let (_, after) = chapter.split_once("```toml\n").unwrap();
    let (suite, _) = after.split_once("```").unwrap();
    let cases = World::new().cases(suite);
    let [case] = cases.as_slice() else { panic!("{} cases", cases.len()) };
    for command in ["explain", "run --suite my.toml"] {
        assert!(chapter.contains(&format!("bootrack {command}")), "{command}");
    }
    assert!(chapter.contains(&format!("pass  {} ", case.id)), "the chapter shows the output of another case");
    for mutant in &case.kills {
        assert!(chapter.contains(&format!("--mutant {mutant}")), "the chapter does not try {mutant}");
    }
}

/// The pages of the book by their path below `docs`, in order: those of a folder that has a README.md are a chapter's.
fn pages() -> Vec<String> {
    let names = |folder: &str| {
        let entries = fs::read_dir(page(folder)).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect::<Vec<_>>()
    };
    let mut pages = names("");
    let folders: Vec<String> = pages.iter().filter(|name| page(name).join("README.md").is_file()).cloned().collect();
    pages.extend(
        folders.iter().flat_map(|folder| names(folder).into_iter().map(move |name| format!("{folder}/{name}"))),
    );
    pages.retain(|name| name.ends_with(".md"));
    pages.sort();
    pages
}

#[test]
fn the_table_of_contents_links_every_chapter_and_no_link_of_the_book_is_dead() {
    let contents = read("README.md");
    let decisions = read("decisions/README.md");
    for name in pages() {
        let text = read(&name);
        assert!(text.starts_with("# "), "docs/{name} has no title");
        if let Some(decision) = name.strip_prefix("decisions/").filter(|name| *name != "README.md") {
            assert!(decisions.contains(&format!("({decision})")), "docs/decisions/README.md does not link {decision}");
        } else if name != "README.md" {
            assert!(contents.contains(&format!("({name})")), "docs/README.md does not link {name}");
        }
        let folder = name.rsplit_once('/').map_or("", |(folder, _)| folder);
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let target = link.split('#').next().unwrap_or_default();
            if !target.is_empty() && !target.contains("://") {
                assert!(page(folder).join(target).exists(), "docs/{name} links {target}, which does not exist");
            }
        }
    }
}
