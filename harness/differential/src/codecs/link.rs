//! Ethernet, the TAP pseudo-header, IEEE 802.15.4.

use dissect::NoteKind;
use wire::ethernet::Frame;
use wire::ieee802154::{
    Address, Beacon, Content, Frame as Plain, KeyIdentifier, LinkAddress, Mpdu, Mpx, PayloadElement, PendingAddress,
    unsecure_in_slot,
};
use wire::reader::Reader;
use wire::sixlowpan::{FragmentHeader, FrameHeaders};
use wire::tap::Header;

use wire::Error;

use super::Check;
use crate::link_key;

fn colons(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect::<Vec<_>>().join(":")
}

pub(super) fn ethernet(check: &mut Check<'_>) {
    let Some(bytes) = check.from("eth.dst") else { return };
    let Some(frame) = check.parsed(Frame::parse(&bytes)) else { return };
    check.texts("eth.dst", [colons(&frame.destination.0)]);
    check.texts("eth.src", [colons(&frame.source.0)]);
    if frame.tags.is_empty() && !frame.ether_type.is_length() {
        check.number("eth.type", frame.ether_type.0);
    }
    check.same_octets(frame.to_vec(), &bytes);
}

pub(super) fn tap(check: &mut Check<'_>) {
    let Some(bytes) = check.from("wpan-tap.version") else { return };
    let mut reader = Reader::new(&bytes);
    let Some(header) = check.parsed(Header::parse(&mut reader)) else { return };
    check.number("wpan-tap.length", header.buffer_len() as u64);
    check.numbers("wpan-tap.tlv.type", header.tlvs.iter().map(|tlv| tlv.tlv_type.0.into()));
    check.numbers("wpan-tap.tlv.length", header.tlvs.iter().map(|tlv| tlv.value.len() as u64));
    check.same_again(header.to_vec().and_then(|again| Header::parse(&mut Reader::new(&again))), &header);
    let Some(trailer) = check.parsed(header.trailer()) else { return };
    if check.layer.fields("wpan-tap.fcs_type").count() == 1 {
        check.number("wpan-tap.fcs_type", trailer as u64);
    }
}

/// The headers before a compressed packet.
pub(super) fn lowpan(check: &mut Check<'_>) {
    let first = ["6lowpan.mesh.v", "6lowpan.pattern"].map(|name| check.from(name).map(|bytes| (bytes.len(), bytes)));
    let Some((_, bytes)) = first.into_iter().flatten().max() else { return };
    let Some(headers) = check.parsed(FrameHeaders::parse(&mut Reader::new(&bytes))) else { return };
    let hops = headers.mesh.map(|mesh| u64::from(mesh.hops_left));
    let is_deep = check.layer.field("6lowpan.mesh.hops8").is_some();
    check.numbers(if is_deep { "6lowpan.mesh.hops8" } else { "6lowpan.mesh.hops" }, hops);
    check.numbers("6lowpan.bcast.seqnum", headers.broadcast.map(|broadcast| u64::from(broadcast.sequence_number)));
    if let Some(fragment) = headers.fragment {
        let (size, tag) = match fragment {
            FragmentHeader::First { datagram_size, datagram_tag }
            | FragmentHeader::Next { datagram_size, datagram_tag, .. } => (datagram_size, datagram_tag),
        };
        check.number("6lowpan.frag.size", size);
        check.number("6lowpan.frag.tag", tag);
    }
}

/// The PAN identifier and the two kinds of address, each if there is one.
fn address(check: &mut Check<'_>, names: [&'static str; 2], address: Address) {
    let short = match address.link() {
        Some(LinkAddress::Short(address)) => Some(u64::from(address.0)),
        _ => None,
    };
    let extended = address.extended().map(|address| colons(&address.0));
    check.numbers(names[0], short);
    check.texts(names[1], extended);
}

/// Those that MPX and the elements of 2015 tell.
fn elements(check: &mut Check<'_>, frame: &Plain) {
    let messages: Vec<&Mpx> = frame
        .elements
        .payload
        .iter()
        .filter_map(|element| match element {
            PayloadElement::Mpx(message) => Some(message),
            _ => None,
        })
        .collect();
    if let [message] = messages[..] {
        match message {
            Mpx::FullFrame { transaction_id, multiplex_id, .. } => {
                check.number("wpan.mpx.transaction_id", *transaction_id);
                check.number("wpan.mpx.multiplex_id", *multiplex_id);
            }
            Mpx::FirstFragment { transaction_id, total_size, .. } => {
                check.number("wpan.mpx.transaction_id", *transaction_id);
                check.number("wpan.mpx.total_frame_size", *total_size);
            }
            Mpx::NextFragment { transaction_id, number, .. } => {
                check.number("wpan.mpx.transaction_id", *transaction_id);
                check.number("wpan.mpx.fragment_number", *number);
            }
            _ => {}
        }
    }
}

fn beacon(check: &mut Check<'_>, beacon: &Beacon) {
    check.number("wpan.gts.permit", beacon.gts_permit);
    check.numbers("wpan.gts.address", beacon.gts.iter().map(|descriptor| descriptor.address.0.into()));
    check.numbers("wpan.gts.slot", beacon.gts.iter().map(|descriptor| descriptor.starting_slot.into()));
    check.numbers("wpan.gts.length", beacon.gts.iter().map(|descriptor| descriptor.length.into()));
    let short = beacon.pending.iter().filter_map(|pending| match pending {
        PendingAddress::Short(address) => Some(u64::from(address.0)),
        PendingAddress::Extended(_) => None,
    });
    check.numbers("wpan.pending16", short);
    let extended: Vec<String> = beacon
        .pending
        .iter()
        .filter_map(|pending| match pending {
            PendingAddress::Extended(address) => Some(colons(&address.0)),
            PendingAddress::Short(_) => None,
        })
        .collect();
    check.texts("wpan.pending64", extended);
}

pub(super) fn wpan(check: &mut Check<'_>) {
    let length = check.layer.field("wpan.frame_length").and_then(|field| field.number()).unwrap_or(0) as usize;
    let Some(mut bytes) = check.from("wpan.fcf") else { return };
    bytes.truncate(length);
    let Some(mpdu) = check.parsed(Mpdu::parse(&bytes)) else { return };
    if check.dissection.has_note(NoteKind::BadFcs) {
        // Of a frame that is damaged the dissector reads the header.
        return;
    }
    let header = *mpdu.header();
    check.number("wpan.version", header.version.bits());
    check.number("wpan.pending", header.frame_pending);
    check.number("wpan.ack_request", header.ack_request);
    check.number("wpan.pan_id_compression", header.pan_id_compression);
    check.numbers("wpan.seq_no", header.sequence_number.map(u64::from));
    address(check, ["wpan.dst16", "wpan.dst64"], header.destination);
    if check.layer.field("wpan.src64.origin").is_none() {
        address(check, ["wpan.src16", "wpan.src64"], header.source);
    }
    let pans =
        header.version.pan_ids_present(header.destination.mode(), header.source.mode(), header.pan_id_compression);
    if let Ok((has_destination, has_source)) = pans {
        let pan = |is_there: bool, address: Address| address.pan().filter(|_| is_there).map(|pan| u64::from(pan.0));
        check.numbers("wpan.dst_pan", pan(has_destination, header.destination));
        check.numbers("wpan.src_pan", pan(has_source, header.source));
    }
    match mpdu {
        Mpdu::Plain(frame) => {
            check.number("wpan.security", false);
            check.number("wpan.frame_type", frame.content.frame_type().bits());
            elements(check, &frame);
            if let Content::Beacon(content) = &frame.content {
                beacon(check, content);
            }
        }
        Mpdu::Secured(frame) => {
            check.number("wpan.security", true);
            check.number("wpan.frame_type", frame.frame_type.bits());
            check.number("wpan.aux_sec.sec_level", frame.security.level as u64);
            let (mode, index) = match frame.security.key_identifier {
                KeyIdentifier::Implicit => (0u64, None),
                KeyIdentifier::Index(index) => (1, Some(index)),
                KeyIdentifier::Source4(_, index) => (2, Some(index)),
                KeyIdentifier::Source8(_, index) => (3, Some(index)),
            };
            check.number("wpan.aux_sec.key_id_mode", mode);
            check.numbers("wpan.aux_sec.frame_counter", frame.security.frame_counter.map(u64::from));
            check.numbers("wpan.aux_sec.key_index", index.map(u64::from));
            // In another timeslot than 0 only the dissector knows which.
            let source = header.source.extended().filter(|_| !frame.security.asn_in_nonce);
            if let Some(source) = source.filter(|_| frame.security.frame_counter.is_some()) {
                let is_opened = check.layer.field("wpan.key_number").is_some();
                match unsecure_in_slot(&frame, &link_key(), source, 0) {
                    Err(Error::Integrity(what)) if is_opened => check.difference(what),
                    Ok(_) if !is_opened && frame.security.level.mic_len() > 0 => {
                        check.difference("the codec opens what the dissector does not");
                    }
                    _ => {}
                }
            }
        }
    }
}
