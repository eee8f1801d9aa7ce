//! What stands for probes in a build that speaks to none: there is no such value, and asking for one says why.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use super::{Chip, ProbeError, SharedProbe};

/// A probe that cannot be.
pub enum Probe {}

/// No probe is seen.
pub fn plugged_in() -> Vec<(String, String)> {
    Vec::new()
}

impl Probe {
    /// There is none.
    ///
    /// # Errors
    /// [`ProbeError::NotBuilt`], always.
    pub fn attach(_: &Chip) -> Result<Self, ProbeError> {
        Err(ProbeError::NotBuilt)
    }

    /// There is none.
    ///
    /// # Errors
    /// [`ProbeError::NotBuilt`], always.
    pub fn open(chip: &Chip) -> Result<Self, ProbeError> {
        Self::attach(chip)
    }

    /// What no chip says of itself.
    ///
    /// # Errors
    /// None: there is no probe to ask.
    pub fn id(&mut self) -> Result<Option<String>, ProbeError> {
        match *self {}
    }

    /// Whether no flash holds an image.
    ///
    /// # Errors
    /// None: there is no probe to ask.
    pub fn holds_firmware(&mut self) -> Result<bool, ProbeError> {
        match *self {}
    }

    /// Writes to no chip.
    ///
    /// # Errors
    /// None: there is no probe to write by.
    pub fn flash(&mut self, _: bool) -> Result<(), ProbeError> {
        match *self {}
    }

    /// Starts no chip.
    ///
    /// # Errors
    /// None: there is no probe to start one by.
    pub fn start(&mut self) -> Result<(), ProbeError> {
        match *self {}
    }

    /// Holds no chip.
    ///
    /// # Errors
    /// None: there is no probe to hold one by.
    pub fn hold(&mut self) -> Result<(), ProbeError> {
        match *self {}
    }
}

/// Nothing logs.
pub(crate) fn follow(_: SharedProbe, _: Arc<AtomicBool>, _: impl FnMut(String) -> bool + Send + 'static) {}
