//! Stateless cookies: an HMAC over the client's address and the parameters of its ClientHello (RFC 6347 4.2.1).

use alloc::vec::Vec;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use wire::dtls::ClientHello;

use super::CookieConfig;

/// Octets of a cookie: 128 bits cannot be guessed, and the HelloVerifyRequest still fits into 64 octets.
const LENGTH: usize = 16;

/// The cookie that a client at the configured address must return with this ClientHello.
pub(super) fn cookie(config: &CookieConfig, hello: &ClientHello) -> Vec<u8> {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&config.secret) else { return Vec::new() };
    let mut part = |bytes: &[u8]| {
        mac.update(&u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_be_bytes());
        mac.update(bytes);
    };
    part(&config.peer);
    part(&hello.version.0.to_be_bytes());
    part(&hello.random);
    part(&hello.session_id);
    part(&hello.cipher_suites.iter().flat_map(|suite| suite.0.to_be_bytes()).collect::<Vec<u8>>());
    part(&hello.compression_methods);
    mac.finalize().into_bytes().into_iter().take(LENGTH).collect()
}

/// Whether the ClientHello returns its cookie.
pub(super) fn is_valid(config: &CookieConfig, hello: &ClientHello) -> bool {
    let expected = cookie(config, hello);
    let difference = expected.iter().zip(&hello.cookie).fold(0, |sum, (a, b)| sum | (a ^ b));
    difference == 0 && expected.len() == hello.cookie.len()
}
