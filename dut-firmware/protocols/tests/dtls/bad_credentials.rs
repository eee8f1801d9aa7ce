//! Every credential that is wrong ends in the alert that RFC 5246 7.2.2 asks for, sent by whoever finds it and received by
//! the other side.

use std::time::Duration;

use bootrack_protocols::credentials::{CertificateError, CredentialError, Identity, Purpose, SigningKey, Trust};
use bootrack_protocols::time::Instant;
use bootrack_protocols::tls::{ClientAuthentication, Closed};
use rcgen::{
    BasicConstraints, ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose, PKCS_ECDSA_P384_SHA384, date_time_ymd,
};
use rstest::rstest;
use wire::dtls::{RecordHeader, fragments, records};
use wire::tls::{Alert, AlertDescription, ContentType, HandshakeType};

use super::certificates::{
    Certified, Infrastructure, authority, client, for_purpose, issued, issued_for, leaf, self_signed, server, trusting,
    used_for,
};
use super::channel::{Faults, Tamper, World};
use super::credentials::{key, raw_client, raw_server, trusting as trusting_keys};

/// The side that finds the other wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Judge {
    Client,
    Server,
}

#[track_caller]
fn ended(world: &World, judge: Judge, expected: AlertDescription) {
    assert_eq!((world.client_log.connected, world.server_log.connected), (0, 0), "never a session");
    let alert = Some(Alert::fatal(expected));
    let sole = |closed: &[Closed]| match closed {
        [one] => *one,
        closed => panic!("{closed:?}"),
    };
    let (of_client, of_server) = (sole(&world.client_log.closed), sole(&world.server_log.closed));
    let (sender, receiver) = if judge == Judge::Client { (of_client, of_server) } else { (of_server, of_client) };
    assert_eq!((sender.sent, sender.received), (alert, None), "{sender:?} {receiver:?}");
    assert_eq!((receiver.sent, receiver.received), (None, alert), "{sender:?} {receiver:?}");
}

/// A world in which one side shows `shown` and the other believes `trust`.
fn world_of(judge: Judge, shown: Identity, trust: Trust, mtu: usize) -> World {
    let right = Infrastructure::new();
    let (mut client, mut server) = match judge {
        Judge::Client => {
            let bad = server(shown, ClientAuthentication::Required, right.trust());
            (client(Some(right.client_identity()), trust), bad)
        }
        Judge::Server => {
            let good = server(right.server_identity(), ClientAuthentication::Required, trust);
            (client(Some(shown), right.trust()), good)
        }
    };
    (client.mtu, server.mtu) = (mtu, mtu);
    World::new(client, server, Faults::default(), 1)
}

/// What is wrong with a chain.
#[derive(Debug, Clone, Copy)]
enum Wrong {
    Expired,
    NotValidYet,
    ExpiredIntermediate,
    SelfSigned,
    SelfSignedAuthority,
    ForeignRoot,
    MissingIntermediate,
    NamesakeRoot,
    SpoiltSignature,
    OtherPurpose,
    IssuedByALeaf,
    AuthorityAsLeaf,
    SignedOnAnotherCurve,
    TooLong,
    OtherName,
    NoSigningKey,
    IssuerThatMayNotSign,
    PathTooLong,
}

fn shown_and_trust(wrong: Wrong, judge: Judge) -> (Identity, Trust) {
    let root = self_signed(authority("root"));
    let mut trust = trusting(&[&root]);
    let past = (date_time_ymd(2020, 1, 1), date_time_ymd(2021, 1, 1));
    let direct = |parameters| issued(parameters, &root).identity(&[]);
    let shown = match wrong {
        Wrong::Expired => {
            let mut parameters = leaf("leaf");
            (parameters.not_before, parameters.not_after) = past;
            direct(parameters)
        }
        Wrong::NotValidYet => {
            let mut parameters = leaf("leaf");
            (parameters.not_before, parameters.not_after) = (date_time_ymd(2030, 1, 1), date_time_ymd(2031, 1, 1));
            direct(parameters)
        }
        Wrong::ExpiredIntermediate => {
            let mut parameters = authority("intermediate");
            (parameters.not_before, parameters.not_after) = past;
            let intermediate = issued(parameters, &root);
            issued(leaf("leaf"), &intermediate).identity(&[&intermediate])
        }
        Wrong::SelfSigned => self_signed(leaf("leaf")).identity(&[]),
        Wrong::SelfSignedAuthority => self_signed(authority("leaf")).identity(&[]),
        Wrong::ForeignRoot => {
            let foreign = self_signed(authority("foreign"));
            issued(leaf("leaf"), &foreign).identity(&[&foreign])
        }
        Wrong::MissingIntermediate => {
            let intermediate = issued(authority("intermediate"), &root);
            issued(leaf("leaf"), &intermediate).identity(&[])
        }
        Wrong::NamesakeRoot => issued(leaf("leaf"), &self_signed(authority("root"))).identity(&[]),
        Wrong::SpoiltSignature => {
            let Certified { certificate, pair } = issued(leaf("leaf"), &root);
            let mut der = certificate.der().to_vec();
            *der.last_mut().unwrap() ^= 1;
            Identity::x509(SigningKey::from_der(&pair.serialize_der()).unwrap(), vec![der]).unwrap()
        }
        Wrong::OtherPurpose => direct(for_purpose(
            "leaf",
            match judge {
                Judge::Client => ExtendedKeyUsagePurpose::ClientAuth,
                Judge::Server => ExtendedKeyUsagePurpose::ServerAuth,
            },
        )),
        Wrong::IssuedByALeaf => {
            let other = issued(leaf("other"), &root);
            issued(leaf("leaf"), &other).identity(&[&other])
        }
        Wrong::AuthorityAsLeaf => direct(authority("leaf")),
        Wrong::SignedOnAnotherCurve => {
            let pair = KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384).unwrap();
            let intermediate = issued_for(pair, authority("intermediate"), &root);
            issued(leaf("leaf"), &intermediate).identity(&[&intermediate])
        }
        Wrong::TooLong => {
            let others: Vec<Certified> = (0..4).map(|_| issued(authority("other"), &root)).collect();
            issued(leaf("leaf"), &root).identity(&others.iter().collect::<Vec<_>>())
        }
        Wrong::OtherName => {
            trust.peer_name = Some("somebody.example".into());
            direct(leaf("leaf"))
        }
        Wrong::NoSigningKey => direct(used_for("leaf", KeyUsagePurpose::KeyAgreement)),
        Wrong::IssuerThatMayNotSign => {
            let mut parameters = authority("intermediate");
            parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::CrlSign];
            let intermediate = issued(parameters, &root);
            issued(leaf("leaf"), &intermediate).identity(&[&intermediate])
        }
        Wrong::PathTooLong => {
            let mut parameters = authority("first");
            parameters.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
            let first = issued(parameters, &root);
            let second = issued(authority("second"), &first);
            issued(leaf("leaf"), &second).identity(&[&second, &first])
        }
    };
    (shown, trust)
}

#[cfg(feature = "x509")]
#[rstest]
#[case(Wrong::Expired, AlertDescription::CertificateExpired)]
#[case(Wrong::NotValidYet, AlertDescription::CertificateExpired)]
#[case(Wrong::ExpiredIntermediate, AlertDescription::CertificateExpired)]
#[case(Wrong::SelfSigned, AlertDescription::UnknownCa)]
#[case(Wrong::SelfSignedAuthority, AlertDescription::UnknownCa)]
#[case(Wrong::ForeignRoot, AlertDescription::UnknownCa)]
#[case(Wrong::MissingIntermediate, AlertDescription::UnknownCa)]
#[case(Wrong::NamesakeRoot, AlertDescription::BadCertificate)]
#[case(Wrong::SpoiltSignature, AlertDescription::BadCertificate)]
#[case(Wrong::OtherPurpose, AlertDescription::UnsupportedCertificate)]
#[case(Wrong::IssuedByALeaf, AlertDescription::CertificateUnknown)]
#[case(Wrong::AuthorityAsLeaf, AlertDescription::CertificateUnknown)]
#[case(Wrong::SignedOnAnotherCurve, AlertDescription::UnsupportedCertificate)]
#[case(Wrong::TooLong, AlertDescription::BadCertificate)]
#[case(Wrong::OtherName, AlertDescription::CertificateUnknown)]
#[case(Wrong::NoSigningKey, AlertDescription::UnsupportedCertificate)]
#[case(Wrong::IssuerThatMayNotSign, AlertDescription::CertificateUnknown)]
#[case(Wrong::PathTooLong, AlertDescription::CertificateUnknown)]
fn chain_that_is_wrong_ends_in_its_alert(
    #[case] wrong: Wrong,
    #[case] expected: AlertDescription,
    #[values(Judge::Client, Judge::Server)] judge: Judge,
    #[values(127, 1280)] mtu: usize,
) {
    let (shown, trust) = shown_and_trust(wrong, judge);
    let mut world = world_of(judge, shown, trust, mtu);
    world.run();
    ended(&world, judge, expected);
}

#[cfg(feature = "x509")]
#[rstest]
fn name_in_the_certificate_is_taken_if_it_is_the_right_one(#[values(Judge::Client, Judge::Server)] judge: Judge) {
    let root = self_signed(authority("root"));
    let mut trust = trusting(&[&root]);
    trust.peer_name = Some("leaf.example".into());
    let mut world = world_of(judge, issued(leaf("leaf"), &root).identity(&[]), trust, 1280);
    world.connect();
    assert!(world.client.is_connected() && world.server.is_connected());
}

#[cfg(feature = "x509")]
#[rstest]
fn key_usage_that_allows_to_sign_is_taken(#[values(Judge::Client, Judge::Server)] judge: Judge) {
    let root = self_signed(authority("root"));
    let mut parameters = authority("intermediate");
    parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    let intermediate = issued(parameters, &root);
    let leaf = issued(used_for("leaf", KeyUsagePurpose::DigitalSignature), &intermediate);
    let mut world = world_of(judge, leaf.identity(&[&intermediate]), trusting(&[&root]), 1280);
    world.connect();
    assert!(world.client.is_connected() && world.server.is_connected(), "{:?}", world.client_log.closed);
}

/// A session that begins when the server's certificate is good, and meets it when it is not any more.
#[cfg(feature = "x509")]
#[test]
fn certificate_that_has_just_expired_is_refused() {
    let right = Infrastructure::new();
    let mut trust = right.trust();
    // 2027-01-01, when everything expires, less 100 s.
    trust.unix_time_at_zero = Duration::from_secs(1_798_761_600 - 100);
    for (now, expected) in [(50, None), (200, Some(AlertDescription::CertificateExpired))] {
        let config = client(None, trust.clone());
        let mut world = World::new(config, right.server_config(ClientAuthentication::None), Faults::default(), 1);
        world.now = Instant::ZERO + Duration::from_secs(now);
        world.connect();
        let sent = world.client_log.closed.first().and_then(|closed| closed.sent);
        assert_eq!(sent, expected.map(Alert::fatal));
    }
}

#[cfg(feature = "x509")]
#[test]
fn certificate_expires_while_the_program_runs() {
    let root = self_signed(authority("root"));
    let leaf = issued(leaf("leaf"), &root).der();
    let judged = |days: u64| {
        let since_zero = Duration::from_secs(days * 86400);
        trusting(&[&root]).verify_chain(&[&leaf], Purpose::Server, since_zero).map(|_| ())
    };
    // From 2026-06-01 to 2027-01-01 it is 214 days.
    assert_eq!(judged(0), Ok(()));
    assert_eq!(judged(213), Ok(()));
    assert_eq!(judged(215), Err(CertificateError::Expired));
}

#[rstest]
fn foreign_raw_public_key_is_an_unknown_certificate(
    #[values(Judge::Client, Judge::Server)] judge: Judge,
    #[values(127, 1280)] mtu: usize,
) {
    let (mut client, mut server) = (raw_client(true), raw_server(ClientAuthentication::Required));
    (client.mtu, server.mtu) = (mtu, mtu);
    match judge {
        Judge::Client => server.tls.ecdhe.as_mut().unwrap().identity = Identity::raw_public_key(key(9)),
        Judge::Server => client.tls.ecdhe.as_mut().unwrap().identity = Some(Identity::raw_public_key(key(9))),
    }
    let mut world = World::new(client, server, Faults::default(), 1);
    world.run();
    ended(&world, judge, AlertDescription::CertificateUnknown);
}

#[rstest]
#[cfg_attr(feature = "x509", case::of_a_chain(false))]
#[case::of_a_raw_key(true)]
fn client_without_a_certificate_fails_where_one_is_required(#[case] raw: bool) {
    let right = Infrastructure::new();
    let (client, server) = if raw {
        (raw_client(false), raw_server(ClientAuthentication::Required))
    } else {
        (right.client_config(false), right.server_config(ClientAuthentication::Required))
    };
    let mut world = World::new(client, server, Faults::default(), 1);
    world.run();
    ended(&world, Judge::Server, AlertDescription::HandshakeFailure);
}

#[test]
fn bad_certificate_is_refused_where_none_would_do() {
    let mut client = raw_client(true);
    client.tls.ecdhe.as_mut().unwrap().identity = Some(Identity::raw_public_key(key(9)));
    let mut world = World::new(client, raw_server(ClientAuthentication::Optional), Faults::default(), 1);
    world.run();
    ended(&world, Judge::Server, AlertDescription::CertificateUnknown);
}

/// A client that knows only one form, and a server that knows only the other.
#[cfg(feature = "x509")]
#[rstest]
#[case::raw_client_x509_server(true)]
#[case::x509_client_raw_server(false)]
fn no_common_certificate_type_is_unsupported(#[case] raw_client_: bool) {
    let right = Infrastructure::new();
    let (client, server) = if raw_client_ {
        (raw_client(true), right.server_config(ClientAuthentication::None))
    } else {
        (right.client_config(true), raw_server(ClientAuthentication::None))
    };
    let mut world = World::new(client, server, Faults::default(), 1);
    world.run();
    ended(&world, Judge::Server, AlertDescription::UnsupportedCertificate);
}

/// Flips the last bit of a message of this type, in the clear, on its way.
fn flip_last_bit(target: HandshakeType, to_the_server: bool) -> Tamper {
    Box::new(move |to_server, datagram| {
        if to_server != to_the_server {
            return;
        }
        let mut end = 0;
        for record in records(&datagram.clone()).map(Result::unwrap) {
            end += RecordHeader::LENGTH + record.fragment.len();
            if record.header.epoch == 0
                && record.header.content_type == ContentType::Handshake
                && fragments(record.fragment).unwrap()[0].header.msg_type == target
            {
                datagram[end - 1] ^= 1;
            }
        }
    })
}

#[rstest]
#[cfg_attr(feature = "x509", case::of_chains(false))]
#[case::of_raw_keys(true)]
fn message_that_was_changed_on_its_way_ends_in_its_alert(
    #[case] raw: bool,
    #[values(
        (HandshakeType::CertificateVerify, Judge::Server, AlertDescription::DecryptError),
        (HandshakeType::ServerKeyExchange, Judge::Client, AlertDescription::DecryptError),
        (HandshakeType::ClientKeyExchange, Judge::Server, AlertDescription::IllegalParameter)
    )]
    (target, judge, expected): (HandshakeType, Judge, AlertDescription),
) {
    let right = Infrastructure::new();
    let (client, server) = if raw {
        (raw_client(true), raw_server(ClientAuthentication::Required))
    } else {
        (right.client_config(true), right.server_config(ClientAuthentication::Required))
    };
    let mut world = World::new(client, server, Faults::default(), 1);
    world.tamper = Some(flip_last_bit(target, judge == Judge::Server));
    world.run();
    ended(&world, judge, expected);
}

#[cfg(feature = "x509")]
#[test]
fn identity_whose_parts_do_not_fit_is_refused() {
    let right = Infrastructure::new();
    let refused = |chain: Vec<Vec<u8>>| Identity::x509(right.client.key(), chain).err();
    assert_eq!(refused(vec![]), Some(CredentialError::EmptyChain));
    assert_eq!(refused(vec![right.server.der()]), Some(CredentialError::OtherKey));
    assert_eq!(refused(vec![right.client.der(), vec![0x30, 0]]), Some(CredentialError::Malformed(1)));
}

#[test]
fn nobody_is_believed_by_default() {
    let trust = Trust::default();
    let key = key(1).public_key().subject_public_key_info();
    assert!(trust.verify_raw_public_key(&key).is_err());
    assert!(trusting_keys(&[]).verify_raw_public_key(&key).is_err());
}
