//! The built-in suites on the built-in testbed, as `bootrack run` would play them.

use bootrack_engine as engine;
use engine::campaign::{Setting, run_in_memory};
use engine::mutant::Mutant;
use engine::runner::CaseRun;
use engine::stored_plan::PlannedCase;
use suites::ledger::Ledger;
use suites::pics::Proforma;
use suites::pixit::Pixit;
use suites::plan::Case;
use suites::vocabulary::Vocabulary;
use suites::{Catalogue, Plan, built_in};
use testbeds::testbed::{Device, Testbed};

/// Everything that is needed to run cases.
pub(crate) struct World {
    plan: Plan,
    pub(crate) setting: Setting,
}

impl World {
    /// The built-in suites, PICS, PIXIT and testbed with the reference device.
    pub(crate) fn new() -> Self {
        Self::of(built_in::suites())
    }

    /// The same with these suites instead.
    pub(crate) fn of(sources: Vec<input::Source>) -> Self {
        let vocabulary = Vocabulary::wire(
            Mutant::all().map(Mutant::name),
            authenticator::Registry::default().infos(),
            authenticator::craft::MESSAGES,
        );
        let ledger = Ledger::load(&built_in::clauses()).unwrap();
        let proforma = Proforma::load(&built_in::pics(), &ledger).unwrap();
        let pixit = Pixit::load(&built_in::pixit()).unwrap();
        let tester = &engine::tester::TesterMachines::default();
        let catalogue = Catalogue { vocabulary: &vocabulary, ledger: &ledger, pics: &proforma, pixit: &pixit, tester };
        let mut suites = suites::load(&sources, &catalogue).unwrap();
        engine::monitors::built_in(&catalogue).unwrap().watch(&mut suites);
        let plan = Plan::select(&suites, &[], &proforma.reference(), &proforma);
        let testbed = Testbed::load(&Testbed::built_in()).unwrap();
        Self { plan, setting: Setting::new(testbed, Device::Reference) }
    }

    /// Every applicable case with this run seed.
    pub(crate) fn planned(&self, seed: u64) -> Vec<PlannedCase> {
        self.plan.cases.iter().map(|case| self.complete(case, seed)).collect()
    }

    /// The first row of this case with this run seed, and nothing else: certificates and images of all cases take their time.
    pub(crate) fn planned_based_on(&self, base: &str, seed: u64) -> PlannedCase {
        let case = self.plan.cases.iter().find(|case| case.base == base).unwrap_or_else(|| panic!("no case {base}"));
        self.complete(case, seed)
    }

    /// A loaded case, completed for a run in this world.
    pub(crate) fn complete(&self, case: &Case, seed: u64) -> PlannedCase {
        PlannedCase::new(case, seed, &self.setting.testbed, self.setting.stations)
    }

    /// The `number`-th attempt, from 1, at every applicable case with this run seed.
    pub(crate) fn attempts(&self, seed: u64, number: u32) -> Vec<PlannedCase> {
        let Setting { testbed, stations, .. } = &self.setting;
        let attempt = |case| PlannedCase::attempt(case, seed, number, testbed, *stations);
        self.plan.cases.iter().map(attempt).collect()
    }

    /// The applicable case with this ID, as it was loaded.
    pub(crate) fn case(&self, id: &str) -> &Case {
        self.plan.cases.iter().find(|case| case.id == id).unwrap_or_else(|| panic!("no case {id}"))
    }

    /// Runs one case with the reference device.
    pub(crate) fn run(&self, planned: &PlannedCase) -> CaseRun {
        self.run_against(planned, Device::Reference)
    }

    /// Runs one case.
    pub(crate) fn run_against(&self, planned: &PlannedCase, device: Device) -> CaseRun {
        let setting = Setting { device, ..self.setting.clone() };
        run_in_memory(planned, &setting).unwrap_or_else(|reason| panic!("{}: {reason}", planned.case.id))
    }
}
