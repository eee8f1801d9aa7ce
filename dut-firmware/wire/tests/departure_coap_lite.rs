//! CoAP against the crate coap-lite: both read and write the same messages, and where they differ RFC 7252 says who is right.

use bootrack_wire::coap::{Code, Message, MessageType, OptionNumber, Options, Token};
use coap_lite::{CoapOption, MessageClass, Packet};
use proptest::prelude::*;
use rstest::rstest;

/// The crate's packet as our message.
fn converted(packet: &Packet) -> Message {
    let mut options = Options::new();
    for (number, values) in packet.options() {
        values.iter().for_each(|value| options.push(OptionNumber(*number), value.clone()));
    }
    Message {
        message_type: match packet.header.get_type() {
            coap_lite::MessageType::Confirmable => MessageType::Confirmable,
            coap_lite::MessageType::NonConfirmable => MessageType::NonConfirmable,
            coap_lite::MessageType::Acknowledgement => MessageType::Acknowledgement,
            coap_lite::MessageType::Reset => MessageType::Reset,
        },
        code: Code(u8::from(packet.header.code)),
        message_id: packet.header.message_id,
        token: Token::new(packet.get_token()).unwrap(),
        options,
        payload: packet.payload.clone(),
    }
}

fn packet(message: &Message) -> Packet {
    let mut packet = Packet::new();
    packet.header.set_type(match message.message_type {
        MessageType::Confirmable => coap_lite::MessageType::Confirmable,
        MessageType::NonConfirmable => coap_lite::MessageType::NonConfirmable,
        MessageType::Acknowledgement => coap_lite::MessageType::Acknowledgement,
        MessageType::Reset => coap_lite::MessageType::Reset,
    });
    packet.header.code = MessageClass::from(message.code.0);
    packet.header.message_id = message.message_id;
    packet.set_token(message.token.as_slice().to_vec());
    for option in message.options.iter() {
        packet.add_option(CoapOption::from(option.number.0), option.value.clone());
    }
    packet.payload = message.payload.clone();
    packet
}

/// Codes that the crate has a name for; it forgets the number of any other.
fn is_named(code: u8) -> bool {
    u8::from(MessageClass::from(code)) == code
}

fn messages() -> impl Strategy<Value = Message> {
    let number = prop_oneof![0u16..70, any::<u16>()];
    let options = prop::collection::vec((number, prop::collection::vec(any::<u8>(), 0..300)), 0..6);
    let code = (1u8..).prop_filter("has a name in the crate", |code| is_named(*code));
    let payload = prop::collection::vec(any::<u8>(), 0..50);
    let token = prop::collection::vec(any::<u8>(), 0..=8);
    (0u8..4, code, any::<u16>(), token, options, payload).prop_map(|(kind, code, message_id, token, pairs, payload)| {
        let mut options = Options::new();
        pairs.into_iter().for_each(|(number, value)| options.push(OptionNumber(number), value));
        let types =
            [MessageType::Confirmable, MessageType::NonConfirmable, MessageType::Acknowledgement, MessageType::Reset];
        let (message_type, token) = (types[usize::from(kind)], Token::new(&token).unwrap());
        Message { message_type, code: Code(code), message_id, token, options, payload }
    })
}

/// Why the crate takes what we refuse.
fn is_known_leniency(input: &[u8]) -> bool {
    // Another version than 1 is to be ignored (RFC 7252 3).
    let version = input[0] >> 6 != 1;
    // An empty message has four octets (RFC 7252 4.1).
    let octets_in_empty = input[1] == 0 && input.len() > 4;
    // A marker with nothing behind it is a format error (RFC 7252 3).
    let marker_at_the_end = input.last() == Some(&0xff);
    version || octets_in_empty || marker_at_the_end
}

proptest! {
    #[test]
    fn the_crate_reads_what_we_write(message in messages()) {
        let read = Packet::from_bytes(&message.emit().unwrap()).unwrap();
        prop_assert_eq!(converted(&read), message);
    }

    #[test]
    fn we_read_what_the_crate_writes_and_both_write_the_same(message in messages()) {
        let written = packet(&message).to_bytes_unlimited().unwrap();
        prop_assert_eq!(&written, &message.emit().unwrap());
        prop_assert_eq!(Message::parse(&written), Ok(message));
    }

    #[test]
    fn arbitrary_octets_are_read_alike_but_for_what_the_crate_forgives(
        first in 0x40u8..0x80,
        rest in prop::collection::vec(any::<u8>(), 3..60),
        keep_version: bool,
    ) {
        let mut input = rest;
        input.insert(0, if keep_version { first } else { first ^ 0x80 });
        match (Message::parse(&input), Packet::from_bytes(&input)) {
            (Ok(ours), Ok(theirs)) if is_named(input[1]) => prop_assert_eq!(ours, converted(&theirs)),
            (Ok(_), Ok(_)) | (Err(_), Err(_)) => {}
            (Err(error), Ok(_)) => prop_assert!(is_known_leniency(&input), "{error}: {input:02x?}"),
            (Ok(_), Err(error)) => prop_assert!(false, "the crate says {error}: {input:02x?}"),
        }
    }
}

#[rstest]
#[case::version_0("00017d34")]
#[case::version_2("80017d34")]
#[case::empty_with_token("41007d3401")]
#[case::empty_with_payload("40007d34ff00")]
#[case::marker_without_payload("40017d34ff")]
fn what_the_crate_forgives_is_refused_here(#[case] digits: &str) {
    let input = hex::decode(digits).unwrap();
    assert!(is_known_leniency(&input));
    assert!(Packet::from_bytes(&input).is_ok());
    assert!(Message::parse(&input).is_err());
}
