//! `dimpl`: sans-IO like ours, so both run in virtual time and a failing seed fails again.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant as WallInstant};

use bootrack_peer_tests::{Engine, IDENTITY, KEY, Log, client_config, entropy, server_config};
use dimpl::{Config, Dtls, Output, PskResolver};
use protocols::dtls::{Client, CookieConfig, Server};
use protocols::time::Instant;
use protocols::tls::ExtendedMasterSecret;
use rstest::rstest;
use wire::dtls::{open, records};
use wire::tls::{ContentType, Sender};

use super::channel::{Loss, key_block, server_random};

struct OneKey;

impl PskResolver for OneKey {
    fn resolve(&self, identity: &[u8]) -> Option<Vec<u8>> {
        (identity == IDENTITY.as_bytes()).then(|| KEY.to_vec())
    }
}

#[derive(Default)]
struct PeerLog {
    connected: bool,
    received: Vec<u8>,
    sent: Vec<Vec<u8>>,
    deadline: Option<Duration>,
}

/// Our engine and the peer, with a channel between them.
struct World {
    ours: Engine,
    log: Log,
    peer: Dtls,
    peer_log: PeerLog,
    began: WallInstant,
    now: Duration,
    loss: Loss,
    /// Arrival and a counter, then whether it is for the peer.
    travelling: BTreeMap<(Duration, u64), (bool, Vec<u8>)>,
    counter: u64,
    ours_sent: Vec<Vec<u8>>,
}

impl World {
    fn new(ours: Engine, peer_is_client: bool, mtu: usize, loss: Loss, seed: u64) -> Self {
        let builder = Config::builder()
            .mtu(mtu)
            .flight_start_rto(Duration::from_secs(1))
            .flight_retries(40)
            .handshake_timeout(Duration::from_secs(500))
            .dangerously_set_rng_seed(seed);
        let builder = if peer_is_client {
            builder.with_psk_client(IDENTITY.into(), Arc::new(OneKey))
        } else {
            builder.with_psk_server(Some(b"hint1".to_vec()), Arc::new(OneKey))
        };
        let began = WallInstant::now();
        let mut peer = Dtls::new_12_psk(Arc::new(builder.build().unwrap()), began);
        peer.set_active(peer_is_client);
        peer.handle_timeout(began).unwrap();
        Self {
            ours,
            log: Log::default(),
            peer,
            peer_log: PeerLog::default(),
            began,
            now: Duration::ZERO,
            loss,
            travelling: BTreeMap::new(),
            counter: 0,
            ours_sent: Vec::new(),
        }
    }

    fn carry(&mut self, to_peer: bool, datagram: Vec<u8>) {
        if !self.loss.strikes() {
            self.counter += 1;
            self.travelling.insert((self.now + Duration::from_millis(5), self.counter), (to_peer, datagram));
        }
    }

    fn drain(&mut self) {
        let now = Instant::ZERO + self.now;
        while let Some(output) = self.ours.poll(now) {
            if let Some(datagram) = self.log.note(output) {
                self.ours_sent.push(datagram.clone());
                self.carry(true, datagram);
            }
        }
        let mut buffer = vec![0; 2048];
        loop {
            match self.peer.poll_output(&mut buffer) {
                Output::Packet(packet) => {
                    let packet = packet.to_vec();
                    self.peer_log.sent.push(packet.clone());
                    self.carry(false, packet);
                }
                Output::Connected => self.peer_log.connected = true,
                Output::ApplicationData(data) => self.peer_log.received.extend_from_slice(data),
                Output::Timeout(deadline) => {
                    self.peer_log.deadline = deadline.checked_duration_since(self.began);
                    return;
                }
                _ => {}
            }
        }
    }

    /// Advances until `done`, or for at most 500 s of virtual time.
    fn run_until(&mut self, done: impl Fn(&Self) -> bool) {
        loop {
            self.drain();
            if done(self) {
                return;
            }
            let ours = self.ours.deadline().map(|deadline| Duration::from_nanos(deadline.0));
            let arrival = self.travelling.keys().next().map(|(arrival, _)| *arrival);
            let next = [ours, arrival, self.peer_log.deadline].into_iter().flatten().min();
            let next = next.filter(|next| *next < Duration::from_secs(500));
            let next = next.unwrap_or_else(|| panic!("nothing more will happen: {:?}", self.log));
            // A deadline that stays in the past must not stop the clock.
            self.now = if next > self.now { next } else { self.now + Duration::from_millis(1) };
            self.peer.handle_timeout(self.began + self.now).unwrap();
            while let Some(entry) = self.travelling.first_entry() {
                if entry.key().0 > self.now {
                    break;
                }
                let (to_peer, datagram) = entry.remove();
                if to_peer {
                    self.peer.handle_packet(&datagram).unwrap();
                } else {
                    self.ours.handle(Instant::ZERO + self.now, &datagram);
                }
                self.drain();
            }
        }
    }

    fn check(mut self, peer_is_client: bool, mtu: usize) {
        self.run_until(|world| world.log.connected && world.peer_log.connected);
        assert!(self.ours.has_extended_master_secret());
        let longest = self.ours_sent.iter().chain(&self.peer_log.sent).map(Vec::len).max();
        assert!(longest <= Some(mtu), "{longest:?}");
        // Every record that the peer protected opens with the keys of our key log.
        let datagrams = if peer_is_client { &self.ours_sent } else { &self.peer_log.sent };
        let keys = key_block(self.log.keys.as_ref().unwrap(), &server_random(datagrams));
        let sender = if peer_is_client { Sender::Client } else { Sender::Server };
        let mut opened = 0;
        for record in self.peer_log.sent.iter().flat_map(|datagram| records(datagram)).flatten() {
            if record.header.epoch == 1 && record.header.content_type == ContentType::Handshake {
                assert!(open(keys.of(sender), &record.header, record.fragment).is_ok());
                opened += 1;
            }
        }
        assert!(opened > 0);
        self.loss = Loss::new(0, 0);
        self.ours.send(Instant::ZERO + self.now, b"from the engine").unwrap();
        self.run_until(|world| world.peer_log.received == b"from the engine");
        self.peer.send_application_data(b"from the peer").unwrap();
        self.run_until(|world| world.log.received == b"from the peer");
    }
}

#[rstest]
fn engine_as_client_of_dimpl(#[values(64, 1280)] mtu: usize, #[values(0, 200)] lost: u32) {
    for seed in 0..10 {
        let mut config = client_config(mtu);
        config.retransmission.limit = 40;
        config.tls.extended_master_secret = ExtendedMasterSecret::Require;
        let client = Client::new(config, entropy(seed), Instant::ZERO).unwrap();
        let world = World::new(Engine::Client(Box::new(client)), false, mtu, Loss::new(lost, seed), seed);
        world.check(false, mtu);
    }
}

#[rstest]
fn engine_as_server_of_dimpl(
    #[values(64, 1280)] mtu: usize,
    #[values(0, 200)] lost: u32,
    #[values(false, true)] cookie: bool,
) {
    for seed in 0..10 {
        let mut config = server_config(mtu);
        config.retransmission.limit = 40;
        config.cookie = cookie.then(|| CookieConfig { secret: [3; 32], peer: b"peer".to_vec() });
        let server = Server::new(config, entropy(seed)).unwrap();
        let world = World::new(Engine::Server(Box::new(server)), true, mtu, Loss::new(lost, seed), seed);
        world.check(true, mtu);
    }
}
