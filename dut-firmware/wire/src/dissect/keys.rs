//! The keys that a dissector may use.

use alloc::vec::Vec;

use crate::dtls::{MasterSecret, RANDOM_LENGTH};
use crate::ieee802154::{Content, Frame, SecuredFrame, unsecure};

/// Keys by what identifies them. It has no `Debug`: a log cannot leak them.
#[derive(Clone, Default)]
pub struct Keys {
    link: Vec<(u8, [u8; 16])>,
    master_secrets: Vec<([u8; RANDOM_LENGTH], MasterSecret)>,
    psks: Vec<Vec<u8>>,
}

/// Why a frame could not be unsecured.
pub(super) enum KeyFailure {
    NoKey,
    WrongKey,
}

impl Keys {
    /// No keys.
    pub fn new() -> Self {
        Self::default()
    }

    /// A link key under a key index. Several keys may share an index (a network that was rekeyed): all are tried, the
    /// newest first. Frames with an implicit key (key identifier mode 0) are tried with every key.
    pub fn add_link_key(&mut self, index: u8, key: [u8; 16]) {
        if !self.link.contains(&(index, key)) {
            self.link.push((index, key));
        }
    }

    /// The master secret of the DTLS session that this client random began: a line of a key log.
    pub fn add_dtls_master_secret(&mut self, client_random: [u8; RANDOM_LENGTH], master_secret: MasterSecret) {
        self.master_secrets.push((client_random, master_secret));
    }

    /// A pre-shared key that any DTLS session may use.
    pub fn add_psk(&mut self, psk: &[u8]) {
        if !self.psks.iter().any(|known| known == psk) {
            self.psks.push(psk.to_vec());
        }
    }

    /// Decrypts and verifies a frame under a key that its key identifier admits.
    pub(super) fn unsecure(&self, frame: &SecuredFrame) -> Result<Frame, KeyFailure> {
        let Some(source) = frame.header.source.extended() else { return Err(KeyFailure::NoKey) };
        let index = frame.security.key_identifier.index();
        let fits = |(known, _): &&(u8, [u8; 16])| index.is_none_or(|index| index == *known);
        let mut failure = KeyFailure::NoKey;
        for (_, key) in self.link.iter().rev().filter(fits) {
            match unsecure(frame, key, source) {
                Ok(opened) => return Ok(opened),
                Err(_) => failure = KeyFailure::WrongKey,
            }
        }
        // A frame at level 0 has an auxiliary header but needs no key.
        let level = frame.security.level;
        if level.mic_len() == 0 && !level.encrypts() {
            let content = Content::parse(frame.frame_type, frame.header.version, &frame.payload)
                .map_err(|_| KeyFailure::NoKey)?;
            return Ok(Frame::new(frame.header, content));
        }
        Err(failure)
    }

    pub(super) fn master_secrets(&self, client_random: &[u8; RANDOM_LENGTH]) -> impl Iterator<Item = &MasterSecret> {
        self.master_secrets.iter().rev().filter(move |(known, _)| known == client_random).map(|(_, secret)| secret)
    }

    pub(super) fn psks(&self) -> impl Iterator<Item = &[u8]> {
        self.psks.iter().map(Vec::as_slice)
    }
}
