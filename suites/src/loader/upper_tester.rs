//! Commands for an upper tester in a suite, `ut dut join key=value`: those of the table of UT/1 (`wire::upper_tester`).

use std::ops::Range;

use wire::upper_tester::table;

use crate::loader::line::{QUOTED, check_arguments, from_first};
use crate::tree::{Faults, Node, suggest};

/// A UT/1 line is no longer than this, its number included.
const LONGEST_COMMAND: usize = 500;

/// Checks the words of an upper-tester command and returns its text.
pub(crate) fn upper_tester_command(
    node: &Node,
    text: &str,
    words: &[(&str, Range<usize>)],
    faults: &mut Faults<'_>,
) -> Option<String> {
    let Some(((name, place), arguments)) = words.split_first() else {
        faults.add(&node.span, "the upper-tester command is missing", suggest("", names()));
        return None;
    };
    let Some(known) = table::command(name) else {
        let help = suggest(name, names());
        faults.add(&node.part(place.clone(), faults.source), format!("unknown upper-tester command `{name}`"), help);
        return None;
    };
    // Nothing is missing: a device may be given half a command on purpose.
    let keys: Vec<&str> = known.keys.iter().map(|key| key.name).collect();
    check_arguments(node, name, arguments, (&keys, 0), faults);
    let mut command = from_first(text, words)?;
    // From the end, so that the places of the others stay right.
    let first = words.first()?.1.start;
    for (word, place) in words.iter().rev() {
        if let Some(quoted) = quoted(word) {
            command.replace_range(place.start - first..place.end - first, &format!("{QUOTED}{}", spelled(quoted)));
        }
    }
    if command.len() > LONGEST_COMMAND || !command.chars().all(|c| c.is_ascii_graphic() || c == ' ') {
        let help = format!("at most {LONGEST_COMMAND} printable ASCII characters on one line");
        faults.add(&node.span, "the command does not fit a UT/1 line", help);
        return None;
    }
    Some(command)
}

fn names() -> impl Iterator<Item = &'static str> + Clone {
    table::commands().map(|command| command.name)
}

/// What stands between the quotation marks of `text="..."`.
fn quoted(word: &str) -> Option<&str> {
    word.strip_prefix(QUOTED)?.strip_prefix('"')?.strip_suffix('"')
}

/// Text as a value of UT/1; references in it stay what they are.
fn spelled(text: &str) -> String {
    wire::upper_tester::encode_text(text)
}
