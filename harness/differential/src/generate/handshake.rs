//! DTLS handshakes of every key exchange that the dissector reads: all messages, extensions and record types, whole and in
//! fragments. Points, signatures and tickets are random octets: nobody computes with them. Sessions
//! with a pre-shared key and AES-128-CCM can be decrypted.

use wire::ccm;
use wire::dtls::{HandshakeHeader, Record, RecordHeader, additional_data};
use wire::tls::{
    CipherSuite, ClientHello, ContentType, Extension, ExtensionType, HandshakeType, HelloVerifyRequest, MasterSecret,
    ProtocolVersion, ServerHello, WriteKeys, nonce, psk_premaster_secret,
};

use super::Rng;
use crate::PSK;

/// A self-signed certificate of OpenSSL for a P-256 key.
const CERTIFICATE: &[u8] = include_bytes!("../../data/certificate.der");
/// The name `CN=dut` in DER, as in that certificate.
const NAME: &[u8] = b"\x30\x0e\x31\x0c\x30\x0a\x06\x03\x55\x04\x03\x0c\x03dut";
/// Where the SubjectPublicKeyInfo of a P-256 key starts (RFC 5480).
const P256_KEY_INFO: &[u8] =
    b"\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x03\x42\x00";

const VERSION: ProtocolVersion = ProtocolVersion(0xfefd);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Psk,
    Chain,
    RawKey,
    EcJpake,
    /// A suite whose key exchange nobody reads without its ServerHello.
    Other,
}

/// One side of a handshake: its sequence numbers and the datagram in the making.
#[derive(Default)]
struct Side {
    message_seq: u16,
    sequence_number: u64,
    datagram: Vec<u8>,
    /// Keys of a session that both dissectors can open, and the octets of its MAC.
    keys: Option<(WriteKeys, usize)>,
}

impl Side {
    fn record(&mut self, content_type: ContentType, epoch: u16, fragment: &[u8]) {
        let sequence_number = self.sequence_number;
        self.sequence_number += 1;
        let header = RecordHeader { content_type, version: VERSION, epoch, sequence_number, length: 0 };
        Record { header, fragment }.emit(&mut self.datagram).unwrap();
    }

    /// A record of epoch 1, whose octets are random if nobody has the keys (RFC 6655 3).
    fn protected(&mut self, content_type: ContentType, plaintext: &[u8], rng: &mut Rng) {
        let Some((keys, mac_length)) = &self.keys else {
            let octets = rng.bytes(plaintext.len() as u64 + 16, plaintext.len() as u64 + 16);
            return self.record(content_type, 1, &octets);
        };
        let sequence_number = self.sequence_number;
        let header = RecordHeader { content_type, version: VERSION, epoch: 1, sequence_number, length: 0 };
        let explicit = header.epoch_and_sequence_number().to_be_bytes();
        let aad = additional_data(&header, plaintext.len() as u16);
        let sealed = ccm::seal(&keys.key, &nonce(&keys.iv, &explicit), &aad, plaintext, *mac_length).unwrap();
        self.record(content_type, 1, &[&explicit[..], &sealed].concat());
    }

    /// A message in records with at most `most` octets of it each.
    fn message(&mut self, rng: &mut Rng, msg_type: HandshakeType, body: &[u8], most: usize) {
        // Behind a damaged hello nobody knows what the other messages mean.
        let is_hello = matches!(msg_type, HandshakeType::ClientHello | HandshakeType::ServerHello);
        let stays = !rng.does_harm() || is_hello && rng.below(6) > 0;
        let body = if stays { body.to_vec() } else { rng.harm(body.to_vec()) };
        let message_seq = self.message_seq;
        self.message_seq += 1;
        let length = body.len() as u32;
        let mut offset = 0;
        loop {
            let piece = &body[offset..body.len().min(offset + most)];
            let (fragment_offset, fragment_length) = (offset as u32, piece.len() as u32);
            let mut fragment = Vec::new();
            HandshakeHeader { msg_type, length, message_seq, fragment_offset, fragment_length }.emit(&mut fragment);
            fragment.extend(piece);
            self.record(ContentType::Handshake, 0, &fragment);
            offset += piece.len();
            if offset == body.len() {
                return;
            }
        }
    }
}

fn vector8(value: &[u8]) -> Vec<u8> {
    [&[value.len() as u8], value].concat()
}

fn vector16(value: &[u8]) -> Vec<u8> {
    [&(value.len() as u16).to_be_bytes(), value].concat()
}

fn vector24(value: &[u8]) -> Vec<u8> {
    [&(value.len() as u32).to_be_bytes()[1..], value].concat()
}

impl Rng {
    /// UDP payloads of a handshake in order, each with whether the client sent it.
    pub fn handshake(&mut self) -> Vec<(bool, Vec<u8>)> {
        let kind = self.pick(&[Kind::Psk, Kind::Chain, Kind::RawKey, Kind::EcJpake, Kind::Other]);
        let suite = CipherSuite(match kind {
            Kind::Psk => self.pick(&[0xc0a8, 0xc0a4, 0xc0a9, 0x00ae]),
            Kind::Chain | Kind::RawKey => self.pick(&[0xc0ae, 0xc0ac, 0xc0af, 0xc02b]),
            Kind::EcJpake => 0xc0ff,
            Kind::Other => self.pick(&[0x002f, 0x1301]),
        });
        // At most so many octets of a message in a record; most messages are whole.
        let most = if self.below(3) == 0 { 40 + self.below(100) as usize } else { usize::MAX };
        let (mut client, mut server) = (Side::default(), Side::default());
        let mut datagrams = Vec::new();
        let mut hello = self.client_hello(kind, suite);
        let mut body = Vec::new();
        hello.emit(&mut body).unwrap();
        client.message(self, HandshakeType::ClientHello, &body, usize::MAX);
        datagrams.push((true, core::mem::take(&mut client.datagram)));
        hello.cookie = Some(self.bytes(1, 32));
        let mut body = Vec::new();
        HelloVerifyRequest { version: VERSION, cookie: hello.cookie.clone().unwrap_or_default() }
            .emit(&mut body)
            .unwrap();
        server.message(self, HandshakeType::HelloVerifyRequest, &body, usize::MAX);
        datagrams.push((false, core::mem::take(&mut server.datagram)));
        let mut body = Vec::new();
        hello.emit(&mut body).unwrap();
        client.message(self, HandshakeType::ClientHello, &body, most);
        datagrams.push((true, core::mem::take(&mut client.datagram)));
        let random = core::array::from_fn(|_| self.u8());
        self.server_flight(&mut server, kind, suite, random, most);
        datagrams.push((false, core::mem::take(&mut server.datagram)));
        let mac_length = if suite.0 == 0xc0a4 { 16 } else { 8 };
        if matches!(suite.0, 0xc0a4 | 0xc0a8) {
            let premaster = psk_premaster_secret(&hex::decode(PSK).unwrap()).unwrap();
            let keys = MasterSecret::derive(&premaster, &hello.random, &random).key_block(&hello.random, &random);
            client.keys = Some((keys.client, mac_length));
            server.keys = Some((keys.server, mac_length));
        }
        self.client_flight(&mut client, kind, most);
        datagrams.push((true, core::mem::take(&mut client.datagram)));
        if self.chance() {
            let ticket = [&self.u32().to_be_bytes()[..], &vector16(&self.bytes(1, 80))].concat();
            server.message(self, HandshakeType::NewSessionTicket, &ticket, most);
        }
        self.end(&mut server);
        datagrams.push((false, core::mem::take(&mut server.datagram)));
        for side in [true, false] {
            let sender = if side { &mut client } else { &mut server };
            let message = self.coap();
            sender.protected(ContentType::ApplicationData, &message, self);
            sender.protected(ContentType::Alert, &[self.pick(&[1, 2]), self.pick(&[0, 10, 80, 100])], self);
            datagrams.push((side, core::mem::take(&mut sender.datagram)));
        }
        datagrams
    }

    fn server_flight(&mut self, server: &mut Side, kind: Kind, suite: CipherSuite, random: [u8; 32], most: usize) {
        let hello = ServerHello {
            version: VERSION,
            random,
            session_id: self.bytes(0, 32),
            cipher_suite: suite,
            compression_method: 0,
            extensions: self.server_extensions(kind),
        };
        let mut body = Vec::new();
        hello.emit(&mut body).unwrap();
        server.message(self, HandshakeType::ServerHello, &body, most);
        if matches!(kind, Kind::Chain | Kind::RawKey) {
            let body = self.certificate(kind);
            server.message(self, HandshakeType::Certificate, &body, most);
        }
        let body = match kind {
            Kind::Psk => vector16(self.word().as_bytes()),
            Kind::Chain | Kind::RawKey => {
                let point = self.bytes(65, 65);
                [&[3, 0, 23], &vector8(&point)[..], &self.signature()].concat()
            }
            Kind::EcJpake => [&[3, 0, 23], &self.key_kp()[..]].concat(),
            Kind::Other => Vec::new(),
        };
        if kind != Kind::Other {
            server.message(self, HandshakeType::ServerKeyExchange, &body, most);
        }
        if matches!(kind, Kind::Chain | Kind::RawKey) {
            let names = if self.chance() { vector16(NAME) } else { Vec::new() };
            let body = [&[2, 1, 64], &self.signature_algorithms()[..], &vector16(&names)].concat();
            server.message(self, HandshakeType::CertificateRequest, &body, most);
        }
        server.message(self, HandshakeType::ServerHelloDone, &[], most);
    }

    fn client_flight(&mut self, client: &mut Side, kind: Kind, most: usize) {
        if matches!(kind, Kind::Chain | Kind::RawKey) {
            let body = self.certificate(kind);
            client.message(self, HandshakeType::Certificate, &body, most);
        }
        let body = match kind {
            Kind::Psk => vector16(self.word().as_bytes()),
            Kind::Chain | Kind::RawKey => vector8(&self.bytes(65, 65)),
            Kind::EcJpake => self.key_kp(),
            Kind::Other => Vec::new(),
        };
        if kind != Kind::Other {
            client.message(self, HandshakeType::ClientKeyExchange, &body, most);
        }
        if matches!(kind, Kind::Chain | Kind::RawKey) {
            let body = self.signature();
            client.message(self, HandshakeType::CertificateVerify, &body, most);
        }
        self.end(client);
    }

    /// ChangeCipherSpec and a Finished with any verify_data.
    fn end(&mut self, side: &mut Side) {
        side.record(ContentType::ChangeCipherSpec, 0, &[1]);
        side.sequence_number = 0;
        let (message_seq, length) = (side.message_seq, 12);
        let (fragment_offset, fragment_length) = (0, length);
        let mut finished = Vec::new();
        let msg_type = HandshakeType::Finished;
        HandshakeHeader { msg_type, length, message_seq, fragment_offset, fragment_length }.emit(&mut finished);
        finished.extend(self.bytes(12, 12));
        side.protected(ContentType::Handshake, &finished, self);
    }

    fn certificate(&mut self, kind: Kind) -> Vec<u8> {
        if kind == Kind::RawKey {
            let point = [&[4], &self.bytes(64, 64)[..]].concat();
            return vector24(&[P256_KEY_INFO, &point].concat());
        }
        let chain: Vec<u8> = (0..self.below(3)).flat_map(|_| vector24(CERTIFICATE)).collect();
        vector24(&chain)
    }

    /// Algorithm and signature.
    fn signature(&mut self) -> Vec<u8> {
        [&[4, 3], &vector16(&self.bytes(70, 72))[..]].concat()
    }

    fn signature_algorithms(&mut self) -> Vec<u8> {
        let algorithms: Vec<u8> =
            (0..1 + self.below(4)).flat_map(|_| self.pick(&[[4, 3], [5, 3], [4, 1], [8, 4]])).collect();
        vector16(&algorithms)
    }

    /// An EC-JPAKE share with its proof.
    fn key_kp(&mut self) -> Vec<u8> {
        [vector8(&self.bytes(65, 65)), vector8(&self.bytes(65, 65)), vector8(&self.bytes(31, 32))].concat()
    }

    fn client_hello(&mut self, kind: Kind, suite: CipherSuite) -> ClientHello {
        ClientHello {
            version: VERSION,
            random: core::array::from_fn(|_| self.u8()),
            session_id: self.bytes(0, 32),
            cookie: Some(Vec::new()),
            cipher_suites: vec![suite, CipherSuite(0x00ff)],
            compression_methods: vec![0],
            extensions: self.client_extensions(kind),
        }
    }

    fn client_extensions(&mut self, kind: Kind) -> Vec<Extension> {
        let mut all = vec![
            (10, vector16(&[0, 23, 0, 24])),
            (11, vector8(&[0])),
            (13, self.signature_algorithms()),
            (23, Vec::new()),
            (0xff01, vector8(&[])),
        ];
        if kind == Kind::RawKey {
            all.push((19, vector8(&[2, 0])));
            all.push((20, vector8(&[2])));
        }
        if kind == Kind::EcJpake {
            let pair = [self.key_kp(), self.key_kp()].concat();
            all.push((256, pair));
        }
        let name = self.word();
        let host = [&[0], &vector16(name.as_bytes())[..]].concat();
        let protocols = [vector8(self.word().as_bytes()), vector8(self.word().as_bytes())].concat();
        let mut others = vec![
            (0, vector16(&host)),
            (1, vec![self.pick(&[1, 2, 3, 4])]),
            (5, vec![1, 0, 0, 0, 0]),
            (14, [vector16(&[0, 1, 0, 2]), vector8(&self.bytes(0, 4))].concat()),
            (15, vec![self.pick(&[1, 2])]),
            (16, vector16(&protocols)),
            (21, vec![0; 1 + self.below(20) as usize]),
            (22, Vec::new()),
            (28, vec![0x02, self.u8()]),
            (35, self.bytes(0, 40)),
            (43, vector8(&[0xfe, 0xfd])),
            (54, vector8(&self.bytes(0, 8))),
            (0x0a0a, self.bytes(0, 9)),
        ];
        // Three of the others in any hello, so that it still fits a packet.
        for _ in 0..3 {
            let index = self.below(others.len() as u64) as usize;
            all.push(others.swap_remove(index));
        }
        self.extensions(all)
    }

    fn server_extensions(&mut self, kind: Kind) -> Vec<Extension> {
        let mut all = vec![(11, vector8(&[0])), (0xff01, vector8(&self.bytes(0, 12)))];
        // The master secret of a session with a pre-shared key is derived without it.
        if kind != Kind::Psk && self.chance() {
            all.push((23, Vec::new()));
        }
        if kind == Kind::RawKey {
            all.push((19, vec![2]));
            all.push((20, vec![2]));
        }
        if kind == Kind::EcJpake {
            let pair = [self.key_kp(), self.key_kp()].concat();
            all.push((256, pair));
        }
        match self.below(5) {
            0 => all.push((0, Vec::new())),
            1 => all.push((5, Vec::new())),
            2 => all.push((35, Vec::new())),
            3 => all.push((16, vector16(&vector8(self.word().as_bytes())))),
            _ => all.push((54, vector8(&self.bytes(0, 8)))),
        }
        self.extensions(all)
    }

    fn extensions(&mut self, all: Vec<(u16, Vec<u8>)>) -> Vec<Extension> {
        let extension = |(number, data)| Extension { extension_type: ExtensionType(number), data: self.value(data) };
        all.into_iter().map(extension).collect()
    }
}
