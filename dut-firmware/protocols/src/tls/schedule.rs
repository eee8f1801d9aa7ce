//! The handshake hash and the keys that come from it (RFC 5246 6.3, 7.4.9, 8.1, RFC 7627 4, RFC 5705), with what they cost.

use sha2::{Digest, Sha256};
use wire::tls::{AlertDescription, Handshake, KeyBlock, MasterSecret, RANDOM_LENGTH, Sender, VERIFY_DATA_LENGTH, prf};

use super::carrier::{Carrier, Received};
use super::{ExportError, Fault, KeyLog};
use crate::work::{Growing, Work};

/// Octets of a master secret (RFC 5246 8.1).
const MASTER_SECRET: usize = 48;
/// Octets of a handshake hash.
const HASH: usize = 32;
/// Octets of `client finished` and of `server finished`.
const LABEL: usize = 15;
/// Octets of all keys of AES-128-CCM-8: two keys of 16 and two implicit nonces of 4 (RFC 6655 3).
const KEY_BLOCK: usize = 40;

/// The randoms of a handshake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Randoms {
    /// The client's.
    pub client: [u8; RANDOM_LENGTH],
    /// The server's.
    pub server: [u8; RANDOM_LENGTH],
}

/// What both sides agreed on.
struct Keys {
    master_secret: MasterSecret,
    randoms: Randoms,
}

/// Transcript and keys of one handshake.
pub(crate) struct Schedule {
    side: Sender,
    transcript: Sha256,
    transcript_length: Growing,
    work: Work,
    keys: Option<Keys>,
}

impl Schedule {
    pub(crate) fn new(side: Sender) -> Self {
        let transcript = Sha256::new();
        Self { side, transcript, transcript_length: Growing::default(), work: Work::default(), keys: None }
    }

    /// What this handshake has cost, without the protection of records.
    pub(crate) fn work(&self) -> Work {
        self.work
    }

    /// Adds what was done outside.
    pub(crate) fn add_work(&mut self, work: Work) {
        self.work += work;
    }

    /// Adds octets to the handshake hash.
    pub(crate) fn hash(&mut self, bytes: &[u8]) {
        self.work += self.transcript_length.add(bytes.len());
        self.transcript.update(bytes);
    }

    /// Adds a received message to the handshake hash.
    pub(crate) fn hash_message(&mut self, message: &impl Received) -> Result<(), Fault> {
        self.hash(&message.octets()?);
        Ok(())
    }

    /// The hash of all messages so far.
    pub(crate) fn handshake_hash(&mut self) -> [u8; HASH] {
        self.work += self.transcript_length.value();
        self.current_hash()
    }

    fn current_hash(&self) -> [u8; HASH] {
        self.transcript.clone().finalize().into()
    }

    /// `verify_data` over the current hash was computed.
    fn count_verify_data(&mut self) {
        self.work += self.transcript_length.value();
        self.work += Work::prf(MASTER_SECRET, LABEL + HASH, VERIFY_DATA_LENGTH);
    }

    /// Derives all keys, and what the owner is told of them. The handshake hash covers ClientKeyExchange by now.
    pub(crate) fn derive_keys(
        &mut self,
        premaster_secret: &[u8],
        randoms: Randoms,
        extended: bool,
    ) -> (KeyBlock, KeyLog) {
        let Randoms { client, server } = randoms;
        let master_secret = if extended {
            self.work += Work::prf(premaster_secret.len(), "extended master secret".len() + HASH, MASTER_SECRET);
            MasterSecret::derive_extended(premaster_secret, &self.handshake_hash())
        } else {
            self.work += Work::prf(premaster_secret.len(), "master secret".len() + 2 * RANDOM_LENGTH, MASTER_SECRET);
            MasterSecret::derive(premaster_secret, &client, &server)
        };
        self.work += Work::prf(MASTER_SECRET, "key expansion".len() + 2 * RANDOM_LENGTH, KEY_BLOCK);
        let block = master_secret.key_block(&client, &server);
        let log = KeyLog { client_random: client, master_secret: *master_secret.octets() };
        self.keys = Some(Keys { master_secret, randoms });
        (block, log)
    }

    /// Adds ChangeCipherSpec and Finished to the flight, and Finished to the handshake hash.
    pub(crate) fn push_finished(&mut self, carrier: &mut impl Carrier) -> Result<(), Fault> {
        let verify_data = self.keys()?.master_secret.verify_data(self.side, &self.current_hash());
        self.count_verify_data();
        carrier.push_change_cipher_spec();
        let finished = carrier.push(&Handshake::Finished(verify_data))?;
        self.hash(&finished);
        Ok(())
    }

    /// Compares the peer's Finished, which is not in the handshake hash yet, with what it must be; then hashes it.
    pub(crate) fn verify_finished(&mut self, message: &impl Received, verify_data: &[u8]) -> Result<(), Fault> {
        let peer = if self.side == Sender::Client { Sender::Server } else { Sender::Client };
        let expected = self.keys()?.master_secret.verify_data(peer, &self.current_hash());
        self.count_verify_data();
        let difference = expected.iter().zip(verify_data).fold(0, |sum, (a, b)| sum | (a ^ b));
        if difference != 0 || expected.len() != verify_data.len() {
            return Err(Fault::new(AlertDescription::DecryptError, "verify_data of Finished"));
        }
        self.hash_message(message)
    }

    fn keys(&self) -> Result<&Keys, Fault> {
        self.keys.as_ref().ok_or(Fault::new(AlertDescription::InternalError, "no master secret"))
    }

    /// The randoms, once keys are derived.
    pub(crate) fn randoms(&self) -> Option<Randoms> {
        self.keys.as_ref().map(|keys| keys.randoms)
    }

    /// Keying material for another protocol (RFC 5705 4).
    pub(crate) fn export(&self, label: &[u8], context: Option<&[u8]>, out: &mut [u8]) -> Result<(), ExportError> {
        let Keys { master_secret, randoms } = self.keys.as_ref().ok_or(ExportError::NotConnected)?;
        let Randoms { client, server } = randoms;
        let length = u16::try_from(context.map_or(0, <[u8]>::len)).map_err(|_| ExportError::ContextTooLong)?;
        let length = length.to_be_bytes();
        let seed: &[&[u8]] = match context {
            None => &[client, server],
            Some(context) => &[client, server, &length, context],
        };
        prf(master_secret.octets(), label, seed, out);
        Ok(())
    }
}
