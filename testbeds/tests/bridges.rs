//! Air bridges: recorded traffic of foreign stacks comes onto the rack's air by each, and a capture of it is to Wireshark what the
//! original is; and what the air has for a stack arrives there.
//!
//! Without tshark the comparison is left out with a line on stderr; with the environment variable `CI` set it fails.

use std::net::{Ipv4Addr, SocketAddrV4, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use bootrack_testbeds::testbed::{Attachment, BoardRequest, Device, RackRequest, Testbed};
use bootrack_testbeds::{Rack, VirtualRack};
use input::Source;
use record::Octets;
use record::event::{Action, Observation, TransmitStatus};
use record::pcapng::{Direction, LINKTYPE_IEEE802_15_4_WITHFCS, PcapNg};
use rstest::rstest;
use wire::zep::{Message, Mode};

fn capture(name: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../harness/dissect/tests/captures")).join(name)
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
    /// A rack with the stack as `dut`, whose table has these keys, and a tester's radio; and the stack's end of its bridge.
    fn new(kind: &'static str, keys: &str, folder: &Path) -> (VirtualRack, Self) {
        Self::saying(kind, keys, "", folder)
    }

    /// The same, with a program that first says something on its standard output.
    fn saying(kind: &'static str, keys: &str, says: &str, folder: &Path) -> (VirtualRack, Self) {
        let (rack, medium) = Self::rack(kind, keys, says, folder);
        let (socket, hears) = match kind {
            "zep" => {
                let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
                (socket.try_clone().unwrap(), socket)
            }
            _ => (node(medium.port() + 5), node(medium.port())),
        };
        (rack, Self { kind, socket, hears, medium, number: 0 })
    }

    /// The rack alone, and where its medium is.
    fn rack(kind: &'static str, keys: &str, says: &str, folder: &Path) -> (VirtualRack, SocketAddrV4) {
        let told = folder.join("told");
        let script =
            format!("echo $BOOTRACK_ZEP $PORT_OFFSET > {0}.new; mv {0}.new {0}; {says}\nsleep 100", told.display());
        let text = format!(
            "name = \"t\"\nbackend = \"mixed\"\n[[board]]\nname = \"dut\"\nexec = [\"sh\", \"-c\", {script:?}]\nradio = \"{kind}\"\n{keys}\n"
        );
        let testbed = Testbed::load(&Source { name: "t".to_owned(), text }).unwrap();
        let boards = vec![
            BoardRequest { name: "dut", attachment: Attachment::Board { is_at_backbone: false } },
            BoardRequest { name: "radio", attachment: Attachment::Radio },
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
        let medium = match kind {
            "zep" => told.trim().parse().unwrap(),
            _ => {
                let offset: u16 = told.trim().parse().unwrap();
                SocketAddrV4::new(Ipv4Addr::new(224, 0, 0, 116), 9000 + 34 * offset)
            }
        };
        (rack, medium)
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

    /// Acknowledges a frame by itself.
    fn acknowledge(&mut self, number: u8) {
        self.send(&fcs(vec![2, 0, number]));
    }

    /// The next frame that the medium has for the stack, with FCS.
    fn receive(&self) -> Vec<u8> {
        let begun = Instant::now();
        loop {
            assert!(begun.elapsed() < Duration::from_secs(20), "nothing for the stack");
            if let Some(frame) = self.received() {
                return frame;
            }
        }
    }

    /// A frame that has come by now, or almost.
    fn received(&self) -> Option<Vec<u8>> {
        self.hears.set_read_timeout(Some(Duration::from_millis(1))).unwrap();
        let mut buffer = [0; 2048];
        loop {
            let (length, from) = self.hears.recv_from(&mut buffer).ok()?;
            match self.kind {
                "zep" => {
                    let Ok(Message::V2 { frame, channel: 11, .. }) = Message::parse(&buffer[..length]) else {
                        panic!()
                    };
                    return Some(frame);
                }
                // It hears itself too.
                _ if from.port() != self.medium.port() => {}
                _ => {
                    assert_eq!(buffer[0], 11);
                    return Some(buffer[1..length].to_vec());
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

/// Everything that happens until then.
fn observations(rack: &mut VirtualRack, most: Duration) -> Vec<Observation> {
    let (until, mut seen) = (rack.now() + most, Vec::new());
    while let Some(observation) = rack.next(until).unwrap() {
        seen.push(observation);
    }
    seen
}

/// Waits for an observation, and returns it with all before it.
fn until(rack: &mut VirtualRack, is_it: impl Fn(&Observation) -> bool) -> Vec<Observation> {
    let (until, mut seen) = (rack.now() + Duration::from_secs(30), Vec::new());
    loop {
        let observation = rack.next(until).unwrap().unwrap_or_else(|| panic!("not within 30 s; {seen:?}"));
        let found = is_it(&observation);
        seen.push(observation);
        if found {
            return seen;
        }
    }
}

/// The frames on the air, without the FCS.
fn frames_of(seen: &[Observation]) -> Vec<Vec<u8>> {
    let frame = |observation: &Observation| match observation {
        Observation::Frame { psdu, .. } => Some(psdu.0[..psdu.0.len() - 2].to_vec()),
        _ => None,
    };
    seen.iter().filter_map(frame).collect()
}

fn fcs(mut frame: Vec<u8>) -> Vec<u8> {
    wire::ieee802154::append_fcs(&mut frame);
    frame
}

/// The address that the rack gives the board `dut`, in the order of the air.
const DUT: [u8; 8] = [1, 0, 0, 7, 0xb0, 0xd5, 0xb3, 0x70];
const NEIGHBOUR: [u8; 8] = [2, 0, 0, 0, 0, 0, 0, 2];
const STRANGER: [u8; 8] = [9, 0, 0, 0, 0, 0, 0, 2];

/// A data frame on the PAN 0xb007 that asks for an acknowledgement.
fn data(number: u8, to: [u8; 8], from: [u8; 8], payload: &[u8]) -> Vec<u8> {
    [&[0x61, 0xcc, number, 0x07, 0xb0][..], &to, &from, payload].concat()
}

/// The tester's radio imitates the neighbour.
fn imitate(rack: &mut VirtualRack) {
    let eui64 = vec!["0200000000000002".to_owned()];
    rack.act(&Action::Impersonate { radio: "radio".to_owned(), eui64, pan_id: 0xb007 }).unwrap();
}

fn inject(rack: &mut VirtualRack, handle: u64, psdu: Vec<u8>) {
    let (radio, psdu) = ("radio".to_owned(), Octets(psdu));
    rack.act(&Action::Inject { radio, handle, psdu, fcs: None, wrong_on_purpose: None }).unwrap();
}

fn status_of(handle: u64) -> impl Fn(&Observation) -> bool {
    move |observation| matches!(observation, Observation::TransmitStatus { handle: of, .. } if *of == handle)
}

/// Runs the rack until its stack has a frame, which is handed to it while it is still on the air.
fn until_heard(rack: &mut VirtualRack, stack: &Stack) -> Vec<u8> {
    let begun = Instant::now();
    loop {
        assert!(begun.elapsed() < Duration::from_secs(20), "nothing for the stack");
        if let Some(frame) = stack.received() {
            return frame;
        }
        let _ = rack.next(rack.now() + Duration::from_millis(2)).unwrap();
    }
}

#[rstest]
#[case::zep("zep", "fcs.pcap")]
#[case::openthread("openthread", "thread-join.pcap")]
fn recorded_traffic_comes_onto_the_air(#[case] kind: &'static str, #[case] name: &str) {
    let folder = tempfile::tempdir().unwrap();
    let (mut rack, mut stack) = Stack::new(kind, "addresses = \"learn\"", folder.path());
    let mut file = PcapNg::new("test");
    file.interface(LINKTYPE_IEEE802_15_4_WITHFCS, "air", "the rack's air");
    let is_ack = |frame: &[u8]| frame[0] & 7 == 2;
    let recorded = frames(name);
    for (time, frame) in (0..).zip(&recorded) {
        stack.send(frame);
        // An acknowledgement of nothing that is on the air comes too late.
        if is_ack(frame) {
            continue;
        }
        // Nobody is there who acknowledges: the stack would send it again by itself.
        let heard = on_air(&mut rack);
        assert_eq!(heard[..heard.len() - 2], frame[..frame.len() - 2]);
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

/// A stack that acknowledges itself hears everything, and its own acknowledgement follows the frame on the air as that of a radio.
#[rstest]
#[case::zep("zep")]
#[case::openthread("openthread")]
fn a_stack_s_own_acknowledgement_is_the_proof_of_delivery(#[case] kind: &'static str) {
    let folder = tempfile::tempdir().unwrap();
    let (mut rack, mut stack) = Stack::new(kind, "acknowledges_within_ms = 1000", folder.path());
    stack.send(&fcs(data(1, [0xff; 8], DUT, b"I am here")));
    until(&mut rack, |observation| matches!(observation, Observation::Frame { .. }));
    let for_others = data(7, STRANGER, NEIGHBOUR, b"for others");
    inject(&mut rack, 1, for_others.clone());
    let seen = until(&mut rack, status_of(1));
    assert!(matches!(seen.last(), Some(Observation::TransmitStatus { status: TransmitStatus::NoAck, .. })), "{seen:?}");
    assert_eq!(frames_of(&seen), vec![for_others.clone(); 4]);
    for _ in 0..4 {
        assert_eq!(stack.receive(), fcs(for_others.clone()), "it filters by itself");
    }
    let answer = data(8, DUT, NEIGHBOUR, b"answer");
    inject(&mut rack, 2, answer.clone());
    assert_eq!(until_heard(&mut rack, &stack), fcs(answer.clone()));
    stack.acknowledge(8);
    let seen = until(&mut rack, status_of(2));
    assert!(
        matches!(seen.last(), Some(Observation::TransmitStatus { status: TransmitStatus::Success, .. })),
        "{seen:?}"
    );
    assert_eq!(frames_of(&seen), [answer, vec![2, 0, 8]]);
    assert_eq!(rack.radio("dut").unwrap().own_acknowledgements, Some((1, 0)));
}

/// What the judge takes for an acknowledgement comes less than macAckWaitDuration behind the frame, however slow the stack is.
#[test]
fn a_late_acknowledgement_within_the_window_is_in_time_on_the_air_and_one_behind_it_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let (mut rack, mut stack) = Stack::new("zep", "acknowledges_within_ms = 300", folder.path());
    stack.send(&fcs(data(1, [0xff; 8], DUT, b"I am here")));
    until(&mut rack, |observation| matches!(observation, Observation::Frame { .. }));
    let question = data(9, DUT, NEIGHBOUR, b"question");
    inject(&mut rack, 1, question.clone());
    until_heard(&mut rack, &stack);
    assert_eq!(frames_of(&observations(&mut rack, Duration::from_millis(100))), Vec::<Vec<u8>>::new());
    stack.acknowledge(9);
    let (mut times, mut done) = (Vec::new(), false);
    while !done {
        let until = rack.now() + Duration::from_secs(20);
        match rack.next(until).unwrap().unwrap() {
            Observation::Frame { .. } => times.push(rack.now().0),
            Observation::TransmitStatus { status, .. } => {
                assert_eq!(status, TransmitStatus::Success);
                done = true;
            }
            _ => {}
        }
    }
    assert_eq!(times.len(), 2);
    assert!(times[1] - times[0] < 864_000, "{times:?}");
    // Nobody acknowledges: four times the window, and no more.
    let begun = Instant::now();
    inject(&mut rack, 2, data(10, DUT, NEIGHBOUR, b"again"));
    let seen = until(&mut rack, status_of(2));
    assert!(matches!(seen.last(), Some(Observation::TransmitStatus { status: TransmitStatus::NoAck, .. })), "{seen:?}");
    assert!(begun.elapsed() > Duration::from_millis(1200), "{:?}", begun.elapsed());
    stack.acknowledge(10);
    let seen = observations(&mut rack, Duration::from_millis(100));
    assert_eq!(frames_of(&seen), Vec::<Vec<u8>>::new());
    assert!(
        seen.iter().any(
            |seen| matches!(seen, Observation::Log { line, .. } if line.contains("1 acknowledgements of its stack"))
        ),
        "{seen:?}"
    );
    assert_eq!(rack.radio("dut").unwrap().own_acknowledgements, Some((1, 1)));
}

/// The medium filters and acknowledges for a stack that cannot.
#[rstest]
#[case::zep("zep")]
#[case::openthread("openthread")]
fn the_medium_acknowledges_for_a_stack_that_does_not(#[case] kind: &'static str) {
    let folder = tempfile::tempdir().unwrap();
    let (mut rack, mut stack) = Stack::new(kind, "acknowledges = \"medium\"", folder.path());
    imitate(&mut rack);
    stack.send(&fcs(data(7, NEIGHBOUR, DUT, b"hello")));
    on_air(&mut rack);
    assert_eq!(on_air(&mut rack), fcs(vec![2, 0, 7]));
    rack.next(rack.now() + Duration::from_millis(50)).unwrap();
    assert_eq!(stack.receive(), fcs(vec![2, 0, 7]));
    // From now on it hears what goes to its address.
    let answer = data(8, DUT, NEIGHBOUR, b"answer");
    inject(&mut rack, 1, data(7, STRANGER, NEIGHBOUR, b"for others"));
    inject(&mut rack, 2, answer.clone());
    let seen = until(&mut rack, status_of(2));
    assert!(
        matches!(seen.last(), Some(Observation::TransmitStatus { status: TransmitStatus::Success, .. })),
        "{seen:?}"
    );
    assert_eq!(stack.receive(), fcs(answer));
    assert_eq!(rack.radio("dut").unwrap().own_acknowledgements, None);
}

/// RIOT waits 0.864 ms: it has its acknowledgement before the rack has done anything, if a board of the rack would take the frame for
/// sure; and the air has to bring it there then.
#[test]
fn a_frame_that_is_sure_to_be_taken_is_acknowledged_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let (mut rack, mut stack) = Stack::new("zep", "", folder.path());
    stack.send(&fcs(data(1, NEIGHBOUR, DUT, b"nobody yet")));
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(stack.received(), None, "nobody would take it");
    imitate(&mut rack);
    stack.send(&fcs(data(2, NEIGHBOUR, DUT, b"hello")));
    assert_eq!(stack.receive(), fcs(vec![2, 0, 2]));
    let is_last = |seen: &Observation| matches!(seen, Observation::Frame { psdu, .. } if psdu.0[..3] == [2, 0, 2]);
    let frames = frames_of(&until(&mut rack, is_last));
    // The first is sent once: the stack tries again by itself. Its acknowledgement comes as late as it comes.
    assert_eq!(frames[0], data(1, NEIGHBOUR, DUT, b"nobody yet"));
    assert!(frames.ends_with(&[data(2, NEIGHBOUR, DUT, b"hello"), vec![2, 0, 2]]), "{frames:?}");
    // One that was promised and that the air cannot bring makes the case an error of the rack.
    stack.send(&fcs(data(3, NEIGHBOUR, DUT, b"promised")));
    while stack.receive() != fcs(vec![2, 0, 3]) {}
    rack.act(&Action::Impersonate { radio: "radio".to_owned(), eui64: Vec::new(), pan_id: 0xb007 }).unwrap();
    let seen = until(&mut rack, |seen| matches!(seen, Observation::RackFault { .. }));
    let Some(Observation::RackFault { reason, .. }) = seen.last() else { panic!() };
    assert_eq!(reason, "board `dut`: the air lost a frame that its stack was told had been acknowledged");
}

/// Strangers at the bridge's port, with and without frames, before and after the stack.
#[rstest]
#[case::zep("zep")]
#[case::openthread("openthread")]
fn a_stray_datagram_does_not_become_the_peer(#[case] kind: &'static str) {
    let folder = tempfile::tempdir().unwrap();
    let (mut rack, mut stack) = Stack::new(kind, "", folder.path());
    let stranger = |stack: &Stack| match kind {
        "zep" => UdpSocket::bind("127.0.0.1:0").unwrap(),
        _ => node(stack.medium.port() + 6),
    };
    let other = stranger(&stack);
    other.send_to(b"EXtraordinary", stack.medium).unwrap();
    other.send_to(&[], stack.medium).unwrap();
    assert_eq!(frames_of(&observations(&mut rack, Duration::from_millis(200))), Vec::<Vec<u8>>::new());
    let hello = data(1, [0xff; 8], DUT, b"hello");
    stack.send(&fcs(hello.clone()));
    let seen = until(&mut rack, |observation| matches!(observation, Observation::Frame { .. }));
    assert_eq!(frames_of(&seen), std::slice::from_ref(&hello));
    // Well-formed, and not the stack's.
    let mut liar = Stack { kind, socket: other.try_clone().unwrap(), hears: other.try_clone().unwrap(), ..stack };
    liar.send(&fcs(data(2, [0xff; 8], STRANGER, b"I am the stack")));
    let seen = observations(&mut rack, Duration::from_millis(200));
    assert_eq!(frames_of(&seen), Vec::<Vec<u8>>::new());
    let peer = rack.radio("dut").unwrap().peer.unwrap();
    assert_eq!(peer.strays, 3);
    let mut stack = Stack { kind, socket: stack.socket, hears: stack.hears, ..liar };
    let (address, own) = (peer.address.unwrap().port(), stack.socket.local_addr().unwrap().port());
    assert_eq!(address, own);
    // It still is.
    inject(&mut rack, 1, data(3, DUT, NEIGHBOUR, b"to the stack"));
    loop {
        if until_heard(&mut rack, &stack) == fcs(data(3, DUT, NEIGHBOUR, b"to the stack")) {
            break;
        }
    }
    stack.acknowledge(3);
    let seen = until(&mut rack, status_of(1));
    assert!(
        matches!(seen.last(), Some(Observation::TransmitStatus { status: TransmitStatus::Success, .. })),
        "{seen:?}"
    );
    if kind == "zep" {
        other.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
        assert!(other.recv_from(&mut [0; 256]).is_err(), "nothing goes to the stranger");
    }
}

/// A node of another simulation, that somebody started by hand or another run has: neither hears the other.
#[test]
fn two_racks_never_share_an_air() {
    let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (mut first, mut stack) = Stack::new("openthread", "", one.path());
    let (mut second, medium) = Stack::rack("openthread", "", "", other.path());
    assert_ne!(stack.medium.port(), medium.port());
    stack.send(&fcs(data(1, [0xff; 8], DUT, b"hello")));
    until(&mut first, |observation| matches!(observation, Observation::Frame { .. }));
    assert_eq!(frames_of(&observations(&mut second, Duration::from_millis(300))), Vec::<Vec<u8>>::new());
    assert_eq!(second.radio("dut").unwrap().peer.unwrap().strays, 0);
}

/// A device that sends by another address than the rack's is told; where the testbed says so the rack learns it first.
#[rstest]
#[case::told("", None)]
#[case::of_file("eui64 = \"70b3d5b007000001\"", None)]
#[case::learnt("addresses = \"learn\"", Some("0200000000000009"))]
fn another_address_is_told_or_learnt(#[case] keys: &str, #[case] learnt: Option<&str>) {
    let folder = tempfile::tempdir().unwrap();
    let (mut rack, mut stack) = Stack::new("zep", keys, folder.path());
    stack.send(&fcs(data(1, [0xff; 8], STRANGER, b"hello")));
    let seen = until(&mut rack, |observation| matches!(observation, Observation::Frame { .. }));
    let fault = seen.iter().find_map(|observation| match observation {
        Observation::RackFault { reason, .. } => Some(reason.clone()),
        _ => None,
    });
    let address = seen.iter().find_map(|observation| match observation {
        Observation::Address { board, eui64, short: None, by } if board == "dut" && by == "radio" => eui64.clone(),
        _ => None,
    });
    assert_eq!(address.as_deref(), learnt, "before the frame");
    match (fault, learnt) {
        (None, Some(_)) => {}
        (Some(fault), None) => {
            let says = if keys.is_empty() { "the rack gave it" } else { "the testbed file says" };
            let told = format!("sends as 0200000000000009 by its radio (radio = \"zep\"), and {says} 70b3d5b007000001");
            assert!(fault.contains(&told), "{fault}");
        }
        other => panic!("{other:?}"),
    }
    // From its short address too.
    let short = [&[0x41, 0x88, 5, 0x07, 0xb0, 0xff, 0xff, 0x34, 0x12][..], b"hello"].concat();
    stack.send(&fcs(short));
    let seen = until(&mut rack, |observation| matches!(observation, Observation::Frame { .. }));
    let short = seen
        .iter()
        .any(|observation| matches!(observation, Observation::Address { short: Some(short), .. } if short == "0x1234"));
    assert_eq!(short, learnt.is_some(), "{seen:?}");
}

/// Nobody is another board, whatever may be learnt.
#[test]
fn the_address_of_another_board_is_never_learnt() {
    let folder = tempfile::tempdir().unwrap();
    let text = format!(
        "name = \"t\"\nbackend = \"mixed\"\n[[board]]\nname = \"dut\"\nexec = [\"sh\", \"-c\", \"echo $BOOTRACK_ZEP > {0}; sleep 100\"]\nradio = \"zep\"\naddresses = \"learn\"\n",
        folder.path().join("told").display()
    );
    let testbed = Testbed::load(&Source { name: "t".to_owned(), text }).unwrap();
    let boards = vec![
        BoardRequest { name: "dut", attachment: Attachment::Board { is_at_backbone: false } },
        BoardRequest { name: "lbr", attachment: Attachment::Board { is_at_backbone: true } },
    ];
    let (device, channel, loss_percent, seed) = (Device::Reference, 11, 0, [7; 32]);
    let request = RackRequest { boards, links: &[(0, 1)], device, channel, loss_percent, seed };
    let mut rack = testbed.rack_for(&request).unwrap();
    rack.act(&Action::Power { board: "dut".to_owned(), on: true }).unwrap();
    let told = || std::fs::read_to_string(folder.path().join("told")).ok()?.trim().parse::<SocketAddrV4>().ok();
    let begun = Instant::now();
    while told().is_none() && begun.elapsed() < Duration::from_secs(20) {
        rack.next(rack.now() + Duration::from_millis(10)).unwrap();
    }
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let (kind, hears) = ("zep", socket.try_clone().unwrap());
    let mut stack = Stack { kind, socket, hears, medium: told().unwrap(), number: 0 };
    let lbr = [2, 0, 0, 7, 0xb0, 0xd5, 0xb3, 0x70];
    stack.send(&fcs(data(1, [0xff; 8], lbr, b"hello")));
    let seen = until(&mut rack, |observation| matches!(observation, Observation::RackFault { .. }));
    let Some(Observation::RackFault { reason, .. }) = seen.last() else { panic!() };
    assert!(
        reason.contains("sends as 70b3d5b007000002") && reason.contains("that is the address of `lbr`"),
        "{reason}"
    );
    assert!(!seen.iter().any(|seen| matches!(seen, Observation::Address { .. })));
}

/// A radio that is not there when the stack runs loses the board: at once if it was there, else after ten seconds.
#[rstest]
#[case::zep_never("zep", false)]
#[case::openthread_never("openthread", false)]
#[case::zep_gone("zep", true)]
#[case::openthread_gone("openthread", true)]
fn a_radio_that_is_not_there_loses_the_board(#[case] kind: &'static str, #[case] was_there: bool) {
    let folder = tempfile::tempdir().unwrap();
    let go = folder.path().join("go");
    let runs = format!("until [ -e {} ]; do sleep 0.02; done; echo '! booted t=0 state=installed'", go.display());
    let begun = Instant::now();
    let has_booted = |observation: &Observation| matches!(observation, Observation::UpperTester { .. });
    let (mut rack, reason) = if was_there {
        let (mut rack, mut stack) = Stack::saying(kind, "", &runs, folder.path());
        std::fs::write(&go, "").unwrap();
        until(&mut rack, has_booted);
        stack.send(&fcs(data(1, [0xff; 8], DUT, b"hello")));
        until(&mut rack, |observation| matches!(observation, Observation::Frame { .. }));
        drop(stack);
        (rack, format!("its radio (radio = \"{kind}\") is gone: its stack is gone: nobody is at 127.0.0.1:"))
    } else {
        let (mut rack, _) = Stack::rack(kind, "", &runs, folder.path());
        std::fs::write(&go, "").unwrap();
        until(&mut rack, has_booted);
        (rack, format!("its radio (radio = \"{kind}\") is not connected after 10s: no "))
    };
    // Whoever waits for less is told before its time is over.
    let wait = rack.now() + Duration::from_millis(1);
    let lost = loop {
        match rack.next(wait).unwrap() {
            Some(Observation::BoardLost { reason, .. }) => break reason,
            Some(_) => {}
            None => panic!("the time is over, and nobody has said that the radio is not there"),
        }
    };
    assert!(lost.starts_with(&reason), "{lost}");
    assert!(begun.elapsed() < Duration::from_secs(25), "{:?}", begun.elapsed());
}
