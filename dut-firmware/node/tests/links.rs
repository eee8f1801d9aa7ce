//! SSRs and the bootstrap layer between devices that were provisioned by wire (`SEL` 5.3.3, 5.3.4).

mod common;

use common::{World, eui64, global, link_local, seconds};
use wire::sel::Kind;

#[test]
fn discovery_gives_every_router_its_address_over_two_hops() {
    let mut world = World::line(true);
    world.start();
    for number in 1..=3 {
        assert_eq!(world.ok(number, "status").get("global"), global(number).to_string(), "board {number}");
        assert_eq!(world.ok(number, "status").get("link_local"), link_local(number).to_string());
    }
    assert_eq!(world.events(3, "address").len(), 1);
}

#[test]
fn secured_neighbours_mark_their_link_on_both_sides_and_then_talk_secured_only() {
    let mut world = World::line(true);
    world.start();
    assert!(world.link_is_secured(1, 2) && world.link_is_secured(2, 1));
    assert!(!world.link_is_secured(2, 3) && !world.link_is_secured(3, 2));
    world.air.clear();
    world.ok(2, &format!("echo dest={}", global(1)));
    world.run(seconds(1));
    assert_eq!(world.events(2, "echo_reply").len(), 1);
    let packets = world.packets();
    let between: Vec<_> = packets.iter().filter(|seen| seen.from != 3).collect();
    assert!(between.len() >= 2 && between.iter().all(|seen| seen.is_secured()));
}

#[test]
fn ssrs_have_the_form_of_the_draft_and_leave_secured_over_unmarked_links() {
    let mut world = World::line(true);
    world.start();
    let requests = world.bootstrap_requests(2, Kind::SetSecureRequest);
    assert!(!requests.is_empty());
    for seen in requests {
        let message = seen.bootstrap_request().unwrap();
        assert_eq!((message.status, message.reserved, message.registration_lifetime), (0, 0, 60));
        assert_eq!(message.eui64, eui64(2));
        assert_eq!(seen.packet.header.hop_limit, 64);
        assert_eq!(seen.packet.header.source, link_local(2));
        assert!([link_local(1), link_local(3)].contains(&seen.packet.header.destination));
        assert!(seen.is_secured());
    }
}

#[test]
fn an_unsecured_neighbour_gets_a_series_of_ssrs_and_rejects_them() {
    let mut world = World::line(true);
    world.start();
    world.run(seconds(20));
    let to_3 = |seen: &common::OnAir| seen.packet.header.destination == link_local(3);
    let requests: Vec<_> = world.bootstrap_requests(2, Kind::SetSecureRequest).into_iter().filter(to_3).collect();
    let times: Vec<u64> = requests.iter().map(|seen| (seen.at - requests[0].at).as_secs()).collect();
    assert_eq!(times, [0, 1, 3, 7]);
    assert!(world.bootstrap_requests(3, Kind::SetSecureRequest).is_empty());
    assert!(world.counter(3, "refused_secured") >= 4);
    assert_eq!(world.ok(3, "status").get("secured_links"), "0");
}

#[test]
fn an_exchange_of_ssrs_is_two_or_three_long_and_is_renewed_twice_an_hour() {
    let mut world = World::line(true);
    world.start();
    world.run(seconds(60));
    let between = |world: &World| {
        let number = |number: u8, to: u8| {
            let requests = world.bootstrap_requests(number, Kind::SetSecureRequest);
            requests.into_iter().filter(|seen| seen.packet.header.destination == link_local(to)).count()
        };
        number(1, 2) + number(2, 1)
    };
    assert!((2..=4).contains(&between(&world)), "both began at once: {}", between(&world));
    world.air.clear();
    world.run(seconds(3600));
    assert!((4..=12).contains(&between(&world)), "{}", between(&world));
    assert!(world.link_is_secured(1, 2) && world.link_is_secured(2, 1));
    world.power_off(2);
    world.run(seconds(3601));
    assert!(!world.link_is_secured(1, 2), "the mark of a neighbour that is gone expires");
}
