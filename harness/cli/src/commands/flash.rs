//! `bootrack testbed flash`: writes to each chip the firmware that belongs on it, and to no other chip.

use std::time::Duration;

use serde_json::json;
use testbeds::connection::{Claim, LockError};
use testbeds::probe::{Chip, Probe, ProbeError};

use crate::arguments::Flash;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::inputs;
use crate::output::{self, say};

/// What became of a board.
enum Outcome {
    /// It holds its firmware already.
    UpToDate,
    /// It was written, and read back.
    Flashed,
}

pub(crate) fn flash(arguments: &Flash) -> Result<Exit, Failure> {
    let (testbed, source) = inputs::testbed(Some(&arguments.testbed))?;
    let probed: Vec<(&String, &Chip)> =
        testbed.connections.iter().filter_map(|(name, connection)| Some((name, connection.chip()?))).collect();
    let known = probed.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ");
    if probed.is_empty() {
        let help = "write probe = { selector = \"VID:PID:SERIAL\", chip = \"nRF52840_xxAA\", firmware = \"...\" } to a [[board]]";
        return Err(Failure::usage_with_help(format!("{}: no board has a `probe`", source.name), help));
    }
    if let Some(unknown) = arguments.boards.iter().find(|board| !probed.iter().any(|(name, _)| name == board)) {
        let message = format!("{}: no board `{unknown}` with a `probe`", source.name);
        return Err(Failure::usage_with_help(message, format!("boards with one: {known}")));
    }
    let chosen = probed.iter().filter(|(name, _)| arguments.boards.is_empty() || arguments.boards.contains(name));
    let chosen: Vec<(&String, &Chip)> = chosen.copied().collect();
    let holder = format!("`bootrack testbed flash` (process {})", std::process::id());
    let things: Vec<&str> = chosen.iter().map(|(_, chip)| chip.selector.as_str()).collect();
    let _claim = Claim::take(things, &holder, Duration::ZERO).map_err(|error| match error {
        LockError::Held { .. } => Failure::usage_with_help(error.to_string(), "wait until that has ended"),
        LockError::Broken { .. } => Failure::usage(error.to_string()),
    })?;
    let mut lines = Vec::new();
    let mut is_good = true;
    for (name, chip) in chosen {
        let outcome = write(chip, arguments);
        let firmware = chip.firmware.as_deref().map(|path| path.display().to_string()).unwrap_or_default();
        let (word, detail) = match &outcome {
            Ok(Outcome::UpToDate) => ("up-to-date", format!("holds {firmware} already")),
            Ok(Outcome::Flashed) => ("flashed", format!("{firmware} written and read back")),
            Err(error) => ("error", error.to_string()),
        };
        is_good &= outcome.is_ok();
        if !arguments.json {
            let mark = if outcome.is_ok() { "ok  " } else { "BAD " };
            say!("{mark} {name:<12} {:<16} {detail}", chip.kind);
            if let Err(error) = &outcome {
                say!("     -> {}", remedy(error));
            }
        }
        lines.push(json!({ "board": name, "chip": chip.kind, "outcome": word, "detail": detail }));
    }
    if arguments.json {
        output::json(&json!({ "schema": "bootrack-flash/1", "testbed": testbed.name, "boards": lines }));
    }
    Ok(if is_good { Exit::Passed } else { Exit::Error })
}

fn write(chip: &Chip, arguments: &Flash) -> Result<Outcome, ProbeError> {
    let mut probe = Probe::open(chip)?;
    if !arguments.force && !arguments.erase && probe.holds_firmware()? {
        // Looking has halted it.
        probe.start()?;
        return Ok(Outcome::UpToDate);
    }
    probe.flash(arguments.erase)?;
    probe.start()?;
    Ok(Outcome::Flashed)
}

/// What to do about it.
fn remedy(error: &ProbeError) -> &'static str {
    match error {
        ProbeError::NotBuilt => "cargo build --release, without --no-default-features",
        ProbeError::Probe { .. } => {
            "plug the probe in, look at its serial number, and at the permissions of its USB device"
        }
        ProbeError::Kind { .. } => "mend `chip`; `probe-rs chip list` has the names",
        ProbeError::Chip { .. } => "look at the debug cable, at the power of the board, and at `chip`",
        ProbeError::Other { .. } => "nothing was written: look where the cables go, or mend `id`",
        ProbeError::Unnamed { .. } => "nothing was written: make sure that it is the right board, and add `id`",
        ProbeError::NoId { .. } => "nothing was written: flash this board by hand",
        ProbeError::NoFirmware => "add `firmware`, an ELF file, or Intel HEX (.hex)",
        ProbeError::Firmware { .. } => "build it (./ci/firmware), or mend `firmware`",
        ProbeError::Flash { .. } => {
            "try once more with --erase; if that fails too, the chip may be protected or worn out"
        }
        ProbeError::Core { .. } => "look at the power of the board and at the debug cable",
    }
}
