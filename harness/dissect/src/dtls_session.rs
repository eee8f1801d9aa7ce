//! What a dissector remembers of DTLS sessions: hellos, the transcript for an extended master secret, keys found.

use alloc::collections::BTreeMap;
use alloc::vec;
use alloc::vec::Vec;

use sha2::{Digest, Sha256};

use super::carried::End;
use super::handshake::Negotiated;
use super::keys::{Keys, SecretKind, Session as Of, Wireshark};
use wire::dtls::{Fragment, HandshakeHeader, RecordHeader, additional_data, message_bytes};
use wire::reader::Reader;
use wire::tls::{
    CipherSuite, ClientHello, ExtensionType, HandshakeType, KeyBlock, MAC_LENGTH, MasterSecret, RANDOM_LENGTH, Sender,
    ServerHello, Transport, WriteKeys, nonce, psk_premaster_secret,
};
use wire::{Error, ccm};

/// A pre-shared key that any session may use.
pub(super) const PSK: SecretKind = SecretKind {
    protocol: "psk",
    session: Of::None,
    secret: 0..=usize::MAX,
    what: "DTLS pre-shared key",
    of: "",
    properties: &["psk", "second_psk"],
    add: Keys::keep,
    wireshark: None,
};

/// The master secret of the session that a client random began.
pub(super) const MASTER_SECRET: SecretKind = SecretKind {
    protocol: "dtls",
    session: Of::Octets("CLIENT-RANDOM", RANDOM_LENGTH..=RANDOM_LENGTH),
    secret: 48..=48,
    what: "DTLS master secret",
    of: "client random",
    properties: &[],
    add: Keys::keep,
    wireshark: Some(Wireshark::KeyLog("CLIENT_RANDOM")),
};

/// Sessions that are remembered.
const MAX_SESSIONS: usize = 64;
/// Key blocks of one pair of ends: a handshake that fails must not make the session before it unreadable.
const MAX_KEY_BLOCKS: usize = 4;
/// Messages of one sender in a handshake, and octets of one message.
const MAX_MESSAGES: usize = 16;
/// A certificate type (RFC 7250 section 7).
const RAW_PUBLIC_KEY: u8 = 2;
const MAX_MESSAGE: u32 = 1 << 14;

#[derive(Default)]
pub(super) struct Sessions {
    sessions: Vec<Session>,
}

impl Sessions {
    /// The session between two ends, made if need be; the least recently made one gives way.
    pub(super) fn between(&mut self, a: End, b: End) -> Option<&mut Session> {
        let ends = if a < b { (a, b) } else { (b, a) };
        let index = self.sessions.iter().position(|session| session.ends == ends).unwrap_or_else(|| {
            if self.sessions.len() >= MAX_SESSIONS {
                self.sessions.remove(0);
            }
            self.sessions.push(Session::new(ends));
            self.sessions.len().saturating_sub(1)
        });
        self.sessions.get_mut(index)
    }
}

/// All between two ends.
pub(super) struct Session {
    ends: (End, End),
    client: Option<End>,
    handshake: Handshake,
    /// Key blocks that opened a record, newest first.
    keys: Vec<KeyBlock>,
}

/// The handshake seen last.
#[derive(Default)]
struct Handshake {
    client_hello: Vec<u8>,
    client_random: Option<[u8; RANDOM_LENGTH]>,
    server_random: Option<[u8; RANDOM_LENGTH]>,
    cipher_suite: Option<CipherSuite>,
    client_extended: bool,
    server_extended: bool,
    /// Whether the peers present raw public keys (RFC 7250 section 4).
    client_raw_key: bool,
    server_raw_key: bool,
    /// Messages by `message_seq`, as they enter the hash.
    from_server: BTreeMap<u16, Vec<u8>>,
    from_client: BTreeMap<u16, Vec<u8>>,
    /// The hash up to and including ClientKeyExchange (RFC 7627 section 3).
    session_hash: Option<[u8; 32]>,
    assembling: Vec<Assembly>,
    /// Whether the capture cut a message since its ClientHello.
    is_cut: bool,
}

struct Assembly {
    sender: End,
    header: HandshakeHeader,
    body: Vec<u8>,
    /// One flag per octet that has arrived.
    arrived: Vec<bool>,
    fragments: u32,
}

/// Why a record could not be decrypted.
pub(super) enum OpenFailure {
    NoKey,
    /// A message of the handshake was not captured whole.
    Cut,
    WrongKey,
}

impl Session {
    fn new(ends: (End, End)) -> Self {
        Self { ends, client: None, handshake: Handshake::default(), keys: Vec::new() }
    }

    /// What the hellos seen last settle about a message of `sender`.
    pub(super) fn negotiated(&self, sender: End) -> Negotiated {
        let handshake = &self.handshake;
        let is_client = self.client == Some(sender);
        let raw_public_key = if is_client { handshake.client_raw_key } else { handshake.server_raw_key };
        Negotiated { suite: handshake.cipher_suite, raw_public_key }
    }

    /// The suite selected, if records under it cannot be decrypted here.
    pub(super) fn unsupported_suite(&self) -> Option<CipherSuite> {
        self.handshake.cipher_suite.filter(|suite| mac_length(*suite).is_none())
    }

    /// Decrypts a record of `sender` with a key block known to work, else with what the keys yield for the handshake.
    pub(super) fn open(
        &mut self,
        keys: &Keys,
        sender: End,
        header: &RecordHeader,
        fragment: &[u8],
    ) -> Result<Vec<u8>, OpenFailure> {
        let likely = if self.client == Some(sender) { Sender::Client } else { Sender::Server };
        let directions = match likely {
            Sender::Client => [Sender::Client, Sender::Server],
            Sender::Server => [Sender::Server, Sender::Client],
        };
        // Without the hellos, a key block that has opened a record of this session came with the most usual MAC.
        let mac_length = self.handshake.cipher_suite.map_or(Some(MAC_LENGTH), mac_length);
        let Some(mac_length) = mac_length else { return Err(OpenFailure::NoKey) };
        let with = |block: &KeyBlock| {
            directions.iter().find_map(|side| open(block.of(*side), header, fragment, mac_length).ok())
        };
        if let Some(plaintext) = self.keys.iter().find_map(with) {
            return Ok(plaintext);
        }
        let candidates = self.handshake.candidates(keys);
        for block in &candidates {
            if let Some(plaintext) = with(block) {
                self.keys.insert(0, block.clone());
                self.keys.truncate(MAX_KEY_BLOCKS);
                return Ok(plaintext);
            }
        }
        let has_keys = !(candidates.is_empty() && self.keys.is_empty());
        Err(match has_keys {
            _ if self.handshake.is_cut => OpenFailure::Cut,
            true => OpenFailure::WrongKey,
            false => OpenFailure::NoKey,
        })
    }

    /// A message of the handshake, or a part of one, was cut by the capture.
    pub(super) fn miss(&mut self) {
        self.handshake.is_cut = true;
    }

    /// Takes a fragment of a message in the clear; the whole body if this completes one, and how many fragments made it.
    pub(super) fn assemble(&mut self, sender: End, fragment: &Fragment<'_>) -> Option<(Vec<u8>, u32)> {
        let header = fragment.header;
        if header.is_whole() {
            return Some((fragment.body.to_vec(), 1));
        }
        if header.length > MAX_MESSAGE {
            return None;
        }
        let assembling = &mut self.handshake.assembling;
        let same = |known: &Assembly| {
            known.sender == sender
                && (known.header.msg_type, known.header.message_seq, known.header.length)
                    == (header.msg_type, header.message_seq, header.length)
        };
        let length = usize::try_from(header.length).ok()?;
        let index = assembling.iter().position(same).unwrap_or_else(|| {
            if assembling.len() >= MAX_MESSAGES {
                assembling.remove(0);
            }
            assembling.push(Assembly {
                sender,
                header,
                body: vec![0; length],
                arrived: vec![false; length],
                fragments: 0,
            });
            assembling.len().saturating_sub(1)
        });
        let assembly = assembling.get_mut(index)?;
        let offset = usize::try_from(header.fragment_offset).ok()?;
        let end = offset.checked_add(fragment.body.len())?;
        assembly.body.get_mut(offset..end)?.copy_from_slice(fragment.body);
        assembly.arrived.get_mut(offset..end)?.fill(true);
        assembly.fragments = assembly.fragments.saturating_add(1);
        if assembly.arrived.iter().all(|arrived| *arrived) {
            let Assembly { body, fragments, .. } = assembling.remove(index);
            return Some((body, fragments));
        }
        None
    }

    /// Takes a whole message in the clear, for the key schedule.
    pub(super) fn note(&mut self, sender: End, msg_type: HandshakeType, message_seq: u16, body: &[u8]) {
        let Ok(message) = message_bytes(msg_type, message_seq, body) else { return };
        if msg_type == HandshakeType::ClientHello {
            if self.handshake.client_hello == message {
                return;
            }
            let Ok(hello) = ClientHello::parse(Transport::Datagram, body) else { return };
            // Until a ServerHello settles something else, records and messages still are of the session before.
            let before = core::mem::take(&mut self.handshake);
            let is_again = self.client == Some(sender);
            self.handshake = Handshake {
                client_hello: message,
                client_random: Some(hello.random),
                client_extended: hello.extension(ExtensionType::EXTENDED_MASTER_SECRET).is_some(),
                cipher_suite: before.cipher_suite.filter(|_| is_again),
                client_raw_key: is_again && before.client_raw_key,
                server_raw_key: is_again && before.server_raw_key,
                ..Handshake::default()
            };
            self.client = Some(sender);
            return;
        }
        let handshake = &mut self.handshake;
        if self.client != Some(sender) {
            // A HelloVerifyRequest does not enter the hash (RFC 6347 section 4.2.1).
            if msg_type == HandshakeType::HelloVerifyRequest || handshake.from_server.len() >= MAX_MESSAGES {
                return;
            }
            if let (HandshakeType::ServerHello, Ok(hello)) = (msg_type, ServerHello::parse(body)) {
                handshake.server_random = Some(hello.random);
                handshake.cipher_suite = Some(hello.cipher_suite);
                handshake.server_extended = hello.extension(ExtensionType::EXTENDED_MASTER_SECRET).is_some();
                let is_raw =
                    |number| hello.extension(number).is_some_and(|extension| extension.data == [RAW_PUBLIC_KEY]);
                handshake.client_raw_key = is_raw(ExtensionType::CLIENT_CERTIFICATE_TYPE);
                handshake.server_raw_key = is_raw(ExtensionType::SERVER_CERTIFICATE_TYPE);
            }
            handshake.from_server.entry(message_seq).or_insert(message);
            return;
        }
        // What comes before the ServerHello is of the handshake before, and late.
        let is_late = handshake.server_random.is_none();
        if is_late || handshake.from_client.len() >= MAX_MESSAGES || handshake.session_hash.is_some() {
            return;
        }
        handshake.from_client.entry(message_seq).or_insert(message);
        if msg_type == HandshakeType::ClientKeyExchange {
            handshake.session_hash = Some(handshake.hash());
        }
    }
}

/// Octets of the MAC of a suite with AES-128 in CCM mode (RFC 6655, 7251); `None` for any other cipher.
fn mac_length(suite: CipherSuite) -> Option<usize> {
    match suite.0 {
        0xc0a8 | 0xc0ae | 0xc0ff => Some(MAC_LENGTH),
        0xc0a4 | 0xc0ac => Some(16),
        _ => None,
    }
}

/// Verifies and decrypts a protected fragment, the explicit nonce before it (RFC 6655 section 3).
fn open(keys: &WriteKeys, header: &RecordHeader, fragment: &[u8], mac_length: usize) -> wire::Result<Vec<u8>> {
    let mut reader = Reader::new(fragment);
    let explicit = reader.array("explicit nonce")?;
    let length = reader.remaining().checked_sub(mac_length).ok_or(Error::Truncated("record MAC"))?;
    let length = u16::try_from(length).map_err(|_| Error::Malformed("dtls.record.length"))?;
    let aad = additional_data(header, length);
    ccm::open(&keys.key, &nonce(&keys.iv, &explicit), &aad, reader.rest(), mac_length)
}

impl Handshake {
    fn hash(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(&self.client_hello);
        for message in self.from_server.values().chain(self.from_client.values()) {
            hash.update(message);
        }
        hash.finalize().into()
    }

    /// Key blocks that the known keys yield.
    fn candidates(&self, keys: &Keys) -> Vec<KeyBlock> {
        let (Some(client_random), Some(server_random)) = (self.client_random, self.server_random) else {
            return Vec::new();
        };
        let extended = self.client_extended && self.server_extended;
        let from_psk = |psk: &[u8]| {
            let premaster = psk_premaster_secret(psk).ok()?;
            if !extended {
                return Some(MasterSecret::derive(&premaster, &client_random, &server_random));
            }
            Some(MasterSecret::derive_extended(&premaster, &self.session_hash?))
        };
        let logged = keys.kept(&MASTER_SECRET, &client_random).filter_map(|secret| secret.try_into().ok());
        logged
            .map(MasterSecret::from_octets)
            .chain(keys.kept(&PSK, &[]).filter_map(from_psk))
            .map(|secret| secret.key_block(&client_random, &server_random))
            .collect()
    }
}
