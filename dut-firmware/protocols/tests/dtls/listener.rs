//! Many clients at one listener: each has its session, and none costs more than the limits allow.

use std::time::Duration;

use bootrack_protocols::Entropy;
use bootrack_protocols::dtls::{Client, Listener, ListenerLimits, Output, SendError};
use bootrack_protocols::time::Instant;
use bootrack_protocols::tls::{ClientAuthentication, CloseReason, ConfigError};
use rand_core::SeedableRng;
use rstest::rstest;
use wire::tls::Handshake;

use super::alerts::{clear_record, hello};
use super::channel::{client_config, server_config};
use super::credentials::{raw_client, raw_server};

type Address = [u8; 2];

struct Net {
    now: Instant,
    listener: Listener<Address>,
    clients: Vec<(Address, Client)>,
    connected: Vec<Address>,
    received: Vec<(Address, Vec<u8>)>,
    closed: Vec<(Address, CloseReason)>,
}

impl Net {
    fn new(clients: usize, cookies: bool, limits: ListenerLimits) -> Self {
        let config = raw_server(ClientAuthentication::Required);
        let entropy = Entropy::seed_from_u64;
        let client = |number: u8| {
            let config = raw_client(true);
            ([number, 7], Client::new(config, entropy(u64::from(number)), Instant::ZERO).unwrap())
        };
        Self {
            now: Instant::ZERO,
            listener: Listener::new(config, cookies, limits, entropy(1000)).unwrap(),
            clients: (0..u8::try_from(clients).unwrap()).map(client).collect(),
            connected: Vec::new(),
            received: Vec::new(),
            closed: Vec::new(),
        }
    }

    /// Carries datagrams without loss until nobody has anything to say.
    fn settle(&mut self) {
        loop {
            let mut quiet = true;
            for (address, client) in &mut self.clients {
                while let Some(output) = client.poll(self.now) {
                    if let Output::Datagram(datagram) = output {
                        quiet = false;
                        self.listener.handle(self.now, address, &datagram);
                    }
                }
            }
            while let Some((peer, output)) = self.listener.poll(self.now) {
                quiet = false;
                match output {
                    Output::Datagram(datagram) => {
                        let client = self.clients.iter_mut().find(|(address, _)| *address == peer);
                        client.unwrap().1.handle(self.now, &datagram);
                    }
                    Output::Connected => self.connected.push(peer),
                    Output::ApplicationData(data) => self.received.push((peer, data)),
                    Output::Closed(closed) => self.closed.push((peer, closed.reason)),
                    Output::KeyLog(_) => {}
                }
            }
            if quiet {
                return;
            }
        }
    }
}

#[rstest]
fn every_client_has_a_session_of_its_own(#[values(false, true)] cookies: bool) {
    let mut net = Net::new(20, cookies, ListenerLimits { sessions: 20, handshakes: 20 });
    net.settle();
    assert_eq!(net.connected.len(), 20);
    for (address, client) in &mut net.clients {
        client.send(net.now, address).unwrap();
    }
    net.settle();
    assert_eq!(net.received.len(), 20);
    assert!(net.received.iter().all(|(peer, data)| data == peer), "nobody speaks for another");
    let address = net.clients[3].0;
    net.listener.send(net.now, &address, b"you").unwrap();
    assert_eq!(net.listener.send(net.now, &[99, 99], b"nobody"), Err(SendError::NotConnected));
    assert!(net.listener.session(&address).unwrap().client_certificate().is_some());
    net.listener.close(net.now, &address);
    net.clients[4].1.close(net.now);
    net.settle();
    assert_eq!(net.listener.peers().count(), 18, "who is gone takes no room");
    assert_eq!(net.closed, [(address, CloseReason::Local), (net.clients[4].0, CloseReason::Peer)]);
}

#[test]
fn client_beyond_the_bound_comes_in_when_there_is_room() {
    let mut net = Net::new(5, true, ListenerLimits { sessions: 3, handshakes: 3 });
    net.settle();
    assert_eq!(net.connected.len(), 3);
    assert!(net.listener.statistics().refused >= 2);
    let first = net.connected[0];
    net.listener.close(net.now, &first);
    net.settle();
    // The next retransmission of a ClientHello.
    net.now = net.now + Duration::from_secs(2);
    net.settle();
    assert_eq!(net.connected.len(), 4);
    assert_eq!(net.listener.peers().count(), 3);
}

#[test]
fn flood_of_hellos_without_cookies_takes_no_room() {
    let mut net = Net::new(0, true, ListenerLimits::default());
    for number in 0..1000u16 {
        let datagram = clear_record(&Handshake::ClientHello(hello()), 0, 0);
        net.listener.handle(net.now, &number.to_be_bytes(), &datagram);
        while net.listener.poll(net.now).is_some() {}
    }
    assert_eq!(net.listener.peers().count(), 0);
    assert_eq!(net.listener.deadline(), None);
}

/// The first half of a ClientHello, as a fragment.
fn half_a_hello() -> Vec<u8> {
    let mut datagram = clear_record(&Handshake::ClientHello(hello()), 0, 0);
    datagram.truncate(13 + 12 + 20);
    datagram[11..13].copy_from_slice(&32u16.to_be_bytes());
    datagram[13 + 9..13 + 12].copy_from_slice(&[0, 0, 20]);
    datagram
}

#[test]
fn unfinished_hellos_make_room_for_newer_ones_and_are_forgotten_in_time() {
    let mut net = Net::new(1, true, ListenerLimits { sessions: 10, handshakes: 4 });
    for number in 0..100u16 {
        net.now = net.now + Duration::from_millis(1);
        net.listener.handle(net.now, &[9, u8::try_from(number).unwrap()], &half_a_hello());
        assert_eq!(net.listener.poll(net.now), None);
    }
    assert_eq!(net.listener.peers().count(), 4);
    assert_eq!(net.listener.statistics().evicted, 96);
    net.settle();
    assert_eq!(net.connected.len(), 1, "they keep nobody out");
    let peers = net.listener.peers().count();
    net.now = net.now + Duration::from_secs(301);
    while peers > 1 && net.listener.peers().count() > 1 {
        net.listener.poll(net.now);
    }
    assert!(net.listener.session(&net.clients[0].0).is_some());
}

#[test]
fn handshake_that_was_left_alone_is_given_up() {
    let mut net = Net::new(1, false, ListenerLimits::default());
    let (address, client) = &mut net.clients[0];
    let Some(Output::Datagram(datagram)) = client.poll(net.now) else { panic!("no ClientHello") };
    net.listener.handle(net.now, address, &datagram);
    while net.listener.poll(net.now).is_some() {}
    assert_eq!(net.listener.peers().count(), 1);
    while let Some(deadline) = net.listener.deadline() {
        net.now = deadline;
        while net.listener.poll(net.now).is_some() {}
    }
    assert_eq!(net.listener.peers().count(), 0);
    assert!(net.now > Instant::ZERO + Duration::from_secs(100));
}

#[test]
fn limits_that_let_nobody_in_are_refused() {
    let refused = |sessions, handshakes| {
        let limits = ListenerLimits { sessions, handshakes };
        Listener::<Address>::new(server_config(), true, limits, Entropy::seed_from_u64(1)).err()
    };
    assert_eq!(refused(0, 0), Some(ConfigError::LimitTooLow("handshakes")));
    assert_eq!(refused(3, 4), Some(ConfigError::LimitTooLow("handshakes")));
    assert_eq!(refused(4, 4), None);
    assert!(client_config().tls.psk.is_some());
}
