//! Stateless cookies: an HMAC over the client's address and the parameters of its ClientHello (RFC 6347 4.2.1).

use alloc::vec::Vec;
use core::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use wire::tls::ClientHello;

use super::CookieConfig;
use crate::liberties::Free;
use crate::time::Instant;
use crate::work::Work;

/// A cookie is good for as long as this to twice as long, so that who recorded one cannot end a later session with it.
const LIFETIME: Duration = Duration::from_secs(120);

/// The cookie that a client at the configured address must return with this ClientHello; adds what it costs to `work`. It has 16
/// octets unless `free` says otherwise: 128 bits cannot be guessed, and the HelloVerifyRequest still fits into 64 octets.
pub(super) fn cookie(config: &CookieConfig, free: Free, now: Instant, hello: &ClientHello, work: &mut Work) -> Vec<u8> {
    let code = of_period(config, period(now), hello, work).map(|code| code.finalize().into_bytes());
    code.into_iter().flatten().take(free.cookie_octets()).collect()
}

/// Which period of [`LIFETIME`] it is.
fn period(now: Instant) -> u64 {
    now.since(Instant::ZERO).as_secs() / LIFETIME.as_secs()
}

/// The code over all that a cookie is good for.
fn of_period(config: &CookieConfig, period: u64, hello: &ClientHello, work: &mut Work) -> Option<Hmac<Sha256>> {
    let mut input = Vec::new();
    let mut part = |bytes: &[u8]| {
        input.extend(u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_be_bytes());
        input.extend(bytes);
    };
    part(&period.to_be_bytes());
    part(&config.peer);
    part(&hello.version.0.to_be_bytes());
    part(&hello.random);
    part(&hello.session_id);
    part(&hello.cipher_suites.iter().flat_map(|suite| suite.0.to_be_bytes()).collect::<Vec<u8>>());
    part(&hello.compression_methods);
    *work += Work::hmac(config.secret.len(), input.len());
    Some(Hmac::<Sha256>::new_from_slice(&config.secret).ok()?.chain_update(&input))
}

/// Whether the ClientHello returns its cookie, of this period or the last.
pub(super) fn is_valid(config: &CookieConfig, free: Free, now: Instant, hello: &ClientHello, work: &mut Work) -> bool {
    let current = period(now);
    let returned = hello.cookie.as_deref().filter(|cookie| cookie.len() == free.cookie_octets());
    [Some(current), current.checked_sub(1)].into_iter().flatten().any(|period| {
        let code = of_period(config, period, hello, work);
        code.zip(returned).is_some_and(|(code, returned)| code.verify_truncated_left(returned).is_ok())
    })
}
