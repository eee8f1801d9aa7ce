//! Text for people: durations, one-line cleaning, withheld keys, paths in links.

use std::fmt::Write as _;

use record::manifest::DeviceState;

/// A duration as an engineer would say it: `830 us`, `12.4 ms`, `3.412 s`, `4 min 05 s`.
pub(crate) fn duration(nanoseconds: u64) -> String {
    let seconds = nanoseconds as f64 / 1e9;
    if nanoseconds == 0 {
        "0 s".into()
    } else if nanoseconds < 1_000_000 {
        format!("{:.0} us", seconds * 1e6)
    } else if nanoseconds < 1_000_000_000 {
        format!("{:.1} ms", seconds * 1e3)
    } else if nanoseconds < 120_000_000_000 {
        format!("{seconds:.3} s")
    } else if nanoseconds < 7_200_000_000_000 {
        let whole = nanoseconds / 1_000_000_000;
        format!("{} min {:02} s", whole / 60, whole % 60)
    } else {
        let whole = nanoseconds / 1_000_000_000;
        format!("{} h {:02} min", whole / 3600, whole % 3600 / 60)
    }
}

/// A time of the case's clock, in seconds with microseconds.
pub(crate) fn clock(nanoseconds: u64) -> String {
    format!("{}.{:06}", nanoseconds / 1_000_000_000, nanoseconds % 1_000_000_000 / 1000)
}

/// Text as a report may show it: keys withheld, nothing in it that a terminal, an XML parser or a browser would act on.
pub(crate) fn shown(text: &str) -> String {
    printable(&withhold(text))
}

/// The same on one line: line ends become blanks.
pub(crate) fn line(text: &str) -> String {
    shown(text).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Replaces control characters, bidirectional overrides and noncharacters by visible escapes; line feeds and tabs stay.
fn printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        let code = u32::from(c);
        match c {
            '\n' | '\t' => out.push(c),
            _ if c.is_control() && code < 0x100 => {
                let _ = write!(out, "\\x{code:02x}");
            }
            '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' | '\u{feff}' => {
                let _ = write!(out, "\\u{{{code:x}}}");
            }
            _ if code & 0xfffe == 0xfffe => {
                let _ = write!(out, "\\u{{{code:x}}}");
            }
            _ => out.push(c),
        }
    }
    out
}

/// Names whose hexadecimal value is a secret. The evidence files that bear secrets are private, a report is not.
const SECRETS: [&str; 5] = ["psk", "key", "master_secret", "msk", "emsk"];

/// Fewer hexadecimal digits than this are no key.
const LEAST_KEY_DIGITS: usize = 16;

/// Replaces `psk=HEX`, `"key":"HEX"` and the like by `psk=(withheld)`.
fn withhold(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, digits, after)) = next_hex(rest) {
        out.push_str(before);
        let ahead = text.len() - after.len() - digits.len();
        if digits.len() >= LEAST_KEY_DIGITS && text.get(..ahead).is_some_and(names_secret) {
            out.push_str("(withheld)");
        } else {
            out.push_str(digits);
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

/// Splits at the first run of hexadecimal digits that stands after `=`, `:`, a quote or a blank.
fn next_hex(text: &str) -> Option<(&str, &str, &str)> {
    let mut previous = ' ';
    for (start, c) in text.char_indices() {
        if c.is_ascii_hexdigit() && !previous.is_ascii_alphanumeric() {
            let tail = text.get(start..)?;
            let length = tail.find(|c: char| !c.is_ascii_hexdigit()).unwrap_or(tail.len());
            let (digits, after) = tail.split_at(length);
            return Some((text.get(..start)?, digits, after));
        }
        previous = c;
    }
    None
}

/// Whether what stands before a value is a secret's name and an assignment.
fn names_secret(before: &str) -> bool {
    let trimmed = before.trim_end_matches([' ', '"', '\'', '\\']);
    // UT/1 brings a key pair in parts, of which one is the private key.
    if trimmed.ends_with("part=key data=") {
        return true;
    }
    let Some(name) = trimmed.strip_suffix(['=', ':']) else { return false };
    let name = name.trim_end_matches([' ', '"', '\'', '\\']);
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let name = name.rsplit(|c| !word(c)).next().unwrap_or_default().to_ascii_lowercase();
    SECRETS.iter().any(|secret| {
        name.strip_suffix(secret).is_some_and(|rest| !rest.ends_with(|c: char| c.is_ascii_alphanumeric()))
    })
}

/// Cuts to at most `limit` characters, with an ellipsis if anything was cut.
pub(crate) fn cut(text: &str, limit: usize) -> String {
    if text.chars().count() <= limit {
        return text.to_owned();
    }
    let mut out: String = text.chars().take(limit.saturating_sub(1)).collect();
    out.truncate(out.trim_end().len());
    out.push('…');
    out
}

/// Octets in hexadecimal, at most `limit` of them.
pub(crate) fn hex(octets: &[u8], limit: usize) -> String {
    let mut out = String::with_capacity(octets.len().min(limit) * 2 + 3);
    for octet in octets.iter().take(limit) {
        let _ = write!(out, "{octet:02x}");
    }
    if octets.len() > limit {
        out.push('…');
    }
    out
}

/// Escapes text for an element's content or a quoted attribute.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            _ => out.push(c),
        }
    }
    out
}

/// The first letter in upper case and a full stop at the end, as a sentence that stands alone.
pub(crate) fn sentence(text: &str) -> String {
    let text = line(text);
    let mut chars = text.chars();
    let Some(first) = chars.next() else { return text };
    // A name such as `sel.jsr` or `dut` keeps its case: it is quoted from the suite.
    let word = text.split(' ').next().unwrap_or_default();
    let word = if word == "preamble:" { "preamble" } else { word };
    let plain = word.chars().all(|c| c.is_ascii_lowercase()) && word != "dut" && word != "ct" && word != "lbr";
    let mut out = if plain { first.to_ascii_uppercase().to_string() } else { first.to_string() };
    out.push_str(chars.as_str());
    if !out.ends_with(['.', '!', '?', '…']) {
        out.push('.');
    }
    out
}

/// `1 case`, `2 cases`.
pub(crate) fn counted(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// A declared state of the device by what was read back of it: `secured`, `off`, or `secured (not read)`.
pub(crate) fn state_in_short(state: &DeviceState) -> String {
    match state.read_state() {
        Some(read) if state.holds() => line(read),
        Some(read) => line(&format!("{read} (not {})", state.declared)),
        None if state.declared == "off" => "off".to_owned(),
        None => line(&format!("{} (not read)", state.declared)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_well_at_every_size() {
        let cases = [
            (0, "0 s"),
            (830_000, "830 us"),
            (12_400_000, "12.4 ms"),
            (3_412_000_000, "3.412 s"),
            (245_000_000_000, "4 min 05 s"),
            (7_500_000_000_000, "2 h 05 min"),
        ];
        for (nanoseconds, text) in cases {
            assert_eq!(duration(nanoseconds), text);
        }
        assert_eq!(clock(1_002_003_004), "1.002003");
    }

    #[test]
    fn keys_are_withheld_and_identifiers_are_not() {
        let key = "000102030405060708090a0b0c0d0e0f";
        for text in [
            format!("> 3 manufacture anchor=psk psk={key}"),
            format!("> 4 provision key={key} index=1"),
            format!("> 5 credential part=key data={key}{key}"),
            format!("order: identity key={key}{key} certificate=3082"),
            format!(r#"{{"1":{{"key":"{key}","mode":1}}}}"#),
            format!("psk: {key}"),
            format!("KEY = '{key}'"),
            format!("dtls.master_secret={key}{key}{key}"),
        ] {
            let shown = shown(&text);
            assert!(!shown.contains("0a0b0c"), "{shown}");
            assert!(shown.contains("(withheld)"), "{shown}");
        }
        for text in ["eui64=70b3d5b007000003", "nonce=00112233445566778899aabbccddeeff", "monkey=00112233445566778899"]
        {
            assert_eq!(shown(text), text);
        }
    }

    #[test]
    fn nothing_that_acts_on_its_reader_is_passed_on() {
        assert_eq!(
            shown("a\x01b\x1b[31mc\u{202e}d\u{ffff}e\tf\ng 🦀"),
            "a\\x01b\\x1b[31mc\\u{202e}d\\u{ffff}e\tf\ng 🦀"
        );
        assert_eq!(line(" a\r\n b "), "a\\x0d b");
    }

    #[test]
    fn cutting_counts_characters_not_octets() {
        assert_eq!(cut("ääää", 4), "ääää");
        assert_eq!(cut("äää ää", 5), "äää…");
        assert_eq!(hex(&[1, 2, 3], 2), "0102…");
    }

    #[test]
    fn a_sentence_keeps_names_as_they_are() {
        assert_eq!(sentence("no JSR came within 5 s"), "No JSR came within 5 s.");
        assert_eq!(sentence("sel.jsr from dut differs"), "sel.jsr from dut differs.");
        assert_eq!(sentence("preamble: no frame came"), "Preamble: no frame came.");
        assert_eq!(sentence(""), "");
    }
}
