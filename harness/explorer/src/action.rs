//! What can happen to a device, one thing at a time. An action means what it means in whatever state the device is, or
//! nothing: a walk with some of its actions left out is a walk.

use std::fmt;

/// One of the two emulated neighbours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// `tester`.
    First,
    /// `tester2`.
    Second,
}

impl Who {
    /// Its number.
    pub(crate) fn index(self) -> usize {
        match self {
            Self::First => 0,
            Self::Second => 1,
        }
    }

    /// Its name in the topology.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::First => "tester",
            Self::Second => "tester2",
        }
    }
}

/// How a frame of a neighbour is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protection {
    /// Not at all.
    Plain,
    /// As it must be.
    Good,
    /// At a level below the least one, with the right key.
    Low(u8),
    /// With an integrity code that is wrong, and a frame counter far ahead.
    BadCode,
    /// With a key that is nobody's.
    WrongKey,
    /// With the right key under an index that the device does not have.
    WrongIndex(u8),
    /// With a frame counter that it had before.
    Replayed,
    /// With the last frame counter that there is.
    LastCounter,
    /// With a key that the device had and was told to delete.
    OldKey,
}

impl fmt::Display for Protection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plain => f.write_str("plain"),
            Self::Good => f.write_str("secured"),
            Self::Low(level) => write!(f, "secured at level {level}"),
            Self::BadCode => f.write_str("with a wrong integrity code"),
            Self::WrongKey => f.write_str("under a foreign key"),
            Self::WrongIndex(index) => write!(f, "under key index {index}"),
            Self::Replayed => f.write_str("with an old frame counter"),
            Self::LastCounter => f.write_str("with the last frame counter"),
            Self::OldKey => f.write_str("under a deleted key"),
        }
    }
}

/// What is otherwise in a set secure request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SsrForm {
    /// Nothing.
    Right,
    /// Status, reserved field and hop limit that a sender never sets, octets behind it.
    Liberties {
        /// Status.
        status: u8,
        /// Reserved.
        reserved: u8,
        /// Hop limit.
        hop_limit: u8,
        /// Octets behind the EUI-64.
        trailing: bool,
    },
    /// A wrong checksum.
    Checksum,
    /// The EUI-64 of another node.
    OfAnother,
    /// Another code.
    Code(u8),
    /// So many octets.
    Short(u8),
}

/// What kind of packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An echo request of so many octets.
    Echo(u16),
    /// A UDP datagram of so many octets.
    Udp(u16),
    /// A join secure request.
    Jsr,
}

/// What of a session is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// The cipher suite.
    Suite,
    /// The identity hint.
    Hint,
    /// The extended master secret.
    Secret,
    /// A handshake without it.
    WithoutSecret,
    /// The cookie.
    Cookie,
}

/// What a neighbour can flood a device with.
pub(crate) const FLOODS: [&str; 6] = ["jsr", "ns", "rs", "fragment", "client_hello", "client_hello_cookie"];

/// A key object that is none, or a close object that is none; by number.
pub type Spoiled = usize;

/// One thing that happens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// The power is cut for so many seconds.
    PowerCut {
        /// Seconds.
        off_s: u64,
        /// Look at the solicitations of the start, and not at its set secure requests.
        watch_multicasts: bool,
    },
    /// The reset line, or the command `reset`.
    Reset {
        /// By the command.
        by_command: bool,
        /// Look at the solicitations of the start, and not at its set secure requests.
        watch_multicasts: bool,
    },
    /// Factory reset, manufacture and installation, power-on.
    FactoryReset,
    /// The key by the wired channel.
    Provision,
    /// The commissioning tool selects the device; so many messages of its handshake are lost.
    Select {
        /// Messages lost.
        lost: u8,
        /// Look for join secure requests during the handshake.
        watch: bool,
    },
    /// A put of the key that the device has, or may have.
    PutKey {
        /// By POST.
        post: bool,
    },
    /// The network's second key, to the router before the device and to the device.
    NextKey,
    /// The deletion of the network's first key where the second is held.
    DeleteOld,
    /// The deletion of the last key.
    DeleteLast,
    /// A GET of the key resource.
    GetKeys,
    /// A GET of `/.well-known/core`.
    Discover,
    /// A key object that is none.
    BadKey(Spoiled),
    /// A close or an opening with a sequence number so much above the last one.
    Close {
        /// ALL_SECURED.
        value: bool,
        /// How much above.
        step: u32,
    },
    /// A close or an opening with a sequence number so much below the last one, or the same.
    CloseStale {
        /// ALL_SECURED.
        value: bool,
        /// How much below.
        back: u32,
    },
    /// A close object that is none.
    BadClose(Spoiled),
    /// A neighbour makes itself known.
    Announce(Who),
    /// A neighbour sends a set secure request.
    Ssr {
        /// By whom.
        by: Who,
        /// How it is protected.
        protection: Protection,
        /// What is in it.
        form: SsrForm,
        /// Registration lifetime.
        lifetime: u16,
    },
    /// A neighbour sends the device an echo request.
    Echo {
        /// By whom.
        by: Who,
        /// How it is protected.
        protection: Protection,
        /// Octets of data.
        size: u16,
    },
    /// A neighbour sends an echo request in fragments that do not belong together.
    Fragments {
        /// By whom.
        by: Who,
        /// Which cut, of the mixed ones or of the overlapping ones.
        cut: usize,
        /// Protected differently; else overlapping.
        mixed: bool,
    },
    /// A neighbour sends a packet to the commissioning tool by way of the device.
    Transit {
        /// By whom.
        by: Who,
        /// How it is protected.
        protection: Protection,
        /// What.
        kind: Kind,
        /// Hop limit.
        hop_limit: u8,
    },
    /// The commissioning tool sends a packet to a neighbour by way of the device.
    Down(Who),
    /// A neighbour asks for a resource without DTLS.
    PlainRequest {
        /// By whom.
        by: Who,
        /// How it is protected.
        protection: Protection,
        /// For the close, else for the key.
        close: bool,
    },
    /// The commissioning tool asks for a resource without DTLS.
    PlainFromTool {
        /// `/.well-known/core`, else the key resource.
        discovery: bool,
    },
    /// The device sends an echo request to the border router.
    EchoToRouter {
        /// Octets of data.
        size: u16,
    },
    /// The device sends an echo request to a neighbour.
    EchoTo(Who),
    /// A handshake with a wrong pre-shared key, or with a wrong identity.
    WrongSession {
        /// The identity, else the key.
        identity: bool,
    },
    /// A session is opened and looked at.
    Session(Look),
    /// While a session is open a neighbour who knows the key asks for one.
    SecondSession(Who),
    /// A session is left idle, then a neighbour who knows the key asks for one.
    IdleSession(Who),
    /// A second trust anchor is brought.
    SecondAnchor,
    /// A software image, by number: newer, newest, damaged, forged, foreign.
    Image(usize),
    /// The application is configured, or stopped.
    Application {
        /// Configured.
        on: bool,
    },
    /// A neighbour floods the device, as many invented ones.
    Flood {
        /// By whom.
        by: Who,
        /// With what, by number.
        kind: usize,
        /// How many messages.
        count: u16,
    },
    /// A neighbour sends set secure requests in quick succession.
    SsrBurst(Who),
    /// A neighbour makes itself known and answers nothing.
    WatchSsrs(Who),
    /// Until set secure requests are refreshed.
    Refresh,
    /// A neighbour solicits routers.
    Solicit(Who),
    /// The device is told to ask to be secured.
    Join,
    /// The device is told to send a datagram.
    SendData {
        /// Octets.
        size: u8,
    },
    /// Join secure requests are counted.
    WatchJsr {
        /// How many pauses.
        pauses: u8,
    },
    /// Nothing for so many seconds.
    Wait {
        /// Seconds.
        seconds: u64,
    },
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PowerCut { off_s, .. } => write!(f, "power cut of {off_s} s"),
            Self::Reset { by_command: true, .. } => f.write_str("reset by command"),
            Self::Reset { .. } => f.write_str("reset"),
            Self::FactoryReset => f.write_str("factory reset and a new life"),
            Self::Provision => f.write_str("key by the wired channel"),
            Self::Select { lost: 0, .. } => f.write_str("selected by the commissioning tool"),
            Self::Select { lost, .. } => write!(f, "selected by the commissioning tool, {lost} messages lost"),
            Self::PutKey { post: false } => f.write_str("put of the network's key"),
            Self::PutKey { post: true } => f.write_str("post of the network's key"),
            Self::NextKey => f.write_str("second key of the network"),
            Self::DeleteOld => f.write_str("deletion of the first key"),
            Self::DeleteLast => f.write_str("deletion of the last key"),
            Self::GetKeys => f.write_str("get of the keys"),
            Self::Discover => f.write_str("discovery inside DTLS"),
            Self::BadKey(number) => write!(f, "no key object, number {number}"),
            Self::Close { value, step } => write!(f, "{} with a sequence number {step} greater", close_word(*value)),
            Self::CloseStale { value, back: 0 } => {
                write!(f, "{} with the sequence number once more", close_word(*value))
            }
            Self::CloseStale { value, back } => write!(f, "{} with a sequence number {back} less", close_word(*value)),
            Self::BadClose(number) => write!(f, "no close object, number {number}"),
            Self::Announce(who) => write!(f, "{} makes itself known", who.name()),
            Self::Ssr { by, protection, form: SsrForm::Right, lifetime } => {
                write!(f, "SSR of {} {protection}, lifetime {lifetime}", by.name())
            }
            Self::Ssr { by, protection, form, lifetime } => {
                write!(f, "SSR of {} {protection}, lifetime {lifetime}, {form:?}", by.name())
            }
            Self::Echo { by, protection, size } => {
                write!(f, "echo request of {} octets by {} {protection}", size, by.name())
            }
            Self::Fragments { by, mixed: true, .. } => write!(f, "fragments of {}, protected differently", by.name()),
            Self::Fragments { by, .. } => write!(f, "fragments of {}, overlapping", by.name()),
            Self::Transit { by, protection, kind, hop_limit } => {
                write!(f, "{kind:?} of {} for the backbone, {protection}, hop limit {hop_limit}", by.name())
            }
            Self::Down(who) => write!(f, "echo request from the backbone to {}", who.name()),
            Self::PlainRequest { by, protection, close } => {
                let what = if *close { "close" } else { "key" };
                write!(f, "{what} of {} without DTLS, {protection}", by.name())
            }
            Self::PlainFromTool { .. } => f.write_str("request of the tool without DTLS"),
            Self::EchoToRouter { size } => write!(f, "echo request of {size} octets to the border router"),
            Self::EchoTo(who) => write!(f, "echo request to {}", who.name()),
            Self::WrongSession { identity: true } => f.write_str("handshake with a wrong identity"),
            Self::WrongSession { .. } => f.write_str("handshake with a wrong key"),
            Self::Session(look) => write!(f, "session, a look at its {look:?}"),
            Self::Flood { by, kind, count } => {
                write!(f, "{count} {} of invented nodes by {}", FLOODS[*kind], by.name())
            }
            Self::SsrBurst(who) => write!(f, "SSRs of {} in quick succession", who.name()),
            Self::WatchSsrs(who) => write!(f, "{} makes itself known and answers no SSR", who.name()),
            Self::Refresh => f.write_str("refresh of the SSRs"),
            Self::Solicit(who) => write!(f, "{} solicits routers", who.name()),
            Self::Join => f.write_str("told to join"),
            Self::SendData { size } => write!(f, "told to send {size} octets"),
            Self::SecondSession(who) => write!(f, "{} asks for a second session", who.name()),
            Self::IdleSession(who) => write!(f, "{} asks for a session after an idle one", who.name()),
            Self::SecondAnchor => f.write_str("second trust anchor"),
            Self::Image(number) => write!(f, "software image {}", crate::model::life::IMAGES[*number].0),
            Self::Application { on: true } => f.write_str("application configured"),
            Self::Application { .. } => f.write_str("application stopped"),
            Self::WatchJsr { pauses } => write!(f, "{pauses} pauses between JSRs"),
            Self::Wait { seconds } => write!(f, "pause of {seconds} s"),
        }
    }
}

fn close_word(value: bool) -> &'static str {
    if value { "close" } else { "opening" }
}
