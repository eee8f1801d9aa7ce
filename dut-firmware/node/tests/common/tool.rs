//! A minimal commissioning tool on the backbone: hears JSRs, opens a DTLS session, sends CoAP requests.

use std::collections::VecDeque;
use std::net::Ipv6Addr;

use protocols::Entropy;
use protocols::coap;
use protocols::dtls::{self, ClientConfig, Output};
use protocols::time::Instant;
use protocols::tls::{CloseReason, Psk};
use rand_core::SeedableRng;
use wire::coap::{Code, ContentFormat, Options};
use wire::icmpv6::{Echo, Message};
use wire::ipv6::{Header, NextHeader, Packet};
use wire::sel;
use wire::udp::Datagram;

/// The tool's address.
pub const CT: Ipv6Addr = Ipv6Addr::new(0xfd00, 0xc0, 0, 0, 0, 0, 0, 0xc7);

/// The tool's local port for DTLS, the same for each session.
const PORT: u16 = 49152;

#[derive(Default)]
pub struct Tool {
    outgoing: VecDeque<Vec<u8>>,
    session: Option<Session>,
    /// JSRs as they arrived, with their IPv6 header.
    pub join_requests: Vec<(Instant, Header, sel::Message)>,
    pub echo_replies: Vec<Header>,
    /// Packets of any kind.
    pub packets: u32,
    /// ICMPv6 messages that were malformed or bore a wrong checksum: a mutant's.
    pub broken: u32,
    /// Datagrams from other ports than the session's: source port and payload.
    pub datagrams: Vec<(Header, Datagram)>,
    pub closed: Option<CloseReason>,
    connected: bool,
    responses: Vec<wire::coap::Message>,
    sessions: u8,
}

struct Session {
    device: Ipv6Addr,
    port: u16,
    dtls: dtls::Client,
    coap: coap::Client,
}

impl Tool {
    /// Starts a handshake.
    pub fn connect(&mut self, now: Instant, device: Ipv6Addr, identity: String, psk: [u8; 16]) {
        self.sessions += 1;
        let entropy = || Entropy::from_seed([self.sessions; 32]);
        let config = ClientConfig { mtu: 512, ..ClientConfig::new(identity.into_bytes(), Psk::new(psk)) };
        let dtls = dtls::Client::new(config, entropy(), now).unwrap();
        let coap = coap::Client::new(coap::TransmissionParameters::default(), entropy());
        self.session = Some(Session { device, port: PORT, dtls, coap });
        (self.closed, self.connected) = (None, false);
    }

    pub fn is_connected(&self) -> bool {
        self.connected && self.closed.is_none()
    }

    pub fn request(&mut self, now: Instant, code: Code, path: &str, format: Option<ContentFormat>, payload: &[u8]) {
        let mut options = Options::new();
        options.push_uri_path(path.split('?').next().unwrap());
        if let Some(format) = format {
            options.push_content_format(format);
        }
        if let Some((_, query)) = path.split_once('?') {
            options.push_uri_query(query);
        }
        let request = coap::Request { confirmable: true, code, options, payload: payload.to_vec() };
        self.session.as_mut().expect("a session").coap.request(now, request);
    }

    pub fn put(&mut self, now: Instant, path: &str, payload: &str) {
        self.request(now, Code::PUT, path, Some(ContentFormat::COAP_GROUP_JSON), payload.as_bytes());
    }

    /// The oldest response not taken yet.
    pub fn take_response(&mut self) -> Option<wire::coap::Message> {
        if self.responses.is_empty() { None } else { Some(self.responses.remove(0)) }
    }

    /// Its code, or `none`.
    pub fn take_code(&mut self) -> String {
        let shown = |code: Code| format!("{}.{:02}", code.class(), code.detail());
        self.take_response().map_or("none".into(), |message| shown(message.code))
    }

    /// Sends a UDP datagram to a device.
    pub fn send_udp(&mut self, to: Ipv6Addr, port: u16, payload: &[u8]) {
        let datagram = Datagram { source_port: 40000, destination_port: port, payload: payload.to_vec() };
        self.send(to, NextHeader::UDP, datagram.to_vec(CT, to).unwrap(), 64);
    }

    /// Sends an echo request to a device.
    pub fn send_echo(&mut self, to: Ipv6Addr, hop_limit: u8) {
        let echo = Message::EchoRequest(Echo { identifier: 1, sequence_number: 1, data: Vec::from([1, 2, 3]) });
        self.send(to, NextHeader::ICMPV6, echo.to_vec(CT, to).unwrap(), hop_limit);
    }

    pub fn handle(&mut self, now: Instant, packet: &[u8]) {
        let packet = Packet::parse(packet).expect("a valid packet on the backbone");
        self.packets += 1;
        let Header { source, destination, next_header, .. } = packet.header;
        if destination != CT {
            self.broken += 1;
            return;
        }
        if next_header == NextHeader::ICMPV6 {
            match Message::parse(&packet.payload, source, destination) {
                Err(_) => self.broken += 1,
                Ok(message) => match message {
                    Message::Sel(message) => self.join_requests.push((now, packet.header, message)),
                    Message::EchoReply(_) => self.echo_replies.push(packet.header),
                    Message::EchoRequest(echo) => {
                        let reply = Message::EchoReply(echo).to_vec(CT, source).unwrap();
                        self.send(source, NextHeader::ICMPV6, reply, 64);
                    }
                    _ => self.broken += 1,
                },
            }
            return;
        }
        let datagram = Datagram::parse(&packet.payload, source, destination).expect("a valid datagram");
        match self.session.as_mut().filter(|session| session.port == datagram.destination_port) {
            Some(session) => session.dtls.handle(now, &datagram.payload),
            None => self.datagrams.push((packet.header, datagram)),
        }
    }

    /// The next packet for the backbone.
    pub fn poll(&mut self, now: Instant) -> Option<Vec<u8>> {
        self.run_session(now);
        self.outgoing.pop_front()
    }

    pub fn deadline(&self) -> Option<Instant> {
        let session = self.session.as_ref()?;
        [session.dtls.deadline(), session.coap.deadline()].into_iter().flatten().min()
    }

    fn run_session(&mut self, now: Instant) {
        let Some(mut session) = self.session.take() else { return };
        loop {
            let mut quiet = true;
            while let Some(output) = session.coap.poll(now) {
                quiet = false;
                match output {
                    coap::ClientOutput::Datagram(datagram) => drop(session.dtls.send(now, &datagram)),
                    coap::ClientOutput::Response { message, .. } => self.responses.push(message),
                    coap::ClientOutput::Failed { .. } => {}
                }
            }
            while let Some(output) = session.dtls.poll(now) {
                quiet = false;
                match output {
                    Output::Datagram(payload) => {
                        let datagram = Datagram { source_port: session.port, destination_port: 5684, payload };
                        let payload = datagram.to_vec(CT, session.device).unwrap();
                        self.send(session.device, NextHeader::UDP, payload, 64);
                    }
                    Output::Connected => self.connected = true,
                    Output::ApplicationData(data) => session.coap.handle(now, &data),
                    Output::Closed(closed) => self.closed = Some(closed.reason),
                    Output::KeyLog(_) => {}
                }
            }
            if quiet {
                break;
            }
        }
        self.session = Some(session);
    }

    fn send(&mut self, to: Ipv6Addr, next_header: NextHeader, payload: Vec<u8>, hop_limit: u8) {
        let packet = Packet { header: Header::new(CT, to, next_header, hop_limit), payload };
        self.outgoing.push_back(packet.to_vec().unwrap());
    }
}
