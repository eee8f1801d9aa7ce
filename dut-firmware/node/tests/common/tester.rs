//! A neighbour that does not exist: crafts frames from an address of its choice.

use std::net::Ipv6Addr;

use wire::Eui64;
use wire::icmpv6::{Echo, Message};
use wire::ieee802154::{
    Address, AuxSecurityHeader, Content, Frame, Header, KeyIdentifier, LinkAddress, PanId, SecurityLevel, secure,
};
use wire::ipv6::{self, NextHeader, Packet};
use wire::sel;
use wire::sixlowpan::{Contexts, compress};

use super::{KEY, eui64, link_local};

/// The neighbour.
pub struct Tester {
    pub eui64: Eui64,
    pub frame_counter: u32,
    pub level: SecurityLevel,
    pub key: [u8; 16],
    pub key_identifier: KeyIdentifier,
    sequence_number: u8,
}

impl Tester {
    /// Number 9 of the boards, holding the network key.
    pub fn new() -> Self {
        Self {
            eui64: eui64(9),
            frame_counter: 0,
            level: SecurityLevel::EncMic32,
            key: KEY,
            key_identifier: KeyIdentifier::Index(1),
            sequence_number: 0,
        }
    }

    /// A packet to board `to` in a frame without link security.
    pub fn plain(&mut self, to: u8, packet: &Packet) -> Vec<u8> {
        self.frame(to, packet).to_vec().unwrap()
    }

    /// Any payload to board `to` in a plain frame.
    pub fn raw(&mut self, to: u8, payload: Vec<u8>) -> Vec<u8> {
        self.data_frame(to, payload).to_vec().unwrap()
    }

    /// A packet to board `to` in a secured frame.
    pub fn secured(&mut self, to: u8, packet: &Packet) -> Vec<u8> {
        let frame = self.frame(to, packet);
        self.secure(&frame)
    }

    /// Secures a frame and counts.
    pub fn secure(&mut self, frame: &Frame) -> Vec<u8> {
        let (level, frame_counter, key_identifier) = (self.level, self.frame_counter, self.key_identifier);
        let security = AuxSecurityHeader::new(level, frame_counter, key_identifier);
        self.frame_counter += 1;
        secure(frame, &security, &self.key, self.eui64).unwrap().to_vec().unwrap()
    }

    /// Both fragments of a packet to board `to`, not secured yet.
    pub fn fragments(&mut self, to: u8, packet: &Packet) -> Vec<Frame> {
        let source = LinkAddress::Extended(self.eui64);
        let destination = LinkAddress::Extended(eui64(to));
        let mut fragmenter = protocols::lowpan::Fragmenter::new(1);
        let bytes = packet.to_vec().unwrap();
        let payloads = fragmenter.fragment(&bytes, source, destination, &Contexts::default(), 90).unwrap();
        payloads.into_iter().map(|payload| self.data_frame(to, payload)).collect()
    }

    fn frame(&mut self, to: u8, packet: &Packet) -> Frame {
        let (source, destination) = (LinkAddress::Extended(self.eui64), LinkAddress::Extended(eui64(to)));
        let payload = compress(&packet.to_vec().unwrap(), source, destination, &Contexts::default()).unwrap();
        self.data_frame(to, payload)
    }

    fn data_frame(&mut self, to: u8, payload: Vec<u8>) -> Frame {
        self.sequence_number = self.sequence_number.wrapping_add(1);
        let pan = PanId(0xb007);
        let destination = Address::Extended { pan, address: eui64(to) };
        let source = Address::Extended { pan, address: self.eui64 };
        Frame::new(Header::new(destination, source, self.sequence_number), Content::Data(payload))
    }

    /// An echo request to board `to`, from and to link-local addresses.
    pub fn echo(&self, to: u8, size: usize) -> Packet {
        let echo = Message::EchoRequest(Echo { identifier: 9, sequence_number: 1, data: vec![0xa5; size] });
        self.icmpv6(to, 64, &echo)
    }

    /// An SSR to board `to`.
    pub fn ssr(&self, to: u8, lifetime_units: u16) -> Packet {
        self.icmpv6(to, 64, &Message::Sel(sel::Message::set_secure_request(self.eui64, lifetime_units)))
    }

    pub fn icmpv6(&self, to: u8, hop_limit: u8, message: &Message) -> Packet {
        let (source, destination) = (self.link_local(), link_local(to));
        let payload = message.to_vec(source, destination).unwrap();
        Packet { header: ipv6::Header::new(source, destination, NextHeader::ICMPV6, hop_limit), payload }
    }

    /// An echo request between any two addresses.
    pub fn echo_between(&self, source: Ipv6Addr, destination: Ipv6Addr) -> Packet {
        let echo = Message::EchoRequest(Echo { identifier: 9, sequence_number: 1, data: vec![0xa5; 8] });
        let payload = echo.to_vec(source, destination).unwrap();
        Packet { header: ipv6::Header::new(source, destination, NextHeader::ICMPV6, 64), payload }
    }

    pub fn link_local(&self) -> Ipv6Addr {
        ipv6::link_local(LinkAddress::Extended(self.eui64))
    }
}
