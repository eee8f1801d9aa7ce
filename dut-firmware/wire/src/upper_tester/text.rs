//! Text in a value of UT/1, where neither blanks nor line feeds may stand: `vendor` hands a line to a vendor's shell so, and
//! brings back what the shell said. Visible ASCII stands for itself but for `%`; every other octet is `%` and two hex digits
//! (RFC 3986, 2.1); `-` alone is no text at all, and a hyphen that is the whole text is `%2d`.

use alloc::string::String;
use alloc::vec::Vec;

/// Text as a value.
pub fn encode_text(text: &str) -> String {
    match text {
        "" => return "-".into(),
        "-" => return "%2d".into(),
        _ => {}
    }
    let mut value = String::with_capacity(text.len());
    for octet in text.bytes() {
        match octet {
            b'!'..=b'~' if octet != b'%' => value.push(char::from(octet)),
            _ => {
                value.push('%');
                for nibble in [octet >> 4, octet & 15] {
                    value.push(char::from_digit(u32::from(nibble), 16).unwrap_or('0'));
                }
            }
        }
    }
    value
}

/// The text that a value stands for; nothing if a `%` is not followed by two hex digits or the octets are no UTF-8.
pub fn decode_text(value: &str) -> Option<String> {
    if value == "-" {
        return Some(String::new());
    }
    let mut octets = Vec::with_capacity(value.len());
    let mut rest = value.bytes();
    while let Some(octet) = rest.next() {
        if octet == b'%' {
            let mut digit = || char::from(rest.next()?).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
            let (high, low) = (digit()?, digit()?);
            octets.push(high << 4 | low);
        } else {
            octets.push(octet);
        }
    }
    String::from_utf8(octets).ok()
}
