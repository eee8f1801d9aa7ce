//! Floods (`SEL` 8, `SECC` 5.1.2): one message after another, each from an invented node or at least of a new kind of
//! claim, at a fixed pace, while the neighbour goes on with whatever else it does.

use std::collections::BTreeMap;
use std::net::Ipv6Addr;
use std::time::Duration;

use protocols::dtls::{Client, ClientConfig, Output};
use protocols::time::Instant;
use protocols::tls::Psk;
use rand_core::SeedableRng as _;
use wire::Eui64;
use wire::coap::SECURE_PORT;

use super::Neighbour;
use crate::craft::{Destination, Value};
use crate::machine::MachineOutput;
use crate::profile::link_local_address;

/// Octets of the datagram whose first fragment is all that ever comes.
const UNFINISHED_DATAGRAM: u64 = 1000;

/// First of the ports from which ClientHellos come.
const FIRST_PORT: u16 = 0x8000;

/// Most ClientHellos that wait for their cookie; the oldest is forgotten.
const MOST_CLIENTS: usize = 16;

/// What a flood is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// JSRs, each of another EUI-64, from another address and link-layer source.
    JoinSecureRequest,
    /// Neighbor solicitations that register another address each.
    NeighborSolicitation,
    /// Router solicitations, each from another link-layer source.
    RouterSolicitation,
    /// First fragments of datagrams that never become whole, each from another link-layer source.
    Fragment,
    /// ClientHellos without cookie, each from another port.
    ClientHello,
    /// The same, but each returns the cookie that it is given, and then says nothing more.
    ClientHelloWithCookie,
}

/// The words for them.
pub(super) const KINDS: &[&str] = &["jsr", "ns", "rs", "fragment", "client_hello", "client_hello_cookie"];

impl Kind {
    pub(super) fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "jsr" => Self::JoinSecureRequest,
            "ns" => Self::NeighborSolicitation,
            "rs" => Self::RouterSolicitation,
            "fragment" => Self::Fragment,
            "client_hello" => Self::ClientHello,
            "client_hello_cookie" => Self::ClientHelloWithCookie,
            _ => return None,
        })
    }
}

/// A flood as it is ordered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FloodOrder {
    pub(super) kind: Kind,
    pub(super) to: Eui64,
    pub(super) dest: Option<Ipv6Addr>,
    pub(super) count: u32,
    pub(super) every: Duration,
}

/// Floods under way.
#[derive(Default)]
pub(super) struct Floods {
    running: Vec<Running>,
    /// Messages sent in all: invented nodes and ports are numbered by it.
    sent: u32,
    /// By port, with the address that is flooded: clients that wait for a cookie.
    clients: BTreeMap<u16, (Client, Ipv6Addr, Eui64)>,
    /// Ports of DTLS servers that are not the profile's, by device.
    servers: BTreeMap<Eui64, u16>,
}

struct Running {
    order: FloodOrder,
    left: u32,
    next: Instant,
}

impl Floods {
    /// The DTLS server of a device is at this port.
    pub(super) fn serve_at(&mut self, eui64: Eui64, port: u16) {
        self.servers.insert(eui64, port);
    }

    /// The port of a device's DTLS server.
    pub(super) fn server_of(&self, eui64: Eui64) -> u16 {
        self.servers.get(&eui64).copied().unwrap_or(SECURE_PORT)
    }

    pub(super) fn begin(&mut self, now: Instant, order: FloodOrder) {
        self.running.push(Running { left: order.count, next: now, order });
    }

    pub(super) fn is_over(&self) -> bool {
        self.running.is_empty()
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.running.iter().map(|flood| flood.next).min()
    }

    /// The next message that is due, and its number.
    fn take_due(&mut self, now: Instant) -> Option<(FloodOrder, u32)> {
        let at = self.running.iter().position(|flood| flood.next <= now)?;
        let flood = self.running.get_mut(at)?;
        let order = flood.order.clone();
        (flood.left, flood.next) = (flood.left.saturating_sub(1), flood.next + order.every);
        if flood.left == 0 {
            self.running.remove(at);
        }
        self.sent += 1;
        Some((order, self.sent))
    }
}

/// The EUI-64 of an invented node: locally administered, so that it is nobody's.
fn invented(number: u32) -> Eui64 {
    let [a, b, c, d] = number.to_be_bytes();
    Eui64([0x02, 0xad, 0xba, 0xd0, a, b, c, d])
}

impl Neighbour {
    /// Sends what is due of every flood.
    pub(super) fn advance_floods(&mut self, now: Instant) {
        while let Some((order, number)) = self.floods.take_due(now) {
            let ghost = invented(number);
            let neighbour = Destination::Neighbour(order.to);
            match order.kind {
                Kind::JoinSecureRequest => self.transmit_as(now, ghost, "sel.jsr", neighbour, false, &[], None),
                Kind::NeighborSolicitation => self.transmit_as(now, ghost, "nd.ns", neighbour, false, &[], None),
                Kind::RouterSolicitation => self.transmit_as(now, ghost, "nd.rs", neighbour, false, &[], None),
                Kind::Fragment => {
                    let fields = [("data.len", Value::Number(UNFINISHED_DATAGRAM)), ("fragments", Value::from("0-88"))];
                    self.transmit_as(now, ghost, "icmpv6.echo_request", neighbour, false, &fields, None);
                }
                Kind::ClientHello | Kind::ClientHelloWithCookie => self.send_client_hello(now, &order, number),
            }
        }
    }

    fn send_client_hello(&mut self, now: Instant, order: &FloodOrder, number: u32) {
        let port = FIRST_PORT | (number & 0x3fff) as u16;
        let config = ClientConfig::new(order.to.to_string().into_bytes(), Psk::new([0; 16]));
        let mut client = match Client::new(config, self.entropy.fork(), now) {
            Ok(client) => client,
            Err(error) => return self.outputs.push_back(MachineOutput::Fault(format!("no ClientHello: {error}"))),
        };
        let address = order.dest.unwrap_or_else(|| link_local_address(order.to));
        let hello = next_datagram(&mut client, now);
        if order.kind == Kind::ClientHelloWithCookie {
            if self.floods.clients.len() >= MOST_CLIENTS {
                self.floods.clients.pop_first();
            }
            self.floods.clients.insert(port, (client, address, order.to));
        }
        if let Some(hello) = hello {
            self.send_flood_datagram(now, (address, order.to), port, &hello);
        }
    }

    /// Takes a datagram of the flooded device: the cookie goes back, and that is the last thing it hears.
    pub(super) fn take_cookie(&mut self, now: Instant, port: u16, datagram: &[u8]) {
        let Some((mut client, address, to)) = self.floods.clients.remove(&port) else { return };
        client.handle(now, datagram);
        if let Some(hello) = next_datagram(&mut client, now) {
            self.send_flood_datagram(now, (address, to), port, &hello);
        }
    }

    fn send_flood_datagram(&mut self, now: Instant, (address, to): (Ipv6Addr, Eui64), port: u16, payload: &[u8]) {
        let fields = [
            ("udp.srcport", Value::Number(port.into())),
            ("udp.dstport", Value::Number(self.floods.server_of(to).into())),
            ("udp.payload", Value::Text(hex::encode(payload))),
        ];
        let destination = Destination::Address { address, next_hop: Some(to) };
        self.transmit(now, "udp.datagram", destination, false, &fields, None);
    }
}

fn next_datagram(client: &mut Client, now: Instant) -> Option<Vec<u8>> {
    std::iter::from_fn(|| client.poll(now)).find_map(|output| match output {
        Output::Datagram(datagram) => Some(datagram),
        _ => None,
    })
}
