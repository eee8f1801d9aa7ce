//! Orders as lines of text: positional words and `name=value` pairs.

use wire::Eui64;

use crate::craft::Value;

/// Words of an order: positional ones and `name=value` pairs, each of which has to be asked for.
pub(crate) struct Words<'a> {
    positional: Vec<&'a str>,
    named: Vec<(&'a str, &'a str)>,
}

/// A part of an order, or what is wrong with it.
pub(crate) type Parsed<T> = Result<T, String>;

impl<'a> Words<'a> {
    /// `payload=` takes the rest of the line, blanks included.
    pub(crate) fn split(text: &'a str) -> Self {
        let (text, payload) = match text.split_once(" payload=") {
            Some((text, payload)) => (text, Some(payload)),
            None => (text, None),
        };
        let mut words =
            Self { positional: Vec::new(), named: payload.map(|value| ("payload", value)).into_iter().collect() };
        for word in text.split_whitespace() {
            // A path may have `?rt=core.ky`: it begins with a slash and is no pair.
            match word.split_once('=') {
                Some(pair) if !word.starts_with('/') => words.named.push(pair),
                _ => words.positional.push(word),
            }
        }
        words
    }

    pub(crate) fn next(&mut self, what: &str) -> Parsed<&'a str> {
        if self.positional.is_empty() { Err(format!("{what} is missing")) } else { Ok(self.positional.remove(0)) }
    }

    pub(crate) fn next_if_any(&mut self) -> Option<&'a str> {
        if self.positional.is_empty() { None } else { Some(self.positional.remove(0)) }
    }

    pub(crate) fn eui64(&mut self) -> Parsed<Eui64> {
        eui64(self.next("the EUI-64")?)
    }

    pub(crate) fn optional(&mut self, name: &str) -> Option<&'a str> {
        let at = self.named.iter().position(|(known, _)| *known == name)?;
        Some(self.named.remove(at).1)
    }

    pub(crate) fn required(&mut self, name: &str) -> Parsed<&'a str> {
        self.optional(name).ok_or_else(|| format!("{name}= is missing"))
    }

    pub(crate) fn end(self) -> Parsed<()> {
        let unknown = self.positional.first().copied().or(self.named.first().map(|(name, _)| *name));
        unknown.map_or(Ok(()), |word| Err(format!("`{word}` is not understood")))
    }
}

pub(crate) fn bad(text: &str, expected: &str) -> String {
    format!("`{text}` is not {expected}")
}

pub(crate) fn eui64(text: &str) -> Parsed<Eui64> {
    text.parse().map_err(|_| bad(text, "an EUI-64 of 16 hex digits"))
}

/// Keys: the text stays out of the message.
pub(crate) fn octets(text: &str) -> Parsed<Vec<u8>> {
    hex::decode(text).map_err(|_| "a key needs pairs of hex digits".to_owned())
}

pub(crate) fn number<T: TryFrom<u64>>(text: &str) -> Parsed<T> {
    let number = Value::from(text).as_number().and_then(|number| T::try_from(number).ok());
    number.ok_or_else(|| bad(text, "a number in range"))
}
