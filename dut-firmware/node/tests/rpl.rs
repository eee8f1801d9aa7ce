//! RPL in storing mode over a small world: ranks, routes in both directions, repair, and a root that goes and comes.

mod common;

use common::{PSK, World, eui64, global, seconds};

fn world(boards: u8, links: &[(u8, u8)]) -> World {
    let mut world = installed(boards, links);
    for number in 1..=boards {
        world.ok(number, "start");
        world.run(seconds(3));
    }
    world.run(seconds(60));
    world
}

fn installed(boards: u8, links: &[(u8, u8)]) -> World {
    let mut world = World::new(boards, links);
    for number in 1..=boards {
        let role = if number == 1 { "6lbr" } else { "6lr" };
        world.ok(number, &format!("manufacture anchor=psk psk={}", hex::encode(PSK)));
        let site = format!("install role={role} channel=26 pan_id=0xb007 ct=fd00:c0::c7 trigger=selection routing=rpl");
        world.ok(number, &site);
    }
    world
}

fn rpl(world: &mut World, number: u8, key: &str) -> String {
    world.ok(number, "rpl").get(key).to_owned()
}

/// Whether `from` gets an echo reply of `to`.
fn reaches(world: &mut World, from: u8, to: u8) -> bool {
    let before = world.events(from, "echo_reply").len();
    world.ok(from, &format!("echo dest={}", global(to)));
    world.run(seconds(2));
    world.events(from, "echo_reply").len() > before
}

#[test]
fn ranks_grow_by_three_hops_worth_and_every_node_has_its_routes() {
    let mut world = world(4, &[(1, 2), (2, 3), (3, 4)]);
    for (number, rank) in [(1, 256), (2, 1024), (3, 1792), (4, 2560)] {
        assert_eq!(rpl(&mut world, number, "rank"), rank.to_string(), "of {number}");
        assert_eq!(rpl(&mut world, number, "routes"), (4 - number).to_string(), "of {number}");
        assert_eq!(rpl(&mut world, number, "dodag"), global(1).to_string());
    }
    assert_eq!(rpl(&mut world, 4, "parent"), eui64(3).to_string());
    for (from, to) in [(1, 4), (4, 1), (2, 4), (4, 2)] {
        assert!(reaches(&mut world, from, to), "{from} to {to}");
    }
}

#[test]
fn who_loses_its_parent_finds_another_and_is_found_through_it() {
    let mut world = world(4, &[(1, 2), (1, 3), (2, 4), (3, 4)]);
    let is_second = rpl(&mut world, 4, "parent") == eui64(2).to_string();
    let (parent, other) = if is_second { (2, 3) } else { (3, 2) };
    assert!(reaches(&mut world, 1, 4) && reaches(&mut world, 4, 1));
    world.power_off(parent);
    for _ in 0..3 {
        assert!(!reaches(&mut world, 4, 1));
    }
    world.run(seconds(30));
    assert_eq!(rpl(&mut world, 4, "parent"), eui64(other).to_string());
    assert!(reaches(&mut world, 4, 1) && reaches(&mut world, 1, 4));
}

#[test]
fn who_finds_a_shorter_way_takes_the_longer_one_back() {
    let mut world = installed(5, &[(1, 2), (2, 3), (3, 4), (1, 5), (5, 4)]);
    for number in 1..=4 {
        world.ok(number, "start");
        world.run(seconds(3));
    }
    world.run(seconds(30));
    assert_eq!((rpl(&mut world, 4, "rank"), rpl(&mut world, 3, "routes")), ("2560".into(), "1".into()));
    world.ok(5, "start");
    world.run(seconds(60));
    assert_eq!((rpl(&mut world, 4, "rank"), rpl(&mut world, 4, "parent")), ("1792".into(), eui64(5).to_string()));
    assert_eq!((rpl(&mut world, 3, "routes"), rpl(&mut world, 2, "routes")), ("0".into(), "1".into()), "no path");
    assert_eq!(rpl(&mut world, 1, "routes"), "4");
    assert!(reaches(&mut world, 1, 4) && reaches(&mut world, 4, 1));
}

#[test]
fn a_lost_root_is_told_downwards_and_found_again() {
    let mut world = world(4, &[(1, 2), (2, 3), (3, 4)]);
    let store = world.power_off(1);
    for _ in 0..4 {
        reaches(&mut world, 2, 1);
    }
    world.run(seconds(40));
    for number in 2..=4 {
        assert_eq!(rpl(&mut world, number, "rank"), "65535", "of {number}");
        assert_eq!(rpl(&mut world, number, "parent"), "-", "of {number}");
    }
    world.boot(1, store);
    world.run(seconds(60));
    assert_eq!(rpl(&mut world, 4, "rank"), "2560");
    assert_eq!(rpl(&mut world, 1, "routes"), "3");
    assert!(reaches(&mut world, 1, 4) && reaches(&mut world, 4, 1));
}

#[test]
fn routes_live_on_by_refreshes_and_die_without() {
    let mut world = world(3, &[(1, 2), (2, 3)]);
    world.run(seconds(3 * 3600));
    assert_eq!(rpl(&mut world, 1, "routes"), "2");
    assert!(reaches(&mut world, 1, 3));
    world.power_off(3);
    world.run(seconds(2 * 3600));
    assert_eq!(rpl(&mut world, 1, "routes"), "1", "an hour is over");
}

#[test]
fn a_device_that_was_installed_without_it_neither_speaks_nor_hears_rpl() {
    let mut world = World::line(true);
    world.start();
    world.run(seconds(600));
    let rpl =
        world.packets().iter().filter(|seen| matches!(seen.icmpv6(), Some(wire::icmpv6::Message::Rpl(_)))).count();
    assert_eq!(rpl, 0);
    assert_eq!(world.ok(3, "rpl").get("rank"), "-");
}
