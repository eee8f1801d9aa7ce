//! Bodies of DTLS handshake messages: hellos (RFC 5246 section 7.4.1, RFC 6347 section 4.2.1), certificates and raw public
//! keys (RFC 5246 section 7.4.2, RFC 7250 section 3), key exchange with PSK (RFC 4279 section 2), ECDHE (RFC 8422 section
//! 5.4) and EC-JPAKE (draft-cragie-tls-ecjpake).

use super::hello_extension::extensions;
use super::sheet::{Cursor, Sheet};
use wire::tls::{CipherSuite, HandshakeType, VERIFY_DATA_LENGTH};
use wire::{Error, Result};

/// What the hellos of a session settle about the messages behind them.
#[derive(Clone, Copy, Default)]
pub(super) struct Negotiated {
    /// The suite of the ServerHello.
    pub(super) suite: Option<CipherSuite>,
    /// Whether the sender of this message presents a raw public key (RFC 7250) and no chain.
    pub(super) raw_public_key: bool,
}

/// How the key exchange messages of a suite are read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum KeyExchange {
    Psk,
    Ecdhe,
    EcJpake,
}

impl KeyExchange {
    fn of(suite: CipherSuite) -> Option<Self> {
        Some(match suite.0 {
            // RFC 4279, 4785, 5487 and 6655; those with DHE, RSA or ECDHE excluded.
            0x002c | 0x008a..=0x008d | 0x00a8 | 0x00a9 | 0x00ae..=0x00b1 | 0xc0a4 | 0xc0a5 | 0xc0a8 | 0xc0a9 => {
                Self::Psk
            }
            // RFC 8422, 5289, 7251: ECDHE_ECDSA and ECDHE_RSA.
            0xc006..=0xc00a
            | 0xc010..=0xc014
            | 0xc023
            | 0xc024
            | 0xc027
            | 0xc028
            | 0xc02b
            | 0xc02c
            | 0xc02f
            | 0xc030
            | 0xc0ac..=0xc0af
            | 0xcca8
            | 0xcca9 => Self::Ecdhe,
            0xc0ff => Self::EcJpake,
            _ => return None,
        })
    }
}

/// Dissects the whole body of a message.
pub(super) fn body(
    sheet: &mut Sheet,
    mut cursor: Cursor<'_>,
    msg_type: HandshakeType,
    negotiated: Negotiated,
) -> Result<()> {
    let key_exchange = negotiated.suite.and_then(KeyExchange::of);
    let cursor = &mut cursor;
    match msg_type {
        HandshakeType::ClientHello => client_hello(sheet, cursor),
        HandshakeType::ServerHello => server_hello(sheet, cursor),
        HandshakeType::HelloVerifyRequest => {
            cursor.uint(sheet, "dtls.handshake.version", 2)?;
            vector(sheet, cursor, 1, "dtls.handshake.cookie_length", "dtls.handshake.cookie")
        }
        HandshakeType::NewSessionTicket => {
            cursor.uint(sheet, "dtls.handshake.session_ticket_lifetime_hint", 4)?;
            vector(sheet, cursor, 2, "dtls.handshake.session_ticket_length", "dtls.handshake.session_ticket")
        }
        HandshakeType::Certificate => certificate(sheet, cursor, negotiated.raw_public_key),
        HandshakeType::ServerKeyExchange => match key_exchange {
            Some(KeyExchange::Psk) => {
                identity(sheet, cursor, ["dtls.handshake.hint_len", "dtls.handshake.hint", "dtls.hint_text"])
            }
            Some(KeyExchange::Ecdhe) => {
                curve(sheet, cursor)?;
                vector(sheet, cursor, 1, "dtls.handshake.server_point_len", "dtls.handshake.server_point")?;
                signature(sheet, cursor, "dtls.handshake.sig_len", "dtls.handshake.sig")
            }
            Some(KeyExchange::EcJpake) => {
                curve(sheet, cursor)?;
                vector(sheet, cursor, 1, "dtls.handshake.xs_len", "dtls.handshake.xs")?;
                vector(sheet, cursor, 1, "dtls.handshake.vs_len", "dtls.handshake.vs")?;
                vector(sheet, cursor, 1, "dtls.handshake.rs_len", "dtls.handshake.rs")
            }
            None => unknown(negotiated),
        },
        HandshakeType::CertificateRequest => certificate_request(sheet, cursor),
        HandshakeType::CertificateVerify => {
            signature(sheet, cursor, "dtls.handshake.client_cert_vrfy.sig_len", "dtls.handshake.client_cert_vrfy.sig")
        }
        HandshakeType::ClientKeyExchange => match key_exchange {
            Some(KeyExchange::Psk) => identity(
                sheet,
                cursor,
                ["dtls.handshake.identity_len", "dtls.handshake.identity", "dtls.identity_text"],
            ),
            Some(KeyExchange::Ecdhe) => {
                vector(sheet, cursor, 1, "dtls.handshake.client_point_len", "dtls.handshake.client_point")
            }
            Some(KeyExchange::EcJpake) => {
                vector(sheet, cursor, 1, "dtls.handshake.xc_len", "dtls.handshake.xc")?;
                vector(sheet, cursor, 1, "dtls.handshake.vc_len", "dtls.handshake.vc")?;
                vector(sheet, cursor, 1, "dtls.handshake.rc_len", "dtls.handshake.rc")
            }
            None => unknown(negotiated),
        },
        HandshakeType::Finished => {
            let length = cursor.rest().len();
            cursor.bytes(sheet, "dtls.verify_data", length)?;
            // RFC 5246 section 7.4.9: twelve octets, as no suite that is known says otherwise.
            if length == VERIFY_DATA_LENGTH { Ok(()) } else { Err(Error::Malformed("length of dtls.verify_data")) }
        }
        HandshakeType::HelloRequest | HandshakeType::ServerHelloDone => Ok(()),
        HandshakeType::Unknown(_) => return Err(Error::Unsupported("type of a handshake message")),
    }?;
    if cursor.is_empty() { Ok(()) } else { Err(Error::Malformed("octets after a handshake message")) }
}

fn unknown(negotiated: Negotiated) -> Result<()> {
    Err(match negotiated.suite {
        Some(_) => Error::Unsupported("key exchange of this cipher suite"),
        None => Error::Unsupported("key exchange message without a ServerHello before it"),
    })
}

fn client_hello(sheet: &mut Sheet, cursor: &mut Cursor<'_>) -> Result<()> {
    hello(sheet, cursor)?;
    vector(sheet, cursor, 1, "dtls.handshake.cookie_length", "dtls.handshake.cookie")?;
    numbers(sheet, cursor, 2, "dtls.handshake.cipher_suites_length", 2, "dtls.handshake.ciphersuite")?;
    numbers(sheet, cursor, 1, "dtls.handshake.comp_methods_length", 1, "dtls.handshake.comp_method")?;
    extensions(sheet, cursor, true)
}

fn server_hello(sheet: &mut Sheet, cursor: &mut Cursor<'_>) -> Result<()> {
    hello(sheet, cursor)?;
    cursor.uint(sheet, "dtls.handshake.ciphersuite", 2)?;
    cursor.uint(sheet, "dtls.handshake.comp_method", 1)?;
    extensions(sheet, cursor, false)
}

/// What both hellos begin with.
fn hello(sheet: &mut Sheet, cursor: &mut Cursor<'_>) -> Result<()> {
    cursor.uint(sheet, "dtls.handshake.version", 2)?;
    let mut random = cursor.clone();
    cursor.bytes(sheet, "dtls.handshake.random", wire::tls::RANDOM_LENGTH)?;
    // Wireshark has the octets behind the time in a field of their own (RFC 5246 section 7.4.1.2).
    random.take(4, "dtls.handshake.random_time")?;
    random.bytes(sheet, "dtls.handshake.random_bytes", 28)?;
    let session_id_length = cursor.clone().read_uint(1, "dtls.handshake.session_id_length")?;
    vector(sheet, cursor, 1, "dtls.handshake.session_id_length", "dtls.handshake.session_id")?;
    // RFC 5246 section 7.4.1.2.
    if session_id_length <= 32 { Ok(()) } else { Err(Error::Malformed("dtls.handshake.session_id_length")) }
}

fn certificate(sheet: &mut Sheet, cursor: &mut Cursor<'_>, raw_public_key: bool) -> Result<()> {
    if raw_public_key {
        return vector(sheet, cursor, 3, "dtls.handshake.certificate_length", "dtls.handshake.certificate");
    }
    let length = length(cursor.uint(sheet, "dtls.handshake.certificates_length", 3)?);
    let mut chain = cursor.sub(length, "dtls.handshake.certificates")?;
    while !chain.is_empty() {
        vector(sheet, &mut chain, 3, "dtls.handshake.certificate_length", "dtls.handshake.certificate")?;
    }
    Ok(())
}

fn certificate_request(sheet: &mut Sheet, cursor: &mut Cursor<'_>) -> Result<()> {
    numbers(sheet, cursor, 1, "dtls.handshake.cert_types_count", 1, "dtls.handshake.cert_type")?;
    signature_algorithms(sheet, cursor)?;
    let length = length(cursor.uint(sheet, "dtls.handshake.dnames_len", 2)?);
    let mut names = cursor.sub(length, "dtls.handshake.dnames")?;
    while !names.is_empty() {
        let length = self::length(names.uint(sheet, "dtls.handshake.dname_len", 2)?);
        names.bytes(sheet, "dtls.distinguished_name", length)?;
    }
    Ok(())
}

/// A list of SignatureAndHashAlgorithm (RFC 5246 section 7.4.1.4.1).
pub(super) fn signature_algorithms(sheet: &mut Sheet, cursor: &mut Cursor<'_>) -> Result<()> {
    let length = length(cursor.uint(sheet, "dtls.handshake.sig_hash_alg_len", 2)?);
    let mut algorithms = cursor.sub(length, "dtls.handshake.sig_hash_algs")?;
    while !algorithms.is_empty() {
        signature_algorithm(sheet, &mut algorithms)?;
    }
    Ok(())
}

fn signature_algorithm(sheet: &mut Sheet, cursor: &mut Cursor<'_>) -> Result<()> {
    let mut parts = cursor.clone();
    cursor.uint(sheet, "dtls.handshake.sig_hash_alg", 2)?;
    parts.uint(sheet, "dtls.handshake.sig_hash_hash", 1)?;
    parts.uint(sheet, "dtls.handshake.sig_hash_sig", 1)?;
    Ok(())
}

/// Algorithm and signature (RFC 5246 section 4.7).
fn signature(sheet: &mut Sheet, cursor: &mut Cursor<'_>, length_name: &'static str, name: &'static str) -> Result<()> {
    signature_algorithm(sheet, cursor)?;
    vector(sheet, cursor, 2, length_name, name)
}

/// ECParameters with a named curve, the only form since RFC 8422 section 5.4.
fn curve(sheet: &mut Sheet, cursor: &mut Cursor<'_>) -> Result<()> {
    if cursor.uint(sheet, "dtls.handshake.server_curve_type", 1)? != 3 {
        return Err(Error::Unsupported("curve that is not a named one"));
    }
    cursor.uint(sheet, "dtls.handshake.server_named_curve", 2)?;
    Ok(())
}

/// A PSK identity or its hint: length, octets, and their text if they are UTF-8.
fn identity(
    sheet: &mut Sheet,
    cursor: &mut Cursor<'_>,
    [length_name, name, text_name]: [&'static str; 3],
) -> Result<()> {
    let mut value = cursor.clone();
    vector(sheet, cursor, 2, length_name, name)?;
    let length = length(value.read_uint(2, length_name)?);
    let octets = value.take(length, name)?;
    if let Ok(text) = core::str::from_utf8(octets) {
        sheet.text(text_name, text, value.behind(length));
    }
    Ok(())
}

/// A length field of `octets` octets and what it counts; an empty value makes no field.
pub(super) fn vector(
    sheet: &mut Sheet,
    cursor: &mut Cursor<'_>,
    octets: usize,
    length_name: &'static str,
    name: &'static str,
) -> Result<()> {
    let length = length(cursor.uint(sheet, length_name, octets)?);
    if length > 0 {
        cursor.bytes(sheet, name, length)?;
    }
    Ok(())
}

/// A length field of `octets` octets and as many numbers of `size` octets as it counts.
pub(super) fn numbers(
    sheet: &mut Sheet,
    cursor: &mut Cursor<'_>,
    octets: usize,
    length_name: &'static str,
    size: usize,
    name: &'static str,
) -> Result<()> {
    let length = length(cursor.uint(sheet, length_name, octets)?);
    let mut list = cursor.sub(length, name)?;
    while !list.is_empty() {
        list.uint(sheet, name, size)?;
    }
    Ok(())
}

/// A length that was read.
pub(super) fn length(value: u64) -> usize {
    usize::try_from(value).unwrap_or(usize::MAX)
}
