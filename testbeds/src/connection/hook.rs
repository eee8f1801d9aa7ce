//! Commands that a testbed file gives for what a rack cannot do itself: to switch the power of a board, to reset it.

use std::io::{self, Read as _};
use std::process::{Command, ExitStatus, Stdio};
use std::time::Duration;

use super::lines::Process;

/// A hook that takes longer than this is stuck.
const ENDS_WITHIN: Duration = Duration::from_secs(30);

/// Why a command did not do what it was to do.
#[derive(Debug, thiserror::Error)]
pub enum HookError {
    /// It has no words.
    #[error("an empty command")]
    Empty,
    /// The system does not start it.
    #[error("`{command}` does not start: {source}")]
    Start {
        /// Its words.
        command: String,
        /// The system's reason.
        source: io::Error,
    },
    /// It says that it failed.
    #[error("`{command}` failed: {status}; {complaint}")]
    Failed {
        /// Its words.
        command: String,
        /// How it ended.
        status: ExitStatus,
        /// The last line that it wrote to its standard error.
        complaint: String,
    },
    /// It does not end; it was killed.
    #[error("`{command}` takes longer than {} s", ENDS_WITHIN.as_secs())]
    Stuck {
        /// Its words.
        command: String,
    },
}

/// Runs a command, its words as they are: no shell reads them.
///
/// # Errors
/// Why it did not end well: its own complaint.
pub(crate) fn run(words: &[String]) -> Result<(), HookError> {
    let (program, arguments) = words.split_first().ok_or(HookError::Empty)?;
    let command = words.join(" ");
    let started =
        Command::new(program).args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
    let mut process = match started {
        Ok(child) => Process(child),
        Err(source) => return Err(HookError::Start { command, source }),
    };
    match process.ends_within(ENDS_WITHIN) {
        Some(status) if status.success() => Ok(()),
        Some(status) => {
            let mut complaint = String::new();
            if let Some(stderr) = &mut process.0.stderr {
                let _ = stderr.read_to_string(&mut complaint);
            }
            let complaint = complaint.trim().lines().last().unwrap_or_default().to_owned();
            Err(HookError::Failed { command, status, complaint })
        }
        None => Err(HookError::Stuck { command }),
    }
}
