//! The CoAP resources of the device (`SEL` 6, `PROFILE-SEL` 15 to 17): link discovery, the network keys, and the
//! closing of the network. Requests are judged here; what they bring about is the device's to do after the response.

use alloc::string::String;
use alloc::vec::Vec;

use protocols::coap::Response;
use wire::Eui64;
use wire::coap::{Code, ContentFormat, Link, Message, OptionNumber, Options};
use wire::ieee802154::SecurityLevel;
use wire::upper_tester::SecretKey;

use super::json::{Value, parse_object};
use super::kept::Kept;
use super::{DOMAIN, Mutant};
use crate::bounds;
use crate::selected::Selected;
use crate::stack::{MINIMUM_LEVEL, NetworkKey};

/// Over what a request came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Channel {
    /// The DTLS session with the commissioning tool.
    Secured,
    /// Plain CoAP, which is answered only after ALL_SECURED.
    Plain,
}

/// What a request brings about, once its response has left.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Nothing.
    None,
    /// These keys are to be installed.
    Install(Vec<NetworkKey>),
    /// The key with this index is to be erased.
    Erase(u8),
    /// ALL_SECURED and its sequence number.
    AllSecured(bool, u32),
}

const LINK_FORMAT_PATH: &str = "/.well-known/core";
const KEY_PATH: &str = "/coap-key2";
const ALL_SECURED_PATH: &str = "/coap-key2/all-secured";
/// The resource type of the key resource (`SEL` 6).
const KEY_RESOURCE_TYPE: &str = "core.ky";
/// By what requests are judged.
#[derive(Clone, Copy)]
pub(crate) struct State<'a> {
    pub(crate) keys: &'a [NetworkKey],
    pub(crate) kept: &'a Kept,
    pub(crate) mutant: Selected<Mutant>,
}

/// Judges a request; does nothing yet.
pub(crate) fn serve(request: &Message, channel: Channel, state: State<'_>) -> (Response, Effect) {
    let State { keys, kept, mutant } = state;
    let resources = Resources { keys, kept, mutant, channel };
    let served = resources.serve(request).unwrap_or_else(|code| (plain(code), Effect::None));
    #[cfg(feature = "mutants")]
    let served = (super::spelling::response(mutant.free(), served.0), served.1);
    served
}

struct Resources<'a> {
    keys: &'a [NetworkKey],
    kept: &'a Kept,
    mutant: Selected<Mutant>,
    channel: Channel,
}

type Served = Result<(Response, Effect), Code>;

impl Resources<'_> {
    fn serve(&self, request: &Message) -> Served {
        let path = request.options.uri_path();
        if path == LINK_FORMAT_PATH {
            return self.links(request);
        }
        let key_path = path == KEY_PATH || path.starts_with("/coap-key2/");
        let lax = self.mutant.is(Mutant::KeyPlainCoap)
            || self.mutant.is(Mutant::KeyPlainAfterClose) && self.kept.all_secured
            || self.mutant.is(Mutant::CoapInSecuredFrames)
            || self.mutant.is(Mutant::CloseInSecuredFrames) && path == ALL_SECURED_PATH;
        if key_path && self.channel == Channel::Plain && !lax {
            return Err(Code::UNAUTHORIZED);
        }
        if path == ALL_SECURED_PATH {
            return self.all_secured(request);
        }
        if path == KEY_PATH {
            return self.keys(request);
        }
        match path.strip_prefix("/coap-key2/").and_then(key_index) {
            Some(index) => self.key(request, index),
            None => Err(Code::NOT_FOUND),
        }
    }

    fn links(&self, request: &Message) -> Served {
        if request.code != Code::GET {
            return Err(Code::METHOD_NOT_ALLOWED);
        }
        accepts(request, ContentFormat::LINK_FORMAT)?;
        let mut link = Link::new(KEY_PATH, KEY_RESOURCE_TYPE);
        link.attributes.push((String::from("ct"), Some(alloc::format!("{}", ContentFormat::COAP_GROUP_JSON.0))));
        #[cfg(feature = "mutants")]
        super::spelling::link(self.mutant.free().links(), &mut link);
        // RFC 6690 section 4.1: one filter at most; a filter that matches nothing gives an empty document.
        let filter =
            request.options.uri_query().next().map(|argument| argument.split_once('=').unwrap_or((argument, "")));
        // Nobody learns of the key resource where it cannot be used.
        let missing = self.mutant.is(Mutant::CoreKeyMissing);
        let shown = !missing
            && self.channel == Channel::Secured
            && filter.is_none_or(|(name, value)| link.matches(name, value));
        let document = Link::document(shown.then_some(&link));
        Ok((content(ContentFormat::LINK_FORMAT, document), Effect::None))
    }

    fn keys(&self, request: &Message) -> Served {
        match request.code {
            Code::GET => {
                self.accepts_keys(request)?;
                let (mut response, effect) =
                    (content(ContentFormat::COAP_GROUP_JSON, self.key_document(self.keys)), Effect::None);
                if self.mutant.is(Mutant::KeyFormatUntold) {
                    response.options = Options::new();
                }
                Ok((response, effect))
            }
            Code::PUT | Code::POST => {
                let keys = match self.key_object(request) {
                    #[cfg(feature = "mutants")]
                    Err(code) if self.mutant.is(Mutant::KeyHalfInstalled) => {
                        let keys = self.good_entries(request);
                        return Ok((plain(code), if keys.is_empty() { Effect::None } else { Effect::Install(keys) }));
                    }
                    Err(Code::BAD_REQUEST) if self.mutant.is(Mutant::KeyMalformedChanged) => {
                        return Ok((plain(Code::CHANGED), Effect::None));
                    }
                    keys => keys?,
                };
                let known = |key: &NetworkKey| self.keys.iter().any(|known| known.index == key.index);
                let code = if keys.iter().all(known) { Code::CHANGED } else { Code::CREATED };
                let added = keys.iter().filter(|key| !known(key)).count();
                if self.keys.len().saturating_add(added) > bounds::KEYS {
                    return Err(Code::SERVICE_UNAVAILABLE);
                }
                let ignored = self.mutant.is(Mutant::KeyNotInstalled)
                    || self.mutant.is(Mutant::RekeyIgnored) && !self.keys.is_empty();
                let effect = if ignored { Effect::None } else { Effect::Install(keys) };
                Ok((plain(code), effect))
            }
            _ => Err(Code::METHOD_NOT_ALLOWED),
        }
    }

    fn key(&self, request: &Message, index: u8) -> Served {
        let key = self.keys.iter().find(|key| key.index == index);
        match request.code {
            Code::GET => {
                self.accepts_keys(request)?;
                let key = key.ok_or(Code::NOT_FOUND)?;
                let document = self.key_document(core::slice::from_ref(key));
                Ok((content(ContentFormat::COAP_GROUP_JSON, document), Effect::None))
            }
            // Deleting what is not there succeeds too: DELETE is idempotent (RFC 7252 section 5.8.4).
            Code::DELETE if self.mutant.is(Mutant::KeyDeleteIgnored) => Ok((plain(Code::DELETED), Effect::None)),
            Code::DELETE => Ok((plain(Code::DELETED), key.map_or(Effect::None, |key| Effect::Erase(key.index)))),
            _ => Err(Code::METHOD_NOT_ALLOWED),
        }
    }

    fn all_secured(&self, request: &Message) -> Served {
        if !matches!(request.code, Code::PUT | Code::POST) {
            return Err(Code::METHOD_NOT_ALLOWED);
        }
        let members = self.object(request)?;
        let (mut value, mut seq) = (None, None);
        for (name, member) in members {
            match (name.as_str(), member) {
                ("all_secured", Value::Boolean(wanted)) => value = Some(wanted),
                ("seq", Value::Number(number)) => seq = u32::try_from(number).ok(),
                _ => return Err(Code::BAD_REQUEST),
            }
        }
        if self.mutant.is(Mutant::CloseWithoutSeq) {
            seq = seq.or_else(|| Some(self.kept.close_seq.map_or(1, |last| last.saturating_add(1))));
        }
        let (Some(value), Some(seq)) = (value, seq) else { return Err(Code::BAD_REQUEST) };
        if self.keys.is_empty() && !self.mutant.is(Mutant::CloseByUnsecured) {
            return Err(Code::FORBIDDEN);
        }
        let compared = |seq: u32| if self.mutant.is(Mutant::CloseSeqInOneOctet) { seq & 0xff } else { seq };
        let fresh = self.kept.close_seq.is_none_or(|last| compared(seq) > compared(last));
        if !fresh && !self.mutant.is(Mutant::CloseIgnoresSeq) {
            return Err(Code::CONFLICT);
        }
        let ignored = self.mutant.is(if value { Mutant::CloseIgnored } else { Mutant::OpenIgnored });
        Ok((plain(Code::CHANGED), if ignored { Effect::None } else { Effect::AllSecured(value, seq) }))
    }

    fn object(&self, request: &Message) -> Result<Vec<(String, Value)>, Code> {
        let format = request.options.content_format();
        if format != Some(ContentFormat::COAP_GROUP_JSON) && !self.mutant.is(Mutant::KeyAcceptsAnyFormat) {
            return Err(Code::UNSUPPORTED_CONTENT_FORMAT);
        }
        if request.payload.len() > bounds::JSON_OCTETS {
            return Err(Code::REQUEST_ENTITY_TOO_LARGE);
        }
        parse_object(&request.payload).map_err(|_| Code::BAD_REQUEST)
    }

    /// `{"1":{"key":"<32 hex>","mode":1,"index":1,"level":5,"src":"<16 hex>"?}}`, one or more entries, all or none taken.
    fn key_object(&self, request: &Message) -> Result<Vec<NetworkKey>, Code> {
        let mut keys = Vec::new();
        for (name, entry) in self.object(request)? {
            let Value::Object(members) = entry else { return Err(Code::BAD_REQUEST) };
            let key = self.key_entry(members).ok_or(Code::BAD_REQUEST)?;
            if key_index(&name) != Some(key.index) {
                return Err(Code::BAD_REQUEST);
            }
            keys.push(key);
        }
        Ok(keys)
    }

    fn accepts_keys(&self, request: &Message) -> Result<(), Code> {
        if self.mutant.is(Mutant::KeyFormatRefused) && request.options.get(OptionNumber::ACCEPT).is_some() {
            return Err(Code::NOT_ACCEPTABLE);
        }
        if self.mutant.is(Mutant::AcceptIgnored) { Ok(()) } else { accepts(request, ContentFormat::COAP_GROUP_JSON) }
    }

    /// The entries of a refused object that would have been taken alone: what a mutant installs.
    #[cfg(feature = "mutants")]
    fn good_entries(&self, request: &Message) -> Vec<NetworkKey> {
        let entries = self.object(request).unwrap_or_default().into_iter();
        let keys = entries.filter_map(|(_, entry)| match entry {
            Value::Object(members) => self.key_entry(members),
            _ => None,
        });
        keys.collect()
    }

    fn key_entry(&self, members: Vec<(String, Value)>) -> Option<NetworkKey> {
        let (mut key, mut mode, mut index, mut level, mut source) = (None, None, None, None, None);
        for (name, value) in members {
            match (name.as_str(), value) {
                ("key", Value::Text(text)) => key = Some(self.key_value(&text)?),
                ("mode", Value::Number(number)) => mode = Some(number),
                ("index", Value::Number(number)) => index = u8::try_from(number).ok().filter(|&index| index != 0),
                ("level", Value::Number(number)) => level = Some(self.level(number)?),
                ("src", Value::Text(text)) => source = Some(text.parse::<Eui64>().ok().filter(|_| text.len() == 16)?),
                _ if self.mutant.is(Mutant::KeyAcceptsUnknownMember) => {}
                _ => return None,
            }
        }
        // Key identifier mode 1 is the only one (`PROFILE-SEL` 7).
        if mode != Some(1) {
            return None;
        }
        Some(NetworkKey { domain: DOMAIN, index: index?, level: level?, key: key?, source })
    }

    fn key_value(&self, text: &str) -> Option<SecretKey> {
        if self.mutant.is(Mutant::KeyAcceptsShort) && text.len() == 30 {
            return SecretKey::from_hex(&alloc::format!("{text}00"));
        }
        if self.mutant.is(Mutant::KeyAcceptsLong) && text.len() > 32 {
            return SecretKey::from_hex(text.get(..32)?);
        }
        SecretKey::from_hex(text)
    }

    fn level(&self, number: u64) -> Option<SecurityLevel> {
        let level = u8::try_from(number).ok().filter(|&number| number <= 7).map(SecurityLevel::from_bits)?;
        if level >= MINIMUM_LEVEL {
            return Some(level);
        }
        // The mutant stores the level it protects frames with, so that it stays able to talk.
        self.mutant.is(Mutant::KeyAcceptsLevelZero).then_some(MINIMUM_LEVEL)
    }

    fn key_document(&self, keys: &[NetworkKey]) -> String {
        let entries = keys.iter().map(|key| {
            let secret = if self.mutant.is(Mutant::KeyGetLeaks) {
                alloc::format!("\"key\":\"{}\",", key.key.to_hex())
            } else {
                String::new()
            };
            let source = key.source.map_or(String::new(), |source| alloc::format!(",\"src\":\"{source}\""));
            let (index, level) = (key.index, key.level.number());
            alloc::format!("\"{index}\":{{{secret}\"mode\":1,\"index\":{index},\"level\":{level}{source}}}")
        });
        let entries: Vec<String> = entries.collect();
        let document = alloc::format!("{{{}}}", entries.join(","));
        #[cfg(feature = "mutants")]
        let document = super::spelling::json(self.mutant.free().json(), &document);
        document
    }
}

fn key_index(text: &str) -> Option<u8> {
    let canonical = !text.starts_with('0') && text.bytes().all(|octet| octet.is_ascii_digit());
    if canonical { text.parse().ok() } else { None }
}

fn accepts(request: &Message, format: ContentFormat) -> Result<(), Code> {
    let absent = request.options.get(OptionNumber::ACCEPT).is_none();
    if absent || request.options.accept() == Some(format) { Ok(()) } else { Err(Code::NOT_ACCEPTABLE) }
}

fn plain(code: Code) -> Response {
    Response { code, options: Options::new(), payload: Vec::new() }
}

fn content(format: ContentFormat, payload: String) -> Response {
    let mut options = Options::new();
    options.push_content_format(format);
    Response { code: Code::CONTENT, options, payload: payload.into_bytes() }
}
