//! `suites` may not know the tester's machines, so it keeps a list of the fields that they understand beside those that are seen.
//! Here, where both are known, the list is held against the machines.

use std::collections::BTreeSet;

use authenticator::craft;
use suites::vocabulary::{SETTABLE_FIELDS, Vocabulary};

#[test]
fn suites_may_set_every_field_that_can_be_set() {
    let vocabulary = Vocabulary::wire(Vec::<String>::new(), [], craft::MESSAGES);
    let settable = |field: &&str| vocabulary.settable(field).is_none();
    for message in craft::MESSAGES {
        let unknown: Vec<&str> = craft::fields(message).unwrap().into_iter().filter(settable).collect();
        assert_eq!(unknown, Vec::<&str>::new(), "{message}");
    }
}

#[test]
fn every_plain_name_that_suites_may_set_is_a_field_of_some_message() {
    let all: BTreeSet<&str> = craft::MESSAGES.iter().flat_map(|message| craft::fields(message).unwrap()).collect();
    let unused: Vec<&str> = SETTABLE_FIELDS.iter().map(|(name, _)| *name).filter(|name| !all.contains(name)).collect();
    assert_eq!(unused, Vec::<&str>::new());
}
