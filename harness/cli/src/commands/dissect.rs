//! `bootrack dissect`: every layer and field of the frames in a capture.

use std::path::Path;

use serde_json::{Value as Json, json};
use wire::dissect::{Dissection, Dissector, Keys, LinkType, Value};
use wire::dtls::MasterSecret;

use crate::arguments::Dissect;
use crate::captures::{self, Packet};
use crate::commands::summary;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{self, say};

/// aMaxPHYPacketSize (IEEE 802.15.4-2006, table 22): the FCS included.
const MAX_PSDU: usize = 127;

pub(crate) fn dissect(arguments: &Dissect) -> Result<Exit, Failure> {
    let capture = captures::read(&arguments.file)
        .map_err(|error| Failure::usage_with_help(error.to_string(), "name a capture that Wireshark can open"))?;
    let mut dissector = Dissector::new(Keys::new());
    for key_log in &capture.key_logs {
        add_key_log(&mut dissector, key_log);
    }
    if let Some(path) = &arguments.keys {
        add_keys(&mut dissector, path)?;
    }
    // A note in the output says where a form decides.
    dissector.set_heuristics(true);
    for decode in &arguments.decode_as {
        dissector.decode_as(decode.port, decode.protocol);
    }
    let mut frames = Vec::new();
    for packet in &capture.packets {
        let (dissection, remark) = dissect_packet(&mut dissector, packet);
        if arguments.json {
            frames.push(to_json(packet.number, dissection.as_ref(), remark.as_deref()));
        } else {
            print(packet, dissection.as_ref(), remark.as_deref());
        }
    }
    if arguments.json {
        let document = json!({"schema": "bootrack-dissect/1", "frames": frames, "broken_off": capture.broken_off});
        output::json(&document);
    }
    match &capture.broken_off {
        Some(reason) => Err(Failure::usage_with_help(
            format!("{}: {reason}", arguments.file.display()),
            format!("the {} packets before that were read", capture.packets.len()),
        )),
        None => Ok(Exit::Passed),
    }
}

/// Dissects by link type; a remark says what cannot be done with this packet.
fn dissect_packet(dissector: &mut Dissector, packet: &Packet) -> (Option<Dissection>, Option<String>) {
    let cut = (packet.bytes.len() < packet.original_length)
        .then(|| format!("cut to {} of {} octets by the capture", packet.bytes.len(), packet.original_length));
    let too_long = |fcs: usize| {
        (packet.bytes.len() + fcs > MAX_PSDU)
            .then(|| format!("{} octets are more than a PSDU can have ({MAX_PSDU})", packet.bytes.len() + fcs))
    };
    if packet.bytes.is_empty() {
        return (None, Some("no octets at all".to_owned()));
    }
    let link_type = LinkType(packet.link_type.cast_unsigned());
    if !link_type.is_known() {
        let known = LinkType::KNOWN.map(|known| known.0.to_string()).join(", ");
        return (None, Some(format!("link type {} is not known here (known: {known})", packet.link_type)));
    }
    let dissection = dissector.packet(packet.number, link_type, &packet.bytes);
    let remark = match link_type {
        LinkType::IEEE802_15_4_WITHFCS => cut.or_else(|| too_long(0)),
        LinkType::IEEE802_15_4_NOFCS => cut.or_else(|| too_long(2)),
        _ => cut,
    };
    (Some(dissection), remark)
}

fn print(packet: &Packet, dissection: Option<&Dissection>, remark: Option<&str>) {
    let summary = dissection.map(summary::of).unwrap_or_default();
    say!("Frame {}: {} octets{summary}", packet.number, packet.bytes.len());
    if let Some(remark) = remark {
        say!("  ! {remark}");
    }
    let Some(dissection) = dissection else { return };
    for layer in dissection.layers() {
        say!("  {}", layer.name);
        for field in layer.all_fields() {
            say!("    {:<34} {}", field.name(), printable(&field.value().to_string()));
        }
    }
    for note in &dissection.notes {
        say!("  ! {}: {}", note.layer, note.text);
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

/// A key file: `link INDEX HEX`, `psk HEX`, `CLIENT_RANDOM HEX HEX`; `#` begins a comment.
fn add_keys(dissector: &mut Dissector, path: &Path) -> Result<(), Failure> {
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
                "write `link INDEX 32-hex-digits`, `psk HEX`, or a TLS key log line `CLIENT_RANDOM RANDOM SECRET`",
            ));
        }
        offset += line.len();
    }
    if faults.is_empty() { Ok(()) } else { Err(faults.into()) }
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
