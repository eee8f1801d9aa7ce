//! `bootrack dissect`: every layer and field of the frames in a capture, or the values of some fields.

use std::io::Write as _;
use std::net::Ipv6Addr;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value as Json, json};
use wire::dissect::{Dissection, Dissector, Keys, LinkType, Value};
use wire::dtls::MasterSecret;

use super::dissect_fields::Columns;
use super::summary;
use crate::arguments::Dissect;
use crate::captures::{Capture, CaptureError, Packet};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output;

/// aMaxPHYPacketSize (IEEE 802.15.4-2006, table 22): the FCS included.
const MAX_PSDU: usize = 127;

/// Octets of output that are kept before they are written.
const OUTPUT: usize = 1 << 16;

pub(crate) fn dissect(arguments: &Dissect) -> Result<Exit, Failure> {
    let mut columns = Columns::new(&arguments.fields)?;
    let no_capture =
        |error: CaptureError| Failure::usage_with_help(error.to_string(), "name a capture that Wireshark can open");
    let capture = Capture::open(&arguments.file).map_err(no_capture)?;
    let mut dissector = Dissector::new(Keys::new());
    capture.key_logs(|key_log| add_key_log(&mut dissector, key_log)).map_err(no_capture)?;
    if let Some(path) = &arguments.keys {
        add_keys(&mut dissector, path)?;
    }
    // A note in the output says where a form decides.
    dissector.set_heuristics(true);
    for decode in &arguments.decode_as {
        dissector.decode_as(decode.port, decode.protocol);
    }
    let mut output = Vec::with_capacity(2 * OUTPUT);
    if arguments.json {
        output.extend_from_slice(b"{\n  \"schema\": \"bootrack-dissect/1\",\n  \"frames\": [");
    }
    // One dissection takes the place of the other: the memory of a long capture is that of its largest frame.
    let mut dissection = Dissection::default();
    let end = capture.packets(|packet| {
        let (is_dissected, remark) = dissect_packet(&mut dissector, &mut dissection, packet);
        let dissection = is_dissected.then_some(&dissection);
        if arguments.json {
            output.extend_from_slice(if packet.number == 1 { b"\n    " } else { b",\n    " });
            let frame = to_json(packet.number, dissection, remark.as_deref());
            let text = serde_json::to_string_pretty(&frame).unwrap_or_else(|_| frame.to_string());
            output.extend_from_slice(text.replace('\n', "\n    ").as_bytes());
        } else if columns.is_empty() {
            print(&mut output, packet, dissection, remark.as_deref());
        } else {
            columns.print(&mut output, dissection);
        }
        if output.len() >= OUTPUT {
            output::write(&output);
            output.clear();
        }
    });
    let end = end.map_err(no_capture)?;
    if arguments.json {
        let frames_end = if end.packets == 0 { "]" } else { "\n  ]" };
        // Writing to a vector does not fail, here and below.
        let _ = write!(output, "{frames_end},\n  \"broken_off\": {}\n}}\n", json!(end.broken_off));
    }
    output::write(&output);
    match end.broken_off {
        Some(reason) => Err(Failure::usage_with_help(
            format!("{}: {reason}", arguments.file.display()),
            format!("the {} packets before that were read", end.packets),
        )),
        None => Ok(Exit::Passed),
    }
}

/// Dissects by link type, if that can be done; a remark says what cannot be done with this packet.
fn dissect_packet(
    dissector: &mut Dissector,
    dissection: &mut Dissection,
    packet: &Packet<'_>,
) -> (bool, Option<String>) {
    let cut = (packet.bytes.len() < packet.original_length)
        .then(|| format!("cut to {} of {} octets by the capture", packet.bytes.len(), packet.original_length));
    let too_long = |fcs: usize| {
        (packet.bytes.len() + fcs > MAX_PSDU)
            .then(|| format!("{} octets are more than a PSDU can have ({MAX_PSDU})", packet.bytes.len() + fcs))
    };
    if packet.bytes.is_empty() {
        return (false, Some("no octets at all".to_owned()));
    }
    let Some(link_type) = u32::try_from(packet.link_type).ok().map(LinkType).filter(|link_type| link_type.is_known())
    else {
        let known = LinkType::KNOWN.map(|link_type| link_type.0.to_string()).join(", ");
        return (false, Some(format!("link type {} is not known here (known: {known})", packet.link_type)));
    };
    dissector.set_time(packet.at.map(Duration::from_nanos));
    dissector.packet_into(dissection, packet.number, link_type, packet.bytes);
    let remark = match link_type {
        LinkType::IEEE802_15_4_WITHFCS => cut.or_else(|| too_long(0)),
        LinkType::IEEE802_15_4_NOFCS => cut.or_else(|| too_long(2)),
        _ => cut,
    };
    (true, remark)
}

fn print(output: &mut Vec<u8>, packet: &Packet<'_>, dissection: Option<&Dissection>, remark: Option<&str>) {
    let summary = dissection.map(summary::of).unwrap_or_default();
    let _ = writeln!(output, "Frame {}: {} octets{summary}", packet.number, packet.bytes.len());
    if let Some(remark) = remark {
        let _ = writeln!(output, "  ! {remark}");
    }
    let Some(dissection) = dissection else { return };
    for layer in dissection.layers() {
        let _ = writeln!(output, "  {}", layer.name);
        for field in layer.all_fields() {
            let _ = write!(output, "    {:<34} ", field.name());
            let _ = writeln!(output, "{}", printable(&field.value().to_string()));
        }
    }
    for note in &dissection.notes {
        let _ = writeln!(output, "  ! {}: {}", note.layer, note.text);
    }
}

/// Text of a frame without what a terminal would obey.
fn printable(text: &str) -> String {
    let mut printable = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            character if character.is_control() => printable.extend(character.escape_default()),
            character => printable.push(character),
        }
    }
    printable
}

fn to_json(number: u64, dissection: Option<&Dissection>, remark: Option<&str>) -> Json {
    let mut notes: Vec<String> = remark.map(ToOwned::to_owned).into_iter().collect();
    let mut layers = Vec::new();
    if let Some(dissection) = dissection {
        notes.extend(dissection.notes.iter().map(|note| format!("{}: {}", note.layer, note.text)));
        for layer in dissection.layers() {
            let fields: Vec<Json> = layer
                .all_fields()
                .map(|field| {
                    let value = match field.value() {
                        Value::Number(number) => json!(number),
                        Value::Text(text) => json!(text),
                    };
                    let buffer = dissection.buffer(field.buffer()).map_or("frame", |buffer| buffer.name);
                    json!({
                        "name": field.name(), "value": value, "buffer": buffer,
                        "offset": field.offset(), "length": field.length(),
                    })
                })
                .collect();
            layers.push(json!({"name": layer.name, "fields": fields}));
        }
    }
    json!({"number": number, "layers": layers, "notes": notes})
}

/// A key file: `link INDEX HEX`, `psk HEX`, `CLIENT_RANDOM HEX HEX`, `context ID PREFIX/LENGTH`; `#` begins a comment.
pub(super) fn add_keys(dissector: &mut Dissector, path: &Path) -> Result<(), Failure> {
    let source = input::Source::read(path)?;
    let mut faults = Vec::new();
    let mut offset = 0;
    for line in source.text.split_inclusive('\n') {
        let words: Vec<&str> = line.split('#').next().unwrap_or_default().split_whitespace().collect();
        let taken = match words.as_slice() {
            [] => true,
            ["link", index, key] => match (index.parse(), octets::<16>(key)) {
                (Ok(index), Some(key)) => {
                    dissector.add_link_key(index, key);
                    true
                }
                _ => false,
            },
            ["psk", key] => match decode(key) {
                Some(key) => {
                    dissector.add_psk(&key);
                    true
                }
                None => false,
            },
            ["CLIENT_RANDOM", ..] => add_secret(dissector, &words),
            ["context", id, prefix] => match context(id, prefix) {
                Some((id, prefix, length)) => {
                    dissector.set_context(id, prefix, length);
                    true
                }
                None => false,
            },
            [line, ..] if line.starts_with('"') => match wireshark_key(&words.join(" ")) {
                Some((index, key)) => {
                    dissector.add_link_key(index, key);
                    true
                }
                None => false,
            },
            _ => false,
        };
        if !taken {
            let span = offset..offset + line.trim_end().len();
            faults.push(source.fault(span, "is no key").with_help(
                "write `link INDEX 32-hex-digits`, `psk HEX`, `context ID PREFIX/LENGTH`, or a TLS key log line \
                 `CLIENT_RANDOM RANDOM SECRET`",
            ));
        }
        offset += line.len();
    }
    if faults.is_empty() { Ok(()) } else { Err(faults.into()) }
}

/// A 6LoWPAN context: identifier 0 to 15, and a prefix.
fn context(id: &str, prefix: &str) -> Option<(u8, Ipv6Addr, u8)> {
    let (prefix, length) = prefix.split_once('/')?;
    let (id, length): (u8, u8) = (id.parse().ok()?, length.parse().ok()?);
    (id < 16 && length <= 128).then_some((id, prefix.parse().ok()?, length))
}

/// A line of Wireshark's table of IEEE 802.15.4 keys: `"KEY","INDEX","No hash"`.
fn wireshark_key(line: &str) -> Option<(u8, [u8; 16])> {
    let mut columns = line.split(',').map(|column| column.trim_matches('"'));
    let (key, index, hash) = (columns.next()?, columns.next()?, columns.next()?);
    if hash != "No hash" || columns.next().is_some() {
        return None;
    }
    Some((index.parse().ok()?, octets(key)?))
}

fn add_key_log(dissector: &mut Dissector, key_log: &str) {
    for line in key_log.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        // Lines for other protocol versions are none of ours.
        add_secret(dissector, &words);
    }
}

fn add_secret(dissector: &mut Dissector, words: &[&str]) -> bool {
    let ["CLIENT_RANDOM", random, secret] = words else { return false };
    match (octets::<32>(random), octets::<48>(secret)) {
        (Some(random), Some(secret)) => {
            dissector.add_dtls_master_secret(random, MasterSecret::from_octets(secret));
            true
        }
        _ => false,
    }
}

fn octets<const N: usize>(text: &str) -> Option<[u8; N]> {
    decode(text)?.try_into().ok()
}

fn decode(text: &str) -> Option<Vec<u8>> {
    hex::decode(text).ok()
}
