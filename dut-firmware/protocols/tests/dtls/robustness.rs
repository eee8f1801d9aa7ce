//! No datagram, however odd, panics a machine or ends an established session.

use std::sync::OnceLock;
use std::time::Duration;

use bootrack_protocols::Entropy;
use bootrack_protocols::credentials::Purpose;
use bootrack_protocols::dtls::Output;
use bootrack_protocols::tls::{ClientAuthentication, ExtendedMasterSecret};
use proptest::prelude::*;
use rand_core::{Rng, SeedableRng};
use rstest::rstest;

use super::certificates::Infrastructure;
use super::channel::{Faults, World, client_config, cookies, patient, server_config};
use super::credentials::{raw_client, raw_server};

static INFRASTRUCTURE: OnceLock<Infrastructure> = OnceLock::new();

/// Datagrams that look like DTLS: a record header that may lie, and handshake headers that may lie.
fn datagrams() -> impl Strategy<Value = Vec<u8>> {
    let body = prop::collection::vec(any::<u8>(), 0..80);
    let handshake = (0u8..24, 0u8..3, 0u8..4, 0u8..3, body.clone()).prop_map(|(kind, high, seq, offset, body)| {
        let length = u8::try_from(body.len()).unwrap();
        let mut bytes = vec![kind, 0, high, length, 0, seq, 0, 0, offset, 0, 0, length];
        bytes.extend(body);
        bytes
    });
    let content = prop_oneof![body, handshake];
    let record = (19u8..25, 0u8..3, 0u8..6, content, any::<bool>()).prop_map(|(kind, epoch, seq, content, lies)| {
        let length = u16::try_from(content.len()).unwrap() + u16::from(lies);
        let mut bytes = vec![kind, 0xfe, 0xfd, 0, epoch, 0, 0, 0, 0, 0, seq];
        bytes.extend(length.to_be_bytes());
        bytes.extend(content);
        bytes
    });
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..200),
        prop::collection::vec(record, 1..4).prop_map(|records| records.concat()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_datagram_panics_a_machine(inputs in prop::collection::vec(datagrams(), 1..12), steps in 0usize..12, cookie: bool) {
        let mut server = server_config();
        server.cookie = cookies().filter(|_| cookie);
        let mut world = World::new(client_config(), server, Faults::default(), 1);
        for _ in 0..steps {
            world.step();
        }
        for input in inputs {
            world.client.handle(world.now, &input);
            world.server.handle(world.now, &input);
            world.step();
        }
        world.run();
    }

    #[test]
    fn no_datagram_panics_a_machine_with_raw_keys(
        inputs in prop::collection::vec(datagrams(), 1..12), steps in 0usize..12, shows_itself: bool
    ) {
        let server = raw_server(ClientAuthentication::Optional);
        let mut world = World::new(raw_client(shows_itself), server, Faults::default(), 1);
        for _ in 0..steps {
            world.step();
        }
        for input in inputs {
            world.client.handle(world.now, &input);
            world.server.handle(world.now, &input);
            world.step();
        }
        world.run();
    }

    #[cfg(feature = "x509")]
    #[test]
    fn no_payload_of_a_certificate_panics_its_judge(mut der in prop::collection::vec(any::<u8>(), 0..300), at: usize, octet: u8) {
        let infrastructure = INFRASTRUCTURE.get_or_init(Infrastructure::new);
        let judge = |der: &[u8]| {
            let trust = infrastructure.trust();
            let _ = trust.verify_raw_public_key(der);
            let _ = trust.verify_chain(&[der, &infrastructure.intermediate.der()], Purpose::Server, Duration::ZERO);
        };
        judge(&der);
        // One octet of a certificate changed: a judge that believes it all the same is blind.
        der = infrastructure.server.der();
        let at = at % der.len();
        let changes = der[at] != octet;
        der[at] = octet;
        let chain = [der.as_slice(), &infrastructure.intermediate.der()];
        let judged = infrastructure.trust().verify_chain(&chain, Purpose::Server, Duration::ZERO);
        prop_assert_eq!(judged.is_ok(), !changes);
    }

    #[test]
    fn no_forged_datagram_ends_or_enters_a_session(inputs in prop::collection::vec(datagrams(), 1..20)) {
        let mut world = World::new(client_config(), server_config(), Faults::default(), 1);
        world.connect();
        for input in inputs {
            world.client.handle(world.now, &input);
            world.server.handle(world.now, &input);
            while let Some(output) = world.client.poll(world.now) {
                prop_assert!(matches!(output, Output::Datagram(_)), "{output:?}");
            }
            while let Some(output) = world.server.poll(world.now) {
                prop_assert!(matches!(output, Output::Datagram(_)), "{output:?}");
            }
        }
        world.client.send(world.now, b"up").unwrap();
        world.server.send(world.now, b"down").unwrap();
        world.run();
        prop_assert_eq!(&world.server_log.received, &[b"up"]);
        prop_assert_eq!(&world.client_log.received, &[b"down"]);
    }

    #[test]
    fn flipped_bits_never_yield_another_session(seed: u64, at in 0usize..8, bit in 0usize..4000) {
        let (mut client, mut server) = (client_config(), server_config());
        (client.retransmission, server.retransmission) = (patient(), patient());
        let mut world = World::new(client, server, Faults::default(), seed);
        let mut count = 0;
        while !(world.client.is_connected() && world.server.is_connected()) {
            // What the client sends is spoilt once, on its way.
            let before = world.client_log.sent.len();
            let more = world.step();
            if world.client_log.sent.len() > before {
                count += 1;
                if count == at {
                    let mut spoilt = world.client_log.sent.last().unwrap().clone();
                    let octets = spoilt.len();
                    spoilt[bit / 8 % octets] ^= 1 << (bit % 8);
                    world.server.handle(world.now, &spoilt);
                }
            }
            if !more {
                break;
            }
        }
        if world.client.is_connected() && world.server.is_connected() {
            prop_assert_eq!(world.client_log.keys.last(), world.server_log.keys.last());
        }
    }
}

/// What the sides of a mutated handshake authenticate each other with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Proof {
    Psk,
    RawPublicKeys,
    Chains,
}

/// Spoils a datagram: flips bits, cuts it, lengthens it, repeats a part of it, or overwrites octets.
fn spoil(datagram: &mut Vec<u8>, dice: &mut Entropy) {
    let mut roll = |sides: usize| dice.next_u32() as usize % sides.max(1);
    for _ in 0..=roll(3) {
        let at = roll(datagram.len());
        match roll(6) {
            0 | 1 => datagram[at] ^= 1 << roll(8),
            2 => datagram[at] = [0, 1, 0x7f, 0xff, 3, 22][roll(6)],
            3 => datagram.truncate(at.max(1)),
            4 => datagram.extend(vec![0; roll(40)]),
            _ => {
                let part = datagram[at..].to_vec();
                datagram.splice(at..at, part);
            }
        }
    }
}

/// Whatever happens to some of the datagrams, the handshake is completed by retransmission, with one view of what was said,
/// or it ends; never is there a session that only one side takes for good.
#[rstest]
#[case::of_a_shared_key(Proof::Psk)]
#[case::of_raw_public_keys(Proof::RawPublicKeys)]
#[cfg_attr(feature = "x509", case::of_chains(Proof::Chains))]
fn spoilt_handshake_is_completed_or_ends(
    #[case] proof: Proof,
    #[values(127, 1280)] mtu: usize,
    #[values(false, true)] extended: bool,
) {
    let infrastructure = INFRASTRUCTURE.get_or_init(Infrastructure::new);
    let mut completed = 0;
    for seed in 0..60 {
        let required = ClientAuthentication::Required;
        let (mut client, mut server) = match proof {
            Proof::Psk => (client_config(), server_config()),
            Proof::RawPublicKeys => (raw_client(true), raw_server(required)),
            Proof::Chains => (infrastructure.client_config(true), infrastructure.server_config(required)),
        };
        (client.mtu, server.mtu) = (mtu, mtu);
        server.cookie = cookies().filter(|_| seed % 3 == 0);
        if !extended {
            client.tls.extended_master_secret = ExtendedMasterSecret::Never;
        }
        let mut world = World::new(client, server, Faults::default(), seed);
        let mut dice = Entropy::seed_from_u64(seed);
        let mut left = 1 + seed % 4;
        world.tamper = Some(Box::new(move |_, datagram| {
            if left > 0 && dice.next_u32() % 3 == 0 {
                left -= 1;
                spoil(datagram, &mut dice);
            }
        }));
        let mut ended = false;
        while !(ended || world.client.is_connected() && world.server.is_connected()) && world.step() {
            ended = world.client.is_closed() || world.server.is_closed();
        }
        if ended {
            // The client completes last, so whoever ended, it never has a session.
            world.run();
            assert!(!world.client.is_connected(), "{proof:?} {mtu} {seed}");
            continue;
        }
        assert!(world.client.is_connected() && world.server.is_connected(), "{proof:?} {mtu} {seed}: no end");
        completed += 1;
        assert_eq!(world.client_log.keys.last(), world.server_log.keys.last());
        assert_eq!(world.client.cipher_suite(), world.server.cipher_suite());
        assert_eq!(world.client.has_extended_master_secret(), extended, "nobody talks them out of it");
        assert_eq!(world.server.has_extended_master_secret(), extended);
        assert_eq!(world.server.client_certificate().is_some(), proof != Proof::Psk);
        world.tamper = None;
        world.client.send(world.now, b"up").unwrap();
        world.server.send(world.now, b"down").unwrap();
        world.run();
        assert_eq!(
            (world.server_log.received, world.client_log.received),
            (vec![b"up".to_vec()], vec![b"down".to_vec()])
        );
    }
    assert!(completed > 0, "some are completed");
}
