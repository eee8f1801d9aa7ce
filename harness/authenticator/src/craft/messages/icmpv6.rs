//! The ICMPv6 header (RFC 4443 section 2.1).

use crate::craft::draft::{Draft, Upper};
use crate::craft::layer::{Layer, Making};
use crate::craft::{CraftError, Value};

/// The type, which says what the body is.
pub(super) const TYPE: Layer = Layer { fields: &["icmpv6.type"], is_outer: true, get, set, ..Layer::NONE };

pub(super) const LAYER: Layer =
    Layer { fields: &["icmpv6.code", "icmpv6.checksum", "icmpv6.length"], get, set, ..Layer::NONE };

fn get(draft: &Draft, field: &str) -> Option<Value> {
    let Upper::Icmpv6 { icmpv6_type, code, .. } = &draft.upper else { return None };
    match field {
        "icmpv6.type" => Some(Value::Number((*icmpv6_type).into())),
        "icmpv6.code" => Some(Value::Number((*code).into())),
        _ => None,
    }
}

fn set(draft: &mut Draft, _message: &str, field: &str, value: &Value) -> Result<bool, CraftError> {
    let Upper::Icmpv6 { icmpv6_type, code, .. } = &mut draft.upper else { return Ok(false) };
    match field {
        "icmpv6.type" => *icmpv6_type = value.u8(field)?,
        "icmpv6.code" => *code = value.u8(field)?,
        "icmpv6.checksum" => draft.upper_checksum = Some(value.clone()),
        "icmpv6.length" => {
            value.u16(field)?;
            draft.upper_length = Some(value.clone());
        }
        _ => return Ok(false),
    }
    Ok(true)
}

/// Whether a draft is an ICMPv6 message of this type.
pub(super) fn is_type(draft: &Draft, wanted: u8) -> bool {
    matches!(&draft.upper, Upper::Icmpv6 { icmpv6_type, .. } if *icmpv6_type == wanted)
}

/// Whether it is one of this type and code.
pub(super) fn is_code(draft: &Draft, wanted: (u8, u8)) -> bool {
    matches!(&draft.upper, Upper::Icmpv6 { icmpv6_type, code, .. } if (*icmpv6_type, *code) == wanted)
}

/// A draft between the ends of `making`.
pub(super) fn draft(making: &Making<'_>, hop_limit: u8, message: wire::icmpv6::Message) -> Result<Draft, CraftError> {
    Draft::icmpv6(making.from, making.to, hop_limit, &message)
}
