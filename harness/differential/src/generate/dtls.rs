//! DTLS records, and whole sessions.

use wire::coap;
use wire::dtls::{Record, RecordHeader, message_bytes};
use wire::ieee802154::{Address, Header, LinkAddress, PanId};
use wire::ipv6::{self, NextHeader, Packet};
use wire::tls::{
    CipherSuite, ClientHello, ContentType, Extension, ExtensionType, HandshakeType, HelloVerifyRequest,
    ProtocolVersion, ServerHello,
};
use wire::udp::Datagram;

use super::Rng;

impl Rng {
    pub(super) fn dtls_handshake(&mut self) -> (HandshakeType, Vec<u8>) {
        let mut body = Vec::new();
        let random = core::array::from_fn(|_| self.u8());
        let version = ProtocolVersion(0xfefd);
        let extensions = vec![
            Extension::extended_master_secret(),
            Extension { extension_type: ExtensionType(0x0a0a), data: self.bytes(0, 9) },
        ];
        let msg_type = match self.below(4) {
            0 => {
                ClientHello {
                    version,
                    random,
                    session_id: self.bytes(0, 32),
                    cookie: Some(self.bytes(0, 32)),
                    cipher_suites: (0..1 + self.below(4)).map(|_| CipherSuite(self.u16())).collect(),
                    compression_methods: vec![0],
                    extensions,
                }
                .emit(&mut body)
                .unwrap();
                HandshakeType::ClientHello
            }
            1 => {
                let hello = ServerHello {
                    version,
                    random,
                    session_id: self.bytes(0, 32),
                    cipher_suite: CipherSuite(0xc0a8),
                    compression_method: 0,
                    extensions,
                };
                hello.emit(&mut body).unwrap();
                HandshakeType::ServerHello
            }
            2 => {
                HelloVerifyRequest { version, cookie: self.bytes(1, 32) }.emit(&mut body).unwrap();
                HandshakeType::HelloVerifyRequest
            }
            _ => HandshakeType::ServerHelloDone,
        };
        (msg_type, message_bytes(msg_type, self.u16(), &body).unwrap())
    }

    pub(super) fn dtls(&mut self) -> Vec<u8> {
        let (content_type, fragment) = match self.below(6) {
            0 => (ContentType::Alert, vec![self.pick(&[1, 2]), self.pick(&[0, 20, 40, 51, 115])]),
            1 => (ContentType::ChangeCipherSpec, vec![1]),
            2 => (ContentType::Unknown(24), self.heartbeat()),
            _ => (ContentType::Handshake, self.dtls_handshake().1),
        };
        let sequence_number = self.u64() & RecordHeader::MAX_SEQUENCE_NUMBER;
        let header =
            RecordHeader { content_type, version: ProtocolVersion(0xfefd), epoch: 0, sequence_number, length: 0 };
        let mut bytes = Vec::new();
        Record { header, fragment: &fragment }.emit(&mut bytes).unwrap();
        bytes
    }

    /// A heartbeat message (RFC 6520 section 4).
    fn heartbeat(&mut self) -> Vec<u8> {
        let (payload, padding) = (self.bytes(1, 30), self.bytes(16, 20));
        [&[self.pick(&[1, 2])], &(payload.len() as u16).to_be_bytes()[..], &payload, &padding].concat()
    }

    /// A DTLS handshake in IPv6 packets.
    pub fn handshake_packets(&mut self) -> Vec<Vec<u8>> {
        let datagrams = self.handshake();
        let ends = [self.eui64(), self.eui64()].map(|eui64| ipv6::link_local(LinkAddress::Extended(eui64)));
        let client_port = 10000 + self.below(30000) as u16;
        let packet = |(from_client, payload): (bool, Vec<u8>)| {
            let (mut ends, mut ports) = (ends, [client_port, coap::SECURE_PORT]);
            if !from_client {
                ends.reverse();
                ports.reverse();
            }
            let datagram = Datagram { source_port: ports[0], destination_port: ports[1], payload };
            let payload = datagram.to_vec(ends[0], ends[1]).unwrap();
            let header = ipv6::Header::new(ends[0], ends[1], NextHeader::UDP, 64);
            Packet { header, payload }.to_vec().unwrap()
        };
        datagrams.into_iter().map(packet).collect()
    }

    /// A DTLS session in PSDUs: UDP payloads, each with whether the client sent it.
    pub fn session(&mut self, datagrams: &[(bool, Vec<u8>)]) -> Vec<Vec<u8>> {
        let ends = [LinkAddress::Extended(self.eui64()), LinkAddress::Extended(self.eui64())];
        let addresses = ends.map(ipv6::link_local);
        let client_port = 10000 + self.below(30000) as u16;
        let mut psdus = Vec::new();
        for (from_client, payload) in datagrams {
            let (from, to) = if *from_client { (0, 1) } else { (1, 0) };
            let (source, destination) = (addresses[from], addresses[to]);
            let (source_port, destination_port) =
                if *from_client { (client_port, coap::SECURE_PORT) } else { (coap::SECURE_PORT, client_port) };
            let datagram = Datagram { source_port, destination_port, payload: payload.clone() };
            let header = ipv6::Header::new(source, destination, NextHeader::UDP, 64);
            let payload = datagram.to_vec(source, destination).unwrap();
            let packet = Packet { header, payload }.to_vec().unwrap();
            let pan = PanId(0xb007);
            let header = Header::new(Address::new(pan, ends[to]), Address::new(pan, ends[from]), self.u8());
            let carried = core::iter::repeat_with(|| self.carry(header, &packet)).find(|psdus| !psdus.is_empty());
            psdus.extend(carried.unwrap());
        }
        psdus
    }
}
