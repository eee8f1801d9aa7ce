//! The tool secures reference devices over the air (`SEL` 5.3 to 6).

mod common;

use bootrack_authenticator::craft::Value;
use bootrack_authenticator::deviation::{Change, Rule};
use common::{SECOND, World, eui64};
use record::event::Key;
use rstest::rstest;

#[rstest]
#[case::lossless(0, true)]
#[case::lossless_over_an_unsecured_router(0, false)]
#[case::lossy(20, true)]
#[case::very_lossy(40, true)]
fn the_selected_device_joins(#[case] loss_percent: u32, #[case] router_keyed: bool) {
    let mut world = World::line(loss_percent, 1, router_keyed);
    world.run(SECOND);
    assert!(!world.is_secured(3));
    let select = format!("select {}", eui64(3));
    world.order(&select);
    world.run(400 * SECOND);
    assert_eq!(world.done, [select], "{:?}", world.log);
    assert!(world.is_secured(3));
    assert_eq!(world.link_is_secured(2, 3), router_keyed);
    assert_eq!(world.link_is_secured(3, 2), router_keyed);
    assert!(world.keys.iter().any(|key| matches!(key, Key::Dtls { .. })));
}

#[test]
fn a_device_that_is_not_selected_stays_unsecured() {
    let mut world = World::line(0, 1, true);
    world.order(&format!("select {}", eui64(4)));
    world.run(300 * SECOND);
    assert!(world.done.is_empty());
    assert!(!world.is_secured(3));
    assert!(world.keys.iter().all(|key| matches!(key, Key::Link { .. })), "no handshake took place");
}

#[test]
fn two_devices_join_one_behind_the_other_and_the_network_is_closed_and_opened() {
    let mut world = World::line(0, 1, false);
    for number in [2, 3] {
        world.order(&format!("select {}", eui64(number)));
        world.run(130 * SECOND);
        assert!(world.is_secured(number));
    }
    assert!(world.link_is_secured(2, 3) && world.link_is_secured(3, 2) && world.link_is_secured(1, 2));
    world.order("close");
    world.run(30 * SECOND);
    assert!(world.command(3, "status").contains("all_secured=1"), "{:?} {:?}", world.refused, world.log);
    assert!(world.command(2, "status").contains("all_secured=1"));
    world.order("open");
    world.run(30 * SECOND);
    assert!(world.command(3, "status").contains("all_secured=0"));
    assert_eq!(world.done.len(), 4);
}

#[test]
fn a_wrong_key_and_an_unknown_identity_make_no_session() {
    let mut world = World::line(0, 1, true);
    world.run(SECOND);
    let device = eui64(3);
    world.order(&format!("connect {device} psk=00000000000000000000000000000000"));
    world.run(60 * SECOND);
    world.order(&format!("connect {device} identity=0011223344556677"));
    world.run(60 * SECOND);
    assert_eq!(world.refused.len(), 2, "{:?}", world.log);
    assert!(world.done.is_empty());
    world.order(&format!("connect {device}"));
    world.run(10 * SECOND);
    world.order(&format!("request {device} GET /coap-key2"));
    world.run(10 * SECOND);
    world.order(&format!("disconnect {device}"));
    world.run(SECOND);
    assert_eq!(world.done.len(), 3, "{:?}", world.refused);
}

#[test]
fn a_request_that_a_rule_spoils_is_refused_by_the_device_and_changes_nothing() {
    let mut world = World::line(0, 1, true);
    let change = Change::Override([("coap.payload".to_owned(), Value::from("{}"))].into());
    world.tool.deviate(Rule { message: "coap.put".to_owned(), matches: Vec::new(), change, times: 1 }).unwrap();
    world.order(&format!("select {}", eui64(3)));
    world.run(130 * SECOND);
    assert_eq!(world.refused, [(format!("select {}", eui64(3)), format!("{} answered 4.00", eui64(3).with_colons()))]);
    assert!(!world.is_secured(3));
}

#[rstest]
#[case("dtls.client_hello", Change::Drop)]
#[case("dtls.client_key_exchange", Change::Corrupt { bit: 150 })]
#[case("dtls.finished", Change::Delay(2 * SECOND))]
#[case("dtls.application_data", Change::Duplicate)]
#[case("dtls.client_hello", Change::Reorder)]
fn a_join_survives_a_deviation_on_the_way(#[case] message: &str, #[case] change: Change) {
    let mut world = World::line(0, 1, true);
    world.tool.deviate(Rule { message: message.to_owned(), matches: Vec::new(), change, times: 1 }).unwrap();
    world.order(&format!("select {}", eui64(3)));
    world.run(300 * SECOND);
    assert_eq!(world.done.len(), 1, "{:?}", world.log);
    assert!(world.is_secured(3));
}
