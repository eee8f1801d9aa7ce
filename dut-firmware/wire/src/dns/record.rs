//! Resource records (RFC 1035 sections 3.2, 4.1.3): the types that service discovery needs; data of other types is
//! carried as it is.

use alloc::vec::Vec;

use super::Name;
use super::message::Output;
use crate::ipv6::Ipv6Addr;
use crate::reader::Reader;
use crate::{Error, Result};

/// The type of a record or of a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RecordType(pub u16);

impl RecordType {
    /// IPv4 address.
    pub const A: Self = Self(1);
    /// Name server.
    pub const NS: Self = Self(2);
    /// Canonical name.
    pub const CNAME: Self = Self(5);
    /// Start of authority.
    pub const SOA: Self = Self(6);
    /// Pointer: to an instance of a service (RFC 6763 section 4.1).
    pub const PTR: Self = Self(12);
    /// Text: attributes of a service (RFC 6763 section 6).
    pub const TXT: Self = Self(16);
    /// IPv6 address (RFC 3596).
    pub const AAAA: Self = Self(28);
    /// Service: its port and host (RFC 2782).
    pub const SRV: Self = Self(33);
    /// Extension mechanisms (RFC 6891).
    pub const OPT: Self = Self(41);
    /// Any, in questions only.
    pub const ANY: Self = Self(255);
}

/// A record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Owner.
    pub name: Name,
    /// Class, 15 bits; of OPT, the UDP payload size that the sender takes.
    pub class: u16,
    /// The first bit of the class: all older records of this name and type are void (RFC 6762 section 10.2).
    pub cache_flush: bool,
    /// Time to live in seconds; of OPT, extended response code, version and flags.
    pub time_to_live: u32,
    /// Type and data.
    pub data: RecordData,
}

/// The data of a record, which says its type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecordData {
    /// IPv4 address.
    A([u8; 4]),
    /// IPv6 address.
    Aaaa(Ipv6Addr),
    /// Name server.
    NameServer(Name),
    /// Canonical name.
    CanonicalName(Name),
    /// Start of authority.
    StartOfAuthority(StartOfAuthority),
    /// Pointer.
    Pointer(Name),
    /// Text: strings of at most 255 octets; none is not allowed but found.
    Text(Vec<Vec<u8>>),
    /// Service.
    Service {
        /// Priority: the lowest first.
        priority: u16,
        /// Weight among those of a priority.
        weight: u16,
        /// Port.
        port: u16,
        /// Host.
        target: Name,
    },
    /// Options of OPT.
    Options(Vec<EdnsOption>),
    /// Any other type, or data that is none of its type.
    Other {
        /// Type.
        record_type: RecordType,
        /// Data; names in it may be compressed and mean nothing without their message.
        data: Vec<u8>,
    },
}

/// The data of an SOA record (RFC 1035 section 3.3.13).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StartOfAuthority {
    /// MNAME: primary name server.
    pub primary: Name,
    /// RNAME: mailbox of the person responsible.
    pub mailbox: Name,
    /// SERIAL.
    pub serial: u32,
    /// REFRESH in seconds.
    pub refresh: u32,
    /// RETRY in seconds.
    pub retry: u32,
    /// EXPIRE in seconds.
    pub expire: u32,
    /// MINIMUM in seconds.
    pub minimum: u32,
}

/// An option of OPT (RFC 6891 section 6.1.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EdnsOption {
    /// Code.
    pub code: u16,
    /// Data.
    pub data: Vec<u8>,
}

impl Record {
    /// Reads the record at `offset` of `message`; the second value is the offset after it.
    pub(super) fn parse(message: &[u8], offset: usize) -> Result<(Self, usize)> {
        let (name, offset) = Name::parse(message, offset)?;
        let mut reader = Reader::new(message.get(offset..).unwrap_or(&[]));
        let record_type = RecordType(reader.u16_be("record type")?);
        let class = reader.u16_be("record class")?;
        let time_to_live = reader.u32_be("time to live")?;
        let length = usize::from(reader.u16_be("record data length")?);
        let start = offset.saturating_add(reader.offset());
        let data = reader.take(length, "record data")?;
        let end = start.saturating_add(length);
        let data = RecordData::parse(message, record_type, start, end)
            .unwrap_or_else(|| RecordData::Other { record_type, data: data.to_vec() });
        let (class, cache_flush) = (class & 0x7fff, class >> 15 == 1);
        Ok((Self { name, class, cache_flush, time_to_live, data }, end))
    }

    pub(super) fn emit(&self, output: &mut Output) -> Result<()> {
        if self.class > 0x7fff {
            return Err(Error::Malformed("class above 15 bits"));
        }
        output.name(&self.name);
        output.u16(self.data.record_type().0);
        output.u16(self.class | u16::from(self.cache_flush) << 15);
        output.u32(self.time_to_live);
        let at = output.bytes.len();
        output.u16(0);
        self.data.emit(output)?;
        let length = output.bytes.len().saturating_sub(at).saturating_sub(2);
        let length = u16::try_from(length).map_err(|_| Error::Malformed("record data above 65535 octets"))?;
        let field = output.bytes.get_mut(at..).and_then(|rest| rest.first_chunk_mut());
        *field.ok_or(Error::NoRoom("record data length"))? = length.to_be_bytes();
        Ok(())
    }
}

impl RecordData {
    /// The type.
    pub fn record_type(&self) -> RecordType {
        match self {
            Self::A(_) => RecordType::A,
            Self::Aaaa(_) => RecordType::AAAA,
            Self::NameServer(_) => RecordType::NS,
            Self::CanonicalName(_) => RecordType::CNAME,
            Self::StartOfAuthority(_) => RecordType::SOA,
            Self::Pointer(_) => RecordType::PTR,
            Self::Text(_) => RecordType::TXT,
            Self::Service { .. } => RecordType::SRV,
            Self::Options(_) => RecordType::OPT,
            Self::Other { record_type, .. } => *record_type,
        }
    }

    /// The data between two offsets of `message`; nothing if it is none of its type, or not all of it.
    fn parse(message: &[u8], record_type: RecordType, start: usize, end: usize) -> Option<Self> {
        let data = message.get(start..end)?;
        let mut reader = Reader::new(data);
        // Pointers lead backwards: octets behind the data are out of reach.
        let message = message.get(..end)?;
        let name = || Name::parse(message, start).ok().filter(|(_, after)| *after == end).map(|(name, _)| name);
        Some(match record_type {
            RecordType::A => Self::A(data.try_into().ok()?),
            RecordType::AAAA => Self::Aaaa(Ipv6Addr::from(<[u8; 16]>::try_from(data).ok()?)),
            RecordType::NS => Self::NameServer(name()?),
            RecordType::CNAME => Self::CanonicalName(name()?),
            RecordType::PTR => Self::Pointer(name()?),
            RecordType::SOA => Self::StartOfAuthority(StartOfAuthority::parse(message, start)?),
            RecordType::TXT => {
                let mut strings = Vec::new();
                while !reader.is_empty() {
                    let length = reader.u8("string length").ok()?;
                    strings.push(reader.take(length.into(), "string").ok()?.to_vec());
                }
                Self::Text(strings)
            }
            RecordType::SRV => {
                let priority = reader.u16_be("priority").ok()?;
                let weight = reader.u16_be("weight").ok()?;
                let port = reader.u16_be("port").ok()?;
                let (target, after) = Name::parse(message, start.saturating_add(6)).ok()?;
                (after == end).then_some(())?;
                Self::Service { priority, weight, port, target }
            }
            RecordType::OPT => {
                let mut options = Vec::new();
                while !reader.is_empty() {
                    let code = reader.u16_be("option code").ok()?;
                    let length = reader.u16_be("option length").ok()?;
                    options.push(EdnsOption { code, data: reader.take(length.into(), "option").ok()?.to_vec() });
                }
                Self::Options(options)
            }
            _ => return None,
        })
    }

    fn emit(&self, output: &mut Output) -> Result<()> {
        match self {
            Self::A(address) => output.put(address),
            Self::Aaaa(address) => output.put(&address.octets()),
            Self::NameServer(name) | Self::CanonicalName(name) | Self::Pointer(name) => output.name(name),
            Self::StartOfAuthority(authority) => {
                output.name(&authority.primary);
                output.name(&authority.mailbox);
                let StartOfAuthority { serial, refresh, retry, expire, minimum, .. } = authority;
                [serial, refresh, retry, expire, minimum].into_iter().for_each(|value| output.u32(*value));
            }
            Self::Text(strings) => {
                for string in strings {
                    output.u8(u8::try_from(string.len()).map_err(|_| Error::Malformed("string above 255 octets"))?);
                    output.put(string);
                }
            }
            Self::Service { priority, weight, port, target } => {
                [priority, weight, port].into_iter().for_each(|value| output.u16(*value));
                // RFC 2782: no compression of the target.
                output.put(target.as_wire());
            }
            Self::Options(options) => {
                for EdnsOption { code, data } in options {
                    output.u16(*code);
                    output.u16(u16::try_from(data.len()).map_err(|_| Error::Malformed("option above 65535 octets"))?);
                    output.put(data);
                }
            }
            Self::Other { data, .. } => output.put(data),
        }
        Ok(())
    }
}

impl StartOfAuthority {
    /// `message` ends where the data does.
    fn parse(message: &[u8], start: usize) -> Option<Self> {
        let (primary, after) = Name::parse(message, start).ok()?;
        let (mailbox, after) = Name::parse(message, after).ok()?;
        let mut reader = Reader::new(message.get(after..)?);
        (reader.remaining() == 20).then_some(())?;
        let mut value = || reader.u32_be("SOA").ok();
        let [serial, refresh, retry, expire, minimum] = [value()?, value()?, value()?, value()?, value()?];
        Some(Self { primary, mailbox, serial, refresh, retry, expire, minimum })
    }
}
