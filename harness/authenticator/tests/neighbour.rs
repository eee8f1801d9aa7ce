//! Emulated neighbours beside reference devices (`SEL` 5.3, RFC 6775).

mod common;

use bootrack_authenticator::Machine;
use bootrack_authenticator::MachineInput;
use bootrack_authenticator::craft::{CraftRequest, Destination, Protection, Value, craft};
use bootrack_authenticator::deviation::{Change, Rule};
use std::time::Duration;

use common::{KEY, SECOND, World, eui64};
use protocols::time::Instant;
use rstest::rstest;
use wire::ieee802154::Mpdu;

/// 1 is a keyed 6LBR, 5 a tester beside it.
fn pair(options: &str) -> World {
    let mut world = World::new(&[(1, 5)], 0, 1);
    world.board(1);
    world.install_border_router(1);
    world.provision(1);
    world.command(1, "start");
    world.tester(5);
    world.order_to(5, &format!("configure eui64={} pan_id=0xb007 key={KEY} index=1 level=5 {options}", eui64(5)));
    world.done.clear();
    world
}

fn sent_by(world: &World, number: u8) -> Vec<Mpdu> {
    world.air.iter().filter(|(_, from, _)| *from == number).map(|(_, _, psdu)| Mpdu::parse(psdu).unwrap()).collect()
}

#[test]
fn an_announced_neighbour_is_listed() {
    let mut world = pair("keyed=0");
    assert!(!world.link_is_known(1, 5));
    let announce = format!("announce to={}", eui64(1));
    world.order_to(5, &announce);
    world.run(SECOND);
    assert_eq!(world.done, [announce]);
    assert!(world.link_is_known(1, 5) && !world.link_is_secured(1, 5));
}

#[test]
fn an_ssr_marks_the_link_on_both_sides_with_two_or_three_messages() {
    let mut world = pair("keyed=1");
    world.order_to(5, &format!("announce to={}", eui64(1)));
    world.run(10 * SECOND);
    world.air.clear();
    world.order_to(5, &format!("ssr to={} lifetime=60", eui64(1)));
    world.run(10 * SECOND);
    assert!(world.link_is_secured(1, 5));
    let now = world.now;
    assert!(world.neighbour(5).machine().is_link_secured(now, eui64(1)));
    assert!(world.air.len() <= 6, "no loop: {}", world.air.len());
    // Over a marked link both speak secured.
    world.air.clear();
    world.order_to(5, &format!("echo to={}", eui64(1)));
    world.run(SECOND);
    assert_eq!(world.air.len(), 2);
    assert!(world.air.iter().all(|(_, _, psdu)| matches!(Mpdu::parse(psdu), Ok(Mpdu::Secured(_)))));
    // A withdrawal ends it.
    world.order_to(5, &format!("ssr to={} lifetime=0", eui64(1)));
    world.run(SECOND);
    assert!(!world.link_is_secured(1, 5));
}

#[test]
fn a_neighbour_told_not_to_answer_ssrs_stays_unmarked() {
    let mut world = pair("keyed=1 answer_ssr=0");
    world.order_to(5, &format!("announce to={}", eui64(1)));
    world.run(20 * SECOND);
    assert!(!world.link_is_secured(1, 5));
    let now = world.now;
    assert!(!world.neighbour(5).machine().is_link_secured(now, eui64(1)));
    let mut world = pair("keyed=1 answer_ssr=1");
    world.order_to(5, &format!("announce to={}", eui64(1)));
    world.run(20 * SECOND);
    assert!(world.link_is_secured(1, 5), "the other side asks, this one answers");
}

#[test]
fn a_plain_frame_over_a_marked_link_is_refused_by_the_neighbour() {
    let mut world = pair("keyed=1");
    world.order_to(5, &format!("announce to={}", eui64(1)));
    world.run(20 * SECOND);
    assert!(world.link_is_secured(1, 5));
    let request = CraftRequest {
        message: "icmpv6.echo_request".to_owned(),
        source: eui64(1),
        destination: Destination::Neighbour(eui64(5)),
        pan_id: 0xb007,
        protection: None,
        overrides: Default::default(),
    };
    let plain = craft(&request, &mut Default::default()).unwrap();
    world.air.clear();
    let now = world.now;
    let before = world.neighbour(5).machine().statistics().refused_unsecured;
    world.neighbour(5).handle(now, MachineInput::Received(&plain.frames[0].psdu));
    assert_eq!(world.neighbour(5).machine().statistics().refused_unsecured, before + 1);
    world.run(Duration::from_millis(100));
    assert!(sent_by(&world, 5).is_empty());
}

#[test]
fn a_replayed_frame_is_refused_by_the_neighbour() {
    let mut world = pair("keyed=1");
    let key = hex::decode(KEY).unwrap().try_into().unwrap();
    let request = CraftRequest {
        message: "icmpv6.echo_request".to_owned(),
        source: eui64(1),
        destination: Destination::Neighbour(eui64(5)),
        pan_id: 0xb007,
        protection: Some(Protection { level: 5, key, index: 1, counter: Some(100_000) }),
        overrides: Default::default(),
    };
    let frame = craft(&request, &mut Default::default()).unwrap().frames.remove(0).psdu;
    world.run(SECOND);
    world.air.clear();
    let before = world.neighbour(5).machine().statistics().refused_secured;
    let now = world.now;
    for _ in 0..2 {
        world.neighbour(5).handle(now, MachineInput::Received(&frame));
    }
    assert_eq!(world.neighbour(5).machine().statistics().refused_secured, before + 1);
    world.run(Duration::from_millis(100));
    assert_eq!(sent_by(&world, 5).len(), 1, "one echo reply");
}

#[test]
fn an_order_to_somebody_who_does_not_acknowledge_is_refused() {
    let mut world = pair("keyed=0");
    world.order_to(5, &format!("echo to={}", eui64(9)));
    world.run(SECOND);
    assert_eq!(world.refused, [(format!("echo to={}", eui64(9)), "a frame was not acknowledged".to_owned())]);
    world.order_to(5, &format!("echo to={} size=300", eui64(1)));
    world.run(SECOND);
    assert_eq!(world.done.len(), 1, "fragments are one order");
    assert!(sent_by(&world, 5).len() > 3);
}

#[test]
fn a_silent_neighbour_neither_acknowledges_nor_answers() {
    let mut world = pair("keyed=0");
    world.order_to(5, &format!("announce to={}", eui64(1)));
    world.run(SECOND);
    world.order_to(5, "silent");
    world.air.clear();
    let address = bootrack_authenticator::profile::mesh_address(eui64(5));
    world.command(1, &format!("echo dest={address}"));
    world.run(SECOND);
    assert!(sent_by(&world, 5).is_empty());
    assert!(!world.lines(1).iter().any(|line| line.contains("echo_reply")));
    world.order_to(5, &format!("echo to={}", eui64(1)));
    assert_eq!(world.refused.len(), 1, "it is nobody until it is configured again");
}

#[test]
fn a_device_joins_through_an_emulated_router() {
    let mut world = World::new(&[(1, 5), (5, 3)], 0, 1);
    world.board(1);
    world.board(3);
    world.tester(5);
    world.install_border_router(1);
    world.install_router(3, 5);
    world.command(1, &format!("route dest={} via={}", eui64(3), eui64(5)));
    world.provision(1);
    world.prepare_tool();
    world.order_to(5, &format!("configure eui64={} forward=1 parent={}", eui64(5), eui64(1)));
    world.command(1, "start");
    world.order_to(5, &format!("announce to={}", eui64(1)));
    world.run(SECOND);
    world.command(3, "start");
    world.order(&format!("select {}", eui64(3)));
    world.run(130 * SECOND);
    assert!(world.is_secured(3), "{:?} {:?}", world.log, world.refused);
}

#[test]
fn a_rule_changes_a_field_of_a_secured_frame_before_it_is_protected() {
    let mut world = pair("keyed=1 answer_ssr=0");
    world.order_to(5, &format!("announce to={}", eui64(1)));
    world.run(10 * SECOND);
    let change = Change::Override([("sel.eui64".to_owned(), Value::from("70b3d5b0070000ee"))].into());
    let rule = Rule { message: "sel.ssr".to_owned(), matches: Vec::new(), change, times: 1 };
    world.neighbour(5).deviate(rule).unwrap();
    world.order_to(5, &format!("ssr to={}", eui64(1)));
    world.run(5 * SECOND);
    assert!(!world.link_is_secured(1, 5), "an SSR in another's name marks nothing");
    world.order_to(5, &format!("ssr to={}", eui64(1)));
    world.run(5 * SECOND);
    assert!(world.link_is_secured(1, 5), "the rule applied once");
}

#[rstest]
#[case(Change::Drop, 0)]
#[case(Change::Reorder, 0)]
#[case(Change::Duplicate, 2)]
#[case(Change::Delay(SECOND), 1)]
#[case(Change::Corrupt { bit: 300 }, 1)]
fn a_rule_decides_how_often_a_frame_is_sent(#[case] change: Change, #[case] sent: usize) {
    let mut world = pair("keyed=1 answer_ssr=0 answer_nd=0");
    let matches = vec![("sel.registration_lifetime".to_owned(), Value::Number(7))];
    let rule = Rule { message: "sel.ssr".to_owned(), matches, change, times: 1 };
    world.neighbour(5).deviate(rule).unwrap();
    world.order_to(5, &format!("ssr to={} lifetime=7", eui64(1)));
    world.run(3 * SECOND);
    assert_eq!(sent_by(&world, 5).len(), sent);
    assert_eq!(world.done.len(), 1);
}

#[test]
fn a_neighbour_that_is_not_configured_refuses_to_send() {
    let mut world = World::new(&[], 0, 1);
    world.tester(5);
    for order in ["announce to=70b3d5b007000001", "ssr to=70b3d5b007000001", "configure", "configure eui64=x", "jump"] {
        world.order_to(5, order);
    }
    world.order_to(5, "configure eui64=70b3d5b007000005 keyed=1");
    world.order_to(5, "configure eui64=70b3d5b007000005");
    world.order_to(5, "ssr to=70b3d5b007000001");
    assert_eq!((world.done.len(), world.refused.len()), (1, 7), "a secured SSR needs a key");
}

#[test]
fn no_frame_makes_it_panic() {
    let mut world = pair("keyed=1 forward=1 parent=70b3d5b007000001");
    let frames: Vec<Vec<u8>> = (0..200u8).map(|n| (0..n).map(|octet| octet.wrapping_mul(n)).collect()).collect();
    for frame in &frames {
        world.neighbour(5).handle(Instant::ZERO, MachineInput::Received(frame));
    }
    world.run(SECOND);
    assert!(sent_by(&world, 5).is_empty());
}
