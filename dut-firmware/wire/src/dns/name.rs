//! Domain names (RFC 1035 sections 3.1, 4.1.4): labels, and pointers that compress them.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::str::FromStr;

use crate::{Error, Result};

/// Octets that a name may have on the wire, uncompressed (RFC 1035 section 2.3.4).
pub const MAXIMUM_LENGTH: usize = 255;

/// Octets that a label may have.
pub const MAXIMUM_LABEL_LENGTH: usize = 63;

/// A name, fully qualified. Two names are equal if their octets are: DNS compares without regard to case
/// ([`Self::eq_ignore_case`]).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Name {
    /// Uncompressed, with the root label at the end.
    wire: Vec<u8>,
}

impl Name {
    /// The root: no label but the empty one.
    pub fn root() -> Self {
        Self { wire: Vec::from([0]) }
    }

    /// From labels of any octets, the root not among them.
    pub fn from_labels<'a>(labels: impl IntoIterator<Item = &'a [u8]>) -> Result<Self> {
        let mut builder = Builder::default();
        labels.into_iter().try_for_each(|label| builder.push(label))?;
        Ok(builder.finish())
    }

    /// Reads the name at `offset` of `message`, following pointers; the second value is the offset after it. Every
    /// pointer has to lead to before the labels that it ends, so that there are no loops.
    pub fn parse(message: &[u8], offset: usize) -> Result<(Self, usize)> {
        let (mut at, mut bound, mut after) = (offset, offset, None);
        let mut builder = Builder::default();
        loop {
            let length = octet(message, at)?;
            at = at.saturating_add(1);
            match length {
                0 => return Ok((builder.finish(), after.unwrap_or(at))),
                1..=0x3f => {
                    let end = at.saturating_add(length.into());
                    builder.push(message.get(at..end).ok_or(Error::Truncated("label"))?)?;
                    at = end;
                }
                0xc0.. => {
                    let target = usize::from(length & 0x3f) << 8 | usize::from(octet(message, at)?);
                    after.get_or_insert(at.saturating_add(1));
                    if target >= bound {
                        return Err(Error::Malformed("pointer in a name that does not lead to before it"));
                    }
                    (at, bound) = (target, target);
                }
                _ => return Err(Error::Malformed("label type that is neither a length nor a pointer")),
            }
        }
    }

    /// Reads the name at the start of `octets`, which may not have pointers; the second value is its length.
    pub fn parse_uncompressed(octets: &[u8]) -> Result<(Self, usize)> {
        // No pointer leads to before offset 0.
        Self::parse(octets, 0)
    }

    /// Its octets, uncompressed.
    pub fn as_wire(&self) -> &[u8] {
        &self.wire
    }

    /// How many octets it has, uncompressed.
    pub fn wire_len(&self) -> usize {
        self.wire.len()
    }

    /// Whether it has no labels.
    pub fn is_root(&self) -> bool {
        self.wire.len() <= 1
    }

    /// Its labels, the root not among them.
    pub fn labels(&self) -> Labels<'_> {
        Labels { rest: &self.wire }
    }

    /// Whether both are the same name to DNS: ASCII letters compare without regard to case (RFC 4343).
    pub fn eq_ignore_case(&self, other: &Self) -> bool {
        self.wire.eq_ignore_ascii_case(&other.wire)
    }
}

/// The labels of a [`Name`].
#[derive(Debug, Clone)]
pub struct Labels<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Labels<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let (length, rest) = self.rest.split_first()?;
        if *length == 0 {
            return None;
        }
        let (label, rest) = rest.split_at_checked((*length).into())?;
        self.rest = rest;
        Some(label)
    }
}

#[derive(Default)]
struct Builder {
    wire: Vec<u8>,
}

impl Builder {
    fn push(&mut self, label: &[u8]) -> Result<()> {
        let length = u8::try_from(label.len()).map_err(|_| Error::Malformed("label above 63 octets"))?;
        if label.is_empty() || label.len() > MAXIMUM_LABEL_LENGTH {
            return Err(Error::Malformed("label that is empty or above 63 octets"));
        }
        // The root label is to fit too.
        if self.wire.len().saturating_add(label.len()).saturating_add(2) > MAXIMUM_LENGTH {
            return Err(Error::Malformed("name above 255 octets"));
        }
        self.wire.push(length);
        self.wire.extend_from_slice(label);
        Ok(())
    }

    fn finish(mut self) -> Name {
        self.wire.push(0);
        Name { wire: self.wire }
    }
}

fn octet(message: &[u8], at: usize) -> Result<u8> {
    message.get(at).copied().ok_or(Error::Truncated("name"))
}

/// Labels with dots between them, `.` for the root; dots and backslashes in labels are escaped, and what is not
/// printable is `\DDD` (RFC 1035 section 5.1).
impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_root() {
            return f.write_str(".");
        }
        for (index, label) in self.labels().enumerate() {
            if index > 0 {
                f.write_str(".")?;
            }
            for octet in label {
                match octet {
                    b'.' | b'\\' => write!(f, "\\{}", char::from(*octet))?,
                    0x21..=0x7e | b' ' => write!(f, "{}", char::from(*octet))?,
                    _ => write!(f, "\\{octet:03}")?,
                }
            }
        }
        Ok(())
    }
}

/// As displayed, with or without a final dot.
impl FromStr for Name {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        if text == "." {
            return Ok(Self::root());
        }
        let (mut builder, mut label, mut octets) = (Builder::default(), Vec::new(), text.bytes());
        while let Some(octet) = octets.next() {
            match octet {
                b'.' => {
                    builder.push(&label)?;
                    label.clear();
                }
                b'\\' => label.push(escaped(&mut octets)?),
                octet => label.push(octet),
            }
        }
        if !label.is_empty() {
            builder.push(&label)?;
        }
        Ok(builder.finish())
    }
}

fn escaped(octets: &mut impl Iterator<Item = u8>) -> Result<u8> {
    const WRONG: Error = Error::Malformed("escape in a name");
    let first = octets.next().ok_or(WRONG)?;
    if !first.is_ascii_digit() {
        return Ok(first);
    }
    let digits = [first, octets.next().ok_or(WRONG)?, octets.next().ok_or(WRONG)?];
    let text = String::from_utf8(digits.to_vec()).map_err(|_| WRONG)?;
    text.parse().map_err(|_| WRONG)
}
