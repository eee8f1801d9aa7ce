//! A strict reader for the JSON objects of the key resource (RFC 8259): objects, strings without escapes beyond ASCII,
//! unsigned integers and booleans. Everything else is an error, a member given twice included (`PROFILE-SEL` 16).

use alloc::string::String;
use alloc::vec::Vec;

/// A value.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Value {
    Object(Vec<(String, Value)>),
    Text(String),
    Number(u64),
    Boolean(bool),
}

/// Not an object of this subset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Malformed;

/// Reads one object and nothing after it.
pub(crate) fn parse_object(text: &[u8]) -> Result<Vec<(String, Value)>, Malformed> {
    let mut parser = Parser { rest: text };
    parser.skip_blanks();
    let members = parser.object(true)?;
    parser.skip_blanks();
    if parser.rest.is_empty() { Ok(members) } else { Err(Malformed) }
}

struct Parser<'a> {
    rest: &'a [u8],
}

impl Parser<'_> {
    /// A value; one that is an object only in the outermost object: a key object has no more levels.
    fn value(&mut self, outermost: bool) -> Result<Value, Malformed> {
        self.skip_blanks();
        match self.rest.first() {
            Some(b'{') if outermost => self.object(false).map(Value::Object),
            Some(b'"') => self.text().map(Value::Text),
            Some(b'0'..=b'9') => self.number(),
            Some(b't') => self.word(b"true").map(|()| Value::Boolean(true)),
            Some(b'f') => self.word(b"false").map(|()| Value::Boolean(false)),
            _ => Err(Malformed),
        }
    }

    /// An object that has members: what has none is no key object.
    fn object(&mut self, outermost: bool) -> Result<Vec<(String, Value)>, Malformed> {
        self.word(b"{")?;
        let mut members: Vec<(String, Value)> = Vec::new();
        loop {
            self.skip_blanks();
            let name = self.text()?;
            if members.iter().any(|(known, _)| *known == name) {
                return Err(Malformed);
            }
            self.skip_blanks();
            self.word(b":")?;
            let value = self.value(outermost)?;
            members.push((name, value));
            self.skip_blanks();
            if self.word(b"}").is_ok() {
                return Ok(members);
            }
            self.word(b",")?;
        }
    }

    /// A string; of escapes only `\u00XX` of ASCII: no string of a key object has a character that needs another.
    fn text(&mut self) -> Result<String, Malformed> {
        self.word(b"\"")?;
        let mut text = String::new();
        loop {
            match self.octet()? {
                b'"' => return Ok(text),
                b'\\' => {
                    self.word(b"u")?;
                    let mut code = 0;
                    for _ in 0..4 {
                        let digit = char::from(self.octet()?).to_digit(16).ok_or(Malformed)?;
                        code = code * 16 + digit;
                    }
                    text.push(char::from_u32(code).filter(char::is_ascii).ok_or(Malformed)?);
                }
                octet @ 0x20..0x7f => text.push(char::from(octet)),
                _ => return Err(Malformed),
            }
        }
    }

    /// An unsigned integer; a fraction or an exponent behind it is left to be stumbled over.
    fn number(&mut self) -> Result<Value, Malformed> {
        let digits = self.rest.iter().take_while(|octet| octet.is_ascii_digit()).count();
        let (number, rest) = self.rest.split_at(digits);
        if matches!(number, [b'0', _, ..]) {
            return Err(Malformed);
        }
        self.rest = rest;
        let text = core::str::from_utf8(number).map_err(|_| Malformed)?;
        text.parse().map(Value::Number).map_err(|_| Malformed)
    }

    fn word(&mut self, word: &[u8]) -> Result<(), Malformed> {
        self.rest = self.rest.strip_prefix(word).ok_or(Malformed)?;
        Ok(())
    }

    fn octet(&mut self) -> Result<u8, Malformed> {
        let (&octet, rest) = self.rest.split_first().ok_or(Malformed)?;
        self.rest = rest;
        Ok(octet)
    }

    fn skip_blanks(&mut self) {
        while let Some((b' ' | b'\t' | b'\n' | b'\r', rest)) = self.rest.split_first() {
            self.rest = rest;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[test]
    fn an_object_is_read_with_its_members_in_order() {
        let members = parse_object(b" { \"1\" : {\"key\":\"0\\u0041/\", \"level\":5},\n\"open\":true } ").unwrap();
        let inner = Vec::from([("key".into(), Value::Text("0A/".into())), ("level".into(), Value::Number(5))]);
        let expected = [("1".into(), Value::Object(inner)), ("open".into(), Value::Boolean(true))];
        assert!(members == expected);
    }

    #[rstest]
    #[case::empty("")]
    #[case::no_object("5")]
    #[case::no_members("{}")]
    #[case::no_members_within(r#"{"a":{}}"#)]
    #[case::other_escape(r#"{"\/":1}"#)]
    #[case::two_objects("{}{}")]
    #[case::garbage_behind("{} x")]
    #[case::doubled_member(r#"{"a":1,"a":1}"#)]
    #[case::doubled_member_by_escape(r#"{"a":1,"\u0061":1}"#)]
    #[case::trailing_comma(r#"{"a":1,}"#)]
    #[case::leading_zero(r#"{"a":01}"#)]
    #[case::negative(r#"{"a":-1}"#)]
    #[case::fraction(r#"{"a":1.0}"#)]
    #[case::exponent(r#"{"a":1e1}"#)]
    #[case::overflow(r#"{"a":18446744073709551616}"#)]
    #[case::null(r#"{"a":null}"#)]
    #[case::array(r#"{"a":[1]}"#)]
    #[case::too_deep(r#"{"a":{"b":{"c":1}}}"#)]
    #[case::unquoted("{a:1}")]
    #[case::unterminated(r#"{"a":"b"#)]
    #[case::control_character("{\"a\":\"\n\"}")]
    #[case::not_ascii("{\"\u{e9}\":1}")]
    fn everything_else_is_malformed(#[case] text: &str) {
        assert!(parse_object(text.as_bytes()).is_err(), "{text}");
    }
}
