//! Orders as lines of text, read by the table of their station: a word, bare arguments, and `name=value` pairs.

use std::net::Ipv6Addr;
use std::time::Duration;

use record::station::{Argument, ArgumentKind, OrderInfo};
use wire::Eui64;

use crate::craft::Value;

/// A part of an order, or what is wrong with it: a fragment that fits after "refused: ". It is text because it becomes the reason
/// of a refusal and nothing tells one from another.
pub type Parsed<T> = Result<T, String>;

/// An order with its arguments, each of the kind that its row says.
#[derive(Debug, Clone)]
pub struct Given<'a> {
    /// Its row.
    pub info: &'static OrderInfo,
    values: Vec<(&'static str, &'a str)>,
    /// The order that another station is to carry out.
    pub inner: Option<&'a str>,
}

/// Reads a line by a table. `payload=` takes the rest of the line, blanks included.
///
/// # Errors
/// What is wrong with the order.
pub fn read<'a>(orders: &'static [OrderInfo], line: &'a str) -> Parsed<Given<'a>> {
    let line = line.trim_start();
    let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    if word.is_empty() {
        return Err("the order is missing".to_owned());
    }
    let info = orders.iter().find(|order| order.name == word);
    let info = info.ok_or_else(|| format!("there is no order `{word}`"))?;
    if let Some(inner) = info.inner {
        read(inner, rest)?;
        return Ok(Given { info, values: Vec::new(), inner: Some(rest) });
    }
    let padded = line.get(word.len()..).unwrap_or_default();
    let (rest, payload) = match padded.split_once(" payload=") {
        Some((rest, payload)) => (rest, Some(("payload", payload))),
        None => (padded, None),
    };
    let mut given = Given { info, values: Vec::new(), inner: None };
    let mut bare = info.bare.iter();
    // A path may have `?rt=core.ky`: it begins with a slash and is no pair.
    let pairs = rest.split_whitespace().map(|word| (word, word.split_once('=').filter(|_| !word.starts_with('/'))));
    for (word, pair) in pairs.chain(payload.map(|pair| ("payload", Some(pair)))) {
        let (argument, value) = match pair {
            Some((name, value)) => (info.keys.iter().find(|key| key.name == name), value),
            None => (bare.next(), word),
        };
        let not_understood = || format!("`{}` is not understood", pair.map_or(word, |(name, _)| name));
        let argument = argument.ok_or_else(not_understood)?;
        if given.values.iter().any(|(name, _)| *name == argument.name) {
            return Err(not_understood());
        }
        check(argument, value)?;
        given.values.push((argument.name, value));
    }
    let is_missing = |argument: &&Argument| argument.is_needed && given.given(argument.name).is_none();
    if let Some(missing) = info.bare.iter().find(is_missing) {
        return Err(format!("the {} is missing", missing.name));
    }
    if let Some(missing) = info.keys.iter().find(is_missing) {
        return Err(format!("{}= is missing", missing.name));
    }
    Ok(given)
}

impl<'a> Given<'a> {
    /// The text of an argument, or its default.
    pub fn text(&self, name: &str) -> Option<&'a str> {
        let default = || self.info.bare.iter().chain(self.info.keys).find(|argument| argument.name == name)?.default;
        self.given(name).or_else(default)
    }

    /// The value of an argument that may be left out, or its default.
    ///
    /// # Errors
    /// What it is not.
    pub fn maybe<T: FromText>(&self, name: &str) -> Parsed<Option<T>> {
        self.text(name).map(T::from_text).transpose()
    }

    /// The value of an argument that is there or has a default.
    ///
    /// # Errors
    /// That it is missing, or what it is not.
    pub fn need<T: FromText>(&self, name: &str) -> Parsed<T> {
        self.maybe(name)?.ok_or_else(|| format!("{name}= is missing"))
    }

    fn given(&self, name: &str) -> Option<&'a str> {
        self.values.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
    }
}

/// Whether a value is of the kind that the argument says.
fn check(argument: &Argument, value: &str) -> Parsed<()> {
    match argument.kind {
        ArgumentKind::Eui64 => Eui64::from_text(value).map(drop),
        ArgumentKind::Ipv6 => Ipv6Addr::from_text(value).map(drop),
        ArgumentKind::Octets => Vec::from_text(value).map(drop),
        ArgumentKind::Key(octets) if Vec::from_text(value)?.len() != octets => {
            Err(format!("the {} needs {} hex digits", argument.name, 2 * octets))
        }
        ArgumentKind::Number(most) if u64::from_text(value)? > most => Err(bad(value, "a number in range")),
        ArgumentKind::Flag => bool::from_text(value).map(drop),
        ArgumentKind::Milliseconds => Duration::from_text(value).map(drop),
        ArgumentKind::Word(words)
            if !words.iter().any(|word| *word == value || *word == value.to_ascii_uppercase()) =>
        {
            Err(bad(value, &one_of(words)))
        }
        ArgumentKind::Key(_) | ArgumentKind::Number(_) | ArgumentKind::Word(_) | ArgumentKind::Text => Ok(()),
    }
}

/// `a, b or c`.
fn one_of(words: &[&str]) -> String {
    match words {
        [] => "anything".to_owned(),
        [only] => (*only).to_owned(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

pub(crate) fn bad(text: &str, expected: &str) -> String {
    format!("`{text}` is not {expected}")
}

/// What an argument may be read as.
pub trait FromText: Sized {
    /// Reads it.
    ///
    /// # Errors
    /// What the text is not.
    fn from_text(text: &str) -> Parsed<Self>;
}

impl FromText for Eui64 {
    fn from_text(text: &str) -> Parsed<Self> {
        text.parse().map_err(|_| bad(text, "an EUI-64 of 16 hex digits"))
    }
}

impl FromText for Ipv6Addr {
    fn from_text(text: &str) -> Parsed<Self> {
        text.parse().map_err(|_| bad(text, "an IPv6 address"))
    }
}

/// Keys: the text stays out of the message.
impl FromText for Vec<u8> {
    fn from_text(text: &str) -> Parsed<Self> {
        hex::decode(text).map_err(|_| "a key needs pairs of hex digits".to_owned())
    }
}

impl<const N: usize> FromText for [u8; N] {
    fn from_text(text: &str) -> Parsed<Self> {
        Vec::from_text(text)?.try_into().map_err(|_| format!("the key needs {} hex digits", 2 * N))
    }
}

impl FromText for bool {
    fn from_text(text: &str) -> Parsed<Self> {
        match text {
            "0" => Ok(false),
            "1" => Ok(true),
            other => Err(bad(other, "0 or 1")),
        }
    }
}

/// A number alone is milliseconds too.
impl FromText for Duration {
    fn from_text(text: &str) -> Parsed<Self> {
        u32::from_text(text.strip_suffix("ms").unwrap_or(text)).map(|pace| Self::from_millis(pace.into()))
    }
}

macro_rules! numbers {
    ($($number:ty)*) => {
        $(impl FromText for $number {
            fn from_text(text: &str) -> Parsed<Self> {
                let number = Value::from(text).as_number().and_then(|number| Self::try_from(number).ok());
                number.ok_or_else(|| bad(text, "a number in range"))
            }
        })*
    };
}

numbers! { u8 u16 u32 u64 usize }

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    const ORDERS: &[OrderInfo] = &[
        OrderInfo::new("ask", "")
            .bare(&[
                Argument::needed("eui64", ArgumentKind::Eui64),
                Argument::needed("method", ArgumentKind::Word(&["GET", "PUT"])),
                Argument::maybe("path", ArgumentKind::Text),
            ])
            .keys(&[
                Argument::needed("key", ArgumentKind::Key(2)),
                Argument::or("index", ArgumentKind::Number(255), "1"),
                Argument::maybe("secured", ArgumentKind::Flag),
                Argument::maybe("every", ArgumentKind::Milliseconds),
                Argument::maybe("dest", ArgumentKind::Ipv6),
                Argument::maybe("payload", ArgumentKind::Text),
            ]),
        OrderInfo::new("tool", "").inner(&[OrderInfo::new("close", "")]),
    ];

    #[test]
    fn an_order_is_read_by_its_row() {
        let line = "ask 70b3d5b007000001 get /a?rt=b secured=1 every=20ms dest=fd00::1 key=0a0b payload=c d=e";
        let given = read(ORDERS, line).unwrap();
        assert_eq!(given.need::<Eui64>("eui64").unwrap().to_string(), "70b3d5b007000001");
        assert_eq!((given.text("method"), given.text("path")), (Some("get"), Some("/a?rt=b")));
        assert_eq!(given.need::<[u8; 2]>("key").unwrap(), [10, 11]);
        assert_eq!((given.need::<u8>("index").unwrap(), given.maybe("secured").unwrap()), (1, Some(true)));
        assert_eq!(given.maybe("every").unwrap(), Some(Duration::from_millis(20)));
        assert_eq!(given.text("payload"), Some("c d=e"));
        assert_eq!(read(ORDERS, "tool close").unwrap().inner, Some("close"));
    }

    #[rstest]
    #[case("", "the order is missing")]
    #[case("tell", "there is no order `tell`")]
    #[case("ask", "the eui64 is missing")]
    #[case("ask 1 GET key=0a0b", "`1` is not an EUI-64 of 16 hex digits")]
    #[case("ask 70b3d5b007000001 key=0a0b", "the method is missing")]
    #[case("ask 70b3d5b007000001 POST", "`POST` is not GET or PUT")]
    #[case("ask 70b3d5b007000001 GET", "key= is missing")]
    #[case("ask 70b3d5b007000001 GET / / key=0a0b", "`/` is not understood")]
    #[case("ask 70b3d5b007000001 GET key=0a0b key=0a0b", "`key` is not understood")]
    #[case("ask 70b3d5b007000001 GET key=0a0b level=5", "`level` is not understood")]
    #[case("ask 70b3d5b007000001 GET key=0x", "a key needs pairs of hex digits")]
    #[case("ask 70b3d5b007000001 GET key=0a", "the key needs 4 hex digits")]
    #[case("ask 70b3d5b007000001 GET index=256", "`256` is not a number in range")]
    #[case("ask 70b3d5b007000001 GET secured=yes", "`yes` is not 0 or 1")]
    #[case("ask 70b3d5b007000001 GET dest=here", "`here` is not an IPv6 address")]
    #[case("tool", "the order is missing")]
    #[case("tool open", "there is no order `open`")]
    fn what_is_wrong_with_an_order_is_said(#[case] line: &str, #[case] reason: &str) {
        assert_eq!(read(ORDERS, line).map(|given| given.info.name), Err(reason.to_owned()));
    }
}
