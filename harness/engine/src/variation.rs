//! Devices that are right and different, against every case: none may fail one, and each has to differ from the reference in the octets
//! of at least one, or it is no variant.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use node::variants::Variant;
use record::event::{Action, Event, Observation, What};
use record::{Blame, Verdict};
use suites::ledger::is_profile_suite;

use crate::campaign::{Setting, run_tries_in_memory};
use crate::error::RunError;
use crate::stored_plan::PlannedCase;

/// A variant with the cases that it plays, as its PICS and PIXIT make them.
#[derive(Debug, Clone)]
pub struct Cast {
    /// The variant.
    pub variant: &'static Variant,
    /// The cases that apply to it.
    pub cases: Arc<Vec<PlannedCase>>,
    /// Those that do not, by the answers of its PICS, with the reason.
    pub not_applicable: Vec<(String, String)>,
}

/// What one case said of one variant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Played {
    /// The variant's name.
    pub variant: &'static str,
    /// Case ID with its parameter row.
    pub case: String,
    /// The suite that the case stands in.
    pub suite: String,
    /// What came of the case.
    pub verdict: Verdict,
    /// Whose doing it is.
    pub blame: Option<Blame>,
    /// The clauses that the deciding step cites.
    pub deciding_clauses: Vec<String>,
    /// One sentence.
    pub reason: String,
    /// What came of it with the reference.
    pub reference: Verdict,
    /// Whether the octets on air, at the backbone and at the upper testers are not the reference's; `None` if nobody looked, since it
    /// was seen to differ elsewhere.
    pub differs: Option<bool>,
}

/// Whether what came of a case is unjust to a variant, and in which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Injustice {
    /// A right device fails.
    Fail,
    /// Nothing can be said of a right device.
    Error,
    /// Nothing is said of it, and much of the reference.
    Inconclusive,
}

impl Played {
    /// What is wrong with the verdict. A `fail` of a profile's suite, or at a step that cites a clause of the profile, is right for a variant that departs from that clause and says
    /// so. `inconclusive` is right where the reference is too; with `lossy` it is counted by [`Tally`] instead.
    pub fn injustice(&self, variant: &Variant, lossy: bool) -> Option<Injustice> {
        match self.verdict {
            Verdict::Fail => {
                let departs = |clause: &String| variant.departs.contains(&clause.as_str());
                let told = self.deciding_clauses.iter().any(departs);
                let of_profile = is_profile_suite(&self.suite) || told;
                (!(told && of_profile)).then_some(Injustice::Fail)
            }
            Verdict::Inconclusive if lossy || self.reference == Verdict::Inconclusive => None,
            Verdict::Inconclusive => Some(Injustice::Inconclusive),
            Verdict::Pass | Verdict::NotApplicable => None,
            Verdict::Error | Verdict::NotRun => Some(Injustice::Error),
        }
    }
}

/// Verdicts over links that lose frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Cases played.
    pub played: usize,
    /// Those that were inconclusive.
    pub inconclusive: usize,
    /// Those that were inconclusive with the reference.
    pub reference_inconclusive: usize,
}

impl Tally {
    /// Of one variant.
    pub fn of<'a>(played: impl Iterator<Item = &'a Played>) -> Self {
        let mut tally = Self::default();
        for played in played {
            tally.played += 1;
            tally.inconclusive += usize::from(played.verdict == Verdict::Inconclusive);
            tally.reference_inconclusive += usize::from(played.reference == Verdict::Inconclusive);
        }
        tally
    }

    /// How many more of a hundred cases are inconclusive than with the reference.
    pub fn more_percent(&self) -> f64 {
        let more = self.inconclusive.saturating_sub(self.reference_inconclusive);
        100.0 * more as f64 / self.played.max(1) as f64
    }
}

/// A run as far as a comparison needs it.
#[derive(Debug, Clone, Copy)]
struct Outline {
    verdict: Verdict,
    octets: u64,
}

/// Plays each variant in all of its cases, `jobs` side by side; the reference plays `reference`, and where a variant's PIXIT makes
/// another case of one, that as well. `ended` is told of each. Results come in the order of `casts`.
///
/// # Errors
/// [`RunError`] if the testbed cannot play a case.
pub fn play_variants(
    casts: &[Cast],
    reference: &[PlannedCase],
    setting: &Setting,
    jobs: usize,
    ended: &(dyn Fn(&Played) + Sync),
) -> Result<Vec<Played>, RunError> {
    let outlines = side_by_side(reference, jobs, |planned| outline(planned, setting).map(|(outline, _)| outline))?;
    let known: BTreeMap<&str, (&PlannedCase, Outline)> = reference
        .iter()
        .zip(outlines)
        .map(|(planned, outline)| (planned.case.id.as_str(), (planned, outline)))
        .collect();
    let work: Vec<(usize, &PlannedCase)> =
        casts.iter().enumerate().flat_map(|(at, cast)| cast.cases.iter().map(move |planned| (at, planned))).collect();
    let seen: Vec<AtomicBool> = casts.iter().map(|_| AtomicBool::new(false)).collect();
    let mut all = side_by_side(&work, jobs, |(at, planned)| {
        let (Some(cast), Some(seen)) = (casts.get(*at), seen.get(*at)) else { unreachable!("work is made of casts") };
        let played = play(cast.variant, planned, &known, setting, seen)?;
        ended(&played);
        Ok(played)
    })?;
    for (cast, seen) in casts.iter().zip(&seen) {
        if !seen.load(Ordering::Relaxed) {
            note_difference_from_the_usual(cast, &known, setting, &mut all)?;
        }
    }
    Ok(all)
}

/// A device may do just what its PIXIT has the tester ask of any: then it must differ from the reference in what nobody asks it for.
fn note_difference_from_the_usual(
    cast: &Cast,
    known: &BTreeMap<&str, (&PlannedCase, Outline)>,
    setting: &Setting,
    all: &mut [Played],
) -> Result<(), RunError> {
    for (planned, usual) in known.values() {
        let other_plan = cast.cases.iter().all(|case| case != *planned);
        if other_plan && outline(planned, &setting.with_variant(cast.variant))?.0.octets != usual.octets {
            let of_it = |played: &&mut Played| played.variant == cast.variant.name && played.case == planned.case.id;
            if let Some(played) = all.iter_mut().find(of_it) {
                played.differs = Some(true);
                return Ok(());
            }
        }
    }
    Ok(())
}

fn play(
    variant: &'static Variant,
    planned: &PlannedCase,
    known: &BTreeMap<&str, (&PlannedCase, Outline)>,
    setting: &Setting,
    seen: &AtomicBool,
) -> Result<Played, RunError> {
    let (outline_of_it, verdict) = outline(planned, &setting.with_variant(variant))?;
    let same = |usual: &PlannedCase| std::ptr::eq(usual, planned) || *usual == *planned;
    let same_plan = known.get(planned.case.id.as_str()).filter(|(usual, _)| same(usual));
    let differs = match same_plan {
        Some((_, usual)) => Some(usual.octets != outline_of_it.octets),
        None if seen.load(Ordering::Relaxed) => None,
        // What its PIXIT changes of the case is not its own doing.
        None => Some(outline(planned, setting)?.0.octets != outline_of_it.octets),
    };
    if differs == Some(true) {
        seen.store(true, Ordering::Relaxed);
    }
    Ok(Played {
        variant: variant.name,
        case: planned.case.id.clone(),
        suite: planned.case.suite.clone(),
        verdict: verdict.verdict,
        blame: verdict.blame,
        deciding_clauses: verdict.deciding_clauses,
        reason: verdict.reason,
        reference: known.get(planned.case.id.as_str()).map_or(Verdict::NotRun, |(_, usual)| usual.verdict),
        differs,
    })
}

fn outline(planned: &PlannedCase, setting: &Setting) -> Result<(Outline, crate::judge::CaseVerdict), RunError> {
    let (run, _) = run_tries_in_memory(planned, setting)?;
    Ok((Outline { verdict: run.verdict.verdict, octets: octets_of(&run.events) }, run.verdict))
}

/// FNV-1a over the octets of everything that the rack saw, in order.
fn octets_of(events: &[Event]) -> u64 {
    let mut sum = 0xcbf2_9ce4_8422_2325u64;
    let mut add = |kind: u8, octets: &[u8]| {
        for octet in [kind].iter().chain(octets).chain(&[0xff, kind]) {
            sum = (sum ^ u64::from(*octet)).wrapping_mul(0x0100_0000_01b3);
        }
    };
    for event in events {
        match &event.what {
            What::Observation(Observation::Frame { psdu, .. }) => add(1, &psdu.0),
            What::Observation(Observation::Backbone { packet, .. }) => add(2, &packet.0),
            What::Observation(Observation::UpperTester { line, .. }) => add(3, line.as_bytes()),
            What::Observation(Observation::Log { line, .. }) => add(4, line.as_bytes()),
            What::Action(Action::UpperTester { line, .. }) => add(5, line.as_bytes()),
            _ => {}
        }
    }
    sum
}

/// Does `what` with each item, `jobs` side by side; the results come in the order of the items.
fn side_by_side<T: Sync, R: Send>(
    items: &[T],
    jobs: usize,
    what: impl Fn(&T) -> Result<R, RunError> + Sync,
) -> Result<Vec<R>, RunError> {
    let next = AtomicUsize::new(0);
    let results: Mutex<Vec<(usize, Result<R, RunError>)>> = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..jobs.clamp(1, items.len().max(1)) {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(item) = items.get(index) else { break };
                    let result = what(item);
                    results.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push((index, result));
                }
            });
        }
    });
    let mut results = results.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    results.sort_by_key(|(index, _)| *index);
    results.into_iter().map(|(_, result)| result).collect()
}
