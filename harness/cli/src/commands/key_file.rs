//! Key files: a key on each line, in our words, as a TLS key log has it (SSLKEYLOGFILE), or as a row of Wireshark's table of
//! IEEE 802.15.4 keys. Lines of those two that are not used here are passed over and counted; what is none of all this is
//! refused with its place.

use std::net::Ipv6Addr;
use std::path::Path;

use dissect::{Dissector, KINDS, THREAD_KEY_SEQUENCES, Wireshark, secret_kind};

use crate::failure::Failure;

/// The lines that a key file may have.
fn help() -> String {
    let secrets: Vec<String> = KINDS.iter().map(|kind| format!("`{}`", kind.form())).collect();
    format!(
        "write {}, `address 0xPAN 0xSHORT EUI-64`, `context ID PREFIX/LENGTH`, a line of a TLS key log such as \
         `CLIENT_RANDOM RANDOM SECRET`, or a row of Wireshark's table: \"KEY\",\"INDEX\",\"No hash\"",
        secrets.join(", ")
    )
}

/// What came of a line.
enum Taken {
    /// It is used, or empty.
    Used,
    /// It is for somebody else; what it is.
    PassedOver(&'static str),
    /// It is nothing.
    Refused,
}

impl Taken {
    fn used(is_used: bool) -> Self {
        if is_used { Self::Used } else { Self::Refused }
    }
}

/// Tells the dissector the keys of a file: a line for each of [`KINDS`] (`link INDEX HEX`, `psk HEX`), `address PAN SHORT
/// EUI64`, `context ID PREFIX/LENGTH`, lines of a TLS key log, rows of Wireshark's table; `#` begins a comment.
pub(super) fn add_keys(dissector: &mut Dissector, path: &Path) -> Result<(), Failure> {
    let source = input::Source::read(path)?;
    let mut faults = Vec::new();
    let mut passed_over: Vec<(&str, usize)> = Vec::new();
    let mut offset = 0;
    for line in source.text.split_inclusive('\n') {
        match take(dissector, line) {
            Taken::Used => {}
            Taken::PassedOver(kind) => match passed_over.iter_mut().find(|(known, _)| *known == kind) {
                Some((_, count)) => *count += 1,
                None => passed_over.push((kind, 1)),
            },
            Taken::Refused => {
                let span = offset..offset + line.trim_end().len();
                faults.push(source.fault(span, "is no key").with_help(help()));
            }
        }
        offset += line.len();
    }
    if !faults.is_empty() {
        return Err(faults.into());
    }
    for (kind, count) in passed_over {
        let lines = if count == 1 { "line" } else { "lines" };
        crate::output::tell!("{}: passed over {count} {lines}: {kind}", path.display());
    }
    Ok(())
}

/// Tells the dissector the secrets of a key log that a capture carries; whatever else is in it is none of ours.
pub(super) fn add_key_log(dissector: &mut Dissector, key_log: &str) {
    for line in key_log.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        add_logged(dissector, &words);
    }
}

fn take(dissector: &mut Dissector, line: &str) -> Taken {
    let words: Vec<&str> = line.split('#').next().unwrap_or_default().split_whitespace().collect();
    if let Some(kind) = words.first().and_then(|word| secret_kind(word)) {
        let Some((session, secret)) = kind.read(words.get(1..).unwrap_or_default()) else { return Taken::Refused };
        dissector.keys_mut().add(kind.protocol, &session, &secret);
        return Taken::Used;
    }
    Taken::used(match words.as_slice() {
        [] => true,
        [label, ..] if is_label(label) => add_logged(dissector, &words),
        ["address", pan, short, eui64] => {
            match (sixteen_bits(pan), sixteen_bits(short), octets(&eui64.replace(':', ""))) {
                (Some(pan), Some(short), Some(eui64)) => {
                    dissector.set_short_address(pan, short, eui64);
                    true
                }
                _ => false,
            }
        }
        ["context", id, prefix] => match context(id, prefix) {
            Some((id, prefix, length)) => {
                dissector.set_context(id, prefix, length);
                true
            }
            None => false,
        },
        [row, ..] if row.starts_with('"') => return wireshark_row(dissector, &words.join(" ")),
        [label, random, secret] if is_key_log_line(label, random, secret) => {
            return Taken::PassedOver("secrets of a TLS key log that DTLS 1.2 does not use");
        }
        _ => false,
    })
}

/// Whether a line is one of a key log, whatever its label: those of TLS 1.3, of RSA and of what is to come.
fn is_key_log_line(label: &str, random: &str, secret: &str) -> bool {
    let is_label = label == "RSA" || label.contains('_');
    let of_label = |letter: char| letter.is_ascii_uppercase() || letter.is_ascii_digit() || letter == '_';
    let is_hex = |text: &str| !text.is_empty() && text.chars().all(|digit| digit.is_ascii_hexdigit());
    is_label && label.chars().all(of_label) && is_hex(random) && is_hex(secret)
}

/// `0xface`.
fn sixteen_bits(text: &str) -> Option<u16> {
    u16::from_str_radix(text.strip_prefix("0x")?, 16).ok()
}

/// A 6LoWPAN context: identifier 0 to 15, and a prefix.
fn context(id: &str, prefix: &str) -> Option<(u8, Ipv6Addr, u8)> {
    let (prefix, length) = prefix.split_once('/')?;
    let (id, length): (u8, u8) = (id.parse().ok()?, length.parse().ok()?);
    (id < 16 && length <= 128).then_some((id, prefix.parse().ok()?, length))
}

/// A row of Wireshark's table of IEEE 802.15.4 keys: `"KEY","INDEX","No hash"` is a link key, `"KEY","INDEX","Thread hash"` the
/// network key of Thread, whose index is that of each key sequence.
fn wireshark_row(dissector: &mut Dissector, row: &str) -> Taken {
    let columns: Vec<&str> = row.split(',').map(|column| column.trim().trim_matches('"')).collect();
    let [key, index, hash] = columns[..] else { return Taken::Refused };
    let keys = dissector.keys_mut();
    match (octets(key), index.parse(), hash) {
        (Some(key), Ok(index), "No hash") => keys.add_link_key(index, key),
        (Some(key), Ok(_), "Thread hash") => keys.add_thread_network_key(key, THREAD_KEY_SEQUENCES),
        (Some(_), Ok(_), hash) if hash.ends_with(" hash") => {
            return Taken::PassedOver("keys of Wireshark's table under a hash that is not known here");
        }
        _ => return Taken::Refused,
    };
    Taken::Used
}

/// A line of a TLS key log whose label is that of a kind of secret.
fn add_logged(dissector: &mut Dissector, words: &[&str]) -> bool {
    let mut is_taken = false;
    for kind in KINDS {
        if let Some((session, secret)) = kind.read_key_log(words) {
            dissector.keys_mut().add(kind.protocol, &session, &secret);
            is_taken = true;
        }
    }
    is_taken
}

/// Whether a kind of secret has lines in a TLS key log under this label.
fn is_label(word: &str) -> bool {
    KINDS.iter().any(|kind| matches!(kind.wireshark, Some(Wireshark::KeyLog(label)) if label == word))
}

fn octets<const N: usize>(text: &str) -> Option<[u8; N]> {
    hex::decode(text).ok()?.try_into().ok()
}
