//! OpenSSL and GnuTLS as peers over loopback UDP, both as client and as server: the handshake completes, both sides have
//! the same master secret, application data flow both ways, and no datagram of ours is longer than our MTU.
//!
//! | peer | its MTU | our MTU | why no less |
//! |---|---|---|---|
//! | `openssl s_server` | 256, 1280 | 64, 256, 1280 | `-mtu` below 256 is refused |
//! | `openssl s_server -listen` (cookies) | 256, 1280 | 100, 256, 1280 | `DTLSv1_listen` reads one datagram: a ClientHello with its cookie must not be fragmented |
//! | `openssl s_client` | 256, 1280 | 64, 256, 1280 | as above |
//! | `gnutls-serv` (always cookies) | 64, 127, 1280 | 100, 127, 1280 | its cookie check reads one datagram too |
//! | `gnutls-cli` | 64, 127, 1280 | 64, 127, 1280 | |

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant as WallInstant};

use bootrack_peer_tests::{
    Driver, Engine, IDENTITY, KEY, Program, client_config, entropy, find_program, gnutls_server, openssl_server,
    server_config,
};
use protocols::dtls::{Client, CookieConfig, Server};
use protocols::time::Instant;
use protocols::tls::{CloseReason, ExtendedMasterSecret, KeyLog, Psk, UnknownIdentity};
use rstest::rstest;
use tempfile::TempDir;
use wire::tls::AlertDescription;

const OPENSSL_SUITE: &str = "PSK-AES128-CCM8:@SECLEVEL=0";
const GNUTLS_PRIORITY: &str = "NORMAL:-VERS-ALL:+VERS-DTLS1.2:-CIPHER-ALL:+AES-128-CCM-8:-KX-ALL:+PSK";

fn loopback(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}

fn socket() -> UdpSocket {
    UdpSocket::bind(loopback(0)).unwrap()
}

fn our_client(mtu: usize, ems: ExtendedMasterSecret, port: u16) -> Driver {
    let mut config = client_config(mtu);
    config.tls.extended_master_secret = ems;
    config.retransmission.initial = Duration::from_millis(300);
    let client = Client::new(config, entropy(u64::from(port)), Instant::ZERO).unwrap();
    Driver::new(Engine::Client(Box::new(client)), socket(), Some(loopback(port)))
}

fn our_server(mtu: usize, ems: ExtendedMasterSecret, cookie: bool) -> (Driver, u16) {
    let socket = socket();
    let port = socket.local_addr().unwrap().port();
    let mut config = server_config(mtu);
    config.tls.extended_master_secret = ems;
    // One peer per test, so its address need not be known.
    config.cookie = cookie.then(|| CookieConfig { secret: [9; 32], peer: b"peer".to_vec() });
    let server = Server::new(config, entropy(u64::from(port))).unwrap();
    (Driver::new(Engine::Server(Box::new(server)), socket, None), port)
}

/// The master secret that the peer wrote to its key log for this session.
fn secret_in(path: &Path, keys: &KeyLog) -> Vec<u8> {
    let began = WallInstant::now();
    let start = format!("CLIENT_RANDOM {} ", hex::encode(keys.client_random));
    loop {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        if let Some(secret) = text.lines().find_map(|line| line.strip_prefix(&start)) {
            return hex::decode(secret.trim()).unwrap();
        }
        assert!(began.elapsed() < Duration::from_secs(10), "no secret of this session in {text:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Both directions, equal secrets, and the MTU.
fn check_session(driver: &mut Driver, peer: &mut Program, key_log: &Path, mtu: usize) {
    let keys = driver.log.keys.clone().unwrap();
    assert_eq!(secret_in(key_log, &keys), keys.master_secret);
    driver.send(b"from the engine\n");
    driver.run_until("our data to be sent", |_| true);
    peer.wait_for("from the engine");
    driver.log.received.clear();
    peer.write(b"from the peer\n");
    driver.run_until("data of the peer", |log| log.received.ends_with(b"from the peer\n"));
    assert!(driver.log.longest_sent <= mtu, "{} octets", driver.log.longest_sent);
    driver.close();
}

fn openssl() -> Option<PathBuf> {
    find_program("openssl")
}

fn openssl_arguments(command: &str, mtu: usize, key_log: &Path, key: &[u8]) -> Vec<String> {
    let mut arguments: Vec<String> = [command, "-dtls1_2", "-psk", &hex::encode(key), "-cipher", OPENSSL_SUITE]
        .into_iter()
        .map(String::from)
        .collect();
    arguments.extend(["-mtu".into(), mtu.to_string(), "-keylogfile".into(), key_log.display().to_string()]);
    arguments
}

/// Starts `openssl s_server` with the common credentials.
fn openssl_psk_server(path: &Path, mtu: usize, key_log: &Path, more: &[&str]) -> (Program, u16) {
    let mut arguments = openssl_arguments("s_server", mtu, key_log, &KEY);
    arguments.extend(["-nocert", "-psk_hint", "hint1", "-psk_identity", IDENTITY].map(String::from));
    arguments.extend(more.iter().map(|argument| (*argument).to_owned()));
    openssl_server(path, &arguments)
}

#[rstest]
#[case::narrowest(64, false)]
#[case::narrow(256, false)]
#[case::wide(1280, false)]
#[case::narrowest_with_cookie(100, true)]
#[case::narrow_with_cookie(256, true)]
#[case::wide_with_cookie(1280, true)]
fn engine_as_client_of_openssl(
    #[case] mtu: usize,
    #[case] cookie: bool,
    #[values(ExtendedMasterSecret::Require, ExtendedMasterSecret::Never)] ems: ExtendedMasterSecret,
) {
    let Some(path) = openssl() else { return };
    let folder = TempDir::new().unwrap();
    let key_log = folder.path().join("keys");
    let more: &[&str] = if cookie { &["-listen"] } else { &[] };
    let (mut server, port) = openssl_psk_server(&path, mtu.max(256), &key_log, more);
    let mut client = our_client(mtu, ems, port);
    client.run_until("a session", |log| log.connected);
    assert_eq!(client.engine.has_extended_master_secret(), ems == ExtendedMasterSecret::Require);
    check_session(&mut client, &mut server, &key_log, mtu);
}

#[rstest]
fn engine_as_server_of_openssl(
    #[values(64, 256, 1280)] mtu: usize,
    #[values(ExtendedMasterSecret::Require, ExtendedMasterSecret::Never)] ems: ExtendedMasterSecret,
    #[values(false, true)] cookie: bool,
) {
    let Some(path) = openssl() else { return };
    let folder = TempDir::new().unwrap();
    let key_log = folder.path().join("keys");
    let (mut server, port) = our_server(mtu, ems, cookie);
    let mut arguments = openssl_arguments("s_client", mtu.max(256), &key_log, &KEY);
    arguments.extend(["-psk_identity".into(), IDENTITY.into(), "-connect".into(), format!("127.0.0.1:{port}")]);
    let mut client = Program::start(&path, &arguments, &[]);
    server.run_until("a session", |log| log.connected);
    check_session(&mut server, &mut client, &key_log, mtu);
}

#[rstest]
#[case::unknown_identity(
    "stranger",
    KEY,
    UnknownIdentity::Reveal,
    AlertDescription::UnknownPskIdentity,
    "alert number 115"
)]
#[case::concealed("stranger", KEY, UnknownIdentity::Conceal, AlertDescription::DecryptError, "alert number 51")]
#[case::wrong_key(IDENTITY, [7; 16], UnknownIdentity::Reveal, AlertDescription::BadRecordMac, "alert number 20")]
fn openssl_with_bad_credentials_is_told_so(
    #[case] identity: &str,
    #[case] key: [u8; 16],
    #[case] unknown_identity: UnknownIdentity,
    #[case] expected: AlertDescription,
    #[case] printed: &str,
) {
    let Some(path) = openssl() else { return };
    let folder = TempDir::new().unwrap();
    let socket = socket();
    let port = socket.local_addr().unwrap().port();
    let mut config = server_config(1280);
    config.tls.unknown_identity = unknown_identity;
    let server = Server::new(config, entropy(1)).unwrap();
    let mut server = Driver::new(Engine::Server(Box::new(server)), socket, None);
    let mut arguments = openssl_arguments("s_client", 1280, &folder.path().join("keys"), &key);
    arguments.extend(["-psk_identity".into(), identity.into(), "-connect".into(), format!("127.0.0.1:{port}")]);
    let client = Program::start(&path, &arguments, &[]);
    server.run_until("the end", |log| log.closed.is_some());
    assert!(!server.log.connected, "never a session");
    assert_eq!(server.log.closed.and_then(|closed| closed.sent).map(|alert| alert.description), Some(expected));
    client.wait_for(printed);
}

#[test]
fn openssl_server_with_another_key_never_gets_a_session() {
    let Some(path) = openssl() else { return };
    let folder = TempDir::new().unwrap();
    let (_server, port) = openssl_psk_server(&path, 1280, &folder.path().join("keys"), &[]);
    let mut config = client_config(1280);
    config.tls.psk.as_mut().unwrap().psk = Psk::new([7; 16]);
    config.retransmission.initial = Duration::from_millis(100);
    config.retransmission.limit = 3;
    let client = Client::new(config, entropy(2), Instant::ZERO).unwrap();
    let mut client = Driver::new(Engine::Client(Box::new(client)), socket(), Some(loopback(port)));
    client.run_until("the end", |log| log.closed.is_some());
    assert!(!client.log.connected);
    // OpenSSL discards the record that it cannot read without a word, or with bad_record_mac.
    let reason = client.log.closed.map(|closed| closed.reason);
    assert!(matches!(reason, Some(CloseReason::Timeout | CloseReason::Alert)), "{reason:?}");
}

/// Starts `gnutls-serv` with the common credentials.
fn gnutls_psk_server(path: &Path, folder: &Path, mtu: usize, priority: &str) -> (Program, u16) {
    let passwords = folder.join("psk");
    std::fs::write(&passwords, format!("{IDENTITY}:{}\n", hex::encode(KEY))).unwrap();
    let passwords = passwords.display().to_string();
    let arguments =
        ["--mtu", &mtu.to_string(), "--pskpasswd", &passwords, "--pskhint", "hint1", "--priority", priority];
    gnutls_server(path, &arguments.map(String::from), &[("SSLKEYLOGFILE", &folder.join("keys"))])
}

fn gnutls_priority(ems: ExtendedMasterSecret) -> String {
    let more = if ems == ExtendedMasterSecret::Never { ":%NO_SESSION_HASH" } else { "" };
    format!("{GNUTLS_PRIORITY}{more}")
}

#[rstest]
#[case::narrowest(100, 64)]
#[case::narrow(127, 127)]
#[case::wide(1280, 1280)]
fn engine_as_client_of_gnutls(
    #[case] mtu: usize,
    #[case] peer_mtu: usize,
    #[values(ExtendedMasterSecret::Require, ExtendedMasterSecret::Never)] ems: ExtendedMasterSecret,
) {
    let Some(path) = find_program("gnutls-serv") else { return };
    let folder = TempDir::new().unwrap();
    let (_server, port) = gnutls_psk_server(&path, folder.path(), peer_mtu, &gnutls_priority(ems));
    let mut client = our_client(mtu, ems, port);
    client.run_until("a session", |log| log.connected);
    assert_eq!(client.engine.has_extended_master_secret(), ems == ExtendedMasterSecret::Require);
    let keys = client.log.keys.clone().unwrap();
    assert_eq!(secret_in(&folder.path().join("keys"), &keys), keys.master_secret);
    client.send(b"there and back");
    client.run_until("the echo", |log| log.received == b"there and back");
    assert!(client.log.longest_sent <= mtu);
    assert!(client.log.longest_received <= peer_mtu, "{} octets", client.log.longest_received);
    client.close();
}

#[rstest]
fn engine_as_server_of_gnutls(
    #[values(64, 127, 1280)] mtu: usize,
    #[values(ExtendedMasterSecret::Require, ExtendedMasterSecret::Never)] ems: ExtendedMasterSecret,
    #[values(false, true)] cookie: bool,
) {
    let Some(path) = find_program("gnutls-cli") else { return };
    let folder = TempDir::new().unwrap();
    let key_log = folder.path().join("keys");
    let (mut server, port) = our_server(mtu, ems, cookie);
    let priority = gnutls_priority(ems);
    let (port, key, peer_mtu) = (port.to_string(), hex::encode(KEY), mtu.to_string());
    let arguments = [
        "--udp",
        "--port",
        &port,
        "--mtu",
        &peer_mtu,
        "--pskusername",
        IDENTITY,
        "--pskkey",
        &key,
        "--priority",
        &priority,
        "127.0.0.1",
    ];
    let mut client = Program::start(&path, arguments, &[("SSLKEYLOGFILE", &key_log)]);
    server.run_until("a session", |log| log.connected);
    assert_eq!(server.engine.has_extended_master_secret(), ems == ExtendedMasterSecret::Require);
    client.wait_for("Simple Client Mode");
    check_session(&mut server, &mut client, &key_log, mtu);
    assert!(server.log.longest_received <= mtu, "{} octets", server.log.longest_received);
}
