//! A second opinion: sessions of the tool by the crate `dtls` in place of our own engine, so that a device under test does not only
//! meet what was written together with its reference.
//!
//! The crate lives in tokio and in wall time: a thread for each session, which is looked at every few milliseconds. So it is for
//! racks in real time, and for pre-shared keys: raw public keys (RFC 7250) it does not know.

use std::any::Any;
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use dtls::cipher_suite::CipherSuiteId;
use dtls::config::{Config, ExtendedMasterSecretType};
use dtls::conn::DTLSConn;
use protocols::dtls::{Output, Retransmission, SendError};
use protocols::time::Instant;
use protocols::tls::{CloseReason, Closed, ExtendedMasterSecret, KeyLog};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use webrtc_util::conn::Conn;

use super::engine::Parameters;

/// How often a session is looked at.
const LOOKS_EVERY: Duration = Duration::from_millis(4);
/// What the crate does not count of a datagram: the headers of record and handshake message.
const HEADERS: usize = 25;
/// Octets of a record of CoAP at most.
const LONGEST: usize = 2048;

/// What a session is told.
enum Order {
    Send(Vec<u8>),
    Close,
}

/// A session in its thread.
pub(super) struct SecondEngine {
    arriving: UnboundedSender<Vec<u8>>,
    orders: UnboundedSender<Order>,
    told: Receiver<Output>,
    pending: VecDeque<Output>,
    is_connected: bool,
    is_closing: bool,
    /// That it is over was told.
    is_told: bool,
    next_look: Instant,
}

impl SecondEngine {
    /// Begins a handshake.
    ///
    /// # Errors
    /// If the system gives no thread.
    pub(super) fn new(parameters: Parameters, now: Instant) -> Result<Self, String> {
        let (arriving, from_peer) = unbounded_channel();
        let (orders, ordered) = unbounded_channel();
        let (tell, told) = channel();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
        let runtime = runtime.map_err(|error| format!("the second DTLS engine: {error}"))?;
        std::thread::Builder::new()
            .name("second DTLS engine".to_owned())
            .spawn(move || runtime.block_on(session(parameters, from_peer, ordered, tell)))
            .map_err(|error| format!("the second DTLS engine: {error}"))?;
        Ok(Self {
            arriving,
            orders,
            told,
            pending: VecDeque::new(),
            is_connected: false,
            is_closing: false,
            is_told: false,
            next_look: now + LOOKS_EVERY,
        })
    }

    pub(super) fn handle(&mut self, now: Instant, datagram: &[u8]) {
        // A session that is over takes nothing.
        let _ = self.arriving.send(datagram.to_vec());
        self.next_look = self.next_look.min(now + LOOKS_EVERY);
    }

    pub(super) fn send(&mut self, now: Instant, data: &[u8]) -> Result<(), SendError> {
        if !self.is_connected {
            return Err(SendError::NotConnected);
        }
        self.next_look = self.next_look.min(now + LOOKS_EVERY);
        self.orders.send(Order::Send(data.to_vec())).map_err(|_| SendError::NotConnected)
    }

    pub(super) fn close(&mut self, now: Instant) {
        if !std::mem::replace(&mut self.is_closing, true) {
            let _ = self.orders.send(Order::Close);
            self.next_look = now + LOOKS_EVERY;
        }
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        (!self.is_told).then_some(self.next_look)
    }

    pub(super) fn is_connected(&self) -> bool {
        self.is_connected
    }

    pub(super) fn is_closed(&self) -> bool {
        self.is_told
    }

    pub(super) fn poll(&mut self, now: Instant) -> Option<Output> {
        if now >= self.next_look {
            self.next_look = now + LOOKS_EVERY;
        }
        loop {
            match self.told.try_recv() {
                Ok(output) => self.pending.push_back(output),
                Err(TryRecvError::Empty) => break,
                Err(TryRecvError::Disconnected) => {
                    let is_over = self.is_told || self.pending.iter().any(|output| matches!(output, Output::Closed(_)));
                    if !is_over {
                        let reason = if self.is_closing { CloseReason::Local } else { CloseReason::Timeout };
                        self.pending.push_back(Output::Closed(Closed { sent: None, received: None, reason }));
                    }
                    break;
                }
            }
        }
        let output = self.pending.pop_front()?;
        match &output {
            Output::Connected => self.is_connected = true,
            Output::Closed(_) => (self.is_connected, self.is_told) = (false, true),
            _ => {}
        }
        Some(output)
    }
}

/// How long a handshake may take: all its waits.
fn patience(retransmission: Retransmission) -> Duration {
    let waits = (0..=retransmission.limit).map(|times| {
        let wait = retransmission.initial.saturating_mul(1 << times.min(20));
        wait.min(retransmission.maximum)
    });
    waits.fold(Duration::ZERO, Duration::saturating_add)
}

/// The life of a session. It ends with the channels of its owner.
async fn session(
    parameters: Parameters,
    arriving: UnboundedReceiver<Vec<u8>>,
    mut orders: UnboundedReceiver<Order>,
    tell: Sender<Output>,
) {
    let wire = Arc::new(Wire { out: Mutex::new(tell.clone()), arriving: tokio::sync::Mutex::new(arriving) });
    let Parameters { identity, psk, mtu, extended_master_secret, retransmission } = parameters;
    let config = Config {
        psk: Some(Arc::new(move |_: &[u8]| {
            let psk = psk.clone();
            Box::pin(async move { Ok(psk) })
        })),
        // As a client the crate sends what it calls the hint as its identity.
        psk_identity_hint: Some(identity),
        cipher_suites: vec![CipherSuiteId::Tls_Psk_With_Aes_128_Ccm_8],
        flight_interval: retransmission.initial,
        extended_master_secret: match extended_master_secret {
            ExtendedMasterSecret::Offer => ExtendedMasterSecretType::Request,
            ExtendedMasterSecret::Never => ExtendedMasterSecretType::Disable,
            ExtendedMasterSecret::Require => ExtendedMasterSecretType::Require,
        },
        mtu: mtu.saturating_sub(HEADERS),
        ..Config::default()
    };
    let closed = |reason| Output::Closed(Closed { sent: None, received: None, reason });
    let handshake = DTLSConn::new(wire, config, true, None);
    let shaken = tokio::time::timeout(patience(retransmission), handshake);
    let connection = tokio::select! {
        shaken = shaken => match shaken {
            Ok(Ok(connection)) => connection,
            Ok(Err(_)) => return drop(tell.send(closed(CloseReason::Protocol("the second engine refuses the handshake")))),
            Err(_) => return drop(tell.send(closed(CloseReason::Timeout))),
        },
        // Nothing can be sent before the handshake: it is to be closed, or its owner is gone.
        _ = orders.recv() => return drop(tell.send(closed(CloseReason::Local))),
    };
    if let Ok(log) = connection.connection_state().await.key_log_data()
        && let (Ok(client_random), Ok(master_secret)) = (log.local_random.try_into(), log.master_secret.try_into())
    {
        let _ = tell.send(Output::KeyLog(KeyLog { client_random, master_secret }));
    }
    let _ = tell.send(Output::Connected);
    let mut buffer = vec![0; LONGEST];
    loop {
        tokio::select! {
            read = connection.read(&mut buffer, None) => match read {
                Ok(length) if length > 0 => {
                    let data = buffer.get(..length).unwrap_or_default().to_vec();
                    if tell.send(Output::ApplicationData(data)).is_err() {
                        return;
                    }
                }
                _ => return drop(tell.send(closed(CloseReason::Peer))),
            },
            order = orders.recv() => match order {
                Some(Order::Send(data)) => {
                    if connection.write(&data, None).await.is_err() {
                        return drop(tell.send(closed(CloseReason::Peer)));
                    }
                }
                Some(Order::Close) => {
                    // It sends close_notify.
                    let _ = connection.close().await;
                    return drop(tell.send(closed(CloseReason::Local)));
                }
                None => return,
            },
        }
    }
}

/// The crate's end of the way to the peer.
struct Wire {
    out: Mutex<Sender<Output>>,
    arriving: tokio::sync::Mutex<UnboundedReceiver<Vec<u8>>>,
}

fn closed() -> webrtc_util::Error {
    webrtc_util::Error::ErrUseClosedNetworkConn
}

/// Addresses that nobody uses: the crate asks for some.
fn nowhere(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

#[async_trait::async_trait]
impl Conn for Wire {
    async fn connect(&self, _: SocketAddr) -> webrtc_util::Result<()> {
        Ok(())
    }

    async fn recv(&self, buffer: &mut [u8]) -> webrtc_util::Result<usize> {
        let datagram = self.arriving.lock().await.recv().await.ok_or_else(closed)?;
        let length = datagram.len().min(buffer.len());
        buffer[..length].copy_from_slice(&datagram[..length]);
        Ok(length)
    }

    async fn recv_from(&self, buffer: &mut [u8]) -> webrtc_util::Result<(usize, SocketAddr)> {
        Ok((self.recv(buffer).await?, nowhere(1)))
    }

    async fn send(&self, buffer: &[u8]) -> webrtc_util::Result<usize> {
        let out = self.out.lock().unwrap_or_else(PoisonError::into_inner);
        out.send(Output::Datagram(buffer.to_vec())).map_err(|_| closed())?;
        Ok(buffer.len())
    }

    async fn send_to(&self, buffer: &[u8], _: SocketAddr) -> webrtc_util::Result<usize> {
        self.send(buffer).await
    }

    fn local_addr(&self) -> webrtc_util::Result<SocketAddr> {
        Ok(nowhere(2))
    }

    fn remote_addr(&self) -> Option<SocketAddr> {
        Some(nowhere(1))
    }

    async fn close(&self) -> webrtc_util::Result<()> {
        Ok(())
    }

    fn as_any(&self) -> &(dyn Any + Send + Sync) {
        self
    }
}
