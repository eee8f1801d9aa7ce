//! The lines of UT/1: requests, answers and events, their words not judged yet.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use super::MAX_LINE;
use super::form::decimal;
use crate::{Error, Result};

/// One line of UT/1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line {
    /// `> ...`
    Request(Request),
    /// `< ...`
    Answer(Answer),
    /// `! ...`
    Event(Event),
}

/// A command with its sequence number, its arguments not judged yet: see [`Command`](super::Command).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Chosen by the tester.
    pub seq: u32,
    /// The command's name.
    pub command: String,
    /// Its arguments.
    pub arguments: Arguments,
}

/// What a device says to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The request's number.
    pub seq: u32,
    /// What became of it.
    pub outcome: Outcome,
}

/// What became of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Done.
    Ok(Arguments),
    /// Refused; further arguments after the code are allowed and ignored.
    Error(ErrorCode),
    /// The device does not know the command.
    Unimplemented,
}

/// Why a request was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ErrorCode {
    /// An argument is missing, unknown, doubled or out of range.
    Argument,
    /// Not in this lifecycle state.
    State,
    /// Not now; try again.
    Busy,
    /// A code of the vendor's own.
    Other(String),
}

/// Something that the device reports unasked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// The event's name.
    pub name: String,
    /// Milliseconds since boot.
    pub time_ms: u64,
    /// Its arguments, without `t`.
    pub arguments: Arguments,
}

/// `key=value` words in their order; a key appears once.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Arguments(pub(super) Vec<(String, String)>);

impl Line {
    /// Reads a line without its LF.
    ///
    /// # Errors
    /// [`Error::Malformed`] if it is no line of UT/1: log output, for instance.
    pub fn parse(text: &str) -> Result<Self> {
        if text.len() >= MAX_LINE {
            return Err(Error::Malformed("UT/1 line longer than 512 octets"));
        }
        if !text.bytes().all(|octet| (0x20..0x7f).contains(&octet)) {
            return Err(Error::Malformed("UT/1 line with an octet that is not printable ASCII"));
        }
        let mut words = text.split(' ');
        let kind = words.next().unwrap_or("");
        let second = words.next().ok_or(Error::Malformed("UT/1 line ends early"))?;
        match kind {
            ">" => {
                let (seq, command) = (sequence(second)?, token(words.next())?);
                Ok(Self::Request(Request { seq, command, arguments: Arguments::parse(words)? }))
            }
            "<" => Ok(Self::Answer(Answer { seq: sequence(second)?, outcome: Outcome::parse(words)? })),
            "!" => {
                let name = token(Some(second))?;
                let mut arguments = Arguments::parse(words)?;
                let time = arguments.remove("t").ok_or(Error::Malformed("UT/1 event without t"))?;
                let time_ms = decimal(&time).ok_or(Error::Malformed("UT/1 event time is no number"))?;
                Ok(Self::Event(Event { name, time_ms, arguments }))
            }
            _ => Err(Error::Malformed("UT/1 line starts with none of > < !")),
        }
    }

    /// The octets of the line, its LF included.
    ///
    /// # Errors
    /// [`Error::Malformed`] if a word would not survive parsing, [`Error::NoRoom`] beyond [`MAX_LINE`].
    pub fn emit(&self) -> Result<Vec<u8>> {
        let mut text = match self {
            Self::Request(request) => alloc::format!("{request}"),
            Self::Answer(answer) => alloc::format!("{answer}"),
            Self::Event(event) => alloc::format!("{event}"),
        };
        if text.len() >= MAX_LINE {
            return Err(Error::NoRoom("UT/1 line"));
        }
        if Self::parse(&text).as_ref() != Ok(self) {
            return Err(Error::Malformed("UT/1 word with a blank or an octet that is not printable ASCII"));
        }
        text.push('\n');
        Ok(text.into_bytes())
    }

    /// The sequence number of a request line that is otherwise broken, so that it can be refused by number.
    pub fn sequence_of_request(text: &str) -> Option<u32> {
        let mut words = text.split(' ');
        (words.next() == Some(">")).then_some(())?;
        sequence(words.next()?).ok()
    }
}

impl Request {
    /// A request without arguments.
    pub fn new(seq: u32, command: &str) -> Self {
        Self { seq, command: command.into(), arguments: Arguments::default() }
    }
}

impl Answer {
    /// `ok` with `arguments`.
    pub fn ok(seq: u32, arguments: Arguments) -> Self {
        Self { seq, outcome: Outcome::Ok(arguments) }
    }

    /// `error` with `code`.
    pub fn error(seq: u32, code: ErrorCode) -> Self {
        Self { seq, outcome: Outcome::Error(code) }
    }
}

impl Outcome {
    fn parse<'a>(mut words: impl Iterator<Item = &'a str>) -> Result<Self> {
        match words.next() {
            Some("ok") => Ok(Self::Ok(Arguments::parse(words)?)),
            Some("error") => {
                let mut arguments = Arguments::parse(words)?;
                let code = arguments.remove("code").ok_or(Error::Malformed("UT/1 error without a code"))?;
                Ok(Self::Error(match code.as_str() {
                    "argument" => ErrorCode::Argument,
                    "state" => ErrorCode::State,
                    "busy" => ErrorCode::Busy,
                    _ => ErrorCode::Other(code),
                }))
            }
            Some("unimplemented") if words.next().is_none() => Ok(Self::Unimplemented),
            _ => Err(Error::Malformed("UT/1 answer is none of ok, error, unimplemented")),
        }
    }
}

impl ErrorCode {
    /// The word on the wire.
    pub fn name(&self) -> &str {
        match self {
            Self::Argument => "argument",
            Self::State => "state",
            Self::Busy => "busy",
            Self::Other(code) => code,
        }
    }
}

impl Arguments {
    /// Appends an argument; the value is what `Display` makes of it.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl fmt::Display) -> Self {
        self.push(key, &value);
        self
    }

    /// Appends an argument.
    pub fn push(&mut self, key: &str, value: &dyn fmt::Display) {
        self.0.push((key.into(), alloc::format!("{value}")));
    }

    /// The value of `key`.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str())
    }

    /// All keys and values in their order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes the value of `key` out.
    pub fn remove(&mut self, key: &str) -> Option<String> {
        let at = self.0.iter().position(|(name, _)| name == key)?;
        Some(self.0.remove(at).1)
    }

    fn parse<'a>(words: impl Iterator<Item = &'a str>) -> Result<Self> {
        let mut arguments = Self::default();
        for word in words {
            let (key, value) = word.split_once('=').ok_or(Error::Malformed("UT/1 word without ="))?;
            let key = token(Some(key))?;
            if value.is_empty() {
                return Err(Error::Malformed("UT/1 argument without a value"));
            }
            if arguments.get(&key).is_some() {
                return Err(Error::Malformed("UT/1 argument given twice"));
            }
            arguments.0.push((key, value.into()));
        }
        Ok(arguments)
    }
}

impl fmt::Display for Arguments {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|(key, value)| write!(f, " {key}={value}"))
    }
}

impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "> {} {}{}", self.seq, self.command, self.arguments)
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.outcome {
            Outcome::Ok(arguments) => write!(f, "< {} ok{arguments}", self.seq),
            Outcome::Error(code) => write!(f, "< {} error code={}", self.seq, code.name()),
            Outcome::Unimplemented => write!(f, "< {} unimplemented", self.seq),
        }
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "! {} t={}{}", self.name, self.time_ms, self.arguments)
    }
}

fn token(word: Option<&str>) -> Result<String> {
    let word = word.unwrap_or("");
    let valid = !word.is_empty() && word.bytes().all(|octet| matches!(octet, b'a'..=b'z' | b'0'..=b'9' | b'_'));
    if valid { Ok(word.into()) } else { Err(Error::Malformed("UT/1 name is not of a-z 0-9 _")) }
}

fn sequence(word: &str) -> Result<u32> {
    decimal(word).ok_or(Error::Malformed("UT/1 sequence number"))
}
