//! Reference devices on the virtual rack: they find each other, exchange frames that the sniffer hears, reach the
//! backbone, and keep their store over resets and power cuts.

extern crate bootrack_testbeds as testbeds;

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;
use std::time::Duration;

use protocols::time::Instant;
use record::event::{Action, EVENTS_SCHEMA, Event, Key, Observation, What};
use record::manifest::{Named, RUN_SCHEMA};
use record::{Bundle, Capture, Octets, RunManifest};
use testbeds::testbed::Device;
use testbeds::{Attachment, BoardRequest, Rack, RackRequest, Testbed, VirtualRack, eui64_of};
use wire::Eui64;
use wire::ieee802154::{Mpdu, check_fcs};
use wire::ipv6::Packet;
use wire::upper_tester::{Arguments, Line, Outcome};

const KEY: &str = "000102030405060708090a0b0c0d0e0f";

/// `line: ct lbr dut`, on links that lose one frame in twenty.
fn rack(seed: u8) -> VirtualRack {
    let mut testbed = Testbed::load(&Testbed::built_in()).unwrap();
    testbed.medium.delivery = 0.95;
    let board = |name, attachment| BoardRequest { name, attachment };
    let request = RackRequest {
        boards: vec![
            board("ct", Attachment::Port),
            board("lbr", Attachment::Board { is_at_backbone: true }),
            board("dut", Attachment::Board { is_at_backbone: false }),
        ],
        links: &[(0, 1), (1, 2)],
        device: Device::Reference,
        channel: 17,
        loss_percent: 0,
        seed: [seed; 32],
    };
    testbed.rack_for(&request).unwrap()
}

struct Session {
    rack: VirtualRack,
    seq: u32,
    seen: Vec<(u64, Observation)>,
}

impl Session {
    fn new(seed: u8) -> Self {
        let mut session = Self { rack: rack(seed), seq: 0, seen: Vec::new() };
        for board in ["lbr", "dut"] {
            session.power(board, true);
        }
        session.run(Duration::from_millis(200));
        session
    }

    fn power(&mut self, board: &str, on: bool) {
        self.rack.act(&Action::Power { board: board.into(), on }).unwrap();
    }

    fn run(&mut self, time: Duration) {
        let until = self.rack.now() + time;
        while let Some(observation) = self.rack.next(until).unwrap() {
            assert!(
                !matches!(
                    observation,
                    Observation::BoardLost { .. } | Observation::Crashed { .. } | Observation::TesterFault { .. }
                ),
                "{observation:?}"
            );
            self.seen.push((self.rack.now().0, observation));
        }
    }

    fn ask(&mut self, board: &str, command: &str) -> Arguments {
        self.seq += 1;
        let line = format!("> {} {command}", self.seq);
        self.rack.act(&Action::UpperTester { board: board.into(), line }).unwrap();
        let from = self.seen.len();
        self.run(Duration::from_millis(50));
        let answer = self.seen[from..].iter().find_map(|(_, observation)| match observation {
            Observation::UpperTester { board: there, line } if there == board => match Line::parse(line) {
                Ok(Line::Answer(answer)) if answer.seq == self.seq => Some(answer.outcome),
                _ => None,
            },
            _ => None,
        });
        match answer {
            Some(Outcome::Ok(arguments)) => arguments,
            other => panic!("{board}: {command}: {other:?}"),
        }
    }

    fn install(&mut self, board: &str, role: &str) {
        self.ask(board, "manufacture anchor=psk psk=00112233445566778899aabbccddeeff");
        let parent = if role == "6lr" { format!(" parent={}", eui64_of(1)) } else { String::new() };
        self.ask(board, &format!("install role={role} channel=17 pan_id=0xb007 ct=fd00:c0::c7{parent}"));
    }

    fn events(&self, board: &str, name: &str) -> usize {
        let named = |line: &String| matches!(Line::parse(line), Ok(Line::Event(event)) if event.name == name);
        let is = |(_, observation): &&(u64, Observation)| matches!(observation, Observation::UpperTester { board: there, line } if there == board && named(line));
        self.seen.iter().filter(is).count()
    }

    /// Senders of data frames that the sniffer heard, and whether the frames were secured.
    fn senders(&self) -> BTreeSet<(Eui64, bool)> {
        let sender = |(_, observation): &(u64, Observation)| match observation {
            Observation::Frame { psdu, channel: 17, .. } => {
                let mpdu = Mpdu::parse(check_fcs(&psdu.0).expect("every frame of a device has a right FCS")).unwrap();
                mpdu.header().source.extended().map(|sender| (sender, matches!(mpdu, Mpdu::Secured(_))))
            }
            Observation::Frame { .. } => panic!("a frame on another channel: {observation:?}"),
            _ => None,
        };
        self.seen.iter().filter_map(sender).collect()
    }
}

#[test]
fn a_joining_device_finds_the_border_router_and_its_request_reaches_the_commissioning_tool() {
    let mut session = Session::new(1);
    session.install("lbr", "6lbr");
    session.ask("lbr", &format!("provision key={KEY} index=1 level=5"));
    session.install("dut", "6lr");
    for board in ["lbr", "dut"] {
        session.ask(board, "start");
    }
    session.run(Duration::from_secs(20));
    assert!(session.events("dut", "jsr_sent") >= 1);
    let senders = session.senders();
    assert!(senders.contains(&(eui64_of(1), false)) && senders.contains(&(eui64_of(2), false)), "{senders:?}");
    let request = session.seen.iter().find_map(|(_, observation)| match observation {
        Observation::Backbone { port, packet } if port == "ct" => Packet::parse(&packet.0).ok(),
        _ => None,
    });
    let request = request.expect("a packet at the backbone port");
    assert_eq!(request.header.destination, "fd00:c0::c7".parse::<std::net::Ipv6Addr>().unwrap());
    assert_eq!(request.payload[..2], [200, 1], "a JSR");
    assert!(session.rack.counters().air.deliveries > 10, "{:?}", session.rack.counters());
    assert!(session.rack.counters().air.lost > 0, "{:?}", session.rack.counters());
}

#[test]
fn what_a_device_stored_outlives_reset_and_power_cut_and_nothing_else_does() {
    let mut session = Session::new(2);
    session.install("dut", "6lr");
    session.ask("dut", &format!("provision key={KEY} index=1 level=5"));
    let reset = Action::Reset { board: "dut".into() };
    session.rack.act(&reset).unwrap();
    session.run(Duration::from_millis(300));
    assert_eq!(session.ask("dut", "status").get("secured"), Some("1"));
    session.power("dut", false);
    session.run(Duration::from_secs(5));
    assert!(session.rack.store_writes("dut").unwrap() >= 3, "anchor, site and key");
    session.power("dut", true);
    session.run(Duration::from_millis(300));
    assert_eq!(session.ask("dut", "status").get("secured"), Some("1"));
    assert_eq!(session.ask("lbr", "status").get("state"), Some("factory"), "the other board has a store of its own");
    session.ask("dut", "factory_reset");
    session.run(Duration::from_millis(5000));
    assert_eq!(session.ask("dut", "status").get("state"), Some("factory"));
    assert!(session.events("dut", "booted") >= 4);
}

#[test]
fn secured_devices_speak_secured_and_the_same_seed_gives_the_same_octets() {
    let story = |seed| {
        let mut session = Session::new(seed);
        for (board, role) in [("lbr", "6lbr"), ("dut", "6lr")] {
            session.install(board, role);
            session.ask(board, &format!("provision key={KEY} index=1 level=5"));
            session.ask(board, "start");
        }
        session.run(Duration::from_secs(30));
        session
    };
    let first = story(3);
    let senders = first.senders();
    assert!(senders.contains(&(eui64_of(1), true)) && senders.contains(&(eui64_of(2), true)), "{senders:?}");
    assert!(first.events("dut", "link_secured") >= 1);
    assert!(first.events("lbr", "link_secured") >= 1);
    assert_eq!(first.seen, story(3).seen);
    assert_ne!(first.seen, story(4).seen);
}

#[test]
fn tshark_finds_no_fault_in_what_the_sniffer_heard() {
    if Command::new("tshark").arg("--version").output().is_err() {
        assert!(std::env::var_os("CI").is_none(), "tshark is needed in CI");
        eprintln!("skipped: tshark is not installed");
        return;
    }
    let mut session = Session::new(6);
    for (board, role) in [("lbr", "6lbr"), ("dut", "6lr")] {
        session.install(board, role);
        session.ask(board, &format!("provision key={KEY} index=1 level=5"));
        session.ask(board, "start");
    }
    session.run(Duration::from_secs(10));
    let to = wire::ipv6::with_interface_identifier("fd00:b007::".parse().unwrap(), eui64_of(1).interface_identifier());
    session.ask("dut", &format!("echo dest={to} size=200"));
    session.run(Duration::from_secs(2));
    assert_eq!(session.events("dut", "echo_reply"), 1, "an echo of several fragments over a link that loses frames");

    let mut log =
        vec![(0, What::CaseStarted { schema: EVENTS_SCHEMA.into(), case: "A-01".into(), seed: Octets(vec![6; 32]) })];
    log.push((0, What::KeyLearnt(Key::Link { index: 1, key: Octets(hex::decode(KEY).unwrap()) })));
    log.extend(session.seen.into_iter().map(|(t, observation)| (t, What::Observation(observation))));
    let events: Vec<Event> = (1..).zip(log).map(|(n, (t, what))| Event { n, t, what }).collect();
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    Bundle::create(&run, &manifest(), &serde_json::json!([])).unwrap();
    std::fs::write(run.join("wireshark/ieee802154_keys"), format!("\"{KEY}\",\"1\",\"No hash\"\n")).unwrap();
    std::fs::write(run.join("capture.pcapng"), Capture::of_events(&events).to_bytes()).unwrap();
    let tshark = |filter: &str| {
        let output = Command::new("tshark")
            .current_dir(&run)
            .env("WIRESHARK_CONFIG_DIR", "wireshark")
            .args(["-r", "capture.pcapng", "-Y", filter])
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    assert_eq!(tshark("_ws.malformed || wpan.fcs_ok == 0"), "");
    assert_eq!(tshark("icmpv6.checksum.status == 0"), "", "checksums are right");
    assert!(tshark("icmpv6.type == 128 && wpan.security == 1").contains("fd00:b007::"), "a secured echo, decrypted");
    assert!(tshark("6lowpan.frag.size").lines().count() >= 4, "in fragments");
    assert!(tshark("wpan.frame_type == 2").lines().count() > 4, "acknowledgements are on air");
}

fn manifest() -> RunManifest {
    let named = || Named { name: "none".into(), sha256: String::new() };
    RunManifest {
        schema: RUN_SCHEMA.into(),
        id: "r".into(),
        started: "2026-11-20T19:00:00Z".into(),
        wall_seconds: None,
        version: "0".into(),
        command: Vec::new(),
        seed: 6,
        testbed: named(),
        suites: Vec::new(),
        pics: named(),
        pixit: named(),
        pics_values: BTreeMap::new(),
        pixit_values: BTreeMap::new(),
        device: BTreeMap::new(),
        tested: "the reference device on the virtual rack".to_owned(),
        mutant: None,
        fake: None,
        identity: BTreeMap::new(),
        warnings: Vec::new(),
        cases: Vec::new(),
    }
}

#[test]
fn an_hour_of_virtual_time_ends() {
    let mut session = Session::new(5);
    session.install("lbr", "6lbr");
    session.ask("lbr", "start");
    session.run(Duration::from_secs(3600));
    assert!(session.rack.now() >= Instant::ZERO + Duration::from_secs(3600));
    assert!(
        session.rack.counters().events < 1_000_000,
        "no board keeps the rack spinning: {:?}",
        session.rack.counters()
    );
}
