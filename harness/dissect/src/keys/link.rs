//! Keys of IEEE 802.15.4 link security: those that a network shares, and those that Thread derives of its network key.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::ops::RangeInclusive;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::kind::hex;
use super::{Keys, SecretKind, Session, Wireshark};
use wire::Eui64;
use wire::ccm::Ccm;
use wire::ieee802154::{AuxSecurityHeader, Header, counter_nonce, open_octets, slot_nonce, slot_nonce_source};

/// Key sequences that a Thread network key is tried with if nothing tells: after the last of them a network with the usual
/// rotation of 28 days has run for 78 years.
pub const THREAD_KEY_SEQUENCES: RangeInclusive<u32> = 0..=1023;

/// The keys of link security.
#[derive(Clone, Default)]
pub(super) struct LinkKeys {
    keys: Vec<LinkKey>,
    /// Keys that were added, network keys of Thread among them.
    added: usize,
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
pub(crate) enum KeyFailure {
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
pub(crate) struct Secured<'a> {
    pub(crate) header: &'a Header,
    pub(crate) security: &'a AuxSecurityHeader,
    /// The sender's extended address, of its header or known otherwise.
    pub(crate) source: Option<Eui64>,
    pub(crate) mpdu: &'a [u8],
    /// Where in the MPDU what may be encrypted begins.
    pub(crate) private_at: usize,
}

/// A frame that was unsecured.
pub(crate) struct Opened {
    /// The private payload.
    pub(crate) bytes: Vec<u8>,
    /// Which key it was, in the order in which they were added; none at level 0.
    pub(crate) key_number: Option<usize>,
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

/// A link key by its key index (key identifier mode 1).
pub(crate) const LINK: SecretKind = SecretKind {
    protocol: "link",
    session: Session::Number("INDEX"),
    secret: 16..=16,
    what: "link key",
    of: "",
    properties: &["key", "second_key"],
    add: |keys, _, session, secret| match (session, secret.try_into()) {
        ([index], Ok(key)) => keys.add_link_key(*index, key),
        _ => false,
    },
    wireshark: Some(Wireshark::Table {
        file: "ieee802154_keys",
        head: "# Link keys of this run, written by bootrack",
        row,
    }),
};

/// The network key of a Thread network, for all key sequences or those about one.
pub(crate) const THREAD: SecretKind = SecretKind {
    protocol: "thread",
    session: Session::NumberOrNone("KEY-SEQUENCE"),
    secret: 16..=16,
    what: "Thread network key",
    of: "key sequence",
    properties: &[],
    add: |keys, _, session, secret| {
        let Ok(network_key) = secret.try_into() else { return false };
        match session.try_into().map(u32::from_be_bytes) {
            // The one before and the one after are accepted by devices too.
            Ok(known) => keys.add_thread_network_key(network_key, known.saturating_sub(1)..=known.saturating_add(1)),
            Err(_) => keys.add_thread_network_key(network_key, THREAD_KEY_SEQUENCES),
        }
    },
    wireshark: None,
};

/// A row of Wireshark's table of IEEE 802.15.4 keys.
fn row(session: &[u8], secret: &[u8]) -> String {
    let index = session.first().copied().unwrap_or_default();
    format!("\"{}\",\"{index}\",\"No hash\"", hex(secret))
}

impl Keys {
    /// A link key under a key index. Several keys may share an index (a network that was rekeyed): all are tried, the
    /// newest first. Frames with an implicit key (key identifier mode 0) are tried with every key. Whether it was not known.
    pub fn add_link_key(&mut self, index: u8, key: [u8; 16]) -> bool {
        self.link.add(index, key)
    }

    /// The network key of a Thread network: the MAC key of a key sequence is the second half of HMAC-SHA-256 over the
    /// sequence and "Thread", its key index the sequence's lowest seven bits and one. A frame tells the index only: every
    /// one of these `sequences` with that index is tried, the highest first. Whether any of these keys was not known.
    pub fn add_thread_network_key(&mut self, network_key: [u8; 16], sequences: RangeInclusive<u32>) -> bool {
        self.link.add_thread(network_key, sequences)
    }

    /// Decrypts and verifies a frame under a key that its key identifier admits.
    pub(crate) fn open(&self, frame: &Secured<'_>, slot: Option<u64>) -> Result<Opened, KeyFailure> {
        self.link.open(frame, slot)
    }
}

impl LinkKeys {
    fn add(&mut self, index: u8, key: [u8; 16]) -> bool {
        let is_new = !self.keys.iter().any(|known| known.index == index && known.octets == key);
        if is_new {
            self.keys.push(LinkKey { number: self.added, is_derived: false, index, octets: key, ccm: Ccm::new(&key) });
            self.added = self.added.saturating_add(1);
        }
        is_new
    }

    fn add_thread(&mut self, network_key: [u8; 16], sequences: RangeInclusive<u32>) -> bool {
        let before = self.keys.len();
        for sequence in sequences {
            let Ok(mut hmac) = Hmac::<Sha256>::new_from_slice(&network_key) else { return false };
            hmac.update(&sequence.to_be_bytes());
            hmac.update(b"Thread");
            let digest: [u8; 32] = hmac.finalize().into_bytes().into();
            let [.., a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = digest;
            let octets = [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p];
            let index = (sequence & 0x7f) as u8 + 1;
            self.keys.push(LinkKey { number: self.added, is_derived: true, index, octets, ccm: Ccm::new(&octets) });
        }
        self.added = self.added.saturating_add(1);
        self.keys.len() > before
    }

    fn open(&self, frame: &Secured<'_>, slot: Option<u64>) -> Result<Opened, KeyFailure> {
        let level = frame.security.level;
        let index = frame.security.key_identifier.index();
        let fits = |key: &&LinkKey| index.map_or(!key.is_derived, |index| index == key.index);
        let mut failure = KeyFailure::NoKey;
        let nonce = frame.nonce(slot);
        if self.keys.iter().any(|known| fits(&known)) {
            failure = nonce.err().unwrap_or(failure);
        }
        for key in self.keys.iter().rev().filter(fits) {
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
}
