//! No datagram, however odd, panics a machine or ends an established session.

use std::sync::OnceLock;
use std::time::Duration;

use bootrack_protocols::credentials::Purpose;
use bootrack_protocols::dtls::{ClientAuthentication, Output};
use proptest::prelude::*;

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
