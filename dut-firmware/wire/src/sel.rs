//! The ICMPv6 messages of selective-order bootstrapping (draft-kumar-6lo-selective-bootstrap-00 section 5.3.1), with the
//! numbers and the layout of Bootrack's profile (`PROFILE-SEL` 1, 2).

use crate::reader::Reader;
use crate::writer::Writer;
use crate::{Eui64, Result};

/// The ICMPv6 type of both messages: "private experimentation" (RFC 4443) until one is assigned.
pub const ICMPV6_TYPE: u8 = 200;

/// Octets after the ICMPv6 checksum.
pub const BODY_LENGTH: usize = 12;

/// Hop limit of both messages when sent: MULTIHOP_HOPLIMIT (RFC 6775 section 9).
pub const MULTIHOP_HOPLIMIT: u8 = 64;

/// Which of the two messages it is: the ICMPv6 code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Code 1, JSR: from an unsecured node, by way of its neighbours, to the commissioning tool.
    JoinSecureRequest,
    /// Code 2, SSR: from a secured node to a neighbour, under link security.
    SetSecureRequest,
}

impl Kind {
    /// From the ICMPv6 code; other codes are none of this protocol's messages.
    pub fn from_code(code: u8) -> Option<Self> {
        match code {
            1 => Some(Self::JoinSecureRequest),
            2 => Some(Self::SetSecureRequest),
            _ => None,
        }
    }

    /// The ICMPv6 code.
    pub fn code(self) -> u8 {
        match self {
            Self::JoinSecureRequest => 1,
            Self::SetSecureRequest => 2,
        }
    }
}

/// A JSR or an SSR.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Message {
    /// Which of the two.
    pub kind: Kind,
    /// Status: 0 when sent, ignored when received.
    pub status: u8,
    /// Reserved: 0 when sent, ignored when received.
    pub reserved: u8,
    /// Registration lifetime in units of 60 seconds.
    pub registration_lifetime: u16,
    /// EUI-64 of the sender, unmodified.
    pub eui64: Eui64,
}

impl Message {
    /// A JSR as the profile wants it: status, reserved and lifetime 0.
    pub fn join_secure_request(eui64: Eui64) -> Self {
        Self { kind: Kind::JoinSecureRequest, status: 0, reserved: 0, registration_lifetime: 0, eui64 }
    }

    /// An SSR with `registration_lifetime` in units of 60 seconds.
    pub fn set_secure_request(eui64: Eui64, registration_lifetime: u16) -> Self {
        Self { kind: Kind::SetSecureRequest, status: 0, reserved: 0, registration_lifetime, eui64 }
    }

    /// Reads what follows the ICMPv6 checksum; trailing octets are ignored.
    pub fn parse_body(kind: Kind, body: &[u8]) -> Result<Self> {
        let mut reader = Reader::new(body);
        Ok(Self {
            kind,
            status: reader.u8("status")?,
            reserved: reader.u8("reserved")?,
            registration_lifetime: reader.u16_be("registration lifetime")?,
            eui64: Eui64(reader.array("EUI-64")?),
        })
    }

    /// Writes what follows the ICMPv6 checksum.
    pub fn emit_body(&self, writer: &mut Writer<'_>) -> Result<()> {
        writer.u8(self.status, "status")?;
        writer.u8(self.reserved, "reserved")?;
        writer.u16_be(self.registration_lifetime, "registration lifetime")?;
        writer.put(&self.eui64.0, "EUI-64")
    }
}
