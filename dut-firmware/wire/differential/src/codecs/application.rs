//! CoAP, DNS, DTLS records, and headers of PANA, EAP, EAPOL, RADIUS, HIP and IKEv2.

use wire::dns::RecordData;
use wire::dtls::{ContentType, HandshakeHeader, Record};
use wire::reader::Reader;
use wire::{coap, dns, eap, eapol, hip, ikev2, pana, radius};

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
}

pub(super) fn dns(check: &mut Check<'_>, bytes: &[u8]) {
    let Some(message) = check.parsed(dns::Message::parse(bytes)) else { return };
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
    check.numbers("dns.srv.priority", services().map(|service| service.0.into()));
    check.numbers("dns.srv.weight", services().map(|service| service.1.into()));
    check.numbers("dns.srv.port", services().map(|service| service.2.into()));
}

pub(super) fn dtls(check: &mut Check<'_>, bytes: &[u8]) {
    let Some(record) = check.parsed(Record::parse(&mut Reader::new(bytes))) else { return };
    check.number("dtls.record.content_type", u8::from(record.header.content_type));
    check.number("dtls.record.version", record.header.version.0);
    check.number("dtls.record.epoch", record.header.epoch);
    check.number("dtls.record.sequence_number", record.header.sequence_number);
    check.number("dtls.record.length", record.header.length);
    let mut written = Vec::new();
    let result = record.emit(&mut written);
    check.same_octets(result.map(|()| written), &bytes[..13 + record.fragment.len()]);
    if record.header.content_type == ContentType::Handshake && record.header.epoch == 0 {
        let mut reader = Reader::new(record.fragment);
        let (mut types, mut lengths, mut sequence, mut offsets) = (vec![], vec![], vec![], vec![]);
        while !reader.is_empty() {
            let Ok(header) = HandshakeHeader::parse(&mut reader) else { return };
            types.push(u8::from(header.msg_type).into());
            lengths.push(header.length.into());
            sequence.push(header.message_seq.into());
            offsets.push(header.fragment_offset.into());
            if reader.take(header.fragment_length as usize, "fragment").is_err() {
                return;
            }
        }
        check.numbers("dtls.handshake.type", types);
        check.numbers("dtls.handshake.length", lengths);
        check.numbers("dtls.handshake.message_seq", sequence);
        check.numbers("dtls.handshake.fragment_offset", offsets);
    }
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
    check.numbers("pana.avp.vendorid", message.avps.iter().filter_map(|avp| avp.vendor).map(u64::from));
}

pub(super) fn radius(check: &mut Check<'_>, bytes: &[u8]) {
    let Some(packet) = check.parsed(radius::Packet::parse(bytes)) else { return };
    check.number("radius.code", packet.code.0);
    check.number("radius.id", packet.identifier);
    check.number("radius.length", packet.buffer_len() as u64);
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
    let lengths = packet.parameters.iter().map(|parameter| parameter.contents.len() as u64);
    check.numbers("hip.parameter.length", lengths);
}
