//! What bootstraps took, as a file for a spreadsheet: a line each.

use crate::input::Bootstrap;
use crate::text::line;

/// A column: its name, and what it says of a bootstrap.
type Column = (&'static str, fn(&Measured) -> String);

/// The columns of the file. Times are in nanoseconds, energies in nanojoules; what is not known is empty.
const COLUMNS: &[Column] = &[
    ("case", |it| line(&it.case)),
    ("board", |it| line(&it.bootstrap.board)),
    ("first_event", |it| it.bootstrap.first_event.to_string()),
    ("anchor", |it| it.bootstrap.anchor.to_owned()),
    ("mutual", |it| u8::from(it.bootstrap.is_mutual).to_string()),
    ("hops", |it| it.bootstrap.hops.to_string()),
    ("loss_percent", |it| it.bootstrap.loss_percent.to_string()),
    ("frames", |it| it.bootstrap.frames.to_string()),
    ("acknowledgements", |it| it.bootstrap.acknowledgements.to_string()),
    ("octets", |it| it.bootstrap.octets.to_string()),
    ("airtime_ns", |it| it.bootstrap.airtime.to_string()),
    ("datagrams", |it| it.bootstrap.datagrams.to_string()),
    ("fragments", |it| it.bootstrap.fragments.to_string()),
    ("handshake_ns", |it| known(it.bootstrap.handshake)),
    ("duration_ns", |it| known(it.bootstrap.duration)),
    ("repetitions", |it| it.bootstrap.repetitions.to_string()),
    ("retransmissions", |it| it.bootstrap.retransmissions.to_string()),
    ("aes_blocks", |it| known(it.bootstrap.work.map(|work| work.aes_blocks))),
    ("sha256_blocks", |it| known(it.bootstrap.work.map(|work| work.sha256_blocks))),
    ("point_multiplications", |it| known(it.bootstrap.work.map(|work| work.point_multiplications))),
    ("buffer_octets", |it| known(it.bootstrap.work.map(|work| work.buffer_octets))),
    ("radio_energy_nj", |it| it.bootstrap.radio_energy.to_string()),
    ("computing_energy_nj", |it| known(it.bootstrap.computing_energy)),
    ("energy_nj", |it| known(it.bootstrap.energy())),
    ("verdict", |it| line(&it.verdict)),
    ("seed", |it| line(&it.seed)),
];

fn known(number: Option<u64>) -> String {
    number.map(|number| number.to_string()).unwrap_or_default()
}

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
    writer.write_record(COLUMNS.iter().map(|(name, _)| name))?;
    for bootstrap in measured {
        writer.write_record(COLUMNS.iter().map(|(_, value)| value(bootstrap)))?;
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
        assert_eq!(reader.headers().unwrap(), COLUMNS.iter().map(|(name, _)| *name).collect::<Vec<_>>());
        let records: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
        let cell = |row: usize, name: &str| {
            let column = COLUMNS.iter().position(|(column, _)| *column == name).unwrap();
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
