//! What a run consists of: selectors, PICS, and why each case is in or out.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use crate::loader::Suite;
use crate::pics::{Pics, Proforma};
use crate::plan::Case;

/// Which cases are wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selector {
    /// A glob on case IDs (`*` and `?`), with or without the parameter row.
    Id(String),
    /// `suite:NAME`, a glob.
    Suite(String),
    /// `phase:NAME`, a glob.
    Phase(String),
    /// `clause:ID`, a glob.
    Clause(String),
}

/// A selector that cannot be meant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no selector: a glob on case IDs, or `suite:`, `phase:`, `clause:` and a glob{near}", near = nearest_kind(.0))]
pub struct SelectorError(String);

/// What a misspelt kind of selector was to be.
fn nearest_kind(text: &str) -> String {
    let near = text.split_once(':').and_then(|(kind, rest)| {
        let near = input::nearest(kind, ["suite", "phase", "clause"])?;
        Some(format!("; did you mean `{near}:{rest}`?"))
    });
    near.unwrap_or_default()
}

impl FromStr for Selector {
    type Err = SelectorError;

    fn from_str(text: &str) -> Result<Self, SelectorError> {
        let (kind, glob) = text.split_once(':').map_or((None, text), |(kind, glob)| (Some(kind), glob));
        if glob.is_empty() || glob.contains(char::is_whitespace) {
            return Err(SelectorError(text.to_owned()));
        }
        let glob = glob.to_owned();
        match kind {
            None => Ok(Self::Id(glob)),
            Some("suite") => Ok(Self::Suite(glob)),
            Some("phase") => Ok(Self::Phase(glob)),
            Some("clause") => Ok(Self::Clause(glob)),
            Some(_) => Err(SelectorError(text.to_owned())),
        }
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(glob) => f.write_str(glob),
            Self::Suite(glob) => write!(f, "suite:{glob}"),
            Self::Phase(glob) => write!(f, "phase:{glob}"),
            Self::Clause(glob) => write!(f, "clause:{glob}"),
        }
    }
}

impl Selector {
    /// Whether it names one of `names`, which are all that its kind knows.
    pub fn names_one_of<'a>(&self, mut names: impl Iterator<Item = &'a str>) -> bool {
        let (Self::Id(pattern) | Self::Suite(pattern) | Self::Phase(pattern) | Self::Clause(pattern)) = self;
        names.any(|name| glob(pattern, name))
    }

    /// Whether a case is wanted.
    pub fn matches(&self, case: &Case) -> bool {
        match self {
            Self::Id(pattern) => glob(pattern, &case.id) || glob(pattern, &case.base),
            Self::Suite(pattern) => glob(pattern, &case.suite),
            Self::Phase(pattern) => glob(pattern, &case.phase),
            Self::Clause(pattern) => case.clauses.iter().any(|clause| glob(pattern, clause)),
        }
    }
}

/// `*` any characters, `?` one; letters without regard to case.
fn glob(pattern: &str, text: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().flat_map(char::to_lowercase).collect();
    let text: Vec<char> = text.chars().flat_map(char::to_lowercase).collect();
    // `reach[j]`: the pattern read so far can end at text position `j`.
    let mut reach = vec![false; text.len() + 1];
    reach[0] = true;
    for symbol in pattern {
        let mut next = vec![false; text.len() + 1];
        match symbol {
            '*' => {
                let mut open = false;
                for (at, reached) in reach.iter().enumerate() {
                    open |= reached;
                    next[at] = open;
                }
            }
            symbol => {
                for (at, character) in text.iter().enumerate() {
                    next[at + 1] = reach[at] && (symbol == '?' || symbol == *character);
                }
            }
        }
        reach = next;
    }
    reach[text.len()]
}

/// A wanted case that the device's PICS rules out.
#[derive(Debug, Clone, PartialEq)]
pub struct NotApplicable {
    /// The case.
    pub case: Case,
    /// Why: the symbols that the device does not claim.
    pub reason: String,
}

/// What a run consists of.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Plan {
    /// Cases to run, in the order of the suites.
    pub cases: Vec<Case>,
    /// Cases that are wanted but do not apply.
    pub not_applicable: Vec<NotApplicable>,
    /// What a user should know: unanswered PICS symbols.
    pub warnings: Vec<String>,
    /// Selectors that match no case, whatever the PICS say: a name is misspelt, or nothing tests what it names.
    pub idle: Vec<Selector>,
}

impl Plan {
    /// Selects cases. Without selectors every case is wanted. A symbol that is not answered selects the case with a
    /// warning: nothing is left out in silence.
    pub fn select(suites: &[Suite], selectors: &[Selector], pics: &Pics, proforma: &Proforma) -> Self {
        let mut plan = Self::default();
        let mut unanswered = BTreeSet::new();
        let mut matched = vec![false; selectors.len()];
        for case in suites.iter().flat_map(|suite| &suite.cases) {
            let mut wanted = selectors.is_empty();
            for (selector, matched) in selectors.iter().zip(&mut matched) {
                let hit = selector.matches(case);
                *matched |= hit;
                wanted |= hit;
            }
            if !wanted {
                continue;
            }
            let denied = denied(case, pics);
            unanswered.extend(case.pics.iter().filter(|symbol| pics.answer(symbol).is_none()).cloned());
            if denied.is_empty() {
                plan.cases.push(case.clone());
            } else {
                plan.not_applicable.push(NotApplicable { case: case.clone(), reason: denial(&denied, proforma) });
            }
        }
        for symbol in unanswered {
            plan.warnings.push(format!("PICS symbol {symbol} is not answered in {}: its cases are run", pics.source));
        }
        plan.warnings.extend(proforma.contradictions(pics.answers()));
        plan.idle
            .extend(selectors.iter().zip(&matched).filter(|(_, hit)| !**hit).map(|(selector, _)| selector.clone()));
        plan
    }
}

fn denied<'a>(case: &'a Case, pics: &Pics) -> Vec<&'a str> {
    case.pics.iter().filter(|symbol| pics.answer(symbol) == Some(false)).map(String::as_str).collect()
}

fn denial(symbols: &[&str], proforma: &Proforma) -> String {
    let all: Vec<String> = symbols
        .iter()
        .map(|name| match proforma.symbol(name) {
            Some(symbol) => format!("the device does not claim {name} ({})", symbol.question),
            None => format!("the device does not claim {name}"),
        })
        .collect();
    all.join("; ")
}

/// Why a case is in a run or out of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// Whether it would run.
    pub selected: bool,
    /// One line for each ground, decisive or not.
    pub grounds: Vec<String>,
}

/// Explains a case's selection.
pub fn explain(case: &Case, selectors: &[Selector], pics: &Pics, proforma: &Proforma) -> Explanation {
    let mut grounds = Vec::new();
    let hits: Vec<String> =
        selectors.iter().filter(|selector| selector.matches(case)).map(|selector| format!("`{selector}`")).collect();
    let wanted = selectors.is_empty() || !hits.is_empty();
    grounds.push(match (selectors.is_empty(), hits.is_empty()) {
        (true, _) => "no selector was given: every case is wanted".to_owned(),
        (false, true) => "no selector matches it".to_owned(),
        (false, false) => format!("wanted by {}", hits.join(", ")),
    });
    for symbol in &case.pics {
        let question = proforma.symbol(symbol).map(|symbol| symbol.question.clone()).unwrap_or_default();
        grounds.push(match pics.answer(symbol) {
            Some(true) => format!("PICS {symbol} is claimed: {question}"),
            Some(false) => format!("PICS {symbol} is denied: {question}"),
            None => format!("PICS {symbol} is not answered, so the case is run: {question}"),
        });
    }
    if case.pics.is_empty() {
        grounds.push("it applies to every device".to_owned());
    }
    Explanation { selected: wanted && denied(case, pics).is_empty(), grounds }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_match_whole_names_without_regard_to_case() {
        for (pattern, text) in
            [("SEL-*", "SEL-JSR-01"), ("*", ""), ("sel-jsr-0?", "SEL-JSR-01"), ("*01*", "SEL-JSR-01@channel=26")]
        {
            assert!(glob(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [("SEL", "SEL-JSR-01"), ("?", ""), ("", "x"), ("SEL-?", "SEL-12"), ("a*b", "ac")] {
            assert!(!glob(pattern, text), "{pattern} {text}");
        }
    }

    #[test]
    fn a_selector_reads_back_as_it_is_shown() {
        for text in ["SEL-*", "suite:bootstrap", "phase:operation", "clause:SEL-5.3*"] {
            assert_eq!(text.parse::<Selector>().unwrap().to_string(), text);
        }
        for text in ["", "suite:", "case:x", "two words"] {
            assert!(text.parse::<Selector>().is_err(), "{text}");
        }
    }
}
