use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;

use proptest::prelude::*;
use rstest::rstest;

use super::table::{Kind, Required};
use super::*;
use crate::Error;

#[rstest]
#[case("> 7 join")]
#[case("< 7 ok")]
#[case("< 7 error code=busy")]
#[case("< 7 error code=flash_worn")]
#[case("< 7 unimplemented")]
#[case("! jsr_sent t=1200 count=1")]
#[case("> 4294967295 echo dest=fd00:c0::c7 size=8")]
fn lines_survive_parse_and_emit(#[case] text: &str) {
    let line = Line::parse(text).unwrap();
    assert_eq!(line.emit().unwrap(), alloc::format!("{text}\n").into_bytes());
}

#[rstest]
#[case("", "empty")]
#[case("boot: 3.1 V", "log output")]
#[case(">", "no sequence")]
#[case("> 7", "no command")]
#[case("> 07 join", "leading zero")]
#[case("> 4294967296 join", "sequence out of range")]
#[case("> -1 join", "negative sequence")]
#[case("> 7  join", "two blanks")]
#[case("> 7 join ", "trailing blank")]
#[case("> 7 echo dest", "no =")]
#[case("> 7 echo dest=", "no value")]
#[case("> 7 echo dest=::1 dest=::1", "doubled key")]
#[case("> 7 Join", "upper case")]
#[case("< 7 maybe", "unknown outcome")]
#[case("< 7 error", "no code")]
#[case("< 7 unimplemented x=1", "unimplemented with arguments")]
#[case("! booted", "no time")]
#[case("! booted t=-1", "negative time")]
fn other_text_is_no_line(#[case] text: &str, #[case] why: &str) {
    assert!(Line::parse(text).is_err(), "{why}");
}

#[rstest]
#[case("> 1 hello nonce=00ff")]
#[case("> 1 manufacture anchor=psk psk=000102030405060708090a0b0c0d0e0f")]
#[case("> 1 install role=6lr channel=26 pan_id=0xb007 ct=fd00:c0::c7 parent=70b3d5b007000001 trigger=boot")]
#[case("> 1 install role=6lbr channel=11 pan_id=0xb007 ct=fd00:c0::c7 trigger=selection")]
#[case("> 1 route dest=70b3d5b007000003 via=70b3d5b007000002")]
#[case("> 1 provision key=000102030405060708090a0b0c0d0e0f index=1 level=5")]
#[case("> 1 start")]
#[case("> 1 join")]
#[case("> 1 status")]
#[case("> 1 link neighbour=70b3d5b007000003")]
#[case("> 1 counters")]
#[case("> 1 ping")]
#[case("> 1 echo dest=fe80::1 size=0")]
#[case("> 1 send dest=fe80::1 port=7777 data=0a0b")]
#[case("> 1 send dest=fe80::1 port=7777 data=-")]
#[case("> 1 install role=6lr channel=26 pan_id=0xb007 find=multicast trigger=boot")]
#[case(
    "> 1 install role=6lr channel=26 pan_id=0xb007 find=dns-sd server=fd00:c0::53 parent=70b3d5b007000003 trigger=boot"
)]
#[case("> 1 install role=6lr channel=26 pan_id=0xb007 find=directory server=fd00:c0::5d trigger=selection")]
#[case("> 1 vendor text=ping%20async%20fe80::1")]
#[case("> 1 vendor text=%2d")]
#[case("> 1 reset")]
#[case("> 1 factory_reset")]
fn every_command_survives_typing(#[case] text: &str) {
    let Line::Request(request) = Line::parse(text).unwrap() else { panic!("no request") };
    let command = Command::from_request(&request).unwrap();
    assert_eq!(command.to_request(1).to_string(), text);
}

#[rstest]
#[case("> 1 hello", "nonce")]
#[case("> 1 hello nonce=0", "nonce")]
#[case("> 1 vendor", "text")]
#[case("> 1 vendor text=-", "text")]
#[case("> 1 vendor text=a%2", "text")]
#[case("> 1 vendor text=a%zz", "text")]
#[case("> 1 vendor text=two%0alines", "text")]
#[case("> 1 vendor text=%c3%a9", "text")]
#[case("> 1 manufacture anchor=x509 psk=000102030405060708090a0b0c0d0e0f", "anchor")]
#[case("> 1 manufacture anchor=psk psk=00", "psk")]
#[case("> 1 manufacture anchor=psk psk=000102030405060708090a0b0c0d0e", "psk")]
#[case("> 1 install role=6ln channel=26 pan_id=0xb007 ct=fd00:c0::c7", "role")]
#[case("> 1 install role=6lr channel=27 pan_id=0xb007 ct=fd00:c0::c7", "channel")]
#[case("> 1 install role=6lr channel=26 pan_id=b007 ct=fd00:c0::c7", "pan_id")]
#[case("> 1 install role=6lr channel=26 pan_id=0xffff ct=fd00:c0::c7", "pan_id")]
#[case("> 1 install role=6lr channel=26 pan_id=0xb007 ct=ff03::fd", "ct")]
#[case("> 1 install role=6lr channel=26 pan_id=0xb007 ct=fe80::1", "ct")]
#[case("> 1 install role=6lr channel=26 pan_id=0xb007", "ct")]
#[case("> 1 install role=6lr channel=26 pan_id=0xb007 find=oracle", "find")]
#[case("> 1 install role=6lr channel=26 pan_id=0xb007 find=directory", "server")]
#[case("> 1 install role=6lr channel=26 pan_id=0xb007 find=dns-sd server=ff03::fd", "server")]
#[case("> 1 install role=6lr channel=26 pan_id=0xb007 find=multicast ct=fd00:c0::c7", "unknown")]
#[case("> 1 provision key=000102030405060708090a0b0c0d0e0f index=0 level=5", "index")]
#[case("> 1 provision key=000102030405060708090a0b0c0d0e0f index=1 level=4", "level")]
#[case("> 1 join now=1", "unknown")]
#[case("> 1 echo dest=::1 size=1025", "size")]
#[case("> 1 send dest=::1 port=0 data=00", "port")]
#[case("> 1 link neighbour=70:b3:d5:b0:07:00:00:03", "neighbour")]
fn bad_arguments_are_named(#[case] text: &str, #[case] argument: &'static str) {
    let Line::Request(request) = Line::parse(text).unwrap() else { panic!("no request") };
    assert_eq!(Command::from_request(&request), Err(CommandFault::Argument(argument)));
}

#[test]
fn an_unknown_command_is_told_apart_from_a_bad_argument() {
    assert_eq!(Command::from_request(&Request::new(1, "levitate")), Err(CommandFault::Unknown));
}

#[test]
fn the_number_of_a_broken_request_is_found() {
    assert_eq!(Line::sequence_of_request("> 7 echo dest="), Some(7));
    assert_eq!(Line::sequence_of_request("> x echo"), None);
    assert_eq!(Line::sequence_of_request("< 7 ok"), None);
}

#[test]
fn a_key_never_shows_in_debug_output() {
    let command = Command::Life(life::Command::Manufacture(Anchor::Psk(SecretOctets(vec![0xab; 16]))));
    assert!(!alloc::format!("{command:?}").contains("ab, ab") && !alloc::format!("{command:?}").contains("171"));
}

#[test]
fn a_value_with_a_blank_or_a_line_feed_is_not_emitted() {
    for value in ["two words", "line\nfeed", "", "\u{e9}"] {
        let line = Line::Answer(Answer::ok(1, Arguments::default().with("key", value)));
        assert!(line.emit().is_err(), "{value:?}");
    }
    let long = Line::Answer(Answer::ok(1, Arguments::default().with("key", "x".repeat(MAX_LINE))));
    assert_eq!(long.emit(), Err(Error::NoRoom("UT/1 line")));
}

#[test]
fn the_longest_line_passes_and_one_more_octet_does_not() {
    let line = |value: usize| {
        let mut octets = vec![b'x'; value];
        octets.push(b'\n');
        octets
    };
    let mut assembler = LineAssembler::default();
    assert_eq!(assembler.extend(&line(MAX_LINE - 1)), [Ok("x".repeat(MAX_LINE - 1))]);
    assert_eq!(assembler.extend(&line(MAX_LINE)), [Err(Garbage::Overlong)]);
    assert_eq!(assembler.extend(b"> 1 ping\n"), [Ok("> 1 ping".to_string())]);
}

#[test]
fn noise_costs_only_the_line_it_hits() {
    let mut assembler = LineAssembler::default();
    let lines = assembler.extend(b"\xff\x00\x1b[2K\n\r\n\n> 1 ping\r\n< 1");
    assert_eq!(lines, [Err(Garbage::NotAscii), Ok("> 1 ping".to_string())]);
    assert_eq!(assembler.extend(b" ok\n"), [Ok("< 1 ok".to_string())]);
}

fn arguments() -> impl Strategy<Value = Arguments> {
    proptest::collection::btree_map("[a-z0-9_]{1,8}", "[!-~]{1,12}", 0..6)
        .prop_map(|map| Arguments(map.into_iter().filter(|(key, _)| key != "t" && key != "code").collect()))
}

proptest! {
    #[test]
    fn parse_inverts_emit(seq: u32, time_ms: u64, name in "[a-z0-9_]{1,16}", arguments in arguments()) {
        let lines = [
            Line::Request(Request { seq, command: name.clone(), arguments: arguments.clone() }),
            Line::Answer(Answer::ok(seq, arguments.clone())),
            Line::Event(Event { name, time_ms, arguments }),
        ];
        for line in lines {
            let octets = line.emit().unwrap();
            let text = core::str::from_utf8(&octets).unwrap().strip_suffix('\n').unwrap();
            prop_assert_eq!(Line::parse(text).unwrap(), line);
        }
    }

    #[test]
    fn no_input_panics(octets: Vec<u8>) {
        let mut assembler = LineAssembler::default();
        for line in assembler.extend(&octets).into_iter().flatten() {
            if let Ok(Line::Request(request)) = Line::parse(&line) {
                let _ = Command::from_request(&request);
            }
        }
    }

    #[test]
    fn chunking_does_not_matter(octets in proptest::collection::vec(prop_oneof![Just(b'\n'), any::<u8>()], 0..600), at: usize) {
        let at = at % (octets.len() + 1);
        let (first, second) = octets.split_at(at);
        let mut whole = LineAssembler::default();
        let mut parts = LineAssembler::default();
        let mut lines = parts.extend(first);
        lines.extend(parts.extend(second));
        prop_assert_eq!(whole.extend(&octets), lines);
    }
}

#[rstest]
#[case("", "-")]
#[case("-", "%2d")]
#[case("state", "state")]
#[case("100% of it\n> ", "100%25%20of%20it%0a>%20")]
#[case("\u{e9}", "%c3%a9")]
fn text_has_one_spelling(#[case] text: &str, #[case] value: &str) {
    assert_eq!(encode_text(text), value);
    assert_eq!(decode_text(value).as_deref(), Some(text));
}

proptest! {
    #[test]
    fn any_text_survives_a_line(text in any::<String>()) {
        let value = encode_text(&text);
        prop_assert_eq!(decode_text(&value), Some(text));
        prop_assert!(!value.is_empty() && value.bytes().all(|octet| octet.is_ascii_graphic()));
    }

    #[test]
    fn no_value_makes_decoding_panic(value in any::<String>()) {
        let _ = decode_text(&value);
    }
}

/// Values of a kind at its ends, and one that is none.
fn samples(kind: Kind) -> (Vec<String>, Option<String>) {
    let owned = |text: &str| text.to_string();
    match kind {
        Kind::Words(words) => (words.iter().map(|word| owned(word)).collect(), Some(owned("no_such_word"))),
        Kind::Word | Kind::List => (vec![owned("word")], None),
        Kind::Number { min, max } => {
            (vec![min.to_string(), max.to_string()], Some(max.checked_add(1).map_or(owned("x"), |n| n.to_string())))
        }
        Kind::Flag => (vec![owned("0"), owned("1")], Some(owned("2"))),
        Kind::Eui64 => (vec![owned("70b3d5b007000003")], Some(owned("70b3d5b00700000"))),
        Kind::Ipv6 => (vec![owned("fd00:c0::c7")], Some(owned("fd00"))),
        Kind::PanId => (vec![owned("0xb007")], Some(owned("0xffff"))),
        Kind::Key => (vec!["0f".repeat(16)], Some("0f".repeat(17))),
        Kind::Hex { most } => (vec!["0f".repeat(most)], Some("0f".repeat(most + 1))),
        Kind::Text => (vec![owned("two%20words")], Some(owned("a%2"))),
    }
}

#[test]
fn what_the_table_says_of_an_argument_is_what_a_command_takes() {
    for command in table::commands() {
        let needed = command.keys.iter().filter(|key| key.required == Required::Always);
        // These have more arguments with one value of another than the table can say; the tests above have them.
        let with = |arguments: Arguments| match command.name {
            "manufacture" => arguments.with("psk", "0f".repeat(16)),
            "application" => arguments.with("dest", "fd00::1").with("port", 7).with("data", "-"),
            _ => arguments,
        };
        let first = needed.fold(Arguments::default(), |to, key| to.with(key.name, &samples(key.kind).0[0]));
        for key in command.keys.iter().filter(|key| !matches!(key.required, Required::With(_))) {
            let asked = |value: &str| {
                let others = first.iter().filter(|(name, _)| *name != key.name);
                let others = others.fold(Arguments::default(), |to, (name, value)| to.with(name, value));
                let arguments = others.with(key.name, value);
                let plain = Request { seq: 1, command: command.name.into(), arguments: arguments.clone() };
                let full = Request { arguments: with(arguments), ..plain.clone() };
                (command.check)(&plain).or_else(|fault| (command.check)(&full).map_err(|_| fault))
            };
            let (good, bad) = samples(key.kind);
            for value in good {
                assert!(key.kind.holds(&value), "{} {}={value}", command.name, key.name);
                assert_eq!(asked(&value), Ok(()), "{} {}={value}", command.name, key.name);
            }
            if let Some(value) = bad {
                assert!(!key.kind.holds(&value), "{} {}={value}", command.name, key.name);
                assert_eq!(
                    asked(&value),
                    Err(CommandFault::Argument(key.name)),
                    "{} {}={value}",
                    command.name,
                    key.name
                );
            }
        }
        let bare = Request::new(1, command.name);
        let is_needed = command.keys.iter().any(|key| key.required == Required::Always);
        assert_eq!((command.check)(&bare).is_err(), is_needed, "{} without arguments", command.name);
    }
}

#[test]
fn the_table_names_what_it_has_and_each_thing_once() {
    fn once<'n>(what: &str, names: impl Iterator<Item = &'n str>) {
        let mut seen = Vec::new();
        for name in names {
            assert!(!seen.contains(&name), "the {what} {name} stands twice");
            seen.push(name);
        }
    }
    once("mechanism", TABLE.iter().map(|mechanism| mechanism.name));
    once("command", table::commands().map(|command| command.name));
    once("event", table::events().map(|event| event.name));
    once("state", table::states().map(|state| state.name));
    once("feature", table::features().map(|feature| feature.name));
    let is_state = |name: &str| table::states().any(|state| state.name == name);
    for mechanism in TABLE {
        for command in mechanism.commands {
            assert_eq!(command.mechanism, mechanism.name, "{}", command.name);
            assert!(command.when.states.iter().copied().chain(command.brings).all(is_state), "{}", command.name);
            once("key", command.keys.iter().map(|key| key.name));
            once("key of an answer", table::answers(command).map(|key| key.name));
        }
        for event in mechanism.events {
            assert_eq!(event.mechanism, mechanism.name, "{}", event.name);
            assert!(event.states.iter().copied().chain(event.brings).all(is_state), "{}", event.name);
            assert!(event.usually.iter().all(|(cause, _)| table::command(cause).is_some()), "{}", event.name);
            once("key", event.keys.iter().map(|key| key.name));
        }
        for (command, _) in mechanism.adds {
            assert!(table::command(command).is_some(), "{} adds to {command}", mechanism.name);
        }
        for feature in mechanism.features {
            for needed in feature.needed_by {
                let (command, argument) = needed.split_once(' ').unwrap_or((needed, ""));
                let known = table::command(command).unwrap_or_else(|| panic!("{}: no {command}", feature.name));
                let key = argument.split('=').next().unwrap();
                assert!(argument.is_empty() || known.keys.iter().any(|one| one.name == key), "{needed}");
            }
        }
    }
    assert!(basic::STATES.iter().copied().eq(table::states().map(|state| state.name)));
}

#[test]
fn a_command_is_valid_when_its_row_says_so() {
    let allows = |name: &str, state: &str, is_running| table::command(name).unwrap().when.allows(state, is_running);
    assert!(allows("install", "manufactured", false) && !allows("install", "installed", true));
    assert!(allows("manufacture", "factory", false) && !allows("manufacture", "secured", true));
    assert!(allows("join", "joining", true) && !allows("join", "secured", true) && !allows("join", "installed", false));
    assert!(allows("status", "factory", false) && !allows("echo", "secured", false));
}

#[test]
fn questions_are_what_may_be_asked_of_anybody_and_nonsense_is_none() {
    let questions: Vec<&str> = table::questions().map(|command| command.name).collect();
    assert_eq!(questions, ["status", "counters", "rpl"]);
    assert!(table::command(table::NONSENSE).is_none());
    let rpl = table::command("rpl").unwrap();
    assert!(table::is_due(rpl, "sel,rpl") && !table::is_due(rpl, "sel,psk"));
    let told = |pairs: &'static [(&str, &str)]| {
        move |key: &str| pairs.iter().find(|(name, _)| *name == key).map(|(_, value)| (*value).into())
    };
    let good = told(&[("rank", "1024"), ("parent", "-"), ("dodag", "fd00::1"), ("routes", "0"), ("own", "x")]);
    assert_eq!(table::problems(rpl, good), Vec::<String>::new());
    let bad = told(&[("rank", "65536"), ("parent", "-"), ("routes", "0")]);
    assert_eq!(
        table::problems(rpl, bad),
        ["its `rpl` tells `rank=65536`, which is no 0..65535", "its `rpl` lacks `dodag=`"]
    );
}
