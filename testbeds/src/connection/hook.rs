//! Commands that a testbed file gives for what a rack cannot do itself: to switch the power of a board, to reset it.

use std::io::Read as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use super::lines::Process;

/// A hook that takes longer than this is stuck.
const ENDS_WITHIN: Duration = Duration::from_secs(30);

/// Runs a command, its words as they are: no shell reads them.
///
/// # Errors
/// Why it did not end well: its own complaint.
pub(crate) fn run(words: &[String]) -> Result<(), String> {
    let Some((program, arguments)) = words.split_first() else { return Err("an empty command".to_owned()) };
    let told = words.join(" ");
    let child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| format!("`{told}` does not start: {error}"))?;
    let mut process = Process(child);
    match process.ends_within(ENDS_WITHIN) {
        Some(status) if status.success() => Ok(()),
        Some(status) => {
            let mut complaint = String::new();
            if let Some(stderr) = &mut process.0.stderr {
                let _ = stderr.read_to_string(&mut complaint);
            }
            let complaint = complaint.trim().lines().last().unwrap_or_default();
            Err(format!("`{told}` failed: {status}; {complaint}"))
        }
        None => Err(format!("`{told}` takes longer than {} s", ENDS_WITHIN.as_secs())),
    }
}
