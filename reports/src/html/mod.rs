//! HTML: one overview and one page a case, each a file that stands alone (no script, style, font or image from anywhere
//! else), readable offline, on paper, on a phone, with a keyboard and without colour.

mod case_page;
mod exposure;
mod monitors;
mod overview;
mod resources;

use record::CaseId;
use record::bundle::names;
use record::manifest::{CaseResult, RunManifest};
use record::verdict::Verdict;
use serde::Serialize;
use suites::monitor::Monitor;
use tera::Tera;

use crate::input::{CaseInput, Clauses, Exposure, RunInput};
use crate::resources::Measured;
use crate::text::{counted, line};

/// A file of the report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Relative to the run's folder, `/` between the parts.
    pub path: String,
    /// UTF-8 text.
    pub contents: String,
}

/// Whether a case has a page: one that left no evidence has no folder for it, and its row in the overview says why.
pub fn has_page(result: &CaseResult) -> bool {
    !result.digests.is_empty()
}

/// Renders the overview and a page for every case of the manifest that [`has_page`].
///
/// # Errors
/// [`crate::Error::CaseId`] for a case ID that can't name a folder; [`crate::Error::Template`] is a bug of this crate.
pub fn render_run(run: &RunInput<'_>) -> crate::Result<Vec<File>> {
    let renderer = Renderer::new()?;
    let mut across = Across::default();
    run.cases.iter().for_each(|case| across.add(case));
    let mut files = vec![renderer.overview(run.manifest, &run.clauses, &across)?];
    for result in run.manifest.cases.iter().filter(|result| has_page(result)) {
        let known = run.cases.iter().find(|case| case.result.id == result.id);
        files.push(renderer.case(run.manifest, &run.clauses, known.unwrap_or(&CaseInput::bare(result)))?);
    }
    Ok(files)
}

/// What the cases of a run have shown, for the tables of the overview.
#[derive(Debug, Clone, Default)]
pub struct Across {
    /// What an eavesdropper heard, with the ID of the case.
    pub exposures: Vec<(String, Exposure)>,
    /// What bootstraps took.
    pub bootstraps: Vec<Measured>,
    /// The monitors of the run.
    pub monitors: Vec<Monitor>,
}

impl Across {
    /// Adds what one case has shown.
    pub fn add(&mut self, case: &CaseInput<'_>) {
        let CaseInput { result, exposures, bootstraps, .. } = case;
        self.exposures.extend(exposures.iter().map(|exposure| (result.id.clone(), exposure.clone())));
        self.bootstraps.extend(bootstraps.iter().map(|bootstrap| Measured {
            case: result.id.clone(),
            verdict: result.verdict.name().to_owned(),
            seed: result.seed.clone(),
            bootstrap: bootstrap.clone(),
        }));
    }
}

/// The parsed templates: for a caller that renders case by case and never holds two logs in memory.
#[derive(Debug)]
pub struct Renderer {
    tera: Tera,
}

impl Renderer {
    /// Parses the templates.
    ///
    /// # Errors
    /// [`crate::Error::Template`] is a bug of this crate.
    pub fn new() -> crate::Result<Self> {
        let mut tera = Tera::default();
        // `add_raw_templates` resolves the inheritance once, whatever the order.
        tera.add_raw_templates([
            ("macros.html", include_str!("../../templates/macros.html")),
            ("base.html", include_str!("../../templates/base.html")),
            ("index.html", include_str!("../../templates/index.html")),
            ("case.html", include_str!("../../templates/case.html")),
        ])?;
        Ok(Self { tera })
    }

    /// `index.html` of a run.
    ///
    /// # Errors
    /// As [`render_run`].
    pub fn overview(&self, manifest: &RunManifest, clauses: &Clauses, across: &Across) -> crate::Result<File> {
        let page = overview::page(manifest, clauses, across)?;
        let contents = self.render("index.html", &page, include_str!("../../templates/index.js"))?;
        Ok(File { path: names::PAGE.into(), contents })
    }

    /// `cases/<case>/index.html`.
    ///
    /// # Errors
    /// As [`render_run`].
    pub fn case(&self, manifest: &RunManifest, clauses: &Clauses, case: &CaseInput<'_>) -> crate::Result<File> {
        let id = CaseId::new(&case.result.id)?;
        let page = case_page::page(manifest, clauses, case)?;
        let contents = self.render("case.html", &page, include_str!("../../templates/case.js"))?;
        Ok(File { path: format!("{}/{id}/{}", names::CASES, names::PAGE), contents })
    }

    fn render(&self, template: &str, page: &impl Serialize, script: &str) -> crate::Result<String> {
        let mut context = tera::Context::new();
        context.insert("page", page);
        context.insert("style", include_str!("../../templates/style.css"));
        context.insert("script", &format!("{script}{}", include_str!("../../templates/print.js")));
        Ok(self.tera.render(template, &context)?)
    }
}

/// A verdict as a badge: a sign and a word, so that it can be told without colour.
#[derive(Debug, Clone, Serialize)]
struct Badge {
    name: &'static str,
    label: &'static str,
    sign: &'static str,
}

impl From<Verdict> for Badge {
    fn from(verdict: Verdict) -> Self {
        let (label, sign) = match verdict {
            Verdict::Pass => ("pass", "✓"),
            Verdict::Fail => ("fail", "✗"),
            Verdict::Inconclusive => ("inconclusive", "?"),
            Verdict::Error => ("error", "!"),
            Verdict::NotApplicable => ("not applicable", "–"),
            Verdict::NotRun => ("not run", "○"),
        };
        Self { name: verdict.name(), label, sign }
    }
}

/// A case's name and its page; the address is relative to the page that bears it.
#[derive(Debug, Clone, Serialize)]
struct CaseLink {
    id: String,
    /// The ID in pieces, between which a line may end.
    pieces: Vec<String>,
    /// `None` if it has no page.
    href: Option<String>,
    badge: Badge,
}

impl CaseLink {
    /// `up` leads from the page that bears the link to the run's folder.
    fn to(case: &CaseResult, up: &str) -> crate::Result<Self> {
        let page = format!("{up}{}/{}", case_folder(&case.id)?, names::PAGE);
        Ok(Self {
            id: line(&case.id),
            pieces: pieces(&case.id),
            href: has_page(case).then_some(page),
            badge: case.verdict.into(),
        })
    }
}

/// A case ID in pieces: a line may end after `@` and `,`, and not within a name or a value.
fn pieces(id: &str) -> Vec<String> {
    line(id).split_inclusive(['@', ',']).map(ToOwned::to_owned).collect()
}

/// The case's folder as a relative address from the run's folder. A case ID needs no escape but for `+`, which some
/// servers read as a blank.
fn case_folder(id: &str) -> crate::Result<String> {
    Ok(format!("{}/{}", names::CASES, CaseId::new(id)?.as_str().replace('+', "%2B")))
}

/// A name and its value.
#[derive(Debug, Clone, Serialize)]
struct Fact {
    name: String,
    value: String,
}

fn fact(name: &str, value: impl AsRef<str>) -> Fact {
    Fact { name: line(name), value: line(value.as_ref()) }
}

/// What a reader must not overlook.
#[derive(Debug, Clone, Serialize)]
struct Banner {
    head: &'static str,
    text: String,
}

/// That the run judges the tester and not a device, or that it was not brought to its end.
fn banners(manifest: &RunManifest) -> Vec<Banner> {
    let mutant = manifest.mutant.as_ref().map(|name| Banner {
        head: NOT_A_RESULT,
        text: format!(
            "Mutant “{}”, a fault made on purpose, is switched on. This run tests the suites, not a product.",
            line(name)
        ),
    });
    let fake = manifest.fake.as_ref().map(|name| Banner {
        head: NOT_A_RESULT,
        text: format!(
            "The fake device “{}” stands in for the device under test. This run tests the harness.",
            line(name)
        ),
    });
    let missing = manifest.cases.iter().filter(|case| case.verdict == Verdict::NotRun).count();
    let unfinished = manifest.wall_seconds.is_none().then(|| Banner {
        head: "Incomplete run.",
        text: format!(
            "It was not brought to its end: {missing} of {} did not run.",
            counted(manifest.cases.len(), "planned case", "planned cases")
        ),
    });
    mutant.into_iter().chain(fake).chain(unfinished).collect()
}

const NOT_A_RESULT: &str = "Not a conformance result.";
