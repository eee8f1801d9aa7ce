//! The commands of UT/1 with their arguments judged: what a device executes and a tester asks for.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::net::Ipv6Addr;

use super::{Arguments, MAX_DATA, Request, decimal, decode_text, encode_text};
use crate::Eui64;

/// A request whose arguments are complete and in range.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Who are you, and are you live: the nonce comes back.
    Hello {
        /// Hex digits, at most 64 of them, an even number.
        nonce: String,
    },
    /// Manufacture: stores a trust anchor.
    Manufacture(Anchor),
    /// A piece of a key pair that `manufacture` is to store.
    Credential {
        /// Which part it is appended to.
        part: CredentialPart,
        /// At most [`MAX_DATA`] octets.
        data: SecretOctets,
    },
    /// The wall time: by it certificates are valid or not.
    Clock {
        /// Seconds since 1970-01-01T00:00:00Z.
        now: u64,
    },
    /// Network installation.
    Install(Installation),
    /// A downward host route.
    Route {
        /// Whose global address.
        dest: Eui64,
        /// The neighbour to send it to.
        via: Eui64,
    },
    /// A network key over the wired factory channel.
    Provision {
        /// The network link key.
        key: SecretKey,
        /// Key index, 1 to 255.
        index: u8,
        /// Security level, 5 to 7.
        level: u8,
    },
    /// Radio on.
    Start,
    /// A JSR now.
    Join,
    /// What RPL has brought about: rank, parent, DODAGID, number of routes.
    Rpl,
    /// The device's state.
    Status,
    /// The state of one link.
    Link {
        /// The other end.
        neighbour: Eui64,
    },
    /// What was refused and dropped since boot.
    Counters,
    /// Liveness.
    Ping,
    /// An ICMPv6 echo request.
    Echo {
        /// Destination.
        dest: Ipv6Addr,
        /// Octets of data.
        size: u16,
    },
    /// A UDP datagram.
    Send {
        /// Destination.
        dest: Ipv6Addr,
        /// Source and destination port.
        port: u16,
        /// At most [`MAX_DATA`] octets.
        data: Vec<u8>,
    },
    /// Appends to the software image that is on its way.
    Image {
        /// At most 160 octets.
        data: Vec<u8>,
    },
    /// Takes the image that came, to be run from the next boot on.
    Update,
    /// Configures the application; `None` stops it.
    Application(Option<Application>),
    /// A line for the vendor's own shell; for what only this device has.
    Vendor {
        /// One line of printable ASCII, 1 to [`MAX_DATA`] octets.
        text: String,
    },
    /// Reboot.
    Reset,
    /// Erase and reboot.
    FactoryReset,
}

/// Why a request is no [`Command`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CommandFault {
    /// No such command: the answer is `unimplemented`.
    #[error("no such command")]
    Unknown,
    /// The named argument is missing, unknown or out of range: the answer is `error code=argument`.
    #[error("argument `{0}` is missing, unknown or out of range")]
    Argument(&'static str),
}

/// The trust anchor of section 5.4 that `manufacture` stores.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Anchor {
    /// A pre-shared key.
    Psk(SecretKey),
    /// The raw key pair that `credential` brought.
    RawKey,
    /// The key pair and certificate that `credential` brought.
    Certificate,
}

/// A part of a key pair and what goes with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CredentialPart {
    /// The private scalar on P-256: 32 octets.
    Key,
    /// The device's certificate in DER.
    Certificate,
    /// The certificate of its issuer in DER.
    Issuer,
    /// By what the commissioning tool is authenticated: the SubjectPublicKeyInfo of its raw key, or the certificate of
    /// its root, in DER.
    Root,
    /// A key that is believed no more: SHA-256 of its SubjectPublicKeyInfo, 32 octets a line.
    Revoked,
}

/// What `install` stores.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installation {
    /// 6LR or 6LBR.
    pub role: Role,
    /// 2.4 GHz channel, 11 to 26.
    pub channel: u8,
    /// PAN identifier.
    pub pan_id: u16,
    /// The commissioning tool's address; `::` if the device has to find it.
    pub ct: Ipv6Addr,
    /// How the device finds the tool, if it has to.
    pub find: Option<Find>,
    /// The neighbour towards the 6LBR; learnt from the first RA if absent.
    pub parent: Option<Eui64>,
    /// When to send the first JSR.
    pub trigger: Trigger,
    /// How routes come about.
    pub routing: Routing,
}

/// How a device finds the commissioning tool (`SEL` 5.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Find {
    /// It asks all CoAP nodes of the mesh.
    Multicast,
    /// It asks this DNS server for the service.
    DnsSd(Ipv6Addr),
    /// It looks it up in this resource directory.
    ResourceDirectory(Ipv6Addr),
}

impl Find {
    /// The word behind `find=`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Multicast => "multicast",
            Self::DnsSd(_) => "dns-sd",
            Self::ResourceDirectory(_) => "directory",
        }
    }

    /// Whom it asks, if that is not everybody.
    pub const fn server(self) -> Option<Ipv6Addr> {
        match self {
            Self::Multicast => None,
            Self::DnsSd(server) | Self::ResourceDirectory(server) => Some(server),
        }
    }
}

/// The word behind `find=`.
#[derive(Clone, Copy)]
enum FindKind {
    Multicast,
    DnsSd,
    Directory,
}

impl FindKind {
    fn from_name(name: &str) -> Option<Self> {
        match name {
            "multicast" => Some(Self::Multicast),
            "dns-sd" => Some(Self::DnsSd),
            "directory" => Some(Self::Directory),
            _ => None,
        }
    }
}

/// What an application does in operation: it sends the same data again and again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Application {
    /// To whom; neither multicast nor link-local.
    pub dest: Ipv6Addr,
    /// UDP port, its own and the other's.
    pub port: u16,
    /// Seconds between two datagrams, 1 to 3600.
    pub interval_s: u16,
    /// At most 160 octets.
    pub data: Vec<u8>,
}

/// Roles of RFC 6775 that a device can be installed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// Router.
    SixLr,
    /// Border router.
    SixLbr,
}

/// How a device comes to its routes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Routing {
    /// The testbed configures them: a parent, and `route` for what is below.
    #[default]
    Tree,
    /// RPL in storing mode (RFC 6550).
    Rpl,
}

impl Routing {
    /// The word on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tree => "tree",
            Self::Rpl => "rpl",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        [Self::Tree, Self::Rpl].into_iter().find(|routing| routing.name() == name)
    }
}

/// What makes a device send its first JSR (`PROFILE-SEL` 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Trigger {
    /// Power-on.
    #[default]
    Boot,
    /// Being selected: the `join` command stands for the button.
    Selection,
}

/// Octets that may be a private key; shown by no `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretOctets(pub Vec<u8>);

/// A 128-bit key; shown by no `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretKey(pub [u8; 16]);

impl Command {
    /// Judges a request's arguments.
    ///
    /// # Errors
    /// [`CommandFault`], which says how the device has to answer.
    pub fn from_request(request: &Request) -> Result<Self, CommandFault> {
        let mut fields = Fields { arguments: &request.arguments, taken: Vec::new() };
        let command = match request.command.as_str() {
            "hello" => Self::Hello { nonce: fields.required("nonce", nonce)? },
            "manufacture" => Self::Manufacture(match fields.required("anchor", AnchorKind::from_name)? {
                AnchorKind::Psk => Anchor::Psk(fields.required("psk", SecretKey::from_hex)?),
                AnchorKind::RawKey => Anchor::RawKey,
                AnchorKind::Certificate => Anchor::Certificate,
            }),
            "credential" => Self::Credential {
                part: fields.required("part", CredentialPart::from_name)?,
                data: SecretOctets(
                    fields.required("data", |value| from_hex(value).filter(|data| data.len() <= MAX_DATA))?,
                ),
            },
            "clock" => Self::Clock { now: fields.required("now", decimal)? },
            "install" => {
                let find = match fields.optional("find", FindKind::from_name)? {
                    None => None,
                    Some(FindKind::Multicast) => Some(Find::Multicast),
                    Some(FindKind::DnsSd) => Some(Find::DnsSd(fields.required("server", unicast)?)),
                    Some(FindKind::Directory) => Some(Find::ResourceDirectory(fields.required("server", unicast)?)),
                };
                Self::Install(Installation {
                    role: fields.required("role", Role::from_name)?,
                    channel: fields.required("channel", |value| decimal(value).filter(|n| (11..=26).contains(n)))?,
                    pan_id: fields.required("pan_id", pan_id)?,
                    ct: match find {
                        None => fields.required("ct", unicast)?,
                        Some(_) => Ipv6Addr::UNSPECIFIED,
                    },
                    find,
                    parent: fields.optional("parent", eui64)?,
                    trigger: fields.optional("trigger", Trigger::from_name)?.unwrap_or_default(),
                    routing: fields.optional("routing", Routing::from_name)?.unwrap_or_default(),
                })
            }
            "route" => Self::Route { dest: fields.required("dest", eui64)?, via: fields.required("via", eui64)? },
            "provision" => Self::Provision {
                key: fields.required("key", SecretKey::from_hex)?,
                index: fields.required("index", |value| decimal(value).filter(|&n| n != 0))?,
                level: fields.required("level", |value| decimal(value).filter(|n| (5..=7).contains(n)))?,
            },
            "start" => Self::Start,
            "join" => Self::Join,
            "status" => Self::Status,
            "rpl" => Self::Rpl,
            "link" => Self::Link { neighbour: fields.required("neighbour", eui64)? },
            "counters" => Self::Counters,
            "ping" => Self::Ping,
            "echo" => Self::Echo {
                dest: fields.required("dest", address)?,
                size: fields.optional("size", |value| decimal(value).filter(|&n| n <= 1024))?.unwrap_or(8),
            },
            "send" => Self::Send {
                dest: fields.required("dest", address)?,
                port: fields.required("port", |value| decimal(value).filter(|&n| n != 0))?,
                data: fields.required("data", |value| from_hex(value).filter(|data| data.len() <= MAX_DATA))?,
            },
            "image" => Self::Image {
                data: fields.required("data", |value| from_hex(value).filter(|data| data.len() <= MAX_DATA))?,
            },
            "update" => Self::Update,
            "application" => Self::Application(
                match fields.required("interval_s", |value| decimal(value).filter(|&n| n <= 3600))? {
                    0 => None,
                    interval_s => Some(Application {
                        dest: fields.required("dest", unicast)?,
                        port: fields.required("port", |value| decimal(value).filter(|&n| n != 0))?,
                        interval_s,
                        data: fields.required("data", |value| from_hex(value).filter(|data| data.len() <= MAX_DATA))?,
                    }),
                },
            ),
            "vendor" => Self::Vendor { text: fields.required("text", shell_line)? },
            "reset" => Self::Reset,
            "factory_reset" => Self::FactoryReset,
            _ => return Err(CommandFault::Unknown),
        };
        fields.finish()?;
        Ok(command)
    }

    /// The request that asks for this command.
    pub fn to_request(&self, seq: u32) -> Request {
        let none = Arguments::default();
        let (command, arguments) = match self {
            Self::Hello { nonce } => ("hello", none.with("nonce", nonce)),
            Self::Manufacture(Anchor::Psk(psk)) => {
                ("manufacture", none.with("anchor", "psk").with("psk", psk.to_hex()))
            }
            Self::Manufacture(Anchor::RawKey) => ("manufacture", none.with("anchor", "rpk")),
            Self::Manufacture(Anchor::Certificate) => ("manufacture", none.with("anchor", "cert")),
            Self::Credential { part, data } => {
                ("credential", none.with("part", part.name()).with("data", to_hex(&data.0)))
            }
            Self::Clock { now } => ("clock", none.with("now", now)),
            Self::Install(site) => {
                let mut arguments = none
                    .with("role", site.role.name())
                    .with("channel", site.channel)
                    .with("pan_id", format_args!("0x{:04x}", site.pan_id));
                arguments = match site.find {
                    None => arguments.with("ct", site.ct),
                    Some(find) => {
                        let arguments = arguments.with("find", find.name());
                        find.server().map_or(arguments.clone(), |server| arguments.with("server", server))
                    }
                };
                if let Some(parent) = site.parent {
                    arguments = arguments.with("parent", parent);
                }
                let arguments = arguments.with("trigger", site.trigger.name());
                let arguments = match site.routing {
                    Routing::Tree => arguments,
                    Routing::Rpl => arguments.with("routing", site.routing.name()),
                };
                ("install", arguments)
            }
            Self::Route { dest, via } => ("route", none.with("dest", dest).with("via", via)),
            Self::Provision { key, index, level } => {
                ("provision", none.with("key", key.to_hex()).with("index", index).with("level", level))
            }
            Self::Start => ("start", none),
            Self::Join => ("join", none),
            Self::Status => ("status", none),
            Self::Rpl => ("rpl", none),
            Self::Link { neighbour } => ("link", none.with("neighbour", neighbour)),
            Self::Counters => ("counters", none),
            Self::Ping => ("ping", none),
            Self::Echo { dest, size } => ("echo", none.with("dest", dest).with("size", size)),
            Self::Send { dest, port, data } => {
                ("send", none.with("dest", dest).with("port", port).with("data", to_hex(data)))
            }
            Self::Image { data } => ("image", none.with("data", to_hex(data))),
            Self::Update => ("update", none),
            Self::Application(None) => ("application", none.with("interval_s", 0)),
            Self::Application(Some(Application { dest, port, interval_s, data })) => (
                "application",
                none.with("interval_s", interval_s).with("dest", dest).with("port", port).with("data", to_hex(data)),
            ),
            Self::Vendor { text } => ("vendor", none.with("text", encode_text(text))),
            Self::Reset => ("reset", none),
            Self::FactoryReset => ("factory_reset", none),
        };
        Request { seq, command: command.into(), arguments }
    }
}

/// The word behind `anchor=`.
enum AnchorKind {
    Psk,
    RawKey,
    Certificate,
}

impl AnchorKind {
    fn from_name(name: &str) -> Option<Self> {
        match name {
            "psk" => Some(Self::Psk),
            "rpk" => Some(Self::RawKey),
            "cert" => Some(Self::Certificate),
            _ => None,
        }
    }
}

impl CredentialPart {
    /// Every part.
    pub const ALL: [Self; 5] = [Self::Key, Self::Certificate, Self::Issuer, Self::Root, Self::Revoked];

    /// The word on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Key => "key",
            Self::Certificate => "certificate",
            Self::Issuer => "issuer",
            Self::Root => "root",
            Self::Revoked => "revoked",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|part| part.name() == name)
    }
}

impl Role {
    /// The word on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::SixLr => "6lr",
            Self::SixLbr => "6lbr",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        [Self::SixLr, Self::SixLbr].into_iter().find(|role| role.name() == name)
    }
}

impl Trigger {
    /// The word on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Boot => "boot",
            Self::Selection => "selection",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        [Self::Boot, Self::Selection].into_iter().find(|trigger| trigger.name() == name)
    }
}

impl SecretKey {
    /// From 32 hex digits.
    pub fn from_hex(text: &str) -> Option<Self> {
        Some(Self(from_hex(text)?.try_into().ok()?))
    }

    /// 32 lower-case hex digits.
    pub fn to_hex(&self) -> String {
        to_hex(&self.0)
    }
}

impl fmt::Debug for SecretOctets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretOctets(..)")
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKey(..)")
    }
}

/// Lower-case hex digits of `octets`; `-` for none, since a value cannot be empty.
pub fn to_hex(octets: &[u8]) -> String {
    if octets.is_empty() {
        return "-".into();
    }
    let mut text = String::with_capacity(octets.len() * 2);
    for octet in octets {
        for nibble in [octet >> 4, octet & 15] {
            text.push(char::from_digit(u32::from(nibble), 16).unwrap_or('0'));
        }
    }
    text
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    if text == "-" {
        return Some(Vec::new());
    }
    let digits: Vec<u8> =
        text.chars().map(|c| c.to_digit(16).and_then(|n| u8::try_from(n).ok())).collect::<Option<_>>()?;
    let pairs = digits.chunks(2).map(|pair| match pair {
        [high, low] => Some(high << 4 | low),
        _ => None,
    });
    pairs.collect()
}

fn nonce(text: &str) -> Option<String> {
    (text.len() <= 64 && text != "-" && from_hex(text).is_some()).then(|| text.into())
}

/// One line that a shell may be given.
fn shell_line(value: &str) -> Option<String> {
    let printable = |text: &String| text.bytes().all(|octet| (b' '..=b'~').contains(&octet));
    decode_text(value).filter(|text| (1..=MAX_DATA).contains(&text.len()) && printable(text))
}

/// Sixteen hex digits and nothing else: UT/1 has one spelling.
fn eui64(text: &str) -> Option<Eui64> {
    if text.len() == 16 { text.parse().ok() } else { None }
}

fn pan_id(text: &str) -> Option<u16> {
    let digits = text.strip_prefix("0x").filter(|digits| digits.bytes().all(|octet| octet.is_ascii_hexdigit()))?;
    u16::from_str_radix(digits, 16).ok().filter(|&pan| pan != 0xffff)
}

fn address(text: &str) -> Option<Ipv6Addr> {
    text.parse().ok().filter(|address: &Ipv6Addr| !address.is_unspecified())
}

fn unicast(text: &str) -> Option<Ipv6Addr> {
    address(text).filter(|address| !address.is_multicast() && !address.is_unicast_link_local())
}

/// Takes arguments by name; what is left at the end is unknown.
struct Fields<'a> {
    arguments: &'a Arguments,
    taken: Vec<&'static str>,
}

impl Fields<'_> {
    fn optional<T>(
        &mut self,
        key: &'static str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, CommandFault> {
        self.taken.push(key);
        let Some(value) = self.arguments.get(key) else { return Ok(None) };
        parse(value).map(Some).ok_or(CommandFault::Argument(key))
    }

    fn required<T>(&mut self, key: &'static str, parse: impl FnOnce(&str) -> Option<T>) -> Result<T, CommandFault> {
        self.optional(key, parse)?.ok_or(CommandFault::Argument(key))
    }

    fn finish(self) -> Result<(), CommandFault> {
        let known = |key: &str| self.taken.contains(&key);
        if self.arguments.iter().all(|(key, _)| known(key)) { Ok(()) } else { Err(CommandFault::Argument("unknown")) }
    }
}
