//! Every file in `tests/bad` is refused, with exactly the message that stands beside it.

mod common;

use std::path::{Path, PathBuf};

use bootrack_suites::ledger::Ledger;
use bootrack_suites::pics::Proforma;
use bootrack_suites::pixit::Pixit;
use bootrack_suites::{built_in, readers};
use common::{World, render_all};
use input::{Fault, Source};

fn faults_of(world: &World, path: &Path) -> Vec<Fault> {
    let name = path.file_stem().unwrap().to_str().unwrap();
    let source = match Source::read(path) {
        Ok(source) => source,
        Err(fault) => return vec![fault],
    };
    match name.split_once('-').map(|(kind, _)| kind) {
        Some("clauses") => Ledger::load(&[source]).err(),
        Some("pics") => world.proforma.answers(&source).err(),
        Some("proforma") => match Proforma::load(std::slice::from_ref(&source), &world.ledger) {
            Ok(_) => Some(readers::symbols_without_case(&[source], &built_in::all())),
            Err(faults) => Some(faults),
        },
        Some("values") => match Pixit::load(std::slice::from_ref(&source)) {
            Ok(_) => Some(readers::values_without_reader(&[source], &built_in::all())),
            Err(faults) => Some(faults),
        },
        Some("pixit") => world.pixit.overridden(&source).err(),
        _ => world.load(&[source]).err(),
    }
    .unwrap_or_default()
}

fn corpus() -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = std::fs::read_dir("tests/bad")
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .collect();
    files.sort();
    files
}

#[test]
fn every_bad_file_is_refused_with_its_message() {
    let world = World::new();
    let files = corpus();
    assert!(files.len() >= 60, "{} files", files.len());
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("bad");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| {
        for path in files {
            let faults = faults_of(&world, &path);
            assert!(!faults.is_empty(), "{} was taken", path.display());
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            insta::assert_snapshot!(name, render_all(faults.as_slice()));
        }
    });
}

#[test]
fn every_fault_in_a_file_that_could_be_read_has_a_place() {
    let world = World::new();
    for path in corpus() {
        for fault in faults_of(&world, &path).iter().filter(|fault| fault.text.is_some()) {
            assert!(fault.line_column().is_some(), "{fault}");
            let span = fault.span.clone().unwrap();
            let text = fault.text.as_ref().unwrap();
            assert!(text.get(span.clone()).is_some(), "{fault} {span:?}");
        }
    }
}

#[test]
fn a_missing_file_is_named() {
    let fault = Source::read(Path::new("tests/bad/missing/x.toml")).unwrap_err();
    assert!(fault.to_string().starts_with("tests/bad/missing/x.toml: cannot be read"), "{fault}");
}

#[test]
fn a_case_id_that_two_files_bear_is_told_with_both_places() {
    let world = World::new();
    let mut sources = built_in::suites();
    let mut copy = sources[0].clone();
    copy.name = "copy.toml".to_owned();
    sources.push(copy);
    let faults = world.load(&sources).unwrap_err();
    let first = faults.first().unwrap();
    assert!(first.to_string().starts_with("copy.toml:"), "{first}");
    assert!(first.message.starts_with("case ID `"), "{first}");
    assert!(first.help.as_ref().unwrap().contains(&format!("{}:", sources[0].name)), "{first:?}");
}

#[test]
fn no_prefix_of_a_good_suite_makes_the_loader_panic() {
    let world = World::new();
    let text = &built_in::suites()[0].text;
    let cut: Vec<usize> = text.char_indices().map(|(at, _)| at).step_by(97).collect();
    for at in cut {
        let _ = world.load_text(&text[..at]);
    }
}

#[test]
fn no_wrong_character_makes_the_loader_panic() {
    let world = World::new();
    let text = include_str!("good/every-step.toml");
    for (at, original) in text.char_indices().step_by(13) {
        for wrong in ["\"", "$", ".", "=", "{", "\n", "é", "9"] {
            let mut changed = text.to_owned();
            changed.replace_range(at..at + original.len_utf8(), wrong);
            if let Err(faults) = world.load_text(&changed) {
                assert!(faults.iter().all(|fault| fault.line_column().is_some()), "{wrong:?} at {at}");
            }
        }
    }
}

#[test]
fn a_good_suite_with_any_one_line_left_out_is_taken_or_refused_with_a_place() {
    let world = World::new();
    let sources = built_in::suites();
    let text = sources[0].text.lines().take(80).collect::<Vec<_>>();
    for left_out in 0..text.len() {
        let shorter: Vec<&str> =
            text.iter().enumerate().filter(|(at, _)| *at != left_out).map(|(_, line)| *line).collect();
        if let Err(faults) = world.load_text(&shorter.join("\n")) {
            assert!(faults.iter().all(|fault| fault.line_column().is_some()), "line {left_out}");
        }
    }
}
