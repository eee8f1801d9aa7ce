//! Walks as cases: written, loaded, played by the engine and judged by its judge.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use engine::campaign::{Setting, run_in_memory, run_tries_in_memory};
use engine::error::RunError;
use engine::judge::CaseVerdict;
use engine::stored_plan::PlannedCase;
use engine::tester::TesterMachines;
use input::{Fault, Source};
use record::{Blame, Verdict};
use suites::ledger::Ledger;
use suites::pics::{Pics, Proforma};
use suites::pixit::Pixit;
use suites::vocabulary::Vocabulary;
use suites::{Catalogue, plan::Case};

use crate::action::Action;
use crate::facts::Facts;
use crate::minimise::minimise;
use crate::model::Model;
use crate::rules::Rule;
use crate::scene::Scene;
use crate::script::Head;
use crate::walk::{Dice, walk};

/// What a walk cannot be played for.
#[derive(Debug, thiserror::Error)]
pub enum ExploreError {
    /// The model wrote a case that is none.
    #[error("the model wrote a case that cannot be loaded: {}", .0.first().map(|fault| fault.message.clone()).unwrap_or_default())]
    Case(Vec<Fault>, String),
    /// The testbed cannot play it.
    #[error(transparent)]
    Run(#[from] RunError),
}

/// What walks are made of and played on.
#[derive(Debug, Clone, Copy)]
pub struct Explorer<'a> {
    /// The names that a case may use.
    pub vocabulary: &'a Vocabulary,
    /// The clauses.
    pub ledger: &'a Ledger,
    /// The questions about a device.
    pub proforma: &'a Proforma,
    /// What its PICS claims.
    pub pics: &'a Pics,
    /// What its PIXIT says.
    pub pixit: &'a Pixit,
    /// The testbed and the device.
    pub setting: &'a Setting,
    /// The run's seed.
    pub seed: u64,
    /// How many actions a walk has.
    pub steps: usize,
    /// Frames that each link loses, in percent.
    pub loss: u8,
}

/// A walk that was played.
#[derive(Debug, Clone)]
pub struct Walked {
    /// Its number, from 1.
    pub number: u64,
    /// What it was played in.
    pub scene: Scene,
    /// What happened.
    pub actions: Vec<Action>,
    /// What came of it.
    pub verdict: CaseVerdict,
    /// The rules that its steps cite, each once.
    pub rules: Vec<&'static Rule>,
    /// How many steps its case has that judge.
    pub judged: usize,
}

impl Walked {
    /// Whether it shows a departure of the device.
    pub fn is_departure(&self) -> bool {
        departs(&self.verdict)
    }
}

/// A departure, brought down to what shows it.
#[derive(Debug, Clone)]
pub struct Departure {
    /// The walk that found it.
    pub walk: u64,
    /// What they are played in.
    pub scene: Scene,
    /// The actions that show it.
    pub actions: Vec<Action>,
    /// The case, as a suite file.
    pub text: String,
    /// Its ID.
    pub case: String,
    /// What comes of the case.
    pub verdict: CaseVerdict,
}

fn departs(verdict: &CaseVerdict) -> bool {
    verdict.verdict == Verdict::Fail && verdict.blame == Some(Blame::Device)
}

impl Explorer<'_> {
    /// What happens in the walk of this number.
    pub fn actions(&self, number: u64) -> (Scene, Vec<Action>) {
        walk(&Facts::new(self.pics, self.pixit), &mut Dice::new(self.seed, number), self.steps)
    }

    /// The ID of a walk's case. It fixes the case's seed.
    fn id(&self, number: u64) -> String {
        format!("EXPLORED-{}-{number}", self.seed)
    }

    /// A walk as a suite file, with the rules that its steps cite.
    pub fn text(&self, number: u64, scene: Scene, actions: &[Action], purpose: &str) -> (String, Vec<&'static Rule>) {
        let mut model = Model::new(Facts::new(self.pics, self.pixit), scene);
        for action in actions {
            model.apply(action);
        }
        let params = if self.loss > 0 { format!("params = {{ loss = [{}] }}\n", self.loss) } else { String::new() };
        model.finish(&Head {
            id: &self.id(number),
            title: "What a walk of the explorer found",
            purpose,
            topology: Model::topology(),
            routing: if scene.is_rpl { "routing = \"rpl\"\n" } else { "" },
            params: &params,
        })
    }

    fn case(&self, text: &str) -> Result<Case, ExploreError> {
        let source = Source { name: "explored.toml".to_owned(), text: text.to_owned() };
        let tester = TesterMachines::default();
        let catalogue = Catalogue {
            vocabulary: self.vocabulary,
            ledger: self.ledger,
            pics: self.proforma,
            pixit: self.pixit,
            tester: &tester,
        };
        let fault = |faults| ExploreError::Case(faults, text.to_owned());
        let mut suites = suites::load(&[source], &catalogue).map_err(fault)?;
        let case = suites.pop().and_then(|mut suite| suite.cases.pop());
        case.ok_or_else(|| ExploreError::Case(Vec::new(), text.to_owned()))
    }

    fn play(&self, text: &str) -> Result<(CaseVerdict, usize), ExploreError> {
        let case = self.case(text)?;
        let planned = PlannedCase::new(&case, self.seed, &self.setting.testbed, self.setting.stations);
        let judged = case.steps.iter().filter(|step| !step.clauses.is_empty()).count();
        let run = match planned.loses_frames() {
            true => run_tries_in_memory(&planned, self.setting)?.0,
            false => run_in_memory(&planned, self.setting)?,
        };
        Ok((run.verdict, judged))
    }

    /// What comes of a case that was written before.
    ///
    /// # Errors
    /// [`ExploreError`] if it cannot be loaded or played.
    pub fn played(&self, text: &str) -> Result<CaseVerdict, ExploreError> {
        Ok(self.play(text)?.0)
    }

    /// Plays the walk of this number.
    ///
    /// # Errors
    /// [`ExploreError`] if it cannot be played.
    pub fn walked(&self, number: u64) -> Result<Walked, ExploreError> {
        let (scene, actions) = self.actions(number);
        let (text, rules) = self.text(number, scene, &actions, "A walk.");
        let (verdict, judged) = self.play(&text)?;
        Ok(Walked { number, scene, actions, verdict, rules, judged })
    }

    /// Brings a departure down to what shows it.
    ///
    /// # Errors
    /// [`ExploreError`] if what is left cannot be played.
    pub fn minimised(&self, walked: &Walked) -> Result<Departure, ExploreError> {
        let number = walked.number;
        let still_departs = |scene: Scene, actions: &[Action]| {
            let played = self.play(&self.text(number, scene, actions, "A walk.").0);
            played.is_ok_and(|(verdict, _)| departs(&verdict))
        };
        let scene = match still_departs(Scene::default(), &walked.actions) {
            true => Scene::default(),
            false => walked.scene,
        };
        let actions = minimise(&walked.actions, |left| still_departs(scene, left));
        let told: Vec<String> = actions.iter().map(Action::to_string).collect();
        let purpose = match told.as_slice() {
            [] => "What a device does that is switched on.".to_owned(),
            told => format!("What a device does after: {}.", told.join("; ")),
        };
        let purpose = purpose.replace('"', "");
        let (text, _) = self.text(number, scene, &actions, &purpose);
        let (verdict, _) = self.play(&text)?;
        Ok(Departure { walk: number, scene, actions, text, case: self.id(number), verdict })
    }

    /// Plays walks 1 to `walks`, `jobs` side by side; with `first_only` none any more once one shows a departure. In order
    /// of their numbers; walks behind the first departure may be missing then.
    ///
    /// # Errors
    /// The first [`ExploreError`].
    pub fn walks(
        &self,
        walks: u64,
        jobs: usize,
        first_only: bool,
        ended: &(dyn Fn(&Walked) + Sync),
    ) -> Result<Vec<Walked>, ExploreError> {
        let next = AtomicUsize::new(1);
        let bound = AtomicUsize::new(usize::try_from(walks).unwrap_or(usize::MAX));
        let done: Mutex<Vec<Result<Walked, ExploreError>>> = Mutex::new(Vec::new());
        std::thread::scope(|scope| {
            for _ in 0..jobs.max(1) {
                scope.spawn(|| {
                    loop {
                        let number = next.fetch_add(1, Ordering::Relaxed);
                        if number > bound.load(Ordering::Relaxed) {
                            break;
                        }
                        let walked = self.walked(number as u64);
                        match &walked {
                            Ok(walked) => {
                                ended(walked);
                                if first_only && walked.is_departure() {
                                    bound.fetch_min(number, Ordering::Relaxed);
                                }
                            }
                            Err(_) => {
                                bound.fetch_min(number, Ordering::Relaxed);
                            }
                        }
                        done.lock().unwrap_or_else(PoisonError::into_inner).push(walked);
                    }
                });
            }
        });
        let mut walked =
            done.into_inner().unwrap_or_else(PoisonError::into_inner).into_iter().collect::<Result<Vec<_>, _>>()?;
        walked.sort_by_key(|walked| walked.number);
        let last = walked.iter().position(|walked| first_only && walked.is_departure());
        walked.truncate(last.map_or(walked.len(), |last| last + 1));
        Ok(walked)
    }
}
