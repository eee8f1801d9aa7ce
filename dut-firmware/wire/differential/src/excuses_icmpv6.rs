//! Where Wireshark and the dissector may differ in ICMPv6, RPL and DNS, each with the reason.

use wire::dissect::Dissection;

/// Where Wireshark is wrong about ICMPv6, RPL or DNS.
pub(crate) fn icmpv6(field: &str, dissection: &Dissection) -> bool {
    let has = |name: &str| dissection.fields(name).next().is_some();
    // RFC 6551 2.1: the length tells where the next object begins; Wireshark does not
    // skip one of unknown type, and may get lost.
    let has_unknown_metric = dissection
        .fields("icmpv6.rpl.opt.metric.type")
        .any(|field| field.number().is_some_and(|kind| !(1..=8).contains(&kind)));
    let behind_it =
        |field: &str| field.starts_with("icmpv6.rpl.opt.") || matches!(field, "icmpv6.data" | "icmpv6.unknown_data");
    if has_unknown_metric && behind_it(field) {
        return true;
    }
    match field {
        // RFC 8505 4.2: the code says how long the verifier is; Wireshark 4.0 reads an EUI-64 in any case.
        "icmpv6.6lowpannd.da.eui64" | "icmpv6.6lowpannd.da.reg_addr" if has("icmpv6.6lowpannd.da.rovr") => true,
        // RFC 8505 4.1: so does the length of an EARO.
        "icmpv6.opt.aro.eui64" | "icmpv6.unknown_data" if has("icmpv6.opt.earo.rovr") => true,
        // RFC 6550 6.7.5, 6.7.7: "the Prefix field may have lengths other than 0, 8, or 16".
        "icmpv6.rpl.opt.route.prefix" | "icmpv6.rpl.opt.target.prefix" | "icmpv6.unknown_data" => {
            ["icmpv6.rpl.opt.route.prefix", "icmpv6.rpl.opt.target.prefix"]
                .into_iter()
                .any(|name| dissection.fields(name).any(|field| !matches!(field.length(), 8 | 16)))
                || secure_rpl(field, dissection)
        }
        // RFC 6763 4.1: the first label of an instance's name is the instance, not the service.
        "dns.srv.service" | "dns.srv.proto" | "dns.srv.name" => has("dns.srv.instance"),
        _ => field.starts_with("icmpv6.") && secure_rpl(field, dissection),
    }
}

/// RFC 6550 6.1: Wireshark takes encrypted octets for a plain message, a MAC for options, and two bits of the security
/// level for the key identifier mode.
fn secure_rpl(field: &str, dissection: &Dissection) -> bool {
    let (Some(mode), Some(level)) =
        (dissection.number("icmpv6.rpl.secure.kim"), dissection.number("icmpv6.rpl.secure.lvl"))
    else {
        return false;
    };
    let (is_encrypted, is_misread) = (level & 1 == 1, level & 3 != mode);
    let inside = [
        "icmpv6.rpl.dis.",
        "icmpv6.rpl.dio.",
        "icmpv6.rpl.dao.",
        "icmpv6.rpl.daoack.",
        "icmpv6.rpl.cc.",
        "icmpv6.reserved",
    ];
    field.starts_with("icmpv6.rpl.opt.")
        || matches!(field, "icmpv6.data" | "icmpv6.unknown_data")
        || is_misread && field.starts_with("icmpv6.rpl.secure.key.")
        || (is_encrypted || is_misread) && inside.iter().any(|name| field.starts_with(name))
}
