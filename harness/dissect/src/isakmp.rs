//! IKEv2 messages (RFC 7296 sections 3.1 and 3.2): header, payload chain, and what is not encrypted of it: proposals,
//! key exchange, nonce, notifications.

use super::carried::{Protocol, Under};
use super::sheet::{Cursor, Sheet};
use wire::ieee802154::KmpId;
use wire::ikev2::{self, HEADER_LENGTH, PayloadType};
use wire::{Error, Result};

/// IKEv2; on port 4500 it lies behind four zero octets.
pub(super) const PROTOCOL: Protocol = Protocol {
    name: "isakmp",
    udp_ports: &[ikev2::PORT, ikev2::NAT_PORT],
    kmp_ids: &[KmpId::IKEV2],
    body: |_, sheet, cursor, under| match under {
        Under::Udp { from, to } if [from.1, to.1].contains(&ikev2::NAT_PORT) => udp_encapsulated(sheet, cursor),
        _ => isakmp(sheet, cursor),
    },
    ..Protocol::NONE
};

/// IKE or ESP on port 4500 (RFC 3948 section 2).
fn udp_encapsulated(sheet: &mut Sheet, mut payload: Cursor<'_>) -> Result<()> {
    sheet.layer("udpencap");
    match *payload.rest() {
        [0xff] => {
            payload.uint(sheet, "udpencap.nat_keepalive", 1)?;
            Ok(())
        }
        [0, 0, 0, 0, ..] => {
            payload.bytes(sheet, "udpencap.non_esp_marker", 4)?;
            isakmp(sheet, payload)
        }
        _ => {
            sheet.layer("esp");
            payload.uint(sheet, "esp.spi", 4)?;
            payload.uint(sheet, "esp.sequence", 4)?;
            Ok(())
        }
    }
}

/// An IKEv2 message.
pub(super) fn isakmp(sheet: &mut Sheet, mut cursor: Cursor<'_>) -> Result<()> {
    sheet.layer("isakmp");
    cursor.bytes(sheet, "isakmp.ispi", 8)?;
    cursor.bytes(sheet, "isakmp.rspi", 8)?;
    let mut next = PayloadType((cursor.uint(sheet, "isakmp.nextpayload", 1)? & 0xff) as u8);
    let version = cursor.uint(sheet, "isakmp.version", 1)?;
    let span = cursor.behind(1);
    sheet.number("isakmp.mjver", version >> 4, span);
    sheet.number("isakmp.mnver", version & 0xf, span);
    cursor.uint(sheet, "isakmp.exchangetype", 1)?;
    let flags = cursor.uint(sheet, "isakmp.flags", 1)?;
    let span = cursor.behind(1);
    if version >> 4 == 2 {
        sheet.number("isakmp.flag_i", flags >> 3 & 1, span);
        sheet.number("isakmp.flag_v", flags >> 4 & 1, span);
        sheet.number("isakmp.flag_r", flags >> 5 & 1, span);
    }
    cursor.uint(sheet, "isakmp.messageid", 4)?;
    let length = usize::try_from(cursor.uint(sheet, "isakmp.length", 4)?).unwrap_or(usize::MAX);
    if version >> 4 != 2 {
        return Err(Error::Unsupported("IKE of another version than 2"));
    }
    let rest = length.checked_sub(HEADER_LENGTH).ok_or(Error::Malformed("isakmp.length"))?;
    let mut payloads = cursor.sub(rest, "isakmp.length")?;
    while next != PayloadType::NONE {
        let payload_type = next;
        sheet.number("isakmp.typepayload", payload_type.0, payload_span(&payloads));
        next = PayloadType((payloads.uint(sheet, "isakmp.nextpayload", 1)? & 0xff) as u8);
        let bits = payloads.read_uint(1, "isakmp.criticalpayload")?;
        let span = payloads.behind(1);
        sheet.number("isakmp.criticalpayload", bits >> 7, span);
        sheet.number("isakmp.reserved7", bits & 0x7f, span);
        let body = body(sheet, &mut payloads)?;
        match payload_type {
            PayloadType::SECURITY_ASSOCIATION => proposals(sheet, body)?,
            PayloadType::KEY_EXCHANGE => key_exchange(sheet, body)?,
            PayloadType::NONCE => all(sheet, body, "isakmp.nonce")?,
            PayloadType::NOTIFY => notify(sheet, body)?,
            _ => {}
        }
        if payload_type.encloses() {
            break;
        }
    }
    if payloads.is_empty() { Ok(()) } else { Err(Error::Malformed("octets behind the last IKE payload")) }
}

/// Where the payload lies that begins here.
fn payload_span(cursor: &Cursor<'_>) -> super::sheet::Span {
    let length = match *cursor.rest() {
        [_, _, high, low, ..] => u16::from_be_bytes([high, low]),
        _ => 0,
    };
    cursor.ahead(usize::from(length).min(cursor.rest().len()))
}

/// The length of a payload, and what follows it.
fn body<'a>(sheet: &mut Sheet, cursor: &mut Cursor<'a>) -> Result<Cursor<'a>> {
    let length = usize::try_from(cursor.uint(sheet, "isakmp.payloadlength", 2)?).unwrap_or(usize::MAX);
    cursor.sub(length.checked_sub(4).ok_or(Error::Malformed("isakmp.payloadlength"))?, "isakmp.payloadlength")
}

/// All octets that are left, if any, as a field.
fn all(sheet: &mut Sheet, mut cursor: Cursor<'_>, name: &'static str) -> Result<()> {
    let length = cursor.rest().len();
    if length > 0 {
        cursor.bytes(sheet, name, length)?;
    }
    Ok(())
}

/// The proposals of a security association (RFC 7296 section 3.3.1).
fn proposals(sheet: &mut Sheet, mut cursor: Cursor<'_>) -> Result<()> {
    while !cursor.is_empty() {
        sheet.number("isakmp.typepayload", 2u8, payload_span(&cursor));
        cursor.uint(sheet, "isakmp.nextpayload", 1)?;
        cursor.bytes(sheet, "isakmp.reserved", 1)?;
        let mut proposal = body(sheet, &mut cursor)?;
        proposal.uint(sheet, "isakmp.prop.number", 1)?;
        proposal.uint(sheet, "isakmp.prop.protoid", 1)?;
        let spi_len = usize::try_from(proposal.uint(sheet, "isakmp.spisize", 1)?).unwrap_or(usize::MAX);
        proposal.uint(sheet, "isakmp.prop.transforms", 1)?;
        if spi_len > 0 {
            proposal.bytes(sheet, "isakmp.spi", spi_len)?;
        }
        while !proposal.is_empty() {
            transform(sheet, &mut proposal)?;
        }
    }
    Ok(())
}

/// A transform and its attributes (RFC 7296 sections 3.3.2 and 3.3.5).
fn transform(sheet: &mut Sheet, cursor: &mut Cursor<'_>) -> Result<()> {
    sheet.number("isakmp.typepayload", 3u8, payload_span(cursor));
    cursor.uint(sheet, "isakmp.nextpayload", 1)?;
    cursor.bytes(sheet, "isakmp.reserved", 1)?;
    let mut transform = body(sheet, cursor)?;
    let transform_type = transform.uint(sheet, "isakmp.tf.type", 1)?;
    transform.bytes(sheet, "isakmp.reserved", 1)?;
    let name = match transform_type {
        1 => "isakmp.tf.id.encr",
        2 => "isakmp.tf.id.prf",
        3 => "isakmp.tf.id.integ",
        4 => "isakmp.tf.id.dh",
        5 => "isakmp.tf.id.esn",
        _ => return Ok(()),
    };
    transform.uint(sheet, name, 2)?;
    while !transform.is_empty() {
        let bits = transform.read_uint(2, "isakmp.ike2.attr.type")?;
        let span = transform.behind(2);
        sheet.number("isakmp.ike2.attr.format", bits >> 15, span);
        sheet.number("isakmp.ike2.attr.type", bits & 0x7fff, span);
        if bits >> 15 == 0 {
            let length = usize::try_from(transform.read_uint(2, "attribute length")?).unwrap_or(usize::MAX);
            transform.bytes(sheet, "isakmp.ike2.attr.value", length)?;
        } else if bits & 0x7fff == 14 {
            transform.clone().bytes(sheet, "isakmp.ike2.attr.value", 2)?;
            transform.uint(sheet, "isakmp.ike2.attr.key_length", 2)?;
        } else {
            transform.bytes(sheet, "isakmp.ike2.attr.value", 2)?;
        }
    }
    Ok(())
}

/// RFC 7296 section 3.4.
fn key_exchange(sheet: &mut Sheet, mut cursor: Cursor<'_>) -> Result<()> {
    cursor.uint(sheet, "isakmp.key_exchange.dh_group", 2)?;
    cursor.bytes(sheet, "isakmp.reserved", 2)?;
    all(sheet, cursor, "isakmp.key_exchange.data")
}

/// RFC 7296 section 3.10.
fn notify(sheet: &mut Sheet, mut cursor: Cursor<'_>) -> Result<()> {
    cursor.uint(sheet, "isakmp.notify.protoid", 1)?;
    let spi_len = usize::try_from(cursor.uint(sheet, "isakmp.spisize", 1)?).unwrap_or(usize::MAX);
    cursor.uint(sheet, "isakmp.notify.msgtype", 2)?;
    if spi_len > 0 {
        cursor.bytes(sheet, "isakmp.spi", spi_len)?;
    }
    all(sheet, cursor, "isakmp.notify.data")
}
