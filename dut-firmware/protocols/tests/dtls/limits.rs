//! Sessions end at their limits, and in good order.

use std::time::Duration;

use bootrack_protocols::dtls::SendError;
use bootrack_protocols::time::Instant;
use bootrack_protocols::tls::{ClientAuthentication, CloseReason, ExportError};
use rstest::rstest;
use wire::tls::{Alert, AlertDescription};

use super::certificates::Infrastructure;
use super::channel::{Faults, World, client_config, patient, server_config};
use super::credentials::{raw_client, raw_server};

const NOTIFY: Option<Alert> = Some(Alert::warning(AlertDescription::CloseNotify));

#[test]
fn session_is_closed_before_its_records_run_out() {
    let mut client = client_config();
    client.tls.limits.records_sent = 10;
    let mut world = World::new(client, server_config(), Faults::default(), 1);
    world.connect();
    // Finished was the first record, close_notify is the last.
    for n in 0..8u8 {
        world.client.send(world.now, &[n]).unwrap();
    }
    assert_eq!(world.client.send(world.now, b"one more"), Err(SendError::NotConnected));
    world.run();
    assert_eq!(world.server_log.received.len(), 8);
    assert_eq!(world.client_log.closed[0].reason, CloseReason::SequenceNumbersExhausted);
    assert_eq!((world.client_log.closed[0].sent, world.server_log.closed[0].received), (NOTIFY, NOTIFY));
}

#[test]
fn handshake_that_takes_too_long_is_given_up() {
    let mut client = client_config();
    client.retransmission = patient();
    client.tls.limits.handshake_timeout = Some(Duration::from_secs(30));
    let mut world = World::new(client, server_config(), Faults { lost: 1000, ..Faults::default() }, 1);
    world.run();
    assert_eq!(world.client_log.closed[0].reason, CloseReason::Timeout);
    assert_eq!(world.now, Instant::ZERO + Duration::from_secs(30));
}

#[cfg(feature = "x509")]
#[rstest]
fn message_beyond_the_limit_is_an_illegal_parameter(#[values(127, 1280)] mtu: usize) {
    let right = Infrastructure::new();
    let (mut client, mut server) = (right.client_config(true), right.server_config(ClientAuthentication::Required));
    (client.mtu, server.mtu) = (mtu, mtu);
    client.tls.limits.handshake_message = 500;
    let mut world = World::new(client, server, Faults::default(), 1);
    world.run();
    let expected = Some(Alert::fatal(AlertDescription::IllegalParameter));
    assert_eq!((world.client_log.closed[0].sent, world.server_log.closed[0].received), (expected, expected));
}

#[test]
fn both_sides_export_the_same_keying_material_and_only_when_connected() {
    let mut world = World::new(raw_client(true), raw_server(ClientAuthentication::Required), Faults::default(), 1);
    let export = |world: &World, label: &[u8], context: Option<&[u8]>| {
        let (mut of_client, mut of_server) = ([0; 80], [0; 80]);
        world.client.export_keying_material(label, context, &mut of_client)?;
        world.server.export_keying_material(label, context, &mut of_server)?;
        assert_eq!(of_client, of_server);
        Ok::<_, ExportError>(of_client)
    };
    assert_eq!(export(&world, b"EXPERIMENTAL", None), Err(ExportError::NotConnected));
    world.connect();
    let plain = export(&world, b"EXPERIMENTAL", None).unwrap();
    // RFC 5705 4: no context is not the same as an empty one.
    let others = [
        export(&world, b"EXPERIMENTAL", Some(b"")).unwrap(),
        export(&world, b"EXPERIMENTAL", Some(b"context")).unwrap(),
        export(&world, b"EXPERIMENTAL 2", None).unwrap(),
    ];
    assert!(others.iter().all(|other| *other != plain) && others[0] != others[1]);
    assert_eq!(export(&world, b"EXPERIMENTAL", Some(&[0; 65536])), Err(ExportError::ContextTooLong));
    // What RFC 5705 4 says, from the key log and the randoms on the wire.
    let keys = world.client_log.keys.last().unwrap();
    let server_random = world.server_log.sent.iter().find_map(|datagram| {
        let record = wire::dtls::records(datagram).next()?.ok()?;
        let fragment = wire::dtls::fragments(record.fragment).ok()?[0];
        wire::tls::ServerHello::parse(fragment.body).ok().map(|hello| hello.random)
    });
    let mut expected = [0; 80];
    let seed: [&[u8]; 2] = [&keys.client_random, &server_random.unwrap()];
    wire::tls::prf(&keys.master_secret, b"EXPERIMENTAL", &seed, &mut expected);
    assert_eq!(plain, expected);
}
