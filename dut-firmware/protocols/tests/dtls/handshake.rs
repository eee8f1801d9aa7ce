//! Handshakes that succeed, whatever the channel does.

use bootrack_protocols::tls::{ExtendedMasterSecret, Psk, SinglePsk};
use rstest::rstest;
use wire::dtls::records;
use wire::tls::ContentType;

use super::channel::{Faults, IDENTITY, KEY, World, client_config, cookies, patient, server_config};

const MTUS: [usize; 5] = [64, 80, 127, 256, 1280];

fn check_connected(world: &mut World) {
    assert!(world.client.is_connected() && world.server.is_connected(), "no session after {:?}", world.now);
    assert_eq!((world.client_log.connected, world.server_log.connected), (1, 1));
    assert_eq!(world.client_log.keys.last(), world.server_log.keys.last(), "both sides have the same secret");
    assert_eq!(world.server.psk_identity(), Some(IDENTITY));
}

#[rstest]
fn handshake_completes_on_a_bad_channel(
    #[values(64, 80, 127, 256, 1280)] mtu: usize,
    #[values(0, 100, 200, 300)] lost: u32,
    #[values(false, true)] cookie: bool,
) {
    for seed in 0..20 {
        let mut client = client_config();
        let mut server = server_config();
        (client.mtu, server.mtu) = (mtu, mtu);
        (client.retransmission, server.retransmission) = (patient(), patient());
        server.tls.psk_identity_hint = (seed % 2 == 0).then(|| IDENTITY.to_vec());
        server.cookie = cookies().filter(|_| cookie);
        let faults = Faults { lost, doubled: lost / 2, delayed: lost };
        let mut world = World::new(client, server, faults, seed);
        world.connect();
        check_connected(&mut world);
        for datagram in world.client_log.sent.iter().chain(&world.server_log.sent) {
            assert!(datagram.len() <= mtu, "{} octets at an MTU of {mtu}", datagram.len());
        }
    }
}

#[test]
fn a_clean_handshake_takes_six_datagrams_and_fewer_octets_than_others() {
    let mut server = server_config();
    server.cookie = cookies();
    server.tls.psk_identity_hint = Some(IDENTITY.to_vec());
    let mut world = World::new(client_config(), server, Faults::default(), 1);
    world.connect();
    check_connected(&mut world);
    let sizes: Vec<usize> = world.client_log.sent.iter().chain(&world.server_log.sent).map(Vec::len).collect();
    assert_eq!(sizes.len(), 6, "{sizes:?}");
    assert!(sizes.iter().sum::<usize>() < 633, "{sizes:?}");
    assert_eq!((world.client_log.sent.len(), world.server_log.sent.len()), (3, 3));
}

#[rstest]
#[case(ExtendedMasterSecret::Offer, ExtendedMasterSecret::Offer, true)]
#[case(ExtendedMasterSecret::Require, ExtendedMasterSecret::Offer, true)]
#[case(ExtendedMasterSecret::Offer, ExtendedMasterSecret::Require, true)]
#[case(ExtendedMasterSecret::Never, ExtendedMasterSecret::Offer, false)]
#[case(ExtendedMasterSecret::Offer, ExtendedMasterSecret::Never, false)]
fn extended_master_secret_is_used_if_both_want_it(
    #[case] client_wants: ExtendedMasterSecret,
    #[case] server_wants: ExtendedMasterSecret,
    #[case] expected: bool,
) {
    let mut client = client_config();
    let mut server = server_config();
    client.tls.extended_master_secret = client_wants;
    server.tls.extended_master_secret = server_wants;
    let mut world = World::new(client, server, Faults::default(), 2);
    world.connect();
    check_connected(&mut world);
    assert_eq!(world.client.has_extended_master_secret(), expected);
    assert_eq!(world.server.has_extended_master_secret(), expected);
}

#[test]
fn hint_reaches_the_client_but_is_not_relied_on() {
    let mut server = server_config();
    server.tls.psk_identity_hint = Some(b"somebody else".to_vec());
    let mut world = World::new(client_config(), server, Faults::default(), 3);
    world.connect();
    check_connected(&mut world);
    assert_eq!(world.client.identity_hint(), Some(&b"somebody else"[..]));
}

#[rstest]
fn application_data_flow_both_ways_at_every_mtu(#[values(0, 1, 2, 3, 4)] at: usize) {
    let mut client = client_config();
    let mut server = server_config();
    (client.mtu, server.mtu) = (MTUS[at], MTUS[at]);
    let mut world = World::new(client, server, Faults::default(), 4);
    world.connect();
    check_connected(&mut world);
    let longest = vec![0x5a; MTUS[at] - 13 - 16];
    world.client.send(world.now, &longest).unwrap();
    world.server.send(world.now, b"down").unwrap();
    assert!(world.client.send(world.now, &[0; 1280]).is_err(), "a record is never longer than the MTU");
    world.run();
    assert_eq!(world.server_log.received, [longest]);
    assert_eq!(world.client_log.received, [b"down"]);
}

#[test]
fn application_data_are_delivered_once_though_datagrams_come_twice() {
    let faults = Faults { doubled: 1000, ..Faults::default() };
    let mut world = World::new(client_config(), server_config(), faults, 5);
    world.connect();
    for n in 0..100u8 {
        world.client.send(world.now, &[n]).unwrap();
    }
    world.run();
    assert_eq!(world.server_log.received, (0..100u8).map(|n| vec![n]).collect::<Vec<_>>());
}

#[test]
fn last_flight_is_sent_again_when_the_client_repeats_its_finished() {
    let mut world = World::new(client_config(), server_config(), Faults::default(), 6);
    while !world.server.is_connected() {
        assert!(world.step());
    }
    let finished = world.client_log.sent.last().unwrap().clone();
    let (asked, sent) = (world.client_log.sent.len(), world.server_log.sent.len());
    world.lose_what_travels();
    world.connect();
    check_connected(&mut world);
    assert_eq!(world.server_log.sent.len(), sent + 1, "the last flight was sent once more");
    assert_eq!(world.client_log.sent.len(), asked + 1, "and so was the client's");
    // A copy of the old datagram is a replay and has no effect: a real repetition has fresh record numbers.
    world.server.handle(world.now, &finished);
    assert_eq!(world.server.poll(world.now), None);
}

#[test]
fn same_seed_same_octets() {
    let run = || {
        let faults = Faults { lost: 200, doubled: 100, delayed: 200 };
        let mut world = World::new(client_config(), server_config(), faults, 9);
        world.connect();
        (world.client_log.sent, world.server_log.sent)
    };
    assert_eq!(run(), run());
}

#[test]
fn nothing_but_hellos_and_key_exchange_is_sent_in_the_clear() {
    let mut world = World::new(client_config(), server_config(), Faults::default(), 10);
    world.connect();
    world.client.send(world.now, b"secret").unwrap();
    world.run();
    for datagram in world.client_log.sent.iter().chain(&world.server_log.sent) {
        assert!(!datagram.windows(6).any(|window| window == b"secret"));
        assert!(!datagram.windows(16).any(|window| window == KEY));
        for record in records(datagram).map(Result::unwrap) {
            assert!(record.header.epoch == 1 || record.header.content_type != ContentType::ApplicationData);
        }
    }
}

#[test]
fn client_that_lost_its_state_takes_over_with_a_cookie() {
    let mut server = server_config();
    server.cookie = cookies();
    let mut world = World::new(client_config(), server, Faults::default(), 11);
    world.connect();
    check_connected(&mut world);
    let other = World::new(client_config(), server_config(), Faults::default(), 12);
    world.client = other.client;
    world.client_log.connected = 0;
    world.connect();
    world.run();
    assert_eq!(world.client_log.connected, 1);
    assert_eq!(world.server_log.connected, 2);
    assert_eq!(world.server_log.closed.len(), 1, "the old session was reported as closed");
    assert!(world.server.is_connected());
    world.client.send(world.now, b"again").unwrap();
    world.run();
    assert_eq!(world.server_log.received, [b"again"]);
}

#[test]
fn new_client_hello_does_not_end_a_session_without_cookies() {
    let mut world = World::new(client_config(), server_config(), Faults::default(), 13);
    world.connect();
    let mut other = World::new(client_config(), server_config(), Faults::default(), 14);
    other.step();
    let hello = other.client_log.sent.first().unwrap().clone();
    world.server.handle(world.now, &hello);
    assert_eq!(world.server.poll(world.now), None);
    world.client.send(world.now, b"still here").unwrap();
    world.run();
    assert_eq!(world.server_log.received, [b"still here"]);
}

#[test]
fn store_of_one_key_knows_no_other_identity() {
    use bootrack_protocols::tls::PskStore;
    let store = SinglePsk { identity: IDENTITY.to_vec(), psk: Psk::new(KEY) };
    assert!(store.psk(IDENTITY).is_some());
    assert!(store.psk(b"0123456789abcdeF").is_none());
    assert!(store.psk(b"").is_none());
}
