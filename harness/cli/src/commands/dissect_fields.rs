//! The output of `dissect --field`: a line per frame, a column per field, as `tshark -T fields -e` prints them.

use dissect::{Dissection, Field, field};

use crate::failure::Failure;

/// Which fields are printed.
pub(super) struct Columns {
    names: Vec<String>,
    /// Column of the names met lately, by where they lie: a frame has dozens of fields, most of them in no column.
    met: Vec<Met>,
}

/// Where a name of the field table lies, and its first column.
#[derive(Clone, Copy)]
struct Met {
    place: usize,
    length: u32,
    column: u32,
}

/// Names that are remembered: some times as many as a capture has, so that few share a slot.
const MET_BITS: u32 = 10;

/// No column.
const NONE: u32 = u32::MAX;

impl Columns {
    /// Columns of these names, all of which have to be known.
    pub(super) fn new(names: &[String]) -> Result<Self, Failure> {
        if let Some(unknown) = names.iter().find(|name| field(name).is_none()) {
            let help = "`docs/field-names.md` lists the fields";
            return Err(Failure::usage_with_help(format!("there is no field `{unknown}`"), help));
        }
        Ok(Self { names: names.to_vec(), met: vec![Met { place: 0, length: 0, column: NONE }; 1 << MET_BITS] })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// Appends the line of a frame; several values of a field have commas between them.
    pub(super) fn print(&mut self, output: &mut Vec<u8>, dissection: Option<&Dissection>) {
        // Columns with their values, in the order in which the values come up.
        let mut found: Vec<(usize, Field<'_>)> = Vec::with_capacity(2 * self.names.len());
        for field in dissection.into_iter().flat_map(Dissection::all_fields) {
            if let Some(column) = self.column(field) {
                found.push((column, field));
            }
        }
        for (column, name) in self.names.iter().enumerate() {
            if column > 0 {
                output.push(b'\t');
            }
            let first = self.names.iter().position(|other| other == name).unwrap_or(column);
            let mut is_first = true;
            for (_, field) in found.iter().filter(|(of, _)| *of == first) {
                if !is_first {
                    output.push(b',');
                }
                is_first = false;
                let start = output.len();
                field.append_to(output);
                if output[start..].iter().any(u8::is_ascii_control) {
                    escape(output, start);
                }
            }
        }
        output.push(b'\n');
    }

    /// The first column of a field.
    fn column(&mut self, field: Field<'_>) -> Option<usize> {
        let names = &self.names;
        let search = |name: &str| names.iter().position(|column| column == name);
        let Some(name) = field.known_name() else { return search(field.name()) };
        // The same octets in the same place are the same name, and a name is in few places (Fibonacci hashing).
        let (place, length) = (name.as_ptr() as usize, name.len() as u32);
        let slot = (place as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (u64::BITS - MET_BITS);
        let met = &mut self.met[slot as usize];
        if (met.place, met.length) != (place, length) {
            let column = search(name).and_then(|column| u32::try_from(column).ok()).unwrap_or(NONE);
            *met = Met { place, length, column };
        }
        (met.column != NONE).then_some(met.column as usize)
    }
}

/// A value stays in its line and its column.
fn escape(output: &mut Vec<u8>, start: usize) {
    for octet in output.split_off(start) {
        if octet.is_ascii_control() {
            output.extend(std::ascii::escape_default(octet));
        } else {
            output.push(octet);
        }
    }
}
