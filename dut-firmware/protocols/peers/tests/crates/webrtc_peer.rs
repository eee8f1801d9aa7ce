//! `dtls` of the webrtc project: it lives in tokio and in wall time, so its timers are made short.

use std::net::SocketAddr;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant as WallInstant};

use bootrack_peer_tests::{Engine, IDENTITY, KEY, Log, client_config, entropy, server_config};
use dtls::cipher_suite::CipherSuiteId;
use dtls::config::{Config, ExtendedMasterSecretType};
use dtls::conn::DTLSConn;
use protocols::dtls::{Client, CookieConfig, Retransmission, Server};
use protocols::time::Instant;
use protocols::tls::ExtendedMasterSecret;
use rstest::rstest;
use tokio::runtime::Runtime;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use webrtc_util::KeyingMaterialExporter as _;
use webrtc_util::conn::Conn;
use wire::dtls::records;
use wire::tls::{ContentType, prf};

use super::channel::{Loss, server_random};

const FLIGHT_INTERVAL: Duration = Duration::from_millis(60);
const LABEL: &str = "EXPERIMENTAL equal secrets";

/// The peer's end of the channel.
struct Wire {
    out: Mutex<Sender<Vec<u8>>>,
    arriving: tokio::sync::Mutex<UnboundedReceiver<Vec<u8>>>,
}

fn closed() -> webrtc_util::Error {
    webrtc_util::Error::ErrUseClosedNetworkConn
}

#[async_trait::async_trait]
impl Conn for Wire {
    async fn connect(&self, _: SocketAddr) -> webrtc_util::Result<()> {
        Ok(())
    }

    async fn recv(&self, buffer: &mut [u8]) -> webrtc_util::Result<usize> {
        let datagram = self.arriving.lock().await.recv().await.ok_or_else(closed)?;
        buffer[..datagram.len()].copy_from_slice(&datagram);
        Ok(datagram.len())
    }

    async fn recv_from(&self, buffer: &mut [u8]) -> webrtc_util::Result<(usize, SocketAddr)> {
        Ok((self.recv(buffer).await?, SocketAddr::from(([127, 0, 0, 1], 1))))
    }

    async fn send(&self, buffer: &[u8]) -> webrtc_util::Result<usize> {
        // The test may be over.
        let _ = self.out.lock().unwrap().send(buffer.to_vec());
        Ok(buffer.len())
    }

    async fn send_to(&self, buffer: &[u8], _: SocketAddr) -> webrtc_util::Result<usize> {
        self.send(buffer).await
    }

    fn local_addr(&self) -> webrtc_util::Result<SocketAddr> {
        Ok(SocketAddr::from(([127, 0, 0, 1], 2)))
    }

    fn remote_addr(&self) -> Option<SocketAddr> {
        Some(SocketAddr::from(([127, 0, 0, 1], 1)))
    }

    async fn close(&self) -> webrtc_util::Result<()> {
        Ok(())
    }

    fn as_any(&self) -> &(dyn std::any::Any + Send + Sync) {
        self
    }
}

/// Our engine in this thread, the peer in a runtime of its own.
struct World {
    ours: Engine,
    log: Log,
    began: WallInstant,
    give_up: Duration,
    to_peer: UnboundedSender<Vec<u8>>,
    from_peer: Receiver<Vec<u8>>,
    loss: Loss,
    spares_last_flight: bool,
    ours_sent: Vec<Vec<u8>>,
    peer_sent: Vec<Vec<u8>>,
    /// Dropped last: it ends the peer.
    runtime: Runtime,
    handshake: Option<tokio::task::JoinHandle<Result<DTLSConn, dtls::Error>>>,
}

impl World {
    fn new(ours: Engine, peer_is_client: bool, mtu: usize, ems: ExtendedMasterSecret, loss: Loss) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let (to_peer, arriving) = unbounded_channel();
        let (out, from_peer) = channel();
        let wire = Arc::new(Wire { out: Mutex::new(out), arriving: tokio::sync::Mutex::new(arriving) });
        let hint = if peer_is_client { IDENTITY.as_bytes() } else { b"hint1" };
        let config = Config {
            psk: Some(Arc::new(|_: &[u8]| Box::pin(async { Ok(KEY.to_vec()) }))),
            // As a client the crate sends what it calls the hint as its identity.
            psk_identity_hint: Some(hint.to_vec()),
            cipher_suites: vec![CipherSuiteId::Tls_Psk_With_Aes_128_Ccm_8],
            flight_interval: FLIGHT_INTERVAL,
            extended_master_secret: match ems {
                ExtendedMasterSecret::Offer => ExtendedMasterSecretType::Request,
                ExtendedMasterSecret::Never => ExtendedMasterSecretType::Disable,
                ExtendedMasterSecret::Require => ExtendedMasterSecretType::Require,
            },
            // It counts the body of a fragment only.
            mtu: mtu - 25,
            ..Config::default()
        };
        let handshake = runtime.spawn(DTLSConn::new(wire, config, peer_is_client, None));
        Self {
            ours,
            log: Log::default(),
            began: WallInstant::now(),
            give_up: Duration::from_secs(30),
            to_peer,
            from_peer,
            loss,
            spares_last_flight: false,
            ours_sent: Vec::new(),
            peer_sent: Vec::new(),
            runtime,
            handshake: Some(handshake),
        }
    }

    fn now(&self) -> Instant {
        Instant::ZERO + self.began.elapsed()
    }

    /// Runs until `done`; false if that does not happen in time.
    fn run_until(&mut self, done: impl Fn(&Self) -> bool) -> bool {
        loop {
            let now = self.now();
            while let Some(output) = self.ours.poll(now) {
                if let Some(datagram) = self.log.note(output) {
                    self.ours_sent.push(datagram.clone());
                    if !self.loss.strikes() {
                        let _ = self.to_peer.send(datagram);
                    }
                }
            }
            if done(self) {
                return true;
            }
            if self.began.elapsed() > self.give_up || self.log.closed.is_some() {
                return false;
            }
            match self.from_peer.recv_timeout(Duration::from_millis(5)) {
                Ok(datagram) => {
                    let is_last = records(&datagram).flatten().any(|record| {
                        record.header.epoch == 1 || record.header.content_type == ContentType::ChangeCipherSpec
                    });
                    self.peer_sent.push(datagram.clone());
                    let lost = self.loss.strikes();
                    if !lost || (is_last && self.spares_last_flight) {
                        let now = self.now();
                        self.ours.handle(now, &datagram);
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => std::thread::sleep(Duration::from_millis(5)),
            }
        }
    }

    fn is_peer_done(&self) -> bool {
        self.handshake.as_ref().is_none_or(tokio::task::JoinHandle::is_finished)
    }

    fn check(mut self, peer_is_client: bool, mtu: usize, ems: ExtendedMasterSecret) {
        let connected = self.run_until(|world| world.log.connected && world.is_peer_done());
        assert!(connected, "no session: {:?}", self.log);
        let handshake = self.handshake.take().unwrap();
        let peer = self.runtime.block_on(handshake).unwrap().unwrap();
        assert_eq!(self.ours.has_extended_master_secret(), ems != ExtendedMasterSecret::Never);
        let longest = self.ours_sent.iter().chain(&self.peer_sent).map(Vec::len).max();
        assert!(longest <= Some(mtu), "{longest:?}");

        // The exporter (RFC 5705) of the peer gives what the PRF gives with our master secret.
        let keys = self.log.keys.clone().unwrap();
        let random = server_random(if peer_is_client { &self.ours_sent } else { &self.peer_sent });
        let mut expected = [0; 32];
        prf(&keys.master_secret, LABEL.as_bytes(), &[&keys.client_random, &random], &mut expected);
        let exported = self.runtime.block_on(async {
            let state = peer.connection_state().await;
            state.export_keying_material(LABEL, &[], 32).await.unwrap()
        });
        assert_eq!(exported, expected);

        self.loss = Loss::new(0, 0);
        let now = self.now();
        self.ours.send(now, b"from the engine").unwrap();
        self.run_until(|_| true);
        let received = self.runtime.block_on(async {
            let mut buffer = [0; 256];
            let length = peer.read(&mut buffer, Some(Duration::from_secs(10))).await.unwrap();
            peer.write(b"from the peer", Some(Duration::from_secs(10))).await.unwrap();
            buffer[..length].to_vec()
        });
        assert_eq!(received, b"from the engine");
        assert!(self.run_until(|world| world.log.received == b"from the peer"), "{:?}", self.log);
    }
}

fn quick() -> Retransmission {
    Retransmission { initial: FLIGHT_INTERVAL, maximum: Duration::from_millis(250), limit: 200, jitter_percent: 0 }
}

fn our_client(mtu: usize, ems: ExtendedMasterSecret, seed: u64) -> Engine {
    let mut config = client_config(mtu);
    config.retransmission = quick();
    config.tls.extended_master_secret = ems;
    Engine::Client(Box::new(Client::new(config, entropy(seed), Instant::ZERO).unwrap()))
}

#[rstest]
fn engine_as_client_of_webrtc_dtls(
    #[values(64, 1280)] mtu: usize,
    #[values(0, 200)] lost: u32,
    #[values(ExtendedMasterSecret::Offer, ExtendedMasterSecret::Never)] ems: ExtendedMasterSecret,
) {
    for seed in 0..3 {
        let mut world = World::new(our_client(mtu, ems, seed), false, mtu, ems, Loss::new(lost, seed));
        world.spares_last_flight = true;
        world.check(false, mtu, ems);
    }
}

#[rstest]
#[case::narrow_with_cookie(64, true)]
#[case::wide(1280, false)]
#[case::wide_with_cookie(1280, true)]
fn engine_as_server_of_webrtc_dtls(
    #[case] mtu: usize,
    #[case] cookie: bool,
    #[values(0, 200)] lost: u32,
    #[values(ExtendedMasterSecret::Offer, ExtendedMasterSecret::Never)] ems: ExtendedMasterSecret,
) {
    for seed in 0..3 {
        let mut config = server_config(mtu);
        config.retransmission = quick();
        config.tls.extended_master_secret = ems;
        config.cookie = cookie.then(|| CookieConfig { secret: [3; 32], peer: b"peer".to_vec() });
        let server = Server::new(config, entropy(seed)).unwrap();
        let ours = Engine::Server(Box::new(server));
        World::new(ours, true, mtu, ems, Loss::new(lost, seed)).check(true, mtu, ems);
    }
}

/// Why the project has an engine of its own: this is the defect that the table above speaks of.
#[test]
fn webrtc_dtls_as_server_never_sends_its_last_flight_again() {
    let ems = ExtendedMasterSecret::Offer;
    let mut world = World::new(our_client(1280, ems, 1), false, 1280, ems, Loss::new(0, 1));
    world.give_up = Duration::from_secs(3);
    world.run_until(|world| world.log.keys.is_some());
    let dropped = loop {
        let datagram = world.from_peer.recv_timeout(Duration::from_secs(10)).unwrap();
        if records(&datagram).flatten().any(|record| record.header.epoch == 1) {
            break datagram;
        }
    };
    assert!(!dropped.is_empty());
    assert!(!world.run_until(|world| world.log.connected), "it does send its last flight again by now");
    assert!(world.is_peer_done(), "the peer took the handshake for complete");
}
