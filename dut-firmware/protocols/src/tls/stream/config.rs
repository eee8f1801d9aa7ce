//! What client and server over a stream are told at birth: the size of records, beside what the handshake is told.

use wire::tls::MAX_PLAINTEXT;

use crate::tls::{self, ConfigError};

/// A client's configuration.
#[derive(Clone)]
pub struct ClientConfig {
    /// What is offered and proven.
    pub tls: tls::ClientConfig,
    /// Most octets that this side puts into a record, before protection: 2, as an alert needs, to 16384.
    pub record: usize,
}

impl From<tls::ClientConfig> for ClientConfig {
    /// With the longest records.
    fn from(tls: tls::ClientConfig) -> Self {
        Self { tls, record: MAX_PLAINTEXT }
    }
}

/// A server's configuration.
#[derive(Clone)]
pub struct ServerConfig {
    /// What is taken and proven.
    pub tls: tls::ServerConfig,
    /// Most octets that this side puts into a record, before protection: 2, as an alert needs, to 16384.
    pub record: usize,
}

impl From<tls::ServerConfig> for ServerConfig {
    /// With the longest records.
    fn from(tls: tls::ServerConfig) -> Self {
        Self { tls, record: MAX_PLAINTEXT }
    }
}

/// Octets of an alert, which is never cut.
const ALERT: usize = 2;

pub(super) fn check_record(record: usize) -> Result<(), ConfigError> {
    if (ALERT..=MAX_PLAINTEXT).contains(&record) { Ok(()) } else { Err(ConfigError::RecordSize(record)) }
}
