//! Handshakes with raw public keys and certificates that succeed, whatever the channel does.

use bootrack_protocols::tls::{ClientAuthentication, ExtendedMasterSecret};
use rstest::rstest;
use wire::tls::{CertificateType, CipherSuite};

use super::certificates::Infrastructure;
use super::channel::{Faults, World, cookies, patient};
use super::credentials::{key, raw_client, raw_server};

fn check_connected(world: &World) {
    assert!(
        world.client.is_connected() && world.server.is_connected(),
        "no session after {:?}: {:?} {:?}",
        world.now,
        world.client_log.closed,
        world.server_log.closed
    );
    assert_eq!((world.client_log.connected, world.server_log.connected), (1, 1));
    assert_eq!(world.client_log.keys.last(), world.server_log.keys.last(), "both sides have the same secret");
    assert_eq!(world.client.cipher_suite(), CipherSuite::ECDHE_ECDSA_WITH_AES_128_CCM_8);
    assert_eq!(world.server.cipher_suite(), CipherSuite::ECDHE_ECDSA_WITH_AES_128_CCM_8);
}

#[rstest]
fn raw_public_keys_make_a_session_on_a_bad_channel(
    #[values(64, 127, 256, 1280)] mtu: usize,
    #[values(0, 100, 200, 300)] lost: u32,
    #[values(ClientAuthentication::None, ClientAuthentication::Optional, ClientAuthentication::Required)]
    authentication: ClientAuthentication,
) {
    for seed in 0..4 {
        let shows_itself = authentication == ClientAuthentication::Required || seed % 2 == 0;
        let (mut client, mut server) = (raw_client(shows_itself), raw_server(authentication));
        (client.mtu, server.mtu) = (mtu, mtu);
        server.cookie = cookies().filter(|_| seed > 1);
        (client.retransmission, server.retransmission) = (patient(), patient());
        if seed == 1 {
            client.tls.extended_master_secret = ExtendedMasterSecret::Never;
        }
        let faults = Faults { lost, doubled: lost / 2, delayed: lost };
        let mut world = World::new(client, server, faults, seed);
        world.connect();
        check_connected(&world);
        assert_eq!(world.client.has_extended_master_secret(), seed != 1);
        let shown = world.client.server_certificate().unwrap();
        assert_eq!((shown.certificate_type, shown.public_key), (CertificateType::RAW_PUBLIC_KEY, key(2).public_key()));
        let client_key = world.server.client_certificate().map(|shown| shown.public_key);
        let is_asked = authentication != ClientAuthentication::None;
        assert_eq!(client_key, (is_asked && shows_itself).then(|| key(1).public_key()));
        for datagram in world.client_log.sent.iter().chain(&world.server_log.sent) {
            assert!(datagram.len() <= mtu, "{} octets at an MTU of {mtu}", datagram.len());
        }
    }
}

#[cfg(feature = "x509")]
#[rstest]
fn chains_make_a_session_on_a_bad_channel(
    #[values(64, 127, 256, 1280)] mtu: usize,
    #[values(0, 100, 200, 300)] lost: u32,
    #[values(ClientAuthentication::None, ClientAuthentication::Optional, ClientAuthentication::Required)]
    authentication: ClientAuthentication,
) {
    let infrastructure = Infrastructure::new();
    for seed in 0..4 {
        let shows_itself = authentication == ClientAuthentication::Required || seed % 2 == 0;
        let mut client = infrastructure.client_config(shows_itself);
        let mut server = infrastructure.server_config(authentication);
        (client.mtu, server.mtu) = (mtu, mtu);
        server.cookie = cookies().filter(|_| seed > 1);
        (client.retransmission, server.retransmission) = (patient(), patient());
        if seed == 1 {
            server.tls.extended_master_secret = ExtendedMasterSecret::Never;
        }
        let faults = Faults { lost, doubled: lost / 2, delayed: lost };
        let mut world = World::new(client, server, faults, seed);
        world.connect();
        check_connected(&world);
        assert_eq!(world.client.has_extended_master_secret(), seed != 1);
        let shown = world.client.server_certificate().unwrap();
        assert_eq!((shown.certificate_type, &shown.der), (CertificateType::X509, &infrastructure.server.der()));
        let client_der = world.server.client_certificate().map(|shown| shown.der.clone());
        let is_asked = authentication != ClientAuthentication::None;
        assert_eq!(client_der, (is_asked && shows_itself).then(|| infrastructure.client.der()));
        for datagram in world.client_log.sent.iter().chain(&world.server_log.sent) {
            assert!(datagram.len() <= mtu, "{} octets at an MTU of {mtu}", datagram.len());
        }
    }
}

#[test]
fn same_seed_same_octets() {
    let run = || {
        let faults = Faults { lost: 200, doubled: 100, delayed: 200 };
        let mut world = World::new(raw_client(true), raw_server(ClientAuthentication::Required), faults, 9);
        world.connect();
        check_connected(&world);
        (world.client_log.sent, world.server_log.sent)
    };
    assert_eq!(run(), run());
}

#[test]
fn keys_of_a_handshake_are_used_once() {
    let secret = |seed| {
        let server = raw_server(ClientAuthentication::Required);
        let mut world = World::new(raw_client(true), server, Faults::default(), seed);
        world.connect();
        check_connected(&world);
        world.client_log.keys[0].master_secret
    };
    assert_ne!(secret(1), secret(2));
}

#[test]
fn client_that_lost_its_state_takes_over_with_a_cookie() {
    let mut server = raw_server(ClientAuthentication::Required);
    server.cookie = cookies();
    let mut world = World::new(raw_client(true), server, Faults::default(), 11);
    world.connect();
    check_connected(&world);
    let mut other = raw_server(ClientAuthentication::Required);
    other.cookie = cookies();
    world.client = World::new(raw_client(true), other, Faults::default(), 12).client;
    world.connect();
    world.run();
    assert_eq!(world.server_log.connected, 2);
    world.client.send(world.now, b"again").unwrap();
    world.run();
    assert_eq!(world.server_log.received, [b"again"]);
}
