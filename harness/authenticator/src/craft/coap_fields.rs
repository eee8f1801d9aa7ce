//! The fields of a CoAP message (RFC 7252), by name.

use wire::coap::{Code, Message, MessageType, OptionNumber, Token};

use super::value::counting;
use super::{CraftError, Value};

/// The fields that [`set`] and [`get`] know.
pub(crate) const FIELDS: &[&str] = &[
    "coap.type",
    "coap.code",
    "coap.mid",
    "coap.token",
    "coap.opt.uri_path",
    "coap.opt.uri_query",
    "coap.opt.content_format",
    "coap.content_format",
    "coap.opt.accept",
    "coap.accept",
    "coap.payload",
    "coap.payload_text",
    "coap.payload_bytes",
    "data",
    "data.len",
];

/// Sets a field; `false`: there is none of this name.
pub(crate) fn set(message: &mut Message, field: &str, value: &Value) -> Result<bool, CraftError> {
    match field {
        "coap.type" => {
            message.message_type = match value.number(field, "a number from 0 to 3")? {
                0u8 => MessageType::Confirmable,
                1 => MessageType::NonConfirmable,
                2 => MessageType::Acknowledgement,
                3 => MessageType::Reset,
                _ => {
                    let value = value.to_string();
                    return Err(CraftError::BadValue { field: field.into(), value, expected: "a number from 0 to 3" });
                }
            }
        }
        "coap.code" => message.code = Code(value.u8(field)?),
        "coap.mid" => message.message_id = value.u16(field)?,
        "coap.token" => message.token = Token::new(&value.octets(field)?)?,
        "coap.opt.uri_path" => {
            message.options.remove(OptionNumber::URI_PATH);
            message.options.push_uri_path(&value.to_string());
        }
        "coap.opt.uri_query" => {
            message.options.remove(OptionNumber::URI_QUERY);
            value.to_string().split('&').for_each(|argument| message.options.push_uri_query(argument));
        }
        "coap.opt.content_format" | "coap.content_format" => {
            set_uint(message, OptionNumber::CONTENT_FORMAT, field, value)?
        }
        "coap.opt.accept" | "coap.accept" => set_uint(message, OptionNumber::ACCEPT, field, value)?,
        "coap.payload" | "data" => message.payload = value.payload(),
        "coap.payload_text" => message.payload = value.to_string().into_bytes(),
        "coap.payload_bytes" => message.payload = value.octets(field)?,
        "data.len" => message.payload = counting(usize::from(value.u16(field)?)),
        _ => return Ok(false),
    }
    Ok(true)
}

/// `none` removes the option.
fn set_uint(message: &mut Message, number: OptionNumber, field: &str, value: &Value) -> Result<(), CraftError> {
    message.options.remove(number);
    if *value != Value::Text("none".to_owned()) {
        message.options.push_uint(number, value.u32(field)?);
    }
    Ok(())
}

/// What a field holds; `None`: absent.
pub(crate) fn get(message: &Message, field: &str) -> Option<Value> {
    let text = |text: String| Some(Value::Text(text));
    match field {
        "coap.type" => Some(Value::Number(u8::from(message.message_type).into())),
        "coap.code" => Some(Value::Number(message.code.0.into())),
        "coap.mid" => Some(Value::Number(message.message_id.into())),
        "coap.token" => text(hex::encode(message.token.as_slice())),
        "coap.opt.uri_path" => text(message.options.uri_path()),
        "coap.opt.uri_query" => text(message.options.uri_query().collect::<Vec<_>>().join("&")),
        "coap.opt.content_format" | "coap.content_format" => {
            message.options.content_format().map(|format| Value::Number(format.0.into()))
        }
        "coap.opt.accept" | "coap.accept" => message.options.accept().map(|format| Value::Number(format.0.into())),
        "coap.payload_bytes" => text(hex::encode(&message.payload)),
        "coap.payload" | "coap.payload_text" | "data" => text(match std::str::from_utf8(&message.payload) {
            Ok(payload) if !payload.chars().any(char::is_control) => payload.to_owned(),
            _ => hex::encode(&message.payload),
        }),
        "data.len" => Some(Value::Number(message.payload.len() as u64)),
        _ => None,
    }
}

/// The name of a request or a response: `coap.get`, `coap.put`, ..., `coap.response`, `coap.empty`.
pub(crate) fn name(message: &Message) -> &'static str {
    match message.code {
        Code::GET => "coap.get",
        Code::POST => "coap.post",
        Code::PUT => "coap.put",
        Code::DELETE => "coap.delete",
        Code::EMPTY => "coap.empty",
        code if code.is_response() => "coap.response",
        _ => "coap.request",
    }
}
