//! ICMPv6 messages (RFC 4443): echo and errors here, Multicast Listener Discovery in [`mld`], Neighbor Discovery in
//! [`crate::ndp`], RPL in [`crate::rpl`], bootstrap requests in [`crate::sel`]; anything else is carried raw. The checksum
//! is verified by `parse` and written by `emit`.

use alloc::vec;
use alloc::vec::Vec;

use crate::ipv6::{Ipv6Addr, NextHeader, checksum};
use crate::reader::Reader;
use crate::writer::Writer;
use crate::{Error, MLD, RPL, Result, ndp, rpl, sel};

pub mod mld;

#[cfg(test)]
mod tests;

/// Octets of type, code and checksum.
pub const HEADER_LENGTH: usize = 4;

/// A message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// Types 1 to 4.
    Error {
        /// Which error.
        kind: ErrorKind,
        /// Code.
        code: u8,
        /// The four octets after the checksum: MTU, pointer or unused.
        parameter: u32,
        /// As much of the invoking packet as the sender put in.
        invoking: Vec<u8>,
    },
    /// Type 128.
    EchoRequest(Echo),
    /// Type 129.
    EchoReply(Echo),
    /// Types 130 to 132 and 143, code 0.
    Mld(mld::Message),
    /// Types 133 to 137, code 0; 157 and 158, code suffix 0 to 4.
    Ndp(ndp::Message),
    /// Type 155, codes of RFC 6550.
    Rpl(rpl::Message),
    /// Type 200, codes 1 and 2.
    Sel(sel::Message),
    /// Any other type or code.
    Other {
        /// Type.
        kind: u8,
        /// Code.
        code: u8,
        /// What follows the checksum.
        body: Vec<u8>,
    },
}

/// The error messages (RFC 4443 section 3); their codes are in [`code`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// Type 1.
    DestinationUnreachable,
    /// Type 2: the parameter is the MTU.
    PacketTooBig,
    /// Type 3.
    TimeExceeded,
    /// Type 4: the parameter is the pointer.
    ParameterProblem,
}

/// The codes of error messages, by type.
pub mod code {
    /// Of destination unreachable (RFC 4443 section 3.1, RFC 6550 section 20.15, RFC 8883 section 3).
    pub mod destination_unreachable {
        /// No route to the destination.
        pub const NO_ROUTE: u8 = 0;
        /// Administratively prohibited.
        pub const ADMINISTRATIVELY_PROHIBITED: u8 = 1;
        /// Beyond the scope of the source address.
        pub const BEYOND_SCOPE: u8 = 2;
        /// Address unreachable.
        pub const ADDRESS_UNREACHABLE: u8 = 3;
        /// Port unreachable.
        pub const PORT_UNREACHABLE: u8 = 4;
        /// The source address failed a policy of ingress or egress.
        pub const SOURCE_ADDRESS_FAILED_POLICY: u8 = 5;
        /// The route is to reject.
        pub const REJECT_ROUTE: u8 = 6;
        /// Error in a source routing header of RPL.
        pub const ERROR_IN_SOURCE_ROUTING_HEADER: u8 = 7;
        /// Headers too long.
        pub const HEADERS_TOO_LONG: u8 = 8;
    }

    /// Of time exceeded (RFC 4443 section 3.3).
    pub mod time_exceeded {
        /// The hop limit was reached in transit.
        pub const HOP_LIMIT: u8 = 0;
        /// Fragments did not all arrive in time.
        pub const FRAGMENT_REASSEMBLY: u8 = 1;
    }

    /// Of parameter problem (RFC 4443 section 3.4, RFC 7112 section 6, RFC 8883 section 2).
    pub mod parameter_problem {
        /// Erroneous header field.
        pub const ERRONEOUS_HEADER_FIELD: u8 = 0;
        /// Unrecognized next header.
        pub const UNRECOGNIZED_NEXT_HEADER: u8 = 1;
        /// Unrecognized IPv6 option.
        pub const UNRECOGNIZED_OPTION: u8 = 2;
        /// The first fragment lacks a part of the header chain.
        pub const INCOMPLETE_HEADER_CHAIN: u8 = 3;
    }
}

/// The body of an echo request or reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Echo {
    /// Identifier.
    pub identifier: u16,
    /// Sequence number.
    pub sequence_number: u16,
    /// Data, returned unchanged.
    pub data: Vec<u8>,
}

impl Message {
    /// Parses a message between two addresses; [`Error::Integrity`] if the checksum is wrong.
    pub fn parse(bytes: &[u8], source: Ipv6Addr, destination: Ipv6Addr) -> Result<Self> {
        if bytes.len() >= HEADER_LENGTH && checksum(source, destination, NextHeader::ICMPV6, bytes) != 0 {
            return Err(Error::Integrity("ICMPv6 checksum"));
        }
        Self::parse_unverified(bytes)
    }

    /// Parses a message without a look at its checksum: what a dissector wants.
    pub fn parse_unverified(bytes: &[u8]) -> Result<Self> {
        let mut reader = Reader::new(bytes);
        let kind = reader.u8("ICMPv6 type")?;
        let code = reader.u8("ICMPv6 code")?;
        reader.take(2, "ICMPv6 checksum")?;
        if let Some(kind) = ErrorKind::from_type(kind) {
            let parameter = reader.u32_be("ICMPv6 error parameter")?;
            return Ok(Self::Error { kind, code, parameter, invoking: reader.rest().to_vec() });
        }
        Ok(match (kind, code) {
            (128, 0) => Self::EchoRequest(Echo::parse(&mut reader)?),
            (129, 0) => Self::EchoReply(Echo::parse(&mut reader)?),
            (mld::QUERY..=mld::DONE | mld::REPORT_V2, 0) if MLD => {
                Self::Mld(mld::Message::parse_body(kind, reader.rest())?)
            }
            (ndp::ROUTER_SOLICITATION..=ndp::REDIRECT, 0) => {
                Self::Ndp(ndp::Message::parse_body(kind, code, reader.rest())?)
            }
            (ndp::DUPLICATE_ADDRESS_REQUEST | ndp::DUPLICATE_ADDRESS_CONFIRMATION, _) if code & 0x0f <= 4 => {
                Self::Ndp(ndp::Message::parse_body(kind, code, reader.rest())?)
            }
            (rpl::ICMPV6_TYPE, _) if RPL && rpl::Kind::from_code(code).is_some() => {
                Self::Rpl(rpl::Message::parse_body(code, reader.rest())?)
            }
            (sel::ICMPV6_TYPE, _) => match sel::Kind::from_code(code) {
                Some(kind) => Self::Sel(sel::Message::parse_body(kind, reader.rest())?),
                None => Self::Other { kind, code, body: reader.rest().to_vec() },
            },
            _ => Self::Other { kind, code, body: reader.rest().to_vec() },
        })
    }

    /// The type octet.
    pub fn kind(&self) -> u8 {
        match self {
            Self::Error { kind, .. } => kind.icmpv6_type(),
            Self::EchoRequest(_) => 128,
            Self::EchoReply(_) => 129,
            Self::Mld(message) => message.icmpv6_type(),
            Self::Ndp(message) => message.icmpv6_type(),
            Self::Rpl(_) => rpl::ICMPV6_TYPE,
            Self::Sel(_) => sel::ICMPV6_TYPE,
            Self::Other { kind, .. } => *kind,
        }
    }

    /// The code octet.
    pub fn code(&self) -> u8 {
        match self {
            Self::Error { code, .. } | Self::Other { code, .. } => *code,
            Self::EchoRequest(_) | Self::EchoReply(_) | Self::Mld(_) => 0,
            Self::Ndp(message) => message.icmpv6_code(),
            Self::Rpl(message) => message.icmpv6_code(),
            Self::Sel(message) => message.kind.code(),
        }
    }

    /// Octets that [`Self::emit`] writes.
    pub fn buffer_len(&self) -> usize {
        let body = match self {
            Self::Error { invoking, .. } => invoking.len().saturating_add(4),
            Self::EchoRequest(echo) | Self::EchoReply(echo) => echo.data.len().saturating_add(4),
            Self::Mld(_) if !MLD => 0,
            Self::Mld(message) => message.body_len(),
            Self::Ndp(message) => message.body_len(),
            Self::Rpl(_) if !RPL => 0,
            Self::Rpl(message) => message.body_len(),
            Self::Sel(_) => sel::BODY_LENGTH,
            Self::Other { body, .. } => body.len(),
        };
        body.saturating_add(HEADER_LENGTH)
    }

    /// Writes the message with its checksum.
    pub fn emit(&self, source: Ipv6Addr, destination: Ipv6Addr, buffer: &mut [u8]) -> Result<()> {
        let mut writer = Writer::new(buffer);
        writer.u8(self.kind(), "ICMPv6 type")?;
        writer.u8(self.code(), "ICMPv6 code")?;
        writer.u16_be(0, "ICMPv6 checksum")?;
        match self {
            Self::Error { parameter, invoking, .. } => {
                writer.u32_be(*parameter, "ICMPv6 error parameter")?;
                writer.put(invoking, "invoking packet")?;
            }
            Self::EchoRequest(echo) | Self::EchoReply(echo) => {
                writer.u16_be(echo.identifier, "echo identifier")?;
                writer.u16_be(echo.sequence_number, "echo sequence number")?;
                writer.put(&echo.data, "echo data")?;
            }
            Self::Mld(_) if !MLD => return Err(Error::Unsupported("MLD")),
            Self::Mld(message) => message.emit_body(&mut writer)?,
            Self::Ndp(message) => message.emit_body(&mut writer)?,
            Self::Rpl(_) if !RPL => return Err(Error::Unsupported("RPL")),
            Self::Rpl(message) => message.emit_body(&mut writer)?,
            Self::Sel(message) => message.emit_body(&mut writer)?,
            Self::Other { body, .. } => writer.put(body, "ICMPv6 body")?,
        }
        let sum = checksum(source, destination, NextHeader::ICMPV6, writer.finish());
        let field = buffer.get_mut(2..4).ok_or(Error::NoRoom("ICMPv6 checksum"))?;
        field.copy_from_slice(&sum.to_be_bytes());
        Ok(())
    }

    /// The message as bytes.
    pub fn to_vec(&self, source: Ipv6Addr, destination: Ipv6Addr) -> Result<Vec<u8>> {
        let mut bytes = vec![0; self.buffer_len()];
        self.emit(source, destination, &mut bytes)?;
        Ok(bytes)
    }
}

impl ErrorKind {
    /// From the type octet.
    pub fn from_type(kind: u8) -> Option<Self> {
        match kind {
            1 => Some(Self::DestinationUnreachable),
            2 => Some(Self::PacketTooBig),
            3 => Some(Self::TimeExceeded),
            4 => Some(Self::ParameterProblem),
            _ => None,
        }
    }

    /// The type octet.
    pub fn icmpv6_type(self) -> u8 {
        match self {
            Self::DestinationUnreachable => 1,
            Self::PacketTooBig => 2,
            Self::TimeExceeded => 3,
            Self::ParameterProblem => 4,
        }
    }
}

impl Echo {
    fn parse(reader: &mut Reader<'_>) -> Result<Self> {
        let identifier = reader.u16_be("echo identifier")?;
        let sequence_number = reader.u16_be("echo sequence number")?;
        Ok(Self { identifier, sequence_number, data: reader.rest().to_vec() })
    }
}
