//! Sessions that come about, with whatever records and pieces.

use std::time::Duration;

use bootrack_protocols::tls::stream::{Client, ClientConfig, NotConnected};
use bootrack_protocols::tls::{CloseReason, ConfigError, ExportError, ExtendedMasterSecret, Randoms};
use bootrack_protocols::{Entropy, time::Instant};
use rand_core::SeedableRng;
use rstest::rstest;
use wire::reader::Reader;
use wire::tls::{Alert, AlertDescription, CipherSuite, ContentType, ProtocolVersion, RecordHeader, prf};

use super::pipe::{IDENTITY, Pipe, key, psk, raw_keys};

/// What the sides prove themselves with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Proof {
    Psk,
    RawKeys,
    #[cfg(feature = "x509")]
    Certificates,
}

type Configs = (bootrack_protocols::tls::ClientConfig, bootrack_protocols::tls::ServerConfig);

impl Proof {
    fn configs(self) -> Configs {
        match self {
            Self::Psk => psk(),
            Self::RawKeys => raw_keys(),
            #[cfg(feature = "x509")]
            Self::Certificates => super::pipe::certificates(),
        }
    }
}

#[rstest]
#[case::psk(Proof::Psk)]
#[case::raw_keys(Proof::RawKeys)]
#[cfg_attr(feature = "x509", case::certificates(Proof::Certificates))]
fn records_and_pieces_of_any_size_make_a_session(
    #[case] proof: Proof,
    #[values(2, 5, 100, 1 << 14)] record: usize,
    #[values(1, 7, 1 << 20)] cut: usize,
    #[values(ExtendedMasterSecret::Offer, ExtendedMasterSecret::Never)] extended: ExtendedMasterSecret,
) {
    let (mut client, server) = proof.configs();
    client.extended_master_secret = extended;
    let mut pipe = Pipe::with_records((client, server), record, 3);
    pipe.run_in_pieces(cut);
    assert!(pipe.are_connected(), "{:?} {:?}", pipe.client_log, pipe.server_log);
    assert_eq!((pipe.client_log.connected, pipe.server_log.connected), (1, 1));
    assert_eq!(pipe.client_log.keys, pipe.server_log.keys);
    let is_extended = extended == ExtendedMasterSecret::Offer;
    assert_eq!(pipe.client.has_extended_master_secret(), is_extended);
    assert_eq!(pipe.server.has_extended_master_secret(), is_extended);
    if proof == Proof::Psk {
        assert_eq!(pipe.client.cipher_suite(), CipherSuite::PSK_WITH_AES_128_CCM_8);
        assert_eq!(pipe.server.psk_identity(), Some(IDENTITY));
        assert!(pipe.client.server_certificate().is_none());
    } else {
        assert_eq!(pipe.server.cipher_suite(), CipherSuite::ECDHE_ECDSA_WITH_AES_128_CCM_8);
        assert!(pipe.client.server_certificate().is_some() && pipe.server.client_certificate().is_some());
    }
    if proof == Proof::RawKeys {
        assert_eq!(pipe.server.client_certificate().unwrap().public_key, key(1).public_key());
    }
    let (up, down) = (vec![0x55; 1000], vec![0xaa; 333]);
    pipe.client.send(pipe.now, &up).unwrap();
    pipe.server.send(pipe.now, &down).unwrap();
    pipe.run_in_pieces(cut);
    assert_eq!((&pipe.server_log.received, &pipe.client_log.received), (&up, &down));
    pipe.client.close(pipe.now);
    pipe.run_in_pieces(cut);
    let notify = Some(Alert::warning(AlertDescription::CloseNotify));
    let (client, server) = (pipe.client_log.closed[0], pipe.server_log.closed[0]);
    assert_eq!((client.sent, client.reason), (notify, CloseReason::Local));
    assert_eq!((server.sent, server.received, server.reason), (notify, notify, CloseReason::Peer));
    assert!(pipe.client.is_closed() && pipe.server.is_closed());
    // What comes behind the end of a session says nothing.
    pipe.client.end_of_stream();
    pipe.server.end_of_stream();
    pipe.run();
    assert_eq!((pipe.client_log.closed.len(), pipe.server_log.closed.len()), (1, 1));
}

/// Content type and length of every record in the clear before the first that is protected, over all pieces.
fn records_in(pieces: &[Vec<u8>]) -> Vec<(ContentType, ProtocolVersion, u16)> {
    let stream = pieces.concat();
    let mut reader = Reader::new(&stream);
    let mut records = Vec::new();
    while let Ok(header) = RecordHeader::parse(&mut reader) {
        reader.take(usize::from(header.length), "fragment").unwrap();
        records.push((header.content_type, header.version, header.length));
    }
    records
}

#[test]
fn a_flight_is_one_piece_and_its_messages_share_a_record() {
    let mut pipe = Pipe::new(raw_keys());
    pipe.run();
    // RFC 5246 7.3: two flights each.
    assert_eq!((pipe.client_log.sent.len(), pipe.server_log.sent.len()), (2, 2));
    let of_client = records_in(&pipe.client_log.sent);
    let types: Vec<ContentType> = of_client.iter().map(|record| record.0).collect();
    use ContentType::{ChangeCipherSpec, Handshake};
    assert_eq!(types, [Handshake, Handshake, ChangeCipherSpec, Handshake]);
    assert_eq!(of_client[0].1, ProtocolVersion::TLS_1_0, "of a first ClientHello (RFC 5246 appendix E.1)");
    assert!(of_client[1..].iter().all(|record| record.1 == ProtocolVersion::TLS_1_2));
    // Finished: a header of 4 octets and 12 of verify_data, with 8 of nonce and 8 of MAC.
    assert_eq!(of_client[3].2, 4 + 12 + 8 + 8);
    let types: Vec<ContentType> = records_in(&pipe.server_log.sent).iter().map(|record| record.0).collect();
    assert_eq!(types, [Handshake, ChangeCipherSpec, Handshake]);
}

/// RFC 5216 2.3: key material and session ID of EAP-TLS.
#[test]
fn both_sides_export_what_eap_tls_needs() {
    let mut pipe = Pipe::new(raw_keys());
    let export = |pipe: &Pipe, of_client: bool, context: Option<&[u8]>| {
        let mut out = [0; 128];
        let label = b"client EAP encryption";
        let exported = if of_client {
            pipe.client.export_keying_material(label, context, &mut out)
        } else {
            pipe.server.export_keying_material(label, context, &mut out)
        };
        exported.map(|()| out)
    };
    assert_eq!(export(&pipe, true, None), Err(ExportError::NotConnected));
    assert_eq!(pipe.client.randoms(), None);
    pipe.run();
    let keys = pipe.client_log.keys[0].clone();
    let Randoms { client, server } = pipe.client.randoms().unwrap();
    assert_eq!((client, pipe.server.randoms()), (keys.client_random, pipe.client.randoms()));
    let mut expected = [0; 128];
    prf(&keys.master_secret, b"client EAP encryption", &[&client, &server], &mut expected);
    assert_eq!((export(&pipe, true, None), export(&pipe, false, None)), (Ok(expected), Ok(expected)));
    assert_ne!(export(&pipe, true, Some(b"")), Ok(expected), "RFC 5705 4: no context is not an empty one");
    assert_eq!(export(&pipe, true, Some(b"x")), export(&pipe, false, Some(b"x")));
    assert!(pipe.client.session_id().is_empty() && pipe.server.session_id().is_empty());
    pipe.client.close(pipe.now);
    assert_eq!(export(&pipe, true, None), Err(ExportError::NotConnected));
}

#[test]
fn same_seed_same_octets() {
    let run = |seed| {
        let mut pipe = Pipe::with_records(raw_keys(), 64, seed);
        pipe.run();
        (pipe.client_log.sent, pipe.server_log.sent)
    };
    assert_eq!(run(4), run(4));
    assert_ne!(run(4), run(5));
}

#[test]
fn size_of_records_is_within_what_a_record_can_carry() {
    for (record, expected) in [
        (1, Some(ConfigError::RecordSize(1))),
        (2, None),
        (1 << 14, None),
        (16385, Some(ConfigError::RecordSize(16385))),
    ] {
        let config = ClientConfig { record, ..psk().0.into() };
        assert_eq!(Client::new(config, Entropy::seed_from_u64(1), Instant::ZERO).err(), expected);
    }
}

#[test]
fn session_is_closed_before_its_records_run_out() {
    let (mut client, server) = psk();
    client.limits.records_sent = 10;
    let mut pipe = Pipe::with_records((client, server), 4, 1);
    pipe.run();
    // Finished took four records, close_notify takes the last.
    pipe.client.send(pipe.now, &[1; 16]).unwrap();
    assert_eq!(pipe.client.send(pipe.now, &[2; 8]), Err(NotConnected), "two more are one too many");
    pipe.run();
    assert_eq!(pipe.server_log.received, [1; 16]);
    assert_eq!(pipe.client_log.closed[0].reason, CloseReason::SequenceNumbersExhausted);
    assert_eq!(pipe.server_log.closed[0].reason, CloseReason::Peer);
}

#[test]
fn handshake_that_takes_too_long_is_given_up_and_a_silent_session_is_closed() {
    let (mut client, mut server) = psk();
    client.limits.handshake_timeout = Some(Duration::from_secs(30));
    server.limits.idle_timeout = Some(Duration::from_secs(60));
    let mut pipe = Pipe::new((client.clone(), server.clone()));
    assert_eq!(pipe.client.deadline(), Some(Instant::ZERO + Duration::from_secs(30)));
    pipe.now = pipe.now + Duration::from_secs(30);
    while pipe.client.poll(pipe.now).is_some() {}
    pipe.client.poll(pipe.now);
    assert!(pipe.client.is_closed());
    let mut pipe = Pipe::new((client, server));
    pipe.run();
    assert_eq!(pipe.client.deadline(), None, "connected");
    pipe.now = pipe.now + Duration::from_secs(50);
    pipe.client.send(pipe.now, b"alive").unwrap();
    pipe.run();
    pipe.now = pipe.now + Duration::from_secs(59);
    pipe.run();
    assert!(pipe.are_connected());
    pipe.now = pipe.now + Duration::from_secs(1);
    pipe.run();
    assert_eq!(pipe.server_log.closed[0].reason, CloseReason::Idle);
    assert_eq!(pipe.client_log.closed[0].reason, CloseReason::Peer);
}
