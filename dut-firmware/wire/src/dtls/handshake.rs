//! Handshake messages: the header with fragment offset and length (RFC 6347 4.2.2), the PSK key exchange messages
//! (RFC 4279 2), those of ECDHE_ECDSA with certificates (RFC 8422 5, RFC 5246 7.4), Finished (RFC 5246 7.4.9) and
//! NewSessionTicket (RFC 5077 3.3). What is not known here is carried raw.

use alloc::vec::Vec;

use super::ecdhe::{emit_point, parse_point};
use super::extension::emit_vector16;
use super::hello::finish;
use super::{
    Certificate, CertificateRequest, ClientHello, DigitallySigned, EcdhParameters, EcdheServerKeyExchange,
    HelloVerifyRequest, ServerHello, VERIFY_DATA_LENGTH,
};
use crate::reader::Reader;
use crate::{Error, Result};

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

/// The 12 octets before every handshake message or fragment of one (RFC 6347 4.2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HandshakeHeader {
    /// Which message.
    pub msg_type: HandshakeType,
    /// Octets of the whole body, 24 bits.
    pub length: u32,
    /// Counts the messages of one sender in a handshake.
    pub message_seq: u16,
    /// Octets of the body before this fragment, 24 bits.
    pub fragment_offset: u32,
    /// Octets of the body in this fragment, 24 bits.
    pub fragment_length: u32,
}

impl HandshakeHeader {
    /// Octets of the header.
    pub const LENGTH: usize = 12;

    /// Reads a header.
    ///
    /// # Errors
    /// [`Error::Truncated`], or [`Error::Malformed`] if the fragment reaches past the message.
    pub fn parse(reader: &mut Reader<'_>) -> Result<Self> {
        let header = Self {
            msg_type: reader.u8("dtls.handshake.type")?.into(),
            length: reader.u24_be("dtls.handshake.length")?,
            message_seq: reader.u16_be("dtls.handshake.message_seq")?,
            fragment_offset: reader.u24_be("dtls.handshake.fragment_offset")?,
            fragment_length: reader.u24_be("dtls.handshake.fragment_length")?,
        };
        if header.fragment_offset + header.fragment_length > header.length {
            return Err(Error::Malformed("dtls.handshake.fragment_length"));
        }
        Ok(header)
    }

    /// Appends the 12 octets; lengths are cut to 24 bits.
    pub fn emit(&self, out: &mut Vec<u8>) {
        let u24 = |value: u32| value.to_be_bytes().into_iter().skip(1);
        out.push(self.msg_type.into());
        out.extend(u24(self.length));
        out.extend_from_slice(&self.message_seq.to_be_bytes());
        out.extend(u24(self.fragment_offset));
        out.extend(u24(self.fragment_length));
    }

    /// Whether the fragment is the whole message.
    pub fn is_whole(&self) -> bool {
        self.fragment_offset == 0 && self.fragment_length == self.length
    }
}

/// A handshake message or a piece of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fragment<'a> {
    /// Its header.
    pub header: HandshakeHeader,
    /// `header.fragment_length` octets.
    pub body: &'a [u8],
}

/// All fragments in one (clear or decrypted) handshake record; several messages may share a record.
///
/// # Errors
/// [`Error`] if a header or body does not fit.
pub fn fragments(record: &[u8]) -> Result<Vec<Fragment<'_>>> {
    let mut reader = Reader::new(record);
    let mut fragments = Vec::new();
    while !reader.is_empty() {
        let header = HandshakeHeader::parse(&mut reader)?;
        let length = usize::try_from(header.fragment_length).map_err(|_| Error::Truncated("dtls.handshake"))?;
        fragments.push(Fragment { header, body: reader.take(length, "dtls.handshake.fragment")? });
    }
    Ok(fragments)
}

/// A whole message as it enters the handshake hash: header as if it had never been fragmented, then the body
/// (RFC 6347 4.2.6).
///
/// # Errors
/// [`Error::Malformed`] if the body is longer than 24 bits can say.
pub fn message_bytes(msg_type: HandshakeType, message_seq: u16, body: &[u8]) -> Result<Vec<u8>> {
    let length = u32::try_from(body.len()).ok().filter(|length| *length < 1 << 24);
    let length = length.ok_or(Error::Malformed("dtls.handshake.length"))?;
    let mut bytes = Vec::with_capacity(HandshakeHeader::LENGTH + body.len());
    HandshakeHeader { msg_type, length, message_seq, fragment_offset: 0, fragment_length: length }.emit(&mut bytes);
    bytes.extend_from_slice(body);
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
    /// [`Error`] if the body of a known message is truncated or followed by other octets. Unknown messages never fail.
    pub fn parse(msg_type: HandshakeType, body: &[u8], key_exchange: KeyExchange) -> Result<Self> {
        let mut reader = Reader::new(body);
        let parsed = match (msg_type, key_exchange) {
            (HandshakeType::HelloRequest, _) => Self::HelloRequest,
            (HandshakeType::ClientHello, _) => return ClientHello::parse(body).map(Self::ClientHello),
            (HandshakeType::ServerHello, _) => return ServerHello::parse(body).map(Self::ServerHello),
            (HandshakeType::HelloVerifyRequest, _) => {
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
    /// [`Error::Malformed`] if a list is longer than its length field can say.
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
