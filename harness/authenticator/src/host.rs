//! An IPv6 host at the backbone, which every station there uses: its addresses, the packets that it sends and takes, UDP by
//! port, and the answer to an echo request (RFC 4443 4.2).
//!
//! A station binds what it serves, asks [`Host::receive`] what a packet is for, and queues what the host makes of its answers.

use std::collections::VecDeque;
use std::net::Ipv6Addr;

use wire::icmpv6::Message;
use wire::ipv6::{Header, NextHeader, Packet};
use wire::udp::Datagram;

use crate::machine::MachineOutput;

/// Hop limit of what it sends.
const HOP_LIMIT: u8 = 64;

/// First of the dynamic ports (RFC 6335 section 6).
const FIRST_PORT: u16 = 49152;

/// An address and a port.
pub type End = (Ipv6Addr, u16);

/// A host with services `S`.
#[derive(Debug, Clone)]
pub struct Host<S> {
    address: Ipv6Addr,
    services: Vec<(End, S)>,
    next_port: u16,
}

/// A packet that is for the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Arrival<S> {
    /// A UDP datagram, with the service at whose end it arrived; one without a service came to a port of the host's own address.
    Udp {
        /// What is bound there.
        service: Option<S>,
        /// Whose it is.
        from: End,
        /// Where it arrived.
        to: End,
        /// The datagram's data.
        payload: Vec<u8>,
    },
    /// An ICMPv6 message other than an echo request.
    Icmpv6 {
        /// Of the packet.
        header: Header,
        /// The message, or what is wrong with it.
        message: wire::Result<Message>,
        /// Its octets.
        octets: Vec<u8>,
    },
    /// Anything else.
    Other(Packet),
}

impl<S: Copy + PartialEq> Host<S> {
    /// At this address, with no service yet.
    pub fn new(address: Ipv6Addr) -> Self {
        Self { address, services: Vec::new(), next_port: FIRST_PORT }
    }

    /// Its own address.
    pub fn address(&self) -> Ipv6Addr {
        self.address
    }

    /// Has a service answer at an end from now on: of its own address, or of another one or a multicast group, which it has
    /// from then on for that service alone.
    pub fn bind(&mut self, end: End, service: S) {
        self.services.retain(|(known, _)| *known != end);
        self.services.push((end, service));
    }

    /// A port of its own that nothing else uses.
    pub fn next_port(&mut self) -> u16 {
        loop {
            let port = self.next_port;
            self.next_port = port.checked_add(1).unwrap_or(FIRST_PORT);
            if self.services.iter().all(|((_, bound), _)| *bound != port) {
                return port;
            }
        }
    }

    /// What a packet is for: nothing, if it is malformed or for somebody else. An echo request is answered into `outputs`.
    pub fn receive(&self, packet: &[u8], outputs: &mut VecDeque<MachineOutput>) -> Option<Arrival<S>> {
        let Packet { header, payload } = Packet::parse(packet).ok()?;
        let is_own = header.destination == self.address;
        match header.next_header {
            NextHeader::UDP => {
                let datagram = Datagram::parse(&payload, header.source, header.destination).ok()?;
                let to = (header.destination, datagram.destination_port);
                let service = self.services.iter().find(|(end, _)| *end == to).map(|(_, service)| *service);
                let from = (header.source, datagram.source_port);
                (is_own || service.is_some()).then_some(Arrival::Udp { service, from, to, payload: datagram.payload })
            }
            _ if !is_own => None,
            NextHeader::ICMPV6 => match Message::parse(&payload, header.source, header.destination) {
                Ok(Message::EchoRequest(_)) if header.source.is_multicast() => None,
                Ok(Message::EchoRequest(echo)) => {
                    let reply = Message::EchoReply(echo).to_vec(self.address, header.source);
                    outputs.push_back(self.packet(header.source, NextHeader::ICMPV6, reply, None));
                    None
                }
                message => Some(Arrival::Icmpv6 { header, message, octets: payload }),
            },
            _ => Some(Arrival::Other(Packet { header, payload })),
        }
    }

    /// A packet from its own address, with why it is wrong on purpose, if it is.
    pub fn packet(
        &self,
        destination: Ipv6Addr,
        next_header: NextHeader,
        payload: wire::Result<Vec<u8>>,
        wrong_on_purpose: Option<String>,
    ) -> MachineOutput {
        self.packet_from(self.address, destination, next_header, payload, wrong_on_purpose)
    }

    /// A datagram from a port of its own address.
    pub fn datagram(&self, source_port: u16, to: End, payload: Vec<u8>, wrong: Option<String>) -> MachineOutput {
        self.datagram_from((self.address, source_port), to, payload, wrong)
    }

    /// The answer to a datagram that arrived at `to`. A multicast is answered from the host's own address.
    pub fn answer(&self, to: End, from: End, payload: Vec<u8>) -> MachineOutput {
        let source = if to.0.is_multicast() { self.address } else { to.0 };
        self.datagram_from((source, to.1), from, payload, None)
    }

    fn datagram_from(&self, from: End, to: End, payload: Vec<u8>, wrong: Option<String>) -> MachineOutput {
        let datagram = Datagram { source_port: from.1, destination_port: to.1, payload };
        self.packet_from(from.0, to.0, NextHeader::UDP, datagram.to_vec(from.0, to.0), wrong)
    }

    fn packet_from(
        &self,
        source: Ipv6Addr,
        destination: Ipv6Addr,
        next_header: NextHeader,
        payload: wire::Result<Vec<u8>>,
        wrong_on_purpose: Option<String>,
    ) -> MachineOutput {
        let header = Header::new(source, destination, next_header, HOP_LIMIT);
        match payload.and_then(|payload| Packet { header, payload }.to_vec()) {
            Ok(packet) => MachineOutput::Backbone { packet, wrong_on_purpose },
            Err(error) => MachineOutput::Fault(format!("packet to {destination} not encoded: {error}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use wire::icmpv6::Echo;

    use super::*;

    const OWN: Ipv6Addr = Ipv6Addr::new(0xfd00, 0xc0, 0, 0, 0, 0, 0, 1);
    const SECOND: Ipv6Addr = Ipv6Addr::new(0xfd00, 0xc0, 0, 0, 0, 0, 0, 2);
    const GROUP: Ipv6Addr = Ipv6Addr::new(0xff03, 0, 0, 0, 0, 0, 0, 0xfd);
    const DEVICE: Ipv6Addr = Ipv6Addr::new(0xfd00, 0xb007, 0, 0, 0, 0, 0, 3);

    fn host() -> Host<char> {
        let mut host = Host::new(OWN);
        host.bind((OWN, 716), 'p');
        host.bind((SECOND, 53), 'd');
        host.bind((GROUP, 5683), 'm');
        host
    }

    fn packet(to: Ipv6Addr, next_header: NextHeader, payload: Vec<u8>) -> Vec<u8> {
        Packet { header: Header::new(DEVICE, to, next_header, 64), payload }.to_vec().unwrap()
    }

    fn datagram(to: End) -> Vec<u8> {
        let datagram = Datagram { source_port: 1000, destination_port: to.1, payload: vec![1, 2] };
        packet(to.0, NextHeader::UDP, datagram.to_vec(DEVICE, to.0).unwrap())
    }

    #[test]
    fn datagrams_go_to_the_service_at_their_end() {
        let (host, mut outputs) = (host(), VecDeque::new());
        for (to, service) in [((OWN, 716), 'p'), ((SECOND, 53), 'd'), ((GROUP, 5683), 'm')] {
            let arrival = host.receive(&datagram(to), &mut outputs);
            let (from, payload) = ((DEVICE, 1000), vec![1, 2]);
            assert_eq!(arrival, Some(Arrival::Udp { service: Some(service), from, to, payload }));
        }
        let own = host.receive(&datagram((OWN, 5000)), &mut outputs);
        assert!(matches!(own, Some(Arrival::Udp { service: None, to: (OWN, 5000), .. })), "{own:?}");
        assert_eq!(host.receive(&datagram((SECOND, 716)), &mut outputs), None);
        let mut damaged = datagram((OWN, 716));
        *damaged.last_mut().unwrap() ^= 1;
        assert_eq!(host.receive(&damaged, &mut outputs), None);
        assert!(outputs.is_empty());
    }

    #[test]
    fn an_echo_request_is_answered_at_its_own_address_alone() {
        let (host, mut outputs) = (host(), VecDeque::new());
        let echo = Echo { identifier: 7, sequence_number: 1, data: vec![9; 4] };
        let request =
            |to| packet(to, NextHeader::ICMPV6, Message::EchoRequest(echo.clone()).to_vec(DEVICE, to).unwrap());
        assert_eq!(host.receive(&request(OWN), &mut outputs), None);
        assert_eq!(host.receive(&request(SECOND), &mut outputs), None);
        let Some(MachineOutput::Backbone { packet, .. }) = outputs.pop_front() else { panic!("no reply") };
        let Packet { header, payload } = Packet::parse(&packet).unwrap();
        assert_eq!((header.source, header.destination), (OWN, DEVICE));
        assert_eq!(Message::parse(&payload, OWN, DEVICE), Ok(Message::EchoReply(echo.clone())));
        assert!(outputs.is_empty());
    }

    #[test]
    fn answers_come_from_where_the_question_went_but_from_no_group() {
        let host = host();
        for (to, source) in [((SECOND, 53), SECOND), ((GROUP, 5683), OWN)] {
            let MachineOutput::Backbone { packet, .. } = host.answer(to, (DEVICE, 1000), vec![3]) else {
                panic!("not encoded")
            };
            let Packet { header, payload } = Packet::parse(&packet).unwrap();
            let answer = Datagram::parse(&payload, header.source, header.destination).unwrap();
            assert_eq!((header.source, answer.source_port, answer.destination_port), (source, to.1, 1000));
        }
    }

    #[test]
    fn ports_of_its_own_are_never_those_of_a_service() {
        let mut host = Host::new(OWN);
        host.bind((OWN, FIRST_PORT), 'x');
        assert_eq!((host.next_port(), host.next_port()), (FIRST_PORT + 1, FIRST_PORT + 2));
    }
}
