//! Every mutant is observable: it makes a difference, in a battery of scenarios, to what a device sends or tells.

mod common;

use std::fmt::Write;

use bootrack_node::Mutant;
use common::{KEY, PSK, Tester, World, eui64, global, key_object, seconds};
use rstest::rstest;
use wire::coap::{Code, ContentFormat, MessageType, Options, Token};
use wire::icmpv6::Message;
use wire::ieee802154::{LinkAddress, Mpdu, SecurityLevel};
use wire::sel;

#[test]
fn names_are_unique_kebab_case_and_parse_back() {
    for &mutant in Mutant::ALL {
        let name = mutant.name();
        assert!(name.bytes().all(|octet| octet.is_ascii_lowercase() || octet.is_ascii_digit() || octet == b'-'));
        assert_eq!(name.parse(), Ok(mutant));
        assert!(mutant.description().ends_with('.') && mutant.clause().contains('-'));
    }
    assert!("no-such-mutant".parse::<Mutant>().is_err());
}

/// Mutants that only an attacker, a request of the tool that none of the scenarios makes, another role or a
/// later phase of life brings to light.
/// The suites have cases for them, and `bootrack mutants` shows that each is killed.
const LEFT_TO_THE_SUITES: &[&str] = &[
    "key-of-another",
    "find-any-type",
    "find-any-registration",
    "find-gives-up",
    "find-any-service",
    "psk-beside-key-pair",
    "issuer-left-out",
    "no-certificate-request",
    "empty-certificate-accepted",
    "any-tool-believed",
    "clock-ignored",
    "revocation-ignored",
    "ssr-status-checked",
    "ssr-trailing-refused",
    "sel-unknown-code-taken",
    "sel-short-body-taken",
    "jsr-no-ceiling",
    "jsr-during-handshake",
    "ssr-no-refresh",
    "erase-without-withdraw",
    "ems-required",
    "session-displaced",
    "core-key-missing",
    "key-plain-after-close",
    "key-accepts-long",
    "key-same-put-restarts",
    "key-delete-ignored",
    "close-without-seq",
    "neighbour-evicts-secured",
    "neighbour-list-unbounded",
    "fragments-overlap-taken",
    "reassembly-starves",
    "reassembly-ignores-security",
    "rx-any-key-index",
    "stranger-holds-session",
    "stranger-pauses-jsr",
    "registrations-starve",
    "counter-jump-locks-out",
    "counter-exhausted-taken",
    "ssr-replay-taken",
    "neighbour-counters-lost",
    "neighbour-counters-in-blocks",
    "close-replay-taken",
    "lbr-relays-plain-when-closed",
    "lbr-drops-jsr",
    "lbr-no-border-router-option",
    "lbr-no-context",
    "lbr-prefix-on-link",
    "relay-forwards-expired",
    "relay-drops-dtls",
    "manufacture-overwrites",
    "data-plain",
    "rekey-ignored",
    "all-secured-outlives-key",
    "erase-restarts-counter",
    "reset-restarts-counter",
    "reset-keeps-anchor",
    "reset-keeps-key",
    "reset-keeps-site",
    "image-unverified",
    "image-forged-taken",
    "image-cut-taken",
    "image-older-taken",
    "image-of-another-class-taken",
    "image-newer-ignored",
    "update-not-kept",
    "update-loses-keys",
    "update-restarts-counter",
    "application-unsecured",
    "application-kept",
    "application-lost-on-reboot",
    "reset-keeps-application",
    "plain-refused-for-ever",
    "rpl-rank-not-increased",
    "rpl-no-dao",
    "rpl-dao-not-relayed",
    "rpl-parent-kept",
    "rpl-poison-ignored",
    "rx-plain-fragments",
    "rx-level-six-refused",
    "deleted-key-lives",
    "registration-stolen",
    "routes-lost-on-reboot",
    "reassembly-leaks",
    "ssr-unverified",
    "coap-in-secured-frames",
    "close-in-secured-frames",
    "relay-pauses-when-keyed",
    "relay-pauses-when-closed",
    "relay-pauses-when-opened",
    "waits-for-secured-neighbour",
    "open-in-words-only",
    "fragments-not-forwarded",
    "closed-serves-nobody",
    "handshake-impatient",
    "always-asks-certificate",
    "provision-ignored",
    "reset-keeps-close-seq",
    "rx-refuse-secured-when-closed",
    "lbr-drowns",
    "anchor-lost-on-reboot",
    "key-format-refused",
    "accept-ignored",
    "first-key-lost-on-reboot",
    "second-key-lost-on-reboot",
    "close-seq-in-one-octet",
    "key-half-installed",
    "second-key-drops-first",
    "second-key-opens",
    "second-key-drops-marks",
    "handshake-needs-jsr",
    "installation-forgotten",
    "plain-transit-on-marked",
    "plain-multicast-on-marked",
    "sessions-leak",
    "key-pair-beside-psk",
    "stops-without-tool",
];

/// Or a difference would prove nothing.
#[rstest]
fn a_scenario_without_a_mutant_repeats_itself(
    #[values(join, neighbour, unsecured, closed, handshake, plain_coap, reboot, relay, selection)]
    scenario: fn(Option<Mutant>) -> String,
) {
    assert_eq!(scenario(None), scenario(None));
}

#[test]
fn no_mutant_goes_unseen() {
    let scenarios = [join, neighbour, unsecured, closed, handshake, plain_coap, reboot, relay, selection];
    let reference: Vec<String> = scenarios.iter().map(|scenario| scenario(None)).collect();
    let unseen = |mutant: &&Mutant| {
        let runs = scenarios.iter().zip(&reference);
        runs.into_iter().all(|(scenario, reference)| scenario(Some(**mutant)) == *reference)
    };
    // Slips are wrong in messages that these scenarios are too short for: each has a monitor that finds it in a case.
    let demanded = Mutant::ALL.iter().filter(|mutant| !matches!(mutant, Mutant::Slip(_)));
    // The scenarios are told by the upper tester: one that is wrong itself has a suite of its own.
    let demanded = demanded.filter(|mutant| !mutant.clause().starts_with("UT1-"));
    let demanded = demanded.filter(|mutant| !LEFT_TO_THE_SUITES.contains(&mutant.name()));
    // Without the feature no hook is compiled and all mutants go unseen: the manifest demands it for this file.
    let unseen: Vec<&Mutant> = demanded.filter(unseen).collect();
    assert!(unseen.is_empty(), "unseen: {unseen:?}");
}

/// What an observer with the network key can tell of a board: its packets in order, its events, its status.
fn observe(world: &mut World, number: u8, story: &mut String) {
    let packets = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| world.packets()));
    match packets {
        Ok(packets) => {
            for seen in packets.iter().filter(|seen| seen.from == number) {
                let secured = seen.security.map(|(level, _)| level.number());
                writeln!(
                    story,
                    "{:?} {secured:?} {:?} {}",
                    seen.at,
                    seen.packet.header,
                    hex::encode(&seen.packet.payload)
                )
                .unwrap();
            }
        }
        Err(_) => story.push_str("frames that cannot be read\n"),
    }
    let mut counters = std::collections::BTreeSet::new();
    for (_, from, psdu) in world.air.drain(..) {
        match Mpdu::parse(&psdu) {
            Ok(Mpdu::Secured(frame)) if from == number && !counters.insert(frame.security.frame_counter) => {
                story.push_str("a frame counter twice\n");
            }
            _ => {}
        }
    }
    for line in world.lines(number).iter().filter(|line| line.starts_with('!')) {
        writeln!(story, "{line}").unwrap();
    }
    let status = world.ok(number, "status");
    let fields = ["state", "all_secured", "close_seq", "secured_links"].map(|field| status.get(field).to_owned());
    writeln!(story, "{fields:?}").unwrap();
    let counters = world.ok(number, "counters");
    writeln!(story, "{}", counters.get("refused_secured")).unwrap();
}

/// A world of `ct lbr router dut` whose board `mutated` is the mutant from its installation on.
fn line(mutated: u8, mutant: Option<Mutant>, router_secured: bool) -> World {
    let mut world = World::line(router_secured);
    become_mutant(&mut world, mutated, mutant);
    world.start();
    world
}

/// Reboots a board, also for no mutant: a boot changes its seed.
fn become_mutant(world: &mut World, number: u8, mutant: Option<Mutant>) {
    match mutant {
        Some(mutant) => world.mutate(number, mutant),
        None => world.power_cycle(number),
    }
}

fn request(world: &mut World, code: Code, path: &str, format: ContentFormat, payload: &str, story: &mut String) {
    if !world.tool.is_connected() {
        return;
    }
    world.tool.request(world.now, code, path, Some(format), payload.as_bytes());
    world.run(seconds(1));
    let answer = world.tool.take_response().map(|message| (message.code, message.payload));
    writeln!(story, "{path} {answer:?}").unwrap();
}

/// JSRs, a join, and the network closed, opened and closed.
fn join(mutant: Option<Mutant>) -> String {
    let mut story = String::new();
    let mut world = line(3, mutant, true);
    world.run(seconds(20));
    observe(&mut world, 3, &mut story);
    world.tool.connect(world.now, global(3), eui64(3).to_string(), PSK);
    world.run(seconds(3));
    let json = ContentFormat::COAP_GROUP_JSON;
    for object in [
        r#"{"1":{"key":"000102030405060708090a0b0c0d0e","mode":1,"index":1,"level":5}}"#,
        r#"{"1":{"key":"000102030405060708090a0b0c0d0e0f","mode":1,"index":1,"level":0}}"#,
        r#"{"1":{"key":"000102030405060708090a0b0c0d0e0f","mode":1,"index":1,"level":5,"x":1}}"#,
    ] {
        request(&mut world, Code::PUT, "/coap-key2", json, object, &mut story);
    }
    request(&mut world, Code::PUT, "/coap-key2", ContentFormat::JSON, &key_object(KEY), &mut story);
    request(&mut world, Code::PUT, "/coap-key2/all-secured", json, r#"{"all_secured":true,"seq":1}"#, &mut story);
    request(&mut world, Code::PUT, "/coap-key2", json, &key_object(KEY), &mut story);
    observe(&mut world, 3, &mut story);
    request(&mut world, Code::GET, "/coap-key2", json, "", &mut story);
    for (value, seq) in [(true, 5), (true, 5), (false, 6)] {
        let object = format!(r#"{{"all_secured":{value},"seq":{seq}}}"#);
        request(&mut world, Code::PUT, "/coap-key2/all-secured", json, &object, &mut story);
        observe(&mut world, 3, &mut story);
    }
    world.ok(3, &format!("echo dest={}", global(1)));
    world.run(seconds(200));
    observe(&mut world, 3, &mut story);
    story
}

/// A secured router and a neighbour that knows the key.
fn neighbour(mutant: Option<Mutant>) -> String {
    let mut story = String::new();
    let mut world = line(2, mutant, true);
    world.run(seconds(20));
    let mut tester = Tester::new();
    let mut try_frame = |world: &mut World, psdu: Vec<u8>| {
        world.inject(2, &psdu);
        world.run(seconds(20));
        observe(world, 2, &mut story);
    };
    let plain = tester.plain(2, &tester.echo(2, 8));
    try_frame(&mut world, plain);
    let secured = tester.secured(2, &tester.echo(2, 8));
    try_frame(&mut world, secured.clone());
    try_frame(&mut world, secured);
    let plain_ssr = tester.plain(2, &tester.ssr(2, 60));
    try_frame(&mut world, plain_ssr);
    let foreign = Message::Sel(sel::Message::set_secure_request(eui64(1), 60));
    let foreign = tester.secured(2, &tester.icmpv6(2, 64, &foreign));
    try_frame(&mut world, foreign);
    let mut broken = tester.ssr(2, 60);
    broken.payload[2] ^= 1;
    let broken = tester.secured(2, &broken);
    try_frame(&mut world, broken);
    let fragments = tester.fragments(2, &tester.echo(2, 100));
    let (first, second) = (fragments[0].to_vec().unwrap(), tester.secure(&fragments[1]));
    world.inject(2, &first);
    try_frame(&mut world, second);
    let reserved = sel::Message { reserved: 9, ..sel::Message::set_secure_request(tester.eui64, 60) };
    let reserved = tester.secured(2, &tester.icmpv6(2, 64, &Message::Sel(reserved)));
    try_frame(&mut world, reserved);
    let withdraw = tester.secured(2, &tester.ssr(2, 0));
    try_frame(&mut world, withdraw);
    let one_hop = Message::Sel(sel::Message::set_secure_request(tester.eui64, 1));
    let one_hop = tester.secured(2, &tester.icmpv6(2, 1, &one_hop));
    try_frame(&mut world, one_hop);
    for _ in 0..2 {
        let again = tester.secured(2, &tester.ssr(2, 1));
        world.inject(2, &again);
    }
    let marked = tester.secured(2, &tester.echo(2, 8));
    try_frame(&mut world, marked);
    let plain = tester.plain(2, &tester.echo(2, 8));
    try_frame(&mut world, plain);
    let mut bad = tester.secured(2, &tester.echo(2, 8));
    *bad.last_mut().unwrap() ^= 1;
    try_frame(&mut world, bad);
    tester.level = SecurityLevel::Mic32;
    let low = tester.secured(2, &tester.echo(2, 8));
    try_frame(&mut world, low);
    world.run(seconds(100));
    observe(&mut world, 2, &mut story);
    story
}

/// An unsecured router and a neighbour that knows the key.
fn unsecured(mutant: Option<Mutant>) -> String {
    let mut story = String::new();
    let mut world = line(2, mutant, false);
    world.run(seconds(20));
    let mut tester = Tester::new();
    let ssr = tester.secured(2, &tester.ssr(2, 60));
    world.inject(2, &ssr);
    tester.level = SecurityLevel::Mic32;
    let low = tester.secured(2, &tester.echo(2, 8));
    world.inject(2, &low);
    world.run(seconds(1));
    observe(&mut world, 2, &mut story);
    story
}

/// A secured router in a closed network and a neighbour whose link is unmarked.
fn closed(mutant: Option<Mutant>) -> String {
    let mut story = String::new();
    let mut world = line(2, mutant, true);
    let mut store = world.power_off(2);
    store.set_all_secured(true, 1);
    world.boot(2, store);
    world.run(seconds(20));
    let mut tester = Tester::new();
    let plain = tester.plain(2, &tester.echo(2, 8));
    world.inject(2, &plain);
    let secured = tester.secured(2, &tester.echo(2, 8));
    world.inject(2, &secured);
    world.run(seconds(20));
    observe(&mut world, 2, &mut story);
    story
}

/// Handshakes with wrong credentials, and one that lasts.
fn handshake(mutant: Option<Mutant>) -> String {
    let mut story = String::new();
    let mut world = line(3, mutant, true);
    for (identity, psk) in [("0011223344556677", PSK), ("70b3d5b007000003", [0; 16]), ("70b3d5b007000003", PSK)] {
        world.tool.connect(world.now, global(3), identity.into(), psk);
        world.run(seconds(30));
        writeln!(story, "{}", world.tool.is_connected()).unwrap();
        observe(&mut world, 3, &mut story);
    }
    story
}

/// Plain CoAP before the network is closed.
fn plain_coap(mutant: Option<Mutant>) -> String {
    let mut story = String::new();
    let mut world = line(3, mutant, true);
    for (number, path, payload) in [(1, "/.well-known/core", String::new()), (2, "/coap-key2", key_object(KEY))] {
        let mut options = Options::new();
        options.push_uri_path(path);
        options.push_content_format(ContentFormat::COAP_GROUP_JSON);
        let code = if payload.is_empty() { Code::GET } else { Code::PUT };
        let token = Token::new(&[number]).unwrap();
        let (message_type, payload) = (MessageType::Confirmable, payload.into_bytes());
        let message = wire::coap::Message { message_type, code, message_id: number.into(), token, options, payload };
        world.tool.send_udp(global(3), 5683, &message.emit().unwrap());
        world.run(seconds(1));
        observe(&mut world, 3, &mut story);
    }
    story
}

/// A reboot of a device that joined a network that is closed.
fn reboot(mutant: Option<Mutant>) -> String {
    let mut story = String::new();
    let mut world = World::line(true);
    world.start();
    world.join();
    world.put("/coap-key2/all-secured", r#"{"all_secured":true,"seq":7}"#);
    let counters = |world: &mut World| {
        let frames = world.air.drain(..).filter(|seen| seen.1 == 3);
        let secured = frames.filter_map(|seen| match Mpdu::parse(&seen.2) {
            Ok(Mpdu::Secured(frame)) => frame.security.frame_counter,
            _ => None,
        });
        secured.collect::<std::collections::BTreeSet<u32>>()
    };
    let before = counters(&mut world);
    become_mutant(&mut world, 3, mutant);
    world.run(seconds(20));
    writeln!(story, "{}", before.is_disjoint(&counters(&mut world))).unwrap();
    observe(&mut world, 3, &mut story);
    story
}

/// A secured router between a border router and a device that joins over it.
fn relay(mutant: Option<Mutant>) -> String {
    let mut story = String::new();
    let mut world = line(2, mutant, true);
    world.run(seconds(20));
    for (_, header, message) in &world.tool.join_requests {
        writeln!(story, "{header:?} {message:?}").unwrap();
    }
    let multicast = |seen: &common::OnAir| seen.to == LinkAddress::BROADCAST;
    let copies = world.packets().iter().filter(|seen| seen.from == 2 && multicast(seen)).count();
    writeln!(story, "{copies}").unwrap();
    story
}

/// A device that waits to be selected.
fn selection(mutant: Option<Mutant>) -> String {
    let mut story = String::new();
    let mut world = World::new(2, &[(1, 2)]);
    world.ok(1, "install role=6lbr channel=26 pan_id=0xb007 ct=fd00:c0::c7");
    world.install_6lr(2, 1, "selection");
    become_mutant(&mut world, 2, mutant);
    world.start();
    observe(&mut world, 2, &mut story);
    story
}
