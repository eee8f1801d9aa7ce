//! What a client knows of one handshake: numbers, transcript, cookie and keys; and how it writes a message down (RFC 6347 4).

use std::collections::BTreeMap;

use protocols::Entropy;
use protocols::credentials::SigningKey;
use rand_core::Rng;
use sha2::{Digest, Sha256};
use wire::dtls::{fragments, message_bytes, records};
use wire::tls::{
    ContentType, ExtensionType, HandshakeType, HelloVerifyRequest, KeyBlock, MasterSecret, ProtocolVersion,
    RANDOM_LENGTH, Sender, ServerHello, psk_premaster_secret,
};

use super::order::Send;
use super::what::{CookieOf, HelloOrder, RandomOf, What};
use crate::dtls_writing::{Message, Numbers, Partial, certificates, fragments_of, spoil, vector8, vector16, vector24};
use crate::host::End;
use crate::machine::Refusal;

/// `TLS_PSK_WITH_AES_128_CCM_8` and the signal of RFC 5746.
const SUITES: [u8; 4] = [0xc0, 0xa8, 0x00, 0xff];
/// `extended_master_secret`, empty.
const EXTENSIONS: [u8; 4] = [0x00, 0x17, 0x00, 0x00];

/// What is known of the client before.
#[derive(Default)]
pub(super) struct Former {
    random: [u8; RANDOM_LENGTH],
    cookie: Vec<u8>,
}

/// One session.
pub(super) struct Session {
    pub(super) server: End,
    identity: Vec<u8>,
    psk: Vec<u8>,
    entropy: Entropy,
    random: [u8; RANDOM_LENGTH],
    cookie: Vec<u8>,
    /// What the client before this one said last, and was given.
    former: Former,
    server_random: [u8; RANDOM_LENGTH],
    extended_master_secret: bool,
    transcript: Vec<u8>,
    /// Something came since the last ClientHello.
    was_answered: bool,
    /// ServerHelloDone came.
    has_server_flight: bool,
    next_message_seq: u16,
    /// The server's.
    expected: Option<u16>,
    partials: BTreeMap<u16, Partial>,
    numbers: Numbers,
    write_epoch: u16,
    master_secret: Option<MasterSecret>,
    keys: Option<KeyBlock>,
    secret: Option<([u8; RANDOM_LENGTH], [u8; 48])>,
    messages: Vec<Message>,
}

impl Session {
    pub(super) fn new(server: End, identity: Vec<u8>, psk: Vec<u8>, mut entropy: Entropy) -> Self {
        let mut random = [0; RANDOM_LENGTH];
        entropy.fill_bytes(&mut random);
        Self {
            server,
            identity,
            psk,
            entropy,
            random,
            cookie: Vec::new(),
            former: Former::default(),
            server_random: [0; RANDOM_LENGTH],
            extended_master_secret: false,
            transcript: Vec::new(),
            was_answered: false,
            has_server_flight: false,
            next_message_seq: 0,
            expected: None,
            partials: BTreeMap::new(),
            numbers: Numbers::default(),
            write_epoch: 0,
            master_secret: None,
            keys: None,
            secret: None,
            messages: Vec::new(),
        }
    }

    /// What the next client may say once more.
    pub(super) fn former(&self) -> Former {
        Former { random: self.random, cookie: self.cookie.clone() }
    }

    /// After this client.
    pub(super) fn knowing(self, former: Former) -> Self {
        Self { former, ..self }
    }

    /// Whether the server has said what a client has to hear before it can write this: a cookie, or all of its flight.
    pub(super) fn is_ready(&self, send: &Send) -> bool {
        match &send.what {
            What::Hello(hello) => {
                matches!(hello.cookie, CookieOf::None | CookieOf::Former)
                    || !self.cookie.is_empty()
                    || hello.cookie == CookieOf::Any && self.was_answered
            }
            What::ChangeCipherSpec | What::Data | What::Alert { .. } | What::Last { .. } => true,
            _ => !send.how.counts || self.has_server_flight,
        }
    }

    /// A master secret that was not told yet.
    pub(super) fn take_secret(&mut self) -> Option<([u8; RANDOM_LENGTH], [u8; 48])> {
        self.secret.take()
    }

    /// The records of an order.
    pub(super) fn write(&mut self, send: &Send) -> Result<Vec<Vec<u8>>, Refusal> {
        let how = &send.how;
        let is_first = matches!(send.what, What::Hello(_)) && self.expected.is_none();
        let (content_type, plaintexts) = match &send.what {
            What::ChangeCipherSpec => (ContentType::ChangeCipherSpec, vec![how.body_or(vec![1])]),
            What::Data => (ContentType::ApplicationData, vec![how.body_or(Vec::new())]),
            What::Alert { level, description } => (ContentType::Alert, vec![how.body_or(vec![*level, *description])]),
            What::Last { back } => {
                let last = self.messages.iter().nth_back(back.saturating_sub(1));
                let last = last.ok_or("so many handshake messages were not sent")?;
                (ContentType::Handshake, fragments_of(last, how))
            }
            what => {
                let message = self.message(what, send)?;
                (ContentType::Handshake, fragments_of(&message, how))
            }
        };
        let epoch = how.epoch.unwrap_or(match send.what {
            What::ChangeCipherSpec => 0,
            _ => self.write_epoch,
        });
        if epoch != 0 && !how.plain {
            self.agree()?;
        }
        let usual = if is_first { ProtocolVersion::DTLS_1_0 } else { ProtocolVersion::DTLS_1_2 };
        let keys = self.keys.as_ref().map(|keys| keys.of(Sender::Client));
        let records = self.numbers.records(how, (content_type, usual, epoch), &plaintexts, keys)?;
        if send.what == What::ChangeCipherSpec && how.counts {
            self.write_epoch = 1;
        }
        Ok(records)
    }

    /// The next handshake message, entered where it counts.
    fn message(&mut self, what: &What, send: &Send) -> Result<Message, Refusal> {
        let natural = match what {
            What::Hello(order) => {
                self.was_answered = false;
                match order.random {
                    RandomOf::Same => {}
                    RandomOf::New => self.entropy.fill_bytes(&mut self.random),
                    RandomOf::Former => self.random = self.former.random,
                }
                (HandshakeType::ClientHello, self.hello(order))
            }
            What::Certificate(chain) => (HandshakeType::Certificate, certificates(chain)),
            What::KeyExchange => (HandshakeType::ClientKeyExchange, vector16(&self.identity)),
            What::Verify { key, algorithm } => (HandshakeType::CertificateVerify, self.signed(*key, *algorithm)?),
            What::Finished { wrong } => (HandshakeType::Finished, self.verify_data(*wrong)?),
            _ => (HandshakeType::from(send.how.msg_type.unwrap_or_default()), Vec::new()),
        };
        let message_seq = send.how.seq.unwrap_or(self.next_message_seq);
        let body = match (what, &send.how.body) {
            // Of a raw public key (RFC 7250 3): three octets of length before it.
            (What::Certificate(_), Some(key)) => vector24(key),
            (_, body) => body.clone().unwrap_or(natural.1),
        };
        let message = Message { msg_type: natural.0.into(), message_seq, body };
        if send.how.counts {
            self.next_message_seq = message_seq.wrapping_add(1);
            if matches!(what, What::Hello(_)) {
                self.transcript.clear();
            }
            self.enter(natural.0, message_seq, &message.body);
        }
        self.messages.push(message.clone());
        Ok(message)
    }

    fn hello(&self, order: &HelloOrder) -> Vec<u8> {
        let mut cookie = match order.cookie {
            CookieOf::None => Vec::new(),
            CookieOf::Former => self.former.cookie.clone(),
            _ => self.cookie.clone(),
        };
        match order.cookie {
            CookieOf::Wrong => cookie.iter_mut().last().into_iter().for_each(|octet| *octet ^= 1),
            CookieOf::Short => drop(cookie.pop()),
            CookieOf::Long => cookie.push(0),
            CookieOf::None | CookieOf::Given | CookieOf::Former | CookieOf::Any => {}
        }
        let version = order.version.unwrap_or(ProtocolVersion::DTLS_1_2.0);
        let mut body = version.to_be_bytes().to_vec();
        body.extend(self.random);
        body.extend(vector8(order.session_id.as_deref().unwrap_or_default()));
        body.extend(vector8(&cookie));
        body.extend(vector16(order.suites.as_deref().unwrap_or(&SUITES)));
        body.extend(vector8(order.compression.as_deref().unwrap_or(&[0])));
        match order.extensions.as_deref() {
            Some([]) => {}
            extensions => body.extend(vector16(extensions.unwrap_or(&EXTENSIONS))),
        }
        body
    }

    /// CertificateVerify: over all messages before it (RFC 5246 7.4.8).
    fn signed(&self, key: Option<[u8; 32]>, algorithm: u16) -> Result<Vec<u8>, Refusal> {
        let signature = match key {
            None => vec![0; 70],
            Some(key) => {
                let key = SigningKey::from_scalar(&key).map_err(|error| error.to_string())?;
                key.sign(&self.hash()).ok_or("the key does not sign")?
            }
        };
        let mut body = algorithm.to_be_bytes().to_vec();
        body.extend(vector16(&signature));
        Ok(body)
    }

    fn verify_data(&mut self, wrong: bool) -> Result<Vec<u8>, Refusal> {
        self.agree()?;
        let hash = self.hash();
        let secret = self.master_secret.as_ref().ok_or("there are no keys")?;
        let mut verify_data = secret.verify_data(Sender::Client, &hash).to_vec();
        if wrong {
            spoil(&mut verify_data);
        }
        Ok(verify_data)
    }

    fn hash(&self) -> [u8; 32] {
        Sha256::digest(&self.transcript).into()
    }

    /// The keys, from what was said until the first of them is needed: ClientKeyExchange, as a right client has it.
    fn agree(&mut self) -> Result<(), Refusal> {
        if self.keys.is_some() {
            return Ok(());
        }
        let premaster = psk_premaster_secret(&self.psk).map_err(|error| error.to_string())?;
        let secret = if self.extended_master_secret {
            MasterSecret::derive_extended(&premaster, &self.hash())
        } else {
            MasterSecret::derive(&premaster, &self.random, &self.server_random)
        };
        self.keys = Some(secret.key_block(&self.random, &self.server_random));
        self.secret = Some((self.random, *secret.octets()));
        self.master_secret = Some(secret);
        Ok(())
    }

    fn enter(&mut self, msg_type: HandshakeType, message_seq: u16, body: &[u8]) {
        self.transcript.extend(message_bytes(msg_type, message_seq, body).unwrap_or_default());
    }

    /// Learns what the server says in the clear.
    pub(super) fn receive(&mut self, datagram: &[u8]) {
        self.was_answered = true;
        let clear = records(datagram)
            .flatten()
            .filter(|record| record.header.epoch == 0 && record.header.content_type == ContentType::Handshake);
        for record in clear {
            for fragment in fragments(record.fragment).unwrap_or_default() {
                let header = fragment.header;
                let begins = matches!(header.msg_type, HandshakeType::HelloVerifyRequest | HandshakeType::ServerHello);
                if !begins && self.expected.is_none_or(|expected| header.message_seq < expected) {
                    continue;
                }
                let partial = self.partials.entry(header.message_seq).or_insert_with(|| Partial::of(&header));
                partial.take(&fragment);
                self.take_whole(header.message_seq);
            }
        }
    }

    fn take_whole(&mut self, arrived: u16) {
        let begins = |partial: &Partial| {
            matches!(partial.msg_type, HandshakeType::HelloVerifyRequest | HandshakeType::ServerHello)
        };
        // A server that begins says from where it counts (RFC 6347 4.2.2); the same ServerHello once more is a repetition.
        let mut next = match (self.expected, self.partials.get(&arrived)) {
            (_, Some(partial)) if begins(partial) => {
                if partial.is_whole() && partial.body.get(2..2 + RANDOM_LENGTH) == Some(&self.server_random) {
                    self.partials.remove(&arrived);
                    return;
                }
                arrived
            }
            (Some(expected), _) => expected,
            (None, _) => return,
        };
        while self.partials.get(&next).is_some_and(Partial::is_whole) {
            let Some(Partial { msg_type, body, .. }) = self.partials.remove(&next) else { return };
            self.on_message(msg_type, next, &body);
            next = next.wrapping_add(1);
            self.expected = Some(next);
        }
    }

    fn on_message(&mut self, msg_type: HandshakeType, message_seq: u16, body: &[u8]) {
        match msg_type {
            HandshakeType::HelloVerifyRequest => {
                if let Ok(request) = HelloVerifyRequest::parse(body) {
                    self.cookie = request.cookie;
                }
            }
            HandshakeType::ServerHello => {
                let Ok(hello) = ServerHello::parse(body) else { return };
                self.server_random = hello.random;
                self.extended_master_secret = hello.extension(ExtensionType::EXTENDED_MASTER_SECRET).is_some();
                self.enter(msg_type, message_seq, body);
            }
            _ if self.expected.is_some_and(|expected| message_seq >= expected) => {
                self.enter(msg_type, message_seq, body);
                self.has_server_flight |= msg_type == HandshakeType::ServerHelloDone;
            }
            _ => {}
        }
    }
}
