//! Arguments of commands: how a value is read and written, and how a command takes its own out of a request.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::net::Ipv6Addr;

use super::table::{KeyInfo, Kind};
use super::{Arguments, CommandFault, MAX_DATA, Request};
use crate::Eui64;

/// How a value of one kind is read and written.
pub(super) struct Form<T> {
    /// What the values are.
    pub(super) kind: Kind,
    /// Reads one; nothing if it is none.
    pub(super) parse: fn(&str) -> Option<T>,
    /// Writes one.
    pub(super) emit: fn(&T) -> String,
    /// What an argument that is left out stands for; without, it must be there.
    pub(super) default: Option<fn() -> T>,
}

impl<T> Form<T> {
    pub(super) const fn new(kind: Kind, parse: fn(&str) -> Option<T>, emit: fn(&T) -> String) -> Self {
        Self { kind, parse, emit, default: None }
    }

    /// What a device needs of it. By value, so that an image holds no octet of the rest.
    pub(super) const fn reader(&self) -> Reader<T> {
        (self.parse, self.default)
    }

    pub(super) const fn or(self, default: fn() -> T) -> Self {
        Self { default: Some(default), ..self }
    }
}

/// How a value is read, and what it is if it is not there.
pub(super) type Reader<T> = (fn(&str) -> Option<T>, Option<fn() -> T>);

/// Arguments that depend on one another.
pub(super) trait Group: Sized {
    /// All of them.
    const KEYS: &'static [KeyInfo];

    /// Takes them out of a request.
    fn take(fields: &mut Fields<'_>) -> Result<Self, CommandFault>;

    /// Writes those that apply.
    fn put(&self, to: Arguments) -> Arguments;
}

/// Takes arguments by name; what is left at the end is unknown.
pub(super) struct Fields<'a> {
    arguments: &'a Arguments,
    taken: Vec<&'static str>,
}

impl<'a> Fields<'a> {
    pub(super) fn of(request: &'a Request) -> Self {
        Self { arguments: &request.arguments, taken: Vec::new() }
    }

    /// The value of a key, which is known from now on.
    #[inline(never)]
    pub(super) fn value(&mut self, key: &'static str) -> Option<&'a str> {
        self.taken.push(key);
        self.arguments.get(key)
    }

    pub(super) fn optional<T>(&mut self, key: &'static str, (parse, _): Reader<T>) -> Result<Option<T>, CommandFault> {
        let Some(value) = self.value(key) else { return Ok(None) };
        parse(value).map(Some).ok_or(CommandFault::Argument(key))
    }

    pub(super) fn take<T>(&mut self, key: &'static str, (parse, default): Reader<T>) -> Result<T, CommandFault> {
        let found = match (self.value(key), default) {
            (Some(value), _) => parse(value),
            (None, Some(default)) => Some(default()),
            (None, None) => None,
        };
        found.ok_or(CommandFault::Argument(key))
    }

    pub(super) fn finish(self) -> Result<(), CommandFault> {
        let known = |key: &str| self.taken.contains(&key);
        if self.arguments.iter().all(|(key, _)| known(key)) { Ok(()) } else { Err(CommandFault::Argument("unknown")) }
    }
}

impl Arguments {
    /// Appends an argument of this form.
    pub(super) fn put<T>(self, key: &str, form: &Form<T>, value: &T) -> Self {
        self.with(key, (form.emit)(value))
    }
}

/// A device.
pub(super) const EUI64: Form<Eui64> = Form::new(Kind::Eui64, eui64, Eui64::to_string);
/// Any address but `::`.
pub(super) const ADDRESS: Form<Ipv6Addr> = Form::new(Kind::Ipv6, address, Ipv6Addr::to_string);
/// An address beyond the link.
pub(super) const UNICAST: Form<Ipv6Addr> = Form::new(Kind::Ipv6, unicast, Ipv6Addr::to_string);
/// A UDP port.
pub(super) const PORT: Form<u16> =
    Form::new(Kind::Number { min: 1, max: 65535 }, |value| decimal(value).filter(|&n| n != 0), u16::to_string);
/// At most [`MAX_DATA`] octets.
pub(super) const DATA: Form<Vec<u8>> = Form::new(
    Kind::Hex { most: MAX_DATA },
    |value| from_hex(value).filter(|data| data.len() <= MAX_DATA),
    |data| to_hex(data),
);

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

pub(super) fn from_hex(text: &str) -> Option<Vec<u8>> {
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

/// Decimal digits only, without leading zeros, so that one number has one spelling.
pub(super) fn decimal<T: core::str::FromStr>(word: &str) -> Option<T> {
    let plain = word.bytes().all(|octet| octet.is_ascii_digit()) && (word == "0" || !word.starts_with('0'));
    if plain { word.parse().ok() } else { None }
}

/// Sixteen hex digits and nothing else: UT/1 has one spelling.
pub(super) fn eui64(text: &str) -> Option<Eui64> {
    if text.len() == 16 { text.parse().ok() } else { None }
}

pub(super) fn pan_id(text: &str) -> Option<u16> {
    let digits = text.strip_prefix("0x").filter(|digits| digits.bytes().all(|octet| octet.is_ascii_hexdigit()))?;
    u16::from_str_radix(digits, 16).ok().filter(|&pan| pan != 0xffff)
}

fn address(text: &str) -> Option<Ipv6Addr> {
    text.parse().ok().filter(|address: &Ipv6Addr| !address.is_unspecified())
}

fn unicast(text: &str) -> Option<Ipv6Addr> {
    address(text).filter(|address| !address.is_multicast() && !address.is_unicast_link_local())
}
