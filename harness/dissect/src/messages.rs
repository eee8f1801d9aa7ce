//! The message table: names for layers with certain field values, as `expect = "sel.jsr"` uses them.

/// A message: the layers of one name whose fields have all these numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MessageInfo {
    /// Name, as `sel.jsr`.
    pub name: &'static str,
    /// Layer that it is recognized in.
    pub layer: &'static str,
    /// For a person.
    pub description: &'static str,
    /// Whether it says little of what is in it: any other name of the same packet says more.
    pub is_general: bool,
    /// Fields of that layer and the number that one of their occurrences has.
    pub matches: &'static [(&'static str, u64)],
}

/// The message of this name.
pub fn message(name: &str) -> Option<&'static MessageInfo> {
    MESSAGES.iter().find(|message| message.name == name)
}

/// `any` before a name: it says little.
macro_rules! is_general {
    () => {
        false
    };
    (any) => {
        true
    };
}

macro_rules! messages {
    ($($($any:ident)? $name:literal, $layer:literal, $description:literal $(, $field:literal = $number:literal)*;)*) => {
        /// All messages.
        pub const MESSAGES: &[MessageInfo] = &[$(MessageInfo {
            name: $name,
            layer: $layer,
            description: $description,
            is_general: is_general!($($any)?),
            matches: &[$(($field, $number)),*],
        },)*];
    };
}

messages! {
    "wpan.beacon", "wpan", "MAC beacon frame", "wpan.frame_type" = 0;
    any "wpan.data", "wpan", "MAC data frame", "wpan.frame_type" = 1;
    "wpan.ack", "wpan", "MAC acknowledgment frame", "wpan.frame_type" = 2;
    "wpan.command", "wpan", "MAC command frame", "wpan.frame_type" = 3;
    "wpan.beacon_request", "wpan", "MAC beacon request command", "wpan.frame_type" = 3, "wpan.cmd" = 7;
    any "ipv6.packet", "ipv6", "any IPv6 packet";
    any "udp.datagram", "udp", "any UDP datagram";
    "icmpv6.destination_unreachable", "icmpv6", "ICMPv6 destination unreachable", "icmpv6.type" = 1;
    "icmpv6.packet_too_big", "icmpv6", "ICMPv6 packet too big", "icmpv6.type" = 2;
    "icmpv6.time_exceeded", "icmpv6", "ICMPv6 time exceeded", "icmpv6.type" = 3;
    "icmpv6.parameter_problem", "icmpv6", "ICMPv6 parameter problem", "icmpv6.type" = 4;
    "icmpv6.echo_request", "icmpv6", "ICMPv6 echo request", "icmpv6.type" = 128;
    "icmpv6.echo_reply", "icmpv6", "ICMPv6 echo reply", "icmpv6.type" = 129;
    "icmpv6.router_renumbering", "icmpv6", "router renumbering (RFC 2894)", "icmpv6.type" = 138;
    "mld.query", "icmpv6", "MLD query of either version", "icmpv6.type" = 130;
    "mld.report", "icmpv6", "MLD version 1 report", "icmpv6.type" = 131;
    "mld.done", "icmpv6", "MLD version 1 done", "icmpv6.type" = 132;
    "mld.report_v2", "icmpv6", "MLD version 2 report", "icmpv6.type" = 143;
    "nd.rs", "icmpv6", "router solicitation", "icmpv6.type" = 133;
    "nd.ra", "icmpv6", "router advertisement", "icmpv6.type" = 134;
    "nd.ns", "icmpv6", "neighbor solicitation", "icmpv6.type" = 135;
    "nd.na", "icmpv6", "neighbor advertisement", "icmpv6.type" = 136;
    "nd.redirect", "icmpv6", "redirect", "icmpv6.type" = 137;
    "nd.dar", "icmpv6", "duplicate address request (RFC 6775)", "icmpv6.type" = 157;
    "nd.dac", "icmpv6", "duplicate address confirmation (RFC 6775)", "icmpv6.type" = 158;
    "rpl.dis", "icmpv6", "RPL DODAG information solicitation, plain", "icmpv6.type" = 155, "icmpv6.code" = 0;
    "rpl.dio", "icmpv6", "RPL DODAG information object, plain", "icmpv6.type" = 155, "icmpv6.code" = 1;
    "rpl.dao", "icmpv6", "RPL destination advertisement object, plain", "icmpv6.type" = 155, "icmpv6.code" = 2;
    "rpl.dao_ack", "icmpv6", "its acknowledgement, plain", "icmpv6.type" = 155, "icmpv6.code" = 3;
    "rpl.secure_dis", "icmpv6", "secure DIS", "icmpv6.type" = 155, "icmpv6.code" = 0x80;
    "rpl.secure_dio", "icmpv6", "secure DIO", "icmpv6.type" = 155, "icmpv6.code" = 0x81;
    "rpl.secure_dao", "icmpv6", "secure DAO", "icmpv6.type" = 155, "icmpv6.code" = 0x82;
    "rpl.secure_dao_ack", "icmpv6", "secure DAO-ACK", "icmpv6.type" = 155, "icmpv6.code" = 0x83;
    "rpl.cc", "icmpv6", "RPL consistency check", "icmpv6.type" = 155, "icmpv6.code" = 0x8a;
    "sel.jsr", "sel", "join secure request", "sel.code" = 1;
    "sel.ssr", "sel", "set secure request", "sel.code" = 2;
    "dtls.change_cipher_spec", "dtls", "DTLS ChangeCipherSpec", "dtls.record.content_type" = 20;
    "dtls.alert", "dtls", "DTLS alert, also one that could not be decrypted", "dtls.record.content_type" = 21;
    any "dtls.application_data", "dtls", "DTLS application data", "dtls.record.content_type" = 23;
    "dtls.hello_request", "dtls", "DTLS HelloRequest", "dtls.handshake.type" = 0;
    "dtls.client_hello", "dtls", "DTLS ClientHello", "dtls.handshake.type" = 1;
    "dtls.server_hello", "dtls", "DTLS ServerHello", "dtls.handshake.type" = 2;
    "dtls.hello_verify_request", "dtls", "DTLS HelloVerifyRequest", "dtls.handshake.type" = 3;
    "dtls.new_session_ticket", "dtls", "DTLS NewSessionTicket", "dtls.handshake.type" = 4;
    "dtls.certificate", "dtls", "DTLS Certificate", "dtls.handshake.type" = 11;
    "dtls.server_key_exchange", "dtls", "DTLS ServerKeyExchange", "dtls.handshake.type" = 12;
    "dtls.certificate_request", "dtls", "DTLS CertificateRequest", "dtls.handshake.type" = 13;
    "dtls.server_hello_done", "dtls", "DTLS ServerHelloDone", "dtls.handshake.type" = 14;
    "dtls.certificate_verify", "dtls", "DTLS CertificateVerify", "dtls.handshake.type" = 15;
    "dtls.client_key_exchange", "dtls", "DTLS ClientKeyExchange", "dtls.handshake.type" = 16;
    "dtls.finished", "dtls", "DTLS Finished, decrypted", "dtls.handshake.type" = 20;
    any "coap.message", "coap", "any CoAP message";
    "coap.empty", "coap", "CoAP empty message: acknowledgement, reset or ping", "coap.code" = 0;
    any "coap.request", "coap", "CoAP request of any method", "coap.is_request" = 1;
    "coap.response", "coap", "CoAP response of any code", "coap.is_response" = 1;
    "coap.get", "coap", "CoAP GET", "coap.code" = 1;
    "coap.post", "coap", "CoAP POST", "coap.code" = 2;
    "coap.put", "coap", "CoAP PUT", "coap.code" = 3;
    "coap.delete", "coap", "CoAP DELETE", "coap.code" = 4;
    "coap.fetch", "coap", "CoAP FETCH", "coap.code" = 5;
    "coap.patch", "coap", "CoAP PATCH", "coap.code" = 6;
    "coap.ipatch", "coap", "CoAP iPATCH", "coap.code" = 7;
    "dns.query", "dns", "DNS or multicast DNS query", "dns.flags.response" = 0;
    "dns.response", "dns", "DNS or multicast DNS response", "dns.flags.response" = 1;
    "eap.request", "eap", "EAP request", "eap.code" = 1;
    "eap.response", "eap", "EAP response", "eap.code" = 2;
    "eap.success", "eap", "EAP success", "eap.code" = 3;
    "eap.failure", "eap", "EAP failure", "eap.code" = 4;
    "eapol.start", "eapol", "EAPOL start", "eapol.type" = 1;
    "pana.pci", "pana", "PANA client initiation", "pana.type" = 1;
    "pana.par", "pana", "PANA authentication request", "pana.type" = 2, "pana.flag.r" = 1;
    "pana.pan", "pana", "PANA authentication answer", "pana.type" = 2, "pana.flag.r" = 0;
    "pana.relay", "pana", "PANA relay", "pana.type" = 5;
    "radius.access_request", "radius", "RADIUS Access-Request", "radius.code" = 1;
    "radius.access_accept", "radius", "RADIUS Access-Accept", "radius.code" = 2;
    "radius.access_reject", "radius", "RADIUS Access-Reject", "radius.code" = 3;
    "radius.access_challenge", "radius", "RADIUS Access-Challenge", "radius.code" = 11;
    "hip.i1", "hip", "HIP I1", "hip.packet_type" = 1;
    "hip.r1", "hip", "HIP R1", "hip.packet_type" = 2;
    "hip.i2", "hip", "HIP I2", "hip.packet_type" = 3;
    "hip.r2", "hip", "HIP R2", "hip.packet_type" = 4;
    "ike.sa_init", "isakmp", "IKEv2 IKE_SA_INIT", "isakmp.exchangetype" = 34;
    "ike.auth", "isakmp", "IKEv2 IKE_AUTH", "isakmp.exchangetype" = 35;
    "ut.reply", "ut", "answer of the upper tester to a command", "ut.is_event" = 0;
    "ut.event", "ut", "what the upper tester reports unasked", "ut.is_event" = 1;
}
