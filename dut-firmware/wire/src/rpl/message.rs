//! The messages: what follows the ICMPv6 checksum (RFC 6550 sections 6.2 to 6.6).

use alloc::vec::Vec;

use super::{RplOption, SECURE, Security};
use crate::ipv6::Ipv6Addr;
use crate::reader::Reader;
use crate::writer::Writer;
use crate::{Error, Result};

/// Which message it is: the ICMPv6 code without its highest bit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// DIS, 0x00 and 0x80.
    InformationSolicitation,
    /// DIO, 0x01 and 0x81.
    InformationObject,
    /// DAO, 0x02 and 0x82.
    DestinationAdvertisement,
    /// DAO-ACK, 0x03 and 0x83.
    DestinationAdvertisementAck,
    /// CC, 0x8a only.
    ConsistencyCheck,
}

impl Kind {
    /// From the ICMPv6 code, whether secure or not; a CC is always secure.
    pub fn from_code(code: u8) -> Option<Self> {
        match code & !SECURE {
            0 => Some(Self::InformationSolicitation),
            1 => Some(Self::InformationObject),
            2 => Some(Self::DestinationAdvertisement),
            3 => Some(Self::DestinationAdvertisementAck),
            0x0a if code & SECURE != 0 => Some(Self::ConsistencyCheck),
            _ => None,
        }
    }

    /// The ICMPv6 code of the secure message; that of the plain one lacks [`SECURE`].
    pub fn secure_code(self) -> u8 {
        match self {
            Self::InformationSolicitation => 0x80,
            Self::InformationObject => 0x81,
            Self::DestinationAdvertisement => 0x82,
            Self::DestinationAdvertisementAck => 0x83,
            Self::ConsistencyCheck => 0x8a,
        }
    }
}

/// A message. Reserved fields and unused flags are written as zero and ignored when read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// DIS.
    InformationSolicitation {
        /// Options.
        options: Vec<RplOption>,
    },
    /// DIO.
    InformationObject(InformationObject),
    /// DAO.
    DestinationAdvertisement(DestinationAdvertisement),
    /// DAO-ACK.
    DestinationAdvertisementAck(DestinationAdvertisementAck),
    /// The secure variant of any, and the CC.
    Secure {
        /// Which message is protected.
        kind: Kind,
        /// Security section.
        security: Security,
        /// Base, options and MAC or signature, as they are; [`Message::open`] reads what is not encrypted.
        protected: Vec<u8>,
    },
}

/// The base of a DIO and its options (RFC 6550 section 6.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InformationObject {
    /// RPLInstanceID.
    pub instance_id: u8,
    /// Version number.
    pub version_number: u8,
    /// Rank.
    pub rank: u16,
    /// G flag.
    pub grounded: bool,
    /// MOP, 0 to 7: 0 no downward routes, 1 non-storing, 2 storing, 3 storing with multicast.
    pub mode_of_operation: u8,
    /// Preference of the DODAG, 0 to 7.
    pub preference: u8,
    /// DTSN.
    pub trigger_sequence_number: u8,
    /// DODAGID.
    pub dodag_id: Ipv6Addr,
    /// Options.
    pub options: Vec<RplOption>,
}

/// The base of a DAO and its options (RFC 6550 section 6.4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DestinationAdvertisement {
    /// RPLInstanceID.
    pub instance_id: u8,
    /// K flag: an acknowledgement is wanted.
    pub acknowledgement: bool,
    /// DAOSequence.
    pub sequence: u8,
    /// DODAGID, with the D flag if there is one.
    pub dodag_id: Option<Ipv6Addr>,
    /// Options.
    pub options: Vec<RplOption>,
}

/// The base of a DAO-ACK and its options (RFC 6550 section 6.5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DestinationAdvertisementAck {
    /// RPLInstanceID.
    pub instance_id: u8,
    /// DAOSequence.
    pub sequence: u8,
    /// Status: 0 accepted, 1 to 127 another parent is suggested, above that rejected.
    pub status: u8,
    /// DODAGID, with the D flag if there is one.
    pub dodag_id: Option<Ipv6Addr>,
    /// Options.
    pub options: Vec<RplOption>,
}

/// The base of a CC and its options (RFC 6550 section 6.6), inside [`Message::Secure`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsistencyCheck {
    /// RPLInstanceID.
    pub instance_id: u8,
    /// R flag: this is a response.
    pub response: bool,
    /// CC nonce.
    pub nonce: u16,
    /// DODAGID.
    pub dodag_id: Ipv6Addr,
    /// Destination counter.
    pub destination_counter: u32,
    /// Options.
    pub options: Vec<RplOption>,
}

impl Message {
    /// The ICMPv6 code.
    pub fn icmpv6_code(&self) -> u8 {
        match self {
            Self::InformationSolicitation { .. } => 0,
            Self::InformationObject(_) => 1,
            Self::DestinationAdvertisement(_) => 2,
            Self::DestinationAdvertisementAck(_) => 3,
            Self::Secure { kind, .. } => kind.secure_code(),
        }
    }

    /// The options; none in a secure message.
    pub fn options(&self) -> &[RplOption] {
        match self {
            Self::InformationSolicitation { options } => options,
            Self::InformationObject(object) => &object.options,
            Self::DestinationAdvertisement(advertisement) => &advertisement.options,
            Self::DestinationAdvertisementAck(ack) => &ack.options,
            Self::Secure { .. } => &[],
        }
    }

    /// Octets that [`Self::emit_body`] writes.
    pub fn body_len(&self) -> usize {
        let dodag_id_len = |dodag_id: &Option<Ipv6Addr>| if dodag_id.is_some() { 20 } else { 4 };
        let fixed = match self {
            Self::InformationSolicitation { .. } => 2,
            Self::InformationObject(_) => 24,
            Self::DestinationAdvertisement(advertisement) => dodag_id_len(&advertisement.dodag_id),
            Self::DestinationAdvertisementAck(ack) => dodag_id_len(&ack.dodag_id),
            Self::Secure { security, protected, .. } => security.buffer_len().saturating_add(protected.len()),
        };
        RplOption::all_len(self.options()).saturating_add(fixed)
    }

    /// Reads what follows the ICMPv6 checksum; [`Error::Unsupported`] for a code that is none of RFC 6550.
    pub fn parse_body(icmpv6_code: u8, body: &[u8]) -> Result<Self> {
        let kind = Kind::from_code(icmpv6_code).ok_or(Error::Unsupported("ICMPv6 code is none of RFC 6550"))?;
        let mut reader = Reader::new(body);
        if icmpv6_code & SECURE != 0 {
            let security = Security::parse(&mut reader)?;
            return Ok(Self::Secure { kind, security, protected: reader.rest().to_vec() });
        }
        Self::parse_plain(kind, &mut reader)
    }

    fn parse_plain(kind: Kind, reader: &mut Reader<'_>) -> Result<Self> {
        match kind {
            Kind::InformationSolicitation => {
                reader.take(2, "flags")?;
                Ok(Self::InformationSolicitation { options: RplOption::parse_all(reader)? })
            }
            Kind::InformationObject => {
                let instance_id = reader.u8("RPLInstanceID")?;
                let version_number = reader.u8("version number")?;
                let rank = reader.u16_be("rank")?;
                let flags = reader.u8("G, MOP and Prf")?;
                let trigger_sequence_number = reader.u8("DTSN")?;
                reader.take(2, "flags and reserved")?;
                Ok(Self::InformationObject(InformationObject {
                    instance_id,
                    version_number,
                    rank,
                    grounded: flags & 0x80 != 0,
                    mode_of_operation: flags >> 3 & 7,
                    preference: flags & 7,
                    trigger_sequence_number,
                    dodag_id: Ipv6Addr::from(reader.array::<16>("DODAGID")?),
                    options: RplOption::parse_all(reader)?,
                }))
            }
            Kind::DestinationAdvertisement => {
                let instance_id = reader.u8("RPLInstanceID")?;
                let flags = reader.u8("K and D")?;
                reader.take(1, "reserved")?;
                Ok(Self::DestinationAdvertisement(DestinationAdvertisement {
                    instance_id,
                    acknowledgement: flags & 0x80 != 0,
                    sequence: reader.u8("DAOSequence")?,
                    dodag_id: dodag_id(reader, flags & 0x40 != 0)?,
                    options: RplOption::parse_all(reader)?,
                }))
            }
            Kind::DestinationAdvertisementAck => {
                let instance_id = reader.u8("RPLInstanceID")?;
                let flags = reader.u8("D")?;
                Ok(Self::DestinationAdvertisementAck(DestinationAdvertisementAck {
                    instance_id,
                    sequence: reader.u8("DAOSequence")?,
                    status: reader.u8("status")?,
                    dodag_id: dodag_id(reader, flags & 0x80 != 0)?,
                    options: RplOption::parse_all(reader)?,
                }))
            }
            Kind::ConsistencyCheck => Err(Error::Malformed("CC without a security section")),
        }
    }

    /// Writes what follows the ICMPv6 checksum.
    pub fn emit_body(&self, writer: &mut Writer<'_>) -> Result<()> {
        match self {
            Self::InformationSolicitation { .. } => writer.u16_be(0, "flags")?,
            Self::InformationObject(object) => {
                if object.mode_of_operation > 7 || object.preference > 7 {
                    return Err(Error::Malformed("mode of operation or preference above 7"));
                }
                writer.u8(object.instance_id, "RPLInstanceID")?;
                writer.u8(object.version_number, "version number")?;
                writer.u16_be(object.rank, "rank")?;
                let flags = u8::from(object.grounded) << 7 | object.mode_of_operation << 3 | object.preference;
                writer.u8(flags, "G, MOP and Prf")?;
                writer.u8(object.trigger_sequence_number, "DTSN")?;
                writer.u16_be(0, "flags and reserved")?;
                writer.put(&object.dodag_id.octets(), "DODAGID")?;
            }
            Self::DestinationAdvertisement(advertisement) => {
                writer.u8(advertisement.instance_id, "RPLInstanceID")?;
                let d = u8::from(advertisement.dodag_id.is_some());
                writer.u8(u8::from(advertisement.acknowledgement) << 7 | d << 6, "K and D")?;
                writer.u8(0, "reserved")?;
                writer.u8(advertisement.sequence, "DAOSequence")?;
                if let Some(dodag_id) = advertisement.dodag_id {
                    writer.put(&dodag_id.octets(), "DODAGID")?;
                }
            }
            Self::DestinationAdvertisementAck(ack) => {
                writer.u8(ack.instance_id, "RPLInstanceID")?;
                writer.u8(u8::from(ack.dodag_id.is_some()) << 7, "D")?;
                writer.u8(ack.sequence, "DAOSequence")?;
                writer.u8(ack.status, "status")?;
                if let Some(dodag_id) = ack.dodag_id {
                    writer.put(&dodag_id.octets(), "DODAGID")?;
                }
            }
            Self::Secure { security, protected, .. } => {
                security.emit(writer)?;
                writer.put(protected, "protected message")?;
            }
        }
        RplOption::emit_all(self.options(), writer)
    }

    /// What a secure message protects and the MAC or signature after it, if its level does not encrypt and its kind is
    /// not CC. Nothing is verified.
    pub fn open(&self) -> Option<Result<(Self, &[u8])>> {
        let (kind, readable, integrity) = self.readable()?;
        (kind != Kind::ConsistencyCheck)
            .then(|| Self::parse_plain(kind, &mut Reader::new(readable)).map(|message| (message, integrity)))
    }

    /// The CC and the MAC or signature after it, if its level does not encrypt. Nothing is verified.
    pub fn open_consistency_check(&self) -> Option<Result<(ConsistencyCheck, &[u8])>> {
        let (kind, readable, integrity) = self.readable()?;
        (kind == Kind::ConsistencyCheck)
            .then(|| ConsistencyCheck::parse(&mut Reader::new(readable)).map(|check| (check, integrity)))
    }

    fn readable(&self) -> Option<(Kind, &[u8], &[u8])> {
        let Self::Secure { kind, security, protected } = self else { return None };
        if security.encrypts()? {
            return None;
        }
        let end = protected.len().checked_sub(security.integrity_len()?)?;
        let (readable, integrity) = protected.split_at_checked(end)?;
        Some((*kind, readable, integrity))
    }
}

impl ConsistencyCheck {
    /// Reads the base and the options.
    pub fn parse(reader: &mut Reader<'_>) -> Result<Self> {
        let instance_id = reader.u8("RPLInstanceID")?;
        let flags = reader.u8("R")?;
        Ok(Self {
            instance_id,
            response: flags & 0x80 != 0,
            nonce: reader.u16_be("CC nonce")?,
            dodag_id: Ipv6Addr::from(reader.array::<16>("DODAGID")?),
            destination_counter: reader.u32_be("destination counter")?,
            options: RplOption::parse_all(reader)?,
        })
    }

    /// Octets that [`Self::emit`] writes.
    pub fn buffer_len(&self) -> usize {
        RplOption::all_len(&self.options).saturating_add(24)
    }

    /// Writes the base and the options.
    pub fn emit(&self, writer: &mut Writer<'_>) -> Result<()> {
        writer.u8(self.instance_id, "RPLInstanceID")?;
        writer.u8(u8::from(self.response) << 7, "R")?;
        writer.u16_be(self.nonce, "CC nonce")?;
        writer.put(&self.dodag_id.octets(), "DODAGID")?;
        writer.u32_be(self.destination_counter, "destination counter")?;
        RplOption::emit_all(&self.options, writer)
    }
}

fn dodag_id(reader: &mut Reader<'_>, present: bool) -> Result<Option<Ipv6Addr>> {
    match present {
        true => Ok(Some(Ipv6Addr::from(reader.array::<16>("DODAGID")?))),
        false => Ok(None),
    }
}
