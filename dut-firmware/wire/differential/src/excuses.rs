//! Where Wireshark and the dissector may differ, each with the reason: a specification, or what one of both does not claim.

use wire::dissect::{Dissection, NoteKind};

use crate::excuses_icmpv6;

/// Where Wireshark has its own way, with the reason.
pub fn is_excused(field: &str, dissection: &Dissection) -> bool {
    // Mesh link establishment on port 19788 carries auxiliary security headers of its own under the same names.
    let is_mle = dissection.number("udp.dstport") == Some(19788);
    // Wireshark says that a frame without FCS has a right one; we do not claim what nobody checked.
    if field == "wpan.fcs_ok" && dissection.field("wpan.fcs").is_none() {
        return true;
    }
    // We try every key on a frame with an implicit one; Wireshark wants to be told.
    if dissection.number("wpan.aux_sec.key_id_mode") == Some(0) && !field.starts_with("wpan.") {
        return true;
    }
    if field.starts_with("coap.") && coap(field, dissection) {
        return true;
    }
    // An elided UDP checksum is made again by the decompressor (RFC 6282 4.3.2); Wireshark puts ffff in its place.
    if matches!(field, "udp.checksum" | "udp.checksum.status")
        && dissection.number("6lowpan.nhc.udp.checksum") == Some(1)
    {
        return true;
    }
    // Wireshark has the version of an IPv6 header under the name of IPv4's too; it is a field of RFC 8200 section 3.
    if field == "ip.version" && dissection.has_layer("ipv6") {
        return true;
    }
    // Version 1 of ZEP: Wireshark shows the link quality where the mode says that there is none, and only there.
    if field == "zep.lqi" && dissection.number("zep.version") == Some(1) {
        return true;
    }
    // A Nak has an octet for each type that is desired (RFC 3748 section 5.3.1); Wireshark shows the first.
    if field == "eap.desired_type" && dissection.fields(field).count() > 1 {
        return true;
    }
    // Over UDP the checksum of HIP is not used (RFC 5770 section 5.1); Wireshark verifies it.
    if field == "hip.checksum.status" && dissection.has_layer("udp") {
        return true;
    }
    // Wireshark shows the value of a Result-Code AVP (RFC 5191 section 8.7) as another AVP code.
    if field == "pana.avp.code" && dissection.field("pana.avp.result_code").is_some() {
        return true;
    }
    if excuses_icmpv6::icmpv6(field, dissection) {
        return true;
    }
    // Frames of 2015 are noted as unsupported behind their frame control field.
    let is_2015 = dissection.number("wpan.version") == Some(2);
    is_2015 || is_mle && (field.starts_with("wpan.aux_sec.") || field == "wpan.mic")
}

/// Where Wireshark is wrong about CoAP.
fn coap(field: &str, dissection: &Dissection) -> bool {
    let has_option = |numbers: &[u64]| {
        dissection.fields("coap.opt.number").any(|field| field.number().is_some_and(|number| numbers.contains(&number)))
    };
    // Octets that RFC 7252 3, 5.4.3 and 5.10 or RFC 8613 6.1 forbid: Wireshark goes on and makes values of them.
    if dissection.notes.iter().any(|note| note.layer == "coap" && note.kind == NoteKind::Malformed) {
        return true;
    }
    match field {
        // Options of RFC 7967, 9175 and 9177, which Wireshark 4.0 does not know.
        "coap.opt.name" | "coap.opt.unknown" if has_option(&[19, 31, 252, 258, 292]) => true,
        // Wireshark calls every fourteenth number a no-op, as a draft did; RFC 7252 12.2 does not.
        "coap.opt.name" => has_option(&[42]),
        // A value without octets is the number 0 (RFC 7252 3.2), which Wireshark calls "(null)".
        "coap.opt.accept" => dissection.number("coap.accept") == Some(0),
        // Wireshark writes the last three bits of Size2 here; it is a size in octets (RFC 7959 4).
        "coap.opt.block_size" => has_option(&[28]),
        // Strings are UTF-8 (RFC 7252 3.2); Wireshark replaces all that is not ASCII.
        "coap.opt.uri_path" | "coap.opt.uri_path_recon" => {
            dissection.fields("coap.opt.uri_path").any(|field| !field.value().to_string().is_ascii())
        }
        _ => false,
    }
}

/// Where Wireshark marks other octets than those that the field was read from, with the reason.
pub fn lies_elsewhere(field: &str, dissection: &Dissection) -> bool {
    // A handshake message that came in fragments: here its fields lie in a buffer of its own, there some lie where the last
    // fragment does.
    if field.starts_with("dtls.") && dissection.field("dtls.reassembled.length").is_some() {
        return true;
    }
    // Behind a TAP pseudo-header Wireshark counts from the frame.
    if dissection.has_layer("wpan-tap") && (!field.starts_with("wpan-tap.") || field == "wpan-tap.data_length") {
        return true;
    }
    match field {
        // A derived field without octets; with a Block option Wireshark has it in a buffer of its own.
        "coap.payload_length" | "coap.payload_desc" => true,
        "coap.block.count" | "coap.block.reassembled.length" => true,
        // In an option without a value (block 0, no more, size 16) Wireshark marks the octet before it.
        "coap.opt.block_mflag" | "coap.opt.block_size" => true,
        _ => false,
    }
}
