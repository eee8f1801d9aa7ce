//! What a right device may do in its own way, above the engines of `protocols`: a line each, with what the reference does. A variant
//! (`variants/`) takes some of them; the code asks `self.mutant.free()`, at the place where the thing is decided.

use core::time::Duration;

use wire::coap::SECURE_PORT;

protocols::liberties! {
    // The selective bootstrap.
    waits_for_button: bool = false, "The first JSR leaves when the device is told to.";
    jsr_delay: Duration = Duration::ZERO, "From having an address to the first JSR.";
    jsr_first: Duration = Duration::from_secs(2), "From the first JSR to the second.";
    jsr_greatest: Duration = Duration::from_secs(120), "Longest wait between two JSRs.";
    jsr_jitter_percent: u32 = 10, "How far a wait between JSRs may be off.";
    multihop_hop_limit: u8 = 64, "Hop limit of JSR and SSR.";
    ssr_delay: Duration = Duration::ZERO, "From what brings an SSR about to the SSR.";
    ssr_answer_interval: Duration = Duration::from_secs(1), "Least time between two answers to a neighbour's SSRs.";
    ssr_nudge_idle: Duration = Duration::from_secs(5), "Secured frames over a link that is not marked begin a new series of SSRs if the last one ended so long ago.";
    ssr_lifetime_units: u16 = 60, "Registration lifetime of SSRs, in units of 60 s.";
    secure_port: u16 = SECURE_PORT, "UDP port of the DTLS server.";
    session_idle: Duration = Duration::from_secs(60), "Silence after which a session is dropped.";
    dtls_mtu: usize = 512, "Largest datagram of a DTLS session in octets: six frames of a mesh at most.";
    cookie_for_port: bool = true, "A cookie holds for the port that it was sent to, not for any port of the address.";
    identity: Identity = Identity::HexLower, "What the PSK identity is.";
    psk_octets: Option<usize> = None, "The one length of pre-shared keys that is taken.";
    flight_delay: Duration = Duration::ZERO, "How long the device computes for each datagram of a session before it answers.";
    json: Json = Json::Compact, "How JSON is spelt.";
    links: Links = Links::Plain, "How links are spelt.";
    diagnostics: bool = false, "Error responses have a diagnostic payload (RFC 7252 5.5.2).";
    elective_option: bool = false, "Responses carry an elective option that nobody needs (RFC 7252 5.4.1).";
    query_confirmable: bool = false, "A question to a resource directory asks for its acknowledgement.";
    query_token_octets: usize = 4, "Octets of the token of a question, at most 8.";
    query_port: u16 = 0xf0b1, "The port that questions leave from.";
    query_recursive: bool = true, "A question to DNS has the server ask others for the answer.";
    query_named_otherwise: bool = false, "Names in questions to DNS are in upper case.";

    // The link.
    neighbours: usize = crate::bounds::NEIGHBOURS, "How many neighbours the list holds.";
    transmit_level: Option<u8> = None, "At which level frames are protected, whatever the key's.";
    first_frame_counter: u32 = 0, "The frame counter before the first frame.";
    counter_step: u32 = 1, "By how much a frame counter grows from frame to frame.";
    silent_frames: u8 = 0, "Of so many unicast frames the last asks for no acknowledgement; 0: all ask.";
    more_attempts: u8 = 1, "How often a frame that was not acknowledged is handed to the radio again.";
    frame_gap: Duration = Duration::ZERO, "Least pause between two frames.";
    scans_at_boot: bool = false, "The device looks for networks by beacon requests before it starts.";

    // Neighbor Discovery and IPv6.
    boot_delay: Duration = Duration::ZERO, "From power-on to the radio.";
    solicitation_delay: Duration = Duration::from_millis(250), "The first RS leaves within this time, by random.";
    solicitation_interval: Duration = Duration::from_secs(10), "Least time between two RSs.";
    advertisement_delay: Duration = Duration::from_millis(500), "A multicast RS is answered within this time, by random.";
    registration_lifetime: u16 = 60, "Lifetime that registrations ask for, in units of 60 s.";
    registrations: usize = crate::bounds::REGISTRATIONS, "How many addresses of others a router registers.";
    refused_wait: Duration = Duration::from_secs(60), "From a refusal to the next registration.";
    renewal: Duration = Duration::from_secs(30 * 60), "After which a registration is renewed.";
    options_reversed: bool = false, "Options of Neighbor Discovery stand in the opposite order.";
    unknown_option: bool = false, "Messages of Neighbor Discovery carry an option that nobody knows.";
    advertised_otherwise: bool = false, "RAs state other values than ours where the host is free to take them or not.";
    second_address: Option<Duration> = None, "The device has a second address, not made of its EUI-64, and registers it at its start and so often.";
    traffic_class: u8 = 0, "Traffic class of the packets that the device makes.";
    flow_labels: bool = false, "Packets of the device have flow labels.";
    echo_hop_limit: u8 = 64, "Hop limit of everything that no other rule covers.";
    echo_delay: Duration = Duration::ZERO, "How long an echo request waits for its reply.";
    probes_parent: Option<Duration> = None, "The device asks its parent whether it is there, by an NS, so often.";
    pings_parent: Option<Duration> = None, "The device sends its parent an echo request, so often.";
    solicits_again: Option<Duration> = None, "The device sends another multicast RS, so often.";
    advertises_itself: Option<Duration> = None, "The device sends an unsolicited NA to all nodes, so often.";
    reports_groups: Option<Duration> = None, "The device reports its multicast groups by MLDv2, so often.";
    asks_for_names: Option<Duration> = None, "The device asks a name server for the address of its maker, so often.";

    rpl_padding: bool = false, "Messages of RPL are padded by PadN.";
    dao_unacknowledged: bool = false, "DAOs ask for no acknowledgement (RFC 6550 6.4.1, the flag K).";
    dao_sequence: u8 = 240, "The sequence number before the first DAO.";
    sequence_counter: u8 = 240, "Where versions, DTSNs and path sequences begin (RFC 6550 7.2).";
    dao_delay: Duration = Duration::from_secs(1), "A DAO waits for others by random below this (RFC 6550 9.5; DEFAULT_DAO_DELAY).";
    dao_targets: usize = 4, "Targets in one DAO: it fits into two frames.";
    dao_tries: u32 = 4, "How often a DAO is sent that is not acknowledged (RFC 6550 9.3).";
    dodag_solicitation: Duration = Duration::from_secs(5), "A node without a DODAG asks so often for one.";
    dao_refresh: Option<Duration> = None, "Paths are told anew so often, instead of when half of their lifetime is over.";
    poison_wait: Duration = Duration::from_secs(3), "Who has lost its last parent believes nobody for so long: those below it have to hear of it first.";
    lost_frames: u8 = 3, "A neighbour is gone that so many frames in a row did not reach, after all that the MAC and the queue tried.";
    rank_step: u16 = 3, "DEFAULT_STEP_OF_RANK (RFC 6552 6.3).";

    // The upper tester.
    told: Told = Told::Plainly, "How lines of UT/1 are spelt.";
    tells_costs: bool = true, "What a session has cost is told.";
    cost_uncounted: bool = false, "What a session costs is not counted: `cost` says 0 of all but the buffers.";
    told_after: Duration = Duration::ZERO, "How long an answer of UT/1 takes.";
}

/// What a PSK identity is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Identity {
    /// 16 lower-case hex digits of the EUI-64.
    HexLower,
    /// In upper case.
    HexUpper,
    /// The eight octets.
    Octets,
}

/// How the JSON of the key resource is spelt (RFC 8259).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Json {
    /// Without white space, numbers in digits.
    Compact,
    /// With blanks and ends of lines around every token.
    Spaced,
    /// Members in the opposite order.
    Reversed,
    /// Names by escapes.
    Escaped,
    /// Numbers with an exponent.
    Exponents,
    /// Numbers with a fraction of zero.
    Fractions,
}

/// How the links of `/.well-known/core` are spelt (RFC 6690).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Links {
    /// `rt`, then `ct`.
    Plain,
    /// The attributes in the opposite order.
    Reversed,
    /// With attributes of other kinds.
    More,
    /// With another resource type beside its own.
    TwoTypes,
}

/// How lines of UT/1 are spelt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// As its table has them.
    Plainly,
    /// The arguments in the opposite order.
    Reversed,
    /// With keys that no table has.
    More,
    /// Between lines of log.
    AmongLogs,
    /// Beside events that no table has.
    AmongEvents,
    /// Addresses with all their digits.
    AddressesInFull,
    /// Without logs, and without the events that only people read.
    ToNobody,
}
