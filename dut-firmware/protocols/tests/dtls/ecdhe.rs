//! Handshakes with raw public keys and certificates that succeed, whatever the channel does.

use bootrack_protocols::dtls::{ClientAuthentication, ExtendedMasterSecret};
use rstest::rstest;
use wire::dtls::{CertificateType, CipherSuite};

use super::certificates::Infrastructure;
use super::channel::{Faults, World, patient};
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
    #[values(127, 256, 1280)] mtu: usize,
    #[values(0, 100, 300)] lost: u32,
    #[values(ClientAuthentication::None, ClientAuthentication::Optional, ClientAuthentication::Required)]
    authentication: ClientAuthentication,
) {
    for seed in 0..3 {
        let shows_itself = authentication == ClientAuthentication::Required || seed % 2 == 0;
        let (mut client, mut server) = (raw_client(shows_itself), raw_server(authentication));
        (client.mtu, server.mtu) = (mtu, mtu);
        (client.retransmission, server.retransmission) = (patient(), patient());
        if seed == 1 {
            client.extended_master_secret = ExtendedMasterSecret::Never;
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

#[rstest]
fn chains_make_a_session_on_a_bad_channel(
    #[values(127, 256, 1280)] mtu: usize,
    #[values(0, 100, 300)] lost: u32,
    #[values(ClientAuthentication::None, ClientAuthentication::Optional, ClientAuthentication::Required)]
    authentication: ClientAuthentication,
) {
    let infrastructure = Infrastructure::new();
    for seed in 0..3 {
        let shows_itself = authentication == ClientAuthentication::Required || seed % 2 == 0;
        let mut client = infrastructure.client_config(shows_itself);
        let mut server = infrastructure.server_config(authentication);
        (client.mtu, server.mtu) = (mtu, mtu);
        (client.retransmission, server.retransmission) = (patient(), patient());
        if seed == 1 {
            server.extended_master_secret = ExtendedMasterSecret::Never;
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
