//! What people see: diagnostics, colours and progress. Results go to stdout, everything else to stderr.

use std::io::{IsTerminal as _, Write as _};

use record::Verdict;

use crate::failure::Failure;
use serde::{Serialize, Serializer};

use crate::exit::Exit;

/// Has `miette` draw diagnostics plainly where nobody looks at a terminal, and says nothing of panics that are no fault of the program:
/// those of the firmware on a virtual board, and of mutants.
pub(crate) fn install_diagnostics() {
    let fancy = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    // A second call is the only failure, and there is one call.
    drop(miette::set_hook(Box::new(move |_| {
        Box::new(miette::MietteHandlerOpts::new().color(fancy).unicode(true).width(110).build())
    })));
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if !testbeds::firmware_runs() && !mutation::is_running() {
            before(panic);
        }
    }));
}

/// Like `eprintln!`, but for who no longer listens: a closed stderr ends nothing and changes no exit code.
macro_rules! tell {
    ($($text:tt)*) => { $crate::output::tell_line(format_args!($($text)*)) };
}
pub(crate) use tell;

/// Tells a person on stderr what stopped the command: faults in files one by one, each with its place.
pub(crate) fn failure(failure: Failure) {
    match failure {
        Failure::Input(faults) => {
            let count = faults.len();
            for fault in faults {
                tell!("{:?}", miette::Report::new(fault));
            }
            if count > 1 {
                tell!("{count} mistakes");
            }
        }
        other => tell!("{:?}", miette::Report::new(other)),
    }
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

/// Prints a line of results, as `println!` does, but bears with a reader that has gone.
macro_rules! say {
    () => { $crate::output::line(format_args!("")) };
    ($($text:tt)*) => { $crate::output::line(format_args!($($text)*)) };
}
pub(crate) use say;

/// Writes one line to stderr, if anybody reads it.
pub(crate) fn tell_line(text: std::fmt::Arguments<'_>) {
    // There is nobody to tell that nobody listens.
    drop(std::io::stderr().write_all(format!("{text}\n").as_bytes()));
}

/// Writes one line to stdout.
pub(crate) fn line(text: std::fmt::Arguments<'_>) {
    write(format!("{text}\n").as_bytes());
}

/// Writes to stdout. Whoever closed the pipe has seen enough; a result that is lost otherwise is an error of its own.
pub(crate) fn write(bytes: &[u8]) {
    match std::io::stdout().write_all(bytes).and_then(|()| std::io::stdout().flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            tell!("stdout cannot be written: {error}");
            std::process::exit(Exit::Error.code().into());
        }
        _ => {}
    }
}

/// Prints one JSON object, its `schema` first.
pub(crate) fn json(value: &serde_json::Value) {
    let ordered = SchemaFirst(value);
    say!("{}", serde_json::to_string_pretty(&ordered).unwrap_or_else(|_| value.to_string()));
}

/// A JSON object whose first key is `schema`: a reader knows what comes before it comes.
struct SchemaFirst<'a>(&'a serde_json::Value);

impl Serialize for SchemaFirst<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Some(object) = self.0.as_object() else { return self.0.serialize(serializer) };
        let (first, rest): (Vec<_>, Vec<_>) = object.iter().partition(|(key, _)| *key == "schema");
        serializer.collect_map(first.into_iter().chain(rest))
    }
}

/// Seconds with three digits, from nanoseconds.
pub(crate) fn seconds(nanoseconds: u64) -> String {
    format!("{}.{:03} s", nanoseconds / 1_000_000_000, nanoseconds / 1_000_000 % 1_000)
}
