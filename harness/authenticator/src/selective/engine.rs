//! The DTLS engine of a session: our own, or where a testbed in real time asks for it and the build has it, the crate `dtls`.

use protocols::dtls::{Client, Output, Retransmission, SendError};
use protocols::time::Instant;
use protocols::tls::ExtendedMasterSecret;
use rand_core::SeedableRng as _;

#[cfg(not(feature = "second-engine"))]
use super::no_second_engine::SecondEngine;
#[cfg(feature = "second-engine")]
use super::second_engine::SecondEngine;

use super::credentials::Credential;
use super::{CommissioningTool, Mutant};

/// The engine of a session.
pub(super) enum Engine {
    Own(Box<Client>),
    Second(SecondEngine),
}

impl Engine {
    pub(super) fn handle(&mut self, now: Instant, datagram: &[u8]) {
        match self {
            Self::Own(client) => client.handle(now, datagram),
            Self::Second(engine) => engine.handle(now, datagram),
        }
    }

    pub(super) fn poll(&mut self, now: Instant) -> Option<Output> {
        match self {
            Self::Own(client) => client.poll(now),
            Self::Second(engine) => engine.poll(now),
        }
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        match self {
            Self::Own(client) => client.deadline(),
            Self::Second(engine) => engine.deadline(),
        }
    }

    pub(super) fn send(&mut self, now: Instant, data: &[u8]) -> Result<(), SendError> {
        match self {
            Self::Own(client) => client.send(now, data),
            Self::Second(engine) => engine.send(now, data),
        }
    }

    pub(super) fn close(&mut self, now: Instant) {
        match self {
            Self::Own(client) => client.close(now),
            Self::Second(engine) => engine.close(now),
        }
    }

    pub(super) fn is_connected(&self) -> bool {
        match self {
            Self::Own(client) => client.is_connected(),
            Self::Second(engine) => engine.is_connected(),
        }
    }

    pub(super) fn is_closed(&self) -> bool {
        match self {
            Self::Own(client) => client.is_closed(),
            Self::Second(engine) => engine.is_closed(),
        }
    }
}

impl CommissioningTool {
    /// The DTLS client of a session with this credential: the second engine if it is asked for and knows such credentials.
    ///
    /// # Errors
    /// Why there is none.
    pub(super) fn engine(&mut self, now: Instant, credential: Credential) -> Result<Engine, String> {
        let shared_key = match &credential {
            Credential::Psk { psk, identity } if self.asks_second_engine => Some((psk.clone(), identity.clone())),
            _ => None,
        };
        let mut config = credential.client_config();
        config.tls.extended_master_secret = self.handshake.extended_master_secret;
        config.retransmission = self.handshake.retransmission;
        config.mtu = self.handshake.mtu.unwrap_or(config.mtu);
        if self.is(Mutant::NoRetransmission) {
            config.retransmission.limit = 0;
        }
        if let Some((psk, identity)) = shared_key {
            self.log("this session's DTLS is that of the crate `dtls`");
            let parameters = Parameters {
                identity,
                psk,
                mtu: config.mtu,
                extended_master_secret: config.tls.extended_master_secret,
                retransmission: config.retransmission,
            };
            return SecondEngine::new(parameters, now).map(Engine::Second);
        }
        if self.asks_second_engine {
            self.log("the second DTLS engine knows no such credential: this session is by our own");
        }
        let client = Client::new(config, self.entropy.fork(), now).map_err(|error| error.to_string())?;
        Ok(Engine::Own(Box::new(client)))
    }
}

/// What a session by the second engine needs.
#[cfg_attr(not(feature = "second-engine"), allow(dead_code, reason = "nobody is there to read it"))]
pub(super) struct Parameters {
    pub(super) identity: Vec<u8>,
    pub(super) psk: Vec<u8>,
    pub(super) mtu: usize,
    pub(super) extended_master_secret: ExtendedMasterSecret,
    pub(super) retransmission: Retransmission,
}
