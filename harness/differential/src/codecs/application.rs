//! CoAP, DNS, ZEP, and headers of PANA, EAP, EAPOL, RADIUS, HIP and IKEv2.

use wire::coap::{Block, OptionNumber, Options, OscoreOption};
use wire::dns::RecordData;
use wire::{coap, dns, eap, eapol, hip, ikev2, pana, radius, zep};

use super::Check;

pub(super) fn coap(check: &mut Check<'_>, bytes: &[u8]) {
    let Some(message) = check.parsed(coap::Message::parse(bytes)) else { return };
    check.number("coap.type", u8::from(message.message_type));
    check.number("coap.code", message.code.0);
    check.number("coap.mid", message.message_id);
    check.octets("coap.token", message.token.as_slice());
    check.numbers("coap.opt.number", message.options.iter().map(|option| option.number.0.into()));
    check.octets("coap.payload_bytes", &message.payload);
    check.same_octets(message.emit(), bytes);
    blocks(check, &message.options);
    for option in message.options.iter() {
        if message.options.all(option.number).count() > 1 {
            continue;
        }
        if option.number == OptionNumber::OSCORE {
            let Some(oscore) = check.parsed(OscoreOption::parse(&option.value)) else { continue };
            check.octets("coap.opt.object_security_piv", &oscore.partial_iv);
            check.texts("coap.opt.object_security_kid_context", oscore.kid_context.as_ref().map(hex::encode));
            check.texts("coap.opt.object_security_kid", oscore.kid.as_ref().map(hex::encode));
            check.same_octets(oscore.to_vec(), &option.value);
        }
    }
}

/// Block1 and Block2, which have the same fields (RFC 7959 section 2.2), if both are sound and there once.
fn blocks(check: &mut Check<'_>, options: &Options) {
    let numbers = [OptionNumber::BLOCK1, OptionNumber::BLOCK2];
    let is_once = numbers.iter().all(|number| options.all(*number).count() <= 1);
    let values = options.iter().filter(|option| numbers.contains(&option.number)).map(|option| &option.value);
    // A size exponent of 7 is for the server to answer with an error.
    let Ok(blocks) = values.map(|value| Block::parse(value)).collect::<Result<Vec<Block>, _>>() else { return };
    if !is_once || blocks.is_empty() {
        return;
    }
    check.numbers("coap.opt.block_number", blocks.iter().map(|block| block.number.into()));
    check.numbers("coap.opt.block_mflag", blocks.iter().map(|block| block.more.into()));
    if blocks.iter().any(|block| block.offset() != block.number as usize * block.size.octets()) {
        check.difference("a block begins elsewhere than where its number says");
    }
}

pub(super) fn dns(check: &mut Check<'_>, bytes: &[u8]) {
    let Some(message) = check.parsed(dns::Message::parse(bytes)) else { return };
    // Names may be compressed in other ways.
    check.same_again(message.to_vec().and_then(|again| dns::Message::parse(&again)), &message);
    check.number("dns.id", message.id);
    check.number("dns.flags.response", message.flags.response);
    check.number("dns.flags.opcode", message.flags.opcode);
    check.number("dns.flags.truncated", message.flags.truncated);
    check.number("dns.flags.recdesired", message.flags.recursion_desired);
    check.number("dns.count.add_rr", message.additionals.len() as u64);
    check.numbers("dns.qry.type", message.questions.iter().map(|question| question.record_type.0.into()));
    if check.layer.field("dns.qry.qu").is_some() {
        // Multicast DNS only.
        check.numbers("dns.qry.qu", message.questions.iter().map(|question| question.unicast_response.into()));
    }
    let records = || message.answers.iter().chain(&message.authorities).chain(&message.additionals);
    if check.layer.field("dns.nsec.next_domain_name").is_none() {
        // NSEC has a list of types under the same name.
        check.numbers("dns.resp.type", records().map(|record| record.data.record_type().0.into()));
    }
    let is_plain = |record: &&dns::Record| record.data.record_type() != dns::RecordType::OPT;
    check.numbers("dns.resp.ttl", records().filter(is_plain).map(|record| record.time_to_live.into()));
    let services = || {
        records().filter_map(|record| match &record.data {
            RecordData::Service { priority, weight, port, .. } => Some((*priority, *weight, *port)),
            _ => None,
        })
    };
    let is_broken = |record: &dns::Record| matches!(&record.data, RecordData::Other { record_type, .. } if *record_type == dns::RecordType::SRV);
    if records().any(is_broken) {
        // The dissector shows what is there of one.
        return;
    }
    check.numbers("dns.srv.priority", services().map(|service| service.0.into()));
    check.numbers("dns.srv.weight", services().map(|service| service.1.into()));
    check.numbers("dns.srv.port", services().map(|service| service.2.into()));
}

pub(super) fn zep(check: &mut Check<'_>, bytes: &[u8]) {
    let Some(message) = check.parsed(zep::Message::parse(bytes)) else { return };
    match &message {
        zep::Message::V1 { channel, device_id, frame, .. }
        | zep::Message::V2 { channel, device_id, frame, .. }
        | zep::Message::V3 { channel, device_id, frame, .. } => {
            check.number("zep.channel_id", *channel);
            check.number("zep.device_id", *device_id);
            check.number("zep.length", frame.len() as u64);
        }
        zep::Message::Ack { sequence_number } => check.number("zep.seqno", *sequence_number),
        zep::Message::Hello { address } => {
            let pairs: Vec<String> = address.0.iter().map(|octet| format!("{octet:02x}")).collect();
            check.texts("zep.hello", [pairs.join(":")]);
        }
    }
    check.same_again(message.to_vec().and_then(|again| zep::Message::parse(&again)), &message);
}

pub(super) fn pana(check: &mut Check<'_>, bytes: &[u8]) {
    let Some(message) = check.parsed(pana::Message::parse(bytes)) else { return };
    if check.layer.fields("pana.type").count() > 1 {
        // A message in a message: its fields are in the same layer.
        return;
    }
    check.number("pana.type", message.message_type.0);
    check.number("pana.sid", message.session_id);
    check.number("pana.seq", message.sequence_number);
    check.number("pana.length", message.buffer_len() as u64);
    check.numbers("pana.avp.code", message.avps.iter().map(|avp| avp.code.0.into()));
    check.numbers("pana.avp.data_length", message.avps.iter().map(|avp| avp.value.len() as u64));
    check.same_again(message.to_vec().and_then(|again| pana::Message::parse(&again)), &message);
    check.numbers("pana.avp.vendorid", message.avps.iter().filter_map(|avp| avp.vendor).map(u64::from));
}

pub(super) fn radius(check: &mut Check<'_>, bytes: &[u8]) {
    let Some(packet) = check.parsed(radius::Packet::parse(bytes)) else { return };
    check.number("radius.code", packet.code.0);
    check.number("radius.id", packet.identifier);
    check.number("radius.length", packet.buffer_len() as u64);
    check.same_octets(packet.to_vec(), &bytes[..packet.buffer_len()]);
    check.octets("radius.authenticator", &packet.authenticator);
    check.numbers("radius.avp.type", packet.attributes.iter().map(|attribute| attribute.attribute_type.0.into()));
    check.numbers("radius.avp.length", packet.attributes.iter().map(|attribute| attribute.value.len() as u64 + 2));
}

pub(super) fn ikev2(check: &mut Check<'_>, bytes: &[u8]) {
    let Some(message) = check.parsed(ikev2::Message::parse(bytes)) else { return };
    check.octets("isakmp.ispi", &message.initiator_spi.to_be_bytes());
    check.octets("isakmp.rspi", &message.responder_spi.to_be_bytes());
    check.number("isakmp.version", message.version);
    check.number("isakmp.exchangetype", message.exchange_type);
    check.number("isakmp.flags", message.flags);
    check.number("isakmp.messageid", message.message_id);
    check.same_again(message.to_vec().and_then(|again| ikev2::Message::parse(&again)), &message);
    check.number("isakmp.length", message.buffer_len() as u64);
}

pub(super) fn eap(check: &mut Check<'_>, bytes: &[u8]) {
    let Some(packet) = check.parsed(eap::Packet::parse(bytes)) else { return };
    check.number("eap.code", packet.code.0);
    check.number("eap.id", packet.identifier);
    check.number("eap.len", packet.buffer_len() as u64);
    check.numbers("eap.type", packet.eap_type().map(|eap_type| u64::from(eap_type.0)));
    check.same_octets(packet.to_vec(), &bytes[..packet.buffer_len()]);
}

pub(super) fn eapol(check: &mut Check<'_>, bytes: &[u8]) {
    let Some(packet) = check.parsed(eapol::Packet::parse(bytes)) else { return };
    check.number("eapol.version", packet.version);
    check.number("eapol.type", packet.packet_type.0);
    check.number("eapol.len", packet.body.len() as u64);
    check.same_octets(packet.to_vec(), &bytes[..packet.buffer_len()]);
}

pub(super) fn hip(check: &mut Check<'_>, bytes: &[u8]) {
    let Some(packet) = check.parsed(hip::Packet::parse(bytes)) else { return };
    check.number("hip.proto", packet.next_header);
    check.number("hip.packet_type", packet.packet_type.0);
    check.number("hip.version", packet.version);
    check.number("hip.checksum", packet.checksum);
    check.number("hip.controls", packet.controls);
    check.octets("hip.hit_sndr", &packet.sender);
    check.octets("hip.hit_rcvr", &packet.receiver);
    check.numbers("hip.type", packet.parameters.iter().map(|parameter| parameter.parameter_type.into()));
    check.same_again(packet.to_vec().and_then(|again| hip::Packet::parse(&again)), &packet);
    let lengths = packet.parameters.iter().map(|parameter| parameter.contents.len() as u64);
    check.numbers("hip.parameter.length", lengths);
}
