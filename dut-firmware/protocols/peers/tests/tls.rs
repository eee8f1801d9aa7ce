//! TLS 1.2 over TCP with OpenSSL and GnuTLS, both as client and as server: with a shared key, with chains of certificates on
//! both sides, and with GnuTLS raw public keys (RFC 7250; OpenSSL 3.0 has none). The handshake completes, both sides have the
//! same master secret, application data flow both ways, and OpenSSL exports the same keying material (RFC 5705).

use std::path::Path;
use std::time::{Duration, Instant as WallInstant, SystemTime};

use bootrack_peer_tests::{
    Credentials, Flaw, IDENTITY, KEY, Pki, Program, StreamDriver, entropy, find_program, gnutls_stream_server,
    openssl_server,
};
use protocols::credentials::{Identity, PublicKey, SigningKey, Trust, TrustAnchor};
use protocols::time::Instant;
use protocols::tls::stream::{Client, ClientConfig, Server, ServerConfig};
use protocols::tls::{
    self, ClientAuthentication, ClientEcdhe, CloseReason, ExtendedMasterSecret, KeyLog, Psk, ServerEcdhe, SinglePsk,
    UnknownIdentity,
};
use rstest::rstest;
use tempfile::TempDir;
use wire::tls::AlertDescription;

const OPENSSL_SUITES: &str = "PSK-AES128-CCM8:ECDHE-ECDSA-AES128-CCM8:@SECLEVEL=0";
const GNUTLS_PRIORITY: &str = "NORMAL:-VERS-ALL:+VERS-TLS1.2:-CIPHER-ALL:+AES-128-CCM-8:-KX-ALL";
const GNUTLS_ECDHE: &str = ":+ECDHE-ECDSA:-GROUP-ALL:+GROUP-SECP256R1:-SIGN-ALL:+SIGN-ECDSA-SHA256";
const LABEL: &str = "client EAP encryption";

/// With what both sides prove themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Proof {
    Psk,
    Chain,
    RawPublicKey,
}

/// A program that speaks TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Peer {
    OpenSsl,
    GnuTls,
}

/// What a test is played with.
struct Stage {
    pki: Pki,
    ours: Credentials,
    theirs: Credentials,
    folder: TempDir,
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

impl Stage {
    fn new() -> Option<Self> {
        let pki = Pki::new()?;
        let [ours, theirs] = ["ours", "theirs"].map(|name| pki.credentials(name, Flaw::None));
        Some(Self { pki, ours, theirs, folder: TempDir::new().unwrap() })
    }

    fn key_log(&self) -> std::path::PathBuf {
        self.folder.path().join("keys")
    }

    fn identity(&self, proof: Proof) -> Identity {
        let key = SigningKey::from_scalar(&self.ours.scalar).unwrap();
        match proof {
            Proof::Chain => Identity::x509(key, self.ours.chain_der.clone()).unwrap(),
            _ => Identity::raw_public_key(key),
        }
    }

    fn trust(&self, proof: Proof) -> Trust {
        let unix_time_at_zero = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
        let mut trust = Trust { unix_time_at_zero, ..Trust::default() };
        if proof == Proof::Chain {
            trust.anchors.push(TrustAnchor::from_certificate(&self.pki.root_der()).unwrap());
        } else {
            let key = PublicKey::from_subject_public_key_info(&self.theirs.public_key_der).unwrap();
            trust.raw_public_keys.push(key);
        }
        trust
    }

    fn client_config(&self, proof: Proof) -> tls::ClientConfig {
        match proof {
            Proof::Psk => tls::ClientConfig::new(IDENTITY, Psk::new(KEY)),
            _ => tls::ClientConfig::with_ecdhe(ClientEcdhe::new(Some(self.identity(proof)), self.trust(proof))),
        }
    }

    fn server_config(&self, proof: Proof) -> tls::ServerConfig {
        match proof {
            Proof::Psk => {
                let store = SinglePsk { identity: IDENTITY.into(), psk: Psk::new(KEY) };
                tls::ServerConfig { psk_identity_hint: Some(b"hint1".to_vec()), ..tls::ServerConfig::new(store) }
            }
            _ => tls::ServerConfig::with_ecdhe(ServerEcdhe {
                identity: self.identity(proof),
                client_authentication: ClientAuthentication::Required,
                trust: self.trust(proof),
            }),
        }
    }

    /// What a program is told as client and as server alike.
    fn arguments(&self, peer: Peer, proof: Proof) -> Vec<String> {
        let key_log = self.key_log();
        let arguments: Vec<&str> = match (peer, proof) {
            (Peer::OpenSsl, Proof::Psk) => vec!["-psk_identity", IDENTITY],
            (Peer::OpenSsl, _) => vec![
                "-CAfile",
                "ROOT",
                "-verify_return_error",
                "-cert",
                text(&self.theirs.chain),
                "-key",
                text(&self.theirs.key),
                "-cert_chain",
                text(self.theirs.issuers.as_ref().unwrap()),
            ],
            (Peer::GnuTls, Proof::Psk) => vec![],
            (Peer::GnuTls, Proof::Chain) => vec![
                "--x509cafile",
                "ROOT",
                "--x509certfile",
                text(&self.theirs.chain),
                "--x509keyfile",
                text(&self.theirs.key),
            ],
            (Peer::GnuTls, Proof::RawPublicKey) => {
                vec!["--rawpkfile", text(&self.theirs.public_key), "--rawpkkeyfile", text(&self.theirs.key)]
            }
        };
        let root = self.pki.root();
        let mut arguments: Vec<String> = arguments
            .into_iter()
            .map(|argument| if argument == "ROOT" { text(&root).to_owned() } else { argument.to_owned() })
            .collect();
        if peer == Peer::OpenSsl {
            arguments.extend(["-tls1_2", "-cipher", OPENSSL_SUITES, "-keylogfile", text(&key_log)].map(String::from));
            arguments.extend(["-keymatexport", LABEL, "-keymatexportlen", "128"].map(String::from));
            if proof == Proof::Psk {
                arguments.extend(["-psk".to_owned(), hex::encode(KEY)]);
            }
        } else {
            let key_exchange = if proof == Proof::Psk { ":+PSK" } else { GNUTLS_ECDHE };
            let raw = ":-CTYPE-ALL:+CTYPE-SRV-RAWPK:+CTYPE-CLI-RAWPK";
            let raw = if proof == Proof::RawPublicKey { raw } else { "" };
            arguments.extend(["--priority".to_owned(), format!("{GNUTLS_PRIORITY}{key_exchange}{raw}")]);
        }
        arguments
    }

    /// A program as server, which wants a client's proof too; its port.
    fn server(&self, peer: Peer, proof: Proof) -> Option<(Program, u16)> {
        let path = find_program(if peer == Peer::OpenSsl { "openssl" } else { "gnutls-serv" })?;
        let mut arguments = self.arguments(peer, proof);
        let key_log = self.key_log();
        Some(match (peer, proof) {
            (Peer::OpenSsl, _) => {
                arguments.insert(0, "s_server".into());
                arguments.extend(match proof {
                    Proof::Psk => ["-nocert", "-psk_hint", "hint1"].map(String::from).to_vec(),
                    _ => ["-Verify", "3"].map(String::from).to_vec(),
                });
                openssl_server(&path, &arguments)
            }
            (Peer::GnuTls, _) => {
                if proof == Proof::Psk {
                    let passwords = self.folder.path().join("psk");
                    std::fs::write(&passwords, format!("{IDENTITY}:{}\n", hex::encode(KEY))).unwrap();
                    arguments.extend(["--pskpasswd", text(&passwords), "--pskhint", "hint1"].map(String::from));
                } else {
                    arguments.push("--require-client-cert".into());
                }
                gnutls_stream_server(&path, &arguments, &[("SSLKEYLOGFILE", &key_log)])
            }
        })
    }

    /// A program as client.
    fn client(&self, peer: Peer, proof: Proof, port: u16) -> Option<Program> {
        let path = find_program(if peer == Peer::OpenSsl { "openssl" } else { "gnutls-cli" })?;
        let mut arguments = self.arguments(peer, proof);
        if peer == Peer::OpenSsl {
            arguments.insert(0, "s_client".into());
            arguments.extend(["-connect".to_owned(), format!("127.0.0.1:{port}")]);
        } else {
            arguments.extend(["--port".to_owned(), port.to_string()]);
            arguments.extend(match proof {
                Proof::Psk => vec!["--pskusername".into(), IDENTITY.into(), "--pskkey".into(), hex::encode(KEY)],
                Proof::Chain => vec!["--verify-hostname".into(), "device.test".into()],
                Proof::RawPublicKey => vec!["--insecure".into()],
            });
            arguments.push("127.0.0.1".into());
        }
        Some(Program::start(&path, &arguments, &[("SSLKEYLOGFILE", &self.key_log())]))
    }

    /// The master secret that the peer wrote to its key log for this session.
    fn secret(&self, keys: &KeyLog) -> Vec<u8> {
        let began = WallInstant::now();
        let start = format!("CLIENT_RANDOM {} ", hex::encode(keys.client_random));
        loop {
            let text = std::fs::read_to_string(self.key_log()).unwrap_or_default();
            if let Some(secret) = text.lines().find_map(|line| line.strip_prefix(&start)) {
                return hex::decode(secret.trim()).unwrap();
            }
            assert!(began.elapsed() < Duration::from_secs(10), "no secret of this session in {text:?}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// Equal secrets, data both ways, and the peer told of the end.
fn check_session(stage: &Stage, driver: &mut StreamDriver, peer: Peer, program: &mut Program, echoes: bool) {
    let keys = driver.log.keys.clone().unwrap();
    assert_eq!(stage.secret(&keys), keys.master_secret);
    assert_eq!(driver.engine.randoms().unwrap().client, keys.client_random);
    if peer == Peer::OpenSsl {
        let mut material = [0; 128];
        driver.engine.export_keying_material(LABEL.as_bytes(), &mut material).unwrap();
        program.wait_for(&format!("Keying material: {}", hex::encode_upper(material)));
    }
    driver.log.received.clear();
    // More than a record of any size here, in lines that the programs read.
    let lines = b"from the engine, again and again\n".repeat(20);
    driver.send(&lines);
    if echoes {
        driver.run_until("the echo", |log| log.received.len() >= lines.len());
        assert_eq!(driver.log.received, lines);
    } else {
        driver.run_until("our data to be sent", |_| true);
        program.wait_for("from the engine, again and again");
        program.write(b"from the peer\n");
        driver.run_until("data of the peer", |log| log.received.ends_with(b"from the peer\n"));
    }
    driver.close();
    assert_eq!(driver.log.closed.unwrap().reason, CloseReason::Local);
}

#[rstest]
#[case::psk_with_openssl(Peer::OpenSsl, Proof::Psk)]
#[case::chain_with_openssl(Peer::OpenSsl, Proof::Chain)]
#[case::psk_with_gnutls(Peer::GnuTls, Proof::Psk)]
#[case::chain_with_gnutls(Peer::GnuTls, Proof::Chain)]
#[case::raw_public_key_with_gnutls(Peer::GnuTls, Proof::RawPublicKey)]
fn engine_as_client(
    #[case] peer: Peer,
    #[case] proof: Proof,
    #[values(64, 1 << 14)] record: usize,
    #[values(ExtendedMasterSecret::Require, ExtendedMasterSecret::Never)] extended: ExtendedMasterSecret,
) {
    let Some(stage) = Stage::new() else { return };
    let Some((mut program, port)) = stage.server(peer, proof) else { return };
    let tls = tls::ClientConfig { extended_master_secret: extended, ..stage.client_config(proof) };
    let client = Client::new(ClientConfig { tls, record }, entropy(port.into()), Instant::ZERO).unwrap();
    let mut driver = StreamDriver::connecting(client, port);
    driver.run_until("a session", |log| log.connected);
    assert_eq!(driver.engine.has_extended_master_secret(), extended == ExtendedMasterSecret::Require);
    assert_eq!(driver.engine.session_id().len(), 32, "these servers would resume");
    check_session(&stage, &mut driver, peer, &mut program, peer == Peer::GnuTls);
}

#[rstest]
#[case::psk_with_openssl(Peer::OpenSsl, Proof::Psk)]
#[case::chain_with_openssl(Peer::OpenSsl, Proof::Chain)]
#[case::psk_with_gnutls(Peer::GnuTls, Proof::Psk)]
#[case::chain_with_gnutls(Peer::GnuTls, Proof::Chain)]
#[case::raw_public_key_with_gnutls(Peer::GnuTls, Proof::RawPublicKey)]
fn engine_as_server(
    #[case] peer: Peer,
    #[case] proof: Proof,
    #[values(64, 1 << 14)] record: usize,
    #[values(ExtendedMasterSecret::Require, ExtendedMasterSecret::Never)] extended: ExtendedMasterSecret,
) {
    let Some(stage) = Stage::new() else { return };
    let tls = tls::ServerConfig { extended_master_secret: extended, ..stage.server_config(proof) };
    let server = Server::new(ServerConfig { tls, record }, entropy(7)).unwrap();
    let (mut driver, port) = StreamDriver::listening(server);
    let Some(mut program) = stage.client(peer, proof, port) else { return };
    driver.run_until("a session", |log| log.connected);
    assert_eq!(driver.engine.has_extended_master_secret(), extended == ExtendedMasterSecret::Require);
    program.wait_for(if peer == Peer::OpenSsl { "SSL handshake has read" } else { "Simple Client Mode" });
    check_session(&stage, &mut driver, peer, &mut program, false);
}

#[rstest]
#[case::unknown_identity("stranger", KEY, UnknownIdentity::Reveal, AlertDescription::UnknownPskIdentity)]
#[case::concealed("stranger", KEY, UnknownIdentity::Conceal, AlertDescription::DecryptError)]
#[case::wrong_key(IDENTITY, [7; 16], UnknownIdentity::Reveal, AlertDescription::BadRecordMac)]
fn openssl_with_bad_credentials_is_told_so(
    #[case] identity: &str,
    #[case] key: [u8; 16],
    #[case] unknown_identity: UnknownIdentity,
    #[case] expected: AlertDescription,
) {
    let Some(path) = find_program("openssl") else { return };
    let store = SinglePsk { identity: IDENTITY.into(), psk: Psk::new(KEY) };
    let tls = tls::ServerConfig { unknown_identity, ..tls::ServerConfig::new(store) };
    let (mut driver, port) = StreamDriver::listening(Server::new(tls.into(), entropy(1)).unwrap());
    let (key, connect) = (hex::encode(key), format!("127.0.0.1:{port}"));
    let arguments = ["s_client", "-tls1_2", "-cipher", OPENSSL_SUITES, "-psk_identity", identity, "-psk", &key];
    let client = Program::start(&path, arguments.iter().chain(&["-connect", &connect]), &[]);
    driver.run_until("the end", |log| log.closed.is_some());
    assert!(!driver.log.connected, "never a session");
    assert_eq!(driver.log.closed.and_then(|closed| closed.sent).map(|alert| alert.description), Some(expected));
    client.wait_for(&format!("alert number {}", u8::from(expected)));
}

/// TLS 1.3 is offered too, and TLS 1.2 is agreed on.
#[test]
fn openssl_that_speaks_later_versions_too_gets_its_session() {
    let Some(stage) = Stage::new() else { return };
    let server = Server::new(stage.server_config(Proof::Chain).into(), entropy(3)).unwrap();
    let (mut driver, port) = StreamDriver::listening(server);
    let Some(path) = find_program("openssl") else { return };
    let mut arguments = stage.arguments(Peer::OpenSsl, Proof::Chain);
    arguments.retain(|argument| argument != "-tls1_2");
    arguments.insert(0, "s_client".into());
    arguments.extend(["-connect".to_owned(), format!("127.0.0.1:{port}")]);
    let mut program = Program::start(&path, &arguments, &[]);
    driver.run_until("a session", |log| log.connected);
    check_session(&stage, &mut driver, Peer::OpenSsl, &mut program, false);
}

/// A program that is killed says no `close_notify`.
#[test]
fn openssl_that_dies_has_cut_the_stream_off() {
    let Some(stage) = Stage::new() else { return };
    let Some((program, port)) = stage.server(Peer::OpenSsl, Proof::Psk) else { return };
    let client = Client::new(stage.client_config(Proof::Psk).into(), entropy(4), Instant::ZERO).unwrap();
    let mut driver = StreamDriver::connecting(client, port);
    driver.run_until("a session", |log| log.connected);
    drop(program);
    driver.run_until("the end", |log| log.closed.is_some());
    assert_eq!(driver.log.closed.unwrap().reason, CloseReason::Truncated);
}
