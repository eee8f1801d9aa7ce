//! tshark over a capture: values and positions of fields.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};

use dissect::{FIELDS, FieldInfo};

use crate::generate::CONTEXTS;
use crate::{PSK, link_key};

/// Ports of the captures that are not those of their protocols. Of port 1000 the Thread joiner has its DTLS.
pub const DECODE_AS: [(u16, &str); 3] = [(1000, "dtls"), (18120, "radius"), (21812, "radius")];

/// Between the values of a field; no value that is compared contains it.
const AGGREGATOR: char = '\u{1f}';

/// The fields that Wireshark has too.
pub fn fields() -> impl Iterator<Item = &'static FieldInfo> {
    FIELDS.iter().filter(|field| field.wireshark)
}

/// Whether tshark is there; its absence is an error in CI.
pub fn has_tshark() -> bool {
    let found = Command::new("tshark").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok();
    if !found {
        assert!(std::env::var_os("CI").is_none(), "tshark is needed in CI");
        eprintln!("skipped: no tshark");
    }
    found
}

/// tshark over a file, with the keys and contexts that our dissector has too.
fn command(path: &Path) -> Command {
    let key: String = hex::encode(link_key());
    let mut command = command_without_keys(path);
    command.arg("-o").arg(format!("uat:ieee802154_keys:\"{key}\",\"1\",\"No hash\""));
    command.args(["-o", &format!("dtls.psk:{PSK}")]);
    let key_log = concat!(env!("CARGO_MANIFEST_DIR"), "/data/key-log.txt");
    command.arg("-o").arg(format!("tls.keylog_file:{key_log}"));
    command
}

fn command_without_keys(path: &Path) -> Command {
    let mut command = Command::new("tshark");
    command.arg("-r").arg(path);
    command.args(["-o", "ip.check_checksum:TRUE"]);
    for (port, protocol) in DECODE_AS {
        command.arg("-d").arg(format!("udp.port=={port},{}", protocol));
    }
    command.args(["-o", "udp.check_checksum:TRUE"]);
    for (id, prefix, length) in CONTEXTS {
        command.arg("-o").arg(format!("6lowpan.context{id}:{prefix}/{length}"));
    }
    command
}

fn run(mut command: Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Per frame, per field in the order of [`fields`], its values as tshark prints them.
pub(crate) type Values = Vec<Vec<Vec<String>>>;

/// The values with the keys and contexts that our dissector has too.
pub(crate) fn values(path: &Path) -> Values {
    values_of(command(path))
}

/// The values with further options of tshark.
pub(crate) fn values_with(path: &Path, options: &[&str]) -> Values {
    let mut command = command(path);
    command.args(options);
    values_of(command)
}

/// The values with the contexts that our dissector has too.
pub(crate) fn values_without_keys(path: &Path) -> Values {
    values_of(command_without_keys(path))
}

/// The values with these preferences, as `-o` takes them, and nothing else but verified checksums.
pub(crate) fn values_under(path: &Path, preferences: &[String]) -> Values {
    let mut command = Command::new("tshark");
    command.arg("-r").arg(path);
    command.args(["-o", "ip.check_checksum:TRUE", "-o", "udp.check_checksum:TRUE"]);
    for preference in preferences {
        command.arg("-o").arg(preference);
    }
    values_of(command)
}

/// The values with a configuration folder, and nothing else.
pub(crate) fn values_in_profile(path: &Path, profile: &Path) -> Values {
    let mut command = Command::new("tshark");
    command.env("WIRESHARK_CONFIG_DIR", profile).arg("-r").arg(path);
    values_of(command)
}

fn values_of(mut command: Command) -> Values {
    command.args([
        "-T",
        "fields",
        "-E",
        "separator=/t",
        "-E",
        "occurrence=a",
        "-E",
        &format!("aggregator={AGGREGATOR}"),
    ]);
    for field in fields() {
        command.args(["-e", field.name]);
    }
    let text = run(command);
    let values = |cell: &str| {
        cell.split(AGGREGATOR)
            .filter(|value| !value.is_empty() && !matches!(*value, "<MISSING>" | "<none>"))
            .map(str::to_owned)
            .collect()
    };
    text.lines().map(|line| line.split('\t').map(values).collect()).collect()
}

/// Per frame, where tshark read the occurrences of each field: offset and length.
pub fn positions(path: &Path) -> Vec<BTreeMap<String, Vec<(usize, usize)>>> {
    let mut command = command(path);
    command.args(["-T", "pdml"]);
    let text = run(command);
    let attribute = |line: &str, name: &str| -> Option<String> {
        let (_, rest) = line.split_once(&format!(" {name}=\""))?;
        Some(rest.split_once('"')?.0.to_owned())
    };
    let mut frames: Vec<BTreeMap<String, Vec<(usize, usize)>>> = Vec::new();
    for line in text.lines().map(str::trim_start) {
        if line.starts_with("<packet>") {
            frames.push(BTreeMap::new());
        } else if line.starts_with("<field ") {
            let found = (attribute(line, "name"), attribute(line, "pos"), attribute(line, "size"));
            if let (Some(name), Some(offset), Some(length)) = found {
                let position = (offset.parse().unwrap(), length.parse().unwrap());
                frames.last_mut().unwrap().entry(name).or_default().push(position);
            }
        }
    }
    frames
}
