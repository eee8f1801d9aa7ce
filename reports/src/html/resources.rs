//! What bootstraps took: a table of all of a run by anchor and hop count, plots of it, and a table for a case.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;

use crate::input::{Bootstrap, DeviceWork};
use crate::resources::Measured;
use crate::text::line;

/// What stands for a number that nobody told.
const UNKNOWN: &str = "–";

/// What a column shows of a bootstrap: its head, the number, how that is written, and what it means.
struct Column(&'static str, fn(&Bootstrap) -> Option<u64>, fn(u64) -> String, &'static str);

const COLUMNS: [Column; 15] = [
    Column(
        "Frames",
        |it| Some(it.frames),
        plain,
        "frames on the air but acknowledgements, on every hop, repetitions included",
    ),
    Column(
        "Octets",
        |it| Some(it.octets),
        plain,
        "length of those frames and of their acknowledgements, from the first octet of the MAC header to the FCS",
    ),
    Column(
        "Airtime, ms",
        |it| Some(it.airtime),
        milliseconds,
        "for how long both occupied the channel at 250 kbit/s, preambles included",
    ),
    Column(
        "Datagrams",
        |it| Some(it.datagrams),
        plain,
        "IPv6 packets that device and tool made, each once whatever its hops",
    ),
    Column(
        "Fragments",
        |it| Some(it.fragments),
        plain,
        "frames that carried a piece of a datagram which did not fit into one",
    ),
    Column(
        "Handshake, ms",
        |it| it.handshake,
        milliseconds,
        "time from the tool's first ClientHello until it has the device's Finished; a virtual device computes in no time",
    ),
    Column(
        "Until keyed, ms",
        |it| it.duration,
        milliseconds,
        "time from the same ClientHello until the tool has the device's answer to the key",
    ),
    Column(
        "Repeated",
        |it| Some(it.repetitions),
        plain,
        "frames that a MAC sent again because no acknowledgement came",
    ),
    Column(
        "Retransmitted",
        |it| Some(it.retransmissions),
        plain,
        "datagrams that device or tool sent again because no answer came",
    ),
    Column(
        "AES",
        |it| it.work.map(|work| work.aes_blocks),
        plain,
        "AES-128 block operations of the device in the session, as it counts them itself",
    ),
    Column(
        "SHA-256",
        |it| it.work.map(|work| work.sha256_blocks),
        plain,
        "SHA-256 compressions of the device in the session",
    ),
    Column(
        "P-256",
        |it| it.work.map(|work| work.point_multiplications),
        plain,
        "scalar multiplications of the device on the curve P-256",
    ),
    Column(
        "Buffers, octets",
        |it| it.work.map(|work| work.buffer_octets),
        plain,
        "the most octets that waited in the device's buffers at once: fragments, messages, flights, frames",
    ),
    Column(
        "Radio energy, uJ",
        |it| Some(it.radio_energy),
        microjoules,
        "energy for the device's own frames, sent and received, by the model in docs/resources.md; idle listening is not in it",
    ),
    Column(
        "CPU energy, uJ",
        |it| it.computing_energy,
        microjoules,
        "energy for its AES, SHA-256 and P-256 operations, by the same model",
    ),
];

fn plain(number: u64) -> String {
    number.to_string()
}

/// Of nanoseconds.
fn milliseconds(nanoseconds: u64) -> String {
    format!("{:.1}", nanoseconds as f64 / 1e6)
}

/// Of nanojoules.
fn microjoules(nanojoules: u64) -> String {
    format!("{:.0}", nanojoules as f64 / 1e3)
}

/// The section of the overview.
#[derive(Serialize)]
pub(super) struct OfRun {
    count: usize,
    columns: Vec<Head>,
    rows: Vec<Row>,
    plots: Vec<Plot>,
    legend: Vec<Mark>,
}

/// The section of a case.
#[derive(Serialize)]
pub(super) struct OfCase {
    columns: Vec<Head>,
    rows: Vec<Row>,
}

#[derive(Serialize)]
struct Head {
    name: &'static str,
    meaning: &'static str,
}

#[derive(Serialize)]
struct Row {
    /// Anchor, or board and anchor.
    name: String,
    hops: usize,
    /// Empty without loss.
    loss: String,
    count: usize,
    cells: Vec<Cell>,
}

/// A median, and what it lies between if not all are equal.
#[derive(Serialize)]
struct Cell {
    value: String,
    range: String,
}

#[derive(Serialize)]
struct Plot {
    title: &'static str,
    svg: String,
}

/// A series of the plots, with its sign.
#[derive(Serialize)]
struct Mark {
    name: String,
    svg: String,
}

fn heads() -> Vec<Head> {
    COLUMNS.iter().map(|Column(name, _, _, meaning)| Head { name, meaning }).collect()
}

/// One kind of trust anchor, in the order of [`Anchor::ALL`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Anchor(usize);

impl Anchor {
    const ALL: [(&'static str, bool); 5] = [
        ("PSK", false),
        ("raw public key", false),
        ("raw public key", true),
        ("certificate", false),
        ("certificate", true),
    ];

    fn of(bootstrap: &Bootstrap) -> Self {
        let same = |known: &(&str, bool)| *known == (bootstrap.anchor, bootstrap.is_mutual);
        Self(Self::ALL.iter().position(same).unwrap_or(Self::ALL.len()))
    }

    fn name(self) -> String {
        match Self::ALL.get(self.0) {
            Some((name, true)) => format!("{name}, mutual"),
            Some((name, false)) => (*name).to_owned(),
            None => "not known".to_owned(),
        }
    }
}

/// By anchor, hops and loss.
type Groups<'a> = BTreeMap<(Anchor, usize, u8), Vec<&'a Bootstrap>>;

/// The table and the plots of a run; `None` without a bootstrap.
pub(super) fn of_run(measured: &[Measured]) -> Option<OfRun> {
    if measured.is_empty() {
        return None;
    }
    let mut groups: Groups<'_> = BTreeMap::new();
    for Measured { bootstrap, .. } in measured {
        let key = (Anchor::of(bootstrap), bootstrap.hops, bootstrap.loss_percent);
        groups.entry(key).or_default().push(bootstrap);
    }
    let row = |((anchor, hops, loss), all): (&(Anchor, usize, u8), &Vec<&Bootstrap>)| Row {
        name: anchor.name(),
        hops: *hops,
        loss: if *loss > 0 { format!("{loss} %") } else { String::new() },
        count: all.len(),
        cells: COLUMNS.iter().map(|column| cell(column, all)).collect(),
    };
    let mut anchors: Vec<Anchor> =
        groups.keys().filter(|(_, _, loss)| *loss == 0).map(|(anchor, ..)| *anchor).collect();
    anchors.dedup();
    Some(OfRun {
        count: measured.len(),
        columns: heads(),
        rows: groups.iter().map(row).collect(),
        plots: PLOTS.iter().filter_map(|(title, unit, value)| plot(title, unit, *value, &groups)).collect(),
        legend: anchors.iter().map(|anchor| Mark { name: anchor.name(), svg: legend_mark(*anchor) }).collect(),
    })
}

/// The table of a case; `None` without a bootstrap.
pub(super) fn of_case(bootstraps: &[Bootstrap]) -> Option<OfCase> {
    if bootstraps.is_empty() {
        return None;
    }
    let row = |bootstrap: &Bootstrap| Row {
        name: format!("{}, {}", line(&bootstrap.board), Anchor::of(bootstrap).name()),
        hops: bootstrap.hops,
        loss: String::new(),
        count: 1,
        cells: COLUMNS.iter().map(|column| cell(column, &[bootstrap])).collect(),
    };
    Some(OfCase { columns: heads(), rows: bootstraps.iter().map(row).collect() })
}

fn cell(Column(_, value, shown, _): &Column, all: &[&Bootstrap]) -> Cell {
    let values = sorted(*value, all);
    let (Some(least), Some(most), Some(median)) = (values.first(), values.last(), median(&values)) else {
        return Cell { value: UNKNOWN.to_owned(), range: String::new() };
    };
    let range =
        if shown(*least) == shown(*most) { String::new() } else { format!("{}–{}", shown(*least), shown(*most)) };
    Cell { value: shown(median), range }
}

/// The numbers that were told, ascending.
fn sorted(value: Value, all: &[&Bootstrap]) -> Vec<u64> {
    let mut values: Vec<u64> = all.iter().filter_map(|bootstrap| value(bootstrap)).collect();
    values.sort_unstable();
    values
}

/// Of sorted numbers the one in the middle, the lower of two.
fn median(sorted: &[u64]) -> Option<u64> {
    sorted.get(sorted.len().saturating_sub(1) / 2).copied()
}

type Value = fn(&Bootstrap) -> Option<u64>;

/// What is plotted: a title, a divisor with the unit that it makes, and the number.
const PLOTS: [(&str, (f64, &str), Value); 4] = [
    ("Airtime", (1e6, "ms"), |it| Some(it.airtime)),
    ("Handshake", (1e6, "ms"), |it| it.handshake),
    ("Buffers of the device", (1.0, "octets"), |it| it.work.map(|DeviceWork { buffer_octets, .. }| buffer_octets)),
    ("Energy of the device", (1e6, "mJ"), Bootstrap::energy),
];

const WIDTH: f64 = 520.0;
const HEIGHT: f64 = 250.0;
const LEFT: f64 = 56.0;
const RIGHT: f64 = 14.0;
const TOP: f64 = 12.0;
const BOTTOM: f64 = 40.0;
/// Ticks above zero.
const TICKS: u32 = 4;

/// A plot over hop counts, a line for each anchor; links that lose frames are not in it.
fn plot(title: &'static str, (divisor, unit): &(f64, &str), value: Value, groups: &Groups<'_>) -> Option<Plot> {
    let mut series: BTreeMap<Anchor, Vec<(usize, f64)>> = BTreeMap::new();
    for ((anchor, hops, _), all) in groups.iter().filter(|((_, _, loss), _)| *loss == 0) {
        if let Some(median) = median(&sorted(value, all)) {
            series.entry(*anchor).or_default().push((*hops, median as f64 / divisor));
        }
    }
    let points = || series.values().flatten();
    let most_hops = points().map(|(hops, _)| *hops).max()?.max(1);
    let step = tick(points().map(|(_, value)| *value).fold(0.0, f64::max));
    let top = step * f64::from(TICKS);
    let x = |hops: usize| LEFT + (WIDTH - LEFT - RIGHT) * (hops as f64 + 0.25) / (most_hops as f64 + 0.5);
    let y = |value: f64| HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * value / top;
    let mut svg = format!(
        "<svg class=\"plot\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{title} in {unit} over the number of \
         hops; the table has the numbers\">"
    );
    for number in 0..=TICKS {
        let value = step * f64::from(number);
        let at = y(value);
        let _ = write!(
            svg,
            "<line class=\"grid\" x1=\"{LEFT}\" y1=\"{at:.1}\" x2=\"{:.1}\" y2=\"{at:.1}\"/>\
             <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
            WIDTH - RIGHT,
            LEFT - 8.0,
            at + 4.0,
            tick_text(value, step)
        );
    }
    for hops in 0..=most_hops {
        let _ = write!(
            svg,
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{hops}</text>",
            x(hops),
            HEIGHT - BOTTOM + 17.0
        );
    }
    let _ = write!(
        svg,
        "<text class=\"axis\" x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">hops</text>\
         <text class=\"axis\" x=\"12\" y=\"{:.1}\" text-anchor=\"middle\" transform=\"rotate(-90 12 {:.1})\">{unit}</text>",
        (LEFT + WIDTH - RIGHT) / 2.0,
        HEIGHT - 6.0,
        (TOP + HEIGHT - BOTTOM) / 2.0,
        (TOP + HEIGHT - BOTTOM) / 2.0,
    );
    for (anchor, points) in &series {
        let path: Vec<String> =
            points.iter().map(|(hops, value)| format!("{:.1},{:.1}", x(*hops), y(*value))).collect();
        let _ = write!(svg, "<g class=\"s{}\"><polyline points=\"{}\"/>", anchor.0, path.join(" "));
        for (hops, value) in points {
            let told = format!("{}, {hops} hops: {} {unit}", anchor.name(), tick_text(*value, step / 10.0));
            svg.push_str(&mark(*anchor, x(*hops), y(*value), Some(&told)));
        }
        svg.push_str("</g>");
    }
    svg.push_str("</svg>");
    Some(Plot { title, svg })
}

/// A sign for an anchor, told apart by its form too: filled if only the device shows who it is.
fn mark(anchor: Anchor, x: f64, y: f64, told: Option<&str>) -> String {
    let title = told.map(|text| format!("<title>{text}</title>")).unwrap_or_default();
    match anchor.0 {
        0 => format!("<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4\">{title}</circle>"),
        1 | 2 => {
            let (x, y) = (x - 4.0, y - 4.0);
            format!("<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"8\" height=\"8\">{title}</rect>")
        }
        _ => {
            let (left, right, top, bottom) = (x - 5.0, x + 5.0, y - 5.0, y + 4.0);
            format!("<path d=\"M{x:.1} {top:.1}L{right:.1} {bottom:.1}L{left:.1} {bottom:.1}Z\">{title}</path>")
        }
    }
}

fn legend_mark(anchor: Anchor) -> String {
    let mark = mark(anchor, 14.0, 8.0, None);
    format!(
        "<svg class=\"plot sign\" viewBox=\"0 0 28 16\" width=\"28\" height=\"16\" aria-hidden=\"true\"><g class=\"s{}\">\
         <polyline points=\"0,8 28,8\"/>{mark}</g></svg>",
        anchor.0
    )
}

/// A round step of which [`TICKS`] reach over `most`.
fn tick(most: f64) -> f64 {
    // Where everything is zero, ticks still need a distance.
    let wanted = if most > 0.0 { most } else { 1.0 } / f64::from(TICKS);
    let power = 10f64.powf(wanted.log10().floor());
    let round = [1.0, 2.0, 2.5, 5.0, 10.0].map(|factor| factor * power);
    round.into_iter().find(|step| *step * f64::from(TICKS) >= most).unwrap_or(10.0 * power)
}

/// With as many decimals as the step needs.
fn tick_text(value: f64, step: f64) -> String {
    let is_exact = |decimals: &usize| {
        let shifted = step * 10f64.powi(*decimals as i32);
        (shifted - shifted.round()).abs() < 1e-6
    };
    let decimals = (0..9).find(is_exact).unwrap_or(9);
    format!("{value:.decimals$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(anchor: &'static str, hops: usize, airtime: u64, loss_percent: u8) -> Measured {
        let bootstrap = Bootstrap {
            board: "dut".into(),
            anchor,
            hops,
            loss_percent,
            airtime,
            handshake: Some(2 * airtime),
            ..Bootstrap::default()
        };
        Measured { case: "A-01".into(), verdict: "pass".into(), seed: String::new(), bootstrap }
    }

    #[test]
    fn bootstraps_of_one_kind_share_a_row_with_their_median_and_range() {
        let all = [
            measured("PSK", 1, 3_000_000, 0),
            measured("PSK", 1, 1_000_000, 0),
            measured("PSK", 1, 2_000_000, 0),
            measured("PSK", 2, 4_000_000, 0),
            measured("PSK", 1, 9_000_000, 30),
            measured("certificate", 1, 5_000_000, 0),
        ];
        let section = of_run(&all).unwrap();
        let rows: Vec<(&str, usize, &str, usize)> =
            section.rows.iter().map(|row| (row.name.as_str(), row.hops, row.loss.as_str(), row.count)).collect();
        assert_eq!(rows, [("PSK", 1, "", 3), ("PSK", 1, "30 %", 1), ("PSK", 2, "", 1), ("certificate", 1, "", 1)]);
        let airtime = &section.rows[0].cells[2];
        assert_eq!((airtime.value.as_str(), airtime.range.as_str()), ("2.0", "1.0–3.0"));
        assert_eq!(section.rows[2].cells[2].range, "", "one has no range");
        let aes = COLUMNS.iter().position(|Column(head, ..)| *head == "AES").unwrap();
        assert_eq!(section.rows[0].cells[aes].value, UNKNOWN, "the device told nothing of its work");
        assert_eq!(section.legend.len(), 2);
    }

    #[test]
    fn a_plot_has_a_point_for_each_group_without_loss_and_none_without_numbers() {
        let all = [
            measured("PSK", 1, 1_000_000, 0),
            measured("PSK", 3, 4_000_000, 0),
            measured("PSK", 3, 8_000_000, 10),
            measured("certificate", 1, 5_000_000, 0),
        ];
        let section = of_run(&all).unwrap();
        let titles: Vec<&str> = section.plots.iter().map(|plot| plot.title).collect();
        assert_eq!(titles, ["Airtime", "Handshake"], "nothing is known of buffers and energy");
        let svg = &section.plots[0].svg;
        assert_eq!(svg.matches("<title>").count(), 3);
        assert!(svg.contains("<title>PSK, 3 hops: 4.0 ms</title>"), "{svg}");
        assert!(of_run(&[]).is_none() && of_case(&[]).is_none());
    }

    #[test]
    fn ticks_are_round_and_reach_over_all() {
        for (most, step) in [(4.0, 1.0), (4.1, 2.0), (97.0, 25.0), (0.3, 0.1), (1234.0, 500.0)] {
            let got = tick(most);
            assert!((got - step).abs() < 1e-9, "{most}: {got}");
        }
        assert_eq!(tick_text(2.5, 2.5), "2.5");
        assert_eq!(tick_text(50.0, 25.0), "50");
        assert_eq!(tick_text(0.2, 0.1), "0.2");
        assert_eq!(tick_text(0.75, 0.25), "0.75", "no tick is rounded");
        assert_eq!(tick_text(tick(0.0), tick(0.0)), "0.1", "nothing but zeros has ticks too");
    }
}
