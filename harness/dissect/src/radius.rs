//! RADIUS packets (RFC 2865 sections 3 and 5): header, attributes, and the EAP packet inside (RFC 3579 section 3.1).

use alloc::string::String;
use alloc::vec::Vec;

use super::carried::Protocol;
use super::model::NoteKind;
use super::packet::ipv4_address;
use super::sheet::{Cursor, Sheet};
use wire::radius::{AttributeType, HEADER_LENGTH, PORTS};
use wire::{Error, Result};

/// RADIUS.
pub(super) const PROTOCOL: Protocol =
    Protocol { name: "radius", udp_ports: &PORTS, body: |_, sheet, cursor, _| radius(sheet, cursor), ..Protocol::NONE };

/// The code that is reserved (RFC 2865 section 3): receivers discard such packets.
const RESERVED_CODE: u64 = 255;

/// A RADIUS packet.
fn radius(sheet: &mut Sheet, mut cursor: Cursor<'_>) -> Result<()> {
    sheet.layer("radius");
    if cursor.uint(sheet, "radius.code", 1)? == RESERVED_CODE {
        sheet.note(NoteKind::Unknown, "the packet's code is reserved");
    }
    cursor.uint(sheet, "radius.id", 1)?;
    let length = usize::try_from(cursor.uint(sheet, "radius.length", 2)?).unwrap_or(usize::MAX);
    cursor.bytes(sheet, "radius.authenticator", 16)?;
    let rest = length.checked_sub(HEADER_LENGTH).ok_or(Error::Malformed("radius.length"))?;
    let mut attributes = cursor.sub(rest, "radius.length")?;
    let missing = attributes.missing();
    let mut message = Vec::new();
    while !attributes.is_empty() {
        attribute(sheet, &mut attributes, &mut message)?;
    }
    if message.is_empty() {
        return Ok(());
    }
    let buffer = sheet.buffer("eap", &message);
    super::eap::eap(sheet, Cursor::new(&message, buffer, 0).lacking(missing))
}

fn attribute(sheet: &mut Sheet, cursor: &mut Cursor<'_>, message: &mut Vec<u8>) -> Result<()> {
    let [_, octet, ..] = *cursor.rest() else { return Err(Error::Truncated("radius.avp.length")) };
    let length = usize::from(octet).checked_sub(2).ok_or(Error::Malformed("radius.avp.length"))?;
    cursor.clone().bytes(sheet, "radius.avp", octet.into())?;
    let attribute_type = AttributeType((cursor.uint(sheet, "radius.avp.type", 1)? & 0xff) as u8);
    cursor.uint(sheet, "radius.avp.length", 1)?;
    let mut value = cursor.sub(length, "radius.avp.length")?;
    let value = &mut value;
    match (attribute_type, length) {
        (AttributeType::EAP_MESSAGE, _) => {
            message.extend_from_slice(value.bytes(sheet, "radius.eap_fragment", length)?);
        }
        (_, 0) => {}
        (AttributeType::USER_NAME, _) => text(sheet, value, "radius.User_Name")?,
        (AttributeType::CALLING_STATION_ID, _) => text(sheet, value, "radius.Calling_Station_Id")?,
        (AttributeType::CONNECT_INFO, _) => text(sheet, value, "radius.Connect_Info")?,
        (AttributeType::NAS_IP_ADDRESS, 4) => drop(ipv4_address(sheet, value, "radius.NAS_IP_Address")?),
        (AttributeType::SERVICE_TYPE, 4) => drop(value.uint(sheet, "radius.Service_Type", 4)?),
        (AttributeType::FRAMED_MTU, 4) => drop(value.uint(sheet, "radius.Framed_MTU", 4)?),
        (AttributeType::NAS_PORT_TYPE, 4) => drop(value.uint(sheet, "radius.NAS_Port_Type", 4)?),
        (AttributeType::STATE, _) => drop(value.bytes(sheet, "radius.State", length)?),
        (AttributeType::MESSAGE_AUTHENTICATOR, 16) => {
            value.bytes(sheet, "radius.Message_Authenticator", length)?;
        }
        (AttributeType::VENDOR_SPECIFIC, 4..) => {
            value.uint(sheet, "radius.avp.vendor_id", 4)?;
            // The format that RFC 2865 section 5.26 recommends.
            while !value.is_empty() {
                value.uint(sheet, "radius.avp.vendor_type", 1)?;
                let length = usize::try_from(value.uint(sheet, "radius.avp.vendor_len", 1)?).unwrap_or(usize::MAX);
                let length = length.checked_sub(2).ok_or(Error::Malformed("radius.avp.vendor_len"))?;
                value.take(length, "radius.avp.vendor_len")?;
            }
        }
        (
            AttributeType::NAS_IP_ADDRESS
            | AttributeType::SERVICE_TYPE
            | AttributeType::FRAMED_MTU
            | AttributeType::NAS_PORT_TYPE
            | AttributeType::MESSAGE_AUTHENTICATOR
            | AttributeType::VENDOR_SPECIFIC,
            _,
        ) => sheet.note(NoteKind::Unknown, "an attribute's length is none of its type's"),
        _ => {}
    }
    Ok(())
}

fn text(sheet: &mut Sheet, cursor: &mut Cursor<'_>, name: &'static str) -> Result<()> {
    let octets = cursor.rest();
    cursor.take(octets.len(), name)?;
    sheet.text(name, String::from_utf8_lossy(octets), cursor.behind(octets.len()));
    Ok(())
}
