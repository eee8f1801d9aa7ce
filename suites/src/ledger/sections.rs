//! A specification's table of sections, which its ledger goes through to the end: none is left out, none is silent.

use std::collections::BTreeSet;

use crate::tree::{Faults, Node, Table, suggest};

/// A section of a specification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// As the specification numbers it, `5.3` or `A.1`; the name of one that it does not number.
    pub number: String,
    /// Its title.
    pub title: String,
    /// Why it has no statement, of a section that has none.
    pub none: Option<String>,
}

/// A section with the places that a fault about it underlines.
pub(super) struct Listed<'a> {
    pub(super) section: Section,
    number: &'a Node,
    statements: Option<&'a Node>,
}

const NONE: &str = "none: ";

/// Whether a specification numbers its sections so: `5`, `5.3.1`, or in an appendix `A`, `A.1.2`.
pub(super) fn is_numbered(section: &str) -> bool {
    key(section).is_some()
}

/// The numbers of a section, those of an appendix after all others.
fn key(section: &str) -> Option<Vec<u32>> {
    let number = |part: &str| part.parse().ok().filter(|_| part.bytes().all(|octet| octet.is_ascii_digit()));
    let mut parts = section.split('.');
    let first = parts.next()?;
    let first = match first.as_bytes() {
        [letter @ b'A'..=b'Z'] => u32::from(*letter) << 16,
        _ => number(first)?,
    };
    std::iter::once(Some(first)).chain(parts.map(number)).collect()
}

/// Whether `next` may stand right after `last` in a table without a gap: its first subsection, the next at its own level or
/// at one above, or the first appendix.
fn follows(last: &[u32], next: &[u32]) -> bool {
    let Some((number, above)) = next.split_last() else { return false };
    let is_first_below = *number == 1 && above == last;
    let is_next = last.get(..next.len()).is_some_and(|same| {
        same.split_last().is_some_and(|(before, same_above)| same_above == above && before + 1 == *number)
    });
    let appendix = |number: u32| number >> 16;
    let is_appendix = above.is_empty()
        && appendix(*number) > 0
        && last.first().is_some_and(|first| match appendix(*first) {
            0 => *number == u32::from(b'A') << 16,
            before => before + 1 == appendix(*number),
        });
    is_first_below || is_next || is_appendix
}

/// Reads `sections`, and notes one that stands twice or leaves a gap.
pub(super) fn read<'a>(table: &'a Table, faults: &mut Faults<'_>) -> Vec<Listed<'a>> {
    let Some(node) = table.get("sections") else {
        let help = "list the specification's table of contents: sections = [{ number = \"1\", title = \"...\" }, ...]";
        faults.add(&table.span, "the ledger has no `sections`", help);
        return Vec::new();
    };
    let elements = node.array("`sections`", faults).unwrap_or_default();
    let tables: Vec<&Table> =
        elements.iter().filter_map(|element| element.table("an element of `sections`", faults)).collect();
    let listed: Vec<Listed<'a>> = tables.into_iter().filter_map(|table| one(table, faults)).collect();
    let mut seen = BTreeSet::new();
    let mut last: Option<(&str, Vec<u32>)> = None;
    for Listed { section, number, .. } in &listed {
        if !seen.insert(section.number.as_str()) {
            faults.add(&number.span, format!("section `{}` stands twice", section.number), "");
            continue;
        }
        let Some(key) = key(&section.number) else { continue };
        match &last {
            None if key != [1] => {
                faults.add(
                    &number.span,
                    format!("the table of sections begins with `{}`", section.number),
                    "it begins with `1`",
                );
            }
            Some((before, last)) if !follows(last, &key) => {
                let message = format!("section `{}` does not follow `{before}`", section.number);
                faults.add(&number.span, message, "list every section between them, in the order of the specification");
            }
            _ => {}
        }
        last = Some((&section.number, key));
    }
    listed
}

fn one<'a>(table: &'a Table, faults: &mut Faults<'_>) -> Option<Listed<'a>> {
    table.only(&["number", "title", "statements"], "a section", faults);
    let number = table.require("number", "a section", faults);
    let title = table.require_text("title", "a section", faults);
    let statements = table.get("statements");
    let none = statements.and_then(|node| {
        let text = node.text("`statements`", faults)?;
        let why = text.strip_prefix(NONE).map(str::trim).filter(|why| !why.is_empty());
        if why.is_none() {
            let help = "statements = \"none: why\"; of a section that has statements, leave the key out";
            faults.add(&node.span, "`statements` does not say why there is none", help);
        }
        // With its fault told, the section is not told to be silent too.
        Some(why.unwrap_or_default().to_owned())
    });
    let number = number?;
    let section = Section { number: number.text("`number`", faults)?.to_owned(), title: title?.to_owned(), none };
    Some(Listed { section, number, statements })
}

/// Notes every section that no clause is of, unless it says why; one that says why and has a clause; and every clause of a
/// section that is not listed. `cited` are the sections of the clauses.
pub(super) fn compare(spec: &str, listed: &[Listed<'_>], cited: &[(&str, &Node)], faults: &mut Faults<'_>) {
    for Listed { section: Section { number, title, none }, number: node, statements } in listed {
        let has_clause = cited.iter().any(|(section, _)| section == number);
        match (statements, none) {
            (None, _) if !has_clause => faults.add(
                &node.span,
                format!("section {number} of {spec}, {title}, has no statement"),
                format!(
                    "write its statements, each a `[[clause]]` with section = \"{number}\"; only if it has none, \
                     say why: statements = \"{NONE}why\""
                ),
            ),
            (Some(statements), Some(_)) if has_clause => faults.add(
                &statements.span,
                format!("section {number} of {spec} is said to have no statement, and has one"),
                "leave `statements` out",
            ),
            _ => {}
        }
    }
    let known: Vec<&str> = listed.iter().map(|listed| listed.section.number.as_str()).collect();
    for (section, node) in cited.iter().filter(|(section, _)| !known.is_empty() && !known.contains(section)) {
        let help = suggest(section, known.iter().copied());
        faults.add(&node.span, format!("section `{section}` is not in the table of sections"), help);
    }
}

#[cfg(test)]
mod tests {
    use super::{follows, is_numbered, key};

    #[test]
    fn numbers_of_sections_are_told_from_names() {
        for number in ["1", "10", "5.3.1", "A", "A.1.2"] {
            assert!(is_numbered(number), "{number}");
        }
        for name in ["Abstract", "", "5.", ".5", "5.a", "AB", "a", "+1", "1.A"] {
            assert!(!is_numbered(name), "{name}");
        }
    }

    #[test]
    fn a_table_without_a_gap_goes_down_on_or_up() {
        let follows = |last: &str, next: &str| follows(&key(last).unwrap(), &key(next).unwrap());
        for (last, next) in [
            ("1", "2"),
            ("1", "1.1"),
            ("1.1", "1.2"),
            ("1.1.3", "1.2"),
            ("1.1.3", "2"),
            ("9", "10"),
            ("9.2", "A"),
            ("A.3.1", "B"),
        ] {
            assert!(follows(last, next), "{last} {next}");
        }
        for (last, next) in [
            ("1", "3"),
            ("1", "1"),
            ("1", "1.2"),
            ("1.1", "1.3"),
            ("1.1.1", "1.3"),
            ("2", "1"),
            ("1", "2.1"),
            ("9", "B"),
            ("A", "C"),
            ("A.1", "A"),
            ("A", "10"),
            ("1", "1.1.1"),
        ] {
            assert!(!follows(last, next), "{last} {next}");
        }
    }
}
