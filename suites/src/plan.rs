//! The plan: what the engine runs and the judge judges. Everything in it is resolved; nothing in it is text to be
//! interpreted later, but for what a report shows.

use std::collections::BTreeMap;
use std::net::Ipv6Addr;
use std::time::Duration;

use record::table::Place;
use serde::{Deserialize, Serialize};

use crate::device::DeviceFacts;
use crate::monitor::Monitors;

/// One case with one row of its parameters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// Case ID with its parameter row, path-safe: `SEL-JSR-01` or `SEL-JSR-01@channel=26`.
    pub id: String,
    /// Case ID as the suite names it.
    pub base: String,
    /// Suite name (the file's stem unless it says otherwise).
    pub suite: String,
    /// Life-cycle phase.
    pub phase: String,
    /// Test purpose, one sentence.
    pub purpose: String,
    /// Clause IDs that the case tests.
    pub clauses: Vec<String>,
    /// PICS symbols that must be claimed.
    pub pics: Vec<String>,
    /// Which boards there are and who hears whom.
    pub topology: Topology,
    /// This row's parameters, as text.
    pub params: BTreeMap<String, String>,
    /// Mutants that this case kills.
    pub kills: Vec<String>,
    /// Who outside of this house judged the mechanism that its verdict rests on, by the names of [`crate::oracles`]; nobody, if it is
    /// empty. `None` if the suite does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oracle: Option<Vec<String>>,
    /// The table that it shares with other cases, if it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table: Option<Place>,
    /// What the case is about.
    #[serde(default, skip_serializing_if = "Iut::is_device")]
    pub iut: Iut,
    /// The state that the preamble leaves the device in, read back before the body begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry: Option<State>,
    /// The state that the body leaves the device in, read back after its last step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit: Option<State>,
    /// The security level at which the network's key is handed out: that of the device (PIXIT).
    #[serde(default = "profile_level", skip_serializing_if = "is_profile_level")]
    pub security_level: u8,
    /// What else of the device is not as the profile has it (PIXIT).
    #[serde(default, skip_serializing_if = "DeviceFacts::is_profile")]
    pub device: DeviceFacts,
    /// Preamble, body and postamble in order.
    pub steps: Vec<Step>,
    /// What is watched beside its steps; stored once with the plan, since all of its cases share it.
    #[serde(skip)]
    pub monitors: Monitors,
    /// Where it stands: file and line.
    pub origin: Origin,
}

/// The profile's security level (`PROFILE-SEL` 7).
pub const PROFILE_LEVEL: u8 = 5;

fn profile_level() -> u8 {
    PROFILE_LEVEL
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_profile_level(level: &u8) -> bool {
    *level == PROFILE_LEVEL
}

/// The implementation under test (ISO/IEC 9646), by its name in a topology: whose departure from a clause is a `fail`. It is the
/// board `dut`, or a station of the tester; then the board `dut` is a reference device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct Iut(String);

/// The board that is the device under test.
pub const DUT: &str = "dut";

impl Iut {
    /// The device, or a station of this name.
    pub fn new(name: impl Into<String>) -> Self {
        Self(name.into())
    }

    /// Its name in a topology, which is also the word in a suite.
    pub fn name(&self) -> &str {
        &self.0
    }

    /// Whether the device is under test.
    pub fn is_device(&self) -> bool {
        self.0 == DUT
    }
}

impl Default for Iut {
    fn default() -> Self {
        Self::new(DUT)
    }
}

impl From<String> for Iut {
    /// The words of older plans too.
    fn from(text: String) -> Self {
        match text.as_str() {
            "device" => Self::default(),
            "commissioning_tool" => Self::new("ct"),
            _ => Self(text),
        }
    }
}

impl From<Iut> for String {
    fn from(iut: Iut) -> Self {
        iut.0
    }
}

/// A state in the life of a device, as a case declares it (`SECC` 3): the states of UT/1, with `closed` set apart from
/// `secured`, and `off` for a device without power.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Switched off: nothing can be asked of it.
    Off,
    /// Without trust anchor.
    Factory,
    /// A trust anchor, no site.
    Manufactured,
    /// A site; no join request was sent since boot.
    Installed,
    /// A join request was sent.
    Joining,
    /// A site and no network key: installed or joining, whatever makes the device send its join requests.
    Unsecured,
    /// A network key is held, whichever mechanism brought it.
    Keyed,
    /// A network key is held, and ALL_SECURED is false.
    Secured,
    /// A network key is held, and ALL_SECURED is true.
    Closed,
}

impl State {
    /// Every state, in the order of a life.
    pub const ALL: [Self; 9] = [
        Self::Off,
        Self::Factory,
        Self::Manufactured,
        Self::Installed,
        Self::Joining,
        Self::Unsecured,
        Self::Keyed,
        Self::Secured,
        Self::Closed,
    ];

    /// The word in a suite and in a report.
    pub fn name(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Factory => "factory",
            Self::Manufactured => "manufactured",
            Self::Installed => "installed",
            Self::Joining => "joining",
            Self::Unsecured => "unsecured",
            Self::Keyed => "keyed",
            Self::Secured => "secured",
            Self::Closed => "closed",
        }
    }

    /// The state of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}

impl std::fmt::Display for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// A place in a suite file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Origin {
    /// File name.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
}

/// Boards and their adjacency. A name's role: the name of a kind of station is that station (`ct` the commissioning tool at the
/// backbone, `tester...` a tester radio); `lbr` is a 6LBR; every other name is a 6LR; `dut` is the device under test in the role
/// that the case's `dut_role` says (default `6lr`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Topology {
    /// The text as written, e.g. `line: ct lbr router dut`.
    pub text: String,
    /// Every board, in order of mention.
    pub boards: Vec<Board>,
    /// Pairs of boards that hear each other (indices into `boards`); stations at the backbone are linked to the 6LBR by that.
    pub links: Vec<(usize, usize)>,
    /// How its boards come to their routes.
    #[serde(default, skip_serializing_if = "Routing::is_tree")]
    pub routing: Routing,
}

/// How the boards of a topology come to their routes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Routing {
    /// They are told: a parent, and a route for each board below.
    #[default]
    Tree,
    /// By RPL (RFC 6550).
    Rpl,
}

impl Routing {
    /// Whether routes are configured.
    pub fn is_tree(&self) -> bool {
        *self == Self::Tree
    }
}

/// One board of a topology.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Board {
    /// Its name.
    pub name: String,
    /// What it is.
    pub role: Role,
}

/// What a board of a topology is. Older plans know one kind of station at each place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// A station of the tester at the backbone; no radio.
    #[serde(alias = "commissioning_tool")]
    BackboneStation,
    /// 6LoWPAN border router.
    BorderRouter,
    /// 6LoWPAN router: joiner, unsecured or secured.
    Router,
    /// A station of the tester at a radio: injects frames, imitates neighbours.
    #[serde(alias = "tester_radio")]
    RadioStation,
}

impl Role {
    /// Whether it runs firmware, and so has an upper tester.
    pub fn has_firmware(self) -> bool {
        matches!(self, Self::BorderRouter | Self::Router)
    }

    /// Whether it has a radio.
    pub fn has_radio(self) -> bool {
        self != Self::BackboneStation
    }

    /// Whether it is at the backbone.
    pub fn is_at_backbone(self) -> bool {
        matches!(self, Self::BackboneStation | Self::BorderRouter)
    }

    /// Whether it is a station of the tester, with orders of its own.
    pub fn is_station(self) -> bool {
        !self.has_firmware()
    }
}

/// Which part of a case a step belongs to; a failed preamble is inconclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// Put before every case by the engine: the adapters' self-test and the proof of the entry state. A failure is an
    /// `error` of the rack.
    EntryCheck,
    /// `[[case.setup]]`.
    Preamble,
    /// Put by the engine behind the preamble of a case that declares `entry`: reads the device's state back. A failure is
    /// inconclusive, as that of a preamble.
    EntryState,
    /// `[[case.step]]`.
    Body,
    /// Put by the engine behind the body of a case that declares `exit`: reads the device's state back. It is read after a
    /// failed body too, and then changes no verdict.
    ExitState,
    /// `[[case.teardown]]`; changes no verdict but `error`.
    Postamble,
}

/// One step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// Which part of the case.
    pub part: Part,
    /// One line for people: what the step does or expects, as near to the suite's text as can be.
    pub text: String,
    /// Clauses that this step decides; the case's clauses if the suite names none here.
    pub clauses: Vec<String>,
    /// The procedure that it was expanded from, if any.
    pub procedure: Option<String>,
    /// What to do or to judge.
    pub kind: StepKind,
}

/// What a step does or judges.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum StepKind {
    /// Act; the step ends with the act's confirmation (upper tester's answer, transmit status, or at once).
    Do(Command),
    /// Wait for one PDU (or `count` of them) and judge it.
    Expect(Expect),
    /// Several expectations, in any order, each by its own PDU.
    Unordered(Vec<Expect>),
    /// One of several expectations; the first PDU that any of them names decides.
    Alternatives(Vec<Expect>),
    /// No PDU may match during this time.
    Never(Never),
    /// Ask a board's upper tester and judge its answer.
    Check(Check),
    /// Craft and transmit.
    Send(Send),
    /// From now on, change what a tester machine sends.
    Deviate(Deviation),
    /// Let time pass.
    Wait {
        /// How long.
        #[serde(with = "nanoseconds")]
        duration: Duration,
    },
    /// Ask an operator.
    Prompt {
        /// What to do.
        text: String,
    },
}

/// An act.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Command {
    /// Switch a board on (true) or off.
    Power {
        /// Board name.
        board: String,
        /// On or off.
        on: bool,
    },
    /// Pulse a board's reset line.
    Reset {
        /// Board name.
        board: String,
    },
    /// Send a command to a board's upper tester; `ok` must come back within [`UPPER_TESTER_TIMEOUT`].
    UpperTester {
        /// Board name.
        board: String,
        /// Command word and arguments, without the number; values may hold `$name.field` references.
        command: String,
        /// What must come back: `ok` (default), `error` with this code, ...
        answer: Answer,
    },
    /// Give an order to a station of the tester.
    Machine {
        /// Machine name.
        machine: String,
        /// Order and arguments; values may hold `$name.field` references.
        order: String,
        /// What must come of it: `ok` (default: done), or `error` (the machine must report that it was refused).
        answer: Answer,
        /// How long the machine may work on it; `None` in plans of older versions, and for an answer that nobody waits for.
        #[serde(default, with = "maybe_nanoseconds", skip_serializing_if = "Option::is_none")]
        within: Option<Duration>,
    },
}

/// What an upper tester's answer must be for the step to go on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// `ok`.
    Ok,
    /// `error code=...`: the device must refuse, with this code if one is given.
    Error(Option<String>),
    /// `unimplemented`: how an adapter must answer a command that does not exist.
    Unimplemented,
    /// Not waited for: what comes of an order is seen by later steps.
    Later,
}

/// How long an upper tester may take to answer.
pub const UPPER_TESTER_TIMEOUT: Duration = Duration::from_secs(2);

/// Where an expectation looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Point {
    /// The sniffer.
    #[default]
    Air,
    /// The backbone.
    Backbone,
    /// The upper tester's events (`ut.event`).
    UpperTester,
}

/// A PDU that must come.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    /// Point of control and observation.
    pub at: Point,
    /// Message name (`dissect::MESSAGES`).
    pub message: String,
    /// Link-layer sender (air), port (backbone) or board (upper tester).
    pub from: Option<String>,
    /// Link-layer receiver.
    pub to: Option<String>,
    /// Counted from the step's start.
    #[serde(with = "nanoseconds")]
    pub within: Duration,
    /// Field constraints: all must hold.
    pub matches: Vec<Match>,
    /// Name under which later steps refer to the PDU's fields and time.
    pub bind: Option<String>,
    /// Skip PDUs of this name and sender that do not match, instead of failing at the first.
    pub search: bool,
    /// How many matching PDUs (default 1).
    pub count: u32,
}

/// A PDU that must not come.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Never {
    /// Point of control and observation.
    pub at: Point,
    /// Message name.
    pub message: String,
    /// Link-layer sender.
    pub from: Option<String>,
    /// Link-layer receiver.
    pub to: Option<String>,
    /// For how long.
    #[serde(with = "nanoseconds")]
    pub during: Duration,
    /// Field constraints: a PDU that meets all of them fails the step.
    pub matches: Vec<Match>,
    /// The board whose liveness is proven before and after (by `ping` at its upper tester).
    pub alive: String,
}

/// A question to an upper tester with constraints on its answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Check {
    /// Board name.
    pub board: String,
    /// Command, e.g. `status`.
    pub command: String,
    /// Constraints on `ut.*` fields of the answer.
    pub matches: Vec<Match>,
    /// Name under which later steps refer to the answer's fields.
    pub bind: Option<String>,
}

/// One field's constraint.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Match {
    /// Field name; `time` is the PDU's time.
    pub field: String,
    /// What it must be.
    pub constraint: Constraint,
}

/// A template's constraint on one field (TTCN-3's matching mechanisms, a few).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Constraint {
    /// Equal to an operand.
    Equals(Operand),
    /// Anything but what the inner constraint allows; an absent field satisfies no constraint but `Present(false)`.
    Not(Box<Constraint>),
    /// Inclusive range; either end may be open.
    Range {
        /// Least value.
        min: Option<Operand>,
        /// Greatest value.
        max: Option<Operand>,
    },
    /// Any of these.
    OneOf(Vec<Operand>),
    /// The field is there (or is not).
    Present(bool),
    /// `field & mask == value`.
    Mask {
        /// The bits looked at.
        mask: u64,
        /// What they must be.
        value: u64,
    },
    /// An IPv6 address under this prefix.
    Prefix {
        /// The prefix; the bits behind its length are 0.
        address: Ipv6Addr,
        /// Its length in bits, 0 to 128.
        length: u8,
    },
}

impl Constraint {
    /// Whether an address is under a prefix.
    pub fn is_under(address: Ipv6Addr, prefix: Ipv6Addr, length: u8) -> bool {
        let mask = u128::MAX.checked_shl(128 - u32::from(length.min(128))).unwrap_or(0);
        address.to_bits() & mask == prefix.to_bits() & mask
    }
}

/// A value that a field is compared with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Operand {
    /// A number (times: nanoseconds).
    Number(u64),
    /// Text as `tshark -T fields` prints the field.
    Text(String),
    /// A field of a bound PDU, or a property of a board (`eui64`, `link_local`, `global`, `psk`) or of the case
    /// (`$ct.address`, `$case.channel`), with an offset added.
    Reference {
        /// `jsr` in `$jsr.time+2s`.
        name: String,
        /// `time` in `$jsr.time+2s`.
        field: String,
        /// Added to a number; nanoseconds for a time.
        offset: i64,
    },
}

/// Craft a frame or a packet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Send {
    /// Tester radio (or backbone port) that transmits.
    pub by: String,
    /// Message name, e.g. `sel.ssr`, `icmpv6.echo_request`, `udp.datagram`.
    pub message: String,
    /// The emulated neighbour that it claims to come from (a board name or an EUI-64).
    pub source: String,
    /// Link-layer and IPv6 destination: a board name, an address, or `all`.
    pub to: String,
    /// Link-layer protection: `None` plain, else security level with the network's key or the key named in `overrides`.
    pub security_level: Option<u8>,
    /// Fields set to other than their natural values, by name, each at its layer before protection; lengths, checksums
    /// and MICs are recomputed unless they are named too.
    pub overrides: BTreeMap<String, Operand>,
    /// Name under which later steps refer to the frame.
    pub bind: Option<String>,
}

/// A rule on the outgoing messages of a tester machine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deviation {
    /// Machine name.
    pub machine: String,
    /// Which messages, by name.
    pub message: String,
    /// Constraints that select among them.
    pub matches: Vec<Match>,
    /// What becomes of them.
    pub change: Change,
    /// How many times the rule applies (0: always).
    pub times: u32,
}

/// What a deviation does to a message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Change {
    /// Set fields.
    Override(BTreeMap<String, Operand>),
    /// Do not send.
    Drop,
    /// Send twice.
    Duplicate,
    /// Send later.
    Delay {
        /// How much later.
        #[serde(with = "nanoseconds")]
        by: Duration,
    },
    /// Hold back and send after the next message.
    Reorder,
    /// Flip one bit of the protected message.
    Corrupt {
        /// Bit number from the message's start.
        bit: u32,
    },
}

/// Durations in the stored plan are whole nanoseconds.
mod maybe_nanoseconds {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[allow(clippy::ref_option, reason = "serde asks for it")]
    pub(super) fn serialize<S: Serializer>(duration: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
        let nanoseconds = duration.map(|duration| u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX));
        nanoseconds.serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
        Ok(Option::<u64>::deserialize(deserializer)?.map(Duration::from_nanos))
    }
}

mod nanoseconds {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        u64::deserialize(deserializer).map(Duration::from_nanos)
    }
}
