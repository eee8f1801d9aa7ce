//! What the tests against independent DTLS and TLS implementations share: drivers of our engine over UDP and TCP, and child
//! processes that never outlive their test. Nothing here is used outside of tests.

mod driver;
mod pki;
mod program;
mod servers;
mod stream;

pub use driver::{Driver, Engine, Log};
pub use pki::{Credentials, Flaw, Pki};
pub use program::{Program, find_program, free_port};
pub use servers::{gnutls_server, gnutls_stream_server, openssl_server};
pub use stream::{StreamDriver, StreamEngine, StreamLog};

use protocols::Entropy;
use protocols::dtls::{ClientConfig, ServerConfig};
use protocols::tls::{Psk, SinglePsk};
use rand_core::SeedableRng;

/// The identity that every test uses.
pub const IDENTITY: &str = "dev1";
/// Its key.
pub const KEY: [u8; 16] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];

/// A configuration of our client with the common credentials.
pub fn client_config(mtu: usize) -> ClientConfig {
    ClientConfig { mtu, ..ClientConfig::new(IDENTITY, Psk::new(KEY)) }
}

/// A configuration of our server with the common credentials.
pub fn server_config(mtu: usize) -> ServerConfig {
    let store = SinglePsk { identity: IDENTITY.into(), psk: Psk::new(KEY) };
    let mut config = ServerConfig { mtu, ..ServerConfig::new(store) };
    config.tls.psk_identity_hint = Some(b"hint1".to_vec());
    config
}

/// A reproducible source of randomness.
pub fn entropy(seed: u64) -> Entropy {
    Entropy::seed_from_u64(seed)
}
