//! Capture files for tests: reading with pcap-parser, writing by hand.

use std::path::{Path, PathBuf};
use std::time::Duration;

use pcap_parser::traits::PcapNGPacketBlock;
use pcap_parser::{Block, PcapBlockOwned, PcapError, create_reader};

/// Link type of IEEE 802.15.4 frames with FCS.
pub const WITH_FCS: u32 = 195;
/// Link type of IEEE 802.15.4 frames without FCS.
pub const WITHOUT_FCS: u32 = 230;

/// All captures in `dissect/tests/captures`.
pub const CAPTURES: [&str; 12] = [
    "coap.pcap",
    "dtls.pcap",
    "eapol-gpsk.pcap",
    "fcs.pcap",
    "ikev2-psk.pcap",
    "nofcs.pcap",
    "pana-eap-psk.pcapng",
    "radius-eap.pcap",
    "sec.pcap",
    "tap.pcap",
    "thread-join.pcap",
    "zep.pcap",
];

/// Link type and frames of a capture in `dissect/tests/captures`, pcap or pcapng, all of one link type.
pub fn capture(name: &str) -> (u32, Vec<Vec<u8>>) {
    let recorded = read(&capture_path(name));
    let link_type = recorded.packets.first().map_or(0, |(link_type, _)| *link_type);
    assert!(recorded.packets.iter().all(|(other, _)| *other == link_type), "{name} has several link types");
    (link_type, recorded.packets.into_iter().map(|(_, bytes)| bytes).collect())
}

/// What a capture has.
#[derive(Debug, Default)]
pub struct Recorded {
    /// Link type and octets of each packet.
    pub packets: Vec<(u32, Vec<u8>)>,
    /// When each packet was captured, since 1970.
    pub times: Vec<Duration>,
    /// TLS key logs of decryption secrets blocks.
    pub key_logs: Vec<String>,
}

/// Reads a capture, pcap or pcapng, with any number of interfaces.
///
/// # Panics
/// If it cannot be read.
pub fn read(path: &Path) -> Recorded {
    let file = std::fs::File::open(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut reader = create_reader(1 << 16, file).unwrap();
    let (mut interfaces, mut recorded) = (Vec::new(), Recorded::default());
    loop {
        match reader.next() {
            Ok((used, block)) => {
                match block {
                    PcapBlockOwned::LegacyHeader(header) => {
                        let ticks = if header.is_nanosecond_precision() { 1_000_000_000 } else { 1_000_000 };
                        interfaces.push((header.network.0 as u32, ticks));
                    }
                    PcapBlockOwned::Legacy(packet) => {
                        let (link_type, ticks) = interfaces[0];
                        recorded.packets.push((link_type, packet.data.to_vec()));
                        let seconds = Duration::from_secs(packet.ts_sec.into());
                        recorded.times.push(seconds + fraction(packet.ts_usec.into(), ticks));
                    }
                    PcapBlockOwned::NG(Block::InterfaceDescription(interface)) => {
                        interfaces.push((interface.linktype.0 as u32, interface.ts_resolution().unwrap_or(1_000_000)));
                    }
                    PcapBlockOwned::NG(Block::EnhancedPacket(packet)) => {
                        let (link_type, ticks) = interfaces[packet.if_id as usize];
                        recorded.packets.push((link_type, packet.packet_data().to_vec()));
                        let time = u64::from(packet.ts_high) << 32 | u64::from(packet.ts_low);
                        recorded.times.push(Duration::from_secs(time / ticks) + fraction(time % ticks, ticks));
                    }
                    PcapBlockOwned::NG(Block::DecryptionSecrets(secrets)) => {
                        recorded.key_logs.push(String::from_utf8_lossy(secrets.data).into_owned());
                    }
                    PcapBlockOwned::NG(_) => {}
                }
                reader.consume(used);
            }
            Err(PcapError::Eof) => return recorded,
            Err(PcapError::Incomplete(_)) => reader.refill().unwrap(),
            Err(error) => panic!("{}: {error}", path.display()),
        }
    }
}

/// A part of a second, which has `ticks`.
fn fraction(part: u64, ticks: u64) -> Duration {
    Duration::from_nanos(u64::try_from(u128::from(part) * 1_000_000_000 / u128::from(ticks)).unwrap())
}

/// Where a capture lies.
pub fn capture_path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../dissect/tests/captures").join(name)
}

/// The octets of a pcap file, a millisecond between frames.
pub fn pcap(link_type: u32, frames: &[Vec<u8>]) -> Vec<u8> {
    let lengths: Vec<usize> = frames.iter().map(Vec::len).collect();
    pcap_cut(link_type, frames, &lengths)
}

/// The same, of each frame as many octets as `captured` has for it.
pub fn pcap_cut(link_type: u32, frames: &[Vec<u8>], captured: &[usize]) -> Vec<u8> {
    let mut file = Vec::new();
    let u32s = |values: &[u32]| values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>();
    file.extend(u32s(&[0xa1b2_c3d4, 0x0004_0002, 0, 0, 65535, link_type]));
    for (index, (frame, captured)) in frames.iter().zip(captured).enumerate() {
        let (index, length) = (index as u32, frame.len() as u32);
        file.extend(u32s(&[index / 1000, index % 1000 * 1000, *captured as u32, length]));
        file.extend(&frame[..*captured]);
    }
    file
}
