//! The fields of a CoAP message (RFC 7252), by name.

use wire::coap::{self, Code, ContentFormat, Message, MessageType, OptionNumber, Options, Token};

use super::udp::EPHEMERAL_PORT;
use super::{data, ipv6, udp};
use crate::craft::draft::{Draft, Upper};
use crate::craft::layer::{self, Layer, Making, Natural};
use crate::craft::value::counting;
use crate::craft::{CraftError, Value};

/// The names of a message's own fields, and those that are added.
macro_rules! fields {
    ($($more:literal),*) => {
        &[
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
            $($more),*
        ]
    };
}

/// The plain CoAP message in a UDP datagram, if a port says that there is one.
const LAYER: Layer = Layer {
    fields: fields!(),
    get: |draft, field| get(&plain(draft)?, field),
    set: |draft, _, field, value| {
        let Some(mut message) = plain(draft) else { return Ok(false) };
        let is_known = set(&mut message, field, value)?;
        if let Upper::Udp { payload, .. } = &mut draft.upper {
            *payload = message.emit()?;
        }
        Ok(is_known)
    },
    well_formed: Some((coap::PORT, |payload| Message::parse(payload).map(drop))),
    ..Layer::NONE
};

const LAYERS: &[&Layer] = &[&ipv6::LAYER, &udp::LAYER, &LAYER, &data::LAYER];

/// A message of this name that can be crafted.
macro_rules! request {
    ($name:literal, $code:expr, $payload:literal) => {
        layer::Message {
            name: $name,
            layers: LAYERS,
            natural: Natural::Packet(|making| request(making, $code, $payload)),
            is: |draft| plain(draft).is_some_and(|message| name(&message) == $name),
            ..layer::Message::NONE
        }
    };
}

/// One that is only recognized.
macro_rules! seen {
    ($name:literal) => {
        layer::Message {
            name: $name,
            layers: LAYERS,
            is: |draft| plain(draft).is_some_and(|message| name(&message) == $name),
            ..layer::Message::NONE
        }
    };
}

pub(super) const MESSAGES: &[layer::Message] = &[
    request!("coap.get", Code::GET, b""),
    request!("coap.put", Code::PUT, b"{}"),
    request!("coap.post", Code::POST, b"{}"),
    request!("coap.delete", Code::DELETE, b""),
    seen!("coap.empty"),
    seen!("coap.response"),
    seen!("coap.request"),
];

fn plain(draft: &Draft) -> Option<Message> {
    match &draft.upper {
        Upper::Udp { source_port, destination_port, payload } => {
            let is_coap = *source_port == coap::PORT || *destination_port == coap::PORT;
            is_coap.then(|| Message::parse(payload).ok()).flatten()
        }
        _ => None,
    }
}

/// A plain request as a careless or hostile client would send it.
fn request(making: &mut Making<'_>, code: Code, payload: &[u8]) -> Result<Draft, CraftError> {
    let message_id = making.next_message_id();
    let mut options = Options::new();
    options.push_uri_path("/coap-key2");
    if !payload.is_empty() {
        options.push_content_format(ContentFormat::COAP_GROUP_JSON);
    }
    let token = Token::new(&message_id.to_be_bytes()).unwrap_or(Token::EMPTY);
    let message_type = MessageType::Confirmable;
    let message = Message { message_type, code, message_id, token, options, payload: payload.to_vec() };
    Ok(Draft::udp((making.from, making.to), (EPHEMERAL_PORT, coap::PORT), message.emit()?))
}

/// The fields that [`set`] and [`get`] know.
pub(crate) const FIELDS: &[&str] = fields!("data", "data.len");

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
