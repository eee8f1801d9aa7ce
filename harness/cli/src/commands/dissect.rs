//! `bootrack dissect`: every layer and field of the frames in a capture, or the values of some fields.

use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use dissect::{Captured, Dissection, Dissector, Keys, LinkType, Value};
use serde_json::{Value as Json, json};

use super::clock::Clock;
use super::dissect_fields::Columns;
use super::frame_end::Tally;
use super::key_file::{add_key_log, add_keys};
use crate::arguments::Dissect;
use crate::captures::{Capture, CaptureError, Packet};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output;

/// aMaxPhyPacketSize of the PHYs that have the longest frames, SUN among them (IEEE 802.15.4-2015 section 11.3), the FCS
/// included. The 127 octets of O-QPSK at 2.4 GHz are those of that PHY only, and no link type says that a capture is of it.
const MAX_PSDU: usize = 2047;

/// Octets of output that are kept before they are written.
const OUTPUT: usize = 1 << 16;

/// What to do about a file that is no capture.
pub(super) fn no_capture(error: CaptureError) -> Failure {
    Failure::usage_with_help(error.to_string(), "name a capture that Wireshark can open")
}

/// A dissector that has the key logs within a capture, and the keys of a file.
pub(super) fn dissector_of(capture: &Capture, keys: Option<&Path>) -> Result<Dissector, Failure> {
    let mut dissector = Dissector::new(Keys::new());
    capture.key_logs(|key_log| add_key_log(&mut dissector, key_log)).map_err(no_capture)?;
    if let Some(path) = keys {
        add_keys(&mut dissector, path)?;
    }
    Ok(dissector)
}

pub(crate) fn dissect(arguments: &Dissect) -> Result<Exit, Failure> {
    let mut columns = Columns::new(&arguments.fields)?;
    let capture = Capture::open(&arguments.file).map_err(no_capture)?;
    let mut dissector = dissector_of(&capture, arguments.keys.as_deref())?;
    dissector.set_trailer(arguments.fcs.trailer());
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
    let (mut tally, mut clock) = (Tally::default(), Clock::default());
    let end = capture.packets(|packet| {
        let (is_dissected, remark) = dissect_packet(&mut dissector, &mut dissection, packet);
        let remark = remark.or_else(|| clock.see(packet.at));
        let dissection = is_dissected.then_some(&dissection);
        dissection.into_iter().for_each(|dissection| tally.see(dissection));
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
    if let Some(advice) = tally.advice() {
        output::tell!("{}: {advice}", arguments.file.display());
    }
    match end.broken_off {
        Some(reason) => Err(Failure::usage_with_help(
            format!("{}: {reason}", arguments.file.display()),
            format!("the {} packets before that were read", end.packets),
        )),
        None => Ok(Exit::Passed),
    }
}

/// Dissects by link type, if that can be done; a remark says what cannot be done with this packet.
pub(super) fn dissect_packet(
    dissector: &mut Dissector,
    dissection: &mut Dissection,
    packet: &Packet<'_>,
) -> (bool, Option<String>) {
    if packet.bytes.is_empty() && packet.original_length == 0 {
        return (false, Some("no octets at all".to_owned()));
    }
    let Some(link_type) = packet.link_type.map(LinkType).filter(|link_type| link_type.is_known()) else {
        let known = LinkType::KNOWN.map(|link_type| link_type.0.to_string()).join(", ");
        let remark = match packet.link_type {
            Some(link_type) => format!("link type {link_type} is not known here (known: {known})"),
            None => "its interface is not described in the file: nobody knows its link type".to_owned(),
        };
        return (false, Some(remark));
    };
    dissector.set_time(packet.at.map(Duration::from_nanos));
    let (number, bytes, original_length) = (packet.number, packet.bytes, packet.original_length);
    dissector.captured_into(dissection, &Captured { number, link_type, bytes, original_length });
    let fcs_len = match link_type {
        LinkType::IEEE802_15_4_WITHFCS => 0,
        LinkType::IEEE802_15_4_NOFCS => 2,
        _ => return (true, None),
    };
    let psdu_len = original_length.max(bytes.len()).saturating_add(fcs_len);
    let too_long = || format!("{psdu_len} octets are more than a PSDU can have ({MAX_PSDU})");
    (true, (psdu_len > MAX_PSDU).then(too_long))
}

fn print(output: &mut Vec<u8>, packet: &Packet<'_>, dissection: Option<&Dissection>, remark: Option<&str>) {
    let summary = dissection.map(dissect::summary).unwrap_or_default();
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
