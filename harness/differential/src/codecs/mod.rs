//! The codecs of `wire` against the dissector: what `parse` reads of a generated packet is what the fields say, and so what
//! tshark says. The dissector reads most octets itself; without this a codec whose `parse` and `emit` are wrong in the same
//! way would agree with itself.

mod application;
mod dtls;
mod icmpv6;
mod link;
mod network;

use std::collections::BTreeMap;
use std::fmt::Debug;

use dissect::{Dissection, Layer, NoteKind, Value};
use wire::ipv6::Reassembly;
use wire::{Error, Result};

/// What a comparison found.
#[derive(Default)]
pub struct Findings {
    /// Values that are the same, by field.
    pub equal: BTreeMap<&'static str, usize>,
    /// Layers that were parsed, by name, and those that codec and dissector both refuse.
    pub layers: BTreeMap<&'static str, (usize, usize)>,
    /// IPv6 fragments that wait for others, by the addresses of their packet and its identification.
    reassemblies: BTreeMap<(Vec<u8>, u32), Reassembly>,
    /// A line for each difference.
    pub differences: Vec<String>,
}

impl Findings {
    /// Forgets fragments: those of a capture do not wait for those of the next one.
    pub fn next_capture(&mut self) {
        self.reassemblies.clear();
    }
}

/// The octets of a layer, and what its codec is held to.
pub(crate) struct Check<'a> {
    dissection: &'a Dissection,
    layer: Layer<'a>,
    findings: &'a mut Findings,
}

impl Check<'_> {
    /// The values of all fields of this name in the layer.
    pub(crate) fn values(&mut self, name: &'static str, expected: Vec<Value>) {
        let found: Vec<Value> = self.layer.fields(name).map(|field| field.value()).collect();
        // Of a layer that ends too early the dissector shows what is there.
        if found == expected || !self.is_read() && expected.starts_with(&found) {
            *self.findings.equal.entry(name).or_insert(0) += found.len();
        } else {
            let line = format!("{name}: the codec reads {expected:?}, the dissector {found:?}");
            self.findings.differences.push(line);
        }
    }

    /// A field that is there once.
    pub(crate) fn number(&mut self, name: &'static str, expected: impl Into<u64>) {
        self.values(name, vec![Value::Number(expected.into())]);
    }

    /// A field that is there as often as there are numbers.
    pub(crate) fn numbers(&mut self, name: &'static str, expected: impl IntoIterator<Item = u64>) {
        self.values(name, expected.into_iter().map(Value::Number).collect());
    }

    /// A field that is there as often as there are texts.
    pub(crate) fn texts(&mut self, name: &'static str, expected: impl IntoIterator<Item = impl ToString>) {
        self.values(name, expected.into_iter().map(|text| Value::Text(text.to_string())).collect());
    }

    /// Octets as the dissector writes them; none for none.
    pub(crate) fn octets(&mut self, name: &'static str, expected: &[u8]) {
        self.texts(name, Some(hex::encode(expected)).filter(|digits| !digits.is_empty()));
    }

    /// The octets from the first field of this name on, to the end of its buffer.
    pub(crate) fn from(&self, name: &str) -> Option<Vec<u8>> {
        let field = self.layer.field(name)?;
        let bytes = self.dissection.buffer(field.buffer())?.bytes;
        bytes.get(field.offset()..).map(<[u8]>::to_vec)
    }

    /// Whether the dissector could read the layer to its end, and found it sound.
    fn is_read(&self) -> bool {
        const REFUSED: [NoteKind; 4] =
            [NoteKind::Malformed, NoteKind::Unsupported, NoteKind::BadChecksum, NoteKind::BadFcs];
        // The messages of SEL are ICMPv6 messages, and VLAN tags are in the Ethernet header; both are layers of their own.
        let parts = [("icmpv6", "sel"), ("eth", "vlan")];
        let is_of_it = |layer| layer == self.layer.name || parts.contains(&(self.layer.name, layer));
        !self.dissection.notes.iter().any(|note| is_of_it(note.layer) && REFUSED.contains(&note.kind))
    }

    /// What the codec parsed, unless both refuse it.
    pub(crate) fn parsed<T>(&mut self, result: Result<T>) -> Option<T> {
        let is_read = self.is_read();
        let counts = self.findings.layers.entry(self.layer.name).or_default();
        match result {
            Ok(value) => {
                counts.0 += 1;
                return Some(value);
            }
            Err(_) if !is_read => counts.1 += 1,
            Err(error) => self.difference(&format!("the codec refuses what the dissector reads: {error}")),
        }
        None
    }

    fn difference(&mut self, what: &str) {
        self.findings.differences.push(format!("{}: {what}; notes {:?}", self.layer.name, self.dissection.notes));
    }

    /// `emit` writes what `parse` read.
    pub(crate) fn same_octets(&mut self, written: Result<Vec<u8>>, read: &[u8]) {
        match written {
            Ok(written) if written == read => {}
            Ok(written) => {
                self.difference(&format!("{} was read and {} written", hex::encode(read), hex::encode(written)));
            }
            Err(Error::NoRoom(what)) => self.difference(&format!("no room for what was read: {what}")),
            Err(error) => self.difference(&format!("what was read cannot be written: {error}")),
        }
    }
}

impl Check<'_> {
    /// `parse` reads of what `emit` wrote what it read before.
    pub(crate) fn same_again<T: PartialEq + Debug>(&mut self, again: Result<T>, value: &T) {
        match again {
            Ok(again) if again == *value => {}
            Ok(again) => self.difference(&format!("{value:?} was read, and {again:?} of what was written of it")),
            Err(error) => self.difference(&format!("what was read cannot be written and read again: {error}")),
        }
    }
}

/// The last UDP datagram's payload, or the last packet's: where it ends in which buffer.
type End = (usize, usize);

/// Holds what lies between the first field of this name and `end` to its codec.
fn upper(check: &mut Check<'_>, end: Option<End>, name: &str, compare: fn(&mut Check<'_>, &[u8])) {
    let (Some(first), Some(mut bytes)) = (check.layer.field(name), check.from(name)) else { return };
    match end {
        Some((buffer, end)) if buffer == first.buffer() && end >= first.offset() => {
            bytes.truncate(end - first.offset())
        }
        _ => {}
    }
    compare(check, &bytes);
}

/// Parses every layer that has a codec.
pub fn compare(dissection: &Dissection, findings: &mut Findings) {
    let (mut packet, mut datagram): (Option<End>, Option<End>) = (None, None);
    for layer in dissection.layers() {
        let check = &mut Check { dissection, layer, findings };
        match layer.name {
            "eth" => link::ethernet(check),
            "wpan-tap" => link::tap(check),
            "wpan" => link::wpan(check),
            "ip" => packet = network::ipv4(check),
            "ipv6" => packet = network::ipv6(check),
            "udp" => datagram = network::udp(check),
            "icmpv6" => upper(check, packet, "icmpv6.type", icmpv6::icmpv6),
            "zep" => upper(check, datagram, "zep.protocol_id", application::zep),
            "6lowpan" => link::lowpan(check),
            "coap" => upper(check, datagram, "coap.version", application::coap),
            "dns" => upper(check, datagram, "dns.id", application::dns),
            "pana" => upper(check, datagram, "pana.reserved", application::pana),
            "eap" => upper(check, None, "eap.code", application::eap),
            "eapol" => upper(check, None, "eapol.version", application::eapol),
            "hip" => upper(check, None, "hip.proto", application::hip),
            "radius" => upper(check, datagram, "radius.code", application::radius),
            "isakmp" => upper(check, datagram, "isakmp.ispi", application::ikev2),
            "dtls" => upper(check, datagram, "dtls.record.content_type", dtls::dtls),
            _ => {}
        }
    }
}
