//! The three receive conditions of `SEL` 5.3.3 and the reception of SSRs of 5.3.4, with crafted frames.

mod common;

use common::{KEY, Tester, World, eui64, global, link_local, seconds};
use rstest::rstest;
use wire::icmpv6::Message;
use wire::ieee802154::{KeyIdentifier, SecurityLevel};
use wire::sel;

/// Board 1 is an unsecured router, board 2 a secured one; nobody else is there, and no SSR is due any more.
fn routers() -> World {
    let mut world = World::new(2, &[]);
    for number in 1..=2 {
        world.ok(number, "install role=6lr channel=26 pan_id=0xb007 ct=fd00:c0::c7");
    }
    world.provision(2);
    world.start();
    world
}

/// Makes board 2 mark its link with the tester.
fn mark(world: &mut World, tester: &mut Tester) {
    let frame = tester.secured(2, &tester.ssr(2, 60));
    world.inject(2, &frame);
    assert!(world.link_is_secured(2, 9));
    world.run(seconds(2));
}

/// Closes the network at board 2 with the tester's address unmarked: through the store, as a reboot would find it.
fn close(world: &mut World) {
    let mut store = world.power_off(2);
    store.set_all_secured(true, 1);
    world.boot(2, store);
    world.run(seconds(1));
    assert_eq!(world.ok(2, "status").get("all_secured"), "1");
}

#[test]
fn condition_1_a_marked_link_takes_secured_packets_only() {
    let (mut world, mut tester) = (routers(), Tester::new());
    mark(&mut world, &mut tester);
    let plain = tester.plain(2, &tester.echo(2, 8));
    assert_eq!(world.echoes(2, tester.eui64, &plain), None);
    assert_eq!(world.counter(2, "refused_unsecured"), 1);
    let secured = tester.secured(2, &tester.echo(2, 8));
    assert_eq!(world.echoes(2, tester.eui64, &secured), Some(true));
}

#[test]
fn condition_2_a_secured_node_takes_plain_and_secured_packets_and_answers_plain() {
    let (mut world, mut tester) = (routers(), Tester::new());
    let plain = tester.plain(2, &tester.echo(2, 8));
    assert_eq!(world.echoes(2, tester.eui64, &plain), Some(false));
    let secured = tester.secured(2, &tester.echo(2, 8));
    assert_eq!(world.echoes(2, tester.eui64, &secured), Some(false));
    assert!(!world.link_is_secured(2, 9), "only an SSR marks a link");
}

#[test]
fn condition_2_an_unsecured_node_takes_plain_packets_and_refuses_secured_ones() {
    let (mut world, mut tester) = (routers(), Tester::new());
    let plain = tester.plain(1, &tester.echo(1, 8));
    assert_eq!(world.echoes(1, tester.eui64, &plain), Some(false));
    let secured = tester.secured(1, &tester.echo(1, 8));
    assert_eq!(world.echoes(1, tester.eui64, &secured), None);
    tester.level = SecurityLevel::Mic32;
    let readable = tester.secured(1, &tester.echo(1, 8));
    assert_eq!(world.echoes(1, tester.eui64, &readable), None);
    let ssr = tester.secured(1, &tester.ssr(1, 60));
    assert_eq!(world.echoes(1, tester.eui64, &ssr), None);
    assert!(world.air.is_empty(), "a rejected SSR is not answered");
    assert_eq!(world.counter(1, "refused_secured"), 3);
}

#[test]
fn condition_3_a_closed_network_refuses_plain_packets_and_lets_ssrs_through() {
    let (mut world, mut tester) = (routers(), Tester::new());
    close(&mut world);
    let plain = tester.plain(2, &tester.echo(2, 8));
    assert_eq!(world.echoes(2, tester.eui64, &plain), None);
    assert_eq!(world.counter(2, "refused_unsecured"), 1);
    let secured = tester.secured(2, &tester.echo(2, 8));
    assert_eq!(world.echoes(2, tester.eui64, &secured), None, "only SSRs leave over an unmarked link");
    assert_eq!(world.counter(2, "dropped_unmarked"), 1);
    let ssrs = world.sent_to(2, tester.eui64);
    assert!(!ssrs.is_empty() && ssrs.iter().all(|seen| seen.is_secured() && seen.bootstrap_request().is_some()));
    mark(&mut world, &mut tester);
    let secured = tester.secured(2, &tester.echo(2, 8));
    assert_eq!(world.echoes(2, tester.eui64, &secured), Some(true));
}

#[rstest]
#[case::level_1(SecurityLevel::Mic32, KeyIdentifier::Index(1), KEY, "refused_level")]
#[case::level_4(SecurityLevel::Enc, KeyIdentifier::Index(1), KEY, "refused_level")]
#[case::key_mode_3(SecurityLevel::EncMic32, KeyIdentifier::Source8([0; 8], 1), KEY, "refused_level")]
#[case::other_index(SecurityLevel::EncMic32, KeyIdentifier::Index(2), KEY, "refused_no_key")]
#[case::wrong_key(SecurityLevel::EncMic32, KeyIdentifier::Index(1), [0; 16], "refused_mic")]
fn a_secured_frame_outside_the_policy_is_refused_in_silence(
    #[case] level: SecurityLevel,
    #[case] key_identifier: KeyIdentifier,
    #[case] key: [u8; 16],
    #[case] counter: &str,
) {
    let (mut world, mut tester) = (routers(), Tester::new());
    mark(&mut world, &mut tester);
    (tester.level, tester.key_identifier, tester.key) = (level, key_identifier, key);
    let frame = tester.secured(2, &tester.echo(2, 8));
    assert_eq!(world.echoes(2, tester.eui64, &frame), None);
    assert!(world.air.is_empty());
    assert_eq!(world.counter(2, counter), 1);
}

#[test]
fn a_replayed_frame_is_refused() {
    let (mut world, mut tester) = (routers(), Tester::new());
    let frame = tester.secured(2, &tester.echo(2, 8));
    assert!(world.echoes(2, tester.eui64, &frame).is_some());
    world.run(seconds(1));
    assert_eq!(world.echoes(2, tester.eui64, &frame), None);
    assert_eq!(world.counter(2, "refused_replay"), 1);
}

#[test]
fn fragments_of_one_datagram_have_the_same_protection() {
    let (mut world, mut tester) = (routers(), Tester::new());
    let fragments = tester.fragments(2, &tester.echo(2, 100));
    assert_eq!(fragments.len(), 2);
    let (first, second) = (fragments[0].to_vec().unwrap(), tester.secure(&fragments[1]));
    world.inject(2, &first);
    assert_eq!(world.echoes(2, tester.eui64, &second), None);
    assert_eq!(world.counter(2, "refused_mixed"), 1);
    world.run(seconds(6));
    let (first, second) = (fragments[0].to_vec().unwrap(), fragments[1].to_vec().unwrap());
    world.inject(2, &first);
    assert_eq!(world.echoes(2, tester.eui64, &second), Some(false));
}

#[test]
fn an_ssr_over_an_unmarked_link_is_answered_and_marks_it_for_its_lifetime() {
    let (mut world, mut tester) = (routers(), Tester::new());
    let frame = tester.secured(2, &tester.ssr(2, 2));
    world.inject(2, &frame);
    let answers = world.sent_to(2, tester.eui64);
    assert!(answers.iter().any(|seen| seen.is_secured() && seen.bootstrap_request().is_some()));
    assert_eq!(world.ok(2, &format!("link neighbour={}", tester.eui64)).get("lifetime_s"), "120");
    world.run(seconds(119));
    assert!(world.link_is_secured(2, 9));
    world.run(seconds(1));
    assert!(!world.link_is_secured(2, 9));
    assert_eq!(world.events(2, "link_unsecured").len(), 1);
}

#[test]
fn an_ssr_over_a_marked_link_is_answered_at_most_once_a_second() {
    let (mut world, mut tester) = (routers(), Tester::new());
    mark(&mut world, &mut tester);
    world.air.clear();
    for _ in 0..20 {
        let frame = tester.secured(2, &tester.ssr(2, 60));
        world.inject(2, &frame);
        world.run(std::time::Duration::from_millis(200));
    }
    let answers = world.sent_to(2, tester.eui64);
    assert!((4..=5).contains(&answers.len()), "{} answers in 4 s", answers.len());
    assert!(answers.windows(2).all(|pair| pair[1].at - pair[0].at >= seconds(1)));
}

#[test]
fn an_ssr_with_lifetime_0_withdraws_the_mark_and_is_not_answered() {
    let (mut world, mut tester) = (routers(), Tester::new());
    mark(&mut world, &mut tester);
    world.air.clear();
    let frame = tester.secured(2, &tester.ssr(2, 0));
    world.inject(2, &frame);
    assert!(!world.link_is_secured(2, 9));
    assert!(world.sent_to(2, tester.eui64).is_empty());
}

#[test]
fn hop_limit_status_and_reserved_of_an_ssr_are_ignored() {
    let (mut world, mut tester) = (routers(), Tester::new());
    let message = sel::Message { status: 7, reserved: 9, ..sel::Message::set_secure_request(tester.eui64, 60) };
    let frame = tester.secured(2, &tester.icmpv6(2, 3, &Message::Sel(message)));
    world.inject(2, &frame);
    assert!(world.link_is_secured(2, 9));
}

#[test]
fn an_ssr_that_is_plain_forged_or_broken_counts_for_nothing() {
    let (mut world, mut tester) = (routers(), Tester::new());
    // The series of SSRs that greets a new neighbour is over before.
    let hello = tester.plain(2, &tester.echo(2, 8));
    world.inject(2, &hello);
    world.run(seconds(10));
    world.air.clear();
    let plain = tester.plain(2, &tester.ssr(2, 60));
    world.inject(2, &plain);
    let foreign = Message::Sel(sel::Message::set_secure_request(eui64(1), 60));
    let foreign = tester.secured(2, &tester.icmpv6(2, 64, &foreign));
    world.inject(2, &foreign);
    assert_eq!(world.counter(2, "refused_ssr"), 2);
    let mut broken = tester.ssr(2, 60);
    broken.payload[2] ^= 1;
    let broken = tester.secured(2, &broken);
    world.inject(2, &broken);
    assert_eq!(world.counter(2, "dropped_checksum"), 1);
    let mut short = tester.ssr(2, 60);
    short.payload.truncate(15);
    let short = tester.secured(2, &short);
    world.inject(2, &short);
    let join = Message::Sel(sel::Message::join_secure_request(tester.eui64));
    let join = tester.secured(2, &tester.icmpv6(2, 64, &join));
    world.inject(2, &join);
    assert!(!world.link_is_secured(2, 9) && !world.link_is_secured(2, 1));
    assert!(world.air.is_empty(), "silence");
}

#[test]
fn a_flood_of_strangers_evicts_no_secured_neighbour() {
    let (mut world, mut tester) = (routers(), Tester::new());
    mark(&mut world, &mut tester);
    for number in 0..200 {
        let mut stranger = Tester::new();
        stranger.eui64.0[6] = 1;
        stranger.eui64.0[7] = number;
        let frame = stranger.plain(2, &stranger.echo(2, 8));
        world.inject(2, &frame);
    }
    assert!(world.link_is_secured(2, 9));
    assert_eq!(world.ok(2, "status").get("neighbours"), "32");
}

#[test]
fn a_repetition_by_the_sender_s_mac_is_taken_once() {
    let (mut world, mut tester) = (routers(), Tester::new());
    let frame = tester.plain(1, &tester.echo(1, 8));
    assert_eq!(world.echoes(1, tester.eui64, &frame), Some(false));
    assert_eq!(world.echoes(1, tester.eui64, &frame), None);
    assert_eq!(world.counter(1, "dropped_duplicate"), 1);
}

#[test]
fn frames_for_others_beacons_and_garbage_are_no_packets() {
    let (mut world, mut tester) = (routers(), Tester::new());
    let elsewhere = tester.plain(2, &tester.echo(2, 8));
    assert_eq!(world.echoes(1, tester.eui64, &elsewhere), None);
    assert_eq!(world.counter(1, "dropped_foreign"), 1);
    for garbage in [&[][..], &[0xff; 125], &[0x02, 0x00, 7], &[0x41, 0xd8, 1, 7, 0xb0, 0xff, 0xff]] {
        world.inject(1, garbage);
    }
    assert!(world.air.is_empty());
    let good = tester.plain(1, &tester.echo(1, 8));
    assert_eq!(world.echoes(1, tester.eui64, &good), Some(false));
    assert!(link_local(1) != link_local(2));
}

/// A line of which board 1 is the 6LBR and board 2 a secured router, both with all their addresses.
fn line() -> World {
    let mut world = World::line(true);
    world.start();
    world.run(seconds(20));
    world.air.clear();
    world
}

/// Whether nothing was sent but SSRs to a neighbour that is new.
fn greets_only(world: &World) -> bool {
    world.packets().iter().all(|seen| seen.bootstrap_request().is_some())
}

fn address(text: &str) -> std::net::Ipv6Addr {
    match text {
        "link-local" => link_local(2),
        "global" => global(2),
        "of the 6LBR" => global(1),
        "at the backbone" => "fd00:c0::1".parse().unwrap(),
        written => written.parse().unwrap(),
    }
}

#[rstest]
fn what_claims_to_come_from_the_device_itself_is_dropped_in_silence(
    #[values("link-local", "global", "::1")] source: &str,
    #[values("link-local", "global", "ff02::1", "ff02::2", "fd00:c0::c7", "of the 6LBR", "fd00:b007::99", "::1")]
    to: &str,
    #[values(false, true)] secured: bool,
) {
    let (mut world, mut tester) = (line(), Tester::new());
    let packet = tester.echo_between(address(source), address(to));
    let frame = if secured { tester.secured(2, &packet) } else { tester.plain(2, &packet) };
    world.inject(2, &frame);
    assert!(
        world.packets().iter().all(|seen| seen.icmpv6().is_none_or(|message| !matches!(message.kind(), 128 | 129)))
    );
    assert_eq!(world.counter(2, "dropped_source"), 1);
    let good = tester.plain(2, &tester.echo(2, 8));
    assert_eq!(world.echoes(2, tester.eui64, &good), Some(false), "it lives");
}

#[rstest]
fn nor_does_the_6lbr_take_or_forward_such_a_packet_from_the_backbone(
    #[values("of the 6LBR", "at the backbone", "::1")] source: &str,
    #[values("of the 6LBR", "at the backbone", "global", "ff02::1", "::1")] to: &str,
) {
    let (mut world, tester) = (line(), Tester::new());
    let packet = tester.echo_between(address(source), address(to)).to_vec().unwrap();
    let before = world.tool.packets;
    world.inject_at_backbone(1, &packet);
    assert!(world.air.is_empty(), "it sent something over the air");
    assert_eq!(world.tool.packets, before, "it sent something to the backbone");
    assert_eq!(world.counter(1, "dropped_source"), 1);
}

#[test]
fn a_packet_to_the_loopback_address_is_neither_taken_nor_forwarded() {
    let (mut world, mut tester) = (line(), Tester::new());
    let packet = tester.echo_between(global(9), "::1".parse().unwrap());
    let frame = tester.plain(2, &packet);
    world.inject(2, &frame);
    assert!(greets_only(&world));
    assert_eq!(world.counter(2, "dropped_source"), 1);
}

#[test]
fn a_device_that_is_told_to_send_to_itself_sends_nothing() {
    let mut world = line();
    for to in [link_local(2).to_string(), global(2).to_string(), "::1".to_owned()] {
        let told = world.command(2, &format!("echo dest={to}"));
        assert!(!matches!(told, wire::upper_tester::Outcome::Ok(_)), "{to}: {told:?}");
    }
    assert!(world.air.is_empty());
}

#[test]
fn an_unknown_next_header_is_counted_as_such() {
    let (mut world, mut tester) = (line(), Tester::new());
    let mut packet = tester.echo(2, 8);
    packet.header.next_header = wire::ipv6::NextHeader(253);
    let frame = tester.plain(2, &packet);
    world.inject(2, &frame);
    assert!(greets_only(&world));
    assert_eq!((world.counter(2, "dropped_unknown"), world.counter(2, "dropped_malformed")), (1, 0));
}
