//! Keys for the tests, and configurations of both sides that believe each other.

use bootrack_protocols::Entropy;
use bootrack_protocols::credentials::{Identity, PublicKey, SigningKey, Trust};
use bootrack_protocols::dtls::{ClientConfig, ServerConfig};
use bootrack_protocols::tls::{ClientAuthentication, ClientEcdhe, ServerEcdhe};
use rand_core::SeedableRng;

pub(crate) fn key(number: u64) -> SigningKey {
    SigningKey::generate(&mut Entropy::seed_from_u64(number))
}

pub(crate) fn trusting(keys: &[PublicKey]) -> Trust {
    Trust { raw_public_keys: keys.to_vec(), ..Trust::default() }
}

/// The client has key 1, the server key 2, and each knows the other's.
pub(crate) fn raw_client(shows_itself: bool) -> ClientConfig {
    let identity = shows_itself.then(|| Identity::raw_public_key(key(1)));
    ClientConfig::with_ecdhe(ClientEcdhe::new(identity, trusting(&[key(2).public_key()])))
}

pub(crate) fn raw_server(client_authentication: ClientAuthentication) -> ServerConfig {
    let identity = Identity::raw_public_key(key(2));
    let trust = trusting(&[key(1).public_key()]);
    ServerConfig::with_ecdhe(ServerEcdhe { identity, client_authentication, trust })
}
