//! What our server and the clients of OpenSSL and GnuTLS agree on when there is a choice: a server with a pre-shared key
//! and a certificate, with cookies, without an extended master secret; and what they are told when nothing is in common.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::time::{Duration, SystemTime};

use bootrack_peer_tests::{
    Credentials, Driver, Engine, Flaw, IDENTITY, KEY, Pki, Program, client_config, entropy, find_program,
    openssl_server, server_config,
};
use protocols::credentials::{Identity, SigningKey, Trust, TrustAnchor};
use protocols::dtls::{Client, CookieConfig, Server, ServerConfig};
use protocols::time::Instant;
use protocols::tls::{ClientAuthentication, ClientEcdhe, ExtendedMasterSecret, ServerEcdhe};
use rstest::rstest;
use wire::tls::{AlertDescription, CipherSuite};

const ECDHE: CipherSuite = CipherSuite::ECDHE_ECDSA_WITH_AES_128_CCM_8;
const PSK: CipherSuite = CipherSuite::PSK_WITH_AES_128_CCM_8;

/// A program that speaks DTLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Peer {
    OpenSsl,
    GnuTls,
}

/// What its client offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Offer {
    Psk,
    Ecdhe,
    Both,
    /// ECDHE on P-384.
    AnotherGroup,
    /// ECDHE with AES-128-GCM.
    AnotherSuite,
}

fn loopback(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}

fn identity(credentials: &Credentials) -> Identity {
    let key = SigningKey::from_scalar(&credentials.scalar).unwrap();
    Identity::x509(key, credentials.chain_der.clone()).unwrap()
}

fn trust(pki: &Pki) -> Trust {
    let unix_time_at_zero = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    let anchors = vec![TrustAnchor::from_certificate(&pki.root_der()).unwrap()];
    Trust { unix_time_at_zero, anchors, ..Trust::default() }
}

/// Takes both suites, by this preference, and any client.
fn both(pki: &Pki, preference: [CipherSuite; 2]) -> ServerConfig {
    let mut config = server_config(1280);
    let client_authentication = ClientAuthentication::Optional;
    let identity = identity(&pki.credentials("server", Flaw::None));
    config.tls.ecdhe = Some(ServerEcdhe { identity, client_authentication, trust: trust(pki) });
    config.tls.cipher_suites = preference.to_vec();
    config
}

fn our_server(config: ServerConfig) -> (Driver, u16) {
    let socket = UdpSocket::bind(loopback(0)).unwrap();
    let port = socket.local_addr().unwrap().port();
    let server = Server::new(config, entropy(port.into())).unwrap();
    (Driver::new(Engine::Server(Box::new(server)), socket, None), port)
}

fn suite_of(driver: &Driver) -> CipherSuite {
    match &driver.engine {
        Engine::Client(client) => client.cipher_suite(),
        Engine::Server(server) => server.cipher_suite(),
    }
}

impl Peer {
    /// Its client, which shows no certificate.
    fn client(self, pki: &Pki, offer: Offer, port: u16) -> Option<Program> {
        let root = pki.root().display().to_string();
        let (name, arguments) = match self {
            Self::OpenSsl => {
                let suites = match offer {
                    Offer::Psk => "PSK-AES128-CCM8",
                    Offer::Ecdhe | Offer::AnotherGroup => "ECDHE-ECDSA-AES128-CCM8",
                    Offer::Both => "PSK-AES128-CCM8:ECDHE-ECDSA-AES128-CCM8",
                    Offer::AnotherSuite => "ECDHE-ECDSA-AES128-GCM-SHA256",
                };
                let groups = if offer == Offer::AnotherGroup { "P-384" } else { "P-384:P-256" };
                let arguments = format!(
                    "s_client -dtls1_2 -cipher {suites}:@SECLEVEL=0 -groups {groups} -CAfile {root} -verify_return_error \
                     -psk {} -psk_identity {IDENTITY} -connect 127.0.0.1:{port}",
                    hex::encode(KEY)
                );
                ("openssl", arguments)
            }
            Self::GnuTls => {
                let exchange = match offer {
                    Offer::Psk => "+PSK",
                    Offer::Both => "+PSK:+ECDHE-ECDSA",
                    _ => "+ECDHE-ECDSA",
                };
                let cipher = if offer == Offer::AnotherSuite { "AES-128-GCM" } else { "AES-128-CCM-8" };
                let groups =
                    if offer == Offer::AnotherGroup { "+GROUP-SECP384R1" } else { "+GROUP-SECP384R1:+GROUP-SECP256R1" };
                let priority = format!(
                    "NORMAL:-VERS-ALL:+VERS-DTLS1.2:-CIPHER-ALL:+{cipher}:-KX-ALL:{exchange}:-GROUP-ALL:{groups}"
                );
                // An alert before the ServerHello is told to the log alone.
                let log = if matches!(offer, Offer::AnotherGroup | Offer::AnotherSuite) { 5 } else { 0 };
                let arguments = format!(
                    "-d {log} --udp --port {port} --priority {priority} --x509cafile {root} --verify-hostname device.test \
                     --pskusername {IDENTITY} --pskkey {} 127.0.0.1",
                    hex::encode(KEY)
                );
                ("gnutls-cli", arguments)
            }
        };
        Some(Program::start(&find_program(name)?, arguments.split_whitespace(), &[]))
    }

    /// What its client prints when its handshake is complete.
    fn established(self) -> &'static str {
        match self {
            Self::OpenSsl => "SSL handshake has read",
            Self::GnuTls => "Simple Client Mode",
        }
    }
}

/// A session with data in both directions.
fn check_session(driver: &mut Driver, peer: Peer, program: &mut Program) {
    driver.run_until("a session", |log| log.connected);
    driver.run_until("a session at the client", |_| program.output().contains(peer.established()));
    driver.send(b"from the engine\n");
    driver.run_until("our data at the peer", |_| program.output().contains("from the engine"));
    program.write(b"from the peer\n");
    driver.run_until("data of the peer", |log| log.received.ends_with(b"from the peer\n"));
    driver.close();
}

#[rstest]
#[case::only_psk(Offer::Psk, [ECDHE, PSK], PSK)]
#[case::only_ecdhe(Offer::Ecdhe, [PSK, ECDHE], ECDHE)]
#[case::both_and_the_server_prefers_ecdhe(Offer::Both, [ECDHE, PSK], ECDHE)]
#[case::both_and_the_server_prefers_psk(Offer::Both, [PSK, ECDHE], PSK)]
fn server_of_both_suites_serves_a_client_of(
    #[case] offer: Offer,
    #[case] preference: [CipherSuite; 2],
    #[case] expected: CipherSuite,
    #[values(Peer::OpenSsl, Peer::GnuTls)] peer: Peer,
) {
    let Some(pki) = Pki::new() else { return };
    let (mut server, port) = our_server(both(&pki, preference));
    let Some(mut client) = peer.client(&pki, offer, port) else { return };
    check_session(&mut server, peer, &mut client);
    assert_eq!(suite_of(&server), expected);
}

#[rstest]
fn client_of_both_suites_takes_what_the_server_has(#[values(false, true)] has_certificate: bool) {
    let Some(pki) = Pki::new() else { return };
    let Some(path) = find_program("openssl") else { return };
    let credentials = pki.credentials("server", Flaw::None);
    let (chain, key) = (credentials.chain.display(), credentials.key.display());
    let arguments = if has_certificate {
        format!(
            "s_server -dtls1_2 -cipher ECDHE-ECDSA-AES128-CCM8:@SECLEVEL=0 -cert {chain} -cert_chain {chain} -key {key}"
        )
    } else {
        let psk = hex::encode(KEY);
        format!("s_server -dtls1_2 -cipher PSK-AES128-CCM8:@SECLEVEL=0 -nocert -psk {psk} -psk_identity {IDENTITY}")
    };
    let arguments: Vec<String> = arguments.split_whitespace().map(String::from).collect();
    let (server, port) = openssl_server(&path, &arguments);
    let mut config = client_config(1280);
    config.tls.ecdhe = Some(ClientEcdhe::new(None, trust(&pki)));
    config.tls.cipher_suites = vec![ECDHE, PSK];
    config.retransmission.initial = Duration::from_millis(300);
    let client = Client::new(config, entropy(port.into()), Instant::ZERO).unwrap();
    let socket = UdpSocket::bind(loopback(0)).unwrap();
    let mut client = Driver::new(Engine::Client(Box::new(client)), socket, Some(loopback(port)));
    client.run_until("a session", |log| log.connected);
    client.send(b"from the engine\n");
    client.run_until("our data at the peer", |_| server.output().contains("from the engine"));
    assert_eq!(suite_of(&client), if has_certificate { ECDHE } else { PSK });
    client.close();
}

#[rstest]
fn server_asks_a_client_of_ecdhe_for_a_cookie(#[values(Peer::OpenSsl, Peer::GnuTls)] peer: Peer) {
    let Some(pki) = Pki::new() else { return };
    let mut config = both(&pki, [ECDHE, PSK]);
    config.cookie = Some(CookieConfig { secret: [9; 32], peer: b"peer".to_vec() });
    let (mut server, port) = our_server(config);
    let Some(mut client) = peer.client(&pki, Offer::Ecdhe, port) else { return };
    check_session(&mut server, peer, &mut client);
    assert_eq!(suite_of(&server), ECDHE);
}

#[rstest]
fn ecdhe_without_an_extended_master_secret(
    #[values(Peer::OpenSsl, Peer::GnuTls)] peer: Peer,
    #[values(ExtendedMasterSecret::Never, ExtendedMasterSecret::Require)] setting: ExtendedMasterSecret,
) {
    let Some(pki) = Pki::new() else { return };
    let mut config = both(&pki, [ECDHE, PSK]);
    config.tls.extended_master_secret = setting;
    let (mut server, port) = our_server(config);
    let Some(mut client) = peer.client(&pki, Offer::Ecdhe, port) else { return };
    check_session(&mut server, peer, &mut client);
    assert_eq!(server.engine.has_extended_master_secret(), setting == ExtendedMasterSecret::Require);
}

#[rstest]
fn client_that_has_nothing_in_common_is_told(
    #[values(Offer::AnotherGroup, Offer::AnotherSuite)] offer: Offer,
    #[values(Peer::OpenSsl, Peer::GnuTls)] peer: Peer,
) {
    let Some(pki) = Pki::new() else { return };
    let (mut server, port) = our_server(both(&pki, [ECDHE, PSK]));
    let Some(client) = peer.client(&pki, offer, port) else { return };
    server.run_until("the end", |log| log.closed.is_some());
    assert!(!server.log.connected, "never a session");
    let sent = server.log.closed.and_then(|closed| closed.sent).map(|alert| alert.description);
    assert_eq!(sent, Some(AlertDescription::HandshakeFailure));
    client.wait_for(match peer {
        Peer::OpenSsl => "alert number 40",
        Peer::GnuTls => "Alert[2|40] - Handshake failed - was received",
    });
}
