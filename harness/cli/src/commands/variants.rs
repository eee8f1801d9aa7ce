//! `bootrack variants`: are the suites just? Every device that is right and different must get through every case.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use engine::campaign::Setting;
use engine::stored_plan::PlannedCase;
use engine::variation::{self, Cast, Injustice, Played, Tally};
use node::variants::Variant;
use record::Verdict;
use serde_json::json;
use suites::selection::{Plan, Selector};
use testbeds::testbed::{Device, Testbed};

use crate::arguments::Variants;
use crate::commands::run;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::inputs::{self, Loaded};
use crate::output::{self, say};

/// Over links that lose frames so many of a hundred cases may stay open beyond those of the reference.
const MORE_OPEN: f64 = 5.0;

/// So many of a hundred cases of a variant may not apply to it.
const NOT_APPLICABLE: f64 = 2.0;

pub(crate) fn variants(arguments: &Variants) -> Result<Exit, Failure> {
    let started = Instant::now();
    let asked = asked(arguments)?;
    if arguments.list {
        list(&asked, arguments.json);
        return Ok(Exit::Passed);
    }
    let selectors: Vec<Selector> = inputs::parse_selectors(&arguments.cases)?;
    let testbed = testbed(arguments)?;
    let setting = Setting::new(testbed, Device::Reference);
    let usual = inputs::load(&arguments.suites, None, None)?;
    let usual_plan = usual.plan(&selectors);
    let plan_of = |variant: &&'static Variant| {
        Ok(stated(variant, &arguments.suites, &usual)?.map(|loaded| loaded.plan(&selectors)))
    };
    let plans: Vec<Option<Plan>> = asked.iter().map(plan_of).collect::<Result<_, Failure>>()?;
    let jobs = run::jobs(arguments.jobs);
    let mut all = Vec::new();
    let mut left_out = BTreeMap::new();
    for seed in &arguments.seeds {
        let planned = |plan: &Plan| -> (Arc<Vec<PlannedCase>>, Vec<(String, String)>) {
            let cases = plan.cases.iter().filter(|case| case.iut.is_device());
            let cases = cases.map(|case| PlannedCase::new(case, *seed, &setting.testbed, setting.stations));
            let not_applicable = plan.not_applicable.iter().filter(|left_out| left_out.case.iut.is_device());
            (Arc::new(cases.collect()), not_applicable.map(|one| (one.case.id.clone(), one.reason.clone())).collect())
        };
        let (reference, denied) = planned(&usual_plan);
        let casts: Vec<Cast> = asked
            .iter()
            .zip(&plans)
            .map(|(variant, stated)| {
                let (cases, mut not_applicable) = stated.as_ref().map_or((reference.clone(), denied.clone()), &planned);
                not_applicable.retain(|one| !denied.contains(one));
                Cast { variant, cases, not_applicable }
            })
            .collect();
        if reference.is_empty() {
            return Err(Failure::Nothing { message: "no case about a device is selected".to_owned(), help: None });
        }
        all.extend(
            variation::play_variants(&casts, &reference, &setting, jobs, &|_| {})
                .map_err(|error| Failure::Broken(error.to_string()))?,
        );
        left_out.extend(casts.into_iter().map(|cast| (cast.variant.name, (cast.cases.len(), cast.not_applicable))));
    }
    let findings: Vec<Finding> = asked.iter().map(|variant| finding(variant, &all, &left_out, arguments)).collect();
    if arguments.json {
        print_json(&findings, arguments);
    } else {
        print(&findings, started);
    }
    Ok(if findings.iter().all(Finding::is_just) { Exit::Passed } else { Exit::Failed })
}

/// The variants that are named, and a sample of the others, or all.
fn asked(arguments: &Variants) -> Result<Vec<&'static Variant>, Failure> {
    let named: Vec<&'static Variant> = arguments.variants.iter().map(|name| variant(name)).collect::<Result<_, _>>()?;
    let Some(sample) = arguments.sample else {
        return Ok(if named.is_empty() { Variant::all().collect() } else { named });
    };
    let drawn = drawn(&arguments.draw.to_string(), sample);
    let taken = |variant: &&'static Variant| named.contains(variant) || drawn.contains(variant);
    Ok(Variant::all().filter(taken).collect())
}

/// So many variants, drawn by this.
pub(crate) fn drawn(by: &str, count: usize) -> Vec<&'static Variant> {
    let mut drawn: Vec<&'static Variant> = Variant::all().collect();
    drawn.sort_by_key(|variant| record::sha256_hex(format!("{by} {}", variant.name).as_bytes()));
    drawn.truncate(count);
    drawn
}

/// Looks a variant up by name, with the nearest right one for an answer.
pub(crate) fn variant(name: &str) -> Result<&'static Variant, Failure> {
    Variant::from_name(name).ok_or_else(|| {
        let near = input::nearest(name, Variant::all().map(|variant| variant.name));
        let help = near.map_or_else(String::new, |near| format!("did you mean `{near}`? "));
        Failure::usage_with_help(
            format!("unknown variant `{name}`"),
            format!("{help}`bootrack variants --list` lists them"),
        )
    })
}

fn testbed(arguments: &Variants) -> Result<Testbed, Failure> {
    let (mut testbed, _) = inputs::testbed(arguments.testbed.as_deref())?;
    if testbed.is_real_time() {
        let help = "variants are compiled for the host only: take a testbed with backend `virtual`";
        return Err(Failure::usage_with_help(format!("testbed `{}` is not virtual", testbed.name), help));
    }
    testbed.medium.delivery *= f64::from(100 - arguments.loss) / 100.0;
    Ok(testbed)
}

/// The suites as what the variant states makes them; `None` if it states nothing.
pub(crate) fn stated(variant: &Variant, suites: &[PathBuf], usual: &Loaded) -> Result<Option<Loaded>, Failure> {
    if variant.pixit.is_empty() && variant.pics.is_empty() {
        return Ok(None);
    }
    let mut loaded = match inputs::pixit_of(variant) {
        Some(source) => inputs::load_with(suites, None, Some(source))?,
        None => inputs::load(suites, None, None)?,
    };
    loaded.pics = usual.pics.clone();
    for (symbol, answer) in variant.pics {
        loaded.pics.set(symbol, *answer);
    }
    Ok(Some(loaded))
}

/// What there is to say of a variant.
struct Finding<'a> {
    variant: &'static Variant,
    played: usize,
    differs: Option<&'a str>,
    differing: usize,
    unjust: Vec<(&'a Played, Injustice)>,
    /// `fail`s that it has earned by a departure from the profile that it names.
    departures: Vec<&'a Played>,
    not_applicable: Vec<(String, String)>,
    cases: usize,
    lossy: bool,
    tally: Tally,
}

impl Finding<'_> {
    fn not_applicable_percent(&self) -> f64 {
        100.0 * self.not_applicable.len() as f64 / (self.cases + self.not_applicable.len()).max(1) as f64
    }

    fn too_open(&self) -> bool {
        self.lossy && self.tally.more_percent() > MORE_OPEN
    }

    fn is_just(&self) -> bool {
        self.unjust.is_empty()
            && self.differs.is_some()
            && !self.too_open()
            && self.not_applicable_percent() <= NOT_APPLICABLE
    }
}

/// By variant: how many cases were played, and those that do not apply to it, each with the PICS answer that says so.
type LeftOut<'a> = BTreeMap<&'a str, (usize, Vec<(String, String)>)>;

fn finding<'a>(
    variant: &'static Variant,
    all: &'a [Played],
    left_out: &LeftOut<'_>,
    arguments: &Variants,
) -> Finding<'a> {
    let lossy = arguments.loss > 0;
    let of_it = || all.iter().filter(|played| played.variant == variant.name);
    let unjust: Vec<(&Played, Injustice)> =
        of_it().filter_map(|played| Some((played, played.injustice(variant, lossy)?))).collect();
    let departures = of_it().filter(|played| played.verdict == Verdict::Fail);
    let departures = departures.filter(|played| played.injustice(variant, lossy).is_none()).collect();
    let (cases, not_applicable) = left_out.get(variant.name).cloned().unwrap_or_default();
    Finding {
        variant,
        played: of_it().count(),
        differs: of_it().find(|played| played.differs == Some(true)).map(|played| played.case.as_str()),
        differing: of_it().filter(|played| played.differs == Some(true)).count(),
        unjust,
        departures,
        not_applicable,
        cases,
        lossy,
        tally: Tally::of(of_it()),
    }
}

fn print(findings: &[Finding<'_>], started: Instant) {
    for finding in findings {
        let Finding { variant, played, differs, differing, .. } = finding;
        let differs = differs.map_or_else(
            || "NEVER DIFFERS".to_owned(),
            |case| format!("differs in {differing} of {played}, first in {case}"),
        );
        let state = if finding.is_just() { "just" } else { "UNJUST" };
        say!("{:<34} {state:<7} {differs}", variant.name);
        for (played, _) in &finding.unjust {
            let Played { case, suite, verdict, reason, deciding_clauses, .. } = played;
            let blame = played.blame.map_or("-", record::Blame::name);
            say!("    {case} ({suite}) {verdict}, blame {blame}, {}: {reason}", deciding_clauses.join(" "));
        }
        for Played { case, deciding_clauses, .. } in &finding.departures {
            say!("    {case} fails it rightly: it departs from {}", deciding_clauses.join(" "));
        }
        if let Some((_, reason)) = finding.not_applicable.first() {
            let (count, percent) = (finding.not_applicable.len(), finding.not_applicable_percent());
            say!("    {count} cases do not apply ({percent:.1} %): {reason}");
        }
        if finding.lossy {
            let Tally { inconclusive, reference_inconclusive, .. } = finding.tally;
            let judged = if finding.too_open() { ", TOO MANY" } else { "" };
            say!("    {inconclusive} inconclusive, {reference_inconclusive} with the reference{judged}");
        }
    }
    let just = findings.iter().filter(|finding| finding.is_just()).count();
    let played: usize = findings.iter().map(|finding| finding.played).sum();
    let unjust: usize = findings.iter().map(|finding| finding.unjust.len()).sum();
    let (all, seconds) = (findings.len(), started.elapsed().as_secs_f64());
    say!("\n{just} of {all} variants get through, {played} cases played, {unjust} unjust, {seconds:.1} s");
}

fn print_json(findings: &[Finding<'_>], arguments: &Variants) {
    let list: Vec<_> = findings
        .iter()
        .map(|finding| {
            let of = |played: &Played| {
                json!({
                    "case": played.case, "suite": played.suite, "verdict": played.verdict, "blame": played.blame,
                    "clauses": played.deciding_clauses, "reason": played.reason,
                })
            };
            json!({
                "name": finding.variant.name,
                "does": finding.variant.does,
                "by": finding.variant.by,
                "allowed": finding.variant.allowed,
                "played": finding.played,
                "differs_in": finding.differing,
                "differs_first_in": finding.differs,
                "unjust": finding.unjust.iter().map(|(played, _)| of(played)).collect::<Vec<_>>(),
                "rightly_failed": finding.departures.iter().map(|played| of(played)).collect::<Vec<_>>(),
                "not_applicable": finding.not_applicable.iter().map(|(case, _)| case).collect::<Vec<_>>(),
                "inconclusive": finding.tally.inconclusive,
                "inconclusive_with_reference": finding.tally.reference_inconclusive,
                "just": finding.is_just(),
            })
        })
        .collect();
    output::json(&json!({
        "schema": "bootrack-variants/1", "loss_percent": arguments.loss, "seeds": arguments.seeds, "variants": list,
    }));
}

fn list(asked: &[&'static Variant], as_json: bool) {
    if as_json {
        let list: Vec<_> = asked
            .iter()
            .map(|variant| {
                json!({
                    "name": variant.name, "does": variant.does, "by": variant.by, "allowed": variant.allowed,
                    "pixit": variant.pixit.iter().copied().collect::<BTreeMap<_, _>>(),
                    "pics": variant.pics.iter().copied().collect::<BTreeMap<_, _>>(),
                    "departs": variant.departs,
                })
            })
            .collect();
        return output::json(&json!({ "schema": "bootrack-variants/1", "variants": list }));
    }
    for variant in asked {
        say!("{:<34} {}", variant.name, variant.does);
        say!("{:<34} {}: {}", "", variant.by, variant.allowed);
    }
    say!("\n{} variants", asked.len());
}
