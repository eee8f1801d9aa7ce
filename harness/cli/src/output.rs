//! What people see: diagnostics, colours and progress. Results go to stdout, everything else to stderr.

use std::io::IsTerminal as _;

use record::Verdict;

/// Has `miette` draw diagnostics plainly where nobody looks at a terminal.
pub(crate) fn install_diagnostics() {
    let fancy = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    // A second call is the only failure, and there is one call.
    drop(miette::set_hook(Box::new(move |_| {
        Box::new(miette::MietteHandlerOpts::new().color(fancy).unicode(true).width(110).build())
    })));
}

/// Whether stdout takes colours.
pub(crate) fn colours() -> bool {
    std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none()
}

/// A verdict padded to the longest one, coloured where that is wanted.
pub(crate) fn verdict(verdict: Verdict, coloured: bool) -> String {
    let text = format!("{:>14}", verdict.name());
    if !coloured {
        return text;
    }
    let code = match verdict {
        Verdict::Pass => 32,
        Verdict::Fail => 31,
        Verdict::Error => 35,
        Verdict::Inconclusive => 33,
        Verdict::NotApplicable | Verdict::NotRun => 90,
    };
    format!("\x1b[{code}m{text}\x1b[0m")
}

/// Prints one JSON object.
pub(crate) fn json(value: &serde_json::Value) {
    println!("{value:#}");
}

/// Seconds with three digits, from nanoseconds.
pub(crate) fn seconds(nanoseconds: u64) -> String {
    format!("{}.{:03} s", nanoseconds / 1_000_000_000, nanoseconds / 1_000_000 % 1_000)
}
