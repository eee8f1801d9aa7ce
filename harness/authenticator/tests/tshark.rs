//! tshark over crafted frames: it finds nothing wrong with natural ones, and what is marked wrong on purpose it finds
//! wrong too.
//!
//! Without tshark the comparison is skipped with a line on stderr; with the environment variable `CI` set it fails.

use std::process::{Command, Stdio};

use bootrack_authenticator::craft::{
    CounterState, CraftRequest, Crafted, Destination, MESSAGES, Protection, Value, craft,
};
use wire::Eui64;
use wire::ieee802154::fcs;

const KEY: [u8; 16] = *b"bootrack-netkey!";
const SOURCE: Eui64 = Eui64([0x70, 0xb3, 0xd5, 0xb0, 0x07, 0, 0, 5]);
const OTHER: Eui64 = Eui64([0x70, 0xb3, 0xd5, 0xb0, 0x07, 0, 0, 6]);

fn has_tshark() -> bool {
    let found = Command::new("tshark").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok();
    if !found {
        assert!(std::env::var_os("CI").is_none(), "tshark is needed in CI");
        eprintln!("skipped: no tshark");
    }
    found
}

fn request(message: &str, secured: bool, fields: &[(&str, Value)]) -> CraftRequest {
    CraftRequest {
        message: message.to_owned(),
        source: SOURCE,
        destination: Destination::Neighbour(OTHER),
        pan_id: 0xb007,
        protection: secured.then_some(Protection { level: 5, key: KEY, index: 1, counter: None }),
        overrides: fields.iter().map(|(field, value)| ((*field).to_owned(), value.clone())).collect(),
    }
}

/// The last frame of each message as a capture with FCS; per frame the values of `fields`.
fn tshark(name: &str, crafted: &[Crafted], fields: &[&str]) -> Vec<Vec<String>> {
    // Link type 195: IEEE 802.15.4 with FCS.
    let mut pcap = Vec::new();
    for word in [0xa1b2_c3d4u32, 0x0004_0002, 0, 0, 0xffff, 195] {
        pcap.extend(word.to_le_bytes());
    }
    let mut last = Vec::new();
    let mut count = 0usize;
    for message in crafted {
        for frame in &message.frames {
            let check = frame.fcs.unwrap_or_else(|| fcs(&frame.psdu));
            let length = frame.psdu.len() as u32 + 2;
            for word in [0, 0, length, length] {
                pcap.extend(word.to_le_bytes());
            }
            pcap.extend(&frame.psdu);
            pcap.extend(check.to_le_bytes());
            count += 1;
        }
        last.push(count - 1);
    }
    let path = std::env::temp_dir().join(format!("bootrack-craft-{}-{name}.pcap", std::process::id()));
    std::fs::write(&path, pcap).unwrap();
    let mut command = Command::new("tshark");
    command.arg("-r").arg(&path);
    command.arg("-o").arg(format!("uat:ieee802154_keys:\"{}\",\"1\",\"No hash\"", hex::encode(KEY)));
    command.args(["-o", "udp.check_checksum:TRUE", "-o", "6lowpan.context0:fd00:b007::/64", "-T", "fields"]);
    for field in fields {
        command.args(["-e", field]);
    }
    let output = command.output().unwrap();
    std::fs::remove_file(&path).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<Vec<String>> = text.lines().map(|line| line.split('\t').map(str::to_owned).collect()).collect();
    last.iter().map(|at| lines[*at].clone()).collect()
}

#[test]
fn natural_messages_are_well_formed() {
    if !has_tshark() {
        return;
    }
    let mut names = Vec::new();
    let mut all = Vec::new();
    let mut counters = CounterState::default();
    for message in MESSAGES.iter().filter(|message| !["wpan.data", "ipv6.packet"].contains(message)) {
        for secured in [false, true] {
            all.push(craft(&request(message, secured, &[]), &mut counters).unwrap());
            names.push(format!("{message} secured={secured}"));
        }
    }
    let long = [("data.len", Value::Number(600))];
    all.push(craft(&request("udp.datagram", true, &long), &mut counters).unwrap());
    names.push("fragments".to_owned());
    let fields =
        ["_ws.malformed", "wpan.fcs_ok", "icmpv6.checksum.status", "udp.checksum.status", "_ws.expert.message"];
    for (name, found) in names.iter().zip(tshark("natural", &all, &fields)) {
        let [malformed, fcs_ok, icmpv6, udp, expert] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!((malformed.as_str(), fcs_ok.as_str()), ("", "1"), "{name}: {expert}");
        assert!(matches!((icmpv6.as_str(), udp.as_str()), ("1", "") | ("", "1")), "{name}: {found:?}");
    }
}

#[test]
fn what_is_marked_wrong_on_purpose_is_found_wrong() {
    if !has_tshark() {
        return;
    }
    let corrupt = || Value::from("corrupt");
    // Message, field, value; what tshark must print for FCS, ICMPv6 checksum and UDP checksum; whether it can read on.
    let cases = [
        ("sel.jsr", false, "wpan.fcs", corrupt(), ["0", "", ""]),
        ("sel.jsr", false, "icmpv6.checksum", corrupt(), ["1", "0", ""]),
        ("icmpv6.echo_request", true, "icmpv6.checksum", 0x1234.into(), ["1", "0", ""]),
        ("udp.datagram", false, "udp.checksum", corrupt(), ["1", "", "0"]),
        // It cannot tell a wrong code from a wrong key: nothing above the MAC is read.
        ("sel.ssr", true, "wpan.mic", corrupt(), ["1", "", ""]),
    ];
    let crafted: Vec<Crafted> = cases
        .iter()
        .map(|(message, secured, field, value, _)| {
            let request = request(message, *secured, &[(field, value.clone())]);
            craft(&request, &mut CounterState::default()).unwrap()
        })
        .collect();
    assert!(crafted.iter().all(|crafted| crafted.wrong_on_purpose.is_some()));
    let found = tshark("wrong", &crafted, &["wpan.fcs_ok", "icmpv6.checksum.status", "udp.checksum.status"]);
    for ((message, _, field, _, expected), found) in cases.iter().zip(found) {
        assert_eq!(found, *expected, "{message} {field}");
    }
}
