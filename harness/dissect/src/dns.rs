//! DNS and multicast DNS messages (RFC 1035 section 4.1, RFC 6762 section 18): header, questions and sections.

use super::carried::Protocol;
use super::dns_record::{Dns, record};
use super::sheet::{Cursor, Sheet};
use wire::dns;
use wire::{Error, Result};

/// DNS.
pub(super) const PROTOCOL: Protocol = Protocol {
    name: "dns",
    udp_ports: &[dns::PORT],
    body: |_, sheet, cursor, _| dns(sheet, cursor, dns::PORT),
    ..Protocol::NONE
};

/// Multicast DNS.
pub(super) const MULTICAST: Protocol = Protocol {
    name: "mdns",
    udp_ports: &[dns::MULTICAST_PORT],
    body: |_, sheet, cursor, _| dns(sheet, cursor, dns::MULTICAST_PORT),
    ..Protocol::NONE
};

/// Operation code of an update (RFC 2136), whose sections have other names.
const UPDATE: u64 = 5;

/// Dissects the message at the cursor; `port` is the one of both that is of DNS.
fn dns(sheet: &mut Sheet, cursor: Cursor<'_>, port: u16) -> Result<()> {
    sheet.layer("dns");
    let mut dns = Dns::new(cursor, port == dns::MULTICAST_PORT);
    let cursor = &mut dns.cursor;
    cursor.uint(sheet, "dns.id", 2)?;
    let flags = cursor.uint(sheet, "dns.flags", 2)?;
    let is_response = flags >> 15 == 1;
    let span = cursor.behind(2);
    sheet.bits(flags, &[("dns.flags.response", 0x8000), ("dns.flags.opcode", 0x7800)], span);
    if is_response {
        sheet.bits(
            flags,
            &[("dns.flags.authoritative", 0x0400), ("dns.flags.recavail", 0x0080), ("dns.flags.rcode", 0x000f)],
            span,
        );
    }
    sheet.bits(
        flags,
        &[
            ("dns.flags.truncated", 0x0200),
            ("dns.flags.recdesired", 0x0100),
            ("dns.flags.z", 0x0040),
            ("dns.flags.checkdisable", 0x0010),
        ],
        span,
    );
    // In a query Wireshark shows it only if it is set.
    if is_response || flags & 0x0020 != 0 {
        sheet.bits(flags, &[("dns.flags.authenticated", 0x0020)], span);
    }
    let opcode = flags >> 11 & 0xf;
    if opcode == u64::from(dns::STATEFUL) {
        return Err(Error::Unsupported("DNS stateful operations"));
    }
    let names = match opcode {
        UPDATE => ["dns.count.zones", "dns.count.prerequisites", "dns.count.updates", "dns.count.add_rr"],
        _ => ["dns.count.queries", "dns.count.answers", "dns.count.auth_rr", "dns.count.add_rr"],
    };
    let mut counts = [0; 4];
    for (count, name) in counts.iter_mut().zip(names) {
        *count = cursor.uint(sheet, name, 2)?;
    }
    let [questions, answers, authorities, additionals] = counts;
    for _ in 0..questions {
        question(sheet, &mut dns)?;
    }
    for _ in 0..answers.saturating_add(authorities).saturating_add(additionals) {
        record(sheet, &mut dns)?;
    }
    if !dns.cursor.is_empty() {
        sheet.hex("dns.extraneous.data", dns.cursor.ahead(dns.cursor.rest().len()));
    }
    Ok(())
}

fn question(sheet: &mut Sheet, dns: &mut Dns<'_>) -> Result<()> {
    let (name, span) = dns.name()?;
    sheet.text("dns.qry.name", super::dns_record::name_text(&name), span);
    let labels = name.labels().count();
    let octets = name.labels().fold(labels.saturating_sub(1), |octets, label| octets.saturating_add(label.len()));
    sheet.number("dns.qry.name.len", u64::try_from(octets).unwrap_or(0), span);
    sheet.number("dns.count.labels", u64::try_from(labels).unwrap_or(0), span);
    let cursor = &mut dns.cursor;
    cursor.uint(sheet, "dns.qry.type", 2)?;
    let class = cursor.read_uint(2, "dns.qry.class")?;
    if dns.is_multicast {
        sheet.bits(class, &[("dns.qry.class", 0x7fff), ("dns.qry.qu", 0x8000)], cursor.behind(2));
    } else {
        sheet.number("dns.qry.class", class, cursor.behind(2));
    }
    Ok(())
}
