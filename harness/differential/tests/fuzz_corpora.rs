//! The fuzz targets' corpora as an ordinary test, on any toolchain; `ci/fuzz` grows and minimises them.
//!
//! A corpus is `fuzz/corpus/TARGET.hex`, an input a line. `BOOTRACK_WRITE_CORPORA=1` adds seeds made of the captures and
//! of generated frames to those that have none yet.

// The targets know this crate by the name that their own workspace gives it.
extern crate bootrack_differential as differential;

#[allow(dead_code, unreachable_pub)]
#[path = "../../../fuzz/targets.rs"]
mod targets;

#[path = "fuzz_corpora/engines.rs"]
mod engines;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use differential::captures::{CAPTURES, WITH_FCS, capture};
use differential::carried;
use differential::generate::Rng;
use differential::{link_key, session};
use dissect::{Dissector, Keys, LinkType};
use targets::TARGETS;
use wire::coap;
use wire::dns;
use wire::dtls::{fragments, records};
use wire::icmpv6;
use wire::ieee802154::{Content, Frame};
use wire::ipv6::{NextHeader, Packet};
use wire::software_image::SoftwareImage;
use wire::tls::ContentType;

fn fuzz_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz")
}

fn corpus_path(target: &str) -> PathBuf {
    fuzz_folder().join("corpus").join(format!("{target}.hex"))
}

fn corpus(target: &str) -> Vec<Vec<u8>> {
    let path = corpus_path(target);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    text.lines().map(|line| hex::decode(line).unwrap_or_else(|error| panic!("{}: {error}", path.display()))).collect()
}

#[test]
fn no_input_of_a_corpus_panics_and_of_each_some_parse() {
    if std::env::var_os("BOOTRACK_WRITE_CORPORA").is_some() {
        write_seeds();
    }
    for (name, target) in TARGETS {
        let corpus = corpus(name);
        assert!(!corpus.is_empty(), "the corpus of {name} is empty");
        let taken = corpus.iter().filter(|input| target(input)).count();
        assert!(taken > 0, "no input of the corpus of {name} is one that its parser takes");
    }
}

#[test]
fn every_target_has_a_corpus_and_nothing_else_has() {
    let names: BTreeSet<String> = TARGETS.iter().map(|(name, _)| name.to_string()).collect();
    assert_eq!(names.len(), TARGETS.len());
    let paths = std::fs::read_dir(fuzz_folder().join("corpus")).unwrap().map(|entry| entry.unwrap().path());
    let corpora: BTreeSet<String> = paths
        .filter(|path| path.extension().is_some_and(|found| found == "hex"))
        .map(|path| path.file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    assert_eq!(corpora, names);
}

/// Inputs by target.
type Seeds = BTreeMap<&'static str, BTreeSet<Vec<u8>>>;

fn write_seeds() {
    let seeds = seeds();
    for (name, _) in TARGETS.iter().filter(|(name, _)| !corpus_path(name).exists()) {
        let mut inputs: Vec<&Vec<u8>> = seeds.get(name).map(|inputs| inputs.iter().collect()).unwrap_or_default();
        inputs.sort_by_key(|input| (input.len(), *input));
        let text: String = inputs.into_iter().map(|input| hex::encode(input) + "\n").collect();
        std::fs::write(corpus_path(name), text).unwrap();
    }
}

/// Inputs for the targets: what the captures and some generated frames carry, layer by layer.
fn seeds() -> Seeds {
    let mut seeds = Seeds::new();
    let mut rng = Rng::new(0xf022_5eed);
    for name in ["thread-join.pcap", "fcs.pcap", "nofcs.pcap", "sec.pcap"] {
        let (link_type, frames) = capture(name);
        let mpdus = frames.iter().map(|frame| match link_type {
            WITH_FCS => frame[..frame.len() - 2].to_vec(),
            _ => frame.clone(),
        });
        add_frames(&mut seeds, &mpdus.collect::<Vec<_>>());
    }
    for name in ["psk", "psk-ems"] {
        let psdus = rng.session(&session(name).datagrams);
        add_frames(&mut seeds, &mpdus(&psdus));
    }
    for _ in 0..400 {
        let psdus = rng.psdus();
        add_frames(&mut seeds, &mpdus(&psdus));
    }
    for name in CAPTURES {
        let (link_type, frames) = capture(name);
        add_capture(&mut seeds, link_type, &frames);
    }
    for _ in 0..40 {
        add_capture(&mut seeds, LinkType::ETHERNET.0, &rng.ethernet());
        add_capture(&mut seeds, LinkType::IEEE802_15_4_TAP.0, &rng.taps());
    }
    let browse = b"\0\x01\x01\0\0\x01\0\x01\0\0\0\0\x05_coap\x04_udp\x05local\0\0\x0c\0\x01\xc0\x0c\0\x0c\0\x01\0\0\0\x78\0\x04\x01a\xc0\x0c";
    add(&mut seeds, "dns_message", &[], browse);
    for (kind, header) in
        [(0, "3a00010400000000"), (43, "3a02030100000000fe80000000000000000000ff"), (44, "1100000100000001")]
    {
        add(&mut seeds, "ipv6_extension", &[kind], &hex::decode(header).unwrap());
    }
    for (code, body) in [
        (0, "00000100"),
        (1, "000101008800000020010db8000000000000000000000001040e00080c0a07000100010000ffffff"),
        (2, "0080000105120080fd00b0070000000000000000000000010604000000ff"),
        (3, "00000100"),
        (0x81, "00000000000001000102030405060708090a"),
        (0x8a, "80000000000001000102030405060708090a0b0c0d0e0f10"),
    ] {
        add(&mut seeds, "rpl_message", &[code], &hex::decode(body).unwrap());
    }
    for element in ["0001000102", "1102", "0a00280001000102", "0a010304", "0c0203", "06", "06ff03"] {
        add(&mut seeds, "mpx_element", &[], &hex::decode(element).unwrap());
    }
    for headers in ["b512345678410000", "500341", "a5000102030405060750", "e03a020001", "4203"] {
        add(&mut seeds, "sixlowpan_chain", &[], &hex::decode(headers).unwrap());
    }
    engines::add(&mut seeds, &mut rng);
    add_carried(&mut seeds, &mut rng);
    let lines = [
        "> 1 hello nonce=00112233",
        "> 2 manufacture anchor=psk psk=000102030405060708090a0b0c0d0e0f",
        "> 3 install role=6lr channel=26 pan_id=0xb007 ct=fd00:b007::1 parent=02:00:00:00:00:00:00:01 trigger=boot",
        "> 4 route dest=02:00:00:00:00:00:00:01 via=02:00:00:00:00:00:00:02",
        "> 5 provision key=000102030405060708090a0b0c0d0e0f index=1 level=5",
        "> 6 echo dest=fe80::1 size=8",
        "> 7 send dest=fe80::1 port=61616 data=00ff",
        "> 8 link neighbour=02:00:00:00:00:00:00:01",
        "> 9 factory_reset",
        "< 1 ok device=bootrack version=1",
        "< 2 error code=busy",
        "< 3 unimplemented",
        "! state t=1200 state=secured",
    ];
    for line in lines {
        add(&mut seeds, "upper_tester_line", &[], line.as_bytes());
        add(&mut seeds, "upper_tester_stream", &[5], &[line.as_bytes(), b"\r\n"].concat());
    }
    for body in [&b""[..], b"hello", &[0; 300]] {
        let image = SoftwareImage { class: 1, version: 7, body: body.to_vec() }.to_vec().unwrap_or_default();
        add(&mut seeds, "software_image", &[], &[&image[..], &[0x30, 6, 2, 1, 1, 2, 1, 1]].concat());
    }
    seeds
}

/// Generated packets, sound and harmed, and what the parsers' own corpora hold in the carriers of their layers.
fn add_carried(seeds: &mut Seeds, rng: &mut Rng) {
    let sequence = |carrier: u8, packets: &[Vec<u8>]| {
        let item = |packet: &Vec<u8>| [&[carrier][..], &(packet.len() as u16).to_be_bytes(), packet].concat();
        packets.iter().flat_map(item).collect::<Vec<u8>>()
    };
    let harmed = [Rng::new(0xca77_0001), Rng::cutting(0xca77_0002), Rng::changing(0xca77_0003)];
    for mut rng in harmed {
        for _ in 0..300 {
            for (carrier, packets) in [(1, rng.mpdus()), (2, rng.taps()), (3, rng.raw()), (4, rng.ethernet())] {
                add(seeds, "readers", &[], &sequence(carrier, &packets));
            }
        }
        for _ in 0..40 {
            add(seeds, "readers", &[], &sequence(3, &rng.handshake_packets()));
        }
    }
    for (carrier, packets) in [(3, rng.special_packets()), (4, rng.special_ethernet()), (2, rng.special_taps())] {
        packets.iter().for_each(|packet| add(seeds, "readers", &[], &sequence(carrier, std::slice::from_ref(packet))));
        add(seeds, "readers", &[], &sequence(carrier, &packets));
    }
    add(seeds, "readers", &[], &sequence(1, &mpdus(&rng.special_frames())));
    for (carrier, target, skipped) in carried::CORPORA {
        for input in corpus(target) {
            let content = input.get(skipped..).unwrap_or(&[]).to_vec();
            add(seeds, "readers", &[], &sequence(carrier, &[content]));
        }
    }
}

fn mpdus(psdus: &[Vec<u8>]) -> Vec<Vec<u8>> {
    psdus.iter().map(|psdu| psdu[..psdu.len() - 2].to_vec()).collect()
}

fn add(seeds: &mut Seeds, target: &'static str, head: &[u8], bytes: &[u8]) {
    seeds.entry(target).or_default().insert([head, bytes].concat());
}

/// Packets of a capture: four at a time for the whole dissector, and the layers that carry keys and frames.
fn add_capture(seeds: &mut Seeds, link_type: u32, packets: &[Vec<u8>]) {
    let index = LinkType::KNOWN.iter().position(|known| known.0 == link_type).unwrap();
    let mut dissector = Dissector::new(Keys::new());
    for chunk in packets.chunks(4) {
        let mut input = Vec::new();
        for packet in chunk {
            input.push(index as u8);
            input.extend((packet.len() as u16).to_be_bytes());
            input.extend(packet);
        }
        add(seeds, "packet", &[], &input);
    }
    for (number, packet) in (1..).zip(packets) {
        let dissection = dissector.packet(number, LinkType(link_type), packet);
        for layer in dissection.layers() {
            let target = match layer.name {
                "eap" => "eap_packet",
                "eapol" => "eapol_packet",
                "eth" => "ethernet_frame",
                "hip" => "hip_packet",
                "ip" => "ipv4_packet",
                "isakmp" => "ikev2_message",
                "pana" => "pana_message",
                "radius" => "radius_packet",
                "wpan-tap" => "tap_header",
                "zep" => "zep_message",
                _ => continue,
            };
            let first = layer.all_fields().find(|field| field.length() > 0);
            let bytes = first.and_then(|field| dissection.buffer(field.buffer())?.bytes.get(field.offset()..));
            add(seeds, target, &[], bytes.unwrap_or(&[]));
        }
    }
}

/// Consecutive frames, without FCS: one input for the whole dissector, and each layer of each frame.
fn add_frames(seeds: &mut Seeds, mpdus: &[Vec<u8>]) {
    for chunk in mpdus.chunks(40) {
        let mut input = Vec::new();
        for mpdu in chunk {
            input.extend([1, mpdu.len() as u8]);
            input.extend(mpdu);
        }
        add(seeds, "frame", &[], &input);
    }
    let mut keys = Keys::new();
    keys.add_link_key(1, link_key());
    keys.add_psk(&link_key());
    let mut dissector = Dissector::new(keys);
    for (number, mpdu) in (1..).zip(mpdus) {
        add(seeds, "mac_frame", &[], mpdu);
        add(seeds, "mac_security", &[0x0d], mpdu);
        if let Ok(Frame { content: Content::Data(payload), .. }) = Frame::parse(mpdu) {
            add(seeds, "sixlowpan_header", &[], &payload);
            add(seeds, "sixlowpan_packet", &[0x0a, 0], &payload);
        }
        for buffer in dissector.frame(number, mpdu, false).buffers() {
            match buffer.name {
                "handshake" => add(seeds, "dtls_fragments", &[], buffer.bytes),
                _ => {
                    if let Ok(packet) = Packet::parse(buffer.bytes) {
                        add_packet(seeds, &packet, buffer.bytes);
                    }
                }
            }
        }
    }
}

fn add_packet(seeds: &mut Seeds, packet: &Packet, bytes: &[u8]) {
    add(seeds, "ipv6_packet", &[], bytes);
    if packet.header.next_header == NextHeader::ICMPV6 {
        add(seeds, "icmpv6_message", &[], &packet.payload);
        if let Ok(message) = icmpv6::Message::parse_unverified(&packet.payload) {
            let body = packet.payload.get(icmpv6::HEADER_LENGTH..).unwrap_or(&[]);
            match message {
                icmpv6::Message::Ndp(_) => add(seeds, "ndp_message", &[message.kind()], body),
                icmpv6::Message::Rpl(_) => add(seeds, "rpl_message", &[message.code()], body),
                icmpv6::Message::Sel(_) => add(seeds, "sel_message", &[message.code()], body),
                _ => {}
            }
        }
    }
    if packet.header.next_header == NextHeader::UDP && packet.payload.len() >= 8 {
        add(seeds, "udp_datagram", &[], &packet.payload);
        let payload = &packet.payload[8..];
        let port = packet.payload.get(2..4).and_then(|port| port.try_into().ok()).map(u16::from_be_bytes);
        if matches!(port, Some(dns::PORT | dns::MULTICAST_PORT)) {
            add(seeds, "dns_message", &[], payload);
        }
        if coap::Message::parse(payload).is_ok() {
            add(seeds, "coap_message", &[], payload);
        }
        for record in records(payload).map_while(Result::ok) {
            add(seeds, "dtls_records", &[], payload);
            add(seeds, "dtls_protection", &[], payload);
            if record.header.content_type == ContentType::Handshake {
                add(seeds, "dtls_fragments", &[], record.fragment);
                for fragment in fragments(record.fragment).unwrap_or_default() {
                    add(seeds, "dtls_handshake", &[fragment.header.msg_type.into(), 1], fragment.body);
                }
            }
        }
    }
}
