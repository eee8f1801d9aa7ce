//! EAP and what carries it: EAPOL, PANA, RADIUS; and IKEv2.

use wire::eap::{Code, Packet, Type};
use wire::eapol::{self, PacketType};
use wire::ikev2::{self, Payload, PayloadType};
use wire::pana::{self, Avp, AvpCode, Flags, MessageType};
use wire::radius::{self, Attribute, AttributeType};

use super::Rng;

impl Rng {
    pub(super) fn eapol(&mut self) -> Vec<u8> {
        let packet_type =
            self.pick(&[PacketType::EAP, PacketType::EAP, PacketType::START, PacketType::LOGOFF, PacketType::KEY]);
        let body = match packet_type {
            PacketType::EAP => self.eap(),
            // A key descriptor of a type that Wireshark does not look into.
            PacketType::KEY => [vec![0x7f], self.bytes(4, 20)].concat(),
            _ => Vec::new(),
        };
        eapol::Packet { version: 1 + self.below(3) as u8, packet_type, body }.to_vec().unwrap()
    }

    pub(super) fn eap(&mut self) -> Vec<u8> {
        let code = Code(1 + self.below(4) as u8);
        let identifier = self.u8();
        let eap_type = self.pick(&[
            Type::IDENTITY,
            Type::NOTIFICATION,
            Type::NAK,
            Type::NAK,
            Type::IKEV2,
            Type::EXPANDED,
            Type(100),
        ]);
        let data = match eap_type {
            _ if !code.has_type() => Vec::new(),
            Type::IDENTITY | Type::NOTIFICATION => self.word().into_bytes(),
            Type::NAK => self.bytes(1, 2),
            Type::IKEV2 => {
                let message = self.ike();
                let length = message.len() as u32;
                // Whole, or the first of several fragments.
                match self.below(3) {
                    0 => [&[0xc0][..], &length.to_be_bytes(), &message[..20]].concat(),
                    _ => [&[0][..], &message].concat(),
                }
            }
            _ => self.bytes(7, 30),
        };
        let data = self.value(data);
        let data = if code.has_type() { [&[eap_type.0][..], &data].concat() } else { data };
        Packet { code, identifier, data }.to_vec().unwrap()
    }

    /// A PANA message, and one inside it if it is relayed.
    pub(super) fn pana(&mut self, depth: usize) -> Vec<u8> {
        let message_type = MessageType(1 + self.below(if depth == 0 { 5 } else { 4 }) as u16);
        let mut avps = Vec::new();
        if message_type == MessageType::RELAY {
            avps.push(Avp::new(AvpCode::PAC_INFORMATION, self.bytes(18, 18)));
            avps.push(Avp::new(AvpCode::RELAYED_MESSAGE, self.pana(1)));
        } else {
            for _ in 0..self.below(4) {
                let code = AvpCode(1 + self.below(8) as u16);
                let value = match code {
                    AvpCode::EAP_PAYLOAD => continue,
                    AvpCode::AUTH => self.bytes(20, 20),
                    AvpCode::NONCE => self.bytes(8, 20),
                    _ => self.u32().to_be_bytes().to_vec(),
                };
                avps.push(Avp::new(code, self.value(value)));
            }
            if self.chance() {
                avps.push(Avp::new(AvpCode::EAP_PAYLOAD, self.eap()));
            }
        }
        if self.below(6) == 0 && message_type != MessageType::RELAY {
            avps.push(Avp { code: AvpCode(AvpCode::NONCE.0), vendor: Some(self.u32()), value: self.bytes(4, 9) });
        }
        let flags = Flags(self.u16() & !Flags::RESERVED);
        let (session_id, sequence_number) = (self.u32(), self.u32());
        pana::Message { flags, message_type, session_id, sequence_number, avps }.to_vec().unwrap()
    }

    pub(super) fn radius(&mut self) -> Vec<u8> {
        let mut attributes = Vec::new();
        for _ in 0..self.below(8) {
            let known = [
                AttributeType::USER_NAME,
                AttributeType::NAS_IP_ADDRESS,
                AttributeType::SERVICE_TYPE,
                AttributeType::FRAMED_MTU,
                AttributeType::STATE,
                AttributeType::VENDOR_SPECIFIC,
                AttributeType::CALLING_STATION_ID,
                AttributeType::NAS_PORT_TYPE,
                AttributeType::CONNECT_INFO,
                AttributeType::MESSAGE_AUTHENTICATOR,
            ];
            let attribute_type = self.pick(&known);
            let value = match attribute_type {
                AttributeType::STATE => self.bytes(1, 20),
                AttributeType::MESSAGE_AUTHENTICATOR => self.bytes(16, 16),
                // A vendor that Wireshark has no dictionary of, with one attribute of it.
                AttributeType::VENDOR_SPECIFIC => {
                    [&[0, 0xfe, 0xdc, 0xba, self.u8(), 6][..], &self.bytes(4, 4)].concat()
                }
                AttributeType::USER_NAME | AttributeType::CALLING_STATION_ID | AttributeType::CONNECT_INFO => {
                    self.word().into_bytes()
                }
                _ => self.u32().to_be_bytes().to_vec(),
            };
            attributes.push(Attribute { attribute_type, value: self.value(value) });
        }
        if self.below(3) > 0 {
            let eap = self.eap();
            let piece = self.pick(&[253, 20]);
            for value in eap.chunks(piece) {
                attributes.push(Attribute { attribute_type: AttributeType::EAP_MESSAGE, value: value.to_vec() });
            }
        }
        let code = radius::Code(self.pick(&[1, 2, 3, 11]));
        let authenticator = self.bytes(16, 16).try_into().unwrap();
        radius::Packet { code, identifier: self.u8(), authenticator, attributes }.to_vec().unwrap()
    }

    pub(super) fn ike(&mut self) -> Vec<u8> {
        let encrypted = self.below(3) == 0;
        let mut payloads = Vec::new();
        if !encrypted {
            payloads.push(self.payload(PayloadType::SECURITY_ASSOCIATION));
            for _ in 0..self.below(4) {
                let payload_type = self.pick(&[PayloadType::KEY_EXCHANGE, PayloadType::NONCE, PayloadType::NOTIFY]);
                payloads.push(self.payload(payload_type));
            }
        } else {
            payloads.push(self.payload(PayloadType::ENCRYPTED));
        }
        let message = ikev2::Message {
            initiator_spi: self.u64(),
            responder_spi: self.u64(),
            version: 0x20,
            exchange_type: if encrypted { 35 + self.below(3) as u8 } else { 34 },
            flags: self.pick(&[0x08, 0x20, 0x00, 0x28, 0x18]),
            message_id: self.u32(),
            payloads,
            inner: PayloadType(if encrypted { 33 + self.below(16) as u8 } else { 0 }),
        };
        message.to_vec().unwrap()
    }

    fn payload(&mut self, payload_type: PayloadType) -> Payload {
        let body = match payload_type {
            PayloadType::SECURITY_ASSOCIATION => self.proposals(),
            PayloadType::KEY_EXCHANGE => [&[0, self.pick(&[14, 19, 31]), 0, 0][..], &self.bytes(32, 64)].concat(),
            PayloadType::NONCE => self.bytes(16, 32),
            PayloadType::NOTIFY if self.chance() => {
                // Of an SPI, about ESP; a type of private use.
                [&[3, 4, 0xa0, self.u8()][..], &self.bytes(4, 4), &self.bytes(1, 9)].concat()
            }
            PayloadType::NOTIFY => [&[0, 0, 0x40, self.pick(&[4, 5])][..], &self.bytes(20, 20)].concat(),
            _ => self.bytes(40, 60),
        };
        let body = self.value(body);
        Payload { payload_type, critical: self.chance(), body }
    }

    /// Proposals of a security association (RFC 7296 section 3.3).
    fn proposals(&mut self) -> Vec<u8> {
        let count = 1 + self.below(2) as u8;
        let mut proposals = Vec::new();
        for number in 1..=count {
            let spi = if self.chance() { self.bytes(4, 4) } else { Vec::new() };
            let transforms = [(1, 12, true), (2, 5, false), (3, 12, false), (4, 19, false), (5, 0, false)];
            let mut body = vec![number, self.pick(&[1, 3]), spi.len() as u8, transforms.len() as u8];
            body.extend(spi);
            for (index, (transform_type, identifier, with_key_length)) in transforms.into_iter().enumerate() {
                let next = if index + 1 < transforms.len() { 3 } else { 0 };
                let attribute: &[u8] = if with_key_length { &[0x80, 14, 0, 128] } else { &[] };
                let length = 8 + attribute.len() as u8;
                body.extend([next, 0, 0, length, transform_type, 0, 0, identifier]);
                body.extend(attribute);
            }
            let length = (body.len() + 4) as u16;
            proposals.extend([if number < count { 2 } else { 0 }, 0]);
            proposals.extend(length.to_be_bytes());
            proposals.extend(body);
        }
        proposals
    }
}
