//! What bootstraps took, as a file for a spreadsheet: a line each.

use crate::input::Bootstrap;
use crate::text::line;

/// The columns of the file. Times are in nanoseconds, energies in nanojoules.
const COLUMNS: [&str; 26] = [
    "case",
    "board",
    "first_event",
    "anchor",
    "mutual",
    "hops",
    "loss_percent",
    "frames",
    "acknowledgements",
    "octets",
    "airtime_ns",
    "datagrams",
    "fragments",
    "handshake_ns",
    "duration_ns",
    "repetitions",
    "retransmissions",
    "aes_blocks",
    "sha256_blocks",
    "point_multiplications",
    "buffer_octets",
    "radio_energy_nj",
    "computing_energy_nj",
    "energy_nj",
    "verdict",
    "seed",
];

/// A bootstrap with where it was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Measured {
    /// ID of the case.
    pub case: String,
    /// The case's verdict.
    pub verdict: String,
    /// The case's seed, in hexadecimal.
    pub seed: String,
    /// What it took.
    pub bootstrap: Bootstrap,
}

/// `resources.csv` (RFC 4180) with a head; what is not known is empty.
///
/// # Errors
/// [`crate::Error::Csv`] is a bug of this crate.
pub fn csv(measured: &[Measured]) -> crate::Result<String> {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    writer.write_record(COLUMNS)?;
    for Measured { case, verdict, seed, bootstrap: it } in measured {
        let known = |number: Option<u64>| number.map(|number| number.to_string()).unwrap_or_default();
        let work = |of: fn(&crate::DeviceWork) -> u64| known(it.work.as_ref().map(of));
        let record: [String; COLUMNS.len()] = [
            line(case),
            line(&it.board),
            it.first_event.to_string(),
            it.anchor.to_owned(),
            u8::from(it.is_mutual).to_string(),
            it.hops.to_string(),
            it.loss_percent.to_string(),
            it.frames.to_string(),
            it.acknowledgements.to_string(),
            it.octets.to_string(),
            it.airtime.to_string(),
            it.datagrams.to_string(),
            it.fragments.to_string(),
            known(it.handshake),
            known(it.duration),
            it.repetitions.to_string(),
            it.retransmissions.to_string(),
            work(|work| work.aes_blocks),
            work(|work| work.sha256_blocks),
            work(|work| work.point_multiplications),
            work(|work| work.buffer_octets),
            it.radio_energy.to_string(),
            known(it.computing_energy),
            known(it.energy()),
            line(verdict),
            line(seed),
        ];
        writer.write_record(record)?;
    }
    let octets = writer.into_inner().map_err(|error| csv::Error::from(error.into_error()))?;
    Ok(String::from_utf8_lossy(&octets).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::DeviceWork;

    #[test]
    fn a_line_has_every_column_and_what_nobody_told_is_empty() {
        let told = Bootstrap {
            board: "dut".into(),
            anchor: "PSK",
            hops: 2,
            frames: 40,
            handshake: Some(3),
            work: Some(DeviceWork { aes_blocks: 7, ..DeviceWork::default() }),
            radio_energy: 5,
            computing_energy: Some(6),
            ..Bootstrap::default()
        };
        let silent = Bootstrap { work: None, computing_energy: None, handshake: None, ..told.clone() };
        let of = |bootstrap: Bootstrap| Measured {
            case: "A-01@x=1,y=2".into(),
            verdict: "pass".into(),
            seed: "5a".into(),
            bootstrap,
        };
        let text = csv(&[of(told), of(silent)]).unwrap();
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        assert_eq!(reader.headers().unwrap(), COLUMNS.as_slice());
        let records: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
        let cell = |row: usize, name: &str| {
            let column = COLUMNS.iter().position(|column| *column == name).unwrap();
            records[row].get(column).unwrap().to_owned()
        };
        assert_eq!(cell(0, "case"), "A-01@x=1,y=2", "the comma of the ID is no column");
        for (name, first, second) in
            [("aes_blocks", "7", ""), ("handshake_ns", "3", ""), ("energy_nj", "11", ""), ("radio_energy_nj", "5", "5")]
        {
            assert_eq!((cell(0, name).as_str(), cell(1, name).as_str()), (first, second), "{name}");
        }
    }
}
