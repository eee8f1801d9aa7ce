//! Handshake messages: the header of TLS (RFC 5246 7.4), the PSK key exchange messages (RFC 4279 2), those of ECDHE_ECDSA
//! with certificates (RFC 8422 5, RFC 5246 7.4), Finished (RFC 5246 7.4.9) and NewSessionTicket (RFC 5077 3.3). What is not
//! known here is carried raw.

use alloc::vec::Vec;

use super::certificate::emit_vector24;
use super::ecdhe::{emit_point, parse_point};
use super::extension::emit_vector16;
use super::hello::finish;
use super::{
    Certificate, CertificateRequest, ClientHello, DigitallySigned, EcdhParameters, EcdheServerKeyExchange,
    HelloVerifyRequest, ServerHello, Transport, VERIFY_DATA_LENGTH,
};
use crate::Result;
use crate::reader::Reader;

macro_rules! handshake_types {
    ($($(#[$doc:meta])* $name:ident = $number:literal;)*) => {
        /// `msg_type` of a handshake message.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum HandshakeType {
            $($(#[$doc])* $name,)*
            /// Any other number.
            Unknown(u8),
        }

        impl From<u8> for HandshakeType {
            fn from(number: u8) -> Self {
                match number {
                    $($number => Self::$name,)*
                    other => Self::Unknown(other),
                }
            }
        }

        impl From<HandshakeType> for u8 {
            fn from(msg_type: HandshakeType) -> Self {
                match msg_type {
                    $(HandshakeType::$name => $number,)*
                    HandshakeType::Unknown(other) => other,
                }
            }
        }
    };
}

handshake_types! {
    /// A server asks for renegotiation.
    HelloRequest = 0;
    /// First message of a client.
    ClientHello = 1;
    /// The server's choice of parameters.
    ServerHello = 2;
    /// The cookie exchange of DTLS.
    HelloVerifyRequest = 3;
    /// RFC 5077.
    NewSessionTicket = 4;
    /// A certificate chain or a raw public key.
    Certificate = 11;
    /// The server's share of the key exchange; with PSK, its identity hint.
    ServerKeyExchange = 12;
    /// The server wants the client to authenticate with a certificate.
    CertificateRequest = 13;
    /// End of the server's first flight.
    ServerHelloDone = 14;
    /// The client's proof of possession.
    CertificateVerify = 15;
    /// The client's share of the key exchange; with PSK, its identity.
    ClientKeyExchange = 16;
    /// `verify_data` over the handshake.
    Finished = 20;
}

/// Octets before the body of a message in a stream: type and length (RFC 5246 7.4).
pub const MESSAGE_HEADER_LENGTH: usize = 4;

/// The first message in a stream of handshake octets: its type and body; `None` if it is not there as a whole yet.
pub fn first_message(stream: &[u8]) -> Option<(HandshakeType, &[u8])> {
    let mut reader = Reader::new(stream);
    let (msg_type, length) = message_header(&mut reader)?;
    Some((msg_type, reader.take(length, "dtls.handshake").ok()?))
}

/// Type and octets of body that the header of a message says, as soon as it is there.
pub fn message_header(reader: &mut Reader<'_>) -> Option<(HandshakeType, usize)> {
    let msg_type = reader.u8("dtls.handshake.type").ok()?.into();
    Some((msg_type, usize::try_from(reader.u24_be("dtls.handshake.length").ok()?).ok()?))
}

/// A whole message as it is sent in a stream and enters the handshake hash: type, length, body (RFC 5246 7.4, 7.4.9).
///
/// # Errors
/// [`Error::Malformed`](crate::Error::Malformed) if the body is longer than 24 bits can say.
pub fn message_bytes(msg_type: HandshakeType, body: &[u8]) -> Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(MESSAGE_HEADER_LENGTH + body.len());
    bytes.push(msg_type.into());
    emit_vector24(body, "dtls.handshake.length", &mut bytes)?;
    Ok(bytes)
}

/// Which key exchange the selected cipher suite has: it decides how the key exchange messages are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyExchange {
    /// RFC 4279 2.
    Psk,
    /// RFC 8422 2.2.
    EcdheEcdsa,
    /// Not known, or one whose messages this module carries raw.
    Other,
}

/// NewSessionTicket (RFC 5077 3.3), which a client without resumption reads and forgets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSessionTicket {
    /// Seconds; 0 = unspecified.
    pub lifetime_hint: u32,
    /// Opaque.
    pub ticket: Vec<u8>,
}

/// The body of a handshake message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Handshake {
    /// Empty.
    HelloRequest,
    /// See [`ClientHello`].
    ClientHello(ClientHello),
    /// See [`ServerHello`].
    ServerHello(ServerHello),
    /// See [`HelloVerifyRequest`].
    HelloVerifyRequest(HelloVerifyRequest),
    /// See [`NewSessionTicket`].
    NewSessionTicket(NewSessionTicket),
    /// With PSK: the identity hint (RFC 4279 2).
    ServerKeyExchangePsk {
        /// UTF-8 by RFC 4279 5.1, not enforced.
        identity_hint: Vec<u8>,
    },
    /// Empty.
    ServerHelloDone,
    /// With PSK: the identity (RFC 4279 2).
    ClientKeyExchangePsk {
        /// UTF-8 by RFC 4279 5.1, not enforced.
        identity: Vec<u8>,
    },
    /// See [`Certificate`].
    Certificate(Certificate),
    /// See [`EcdheServerKeyExchange`].
    ServerKeyExchangeEcdhe(EcdheServerKeyExchange),
    /// See [`CertificateRequest`].
    CertificateRequest(CertificateRequest),
    /// With ECDHE: the client's ephemeral point (RFC 8422 5.7).
    ClientKeyExchangeEcdhe {
        /// 1 to 255 octets.
        point: Vec<u8>,
    },
    /// The client's signature over all messages before it (RFC 5246 7.4.8).
    CertificateVerify(DigitallySigned),
    /// `verify_data`.
    Finished([u8; VERIFY_DATA_LENGTH]),
    /// Any other message.
    Raw {
        /// Which.
        msg_type: HandshakeType,
        /// Its body.
        body: Vec<u8>,
    },
}

impl Handshake {
    /// Reads the body of a whole message.
    ///
    /// # Errors
    /// [`Error`](crate::Error) if the body of a known message is truncated or followed by other octets. Unknown messages never fail.
    pub fn parse(
        transport: Transport,
        msg_type: HandshakeType,
        body: &[u8],
        key_exchange: KeyExchange,
    ) -> Result<Self> {
        let mut reader = Reader::new(body);
        let parsed = match (msg_type, key_exchange) {
            (HandshakeType::HelloRequest, _) => Self::HelloRequest,
            (HandshakeType::ClientHello, _) => return ClientHello::parse(transport, body).map(Self::ClientHello),
            (HandshakeType::ServerHello, _) => return ServerHello::parse(body).map(Self::ServerHello),
            (HandshakeType::HelloVerifyRequest, _) if transport == Transport::Datagram => {
                return HelloVerifyRequest::parse(body).map(Self::HelloVerifyRequest);
            }
            (HandshakeType::NewSessionTicket, _) => {
                let lifetime_hint = reader.u32_be("dtls.handshake.session_ticket_lifetime_hint")?;
                let length = usize::from(reader.u16_be("dtls.handshake.session_ticket_length")?);
                let ticket = reader.take(length, "dtls.handshake.session_ticket")?.to_vec();
                Self::NewSessionTicket(NewSessionTicket { lifetime_hint, ticket })
            }
            (HandshakeType::ServerKeyExchange, KeyExchange::Psk) => {
                let length = usize::from(reader.u16_be("dtls.handshake.hint_len")?);
                Self::ServerKeyExchangePsk { identity_hint: reader.take(length, "dtls.handshake.hint")?.to_vec() }
            }
            (HandshakeType::ServerHelloDone, _) => Self::ServerHelloDone,
            (HandshakeType::ClientKeyExchange, KeyExchange::Psk) => {
                let length = usize::from(reader.u16_be("dtls.handshake.identity_len")?);
                Self::ClientKeyExchangePsk { identity: reader.take(length, "dtls.handshake.identity")?.to_vec() }
            }
            (HandshakeType::Certificate, _) => Self::Certificate(Certificate::parse(&mut reader)?),
            (HandshakeType::ServerKeyExchange, KeyExchange::EcdheEcdsa) => {
                let parameters = EcdhParameters::parse(&mut reader)?;
                let signed = DigitallySigned::parse(&mut reader)?;
                Self::ServerKeyExchangeEcdhe(EcdheServerKeyExchange { parameters, signed })
            }
            (HandshakeType::CertificateRequest, _) => Self::CertificateRequest(CertificateRequest::parse(&mut reader)?),
            (HandshakeType::ClientKeyExchange, KeyExchange::EcdheEcdsa) => {
                Self::ClientKeyExchangeEcdhe { point: parse_point(&mut reader)? }
            }
            (HandshakeType::CertificateVerify, _) => Self::CertificateVerify(DigitallySigned::parse(&mut reader)?),
            (HandshakeType::Finished, _) => Self::Finished(reader.array("dtls.handshake.verify_data")?),
            (msg_type, _) => return Ok(Self::Raw { msg_type, body: body.to_vec() }),
        };
        finish(&reader, "octets after a handshake message")?;
        Ok(parsed)
    }

    /// Appends the body.
    ///
    /// # Errors
    /// [`Error::Malformed`](crate::Error::Malformed) if a list is longer than its length field can say.
    pub fn emit(&self, out: &mut Vec<u8>) -> Result<()> {
        match self {
            Self::HelloRequest | Self::ServerHelloDone => Ok(()),
            Self::ClientHello(hello) => hello.emit(out),
            Self::ServerHello(hello) => hello.emit(out),
            Self::HelloVerifyRequest(request) => request.emit(out),
            Self::NewSessionTicket(ticket) => {
                out.extend_from_slice(&ticket.lifetime_hint.to_be_bytes());
                emit_vector16(&ticket.ticket, "dtls.handshake.session_ticket_length", out)
            }
            Self::ServerKeyExchangePsk { identity_hint } => {
                emit_vector16(identity_hint, "dtls.handshake.hint_len", out)
            }
            Self::ClientKeyExchangePsk { identity } => emit_vector16(identity, "dtls.handshake.identity_len", out),
            Self::Certificate(certificate) => certificate.emit(out),
            Self::ServerKeyExchangeEcdhe(exchange) => {
                exchange.parameters.emit(out)?;
                exchange.signed.emit(out)
            }
            Self::CertificateRequest(request) => request.emit(out),
            Self::ClientKeyExchangeEcdhe { point } => emit_point(point, out),
            Self::CertificateVerify(signed) => signed.emit(out),
            Self::Finished(verify_data) => {
                out.extend_from_slice(verify_data);
                Ok(())
            }
            Self::Raw { body, .. } => {
                out.extend_from_slice(body);
                Ok(())
            }
        }
    }

    /// The `msg_type` of this message.
    pub fn msg_type(&self) -> HandshakeType {
        match self {
            Self::HelloRequest => HandshakeType::HelloRequest,
            Self::ClientHello(_) => HandshakeType::ClientHello,
            Self::ServerHello(_) => HandshakeType::ServerHello,
            Self::HelloVerifyRequest(_) => HandshakeType::HelloVerifyRequest,
            Self::NewSessionTicket(_) => HandshakeType::NewSessionTicket,
            Self::ServerKeyExchangePsk { .. } => HandshakeType::ServerKeyExchange,
            Self::ServerHelloDone => HandshakeType::ServerHelloDone,
            Self::ClientKeyExchangePsk { .. } => HandshakeType::ClientKeyExchange,
            Self::Certificate(_) => HandshakeType::Certificate,
            Self::ServerKeyExchangeEcdhe(_) => HandshakeType::ServerKeyExchange,
            Self::CertificateRequest(_) => HandshakeType::CertificateRequest,
            Self::ClientKeyExchangeEcdhe { .. } => HandshakeType::ClientKeyExchange,
            Self::CertificateVerify(_) => HandshakeType::CertificateVerify,
            Self::Finished(_) => HandshakeType::Finished,
            Self::Raw { msg_type, .. } => *msg_type,
        }
    }
}
