//! The one place in which records are written: each of them whole or not at all, and counted.

/// The writes to a store, and on the host the power to write with.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Flash {
    pub(crate) writes: u64,
    #[cfg(feature = "mutants")]
    power: Power,
}

/// When the power goes, counted in records written since the store was new: for tests on the host.
#[cfg(feature = "mutants")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PowerLoss {
    /// In the moment in which this record would be written: it is lost.
    Before(u64),
    /// As soon as this record is written.
    After(u64),
}

/// Whether there is power to write with.
#[cfg(feature = "mutants")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Power {
    goes: Option<PowerLoss>,
    is_gone: bool,
}

impl Flash {
    /// Writes one record: `change` is what flash holds afterwards.
    pub(crate) fn record(&mut self, change: impl FnOnce()) {
        let record = self.writes.saturating_add(1);
        #[cfg(feature = "mutants")]
        if self.power.is_gone || self.power.goes == Some(PowerLoss::Before(record)) {
            self.power.is_gone = true;
            return;
        }
        change();
        self.writes = record;
        #[cfg(feature = "mutants")]
        if self.power.goes == Some(PowerLoss::After(record)) {
            self.power.is_gone = true;
        }
    }
}

/// Power cuts at writes, for tests on the host.
#[cfg(feature = "mutants")]
impl Flash {
    /// Says when the power is to go; after that nothing is written any more.
    pub(crate) fn cut_power(&mut self, at: PowerLoss) {
        self.power.goes = Some(at);
    }

    /// Whether it has gone.
    pub(crate) fn power_is_gone(&self) -> bool {
        self.power.is_gone
    }
}
