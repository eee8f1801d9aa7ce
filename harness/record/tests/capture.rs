//! The capture: the same bytes each time, readable by an independent parser, and decrypted by tshark with the bundle's
//! own Wireshark configuration folder.

extern crate bootrack_record as record;

use std::path::Path;
use std::process::Command;

use pcap_parser::pcapng::SecretsType;
use pcap_parser::traits::PcapReaderIterator as _;
use pcap_parser::{Block, PcapBlockOwned, PcapError, PcapNGReader};
use record::event::{Action, Event, Key, Observation, What};
use record::{Bundle, Capture, CaseId, Octets};
use wire::Eui64;
use wire::ieee802154::{
    Address, AuxSecurityHeader, Content, Frame, Header, KeyIdentifier, LinkAddress, PanId, SecurityLevel, append_fcs,
    secure,
};
use wire::ipv6::{Ipv6Addr, NextHeader};
use wire::udp::Datagram;

mod common;

const LINK_KEY: [u8; 16] = *b"link key of case";
const DEVICE: Eui64 = Eui64([0x70, 0xb3, 0xd5, 0xb0, 0x07, 0, 0, 3]);
const ROUTER: Eui64 = Eui64([0x70, 0xb3, 0xd5, 0xb0, 0x07, 0, 0, 2]);

fn secured_frame(key: &[u8; 16]) -> Vec<u8> {
    let pan = PanId(0xb007);
    let address = |eui64| Address::new(pan, LinkAddress::Extended(eui64));
    let header = Header::new(address(ROUTER), address(DEVICE), 7);
    let frame = Frame::new(header, Content::Data(b"?secret".to_vec()));
    let level = SecurityLevel::from_bits(5);
    let security = AuxSecurityHeader::new(level, 1, KeyIdentifier::Index(1));
    let secured = secure(&frame, &security, key, DEVICE).unwrap();
    let mut psdu = secured.to_vec().unwrap();
    append_fcs(&mut psdu);
    psdu
}

/// The recorded handshake as packets between the CT and a device: (sent by the client, IPv6 packet), and the secrets.
fn handshake() -> (Vec<(bool, Vec<u8>)>, Key) {
    let (client, server): (Ipv6Addr, Ipv6Addr) =
        ("fd00:c0::c7".parse().unwrap(), "fd00:b007::72b3:d5b0:700:3".parse().unwrap());
    let (mut packets, mut random, mut secret) = (Vec::new(), Octets::default(), Octets::default());
    for line in include_str!("data/dtls-psk-ccm8.txt").lines().filter(|line| !line.starts_with('#')) {
        let (what, hex) = line.split_once(' ').unwrap();
        let payload = hex::decode(hex).unwrap();
        match what {
            "client_random" => random = Octets(payload),
            "master_secret" => secret = Octets(payload),
            _ => {
                let sent = what == "client";
                let (source, destination) = if sent { (client, server) } else { (server, client) };
                let (source_port, destination_port) = if sent { (50000, 5684) } else { (5684, 50000) };
                let datagram = Datagram { source_port, destination_port, payload };
                let payload = datagram.to_vec(source, destination).unwrap();
                let header = wire::ipv6::Header::new(source, destination, NextHeader::UDP, 64);
                packets.push((sent, wire::ipv6::Packet { header, payload }.to_vec().unwrap()));
            }
        }
    }
    (packets, Key::Dtls { client_random: random, master_secret: secret })
}

fn events(link_key: &[u8; 16]) -> Vec<Event> {
    let psdu = secured_frame(link_key);
    let wrong = psdu[..psdu.len() - 2].to_vec();
    let frame = |psdu: &[u8]| {
        What::Observation(Observation::Frame {
            sniffer: "sniffer".into(),
            channel: 26,
            psdu: Octets(psdu.to_vec()),
            rssi_dbm: -60,
        })
    };
    let (packets, dtls) = handshake();
    let mut what = vec![
        common::started("A-01"),
        frame(&[0x02, 0x00, 7, 0xaa, 0xbb]),
        What::Action(Action::Inject {
            radio: "tester".into(),
            handle: 1,
            psdu: Octets(wrong),
            fcs: None,
            wrong_on_purpose: Some("frame counter used before".into()),
        }),
        frame(&psdu),
    ];
    what.extend(packets.into_iter().map(|(sent, packet)| {
        let (port, packet) = ("ct".to_owned(), Octets(packet));
        if sent {
            What::Action(Action::Backbone { port, packet, wrong_on_purpose: None })
        } else {
            What::Observation(Observation::Backbone { port, packet })
        }
    }));
    what.push(What::KeyLearnt(dtls.clone()));
    what.push(What::KeyLearnt(dtls));
    what.push(What::KeyLearnt(Key::Link { index: 1, key: Octets(link_key.to_vec()) }));
    what.push(What::CaseEnded);
    (1..).zip(what).map(|(n, what)| Event { n, t: n * 1_000_000_123, what }).collect()
}

#[test]
fn an_independent_parser_reads_interfaces_secrets_packets_times_and_comments() {
    let bytes = Capture::of_events(&events(&LINK_KEY)).to_bytes();
    assert_eq!(bytes, Capture::of_events(&events(&LINK_KEY)).to_bytes(), "same events, same bytes");
    let mut reader = PcapNGReader::new(1 << 16, bytes.as_slice()).unwrap();
    let (mut interfaces, mut secrets, mut packets) = (Vec::new(), Vec::new(), Vec::new());
    loop {
        let (length, block) = match reader.next() {
            Ok(read) => read,
            Err(PcapError::Eof) => break,
            Err(PcapError::Incomplete(_)) => {
                reader.refill().unwrap();
                continue;
            }
            Err(error) => panic!("{error}"),
        };
        match block {
            PcapBlockOwned::NG(Block::SectionHeader(section)) => {
                assert_eq!((section.major_version, section.minor_version), (1, 0));
            }
            PcapBlockOwned::NG(Block::InterfaceDescription(interface)) => {
                assert_eq!(interface.ts_resolution(), Some(1_000_000_000));
                let name = interface.if_name().unwrap().unwrap().to_owned();
                interfaces.push((interface.linktype.0, name));
            }
            PcapBlockOwned::NG(Block::DecryptionSecrets(block)) => {
                assert!(packets.is_empty(), "secrets stand before the packets");
                assert_eq!(block.secrets_type, SecretsType::TlsKeyLog);
                let text = &block.data[..usize::try_from(block.secrets_len).unwrap()];
                secrets.push(String::from_utf8(text.to_vec()).unwrap());
            }
            PcapBlockOwned::NG(Block::EnhancedPacket(packet)) => {
                let time = u64::from(packet.ts_high) << 32 | u64::from(packet.ts_low);
                let comments: Vec<String> = packet
                    .options
                    .iter()
                    .filter(|option| option.code.0 == 1)
                    .map(|option| String::from_utf8(option.value[..usize::from(option.len)].to_vec()).unwrap())
                    .collect();
                packets.push((packet.if_id, time, packet.caplen, comments));
            }
            _ => panic!("a block that was not written"),
        }
        reader.consume(length);
    }
    assert_eq!(interfaces, [(195, "sniffer".to_owned()), (229, "backbone".to_owned())]);
    assert_eq!(secrets.len(), 1);
    assert_eq!(secrets[0].lines().count(), 1, "a key that was learnt twice is written once");
    assert!(secrets[0].starts_with("CLIENT_RANDOM 423361dd"));
    assert_eq!(packets.len(), 2 + 9);
    assert_eq!(packets[0], (0, 2_000_000_246, 5, vec!["event 2".to_owned()]));
    assert_eq!(
        packets[1].3,
        ["event 4".to_owned(), "made wrong on purpose: frame counter used before".to_owned()],
        "the sniffer's frame bears the injection's mark"
    );
    assert_eq!((packets[2].0, packets[2].1), (1, 5_000_000_615));
}

#[test]
fn the_first_sniffer_is_interface_0_and_further_ones_follow_the_backbone() {
    let heard = |n, sniffer: &str| Event {
        n,
        t: n,
        what: What::Observation(Observation::Frame {
            sniffer: sniffer.into(),
            channel: 11,
            psdu: Octets(vec![2, 0, 1, 0, 0]),
            rssi_dbm: -50,
        }),
    };
    let capture = Capture::of_events(&[heard(1, "north"), heard(2, "south"), heard(3, "north")]).to_bytes();
    let mut reader = PcapNGReader::new(1 << 16, capture.as_slice()).unwrap();
    let (mut names, mut packets) = (Vec::new(), Vec::new());
    while let Ok((length, block)) = reader.next() {
        match block {
            PcapBlockOwned::NG(Block::InterfaceDescription(interface)) => {
                names.push(interface.if_name().unwrap().unwrap().to_owned());
            }
            PcapBlockOwned::NG(Block::EnhancedPacket(packet)) => packets.push(packet.if_id),
            _ => {}
        }
        reader.consume(length);
    }
    assert_eq!(names, ["north", "backbone", "south"]);
    assert_eq!(packets, [0, 2, 0]);
}

#[test]
fn tshark_decrypts_link_and_dtls_with_nothing_but_the_bundle() {
    if Command::new("tshark").arg("--version").output().is_err() {
        assert!(std::env::var_os("CI").is_none(), "tshark is needed in CI");
        eprintln!("skipped: tshark is not installed");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    // Two cases with different keys of one index: each capture is decrypted by its own.
    let bundle = Bundle::create(&run, &common::manifest(&["A-01", "B-01"]), &serde_json::json!([])).unwrap();
    for (case, key) in [("A-01", LINK_KEY), ("B-01", *b"another key, hm.")] {
        let mut writer = bundle.case(&CaseId::new(case).unwrap()).unwrap();
        for event in events(&key) {
            let what = if event.n == 1 { common::started(case) } else { event.what };
            writer.append(event.t, what).unwrap();
        }
        writer.seal(common::result(case)).unwrap();
    }
    for case in ["A-01", "B-01"] {
        let capture = format!("cases/{case}/capture.pcapng");
        let fields = tshark(
            &run,
            &[
                "-r",
                &capture,
                "-T",
                "fields",
                "-E",
                "separator=|",
                "-e",
                "frame.number",
                "-e",
                "frame.time_epoch",
                "-e",
                "frame.interface_name",
                "-e",
                "data",
                "-e",
                "frame.comment",
                "-e",
                "udp.checksum.status",
            ],
        );
        let lines: Vec<&str> = fields.lines().collect();
        assert_eq!(lines.len(), 11, "{fields}");
        assert!(lines[0].starts_with("1|2.000000246|sniffer|"), "{}", lines[0]);
        let secret = hex::encode("?secret");
        assert!(lines[1].contains(&secret), "the link layer is decrypted: {}", lines[1]);
        assert!(lines[1].contains("made wrong on purpose: frame counter used before"), "{}", lines[1]);
        assert!(lines[2].contains("|backbone|"), "{}", lines[2]);
        assert!(lines[2].ends_with("|1"), "the UDP checksum is verified: {}", lines[2]);
        let text = tshark(&run, &["-r", &capture, "-x", "-Y", "dtls.record.content_type == 23"]);
        assert!(text.contains("Decrypted DTLS"), "DTLS is decrypted: {text}");
        assert!(text.contains("hello dtls"), "{text}");
    }
    let contexts = tshark(&run, &["-G", "currentprefs"]);
    assert!(contexts.lines().any(|line| line == "6lowpan.context0: fd00:b007::/64"), "context 0 is known");
}

/// The command of the bundle's README.
fn tshark(run: &Path, arguments: &[&str]) -> String {
    let output = Command::new("tshark")
        .current_dir(run)
        .env("WIRESHARK_CONFIG_DIR", "wireshark")
        .args(arguments)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}
