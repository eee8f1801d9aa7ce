//! Our dissections against the values of tshark.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::Ipv6Addr;
use std::path::Path;

use dissect::{Captured, Dissection, Dissector, FieldKind, Keys, LinkType, UdpProtocol, Value, field};

use crate::captures::{CAPTURES, capture, capture_path};
use crate::excuses::excuse;
use crate::excuses_dtls::SESSIONS;
use crate::excuses_found::FOUND;
use crate::excuses_harm::{CAPTURE_CUTS, CUTS, SPECIALS};
use crate::excuses_history::{EXCHANGES, HISTORIES, History};
use crate::generate::CONTEXTS;
use crate::tshark::{self, DECODE_AS, fields};
use crate::{PSK, link_key, session};

/// What a comparison found.
#[derive(Debug, Default)]
pub struct Comparison {
    /// Frames that were compared.
    pub frames: usize,
    /// A line for each field of a frame that differs.
    pub differences: Vec<String>,
    /// Values that agreed, by field.
    pub equal: BTreeMap<&'static str, usize>,
    /// By reason, the fields that differ for it, and in how many frames.
    pub excused: BTreeMap<&'static str, BTreeMap<&'static str, usize>>,
}

impl Comparison {
    /// Adds what another one found.
    pub fn add(&mut self, other: Self) {
        self.frames += other.frames;
        self.differences.extend(other.differences);
        other.equal.into_iter().for_each(|(name, count)| *self.equal.entry(name).or_insert(0) += count);
        for (reason, fields) in other.excused {
            let known = self.excused.entry(reason).or_default();
            fields.into_iter().for_each(|(name, count)| *known.entry(name).or_insert(0) += count);
        }
    }

    /// Prints frames, fields and values that were compared.
    ///
    /// # Panics
    /// If there is a difference.
    pub fn report(&self, what: &str) {
        let values: usize = self.equal.values().sum();
        let excused: usize = self.excused.values().flat_map(BTreeMap::values).sum();
        println!(
            "{what}: {} frames, {} fields, {values} values agree with tshark; {excused} fields of frames differ for a reason",
            self.frames,
            self.equal.len()
        );
        assert_no_differences(&self.differences);
    }

    /// Prints for what reasons fields differ, and which ones.
    pub fn report_excuses(&self) {
        for (reason, fields) in &self.excused {
            let counts: Vec<String> = fields.iter().map(|(name, count)| format!("{name} {count}")).collect();
            println!("- {reason}\n    {}", counts.join(", "));
        }
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
        // Wireshark writes the end of some addresses as one of IPv4 (RFC 5952 section 5 wants a prefix that says so).
        FieldKind::Ipv6 => {
            Value::Text(text.parse().map_or_else(|_| text.to_owned(), |address: Ipv6Addr| address.to_string()))
        }
        _ => Value::Text(text.to_owned()),
    }
}

/// The bits of a negative number: Wireshark shows as signed what IEEE 802.15.4-2015 sections 7.4.2.3 and 7.4.2.6 define as
/// times, which are not.
fn twos_complement(kind: FieldKind, text: &str) -> Option<u64> {
    let FieldKind::Uint { bits: bits @ ..64 } = kind else { return None };
    let number: i64 = text.parse().ok()?;
    Some(number as u64 & ((1 << bits) - 1))
}

/// The values of a dissection by name; every one is of the kind that the table says.
fn ours(dissection: &Dissection) -> HashMap<&str, Vec<Value>> {
    let mut values: HashMap<&str, Vec<Value>> = HashMap::new();
    for found in dissection.all_fields() {
        let (name, value) = (found.name(), found.value());
        let info = field(name).unwrap_or_else(|| panic!("{name} is not in the table"));
        let is_of_its_kind = match (info.kind, &value) {
            (FieldKind::Uint { bits }, Value::Number(number)) => u64::BITS - number.leading_zeros() <= bits.into(),
            (FieldKind::Bool, Value::Number(number)) => *number < 2,
            (FieldKind::Uint { .. } | FieldKind::Bool, Value::Text(_)) | (_, Value::Number(_)) => false,
            (_, Value::Text(_)) => true,
        };
        assert!(is_of_its_kind, "{name} = {value} is no {:?}", info.kind);
        // tshark prints nothing for an empty text, which cannot be told from no field.
        if value.text() != Some("") {
            values.entry(name).or_default().push(value);
        }
    }
    values
}

/// Compares the frames of a capture with what our dissector makes of them.
///
/// # Panics
/// If tshark fails, or sees another number of frames.
pub fn compare(path: &Path, dissections: &[Dissection]) -> Comparison {
    compare_values(&tshark::values(path), dissections, &[])
}

/// Compares the frames of a capture that tshark reads with further options, as [`compare_special`].
///
/// # Panics
/// As [`compare`].
pub fn compare_with(path: &Path, options: &[&str], dissections: &[Dissection]) -> Comparison {
    compare_values(&tshark::values_with(path, options), dissections, &[SPECIALS])
}

/// Compares packets of which the capture lacks octets, as [`compare`]; behind that, see `CAPTURE_CUTS`.
///
/// # Panics
/// As [`compare`].
pub fn compare_captured(path: &Path, dissections: &[Dissection]) -> Comparison {
    compare_values(&tshark::values(path), dissections, &[CAPTURE_CUTS])
}

/// Compares packets whose contents may end too early, as [`compare`]; behind that, see `CUTS`.
///
/// # Panics
/// As [`compare`].
pub fn compare_cut(path: &Path, dissections: &[Dissection]) -> Comparison {
    compare_values(&tshark::values(path), dissections, &[CUTS])
}

/// Compares the special packets, as [`compare`]; behind that, see `SPECIALS`.
///
/// # Panics
/// As [`compare`].
pub fn compare_special(path: &Path, dissections: &[Dissection]) -> Comparison {
    compare_values(&tshark::values(path), dissections, &[SPECIALS])
}

/// Compares the packets that a fuzzer found, as [`compare`]; behind that, see `SPECIALS` and `FOUND`.
///
/// # Panics
/// As [`compare`].
pub fn compare_found(path: &Path, dissections: &[Dissection]) -> Comparison {
    compare_values(&tshark::values(path), dissections, &[SPECIALS, FOUND])
}

/// Compares packets without any keys.
///
/// # Panics
/// As [`compare`].
pub fn compare_without_keys(path: &Path, dissections: &[Dissection]) -> Comparison {
    compare_values(&tshark::values_without_keys(path), dissections, &[])
}

/// Compares a capture of a run with tshark under the run's configuration folder, `wireshark/`.
///
/// # Panics
/// As [`compare`].
pub fn compare_run(path: &Path, profile: &Path, dissections: &[Dissection]) -> Comparison {
    compare_values(&tshark::values_in_profile(path, profile), dissections, &[HISTORIES, SESSIONS, EXCHANGES])
}

pub(crate) fn compare_values(
    theirs: &tshark::Values,
    dissections: &[Dissection],
    histories: &[&[History]],
) -> Comparison {
    assert_eq!(theirs.len(), dissections.len());
    let mut all = Comparison { frames: dissections.len(), ..Comparison::default() };
    for (index, (dissection, cells)) in dissections.iter().zip(theirs).enumerate() {
        let mut ours = ours(dissection);
        assert_eq!(cells.len(), fields().count(), "tshark printed another number of cells");
        for (field, cell) in fields().zip(cells) {
            let mut theirs: Vec<Value> = cell.iter().map(|text| normalized(field.kind, text)).collect();
            if field.name == "ip.version" {
                // Wireshark has the version of an IPv6 header under this name too (RFC 8200 section 3: `ipv6.version`).
                theirs.retain(|version| *version != Value::Number(6));
            }
            let ours = ours.remove(field.name).unwrap_or_default();
            if ours == theirs {
                if !ours.is_empty() {
                    *all.equal.entry(field.name).or_insert(0) += ours.len();
                }
            } else if let Some(excuse) = excuse(field.name, dissection) {
                *all.excused.entry(excuse.reason).or_default().entry(field.name).or_insert(0) += 1;
            } else if let Some(history) = histories
                .iter()
                .copied()
                .flatten()
                .find(|history| (history.covers)(field.name, &ours, &theirs, &dissections[..=index]))
            {
                *all.excused.entry(history.reason).or_default().entry(field.name).or_insert(0) += 1;
            } else {
                let names: Vec<&str> = dissection.layers().map(|layer| layer.name).collect();
                all.differences.push(format!(
                    "frame {}, {names:?}: {} is {ours:?} here and {theirs:?} there; notes {:?}",
                    index + 1,
                    field.name,
                    dissection.notes
                ));
            }
        }
    }
    all
}

/// Compares the captures of foreign programs.
///
/// # Panics
/// If tshark fails, or sees another number of frames.
pub fn foreign() -> Comparison {
    let mut all = Comparison::default();
    for name in CAPTURES {
        let (link_type, frames) = capture(name);
        all.add(compare(&capture_path(name), &dissect(&frames, link_type)));
    }
    all
}

/// A dissector that knows what tshark is told.
pub fn dissector() -> Dissector {
    let mut keys = Keys::new();
    keys.add_link_key(1, link_key());
    keys.add_psk(&hex::decode(PSK).unwrap());
    let logged = session("ecdhe");
    keys.add_dtls_master_secret(logged.client_random, logged.master_secret);
    dissector_with(keys)
}

/// A dissector that knows the ports that tshark is told too, and guesses as it does.
pub fn known_dissector() -> Dissector {
    let mut dissector = dissector();
    tell(&mut dissector);
    dissector
}

fn dissector_with(keys: Keys) -> Dissector {
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
    dissect_with(dissector(), packets, link_type)
}

/// Dissects the packets of a capture that has so many octets of each, in order.
pub fn dissect_cut(packets: &[Vec<u8>], link_type: u32, captured: &[usize]) -> Vec<Dissection> {
    let mut dissector = known_dissector();
    let dissect = |(number, (packet, captured)): (u64, (&Vec<u8>, &usize))| {
        let mut dissection = Dissection::default();
        let (link_type, bytes, original_length) = (LinkType(link_type), &packet[..*captured], packet.len());
        dissector.captured_into(&mut dissection, &Captured { number, link_type, bytes, original_length });
        dissection
    };
    (1..).zip(packets.iter().zip(captured)).map(dissect).collect()
}

/// Dissects the packets of a capture, in order, without any keys.
pub fn dissect_without_keys(packets: &[Vec<u8>], link_type: u32) -> Vec<Dissection> {
    dissect_with(dissector_with(Keys::new()), packets, link_type)
}

fn tell(dissector: &mut Dissector) {
    dissector.set_heuristics(true);
    for (port, protocol) in DECODE_AS {
        dissector.decode_as(port, UdpProtocol::named(protocol).unwrap());
    }
}

fn dissect_with(mut dissector: Dissector, packets: &[Vec<u8>], link_type: u32) -> Vec<Dissection> {
    tell(&mut dissector);
    let link_type = LinkType(link_type);
    (1..).zip(packets).map(|(number, packet)| dissector.packet(number, link_type, packet)).collect()
}

/// Shows the first differences.
///
/// # Panics
/// If there are any.
pub fn assert_no_differences(differences: &[String]) {
    let shown: Vec<&str> = differences.iter().take(400).map(String::as_str).collect();
    let names: BTreeSet<&str> = differences.iter().map(|line| field_name(line)).collect();
    assert!(differences.is_empty(), "{} differences in {names:?}:\n{}", differences.len(), shown.join("\n"));
}

/// The field that a line is about: it stands at its beginning, or behind what names a frame.
fn field_name(line: &str) -> &str {
    let rest = match line.split_once(": ") {
        Some((front, rest)) if front.contains("frame ") => rest,
        _ => line,
    };
    rest.split([' ', ':']).next().unwrap_or_default()
}
