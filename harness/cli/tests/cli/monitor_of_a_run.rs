//! `bootrack monitor` over the capture of a run with its keys: faults of a secured, closed network, each put into one frame of a copy.

use std::path::{Path, PathBuf};

use dissect::{Dissector, Keys};
use rstest::rstest;
use wire::Eui64;
use wire::ieee802154::{AuxSecurityHeader, Frame, Mpdu, SecuredFrame, fcs, secure, unsecure};

use crate::common::call;

/// A device that forwards, closes, and stays closed.
const CASE: &str = "PRO-COND-01@kind=transit";

struct Run {
    folder: tempfile::TempDir,
    dut: Eui64,
    key: [u8; 16],
}

impl Run {
    fn play() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("run");
        call(["run", CASE, "--out", out.to_str().unwrap()]).expect(0);
        let plan = std::fs::read(out.join("plan.json")).unwrap();
        let plan: serde_json::Value = serde_json::from_slice(&plan).unwrap();
        let properties = &plan["cases"][0]["environment"]["properties"];
        let key: [u8; 16] = hex::decode(properties["network"]["key"].as_str().unwrap()).unwrap().try_into().unwrap();
        let keys =
            format!("link 1 {}\ncontext 0 {}\n", hex::encode(key), properties["network"]["prefix"].as_str().unwrap());
        std::fs::write(folder.path().join("keys"), keys).unwrap();
        let dut = properties["dut"]["eui64"].as_str().unwrap().parse().unwrap();
        Self { folder, dut, key }
    }

    fn capture(&self) -> PathBuf {
        self.folder.path().join("run/cases").join(CASE).join("capture.pcapng")
    }

    fn monitored(&self, capture: &Path, code: i32) -> Vec<serde_json::Value> {
        let (keys, dut) = (self.folder.path().join("keys"), self.dut.to_string());
        let (capture, keys) = (capture.to_str().unwrap(), keys.to_str().unwrap());
        let outcome = call(["monitor", capture, "--dut", &dut, "--keys", keys, "--profile", "--json"]).expect(code);
        outcome.json()["violations"].as_array().unwrap().clone()
    }

    /// A frame of the device's: what it was before it was secured, and how it was.
    fn sent(&self, octets: &[u8]) -> Option<(Frame, Option<AuxSecurityHeader>)> {
        let (frame, security) = match Mpdu::parse(octets.get(..octets.len().checked_sub(2)?)?).ok()? {
            Mpdu::Plain(frame) => (frame, None),
            Mpdu::Secured(sealed) => (self.opened(&sealed)?, Some(sealed.security)),
        };
        (frame.header.source.extended() == Some(self.dut)).then_some((frame, security))
    }

    fn opened(&self, sealed: &SecuredFrame) -> Option<Frame> {
        unsecure(sealed, &self.key, sealed.header.source.extended()?).ok()
    }

    fn sealed(&self, frame: &Frame, security: Option<AuxSecurityHeader>) -> Vec<u8> {
        let mut octets = match security {
            Some(security) => secure(frame, &security, &self.key, self.dut).unwrap().to_vec().unwrap(),
            None => frame.to_vec().unwrap(),
        };
        octets.extend(fcs(&octets).to_le_bytes());
        octets
    }

    /// Where the hop limit stands in the payload of a frame whose packet somebody else has made.
    fn hop_limit(&self, frame: &Frame) -> Option<usize> {
        let mut octets = frame.to_vec().ok()?;
        let (header, end) = (frame.header.buffer_len(), octets.len());
        octets.extend(fcs(&octets).to_le_bytes());
        let mut dissector = Dissector::new(Keys::new());
        dissector.set_context(0, "fd00:b007::".parse().unwrap(), 64);
        let dissection = dissector.frame(1, &octets, true);
        let source = dissection.text("ipv6.src")?.parse::<std::net::Ipv6Addr>().ok()?;
        let is_own = source.octets().ends_with(&self.dut.interface_identifier());
        let hops = u8::try_from(dissection.number("ipv6.hlim")?).ok()?;
        // Behind the two octets of IPHC and what is inline before it.
        let place = octets.get(header..end)?.iter().position(|octet| *octet == hops)?;
        (!is_own && !source.is_multicast() && dissection.number("6lowpan.iphc.hlim") == Some(0)).then_some(place)
    }
}

/// The blocks of a pcapng file; those of packets with their octets.
fn blocks(file: &[u8]) -> Vec<(&[u8], Option<&[u8]>)> {
    let word = |octets: &[u8], at: usize| u32::from_le_bytes(octets[at..at + 4].try_into().unwrap());
    let (mut blocks, mut rest) = (Vec::new(), file);
    while !rest.is_empty() {
        let (block, behind) = rest.split_at(word(rest, 4) as usize);
        let packet = (word(block, 0) == 6).then(|| &block[28..28 + word(block, 20) as usize]);
        blocks.push((block, packet));
        rest = behind;
    }
    blocks
}

/// The block with other octets in its packet, and without options.
fn with_packet(block: &[u8], packet: &[u8]) -> Vec<u8> {
    let padded = packet.len().next_multiple_of(4);
    let (length, total) = (u32::try_from(packet.len()).unwrap().to_le_bytes(), u32::try_from(32 + padded).unwrap());
    let mut octets = [&block[..4], &total.to_le_bytes(), &block[8..20], &length, &length, packet].concat();
    octets.resize(28 + padded, 0);
    octets.extend(total.to_le_bytes());
    octets
}

/// What is wrong with a frame of the device's.
#[derive(Debug, Clone, Copy)]
enum Fault {
    /// The last secured one has a frame counter that was used before.
    CounterSetBack,
    /// The last secured one is plain, after the network was closed.
    PlainAfterTheClose,
    /// The hop limit of one that it sends on is two less than what came.
    HopLimitOffByTwo,
}

#[rstest]
#[case(Fault::CounterSetBack, "MON-MAC-COUNTER")]
#[case(Fault::PlainAfterTheClose, "MON-LINK-CLOSED")]
#[case(Fault::HopLimitOffByTwo, "MON-IP-FORWARD")]
fn a_fault_of_a_secured_network_is_found_at_its_frame(#[case] fault: Fault, #[case] monitor: &str) {
    let run = Run::play();
    assert_eq!(run.monitored(&run.capture(), 0), [] as [serde_json::Value; 0]);
    let file = std::fs::read(run.capture()).unwrap();
    let blocks = blocks(&file);
    let mut number = 0;
    let mut packets = Vec::new();
    for (index, (_, packet)) in blocks.iter().enumerate() {
        let Some(packet) = packet else { continue };
        number += 1;
        if let Some((frame, security)) = run.sent(packet) {
            packets.push((index, number, frame, security));
        }
    }
    let is_concerned = |(_, _, frame, security): &&(usize, u64, Frame, Option<AuxSecurityHeader>)| match fault {
        Fault::HopLimitOffByTwo => run.hop_limit(frame).is_some(),
        Fault::CounterSetBack | Fault::PlainAfterTheClose => security.is_some(),
    };
    let (index, number, mut frame, mut security) = packets.iter().rfind(is_concerned).unwrap().clone();
    match fault {
        Fault::CounterSetBack => {
            security = security.map(|header| AuxSecurityHeader { frame_counter: Some(1), ..header })
        }
        Fault::PlainAfterTheClose => security = None,
        Fault::HopLimitOffByTwo => {
            let place = run.hop_limit(&frame).unwrap();
            let wire::ieee802154::Content::Data(payload) = &mut frame.content else { unreachable!() };
            payload[place] -= 1;
        }
    }
    let mut faulty = Vec::new();
    for (at, (block, _)) in blocks.iter().enumerate() {
        match at == index {
            true => faulty.extend(with_packet(block, &run.sealed(&frame, security))),
            false => faulty.extend_from_slice(block),
        }
    }
    let path = run.folder.path().join("faulty.pcapng");
    std::fs::write(&path, faulty).unwrap();
    let violations = run.monitored(&path, 1);
    let is_at_it =
        |violation: &serde_json::Value| violation["evidence"].as_array().unwrap().iter().any(|frame| *frame == number);
    assert!(violations.iter().any(|found| found["monitor"] == monitor && is_at_it(found)), "{number}: {violations:?}");
    assert!(violations.iter().all(is_at_it), "{number}: {violations:?}");
}
