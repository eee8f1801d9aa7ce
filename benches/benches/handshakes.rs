//! DTLS handshakes a second, client and server in one thread with nothing between them, beside the crate `dimpl` doing the
//! same with the same RustCrypto primitives.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant as WallInstant};

use bootrack_benches::{Spent, figure, median};
use dimpl::{Config, Dtls, DtlsCertificate, PskResolver};
use protocols::Entropy;
use protocols::credentials::{Identity, SigningKey, Trust, TrustAnchor};
use protocols::dtls::{Client, ClientConfig, Output, Server, ServerConfig};
use protocols::time::Instant;
use protocols::tls::{ClientAuthentication, ClientEcdhe, Psk, ServerEcdhe, SinglePsk};
use rand_core::SeedableRng;
use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair};

const IDENTITY: &str = "device";
const KEY: [u8; 16] = [7; 16];
/// Long enough that no flight is cut.
const MTU: usize = 1400;
/// Rounds of each kind, those of both programs by turns.
const ROUNDS: usize = 9;

/// Our client and server, made anew for each handshake.
struct Ours {
    client: ClientConfig,
    server: ServerConfig,
    count: u64,
}

impl Ours {
    fn new(client: ClientConfig, server: ServerConfig) -> Self {
        Self { client: ClientConfig { mtu: MTU, ..client }, server: ServerConfig { mtu: MTU, ..server }, count: 0 }
    }

    fn handshake(&mut self) {
        self.count += 1;
        let now = Instant::ZERO;
        let entropy = |role: u64| Entropy::seed_from_u64(self.count << 1 | role);
        let mut client = Client::new(self.client.clone(), entropy(0), now).expect("a configuration");
        let mut server = Server::new(self.server.clone(), entropy(1)).expect("a configuration");
        let (mut connected, mut idle) = (0, false);
        while !idle {
            idle = true;
            while let Some(output) = client.poll(now) {
                match output {
                    Output::Datagram(datagram) => server.handle(now, &datagram),
                    Output::Connected => connected += 1,
                    Output::Closed(closed) => panic!("{closed:?}"),
                    _ => {}
                }
                idle = false;
            }
            while let Some(output) = server.poll(now) {
                match output {
                    Output::Datagram(datagram) => client.handle(now, &datagram),
                    Output::Connected => connected += 1,
                    Output::Closed(closed) => panic!("{closed:?}"),
                    _ => {}
                }
                idle = false;
            }
        }
        assert_eq!(connected, 2, "both sides");
    }
}

/// dimpl's client and server, made anew for each handshake.
struct Theirs {
    client: Arc<Config>,
    server: Arc<Config>,
    /// Client's and server's certificates; without them, the key that is shared.
    certificates: Option<[DtlsCertificate; 2]>,
}

struct OneKey;

impl PskResolver for OneKey {
    fn resolve(&self, identity: &[u8]) -> Option<Vec<u8>> {
        (identity == IDENTITY.as_bytes()).then(|| KEY.to_vec())
    }
}

impl Theirs {
    fn handshake(&self) {
        let began = WallInstant::now();
        let mut ends = [true, false].map(|is_client| {
            let config = Arc::clone(if is_client { &self.client } else { &self.server });
            let mut end = match &self.certificates {
                None => Dtls::new_12_psk(config, began),
                Some(certificates) => Dtls::new_12(config, certificates[usize::from(!is_client)].clone(), began),
            };
            end.set_active(is_client);
            end.handle_timeout(began).expect("a start");
            end
        });
        let mut connected = 0;
        let mut buffer = vec![0; 2048];
        let mut travelling: VecDeque<(usize, Vec<u8>)> = VecDeque::new();
        loop {
            for (at, end) in ends.iter_mut().enumerate() {
                loop {
                    match end.poll_output(&mut buffer) {
                        dimpl::Output::Packet(packet) => travelling.push_back((1 - at, packet.to_vec())),
                        dimpl::Output::Connected => connected += 1,
                        dimpl::Output::Timeout(_) => break,
                        _ => {}
                    }
                }
            }
            let Some((to, packet)) = travelling.pop_front() else { break };
            ends[to].handle_packet(&packet).expect("a packet of the other side");
        }
        assert_eq!(connected, 2, "both sides");
    }
}

fn ours_with_psk() -> Ours {
    let psk = SinglePsk { identity: IDENTITY.into(), psk: Psk::new(KEY) };
    Ours::new(ClientConfig::new(IDENTITY, Psk::new(KEY)), ServerConfig::new(psk))
}

fn config(of: impl FnOnce(dimpl::ConfigBuilder) -> dimpl::ConfigBuilder) -> Arc<Config> {
    let builder = Config::builder().mtu(MTU).use_server_cookie(false);
    Arc::new(of(builder).build().expect("a configuration"))
}

fn theirs_with_psk() -> Theirs {
    Theirs {
        client: config(|builder| builder.with_psk_client(IDENTITY.into(), Arc::new(OneKey))),
        server: config(|builder| builder.with_psk_server(None, Arc::new(OneKey))),
        certificates: None,
    }
}

fn keys() -> [SigningKey; 2] {
    let mut entropy = Entropy::seed_from_u64(1);
    [(); 2].map(|()| SigningKey::generate(&mut entropy))
}

fn ours_with_raw_public_keys() -> Ours {
    let [client, server] = keys().map(Identity::raw_public_key);
    let believes = |peer: &Identity| Trust { raw_public_keys: vec![peer.public_key()], ..Trust::default() };
    let (by_client, by_server) = (believes(&server), believes(&client));
    ours_with_ecdhe([client, server], [by_client, by_server])
}

fn ours_with_ecdhe([client, server]: [Identity; 2], [by_client, by_server]: [Trust; 2]) -> Ours {
    let required = ClientAuthentication::Required;
    let server = ServerEcdhe { identity: server, client_authentication: required, trust: by_server };
    let client = ClientEcdhe::new(Some(client), by_client);
    Ours::new(ClientConfig::with_ecdhe(client), ServerConfig::with_ecdhe(server))
}

/// 2026-06-01, when the certificates below are valid.
const NOW: Duration = Duration::from_secs(1_780_272_000);

/// Two chains of a device and an issuing authority, under one root.
fn ours_with_chains() -> Ours {
    let authority = |name: &str| {
        let mut parameters = CertificateParams::new(vec![name.into()]).expect("a name");
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        (parameters, KeyPair::generate().expect("a key"))
    };
    let (root, root_key) = authority("root.test");
    let root = root.self_signed(&root_key).expect("a root");
    let (issuing, issuing_key) = authority("issuing.test");
    let issuing = issuing.signed_by(&issuing_key, &root, &root_key).expect("an authority");
    let device = || {
        let key = KeyPair::generate().expect("a key");
        let parameters = CertificateParams::new(vec!["device.test".into()]).expect("a name");
        let leaf = parameters.signed_by(&key, &issuing, &issuing_key).expect("a certificate");
        let chain = vec![leaf.der().to_vec(), issuing.der().to_vec()];
        Identity::x509(SigningKey::from_der(&key.serialize_der()).expect("a key"), chain).expect("credentials")
    };
    let anchor = TrustAnchor::from_certificate(root.der()).expect("an anchor");
    let trust = || Trust { anchors: vec![anchor.clone()], unix_time_at_zero: NOW, ..Trust::default() };
    ours_with_ecdhe([device(), device()], [trust(), trust()])
}

/// Self-signed certificates on both sides; dimpl leaves it to its caller whether to believe them.
fn theirs_with_certificates() -> Theirs {
    let certificate = || {
        let key = KeyPair::generate().expect("a key");
        let parameters = CertificateParams::new(vec!["device.test".into()]).expect("a name");
        let certificate = parameters.self_signed(&key).expect("a certificate").der().to_vec();
        DtlsCertificate { certificate, private_key: key.serialize_der() }
    };
    let any = || config(|builder| builder.require_client_certificate(true));
    Theirs { client: any(), server: any(), certificates: Some([certificate(), certificate()]) }
}

/// Handshakes a second on a processor, the median over rounds of at least a tenth of a second.
struct Rate(Vec<f64>);

impl Rate {
    fn round(&mut self, mut handshake: impl FnMut()) {
        let mut count = 0.0;
        let began = WallInstant::now();
        let spent = Spent::on(|| {
            while began.elapsed() < Duration::from_millis(100) {
                handshake();
                count += 1.0;
            }
        });
        self.0.push(count / spent.processor.as_secs_f64());
    }
}

fn compare(what: &str, mut ours: Ours, theirs: Option<(&str, Theirs)>) {
    let (mut our_rate, mut their_rate) = (Rate(Vec::new()), Rate(Vec::new()));
    for _ in 0..ROUNDS {
        our_rate.round(|| ours.handshake());
        if let Some((_, theirs)) = &theirs {
            their_rate.round(|| theirs.handshake());
        }
    }
    let ours = median(our_rate.0);
    figure(what, ours, "handshakes/s", None);
    if let Some((name, _)) = theirs {
        let theirs = median(their_rate.0);
        figure(&format!("  {name}"), theirs, "handshakes/s", None);
        figure("  ours to theirs", ours / theirs, "times", None);
    }
}

fn main() {
    println!("DTLS 1.2 handshakes, both sides in one thread, on a processor");
    compare("PSK", ours_with_psk(), Some(("dimpl, PSK-AES128-CCM8", theirs_with_psk())));
    let certificates = ("dimpl, ECDHE-ECDSA-AES128-GCM, self-signed, unverified", theirs_with_certificates());
    compare("ECDHE, raw public keys of both sides", ours_with_raw_public_keys(), Some(certificates));
    compare("ECDHE, chains of two certificates, verified", ours_with_chains(), None);
}
