//! How a device is spoken to: the profile's way (`PROFILE-SEL` 13), unless a station's order `device` says otherwise.

use std::collections::BTreeMap;
use std::net::Ipv6Addr;

use record::station::{Argument, ArgumentKind as Kind, OrderInfo};
use wire::Eui64;
use wire::coap::SECURE_PORT;

use crate::profile::mesh_address;
use crate::station::{self, Briefing};
use crate::words::{Given, Parsed, bad};

const LOWER: &str = "eui64-hex-lower";
const UPPER: &str = "eui64-hex-upper";
const OCTETS: &str = "eui64-octets";

/// The order.
pub(crate) const ORDER: OrderInfo = OrderInfo::new(
    "device",
    "how a device is spoken to, where not as the profile has it: the port of its server, what its PSK identity is, its address",
)
.keys(&[
    Argument::needed("eui64", Kind::Eui64),
    Argument::maybe("port", Kind::Number(u16::MAX as u64)),
    Argument::maybe("identity", Kind::Word(&[LOWER, UPPER, OCTETS])),
    Argument::maybe("address", Kind::Ipv6),
])
.told_again();

/// What the order says of a device; the rest stays.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Told {
    eui64: Eui64,
    port: Option<u16>,
    identity: Option<IdentityForm>,
    address: Option<Ipv6Addr>,
}

impl Told {
    /// Reads the arguments of [`ORDER`].
    ///
    /// # Errors
    /// What is wrong with them.
    pub(crate) fn of(given: &Given<'_>) -> Parsed<Self> {
        Ok(Self {
            eui64: given.need("eui64")?,
            port: given.maybe("port")?,
            identity: given.text("identity").map(IdentityForm::parse).transpose()?,
            address: given.maybe("address")?,
        })
    }
}

/// What the PSK identity of a device is made of: its EUI-64.
#[derive(Clone, Copy, PartialEq, Eq)]
enum IdentityForm {
    HexLower,
    HexUpper,
    Octets,
}

impl IdentityForm {
    fn parse(word: &str) -> Parsed<Self> {
        match word {
            LOWER => Ok(Self::HexLower),
            UPPER => Ok(Self::HexUpper),
            OCTETS => Ok(Self::Octets),
            _ => Err(bad(word, "eui64-hex-lower, eui64-hex-upper or eui64-octets")),
        }
    }

    fn of(self, eui64: Eui64) -> Vec<u8> {
        match self {
            Self::HexLower => eui64.to_string().into_bytes(),
            Self::HexUpper => eui64.to_string().to_uppercase().into_bytes(),
            Self::Octets => eui64.0.to_vec(),
        }
    }
}

/// How one device is spoken to.
#[derive(Clone, Copy)]
pub(crate) struct Manner {
    eui64: Eui64,
    /// The port of its server.
    pub(crate) port: u16,
    identity: IdentityForm,
    /// Its address in the mesh, if its EUI-64 does not give it.
    address: Option<Ipv6Addr>,
}

impl Manner {
    /// Its PSK identity.
    pub(crate) fn identity(&self) -> Vec<u8> {
        self.identity.of(self.eui64)
    }

    /// Its address in the mesh.
    pub(crate) fn address(&self) -> Ipv6Addr {
        self.address.unwrap_or_else(|| mesh_address(self.eui64))
    }
}

/// How each device is spoken to.
#[derive(Default)]
pub(crate) struct Manners(BTreeMap<Eui64, Manner>);

impl Manners {
    /// What is said now counts, the rest stays.
    pub(crate) fn learn(&mut self, told: Told) {
        let known = self.of(told.eui64);
        let manner = Manner {
            port: told.port.unwrap_or(known.port),
            identity: told.identity.unwrap_or(known.identity),
            address: told.address.or(known.address),
            ..known
        };
        self.0.insert(told.eui64, manner);
    }

    /// How this one is.
    pub(crate) fn of(&self, eui64: Eui64) -> Manner {
        let as_the_profile_has_it =
            Manner { eui64, port: SECURE_PORT, identity: IdentityForm::HexLower, address: None };
        self.0.get(&eui64).copied().unwrap_or(as_the_profile_has_it)
    }
}

/// The orders that say how the device under test is spoken to, if not as the profile has it.
pub(crate) fn brief(briefing: &Briefing<'_>) -> Vec<String> {
    let of_manner =
        |station::Manner { eui64, port, identity }| format!("device eui64={eui64} port={port} identity={identity}");
    let of_address = |(eui64, address)| format!("device eui64={eui64} address={address}");
    briefing.manner().map(of_manner).into_iter().chain(briefing.told_address().map(of_address)).collect()
}
