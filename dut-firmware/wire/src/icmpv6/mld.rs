//! Multicast Listener Discovery: version 1 (RFC 2710 section 3) and version 2 (RFC 3810 section 5).

use alloc::vec::Vec;

use crate::ipv6::Ipv6Addr;
use crate::reader::Reader;
use crate::writer::Writer;
use crate::{Error, Result};

/// ICMPv6 type of a query, of both versions.
pub const QUERY: u8 = 130;
/// ICMPv6 type of a version 1 report.
pub const REPORT: u8 = 131;
/// ICMPv6 type of a version 1 done.
pub const DONE: u8 = 132;
/// ICMPv6 type of a version 2 report.
pub const REPORT_V2: u8 = 143;

/// Octets that a version 1 message has after the checksum.
const V1_LENGTH: usize = 20;

/// A message. Reserved fields are written as zero and ignored when read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// Version 1 query: 24 octets of ICMPv6.
    Query {
        /// Maximum response delay in milliseconds.
        maximum_response_delay: u16,
        /// The group, unspecified for all.
        multicast_address: Ipv6Addr,
    },
    /// Version 1 report.
    Report {
        /// The group.
        multicast_address: Ipv6Addr,
    },
    /// Version 1 done.
    Done {
        /// The group.
        multicast_address: Ipv6Addr,
    },
    /// Version 2 query: 28 octets of ICMPv6 or more.
    QueryV2(QueryV2),
    /// Version 2 report.
    ReportV2 {
        /// A record per group.
        records: Vec<AddressRecord>,
    },
}

/// The body of a version 2 query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueryV2 {
    /// Maximum response code: [`Self::maximum_response_delay`] has its meaning.
    pub maximum_response_code: u16,
    /// The group, unspecified for all.
    pub multicast_address: Ipv6Addr,
    /// S flag.
    pub suppress_router_side_processing: bool,
    /// QRV, 0 to 7.
    pub robustness_variable: u8,
    /// QQIC: [`Self::query_interval`] has its meaning.
    pub query_interval_code: u8,
    /// The sources that are asked about.
    pub sources: Vec<Ipv6Addr>,
}

impl QueryV2 {
    /// Milliseconds (RFC 3810 section 5.1.3).
    pub fn maximum_response_delay(&self) -> u32 {
        response_delay(self.maximum_response_code)
    }

    /// Seconds (RFC 3810 section 5.1.9).
    pub fn query_interval(&self) -> u16 {
        query_interval(self.query_interval_code)
    }
}

/// What a record of a report says (RFC 3810 section 5.2.12).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RecordType(pub u8);

impl RecordType {
    /// The mode is include.
    pub const MODE_IS_INCLUDE: Self = Self(1);
    /// The mode is exclude.
    pub const MODE_IS_EXCLUDE: Self = Self(2);
    /// The mode has changed to include.
    pub const CHANGE_TO_INCLUDE_MODE: Self = Self(3);
    /// The mode has changed to exclude.
    pub const CHANGE_TO_EXCLUDE_MODE: Self = Self(4);
    /// Sources that are listened to in addition.
    pub const ALLOW_NEW_SOURCES: Self = Self(5);
    /// Sources that are listened to no longer.
    pub const BLOCK_OLD_SOURCES: Self = Self(6);
}

/// A multicast address record of a version 2 report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddressRecord {
    /// What it says.
    pub record_type: RecordType,
    /// The group.
    pub multicast_address: Ipv6Addr,
    /// Sources.
    pub sources: Vec<Ipv6Addr>,
    /// Auxiliary data: a multiple of four octets, none in version 2.
    pub auxiliary_data: Vec<u8>,
}

/// Milliseconds of a maximum response code (RFC 3810 section 5.1.3).
pub fn response_delay(code: u16) -> u32 {
    let value = u32::from(code);
    if code < 0x8000 { value } else { (value & 0xfff | 0x1000) << ((value >> 12 & 7) + 3) }
}

/// Seconds of a querier's query interval code (RFC 3810 section 5.1.9).
pub fn query_interval(code: u8) -> u16 {
    let value = u16::from(code);
    if code < 0x80 { value } else { (value & 0xf | 0x10) << ((value >> 4 & 7) + 3) }
}

impl Message {
    /// The ICMPv6 type.
    pub fn icmpv6_type(&self) -> u8 {
        match self {
            Self::Query { .. } | Self::QueryV2(_) => QUERY,
            Self::Report { .. } => REPORT,
            Self::Done { .. } => DONE,
            Self::ReportV2 { .. } => REPORT_V2,
        }
    }

    /// Octets that [`Self::emit_body`] writes.
    pub fn body_len(&self) -> usize {
        match self {
            Self::Query { .. } | Self::Report { .. } | Self::Done { .. } => V1_LENGTH,
            Self::QueryV2(query) => query.sources.len().saturating_mul(16).saturating_add(24),
            Self::ReportV2 { records } => {
                records.iter().fold(4, |sum: usize, record| sum.saturating_add(record.buffer_len()))
            }
        }
    }

    /// Reads what follows the ICMPv6 checksum; octets after it are ignored (RFC 3810 sections 5.1.12, 5.2.11). The length
    /// tells the versions of a query apart (section 8.1).
    pub fn parse_body(icmpv6_type: u8, body: &[u8]) -> Result<Self> {
        let mut reader = Reader::new(body);
        if icmpv6_type == REPORT_V2 {
            reader.take(2, "reserved")?;
            let count = reader.u16_be("number of multicast address records")?;
            let mut records = Vec::new();
            for _ in 0..count {
                records.push(AddressRecord::parse(&mut reader)?);
            }
            return Ok(Self::ReportV2 { records });
        }
        let maximum_response_code = reader.u16_be("maximum response code")?;
        reader.take(2, "reserved")?;
        let multicast_address = Ipv6Addr::from(reader.array::<16>("multicast address")?);
        match icmpv6_type {
            QUERY if body.len() == V1_LENGTH => {
                Ok(Self::Query { maximum_response_delay: maximum_response_code, multicast_address })
            }
            QUERY => {
                let flags = reader.u8("flags")?;
                let query_interval_code = reader.u8("QQIC")?;
                let count = reader.u16_be("number of sources")?;
                Ok(Self::QueryV2(QueryV2 {
                    maximum_response_code,
                    multicast_address,
                    suppress_router_side_processing: flags & 8 != 0,
                    robustness_variable: flags & 7,
                    query_interval_code,
                    sources: addresses(&mut reader, count)?,
                }))
            }
            REPORT => Ok(Self::Report { multicast_address }),
            DONE => Ok(Self::Done { multicast_address }),
            _ => Err(Error::Unsupported("ICMPv6 type is none of MLD")),
        }
    }

    /// Writes what follows the ICMPv6 checksum.
    pub fn emit_body(&self, writer: &mut Writer<'_>) -> Result<()> {
        let (code, multicast_address) = match self {
            Self::Query { maximum_response_delay, multicast_address } => (*maximum_response_delay, multicast_address),
            Self::Report { multicast_address } | Self::Done { multicast_address } => (0, multicast_address),
            Self::QueryV2(query) => (query.maximum_response_code, &query.multicast_address),
            Self::ReportV2 { records } => {
                writer.u16_be(0, "reserved")?;
                writer.u16_be(count(records.len())?, "number of multicast address records")?;
                return records.iter().try_for_each(|record| record.emit(writer));
            }
        };
        writer.u16_be(code, "maximum response code")?;
        writer.u16_be(0, "reserved")?;
        writer.put(&multicast_address.octets(), "multicast address")?;
        if let Self::QueryV2(query) = self {
            if query.robustness_variable > 7 {
                return Err(Error::Malformed("robustness variable above 7"));
            }
            let flags = u8::from(query.suppress_router_side_processing) << 3 | query.robustness_variable;
            writer.u8(flags, "flags")?;
            writer.u8(query.query_interval_code, "QQIC")?;
            writer.u16_be(count(query.sources.len())?, "number of sources")?;
            query.sources.iter().try_for_each(|source| writer.put(&source.octets(), "source"))?;
        }
        Ok(())
    }
}

impl AddressRecord {
    fn buffer_len(&self) -> usize {
        self.sources.len().saturating_mul(16).saturating_add(self.auxiliary_data.len()).saturating_add(20)
    }

    fn parse(reader: &mut Reader<'_>) -> Result<Self> {
        let record_type = RecordType(reader.u8("record type")?);
        let auxiliary_words = reader.u8("auxiliary data length")?;
        let count = reader.u16_be("number of sources")?;
        let multicast_address = Ipv6Addr::from(reader.array::<16>("multicast address")?);
        let sources = addresses(reader, count)?;
        let auxiliary_data = reader.take(usize::from(auxiliary_words).saturating_mul(4), "auxiliary data")?.to_vec();
        Ok(Self { record_type, multicast_address, sources, auxiliary_data })
    }

    fn emit(&self, writer: &mut Writer<'_>) -> Result<()> {
        let words = u8::try_from(self.auxiliary_data.len() / 4).ok();
        let words = words.filter(|_| self.auxiliary_data.len().is_multiple_of(4));
        writer.u8(self.record_type.0, "record type")?;
        let wrong = Error::Malformed("auxiliary data in no multiple of four octets up to 1020");
        writer.u8(words.ok_or(wrong)?, "auxiliary data length")?;
        writer.u16_be(count(self.sources.len())?, "number of sources")?;
        writer.put(&self.multicast_address.octets(), "multicast address")?;
        self.sources.iter().try_for_each(|source| writer.put(&source.octets(), "source"))?;
        writer.put(&self.auxiliary_data, "auxiliary data")
    }
}

fn addresses(reader: &mut Reader<'_>, count: u16) -> Result<Vec<Ipv6Addr>> {
    let mut addresses = Vec::new();
    for _ in 0..count {
        addresses.push(Ipv6Addr::from(reader.array::<16>("source")?));
    }
    Ok(addresses)
}

fn count(length: usize) -> Result<u16> {
    u16::try_from(length).map_err(|_| Error::Malformed("more than 65535 of them"))
}
