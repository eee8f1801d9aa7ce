//! TLS 1.2 (RFC 5246, 6655, 7627, 5746), apart from what carries it: the handshake of client and server, negotiation,
//! credentials, key exchange, key schedule, alerts. `TLS_PSK_WITH_AES_128_CCM_8` (RFC 4279) and
//! `TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8` (RFC 7251, 8422; P-256, SHA-256) with raw public keys (RFC 7250) or X.509.
//!
//! The handshake speaks in messages and knows no records: a `Carrier` has them. [`dtls`](crate::dtls) is the carrier over
//! datagrams, with fragments, repetition and cookies; [`stream`] the one over a stream of octets, which may be TCP or the
//! fragments of EAP-TLS. A key exchange is a file in `key_exchange/` and a line in its lists.
//!
//! # Alerts
//!
//! Every alert of RFC 5246 7.2 is a value of [`AlertDescription`](wire::tls::AlertDescription). What is sent, and when
//! (fatal if nothing else is said):
//!
//! | alert | sent when |
//! |---|---|
//! | close_notify (warning) | the owner closes; as the answer to the peer's (RFC 5246 7.2.1); a limit on time or records is reached |
//! | unexpected_message | a handshake message has no place in the state, or comes in the wrong epoch; in a stream, a record that has no place or is empty, or warnings without end |
//! | bad_record_mac | Finished does not decrypt: the peer has another key, as with a wrong PSK (RFC 4279 2). Any other record too in a stream; in datagrams it is discarded silently (RFC 6347 4.1.2.7) |
//! | record_overflow | in a stream: a record longer than 2^14 octets and what protects it (RFC 5246 6.2) |
//! | handshake_failure | no common suite, group or signature algorithm; a certificate is required and none is shown (RFC 5246 7.4.6); no extended master secret where it is required (RFC 7627 5.2, 5.3); renegotiation_info is not empty (RFC 5746 3.4, 3.6) |
//! | bad_certificate | DER that does not parse; a signature in the chain that does not verify; a chain beyond the limit |
//! | unsupported_certificate | no common certificate type (RFC 7250 4.2); a key that is not on P-256, a signature algorithm, version, critical extension or (extended) key usage that is not ours |
//! | certificate_expired | a certificate has expired, or is not valid yet (RFC 5246 7.2.2 has one alert for both) |
//! | certificate_unknown | a raw public key that is not trusted; another name; a violated path constraint, an issuer that may not sign certificates |
//! | unknown_ca | the chain leads to no trust anchor: self-signed, of a foreign authority, or incomplete |
//! | illegal_parameter | a choice that was not offered; an extension twice; no null compression; an ECDH point off the curve; an explicit curve; a message beyond the limit |
//! | decode_error | a message or extension of the wrong length or with an empty list |
//! | decrypt_error | Finished, ServerKeyExchange or CertificateVerify does not verify; with [`UnknownIdentity::Conceal`], a wrong PSK too |
//! | protocol_version | ClientHello below or ServerHello other than (D)TLS 1.2; in a stream, a record of another protocol |
//! | internal_error | a message of our own does not fit its length field |
//! | user_canceled (warning) | the owner closes during the handshake; close_notify follows |
//! | no_renegotiation (warning) | ClientHello or HelloRequest in an established session, four times at most |
//! | unsupported_extension | a ServerHello with an extension that was not offered, or with signature_algorithms |
//! | unknown_psk_identity | with [`UnknownIdentity::Reveal`] (RFC 4279 2) |
//!
//! Never sent: decompression_failure, as there is no compression; access_denied, because who is trusted may come in;
//! insufficient_security, as there is one strength; and what RFC 5246 reserves (decryption_failed, no_certificate,
//! export_restriction).
//!
//! On receipt, close_notify ends the session and is answered, whatever its level; any other fatal alert ends it without an
//! answer; a warning is counted and the session goes on. [`Closed`] has the alert.

mod carrier;
mod client;
mod config;
mod fault;
mod key_exchange;
mod limits;
mod output;
mod peer;
mod schedule;
mod server;
mod session;
mod signature;
pub mod stream;

pub(crate) use carrier::{Carrier, Received};
pub(crate) use client::Client;
pub use config::{
    ClientAuthentication, ClientConfig, ClientEcdhe, ConfigError, ExtendedMasterSecret, Psk, PskStore, ServerConfig,
    ServerEcdhe, SinglePsk, UnknownIdentity,
};
pub(crate) use fault::Fault;
pub use limits::Limits;
pub use output::{CloseReason, Closed, ExportError, KeyLog};
pub use peer::PeerCertificate;
pub use schedule::Randoms;
pub(crate) use server::Server;
pub(crate) use session::{client_accessors, server_accessors, session_accessors};
