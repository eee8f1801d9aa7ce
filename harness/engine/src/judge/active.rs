//! The step that is on, and what it waits for.

/// The step that is on.
pub(super) struct Active {
    pub(super) step: usize,
    /// Event and time of its start.
    pub(super) n: u64,
    pub(super) t: u64,
    pub(super) phase: Phase,
}

/// What it waits for.
pub(super) enum Phase {
    /// Waiting for a board's `booted` event.
    Booting { board: String },
    /// Waiting for the answer to the request with this number (known once the request was seen).
    Answer { board: String, seq: Option<u32> },
    /// Waiting for a machine to finish this order (known once it was given).
    Order { machine: String, order: Option<String> },
    /// Waiting for the transmit status of injected frames.
    Transmitting,
    /// Waiting for PDUs.
    Observing,
    /// Proving that the board lives before the `never` window opens.
    AliveBefore { seq: Option<u32> },
    /// The `never` window is open; the first answer's event, and the end.
    Watching { opened: u64, until: u64 },
    /// Proving that the board still lives.
    AliveAfter { opened: u64, watched_until: u64, seq: Option<u32> },
    /// Letting time pass.
    Passing { until: u64 },
}
