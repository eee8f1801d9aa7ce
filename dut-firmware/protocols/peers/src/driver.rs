//! Drives one of our engines: over a blocking UDP socket in wall time, or step by step in whatever time the caller has.

use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;

use protocols::Entropy;
use protocols::dtls::{Client, Output, SendError, Server};
use protocols::time::Instant;
use protocols::tls::{Closed, KeyLog};
use rand_core::{Rng, SeedableRng};

/// Longest wait for a datagram, so that deadlines of the caller are seen.
const TICK: Duration = Duration::from_millis(20);

/// Our client or our server.
pub enum Engine {
    /// See [`Client`].
    Client(Box<Client>),
    /// See [`Server`].
    Server(Box<Server>),
}

impl Engine {
    /// See [`Client::handle`].
    pub fn handle(&mut self, now: Instant, datagram: &[u8]) {
        match self {
            Self::Client(client) => client.handle(now, datagram),
            Self::Server(server) => server.handle(now, datagram),
        }
    }

    /// See [`Client::poll`].
    pub fn poll(&mut self, now: Instant) -> Option<Output> {
        match self {
            Self::Client(client) => client.poll(now),
            Self::Server(server) => server.poll(now),
        }
    }

    /// See [`Client::deadline`].
    pub fn deadline(&self) -> Option<Instant> {
        match self {
            Self::Client(client) => client.deadline(),
            Self::Server(server) => server.deadline(),
        }
    }

    /// See [`Client::send`].
    ///
    /// # Errors
    /// As there.
    pub fn send(&mut self, now: Instant, data: &[u8]) -> Result<(), SendError> {
        match self {
            Self::Client(client) => client.send(now, data),
            Self::Server(server) => server.send(now, data),
        }
    }

    /// See [`Client::close`].
    pub fn close(&mut self, now: Instant) {
        match self {
            Self::Client(client) => client.close(now),
            Self::Server(server) => server.close(now),
        }
    }

    /// See [`Client::has_extended_master_secret`].
    pub fn has_extended_master_secret(&self) -> bool {
        match self {
            Self::Client(client) => client.has_extended_master_secret(),
            Self::Server(server) => server.has_extended_master_secret(),
        }
    }
}

/// What an engine has reported so far.
#[derive(Debug, Default)]
pub struct Log {
    /// Whether the handshake was completed.
    pub connected: bool,
    /// Application data, all records in one.
    pub received: Vec<u8>,
    /// How the session ended.
    pub closed: Option<Closed>,
    /// The session's secret.
    pub keys: Option<KeyLog>,
    /// Octets of the longest datagram that was sent.
    pub longest_sent: usize,
    /// Octets of the longest datagram that was received.
    pub longest_received: usize,
}

impl Log {
    /// Takes note of an output; returns the datagram if it is one.
    pub fn note(&mut self, output: Output) -> Option<Vec<u8>> {
        match output {
            Output::Datagram(datagram) => {
                self.longest_sent = self.longest_sent.max(datagram.len());
                return Some(datagram);
            }
            Output::Connected => self.connected = true,
            Output::ApplicationData(data) => self.received.extend(data),
            Output::Closed(closed) => self.closed = Some(closed),
            Output::KeyLog(keys) => self.keys = Some(keys),
        }
        None
    }
}

/// An engine on a UDP socket.
pub struct Driver {
    /// The engine.
    pub engine: Engine,
    /// What it has reported.
    pub log: Log,
    socket: UdpSocket,
    peer: Option<SocketAddr>,
    began: std::time::Instant,
    give_up: Duration,
    loss: Option<Loss>,
}

/// Datagrams that vanish, in both directions.
struct Loss {
    percent: u32,
    dice: Entropy,
}

impl Loss {
    fn takes_one(&mut self) -> bool {
        self.dice.next_u32() % 100 < self.percent
    }
}

impl Driver {
    /// An engine on a socket of its own; without `peer`, the first sender is the peer. A server that sees another sender
    /// later answers that one: the program behind it began anew.
    ///
    /// # Panics
    /// If no socket can be had.
    pub fn new(engine: Engine, socket: UdpSocket, peer: Option<SocketAddr>) -> Self {
        socket.set_read_timeout(Some(TICK)).expect("a timeout that is not zero");
        let give_up = Duration::from_secs(30);
        Self { engine, log: Log::default(), socket, peer, began: std::time::Instant::now(), give_up, loss: None }
    }

    /// Loses `percent` of all datagrams, chosen by `seed`, and has more patience: peers wait a second and then twice as
    /// long each time (RFC 6347 4.2.4.1).
    #[must_use]
    pub fn losing(mut self, percent: u32, seed: u64) -> Self {
        self.loss = Some(Loss { percent, dice: Entropy::seed_from_u64(seed) });
        self.give_up = Duration::from_secs(120);
        self
    }

    /// No datagram is lost any more.
    pub fn stop_losing(&mut self) {
        self.loss = None;
    }

    fn loses_one(&mut self) -> bool {
        self.loss.as_mut().is_some_and(Loss::takes_one)
    }

    /// Time since the driver was made, as the engine wants it.
    pub fn now(&self) -> Instant {
        Instant::ZERO + self.began.elapsed()
    }

    /// Runs until the log satisfies `done`.
    ///
    /// # Panics
    /// If that takes longer than 30 s in all (120 s with losses), or the session ends before; `what` says what was awaited.
    pub fn run_until(&mut self, what: &str, done: impl Fn(&Log) -> bool) {
        loop {
            let now = self.now();
            while let Some(output) = self.engine.poll(now) {
                let Some(datagram) = self.log.note(output) else { continue };
                if let Some(peer) = self.peer
                    && !self.loses_one()
                {
                    // A peer that is not up yet, or gone, shows as an error on loopback: it is only a lost datagram.
                    let _ = self.socket.send_to(&datagram, peer);
                }
            }
            if done(&self.log) {
                return;
            }
            assert!(self.began.elapsed() < self.give_up, "waited too long for {what}: {:?}", self.log);
            assert!(self.log.closed.is_none(), "session ended before {what}: {:?}", self.log);
            let mut buffer = [0; 2048];
            if let Ok((length, sender)) = self.socket.recv_from(&mut buffer) {
                self.peer = Some(sender);
                if self.loses_one() {
                    continue;
                }
                self.log.longest_received = self.log.longest_received.max(length);
                let now = self.now();
                self.engine.handle(now, &buffer[..length]);
            }
        }
    }

    /// Sends application data.
    ///
    /// # Panics
    /// If there is no session.
    pub fn send(&mut self, data: &[u8]) {
        let now = self.now();
        self.engine.send(now, data).expect("an established session");
    }

    /// Closes the session and sends what that takes.
    pub fn close(&mut self) {
        let now = self.now();
        self.engine.close(now);
        self.run_until("the end", |log| log.closed.is_some());
    }
}
