//! The TOML of a testbed file, and what can be wrong with it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use input::{Fault, Source, nearest};
use serde::Deserialize;
use toml::Spanned;

use super::board_table::{BoardTable, qemu_program};
use super::{BACKENDS, Quality, Testbed};
use crate::connection::{Connection, Qemu};
use crate::operator::Operator;
use crate::virtual_rack::{Position, Sniffer, Timing};

/// The file as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    name: Spanned<String>,
    backend: Spanned<String>,
    boards: Option<Vec<Spanned<String>>>,
    #[serde(default)]
    medium: MediumTable,
    #[serde(default)]
    sniffer: SnifferTable,
    #[serde(default)]
    timing: TimingTable,
    qemu: Option<QemuTable>,
    #[serde(default)]
    board: Vec<BoardTable>,
    operator: Option<Spanned<OperatorKey>>,
    #[serde(default)]
    ct: CtTable,
    #[serde(default)]
    selectors: Vec<String>,
    jobs: Option<Spanned<u16>>,
    #[serde(default)]
    identity: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct QemuTable {
    #[serde(default = "qemu_program")]
    program: PathBuf,
    firmware: PathBuf,
    boards: Vec<String>,
}

/// The commissioning tool.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct CtTable {
    dtls: Option<Spanned<String>>,
}

/// The engines that the tool has for DTLS.
const DTLS_ENGINES: [&str; 2] = ["bootrack", "dtls"];

/// `"terminal"`, or a command.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum OperatorKey {
    Word(String),
    Command(Vec<String>),
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct MediumTable {
    delivery: Option<Spanned<f64>>,
    rssi_dbm: Option<Spanned<i64>>,
    #[serde(default)]
    link: Vec<LinkTable>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct LinkTable {
    between: Spanned<Vec<Spanned<String>>>,
    delivery: Option<Spanned<f64>>,
    rssi_dbm: Option<Spanned<i64>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct SnifferTable {
    name: Option<Spanned<String>>,
    position: Option<Spanned<String>>,
    channel: Option<Spanned<i64>>,
    loss_percent: Option<Spanned<i64>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct TimingTable {
    boot_delay_ms: Option<Spanned<i64>>,
    upper_tester_latency_us: Option<Spanned<i64>>,
    backbone_latency_us: Option<Spanned<i64>>,
}

const DEFAULT_QUALITY: Quality = Quality { delivery: 1.0, rssi_dbm: -60 };
const EVERYWHERE: &str = "everywhere";
const DEFAULT_SNIFFER: &str = "sniffer";
/// Ten minutes, in microseconds: more than any case waits.
const LONGEST_LATENCY: i64 = 600_000_000;

impl File {
    /// Looks for everything that is wrong although it is TOML of the right shape.
    pub(super) fn check(&self, source: &Source, faults: &mut Vec<Fault>) {
        let mut fault = |span: std::ops::Range<usize>, message: String, help: &str| {
            faults.push(source.fault(span, message).with_help(help));
        };
        if self.name.get_ref().trim().is_empty() {
            fault(self.name.span(), "the testbed's name is empty".to_owned(), "give it a name: the report shows it");
        }
        let backend = self.backend.get_ref();
        if !BACKENDS.contains(&backend.as_str()) {
            let mut help = format!("the backends are: {}", BACKENDS.join(", "));
            if let Some(near) = nearest(backend, BACKENDS) {
                help = format!("did you mean `{near}`? {help}");
            }
            fault(self.backend.span(), format!("unknown backend `{backend}`"), &help);
        }
        if (backend == "qemu") != self.qemu.is_some() {
            let message = "a testbed has a table [qemu] if its backend is `qemu`, and only then".to_owned();
            fault(self.backend.span(), message, "write [qemu] with `firmware` and `boards`, the boards to emulate");
        }
        if (backend == "mixed") == self.board.is_empty() {
            let message = "a testbed has tables [[board]] if its backend is `mixed`, and only then".to_owned();
            let help =
                "write [[board]] with `name` and one of `exec`, `serial` and `qemu`; all other boards are virtual";
            fault(self.backend.span(), message, help);
        }
        if let Some(engine) = &self.ct.dtls {
            let (name, help) = (engine.get_ref(), format!("the engines are: {}", DTLS_ENGINES.join(", ")));
            if !DTLS_ENGINES.contains(&name.as_str()) {
                fault(engine.span(), format!("there is no DTLS engine `{name}`"), &help);
            } else if name == "dtls" && backend == "virtual" {
                let help = "it has a clock of its own: take a testbed in real time, with backend `qemu` or `mixed`";
                fault(engine.span(), "a rack in virtual time has our own DTLS engine only".to_owned(), help);
            }
        }
        if let Some(operator) = &self.operator {
            let help =
                "\"terminal\" for whoever sits there, or a command as a list, which gets the text as its last argument";
            match operator.get_ref() {
                OperatorKey::Word(word) if word != "terminal" => {
                    fault(operator.span(), format!("there is no operator `{word}`"), help);
                }
                OperatorKey::Command(words) if words.is_empty() => {
                    fault(operator.span(), "an empty command".to_owned(), help);
                }
                _ => {}
            }
        }
        let mut attached = BTreeSet::new();
        if let Some(second) = self.board.iter().filter_map(|board| board.air.as_ref()).nth(1) {
            let help = "boards on the real air hear each other there, and would hear each other twice";
            fault(second.span(), "two boards are on the real air".to_owned(), help);
        }
        for board in &self.board {
            board.check(&mut fault);
            let (name, span) = (board.name.get_ref(), board.name.span());
            if !attached.insert(name) {
                fault(span.clone(), format!("board `{name}` has two tables"), "remove one of the two");
            }
            if self.boards.as_ref().is_some_and(|boards| boards.iter().all(|other| other.get_ref() != name)) {
                fault(span, format!("board `{name}` is not in `boards`"), "add it there, or leave `boards` out");
            }
        }
        if let Some(jobs) = self.jobs.as_ref().filter(|jobs| *jobs.get_ref() == 0) {
            fault(jobs.span(), "no case would ever run".to_owned(), "1 or more; without it: one for each processor");
        }
        let mut seen = BTreeSet::new();
        for board in self.boards.iter().flatten() {
            if !seen.insert(board.get_ref()) {
                let message = format!("board `{}` is listed twice", board.get_ref());
                fault(board.span(), message, "remove one of the two");
            }
        }
        let mut qualities = vec![(&self.medium.delivery, &self.medium.rssi_dbm)];
        qualities.extend(self.medium.link.iter().map(|link| (&link.delivery, &link.rssi_dbm)));
        for (delivery, rssi_dbm) in qualities {
            if let Some(delivery) = delivery
                && !(0.0..=1.0).contains(delivery.get_ref())
            {
                let message = format!("delivery {} is no probability", delivery.get_ref());
                fault(delivery.span(), message, "it must be within 0 to 1; 0.9 loses one frame in ten");
            }
            if let Some(rssi) = rssi_dbm
                && !(-100..=0).contains(rssi.get_ref())
            {
                let message = format!("rssi_dbm {} is out of range", rssi.get_ref());
                fault(rssi.span(), message, "it must be within -100 to 0 dBm; -60 is a good indoor link");
            }
        }
        let known = |name: &Spanned<String>| {
            self.boards.as_ref().is_none_or(|boards| boards.iter().any(|board| board.get_ref() == name.get_ref()))
        };
        let suggestion = |name: &str| {
            let names = self.boards.iter().flatten().map(|board| board.get_ref().as_str());
            let known = names.clone().collect::<Vec<_>>().join(", ");
            match nearest(name, names) {
                Some(near) => format!("did you mean `{near}`? the boards are: {known}"),
                None => format!("the boards are: {known}"),
            }
        };
        let mut pairs = BTreeSet::new();
        for link in &self.medium.link {
            let [a, b] = link.between.get_ref().as_slice() else {
                let message = format!("a link is between 2 boards, not {}", link.between.get_ref().len());
                fault(link.between.span(), message, "write between = [\"dut\", \"router\"]");
                continue;
            };
            if a.get_ref() == b.get_ref() {
                let message = format!("`{}` is linked to itself", a.get_ref());
                fault(link.between.span(), message, "name two different boards");
            }
            for end in [a, b] {
                if !known(end) {
                    fault(end.span(), format!("unknown board `{}`", end.get_ref()), &suggestion(end.get_ref()));
                }
            }
            let pair = (a.get_ref().min(b.get_ref()), a.get_ref().max(b.get_ref()));
            if !pairs.insert(pair) {
                let message = format!("`{}` and `{}` are linked twice", pair.0, pair.1);
                fault(link.between.span(), message, "a link is the same in both directions: remove one of the two");
            }
        }
        if let Some(position) = &self.sniffer.position
            && position.get_ref() != EVERYWHERE
            && !known(position)
        {
            let message = format!("unknown board `{}`", position.get_ref());
            fault(
                position.span(),
                message,
                &format!("\"{EVERYWHERE}\", or a board; {}", suggestion(position.get_ref())),
            );
        }
        if let Some(channel) = &self.sniffer.channel
            && !(11..=26).contains(channel.get_ref())
        {
            let message = format!("channel {} is not in the 2.4 GHz band", channel.get_ref());
            fault(channel.span(), message, "it must be within 11 to 26; without it the sniffer hears all channels");
        }
        if let Some(loss) = &self.sniffer.loss_percent
            && !(0..=100).contains(loss.get_ref())
        {
            let message = format!("loss_percent {} is no share of a hundred", loss.get_ref());
            fault(loss.span(), message, "it must be within 0 to 100; 5 loses one frame in twenty");
        }
        let timing = &self.timing;
        let in_ms = (&timing.boot_delay_ms, LONGEST_LATENCY / 1000);
        let in_us =
            [&timing.upper_tester_latency_us, &timing.backbone_latency_us].map(|value| (value, LONGEST_LATENCY));
        for (value, most) in [in_ms].into_iter().chain(in_us) {
            if let Some(value) = value
                && !(0..=most).contains(value.get_ref())
            {
                fault(
                    value.span(),
                    format!("{} is out of range", value.get_ref()),
                    &format!("0 to {most}: ten minutes"),
                );
            }
        }
    }

    /// The testbed of a file without faults.
    pub(super) fn into_testbed(self) -> Testbed {
        let quality = |delivery: Option<Spanned<f64>>, rssi_dbm: Option<Spanned<i64>>, or: Quality| Quality {
            delivery: delivery.map_or(or.delivery, Spanned::into_inner),
            rssi_dbm: rssi_dbm.and_then(|value| i8::try_from(value.into_inner()).ok()).unwrap_or(or.rssi_dbm),
        };
        let medium = quality(self.medium.delivery, self.medium.rssi_dbm, DEFAULT_QUALITY);
        let links = self.medium.link.into_iter().filter_map(|link| {
            let [a, b] = <[Spanned<String>; 2]>::try_from(link.between.into_inner()).ok()?;
            Some((a.into_inner(), b.into_inner(), quality(link.delivery, link.rssi_dbm, medium)))
        });
        let position = self.sniffer.position.map_or_else(|| EVERYWHERE.to_owned(), Spanned::into_inner);
        let sniffer = Sniffer {
            name: self.sniffer.name.map_or_else(|| DEFAULT_SNIFFER.to_owned(), Spanned::into_inner),
            position: if position == EVERYWHERE { Position::Everywhere } else { Position::Beside(position) },
            channel: self.sniffer.channel.and_then(|channel| u8::try_from(channel.into_inner()).ok()),
            loss_percent: self.sniffer.loss_percent.map_or(0, |loss| u8::try_from(loss.into_inner()).unwrap_or(100)),
        };
        let duration = |value: Option<Spanned<i64>>, unit: fn(u64) -> Duration, or| {
            value.and_then(|value| u64::try_from(value.into_inner()).ok()).map_or(or, unit)
        };
        let or = Timing::default();
        let emulated = self.qemu.into_iter().flat_map(|QemuTable { program, firmware, boards }| {
            let connection = Connection::Qemu(Qemu { program, firmware });
            boards.into_iter().map(move |board| (board, connection.clone()))
        });
        let without_radio = self.board.iter().filter(|board| board.has_no_radio());
        let without_radio = without_radio.map(|board| (board.name.get_ref().clone(), board.name.span())).collect();
        let quarantines = self.board.iter().filter_map(BoardTable::quarantine).collect();
        let connections = emulated.chain(self.board.into_iter().filter_map(BoardTable::into_connection)).collect();
        Testbed {
            connections,
            without_radio,
            quarantines,
            asks_second_engine: self.ct.dtls.is_some_and(|engine| engine.get_ref() == "dtls"),
            operator: self.operator.map(|operator| match operator.into_inner() {
                OperatorKey::Word(_) => Operator::Terminal,
                OperatorKey::Command(words) => Operator::Command(words),
            }),
            selectors: self.selectors,
            jobs: self.jobs.map(Spanned::into_inner),
            name: self.name.into_inner(),
            identity: self.identity,
            boards: self.boards.map(|boards| boards.into_iter().map(Spanned::into_inner).collect()),
            medium,
            links: links.collect(),
            sniffer,
            backbone_latency: duration(
                self.timing.backbone_latency_us,
                Duration::from_micros,
                Duration::from_millis(1),
            ),
            timing: Timing {
                boot_delay: duration(self.timing.boot_delay_ms, Duration::from_millis, or.boot_delay),
                upper_tester_latency: duration(
                    self.timing.upper_tester_latency_us,
                    Duration::from_micros,
                    or.upper_tester_latency,
                ),
            },
        }
    }
}

/// What the TOML reader says, with the nearest right name where it names the right ones.
pub(super) fn syntax_fault(source: &Source, error: &toml::de::Error) -> Fault {
    let message = error.message().trim().to_owned();
    let mut names = message.split('`').skip(1).step_by(2);
    let unknown = message.starts_with("unknown field").then(|| names.next()).flatten();
    let help = unknown.map(|unknown| {
        let known: Vec<&str> = names.collect();
        match nearest(unknown, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("the keys are: {}", known.join(", ")),
        }
    });
    let fault = source.fault(error.span().unwrap_or(0..0), message.lines().next().unwrap_or("not TOML"));
    match help {
        Some(help) => fault.with_help(help),
        None => fault,
    }
}
