//! Lines of words and `key=value` pairs, as commands and orders are: their words, and what may stand there.

use std::ops::Range;

use crate::tree::{Faults, Node, suggest};

/// The argument that may stand in quotation marks, since a line for a shell has blanks.
pub(super) const QUOTED: &str = "text=";

/// The rest of a line from the first of these words.
pub(super) fn from_first(text: &str, words: &[(&str, Range<usize>)]) -> Option<String> {
    text.get(words.first()?.1.start..).map(|text| text.trim_end().to_owned())
}

/// Checks the arguments of a command or order that takes these keys and at most so many bare ones: those that stand there.
pub(super) fn check_arguments<'w>(
    node: &Node,
    name: &str,
    arguments: &[(&'w str, Range<usize>)],
    (keys, most_bare): (&[&str], usize),
    faults: &mut Faults<'_>,
) -> (Vec<&'w str>, usize) {
    let mut bare = 0;
    let mut seen: Vec<&str> = Vec::new();
    for (argument, place) in arguments {
        let place = node.part(place.clone(), faults.source);
        // A path may bear a query: it begins with a slash and is no `key=value`.
        match argument.split_once('=').filter(|_| !argument.starts_with('/')) {
            Some((key, value)) => {
                if !keys.contains(&key) {
                    let help = suggest(key, keys.iter().copied());
                    faults.add(&place, format!("`{name}` has no argument `{key}`"), help);
                } else if seen.contains(&key) {
                    faults.add(&place, format!("`{key}` stands here twice"), "");
                } else if value.is_empty() {
                    faults.add(&place, format!("`{key}` has no value"), "");
                }
                seen.push(key);
                if key == "payload" {
                    break;
                }
            }
            _ => {
                bare += 1;
                if bare > most_bare {
                    faults.add(&place, format!("`{argument}` is no argument of `{name}`"), "write `key=value`");
                }
            }
        }
    }
    (seen, bare)
}

/// Words of a text with their places. A word that begins with `text="` goes to the next quotation mark.
pub(crate) fn split(text: &str) -> Vec<(&str, Range<usize>)> {
    let mut found = Vec::new();
    let mut position = 0;
    while let Some(rest) = text.get(position..) {
        let Some(skipped) = rest.find(|c: char| !c.is_whitespace()) else { break };
        let start = position + skipped;
        let word = text.get(start..).unwrap_or_default();
        let closing = word.strip_prefix(QUOTED).and_then(|value| value.strip_prefix('"')?.find('"'));
        let from = closing.map_or(0, |closing| QUOTED.len() + 1 + closing);
        let length =
            word.get(from..).and_then(|rest| rest.find(char::is_whitespace)).map_or(word.len(), |end| from + end);
        position = start + length;
        found.push((word.get(..length).unwrap_or_default(), start..position));
    }
    found
}
