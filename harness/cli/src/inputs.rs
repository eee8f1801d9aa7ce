//! What commands are given: suites, PICS, PIXIT, testbeds, stored runs; built-in ones where none is named.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use authenticator::{Registry, craft};
use engine::mutant::Mutant;
use engine::tester::TesterMachines;
use input::{Fault, Source};
use node::variants::Variant;
use record::bundle::{Bundle, StoredRun};
use reports::{ClauseText, Clauses};
use suites::ledger::Ledger;
use suites::monitor::Monitors;
use suites::pics::{Pics, Proforma};
use suites::pixit::Pixit;
use suites::plan::Case;
use suites::selection::Selector;
use suites::tester::AnyTester;
use suites::vocabulary::Vocabulary;
use suites::{Catalogue, Plan, Suite, built_in};
use testbeds::testbed::Testbed;

use crate::arguments::Planning;
use crate::failure::Failure;

/// Everything that was loaded to make a plan.
pub(crate) struct Loaded {
    pub(crate) ledger: Ledger,
    pub(crate) proforma: Proforma,
    pub(crate) pics: Pics,
    pub(crate) pics_source: Source,
    pub(crate) pixit: Pixit,
    pub(crate) pixit_source: Source,
    pub(crate) suites: Vec<Suite>,
    pub(crate) suite_sources: Vec<Source>,
    /// Every monitor, those too that the PICS rule out.
    pub(crate) monitors: Monitors,
}

/// The names that suites may use: the mutants and stations of this program, and what it can craft.
pub(crate) fn vocabulary() -> Vocabulary {
    Vocabulary::wire(Mutant::all().map(Mutant::name), Registry::default().infos(), craft::MESSAGES)
}

/// Loads suites, PICS and PIXIT; every fault of every file is told.
pub(crate) fn load(suites: &[PathBuf], pics: Option<&Path>, pixit: Option<&Path>) -> Result<Loaded, Failure> {
    load_with(suites, pics, pixit.map(Source::read).transpose()?)
}

/// The same with a PIXIT that is no file.
pub(crate) fn load_with(suites: &[PathBuf], pics: Option<&Path>, pixit: Option<Source>) -> Result<Loaded, Failure> {
    let vocabulary = vocabulary();
    let ledger = Ledger::load(&built_in::clauses())?;
    let proforma = Proforma::load(&built_in::pics(), &ledger)?;
    let mut faults: Vec<Fault> = Vec::new();
    let (pics, pics_source) = match pics.map(Source::read) {
        None => (proforma.reference(), built_in_as_one("built-in PICS", built_in::pics())),
        Some(source) => {
            let source = source?;
            (proforma.answers(&source).unwrap_or_else(|found| keep(&mut faults, found, proforma.reference())), source)
        }
    };
    let defaults = Pixit::load(&built_in::pixit())?;
    let (pixit, pixit_source) = match pixit {
        None => (defaults, built_in_as_one("built-in PIXIT", built_in::pixit())),
        Some(source) => {
            let overridden = defaults.overridden(&source);
            (overridden.unwrap_or_else(|found| keep(&mut faults, found, defaults)), source)
        }
    };
    let suite_sources = if suites.is_empty() { built_in::suites() } else { read_suites(suites)? };
    let tester = &TesterMachines::default();
    let catalogue = Catalogue { vocabulary: &vocabulary, ledger: &ledger, pics: &proforma, pixit: &pixit, tester };
    let loaded = suites::load(&suite_sources, &catalogue);
    let mut suites = loaded.unwrap_or_else(|found| keep(&mut faults, found, Vec::new()));
    let monitors = engine::monitors::built_in(&catalogue);
    let monitors = monitors.unwrap_or_else(|found| keep(&mut faults, found, Monitors::default()));
    monitors.applicable(&pics).watch(&mut suites);
    if !faults.is_empty() {
        return Err(faults.into());
    }
    Ok(Loaded { ledger, proforma, pics, pics_source, pixit, pixit_source, suites, suite_sources, monitors })
}

impl Loaded {
    /// The cases that are wanted and apply.
    pub(crate) fn plan(&self, selectors: &[Selector]) -> Plan {
        Plan::select(&self.suites, selectors, &self.pics, &self.proforma)
    }

    /// Every case of every suite.
    pub(crate) fn cases(&self) -> impl Iterator<Item = &Case> {
        self.suites.iter().flat_map(|suite| &suite.cases)
    }
}

/// Loads what `planning` names and plans it.
pub(crate) fn plan(planning: &Planning) -> Result<(Loaded, Plan), Failure> {
    plan_for(planning, None)
}

/// The same for a device that is right and different: what it states holds where `planning` names no file.
pub(crate) fn plan_for(planning: &Planning, variant: Option<&Variant>) -> Result<(Loaded, Plan), Failure> {
    let selectors = selectors(planning)?;
    let stated = variant.filter(|_| planning.pixit.is_none()).and_then(pixit_of);
    let pixit = match stated {
        Some(stated) => Some(stated),
        None => planning.pixit.as_deref().map(Source::read).transpose()?,
    };
    let mut loaded = load_with(&planning.suites, planning.pics.as_deref(), pixit)?;
    for (symbol, answer) in variant.filter(|_| planning.pics.is_none()).map_or(&[][..], |variant| variant.pics) {
        loaded.pics.set(symbol, *answer);
    }
    let mut plan = loaded.plan(&selectors);
    // The mistakes first: what is known and tests nothing says less.
    let idle: Vec<Failure> = plan.idle.iter().map(|selector| idle(selector, &loaded)).collect();
    if let Some(failure) = idle.into_iter().min_by_key(|failure| failure.exit().code()) {
        return Err(failure);
    }
    if let Some(phase) = &planning.phase {
        let known = suites::vocabulary::PHASES;
        if !known.contains(&phase.as_str()) {
            let near = input::nearest(phase, known.iter().copied());
            return Err(Failure::usage_with_help(
                format!("unknown phase `{phase}`"),
                near.map_or_else(|| format!("one of: {}", known.join(", ")), |near| format!("did you mean `{near}`?")),
            ));
        }
        plan.cases.retain(|case| case.phase == *phase);
        plan.not_applicable.retain(|left_out| left_out.case.phase == *phase);
    }
    if plan.cases.is_empty() && plan.not_applicable.is_empty() {
        return Err(Failure::Nothing {
            message: match planning.selectors.as_slice() {
                [] => "nothing is selected".to_owned(),
                selectors => format!("nothing is selected by {}", selectors.join(" ")),
            },
            help: Some("`bootrack list` shows every case".to_owned()),
        });
    }
    Ok((loaded, plan))
}

/// What to say of a selector that matches no case. A name that nobody knows is a mistake, whatever stands beside it; a
/// clause or a phase that is known and that no case tests selects nothing.
fn idle(selector: &Selector, loaded: &Loaded) -> Failure {
    let phases = suites::vocabulary::PHASES;
    let is_known = match selector {
        Selector::Clause(_) => selector.names_one_of(loaded.ledger.ids()),
        Selector::Phase(_) => selector.names_one_of(phases.iter().copied()),
        Selector::Id(_) | Selector::Suite(_) => false,
    };
    let message = format!("selector `{selector}` matches no case");
    if is_known {
        return Failure::Nothing { message, help: Some("leave it out, or name a suite that has one".to_owned()) };
    }
    let text = selector.to_string();
    let names: Vec<String> = match selector {
        Selector::Id(_) => loaded.cases().flat_map(|case| [case.base.clone(), case.id.clone()]).collect(),
        Selector::Suite(_) => loaded.suites.iter().map(|suite| format!("suite:{}", suite.name)).collect(),
        Selector::Phase(_) => phases.iter().map(|phase| format!("phase:{phase}")).collect(),
        Selector::Clause(_) => loaded.ledger.ids().map(|clause| format!("clause:{clause}")).collect(),
    };
    let only_if_named = match selector {
        Selector::Suite(name) => built_in::named(name).map(|_| name),
        _ => None,
    };
    let near = input::nearest(&text, names.iter().map(String::as_str));
    let help = match (only_if_named, near) {
        (Some(name), _) => format!("it is played only if it is named: `--suite {name}`"),
        (None, Some(near)) => format!("did you mean `{near}`? `bootrack list` shows every case"),
        (None, None) => "`bootrack list` shows every case".to_owned(),
    };
    Failure::usage_with_help(message, help)
}

/// Refuses a testbed that speaks of a board that no case has: the run would play without it, and be green by accident.
/// Boards of the built-in suites are known whatever suites are played.
///
/// # Errors
/// Each such name, at its place in the file.
pub(crate) fn check_boards(testbed: &Testbed, source: &Source, loaded: &Loaded) -> Result<(), Failure> {
    let named: BTreeSet<&str> = testbed.board_names().into_iter().collect();
    if named.is_empty() {
        return Ok(());
    }
    let catalogue = Catalogue {
        vocabulary: &vocabulary(),
        ledger: &loaded.ledger,
        pics: &loaded.proforma,
        pixit: &loaded.pixit,
        tester: &AnyTester,
    };
    let built_in = suites::load(&built_in::all(), &catalogue)?;
    let cases = loaded.cases().chain(built_in.iter().flat_map(|suite| &suite.cases));
    let known: BTreeSet<&str> = cases.flat_map(|case| &case.topology.boards).map(|board| board.name.as_str()).collect();
    let faults: Vec<Fault> = named
        .into_iter()
        .filter(|name| !known.contains(name))
        .map(|name| {
            let help = match input::nearest(name, known.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "the device under test is `dut`; a board of a suite of your own needs that suite by `--suite`"
                    .to_owned(),
            };
            let message = format!("no case has a board `{name}`");
            let quoted = format!("\"{name}\"");
            match source.text.find(&quoted) {
                Some(start) => source.fault(start..start + quoted.len(), message),
                None => Fault::whole_file(&source.name, message),
            }
            .with_help(help)
        })
        .collect();
    if faults.is_empty() { Ok(()) } else { Err(faults.into()) }
}

fn selectors(planning: &Planning) -> Result<Vec<Selector>, Failure> {
    parse_selectors(&planning.selectors)
}

/// Reads selectors of cases.
pub(crate) fn parse_selectors(texts: &[String]) -> Result<Vec<Selector>, Failure> {
    let parse = |text: &String| {
        text.parse::<Selector>().map_err(|error| {
            Failure::usage_with_help(
                error.to_string(),
                "for example `SEL-JSR-*`, `suite:profile`, `clause:SEL-5.3.3-*`",
            )
        })
    };
    texts.iter().map(parse).collect()
}

/// The PIXIT file of a variant; `None` if it states nothing.
pub(crate) fn pixit_of(variant: &Variant) -> Option<Source> {
    let lines: String = variant.pixit.iter().map(|(name, value)| format!("{name} = {value}\n")).collect();
    (!lines.is_empty())
        .then(|| Source { name: format!("built-in PIXIT of {}", variant.name), text: format!("[pixit]\n{lines}") })
}

/// The testbed of a file, or the built-in one.
pub(crate) fn testbed(path: Option<&Path>) -> Result<(Testbed, Source), Failure> {
    let source = match path {
        Some(path) => Source::read(path)?,
        None => Testbed::built_in(),
    };
    let testbed = Testbed::load(&source)?;
    if testbed.asks_second_engine && !cfg!(feature = "second-engine") {
        let reason = format!("{}: `[ct] dtls = \"dtls\"` asks for a DTLS engine that this build has not", source.name);
        return Err(Failure::usage_with_help(
            reason,
            "build bootrack with the feature `second-engine`, as the shipped one is",
        ));
    }
    Ok((testbed, source))
}

/// Reads a stored run; what is altered in it stands in `damage`.
pub(crate) fn open_run(path: &Path) -> Result<StoredRun, Failure> {
    Bundle::open(path)
        .map_err(|error| Failure::usage_with_help(error.to_string(), "name the folder of a run, such as `runs/latest`"))
}

/// The clauses of the ledgers, as the report shows them.
pub(crate) fn clause_texts(ledger: &Ledger) -> Clauses {
    let text = |clause: &suites::ledger::Clause| ClauseText {
        level: clause.level.name().to_owned(),
        text: clause.text.clone(),
        class: clause.class.to_string(),
    };
    ledger.clauses().iter().map(|clause| (clause.id.clone(), text(clause))).collect()
}

/// Files as they are named; of a folder every `*.toml` in it, by name; and the suites that a run plays only
/// when it names them, unless there is a file of that name.
fn read_suites(paths: &[PathBuf]) -> Result<Vec<Source>, Failure> {
    let mut sources = Vec::new();
    for path in paths {
        let named = path.to_str().filter(|_| !path.exists()).and_then(built_in::named);
        if let Some(source) = named {
            sources.push(source);
            continue;
        }
        if !path.is_dir() {
            sources.push(Source::read(path)?);
            continue;
        }
        let entries = std::fs::read_dir(path)
            .map_err(|error| Failure::usage(format!("{}: cannot be read: {error}", path.display())))?;
        let mut files: Vec<PathBuf> = entries
            .filter_map(Result::ok)
            .map(|entry| entry.path())
            .filter(|file| file.extension().is_some_and(|extension| extension == "toml"))
            .collect();
        files.sort();
        if files.is_empty() {
            return Err(Failure::usage_with_help(
                format!("{}: holds no suite", path.display()),
                "suites are files that end in .toml",
            ));
        }
        for file in files {
            sources.push(Source::read(&file)?);
        }
    }
    Ok(sources)
}

/// Several built-in files under one name, for the manifest's digest.
fn built_in_as_one(name: &str, sources: Vec<Source>) -> Source {
    Source { name: name.to_owned(), text: sources.into_iter().map(|source| source.text).collect() }
}

fn keep<T>(faults: &mut Vec<Fault>, found: Vec<Fault>, instead: T) -> T {
    faults.extend(found);
    instead
}
