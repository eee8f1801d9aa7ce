//! What the tests share: a vocabulary, the built-in ledgers, and the rendering of faults.

#![allow(dead_code, reason = "each test binary uses its part")]

use bootrack_suites::ledger::Ledger;
use bootrack_suites::monitor::Monitors;
use bootrack_suites::pics::Proforma;
use bootrack_suites::pixit::Pixit;
use bootrack_suites::tester::AnyTester;
use bootrack_suites::vocabulary::Vocabulary;
use bootrack_suites::{Catalogue, Suite, built_in};
use input::{Fault, Source};
use miette::{GraphicalReportHandler, GraphicalTheme};

/// Everything that suites refer to.
pub(crate) struct World {
    pub(crate) vocabulary: Vocabulary,
    pub(crate) ledger: Ledger,
    pub(crate) proforma: Proforma,
    pub(crate) pixit: Pixit,
}

impl World {
    pub(crate) fn new() -> Self {
        let ledger =
            Ledger::load(&built_in::clauses()).unwrap_or_else(|faults| panic!("{}", render_all(faults.as_slice())));
        let proforma = Proforma::load(&built_in::pics(), &ledger)
            .unwrap_or_else(|faults| panic!("{}", render_all(faults.as_slice())));
        let pixit =
            Pixit::load(&built_in::pixit()).unwrap_or_else(|faults| panic!("{}", render_all(faults.as_slice())));
        // The mutants are the engine's to hand in; here all that the built-in suites name, and two for the corpus.
        let named = built_in::suites()
            .iter()
            .chain(&built_in::monitors())
            .flat_map(|source| named_mutants(&source.text))
            .collect::<Vec<_>>();
        let vocabulary =
            Vocabulary::wire(named, authenticator::Registry::default().infos(), authenticator::craft::MESSAGES);
        Self { vocabulary, ledger, proforma, pixit }
    }

    pub(crate) fn load(&self, sources: &[Source]) -> Result<Vec<Suite>, Vec<Fault>> {
        bootrack_suites::load(sources, &self.catalogue())
    }

    /// The built-in monitors; the names of machines are the engine's to hand in.
    pub(crate) fn monitors(&self) -> Monitors {
        let sources = built_in::monitors();
        let machines = sources.iter().flat_map(|source| {
            source
                .text
                .lines()
                .filter_map(|line| line.strip_prefix("machine = \"")?.strip_suffix('"'))
                .collect::<Vec<_>>()
        });
        bootrack_suites::load_monitors(&sources, &machines.collect::<Vec<_>>(), &self.catalogue())
            .unwrap_or_else(|faults| panic!("{}", render_all(faults.as_slice())))
    }

    fn catalogue(&self) -> Catalogue<'_> {
        Catalogue {
            vocabulary: &self.vocabulary,
            ledger: &self.ledger,
            pics: &self.proforma,
            pixit: &self.pixit,
            tester: &AnyTester,
        }
    }

    /// The built-in suites.
    pub(crate) fn built_in(&self) -> Vec<Suite> {
        self.load(&built_in::suites()).unwrap_or_else(|faults| panic!("{}", render_all(faults.as_slice())))
    }

    /// Loads one text as `test.toml`.
    pub(crate) fn load_text(&self, text: &str) -> Result<Vec<Suite>, Vec<Fault>> {
        self.load(&[Source { name: "test.toml".to_owned(), text: text.to_owned() }])
    }

    /// The cases of one good text.
    pub(crate) fn cases(&self, text: &str) -> Vec<bootrack_suites::plan::Case> {
        let suites = self.load_text(text).unwrap_or_else(|faults| panic!("{}", render_all(faults.as_slice())));
        suites.into_iter().flat_map(|suite| suite.cases).collect()
    }
}

/// As a person sees it, without colour.
pub(crate) fn render(fault: &Fault) -> String {
    let mut text = String::new();
    GraphicalReportHandler::new_themed(GraphicalTheme::unicode_nocolor())
        .with_width(100)
        .render_report(&mut text, fault)
        .unwrap();
    text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

pub(crate) fn render_all(faults: &[Fault]) -> String {
    faults.iter().map(render).collect::<Vec<_>>().join("\n\n")
}

/// Every word of every `kills` list.
fn named_mutants(text: &str) -> Vec<String> {
    text.split("kills = [")
        .skip(1)
        .filter_map(|rest| rest.split(']').next())
        .flat_map(|list| list.split('"').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>())
        .collect()
}
