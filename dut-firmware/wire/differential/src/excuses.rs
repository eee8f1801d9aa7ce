//! Where Wireshark and the dissector may differ, each with the reason: a specification, or what one of both does not claim.

use wire::dissect::Dissection;

/// Where Wireshark has its own way, with the reason.
pub(crate) fn is_excused(field: &str, dissection: &Dissection) -> bool {
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
    // Frames of 2015 are noted as unsupported behind their frame control field.
    let is_2015 = dissection.number("wpan.version") == Some(2);
    is_2015 || is_mle && (field.starts_with("wpan.aux_sec.") || field == "wpan.mic")
}

/// Where Wireshark marks other octets than those that the field was read from, with the reason.
pub fn lies_elsewhere(field: &str) -> bool {
    match field {
        // A derived field without octets; with a Block option Wireshark has it in a buffer of its own.
        "coap.payload_length" => true,
        // In an option without a value (block 0, no more, size 16) Wireshark marks the octet before it.
        "coap.opt.block_mflag" | "coap.opt.block_size" => true,
        _ => false,
    }
}
