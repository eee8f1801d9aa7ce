//! A deterministic channel between one client and one server, in virtual time.

use std::collections::BTreeMap;
use std::time::Duration;

use bootrack_protocols::Entropy;
use bootrack_protocols::dtls::{Client, ClientConfig, CookieConfig, Output, Retransmission, Server, ServerConfig};
use bootrack_protocols::time::Instant;
use bootrack_protocols::tls::{Closed, KeyLog, Psk, SinglePsk};
use rand_core::{Rng, SeedableRng};

pub(crate) const IDENTITY: &[u8] = b"0123456789abcdef";
pub(crate) const KEY: [u8; 16] = *b"\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f";

pub(crate) fn client_config() -> ClientConfig {
    ClientConfig::new(IDENTITY, Psk::new(KEY))
}

pub(crate) fn server_config() -> ServerConfig {
    ServerConfig::new(SinglePsk { identity: IDENTITY.to_vec(), psk: Psk::new(KEY) })
}

pub(crate) fn cookies() -> Option<CookieConfig> {
    Some(CookieConfig { secret: [7; 32], peer: b"[fd00::1]:5684".to_vec() })
}

pub(crate) fn patient() -> Retransmission {
    Retransmission { initial: Duration::from_secs(1), maximum: Duration::from_secs(4), limit: 60, jitter_percent: 0 }
}

/// What goes wrong on the way, in thousandths of all datagrams.
#[derive(Clone, Copy, Default)]
pub(crate) struct Faults {
    pub(crate) lost: u32,
    pub(crate) doubled: u32,
    /// Delayed by up to 300 ms, and so overtaken by others.
    pub(crate) delayed: u32,
}

/// What one side has reported.
#[derive(Default)]
pub(crate) struct Log {
    pub(crate) connected: u32,
    pub(crate) received: Vec<Vec<u8>>,
    pub(crate) closed: Vec<Closed>,
    pub(crate) keys: Vec<KeyLog>,
    pub(crate) sent: Vec<Vec<u8>>,
}

pub(crate) type Tamper = Box<dyn FnMut(bool, &mut Vec<u8>)>;

/// Both sides and what is between them.
pub(crate) struct World {
    pub(crate) now: Instant,
    pub(crate) client: Client,
    pub(crate) server: Server,
    pub(crate) client_log: Log,
    pub(crate) server_log: Log,
    /// Changes what travels; told whether it goes to the server.
    pub(crate) tamper: Option<Tamper>,
    faults: Faults,
    chance: Entropy,
    /// Arrival time and a counter, then whether it goes to the server.
    travelling: BTreeMap<(Instant, u64), (bool, Vec<u8>)>,
    counter: u64,
}

impl World {
    pub(crate) fn new(client: ClientConfig, server: ServerConfig, faults: Faults, seed: u64) -> Self {
        let entropy = |stream: u64| Entropy::seed_from_u64(seed.wrapping_mul(3).wrapping_add(stream));
        Self {
            now: Instant::ZERO,
            client: Client::new(client, entropy(0), Instant::ZERO).unwrap(),
            server: Server::new(server, entropy(1)).unwrap(),
            client_log: Log::default(),
            server_log: Log::default(),
            tamper: None,
            faults,
            chance: entropy(2),
            travelling: BTreeMap::new(),
            counter: 0,
        }
    }

    fn happens(&mut self, thousandths: u32) -> bool {
        self.chance.next_u32() % 1000 < thousandths
    }

    /// Puts a datagram on its way.
    pub(crate) fn carry(&mut self, to_server: bool, mut datagram: Vec<u8>) {
        if let Some(tamper) = &mut self.tamper {
            tamper(to_server, &mut datagram);
        }
        let copies = 1 + u32::from(self.happens(self.faults.doubled));
        for _ in 0..copies {
            if self.happens(self.faults.lost) {
                continue;
            }
            let is_late = self.happens(self.faults.delayed);
            let delay = if is_late { u64::from(self.chance.next_u32() % 300) } else { 5 };
            self.counter += 1;
            let arrival = self.now + Duration::from_millis(delay);
            self.travelling.insert((arrival, self.counter), (to_server, datagram.clone()));
        }
    }

    /// Loses every datagram that is under way.
    pub(crate) fn lose_what_travels(&mut self) {
        self.travelling.clear();
    }

    fn drain(&mut self, of_client: bool) {
        loop {
            let output = if of_client { self.client.poll(self.now) } else { self.server.poll(self.now) };
            let Some(output) = output else { return };
            let log = if of_client { &mut self.client_log } else { &mut self.server_log };
            match output {
                Output::Connected => log.connected += 1,
                Output::ApplicationData(data) => log.received.push(data),
                Output::Closed(closed) => log.closed.push(closed),
                Output::KeyLog(keys) => log.keys.push(keys),
                Output::Datagram(datagram) => {
                    log.sent.push(datagram.clone());
                    self.carry(of_client, datagram);
                }
            }
        }
    }

    /// Advances to the next arrival or deadline. False if nothing will ever happen again, or not within ten minutes.
    pub(crate) fn step(&mut self) -> bool {
        self.drain(true);
        self.drain(false);
        let arrival = self.travelling.keys().next().map(|(arrival, _)| *arrival);
        let next = [arrival, self.client.deadline(), self.server.deadline()].into_iter().flatten().min();
        let Some(next) = next.filter(|next| *next < Instant::ZERO + Duration::from_secs(600)) else { return false };
        self.now = self.now.max(next);
        if let Some(entry) = self.travelling.first_entry()
            && entry.key().0 <= self.now
        {
            let (to_server, datagram) = entry.remove();
            if to_server {
                self.server.handle(self.now, &datagram);
            } else {
                self.client.handle(self.now, &datagram);
            }
        }
        self.drain(true);
        self.drain(false);
        true
    }

    /// Steps until both are connected, or nothing happens any more.
    pub(crate) fn connect(&mut self) {
        while !(self.client.is_connected() && self.server.is_connected()) && self.step() {}
    }

    /// Steps until nothing happens any more.
    pub(crate) fn run(&mut self) {
        while self.step() {}
    }
}
