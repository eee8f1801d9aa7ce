//! The device's sources, written anew with all of their mutants: they are Rust, and the list is as broad as it has to be.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use bootrack_mutate::constants::Constants;
use bootrack_mutate::places::Form;
use bootrack_mutate::render::{Numbered, render};
use bootrack_mutate::walk::places;
use bootrack_mutate::workspace::Mutants;

fn project() -> Mutants {
    Mutants::find(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")).unwrap()
}

/// A source with its mutants in it, numbered from 1.
fn rewritten(text: &str) -> String {
    let file = syn::parse_file(text).unwrap();
    let mut constants = Constants::default();
    constants.read("x.rs", text, &file);
    let found = places(text, &file, &constants);
    let mut base = 1;
    let numbered: Vec<Numbered<'_>> = found
        .places
        .iter()
        .map(|place| {
            let alive: Vec<usize> = (0..place.mutations.len()).collect();
            let numbered = Numbered { place, base, alive };
            base += u32::try_from(place.mutations.len()).unwrap();
            numbered
        })
        .collect();
    let text = render(text, &numbered).text;
    syn::parse_file(&text).unwrap_or_else(|error| panic!("{error}:\n{text}"));
    text
}

#[test]
fn every_file_written_anew_is_rust() {
    let texts = project().texts(&BTreeSet::new());
    // A module of variants and one of hooks, which no board has: `mod` is declared for the feature `mutants`.
    for host in ["stack/chatter.rs", "mechanism/selective/hooks.rs"] {
        assert!(!texts.contains_key(&format!("dut-firmware/node/src/{host}")), "{host}");
    }
    assert!(texts.contains_key("dut-firmware/node/src/stack/link.rs"));
    assert!(texts.len() > 60, "{} files", texts.len());
    for (path, text) in texts {
        syn::parse_file(&text).unwrap_or_else(|error| panic!("{path}: {error}"));
    }
}

#[test]
fn there_are_a_thousand_mutants_of_five_classes_and_none_is_above_forty_percent() {
    let table = project().table(&BTreeSet::new());
    let mut classes: BTreeMap<String, usize> = BTreeMap::new();
    table.iter().for_each(|entry| *classes.entry(entry.class.clone()).or_default() += 1);
    assert!(table.len() >= 1000 && classes.len() >= 5, "{classes:?}");
    assert!(classes.values().all(|count| count * 100 <= table.len() * 40), "{classes:?}");
}

#[test]
fn a_key_names_one_mutant() {
    let table = project().table(&BTreeSet::new());
    let keys: BTreeSet<String> = table.iter().map(mutation::Entry::key).collect();
    assert_eq!(keys.len(), table.len());
}

#[test]
fn places_are_nested_as_the_source_is() {
    let text = rewritten("fn f(a: u8, b: bool) { if a < 3 && !b { g(a); } }");
    for part in
        ["*__l < *__r, *__l == *__r, *__l > *__r, *__l <= *__r", "::mutation::branch(", "::mutation::more(3)", "g(a)"]
    {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
}

#[test]
fn what_no_board_has_is_left_as_it_is() {
    let untouched =
        "#[cfg(test)] mod tests { fn f() -> bool { 1 < 2 } }\n#[cfg(feature = \"mutants\")] fn g() -> u8 { 1 }\n";
    assert_eq!(rewritten(untouched), untouched);
    let text = rewritten("fn f(&self) { if self.mutant.is(Mutant::A) { self.count = 7; } }");
    assert!(text.contains("{ self.count = 7; }"), "{text}");
}

#[test]
fn constants_are_changed_where_they_are_used() {
    let text = rewritten("const A: u8 = 2 * 3; fn f() { g(A) }");
    assert!(
        text.contains("::mutation::pick(2, [A, ::mutation::more(A), ::mutation::less(A), (2 + 3), (2 / 3)])"),
        "{text}"
    );
}

#[test]
fn what_the_compiler_evaluates_is_not_asked_at_run_time() {
    let constant = "const fn f() -> u8 { 1 + 1 } const A: [u8; 2] = [1, 2];";
    assert_eq!(rewritten(constant), constant);
    let file = syn::parse_file(constant).unwrap();
    let found = places(constant, &file, &Constants::default());
    assert!(found.places.iter().all(|place| place.form == Form::Tick));
}
