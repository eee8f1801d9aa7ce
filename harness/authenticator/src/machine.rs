//! What the engine and a tester-side machine say to each other.
//!
//! The engine calls [`Machine::handle`] for every input that concerns the machine, then [`Machine::poll`] until it
//! returns `None`, and again at [`Machine::deadline`]. No machine reads a clock or a source of randomness.

use std::time::Duration;

use protocols::time::Instant;
use record::event::{Because, Key, TransmitStatus};
use wire::Eui64;

/// Something that the engine tells a machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MachineInput<'a> {
    /// An order; it ends in exactly one [`MachineOutput::Done`] or [`MachineOutput::Refused`].
    Order {
        /// A line of text as a suite writes it.
        line: &'a str,
        /// When the machine gives it up, and says what it waited for; `None`: never.
        within: Option<Duration>,
    },
    /// An IPv6 packet arrived at the machine's backbone port.
    Backbone(&'a [u8]),
    /// The tester radio received a frame; its PSDU without FCS.
    Received(&'a [u8]),
    /// The sniffer saw a frame, whoever sent it to whom; its PSDU without FCS.
    Overheard(&'a [u8]),
    /// What became of the frame of a [`MachineOutput::Inject`].
    TransmitDone {
        /// The handle of that frame.
        handle: u64,
        /// The radio's report.
        status: TransmitStatus,
    },
}

/// Something that a machine wants done or known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MachineOutput {
    /// Send an IPv6 packet from the machine's backbone port.
    Backbone {
        /// The whole packet.
        packet: Vec<u8>,
        /// Why it is wrong on purpose, if it is.
        wrong_on_purpose: Option<String>,
    },
    /// Transmit a frame from the tester radio.
    Inject {
        /// Unique in this machine; the [`MachineInput::TransmitDone`] bears it.
        handle: u64,
        /// PSDU without FCS.
        psdu: Vec<u8>,
        /// `None`: the radio computes the FCS.
        fcs: Option<u16>,
        /// Why it is wrong on purpose, if it is.
        wrong_on_purpose: Option<String>,
    },
    /// Have the tester radio acknowledge unicast frames to these EUI-64s; replaces what was said before.
    Impersonate {
        /// Empty: acknowledge nothing.
        eui64: Vec<Eui64>,
        /// PAN identifier of the network.
        pan_id: u16,
    },
    /// A secret that decrypts captured traffic.
    KeyLearnt(Key),
    /// An order was carried out.
    Done {
        /// The order as it was given.
        order: String,
    },
    /// An order was not carried out.
    Refused {
        /// The order as it was given.
        order: String,
        /// Why: a fragment that fits after "refused: ".
        reason: String,
        /// Whose doing, if that is known.
        because: Option<Because>,
    },
    /// The machine itself is broken: the case ends in `error`.
    Fault(String),
    /// For the log.
    Log(String),
}

/// A tester-side station.
pub trait Machine {
    /// Takes one input.
    fn handle(&mut self, now: Instant, input: MachineInput<'_>);

    /// The next thing to do or to know, what is due at `now` included; to be called until it returns `None`.
    fn poll(&mut self, now: Instant) -> Option<MachineOutput>;

    /// When [`Machine::poll`] must be called next, if there is no input before.
    fn deadline(&self) -> Option<Instant>;
}

/// Why an order is not carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) reason: String,
    pub(crate) because: Option<Because>,
}

impl Refusal {
    /// For a reason that is neither the order's nor, for all that the machine knows, the device's.
    pub(crate) fn unclear(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), because: None }
    }

    /// For what the device said.
    pub(crate) fn of_the_device(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), because: Some(Because::Device) }
    }

    /// For what did not come in time.
    pub(crate) fn of_time(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), because: Some(Because::Time) }
    }

    pub(crate) fn output(self, order: String) -> MachineOutput {
        MachineOutput::Refused { order, reason: self.reason, because: self.because }
    }
}

/// What is wrong with an order.
impl From<String> for Refusal {
    fn from(reason: String) -> Self {
        Self { reason, because: Some(Because::Order) }
    }
}

impl From<&str> for Refusal {
    fn from(reason: &str) -> Self {
        reason.to_owned().into()
    }
}
