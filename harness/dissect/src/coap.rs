//! CoAP messages: header, options, payload.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::Dissector;
use super::carried::{End, Protocol, Under};
use super::coap_exchange::{Block, BodyKey, Exchanges};
use super::coap_names;
use super::model::NoteKind;
use super::sheet::{Cursor, Sheet, Span};
use wire::coap::{Code, ContentFormat, OptionNumber, PAYLOAD_MARKER, PORT};
use wire::reader::Reader;
use wire::{Error, Result};

/// What the options say about the rest of the message.
#[derive(Default)]
struct Found {
    path: String,
    content_format: Option<u64>,
    /// The last Block1 or Block2: the payload is a block.
    block: Option<BlockOption>,
    block1: Option<BlockOption>,
    block2: Option<BlockOption>,
    etag: Vec<u8>,
    /// Number, length and value of each option of a request that tells its resource apart (RFC 7959 sections 2.4, RFC 9175
    /// section 3).
    resource: Vec<u8>,
}

/// The value of a Block option (RFC 7959 section 2.2).
#[derive(Clone, Copy)]
struct BlockOption {
    number: u64,
    more: bool,
    /// SZX: blocks have 16 << n octets.
    size: u32,
}

impl BlockOption {
    /// Where the block begins in its body; none for the reserved size.
    fn offset(self) -> Option<usize> {
        let number = usize::try_from(self.number).ok()?;
        (self.size < 7).then(|| number.checked_mul(16 << self.size)).flatten()
    }

    /// Whether a payload of this length is what the option says: all but the last block are full.
    fn fits(self, length: usize) -> bool {
        let full = 16 << self.size.min(6);
        if self.more { length == full } else { length <= full }
    }
}

/// CoAP in the clear.
pub(super) const PROTOCOL: Protocol = Protocol {
    name: "coap",
    udp_ports: &[PORT],
    body: |dissector, sheet, cursor, under| {
        let way = match under {
            Under::Udp { from, to } if !sheet.is_quoting() => Some((from, to)),
            _ => None,
        };
        dissector.coap(sheet, cursor, way)
    },
    ..Protocol::NONE
};

/// From whom to whom a message went, if it was sent and not quoted.
type Way = Option<(End, End)>;

impl Dissector {
    /// Dissects all that `cursor` holds as one message.
    pub(super) fn coap(&mut self, sheet: &mut Sheet, mut cursor: Cursor<'_>, way: Way) -> Result<()> {
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
        let token = if token_length > 0 { cursor.bytes(sheet, "coap.token", token_length)? } else { &[] };
        if code == Code::EMPTY && (token_length > 0 || !cursor.is_empty()) {
            return Err(Error::Malformed("octets in an empty CoAP message"));
        }
        let mut found = Found::default();
        let has_payload = options(sheet, &mut cursor, &mut found)?;
        if !has_payload && cursor.is_cut() {
            // There may be more options: what it asks for is not known.
            return Ok(());
        }
        let mut resource = core::mem::take(&mut found.resource);
        if let Some((from, to)) = way {
            if code.is_request() {
                resource.push(code.0);
                self.states.of::<Exchanges>().asked(from, to, token, &found.path, &resource);
            } else if code.is_response() {
                let request = self.states.of::<Exchanges>().answered(to, from, token);
                let (path, asked) = request.unwrap_or(("", token));
                // A response has no Uri-Path of its own (RFC 7252 section 5.10).
                found.path = if found.path.is_empty() { path.into() } else { found.path };
                resource = asked.to_vec();
            }
        }
        if !found.path.is_empty() {
            sheet.text("coap.opt.uri_path_recon", &found.path, start);
        }
        if has_payload {
            self.coap_payload(sheet, cursor, code, &found, way, resource)?;
        }
        Ok(())
    }

    fn coap_payload(
        &mut self,
        sheet: &mut Sheet,
        mut cursor: Cursor<'_>,
        code: Code,
        found: &Found,
        way: Way,
        subject: Vec<u8>,
    ) -> Result<()> {
        let bytes = cursor.rest();
        if bytes.is_empty() {
            return Err(Error::Malformed("payload marker without payload"));
        }
        let span = cursor.ahead(bytes.len());
        let derived = Span { length: 0, ..span };
        // A block of which the capture lacks a part is none of any body.
        let way = way.filter(|_| !cursor.is_cut());
        let mut length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        let format = found.content_format.and_then(|format| u16::try_from(format).ok()).map(ContentFormat);
        // Without Content-Format the payload of an error response is text for a person (RFC 7252 section 5.5.2).
        let format = format
            .or((matches!(code.class(), 4 | 5) && found.content_format.is_none()).then_some(ContentFormat::TEXT_PLAIN));
        let is_text = format.is_none_or(|format| format.is_text() || format.media_type().is_none());
        let mut is_whole = true;
        if let Some(BlockOption { number, more, .. }) = found.block {
            cursor.clone().bytes(sheet, "coap.block_payload", bytes.len())?;
            sheet.number("coap.block_length", length, derived);
            is_whole = number == 0 && !more && !cursor.is_cut();
            if cursor.is_cut() {
                sheet.note(NoteKind::FragmentIncomplete, "a block that the capture cut is not put together");
            } else if is_whole {
                sheet.number("coap.block", self.number, span);
                sheet.number("coap.block.count", 1u64, derived);
                sheet.number("coap.block.reassembled.length", length, derived);
            } else if let Some(whole) = self.body(sheet, bytes, code, found, way, subject, is_text) {
                (is_whole, length) = (true, whole);
            }
        }
        if is_whole {
            let number = format.unwrap_or(ContentFormat::OCTET_STREAM).0;
            let media_type = coap_names::content_format(number.into());
            sheet.text("coap.payload_desc", media_type, derived);
            sheet.number("coap.payload_length", length, derived);
        }
        cursor.bytes(sheet, "coap.payload_bytes", bytes.len())?;
        if is_text && let Ok(text) = core::str::from_utf8(bytes) {
            sheet.text("coap.payload_text", text, span);
        }
        Ok(())
    }

    /// Puts a block to the others of its body; the octets of that, if it is whole with this one.
    #[allow(clippy::too_many_arguments, reason = "of one use")]
    fn body(
        &mut self,
        sheet: &mut Sheet,
        bytes: &[u8],
        code: Code,
        found: &Found,
        way: Way,
        subject: Vec<u8>,
        is_text: bool,
    ) -> Option<u64> {
        let (from, to) = way?;
        let is_of_request = code.is_request();
        let option = if is_of_request { found.block1 } else { found.block2 }?;
        let offset = option.offset().filter(|_| option.fits(bytes.len()))?;
        let key = BodyKey { from, to, subject, is_of_request };
        let (number, time) = (self.number, self.time);
        let block = Block { offset, more: option.more, bytes, etag: &found.etag, number, time };
        let (body, pieces) = self.states.of::<Exchanges>().put(&key, &block)?;
        let buffer = sheet.buffer("blocks", &body);
        for piece in &pieces {
            let span = Span { buffer, offset: piece.offset, length: piece.length };
            sheet.number("coap.block", piece.number, span);
        }
        let whole = Span { buffer, offset: 0, length: body.len() };
        let derived = Span { length: 0, ..whole };
        let length = u64::try_from(body.len()).unwrap_or(u64::MAX);
        sheet.number("coap.block.count", pieces.len() as u64, derived);
        sheet.number("coap.block.reassembled.length", length, derived);
        sheet.hex("coap.body_bytes", whole);
        if is_text && let Ok(text) = core::str::from_utf8(&body) {
            sheet.text("coap.body_text", text, whole);
        }
        Some(length)
    }
}

/// Whether a payload follows.
fn options(sheet: &mut Sheet, cursor: &mut Cursor<'_>, found: &mut Found) -> Result<bool> {
    let (mut number, mut count) = (0u64, 0usize);
    while !cursor.is_empty() {
        let whole = cursor.clone();
        let octet = cursor.read_uint(1, "option")?;
        let first = cursor.behind(1);
        if octet == u64::from(PAYLOAD_MARKER) {
            sheet.number("coap.opt.end_marker", octet, first);
            return Ok(true);
        }
        let (delta, delta_ext) = extended(cursor, octet >> 4)?;
        let (length, length_ext) = extended(cursor, octet & 0xf)?;
        number = number.saturating_add(delta);
        count = count.saturating_add(1);
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        let option_number = u16::try_from(number).map_err(|_| Error::Malformed("option number above 65535"))?;
        let value = cursor.sub(length, "option value")?;
        let span = whole.ahead(cursor.offset().saturating_sub(whole.offset()));
        sheet.text("coap.opt.name", coap_names::option_name(count, option_number), span);
        sheet.text("coap.opt.desc", coap_names::option_description(option_number), span);
        sheet.number("coap.opt.number", option_number, span);
        sheet.number("coap.opt.delta", octet >> 4, first);
        sheet.number("coap.opt.length", octet & 0xf, first);
        if let Some((value, span)) = delta_ext {
            sheet.number("coap.opt.delta_ext", value, span);
        }
        if let Some((value, span)) = length_ext {
            sheet.number("coap.opt.length_ext", value, span);
        }
        option(sheet, OptionNumber(option_number), value, found)?;
    }
    Ok(false)
}

/// An option delta or length (RFC 7252 section 3.1), and its extension as it stands in the message.
fn extended(cursor: &mut Cursor<'_>, nibble: u64) -> Result<(u64, Option<(u64, Span)>)> {
    let (octets, base) = match nibble {
        13 => (1, 13),
        14 => (2, 269),
        15 => return Err(Error::Malformed("option nibble 15")),
        other => return Ok((other, None)),
    };
    let value = cursor.read_uint(octets, "extended option")?;
    Ok((value.saturating_add(base), Some((value, cursor.behind(octets)))))
}

fn option(sheet: &mut Sheet, number: OptionNumber, mut cursor: Cursor<'_>, found: &mut Found) -> Result<()> {
    // The front of a number is another number.
    if cursor.is_cut() {
        return Err(Error::Truncated("option value"));
    }
    let value = cursor.rest();
    let length = value.len();
    if number.value_length().is_some_and(|(least, most)| !(least..=most).contains(&length)) {
        // To a receiver such an option is one that it does not know (RFC 7252 section 5.4.3).
        sheet.note(NoteKind::Malformed, "an option is longer or shorter than its definition allows");
        return Ok(());
    }
    if is_of_resource(number) {
        found.resource.extend(number.0.to_be_bytes());
        found.resource.extend(u16::try_from(length).unwrap_or(u16::MAX).to_be_bytes());
        found.resource.extend_from_slice(value);
    }
    match number {
        OptionNumber::URI_PATH => {
            found.path.push('/');
            found.path.push_str(&text(sheet, "coap.opt.uri_path", &cursor));
        }
        OptionNumber::URI_HOST => {
            found.path.push_str("coap://");
            found.path.push_str(&text(sheet, "coap.opt.uri_host", &cursor));
        }
        OptionNumber::URI_PORT => {
            let value = cursor.uint(sheet, "coap.opt.uri_port", length)?;
            found.path.push_str(&format!(":{value}"));
        }
        OptionNumber::URI_QUERY => drop(text(sheet, "coap.opt.uri_query", &cursor)),
        OptionNumber::LOCATION_PATH => drop(text(sheet, "coap.opt.location_path", &cursor)),
        OptionNumber::LOCATION_QUERY => drop(text(sheet, "coap.opt.location_query", &cursor)),
        OptionNumber::PROXY_URI => drop(text(sheet, "coap.opt.proxy_uri", &cursor)),
        OptionNumber::PROXY_SCHEME => drop(text(sheet, "coap.opt.proxy_scheme", &cursor)),
        OptionNumber::ETAG => found.etag = cursor.bytes(sheet, "coap.opt.etag", length)?.to_vec(),
        OptionNumber::IF_MATCH => drop(cursor.bytes(sheet, "coap.opt.if_match", length)?),
        OptionNumber::ECHO => drop(cursor.bytes(sheet, "coap.echo", length)?),
        OptionNumber::REQUEST_TAG => drop(cursor.bytes(sheet, "coap.request_tag", length)?),
        OptionNumber::IF_NONE_MATCH => {}
        OptionNumber::MAX_AGE => drop(cursor.uint(sheet, "coap.opt.max_age", length)?),
        OptionNumber::SIZE1 => drop(cursor.uint(sheet, "coap.opt.size1", length)?),
        OptionNumber::SIZE2 => drop(cursor.uint(sheet, "coap.size2", length)?),
        OptionNumber::OBSERVE => drop(cursor.uint(sheet, "coap.opt.observe", length)?),
        OptionNumber::HOP_LIMIT => drop(cursor.uint(sheet, "coap.opt.hop_limit", length)?),
        OptionNumber::NO_RESPONSE => drop(cursor.uint(sheet, "coap.no_response", length)?),
        OptionNumber::CONTENT_FORMAT => {
            let format = cursor.uint(sheet, "coap.content_format", length)?;
            sheet.text("coap.opt.ctype", coap_names::content_format(format), cursor.behind(length));
            found.content_format = Some(format);
        }
        OptionNumber::ACCEPT => {
            let format = cursor.uint(sheet, "coap.accept", length)?;
            sheet.text("coap.opt.accept", coap_names::content_format(format), cursor.behind(length));
        }
        OptionNumber::BLOCK1 | OptionNumber::BLOCK2 => {
            let value = cursor.read_uint(length, "option value")?;
            let span = cursor.behind(length);
            sheet.number("coap.opt.block_number", value >> 4, span);
            // Both are in the last octet, if there is one.
            let last = cursor.behind(length.min(1));
            sheet.number("coap.opt.block_mflag", value >> 3 & 1, last);
            sheet.number("coap.opt.block_size", value & 7, last);
            let option = BlockOption { number: value >> 4, more: value >> 3 & 1 == 1, size: (value & 7) as u32 };
            found.block = Some(option);
            *(if number == OptionNumber::BLOCK1 { &mut found.block1 } else { &mut found.block2 }) = Some(option);
        }
        OptionNumber::Q_BLOCK1 | OptionNumber::Q_BLOCK2 => {
            let value = cursor.read_uint(length, "option value")?;
            let span = cursor.behind(length);
            sheet.number("coap.q_block_number", value >> 4, span);
            sheet.number("coap.q_block_more", value >> 3 & 1, span);
            sheet.number("coap.q_block_size", value & 7, span);
        }
        OptionNumber::OSCORE => return oscore(sheet, cursor),
        _ => drop(cursor.bytes(sheet, "coap.opt.unknown", length)?),
    }
    Ok(())
}

/// Whether requests that differ in this option ask for different bodies.
fn is_of_resource(number: OptionNumber) -> bool {
    matches!(
        number,
        OptionNumber::URI_HOST
            | OptionNumber::URI_PORT
            | OptionNumber::URI_PATH
            | OptionNumber::URI_QUERY
            | OptionNumber::PROXY_URI
            | OptionNumber::PROXY_SCHEME
            | OptionNumber::ACCEPT
            | OptionNumber::REQUEST_TAG
    )
}

/// Whether octets are a CoAP message from the first to the last: a version, a code and options that RFC 7252 defines.
/// What is none of that is not taken for CoAP where nothing but its place in a DTLS record says that it might be.
pub(super) fn looks_like_coap(bytes: &[u8]) -> bool {
    let mut reader = Reader::new(bytes);
    let mut message = || -> Result<bool> {
        let first = reader.u8("coap.version")?;
        let code = Code(reader.u8("coap.code")?);
        reader.take(2, "coap.mid")?;
        let (message_type, token_length) = (first >> 4 & 3, first & 0xf);
        reader.take(token_length.into(), "coap.token")?;
        let is_reset = message_type == 3;
        if first >> 6 != 1 || token_length > 8 || is_reset && code != Code::EMPTY {
            return Ok(false);
        }
        if code == Code::EMPTY {
            return Ok(token_length == 0 && reader.is_empty());
        }
        if !code.is_request() && !code.is_response() || code.is_request() && message_type == 2 {
            return Ok(false);
        }
        while !reader.is_empty() {
            let octet = reader.u8("option")?;
            if octet == PAYLOAD_MARKER {
                return Ok(!reader.is_empty());
            }
            let mut extended = |nibble: u8| match nibble {
                13 => Ok(usize::from(reader.u8("extended option")?).saturating_add(13)),
                14 => Ok(usize::from(reader.u16_be("extended option")?).saturating_add(269)),
                15 => Err(Error::Malformed("option nibble 15")),
                other => Ok(other.into()),
            };
            extended(octet >> 4)?;
            let length = extended(octet & 0xf)?;
            reader.take(length, "option value")?;
        }
        Ok(true)
    };
    message().unwrap_or(false)
}

/// A string option; its text, octets that are not UTF-8 replaced.
fn text(sheet: &mut Sheet, name: &'static str, cursor: &Cursor<'_>) -> String {
    let value = cursor.rest();
    let text = String::from_utf8_lossy(value).into_owned();
    sheet.text(name, text.as_str(), cursor.ahead(value.len()));
    text
}

/// The OSCORE option (RFC 8613 section 6.1); an empty value stands for a flag octet of zeros.
fn oscore(sheet: &mut Sheet, mut cursor: Cursor<'_>) -> Result<()> {
    if cursor.is_empty() {
        return Ok(());
    }
    let flags = cursor.read_uint(1, "OSCORE flags")?;
    let span = cursor.behind(1);
    let (has_context, has_id) = (flags >> 4 & 1 == 1, flags >> 3 & 1 == 1);
    sheet.number("coap.opt.object_security_reserved", flags >> 5 != 0, span);
    sheet.number("coap.opt.object_security_kid_context_present", has_context, span);
    sheet.number("coap.opt.object_security_kid_present", has_id, span);
    sheet.number("coap.opt.object_security_piv_len", flags & 7, span);
    if flags >> 5 != 0 || flags & 7 > 5 {
        sheet.note(NoteKind::Malformed, "reserved bits in an OSCORE option");
        return Ok(());
    }
    if flags == 0 {
        sheet.note(NoteKind::Malformed, "an OSCORE option of zeros that is not empty");
    }
    let piv_length = usize::try_from(flags & 7).unwrap_or(0);
    if piv_length > 0 {
        cursor.bytes(sheet, "coap.opt.object_security_piv", piv_length)?;
    }
    if has_context {
        let length = cursor.uint(sheet, "coap.opt.object_security_kid_context_len", 1)?;
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        cursor.bytes(sheet, "coap.opt.object_security_kid_context", length)?;
    }
    if has_id {
        let length = cursor.rest().len();
        cursor.bytes(sheet, "coap.opt.object_security_kid", length)?;
    } else if !cursor.is_empty() {
        sheet.note(NoteKind::Malformed, "octets behind an OSCORE option");
    }
    Ok(())
}
