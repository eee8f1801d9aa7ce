//! Air bridges: recorded traffic of foreign stacks comes onto the rack's air by each, and a capture of it is to Wireshark what the
//! original is; and what the air has for a stack arrives there.
//!
//! Without tshark the comparison is left out with a line on stderr; with the environment variable `CI` set it fails.

use std::net::{Ipv4Addr, SocketAddrV4, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use bootrack_testbeds::testbed::{BoardRequest, Device, RackRequest, Role, Testbed};
use bootrack_testbeds::{Rack, VirtualRack};
use input::Source;
use record::Octets;
use record::event::{Action, Observation};
use record::pcapng::{Direction, LINKTYPE_IEEE802_15_4_WITHFCS, PcapNg};
use rstest::rstest;
use wire::zep::{Message, Mode};

fn capture(name: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../dut-firmware/wire/tests/captures")).join(name)
}

/// The frames of a capture of link type 195, with FCS.
fn frames(name: &str) -> Vec<Vec<u8>> {
    let octets = std::fs::read(capture(name)).unwrap();
    let (mut frames, mut rest) = (Vec::new(), &octets[24..]);
    while rest.len() >= 16 {
        let length = u32::from_le_bytes(rest[8..12].try_into().unwrap()) as usize;
        frames.push(rest[16..16 + length].to_vec());
        rest = &rest[16 + length..];
    }
    frames
}

/// What Wireshark reads of each frame; nothing without it.
fn read(path: &Path) -> Option<Vec<String>> {
    let mut command = Command::new("tshark");
    command.arg("-r").arg(path).args(["-T", "fields", "-E", "occurrence=l"]);
    for field in
        ["wpan.frame_type", "wpan.seq_no", "wpan.src64", "wpan.fcs_ok", "6lowpan.pattern", "ipv6.src", "udp.srcport"]
    {
        command.args(["-e", field]);
    }
    let Ok(output) = command.stderr(Stdio::null()).output() else {
        assert!(std::env::var_os("CI").is_none(), "tshark is needed in CI");
        eprintln!("skipped: no tshark");
        return None;
    };
    assert!(output.status.success());
    Some(String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect())
}

/// A foreign stack as far as the rack can tell: a program that waits, and the test at its sockets.
struct Stack {
    kind: &'static str,
    socket: UdpSocket,
    /// Where it hears: a node of the simulation has another socket for that.
    hears: UdpSocket,
    medium: SocketAddrV4,
    number: u32,
}

impl Stack {
    /// A rack with the stack as `dut` and a tester's radio, and the stack's end of its bridge.
    fn new(kind: &'static str, folder: &Path) -> (VirtualRack, Self) {
        let told = folder.join("told");
        let script = format!("echo $BOOTRACK_ZEP $PORT_OFFSET > {0}.new; mv {0}.new {0}; sleep 100", told.display());
        let text = format!(
            "name = \"t\"\nbackend = \"mixed\"\n[[board]]\nname = \"dut\"\nexec = [\"sh\", \"-c\", {script:?}]\nradio = \"{kind}\"\n"
        );
        let testbed = Testbed::load(&Source { name: "t".to_owned(), text }).unwrap();
        let boards = vec![
            BoardRequest { name: "dut", role: Role::Router },
            BoardRequest { name: "radio", role: Role::TesterRadio },
        ];
        let request = RackRequest {
            boards,
            links: &[(0, 1)],
            device: Device::Reference,
            channel: 11,
            loss_percent: 0,
            seed: [7; 32],
        };
        let mut rack = testbed.rack_for(&request).unwrap();
        rack.act(&Action::Power { board: "dut".to_owned(), on: true }).unwrap();
        let begun = Instant::now();
        while !told.exists() && begun.elapsed() < Duration::from_secs(20) {
            rack.next(rack.now() + Duration::from_millis(10)).unwrap();
        }
        let told = std::fs::read_to_string(told).unwrap();
        let (socket, hears, medium) = match kind {
            "zep" => {
                let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
                (socket.try_clone().unwrap(), socket, told.trim().parse().unwrap())
            }
            _ => {
                let offset: u16 = told.trim().parse().unwrap();
                let port = 9000 + 34 * offset;
                (node(port + 5), node(port), SocketAddrV4::new(Ipv4Addr::new(224, 0, 0, 116), port))
            }
        };
        hears.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        (rack, Self { kind, socket, hears, medium, number: 0 })
    }

    fn send(&mut self, frame: &[u8]) {
        self.number += 1;
        let datagram = match self.kind {
            "zep" => {
                let (mode, frame) = (Mode::Crc, frame.to_vec());
                let sequence_number = self.number;
                Message::V2 { channel: 11, device_id: 1, mode, timestamp: 0, sequence_number, frame }.to_vec().unwrap()
            }
            _ => [&[11], frame].concat(),
        };
        self.socket.send_to(&datagram, self.medium).unwrap();
    }

    /// The next frame that the medium has for the stack, with FCS.
    fn receive(&self) -> Vec<u8> {
        let mut buffer = [0; 2048];
        loop {
            let (length, from) = self.hears.recv_from(&mut buffer).unwrap();
            match self.kind {
                "zep" => {
                    let Ok(Message::V2 { frame, channel: 11, .. }) = Message::parse(&buffer[..length]) else {
                        panic!()
                    };
                    return frame;
                }
                // It hears itself too.
                _ if from.port() != self.medium.port() => {}
                _ => {
                    assert_eq!(buffer[0], 11);
                    return buffer[1..length].to_vec();
                }
            }
        }
    }
}

/// A socket of node 5 of a simulation: it sends from the group's port plus 5, and hears the group at the group's.
fn node(port: u16) -> UdpSocket {
    let group = Ipv4Addr::new(224, 0, 0, 116);
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::DGRAM, None).unwrap();
    socket.set_reuse_address(true).unwrap();
    socket.set_reuse_port(true).unwrap();
    socket.bind(&SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, port).into()).unwrap();
    socket.join_multicast_v4(&group, &Ipv4Addr::LOCALHOST).unwrap();
    socket.set_multicast_if_v4(&Ipv4Addr::LOCALHOST).unwrap();
    socket.into()
}

/// The next frame on the air.
fn on_air(rack: &mut VirtualRack) -> Vec<u8> {
    let until = rack.now() + Duration::from_secs(20);
    loop {
        match rack.next(until).unwrap().expect("a frame within 20 s") {
            Observation::Frame { psdu, channel: 11, .. } => return psdu.0,
            Observation::BoardLost { reason, .. } => panic!("{reason}"),
            _ => {}
        }
    }
}

#[rstest]
#[case::zep("zep", "fcs.pcap")]
#[case::openthread("openthread", "thread-join.pcap")]
fn recorded_traffic_comes_onto_the_air(#[case] kind: &'static str, #[case] name: &str) {
    let folder = tempfile::tempdir().unwrap();
    let (mut rack, mut stack) = Stack::new(kind, folder.path());
    let mut file = PcapNg::new("test");
    file.interface(LINKTYPE_IEEE802_15_4_WITHFCS, "air", "the rack's air");
    let is_ack = |frame: &[u8]| frame[0] & 7 == 2;
    let recorded = frames(name);
    for (time, frame) in (0..).zip(&recorded) {
        stack.send(frame);
        // The medium acknowledges; what the stack says of that is left out.
        if is_ack(frame) {
            continue;
        }
        let heard = on_air(&mut rack);
        assert_eq!(heard[..heard.len() - 2], frame[..frame.len() - 2]);
        // Nobody is there who acknowledges: it is sent again, three times.
        for _ in 0..if frame[0] & 0x20 == 0 { 0 } else { 3 } {
            assert_eq!(on_air(&mut rack), heard);
        }
        file.packet(0, time * 1_000_000, &heard, Direction::Unknown, &[]);
    }
    let path = folder.path().join("air.pcapng");
    std::fs::write(&path, file.into_bytes()).unwrap();
    let Some(heard) = read(&path) else { return };
    let expected = read(&capture(name)).unwrap();
    let expected: Vec<&String> =
        expected.iter().zip(&recorded).filter(|(_, frame)| !is_ack(frame)).map(|(line, _)| line).collect();
    assert_eq!(heard.iter().collect::<Vec<_>>(), expected);
}

#[rstest]
#[case::zep("zep")]
#[case::openthread("openthread")]
fn what_the_air_has_for_a_stack_arrives_there(#[case] kind: &'static str) {
    let folder = tempfile::tempdir().unwrap();
    let (mut rack, mut stack) = Stack::new(kind, folder.path());
    // A data frame to the tester's radio, which imitates the neighbour 02..02, from 02..01, asking for an acknowledgement.
    let header = |to: u8, from: u8| [&[0x61, 0xcc, 7, 0x07, 0xb0, to][..], &[0; 6], &[2, from], &[0; 6], &[2]].concat();
    let neighbour =
        Action::Impersonate { radio: "radio".to_owned(), eui64: vec!["0200000000000002".to_owned()], pan_id: 0xb007 };
    rack.act(&neighbour).unwrap();
    let fcs = |mut frame: Vec<u8>| {
        wire::ieee802154::append_fcs(&mut frame);
        frame
    };
    stack.send(&fcs([&header(2, 1)[..], b"hello"].concat()));
    on_air(&mut rack);
    // Its acknowledgement is the medium's, and arrives as one.
    assert_eq!(on_air(&mut rack), fcs(vec![2, 0, 7]));
    rack.next(rack.now() + Duration::from_millis(50)).unwrap();
    assert_eq!(stack.receive(), fcs(vec![2, 0, 7]));
    // From now on it hears what goes to its address.
    let answer = [&header(1, 2)[..], b"answer"].concat();
    let inject = |psdu: Vec<u8>| Action::Inject {
        radio: "radio".to_owned(),
        handle: 1,
        psdu: Octets(psdu),
        fcs: None,
        wrong_on_purpose: None,
    };
    rack.act(&inject([&header(9, 2)[..], b"for others"].concat())).unwrap();
    rack.act(&inject(answer.clone())).unwrap();
    let until = rack.now() + Duration::from_millis(500);
    while rack.next(until).unwrap().is_some() {}
    assert_eq!(stack.receive(), fcs(answer));
}
