//! The fields in the body of an ICMPv6 message, which follows its checksum.

use std::net::Ipv6Addr;

use super::draft::{Draft, Upper};
use super::value::counting;
use super::{CraftError, Value};

/// Offset and length in octets.
pub(crate) type Place = (usize, usize);

/// Which fields a body has, whatever type and code are set to afterwards.
#[derive(Debug)]
pub(crate) struct Layout {
    /// Whether this type and code have it.
    pub(crate) is: fn(u8, u8) -> bool,
    /// Where free data begin, if there are any.
    pub(crate) data_at: Option<usize>,
    /// Where a field lies: offset, and a length of 1, 2, 4, 8 (an EUI-64) or 16 (an IPv6 address).
    pub(crate) place: fn(&[u8], &str) -> Option<Place>,
    /// The bit of the first octet that a flag is.
    pub(crate) flag: fn(&str) -> Option<u8>,
}

impl Layout {
    /// A body of free data.
    pub(crate) const OTHER: Self = Self { is: |_, _| true, data_at: Some(0), place: |_, _| None, flag: |_| None };
}

/// What a field of the body holds.
pub(crate) fn get(draft: &Draft, field: &str) -> Option<Value> {
    let Upper::Icmpv6 { layout, body, .. } = &draft.upper else { return None };
    if let Some(bit) = (layout.flag)(field) {
        return Some(Value::Number(u64::from(body.first()? & bit != 0)));
    }
    let (at, length) = (layout.place)(body, field)?;
    let octets = body.get(at..at + length)?;
    Some(match length {
        1 | 2 | 4 => Value::Number(octets.iter().fold(0, |sum, octet| sum << 8 | u64::from(*octet))),
        8 => Value::Text(hex::encode(octets)),
        _ => Value::Text(Ipv6Addr::from(<[u8; 16]>::try_from(octets).ok()?).to_string()),
    })
}

/// Sets a field of the body.
pub(crate) fn set(draft: &mut Draft, _message: &str, field: &str, value: &Value) -> Result<bool, CraftError> {
    let Upper::Icmpv6 { layout, body, .. } = &mut draft.upper else { return Ok(false) };
    if let Some(bit) = (layout.flag)(field) {
        let flag: u8 = value.number(field, "0 or 1")?;
        if let Some(flags) = body.first_mut() {
            *flags = if flag == 0 { *flags & !bit } else { *flags | bit };
        }
        return Ok(true);
    }
    let Some((at, length)) = (layout.place)(body, field) else { return Ok(false) };
    let octets = match length {
        1 => vec![value.u8(field)?],
        2 => value.u16(field)?.to_be_bytes().to_vec(),
        4 => value.u32(field)?.to_be_bytes().to_vec(),
        8 => value.eui64(field)?.0.to_vec(),
        _ => value.address(field)?.octets().to_vec(),
    };
    if let Some(bytes) = body.get_mut(at..at + length) {
        bytes.copy_from_slice(&octets);
    }
    Ok(true)
}

/// The free data of a body.
pub(crate) fn data(draft: &Draft) -> Option<&[u8]> {
    let Upper::Icmpv6 { layout, body, .. } = &draft.upper else { return None };
    body.get(layout.data_at?..)
}

/// Sets them; `false`: the body has none.
pub(crate) fn set_data(
    draft: &mut Draft,
    data: impl FnOnce() -> Result<Vec<u8>, CraftError>,
) -> Result<bool, CraftError> {
    let Upper::Icmpv6 { layout, body, .. } = &mut draft.upper else { return Ok(false) };
    let Some(at) = layout.data_at else { return Ok(false) };
    let data = data()?;
    body.truncate(at);
    body.extend(data);
    Ok(true)
}

/// `length` octets that show where they were cut.
pub(crate) fn counted(field: &str, value: &Value) -> Result<Vec<u8>, CraftError> {
    Ok(counting(usize::from(value.u16(field)?)))
}
