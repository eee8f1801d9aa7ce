//! The CoAP codec against the examples of RFC 7252 appendix A, its format rules, and properties.

use bootrack_wire::Error;
use bootrack_wire::coap::{Code, ContentFormat, Link, Message, MessageType, OptionNumber, Options, Token};
use proptest::prelude::*;
use rstest::rstest;

/// RFC 7252 appendix A: the octets of figures 16 and 17, and messages of figures 18 to 23 from what those say of them.
#[rstest]
#[case::get("40017d34bb74656d7065726174757265", MessageType::Confirmable, Code::GET, 0x7d34, "", "/temperature", "")]
#[case::content("60457d34ff32322e332043", MessageType::Acknowledgement, Code::CONTENT, 0x7d34, "", "/", "22.3 C")]
#[case::get_with_token(
    "41017d3520bb74656d7065726174757265",
    MessageType::Confirmable,
    Code::GET,
    0x7d35,
    "20",
    "/temperature",
    ""
)]
#[case::content_with_token(
    "61457d3520ff32322e332043",
    MessageType::Acknowledgement,
    Code::CONTENT,
    0x7d35,
    "20",
    "/",
    "22.3 C"
)]
#[case::figure_18_and_19(
    "61457d3742ff32322e332043",
    MessageType::Acknowledgement,
    Code::CONTENT,
    0x7d37,
    "42",
    "/",
    "22.3 C"
)]
#[case::figure_20_request(
    "41017d3853bb74656d7065726174757265",
    MessageType::Confirmable,
    Code::GET,
    0x7d38,
    "53",
    "/temperature",
    ""
)]
#[case::figure_20_response(
    "4145ad7b53ff32322e332043",
    MessageType::Confirmable,
    Code::CONTENT,
    0xad7b,
    "53",
    "/",
    "22.3 C"
)]
#[case::figure_22_request(
    "51017d4075bb74656d7065726174757265",
    MessageType::NonConfirmable,
    Code::GET,
    0x7d40,
    "75",
    "/temperature",
    ""
)]
#[case::figure_22_response(
    "5145ad7d75ff32322e332043",
    MessageType::NonConfirmable,
    Code::CONTENT,
    0xad7d,
    "75",
    "/",
    "22.3 C"
)]
#[case::figure_23_not_found("5184952a86", MessageType::NonConfirmable, Code::NOT_FOUND, 0x952a, "86", "/", "")]
#[case::empty_acknowledgement("60007d38", MessageType::Acknowledgement, Code::EMPTY, 0x7d38, "", "/", "")]
#[case::reset("7000ad7b", MessageType::Reset, Code::EMPTY, 0xad7b, "", "/", "")]
fn examples_of_the_specification_parse_and_emit(
    #[case] digits: &str,
    #[case] message_type: MessageType,
    #[case] code: Code,
    #[case] message_id: u16,
    #[case] token: &str,
    #[case] path: &str,
    #[case] payload: &str,
) {
    let datagram = hex::decode(digits).unwrap();
    let message = Message::parse(&datagram).unwrap();
    assert_eq!((message.message_type, message.code, message.message_id), (message_type, code, message_id));
    assert_eq!(message.token.as_slice(), hex::decode(token).unwrap());
    assert_eq!(message.options.uri_path(), path);
    assert_eq!(message.payload, payload.as_bytes());
    assert_eq!(message.emit().unwrap(), datagram);
}

#[test]
fn key_request_is_encoded_as_the_profile_wants() {
    let mut options = Options::new();
    // Pushed out of order: the options sort themselves.
    options.push_content_format(ContentFormat::COAP_GROUP_JSON);
    options.push_uri_path("/coap-key2/all-secured");
    let message = Message {
        message_type: MessageType::Confirmable,
        code: Code::PUT,
        message_id: 1,
        token: Token::EMPTY,
        options,
        payload: b"{}".to_vec(),
    };
    let expected = "40030001b9636f61702d6b6579320b616c6c2d73656375726564120100ff7b7d";
    assert_eq!(hex::encode(message.emit().unwrap()), expected);
}

#[rstest]
#[case::version_0("00017d34", Error::Unsupported("coap.version"))]
#[case::version_2("80017d34", Error::Unsupported("coap.version"))]
#[case::short("40017d", Error::Truncated("coap.mid"))]
#[case::token_length_9("49017d34000000000000000000", Error::Malformed("coap.token_len"))]
#[case::token_missing("42017d3401", Error::Truncated("coap.token"))]
#[case::marker_without_payload("40017d34ff", Error::Malformed("payload marker without payload"))]
#[case::empty_with_token("41007d3401", Error::Malformed("octets in an empty CoAP message"))]
#[case::empty_with_octets("40007d34ff00", Error::Malformed("octets in an empty CoAP message"))]
#[case::delta_15("40017d34f0", Error::Malformed("coap.opt.delta"))]
#[case::length_15("40017d340f", Error::Malformed("coap.opt.length"))]
#[case::value_missing("40017d34b374", Error::Truncated("coap.opt.value"))]
#[case::extended_delta_missing("40017d34e000", Error::Truncated("coap.opt.delta"))]
#[case::number_too_great("40017d34e0ffff", Error::Malformed("coap.opt.delta"))]
fn format_errors_are_errors(#[case] digits: &str, #[case] expected: Error) {
    assert_eq!(Message::parse(&hex::decode(digits).unwrap()), Err(expected));
}

#[rstest]
#[case(12, "c0")]
#[case(13, "d000")]
#[case(268, "d0ff")]
#[case(269, "e00000")]
#[case(65535, "e0fef2")]
fn deltas_take_the_shortest_form(#[case] number: u16, #[case] expected: &str) {
    let mut message = Message::empty(MessageType::Confirmable, 0);
    message.code = Code::GET;
    message.options.push(OptionNumber(number), *b"");
    let datagram = message.emit().unwrap();
    assert_eq!(hex::encode(&datagram[4..]), expected);
    assert_eq!(Message::parse(&datagram).unwrap(), message);
}

#[rstest]
#[case(12, "0c")]
#[case(13, "0d00")]
#[case(268, "0dff")]
#[case(269, "0e0000")]
#[case(1034, "0e02fd")]
fn lengths_take_the_shortest_form(#[case] length: usize, #[case] expected: &str) {
    let mut message = Message::empty(MessageType::Confirmable, 0);
    message.code = Code::GET;
    message.options.push(OptionNumber(0), vec![0x61; length]);
    let datagram = message.emit().unwrap();
    assert!(hex::encode(&datagram[4..]).starts_with(expected));
    assert_eq!(Message::parse(&datagram).unwrap(), message);
}

#[rstest]
#[case(0, "")]
#[case(1, "01")]
#[case(255, "ff")]
#[case(256, "0100")]
#[case(0x0100_0000, "01000000")]
fn integers_have_no_leading_zeros(#[case] value: u32, #[case] expected: &str) {
    let mut options = Options::new();
    options.push_uint(OptionNumber::MAX_AGE, value);
    assert_eq!(hex::encode(options.get(OptionNumber::MAX_AGE).unwrap()), expected);
    assert_eq!(options.max_age(), value);
}

#[test]
fn option_properties_follow_from_the_number() {
    assert!(OptionNumber::URI_PATH.is_critical() && OptionNumber::URI_PATH.is_unsafe_to_forward());
    assert!(!OptionNumber::CONTENT_FORMAT.is_critical() && !OptionNumber::ETAG.is_unsafe_to_forward());
    assert!(OptionNumber::SIZE1.is_no_cache_key() && !OptionNumber::ETAG.is_no_cache_key());
}

/// The columns C, U, N, R and length of RFC 7252 table 4 and of the tables in RFC 7641, 7959, 7967, 8613, 8768, 9175, 9177.
#[rstest]
#[case(OptionNumber::IF_MATCH, "C--R", 0, 8)]
#[case(OptionNumber::URI_HOST, "CU--", 1, 255)]
#[case(OptionNumber::ETAG, "---R", 1, 8)]
#[case(OptionNumber::IF_NONE_MATCH, "C---", 0, 0)]
#[case(OptionNumber::OBSERVE, "-U--", 0, 3)]
#[case(OptionNumber::URI_PORT, "CU--", 0, 2)]
#[case(OptionNumber::LOCATION_PATH, "---R", 0, 255)]
#[case(OptionNumber::OSCORE, "C---", 0, 255)]
#[case(OptionNumber::URI_PATH, "CU-R", 0, 255)]
#[case(OptionNumber::CONTENT_FORMAT, "----", 0, 2)]
#[case(OptionNumber::MAX_AGE, "-U--", 0, 4)]
#[case(OptionNumber::URI_QUERY, "CU-R", 0, 255)]
#[case(OptionNumber::HOP_LIMIT, "----", 1, 1)]
#[case(OptionNumber::ACCEPT, "C---", 0, 2)]
#[case(OptionNumber::Q_BLOCK1, "CU--", 0, 3)]
#[case(OptionNumber::LOCATION_QUERY, "---R", 0, 255)]
#[case(OptionNumber::BLOCK2, "CU--", 0, 3)]
#[case(OptionNumber::BLOCK1, "CU--", 0, 3)]
#[case(OptionNumber::SIZE2, "--N-", 0, 4)]
#[case(OptionNumber::Q_BLOCK2, "CU-R", 0, 3)]
#[case(OptionNumber::PROXY_URI, "CU--", 1, 1034)]
#[case(OptionNumber::PROXY_SCHEME, "CU--", 1, 255)]
#[case(OptionNumber::SIZE1, "--N-", 0, 4)]
#[case(OptionNumber::ECHO, "--N-", 1, 40)]
#[case(OptionNumber::NO_RESPONSE, "-U--", 0, 1)]
#[case(OptionNumber::REQUEST_TAG, "---R", 0, 8)]
fn options_have_the_properties_of_the_registry(
    #[case] number: OptionNumber,
    #[case] properties: &str,
    #[case] least: usize,
    #[case] most: usize,
) {
    let found = [
        (number.is_critical(), 'C'),
        (number.is_unsafe_to_forward(), 'U'),
        (number.is_no_cache_key(), 'N'),
        (number.is_repeatable(), 'R'),
    ];
    let found: String = found.iter().map(|(is_set, letter)| if *is_set { *letter } else { '-' }).collect();
    assert_eq!((found.as_str(), number.value_length()), (properties, Some((least, most))));
}

#[rstest]
#[case(Code::FETCH, "0.05", "FETCH")]
#[case(Code::PATCH, "0.06", "PATCH")]
#[case(Code::IPATCH, "0.07", "iPATCH")]
#[case(Code::CONTINUE, "2.31", "Continue")]
#[case(Code::REQUEST_ENTITY_INCOMPLETE, "4.08", "Request Entity Incomplete")]
#[case(Code::REQUEST_ENTITY_TOO_LARGE, "4.13", "Request Entity Too Large")]
#[case(Code::UNPROCESSABLE_ENTITY, "4.22", "Unprocessable Entity")]
#[case(Code::TOO_MANY_REQUESTS, "4.29", "Too Many Requests")]
#[case(Code::HOP_LIMIT_REACHED, "5.08", "Hop Limit Reached")]
fn codes_have_their_registered_names(#[case] code: Code, #[case] digits: &str, #[case] name: &str) {
    assert_eq!((code.to_string().as_str(), code.name()), (digits, Some(name)));
}

#[test]
fn typed_accessors_read_what_was_pushed() {
    let mut options = Options::new();
    options.push_uri_query("rt=core.ky");
    options.push_uri_query("d=x");
    options.push_accept(ContentFormat::LINK_FORMAT);
    options.push(OptionNumber::URI_HOST, *b"node");
    options.push_uint(OptionNumber::URI_PORT, 5684);
    assert_eq!(options.query("rt"), Some("core.ky"));
    assert_eq!(options.query("d"), Some("x"));
    assert_eq!(options.query("r"), None);
    assert_eq!(options.accept(), Some(ContentFormat::LINK_FORMAT));
    assert_eq!((options.uri_host(), options.uri_port()), (Some("node"), Some(5684)));
    assert_eq!((options.max_age(), options.content_format()), (60, None));
    options.remove(OptionNumber::URI_QUERY);
    assert_eq!(options.uri_query().count(), 0);
}

#[rstest]
#[case::known(OptionNumber::URI_PATH, 3, 1, None)]
#[case::repeatable(OptionNumber::URI_PATH, 3, 2, None)]
#[case::unknown_critical(OptionNumber(9), 0, 1, Some(OptionNumber(9)))]
#[case::unknown_elective(OptionNumber(10), 0, 1, None)]
#[case::unknown_echo(OptionNumber::ECHO, 50, 1, None)]
#[case::q_block(OptionNumber::Q_BLOCK1, 1, 1, Some(OptionNumber::Q_BLOCK1))]
#[case::not_repeatable(OptionNumber::URI_HOST, 3, 2, Some(OptionNumber::URI_HOST))]
#[case::too_short(OptionNumber::URI_HOST, 0, 1, Some(OptionNumber::URI_HOST))]
#[case::too_long(OptionNumber::URI_PORT, 3, 1, Some(OptionNumber::URI_PORT))]
#[case::elective_too_long(OptionNumber::CONTENT_FORMAT, 3, 1, None)]
fn critical_options_that_cannot_be_obeyed_are_found(
    #[case] number: OptionNumber,
    #[case] length: usize,
    #[case] times: usize,
    #[case] expected: Option<OptionNumber>,
) {
    let mut options = Options::new();
    for _ in 0..times {
        options.push(number, vec![1; length]);
    }
    let known = [OptionNumber::URI_PATH, OptionNumber::URI_HOST, OptionNumber::URI_PORT];
    assert_eq!(options.first_unacceptable(&known), expected);
}

#[test]
fn codes_print_as_class_and_detail() {
    assert_eq!(Code::UNSUPPORTED_CONTENT_FORMAT.to_string(), "4.15");
    assert_eq!(Code(0x45), Code::CONTENT);
    assert!(Code::GET.is_request() && !Code::EMPTY.is_request());
    assert!(Code::CHANGED.is_success() && !Code::CONFLICT.is_success() && Code::CONFLICT.is_response());
    assert!(!Code::new(1, 1).is_response() && !Code::new(1, 1).is_request());
}

#[test]
fn links_are_written_and_filtered() {
    let key = Link::new("/coap-key2", "core.ky");
    let mut other = Link::new("/x", "temperature core.s");
    other.attributes.push(("obs".into(), None));
    other.attributes.push(("title".into(), Some("a \"b\"".into())));
    let expected = r#"</coap-key2>;rt="core.ky",</x>;rt="temperature core.s";obs;title="a \"b\"""#;
    assert_eq!(Link::document([&key, &other]), expected);
    assert!(key.matches("rt", "core.ky") && key.matches("rt", "core.*") && other.matches("rt", "core.s"));
    assert!(!key.matches("rt", "core") && !key.matches("if", "core.ky"));
    assert!(key.matches("href", "/coap*"));
}

fn messages() -> impl Strategy<Value = Message> {
    let options = prop::collection::vec((any::<u16>(), prop::collection::vec(any::<u8>(), 0..300)), 0..6);
    let types = prop_oneof![
        Just(MessageType::Confirmable),
        Just(MessageType::NonConfirmable),
        Just(MessageType::Acknowledgement),
        Just(MessageType::Reset)
    ];
    let payload = prop::collection::vec(any::<u8>(), 0..50);
    let token = prop::collection::vec(any::<u8>(), 0..=8);
    (types, 1u8.., any::<u16>(), token, options, payload).prop_map(
        |(message_type, code, message_id, token, pairs, payload)| {
            let mut options = Options::new();
            for (number, value) in pairs {
                options.push(OptionNumber(number), value);
            }
            let token = Token::new(&token).unwrap();
            Message { message_type, code: Code(code), message_id, token, options, payload }
        },
    )
}

proptest! {
    #[test]
    fn every_message_survives_emit_and_parse(message in messages()) {
        prop_assert_eq!(Message::parse(&message.emit().unwrap()), Ok(message));
    }

    #[test]
    fn no_octets_panic_the_parser_and_what_parses_emits(input in prop::collection::vec(any::<u8>(), 0..100)) {
        if let Ok(message) = Message::parse(&input) {
            prop_assert_eq!(Message::parse(&message.emit().unwrap()), Ok(message));
        }
    }
}
