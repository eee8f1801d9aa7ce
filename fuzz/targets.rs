//! What the fuzzer runs, a function per parser: no input panics, and what parses survives emit and parse.
//!
//! `fuzz_targets/any.rs` hands libFuzzer's input to the one that is asked for; `fuzz_corpora.rs` of `harness/differential`
//! includes this file and runs the corpora as an ordinary test. A new target is a file beside
//! this one with a function, its name and the file's in `targets!`, and the corpus that `ci/fuzz` finds.

mod carriers;
mod dtls;
mod engines;
mod link;
mod network;
mod tls;

use core::fmt::{Debug, Write};

use dissect::{Dissection, Dissector, Keys, field, upper_tester as dissect_line};
use wire::coap;
use wire::dns;
use wire::icmpv6;
use wire::ieee802154::{
    AuxSecurityHeader, Content, Frame, FrameVersion, Header, KeyIdentifier, LinkAddress, Mpdu, SecurityLevel,
    ShortAddress, append_fcs, secure_in_slot, unsecure_in_slot,
};
use wire::ipv6::{ExtensionHeader, Ipv6Addr, NextHeader, Packet, Reassembly, checksum, extensions};
use wire::ndp;
use wire::reader::Reader;
use wire::rpl;
use wire::sel;
use wire::sixlowpan::{
    Context, Contexts, Decompressor, Dispatch, ExtensionNhc, FragmentHeader, FrameHeaders, Iphc, RecoverableAck,
    RecoverableFragment, UdpNhc, compress,
};
use wire::software_image::SignedImage;
use wire::udp;
use wire::upper_tester::{Command, Line, LineAssembler};
use wire::writer::Writer;
use wire::{Eui64, Result};

pub use differential::carried::readers;

/// A target: its name and its function, which says whether the input was one that its parser takes.
pub type Target = (&'static str, fn(&[u8]) -> bool);

macro_rules! targets {
    ($($name:ident $(in $module:ident)?,)*) => {
        /// Every target.
        pub const TARGETS: &[Target] = &[$((stringify!($name), $($module::)?$name),)*];
    };
}

targets! {
    coap_exchange in engines,
    coap_message,
    coap_values,
    credentials in engines,
    dns_message,
    dtls_ecjpake in dtls,
    dtls_fragments in dtls,
    dtls_handshake in dtls,
    dtls_protection in dtls,
    dtls_records in dtls,
    dtls_session in engines,
    dtls_session_ecdhe in engines,
    eap_packet in carriers,
    eapol_packet in carriers,
    ethernet_frame in carriers,
    frame,
    ghc_payload in link,
    hip_packet in carriers,
    icmpv6_message,
    ikev2_message in carriers,
    ipv4_packet in carriers,
    ipv6_extension in network,
    ipv6_packet,
    ipv6_reassembly in engines,
    link_format,
    link_security in engines,
    lowpan_reassembly in engines,
    mac_frame,
    mac_parts in link,
    mac_security,
    mpx_assembly in link,
    mpx_element in network,
    ndp_message,
    packet in carriers,
    pana_message in carriers,
    radius_packet in carriers,
    readers,
    rpl_message,
    rpl_parts in link,
    sel_message,
    sixlowpan_chain in network,
    sixlowpan_header,
    sixlowpan_packet,
    software_image,
    tap_header in carriers,
    tls_session in tls,
    udp_datagram,
    upper_tester_line,
    upper_tester_stream,
    zep_message in carriers,
}

/// The link key of `sec.pcap` and of the generated seeds.
const LINK_KEY: [u8; 16] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];
/// Absolute slot number of every frame.
const SLOT: u64 = 0;
const SOURCE: Ipv6Addr = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0xff, 0xfe00, 1);
const DESTINATION: Ipv6Addr = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0xff, 0xfe00, 2);

/// `value` must emit, and the octets must parse to it again.
fn assert_survives<T: PartialEq + Debug>(value: &T, emitted: Result<Vec<u8>>, parse: impl FnOnce(&[u8]) -> Result<T>) {
    let bytes = match emitted {
        Ok(bytes) => bytes,
        Err(error) => panic!("{value:?} was parsed but cannot be emitted: {error}"),
    };
    match parse(&bytes) {
        Ok(again) => assert_eq!(&again, value, "emitted as {bytes:02x?}"),
        Err(error) => panic!("{value:?} was emitted as {bytes:02x?}, which does not parse: {error}"),
    }
}

/// What `emit` writes into `length` octets; it must fill them.
fn written(length: usize, emit: impl FnOnce(&mut Writer<'_>) -> Result<()>) -> Result<Vec<u8>> {
    let mut bytes = vec![0; length];
    let mut writer = Writer::new(&mut bytes);
    emit(&mut writer)?;
    assert_eq!(writer.offset(), length, "buffer_len is not what emit writes");
    Ok(bytes)
}

/// What `emit` appends.
fn appended(emit: impl FnOnce(&mut Vec<u8>) -> Result<()>) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    emit(&mut bytes)?;
    Ok(bytes)
}

fn contexts() -> Contexts {
    let mut contexts = Contexts::default();
    contexts.set(0, Some(Context::new(Ipv6Addr::new(0xfd00, 0xb007, 0, 0, 0, 0, 0, 0), 64)));
    contexts.set(3, Some(Context::new(Ipv6Addr::new(0x2001, 0xdb8, 1, 2, 0, 0, 0, 0), 64)));
    contexts.set(5, Some(Context::new(Ipv6Addr::new(0x2001, 0xdb8, 9, 8, 0x80, 0, 0, 0), 70)));
    contexts
}

/// A security header out of an octet: level and key identifier mode as in the security control field.
fn security(control: u8) -> AuxSecurityHeader {
    let key_identifier = match control >> 3 & 3 {
        0 => KeyIdentifier::Implicit,
        1 => KeyIdentifier::Index(1),
        2 => KeyIdentifier::Source4([1, 2, 3, control], 1),
        _ => KeyIdentifier::Source8([1, 2, 3, 4, 5, 6, 7, control], 1),
    };
    AuxSecurityHeader {
        level: SecurityLevel::from_bits(control),
        frame_counter: (control & 1 << 5 == 0).then_some(u32::from(control)),
        asn_in_nonce: control & 1 << 6 != 0,
        key_identifier,
    }
}

/// A dissector with the keys and contexts of the seeds.
fn dissector() -> Dissector {
    let mut keys = Keys::new();
    keys.add_link_key(1, LINK_KEY);
    keys.add_psk(&LINK_KEY);
    let mut dissector = Dissector::new(keys);
    for (id, context) in contexts().iter() {
        dissector.set_context(id, context.prefix, context.length);
    }
    dissector
}

/// Octets: an MPDU.
pub fn mac_frame(data: &[u8]) -> bool {
    let Ok(mpdu) = Mpdu::parse(data) else { return false };
    let emitted = match &mpdu {
        Mpdu::Plain(frame) => {
            assert_eq!(frame.content.to_vec().map(|bytes| bytes.len()), Ok(frame.content.buffer_len()));
            frame.to_vec()
        }
        Mpdu::Secured(frame) => frame.to_vec(),
    };
    assert_survives(&mpdu, emitted, Mpdu::parse);
    true
}

/// Octets: a security control field, an MPDU. A plain frame survives securing and unsecuring; a secured one either is
/// refused or was secured under the key.
pub fn mac_security(data: &[u8]) -> bool {
    let Some((&control, mpdu)) = data.split_first() else { return false };
    match Mpdu::parse(mpdu) {
        Ok(Mpdu::Plain(frame)) => {
            let source = frame.header.source.extended().unwrap_or(Eui64([2, 0, 0, 0, 0, 0, 0, 1]));
            let Ok(secured) = secure_in_slot(&frame, &security(control), &LINK_KEY, source, SLOT) else { return false };
            let header = Header { version: frame.header.version.max(FrameVersion::V2006), ..frame.header };
            assert_eq!(unsecure_in_slot(&secured, &LINK_KEY, source, SLOT), Ok(Frame { header, ..frame }));
        }
        Ok(Mpdu::Secured(secured)) => {
            let source = secured.header.source.extended().unwrap_or(Eui64([2, 0, 0, 0, 0, 0, 0, 1]));
            let Ok(frame) = unsecure_in_slot(&secured, &LINK_KEY, source, SLOT) else { return false };
            if let Ok(again) = secure_in_slot(&frame, &secured.security, &LINK_KEY, source, SLOT) {
                assert_eq!(unsecure_in_slot(&again, &LINK_KEY, source, SLOT), Ok(frame));
            }
        }
        Err(_) => return false,
    }
    true
}

/// Octets: a 6LoWPAN payload, of which the first header is read.
pub fn sixlowpan_header(data: &[u8]) -> bool {
    let mut is_any = false;
    if let Ok(headers) = FrameHeaders::parse(&mut Reader::new(data)) {
        is_any |= headers.buffer_len() > 0;
        let emitted = written(headers.buffer_len(), |writer| headers.emit(writer));
        assert_survives(&headers, emitted, |bytes| FrameHeaders::parse(&mut Reader::new(bytes)));
    }
    if let Ok(header) = FragmentHeader::parse(&mut Reader::new(data)) {
        is_any = true;
        let emitted = written(header.buffer_len(), |writer| header.emit(writer));
        assert_survives(&header, emitted, |bytes| FragmentHeader::parse(&mut Reader::new(bytes)));
    }
    if let Ok(header) = RecoverableFragment::parse(&mut Reader::new(data)) {
        is_any = true;
        let emitted = written(RecoverableFragment::LENGTH, |writer| header.emit(writer));
        assert_survives(&header, emitted, |bytes| RecoverableFragment::parse(&mut Reader::new(bytes)));
    }
    if let Ok(ack) = RecoverableAck::parse(&mut Reader::new(data)) {
        is_any = true;
        let emitted = written(RecoverableAck::LENGTH, |writer| ack.emit(writer));
        assert_survives(&ack, emitted, |bytes| RecoverableAck::parse(&mut Reader::new(bytes)));
    }
    let mut reader = Reader::new(data);
    if let Ok(iphc) = Iphc::parse(&mut reader) {
        is_any = true;
        let emitted = written(iphc.buffer_len(), |writer| iphc.emit(writer));
        assert_survives(&iphc, emitted, |bytes| Iphc::parse(&mut Reader::new(bytes)));
        if let Ok(nhc) = ExtensionNhc::parse(&mut reader.clone()) {
            let emitted = written(nhc.buffer_len(), |writer| nhc.emit(writer));
            assert_survives(&nhc, emitted, |bytes| ExtensionNhc::parse(&mut Reader::new(bytes)));
        }
        if let Ok(nhc) = UdpNhc::parse(&mut reader) {
            let emitted = written(nhc.buffer_len(), |writer| nhc.emit(writer));
            assert_survives(&nhc, emitted, |bytes| UdpNhc::parse(&mut Reader::new(bytes)));
        }
    }
    is_any
}

/// Octets: which link-layer addresses, the datagram size of a first fragment or none, a 6LoWPAN payload. What
/// decompresses and is no fragment survives compression.
pub fn sixlowpan_packet(data: &[u8]) -> bool {
    let [addresses, size, payload @ ..] = data else { return false };
    let address = |bits: u8| match bits & 3 {
        0 => LinkAddress::BROADCAST,
        1 => LinkAddress::Short(ShortAddress(0x1234)),
        2 => LinkAddress::Extended(Eui64([0x02, 0, 0, 0, 0, 0, 0, 1])),
        _ => LinkAddress::Extended(Eui64([0x02, 0, 0, 0xff, 0xfe, 0, 0x12, 0x34])),
    };
    let (source, destination) = (address(*addresses), address(addresses >> 2));
    let contexts = contexts();
    let whole = Decompressor {
        source,
        destination,
        contexts: &contexts,
        datagram_size: None,
        accept_elided_checksum: addresses & 0x10 != 0,
    };
    // As a first fragment.
    let _ = Decompressor { datagram_size: Some(usize::from(*size) * 8), ..whole }.decompress(payload);
    let Ok(packet) = whole.decompress(payload) else { return false };
    if payload.first().is_some_and(|octet| Dispatch::of(*octet) != Dispatch::Iphc) || Packet::parse(&packet).is_err() {
        return true;
    }
    match compress(&packet, source, destination, &contexts) {
        Ok(compressed) => assert_eq!(whole.decompress(&compressed).as_deref(), Ok(packet.as_slice())),
        Err(error) => panic!("{packet:02x?} was decompressed but does not compress: {error}"),
    }
    true
}

/// Octets: an IPv6 packet.
pub fn ipv6_packet(data: &[u8]) -> bool {
    let Ok(packet) = Packet::parse(data) else { return false };
    assert_survives(&packet, packet.to_vec(), Packet::parse);
    let _ = Reassembly::default().accept(data, 1280);
    let Ok(found) = extensions(data) else { return false };
    for header in found.headers {
        let parse = |bytes: &[u8]| match ExtensionHeader::parse(header.kind(), &mut Reader::new(bytes))? {
            Some(header) => Ok(header),
            None => panic!("{header:?} is of no kind"),
        };
        assert_survives(&header, header.to_vec(), parse);
    }
    true
}

/// Octets: a UDP datagram; once as it is, once with its checksum made right.
pub fn udp_datagram(data: &[u8]) -> bool {
    let parse = |bytes: &[u8]| udp::Datagram::parse(bytes, SOURCE, DESTINATION);
    let _ = parse(data);
    let mut bytes = data.to_vec();
    let [_, _, _, _, high, low, ..] = bytes.as_slice() else { return false };
    let length = usize::from(u16::from_be_bytes([*high, *low]));
    let Some(covered) = bytes.get_mut(..length) else { return false };
    let Some(field) = covered.get_mut(6..8) else { return false };
    field.fill(0);
    let sum = match checksum(SOURCE, DESTINATION, NextHeader::UDP, covered) {
        0 => 0xffff,
        sum => sum,
    };
    covered[6..8].copy_from_slice(&sum.to_be_bytes());
    match parse(&bytes) {
        Ok(datagram) => assert_survives(&datagram, datagram.to_vec(SOURCE, DESTINATION), parse),
        Err(error) => panic!("{bytes:02x?} has the checksum {sum:04x}: {error}"),
    }
    true
}

/// Octets: an ICMPv6 message; its checksum is not looked at.
pub fn icmpv6_message(data: &[u8]) -> bool {
    let _ = icmpv6::Message::parse(data, SOURCE, DESTINATION);
    let Ok(message) = icmpv6::Message::parse_unverified(data) else { return false };
    let emitted = message.to_vec(SOURCE, DESTINATION);
    assert_survives(&message, emitted, |bytes| icmpv6::Message::parse(bytes, SOURCE, DESTINATION));
    true
}

/// Octets: an ICMPv6 type, what follows the checksum of a Neighbor Discovery message of code 0.
pub fn ndp_message(data: &[u8]) -> bool {
    let Some((&kind, body)) = data.split_first() else { return false };
    let Ok(message) = ndp::Message::parse_body(kind, 0, body) else { return false };
    let emitted = written(message.body_len(), |writer| message.emit_body(writer));
    assert_survives(&message, emitted, |bytes| ndp::Message::parse_body(kind, 0, bytes));
    true
}

/// Octets: an ICMPv6 code, what follows the checksum of an RPL message; and what a secure one protects.
pub fn rpl_message(data: &[u8]) -> bool {
    let Some((&code, body)) = data.split_first() else { return false };
    let Ok(message) = rpl::Message::parse_body(code, body) else { return false };
    let emitted = written(message.body_len(), |writer| message.emit_body(writer));
    assert_survives(&message, emitted, |bytes| rpl::Message::parse_body(message.icmpv6_code(), bytes));
    if let Some(Ok((check, _))) = message.open_consistency_check() {
        let emitted = written(check.buffer_len(), |writer| check.emit(writer));
        assert_survives(&check, emitted, |bytes| rpl::ConsistencyCheck::parse(&mut Reader::new(bytes)));
    }
    if let Some(Ok((plain, _))) = message.open() {
        let emitted = written(plain.body_len(), |writer| plain.emit_body(writer));
        assert_survives(&plain, emitted, |bytes| rpl::Message::parse_body(plain.icmpv6_code(), bytes));
    }
    true
}

/// Octets: a DNS message.
pub fn dns_message(data: &[u8]) -> bool {
    use wire::dns::{RecordData, RecordType};
    let Ok(message) = dns::Message::parse(data) else { return false };
    // Data with a name that is none may become one where it comes to lie.
    let unread = |record: &dns::Record| match record.data {
        RecordData::Other { record_type, .. } => {
            [RecordType::NS, RecordType::CNAME, RecordType::SOA, RecordType::PTR, RecordType::SRV]
                .contains(&record_type)
        }
        _ => false,
    };
    let records = message.answers.iter().chain(&message.authorities).chain(&message.additionals);
    if records.into_iter().any(unread) {
        return true;
    }
    match message.to_vec() {
        // Pointers make much of few octets, and the target of SRV has none when emitted.
        Err(_) => assert!(data.len() > 1000),
        emitted => assert_survives(&message, emitted, dns::Message::parse),
    }
    true
}

/// Octets: an ICMPv6 code, what follows the checksum of a JSR or SSR.
pub fn sel_message(data: &[u8]) -> bool {
    let Some((&code, body)) = data.split_first() else { return false };
    let Some(kind) = sel::Kind::from_code(code) else { return false };
    let Ok(message) = sel::Message::parse_body(kind, body) else { return false };
    let emitted = written(sel::BODY_LENGTH, |writer| message.emit_body(writer));
    assert_survives(&message, emitted, |bytes| sel::Message::parse_body(kind, bytes));
    true
}

/// Octets: what a Block or an OSCORE option holds; then blocks of a body, each an octet of number and M, an octet of
/// length, and that many octets.
pub fn coap_values(data: &[u8]) -> bool {
    let mut is_any = false;
    if let Ok(block) = coap::Block::parse(data) {
        is_any = true;
        let mut options = coap::Options::new();
        options.push_block(coap::OptionNumber::BLOCK1, block);
        assert_eq!(options.block(coap::OptionNumber::BLOCK1), Ok(Some(block)));
    }
    if let Ok(option) = coap::OscoreOption::parse(data) {
        is_any = true;
        assert_survives(&option, option.to_vec(), coap::OscoreOption::parse);
    }
    let mut assembler = coap::Assembler::new(100);
    let mut rest = data;
    while let [first, length, behind @ ..] = rest {
        let (payload, next) = behind.split_at(behind.len().min(usize::from(*length)));
        let block = coap::Block { number: u32::from(first >> 1), more: first & 1 == 1, size: coap::BlockSize::MIN };
        let _ = assembler.push(block, payload);
        assert!(assembler.received() <= 100);
        rest = next;
    }
    is_any
}

/// Octets: the text of a link-format document.
pub fn link_format(data: &[u8]) -> bool {
    let Ok(text) = core::str::from_utf8(data) else { return false };
    let Ok(links) = coap::Link::parse_document(text) else { return false };
    assert_eq!(coap::Link::parse_document(&coap::Link::document(&links)), Ok(links));
    true
}

/// Octets: a CoAP message.
pub fn coap_message(data: &[u8]) -> bool {
    let header = coap::Message::parse_header(data);
    let Ok(message) = coap::Message::parse(data) else { return false };
    assert_eq!(header, Ok((message.message_type, message.code, message.message_id)));
    let _ = (message.options.uri_path(), message.options.uri_query().count(), message.options.content_format());
    let _ = (message.options.first_unacceptable(&[]), message.options.max_age(), message.options.uri_port());
    assert_survives(&message, message.emit(), coap::Message::parse);
    true
}

/// Octets: a software image with its signature.
pub fn software_image(data: &[u8]) -> bool {
    let Ok(signed) = SignedImage::parse(data) else { return false };
    assert_survives(&signed.image, signed.image.to_vec(), |octets| {
        assert_eq!(octets, signed.signed);
        SignedImage::parse(data).map(|again| again.image)
    });
    true
}

/// Octets: a line of UT/1 without its line feed.
pub fn upper_tester_line(data: &[u8]) -> bool {
    let Ok(text) = core::str::from_utf8(data) else { return false };
    assert_sound(&dissect_line(1, text), true);
    let Ok(line) = Line::parse(text) else { return false };
    let parse = |bytes: &[u8]| {
        let text = core::str::from_utf8(bytes).unwrap_or_default();
        Line::parse(text.strip_suffix('\n').unwrap_or_default())
    };
    // An event's time moves to the front, a code to the end: the same octets are not asked for.
    assert_survives(&line, line.emit(), parse);
    if let Line::Request(request) = line {
        assert!(Line::sequence_of_request(text) == Some(request.seq));
        if let Ok(command) = Command::from_request(&request) {
            let again = command.to_request(request.seq);
            assert!(
                Command::from_request(&again).as_ref() == Ok(&command),
                "{again} is another command than {request}"
            );
        }
    }
    true
}

/// Octets: the size of a chunk, the octets of a serial line. Its lines do not depend on how it is chunked.
pub fn upper_tester_stream(data: &[u8]) -> bool {
    let Some((&size, stream)) = data.split_first() else { return false };
    let whole = LineAssembler::default().extend(stream);
    let mut assembler = LineAssembler::default();
    let chunked: Vec<_> = stream.chunks(usize::from(size).max(1)).flat_map(|chunk| assembler.extend(chunk)).collect();
    assert_eq!(whole, chunked);
    assert!(whole.iter().flatten().all(|line| !line.is_empty() && !line.contains('\n')));
    whole.iter().any(|line| line.is_ok())
}

/// Octets: frames, each as a control octet, a length octet and that many octets; the whole dissector sees them in order,
/// with the keys. Bits of the control octet: 0 append an FCS, 1 the octets end with one, 2 secure the frame if it is a plain
/// one (with bits 3 to 7 as a security control field), 3 without bit 2: it is an IPv6 packet of the backbone.
pub fn frame(data: &[u8]) -> bool {
    let mut dissector = dissector();
    let mut rest = data;
    let mut number = 0;
    let mut layers = 0;
    while let [control, length, following @ ..] = rest {
        let (bytes, after) = following.split_at(following.len().min(usize::from(*length)));
        rest = after;
        number += 1;
        let dissection = if control & 0x0c == 0x08 {
            dissector.ipv6_packet(number, bytes)
        } else {
            let mut bytes = secured(control, bytes).unwrap_or_else(|| bytes.to_vec());
            if control & 1 == 1 {
                append_fcs(&mut bytes);
            }
            dissector.frame(number, &bytes, control & 3 != 0)
        };
        assert_sound(&dissection, false);
        layers = layers.max(dissection.layers().len());
    }
    layers > 1
}

/// The frame of `mpdu` under the link key, if `control` asks for that and it is a plain one with an extended source.
fn secured(control: &u8, mpdu: &[u8]) -> Option<Vec<u8>> {
    if control & 4 == 0 {
        return None;
    }
    let Ok(Mpdu::Plain(frame)) = Mpdu::parse(mpdu) else { return None };
    if matches!(frame.content, Content::Acknowledgment) {
        return None;
    }
    let source = frame.header.source.extended()?;
    secure_in_slot(&frame, &security(control >> 3), &LINK_KEY, source, SLOT).ok()?.to_vec().ok()
}

/// Every field is in the table and lies inside its buffer, and everything prints.
fn assert_sound(dissection: &Dissection, is_line: bool) {
    let mut text = String::new();
    for layer in dissection.layers() {
        for found in layer.all_fields() {
            assert!(is_line || field(found.name()).is_some(), "{} is not in the table", found.name());
            assert_eq!(found.bytes().len(), found.length(), "{} lies outside its buffer", found.name());
            let _ = write!(text, "{}", found.value());
        }
    }
    assert!(dissection.layers().len() < 10_000 && text.len() < 10_000_000);
}
