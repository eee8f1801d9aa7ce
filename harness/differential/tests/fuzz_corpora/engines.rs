//! Seeds of the engines of `protocols`, and of parts that stand in few frames.

use differential::captures::{WITH_FCS, capture};
use differential::generate::Rng;
use differential::session;
use dissect::{Dissector, Keys};
use wire::ieee802154::{Content, Frame};
use wire::ipv6::Packet;

use super::{Seeds, mpdus};

/// Inputs that are written down: target, first octet, the rest.
const WRITTEN: &[(&str, u8, &str)] = &[
    ("mac_parts", 0, "041e0102030405"),
    ("mac_parts", 0, "003f"),
    ("mac_parts", 0, "020f3412"),
    ("mac_parts", 1, "028841424344"),
    ("mac_parts", 1, "00f8"),
    ("mac_parts", 2, "061a010203040500"),
    ("mac_parts", 2, "011c00"),
    ("mac_parts", 2, "01c80f"),
    ("mac_parts", 3, "ffcf0000"),
    ("mac_parts", 3, "ff4f000000"),
    ("mac_parts", 3, "ffcf8000"),
    ("mac_parts", 4, "018e"),
    ("mac_parts", 4, "02341200"),
    ("mac_parts", 4, "04"),
    ("mac_parts", 4, "07"),
    ("mac_parts", 5, "0500000000"),
    ("mac_parts", 6, "0d0100000001"),
    ("mac_parts", 6, "15010000000102030401"),
    ("mac_parts", 7, "2d"),
    ("mac_parts", 7, "6d01"),
    ("mac_parts", 8, "0000"),
    ("mac_parts", 8, "ffffffff"),
    ("mpx_assembly", 6, "0361626301836465660183646566"),
    ("mpx_assembly", 5, "026162010163028264650182"),
    ("ghc_payload", 0, "0461626364c0"),
    ("ghc_payload", 1, "0180826190"),
    ("ghc_payload", 0, "0361626380a8d0"),
    ("ghc_payload", 0, "8fb1c7"),
    ("rpl_parts", 0, "0001010402000001"),
    ("rpl_parts", 0, "040e00080c0a07000100010000ffffff"),
    ("rpl_parts", 0, "0604000000ff0512008000000000000000000000000000000001"),
    ("rpl_parts", 1, "0000000000000001"),
    ("rpl_parts", 1, "00010000000000000102030405060708"),
    ("rpl_parts", 2, "070000020080"),
    ("rpl_parts", 2, "010000020010"),
    ("rpl_parts", 2, "0300000400010002"),
    // The base point of P-256.
    (
        "credentials",
        4,
        "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296\
         4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5",
    ),
    // The same as SubjectPublicKeyInfo.
    (
        "credentials",
        0x30,
        "59301306072a8648ce3d020106082a8648ce3d03010703420004\
         6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296\
         4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5",
    ),
];

/// CoAP: a GET, a block of a POST, an answer with a block, a separate response, a reset, an empty acknowledgement.
const MESSAGES: [&str; 6] = [
    "40010001b161",
    "42020002aabbb161d10e08ff0102",
    "68450000000000000000000000d10a08ff61",
    "58450001010203040506070861ff61",
    "70000000",
    "60000000",
];

pub(super) fn add(seeds: &mut Seeds, rng: &mut Rng) {
    let mut add = |target, input| {
        seeds.entry(target).or_default().insert(input);
    };
    for &(target, first, rest) in WRITTEN {
        add(target, [vec![first], hex::decode(rest).unwrap()].concat());
    }
    for message in MESSAGES.map(|message| hex::decode(message).unwrap()) {
        for control in [0, 1, 8, 9, 0x0e] {
            add("coap_exchange", [&[control, 0, message.len() as u8], message.as_slice()].concat().repeat(2));
        }
    }

    // Sessions: all arrives; or one datagram is lost, changed, doubled, cut or overtaken first.
    let arrives = |times: usize| [0x80, 0].repeat(times);
    let happenings: [&[u8]; 7] =
        [&[], &[0x85, 7], &[5, 7, 0x80], &[0x84, 30, 1, 7], &[0x86, 6], &[0x88, 20, 7], &[0x8a]];
    for mode in [0, 2, 4] {
        for happening in happenings {
            for before in [0, 1, 3] {
                let input = [&[mode], &arrives(before)[..], happening, &arrives(12)].concat();
                add("dtls_session", input.clone());
                add("dtls_session_ecdhe", input);
            }
        }
    }
    for name in ["psk", "psk-ems"] {
        for (_, datagram) in &session(name).datagrams {
            let foreign = &datagram[..datagram.len().min(255)];
            let input = |to: u8| [&[0, to, foreign.len() as u8], foreign, &arrives(2)].concat();
            add("dtls_session", input(0x89));
            add("dtls_session", input(0x09));
        }
    }

    // The same over a stream: all of it, or something happens to its next octets first.
    let happenings: [&[u8]; 6] =
        [&[], &[0x81, 3, 0x81, 90, 0x81, 1], &[0x82, 70, 1], &[0x83, 9, 0x85], &[0x84, 5, 21, 3, 3, 0, 2], &[0x05]];
    for mode in 0..8 {
        for happening in happenings {
            for before in [0, 1, 2] {
                add("tls_session", [&[mode], &arrives(before)[..], happening, &arrives(6)].concat());
            }
        }
    }

    let mut frames = Vec::new();
    for name in ["sec.pcap", "thread-join.pcap"] {
        let (link_type, captured) = capture(name);
        let fcs = if link_type == WITH_FCS { 2 } else { 0 };
        frames.extend(captured.into_iter().map(|frame| frame[..frame.len() - fcs].to_vec()));
    }
    for _ in 0..100 {
        frames.extend(mpdus(&rng.psdus()));
    }
    for chunk in frames.chunks(6) {
        let (mut secured, mut payloads, mut packets) = (Vec::new(), Vec::new(), Vec::new());
        let mut dissector = Dissector::new(Keys::new());
        for (number, mpdu) in (1..).zip(chunk) {
            secured.push(mpdu.len() as u8);
            secured.extend(mpdu);
            if let Ok(Frame { content: Content::Data(payload), .. }) = Frame::parse(mpdu) {
                payloads.extend([0x80, payload.len() as u8]);
                payloads.extend(payload);
            }
            for buffer in dissector.frame(number, mpdu, false).buffers() {
                if Packet::parse(buffer.bytes).is_ok() {
                    packets.extend((buffer.bytes.len() as u16).to_be_bytes());
                    packets.extend(buffer.bytes);
                }
            }
        }
        add("link_security", secured);
        add("lowpan_reassembly", payloads);
        add("ipv6_reassembly", packets);
    }
    let addresses = "fe80000000000000000000fffe000001fe80000000000000000000fffe000002";
    let fragments = [
        format!("6000000000102c40{addresses}1100000100000001{}", "61".repeat(8)),
        format!("60000000000c2c40{addresses}1100000800000001{}", "62".repeat(4)),
    ];
    let fragments = fragments.map(|packet| [vec![0, (packet.len() / 2) as u8], hex::decode(packet).unwrap()].concat());
    add("ipv6_reassembly", fragments.concat());
}
