//! Commands that a testbed file gives for what a rack cannot do itself: to switch the power of a board, to reset it.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// A hook that takes longer than this is stuck.
const ENDS_WITHIN: Duration = Duration::from_secs(30);

/// Runs a command, its words as they are: no shell reads them.
///
/// # Errors
/// Why it did not end well: its own complaint.
pub(crate) fn run(words: &[String]) -> Result<(), String> {
    let Some((program, arguments)) = words.split_first() else { return Err("an empty command".to_owned()) };
    let told = words.join(" ");
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| format!("`{told}` does not start: {error}"))?;
    let until = Instant::now() + ENDS_WITHIN;
    loop {
        match child.try_wait() {
            Ok(Some(status)) => {
                let mut complaint = String::new();
                if let Some(mut stderr) = child.stderr.take() {
                    let _ = std::io::Read::read_to_string(&mut stderr, &mut complaint);
                }
                let complaint = complaint.trim().lines().last().unwrap_or_default().to_owned();
                return if status.success() { Ok(()) } else { Err(format!("`{told}` failed: {status}; {complaint}")) };
            }
            Ok(None) if Instant::now() < until => std::thread::sleep(Duration::from_millis(5)),
            Ok(None) => {
                let _ = child.kill();
                let _ = child.wait();
                return Err(format!("`{told}` takes longer than {} s", ENDS_WITHIN.as_secs()));
            }
            Err(error) => return Err(format!("`{told}`: {error}")),
        }
    }
}
