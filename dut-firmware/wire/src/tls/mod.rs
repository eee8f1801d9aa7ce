//! TLS 1.2 on the wire (RFC 5246), whatever carries it: handshake messages with pre-shared keys (RFC 4279) or ECDHE_ECDSA
//! (RFC 8422, 7251) under raw public keys (RFC 7250) or certificates, alerts, AES-128-CCM-8 (RFC 6655), the extended master
//! secret (RFC 7627), the records of a stream, and the pure key schedule that both an engine and a dissector need. Datagrams
//! have records of their own, in [`crate::dtls`].
//!
//! Errors name a field as the dissector does in DTLS, `dtls.handshake.*`, in whatever it came.

mod alert;
mod certificate;
mod ecdhe;
mod ecjpake;
mod extension;
mod handshake;
mod hello;
mod prf;
mod protection;
mod record;

pub use alert::{Alert, AlertDescription, AlertLevel};
pub use certificate::{Certificate, CertificateRequest, CertificateType, ClientCertificateType};
pub use ecdhe::{DigitallySigned, EcPointFormat, EcdhParameters, EcdheServerKeyExchange, NamedGroup, SignatureAndHash};
pub use ecjpake::{ECJPAKE_KEY_KP_PAIR, EcJpakeServerParams, KeyKp, KeyKpPair, TLS_ECJPAKE_WITH_AES_128_CCM_8};
pub use extension::{Extension, ExtensionType};
pub use handshake::{
    Handshake, HandshakeType, KeyExchange, MESSAGE_HEADER_LENGTH, NewSessionTicket, first_message, message_bytes,
    message_header,
};
pub use hello::{CipherSuite, ClientHello, HelloVerifyRequest, ProtocolVersion, ServerHello, Transport};
pub use prf::{KeyBlock, MasterSecret, Sender, WriteKeys, prf, psk_premaster_secret};
pub use protection::{MAC_LENGTH, PROTECTION_OVERHEAD, Sealed, nonce};
pub use record::{ContentType, MAX_PLAINTEXT, RecordHeader};

/// Octets of a client or server random.
pub const RANDOM_LENGTH: usize = 32;
/// Octets of `verify_data` in a Finished message (RFC 5246 7.4.9).
pub const VERIFY_DATA_LENGTH: usize = 12;
