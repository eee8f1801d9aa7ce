//! `bootrack sniff` on the traffic of foreign programs, replayed over each kind of sniffer: what it writes is to Wireshark what the
//! original is.
//!
//! Without tshark these tests are left out with a line on stderr; with the environment variable `CI` set they fail.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddrV4, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

#[allow(dead_code, reason = "the tests of `cli` use more of it")]
#[path = "cli/common.rs"]
mod common;

use common::{Outcome, bootrack, call, has};
use serialport::{SerialPort as _, TTYPort};
use wire::radio_link::{Assembler, Message, Stamped};

fn capture(name: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/captures")).join(name)
}

/// The packets of a capture in the format of 2004, microseconds, little-endian.
fn packets(name: &str) -> Vec<Vec<u8>> {
    let octets = std::fs::read(capture(name)).unwrap();
    assert_eq!(octets[..4], 0xa1b2_c3d4_u32.to_le_bytes(), "{name}");
    let mut packets = Vec::new();
    let mut rest = &octets[24..];
    while rest.len() >= 16 {
        let length = u32::from_le_bytes(rest[8..12].try_into().unwrap()) as usize;
        packets.push(rest[16..16 + length].to_vec());
        rest = &rest[16 + length..];
    }
    packets
}

/// What Wireshark reads of each frame.
fn read(path: &Path) -> Vec<String> {
    let fields =
        ["wpan.frame_type", "wpan.seq_no", "wpan.src64", "wpan.dst16", "6lowpan.pattern", "ipv6.src", "ipv6.dst"];
    let mut command = Command::new("tshark");
    command.arg("-r").arg(path).args(["-T", "fields", "-E", "occurrence=l"]);
    fields.iter().chain(&["udp.srcport", "icmpv6.type", "dtls.record.content_type"]).for_each(|field| {
        command.args(["-e", field]);
    });
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

/// A `bootrack sniff` that listens already.
struct Listening {
    child: Child,
    folder: tempfile::TempDir,
}

impl Listening {
    fn new(source: &str, more: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("heard.pcapng");
        let mut command = bootrack();
        command.args(["sniff", source, "--write"]).arg(&path).args(more);
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let begun = Instant::now();
        while !path.exists() && begun.elapsed() < Duration::from_secs(20) {
            std::thread::sleep(Duration::from_millis(5));
        }
        Self { child, folder }
    }

    /// How it ended, and what Wireshark reads of what it wrote.
    fn end(self) -> (Outcome, Vec<String>) {
        let output = self.child.wait_with_output().unwrap();
        let outcome = Outcome {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        };
        (outcome, read(&self.folder.path().join("heard.pcapng")))
    }
}

/// Too fast a sender would overflow the receiver's buffer.
fn pause() {
    std::thread::sleep(Duration::from_millis(2));
}

#[test]
fn a_pcap_stream_through_a_fifo_is_read_while_it_is_written() {
    if !has("tshark", "--version") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let fifo = folder.path().join("fifo");
    assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    let octets = std::fs::read(capture("thread-join.pcap")).unwrap();
    let expected = read(&capture("thread-join.pcap"));
    // One frame less: it ends though the stream does not.
    let count = (expected.len() - 1).to_string();
    let listening = Listening::new(&format!("pcap:{}", fifo.display()), &["--count", &count]);
    let mut writer = std::fs::File::create(&fifo).unwrap();
    // In pieces that end anywhere, and never closed before the end.
    for piece in octets.chunks(100) {
        // When it has what it wants it is gone.
        if writer.write_all(piece).is_err() {
            break;
        }
    }
    let (outcome, heard) = listening.end();
    drop(writer);
    assert_eq!(heard, expected[..expected.len() - 1]);
    outcome.expect(0).complains(&[&format!("{count} frames, 0 lost")]);
}

#[test]
fn zep_datagrams_keep_their_frames_and_their_losses_are_counted() {
    if !has("tshark", "--version") {
        return;
    }
    let port = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    // Behind Ethernet, IPv4 and UDP.
    let datagrams: Vec<Vec<u8>> = packets("zep.pcap").into_iter().map(|packet| packet[42..].to_vec()).collect();
    // Version 2 has its sequence number behind the timestamp: without the fourth one is missing.
    let number = |datagram: &[u8]| u32::from_be_bytes(datagram[17..21].try_into().unwrap());
    let numbers: Vec<u32> = datagrams.iter().map(|datagram| number(datagram)).collect();
    assert!(numbers.windows(2).all(|pair| pair[1] == pair[0] + 1), "{numbers:?}");
    let count = (datagrams.len() - 1).to_string();
    let listening = Listening::new(&format!("zep:127.0.0.1:{port}"), &["--count", &count]);
    let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
    for (_, datagram) in datagrams.iter().enumerate().filter(|(index, _)| *index != 3) {
        sender.send_to(datagram, ("127.0.0.1", port)).unwrap();
        pause();
    }
    let (outcome, heard) = listening.end();
    let mut expected = read(&capture("fcs.pcap"));
    expected.remove(3);
    assert_eq!(heard, expected);
    outcome.expect(0).complains(&[&format!("{count} frames, 1 lost")]);
}

/// The dispatcher of RIOT's native nodes knows whoever has sent it something, and sends him what comes from others.
#[test]
fn a_dispatcher_of_riot_is_told_who_listens_and_told_again() {
    if !has("tshark", "--version") {
        return;
    }
    // Hellos, and frames whose times go back: as nodes of RIOT sent them.
    let datagrams: Vec<Vec<u8>> = udp_payloads("riot-zep-hello.pcapng");
    assert_eq!(datagrams.len(), 8);
    let dispatcher = UdpSocket::bind("127.0.0.1:0").unwrap();
    dispatcher.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let address = dispatcher.local_addr().unwrap();
    let listening = Listening::new("zep", &["--dispatcher", &address.to_string(), "--count", "6"]);
    let mut buffer = [0; 256];
    let (length, sniffer) = dispatcher.recv_from(&mut buffer).unwrap();
    let Ok(wire::zep::Message::Hello { address: node }) = wire::zep::Message::parse(&buffer[..length]) else {
        panic!("{:02x?}", &buffer[..length])
    };
    assert_eq!(node.0[0] & 3, 2, "{node} is no locally administered address of a node");
    // One that was started anew knows nobody: it is told again, without having said anything.
    let (again, same) = dispatcher.recv_from(&mut buffer).unwrap();
    assert_eq!((again, same), (length, sniffer));
    // Others are not the dispatcher.
    let stranger = UdpSocket::bind("127.0.0.1:0").unwrap();
    stranger.send_to(&datagrams[1], sniffer).unwrap();
    for datagram in &datagrams {
        dispatcher.send_to(datagram, sniffer).unwrap();
        pause();
    }
    let (outcome, heard) = listening.end();
    assert_eq!(heard.len(), 6, "{}", outcome.out);
    let outcome = outcome.expect(0).complains(&["6 frames, 0 lost"]);
    for told in ["the node 0200000000000001 makes itself known", "the node 4188000000000002 makes itself known"] {
        assert!(outcome.out.contains(told), "{told}: {}", outcome.out);
    }
    assert_eq!(outcome.out.matches("icmpv6 · ").count(), 6, "{}", outcome.out);
}

#[test]
fn a_dispatcher_that_is_not_there_is_told_once() {
    let gone = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let outcome = call(["sniff", "zep", "--dispatcher", &gone.to_string(), "--for", "1"]).expect(0);
    assert_eq!(outcome.out.matches("nobody is at the dispatcher's address").count(), 1, "{}", outcome.out);
}

/// The payloads of UDP in Ethernet and IPv4.
fn udp_payloads(name: &str) -> Vec<Vec<u8>> {
    let mut payloads = Vec::new();
    let file = std::fs::File::open(capture(name)).unwrap();
    captures::Reader::new(file).unwrap().read(|item| {
        if let captures::Item::Packet(packet) = item {
            payloads.push(packet.bytes[42..].to_vec());
        }
        true
    });
    payloads
}

#[test]
fn the_radio_of_openthread_s_simulation_is_heard() {
    if !has("tshark", "--version") {
        return;
    }
    // Another network than that of whoever runs simulations on this machine: offset 1600.
    let (offset, port) = (1600, 9000 + 34 * 1600);
    let frames = packets("thread-join.pcap");
    let listening = Listening::new(&format!("openthread:{offset}"), &["--count", &frames.len().to_string()]);
    let sender = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::DGRAM, None).unwrap();
    sender.set_multicast_if_v4(&Ipv4Addr::LOCALHOST).unwrap();
    sender.bind(&SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0).into()).unwrap();
    for frame in &frames {
        let datagram = [&[11], &frame[..]].concat();
        sender.send_to(&datagram, &SocketAddrV4::new(Ipv4Addr::new(224, 0, 0, 116), port).into()).unwrap();
        pause();
    }
    let (outcome, heard) = listening.end();
    assert_eq!(heard, read(&capture("thread-join.pcap")));
    outcome.expect(0);
}

#[test]
fn an_nrf_sniffer_is_told_its_channel_and_heard() {
    if !has("tshark", "--version") {
        return;
    }
    let (mut far, near) = TTYPort::pair().unwrap();
    far.set_timeout(Duration::from_secs(20)).unwrap();
    let frames = packets("nofcs.pcap");
    let path = near.name().unwrap();
    let listening = Listening::new(&format!("nrf:{path}"), &["--channel", "20", "--count", &frames.len().to_string()]);
    let (mut told, mut octet) = (String::new(), [0]);
    while !told.ends_with("receive\r\n") {
        far.read_exact(&mut octet).unwrap();
        told.push(octet[0].into());
    }
    assert!(told.contains("channel 20\r\n"), "{told:?}");
    for (index, frame) in frames.iter().enumerate() {
        let line = format!("received: {}ffff power: -47 lqi: 200 time: {}\r\n", hex::encode(frame), 1000 * index);
        // A prompt of its shell, and lines that come in pieces.
        for piece in format!("uart:~$ {line}").as_bytes().chunks(50) {
            far.write_all(piece).unwrap();
        }
    }
    let (outcome, heard) = listening.end();
    assert_eq!(heard, read(&capture("nofcs.pcap")));
    outcome.expect(0);
}

#[test]
fn a_board_of_ours_is_told_to_sniff_and_its_losses_are_counted() {
    if !has("tshark", "--version") {
        return;
    }
    let (mut far, near) = TTYPort::pair().unwrap();
    far.set_timeout(Duration::from_secs(20)).unwrap();
    let frames = packets("nofcs.pcap");
    let path = near.name().unwrap();
    let count = frames.len().to_string();
    let listening = Listening::new(&format!("board:{path}"), &["--channel", "20", "--count", &count]);
    let (mut assembler, mut octet) = (Assembler::default(), [0]);
    let order = loop {
        far.read_exact(&mut octet).unwrap();
        if let Some(Stamped { message, .. }) = assembler.push(octet[0]) {
            break message;
        }
    };
    assert_eq!(order, Message::Sniff { channel: 20 });
    for (index, frame) in frames.iter().enumerate() {
        // The third frame follows two that the board could not hand over.
        let dropped = if index < 2 { 5 } else { 7 };
        let message = Message::Sniffed { rssi_dbm: -47, lqi: 200, dropped, psdu: frame.clone() };
        far.write_all(&Stamped { at: 1000 * index as u64, message }.to_vec().unwrap()).unwrap();
    }
    let (outcome, heard) = listening.end();
    assert_eq!(heard, read(&capture("nofcs.pcap")));
    outcome.expect(0).complains(&[&format!("{count} frames, 2 lost")]);
}

#[test]
fn a_sniffer_that_cannot_be_listened_to_is_told() {
    let mistakes: [(&[&str], &str); 7] = [
        (&["nrf:/dev/does-not-exist"], "cannot open /dev/does-not-exist"),
        (&["pcap:/does/not/exist"], "there is no file or FIFO /does/not/exist"),
        (&["zep:192.0.2.1:17754"], "cannot listen at 192.0.2.1:17754"),
        (&["zep:nowhere"], "`nowhere` is no address and port"),
        (&["wireshark"], "there is no sniffer `wireshark`"),
        (&["openthread", "--dispatcher", "[::1]:17754"], "only ZEP has a dispatcher"),
        (&["openthread", "--channel", "11"], "only sniffers of kinds `nrf` and `board` are told a channel"),
    ];
    for (arguments, told) in mistakes {
        call(["sniff"].iter().chain(arguments)).expect(2).complains(&[told]);
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("no.pcap");
    std::fs::write(&path, "no capture at all, but long enough to be looked at").unwrap();
    call(["sniff".into(), format!("pcap:{}", path.display())]).expect(4).complains(&["is neither pcap nor pcapng"]);
    let ethernet = format!("pcap:{}", capture("dtls.pcap").display());
    call(["sniff", &ethernet]).expect(0).complains(&["0 frames, 0 lost"]);
}

/// A sniffer that is killed leaves a capture that Wireshark opens.
#[test]
fn a_capture_is_whole_when_its_sniffer_is_killed() {
    if !has("tshark", "--version") {
        return;
    }
    let port = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut listening = Listening::new(&format!("zep:127.0.0.1:{port}"), &[]);
    let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
    let datagram = &packets("zep.pcap")[0][42..];
    let path = listening.folder.path().join("heard.pcapng");
    let empty = std::fs::metadata(&path).unwrap().len();
    while std::fs::metadata(&path).unwrap().len() == empty {
        sender.send_to(datagram, ("127.0.0.1", port)).unwrap();
        pause();
    }
    listening.child.kill().unwrap();
    let (_, heard) = listening.end();
    assert_eq!(heard[0], read(&capture("fcs.pcap"))[0]);
}
