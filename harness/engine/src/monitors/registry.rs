//! The machines that monitors may name. What a machine is about, its clauses and its PICS stand with the monitor, as data.

use suites::plan::Case;

use super::machines::answers::{Advertisements, EchoReplies, Responses};
use super::machines::coap::MessageIds;
use super::machines::counters::FrameCounters;
use super::machines::crashes::Crashes;
use super::machines::dtls::{Cookies, Nonces, Randoms};
use super::machines::dtls_flights::{Numbers, Timers};
use super::machines::forms::WellFormed;
use super::machines::fragments::{FragmentTags, FragmentsAlike};
use super::machines::hops::HopLimits;
use super::machines::rpl::{self, Pace, Ranks};
use super::machines::secrets::Secrets;
use super::machines::selective::{Closed, Joined, MarkedLinks};
use super::machines::sequence_numbers::SequenceNumbers;
use super::sight::Machine;
use crate::environment::Environment;

/// A machine.
pub struct MachineInfo {
    /// As a monitor names it.
    pub name: &'static str,
    /// What it remembers and judges: a fragment.
    pub what: &'static str,
    pub(super) make: Make,
}

/// Every machine.
pub const MACHINES: &[MachineInfo] = &[
    of(
        "frame-counters",
        "under one key no frame counter comes again or goes back, over restarts too",
        FrameCounters::make,
    ),
    of(
        "sequence-numbers",
        "each data frame has a number soon after that of the one before, another one unless it is the same frame",
        SequenceNumbers::make,
    ),
    of("hop-limits", "what is sent on has the hop limit of what came, less one, and never 0", HopLimits::make),
    of("fragment-tags", "two datagrams in a row to one receiver are cut under different tags", FragmentTags::make),
    of("fragments-alike", "all fragments of a datagram are protected, or none", FragmentsAlike::make),
    of("well-formed", "no frame that the device makes is malformed", WellFormed::make),
    of("dtls-randoms", "no random of a ServerHello comes again in another handshake", Randoms::make),
    of("dtls-cookies", "no cookie is given to two addresses", Cookies::make),
    of("dtls-nonces", "no explicit nonce comes again in a session", Nonces::make),
    of(
        "dtls-numbers",
        "record numbers rise in each epoch, and messages are numbered one after the other",
        Numbers::make,
    ),
    of("dtls-timers", "a flight that nobody answers comes again after twice as long each time", Timers::make),
    of("coap-message-ids", "no message ID comes again for another message within EXCHANGE_LIFETIME", MessageIds::make),
    of("coap-responses", "each response bears the token of a request that came", Responses::make),
    of(
        "advertisements",
        "each solicited neighbour advertisement names the target of a solicitation that came from its destination",
        Advertisements::make,
    ),
    of("echo-replies", "each echo reply repeats a request, and comes as often at most", EchoReplies::make),
    of(
        "rpl-ranks",
        "what a router says of a DODAG is what it heard from a neighbour of lesser rank, and its rank rises no further than allowed",
        Ranks::make,
    ),
    of("rpl-pace", "no DIO for all comes earlier than half of Imin after the one before", Pace::make),
    of(
        "rpl-sequences",
        "DAOSequence and the path sequence of the device's own address are counted on, and each DAO-ACK has its DAO",
        rpl::Advertisements::make,
    ),
    of("crashes", "the device does not crash, as its firmware says itself", Crashes::make),
    of("secrets", "no key, and no half of one, stands in clear in frames, packets, answers or log", Secrets::make),
    of("marked-links", "over a link that the device says is marked no plain frame leaves", MarkedLinks::make),
    of("closed", "from a device that says that it is closed no plain frame leaves", Closed::make),
    of("joined", "from a device that says that it holds a key no join request leaves", Joined::make),
];

type Make = fn(&Case, &Environment) -> Box<dyn Machine>;

const fn of(name: &'static str, what: &'static str, make: Make) -> MachineInfo {
    MachineInfo { name, what, make }
}

/// The names of all machines.
pub fn machine_names() -> Vec<&'static str> {
    MACHINES.iter().map(|machine| machine.name).collect()
}

/// The machine of this name.
pub(super) fn machine(name: &str) -> Option<&'static MachineInfo> {
    MACHINES.iter().find(|machine| machine.name == name)
}
