//! The codecs, parse and emit, without the dissector: a device has no use for it.
#![no_std]
#![no_main]

extern crate alloc;

use wire::dtls::{Record, RecordHeader};
use wire::icmpv6::Message as Icmpv6;
use wire::ieee802154::{Frame, Mpdu, SecuredFrame};
use wire::ipv6::Packet;
use wire::sixlowpan::Decompressor;
use wire::tls::{Alert, Handshake};
use wire::udp::Datagram;
use wire::upper_tester::{Command, Line, LineAssembler};

bootrack_bare_metal::image! {
    Mpdu::parse,
    Frame::to_psdu,
    SecuredFrame::to_psdu,
    wire::ieee802154::secure,
    wire::ieee802154::unsecure,
    wire::sixlowpan::compress,
    Decompressor::decompress,
    wire::sixlowpan::FragmentHeader::parse,
    wire::sixlowpan::FragmentHeader::emit,
    Packet::parse,
    Packet::to_vec,
    Datagram::parse,
    Datagram::to_vec,
    Icmpv6::parse,
    Icmpv6::to_vec,
    Record::parse,
    RecordHeader::emit,
    wire::dtls::fragments,
    Handshake::parse,
    Handshake::emit,
    Alert::parse,
    wire::dtls::seal,
    wire::dtls::open,
    wire::tls::prf,
    wire::coap::Message::parse,
    wire::coap::Message::emit,
    Line::parse,
    Line::emit,
    Command::from_request,
    LineAssembler::push,
}
