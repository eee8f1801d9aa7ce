//! The life of a device at the upper tester: manufacture, installation, software, application, and back to the factory's state.
//! `install` stores what each mechanism may need of a site; what one needs beyond it is a command of its own.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;
use core::net::Ipv6Addr;

use super::form::{DATA, EUI64, Fields, Form, Group, PORT, UNICAST, decimal, from_hex, pan_id, to_hex};
use super::selective::{Find, Trigger};
use super::table::{FeatureInfo, KeyInfo, Kind, Mechanism, Required, perhaps, told};
use super::when::{ALWAYS, INSTALLED, NO_ANCHOR, NOT_SECURED, STOPPED};
use super::{Arguments, CommandFault, Request};
use crate::Eui64;

/// Most octets of a pre-shared key.
pub const MAX_PSK: usize = 64;

const NOTHING: &[KeyInfo] = &[];

const PART: Form<CredentialPart> =
    Form::new(Kind::Words(CredentialPart::WORDS), CredentialPart::from_name, |part| part.name().into());
const SECRET_DATA: Form<SecretOctets> =
    Form::new(DATA.kind, |value| (DATA.parse)(value).map(SecretOctets), |data| to_hex(&data.0));
const NOW: Form<u64> = Form::new(Kind::NUMBER, decimal, u64::to_string);
const KEY: Form<SecretKey> = Form::new(Kind::Key, SecretKey::from_hex, SecretKey::to_hex);
const PSK: Form<SecretOctets> = Form::new(
    Kind::Hex { most: MAX_PSK },
    |value| from_hex(value).filter(|key| (16..=MAX_PSK).contains(&key.len())).map(SecretOctets),
    |key| to_hex(&key.0),
);
const INDEX: Form<u8> =
    Form::new(Kind::Number { min: 1, max: 255 }, |value| decimal(value).filter(|&n| n != 0), u8::to_string);
const LEVEL: Form<u8> =
    Form::new(Kind::Number { min: 5, max: 7 }, |value| decimal(value).filter(|n| (5..=7).contains(n)), u8::to_string);

commands! {
    "life";
    /// Manufacture: stores a trust anchor.
    Manufacture(Anchor) = "manufacture" NO_ANCHOR => NOTHING, brings "manufactured",
        "stores the trust anchor: the key of 16 octets, or of as many as its PIXIT states, or the key pair that `credential` brought; `state` if its parts do not fit together";
    /// A piece of a key pair that `manufacture` is to store.
    Credential {
        /// Which part it is appended to.
        part: CredentialPart = PART,
        /// At most [`MAX_DATA`](super::MAX_DATA) octets.
        data: SecretOctets = SECRET_DATA,
    } = "credential" NO_ANCHOR => NOTHING,
        "appends at most 160 octets, `-` for none, to a part of the key pair that `manufacture` is to store, see below; \
         forgotten at reboot";
    /// The wall time: by it certificates are valid or not.
    Clock {
        /// Seconds since 1970-01-01T00:00:00Z.
        now: u64 = NOW,
    } = "clock" ALWAYS => NOTHING,
        "the wall time in seconds since 1970, by which certificates are valid or not; forgotten at reboot";
    /// Network installation.
    Install(Installation) = "install" STOPPED => NOTHING, brings "installed",
        "stores the site. `ct=`, or `find=` and perhaps `server=`, see below: neither multicast nor link-local; `pan_id=0xffff` is \
         refused; without `parent=` the first router heard is taken; `trigger=boot` unless given, `routing=tree` too: the tester \
         configures the routes; with `rpl` the device routes by RPL in storing mode (RFC 6550, OF0); \
         `mechanism=`, a word of its `features`, says who is to key a device that has several mechanisms: the first that it has unless given";
    /// A downward host route.
    Route {
        /// Whose global address.
        dest: Eui64 = EUI64,
        /// The neighbour to send it to.
        via: Eui64 = EUI64,
    } = "route" INSTALLED => NOTHING, "stores a host route: the global address of `dest`, by neighbour `via`";
    /// A network key over the wired factory channel.
    Provision {
        /// The network link key.
        key: SecretKey = KEY,
        /// Key index, 1 to 255.
        index: u8 = INDEX,
        /// Security level, 5 to 7.
        level: u8 = LEVEL,
    } = "provision" NOT_SECURED => NOTHING, brings "secured",
        "the wired factory channel: secured without a handshake";
    /// Appends to the software image that is on its way.
    Image {
        /// At most 160 octets.
        data: Vec<u8> = DATA,
    } = "image" ALWAYS => NOTHING,
        "appends at most 160 octets to the software image that is on its way, see below; forgotten at reboot";
    /// Takes the image that came, to be run from the next boot on.
    Update = "update" ALWAYS => NOTHING,
        "takes the image that came: it runs from the next boot on; refused, it is forgotten and nothing has changed";
    /// Configures the application; `None` stops it.
    Application(Option<Application>) = "application" ALWAYS => NOTHING,
        "stores what the application does, in place of what it did: in operation it sends this datagram every so many seconds, the \
         first one after the first interval; 0 stops it";
    /// Erase and reboot.
    FactoryReset = "factory_reset" ALWAYS => NOTHING, brings "factory",
        "withdraws its secured links by SSRs of lifetime 0, erases the store, reboots";
}

/// Its part of UT/1.
pub const LIFE: Mechanism = Mechanism {
    name: "life",
    doc: "the life of a device",
    states: &[],
    commands: COMMANDS,
    events: &[],
    features: &[
        FeatureInfo { name: "image", needed_by: &["image", "update"], doc: "takes software images" },
        FeatureInfo { name: "application", needed_by: &["application"], doc: "runs an application" },
    ],
    adds: &[("status", &[perhaps("image", Kind::NUMBER), perhaps("application_s", Kind::NUMBER)])],
};

/// The trust anchor of section 5.4 that `manufacture` stores.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Anchor {
    /// A pre-shared key of 16 to [`MAX_PSK`] octets.
    Psk(SecretOctets),
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

/// Octets that may be a private key; shown by no `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretOctets(pub Vec<u8>);

/// A 128-bit key; shown by no `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretKey(pub [u8; 16]);

impl CredentialPart {
    const WORDS: &[&str] = &["key", "certificate", "issuer", "root", "revoked"];

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

/// The word behind `anchor=`.
#[derive(Clone, Copy)]
enum AnchorKind {
    Psk,
    RawKey,
    Certificate,
}

impl AnchorKind {
    const FORM: Form<Self> = Form::new(
        Kind::Words(&["psk", "rpk", "cert"]),
        |name| match name {
            "psk" => Some(Self::Psk),
            "rpk" => Some(Self::RawKey),
            "cert" => Some(Self::Certificate),
            _ => None,
        },
        |kind| {
            match kind {
                Self::Psk => "psk",
                Self::RawKey => "rpk",
                Self::Certificate => "cert",
            }
            .into()
        },
    );
}

impl Group for Anchor {
    const KEYS: &'static [KeyInfo] =
        &[KeyInfo::of("anchor", &AnchorKind::FORM), KeyInfo::of("psk", &PSK).when(Required::With("anchor=psk"))];

    fn take(fields: &mut Fields<'_>) -> Result<Self, CommandFault> {
        Ok(match fields.take("anchor", const { AnchorKind::FORM.reader() })? {
            AnchorKind::Psk => Self::Psk(fields.take("psk", const { PSK.reader() })?),
            AnchorKind::RawKey => Self::RawKey,
            AnchorKind::Certificate => Self::Certificate,
        })
    }

    fn put(&self, to: Arguments) -> Arguments {
        let anchor = |kind| to.put("anchor", &AnchorKind::FORM, &kind);
        match self {
            Self::Psk(psk) => anchor(AnchorKind::Psk).put("psk", &PSK, psk),
            Self::RawKey => anchor(AnchorKind::RawKey),
            Self::Certificate => anchor(AnchorKind::Certificate),
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
    const FORM: Form<Self> = Form::new(
        Kind::Words(&["multicast", "dns-sd", "directory"]),
        |name| match name {
            "multicast" => Some(Self::Multicast),
            "dns-sd" => Some(Self::DnsSd),
            "directory" => Some(Self::Directory),
            _ => None,
        },
        |kind| {
            match kind {
                Self::Multicast => "multicast",
                Self::DnsSd => "dns-sd",
                Self::Directory => "directory",
            }
            .into()
        },
    );
}

impl Installation {
    const ROLE: Form<Role> = Form::new(Kind::Words(&["6lr", "6lbr"]), Role::from_name, |role| role.name().into());
    const CHANNEL: Form<u8> = Form::new(
        Kind::Number { min: 11, max: 26 },
        |value| decimal(value).filter(|n| (11..=26).contains(n)),
        u8::to_string,
    );
    const PAN_ID: Form<u16> = Form::new(Kind::PanId, pan_id, |pan_id| alloc::format!("0x{pan_id:04x}"));
    const TRIGGER: Form<Trigger> =
        Form::new(Kind::Words(Trigger::WORDS), Trigger::from_name, |trigger| trigger.name().into())
            .or(|| Trigger::Boot);
    const ROUTING: Form<Routing> =
        Form::new(Kind::Words(&["tree", "rpl"]), Routing::from_name, |routing| routing.name().into())
            .or(|| Routing::Tree);
    const MECHANISM: KeyInfo = KeyInfo { required: Required::Perhaps, ..told("mechanism", Kind::Word) };

    /// Who is to key the device, by its word in `features`; the first mechanism that it has if a request does not say.
    pub fn mechanism(request: &Request) -> Option<&str> {
        request.arguments.get(Self::MECHANISM.name)
    }
}

impl Group for Installation {
    const KEYS: &'static [KeyInfo] = &[
        KeyInfo::of("role", &Self::ROLE),
        KeyInfo::of("channel", &Self::CHANNEL),
        KeyInfo::of("pan_id", &Self::PAN_ID),
        KeyInfo::of("ct", &UNICAST),
        KeyInfo::of("find", &FindKind::FORM).when(Required::With("ct=")),
        KeyInfo::of("server", &UNICAST).when(Required::With("find=dns-sd|directory")),
        KeyInfo::of("parent", &EUI64).when(Required::Perhaps),
        KeyInfo::of("trigger", &Self::TRIGGER),
        KeyInfo::of("routing", &Self::ROUTING),
        Self::MECHANISM,
    ];

    fn take(fields: &mut Fields<'_>) -> Result<Self, CommandFault> {
        // Who is to key the device is no part of its site: `Self::mechanism` reads it.
        fields.value(Self::MECHANISM.name);
        let find = match fields.optional("find", const { FindKind::FORM.reader() })? {
            None => None,
            Some(FindKind::Multicast) => Some(Find::Multicast),
            Some(FindKind::DnsSd) => Some(Find::DnsSd(fields.take("server", const { UNICAST.reader() })?)),
            Some(FindKind::Directory) => {
                Some(Find::ResourceDirectory(fields.take("server", const { UNICAST.reader() })?))
            }
        };
        Ok(Self {
            role: fields.take("role", const { Self::ROLE.reader() })?,
            channel: fields.take("channel", const { Self::CHANNEL.reader() })?,
            pan_id: fields.take("pan_id", const { Self::PAN_ID.reader() })?,
            ct: match find {
                None => fields.take("ct", const { UNICAST.reader() })?,
                Some(_) => Ipv6Addr::UNSPECIFIED,
            },
            find,
            parent: fields.optional("parent", const { EUI64.reader() })?,
            trigger: fields.take("trigger", const { Self::TRIGGER.reader() })?,
            routing: fields.take("routing", const { Self::ROUTING.reader() })?,
        })
    }

    fn put(&self, to: Arguments) -> Arguments {
        let mut to = to.put("role", &Self::ROLE, &self.role).put("channel", &Self::CHANNEL, &self.channel).put(
            "pan_id",
            &Self::PAN_ID,
            &self.pan_id,
        );
        to = match self.find {
            None => to.put("ct", &UNICAST, &self.ct),
            Some(find) => to.with("find", find.name()),
        };
        if let Some(server) = self.find.and_then(Find::server) {
            to = to.put("server", &UNICAST, &server);
        }
        if let Some(parent) = &self.parent {
            to = to.put("parent", &EUI64, parent);
        }
        to = to.put("trigger", &Self::TRIGGER, &self.trigger);
        match self.routing {
            Routing::Tree => to,
            Routing::Rpl => to.put("routing", &Self::ROUTING, &self.routing),
        }
    }
}

impl Application {
    const INTERVAL: Form<u16> =
        Form::new(Kind::Number { min: 0, max: 3600 }, |value| decimal(value).filter(|&n| n <= 3600), u16::to_string);
}

impl Group for Option<Application> {
    const KEYS: &'static [KeyInfo] = &[
        KeyInfo::of("interval_s", &Application::INTERVAL),
        KeyInfo::of("dest", &UNICAST).when(Required::With("interval_s=1..3600")),
        KeyInfo::of("port", &PORT).when(Required::With("interval_s=1..3600")),
        KeyInfo::of("data", &DATA).when(Required::With("interval_s=1..3600")),
    ];

    fn take(fields: &mut Fields<'_>) -> Result<Self, CommandFault> {
        Ok(match fields.take("interval_s", const { Application::INTERVAL.reader() })? {
            0 => None,
            interval_s => Some(Application {
                dest: fields.take("dest", const { UNICAST.reader() })?,
                port: fields.take("port", const { PORT.reader() })?,
                interval_s,
                data: fields.take("data", const { DATA.reader() })?,
            }),
        })
    }

    fn put(&self, to: Arguments) -> Arguments {
        match self {
            None => to.put("interval_s", &Application::INTERVAL, &0),
            Some(Application { dest, port, interval_s, data }) => to
                .put("interval_s", &Application::INTERVAL, interval_s)
                .put("dest", &UNICAST, dest)
                .put("port", &PORT, port)
                .put("data", &DATA, data),
        }
    }
}
