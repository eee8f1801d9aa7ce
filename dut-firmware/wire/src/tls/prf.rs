//! The key schedule: PRF with HMAC-SHA256 (RFC 5246 5), PSK premaster secret (RFC 4279 2), master secret (RFC 5246 8.1)
//! and extended master secret (RFC 7627 4), key block for AES-128-CCM-8 (RFC 6655 3), `verify_data` (RFC 5246 7.4.9).

use alloc::vec::Vec;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::{RANDOM_LENGTH, VERIFY_DATA_LENGTH};
use crate::{Error, Result};

/// The TLS 1.2 PRF with P_SHA256 over `label` and the concatenated `seed`; fills all of `out`.
pub fn prf(secret: &[u8], label: &[u8], seed: &[&[u8]], out: &mut [u8]) {
    let label_and_seed = |mac: &mut Hmac<Sha256>| {
        mac.update(label);
        seed.iter().for_each(|part| mac.update(part));
    };
    let keyed = || {
        // HMAC takes a key of any length, so the fallback is never used.
        Hmac::<Sha256>::new_from_slice(secret).unwrap_or_else(|_| Hmac::new(&Default::default()))
    };
    let mut mac = keyed();
    label_and_seed(&mut mac);
    let mut a = mac.finalize().into_bytes();
    for chunk in out.chunks_mut(32) {
        let mut mac = keyed();
        mac.update(&a);
        label_and_seed(&mut mac);
        let block = mac.finalize().into_bytes();
        chunk.iter_mut().zip(block).for_each(|(to, from)| *to = from);
        let mut mac = keyed();
        mac.update(&a);
        a = mac.finalize().into_bytes();
    }
}

/// The premaster secret of plain PSK: length, as many zeros, length, key (RFC 4279 2).
///
/// # Errors
/// [`Error::Malformed`] if the key is longer than 65535 octets.
pub fn psk_premaster_secret(psk: &[u8]) -> Result<Vec<u8>> {
    let length = u16::try_from(psk.len()).map_err(|_| Error::Malformed("pre-shared key length"))?.to_be_bytes();
    let mut premaster = Vec::with_capacity(4 + 2 * psk.len());
    premaster.extend_from_slice(&length);
    premaster.extend(psk.iter().map(|_| 0));
    premaster.extend_from_slice(&length);
    premaster.extend_from_slice(psk);
    Ok(premaster)
}

/// Whose Finished or whose records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sender {
    /// The client.
    Client,
    /// The server.
    Server,
}

/// The 48 octets that all keys of a session come from. No `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct MasterSecret([u8; 48]);

impl MasterSecret {
    /// RFC 5246 8.1.
    pub fn derive(
        premaster_secret: &[u8],
        client_random: &[u8; RANDOM_LENGTH],
        server_random: &[u8; RANDOM_LENGTH],
    ) -> Self {
        let mut secret = [0; 48];
        prf(premaster_secret, b"master secret", &[client_random, server_random], &mut secret);
        Self(secret)
    }

    /// RFC 7627 4; `session_hash` covers the handshake up to and including ClientKeyExchange.
    pub fn derive_extended(premaster_secret: &[u8], session_hash: &[u8; 32]) -> Self {
        let mut secret = [0; 48];
        prf(premaster_secret, b"extended master secret", &[session_hash], &mut secret);
        Self(secret)
    }

    /// One learnt from a key log.
    pub fn from_octets(octets: [u8; 48]) -> Self {
        Self(octets)
    }

    /// For a key log.
    pub fn octets(&self) -> &[u8; 48] {
        &self.0
    }

    /// The keys of both directions (RFC 5246 6.3).
    pub fn key_block(&self, client_random: &[u8; RANDOM_LENGTH], server_random: &[u8; RANDOM_LENGTH]) -> KeyBlock {
        let mut block = [0; 40];
        prf(&self.0, b"key expansion", &[server_random, client_random], &mut block);
        let mut octets = block.into_iter();
        let mut client = WriteKeys { key: [0; 16], iv: [0; 4] };
        let mut server = client.clone();
        for field in [&mut client.key[..], &mut server.key[..], &mut client.iv[..], &mut server.iv[..]] {
            field.iter_mut().zip(octets.by_ref()).for_each(|(to, from)| *to = from);
        }
        KeyBlock { client, server }
    }

    /// What the Finished of `sender` must carry, given the hash of all handshake messages before it.
    pub fn verify_data(&self, sender: Sender, handshake_hash: &[u8; 32]) -> [u8; VERIFY_DATA_LENGTH] {
        let label: &[u8] = match sender {
            Sender::Client => b"client finished",
            Sender::Server => b"server finished",
        };
        let mut verify_data = [0; VERIFY_DATA_LENGTH];
        prf(&self.0, label, &[handshake_hash], &mut verify_data);
        verify_data
    }
}

/// Key and implicit nonce of one direction with AES-128-CCM-8. No `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct WriteKeys {
    /// `client_write_key` or `server_write_key`.
    pub key: [u8; 16],
    /// `client_write_IV` or `server_write_IV`: the first four octets of every nonce.
    pub iv: [u8; 4],
}

/// The keys of both directions. No `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct KeyBlock {
    /// What the client sends with.
    pub client: WriteKeys,
    /// What the server sends with.
    pub server: WriteKeys,
}

impl KeyBlock {
    /// The keys that protect what `sender` sends.
    pub fn of(&self, sender: Sender) -> &WriteKeys {
        match sender {
            Sender::Client => &self.client,
            Sender::Server => &self.server,
        }
    }
}
