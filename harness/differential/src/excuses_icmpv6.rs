//! Where Wireshark and the dissector may differ in ICMPv6, RPL and DNS, each with the reason.

use dissect::Dissection;

use crate::excuses::Excuse;

fn has(dissection: &Dissection, name: &str) -> bool {
    dissection.fields(name).next().is_some()
}

/// Key identifier mode and security level of a secure RPL message.
fn security(dissection: &Dissection) -> Option<(u64, u64)> {
    Some((dissection.number("icmpv6.rpl.secure.kim")?, dissection.number("icmpv6.rpl.secure.lvl")?))
}

/// Whether a field is one of the base objects of RPL messages.
fn is_in_base(field: &str) -> bool {
    const BASES: [&str; 5] =
        ["icmpv6.rpl.dis.", "icmpv6.rpl.dio.", "icmpv6.rpl.dao.", "icmpv6.rpl.daoack.", "icmpv6.rpl.cc."];
    field == "icmpv6.reserved" || BASES.iter().any(|base| field.starts_with(base))
}

/// Whether a field is one of the options of RPL, or of octets that are none.
fn is_in_options(field: &str) -> bool {
    field.starts_with("icmpv6.rpl.opt.") || matches!(field, "icmpv6.data" | "icmpv6.unknown_data")
}

/// All of them.
pub(crate) const EXCUSES: &[Excuse] = &[
    Excuse {
        reason: "RFC 6551 section 2.1: the length tells where the next object begins; Wireshark does not skip one of unknown \
                 type, and may get lost",
        covers: |field, dissection| {
            let mut types = dissection.fields("icmpv6.rpl.opt.metric.type");
            is_in_options(field) && types.any(|field| field.number().is_some_and(|kind| !(1..=8).contains(&kind)))
        },
    },
    Excuse {
        reason: "RFC 8505 section 4.2: the code suffix says how long the verifier is; Wireshark reads an EUI-64 in any case",
        covers: |field, dissection| {
            matches!(field, "icmpv6.6lowpannd.da.eui64" | "icmpv6.6lowpannd.da.reg_addr")
                && has(dissection, "icmpv6.6lowpannd.da.rovr")
        },
    },
    Excuse {
        reason: "RFC 8505 section 4.1: the length says how long the verifier of an EARO is; Wireshark reads an EUI-64",
        covers: |field, dissection| {
            matches!(field, "icmpv6.opt.aro.eui64" | "icmpv6.unknown_data") && has(dissection, "icmpv6.opt.earo.rovr")
        },
    },
    Excuse {
        reason: "RFC 6550 sections 6.7.5 and 6.7.7: \"the Prefix field may have lengths other than 0, 8, or 16\"",
        covers: |field, dissection| {
            let prefixes = ["icmpv6.rpl.opt.route.prefix", "icmpv6.rpl.opt.target.prefix"];
            (prefixes.contains(&field) || field == "icmpv6.unknown_data")
                && prefixes
                    .into_iter()
                    .any(|name| dissection.fields(name).any(|field| !matches!(field.length(), 8 | 16)))
        },
    },
    Excuse {
        reason: "RFC 6550 section 6.1: a MAC ends a secure message; Wireshark takes it for options",
        covers: |field, dissection| is_in_options(field) && security(dissection).is_some(),
    },
    Excuse {
        reason: "RFC 6550 section 6.1: the key identifier mode is in the upper two bits of its octet; Wireshark takes two of \
                 the security level for it",
        covers: |field, dissection| {
            security(dissection).is_some_and(|(mode, level)| level & 3 != mode)
                && (field.starts_with("icmpv6.rpl.secure.key.") || is_in_base(field))
        },
    },
    Excuse {
        reason: "RFC 6550 section 6.1: odd security levels encrypt; Wireshark reads the encrypted octets",
        covers: |field, dissection| {
            security(dissection).is_some_and(|(_, level)| level & 1 == 1) && (is_in_base(field) || is_in_options(field))
        },
    },
    Excuse {
        reason: "RFC 6763 section 4.1: the first label of an instance's name is the instance, not the service",
        covers: |field, dissection| {
            matches!(field, "dns.srv.service" | "dns.srv.proto" | "dns.srv.name") && has(dissection, "dns.srv.instance")
        },
    },
];
