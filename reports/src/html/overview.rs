//! The overview: what was tested, what came of it, case by case and clause by clause, and where it all comes from.

use std::fmt::Write as _;

use record::bundle::names;
use record::manifest::{CaseResult, Named, RunManifest};
use record::table;
use record::verdict::Verdict;
use serde::Serialize;

use super::{Across, Badge, Banner, CaseLink, Fact, banners, fact};
use crate::input::Clauses;
use crate::text::{counted, duration, escape, line, sentence, state_in_short};

/// In the order of the summary: what needs attention first.
const ORDER: [Verdict; 6] =
    [Verdict::Fail, Verdict::Error, Verdict::Inconclusive, Verdict::NotRun, Verdict::Pass, Verdict::NotApplicable];

/// So many cases are listed by time.
const LONGEST: usize = 15;

#[derive(Serialize)]
pub(super) struct Page {
    id: String,
    title: String,
    banners: Vec<Banner>,
    kind: &'static str,
    facts: Vec<Fact>,
    device: Vec<Fact>,
    identity: Vec<Fact>,
    total: usize,
    counts: Vec<Count>,
    bar: String,
    findings: Vec<Row>,
    warnings: Vec<String>,
    rows: Vec<Row>,
    verdicts: Vec<Badge>,
    tables: Vec<Matrix>,
    phases: Vec<String>,
    suites: Vec<String>,
    coverage: String,
    clauses: Vec<Clause>,
    uncovered: Vec<Clause>,
    excluded: Vec<Clause>,
    exposures: Vec<super::exposure::Kind>,
    resources: Option<super::resources::OfRun>,
    monitors: Option<super::monitors::OfRun>,
    times: Vec<Time>,
    times_left_out: usize,
    inputs: Vec<Input>,
    pics: Vec<Claim>,
    pixit: Vec<Fact>,
    wireshark: String,
}

#[derive(Serialize)]
struct Count {
    badge: Badge,
    count: usize,
}

#[derive(Serialize)]
struct Row {
    link: CaseLink,
    suite: String,
    phase: String,
    states: String,
    purpose: String,
    blame: Option<&'static str>,
    blamed: Option<String>,
    oracle: String,
    reason: String,
    duration: String,
    clauses: String,
}

/// Cases as rows and columns.
#[derive(Serialize)]
struct Matrix {
    name: String,
    cases: usize,
    columns: Vec<String>,
    rows: Vec<MatrixRow>,
}

#[derive(Serialize)]
struct MatrixRow {
    head: String,
    cells: Vec<Option<CaseLink>>,
}

#[derive(Serialize)]
struct Clause {
    id: String,
    level: String,
    text: String,
    class: String,
    cases: Vec<CaseLink>,
}

#[derive(Serialize)]
struct Time {
    link: CaseLink,
    text: String,
    bar: String,
}

#[derive(Serialize)]
struct Input {
    kind: &'static str,
    name: String,
    sha256: String,
}

#[derive(Serialize)]
struct Claim {
    symbol: String,
    claimed: bool,
}

pub(super) fn page(manifest: &RunManifest, clauses: &Clauses, across: &Across) -> crate::Result<Page> {
    let rows = manifest.cases.iter().map(row).collect::<crate::Result<Vec<_>>>()?;
    let mut findings = Vec::new();
    for verdict in [Verdict::Fail, Verdict::Error, Verdict::Inconclusive] {
        for case in manifest.cases.iter().filter(|case| case.verdict == verdict) {
            findings.push(row(case)?);
        }
    }
    let counts: Vec<(Verdict, usize)> = ORDER
        .into_iter()
        .map(|verdict| (verdict, manifest.cases.iter().filter(|case| case.verdict == verdict).count()))
        .filter(|(_, count)| *count > 0)
        .collect();
    let [covered, uncovered, excluded] = coverage(manifest, clauses)?;
    let (times, times_left_out) = times(manifest)?;
    Ok(Page {
        id: line(&manifest.id),
        title: title(manifest),
        banners: banners(manifest),
        kind: kind(manifest),
        facts: facts(manifest),
        device: device(manifest),
        identity: manifest.identity.iter().map(|(name, value)| fact(name, value)).collect(),
        total: manifest.cases.len(),
        bar: bar(&counts),
        verdicts: counts.iter().map(|(verdict, _)| (*verdict).into()).collect(),
        counts: counts.into_iter().map(|(verdict, count)| Count { badge: verdict.into(), count }).collect(),
        findings,
        warnings: manifest.warnings.iter().map(|warning| line(warning)).collect(),
        tables: matrices(manifest)?,
        phases: distinct(&rows, |row| &row.phase),
        suites: distinct(&rows, |row| &row.suite),
        rows,
        coverage: coverage_line(covered.len(), uncovered.len()),
        clauses: covered,
        uncovered,
        excluded,
        exposures: super::exposure::of_run(&across.exposures),
        resources: super::resources::of_run(&across.bootstraps),
        monitors: super::monitors::of_run(manifest, &across.monitors)?,
        times,
        times_left_out,
        inputs: inputs(manifest),
        pics: manifest
            .pics_values
            .iter()
            .map(|(symbol, claimed)| Claim { symbol: line(symbol), claimed: *claimed })
            .collect(),
        pixit: manifest.pixit_values.iter().map(|(name, value)| pixit(name, value)).collect(),
        wireshark: format!(
            "WIRESHARK_CONFIG_DIR={} wireshark {}/CASE/{}",
            names::WIRESHARK,
            names::CASES,
            names::CAPTURE
        ),
    })
}

/// The device as its upper tester calls it.
fn title(manifest: &RunManifest) -> String {
    let part = |name: &str| manifest.device.get(name).map(|value| line(value)).filter(|value| !value.is_empty());
    let parts: Vec<String> = ["vendor", "firmware", "version"].into_iter().filter_map(part).collect();
    if parts.is_empty() { "Device not identified".into() } else { parts.join(" ") }
}

fn facts(manifest: &RunManifest) -> Vec<Fact> {
    let nanoseconds = manifest.cases.iter().map(|case| case.duration).fold(0, u64::saturating_add);
    let wall = manifest
        .wall_seconds
        .as_deref()
        .map_or("not recorded: the run was not brought to its end".into(), |it| format!("{} s", line(it)));
    let tested = (!manifest.tested.is_empty()).then(|| fact("Tested", &manifest.tested));
    let mut facts: Vec<Fact> = tested.into_iter().collect();
    facts.extend([
        fact("Run", &manifest.id),
        fact("Started", &manifest.started),
        fact("Wall time", wall),
        fact("Case time", duration(nanoseconds)),
        fact("Testbed", &manifest.testbed.name),
        fact("Seed", manifest.seed.to_string()),
        fact("Bootrack", &manifest.version),
        fact("Command", manifest.command.join(" ")),
    ]);
    facts
}

/// What names the device first, then everything else that its upper tester said.
fn device(manifest: &RunManifest) -> Vec<Fact> {
    const FIRST: [&str; 7] = ["vendor", "firmware", "version", "hash", "eui64", "roles", "features"];
    let place = |name: &str| FIRST.iter().position(|first| *first == name).unwrap_or(FIRST.len());
    let mut all: Vec<(&String, &String)> = manifest.device.iter().collect();
    all.sort_by_key(|(name, _)| place(name));
    let told = |value: &str| if matches!(value, "" | "-") { "not told".to_owned() } else { value.to_owned() };
    all.into_iter().map(|(name, value)| fact(label(name), told(value))).collect()
}

/// What a key of the upper tester's `hello` is called on paper.
fn label(name: &str) -> &str {
    match name {
        "vendor" => "Vendor",
        "firmware" => "Firmware",
        "version" => "Version",
        "hash" => "Firmware hash",
        "eui64" => "EUI-64",
        "roles" => "Roles",
        "features" => "Features",
        "protocol" => "Upper tester",
        other => other,
    }
}

/// A value whose name says that it is a secret is withheld, whatever it looks like.
fn pixit(name: &str, value: &str) -> Fact {
    let lower = name.to_ascii_lowercase();
    let secret = ["psk", "key", "secret", "password"].iter().any(|word| lower.contains(word));
    let hexadecimal = value.len() >= 16 && value.chars().all(|c| c.is_ascii_hexdigit());
    fact(name, if secret && hexadecimal { "(withheld)" } else { value })
}

fn row(case: &CaseResult) -> crate::Result<Row> {
    Ok(Row {
        link: link(case)?,
        suite: line(&case.suite),
        phase: line(&case.phase),
        states: states(case),
        purpose: line(&case.purpose),
        blame: case.blame.map(|blame| blame.name()),
        blamed: case.blamed.as_deref().map(line),
        oracle: line(&case.shown_oracle()),
        reason: match case.verdict {
            Verdict::Pass => String::new(),
            Verdict::NotRun if case.reason.is_empty() => "The run ended before it.".into(),
            _ => sentence(&case.reason),
        },
        duration: if case.duration == 0 { String::new() } else { duration(case.duration) },
        clauses: if case.verdict == Verdict::Fail { first_clauses(&case.deciding_clauses) } else { String::new() },
    })
}

/// What rows of parameters make, with the verdict of each case in its cell.
fn matrices(manifest: &RunManifest) -> crate::Result<Vec<Matrix>> {
    let cases = &manifest.cases;
    let tables = table::tables(cases.iter().map(|case| (case.id.as_str(), case.table.as_ref())));
    let cell = |at: &Option<usize>| at.and_then(|at| cases.get(at)).map(link).transpose();
    let row = |(head, cells): &(String, Vec<Option<usize>>)| {
        Ok(MatrixRow { head: line(head), cells: cells.iter().map(cell).collect::<crate::Result<_>>()? })
    };
    let matrix = |table: &table::Table| {
        Ok(Matrix {
            name: line(&table.name),
            cases: table.cells(),
            columns: table.columns.iter().map(|column| line(column)).collect(),
            rows: table.rows.iter().map(row).collect::<crate::Result<_>>()?,
        })
    };
    tables.iter().map(matrix).collect()
}

/// The device's states before and after the body, as read back: `installed → secured`.
fn states(case: &CaseResult) -> String {
    let shown: Vec<String> = [&case.entry_state, &case.exit_state].into_iter().flatten().map(state_in_short).collect();
    shown.join(" → ")
}

/// The first few clauses, and how many more there are.
fn first_clauses(ids: &[String]) -> String {
    const MOST: usize = 4;
    let first: Vec<&str> = ids.iter().take(MOST).map(String::as_str).collect();
    let mut text = line(&first.join(", "));
    if ids.len() > MOST {
        let _ = write!(text, " and {} more", ids.len() - MOST);
    }
    text
}

fn link(case: &CaseResult) -> crate::Result<CaseLink> {
    CaseLink::to(case, "")
}

/// What kind of report this is: nobody shall file a run against a mutant as a device's.
fn kind(manifest: &RunManifest) -> &'static str {
    if manifest.mutant.is_some() {
        "Test of the suites against a mutant"
    } else if manifest.fake.is_some() {
        "Test of the harness against a fake device"
    } else {
        "Conformance test report"
    }
}

fn coverage_line(covered: usize, uncovered: usize) -> String {
    if covered + uncovered == 0 {
        return String::new();
    }
    format!(
        "{covered} of {} that can be tested have a case in this run.",
        counted(covered + uncovered, "clause", "clauses")
    )
}

fn distinct(rows: &[Row], get: fn(&Row) -> &String) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for row in rows {
        if !all.contains(get(row)) {
            all.push(get(row).clone());
        }
    }
    all
}

/// The verdicts in proportion. A verdict that occurs is never too thin to be seen.
fn bar(counts: &[(Verdict, usize)]) -> String {
    const WIDTH: f64 = 1000.0;
    const LEAST: f64 = 8.0;
    let total: usize = counts.iter().map(|(_, count)| count).sum();
    let raw: Vec<f64> =
        counts.iter().map(|(_, count)| (WIDTH * *count as f64 / total.max(1) as f64).max(LEAST)).collect();
    let scale = WIDTH / raw.iter().sum::<f64>().max(1.0);
    let spoken: Vec<String> =
        counts.iter().map(|(verdict, count)| format!("{count} {}", Badge::from(*verdict).label)).collect();
    let mut out = format!(
        "<svg class=\"bar\" viewBox=\"0 0 1000 12\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"{}\">",
        escape(&spoken.join(", "))
    );
    let mut x = 0.0;
    for ((verdict, _), width) in counts.iter().zip(raw) {
        let width = width * scale;
        let _ = write!(
            out,
            "<rect class=\"f-{}\" x=\"{x:.1}\" y=\"0\" width=\"{:.1}\" height=\"12\"/>",
            verdict.name(),
            (width - 2.0).max(1.0)
        );
        x += width;
    }
    out.push_str("</svg>");
    out
}

/// Clauses with cases, clauses that should have some and have none in this run, and clauses that no case can or shall test.
fn coverage(manifest: &RunManifest, clauses: &Clauses) -> crate::Result<[Vec<Clause>; 3]> {
    let mut ids: Vec<&String> = clauses.keys().collect();
    let cited = manifest.cases.iter().flat_map(|case| case.clauses.iter().chain(&case.deciding_clauses));
    ids.extend(cited);
    ids.sort_by_key(|id| natural(id));
    ids.dedup();
    let mut parts = [Vec::new(), Vec::new(), Vec::new()];
    for id in ids {
        let known = clauses.get(id);
        let cites = |case: &&CaseResult| case.clauses.contains(id) || case.deciding_clauses.contains(id);
        let cases = manifest.cases.iter().filter(cites).map(link).collect::<crate::Result<Vec<_>>>()?;
        let class = known.map(|clause| line(&clause.class)).unwrap_or_default();
        let part = if !cases.is_empty() {
            0
        } else if class.is_empty() || class == "tested" {
            1
        } else {
            2
        };
        let text = known.map(|clause| line(&clause.text)).unwrap_or_default();
        let level = known.map(|clause| line(&clause.level)).unwrap_or_default();
        parts[part].push(Clause { id: line(id), level, text, class, cases });
    }
    Ok(parts)
}

/// Sorts `SEL-5.10-2` after `SEL-5.9-2`.
fn natural(id: &str) -> Vec<(bool, u64, String)> {
    let mut parts: Vec<(bool, u64, String)> = Vec::new();
    for c in id.chars() {
        let digit = c.to_digit(10);
        match (parts.last_mut(), digit) {
            (Some((true, number, text)), Some(digit)) => {
                *number = number.saturating_mul(10).saturating_add(u64::from(digit));
                text.push(c);
            }
            (Some((false, _, text)), None) => text.push(c),
            (_, Some(digit)) => parts.push((true, u64::from(digit), c.to_string())),
            (_, None) => parts.push((false, 0, c.to_string())),
        }
    }
    parts
}

fn times(manifest: &RunManifest) -> crate::Result<(Vec<Time>, usize)> {
    let mut timed: Vec<&CaseResult> = manifest.cases.iter().filter(|case| case.duration > 0).collect();
    timed.sort_by_key(|case| std::cmp::Reverse(case.duration));
    let longest = timed.first().map_or(1, |case| case.duration) as f64;
    let time = |case: &CaseResult| -> crate::Result<Time> {
        let width = (300.0 * case.duration as f64 / longest).max(1.0);
        let bar = format!(
            "<svg class=\"span\" viewBox=\"0 0 300 10\" preserveAspectRatio=\"none\" aria-hidden=\"true\">\
             <rect x=\"0\" y=\"0\" width=\"{width:.1}\" height=\"10\"/></svg>"
        );
        Ok(Time { link: link(case)?, text: duration(case.duration), bar })
    };
    let left_out = timed.len().saturating_sub(LONGEST);
    Ok((timed.into_iter().take(LONGEST).map(time).collect::<crate::Result<_>>()?, left_out))
}

fn inputs(manifest: &RunManifest) -> Vec<Input> {
    let input = |kind: &'static str, file: &Named| Input { kind, name: line(&file.name), sha256: line(&file.sha256) };
    let suites = manifest.suites.iter().map(|file| input("Suite", file));
    let others = [("Testbed", &manifest.testbed), ("PICS", &manifest.pics), ("PIXIT", &manifest.pixit)];
    suites.chain(others.into_iter().map(|(kind, file)| input(kind, file))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clauses_sort_by_number() {
        let mut ids = ["SEL-5.10-2", "SEL-5.9-10", "SEL-5.9-2", "PROFILE-SEL-1a", "PROFILE-SEL-1", "SEL-5-1"];
        ids.sort_by_key(|id| natural(id));
        assert_eq!(ids, ["PROFILE-SEL-1", "PROFILE-SEL-1a", "SEL-5-1", "SEL-5.9-2", "SEL-5.9-10", "SEL-5.10-2"]);
    }

    #[test]
    fn one_failure_among_thousands_is_still_seen_in_the_bar() {
        let svg = bar(&[(Verdict::Fail, 1), (Verdict::Pass, 9999)]);
        assert!(svg.contains("class=\"f-fail\" x=\"0.0\" y=\"0\" width=\"5.9\""), "{svg}");
        assert!(svg.contains("1 fail, 9999 pass"));
    }

    #[test]
    fn a_secret_of_the_pixit_is_withheld() {
        assert_eq!(pixit("dut_psk", "000102030405060708090a0b0c0d0e0f").value, "(withheld)");
        assert_eq!(pixit("dut_psk", "from label").value, "from label");
        assert_eq!(pixit("dut_eui64", "70b3d5b007000003").value, "70b3d5b007000003");
    }
}
