//! The whole join (`SEL` 5.3.1 to 5.4): JSR, DTLS, key, SSRs; and every way in which it must not succeed.

mod common;

use common::{CT, KEY, PSK, World, eui64, global, key_object, link_local, seconds};
use rstest::rstest;
use wire::coap::{Code, ContentFormat};
use wire::sel::Kind;

#[test]
fn a_device_joins_over_an_unsecured_router_and_a_border_router() {
    let mut world = World::line(false);
    world.start();
    let (_, header, message) = *world.tool.join_requests.iter().find(|seen| seen.2.eui64 == eui64(3)).unwrap();
    assert_eq!((header.source, header.destination, header.hop_limit), (global(3), CT, 62));
    assert_eq!((message.kind, message.registration_lifetime), (Kind::JoinSecureRequest, 0));
    world.join();
    assert_eq!(world.events(3, "keyed").len(), 1);
    let status = world.ok(3, "status");
    assert_eq!((status.get("state"), status.get("key_index"), status.get("level")), ("secured", "1", "5"));
    assert!(!world.link_is_secured(3, 2), "the router has no key yet");
    world.air.clear();
    world.ok(3, &format!("echo dest={CT}"));
    world.run(seconds(1));
    assert_eq!(world.events(3, "echo_reply").len(), 1);
    assert!(world.packets().iter().filter(|seen| seen.from == 3).all(|seen| !seen.is_secured()));
}

#[test]
fn a_joiner_and_its_secured_router_mark_their_link_by_an_exchange_of_ssrs() {
    let mut world = World::line(true);
    world.start();
    world.join();
    assert!(world.link_is_secured(3, 2) && world.link_is_secured(2, 3));
    assert_eq!(world.events(2, "link_secured").len(), 2);
    world.air.clear();
    world.tool.send_echo(global(3), 64);
    world.run(seconds(1));
    assert_eq!(world.tool.echo_replies.len(), 1);
    assert!(world.packets().iter().all(|seen| seen.is_secured()));
    assert_eq!(world.tool.echo_replies[0].hop_limit, 62);
}

#[rstest]
fn a_join_gets_through_a_lossy_network(#[values(1, 2, 3, 4, 5)] seed: u8) {
    let mut world = World::line(true);
    world.loss = 100;
    for _ in 0..seed {
        world.roll();
    }
    world.start();
    world.run(seconds(180));
    assert_eq!(world.ok(3, "status").get("global"), global(3).to_string());
    world.tool.connect(world.now, global(3), eui64(3).to_string(), PSK);
    for _ in 0..50 {
        if !world.tool.is_connected() {
            world.run(seconds(1));
        }
    }
    world.put("/coap-key2", &key_object(KEY));
    world.run(seconds(50));
    assert_eq!(world.ok(3, "status").get("state"), "secured");
    assert!(world.link_is_secured(3, 2) && world.link_is_secured(2, 3));
}

#[test]
fn jsrs_have_the_form_of_the_profile_back_off_and_end_with_the_key() {
    let mut world = World::line(true);
    world.start();
    world.run(seconds(70));
    let requests = world.bootstrap_requests(3, Kind::JoinSecureRequest);
    for seen in &requests {
        let message = seen.bootstrap_request().unwrap();
        assert_eq!((message.status, message.reserved, message.registration_lifetime), (0, 0, 0));
        assert_eq!((message.eui64, seen.packet.header.hop_limit), (eui64(3), 64));
        assert_eq!((seen.packet.header.source, seen.packet.header.destination), (global(3), CT));
        assert!(!seen.is_secured());
    }
    let intervals: Vec<f64> = requests.windows(2).map(|pair| (pair[1].at - pair[0].at).as_secs_f64()).collect();
    assert_eq!(intervals.len(), 5);
    for (interval, nominal) in intervals.iter().zip([2.0, 4.0, 8.0, 16.0, 32.0]) {
        assert!((nominal * 0.9..=nominal * 1.1).contains(interval), "{intervals:?}");
    }
    world.join();
    world.air.clear();
    world.run(seconds(400));
    world.power_cycle(3);
    world.run(seconds(400));
    assert!(world.bootstrap_requests(3, Kind::JoinSecureRequest).is_empty());
}

#[test]
fn jsrs_pause_during_a_session_and_go_on_after_it() {
    let mut world = World::line(true);
    world.start();
    world.tool.connect(world.now, global(3), eui64(3).to_string(), PSK);
    world.run(seconds(1));
    world.air.clear();
    world.run(seconds(55));
    assert!(world.bootstrap_requests(3, Kind::JoinSecureRequest).is_empty());
    world.run(seconds(10));
    assert_eq!(world.events(3, "session").len(), 2, "dropped after 60 s of silence");
    assert!(!world.bootstrap_requests(3, Kind::JoinSecureRequest).is_empty());
}

#[test]
fn with_trigger_selection_the_first_jsr_waits_for_the_button() {
    let mut world = World::new(2, &[(1, 2)]);
    world.ok(1, "install role=6lbr channel=26 pan_id=0xb007 ct=fd00:c0::c7");
    world.install_6lr(2, 1, "selection");
    world.start();
    world.run(seconds(300));
    assert!(world.bootstrap_requests(2, Kind::JoinSecureRequest).is_empty());
    world.ok(2, "join");
    world.run(seconds(3));
    assert_eq!(world.bootstrap_requests(2, Kind::JoinSecureRequest).len(), 2);
}

#[test]
fn the_response_leaves_plain_before_the_first_ssr() {
    let mut world = World::line(true);
    world.start();
    world.tool.connect(world.now, global(3), eui64(3).to_string(), PSK);
    world.run(seconds(1));
    world.air.clear();
    assert_eq!(world.put("/coap-key2", &key_object(KEY)), "2.01");
    let own: Vec<_> = world.packets().into_iter().filter(|seen| seen.from == 3).collect();
    assert_eq!(own[0].packet.header.destination, CT);
    assert!(!own[0].is_secured() && own[1].is_secured());
    assert_eq!(own[1].bootstrap_request().unwrap().kind, Kind::SetSecureRequest);
}

#[test]
fn a_tool_that_lost_its_session_begins_anew_from_the_same_port() {
    let mut world = World::line(true);
    world.start();
    world.join();
    for seq in 1..=3 {
        world.tool.connect(world.now, global(3), eui64(3).to_string(), PSK);
        world.run(seconds(2));
        assert!(world.tool.is_connected());
        let object = format!(r#"{{"all_secured":true,"seq":{seq}}}"#);
        assert_eq!(world.put("/coap-key2/all-secured", &object), "2.04");
    }
    assert_eq!(world.events(3, "all_secured").len(), 3);
}

#[test]
fn the_same_key_twice_is_the_same_as_once() {
    let mut world = World::line(true);
    world.start();
    world.join();
    world.run(seconds(2));
    world.air.clear();
    let writes_before = world.events(3, "keyed").len();
    assert_eq!(world.put("/coap-key2", &key_object(KEY)), "2.04");
    assert_eq!(world.events(3, "keyed").len(), writes_before);
    assert!(world.bootstrap_requests(3, Kind::SetSecureRequest).is_empty());
    assert!(world.link_is_secured(3, 2));
}

#[rstest]
#[case::no_json("key")]
#[case::empty_object("{}")]
#[case::short_key(r#"{"1":{"key":"000102030405060708090a0b0c0d0e","mode":1,"index":1,"level":5}}"#)]
#[case::long_key(r#"{"1":{"key":"000102030405060708090a0b0c0d0e0f10","mode":1,"index":1,"level":5}}"#)]
#[case::no_key(r#"{"1":{"mode":1,"index":1,"level":5}}"#)]
#[case::no_mode(r#"{"1":{"key":"000102030405060708090a0b0c0d0e0f","index":1,"level":5}}"#)]
#[case::mode_2(r#"{"1":{"key":"000102030405060708090a0b0c0d0e0f","mode":2,"index":1,"level":5}}"#)]
#[case::index_0(r#"{"0":{"key":"000102030405060708090a0b0c0d0e0f","mode":1,"index":0,"level":5}}"#)]
#[case::other_index(r#"{"1":{"key":"000102030405060708090a0b0c0d0e0f","mode":1,"index":2,"level":5}}"#)]
#[case::level_0(r#"{"1":{"key":"000102030405060708090a0b0c0d0e0f","mode":1,"index":1,"level":0}}"#)]
#[case::level_4(r#"{"1":{"key":"000102030405060708090a0b0c0d0e0f","mode":1,"index":1,"level":4}}"#)]
#[case::level_8(r#"{"1":{"key":"000102030405060708090a0b0c0d0e0f","mode":1,"index":1,"level":8}}"#)]
#[case::unknown_member(r#"{"1":{"key":"000102030405060708090a0b0c0d0e0f","mode":1,"index":1,"level":5,"x":1}}"#)]
#[case::doubled_member(r#"{"1":{"key":"000102030405060708090a0b0c0d0e0f","mode":1,"mode":1,"index":1,"level":5}}"#)]
#[case::short_source(r#"{"1":{"key":"000102030405060708090a0b0c0d0e0f","mode":1,"index":1,"level":5,"src":"00"}}"#)]
#[case::good_and_bad(r#"{"1":{"key":"000102030405060708090a0b0c0d0e0f","mode":1,"index":1,"level":5},"2":{"mode":1}}"#)]
fn a_wrong_key_object_is_refused_and_changes_nothing(#[case] object: &str) {
    let mut world = World::line(true);
    world.start();
    world.tool.connect(world.now, global(3), eui64(3).to_string(), PSK);
    world.run(seconds(1));
    assert_eq!(world.put("/coap-key2", object), "4.00");
    assert_eq!(world.ok(3, "status").get("secured"), "0");
    assert!(world.bootstrap_requests(3, Kind::SetSecureRequest).is_empty());
}

#[test]
fn the_resources_of_the_device_answer_as_the_profile_says() {
    let mut world = World::line(true);
    world.start();
    world.tool.connect(world.now, global(3), eui64(3).to_string(), PSK);
    world.run(seconds(1));
    let mut ask = |code: Code, path: &str, format: Option<ContentFormat>, payload: &str| {
        world.tool.request(world.now, code, path, format, payload.as_bytes());
        world.run(seconds(1));
        let message = world.tool.take_response().expect("an answer");
        let text = String::from_utf8(message.payload).unwrap();
        (format!("{}.{:02}", message.code.class(), message.code.detail()), text)
    };
    let json = Some(ContentFormat::COAP_GROUP_JSON);
    let links = "</coap-key2>;rt=\"core.ky\";ct=\"256\"";
    assert_eq!(ask(Code::GET, "/.well-known/core?rt=core.ky", None, ""), ("2.05".into(), links.into()));
    assert_eq!(ask(Code::GET, "/.well-known/core?rt=core.ct", None, ""), ("2.05".into(), "".into()));
    assert_eq!(ask(Code::GET, "/coap-key2", None, ""), ("2.05".into(), "{}".into()));
    assert_eq!(ask(Code::GET, "/coap-key2/1", None, "").0, "4.04");
    assert_eq!(ask(Code::GET, "/elsewhere", None, "").0, "4.04");
    assert_eq!(ask(Code::DELETE, "/coap-key2", None, "").0, "4.05");
    assert_eq!(ask(Code::PUT, "/coap-key2", Some(ContentFormat::JSON), &key_object(KEY)).0, "4.15");
    assert_eq!(ask(Code::PUT, "/coap-key2", None, &key_object(KEY)).0, "4.15");
    let close = r#"{"all_secured":true,"seq":1}"#;
    assert_eq!(ask(Code::PUT, "/coap-key2/all-secured", json, close).0, "4.03", "a 6UR refuses a close");
    assert_eq!(ask(Code::POST, "/coap-key2", json, &key_object(KEY)).0, "2.01");
    let shown = r#"{"1":{"mode":1,"index":1,"level":5}}"#;
    assert_eq!(ask(Code::GET, "/coap-key2", None, ""), ("2.05".into(), shown.into()));
    assert_eq!(ask(Code::GET, "/coap-key2/1", None, ""), ("2.05".into(), shown.into()));
    assert_eq!(ask(Code::PUT, "/coap-key2/all-secured", json, close).0, "2.04");
    assert_eq!(ask(Code::PUT, "/coap-key2/all-secured", json, close).0, "4.09", "the same close again");
    let open = r#"{"all_secured":false,"seq":2}"#;
    assert_eq!(ask(Code::PUT, "/coap-key2/all-secured", json, open).0, "2.04");
    assert_eq!(ask(Code::PUT, "/coap-key2/all-secured", json, r#"{"all_secured":true}"#).0, "4.00");
    assert_eq!(ask(Code::PUT, "/coap-key2/all-secured", json, r#"{"all_secured":1,"seq":9}"#).0, "4.00");
}

#[test]
fn deleting_the_key_withdraws_the_links_and_makes_the_device_join_again() {
    let mut world = World::line(true);
    world.start();
    world.join();
    world.tool.request(world.now, Code::DELETE, "/coap-key2/1", None, &[]);
    world.run(seconds(1));
    assert_eq!(world.tool.take_code(), "2.02");
    assert!(!world.link_is_secured(3, 2) && !world.link_is_secured(2, 3));
    assert_eq!(world.ok(3, "status").get("state"), "joining");
    assert_eq!(world.events(3, "unkeyed").len(), 1);
    let before = world.tool.join_requests.len();
    world.run(seconds(70));
    assert!(world.tool.join_requests.len() > before);
    world.join();
    assert!(world.link_is_secured(3, 2) && world.link_is_secured(2, 3));
}

#[rstest]
#[case::unknown_identity("70b3d5b007000004", PSK)]
#[case::upper_case_identity("70B3D5B007000003", PSK)]
#[case::wrong_key("70b3d5b007000003", [0; 16])]
fn wrong_credentials_get_no_session(#[case] identity: &str, #[case] psk: [u8; 16]) {
    let mut world = World::line(true);
    world.start();
    world.tool.connect(world.now, global(3), identity.into(), psk);
    world.run(seconds(5));
    assert!(!world.tool.is_connected() && world.tool.closed.is_some());
    assert!(world.events(3, "session").iter().all(|event| event.arguments.get("state") == Some("closed")));
    world.join();
}

#[test]
fn plain_coap_is_silent_until_the_network_is_closed_and_then_knows_links_only() {
    let get = |path: &str| {
        let mut options = wire::coap::Options::new();
        options.push_uri_path(path);
        let token = wire::coap::Token::new(&[7]).unwrap();
        let (message_type, code, message_id) = (wire::coap::MessageType::Confirmable, Code::GET, 77);
        wire::coap::Message { message_type, code, message_id, token, options, payload: Vec::new() }.emit().unwrap()
    };
    let mut world = World::line(true);
    world.start();
    world.join();
    let ask = |world: &mut World, path: &str| {
        // Another message ID each time would hide nothing: the server tells repetitions by it.
        world.tool.datagrams.clear();
        world.run(seconds(300));
        world.tool.send_udp(global(3), 5683, &get(path));
        world.run(seconds(1));
        let answer = world.tool.datagrams.first().map(|(_, datagram)| datagram.payload.clone());
        answer.map(|payload| wire::coap::Message::parse(&payload).unwrap().code)
    };
    assert_eq!(ask(&mut world, "/.well-known/core"), None);
    assert_eq!(ask(&mut world, "/coap-key2"), None);
    world.tool.connect(world.now, global(3), eui64(3).to_string(), PSK);
    world.run(seconds(1));
    assert_eq!(world.put("/coap-key2/all-secured", r#"{"all_secured":true,"seq":1}"#), "2.04");
    assert_eq!(ask(&mut world, "/.well-known/core"), Some(Code::CONTENT));
    assert_eq!(ask(&mut world, "/coap-key2"), Some(Code::UNAUTHORIZED));
    assert_eq!(ask(&mut world, "/elsewhere"), Some(Code::NOT_FOUND));
}

#[test]
fn a_device_without_a_trust_anchor_answers_no_handshake() {
    let mut world = World::new(2, &[(1, 2)]);
    world.ok(1, "install role=6lbr channel=26 pan_id=0xb007 ct=fd00:c0::c7");
    world.install_6lr(2, 1, "boot");
    world.start();
    world.tool.connect(world.now, global(2), eui64(2).to_string(), PSK);
    world.run(seconds(5));
    assert!(!world.tool.is_connected());
    assert!(world.packets().iter().all(|seen| seen.packet.header.source != link_local(2) || seen.icmpv6().is_some()));
}
