//! TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8 with OpenSSL and GnuTLS, both as client and as server, both sides authenticated:
//! X.509 chains of a device and an issuing authority, and with GnuTLS raw public keys (RFC 7250; OpenSSL 3.0 has none).
//! Datagrams are lost in both directions.
//!
//! OpenSSL refuses an MTU below 256; GnuTLS takes 127.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::path::Path;
use std::time::{Duration, SystemTime};

use bootrack_peer_tests::{
    Credentials, Driver, Engine, Flaw, Pki, Program, entropy, find_program, gnutls_server, openssl_server,
};
use protocols::credentials::{CredentialError, Identity, PublicKey, SigningKey, Trust, TrustAnchor};
use protocols::dtls::{Client, ClientConfig, Retransmission, Server, ServerConfig};
use protocols::time::Instant;
use protocols::tls::{ClientAuthentication, ClientEcdhe, Closed, ServerEcdhe};
use rstest::rstest;
use wire::tls::AlertDescription;

const OPENSSL_SUITE: &str = "ECDHE-ECDSA-AES128-CCM8:@SECLEVEL=0";
const GNUTLS_PRIORITY: &str = "NORMAL:-VERS-ALL:+VERS-DTLS1.2:-CIPHER-ALL:+AES-128-CCM-8:-KX-ALL:+ECDHE-ECDSA:\
                               -GROUP-ALL:+GROUP-SECP256R1:-SIGN-ALL:+SIGN-ECDSA-SHA256";

/// GnuTLS keeps a fragment only if it touches those that it has of the message: where many are lost, a flight of ten has
/// to be sent more often than the seven times of the default.
const PATIENT: Retransmission = Retransmission {
    initial: Duration::from_millis(300),
    maximum: Duration::from_secs(4),
    limit: 30,
    jitter_percent: 0,
};

/// `gnutls-cli` does not send its flight again while ours keep coming (RFC 6347 4.2.4 says that it should), so the timer
/// must back off.
const BACKING_OFF: Retransmission = Retransmission {
    initial: Duration::from_millis(300),
    maximum: Duration::from_secs(60),
    limit: 8,
    jitter_percent: 0,
};

/// Octets of our MTU, and datagrams lost of a hundred.
const CONDITIONS: [(usize, u32); 6] = [(127, 0), (127, 10), (127, 30), (1280, 0), (1280, 10), (1280, 30)];

/// What both sides show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shown {
    Chain,
    RawPublicKey,
}

/// A program that speaks DTLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Peer {
    OpenSsl,
    GnuTls,
}

fn loopback(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}

fn identity(credentials: &Credentials, shown: Shown) -> Identity {
    let key = SigningKey::from_scalar(&credentials.scalar).unwrap();
    match shown {
        Shown::Chain => Identity::x509(key, credentials.chain_der.clone()).unwrap(),
        Shown::RawPublicKey => Identity::raw_public_key(key),
    }
}

/// Believes the root, or the key of `peer` alone.
fn trust(pki: &Pki, peer: &Credentials, shown: Shown) -> Trust {
    let unix_time_at_zero = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    let mut trust = Trust { unix_time_at_zero, ..Trust::default() };
    match shown {
        Shown::Chain => trust.anchors.push(TrustAnchor::from_certificate(&pki.root_der()).unwrap()),
        Shown::RawPublicKey => {
            trust.raw_public_keys.push(PublicKey::from_subject_public_key_info(&peer.public_key_der).unwrap());
        }
    }
    trust
}

fn our_client(identity: Option<Identity>, trust: Trust, mtu: usize, port: u16) -> Driver {
    let mut config = ClientConfig { mtu, ..ClientConfig::with_ecdhe(ClientEcdhe::new(identity, trust)) };
    config.retransmission = PATIENT;
    let client = Client::new(config, entropy(port.into()), Instant::ZERO).unwrap();
    let socket = UdpSocket::bind(loopback(0)).unwrap();
    Driver::new(Engine::Client(Box::new(client)), socket, Some(loopback(port)))
}

fn our_server(
    identity: Identity,
    trust: Trust,
    client_authentication: ClientAuthentication,
    mtu: usize,
) -> (Driver, u16) {
    let socket = UdpSocket::bind(loopback(0)).unwrap();
    let port = socket.local_addr().unwrap().port();
    let ecdhe = ServerEcdhe { identity, client_authentication, trust };
    let mut config = ServerConfig { mtu, ..ServerConfig::with_ecdhe(ecdhe) };
    config.retransmission = BACKING_OFF;
    let server = Server::new(config, entropy(port.into())).unwrap();
    (Driver::new(Engine::Server(Box::new(server)), socket, None), port)
}

fn strings<const N: usize>(arguments: [&str; N]) -> Vec<String> {
    arguments.map(String::from).to_vec()
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

impl Peer {
    fn path(self, role: &str) -> Option<std::path::PathBuf> {
        find_program(match (self, role) {
            (Self::OpenSsl, _) => "openssl",
            (Self::GnuTls, "client") => "gnutls-cli",
            (Self::GnuTls, _) => "gnutls-serv",
        })
    }

    /// What its client and its server take alike.
    fn arguments(self, pki: &Pki, credentials: Option<&Credentials>, shown: Shown, mtu: usize) -> Vec<String> {
        match self {
            Self::OpenSsl => {
                let mut arguments = strings(["-dtls1_2", "-cipher", OPENSSL_SUITE, "-mtu", &mtu.max(256).to_string()]);
                arguments.extend(strings(["-CAfile", text(&pki.root()), "-verify_return_error"]));
                if let Some(credentials) = credentials {
                    arguments.extend(strings(["-cert", text(&credentials.chain), "-key", text(&credentials.key)]));
                    if let Some(issuers) = &credentials.issuers {
                        arguments.extend(strings(["-cert_chain", text(issuers)]));
                    }
                }
                arguments
            }
            Self::GnuTls => {
                let raw =
                    if shown == Shown::RawPublicKey { ":-CTYPE-ALL:+CTYPE-SRV-RAWPK:+CTYPE-CLI-RAWPK" } else { "" };
                let priority = format!("{GNUTLS_PRIORITY}{raw}");
                let mut arguments = strings(["--mtu", &mtu.to_string(), "--priority", &priority]);
                arguments.extend(strings(["--x509cafile", text(&pki.root())]));
                if let Some(credentials) = credentials {
                    let (shows, key) = match shown {
                        Shown::Chain => (["--x509certfile", "--x509keyfile"], &credentials.chain),
                        Shown::RawPublicKey => (["--rawpkfile", "--rawpkkeyfile"], &credentials.public_key),
                    };
                    arguments.extend(strings([shows[0], text(key), shows[1], text(&credentials.key)]));
                }
                arguments
            }
        }
    }

    /// Its server, which insists on a client's credentials.
    fn server(self, pki: &Pki, credentials: &Credentials, shown: Shown, mtu: usize) -> Option<(Program, u16)> {
        let path = self.path("server")?;
        let mut arguments = self.arguments(pki, Some(credentials), shown, mtu);
        Some(match self {
            Self::OpenSsl => {
                arguments.splice(0..0, strings(["s_server"]));
                arguments.extend(strings(["-Verify", "3"]));
                openssl_server(&path, &arguments)
            }
            Self::GnuTls => {
                arguments.extend(strings(["--require-client-cert"]));
                // It cannot judge a raw public key.
                if shown == Shown::Chain {
                    arguments.extend(strings(["--verify-client-cert"]));
                }
                gnutls_server(&path, &arguments, &[])
            }
        })
    }

    /// Its client, which verifies chains but cannot judge a raw public key.
    fn client(
        self,
        pki: &Pki,
        credentials: Option<&Credentials>,
        shown: Shown,
        mtu: usize,
        port: u16,
    ) -> Option<Program> {
        let path = self.path("client")?;
        let mut arguments = self.arguments(pki, credentials, shown, mtu);
        match self {
            Self::OpenSsl => {
                arguments.splice(0..0, strings(["s_client"]));
                arguments.extend(strings(["-connect", &format!("127.0.0.1:{port}")]));
            }
            Self::GnuTls => {
                arguments.extend(strings(["--udp", "--port", &port.to_string()]));
                arguments.extend(match shown {
                    Shown::Chain => strings(["--verify-hostname", "device.test"]),
                    Shown::RawPublicKey => strings(["--insecure"]),
                });
                arguments.extend(strings(["127.0.0.1"]));
            }
        }
        Some(Program::start(&path, &arguments, &[]))
    }

    /// The program in `role` and our engine in the other one, both authenticated.
    fn meets(
        self,
        role: &str,
        pki: &Pki,
        credentials: &Credentials,
        shown: Shown,
        identity: Identity,
        trust: Trust,
    ) -> Option<(Driver, Program)> {
        const MTU: usize = 1280;
        if role == "client" {
            let (driver, port) = our_server(identity, trust, ClientAuthentication::Required, MTU);
            return Some((driver, self.client(pki, Some(credentials), shown, MTU, port)?));
        }
        let (program, port) = self.server(pki, credentials, shown, MTU)?;
        Some((our_client(Some(identity), trust, MTU, port), program))
    }

    /// What its client prints when its handshake is complete.
    fn established(self) -> &'static str {
        match self {
            Self::OpenSsl => "SSL handshake has read",
            Self::GnuTls => "Simple Client Mode",
        }
    }
}

/// Data flow both ways, and our datagrams kept to our MTU.
fn check_session(driver: &mut Driver, peer: &mut Program, echoes: bool, mtu: usize) {
    driver.stop_losing();
    driver.log.received.clear();
    driver.send(b"from the engine\n");
    if echoes {
        driver.run_until("the echo", |log| log.received == b"from the engine\n");
    } else {
        driver.run_until("our data at the peer", |_| peer.output().contains("from the engine"));
        peer.write(b"from the peer\n");
        driver.run_until("data of the peer", |log| log.received.ends_with(b"from the peer\n"));
    }
    assert!(driver.log.longest_sent <= mtu, "{} octets", driver.log.longest_sent);
    driver.close();
}

/// Plays under all conditions at once: what takes time is waiting.
fn under_all_conditions(play: impl Fn(usize, u32) + Sync) {
    std::thread::scope(|scope| {
        for (mtu, loss) in CONDITIONS {
            let play = &play;
            let name = format!("mtu {mtu}, {loss} % lost");
            std::thread::Builder::new().name(name).spawn_scoped(scope, move || play(mtu, loss)).unwrap();
        }
    });
}

#[rstest]
#[case::chain_with_openssl(Peer::OpenSsl, Shown::Chain)]
#[case::chain_with_gnutls(Peer::GnuTls, Shown::Chain)]
#[case::raw_public_key_with_gnutls(Peer::GnuTls, Shown::RawPublicKey)]
fn engine_as_client(#[case] peer: Peer, #[case] shown: Shown) {
    let Some(pki) = Pki::new() else { return };
    let [ours, theirs] = ["client", "server"].map(|name| pki.credentials(name, Flaw::None));
    under_all_conditions(|mtu, loss| {
        let Some((mut server, port)) = peer.server(&pki, &theirs, shown, mtu) else { return };
        let client = our_client(Some(identity(&ours, shown)), trust(&pki, &theirs, shown), mtu, port);
        let mut client = client.losing(loss, 7);
        client.run_until("a session", |log| log.connected);
        check_session(&mut client, &mut server, peer == Peer::GnuTls, mtu);
    });
}

#[rstest]
#[case::chain_with_openssl(Peer::OpenSsl, Shown::Chain)]
#[case::chain_with_gnutls(Peer::GnuTls, Shown::Chain)]
#[case::raw_public_key_with_gnutls(Peer::GnuTls, Shown::RawPublicKey)]
fn engine_as_server(#[case] peer: Peer, #[case] shown: Shown) {
    let Some(pki) = Pki::new() else { return };
    let [ours, theirs] = ["server", "client"].map(|name| pki.credentials(name, Flaw::None));
    under_all_conditions(|mtu, loss| {
        let required = ClientAuthentication::Required;
        let (server, port) = our_server(identity(&ours, shown), trust(&pki, &theirs, shown), required, mtu);
        let mut server = server.losing(loss, 11);
        let Some(mut client) = peer.client(&pki, Some(&theirs), shown, mtu, port) else { return };
        server.run_until("a session", |log| log.connected);
        server.run_until("a session at the client", |_| client.output().contains(peer.established()));
        check_session(&mut server, &mut client, false, mtu);
    });
}

#[rstest]
#[case::not_asked(ClientAuthentication::None)]
#[case::optional(ClientAuthentication::Optional)]
fn engine_as_server_takes_an_anonymous_client_if_it_may(
    #[case] client_authentication: ClientAuthentication,
    #[values(Peer::OpenSsl, Peer::GnuTls)] peer: Peer,
) {
    let Some(pki) = Pki::new() else { return };
    let ours = pki.credentials("server", Flaw::None);
    let believed = trust(&pki, &ours, Shown::Chain);
    let (mut server, port) = our_server(identity(&ours, Shown::Chain), believed, client_authentication, 1280);
    let Some(mut client) = peer.client(&pki, None, Shown::Chain, 1280, port) else { return };
    server.run_until("a session at the client", |_| client.output().contains(peer.established()));
    check_session(&mut server, &mut client, false, 1280);
}

/// The end of a session that never was.
fn refused(driver: &mut Driver) -> Closed {
    driver.run_until("the end", |log| log.closed.is_some());
    assert!(!driver.log.connected, "never a session");
    driver.log.closed.unwrap()
}

/// What the peer prints of an alert that it got.
fn prints(peer: Peer, role: &str, alert: AlertDescription, program: &Program) {
    let expected = match peer {
        Peer::OpenSsl => format!("alert number {}", u8::from(alert)),
        Peer::GnuTls if role == "client" => format!("[{}]", u8::from(alert)),
        // Which one, its server keeps to itself.
        Peer::GnuTls => "A TLS fatal alert has been received".to_owned(),
    };
    program.wait_for(&expected);
}

#[rstest]
#[case::expired(Flaw::Expired, AlertDescription::CertificateExpired)]
#[case::self_signed(Flaw::SelfSigned, AlertDescription::UnknownCa)]
#[case::foreign(Flaw::Foreign, AlertDescription::UnknownCa)]
// "... contained signatures that did not verify correctly" (RFC 5246 7.2.2): those of a CA that is known by its name.
#[case::namesake(Flaw::Namesake, AlertDescription::BadCertificate)]
#[case::bad_signature(Flaw::BadSignature, AlertDescription::BadCertificate)]
fn engine_tells_a_peer_what_is_wrong_with_its_chain(
    #[case] flaw: Flaw,
    #[case] expected: AlertDescription,
    #[values(Peer::OpenSsl, Peer::GnuTls)] peer: Peer,
    #[values("client", "server")] peer_role: &str,
) {
    let Some(pki) = Pki::new() else { return };
    let (ours, theirs) = (pki.credentials("ours", Flaw::None), pki.credentials("theirs", flaw));
    let shown = Shown::Chain;
    let (identity, trust) = (identity(&ours, shown), trust(&pki, &theirs, shown));
    let Some((mut driver, program)) = peer.meets(peer_role, &pki, &theirs, shown, identity, trust) else { return };
    let closed = refused(&mut driver);
    assert_eq!(closed.sent.map(|alert| alert.description), Some(expected), "{closed:?}");
    prints(peer, peer_role, expected, &program);
}

#[rstest]
fn engine_as_server_refuses_a_client_without_a_certificate(#[values(Peer::OpenSsl, Peer::GnuTls)] peer: Peer) {
    let Some(pki) = Pki::new() else { return };
    let ours = pki.credentials("ours", Flaw::None);
    let (shown, required) = (Shown::Chain, ClientAuthentication::Required);
    let (mut server, port) = our_server(identity(&ours, shown), trust(&pki, &ours, shown), required, 1280);
    let Some(client) = peer.client(&pki, None, shown, 1280, port) else { return };
    let closed = refused(&mut server);
    // RFC 5246 7.4.6: "... MAY ... respond with a fatal handshake_failure alert".
    assert_eq!(closed.sent.map(|alert| alert.description), Some(AlertDescription::HandshakeFailure), "{closed:?}");
    prints(peer, "client", AlertDescription::HandshakeFailure, &client);
}

/// The alert that the programs choose. Only that of OpenSSL tells flaws apart; for a signature it chooses another one than
/// RFC 5246 7.2.2 does.
fn complaint(peer: Peer, role: &str, flaw: Flaw) -> AlertDescription {
    match (peer, role, flaw) {
        (Peer::OpenSsl, _, Flaw::Expired) => AlertDescription::CertificateExpired,
        (Peer::OpenSsl, _, Flaw::BadSignature) => AlertDescription::DecryptError,
        (Peer::OpenSsl, _, _) => AlertDescription::UnknownCa,
        (Peer::GnuTls, "client", _) => AlertDescription::BadCertificate,
        (Peer::GnuTls, _, _) => AlertDescription::AccessDenied,
    }
}

#[rstest]
#[case::expired(Flaw::Expired)]
#[case::self_signed(Flaw::SelfSigned)]
#[case::foreign(Flaw::Foreign)]
#[case::namesake(Flaw::Namesake)]
#[case::bad_signature(Flaw::BadSignature)]
fn engine_is_told_what_is_wrong_with_its_chain(
    #[case] flaw: Flaw,
    #[values(Peer::OpenSsl, Peer::GnuTls)] peer: Peer,
    #[values("client", "server")] peer_role: &str,
) {
    let Some(pki) = Pki::new() else { return };
    let (ours, theirs) = (pki.credentials("ours", flaw), pki.credentials("theirs", Flaw::None));
    let shown = Shown::Chain;
    let (identity, trust) = (identity(&ours, shown), trust(&pki, &theirs, shown));
    let Some((mut driver, _program)) = peer.meets(peer_role, &pki, &theirs, shown, identity, trust) else { return };
    driver.run_until("the end", |log| log.closed.is_some());
    let received = driver.log.closed.and_then(|closed| closed.received).map(|alert| alert.description);
    assert_eq!(received, Some(complaint(peer, peer_role, flaw)));
}

#[rstest]
fn engine_refuses_a_foreign_raw_public_key(#[values("client", "server")] peer_role: &str) {
    let Some(pki) = Pki::new() else { return };
    let [ours, theirs, another] = ["ours", "theirs", "another"].map(|name| pki.credentials(name, Flaw::None));
    let (peer, shown) = (Peer::GnuTls, Shown::RawPublicKey);
    let (identity, trust) = (identity(&ours, shown), trust(&pki, &another, shown));
    let Some((mut driver, program)) = peer.meets(peer_role, &pki, &theirs, shown, identity, trust) else { return };
    let closed = refused(&mut driver);
    assert_eq!(closed.sent.map(|alert| alert.description), Some(AlertDescription::CertificateUnknown), "{closed:?}");
    prints(peer, peer_role, AlertDescription::CertificateUnknown, &program);
}

#[test]
fn a_certificate_of_another_key_is_no_identity() {
    let Some(pki) = Pki::new() else { return };
    let credentials = pki.credentials("device", Flaw::OtherKey);
    let key = SigningKey::from_scalar(&credentials.scalar).unwrap();
    assert_eq!(Identity::x509(key, credentials.chain_der).err(), Some(CredentialError::OtherKey));
}
