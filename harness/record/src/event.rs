//! One case's log: every action, observation, step start, deadline reached and key learnt, in order, on one clock.
//!
//! A log is JSON Lines, one [`Event`] a line, numbered from 1 without a gap; [`crate::log`] writes and reads it.

use serde::{Deserialize, Serialize};

use crate::Octets;

/// The version string of the log format, first in every log.
pub const EVENTS_SCHEMA: &str = "bootrack-events/1";

/// One line of `events.jsonl`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// Position in the log, from 1, without a gap.
    pub n: u64,
    /// Nanoseconds since the case began.
    pub t: u64,
    /// What happened.
    pub what: What,
}

/// What an event tells of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum What {
    /// The first event of a log.
    CaseStarted {
        /// [`EVENTS_SCHEMA`].
        schema: String,
        /// Case ID with its parameter row, path-safe.
        case: String,
        /// The case seed: 64 hex digits.
        seed: Octets,
    },
    /// The tester did something.
    Action(Action),
    /// The rack saw something.
    Observation(Observation),
    /// The engine began a step of the plan.
    StepStarted {
        /// Index into the case's steps, preamble included, from 0.
        step: usize,
    },
    /// The clock reached the deadline the judge had named.
    DeadlineReached {
        /// The step whose deadline it was.
        step: usize,
    },
    /// The tester learnt a secret that the observer needs for decryption.
    KeyLearnt(Key),
    /// The last event of a log: the engine ran out of steps or gave up.
    CaseEnded,
}

/// Something the tester did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Action {
    /// Switch a board's power.
    Power {
        /// Board name in the topology.
        board: String,
        /// On or off.
        on: bool,
    },
    /// Pulse a board's reset line: volatile state is lost, the store is kept.
    Reset {
        /// Board name.
        board: String,
    },
    /// Write one line to a board's upper tester (without the line end), e.g. `> 7 join`.
    UpperTester {
        /// Board name.
        board: String,
        /// The line.
        line: String,
    },
    /// Transmit a frame from the tester radio.
    Inject {
        /// Name of the tester radio.
        radio: String,
        /// Chosen by the tester; the transmit status bears it.
        handle: u64,
        /// PSDU without FCS.
        psdu: Octets,
        /// `None`: the radio computes the FCS.
        fcs: Option<u16>,
        /// Why this frame is wrong on purpose, if it is.
        wrong_on_purpose: Option<String>,
    },
    /// Have the tester radio answer unicast frames to these EUI-64s with acknowledgements.
    Impersonate {
        /// Name of the tester radio.
        radio: String,
        /// 16 hex digits each.
        eui64: Vec<String>,
        /// PAN identifier of the network.
        pan_id: u16,
    },
    /// Send an IPv6 packet from a backbone port.
    Backbone {
        /// Port name, e.g. `ct`.
        port: String,
        /// The IPv6 packet.
        packet: Octets,
        /// Why this packet is wrong on purpose, if it is.
        wrong_on_purpose: Option<String>,
    },
    /// Give an order to a tester-side machine, e.g. machine `ct`, order `select 00124b0000000003`.
    Machine {
        /// Machine name.
        machine: String,
        /// The order as a line of text.
        order: String,
    },
    /// Show an operator what to do by hand.
    Prompt {
        /// What to do.
        text: String,
    },
}

/// Why an order was not carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Because {
    /// Of the order itself: it asks for what the machine cannot do, and nothing was tried.
    Order,
    /// Of what the device said.
    Device,
    /// Of what did not come while the order's time ran.
    Time,
}

/// Something the rack saw.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Observation {
    /// A sniffer captured a frame; the event's time is the frame's end.
    Frame {
        /// Sniffer name.
        sniffer: String,
        /// Channel number, 11 to 26.
        channel: u8,
        /// The PSDU with its two FCS octets.
        psdu: Octets,
        /// Received power in dBm.
        rssi_dbm: i8,
    },
    /// The tester radio received a frame (FCS checked by the radio and removed).
    Received {
        /// Name of the tester radio.
        radio: String,
        /// PSDU without FCS.
        psdu: Octets,
        /// Received power in dBm.
        rssi_dbm: i8,
    },
    /// What became of a transmission of the tester radio.
    TransmitStatus {
        /// Name of the tester radio.
        radio: String,
        /// The handle of the [`Action::Inject`].
        handle: u64,
        /// The result.
        status: TransmitStatus,
    },
    /// A line came from a board's upper tester (without the line end).
    UpperTester {
        /// Board name.
        board: String,
        /// The line.
        line: String,
    },
    /// A log line came from a board.
    Log {
        /// Board name.
        board: String,
        /// The line.
        line: String,
    },
    /// An IPv6 packet arrived at a backbone port.
    Backbone {
        /// Port name, e.g. `ct`.
        port: String,
        /// The IPv6 packet.
        packet: Octets,
    },
    /// A tester-side machine has finished an order.
    Order {
        /// Machine name.
        machine: String,
        /// The order, as it was given.
        order: String,
        /// Why it could not be done, if so.
        refused: Option<String>,
        /// Whose doing that is, where the machine knows.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        because: Option<Because>,
    },
    /// An operator confirmed a prompt.
    Confirmed {
        /// The prompt's text.
        text: String,
    },
    /// A board is gone: unplugged, hung, not answering its probe.
    BoardLost {
        /// Board name.
        board: String,
        /// What the backend saw.
        reason: String,
    },
    /// The firmware of a board says that it panicked, or that its processor faulted. It starts anew, if it can.
    Crashed {
        /// Board name.
        board: String,
        /// What the firmware says.
        reason: String,
    },
    /// A sniffer knows that it missed frames.
    CaptureGap {
        /// Sniffer name.
        sniffer: String,
        /// What the backend saw.
        reason: String,
    },
    /// The rack is not what its file says, or could not do what it must: what follows says nothing of a device.
    RackFault {
        /// Which board, radio or line.
        part: String,
        /// What is wrong, as a sentence that names it.
        reason: String,
    },
    /// A board whose addresses the testbed has the rack learn has told or shown one; what bears it comes after this event.
    Address {
        /// Board name.
        board: String,
        /// Its extended address, 16 hex digits, if that is what was learnt.
        eui64: Option<String>,
        /// Its short address, `0x1234`, if that is what was learnt.
        short: Option<String>,
        /// `hello`: its upper tester said so; `radio`: its radio sends by it.
        by: String,
    },
    /// The tester itself failed: a machine or a backend reported an internal error.
    TesterFault {
        /// Which part.
        part: String,
        /// What it reported.
        reason: String,
    },
}

/// The MAC's answer to a transmission (MCPS-DATA.confirm).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TransmitStatus {
    /// Sent, and acknowledged if an acknowledgement was asked for.
    Success,
    /// Sent macMaxFrameRetries + 1 times, never acknowledged.
    NoAck,
    /// CSMA-CA gave up.
    ChannelAccessFailure,
}

/// A secret that decrypts captured traffic.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Key {
    /// An IEEE 802.15.4 link key, key identifier mode 1.
    Link {
        /// Key index.
        index: u8,
        /// 16 octets.
        key: Octets,
    },
    /// The master secret of a DTLS session.
    Dtls {
        /// 32 octets: which session.
        client_random: Octets,
        /// 48 octets.
        master_secret: Octets,
    },
    /// Any other secret.
    Secret {
        /// Which kind: `protocol` of one of [`dissect::KINDS`].
        protocol: String,
        /// What it is for, as its kind says; empty: everything.
        session: Octets,
        /// The secret itself.
        secret: Octets,
    },
}

impl Key {
    /// The word for its kind, its session and the secret, in the one shape of [`dissect::KINDS`].
    pub fn parts(&self) -> (&str, &[u8], &[u8]) {
        match self {
            Self::Link { index, key } => ("link", std::slice::from_ref(index), &key.0),
            Self::Dtls { client_random, master_secret } => ("dtls", &client_random.0, &master_secret.0),
            Self::Secret { protocol, session, secret } => (protocol, &session.0, &secret.0),
        }
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Link { index, .. } => write!(f, "Link {{ index: {index}, .. }}"),
            Self::Dtls { client_random, .. } => write!(f, "Dtls {{ client_random: {client_random:?}, .. }}"),
            Self::Secret { protocol, session, .. } => {
                write!(f, "Secret {{ protocol: {protocol:?}, session: {session:?}, .. }}")
            }
        }
    }
}
