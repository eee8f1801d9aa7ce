//! Resource records of DNS messages (RFC 1035 section 3.3, RFC 2782, 3596, 4034, 6762, 6763, 6891).

use alloc::string::{String, ToString};
use core::fmt::Write as _;

use super::sheet::{Cursor, Sheet, Span};
use wire::dns::{Name, RecordType};
use wire::{Error, Result};

/// A message being read: names may lead back into all of it.
pub(super) struct Dns<'a> {
    message: &'a [u8],
    start: usize,
    pub(super) cursor: Cursor<'a>,
    pub(super) is_multicast: bool,
}

impl<'a> Dns<'a> {
    pub(super) fn new(cursor: Cursor<'a>, is_multicast: bool) -> Self {
        Self { message: cursor.rest(), start: cursor.offset(), cursor, is_multicast }
    }

    /// The name at the cursor and where it lies.
    pub(super) fn name(&mut self) -> Result<(Name, Span)> {
        let offset = self.cursor.offset().saturating_sub(self.start);
        let (name, end) = Name::parse(self.message, offset)?;
        let length = end.saturating_sub(offset);
        self.cursor.take(length, "name")?;
        Ok((name, self.cursor.behind(length)))
    }

    fn name_field(&mut self, sheet: &mut Sheet, field: &'static str) -> Result<()> {
        let (name, span) = self.name()?;
        sheet.text(field, name_text(&name), span);
        Ok(())
    }
}

/// A name as Wireshark prints it: labels with dots between them, nothing escaped but control characters, and those as C does.
pub(super) fn name_text(name: &Name) -> String {
    if name.is_root() {
        return String::from("<Root>");
    }
    let mut text = String::new();
    for (index, label) in name.labels().enumerate() {
        if index > 0 {
            text.push('.');
        }
        push_printable(label, &mut text);
    }
    text
}

/// Appends octets as Wireshark prints them: what is no UTF-8 replaced, control characters escaped as C does.
pub fn push_printable(octets: &[u8], text: &mut String) {
    for character in String::from_utf8_lossy(octets).chars() {
        let escaped = match character {
            '\x07' => 'a',
            '\x08' => 'b',
            '\t' => 't',
            '\n' => 'n',
            '\x0b' => 'v',
            '\x0c' => 'f',
            '\r' => 'r',
            _ if character.is_ascii_control() => {
                // Writing to a string does not fail.
                let _ = write!(text, "\\{:03o}", u32::from(character));
                continue;
            }
            _ => {
                text.push(character);
                continue;
            }
        };
        text.push('\\');
        text.push(escaped);
    }
}

/// The record at the cursor.
pub(super) fn record(sheet: &mut Sheet, dns: &mut Dns<'_>) -> Result<()> {
    let (name, span) = dns.name()?;
    let record_type = RecordType((dns.cursor.clone().read_uint(2, "record type")? & 0xffff) as u16);
    match record_type {
        RecordType::SRV => service_name(sheet, &name, span),
        _ => sheet.text("dns.resp.name", name_text(&name), span),
    }
    dns.cursor.uint(sheet, "dns.resp.type", 2)?;
    let class = dns.cursor.read_uint(2, "record class")?;
    let class_span = dns.cursor.behind(2);
    let class_field = if record_type == RecordType::OPT { "dns.rr.udp_payload_size" } else { "dns.resp.class" };
    if dns.is_multicast {
        sheet.bits(class, &[(class_field, 0x7fff), ("dns.resp.cache_flush", 0x8000)], class_span);
    } else {
        sheet.number(class_field, class, class_span);
    }
    if record_type == RecordType::OPT {
        dns.cursor.uint(sheet, "dns.resp.ext_rcode", 1)?;
        dns.cursor.uint(sheet, "dns.resp.edns0_version", 1)?;
        let flags = dns.cursor.uint(sheet, "dns.resp.z", 2)?;
        let fields = [("dns.resp.z.do", 0x8000), ("dns.resp.z.reserved", 0x7fff)];
        sheet.bits(flags, &fields, dns.cursor.behind(2));
    } else {
        dns.cursor.uint(sheet, "dns.resp.ttl", 4)?;
    }
    let length = usize::try_from(dns.cursor.uint(sheet, "dns.resp.len", 2)?).unwrap_or(0);
    let mut after = dns.cursor.clone();
    let data = after.sub(length, "record data")?;
    // Pointers lead backwards: octets behind the data are out of its reach.
    let end = data.offset().saturating_add(length).saturating_sub(dns.start);
    let message = dns.message.get(..end).unwrap_or(dns.message);
    let mut within = Dns { message, start: dns.start, cursor: data, is_multicast: dns.is_multicast };
    record_data(sheet, &mut within, record_type)?;
    dns.cursor = after;
    Ok(())
}

/// The name of an SRV record: of a service (RFC 2782), or of an instance of one, whose own label comes first (RFC 6763
/// section 4.1).
fn service_name(sheet: &mut Sheet, name: &Name, span: Span) {
    if name.is_root() {
        return sheet.text("dns.srv.service", name_text(name), span);
    }
    let labels = || name.labels();
    let has_instance = labels().next().is_some_and(|label| !label.starts_with(b"_"));
    let mut parts = labels();
    if has_instance {
        let mut text = String::new();
        parts.next().into_iter().for_each(|label| push_printable(label, &mut text));
        sheet.text("dns.srv.instance", text, span);
    }
    for field in ["dns.srv.service", "dns.srv.proto"] {
        let mut text = String::new();
        parts.next().into_iter().for_each(|label| push_printable(label, &mut text));
        sheet.text(field, text, span);
    }
    if let Ok(domain) = Name::from_labels(parts) {
        sheet.text("dns.srv.name", name_text(&domain), span);
    }
}

fn record_data(sheet: &mut Sheet, dns: &mut Dns<'_>, record_type: RecordType) -> Result<()> {
    match record_type {
        RecordType::A => {
            let octets: [u8; 4] = dns.cursor.take(4, "dns.a")?.try_into().map_err(|_| Error::Truncated("dns.a"))?;
            sheet.text("dns.a", core::net::Ipv4Addr::from(octets).to_string(), dns.cursor.behind(4));
            Ok(())
        }
        RecordType::AAAA => dns.cursor.ipv6(sheet, "dns.aaaa").map(drop),
        RecordType::NS => dns.name_field(sheet, "dns.ns"),
        RecordType::CNAME => dns.name_field(sheet, "dns.cname"),
        RecordType::PTR => dns.name_field(sheet, "dns.ptr.domain_name"),
        RecordType::SOA => {
            dns.name_field(sheet, "dns.soa.mname")?;
            dns.name_field(sheet, "dns.soa.rname")?;
            for field in [
                "dns.soa.serial_number",
                "dns.soa.refresh_interval",
                "dns.soa.retry_interval",
                "dns.soa.expire_limit",
                "dns.soa.minimum_ttl",
            ] {
                dns.cursor.uint(sheet, field, 4)?;
            }
            Ok(())
        }
        RecordType::TXT => {
            while !dns.cursor.is_empty() {
                string(sheet, &mut dns.cursor, "dns.txt.length", "dns.txt")?;
            }
            Ok(())
        }
        RecordType::SRV => {
            dns.cursor.uint(sheet, "dns.srv.priority", 2)?;
            dns.cursor.uint(sheet, "dns.srv.weight", 2)?;
            dns.cursor.uint(sheet, "dns.srv.port", 2)?;
            dns.name_field(sheet, "dns.srv.target")
        }
        RecordType::OPT => options(sheet, &mut dns.cursor),
        // HINFO, MX and NSEC.
        RecordType(13) => {
            string(sheet, &mut dns.cursor, "dns.hinfo.cpu_length", "dns.hinfo.cpu")?;
            string(sheet, &mut dns.cursor, "dns.hinfo.os_length", "dns.hinfo.os")
        }
        RecordType(15) => {
            dns.cursor.uint(sheet, "dns.mx.preference", 2)?;
            dns.name_field(sheet, "dns.mx.mail_exchange")
        }
        RecordType(47) => {
            dns.name_field(sheet, "dns.nsec.next_domain_name")?;
            type_bitmap(sheet, &mut dns.cursor)
        }
        // Types that Wireshark takes apart and we do not.
        RecordType(1..=62 | 64..=65 | 99 | 104..=109 | 249..=250 | 257 | 32768..=32769 | 65281..=65282 | 65422) => {
            Ok(())
        }
        _ => {
            sheet.hex("dns.data", dns.cursor.ahead(dns.cursor.rest().len()));
            Ok(())
        }
    }
}

fn string(sheet: &mut Sheet, cursor: &mut Cursor<'_>, length_field: &'static str, field: &'static str) -> Result<()> {
    let length = usize::try_from(cursor.uint(sheet, length_field, 1)?).unwrap_or(0);
    let octets = cursor.take(length, field)?;
    let mut text = String::new();
    push_printable(octets, &mut text);
    sheet.text(field, text, cursor.behind(length));
    Ok(())
}

fn options(sheet: &mut Sheet, cursor: &mut Cursor<'_>) -> Result<()> {
    while !cursor.is_empty() {
        let code = cursor.uint(sheet, "dns.opt.code", 2)?;
        let length = usize::try_from(cursor.uint(sheet, "dns.opt.len", 2)?).unwrap_or(0);
        let mut data = cursor.sub(length, "option")?;
        if length == 0 {
            continue;
        }
        sheet.hex("dns.opt.data", data.ahead(length));
        match code {
            10 if length >= 8 => {
                data.bytes(sheet, "dns.opt.cookie.client", 8)?;
                if length > 8 {
                    data.bytes(sheet, "dns.opt.cookie.server", length.saturating_sub(8))?;
                }
            }
            12 => drop(data.bytes(sheet, "dns.opt.padding", length)?),
            _ => {}
        }
    }
    Ok(())
}

/// The types that a name has, as one field each (RFC 4034 section 4.1.2).
fn type_bitmap(sheet: &mut Sheet, cursor: &mut Cursor<'_>) -> Result<()> {
    while !cursor.is_empty() {
        let window = cursor.read_uint(1, "window")?;
        let length = cursor.read_uint(1, "bitmap length")?;
        for at in 0..length {
            let octet = cursor.read_uint(1, "type bitmap")?;
            for bit in (0..8u64).filter(|bit| octet >> 7u64.saturating_sub(*bit) & 1 == 1) {
                let record_type = (window << 8).saturating_add(at.saturating_mul(8)).saturating_add(bit);
                sheet.number("dns.resp.type", record_type, cursor.behind(1));
            }
        }
    }
    Ok(())
}
