//! What a server knows of one handshake: numbers, transcript, keys, the last request; and how it writes a message down (RFC 6347 4).

use std::collections::BTreeMap;

use protocols::Entropy;
use protocols::credentials::SigningKey;
use rand_core::Rng;
use sha2::{Digest, Sha256};
use wire::coap;
use wire::dtls::{Record, fragments, message_bytes, open, records};
use wire::tls::{
    ClientHello, ContentType, ExtensionType, HandshakeType, KeyBlock, MasterSecret, ProtocolVersion, RANDOM_LENGTH,
    Sender, Transport, psk_premaster_secret,
};

use super::order::Send;
use super::what::{CoapOrder, HelloOrder, KeyExchangeOrder, MessageId, TokenOf, What};
use crate::dtls_writing::{Message, Numbers, Partial, certificates, fragments_of, spoil, vector8, vector16, vector24};
use crate::machine::Refusal;

/// `extended_master_secret`, empty.
const EXTENSIONS: [u8; 4] = [0x00, 0x17, 0x00, 0x00];

/// Signed by ECDSA with P-256 and SHA-256, of a certificate or a raw key; by anybody (RFC 5246 7.4.4).
const CERTIFICATE_REQUEST: [u8; 8] = [1, 64, 0, 2, 4, 3, 0, 0];

/// One session.
pub(super) struct Session {
    psk: Vec<u8>,
    entropy: Entropy,
    client_random: [u8; RANDOM_LENGTH],
    offers_extended_master_secret: bool,
    /// Of the last ClientHello's record: the answer bears it (RFC 6347 4.2.1).
    record_of_hello: u64,
    /// A ClientHello came that neither a cookie nor a ServerHello answered.
    has_open_hello: bool,
    random: [u8; RANDOM_LENGTH],
    extended_master_secret: bool,
    transcript: Vec<u8>,
    /// The hash of the messages until ClientKeyExchange.
    session_hash: Option<[u8; 32]>,
    has_client_finished: bool,
    next_message_seq: u16,
    /// The client's.
    expected: u16,
    partials: BTreeMap<u16, Partial>,
    numbers: Numbers,
    write_epoch: u16,
    keys: Option<(MasterSecret, KeyBlock)>,
    secret: Option<([u8; RANDOM_LENGTH], [u8; 48])>,
    messages: Vec<Message>,
    /// The last request: its message ID and token.
    request: Option<(u16, Vec<u8>)>,
    has_open_request: bool,
    /// The last message ID of its own.
    message_id: u16,
}

/// The random of a datagram's ClientHello, if one begins in it.
pub(super) fn random_of_hello(datagram: &[u8]) -> Option<[u8; RANDOM_LENGTH]> {
    let record = records(datagram).flatten().find(|record| is_clear_handshake(record))?;
    let fragment = *fragments(record.fragment).ok()?.first()?;
    let is_start = fragment.header.msg_type == HandshakeType::ClientHello && fragment.header.fragment_offset == 0;
    fragment.body.get(2..2 + RANDOM_LENGTH).filter(|_| is_start)?.try_into().ok()
}

fn is_clear_handshake(record: &Record<'_>) -> bool {
    record.header.epoch == 0 && record.header.content_type == ContentType::Handshake
}

impl Session {
    pub(super) fn new(client_random: [u8; RANDOM_LENGTH], psk: Vec<u8>, mut entropy: Entropy) -> Self {
        let mut random = [0; RANDOM_LENGTH];
        entropy.fill_bytes(&mut random);
        let [low, high, ..] = entropy.next_u32().to_le_bytes();
        Self {
            psk,
            entropy,
            client_random,
            offers_extended_master_secret: false,
            record_of_hello: 0,
            has_open_hello: false,
            random,
            extended_master_secret: false,
            transcript: Vec::new(),
            session_hash: None,
            has_client_finished: false,
            next_message_seq: 0,
            expected: 0,
            partials: BTreeMap::new(),
            numbers: Numbers::default(),
            write_epoch: 0,
            keys: None,
            secret: None,
            messages: Vec::new(),
            request: None,
            has_open_request: false,
            message_id: u16::from_le_bytes([low, high]),
        }
    }

    /// Whether it is with the client of this random.
    pub(super) fn is_of(&self, client_random: &[u8; RANDOM_LENGTH]) -> bool {
        self.client_random == *client_random
    }

    /// Whether the client has said what a server has to hear before it can write this.
    pub(super) fn is_ready(&self, send: &Send) -> bool {
        match &send.what {
            What::VerifyRequest { .. } | What::Hello(_) => self.has_open_hello || !send.how.counts,
            What::ChangeCipherSpec | What::Finished { .. } => self.has_client_finished || !send.how.counts,
            What::Coap(coap) => self.has_open_request || self.request.is_some() && !coap.is_for_next,
            _ => true,
        }
    }

    /// A master secret that was not told yet.
    pub(super) fn take_secret(&mut self) -> Option<([u8; RANDOM_LENGTH], [u8; 48])> {
        self.secret.take()
    }

    /// The records of an order.
    pub(super) fn write(&mut self, send: &Send) -> Result<Vec<Vec<u8>>, Refusal> {
        let how = &send.how;
        let (content_type, plaintexts) = match &send.what {
            What::ChangeCipherSpec => (ContentType::ChangeCipherSpec, vec![how.body_or(vec![1])]),
            What::Data => (ContentType::ApplicationData, vec![how.body_or(Vec::new())]),
            What::Coap(order) => {
                let message = self.coap(order)?;
                (ContentType::ApplicationData, vec![how.body_or(message)])
            }
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
        let is_before = matches!(send.what, What::VerifyRequest { .. });
        let usual = if is_before { ProtocolVersion::DTLS_1_0 } else { ProtocolVersion::DTLS_1_2 };
        let keys = self.keys.as_ref().map(|(_, keys)| keys.of(Sender::Server));
        let records = self.numbers.records(how, (content_type, usual, epoch), &plaintexts, keys)?;
        if send.what == What::ChangeCipherSpec && how.counts {
            self.write_epoch = 1;
        }
        Ok(records)
    }

    /// The next handshake message, entered where it counts.
    fn message(&mut self, what: &What, send: &Send) -> Result<Message, Refusal> {
        if matches!(what, What::VerifyRequest { .. } | What::Hello(_)) {
            self.has_open_hello = false;
            self.numbers.raise(0, self.record_of_hello);
        }
        let (msg_type, natural) = match what {
            What::VerifyRequest { cookie, version } => {
                (HandshakeType::HelloVerifyRequest, [version.to_be_bytes().to_vec(), vector8(cookie)].concat())
            }
            What::Hello(order) => (HandshakeType::ServerHello, self.hello(order)),
            What::Certificate { chain, raw_key } => {
                // Of a raw public key (RFC 7250 3): three octets of length before it.
                let raw = raw_key.as_deref().map(vector24);
                (HandshakeType::Certificate, raw.unwrap_or_else(|| certificates(chain)))
            }
            What::Hint(hint) => (HandshakeType::ServerKeyExchange, vector16(hint)),
            What::KeyExchange(order) => (HandshakeType::ServerKeyExchange, self.key_exchange(order)?),
            What::CertificateRequest => (HandshakeType::CertificateRequest, CERTIFICATE_REQUEST.to_vec()),
            What::Done => (HandshakeType::ServerHelloDone, Vec::new()),
            What::Finished { wrong } => (HandshakeType::Finished, self.verify_data(*wrong)?),
            _ => (HandshakeType::from(send.how.msg_type.unwrap_or_default()), Vec::new()),
        };
        let message_seq = send.how.seq.unwrap_or(self.next_message_seq);
        let body = send.how.body_or(natural);
        let message = Message { msg_type: msg_type.into(), message_seq, body };
        if send.how.counts {
            self.next_message_seq = message_seq.wrapping_add(1);
            // Neither is hashed (RFC 6347 4.2.1, RFC 5246 7.4.1.1).
            if !matches!(msg_type, HandshakeType::HelloVerifyRequest | HandshakeType::HelloRequest) {
                self.enter(msg_type, message_seq, &message.body);
            }
        }
        self.messages.push(message.clone());
        Ok(message)
    }

    fn hello(&mut self, order: &HelloOrder) -> Vec<u8> {
        if order.new_random {
            self.entropy.fill_bytes(&mut self.random);
        }
        let natural = if self.offers_extended_master_secret { EXTENSIONS.to_vec() } else { Vec::new() };
        let extensions = order.extensions.clone().unwrap_or(natural);
        self.extended_master_secret = extensions.starts_with(&EXTENSIONS);
        let mut body = order.version.to_be_bytes().to_vec();
        body.extend(self.random);
        body.extend(vector8(&order.session_id));
        body.extend(order.suite.to_be_bytes());
        body.push(order.compression);
        if !extensions.is_empty() {
            body.extend(vector16(&extensions));
        }
        body
    }

    /// ECDHE parameters of a named curve, and the signature over both randoms and them (RFC 8422 5.4).
    fn key_exchange(&self, order: &KeyExchangeOrder) -> Result<Vec<u8>, Refusal> {
        let key = SigningKey::from_scalar(&order.key).map_err(|error| error.to_string())?;
        let mut parameters = vec![3];
        parameters.extend(order.curve.to_be_bytes());
        parameters.extend(vector8(&order.point.clone().unwrap_or_else(|| key.public_key().point())));
        let mut signed = [self.client_random.as_slice(), &self.random, &parameters].concat();
        if order.wrong {
            signed.push(0);
        }
        let signature = key.sign(&Sha256::digest(&signed).into()).ok_or("the key does not sign")?;
        parameters.extend(order.algorithm.to_be_bytes());
        parameters.extend(vector16(&signature));
        Ok(parameters)
    }

    fn verify_data(&self, wrong: bool) -> Result<Vec<u8>, Refusal> {
        let (secret, _) = self.keys.as_ref().ok_or("there are no keys")?;
        let mut verify_data = secret.verify_data(Sender::Server, &self.hash()).to_vec();
        if wrong {
            spoil(&mut verify_data);
        }
        Ok(verify_data)
    }

    /// A CoAP message as the order has it (RFC 7252 3).
    fn coap(&mut self, order: &CoapOrder) -> Result<Vec<u8>, Refusal> {
        let (request, token) = self.request.clone().ok_or("no request came")?;
        self.has_open_request = false;
        let is_of_the_request = matches!(order.message_type, 2 | 3);
        let message_id = match order.message_id {
            MessageId::Natural if is_of_the_request => request,
            MessageId::Natural => {
                self.message_id = self.message_id.wrapping_add(1);
                self.message_id
            }
            MessageId::Same => request,
            MessageId::Next => request.wrapping_add(1),
            MessageId::Last => self.message_id,
        };
        let mut token = match order.token {
            TokenOf::None => Vec::new(),
            // An empty message has none.
            _ if order.code == 0 => Vec::new(),
            TokenOf::Same | TokenOf::Wrong => token,
        };
        if order.token == TokenOf::Wrong {
            token.iter_mut().last().into_iter().for_each(|octet| *octet ^= 1);
        }
        let mut message = vec![0x40 | order.message_type << 4 | token.len() as u8, order.code];
        message.extend(message_id.to_be_bytes());
        message.extend(token);
        message.extend(&order.options);
        if !order.payload.is_empty() {
            message.push(0xff);
            message.extend(&order.payload);
        }
        Ok(message)
    }

    fn hash(&self) -> [u8; 32] {
        Sha256::digest(&self.transcript).into()
    }

    fn enter(&mut self, msg_type: HandshakeType, message_seq: u16, body: &[u8]) {
        self.transcript.extend(message_bytes(msg_type, message_seq, body).unwrap_or_default());
    }

    /// The keys, from ClientKeyExchange on, which is where the hash of the session ends (RFC 7627 3).
    fn agree(&mut self) {
        let Some(session_hash) = self.session_hash else { return };
        let Ok(premaster) = psk_premaster_secret(&self.psk) else { return };
        let secret = if self.extended_master_secret {
            MasterSecret::derive_extended(&premaster, &session_hash)
        } else {
            MasterSecret::derive(&premaster, &self.client_random, &self.random)
        };
        let keys = secret.key_block(&self.client_random, &self.random);
        self.secret = Some((self.client_random, *secret.octets()));
        self.keys = Some((secret, keys));
    }

    /// Learns what the client says, what it protects included.
    pub(super) fn receive(&mut self, datagram: &[u8]) {
        for record in records(datagram).flatten() {
            if record.header.epoch == 0 {
                if is_clear_handshake(&record) {
                    self.take_handshake(record.header.sequence_number, record.fragment);
                }
                continue;
            }
            let Some((_, keys)) = &self.keys else { continue };
            let Ok(plaintext) = open(keys.of(Sender::Client), &record.header, record.fragment) else { continue };
            match record.header.content_type {
                ContentType::Handshake => self.take_handshake(record.header.sequence_number, &plaintext),
                ContentType::ApplicationData => self.take_coap(&plaintext),
                _ => {}
            }
        }
    }

    fn take_handshake(&mut self, record: u64, plaintext: &[u8]) {
        for fragment in fragments(plaintext).unwrap_or_default() {
            let header = fragment.header;
            // A ClientHello that comes once more wants its answer once more.
            if header.msg_type == HandshakeType::ClientHello {
                self.record_of_hello = record;
            }
            if header.message_seq < self.expected {
                continue;
            }
            self.partials.entry(header.message_seq).or_insert_with(|| Partial::of(&header)).take(&fragment);
        }
        while self.partials.get(&self.expected).is_some_and(Partial::is_whole) {
            let Some(Partial { msg_type, body, .. }) = self.partials.remove(&self.expected) else { return };
            self.on_message(msg_type, self.expected, &body);
            self.expected = self.expected.wrapping_add(1);
        }
    }

    fn on_message(&mut self, msg_type: HandshakeType, message_seq: u16, body: &[u8]) {
        if msg_type == HandshakeType::ClientHello {
            // The one with the cookie is the first of the transcript (RFC 6347 4.2.1).
            self.transcript.clear();
            self.has_open_hello = true;
            let extension = ExtensionType::EXTENDED_MASTER_SECRET;
            let hello = ClientHello::parse(Transport::Datagram, body);
            self.offers_extended_master_secret = hello.is_ok_and(|hello| hello.extension(extension).is_some());
        }
        self.enter(msg_type, message_seq, body);
        match msg_type {
            HandshakeType::ClientKeyExchange => {
                self.session_hash = Some(self.hash());
                self.agree();
            }
            HandshakeType::Finished => self.has_client_finished = true,
            _ => {}
        }
    }

    fn take_coap(&mut self, message: &[u8]) {
        let Ok(message) = coap::Message::parse(message) else { return };
        if message.code.is_request() {
            let is_new = self.request.as_ref().is_none_or(|(message_id, _)| *message_id != message.message_id);
            self.has_open_request |= is_new;
            self.request = Some((message.message_id, message.token.as_slice().to_vec()));
        }
    }
}
