//! The words of a topology's text, and what is wrong with them.

use std::ops::Range;

/// The longest network that the virtual rack is measured with, and as many boards again; boards are numbered in two octets
/// of their EUI-64.
pub(super) const MOST_BOARDS: usize = 400;

/// What is wrong with a topology, and where in its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopologyFault {
    /// Octets of the topology's text.
    pub place: Range<usize>,
    /// A lower-case fragment.
    pub message: String,
    /// What to do; may be empty.
    pub help: String,
}

pub(super) fn fault(place: Range<usize>, message: impl Into<String>, help: impl Into<String>) -> TopologyFault {
    TopologyFault { place, message: message.into(), help: help.into() }
}

/// A word and its place in the text.
pub(super) type Word<'a> = (&'a str, Range<usize>);

/// The words of a text that begins at this octet of the whole.
pub(super) fn words(text: &str, offset: usize) -> Vec<Word<'_>> {
    let mut found = Vec::new();
    let mut position = 0;
    for piece in text.split_whitespace() {
        let start = text.get(position..).and_then(|rest| rest.find(piece)).unwrap_or(0) + position;
        position = start + piece.len();
        found.push((piece, offset + start..offset + position));
    }
    found
}
