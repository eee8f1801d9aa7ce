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
    if wpan(field, dissection) {
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
    is_mle && (field.starts_with("wpan.aux_sec.") || field == "wpan.mic")
}

/// Where Wireshark is wrong about IEEE 802.15.4.
fn wpan(field: &str, dissection: &Dissection) -> bool {
    let number = |name: &str| dissection.number(name);
    // Fragment and extended frames have no such frame control field (IEEE 802.15.4-2015 sections 7.3.6 and 7.3.7), and
    // frame type 4 is reserved. Multipurpose frames are noted as unsupported.
    if number("wpan.frame_type").is_some_and(|kind| kind > 3) {
        return field != "wpan.frame_type" && !field.starts_with("wpan.fcs");
    }
    // The FCS ends every frame (IEEE 802.15.4-2006 section 7.2.1); Wireshark gives up before it.
    const GIVEN_UP: [&str; 4] =
        ["wpan.dst_invalid", "wpan.src_invalid", "wpan.frame_version_unknown", "wpan.invalid_panid_compression"];
    if field.starts_with("wpan.fcs") && GIVEN_UP.iter().any(|mark| dissection.field(mark).is_some()) {
        return true;
    }
    // A 32-bit FCS is over at least four octets, zeros behind a shorter frame (IEEE 802.15.4-2015 section 7.2.10).
    let is_short = number("wpan.frame_length").is_some_and(|length| length < 4);
    if field == "wpan.fcs.bad" && is_short && dissection.field("wpan.fcs32").is_some() {
        return true;
    }
    // Bits 8 and 9 are reserved up to 2006 and ignored on reception (IEEE 802.15.4-2006 section 7.2.1.1, figure 42);
    // Wireshark leaves the sequence number out.
    if number("wpan.version").is_some_and(|version| version < 2) && number("wpan.seqno_suppression") == Some(1) {
        return true;
    }
    // Which suite a 2003 frame is secured with is not in the frame (IEEE 802.15.4-2003 section 7.6); Wireshark guesses.
    if number("wpan.version") == Some(0) && number("wpan.security") == Some(1) {
        return is_secured(field) || field.starts_with("wpan.fcs");
    }
    // We try every key on a frame with an implicit one; Wireshark wants to be told.
    let is_implicit = number("wpan.aux_sec.key_id_mode") == Some(0);
    // The nonce is made of the absolute slot number (IEEE 802.15.4-2015 section 9.4); Wireshark takes the frame counter.
    let is_slotted = number("wpan.version") == Some(2)
        && number("wpan.aux_sec.asn_in_nonce") == Some(1)
        && number("wpan.aux_sec.frame_counter_suppression") == Some(0);
    // The slot number is that of the frame (the same section): Wireshark keeps the one that an earlier frame told.
    let is_slot_unknown = dissection.has_layer("wpan-tap")
        && dissection.field("wpan-tap.asn").is_none()
        && number("wpan.aux_sec.frame_counter_suppression") == Some(1);
    // What it decrypts so may be no frame, and it gives up before the FCS.
    if (is_slotted || is_slot_unknown) && field.starts_with("wpan.fcs") {
        return true;
    }
    if (is_implicit || is_slotted || is_slot_unknown) && is_secured(field) {
        return true;
    }
    // Wireshark knows 6top by the number that implementations had before RFC 8480 section 10 registered one.
    let is_registered = dissection.fields("wpan.ietf_ie.sub_id").any(|field| field.number() == Some(1));
    if is_registered && (field.starts_with("wpan.6top") || field == "wpan.ietf_ie.sub_id") {
        return true;
    }
    // Wireshark does not read what IEEE 802.15.9 table 21 says that KMP IDs 2, 3 and 4 are: HIP, IKEv2, PANA.
    if !field.starts_with("wpan.") && number("wpan.mpx.kmp.id").is_some_and(|id| matches!(id, 2..=4)) {
        return true;
    }
    // Wireshark does not reassemble fragments of IEEE 802.15.9.
    !field.starts_with("wpan.") && dissection.field("wpan.mpx.fragment").is_some()
}

/// Whether a field is one that only an opened frame shows.
fn is_secured(field: &str) -> bool {
    const OPEN: [&str; 21] = [
        "frame_length",
        "fcf",
        "frame_type",
        "security",
        "pending",
        "ack_request",
        "pan_id_compression",
        "seq",
        "ie_present",
        "dst",
        "src",
        "addr",
        "version",
        "aux_sec",
        "header_ie",
        "nack",
        "ie.unknown",
        "ie_un",
        "mic",
        "fcs",
        "gts",
    ];
    let open = field.strip_prefix("wpan.").is_some_and(|name| OPEN.iter().any(|open| name.starts_with(open)));
    !open || field == "wpan.ie.unknown_content" || field == "wpan.ie_unsupported_id"
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
        // What begins in the decrypted payload: Wireshark adds where in the packet the frame does.
        "wpan.payload_ie" | "wpan.cmd" => {
            dissection.field("wpan.fcf").is_some_and(|control| control.offset() > 0)
                && dissection.field(field).is_some_and(|field| field.buffer() > 0)
        }
        // In frames of types that have no two octets of frame control.
        "wpan.frame_type" => dissection.number(field).is_some_and(|kind| kind > 3),
        // A derived field without octets; with a Block option Wireshark has it in a buffer of its own.
        "coap.payload_length" | "coap.payload_desc" => true,
        "coap.block.count" | "coap.block.reassembled.length" => true,
        // In an option without a value (block 0, no more, size 16) Wireshark marks the octet before it.
        "coap.opt.block_mflag" | "coap.opt.block_size" => true,
        _ => false,
    }
}
