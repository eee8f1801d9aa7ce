//! The link-layer address of a source or target link-layer address option (RFC 4861 section 4.6.1): 48 bits on the
//! backbone, 64 or 16 bits in a mesh (RFC 4944 section 8).

use crate::Eui64;
use crate::ieee802154::{LinkAddress, ShortAddress};

/// A link-layer address inside an option.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkLayerAddress {
    /// Length 2: an EUI-64 and six octets of padding (RFC 4944 section 8).
    Extended(Eui64),
    /// Length 1: a short address and four octets of padding.
    Short(ShortAddress),
    /// Length 1 with anything but padding after two octets: a 48-bit address, as on the backbone.
    Ethernet([u8; 6]),
}

impl From<LinkAddress> for LinkLayerAddress {
    fn from(address: LinkAddress) -> Self {
        match address {
            LinkAddress::Extended(eui64) => Self::Extended(eui64),
            LinkAddress::Short(short) => Self::Short(short),
        }
    }
}

impl LinkLayerAddress {
    /// The IEEE 802.15.4 address, if it is one.
    pub fn link(self) -> Option<LinkAddress> {
        match self {
            Self::Extended(eui64) => Some(LinkAddress::Extended(eui64)),
            Self::Short(short) => Some(LinkAddress::Short(short)),
            Self::Ethernet(_) => None,
        }
    }

    pub(super) fn octets(self) -> ([u8; 14], usize) {
        let mut octets = [0; 14];
        let (address, length): (&[u8], usize) = match &self {
            Self::Extended(eui64) => (&eui64.0, 14),
            Self::Short(short) => (&short.0.to_be_bytes(), 6),
            Self::Ethernet(address) => (address, 6),
        };
        for (to, from) in octets.iter_mut().zip(address) {
            *to = *from;
        }
        (octets, length)
    }

    pub(super) fn parse(body: &[u8]) -> Option<Self> {
        match *body {
            [a, b, c, d, e, f, g, h, _, _, _, _, _, _] => Some(Self::Extended(Eui64([a, b, c, d, e, f, g, h]))),
            [a, b, 0, 0, 0, 0] => Some(Self::Short(ShortAddress(u16::from_be_bytes([a, b])))),
            [a, b, c, d, e, f] => Some(Self::Ethernet([a, b, c, d, e, f])),
            _ => None,
        }
    }
}
