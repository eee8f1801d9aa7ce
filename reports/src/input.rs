//! What the caller hands in: the run as it is stored, the texts of the clauses, and the PDUs that the observer rebuilt.

use std::collections::BTreeMap;

use record::Event;
use record::manifest::{CaseResult, RunManifest};
use suites::plan::{Case, Point};
use suites::vocabulary::Stations;

/// Clauses by ID.
pub type Clauses = BTreeMap<String, ClauseText>;

/// A clause of a ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClauseText {
    /// `must`, `should`, `may`, `stated` or `profile`.
    pub level: String,
    /// Paraphrase; empty if none is known.
    pub text: String,
    /// `tested`, or why it is not, e.g. `untestable: permits anything`.
    pub class: String,
}

/// A PDU that the observer rebuilt: all frames of one message, fragments and retries included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PduSummary {
    /// Numbers of the events that it was made of, in order.
    pub events: Vec<u64>,
    /// Nanoseconds since the case began.
    pub time: u64,
    /// Where it was seen.
    pub point: Point,
    /// Link-layer sender (air), port (backbone) or board (upper tester): a board's name, or an address.
    pub from: String,
    /// Receiver; `all` (or `*`) for a broadcast, empty if there is none.
    pub to: String,
    /// Message name, e.g. `sel.jsr`.
    pub message: String,
    /// What is worth knowing of it, one line.
    pub info: String,
    /// Protected at the link layer.
    pub secured: bool,
    /// Why it is wrong on purpose, if it is.
    pub wrong_on_purpose: Option<String>,
}

/// An identifier that a listener without keys heard in a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exposure {
    /// What it is and where it stands, e.g. `EUI-64 in a MAC header`.
    pub kind: &'static str,
    /// The identifier.
    pub value: String,
    /// Frames that showed it.
    pub count: u64,
    /// The event of the first of them.
    pub first: u64,
}

/// What the bootstrap of a device took, from its last JSR before the handshake to the SSRs with its new key (`SECC` 6).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Bootstrap {
    /// The device.
    pub board: String,
    /// `PSK`, `raw public key` or `certificate`: what it was authenticated by.
    pub anchor: &'static str,
    /// The tool was asked to authenticate itself.
    pub is_mutual: bool,
    /// Links on the air between the border router and the device.
    pub hops: usize,
    /// Of a hundred frames the links of the case lose so many.
    pub loss_percent: u8,
    /// The event with which it begins.
    pub first_event: u64,
    /// Frames on the air but acknowledgements, on every hop, repetitions included.
    pub frames: u64,
    /// Acknowledgements on the air.
    pub acknowledgements: u64,
    /// Octets of the PSDUs of both, FCS included.
    pub octets: u64,
    /// Nanoseconds for which both were on the air, preambles included.
    pub airtime: u64,
    /// Datagrams that device and tool made, each once whatever its hops.
    pub datagrams: u64,
    /// Frames that were fragments.
    pub fragments: u64,
    /// Frames that a MAC sent again because no acknowledgement came.
    pub repetitions: u64,
    /// Datagrams that device or tool sent again because no answer came.
    pub retransmissions: u64,
    /// Nanoseconds from the tool's first ClientHello until it has the device's Finished.
    pub handshake: Option<u64>,
    /// Nanoseconds from the tool's first ClientHello until it has the device's answer to the key.
    pub duration: Option<u64>,
    /// What the device says of its own work; not every device does.
    pub work: Option<DeviceWork>,
    /// Nanojoules that the device's radio takes to send and receive its frames, by the model.
    pub radio_energy: u64,
    /// Nanojoules that its work takes, by the model.
    pub computing_energy: Option<u64>,
}

impl Bootstrap {
    /// Nanojoules that the device takes in all, by the model; `None` if it did not tell its work.
    pub fn energy(&self) -> Option<u64> {
        self.computing_energy.map(|computing| computing.saturating_add(self.radio_energy))
    }
}

/// A device's own work in a bootstrap, as its upper tester tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DeviceWork {
    /// AES-128 block operations.
    pub aes_blocks: u64,
    /// SHA-256 compressions.
    pub sha256_blocks: u64,
    /// Scalar multiplications on P-256.
    pub point_multiplications: u64,
    /// The most octets that waited in buffers at once.
    pub buffer_octets: u64,
}

/// One case with its evidence.
#[derive(Debug, Clone)]
pub struct CaseInput<'a> {
    /// The stored result.
    pub result: &'a CaseResult,
    /// The case of the plan; without it the page shows no step texts.
    pub case: Option<&'a Case>,
    /// The log; empty if the case did not run or its log is lost.
    pub events: &'a [Event],
    /// The PDUs in it.
    pub pdus: Vec<PduSummary>,
    /// What an eavesdropper without keys learnt of identities.
    pub exposures: Vec<Exposure>,
    /// What each bootstrap in it took.
    pub bootstraps: Vec<Bootstrap>,
    /// The kinds of stations that its topology may name.
    pub stations: Stations,
}

impl<'a> CaseInput<'a> {
    /// A case of which nothing but its result is at hand.
    pub fn bare(result: &'a CaseResult) -> Self {
        Self {
            result,
            case: None,
            events: &[],
            pdus: Vec::new(),
            exposures: Vec::new(),
            bootstraps: Vec::new(),
            stations: Stations::default(),
        }
    }

    /// What the board of this name is, for people: a station by its title.
    pub(crate) fn title(&self, name: &str) -> &'static str {
        self.stations.kind(name).map_or("station", |kind| kind.title)
    }
}

/// A whole run.
#[derive(Debug, Clone)]
pub struct RunInput<'a> {
    /// The stored manifest: the only source of verdicts.
    pub manifest: &'a RunManifest,
    /// Clauses of every ledger that the suites cite.
    pub clauses: Clauses,
    /// Evidence of the cases; a case of the manifest that is missing here gets a page without it.
    pub cases: Vec<CaseInput<'a>>,
}
