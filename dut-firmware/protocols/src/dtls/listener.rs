//! A server for many peers: one [`Server`] each, made when a ClientHello comes and dropped when its session is over, with
//! bounds on how many there are (RFC 6347 4.2.1 on what a flood of ClientHellos may cost).

use alloc::collections::{BTreeMap, VecDeque};
use alloc::sync::Arc;

use rand_core::{Rng, SeedableRng};

use super::{CookieConfig, Output, Retransmission, SendError, Server, ServerConfig};
use crate::Entropy;
use crate::time::Instant;
use crate::tls::{self, ConfigError};

/// How many peers a listener serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListenerLimits {
    /// Sessions and handshakes together.
    pub sessions: usize,
    /// Handshakes that are not complete, unfinished ClientHellos included. At most `sessions`.
    pub handshakes: usize,
}

impl Default for ListenerLimits {
    /// 64 sessions, 16 of them in their handshake.
    fn default() -> Self {
        Self { sessions: 64, handshakes: 16 }
    }
}

/// Counters for reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ListenerStatistics {
    /// Datagrams of new peers that were dropped because a bound was reached. A client sends its ClientHello again.
    pub refused: u64,
    /// Unfinished ClientHellos that were dropped to make room.
    pub evicted: u64,
}

/// A DTLS 1.2 server for many peers. `P` is a peer's transport address in any fixed form: cookies are good for it only.
pub struct Listener<P> {
    config: Arc<tls::ServerConfig>,
    mtu: usize,
    retransmission: Retransmission,
    cookie_secret: Option<[u8; 32]>,
    limits: ListenerLimits,
    entropy: Entropy,
    sessions: BTreeMap<P, Session>,
    outputs: VecDeque<(P, Output)>,
    statistics: ListenerStatistics,
}

struct Session {
    server: Server,
    since: Instant,
}

impl<P: Ord + Clone + AsRef<[u8]>> Listener<P> {
    /// Serves every peer with `config`. With `cookies`, a peer must prove its address before it costs more than an answer;
    /// the secret is drawn here, and `config.cookie` is not looked at.
    ///
    /// # Errors
    /// [`ConfigError`] if the configuration cannot work.
    pub fn new(
        config: ServerConfig,
        cookies: bool,
        limits: ListenerLimits,
        mut entropy: Entropy,
    ) -> Result<Self, ConfigError> {
        config.check()?;
        if limits.handshakes == 0 || limits.sessions < limits.handshakes {
            return Err(ConfigError::LimitTooLow("handshakes"));
        }
        let mut secret = [0; 32];
        entropy.fill_bytes(&mut secret);
        Ok(Self {
            config: Arc::new(config.tls),
            mtu: config.mtu,
            retransmission: config.retransmission,
            cookie_secret: cookies.then_some(secret),
            limits,
            entropy,
            sessions: BTreeMap::new(),
            outputs: VecDeque::new(),
            statistics: ListenerStatistics::default(),
        })
    }

    /// Takes one datagram from a peer.
    pub fn handle(&mut self, now: Instant, peer: &P, datagram: &[u8]) {
        if !self.sessions.contains_key(peer) {
            let Some(server) = self.admit(peer) else {
                self.statistics.refused += 1;
                return;
            };
            self.sessions.insert(peer.clone(), Session { server, since: now });
        }
        if let Some(session) = self.sessions.get_mut(peer) {
            session.server.handle(now, datagram);
        }
        self.drain(now, peer);
    }

    /// The next thing to do for a peer; to be called until it returns `None`.
    pub fn poll(&mut self, now: Instant) -> Option<(P, Output)> {
        if self.outputs.is_empty() {
            let is_due = |session: &Session| self.deadline_of(session).is_some_and(|deadline| deadline <= now);
            let due = self.sessions.iter().find(|(_, session)| is_due(session)).map(|(peer, _)| peer.clone());
            if let Some(peer) = due {
                self.drain(now, &peer);
                // A ClientHello whose rest never came.
                if self.sessions.get(&peer).is_some_and(|session| {
                    session.server.is_idle() && self.deadline_of(session).is_some_and(|deadline| deadline <= now)
                }) {
                    self.sessions.remove(&peer);
                }
            }
        }
        self.outputs.pop_front()
    }

    /// When `poll` must be called next, if nothing is received before.
    pub fn deadline(&self) -> Option<Instant> {
        self.sessions.values().filter_map(|session| self.deadline_of(session)).min()
    }

    /// Sends application data to a peer as one record.
    ///
    /// # Errors
    /// [`SendError`] if there is no session with it, or the data do not fit into the MTU.
    pub fn send(&mut self, now: Instant, peer: &P, data: &[u8]) -> Result<(), SendError> {
        let sent = match self.sessions.get_mut(peer) {
            Some(session) => session.server.send(now, data),
            None => Err(SendError::NotConnected),
        };
        self.drain(now, peer);
        sent
    }

    /// Ends the session with a peer, if there is one.
    pub fn close(&mut self, now: Instant, peer: &P) {
        if let Some(session) = self.sessions.get_mut(peer) {
            session.server.close(now);
        }
        self.drain(now, peer);
    }

    /// The session with a peer, or its handshake.
    pub fn session(&self, peer: &P) -> Option<&Server> {
        self.sessions.get(peer).map(|session| &session.server)
    }

    /// Everybody with whom there is a session or a handshake.
    pub fn peers(&self) -> impl Iterator<Item = &P> {
        self.sessions.keys()
    }

    /// Counters for reports.
    pub fn statistics(&self) -> ListenerStatistics {
        self.statistics
    }

    /// A server for a new peer, if there is room for one.
    fn admit(&mut self, peer: &P) -> Option<Server> {
        let handshakes = self.sessions.values().filter(|session| !session.server.is_connected()).count();
        if handshakes >= self.limits.handshakes || self.sessions.len() >= self.limits.sessions {
            // A piece of a ClientHello proves nothing: the oldest makes room.
            let idle = self.sessions.iter().filter(|(_, session)| session.server.is_idle());
            let oldest = idle.min_by_key(|(_, session)| session.since).map(|(peer, _)| peer.clone())?;
            self.sessions.remove(&oldest);
            self.statistics.evicted += 1;
        }
        let cookie = self.cookie_secret.map(|secret| CookieConfig { secret, peer: peer.as_ref().to_vec() });
        let entropy = Entropy::from_rng(&mut self.entropy);
        Some(Server::sharing(Arc::clone(&self.config), self.mtu, self.retransmission, cookie, entropy))
    }

    /// Takes over what a peer's session has to say, and drops the session if that was the last.
    fn drain(&mut self, now: Instant, peer: &P) {
        let Some(session) = self.sessions.get_mut(peer) else { return };
        while let Some(output) = session.server.poll(now) {
            self.outputs.push_back((peer.clone(), output));
        }
        if session.server.is_closed() || session.server.is_blank() {
            self.sessions.remove(peer);
        }
    }

    fn deadline_of(&self, session: &Session) -> Option<Instant> {
        if session.server.is_idle() {
            return self.config.limits.handshake_timeout.map(|timeout| session.since + timeout);
        }
        session.server.deadline()
    }
}
