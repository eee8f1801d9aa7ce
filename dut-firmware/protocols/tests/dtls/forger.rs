//! A peer with the right keys that says whatever a test wants, in any order, epoch and form: what checks of the engine
//! keep out when all the cryptography is right.

use bootrack_protocols::dtls::Output;
use p256::{PublicKey, SecretKey};
use sha2::{Digest, Sha256};
use wire::dtls::{Record, RecordHeader, fragments, message_bytes, open, records, seal};
use wire::tls::{
    Alert, CipherSuite, ClientHello, ContentType, EcdheServerKeyExchange, Extension, Handshake, HandshakeType,
    KeyBlock, KeyExchange, MasterSecret, ProtocolVersion, Sender, ServerHello, Transport, psk_premaster_secret,
};

use super::alerts::hello;
use super::channel::{IDENTITY, KEY, World};

/// The other end of one of our machines.
pub(crate) struct Forger {
    side: Sender,
    /// All messages in the clear, and Finished, as they enter the handshake hash.
    transcript: Vec<u8>,
    randoms: [[u8; 32]; 2],
    secrets: Option<(MasterSecret, KeyBlock)>,
    pub(crate) message_seq: u16,
    /// The next record of each epoch.
    pub(crate) numbers: [u64; 2],
    /// What the other side said in the clear.
    pub(crate) heard: Vec<(HandshakeType, Vec<u8>)>,
    /// Alerts of the other side.
    pub(crate) alerts: Vec<Alert>,
}

impl Forger {
    pub(crate) fn new(side: Sender) -> Self {
        Self {
            side,
            transcript: Vec::new(),
            randoms: [[3; 32], [4; 32]],
            secrets: None,
            message_seq: 0,
            numbers: [0; 2],
            heard: Vec::new(),
            alerts: Vec::new(),
        }
    }

    /// A record as this side protects it.
    pub(crate) fn sealed(&self, header: RecordHeader, plaintext: &[u8]) -> Vec<u8> {
        let fragment = match &self.secrets {
            Some((_, keys)) if header.epoch > 0 => seal(keys.of(self.side), &header, plaintext).unwrap(),
            _ => plaintext.to_vec(),
        };
        let mut datagram = Vec::new();
        Record { header, fragment: &fragment }.emit(&mut datagram).unwrap();
        datagram
    }

    /// The next record of this epoch.
    pub(crate) fn record(&mut self, epoch: u16, content_type: ContentType, plaintext: &[u8]) -> Vec<u8> {
        let number = &mut self.numbers[usize::from(epoch)];
        let version = ProtocolVersion::DTLS_1_2;
        let header = RecordHeader { content_type, version, epoch, sequence_number: *number, length: 0 };
        *number += 1;
        self.sealed(header, plaintext)
    }

    /// The next handshake message, which enters the hash.
    pub(crate) fn message(&mut self, epoch: u16, message: &Handshake) -> Vec<u8> {
        let mut body = Vec::new();
        message.emit(&mut body).unwrap();
        let bytes = message_bytes(message.msg_type(), self.message_seq, &body).unwrap();
        self.message_seq += 1;
        if *message != Handshake::HelloRequest {
            self.transcript.extend(&bytes);
        }
        self.record(epoch, ContentType::Handshake, &bytes)
    }

    pub(crate) fn change_cipher_spec(&mut self) -> Vec<u8> {
        self.record(0, ContentType::ChangeCipherSpec, &[1])
    }

    pub(crate) fn data(&mut self, data: &[u8]) -> Vec<u8> {
        self.record(1, ContentType::ApplicationData, data)
    }

    pub(crate) fn hash(&self) -> [u8; 32] {
        Sha256::digest(&self.transcript).into()
    }

    /// The Finished that is right at this point.
    pub(crate) fn finished(&self) -> Handshake {
        let (master_secret, _) = self.secrets.as_ref().unwrap();
        Handshake::Finished(master_secret.verify_data(self.side, &self.hash()))
    }

    /// Without an extended master secret.
    pub(crate) fn derive(&mut self, premaster_secret: &[u8]) {
        let [client, server] = &self.randoms;
        let master_secret = MasterSecret::derive(premaster_secret, client, server);
        let keys = master_secret.key_block(client, server);
        self.secrets = Some((master_secret, keys));
    }

    /// Reads what the other side sent; its messages enter the hash.
    pub(crate) fn hear(&mut self, datagram: &[u8]) {
        let peer = if self.side == Sender::Client { Sender::Server } else { Sender::Client };
        for record in records(datagram).map(Result::unwrap) {
            let plaintext = match &self.secrets {
                _ if record.header.epoch == 0 => record.fragment.to_vec(),
                Some((_, keys)) => open(keys.of(peer), &record.header, record.fragment).unwrap(),
                None => continue,
            };
            match record.header.content_type {
                ContentType::Alert => self.alerts.push(Alert::parse(&plaintext).unwrap()),
                ContentType::Handshake => {
                    for fragment in fragments(&plaintext).unwrap() {
                        assert!(fragment.header.is_whole(), "the MTU is wide");
                        let msg_type = fragment.header.msg_type;
                        let (seq, body) = (fragment.header.message_seq, fragment.body);
                        match msg_type {
                            HandshakeType::HelloVerifyRequest => {}
                            HandshakeType::ClientHello => {
                                self.transcript.clear();
                                self.randoms[0] = ClientHello::parse(Transport::Datagram, body).unwrap().random;
                            }
                            HandshakeType::ServerHello => self.randoms[1] = ServerHello::parse(body).unwrap().random,
                            _ => {}
                        }
                        if msg_type != HandshakeType::HelloVerifyRequest {
                            self.transcript.extend(message_bytes(msg_type, seq, body).unwrap());
                        }
                        self.heard.push((msg_type, body.to_vec()));
                        // From here on the client's records are protected.
                        if msg_type == HandshakeType::ClientKeyExchange && self.secrets.is_none() {
                            self.derive(&psk_premaster_secret(&KEY).unwrap());
                        }
                    }
                }
                _ => {}
            }
        }
    }

    /// Gives a datagram to the machine of the world that this is the peer of; all that it has to say but datagrams, which
    /// are heard.
    pub(crate) fn give(&mut self, world: &mut World, datagram: &[u8]) -> Vec<Output> {
        let is_client = self.side == Sender::Client;
        if is_client {
            world.server.handle(world.now, datagram);
        } else {
            world.client.handle(world.now, datagram);
        }
        let mut outputs = Vec::new();
        while let Some(output) = if is_client { world.server.poll(world.now) } else { world.client.poll(world.now) } {
            match output {
                Output::Datagram(datagram) => self.hear(&datagram),
                Output::KeyLog(_) => {}
                output => outputs.push(output),
            }
        }
        outputs
    }

    /// Says all of `messages` in the clear.
    pub(crate) fn say(&mut self, world: &mut World, messages: &[Handshake]) -> Vec<Output> {
        let mut outputs = Vec::new();
        for message in messages {
            let datagram = self.message(0, message);
            outputs.extend(self.give(world, &datagram));
        }
        outputs
    }

    /// A client with the pre-shared key, up to ClientKeyExchange.
    pub(crate) fn psk_client(world: &mut World) -> Self {
        let mut forger = Self::new(Sender::Client);
        forger.say(world, &[Handshake::ClientHello(hello())]);
        forger.say(world, &[Handshake::ClientKeyExchangePsk { identity: IDENTITY.to_vec() }]);
        forger.derive(&psk_premaster_secret(&KEY).unwrap());
        forger
    }

    /// A client of ECDHE, up to ClientKeyExchange; `certificate` is what it shows if it is asked.
    pub(crate) fn ecdhe_client(world: &mut World, extensions: Vec<Extension>, certificate: Option<Handshake>) -> Self {
        let mut forger = Self::new(Sender::Client);
        let cipher_suites = vec![CipherSuite::ECDHE_ECDSA_WITH_AES_128_CCM_8];
        forger.say(world, &[Handshake::ClientHello(ClientHello { cipher_suites, extensions, ..hello() })]);
        let own = SecretKey::from_slice(&[7; 32]).unwrap();
        let exchange = forger.heard.iter().find(|(msg_type, _)| *msg_type == HandshakeType::ServerKeyExchange).unwrap();
        let parsed = Handshake::parse(Transport::Datagram, exchange.0, &exchange.1, KeyExchange::EcdheEcdsa).unwrap();
        let Handshake::ServerKeyExchangeEcdhe(EcdheServerKeyExchange { parameters, .. }) = parsed else { panic!() };
        let secret = own.diffie_hellman(&PublicKey::from_sec1_bytes(&parameters.point).unwrap());
        if let Some(certificate) = certificate {
            forger.say(world, &[certificate]);
        }
        let scalar = <[u8; 32]>::try_from(own.to_bytes().as_slice()).unwrap();
        let point = bootrack_protocols::credentials::SigningKey::from_scalar(&scalar).unwrap().public_key().point();
        forger.say(world, &[Handshake::ClientKeyExchangeEcdhe { point }]);
        forger.derive(secret.raw_secret_bytes());
        forger
    }

    /// ChangeCipherSpec and Finished.
    pub(crate) fn finish(&mut self, world: &mut World) -> Vec<Output> {
        let change = self.change_cipher_spec();
        let mut outputs = self.give(world, &change);
        let finished = self.finished();
        let finished = self.message(1, &finished);
        outputs.extend(self.give(world, &finished));
        outputs
    }

    /// A server with the pre-shared key that has said ServerHello and ServerHelloDone, and heard the answer.
    pub(crate) fn psk_server(world: &mut World) -> Self {
        let mut forger = Self::new(Sender::Server);
        forger.listen(world);
        forger.say(world, &[Forger::server_hello(), Handshake::ServerHelloDone]);
        forger
    }

    /// Hears what the client says by itself.
    pub(crate) fn listen(&mut self, world: &mut World) {
        while let Some(output) = world.client.poll(world.now) {
            if let Output::Datagram(datagram) = output {
                self.hear(&datagram);
            }
        }
    }

    pub(crate) fn server_hello() -> Handshake {
        Handshake::ServerHello(ServerHello {
            version: ProtocolVersion::DTLS_1_2,
            random: [4; 32],
            session_id: Vec::new(),
            cipher_suite: CipherSuite::PSK_WITH_AES_128_CCM_8,
            compression_method: 0,
            extensions: Vec::new(),
        })
    }
}
