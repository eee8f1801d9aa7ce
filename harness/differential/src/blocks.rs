//! Exchanges of CoAP in blocks (RFC 7959), both directions, in IPv6 packets.

use std::net::Ipv6Addr;

use wire::coap;
use wire::ipv6::{Header, NextHeader, Packet};
use wire::udp::Datagram;

/// An option: number, and value.
type OptionValue<'a> = (u16, &'a [u8]);

const CLIENT: Ipv6Addr = Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, 1);
const SERVER: Ipv6Addr = Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, 2);
const BLOCK2: u16 = 23;
const BLOCK1: u16 = 27;

/// A message with these options in ascending order, whose numbers are less than 13 apart from each other or at most 268.
fn message(kind: u8, code: u8, id: u16, token: &[u8], options: &[OptionValue<'_>], payload: &[u8]) -> Vec<u8> {
    let mut octets = vec![0x40 | kind << 4 | token.len() as u8, code];
    octets.extend(id.to_be_bytes());
    octets.extend(token);
    let mut last = 0;
    for (number, value) in options {
        let delta = number - last;
        last = *number;
        if delta < 13 {
            octets.push((delta as u8) << 4 | value.len() as u8);
        } else {
            octets.extend([0xd0 | value.len() as u8, (delta - 13) as u8]);
        }
        octets.extend(*value);
    }
    if !payload.is_empty() {
        octets.push(0xff);
        octets.extend(payload);
    }
    octets
}

fn packet(from_client: bool, message: Vec<u8>) -> Vec<u8> {
    let (source, destination) = if from_client { (CLIENT, SERVER) } else { (SERVER, CLIENT) };
    let (source_port, destination_port) = if from_client { (40000, coap::PORT) } else { (coap::PORT, 40000) };
    let datagram = Datagram { source_port, destination_port, payload: message };
    let payload = datagram.to_vec(source, destination).unwrap();
    Packet { header: Header::new(source, destination, NextHeader::UDP, 64), payload }.to_vec().unwrap()
}

/// Value of a Block option with blocks of 16 octets.
fn block(number: u8, more: bool) -> [u8; 1] {
    [number << 4 | u8::from(more) << 3]
}

/// A representation of 37 octets, asked for in three requests with these tokens.
pub fn download(tokens: [&[u8]; 3]) -> Vec<Vec<u8>> {
    let body: Vec<u8> = (b'a'..).take(26).chain(*b"0123456789!").collect();
    let mut packets = Vec::new();
    for (number, (token, part)) in (0u8..).zip(tokens.iter().zip(body.chunks(16))) {
        let (id, more) = (u16::from(number) + 1, number < 2);
        let asked = message(0, 1, id, token, &[(11, b"large"), (BLOCK2, &block(number, false))], &[]);
        packets.push(packet(true, asked));
        packets.push(packet(false, message(2, 0x45, id, token, &[(12, &[]), (BLOCK2, &block(number, more))], part)));
    }
    packets
}

/// A body of 37 octets in three requests with these tokens, of which the second is sent twice.
pub fn upload(tokens: [&[u8]; 3]) -> Vec<Vec<u8>> {
    let body: Vec<u8> = (b'A'..).take(26).chain(*b"0123456789!").collect();
    let mut packets = Vec::new();
    for (number, (token, part)) in (0u8..).zip(tokens.iter().zip(body.chunks(16))) {
        let (id, more) = (u16::from(number) + 11, number < 2);
        let option = block(number, more);
        let sent = packet(true, message(0, 3, id, token, &[(11, b"store"), (12, &[]), (BLOCK1, &option)], part));
        let code = if more { 0x5f } else { 0x44 };
        let answer = packet(false, message(2, code, id, token, &[(BLOCK1, &option)], &[]));
        packets.extend([sent, answer]);
    }
    packets
}
