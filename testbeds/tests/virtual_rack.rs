//! The virtual rack as the engine sees it: power, serial line, tester radios, sniffer, backbone, fakes, and that it
//! repeats itself.

extern crate bootrack_testbeds as testbeds;

use std::time::Duration;

use protocols::time::Instant;
use record::Octets;
use record::event::{Action, Observation, TransmitStatus};
use testbeds::connection::Connections;
use testbeds::virtual_rack::{
    Backbone, BoardKind, BuildError, ConfigError, Link, Position, Sniffer, Timing, VirtualBoard,
};
use testbeds::{Fake, Rack, RackError, VirtualConfig, VirtualRack, eui64_of};
use wire::ieee802154::{Address, Content, Frame, Header, LinkAddress, PanId, check_fcs};
use wire::upper_tester::{Line, Outcome};

type Seen = Vec<(u64, Observation)>;

fn config(boards: &[(&str, BoardKind)], links: &[(&str, &str)]) -> VirtualConfig {
    let board = |(name, kind): &(&str, BoardKind)| VirtualBoard { name: (*name).to_owned(), kind: *kind };
    let link = |(a, b): &(&str, &str)| Link { a: (*a).into(), b: (*b).into(), delivery: 1.0, rssi_dbm: -60 };
    VirtualConfig {
        boards: boards.iter().map(board).collect(),
        links: links.iter().map(link).collect(),
        sniffer: Sniffer { name: "sniffer".into(), position: Position::Everywhere, channel: None, loss_percent: 0 },
        backbone: None,
        channel: 26,
        pan_id: 0xb007,
        timing: Timing::default(),
        seed: [1; 32],
        connections: Connections::new(),
        operator: None,
    }
}

fn firmware(n: usize) -> BoardKind {
    BoardKind::Firmware { eui64: eui64_of(n), mutant: None, variant: None }
}

fn fake(fake: Fake) -> VirtualConfig {
    config(&[("dut", BoardKind::Fake(fake, eui64_of(0))), ("tester", BoardKind::TesterRadio)], &[("dut", "tester")])
}

fn run(rack: &mut VirtualRack, until: Duration) -> Seen {
    let until = Instant::ZERO + until;
    let mut seen = Vec::new();
    while let Some(observation) = rack.next(until).unwrap() {
        seen.push((rack.now().0, observation));
    }
    assert_eq!(rack.now(), until.max(rack.now()));
    seen
}

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn power(rack: &mut VirtualRack, board: &str, on: bool) {
    rack.act(&Action::Power { board: board.into(), on }).unwrap();
}

fn say(rack: &mut VirtualRack, board: &str, line: &str) {
    rack.act(&Action::UpperTester { board: board.into(), line: line.into() }).unwrap();
}

fn answers(seen: &Seen) -> Vec<(u64, String)> {
    let answer = |(at, observation): &(u64, Observation)| match observation {
        Observation::UpperTester { line, .. } if line.starts_with('<') => Some((*at, line.clone())),
        _ => None,
    };
    seen.iter().filter_map(answer).collect()
}

/// The answer to one request to a board that is up.
fn ask(rack: &mut VirtualRack, board: &str, request: &str) -> Option<Outcome> {
    say(rack, board, request);
    let until = Duration::from_nanos(rack.now().0) + ms(20);
    let seq: u32 = request.split(' ').nth(1).unwrap().parse().unwrap();
    run(rack, until).iter().find_map(|(_, observation)| match observation {
        Observation::UpperTester { line, .. } => match Line::parse(line) {
            Ok(Line::Answer(answer)) if answer.seq == seq => Some(answer.outcome),
            _ => None,
        },
        _ => None,
    })
}

/// Frames that the sniffer heard; acknowledgements have 5 octets.
fn frames(seen: &Seen) -> Vec<(u64, Vec<u8>)> {
    let frame = |(at, observation): &(u64, Observation)| match observation {
        Observation::Frame { psdu, .. } => Some((*at, psdu.0.clone())),
        _ => None,
    };
    seen.iter().filter_map(frame).collect()
}

fn data(from: usize, to: usize, number: u8) -> Vec<u8> {
    let address = |n| Address::new(PanId(0xb007), LinkAddress::Extended(eui64_of(n)));
    let mut header = Header::new(address(to), address(from), number);
    header.ack_request = true;
    Frame::new(header, Content::Data(vec![0x3f, number])).to_vec().unwrap()
}

fn inject(rack: &mut VirtualRack, radio: &str, handle: u64, psdu: Vec<u8>, fcs: Option<u16>) {
    let (radio, psdu) = (radio.to_owned(), Octets(psdu));
    rack.act(&Action::Inject { radio, handle, psdu, fcs, wrong_on_purpose: None }).unwrap();
}

fn impersonate(rack: &mut VirtualRack, radio: &str, n: usize) {
    let eui64 = vec![eui64_of(n).to_string()];
    rack.act(&Action::Impersonate { radio: radio.to_owned(), eui64, pan_id: 0xb007 }).unwrap();
}

fn statuses(seen: &Seen) -> Vec<(u64, TransmitStatus)> {
    let status = |(_, observation): &(u64, Observation)| match observation {
        Observation::TransmitStatus { handle, status, .. } => Some((*handle, *status)),
        _ => None,
    };
    seen.iter().filter_map(status).collect()
}

fn received_by(seen: &Seen, name: &str) -> Vec<Vec<u8>> {
    let received = |(_, observation): &(u64, Observation)| match observation {
        Observation::Received { radio, psdu, .. } if radio == name => Some(psdu.0.clone()),
        _ => None,
    };
    seen.iter().filter_map(received).collect()
}

#[test]
fn a_board_answers_after_its_boot_delay_and_both_ways_of_the_serial_line() {
    let mut rack = VirtualRack::new(config(&[("dut", firmware(0))], &[])).unwrap();
    say(&mut rack, "dut", "> 1 ping");
    assert_eq!(answers(&run(&mut rack, ms(100))), [], "without power");
    power(&mut rack, "dut", true);
    run(&mut rack, ms(140));
    say(&mut rack, "dut", "> 2 ping");
    assert_eq!(answers(&run(&mut rack, ms(149))), [], "while it boots the line is deaf");
    run(&mut rack, ms(150));
    say(&mut rack, "dut", "> 3 ping");
    let answers = answers(&run(&mut rack, ms(400)));
    assert_eq!(answers.len(), 1);
    assert_eq!(answers[0].0, ms(152).as_nanos() as u64);
    assert!(answers[0].1.starts_with("< 3 ok"), "{answers:?}");
    power(&mut rack, "dut", false);
    say(&mut rack, "dut", "> 4 ping");
    assert_eq!(run(&mut rack, ms(900)), [], "a board without power says nothing");
}

#[test]
fn a_reset_boots_anew_and_only_where_there_is_power() {
    let mut rack = VirtualRack::new(config(&[("dut", firmware(0))], &[])).unwrap();
    let reset = Action::Reset { board: "dut".into() };
    rack.act(&reset).unwrap();
    say(&mut rack, "dut", "> 1 ping");
    assert_eq!(run(&mut rack, ms(100)), []);
    power(&mut rack, "dut", true);
    run(&mut rack, ms(200));
    assert!(ask(&mut rack, "dut", "> 2 ping").is_some());
    rack.act(&reset).unwrap();
    assert!(ask(&mut rack, "dut", "> 3 ping").is_none(), "it boots");
    run(&mut rack, ms(400));
    assert!(ask(&mut rack, "dut", "> 4 ping").is_some());
}

#[test]
fn names_and_abilities_are_checked_and_told() {
    let mut backbone = config(&[("dut", firmware(0)), ("tester", BoardKind::TesterRadio)], &[]);
    backbone.backbone =
        Some(Backbone { ports: vec!["ct".into()], boards: vec!["dut".into()], latency: Duration::from_millis(1) });
    let mut rack = VirtualRack::new(backbone).unwrap();
    let dut = rack.capabilities("dut").unwrap();
    assert!(dut.power && dut.reset && dut.upper_tester && !dut.inject && !dut.sniff && !dut.backbone);
    let tester = rack.capabilities("tester").unwrap();
    assert!(tester.inject && !tester.power && !tester.upper_tester);
    assert!(rack.capabilities("sniffer").unwrap().sniff);
    assert!(rack.capabilities("ct").unwrap().backbone);
    assert_eq!(rack.capabilities("nobody"), None);
    assert_eq!(rack.eui64("dut"), Some(eui64_of(0)));

    let mut refused = |action: Action| rack.act(&action).unwrap_err().to_string();
    assert_eq!(refused(Action::Power { board: "nobody".into(), on: true }), "the rack has no `nobody`");
    assert_eq!(refused(Action::Power { board: "tester".into(), on: true }), "`tester` cannot be switched");
    assert_eq!(refused(Action::Reset { board: "tester".into() }), "`tester` cannot be reset");
    let line = Action::UpperTester { board: "tester".into(), line: "> 1 ping".into() };
    assert_eq!(refused(line), "`tester` cannot speak UT/1");
    let frame = |radio: &str, length| Action::Inject {
        radio: radio.into(),
        handle: 1,
        psdu: Octets(vec![0; length]),
        fcs: None,
        wrong_on_purpose: None,
    };
    assert_eq!(refused(frame("dut", 5)), "`dut` cannot inject frames");
    assert!(refused(frame("tester", 126)).contains("more than 127 octets"));
    let packet = Action::Backbone { port: "internet".into(), packet: Octets(vec![0x60]), wrong_on_purpose: None };
    assert_eq!(refused(packet), "the rack has no `internet`");
    let eui64 = vec!["zz".into()];
    let error = rack.act(&Action::Impersonate { radio: "tester".into(), eui64, pan_id: 1 }).unwrap_err();
    assert!(matches!(error, RackError::Broken { .. }), "{error}");
}

#[test]
fn a_configuration_that_makes_no_rack_is_refused() {
    let refused = |config| match VirtualRack::new(config).map(|_| ()) {
        Err(BuildError::Config(error)) => error,
        other => panic!("{other:?}"),
    };
    let two = [("a", firmware(0)), ("b", firmware(1))];
    assert_eq!(refused(config(&[two[0], two[0]], &[])), ConfigError::DuplicateName("a".into()));
    let same = [("a", firmware(0)), ("b", firmware(0))];
    assert_eq!(refused(config(&same, &[])), ConfigError::DuplicateEui64("a".into(), "b".into()));
    assert!(matches!(refused(config(&two, &[("a", "c")])), ConfigError::UnknownBoard { place: "a link", .. }));
    assert_eq!(refused(config(&two, &[("a", "a")])), ConfigError::LinkToItself("a".into()));
    let twice = config(&two, &[("a", "b"), ("b", "a")]);
    assert_eq!(refused(twice), ConfigError::DuplicateLink("b".into(), "a".into()));
    for delivery in [-0.1, 1.1, f64::NAN] {
        let mut wrong = config(&two, &[("a", "b")]);
        wrong.links[0].delivery = delivery;
        assert!(matches!(refused(wrong), ConfigError::Delivery { .. }));
    }
    let mut wrong = config(&two, &[]);
    wrong.sniffer.position = Position::Beside("c".into());
    assert!(matches!(refused(wrong), ConfigError::UnknownBoard { place: "the sniffer's position", .. }));
    let mut wrong = config(&two, &[]);
    wrong.channel = 10;
    assert_eq!(refused(wrong), ConfigError::Channel(10));
}

#[test]
fn tester_radios_send_imitate_and_hear_everything() {
    let boards = [("t1", BoardKind::TesterRadio), ("t2", BoardKind::TesterRadio), ("t3", BoardKind::TesterRadio)];
    let mut rack = VirtualRack::new(config(&boards, &[("t1", "t2"), ("t1", "t3")])).unwrap();
    inject(&mut rack, "t1", 41, data(8, 9, 1), None);
    let seen = run(&mut rack, ms(100));
    assert_eq!(statuses(&seen), [(41, TransmitStatus::NoAck)], "nobody is 9 yet");
    assert_eq!(frames(&seen).len(), 4);
    impersonate(&mut rack, "t2", 9);
    inject(&mut rack, "t1", 42, data(8, 9, 2), None);
    let seen = run(&mut rack, ms(200));
    assert_eq!(statuses(&seen), [(42, TransmitStatus::Success)]);
    assert_eq!(received_by(&seen, "t2"), [data(8, 9, 2)], "without FCS");
    assert_eq!(received_by(&seen, "t3"), [data(8, 9, 2)], "not addressed to it, heard all the same");
    assert_eq!(received_by(&seen, "t1"), [vec![0x02, 0, 2]], "the acknowledgement, too");
    let air = frames(&seen);
    assert_eq!(air.len(), 2);
    assert!(air.iter().all(|(_, psdu)| check_fcs(psdu).is_ok()));
    assert_eq!(air[1].0 - air[0].0, (192 + 11 * 32) * 1000);
}

#[test]
fn a_given_fcs_goes_on_air_as_it_is() {
    let boards = [("t1", BoardKind::TesterRadio), ("t2", BoardKind::TesterRadio)];
    let mut rack = VirtualRack::new(config(&boards, &[("t1", "t2")])).unwrap();
    impersonate(&mut rack, "t2", 9);
    inject(&mut rack, "t1", 1, data(8, 9, 2), Some(0xdead));
    let seen = run(&mut rack, ms(200));
    assert_eq!(statuses(&seen), [(1, TransmitStatus::NoAck)]);
    assert_eq!(received_by(&seen, "t2"), Vec::<Vec<u8>>::new());
    let air = frames(&seen);
    assert_eq!(air.len(), 4);
    assert!(air.iter().all(|(_, psdu)| psdu.ends_with(&[0xad, 0xde])));
    assert_eq!(rack.counters().air.bad_fcs, 4);
}

#[test]
fn a_sniffer_beside_a_board_hears_what_the_board_hears_and_the_board() {
    let boards = [("t1", BoardKind::TesterRadio), ("t2", BoardKind::TesterRadio), ("far", BoardKind::TesterRadio)];
    let mut beside = config(&boards, &[("t1", "t2"), ("t1", "far")]);
    beside.sniffer.position = Position::Beside("t2".into());
    let mut rack = VirtualRack::new(beside).unwrap();
    inject(&mut rack, "far", 1, vec![0x01, 0x08, 1, 0xff, 0xff, 0xff, 0xff, 1], None);
    assert_eq!(frames(&run(&mut rack, ms(50))).len(), 0);
    inject(&mut rack, "t1", 2, vec![0x01, 0x08, 2, 0xff, 0xff, 0xff, 0xff, 1], None);
    inject(&mut rack, "t2", 3, vec![0x01, 0x08, 3, 0xff, 0xff, 0xff, 0xff, 1], None);
    let seen = run(&mut rack, ms(100));
    let heard: Vec<(u8, i8)> = seen
        .iter()
        .filter_map(|(_, observation)| match observation {
            Observation::Frame { psdu, rssi_dbm, channel: 26, .. } => Some((psdu.0[2], *rssi_dbm)),
            _ => None,
        })
        .collect();
    assert_eq!(heard.len(), 2);
    assert!(heard.contains(&(2, -60)) && heard.contains(&(3, -30)), "{heard:?}");
}

#[test]
fn a_sniffer_on_another_channel_hears_nothing() {
    let mut deaf = config(&[("t1", BoardKind::TesterRadio)], &[]);
    deaf.sniffer.channel = Some(11);
    let mut rack = VirtualRack::new(deaf).unwrap();
    inject(&mut rack, "t1", 2, vec![0x01, 0x08, 2, 0xff, 0xff, 0xff, 0xff, 1], None);
    assert_eq!(frames(&run(&mut rack, ms(100))).len(), 0);
    assert_eq!(rack.counters().air.frames, 1);
}

#[test]
fn the_backbone_carries_packets_to_every_other_port_after_its_latency() {
    let mut wired = config(&[("lbr", firmware(0))], &[]);
    let (ports, boards) = (vec!["ct".to_owned(), "probe".to_owned()], vec!["lbr".to_owned()]);
    wired.backbone = Some(Backbone { ports, boards, latency: Duration::from_micros(700) });
    let mut rack = VirtualRack::new(wired).unwrap();
    run(&mut rack, ms(10));
    let packet = Octets(vec![0x60; 48]);
    rack.act(&Action::Backbone { port: "ct".into(), packet: packet.clone(), wrong_on_purpose: None }).unwrap();
    let seen = run(&mut rack, ms(100));
    assert_eq!(seen, [(10_700_000, Observation::Backbone { port: "probe".into(), packet })]);
}

#[test]
fn next_stops_at_until_and_never_goes_back() {
    let mut rack = VirtualRack::new(config(&[("dut", firmware(0))], &[])).unwrap();
    assert_eq!(rack.next(Instant(5)).unwrap(), None);
    assert_eq!(rack.now(), Instant(5));
    assert_eq!(rack.next(Instant(3)).unwrap(), None);
    assert_eq!(rack.now(), Instant(5));
}

#[test]
fn the_dead_never_say_a_thing() {
    let mut rack = VirtualRack::new(fake(Fake::Dead)).unwrap();
    power(&mut rack, "dut", true);
    run(&mut rack, ms(100));
    say(&mut rack, "dut", "> 1 hello nonce=00");
    inject(&mut rack, "tester", 1, data(9, 0, 1), None);
    let seen = run(&mut rack, ms(60_000));
    assert_eq!(answers(&seen), []);
    assert_eq!(statuses(&seen), [(1, TransmitStatus::NoAck)]);
    assert_eq!(seen.len(), 4 + 1, "the tester's own frames and their status");
}

#[test]
fn the_refusing_greet_acknowledge_and_refuse() {
    let mut rack = VirtualRack::new(fake(Fake::Refusing)).unwrap();
    power(&mut rack, "dut", true);
    run(&mut rack, ms(100));
    let Some(Outcome::Ok(hello)) = ask(&mut rack, "dut", "> 1 hello nonce=c0ffee") else { panic!("no hello") };
    assert_eq!((hello.get("nonce"), hello.get("protocol")), (Some("c0ffee"), Some("UT/1")));
    assert_eq!(hello.get("eui64"), Some(eui64_of(0).to_string().as_str()));
    for request in ["> 2 status", "> 3 ping", "> 4 start", "> 5 manufacture anchor=psk psk=xx"] {
        let outcome = ask(&mut rack, "dut", request);
        let refused = Outcome::Error(wire::upper_tester::ErrorCode::Other("refused".into()));
        assert_eq!(outcome, Some(refused), "{request}");
    }
    assert_eq!(ask(&mut rack, "dut", "> 6 fly"), Some(Outcome::Unimplemented));
    inject(&mut rack, "tester", 1, data(9, 0, 1), None);
    let seen = run(&mut rack, ms(60_000));
    assert_eq!(statuses(&seen), [(1, TransmitStatus::Success)]);
    assert_eq!(frames(&seen).len(), 2, "the frame and its acknowledgement");
}

#[test]
fn the_liar_tells_of_a_bootstrap_that_nobody_hears() {
    let mut rack = VirtualRack::new(fake(Fake::Liar)).unwrap();
    power(&mut rack, "dut", true);
    run(&mut rack, ms(100));
    let ok = |outcome: Option<Outcome>| match outcome {
        Some(Outcome::Ok(arguments)) => arguments,
        other => panic!("{other:?}"),
    };
    assert_eq!(ok(ask(&mut rack, "dut", "> 1 hello nonce=0102")).get("nonce"), Some("0102"));
    assert_eq!(ok(ask(&mut rack, "dut", "> 2 status")).get("state"), Some("factory"));
    let psk = "00112233445566778899aabbccddeeff";
    let manufacture = format!("> 3 manufacture anchor=psk psk={psk}");
    ok(ask(&mut rack, "dut", &manufacture));
    let again = ask(&mut rack, "dut", &manufacture);
    assert_eq!(again, Some(Outcome::Error(wire::upper_tester::ErrorCode::State)), "as a real device would");
    ok(ask(&mut rack, "dut", "> 4 install role=6lr channel=26 pan_id=0xb007 ct=fd00:c0::c7"));
    ok(ask(&mut rack, "dut", "> 5 start"));
    let seen = run(&mut rack, ms(20_000));
    let events: Vec<String> = seen
        .iter()
        .filter_map(|(_, observation)| match observation {
            Observation::UpperTester { line, .. } => match Line::parse(line) {
                Ok(Line::Event(event)) => Some(event.name),
                other => panic!("{other:?}"),
            },
            _ => None,
        })
        .collect();
    assert_eq!(events, ["address", "jsr_sent", "session", "keyed", "link_secured", "all_secured"]);
    let status = ok(ask(&mut rack, "dut", "> 6 status"));
    assert_eq!((status.get("state"), status.get("secured")), (Some("secured"), Some("1")));
    assert_eq!(ask(&mut rack, "dut", "> 7 fly"), Some(Outcome::Unimplemented));
    rack.act(&Action::Reset { board: "dut".into() }).unwrap();
    run(&mut rack, ms(40_000));
    assert_eq!(ok(ask(&mut rack, "dut", "> 8 status")).get("state"), Some("secured"), "it even remembers");
    ok(ask(&mut rack, "dut", "> 9 factory_reset"));
    run(&mut rack, ms(50_000));
    assert_eq!(ok(ask(&mut rack, "dut", "> 10 status")).get("state"), Some("factory"));
    inject(&mut rack, "tester", 1, data(9, 0, 1), None);
    let seen = run(&mut rack, ms(60_000));
    assert_eq!(statuses(&seen), [(1, TransmitStatus::NoAck)], "its radio is silent");
    assert_eq!(rack.counters().air.frames, 4, "the tester's only");
}

fn babble(seed: u8) -> Seen {
    let mut config = fake(Fake::Babbling);
    config.seed = [seed; 32];
    config.links[0].delivery = 0.8;
    let mut rack = VirtualRack::new(config).unwrap();
    power(&mut rack, "dut", true);
    impersonate(&mut rack, "tester", 9);
    let mut seen = Vec::new();
    for n in 0..20u8 {
        say(&mut rack, "dut", &format!("> {} hello nonce=c0ffee{n:02x}", 100 + u32::from(n)));
        inject(&mut rack, "tester", u64::from(n), data(9, 0, n), None);
        seen.extend(run(&mut rack, ms(5_000 * (u64::from(n) + 1))));
    }
    seen
}

#[test]
fn the_babbling_say_much_and_never_greet() {
    let seen = babble(1);
    let lines: Vec<&String> = seen
        .iter()
        .filter_map(|(_, observation)| match observation {
            Observation::UpperTester { line, .. } | Observation::Log { line, .. } => Some(line),
            _ => None,
        })
        .collect();
    assert!(lines.len() > 300, "{}", lines.len());
    assert!(lines.iter().any(|line| Line::parse(line).is_err()), "garbage");
    assert!(lines.iter().any(|line| matches!(Line::parse(line), Ok(Line::Answer(_)))), "answers to nothing");
    assert!(lines.iter().any(|line| matches!(Line::parse(line), Ok(Line::Event(_)))), "events that never were");
    assert!(!lines.iter().any(|line| line.contains("c0ffee")), "no nonce comes back");
    let own = |psdu: &Vec<u8>| check_fcs(psdu).is_ok_and(|mpdu| wire::ieee802154::Mpdu::parse(mpdu).is_ok());
    let air = frames(&seen);
    assert!(air.iter().filter(|(_, psdu)| own(psdu)).count() > 20);
    assert!(air.iter().any(|(_, psdu)| !own(psdu)), "malformed frames");
}

#[test]
fn the_same_seed_gives_the_same_observations_and_another_one_others() {
    let (first, second) = (babble(1), babble(1));
    assert!(first.len() > 500, "{}", first.len());
    assert_eq!(first, second);
    assert_ne!(first, babble(2));
}

#[test]
fn a_board_more_changes_nothing_for_the_others() {
    let alone = babble(1);
    let mut config = fake(Fake::Babbling);
    config.boards.insert(0, VirtualBoard { name: "other".into(), kind: firmware(5) });
    config.links[0].delivery = 0.8;
    let mut rack = VirtualRack::new(config).unwrap();
    power(&mut rack, "dut", true);
    impersonate(&mut rack, "tester", 9);
    say(&mut rack, "dut", "> 100 hello nonce=c0ffee00");
    inject(&mut rack, "tester", 0, data(9, 0, 0), None);
    let seen = run(&mut rack, ms(5_000));
    assert!(seen.len() > 20);
    assert_eq!(seen[..], alone[..seen.len()]);
}
