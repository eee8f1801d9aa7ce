//! Walks: the same for the same seed, cases that load whatever is left out of them, no rule that no walk comes by, no alarm on
//! the reference device, and departures that fail alone.

use std::collections::BTreeSet;

use authenticator::{Registry, craft};
use bootrack_explorer::{Explorer, RULES};
use engine::campaign::Setting;
use engine::mutant::Mutant;
use engine::tester::TesterMachines;
use input::Source;
use record::Verdict;
use suites::ledger::Ledger;
use suites::pics::{Pics, Proforma};
use suites::pixit::Pixit;
use suites::vocabulary::Vocabulary;
use suites::{Catalogue, built_in};
use testbeds::testbed::{Device, Testbed};

/// Everything that an explorer borrows.
struct World {
    vocabulary: Vocabulary,
    ledger: Ledger,
    proforma: Proforma,
    pics: Pics,
    pixit: Pixit,
    setting: Setting,
}

impl World {
    fn new() -> Self {
        let ledger = Ledger::load(&built_in::clauses()).unwrap();
        let proforma = Proforma::load(&built_in::pics(), &ledger).unwrap();
        let pics = proforma.reference();
        let pixit = Pixit::load(&built_in::pixit()).unwrap();
        let names = Mutant::all().map(Mutant::name);
        let vocabulary = Vocabulary::wire(names, Registry::default().infos(), craft::MESSAGES);
        let setting = Setting::new(Testbed::load(&Testbed::built_in()).unwrap(), Device::Reference);
        Self { vocabulary, ledger, proforma, pics, pixit, setting }
    }

    fn with_mutant(name: &str) -> Self {
        let world = Self::new();
        Self { setting: world.setting.with_mutant(Mutant::from_name(name).unwrap()), ..world }
    }

    fn with_pixit(name: &str, pixit: &str) -> Self {
        let world = Self::with_mutant(name);
        let source = Source { name: "pixit.toml".to_owned(), text: format!("[pixit]\n{pixit}\n") };
        Self { pixit: world.pixit.overridden(&source).unwrap(), ..world }
    }

    fn explorer(&self, seed: u64, steps: usize, loss: u8) -> Explorer<'_> {
        let Self { vocabulary, ledger, proforma, pics, pixit, setting } = self;
        Explorer { vocabulary, ledger, proforma, pics, pixit, setting, seed, steps, loss }
    }

    fn loads(&self, text: &str) {
        let source = Source { name: "explored.toml".to_owned(), text: text.to_owned() };
        let catalogue = Catalogue {
            vocabulary: &self.vocabulary,
            ledger: &self.ledger,
            pics: &self.proforma,
            pixit: &self.pixit,
            tester: &TesterMachines::default(),
        };
        if let Err(faults) = suites::load(&[source], &catalogue) {
            panic!("{}\n{text}", faults[0].message);
        }
    }
}

#[test]
fn every_rule_cites_clauses_that_there_are_and_has_a_name_of_its_own() {
    let world = World::new();
    let mut ids = BTreeSet::new();
    for rule in RULES {
        assert!(ids.insert(rule.id), "{} stands twice", rule.id);
        assert!(!rule.clauses.is_empty() && rule.says.ends_with('.'), "{}", rule.id);
        for clause in rule.clauses {
            assert!(world.ledger.clause(clause).is_some(), "{} cites {clause}, which no ledger has", rule.id);
        }
    }
}

#[test]
fn the_same_seed_walks_the_same_way_and_another_one_another() {
    let world = World::new();
    let text = |seed, number| {
        let explorer = world.explorer(seed, 40, 0);
        {
            let (scene, actions) = explorer.actions(number);
            explorer.text(number, scene, &actions, "A walk.").0
        }
    };
    assert_eq!(text(7, 3), text(7, 3));
    assert_ne!(text(7, 3).replace("EXPLORED-7-3", ""), text(7, 4).replace("EXPLORED-7-4", ""));
    assert_ne!(text(7, 3).replace("EXPLORED-7-3", ""), text(8, 3).replace("EXPLORED-8-3", ""));
}

#[test]
fn a_walk_is_a_case_that_loads_whatever_is_left_out_of_it_and_walks_come_by_every_rule() {
    let world = World::new();
    let explorer = world.explorer(1, 40, 0);
    let mut cited = BTreeSet::new();
    for number in 1..=300 {
        let (scene, actions) = explorer.actions(number);
        assert_eq!(actions.len(), 40, "walk {number}");
        let (text, rules) = explorer.text(number, scene, &actions, "A walk.");
        cited.extend(rules.iter().map(|rule| rule.id));
        if number > 25 {
            continue;
        }
        world.loads(&text);
        let thinned = actions.iter().enumerate().filter(|(at, _)| at % 3 != 1).map(|(_, action)| action.clone());
        world.loads(&explorer.text(number, scene, &thinned.collect::<Vec<_>>(), "A walk.").0);
    }
    let idle: Vec<&str> = RULES.iter().map(|rule| rule.id).filter(|id| !cited.contains(id)).collect();
    assert!(idle.is_empty(), "no walk comes by {idle:?}");
}

#[test]
fn the_reference_device_departs_in_no_walk() {
    let world = World::new();
    for walked in world.explorer(1, 40, 0).walks(6, 2, false, &|_| {}).unwrap() {
        assert_eq!(walked.verdict.verdict, Verdict::Pass, "walk {}: {}", walked.number, walked.verdict.reason);
        assert!(walked.judged > 60, "walk {} judges {} steps only", walked.number, walked.judged);
    }
}

#[test]
fn no_walk_alarms_where_frames_are_lost() {
    let world = World::new();
    for walked in world.explorer(1, 30, 10).walks(4, 2, false, &|_| {}).unwrap() {
        assert!(!walked.is_departure(), "walk {}: {}", walked.number, walked.verdict.reason);
    }
}

#[test]
fn a_device_that_is_as_its_pixit_states_departs_in_no_walk() {
    for (device, pixit) in [
        ("slow-set-secure-requests", "ssr_within = \"20s\""),
        ("waits-for-button", "trigger = \"selection\""),
        ("server-elsewhere", "dtls_port = 5699"),
        ("tx-level-six", "security_level = 6"),
    ] {
        let world = World::with_pixit(device, pixit);
        for walked in world.explorer(1, 40, 0).walks(3, 2, false, &|_| {}).unwrap() {
            assert!(!walked.is_departure(), "{device}, walk {}: {}", walked.number, walked.verdict.reason);
        }
    }
}

/// A fault, the walks in which it has to be found, how few actions have to show it, and the clause.
#[test]
fn a_departure_is_brought_down_to_a_few_actions_that_show_it_alone() {
    for (mutant, walks, actions, clause) in
        [("all-secured-outlives-key", 40, 3, "PROFILE-SEL-12"), ("close-seq-lost-on-reboot", 40, 4, "PROFILE-SEL-17")]
    {
        let world = World::with_mutant(mutant);
        let explorer = world.explorer(1, 40, 0);
        let walked = explorer.walks(walks, 2, true, &|_| {}).unwrap();
        let last = walked.last().unwrap();
        assert!(last.is_departure(), "no walk finds {mutant}");
        let departure = explorer.minimised(last).unwrap();
        assert!(departure.actions.len() <= actions, "{mutant}: {:?}", departure.actions);
        assert_eq!(departure.verdict.verdict, Verdict::Fail);
        assert!(
            departure.verdict.deciding_clauses.iter().any(|cited| cited == clause),
            "{mutant}: {:?}",
            departure.verdict.deciding_clauses
        );
        // What is written is what was played, and the reference device passes it.
        world.loads(&departure.text);
        let reference = World::new();
        let again = reference.explorer(1, 40, 0).played(&departure.text).unwrap();
        assert_eq!(again.verdict, Verdict::Pass, "{mutant}: {}\n{}", again.reason, departure.text);
    }
}
