//! What a reboot keeps, what a factory reset erases, and the upper tester's view of it all (`PROFILE-SEL` 12, UT/1).

mod common;

use std::collections::BTreeSet;
use std::time::Duration;

use common::{CT, KEY, PSK, Tester, World, eui64, global, seconds};
use rstest::rstest;
use wire::ieee802154::Mpdu;
use wire::upper_tester::{ErrorCode, Outcome};

fn joined_and_closed() -> World {
    let mut world = World::line(true);
    world.start();
    world.join();
    assert_eq!(world.put("/coap-key2/all-secured", r#"{"all_secured":true,"seq":7}"#), "2.04");
    world
}

#[test]
fn keys_all_secured_and_the_close_number_persist_over_a_power_cut() {
    let mut world = joined_and_closed();
    world.power_cycle(3);
    let status = world.ok(3, "status");
    assert_eq!((status.get("state"), status.get("all_secured"), status.get("close_seq")), ("secured", "1", "7"));
    world.run(seconds(15));
    assert!(world.link_is_secured(3, 2), "an SSR of the rebooted device is answered over the marked link");
    assert_eq!(world.ok(3, "status").get("global"), global(3).to_string());
    world.tool.connect(world.now, global(3), eui64(3).to_string(), PSK);
    world.run(seconds(2));
    assert_eq!(world.put("/coap-key2/all-secured", r#"{"all_secured":false,"seq":7}"#), "4.09");
    assert_eq!(world.put("/coap-key2/all-secured", r#"{"all_secured":false,"seq":8}"#), "2.04");
    assert!(world.link_is_secured(3, 2), "re-opening leaves the marks");
}

#[test]
fn a_device_without_a_shell_has_no_command_for_it() {
    let mut world = World::line(true);
    world.start();
    assert_eq!(world.command(3, "vendor text=state"), Outcome::Unimplemented);
    assert_eq!(world.command(3, "vendor text=-"), Outcome::Error(ErrorCode::Argument));
}

#[test]
fn no_frame_counter_is_used_twice_over_power_cuts_and_a_factory_reset() {
    let mut world = World::line(true);
    world.start();
    let mut used = BTreeSet::new();
    let mut last = None;
    let mut collect = |world: &mut World| {
        for (_, from, psdu) in world.air.drain(..) {
            if let (2, Ok(Mpdu::Secured(frame))) = (from, Mpdu::parse(&psdu)) {
                let counter = frame.security.frame_counter.unwrap();
                assert!(used.insert(counter), "{counter} twice");
                assert!(last.replace(counter).is_none_or(|last| last < counter));
            }
        }
        used.len()
    };
    let mut sent = collect(&mut world);
    for _ in 0..5 {
        world.power_cycle(2);
        world.run(seconds(20));
        let now = collect(&mut world);
        assert!(now > sent);
        sent = now;
    }
    world.ok(2, "factory_reset");
    world.run(seconds(1));
    assert_eq!(world.ok(2, "status").get("state"), "factory");
    collect(&mut world);
    world.install_6lr(2, 1, "boot");
    world.provision(2);
    world.ok(2, "start");
    world.run(seconds(20));
    assert!(collect(&mut world) > sent);
}

#[test]
fn a_frame_from_before_a_reset_cannot_be_replayed_after_it() {
    let mut world = World::line(true);
    world.start();
    let mut tester = Tester::new();
    let ssr = tester.secured(2, &tester.ssr(2, 60));
    let echo = tester.secured(2, &tester.echo(2, 8));
    world.inject(2, &ssr);
    assert_eq!(world.echoes(2, tester.eui64, &echo), Some(true));
    world.ok(2, "reset");
    world.run(seconds(2));
    for frame in [&ssr, &echo] {
        assert_eq!(world.echoes(2, tester.eui64, frame), None);
    }
    assert_eq!(world.counter(2, "refused_replay"), 2);
    assert!(!world.link_is_secured(2, 9));
    world.power_cycle(2);
    world.run(seconds(2));
    world.inject(2, &ssr);
    assert!(!world.link_is_secured(2, 9));
}

#[test]
fn a_secured_frame_from_before_a_power_cut_is_not_taken_again_and_the_next_one_is() {
    let (mut world, mut tester) = (World::line(true), Tester::new());
    world.start();
    world.run(seconds(20));
    for _ in 0..20 {
        let echo = tester.secured(2, &tester.echo(2, 8));
        assert!(world.echoes(2, tester.eui64, &echo).is_some());
        world.power_cycle(2);
        world.run(seconds(2));
        assert_eq!(world.echoes(2, tester.eui64, &echo), None, "frame counter {}", tester.frame_counter - 1);
        assert_eq!(world.counter(2, "refused_replay"), 1);
    }
}

#[test]
fn sent_and_received_frame_counters_wear_the_store_little() {
    let mut world = World::line(true);
    world.start();
    let before = world.power_off(2);
    let (writes, bound) = (before.writes(), before.frame_counter_bound());
    world.boot(2, before);
    let mut tester = Tester::new();
    world.run(seconds(20));
    for _ in 0..3000 {
        let frame = tester.secured(2, &tester.ssr(2, 60));
        world.inject(2, &frame);
        world.run(seconds(1));
    }
    let after = world.power_off(2);
    assert!(after.frame_counter_bound() >= bound + 3000);
    // A block of 1024 sent ones at a time; of received ones 64 as they are, then about two in 30 s.
    let written = after.writes() - writes;
    assert!((64 + 100..=64 + 230).contains(&written), "{written} writes");
    let stored = after.incoming().iter().find(|entry| entry.source == tester.eui64).unwrap();
    let ahead = stored.expected - tester.frame_counter;
    assert!(ahead < 60, "{ahead} frames of the neighbour would be refused after a power cut");
}

#[test]
fn a_key_that_comes_again_makes_nobody_unheard() {
    let (mut world, mut tester) = (World::line(true), Tester::new());
    world.start();
    world.run(seconds(20));
    // More frames than are written down one by one: the store runs ahead of the neighbour.
    for _ in 0..200 {
        let frame = tester.secured(2, &tester.ssr(2, 60));
        world.inject(2, &frame);
        world.run(Duration::from_millis(20));
    }
    world.provision(2);
    let echo = tester.secured(2, &tester.echo(2, 8));
    assert!(world.echoes(2, tester.eui64, &echo).is_some(), "the frame is fresh, and the device did not restart");
    assert_eq!(world.counter(2, "refused_replay"), 0);
}

#[test]
fn a_factory_reset_withdraws_the_links_and_erases_everything() {
    let mut world = World::line(true);
    world.start();
    world.join();
    assert!(world.link_is_secured(2, 3));
    world.ok(3, "factory_reset");
    world.run(seconds(1));
    assert!(!world.link_is_secured(2, 3), "withdrawn by an SSR with lifetime 0");
    assert_eq!(world.ok(3, "status").get("state"), "factory");
    assert_eq!(world.events(3, "booted").len(), 2);
    world.ok(3, &format!("manufacture anchor=psk psk={}", hex::encode(PSK)));
    world.install_6lr(3, 2, "boot");
    world.ok(3, "start");
    world.run(seconds(20));
    assert_eq!(world.ok(3, "status").get("state"), "joining");
    world.join();
    assert!(world.link_is_secured(2, 3) && world.link_is_secured(3, 2), "it joined again in place");
}

#[test]
fn an_installed_device_starts_by_itself_after_a_reset() {
    let mut world = World::line(true);
    world.start();
    world.ok(3, "reset");
    world.run(seconds(12));
    assert_eq!(world.events(3, "booted").len(), 2);
    assert_eq!(world.ok(3, "status").get("global"), global(3).to_string());
}

#[test]
fn the_lifecycle_states_follow_each_other() {
    let mut world = World::new(2, &[(1, 2)]);
    world.ok(1, "install role=6lbr channel=26 pan_id=0xb007 ct=fd00:c0::c7");
    world.ok(1, "start");
    let hello = world.ok(2, "hello nonce=00ff");
    assert_eq!((hello.get("nonce"), hello.get("protocol"), hello.get("eui64")), ("00ff", "UT/1", "70b3d5b007000002"));
    assert_eq!(hello.get("state"), "factory");
    world.ok(2, &format!("manufacture anchor=psk psk={}", hex::encode(PSK)));
    assert_eq!(world.ok(2, "status").get("state"), "manufactured");
    world.install_6lr(2, 1, "boot");
    assert_eq!(world.ok(2, "status").get("state"), "installed");
    world.ok(2, "start");
    world.run(seconds(1));
    assert_eq!(world.ok(2, "status").get("state"), "joining");
    world.provision(2);
    assert_eq!(world.ok(2, "status").get("state"), "secured");
}

#[rstest]
#[case::second_anchor("manufacture anchor=psk psk=000102030405060708090a0b0c0d0e0f", ErrorCode::State)]
#[case::bad_argument_first("manufacture anchor=psk psk=00", ErrorCode::Argument)]
#[case::install_while_running("install role=6lr channel=26 pan_id=0xb007 ct=fd00:c0::c7", ErrorCode::State)]
#[case::other_key("provision key=00000000000000000000000000000000 index=1 level=5", ErrorCode::State)]
#[case::join_when_secured("join", ErrorCode::State)]
#[case::unknown_argument("ping now=1", ErrorCode::Argument)]
#[case::too_much_data("send dest=fd00:c0::c7 port=7 data=zz", ErrorCode::Argument)]
fn a_command_out_of_place_is_refused(#[case] command: &str, #[case] code: ErrorCode) {
    let mut world = World::line(true);
    world.start();
    assert_eq!(world.command(2, command), Outcome::Error(code));
}

#[rstest]
#[case("join")]
#[case("start")]
#[case("echo dest=fe80::1")]
#[case("send dest=fe80::1 port=7 data=00")]
#[case("route dest=70b3d5b007000003 via=70b3d5b007000003")]
fn a_factory_fresh_device_refuses_to_run(#[case] command: &str) {
    let mut world = World::new(1, &[]);
    assert_eq!(world.command(1, command), Outcome::Error(ErrorCode::State));
}

#[test]
fn garbage_at_the_upper_tester_hurts_nothing() {
    let mut world = World::new(1, &[]);
    assert_eq!(world.command(1, "levitate"), Outcome::Unimplemented);
    world.upper_tester(1, &[0xff; 700]);
    world.upper_tester(1, b"\n\n> x ping\n< 1 ok\n! booted t=0\n> 9\n> 10 ping\n> 4 echo dest=\n> 5 ");
    world.upper_tester(1, b"ping\n");
    world.ok(1, "ping");
    let answered = |seq: u32| move |line: &&String| line.starts_with(&format!("< {seq} "));
    assert_eq!(world.lines(1).iter().filter(answered(10)).count(), 1);
    assert_eq!(world.lines(1).iter().find(answered(4)).unwrap(), "< 4 error code=argument");
    assert_eq!(world.lines(1).iter().filter(answered(5)).count(), 1);
}

#[test]
fn udp_reaches_the_upper_tester_of_the_receiver_over_hops() {
    let mut world = World::line(true);
    world.start();
    world.ok(3, &format!("send dest={} port=7777 data=0a0b0c", global(1)));
    world.run(seconds(1));
    let received = world.events(1, "received");
    assert_eq!(received[0].arguments.get("from"), Some(global(3).to_string().as_str()));
    assert_eq!((received[0].arguments.get("port"), received[0].arguments.get("data")), (Some("7777"), Some("0a0b0c")));
}

#[test]
fn a_relay_decrements_the_hop_limit_and_drops_what_has_none_left() {
    let mut world = World::line(true);
    world.start();
    world.run(seconds(20));
    world.air.clear();
    world.tool.send_echo(global(3), 3);
    world.run(seconds(1));
    let hops: Vec<u8> = world.packets().iter().map(|seen| seen.packet.header.hop_limit).collect();
    assert_eq!(hops, [2, 1, 64, 63], "down over two routers, and the reply up again");
    world.tool.send_echo(global(3), 2);
    world.run(seconds(1));
    assert_eq!(world.counter(2, "dropped_hop_limit"), 1);
    assert_eq!(world.tool.echo_replies.len(), 1);
}

#[test]
fn a_border_router_joins_over_its_backbone() {
    let mut world = World::new(1, &[]);
    world.ok(1, &format!("manufacture anchor=psk psk={}", hex::encode(PSK)));
    world.ok(1, &format!("install role=6lbr channel=26 pan_id=0xb007 ct={CT}"));
    world.start();
    assert_eq!(world.tool.join_requests[0].1.source, global(1));
    world.tool.connect(world.now, global(1), eui64(1).to_string(), PSK);
    world.run(seconds(1));
    assert_eq!(world.put("/coap-key2", &common::key_object(KEY)), "2.01");
    assert_eq!(world.ok(1, "status").get("state"), "secured");
}

#[test]
fn the_same_seed_gives_the_same_run() {
    let run = || {
        let mut world = World::line(true);
        world.start();
        world.join();
        world.run(seconds(100));
        world.air
    };
    assert!(run() == run());
}
