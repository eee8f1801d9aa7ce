use rstest::rstest;

use super::*;
use crate::connection::{Acknowledges, Connection, Exec, Expected, Protocol, Radio};
use crate::virtual_rack::Position;

fn load(text: &str) -> Result<Testbed, Vec<Fault>> {
    Testbed::load(&Source { name: "t.toml".to_owned(), text: text.to_owned() })
}

fn built_in() -> Testbed {
    Testbed::load(&Testbed::built_in()).unwrap()
}

#[test]
fn the_built_in_testbed_says_what_a_file_without_those_lines_would_mean() {
    let short = load("name = \"virtual\"\nbackend = \"virtual\"\n[identity]\nequipment = \"bootrack virtual rack\"\n");
    assert_eq!(built_in(), short.unwrap());
    assert_eq!(built_in().sniffer.position, Position::Everywhere);
}

#[test]
fn every_key_is_taken() {
    let testbed = load(
        "name = \"attic\"\nbackend = \"virtual\"\nboards = [\"dut\", \"lbr\"]\n\
         [medium]\ndelivery = 0.5\nrssi_dbm = -70\n\
         [[medium.link]]\nbetween = [\"dut\", \"lbr\"]\ndelivery = 0.25\n\
         [sniffer]\nname = \"ear\"\nposition = \"dut\"\nchannel = 15\n\
         [timing]\nboot_delay_ms = 7\nupper_tester_latency_us = 8\nbackbone_latency_us = 9\n\
         [identity]\nlaboratory = \"attic lab\"\n",
    )
    .unwrap();
    assert_eq!(testbed.boards.as_deref(), Some(&["dut".to_owned(), "lbr".to_owned()][..]));
    assert_eq!(testbed.links, [("dut".into(), "lbr".into(), Quality { delivery: 0.25, rssi_dbm: -70 })]);
    assert_eq!(testbed.sniffer.position, Position::Beside("dut".into()));
    assert_eq!((testbed.sniffer.name.as_str(), testbed.sniffer.channel), ("ear", Some(15)));
    assert_eq!(testbed.timing.boot_delay, Duration::from_millis(7));
    assert_eq!(testbed.timing.upper_tester_latency, Duration::from_micros(8));
    assert_eq!(testbed.backbone_latency, Duration::from_micros(9));
    assert_eq!(testbed.identity["laboratory"], "attic lab");
}

#[rstest]
#[case("medium = 1", "3:10", "invalid type", "")]
#[case("[medium]\ndelivry = 1", "4:1", "unknown field `delivry`", "did you mean `delivery`?")]
#[case("[medium]\nzzzz = 1", "4:1", "unknown field `zzzz`", "the keys are: delivery")]
#[case("[medium]\ndelivery = 1.5", "4:12", "delivery 1.5 is no probability", "within 0 to 1")]
#[case("[medium]\ndelivery = nan", "4:12", "delivery NaN is no probability", "within 0 to 1")]
#[case("[medium]\ndelivery = 1.0.0", "4:15", "", "")]
#[case("[medium]\nrssi_dbm = 20", "4:12", "rssi_dbm 20 is out of range", "-100 to 0 dBm")]
#[case("[medium]\nrssi_dbm = -101", "4:12", "rssi_dbm -101 is out of range", "-100 to 0 dBm")]
#[case("[[medium.link]]\nbetween = [\"a\", \"a\"]", "4:11", "`a` is linked to itself", "two different boards")]
#[case("[[medium.link]]\nbetween = [\"a\"]", "4:11", "between 2 boards, not 1", "[\"dut\", \"router\"]")]
#[case("[[medium.link]]\ndelivery = 1.0", "3:1", "missing field `between`", "")]
#[case("[sniffer]\nchannel = 27", "4:11", "channel 27 is not in the 2.4 GHz band", "11 to 26")]
#[case("[timing]\nboot_delay_ms = -1", "4:17", "-1 is out of range", "ten minutes")]
#[case("[ct]\ndtls = \"gnutls\"", "4:8", "there is no DTLS engine `gnutls`", "bootrack, dtls")]
#[case("[ct]\ndtls = \"dtls\"", "4:8", "a rack in virtual time has our own DTLS engine only", "in real time")]
#[case("boards = [\"dut\", \"dut\"]", "3:18", "board `dut` is listed twice", "remove one")]
#[case(
    "boards = [\"router\"]\n[sniffer]\nposition = \"ruoter\"",
    "5:12",
    "unknown board `ruoter`",
    "did you mean `router`?"
)]
#[case(
    "boards = [\"dut\"]\n[[medium.link]]\nbetween = [\"dut\", \"lbr\"]",
    "5:19",
    "unknown board `lbr`",
    "the boards are: dut"
)]
#[case("[identity]\nlaboratory = 1", "4:14", "invalid type", "")]
#[case("name = \"again\"", "3:1", "duplicate key", "")]
fn a_fault_is_named_with_its_place_and_what_to_do(
    #[case] text: &str,
    #[case] place: &str,
    #[case] message: &str,
    #[case] help: &str,
) {
    let faults = load(&format!("name = \"t\"\nbackend = \"virtual\"\n{text}\n")).unwrap_err();
    let [fault] = &faults[..] else { panic!("{faults:?}") };
    let shown = fault.to_string();
    assert!(shown.starts_with(&format!("t.toml:{place}: ")), "{shown}");
    assert!(shown.contains(message), "{shown}");
    assert!(fault.help.as_deref().unwrap_or("").contains(help), "{:?}", fault.help);
}

#[rstest]
#[case("name = \"a\"", "needs one of `exec`, `serial` and `qemu`", "exec = [")]
#[case("name = \"a\"\nexec = [\"d\"]\nserial = \"/dev/x\"", "needs one of", "")]
#[case("name = \"a\"\nexec = []", "an empty command", "the program")]
#[case("name = \"a\"\nexec = [\"d\"]\nbaud = 9600", "`baud` is a key of serial boards", "")]
#[case(
    "name = \"a\"\nqemu = \"f.elf\"\nprobe = { selector = \"1:2:3\", chip = \"c\" }",
    "no key of emulated boards",
    "started with its image"
)]
#[case(
    "name = \"a\"\nexec = [\"d\"]\nprobe = { selector = \"1366:1051\", chip = \"c\" }",
    "names no single probe",
    "VID:PID:SERIAL"
)]
#[case(
    "name = \"a\"\nexec = [\"d\"]\nprobe = { selector = \"1:2:3\", chip = \"c\", id = \"7\" }",
    "`7` is no number of a chip",
    "16 hex digits"
)]
#[case(
    "name = \"a\"\nserial = \"/dev/x\"\neui64 = \"0011223344556677\"\nreset = \"probe\"",
    "no `probe` to reset it by",
    "selector"
)]
#[case(
    "name = \"a\"\nexec = [\"d\"]\nquarantine = { reason = \"\", owner = \"o\", until = 2026-12-31 }",
    "but not why, whose or how long",
    "lab 3"
)]
#[case(
    "name = \"a\"\nexec = [\"d\"]\nquarantine = { reason = \"r\", owner = \"o\", until = 12:00:00 }",
    "but not why, whose or how long",
    "2026-12-31"
)]
#[case("name = \"a\"\nexec = [\"d\"]\nradio = \"/dev/x\"", "another kind of board has such a `radio`", "true, false")]
#[case("name = \"a\"\nqemu = \"f.elf\"\nradio = true", "no key of emulated boards", "leave it out")]
#[case("name = \"a\"\nserial = \"/dev/x\"\nreset = \"rts\"", "has no `eui64`", "16 hex digits")]
#[case("name = \"a\"\nserial = \"/dev/x\"\neui64 = \"0200000000000001\"", "neither reset nor switched", "power = {")]
#[case("name = \"a\"\nserial = \"/dev/x\"\neui64 = \"02\"\nreset = \"rts\"", "`02` is no EUI-64", "16 hex digits")]
#[case(
    "name = \"a\"\nserial = \"/dev/x\"\neui64 = \"0200000000000001\"\nreset = \"cts\"",
    "there is no reset line `cts`",
    "a command as a list"
)]
#[case(
    "name = \"a\"\nserial = \"/dev/x\"\neui64 = \"0200000000000001\"\npower = { on = [\"on\"], off = [] }",
    "an empty command",
    "the program"
)]
fn a_fault_of_a_board_is_named_with_what_to_do(#[case] text: &str, #[case] message: &str, #[case] help: &str) {
    let faults = load(&format!("name = \"t\"\nbackend = \"mixed\"\n[[board]]\n{text}\n")).unwrap_err();
    let [fault] = &faults[..] else { panic!("{faults:?}") };
    assert!(fault.to_string().contains(message), "{fault}");
    assert!(fault.help.as_deref().unwrap_or("").contains(help), "{:?}", fault.help);
}

#[test]
fn boards_have_tables_of_their_own_on_a_mixed_testbed_only() {
    let board = "[[board]]\nname = \"a\"\nexec = [\"d\"]\n";
    let told = |text: &str| load(&format!("name = \"t\"\n{text}")).unwrap_err()[0].to_string();
    let on_air = |name: &str| {
        format!(
            "[[board]]\nname = \"{name}\"\nserial = \"/dev/{name}\"\neui64 = \"0011223344556677\"\nreset = \"rts\"\nair = \"/dev/t{name}\"\n"
        )
    };
    let two = format!("backend = \"mixed\"\n{}{}", on_air("a"), on_air("b"));
    assert!(told(&two).contains("two boards are on the real air"));
    assert!(told("backend = \"mixed\"\n").contains("has tables [[board]]"));
    assert!(told(&format!("backend = \"virtual\"\n{board}")).contains("has tables [[board]]"));
    assert!(told(&format!("backend = \"mixed\"\n{board}{board}")).contains("board `a` has two tables"));
    assert!(told(&format!("backend = \"mixed\"\nboards = [\"b\"]\n{board}")).contains("`a` is not in `boards`"));
}

#[test]
fn a_serial_board_has_an_address_of_its_own() {
    let text = "name = \"t\"\nbackend = \"mixed\"\n[[board]]\nname = \"dut\"\nserial = \"/dev/x\"\nradio = \"/dev/y\"\n\
        eui64 = \"02:00:00:00:00:00:00:01\"\nreset = [\"reset\", \"it\"]\n";
    let testbed = load(text).unwrap();
    assert_eq!(testbed.eui64("dut", 3), "0200000000000001".parse().unwrap());
    assert_eq!(testbed.eui64("lbr", 3), eui64_of(3));
    assert_eq!(testbed.exclusive(), ["/dev/x", "/dev/y"]);
    assert!(testbed.is_real_time() && testbed.check_ready().is_ok());
}

#[test]
fn an_unknown_backend_is_told_which_there_are_and_faults_come_together() {
    let faults = load("name = \"\"\nbackend = \"virtaul\"\n[medium]\ndelivery = -1\n").unwrap_err();
    let shown: Vec<String> = faults.iter().map(ToString::to_string).collect();
    assert_eq!(
        shown,
        [
            "t.toml:1:8: the testbed's name is empty",
            "t.toml:2:11: unknown backend `virtaul`",
            "t.toml:4:12: delivery -1 is no probability"
        ]
    );
    assert_eq!(faults[1].help.as_deref(), Some("did you mean `virtual`? the backends are: virtual, qemu, mixed"));
}

#[test]
fn links_named_twice_are_found_in_either_direction() {
    let link = |a: &str, b: &str| format!("[[medium.link]]\nbetween = [\"{a}\", \"{b}\"]\n");
    let head = "name = \"t\"\nbackend = \"virtual\"\n";
    let faults = load(&format!("{head}{}{}", link("a", "b"), link("b", "a"))).unwrap_err();
    assert_eq!(faults[0].to_string(), "t.toml:6:11: `a` and `b` are linked twice");
}

const CT: Attachment = Attachment::Port;
const LBR: Attachment = Attachment::Board { is_at_backbone: true };
const LR: Attachment = Attachment::Board { is_at_backbone: false };
const TESTER: Attachment = Attachment::Radio;

fn request<'a>(boards: &[(&'a str, Attachment)], links: &'a [(usize, usize)]) -> RackRequest<'a> {
    let boards = boards.iter().map(|(name, attachment)| BoardRequest { name, attachment: *attachment }).collect();
    RackRequest { boards, links, device: Device::Reference, channel: 26, loss_percent: 0, seed: [7; 32] }
}

#[test]
fn a_line_becomes_boards_links_and_a_backbone() {
    let links = [(0, 1), (1, 2), (2, 3), (3, 4)];
    let boards = [("ct", CT), ("lbr", LBR), ("router", LR), ("dut", LR), ("tester", TESTER)];
    let mut testbed = built_in();
    testbed.links = vec![("dut".into(), "router".into(), Quality { delivery: 0.5, rssi_dbm: -80 })];
    let mut request = request(&boards, &links);
    let config = testbed.config_for(&request).unwrap();
    let names: Vec<&str> = config.boards.iter().map(|board| board.name.as_str()).collect();
    assert_eq!(names, ["lbr", "router", "dut", "tester"]);
    let eui64 = config.boards[2].kind.eui64().unwrap().to_string();
    assert_eq!(eui64, "70b3d5b007000004", "counted in the topology, the CT included");
    let links: Vec<(&str, &str, f64)> =
        config.links.iter().map(|link| (link.a.as_str(), link.b.as_str(), link.delivery)).collect();
    assert_eq!(links, [("lbr", "router", 1.0), ("router", "dut", 0.5), ("dut", "tester", 1.0)]);
    let backbone = config.backbone.unwrap();
    assert_eq!((backbone.ports, backbone.boards), (vec!["ct".to_owned()], vec!["lbr".to_owned()]));
    request.device = Device::Fake(Fake::Liar);
    let config = testbed.config_for(&request).unwrap();
    assert_eq!(config.boards[2].kind, BoardKind::Fake(Fake::Liar, eui64_of(3)));
    request.device = Device::Mutant(Mutant::ALL[0]);
    let mutants = testbed.config_for(&request).unwrap();
    let mutated = |board: &&VirtualBoard| matches!(board.kind, BoardKind::Firmware { mutant: Some(_), .. });
    let mutated: Vec<&str> = mutants.boards.iter().filter(mutated).map(|board| board.name.as_str()).collect();
    assert_eq!(mutated, ["dut"], "a mutant is switched on in the device under test alone");
    assert!(testbed.rack_for(&request).is_ok());
}

#[rstest]
#[case(&[("lbr", LBR)], &[], "no board `dut`")]
#[case(&[("dut", TESTER)], &[], "`dut` must be a device")]
#[case(&[("ct", CT), ("lbr", LBR), ("dut", LR)], &[(0, 2), (1, 2)], "`ct` is linked to `dut` over the air")]
#[case(&[("dut", LR), ("tester", TESTER)], &[(0, 2)], "names board number 2, and there are 2")]
#[case(&[("dut", LR), ("tester", TESTER)], &[(0, 1), (1, 0)], "`tester` and `dut` are linked twice")]
#[case(&[("dut", LR), ("dut", LR)], &[(0, 1)], "two things in the rack are named `dut`")]
#[case(&[("dut", LR), ("sniffer", TESTER)], &[(0, 1)], "two things in the rack are named `sniffer`")]
fn an_impossible_topology_is_refused(
    #[case] boards: &[(&str, Attachment)],
    #[case] links: &[(usize, usize)],
    #[case] message: &str,
) {
    let error = built_in().rack_for(&request(boards, links)).map(|_| ()).unwrap_err();
    assert!(error.to_string().contains(message), "{error}");
}

#[test]
fn a_testbed_that_fixes_its_boards_has_no_others() {
    let testbed = load("name = \"attic\"\nbackend = \"virtual\"\nboards = [\"dut\", \"router\"]\n").unwrap();
    let boards = [("dut", LR), ("routre", LR)];
    let error = testbed.rack_for(&request(&boards, &[(0, 1)])).map(|_| ()).unwrap_err();
    assert_eq!(error.to_string(), "testbed `attic` has no board `routre`; did you mean `router`?");
    assert!(testbed.rack_for(&request(&[("dut", LR), ("router", LR)], &[(0, 1)])).is_ok());
}

#[test]
fn a_device_may_stand_alone_and_may_be_the_border_router() {
    assert!(built_in().rack_for(&request(&[("dut", LR)], &[])).is_ok());
    assert!(built_in().rack_for(&request(&[("ct", CT), ("dut", LBR)], &[(0, 1)])).is_ok());
    // As many ports as there are stations at the backbone.
    assert!(built_in().rack_for(&request(&[("ct", CT), ("paa", CT), ("dut", LBR)], &[(0, 2), (1, 2)])).is_ok());
}

#[test]
fn a_channel_outside_the_band_is_refused() {
    let mut wrong = request(&[("dut", LR)], &[]);
    wrong.channel = 27;
    let error = built_in().rack_for(&wrong).map(|_| ()).unwrap_err();
    assert_eq!(error.to_string(), "channel 27 is not within 11 to 26");
}

/// The keys of a stack behind an air bridge, of addresses, and of a board that lacks a radio.
#[test]
fn a_table_says_how_a_bridged_stack_acknowledges_who_it_is_and_by_what_address() {
    let board =
        |keys: &str| load(&format!("name = \"t\"\nbackend = \"mixed\"\n[[board]]\nname = \"dut\"\n{keys}")).unwrap();
    let bridge = |testbed: &Testbed| match &testbed.connections["dut"] {
        Connection::Exec(Exec { radio: Radio::Bridge(bridge), .. }) => *bridge,
        other => panic!("{other:?}"),
    };
    let testbed = board("exec = [\"d\"]\nradio = \"zep\"");
    let defaults = bridge(&testbed);
    assert_eq!((defaults.protocol, defaults.acknowledges, defaults.peer), (Protocol::Zep, Acknowledges::Itself, None));
    assert_eq!(defaults.acknowledges_within, Duration::from_millis(50));
    assert!(testbed.acknowledges_itself("dut") && !testbed.learns_addresses("dut") && testbed.without_radio.is_empty());
    let testbed = board(
        "exec = [\"d\"]\nradio = \"openthread\"\npeer = \"7\"\nacknowledges_within_ms = 200\n\
         addresses = \"learn\"\neui64 = \"0200000000000001\"\n",
    );
    assert_eq!(bridge(&testbed).peer, Some(Expected::Node(7)));
    assert_eq!(bridge(&testbed).acknowledges_within, Duration::from_millis(200));
    assert!(testbed.learns_addresses("dut"));
    assert_eq!(testbed.eui64("dut", 5).to_string(), "0200000000000001");
    let testbed = board("exec = [\"d\"]\nradio = \"zep\"\nacknowledges = \"medium\"\npeer = \"127.0.0.1:0\"");
    assert!(!testbed.acknowledges_itself("dut"));
    assert!(matches!(bridge(&testbed).peer, Some(Expected::Address(_))));
    let testbed = board("exec = [\"d\"]\nradio = false");
    assert!(testbed.without_radio.contains_key("dut"));
}

#[rstest]
#[case(
    "acknowledges = \"medium\"\nradio = true",
    "`acknowledges` is a key of programs whose radio is an air bridge",
    "\"zep\" or \"openthread\""
)]
#[case("peer = \"1\"", "`peer` is a key of programs whose radio is an air bridge", "\"zep\" or \"openthread\"")]
#[case("radio = \"zep\"\nacknowledges = \"nobody\"", "`nobody` acknowledges nothing", "\"itself\"")]
#[case("radio = \"zep\"\nacknowledges_within_ms = 0", "acknowledges_within_ms 0 is out of range", "1 to 1000")]
#[case(
    "radio = \"zep\"\nacknowledges = \"medium\"\nacknowledges_within_ms = 5",
    "the stack does not acknowledge at all",
    "leave one of the two out"
)]
#[case("radio = \"zep\"\npeer = \"5\"", "`5` is no peer", "127.0.0.1:17755")]
#[case("radio = \"openthread\"\npeer = \"34\"", "`34` is no peer", "\"1\" to \"33\"")]
#[case("radio = true\naddresses = \"guess\"", "`guess` is no way to know addresses", "\"learn\"")]
#[case("radio = true\neui64 = \"02\"", "`02` is no EUI-64", "16 hex digits")]
fn a_wrong_key_of_a_bridge_is_told(#[case] keys: &str, #[case] message: &str, #[case] help: &str) {
    let text = format!("name = \"t\"\nbackend = \"mixed\"\n[[board]]\nname = \"dut\"\nexec = [\"d\"]\n{keys}\n");
    let faults = load(&text).unwrap_err();
    let [fault] = &faults[..] else { panic!("{faults:?}") };
    let told = format!("{fault:?}");
    assert!(
        told.contains(message.replace('"', "\\\"").as_str()) && told.contains(help.replace('"', "\\\"").as_str()),
        "{told}"
    );
}

#[test]
fn a_board_without_a_radio_is_told_once_with_the_first_case_that_needs_it() {
    let text = "name = \"t\"\nbackend = \"mixed\"\n[[board]]\nname = \"dut\"\nexec = [\"d\"]\n";
    let source = Source { name: "bed.toml".to_owned(), text: text.to_owned() };
    let testbed = Testbed::load(&source).unwrap();
    let needed = [("lbr", "A-01"), ("dut", "A-01"), ("dut", "A-02")];
    let faults = testbed.lacking_radios(&source, needed);
    assert_eq!(faults.len(), 1);
    assert!(faults[0].to_string().contains("board `dut` has no radio, and A-01 needs it on the air"), "{}", faults[0]);
    assert!(testbed.lacking_radios(&source, [("lbr", "A-01")]).is_empty());
}
