//! Options: numbers and their properties (RFC 7252 5.4, 5.10; RFC 7641, 7959, 7967, 8613, 8768, 9175, 9177), delta
//! encoding (RFC 7252 3.1), and typed access to the values.

use alloc::string::String;
use alloc::vec::Vec;

use super::{Code, ContentFormat};
use crate::reader::Reader;
use crate::{Error, Result};

/// An option number; its bits say how to treat an option that is not known (RFC 7252 5.4.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OptionNumber(pub u16);

impl OptionNumber {
    /// RFC 7252.
    pub const IF_MATCH: Self = Self(1);
    /// RFC 7252.
    pub const URI_HOST: Self = Self(3);
    /// RFC 7252.
    pub const ETAG: Self = Self(4);
    /// RFC 7252.
    pub const IF_NONE_MATCH: Self = Self(5);
    /// RFC 7641.
    pub const OBSERVE: Self = Self(6);
    /// RFC 7252.
    pub const URI_PORT: Self = Self(7);
    /// RFC 7252.
    pub const LOCATION_PATH: Self = Self(8);
    /// RFC 8613.
    pub const OSCORE: Self = Self(9);
    /// RFC 7252.
    pub const URI_PATH: Self = Self(11);
    /// RFC 7252.
    pub const CONTENT_FORMAT: Self = Self(12);
    /// RFC 7252.
    pub const MAX_AGE: Self = Self(14);
    /// RFC 7252.
    pub const URI_QUERY: Self = Self(15);
    /// RFC 8768.
    pub const HOP_LIMIT: Self = Self(16);
    /// RFC 7252.
    pub const ACCEPT: Self = Self(17);
    /// RFC 9177.
    pub const Q_BLOCK1: Self = Self(19);
    /// RFC 7252.
    pub const LOCATION_QUERY: Self = Self(20);
    /// RFC 7959.
    pub const BLOCK2: Self = Self(23);
    /// RFC 7959.
    pub const BLOCK1: Self = Self(27);
    /// RFC 7959.
    pub const SIZE2: Self = Self(28);
    /// RFC 9177.
    pub const Q_BLOCK2: Self = Self(31);
    /// RFC 7252.
    pub const PROXY_URI: Self = Self(35);
    /// RFC 7252.
    pub const PROXY_SCHEME: Self = Self(39);
    /// RFC 7252.
    pub const SIZE1: Self = Self(60);
    /// RFC 9175.
    pub const ECHO: Self = Self(252);
    /// RFC 7967.
    pub const NO_RESPONSE: Self = Self(258);
    /// RFC 9175.
    pub const REQUEST_TAG: Self = Self(292);

    /// A receiver that does not know a critical option must refuse the request (4.02).
    pub const fn is_critical(self) -> bool {
        self.0 & 1 != 0
    }

    /// A proxy that does not know it must not forward it.
    pub const fn is_unsafe_to_forward(self) -> bool {
        self.0 & 2 != 0
    }

    /// Not part of the cache key.
    pub const fn is_no_cache_key(self) -> bool {
        self.0 & 0x1e == 0x1c
    }

    /// Whether it may occur more than once (RFC 7252 table 4).
    pub const fn is_repeatable(self) -> bool {
        matches!(
            self,
            Self::IF_MATCH
                | Self::ETAG
                | Self::LOCATION_PATH
                | Self::URI_PATH
                | Self::URI_QUERY
                | Self::LOCATION_QUERY
                | Self::Q_BLOCK2
                | Self::REQUEST_TAG
        )
    }

    /// Least and greatest length of the value of an option that one of the RFCs above defines
    /// (RFC 7252 table 4, RFC 7641 2, RFC 7959 2.1 and 4, RFC 7967 2, RFC 8613 2, RFC 8768 3, RFC 9175 2.2.1 and 3.2.1,
    /// RFC 9177 4.1).
    pub const fn value_length(self) -> Option<(usize, usize)> {
        Some(match self {
            Self::IF_MATCH => (0, 8),
            Self::URI_HOST | Self::PROXY_SCHEME => (1, 255),
            Self::ETAG => (1, 8),
            Self::IF_NONE_MATCH => (0, 0),
            Self::OBSERVE | Self::BLOCK1 | Self::BLOCK2 => (0, 3),
            Self::URI_PORT | Self::CONTENT_FORMAT | Self::ACCEPT => (0, 2),
            Self::LOCATION_PATH | Self::URI_PATH | Self::URI_QUERY | Self::LOCATION_QUERY => (0, 255),
            Self::MAX_AGE | Self::SIZE1 | Self::SIZE2 => (0, 4),
            Self::PROXY_URI => (1, 1034),
            Self::OSCORE => (0, 255),
            Self::HOP_LIMIT => (1, 1),
            Self::Q_BLOCK1 | Self::Q_BLOCK2 => (0, 3),
            Self::ECHO => (1, 40),
            Self::NO_RESPONSE => (0, 1),
            Self::REQUEST_TAG => (0, 8),
            _ => return None,
        })
    }
}

/// One option.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CoapOption {
    /// Which.
    pub number: OptionNumber,
    /// Its octets.
    pub value: Vec<u8>,
}

/// The options of a message, sorted by number; options of one number keep their order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options(Vec<CoapOption>);

impl Options {
    /// No options.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Adds an option behind those with the same or a lower number.
    pub fn push(&mut self, number: OptionNumber, value: impl Into<Vec<u8>>) {
        let at = self.0.partition_point(|option| option.number <= number);
        self.0.insert(at, CoapOption { number, value: value.into() });
    }

    /// Adds an option whose value is an unsigned integer, without leading zeros (RFC 7252 3.2).
    pub fn push_uint(&mut self, number: OptionNumber, value: u32) {
        self.push(number, value.to_be_bytes().into_iter().skip_while(|octet| *octet == 0).collect::<Vec<u8>>());
    }

    /// Removes all options of a number.
    pub fn remove(&mut self, number: OptionNumber) {
        self.0.retain(|option| option.number != number);
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All options in order of their numbers.
    pub fn iter(&self) -> impl Iterator<Item = &CoapOption> {
        self.0.iter()
    }

    /// The values of all options of a number.
    pub fn all(&self, number: OptionNumber) -> impl Iterator<Item = &[u8]> {
        self.0.iter().filter(move |option| option.number == number).map(|option| option.value.as_slice())
    }

    /// The value of the first option of a number.
    pub fn get(&self, number: OptionNumber) -> Option<&[u8]> {
        self.all(number).next()
    }

    /// The value of the first option of a number as an unsigned integer; `None` too if it is longer than four octets.
    pub fn uint(&self, number: OptionNumber) -> Option<u32> {
        let value = self.get(number)?;
        (value.len() <= 4).then(|| value.iter().fold(0, |sum, octet| sum << 8 | u32::from(*octet)))
    }

    /// `/a/b` from the Uri-Path options; `/` without any. Segments that are not UTF-8 are shown with U+FFFD.
    pub fn uri_path(&self) -> String {
        let mut path = String::new();
        for segment in self.all(OptionNumber::URI_PATH) {
            path.push('/');
            path.push_str(&String::from_utf8_lossy(segment));
        }
        if path.is_empty() {
            path.push('/');
        }
        path
    }

    /// Adds a Uri-Path option for each segment of `/a/b`.
    pub fn push_uri_path(&mut self, path: &str) {
        for segment in path.split('/').filter(|segment| !segment.is_empty()) {
            self.push(OptionNumber::URI_PATH, segment.as_bytes());
        }
    }

    /// Adds one `name=value` argument.
    pub fn push_uri_query(&mut self, argument: &str) {
        self.push(OptionNumber::URI_QUERY, argument.as_bytes());
    }

    /// The Uri-Query arguments that are UTF-8.
    pub fn uri_query(&self) -> impl Iterator<Item = &str> {
        self.all(OptionNumber::URI_QUERY).filter_map(|argument| core::str::from_utf8(argument).ok())
    }

    /// The value of the Uri-Query argument `name=value`.
    pub fn query(&self, name: &str) -> Option<&str> {
        self.uri_query().find_map(|argument| argument.strip_prefix(name)?.strip_prefix('='))
    }

    /// Content-Format; `None` if absent or not a 16-bit number.
    pub fn content_format(&self) -> Option<ContentFormat> {
        self.uint(OptionNumber::CONTENT_FORMAT).and_then(|number| u16::try_from(number).ok()).map(ContentFormat)
    }

    /// Adds Content-Format.
    pub fn push_content_format(&mut self, format: ContentFormat) {
        self.push_uint(OptionNumber::CONTENT_FORMAT, u32::from(format.0));
    }

    /// Accept; `None` if absent or not a 16-bit number.
    pub fn accept(&self) -> Option<ContentFormat> {
        self.uint(OptionNumber::ACCEPT).and_then(|number| u16::try_from(number).ok()).map(ContentFormat)
    }

    /// Adds Accept.
    pub fn push_accept(&mut self, format: ContentFormat) {
        self.push_uint(OptionNumber::ACCEPT, u32::from(format.0));
    }

    /// Observe: 0 to register, 1 to deregister, else the sequence number of a notification (RFC 7641 2); `None` if absent
    /// or longer than 24 bits.
    pub fn observe(&self) -> Option<u32> {
        self.uint(OptionNumber::OBSERVE).filter(|value| *value < 1 << 24)
    }

    /// Whether No-Response tells the server not to send a response with this code (RFC 7967 2.1).
    pub fn suppresses(&self, code: Code) -> bool {
        let Some(value) = self.uint(OptionNumber::NO_RESPONSE) else { return false };
        matches!(code.class(), 2 | 4 | 5) && value >> code.class().saturating_sub(1) & 1 == 1
    }

    /// Max-Age in seconds; 60 if absent (RFC 7252 5.10.5).
    pub fn max_age(&self) -> u32 {
        self.uint(OptionNumber::MAX_AGE).unwrap_or(60)
    }

    /// Uri-Host; `None` if absent or not UTF-8.
    pub fn uri_host(&self) -> Option<&str> {
        self.get(OptionNumber::URI_HOST).and_then(|value| core::str::from_utf8(value).ok())
    }

    /// Uri-Port; `None` if absent or not a 16-bit number.
    pub fn uri_port(&self) -> Option<u16> {
        self.uint(OptionNumber::URI_PORT).and_then(|number| u16::try_from(number).ok())
    }

    /// The first critical option that is not in `known`, is repeated though it must not be, or has a forbidden length:
    /// the reason for 4.02 Bad Option (RFC 7252 5.4.1, 5.4.3, 5.4.5).
    pub fn first_unacceptable(&self, known: &[OptionNumber]) -> Option<OptionNumber> {
        let mut previous = None;
        for option in self.iter() {
            let number = option.number;
            let repeated = previous == Some(number) && !number.is_repeatable();
            let length = option.value.len();
            let fits = number.value_length().is_none_or(|(least, most)| (least..=most).contains(&length));
            if number.is_critical() && (repeated || !fits || !known.contains(&number)) {
                return Some(number);
            }
            previous = Some(number);
        }
        None
    }

    /// Reads options up to the payload marker, which it consumes, or the end. Returns whether there was a marker.
    pub(super) fn parse(reader: &mut Reader<'_>) -> Result<(Self, bool)> {
        let mut options = Vec::new();
        let mut number = 0u16;
        while !reader.is_empty() {
            let first = reader.u8("coap.opt.delta")?;
            if first == super::PAYLOAD_MARKER {
                return Ok((Self(options), true));
            }
            let delta = parse_extended(first >> 4, "coap.opt.delta", reader)?;
            let length = parse_extended(first & 0x0f, "coap.opt.length", reader)?;
            let delta = u16::try_from(delta).map_err(|_| Error::Malformed("coap.opt.delta"))?;
            number = number.checked_add(delta).ok_or(Error::Malformed("coap.opt.delta"))?;
            let length = usize::try_from(length).map_err(|_| Error::Malformed("coap.opt.length"))?;
            let value = reader.take(length, "coap.opt.value")?.to_vec();
            options.push(CoapOption { number: OptionNumber(number), value });
        }
        Ok((Self(options), false))
    }

    /// Appends the options with their deltas.
    pub(super) fn emit(&self, out: &mut Vec<u8>) -> Result<()> {
        let mut previous = 0;
        for option in &self.0 {
            let delta = u32::from(option.number.0.saturating_sub(previous));
            previous = option.number.0;
            let length = u32::try_from(option.value.len()).map_err(|_| Error::Malformed("coap.opt.length"))?;
            if length > 269 + 0xffff {
                return Err(Error::Malformed("coap.opt.length"));
            }
            out.push(nibble(delta) << 4 | nibble(length));
            emit_extended(delta, out);
            emit_extended(length, out);
            out.extend_from_slice(&option.value);
        }
        Ok(())
    }
}

fn parse_extended(nibble: u8, what: &'static str, reader: &mut Reader<'_>) -> Result<u32> {
    match nibble {
        13 => Ok(13 + u32::from(reader.u8(what)?)),
        14 => Ok(269 + u32::from(reader.u16_be(what)?)),
        15 => Err(Error::Malformed(what)),
        value => Ok(u32::from(value)),
    }
}

fn nibble(value: u32) -> u8 {
    match value {
        0..=12 => value.to_be_bytes().last().copied().unwrap_or(0),
        13..=268 => 13,
        _ => 14,
    }
}

fn emit_extended(value: u32, out: &mut Vec<u8>) {
    match value {
        0..=12 => {}
        13..=268 => out.extend((value - 13).to_be_bytes().into_iter().skip(3)),
        _ => out.extend((value - 269).to_be_bytes().into_iter().skip(2)),
    }
}
