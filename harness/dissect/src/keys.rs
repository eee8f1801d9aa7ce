//! The keys that a dissector may use.

use alloc::vec::Vec;
use core::ops::RangeInclusive;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use wire::Eui64;
use wire::ccm::Ccm;
use wire::ieee802154::{AuxSecurityHeader, Header, counter_nonce, open_octets, slot_nonce, slot_nonce_source};
use wire::tls::{MasterSecret, RANDOM_LENGTH};

/// Key sequences that a Thread network key is tried with if nothing tells: after the last of them a network with the usual
/// rotation of 28 days has run for 78 years.
pub const THREAD_KEY_SEQUENCES: RangeInclusive<u32> = 0..=1023;

/// Keys by what identifies them. It has no `Debug`: a log cannot leak them.
#[derive(Clone, Default)]
pub struct Keys {
    link: Vec<LinkKey>,
    /// Keys that were added for link security, network keys of Thread among them.
    added: usize,
    master_secrets: Vec<([u8; RANDOM_LENGTH], MasterSecret)>,
    psks: Vec<Vec<u8>>,
}

/// A key with its schedule: frames come by the thousand.
#[derive(Clone)]
struct LinkKey {
    /// Which of those that were added it is, or comes of.
    number: usize,
    /// Whether it was derived: such keys are many, and never implicit.
    is_derived: bool,
    index: u8,
    octets: [u8; 16],
    ccm: Ccm,
}

/// Why a frame could not be unsecured.
#[derive(Clone, Copy)]
pub(super) enum KeyFailure {
    /// No key with the frame's key index was given, or none at all, if it names none.
    NoKey,
    /// The nonce is made of the sender's extended address, which nobody told.
    NoSource,
    /// The nonce is made of a frame counter, which the frame lacks.
    NoCounter,
    /// The nonce is made of the absolute slot number, which nobody told.
    NoSlot,
    WrongKey,
}

/// A frame that is to be unsecured.
pub(super) struct Secured<'a> {
    pub(super) header: &'a Header,
    pub(super) security: &'a AuxSecurityHeader,
    /// The sender's extended address, of its header or known otherwise.
    pub(super) source: Option<Eui64>,
    pub(super) mpdu: &'a [u8],
    /// Where in the MPDU what may be encrypted begins.
    pub(super) private_at: usize,
}

/// A frame that was unsecured.
pub(super) struct Opened {
    /// The private payload.
    pub(super) bytes: Vec<u8>,
    /// Which key it was, in the order in which they were added; none at level 0.
    pub(super) key_number: Option<usize>,
}

impl Secured<'_> {
    fn nonce(&self, slot: Option<u64>) -> Result<[u8; 13], KeyFailure> {
        if !self.security.uses_absolute_slot_number() {
            let source = self.source.ok_or(KeyFailure::NoSource)?;
            return counter_nonce(self.security, source).map_err(|_| KeyFailure::NoCounter);
        }
        let source = slot_nonce_source(self.header).ok_or(KeyFailure::NoSource)?;
        slot_nonce(self.header, self.security, source, slot.ok_or(KeyFailure::NoSlot)?)
            .map_err(|_| KeyFailure::NoSource)
    }
}

impl Keys {
    /// No keys.
    pub fn new() -> Self {
        Self::default()
    }

    /// A link key under a key index. Several keys may share an index (a network that was rekeyed): all are tried, the
    /// newest first. Frames with an implicit key (key identifier mode 0) are tried with every key.
    pub fn add_link_key(&mut self, index: u8, key: [u8; 16]) {
        if !self.link.iter().any(|known| known.index == index && known.octets == key) {
            self.link.push(LinkKey { number: self.added, is_derived: false, index, octets: key, ccm: Ccm::new(&key) });
            self.added = self.added.saturating_add(1);
        }
    }

    /// The network key of a Thread network: the MAC key of a key sequence is the second half of HMAC-SHA-256 over the
    /// sequence and "Thread", its key index the sequence's lowest seven bits and one. A frame tells the index only: every
    /// one of these `sequences` with that index is tried, the highest first.
    pub fn add_thread_network_key(&mut self, network_key: [u8; 16], sequences: RangeInclusive<u32>) {
        for sequence in sequences {
            let Ok(mut hmac) = Hmac::<Sha256>::new_from_slice(&network_key) else { return };
            hmac.update(&sequence.to_be_bytes());
            hmac.update(b"Thread");
            let digest: [u8; 32] = hmac.finalize().into_bytes().into();
            let [.., a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = digest;
            let octets = [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p];
            let index = (sequence & 0x7f) as u8 + 1;
            self.link.push(LinkKey { number: self.added, is_derived: true, index, octets, ccm: Ccm::new(&octets) });
        }
        self.added = self.added.saturating_add(1);
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
    pub(super) fn open(&self, frame: &Secured<'_>, slot: Option<u64>) -> Result<Opened, KeyFailure> {
        let level = frame.security.level;
        let index = frame.security.key_identifier.index();
        let fits = |key: &&LinkKey| index.map_or(!key.is_derived, |index| index == key.index);
        let mut failure = KeyFailure::NoKey;
        let nonce = frame.nonce(slot);
        if self.link.iter().any(|known| fits(&known)) {
            failure = nonce.err().unwrap_or(failure);
        }
        for key in self.link.iter().rev().filter(fits) {
            let Ok(nonce) = &nonce else { break };
            match open_octets(frame.mpdu, frame.private_at, level, &key.ccm, nonce) {
                Ok(bytes) => return Ok(Opened { bytes, key_number: Some(key.number) }),
                Err(_) => failure = KeyFailure::WrongKey,
            }
        }
        // A frame at level 0 has an auxiliary header but needs no key.
        if level.mic_len() == 0 && !level.encrypts() {
            let bytes = frame.mpdu.get(frame.private_at..).unwrap_or(&[]).to_vec();
            return Ok(Opened { bytes, key_number: None });
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
