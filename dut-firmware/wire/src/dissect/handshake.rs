//! Bodies of DTLS handshake messages.

use super::sheet::{Cursor, Sheet};
use crate::Result;
use crate::dtls::{CipherSuite, HandshakeType};

/// Dissects the whole body of a message; the suite decides how key exchange messages are read.
pub(super) fn body(
    sheet: &mut Sheet,
    mut cursor: Cursor<'_>,
    msg_type: HandshakeType,
    suite: Option<CipherSuite>,
) -> Result<()> {
    let is_psk = suite.is_some_and(is_plain_psk);
    match msg_type {
        HandshakeType::ClientHello => client_hello(sheet, &mut cursor),
        HandshakeType::ServerHello => server_hello(sheet, &mut cursor),
        HandshakeType::HelloVerifyRequest => {
            cursor.uint(sheet, "dtls.handshake.version", 2)?;
            vector(sheet, &mut cursor, 1, "dtls.handshake.cookie_length", "dtls.handshake.cookie")
        }
        HandshakeType::ServerKeyExchange if is_psk => {
            let value = cursor.clone();
            vector(sheet, &mut cursor, 2, "dtls.handshake.hint_len", "dtls.handshake.hint")?;
            text(sheet, value, "dtls.hint_text")
        }
        HandshakeType::ClientKeyExchange if is_psk => {
            let value = cursor.clone();
            vector(sheet, &mut cursor, 2, "dtls.handshake.identity_len", "dtls.handshake.identity")?;
            text(sheet, value, "dtls.identity_text")
        }
        HandshakeType::Finished => {
            let length = cursor.rest().len();
            cursor.bytes(sheet, "dtls.verify_data", length)?;
            Ok(())
        }
        _ => Ok(()),
    }
}

/// Suites whose key exchange is PSK alone (RFC 4279, 5487, 5489 excluded, 6655, 8442 excluded).
fn is_plain_psk(suite: CipherSuite) -> bool {
    matches!(suite.0, 0x002c | 0x008a..=0x008d | 0x00a8 | 0x00a9 | 0x00ae..=0x00b1 | 0xc0a4 | 0xc0a5 | 0xc0a8 | 0xc0a9)
}

fn client_hello(sheet: &mut Sheet, cursor: &mut Cursor<'_>) -> Result<()> {
    hello(sheet, cursor)?;
    vector(sheet, cursor, 1, "dtls.handshake.cookie_length", "dtls.handshake.cookie")?;
    let length = length(cursor.uint(sheet, "dtls.handshake.cipher_suites_length", 2)?);
    let mut suites = cursor.sub(length, "dtls.handshake.ciphersuites")?;
    while !suites.is_empty() {
        suites.uint(sheet, "dtls.handshake.ciphersuite", 2)?;
    }
    let length = self::length(cursor.uint(sheet, "dtls.handshake.comp_methods_length", 1)?);
    let mut methods = cursor.sub(length, "dtls.handshake.comp_methods")?;
    while !methods.is_empty() {
        methods.uint(sheet, "dtls.handshake.comp_method", 1)?;
    }
    extensions(sheet, cursor)
}

fn server_hello(sheet: &mut Sheet, cursor: &mut Cursor<'_>) -> Result<()> {
    hello(sheet, cursor)?;
    cursor.uint(sheet, "dtls.handshake.ciphersuite", 2)?;
    cursor.uint(sheet, "dtls.handshake.comp_method", 1)?;
    extensions(sheet, cursor)
}

/// What both hellos begin with.
fn hello(sheet: &mut Sheet, cursor: &mut Cursor<'_>) -> Result<()> {
    cursor.uint(sheet, "dtls.handshake.version", 2)?;
    cursor.bytes(sheet, "dtls.handshake.random", crate::dtls::RANDOM_LENGTH)?;
    vector(sheet, cursor, 1, "dtls.handshake.session_id_length", "dtls.handshake.session_id")
}

fn extensions(sheet: &mut Sheet, cursor: &mut Cursor<'_>) -> Result<()> {
    if cursor.is_empty() {
        return Ok(());
    }
    let length = length(cursor.uint(sheet, "dtls.handshake.extensions_length", 2)?);
    let mut block = cursor.sub(length, "dtls.handshake.extensions")?;
    while !block.is_empty() {
        block.uint(sheet, "dtls.handshake.extension.type", 2)?;
        let length = self::length(block.uint(sheet, "dtls.handshake.extension.len", 2)?);
        block.bytes(sheet, "dtls.extension.data", length)?;
    }
    Ok(())
}

/// A length field of `octets` octets and what it counts; an empty value makes no field.
fn vector(
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

/// The value behind a two-octet length as text, if it is UTF-8.
fn text(sheet: &mut Sheet, mut cursor: Cursor<'_>, name: &'static str) -> Result<()> {
    let length = length(cursor.read_uint(2, name)?);
    let value = cursor.take(length, name)?;
    if let Ok(text) = core::str::from_utf8(value) {
        sheet.text(name, text, cursor.behind(length));
    }
    Ok(())
}

fn length(value: u64) -> usize {
    usize::try_from(value).unwrap_or(usize::MAX)
}
