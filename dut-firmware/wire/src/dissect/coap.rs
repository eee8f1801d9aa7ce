//! CoAP messages: header, options, payload.

use alloc::format;
use alloc::string::String;

use super::sheet::{Cursor, Sheet, Span, hex};
use crate::coap::{Code, OptionNumber, PAYLOAD_MARKER};
use crate::{Error, Result};

/// Dissects all that `cursor` holds as one message.
pub(super) fn coap(sheet: &mut Sheet, mut cursor: Cursor<'_>) -> Result<()> {
    sheet.layer("coap");
    let start = cursor.ahead(0);
    let first = cursor.read_uint(1, "coap.version")?;
    let span = cursor.behind(1);
    sheet.number("coap.version", first >> 6, span);
    sheet.number("coap.type", first >> 4 & 3, span);
    sheet.number("coap.token_len", first & 0xf, span);
    let code = Code((cursor.uint(sheet, "coap.code", 1)? & 0xff) as u8);
    let code_span = cursor.behind(1);
    sheet.number("coap.class", code.class(), code_span);
    sheet.number("coap.detail", code.detail(), code_span);
    sheet.number("coap.is_request", code.is_request(), Span { length: 0, ..code_span });
    sheet.number("coap.is_response", code.is_response(), Span { length: 0, ..code_span });
    cursor.uint(sheet, "coap.mid", 2)?;
    if first >> 6 != 1 {
        return Err(Error::Unsupported("coap.version"));
    }
    let token_length = usize::try_from(first & 0xf).unwrap_or(0);
    if token_length > 8 {
        return Err(Error::Malformed("coap.token_len"));
    }
    if token_length > 0 {
        cursor.bytes(sheet, "coap.token", token_length)?;
    }
    if code == Code::EMPTY && (token_length > 0 || !cursor.is_empty()) {
        return Err(Error::Malformed("octets in an empty CoAP message"));
    }
    let mut path = String::new();
    let has_payload = options(sheet, &mut cursor, &mut path)?;
    if !path.is_empty() {
        sheet.text("coap.opt.uri_path_recon", path, start);
    }
    if has_payload {
        payload(sheet, cursor)?;
    }
    Ok(())
}

/// Whether a payload follows.
fn options(sheet: &mut Sheet, cursor: &mut Cursor<'_>, path: &mut String) -> Result<bool> {
    let mut number = 0u64;
    while !cursor.is_empty() {
        let octet = cursor.read_uint(1, "option")?;
        if octet == u64::from(PAYLOAD_MARKER) {
            return Ok(true);
        }
        number = number.saturating_add(extended(cursor, octet >> 4)?);
        let length = usize::try_from(extended(cursor, octet & 0xf)?).unwrap_or(usize::MAX);
        let number = u16::try_from(number).map_err(|_| Error::Malformed("option number above 65535"))?;
        let value = cursor.sub(length, "option value")?;
        option(sheet, OptionNumber(number), value, path)?;
    }
    Ok(false)
}

/// An option delta or length (RFC 7252 section 3.1).
fn extended(cursor: &mut Cursor<'_>, nibble: u64) -> Result<u64> {
    match nibble {
        13 => Ok(cursor.read_uint(1, "extended option")?.saturating_add(13)),
        14 => Ok(cursor.read_uint(2, "extended option")?.saturating_add(269)),
        15 => Err(Error::Malformed("option nibble 15")),
        other => Ok(other),
    }
}

fn option(sheet: &mut Sheet, number: OptionNumber, mut cursor: Cursor<'_>, path: &mut String) -> Result<()> {
    let value = cursor.rest();
    let text_name = match number {
        OptionNumber::URI_PATH => "coap.opt.uri_path",
        OptionNumber::URI_QUERY => "coap.opt.uri_query",
        OptionNumber::URI_HOST => "coap.opt.uri_host",
        OptionNumber::LOCATION_PATH => "coap.opt.location_path",
        OptionNumber::LOCATION_QUERY => "coap.opt.location_query",
        OptionNumber::PROXY_URI => "coap.opt.proxy_uri",
        OptionNumber::PROXY_SCHEME => "coap.opt.proxy_scheme",
        OptionNumber::ETAG => return cursor.bytes(sheet, "coap.opt.etag", value.len()).map(drop),
        OptionNumber::IF_MATCH => return cursor.bytes(sheet, "coap.opt.if_match", value.len()).map(drop),
        _ => return number_option(sheet, number, cursor, path),
    };
    let text = String::from_utf8_lossy(value);
    match number {
        OptionNumber::URI_HOST => *path = format!("coap://{text}"),
        OptionNumber::URI_PATH => *path = format!("{path}/{text}"),
        _ => {}
    }
    sheet.text(text_name, text, cursor.ahead(value.len()));
    Ok(())
}

fn number_option(sheet: &mut Sheet, number: OptionNumber, mut cursor: Cursor<'_>, path: &mut String) -> Result<()> {
    let name = match number {
        OptionNumber::URI_PORT => "coap.opt.uri_port",
        OptionNumber::MAX_AGE => "coap.opt.max_age",
        OptionNumber::SIZE1 => "coap.opt.size1",
        OptionNumber::OBSERVE => "coap.opt.observe",
        OptionNumber::HOP_LIMIT => "coap.opt.hop_limit",
        OptionNumber::CONTENT_FORMAT => "coap.content_format",
        OptionNumber::ACCEPT => "coap.accept",
        OptionNumber::BLOCK1 | OptionNumber::BLOCK2 => "",
        _ => return Ok(()),
    };
    let length = cursor.rest().len();
    let most = number.value_length().map_or(1, |(_, most)| most);
    if length > most {
        return Err(Error::Malformed("option is longer than its definition allows"));
    }
    let value = cursor.read_uint(length, "option value")?;
    let span = cursor.behind(length);
    if number == OptionNumber::URI_PORT {
        *path = format!("{path}:{value}");
    }
    if name.is_empty() {
        sheet.number("coap.opt.block_number", value >> 4, span);
        sheet.number("coap.opt.block_mflag", value >> 3 & 1, span);
        sheet.number("coap.opt.block_size", value & 7, span);
    } else {
        sheet.number(name, value, span);
    }
    Ok(())
}

fn payload(sheet: &mut Sheet, cursor: Cursor<'_>) -> Result<()> {
    let bytes = cursor.rest();
    if bytes.is_empty() {
        return Err(Error::Malformed("payload marker without payload"));
    }
    let span = cursor.ahead(bytes.len());
    sheet.number("coap.payload_length", bytes.len() as u64, Span { length: 0, ..span });
    sheet.text("coap.payload_bytes", hex(bytes), span);
    if let Ok(text) = core::str::from_utf8(bytes) {
        sheet.text("coap.payload_text", text, span);
    }
    Ok(())
}
