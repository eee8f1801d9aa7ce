//! Debug probes: whose chip it is, what its flash holds, and how it begins anew. `probe-rs` speaks to them.
//!
//! Nothing is written to a chip before it has said that it is the one of the testbed file: a probe that hangs on another board
//! would overwrite that one.
//!
//! `probe-rs` is a third of all crates that are built. Without the feature `probe` there is no probe, and whoever asks for one is
//! told so.

#[cfg(not(feature = "probe"))]
mod absent;
#[cfg(feature = "probe")]
mod attached;
#[cfg(feature = "probe")]
mod log;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

#[cfg(not(feature = "probe"))]
pub(crate) use absent::follow;
#[cfg(not(feature = "probe"))]
pub use absent::{Probe, plugged_in};
#[cfg(feature = "probe")]
pub use attached::{Probe, plugged_in};
#[cfg(feature = "probe")]
pub(crate) use log::follow;

/// A chip and the probe on it, as the testbed file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chip {
    /// VID, PID and serial number of the probe: `1366:1051:000683123456`.
    pub selector: String,
    /// The kind of chip, by its name in `probe-rs`: `nRF52840_xxAA`.
    pub kind: String,
    /// What the chip says of itself: 16 hex digits. Nothing is written to another one.
    pub id: Option<String>,
    /// The image that belongs on it: ELF, Intel HEX (`.hex`) or UF2 (`.uf2`).
    pub firmware: Option<PathBuf>,
}

/// Why a probe or its chip did not do what it should.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    /// The program was built without what speaks to probes.
    #[error(
        "this build of bootrack speaks to no debug probes: build it with the feature `probe`, as the shipped one is"
    )]
    NotBuilt,
    /// There is no such probe, or it cannot be opened.
    #[error("probe {selector}: {reason}")]
    Probe {
        /// Which probe.
        selector: String,
        /// Why.
        reason: String,
    },
    /// There is no such kind of chip.
    #[error("`probe-rs` knows no chip `{kind}`: {reason}")]
    Kind {
        /// What the testbed file says.
        kind: String,
        /// Why.
        reason: String,
    },
    /// The chip does not answer, or as another kind would.
    #[error("probe {selector} finds no {kind}: {reason}")]
    Chip {
        /// Which probe.
        selector: String,
        /// Which kind of chip.
        kind: String,
        /// Why.
        reason: String,
    },
    /// Another chip of the same kind.
    #[error(
        "the chip at probe {selector} is {found}, and the testbed file says {wanted}: is the probe on another board?"
    )]
    Other {
        /// Which probe.
        selector: String,
        /// What it says.
        found: String,
        /// What the testbed file says.
        wanted: String,
    },
    /// The testbed file does not say which chip.
    #[error("the testbed file does not say which chip is meant: the one at probe {selector} is `id = \"{found}\"`")]
    Unnamed {
        /// Which probe.
        selector: String,
        /// What it says.
        found: String,
    },
    /// A chip without a number that is known here.
    #[error("a {kind} has no number that is known here: its board cannot be told from another")]
    NoId {
        /// Which kind of chip.
        kind: String,
    },
    /// The testbed file names no image.
    #[error("the testbed file names no `firmware`")]
    NoFirmware,
    /// The image cannot be read, or fits no such chip.
    #[error("{}: {reason}", path.display())]
    Firmware {
        /// Which image.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// Erasing, writing or reading back failed.
    #[error("flash of the chip at probe {selector}: {reason}")]
    Flash {
        /// Which probe.
        selector: String,
        /// Why.
        reason: String,
    },
    /// A core that does not halt, start or let its memory be read.
    #[error("core of the chip at probe {selector}: {reason}")]
    Core {
        /// Which probe.
        selector: String,
        /// Why.
        reason: String,
    },
}

/// A probe that a board and the reader of its log share. One that has failed is opened anew: the board may have been without
/// power, or unplugged.
#[derive(Clone)]
pub(crate) struct SharedProbe(Arc<Mutex<Held>>);

struct Held {
    chip: Chip,
    probe: Option<Probe>,
}

impl SharedProbe {
    pub(crate) fn open(chip: &Chip) -> Result<Self, ProbeError> {
        let shared = Self(Arc::new(Mutex::new(Held { chip: chip.clone(), probe: None })));
        shared.with(|_| Ok(()))?;
        Ok(shared)
    }

    /// Does something with the open probe.
    pub(crate) fn with<T>(&self, act: impl FnOnce(&mut Probe) -> Result<T, ProbeError>) -> Result<T, ProbeError> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut probe = match held.probe.take() {
            Some(probe) => probe,
            None => Probe::open(&held.chip)?,
        };
        let done = act(&mut probe)?;
        held.probe = Some(probe);
        Ok(done)
    }
}
