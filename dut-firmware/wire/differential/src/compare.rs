//! Our dissections against the values of tshark.

use std::collections::BTreeMap;
use std::path::Path;

use wire::dissect::{Dissection, Dissector, FieldInfo, FieldKind, Keys, LinkType, UdpProtocol, Value};
use wire::dtls::MasterSecret;

use crate::excuses::is_excused;
use crate::generate::CONTEXTS;
use crate::tshark::{self, fields};
use crate::{PSK, link_key, session};

/// Ports of the captures that are not those of their protocols. Of port 1000 the Thread joiner has its DTLS.
pub const DECODE_AS: [(u16, UdpProtocol); 3] =
    [(1000, UdpProtocol::Dtls), (18120, UdpProtocol::Radius), (21812, UdpProtocol::Radius)];

/// What a comparison found.
#[derive(Debug, Default)]
pub struct Comparison {
    /// Frames that were compared.
    pub frames: usize,
    /// A line for each field of a frame that differs.
    pub differences: Vec<String>,
    /// Values that agreed, by field.
    pub equal: BTreeMap<&'static str, usize>,
}

impl Comparison {
    /// Adds what another one found.
    pub fn add(&mut self, other: Self) {
        self.frames += other.frames;
        self.differences.extend(other.differences);
        other.equal.into_iter().for_each(|(name, count)| *self.equal.entry(name).or_insert(0) += count);
    }

    /// Prints frames, fields and values that were compared.
    ///
    /// # Panics
    /// If there is a difference.
    pub fn report(&self, what: &str) {
        let values: usize = self.equal.values().sum();
        println!("{what}: {} frames, {} fields, {values} values agree with tshark", self.frames, self.equal.len());
        assert_no_differences(&self.differences);
    }
}

/// What tshark printed, as our dissector would say it.
fn normalized(kind: FieldKind, text: &str) -> Value {
    match kind {
        FieldKind::Uint { .. } | FieldKind::Bool => {
            let number = match text.strip_prefix("0x") {
                Some(digits) => u64::from_str_radix(digits, 16).ok(),
                None => text.parse().ok().or_else(|| twos_complement(kind, text)),
            };
            number.map_or_else(|| Value::Text(format!("not a number: {text}")), Value::Number)
        }
        // Wireshark puts spaces between the octets of some.
        FieldKind::Bytes => Value::Text(text.replace(' ', "")),
        _ => Value::Text(text.to_owned()),
    }
}

/// The bits of a negative number: Wireshark shows as signed what IEEE 802.15.4-2015 sections 7.4.2.3 and 7.4.2.6 define as
/// times, which are not.
fn twos_complement(kind: FieldKind, text: &str) -> Option<u64> {
    let FieldKind::Uint { bits } = kind else { return None };
    let number: i64 = text.parse().ok()?;
    Some(number as u64 & ((1 << bits) - 1))
}

fn ours(dissection: &Dissection, field: &FieldInfo) -> Vec<Value> {
    // tshark prints nothing for an empty text, which cannot be told from no field.
    let values = dissection.fields(field.name).map(|field| field.value());
    values.filter(|value| value.text() != Some("")).collect()
}

/// Compares the frames of a capture with what our dissector makes of them.
///
/// # Panics
/// If tshark fails, or sees another number of frames.
pub fn compare(path: &Path, dissections: &[Dissection]) -> Comparison {
    let theirs = tshark::values(path);
    assert_eq!(theirs.len(), dissections.len());
    let (mut differences, mut equal) = (Vec::new(), BTreeMap::new());
    for (index, (dissection, cells)) in dissections.iter().zip(&theirs).enumerate() {
        for (field, cell) in fields().zip(cells) {
            let theirs: Vec<Value> = cell.iter().map(|text| normalized(field.kind, text)).collect();
            let ours = ours(dissection, field);
            if is_excused(field.name, dissection) {
                continue;
            }
            if ours == theirs && ours.is_empty() {
                continue;
            }
            if ours == theirs {
                *equal.entry(field.name).or_insert(0) += ours.len();
            } else {
                let names: Vec<&str> = dissection.layers().map(|layer| layer.name).collect();
                differences.push(format!(
                    "frame {}, {names:?}: {} is {ours:?} here and {theirs:?} there; notes {:?}",
                    index + 1,
                    field.name,
                    dissection.notes
                ));
            }
        }
    }
    Comparison { frames: dissections.len(), differences, equal }
}

/// A dissector that knows what tshark is told.
pub fn dissector() -> Dissector {
    let mut keys = Keys::new();
    keys.add_link_key(1, link_key());
    keys.add_psk(&hex::decode(PSK).unwrap());
    let logged = session("ecdhe");
    keys.add_dtls_master_secret(logged.client_random, MasterSecret::from_octets(logged.master_secret));
    let mut dissector = Dissector::new(keys);
    // What tshark takes if it is not told.
    dissector.set_absolute_slot_number(Some(0));
    for (id, prefix, length) in CONTEXTS {
        dissector.set_context(id, prefix.parse().unwrap(), length);
    }
    dissector
}

/// Dissects the packets of a capture, in order.
pub fn dissect(packets: &[Vec<u8>], link_type: u32) -> Vec<Dissection> {
    let mut dissector = dissector();
    dissector.set_heuristics(true);
    for (port, protocol) in DECODE_AS {
        dissector.decode_as(port, protocol);
    }
    let link_type = LinkType(link_type);
    (1..).zip(packets).map(|(number, packet)| dissector.packet(number, link_type, packet)).collect()
}

/// Shows the first differences.
///
/// # Panics
/// If there are any.
pub fn assert_no_differences(differences: &[String]) {
    let shown: Vec<&str> = differences.iter().take(40).map(String::as_str).collect();
    assert!(differences.is_empty(), "{} differences:\n{}", differences.len(), shown.join("\n"));
}
