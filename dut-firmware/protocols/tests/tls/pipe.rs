//! Both ends of a stream, and credentials for them.

use bootrack_protocols::Entropy;
use bootrack_protocols::credentials::{Identity, SigningKey, Trust};
use bootrack_protocols::time::Instant;
use bootrack_protocols::tls::stream::{Client, Output, Server};
use bootrack_protocols::tls::{
    ClientAuthentication, ClientConfig, ClientEcdhe, Closed, KeyLog, Psk, ServerConfig, ServerEcdhe, SinglePsk,
};
use rand_core::SeedableRng;

pub(crate) const IDENTITY: &[u8] = b"0123456789abcdef";
pub(crate) const KEY: [u8; 16] = [7; 16];

pub(crate) fn psk() -> (ClientConfig, ServerConfig) {
    let store = SinglePsk { identity: IDENTITY.to_vec(), psk: Psk::new(KEY) };
    (ClientConfig::new(IDENTITY, Psk::new(KEY)), ServerConfig::new(store))
}

pub(crate) fn key(number: u64) -> SigningKey {
    SigningKey::generate(&mut Entropy::seed_from_u64(number))
}

/// The client has key 1, the server key 2, and each knows the other's.
pub(crate) fn raw_keys() -> (ClientConfig, ServerConfig) {
    let trust = |number| Trust { raw_public_keys: vec![key(number).public_key()], ..Trust::default() };
    let client = ClientEcdhe::new(Some(Identity::raw_public_key(key(1))), trust(2));
    let server = ServerEcdhe {
        identity: Identity::raw_public_key(key(2)),
        client_authentication: ClientAuthentication::Required,
        trust: trust(1),
    };
    (ClientConfig::with_ecdhe(client), ServerConfig::with_ecdhe(server))
}

/// Each shows a certificate that signed itself, and is an anchor of the other.
#[cfg(feature = "x509")]
pub(crate) fn certificates() -> (ClientConfig, ServerConfig) {
    use bootrack_protocols::credentials::TrustAnchor;
    use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair, date_time_ymd};

    let root_key = KeyPair::generate().unwrap();
    let mut root = CertificateParams::new(Vec::new()).unwrap();
    root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let root = root.self_signed(&root_key).unwrap();
    let leaf = |name: &str| {
        let pair = KeyPair::generate().unwrap();
        let mut leaf = CertificateParams::new(vec![format!("{name}.example")]).unwrap();
        (leaf.not_before, leaf.not_after) = (date_time_ymd(2026, 1, 1), date_time_ymd(2027, 1, 1));
        let leaf = leaf.signed_by(&pair, &root, &root_key).unwrap();
        Identity::x509(SigningKey::from_der(&pair.serialize_der()).unwrap(), vec![leaf.der().to_vec()]).unwrap()
    };
    let trust = Trust {
        anchors: vec![TrustAnchor::from_certificate(root.der()).unwrap()],
        unix_time_at_zero: std::time::Duration::from_secs(1_780_272_000),
        ..Trust::default()
    };
    let server = ServerEcdhe {
        identity: leaf("server"),
        client_authentication: ClientAuthentication::Required,
        trust: trust.clone(),
    };
    (ClientConfig::with_ecdhe(ClientEcdhe::new(Some(leaf("client")), trust)), ServerConfig::with_ecdhe(server))
}

/// What one side has reported.
#[derive(Default, Debug)]
pub(crate) struct Log {
    pub(crate) connected: u32,
    pub(crate) received: Vec<u8>,
    pub(crate) closed: Vec<Closed>,
    pub(crate) keys: Vec<KeyLog>,
    /// Piece by piece, as it was handed out.
    pub(crate) sent: Vec<Vec<u8>>,
}

/// Changes what is handed out; told whether it goes to the server.
pub(crate) type Tamper = Box<dyn FnMut(bool, &mut Vec<u8>)>;

/// Two ends, and what is on its way between them.
pub(crate) struct Pipe {
    pub(crate) now: Instant,
    pub(crate) client: Client,
    pub(crate) server: Server,
    pub(crate) client_log: Log,
    pub(crate) server_log: Log,
    pub(crate) tamper: Option<Tamper>,
    to_server: Vec<u8>,
    to_client: Vec<u8>,
}

impl Pipe {
    /// With records of at most so many octets.
    pub(crate) fn with_records((client, server): (ClientConfig, ServerConfig), record: usize, seed: u64) -> Self {
        let (mut client, mut server): (bootrack_protocols::tls::stream::ClientConfig, _) =
            (client.into(), server.into());
        let of_server: &mut bootrack_protocols::tls::stream::ServerConfig = &mut server;
        (client.record, of_server.record) = (record, record);
        Self {
            now: Instant::ZERO,
            client: Client::new(client, Entropy::seed_from_u64(2 * seed), Instant::ZERO).unwrap(),
            server: Server::new(server, Entropy::seed_from_u64(2 * seed + 1)).unwrap(),
            client_log: Log::default(),
            server_log: Log::default(),
            tamper: None,
            to_server: Vec::new(),
            to_client: Vec::new(),
        }
    }

    pub(crate) fn new(configs: (ClientConfig, ServerConfig)) -> Self {
        Self::with_records(configs, 1 << 14, 1)
    }

    /// Takes what both sides have to say.
    pub(crate) fn drain(&mut self) {
        for of_client in [true, false] {
            loop {
                let output = if of_client { self.client.poll(self.now) } else { self.server.poll(self.now) };
                let Some(output) = output else { break };
                let log = if of_client { &mut self.client_log } else { &mut self.server_log };
                match output {
                    Output::Connected => log.connected += 1,
                    Output::ApplicationData(data) => log.received.extend(data),
                    Output::Closed(closed) => log.closed.push(closed),
                    Output::KeyLog(keys) => log.keys.push(keys),
                    Output::Octets(mut octets) => {
                        log.sent.push(octets.clone());
                        if let Some(tamper) = &mut self.tamper {
                            tamper(of_client, &mut octets);
                        }
                        let way = if of_client { &mut self.to_server } else { &mut self.to_client };
                        way.extend(octets);
                    }
                }
            }
        }
    }

    /// Carries everything, in pieces of at most `cut` octets, until nothing is left to say.
    pub(crate) fn run_in_pieces(&mut self, cut: usize) {
        loop {
            self.drain();
            let (to_server, to_client) = (std::mem::take(&mut self.to_server), std::mem::take(&mut self.to_client));
            if to_server.is_empty() && to_client.is_empty() {
                return;
            }
            for piece in to_server.chunks(cut) {
                self.server.handle(self.now, piece);
            }
            for piece in to_client.chunks(cut) {
                self.client.handle(self.now, piece);
            }
        }
    }

    pub(crate) fn run(&mut self) {
        self.run_in_pieces(usize::MAX);
    }

    pub(crate) fn are_connected(&self) -> bool {
        self.client.is_connected() && self.server.is_connected()
    }
}
