//! CoAP: what is asked for, or what is answered.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use wire::coap::Code;

use super::{Facts, Info};
use crate::model::Value;

pub(super) const INFO: Info = Info { words, ..Info::NONE };

fn words(facts: &Facts<'_>, words: &mut Vec<String>) {
    let Some(code) = facts.number("coap.code").and_then(|code| u8::try_from(code).ok()).map(Code) else { return };
    let kind = ["confirmable", "non-confirmable", "acknowledgement", "reset"];
    let kind = facts.number("coap.type").and_then(|it| kind.get(usize::try_from(it).ok()?)).copied();
    if code.is_request() {
        words.extend(facts.values("coap.opt.uri_path_recon").map(Value::to_string));
    } else if code == Code::EMPTY {
        words.extend(kind.map(ToOwned::to_owned));
    } else {
        words.push(format!("{code} {}", reason_phrase(code)).trim_end().to_owned());
    }
    words.extend(facts.number("coap.content_format").map(|format| format!("content-format {format}")));
    words.extend(facts.number("coap.payload_length").filter(|it| *it > 0).map(|it| format!("{it} octets of payload")));
}

/// The names of the response codes (RFC 7252 5.9, RFC 8132 4).
fn reason_phrase(code: Code) -> &'static str {
    match code {
        Code::CREATED => "Created",
        Code::DELETED => "Deleted",
        Code::VALID => "Valid",
        Code::CHANGED => "Changed",
        Code::CONTENT => "Content",
        Code::BAD_REQUEST => "Bad Request",
        Code::UNAUTHORIZED => "Unauthorized",
        Code::BAD_OPTION => "Bad Option",
        Code::FORBIDDEN => "Forbidden",
        Code::NOT_FOUND => "Not Found",
        Code::METHOD_NOT_ALLOWED => "Method Not Allowed",
        Code::NOT_ACCEPTABLE => "Not Acceptable",
        Code::CONFLICT => "Conflict",
        Code::PRECONDITION_FAILED => "Precondition Failed",
        Code::REQUEST_ENTITY_TOO_LARGE => "Request Entity Too Large",
        Code::UNSUPPORTED_CONTENT_FORMAT => "Unsupported Content-Format",
        Code::INTERNAL_SERVER_ERROR => "Internal Server Error",
        Code::NOT_IMPLEMENTED => "Not Implemented",
        Code::SERVICE_UNAVAILABLE => "Service Unavailable",
        Code::PROXYING_NOT_SUPPORTED => "Proxying Not Supported",
        _ => "",
    }
}
