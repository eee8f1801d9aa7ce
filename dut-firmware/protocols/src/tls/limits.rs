//! How much one peer may cost: memory, time, records. A limit that is reached ends the session, never the program.

use core::time::Duration;

use super::ConfigError;

/// Limits of one session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Octets of the longest handshake message that is taken; a longer one ends the handshake with `illegal_parameter`.
    pub handshake_message: usize,
    /// In datagrams: octets of all handshake messages that are being put together from fragments; what does not fit is
    /// dropped, and comes again. At least `handshake_message`.
    pub reassembly: usize,
    /// Certificates of the longest chain that is looked at; a longer one ends the handshake with `bad_certificate`.
    pub chain_length: usize,
    /// From the first flight to the last Finished; `None` = until the last retransmission is given up.
    pub handshake_timeout: Option<Duration>,
    /// Over streams: an established session in which the peer proves no life for this long is closed with `close_notify`; `None` = never.
    /// Who owns a session over datagrams closes it by himself.
    pub idle_timeout: Option<Duration>,
    /// Protected records that this side sends; the session is closed with `close_notify` before there would be more. Never
    /// more than the 2^48 that the sequence number can count in datagrams (RFC 6347 4.1).
    pub records_sent: u64,
}

impl Default for Limits {
    /// 4096 octets a message, 8192 in all, four certificates, five minutes a handshake, no idle time-out, 2^48 records.
    fn default() -> Self {
        Self {
            handshake_message: 4096,
            reassembly: 8192,
            chain_length: 4,
            handshake_timeout: Some(Duration::from_secs(300)),
            idle_timeout: None,
            records_sent: 1 << 48,
        }
    }
}

impl Limits {
    /// A ServerKeyExchange of ECDHE_ECDSA has at most 4 + 65 + 4 + 72 octets, and a useful hint is no longer.
    const LEAST_MESSAGE: usize = 160;
    /// Finished, one record of application data, `close_notify`.
    const LEAST_RECORDS: u64 = 3;

    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let too_low = [
            ("handshake_message", self.handshake_message < Self::LEAST_MESSAGE),
            ("reassembly", self.reassembly < self.handshake_message),
            ("chain_length", self.chain_length == 0),
            ("records_sent", self.records_sent < Self::LEAST_RECORDS),
        ];
        too_low
            .iter()
            .find(|(_, is_too_low)| *is_too_low)
            .map_or(Ok(()), |(name, _)| Err(ConfigError::LimitTooLow(name)))
    }
}
