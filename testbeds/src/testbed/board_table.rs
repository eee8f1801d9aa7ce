//! The tables `[[board]]` of a testbed file: boards outside of this process.

use std::ops::Range;
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;
use toml::Spanned;
use toml::value::Datetime;
use wire::Eui64;

use super::quarantine::Quarantine;
use crate::connection::{
    Acknowledges, Bridge, Connection, Exec, Expected, Power, Protocol, Qemu, Radio, Reset, Serial,
};
use crate::probe::Chip;

/// One board.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BoardTable {
    pub(super) name: Spanned<String>,
    exec: Option<Spanned<Vec<String>>>,
    serial: Option<Spanned<String>>,
    qemu: Option<Spanned<PathBuf>>,
    radio: Option<Spanned<RadioKey>>,
    pub(super) air: Option<Spanned<String>>,
    baud: Option<Spanned<u32>>,
    eui64: Option<Spanned<String>>,
    reset: Option<Spanned<ResetKey>>,
    power: Option<Spanned<PowerTable>>,
    probe: Option<Spanned<ProbeTable>>,
    quarantine: Option<Spanned<QuarantineTable>>,
    acknowledges: Option<Spanned<String>>,
    acknowledges_within_ms: Option<Spanned<i64>>,
    peer: Option<Spanned<String>>,
    addresses: Option<Spanned<String>>,
}

/// `radio = true`, `"zep"` or `"openthread"` of a program, `radio = "/dev/..."` of a serial board.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum RadioKey {
    Joins(bool),
    Named(String),
}

impl RadioKey {
    /// The radio of a program.
    fn of_program(&self) -> Option<Radio> {
        match self {
            Self::Joins(false) => Some(Radio::None),
            Self::Joins(true) => Some(Radio::Link),
            Self::Named(_) => self.protocol().map(|protocol| {
                let (acknowledges, peer) = (Acknowledges::default(), None);
                Radio::Bridge(Bridge { protocol, acknowledges, acknowledges_within: ACKNOWLEDGES_WITHIN, peer })
            }),
        }
    }

    /// The protocol of an air bridge.
    fn protocol(&self) -> Option<Protocol> {
        match self {
            Self::Named(name) if name == "zep" => Some(Protocol::Zep),
            Self::Named(name) if name == "openthread" => Some(Protocol::OpenThread),
            _ => None,
        }
    }
}

/// `"dtr"`, `"rts"`, `"probe"`, or a command.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum ResetKey {
    Line(String),
    Command(Vec<String>),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PowerTable {
    on: Vec<String>,
    off: Vec<String>,
}

/// A debug probe and the chip behind it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ProbeTable {
    selector: String,
    chip: String,
    id: Option<String>,
    firmware: Option<PathBuf>,
}

/// Why a board is not to be relied on.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct QuarantineTable {
    reason: String,
    owner: String,
    until: Datetime,
}

/// Of most serial adapters and boards.
const BAUD: u32 = 115_200;
/// An acknowledgement of a stack on a busy machine.
const ACKNOWLEDGES_WITHIN: Duration = Duration::from_millis(50);
const ACKNOWLEDGES_WITHIN_MS: std::ops::RangeInclusive<i64> = 1..=1000;

impl BoardTable {
    /// Tells what is wrong with it.
    pub(super) fn check(&self, fault: &mut impl FnMut(Range<usize>, String, &str)) {
        let name = self.name.get_ref();
        let connections = [
            self.exec.as_ref().map(Spanned::span),
            self.serial.as_ref().map(Spanned::span),
            self.qemu.as_ref().map(Spanned::span),
        ];
        if connections.iter().flatten().count() != 1 {
            let help = "exec = [\"./device\"] for a program, serial = \"/dev/serial/by-id/...\" for a serial line, qemu = \"firmware.elf\"";
            fault(self.name.span(), format!("board `{name}` needs one of `exec`, `serial` and `qemu`"), help);
            return;
        }
        if let Some(exec) = self.exec.as_ref().filter(|exec| exec.get_ref().is_empty()) {
            fault(exec.span(), "an empty command".to_owned(), "the program and its arguments, as a list");
        }
        let of_serial = [
            ("air", self.air.as_ref().map(Spanned::span)),
            ("baud", self.baud.as_ref().map(Spanned::span)),
            ("reset", self.reset.as_ref().map(Spanned::span)),
            ("power", self.power.as_ref().map(Spanned::span)),
        ];
        if self.serial.is_none() {
            for (key, span) in of_serial {
                if let Some(span) = span {
                    fault(
                        span,
                        format!("`{key}` is a key of serial boards"),
                        "a program is killed and started instead",
                    );
                }
            }
        } else {
            if self.eui64.is_none() {
                let help =
                    "eui64 = \"...\", 16 hex digits: what its `hello` says; a board that says another is not used";
                fault(self.name.span(), format!("board `{name}` has no `eui64`"), help);
            }
            if self.reset.is_none() && self.power.is_none() {
                let help = "reset = \"dtr\", \"rts\" or a command as a list, or power = { on = [...], off = [...] }";
                fault(self.name.span(), format!("board `{name}` can be neither reset nor switched"), help);
            }
        }
        if let (Some(eui64), Some(_)) = (&self.eui64, &self.qemu) {
            let help = "leave it out: the rack gives an emulated board its address";
            fault(eui64.span(), "`eui64` is no key of emulated boards".to_owned(), help);
        }
        self.check_bridge(fault);
        if let Some(eui64) = self.eui64.as_ref().filter(|text| text.get_ref().parse::<Eui64>().is_err()) {
            let message = format!("`{}` is no EUI-64", eui64.get_ref());
            fault(eui64.span(), message, "16 hex digits, with or without colons between the octets");
        }
        if let Some(reset) = &self.reset {
            match reset.get_ref() {
                ResetKey::Line(line) if !matches!(line.as_str(), "dtr" | "rts" | "probe") => {
                    let message = format!("there is no reset line `{line}`");
                    fault(reset.span(), message, "\"dtr\", \"rts\", \"probe\", or a command as a list");
                }
                ResetKey::Line(line) if line == "probe" && self.probe.is_none() => {
                    let help = "write probe = { selector = \"VID:PID:SERIAL\", chip = \"nRF52840_xxAA\" }";
                    fault(reset.span(), "the board has no `probe` to reset it by".to_owned(), help);
                }
                ResetKey::Command(words) if words.is_empty() => {
                    fault(reset.span(), "an empty command".to_owned(), "the program and its arguments, as a list");
                }
                _ => {}
            }
        }
        if let Some(power) = &self.power
            && (power.get_ref().on.is_empty() || power.get_ref().off.is_empty())
        {
            fault(power.span(), "an empty command".to_owned(), "the program and its arguments, as a list");
        }
        if let Some(quarantine) = &self.quarantine {
            let QuarantineTable { reason, owner, until } = quarantine.get_ref();
            if reason.trim().is_empty() || owner.trim().is_empty() || until.date.is_none() || until.time.is_some() {
                let help = "quarantine = { reason = \"antenna loose\", owner = \"lab 3\", until = 2026-12-31 }";
                fault(
                    quarantine.span(),
                    format!("board `{name}` is in quarantine, but not why, whose or how long"),
                    help,
                );
            }
        }
        if let Some(probe) = &self.probe {
            self.check_probe(probe, fault);
        }
        if let Some(radio) = &self.radio {
            match (radio.get_ref(), &self.exec, &self.serial) {
                (radio, Some(_), _) if radio.of_program().is_some() => {}
                (RadioKey::Named(_), _, Some(_)) => {}
                (_, _, None) if self.qemu.is_some() => {
                    let help = "leave it out: the radio of an emulated board is always on the rack's air";
                    fault(radio.span(), "`radio` is no key of emulated boards".to_owned(), help);
                }
                _ => {
                    let help = "true, false, \"zep\" or \"openthread\" of a program; the device of the radio link of a serial board";
                    fault(radio.span(), "another kind of board has such a `radio`".to_owned(), help);
                }
            }
        }
    }

    /// The keys of a stack behind an air bridge, and of addresses.
    fn check_bridge(&self, fault: &mut impl FnMut(Range<usize>, String, &str)) {
        let protocol = self.radio.as_ref().and_then(|radio| radio.get_ref().protocol()).filter(|_| self.exec.is_some());
        let of_bridge = [
            ("acknowledges", self.acknowledges.as_ref().map(Spanned::span)),
            ("acknowledges_within_ms", self.acknowledges_within_ms.as_ref().map(Spanned::span)),
            ("peer", self.peer.as_ref().map(Spanned::span)),
        ];
        for (key, span) in of_bridge {
            if let (Some(span), None) = (span, protocol) {
                let help = "radio = \"zep\" or \"openthread\" makes a program one";
                fault(span, format!("`{key}` is a key of programs whose radio is an air bridge"), help);
            }
        }
        if let Some(who) = self.acknowledges.as_ref().filter(|who| acknowledges(who.get_ref()).is_none()) {
            let help =
                "\"itself\": its own acknowledgement is the proof of delivery; \"medium\": of a stack that sends none";
            fault(who.span(), format!("`{}` acknowledges nothing", who.get_ref()), help);
        }
        if let Some(within) = &self.acknowledges_within_ms {
            if !ACKNOWLEDGES_WITHIN_MS.contains(within.get_ref()) {
                let message = format!("acknowledges_within_ms {} is out of range", within.get_ref());
                fault(within.span(), message, "1 to 1000; 50 unless given. The air stands still meanwhile");
            } else if self.acknowledges.as_ref().is_some_and(|who| who.get_ref() == "medium") {
                let help = "leave one of the two out: the medium acknowledges at once";
                fault(within.span(), "the stack does not acknowledge at all".to_owned(), help);
            }
        }
        if let (Some(named), Some(protocol)) = (&self.peer, protocol)
            && peer(named.get_ref(), protocol).is_none()
        {
            let help = match protocol {
                Protocol::Zep => "the address and port that it sends from, such as \"127.0.0.1:17755\"; port 0 for any",
                Protocol::OpenThread => "the number of its node in the simulation, \"1\" to \"33\"",
            };
            fault(named.span(), format!("`{}` is no peer", named.get_ref()), help);
        }
        if let Some(addresses) = &self.addresses {
            if addresses.get_ref() != "learn" && addresses.get_ref() != "fixed" {
                let help = "\"learn\": what it says and sends by; \"fixed\", as without the key: it must be the one that is known";
                fault(addresses.span(), format!("`{}` is no way to know addresses", addresses.get_ref()), help);
            } else if addresses.get_ref() == "learn" && (self.air.is_some() || self.qemu.is_some()) {
                let help = "on the real air nobody can tell its frames from a stranger's by anything else; an emulated board has the rack's";
                fault(addresses.span(), "the addresses of this board cannot be learnt".to_owned(), help);
            }
        }
    }

    /// Whether it has an upper tester alone.
    pub(super) fn has_no_radio(&self) -> bool {
        let radio = self.radio.as_ref().map(Spanned::get_ref);
        match (&self.exec, &self.serial) {
            (Some(_), _) => matches!(radio, None | Some(RadioKey::Joins(false))),
            (None, Some(_)) => radio.is_none() && self.air.is_none(),
            (None, None) => false,
        }
    }

    /// The quarantine of a table without faults.
    pub(super) fn quarantine(&self) -> Option<(String, Quarantine)> {
        let QuarantineTable { reason, owner, until } = self.quarantine.as_ref()?.get_ref();
        let quarantine = Quarantine { reason: reason.clone(), owner: owner.clone(), until: until.date?.to_string() };
        Some((self.name.get_ref().clone(), quarantine))
    }

    fn check_probe(&self, probe: &Spanned<ProbeTable>, fault: &mut impl FnMut(Range<usize>, String, &str)) {
        let ProbeTable { selector, id, .. } = probe.get_ref();
        if self.qemu.is_some() {
            let help = "leave it out: an emulated board is started with its image";
            fault(probe.span(), "`probe` is no key of emulated boards".to_owned(), help);
        }
        // The serial number, because two probes of a kind are never told apart otherwise; it may have colons of its own.
        let mut parts = selector.splitn(3, ':');
        let is_id = |part: Option<&str>| part.is_some_and(|part| u16::from_str_radix(part, 16).is_ok());
        if !is_id(parts.next()) || !is_id(parts.next()) || parts.next().is_none_or(str::is_empty) {
            let message = format!("`{selector}` names no single probe");
            fault(probe.span(), message, "VID:PID:SERIAL, as `probe-rs list` or lsusb say: \"1366:1051:000683123456\"");
        }
        if let Some(id) = id.as_ref().filter(|id| id.len() != 16 || u64::from_str_radix(id, 16).is_err()) {
            let help = "16 hex digits; `bootrack testbed flash` says what the chip's is";
            fault(probe.span(), format!("`{id}` is no number of a chip"), help);
        }
    }

    /// The connection of a table without faults, by the board's name.
    pub(super) fn into_connection(self) -> Option<(String, Connection)> {
        let radio = self.radio.map(Spanned::into_inner);
        let learns_addresses = self.addresses.is_some_and(|addresses| addresses.into_inner() == "learn");
        let chip = self.probe.map(Spanned::into_inner).map(|ProbeTable { selector, chip, id, firmware }| Chip {
            selector,
            kind: chip,
            id,
            firmware,
        });
        let connection = if let Some(exec) = self.exec {
            let mut words = exec.into_inner().into_iter();
            let program = PathBuf::from(words.next()?);
            let mut radio = radio.and_then(|radio| radio.of_program()).unwrap_or_default();
            if let Radio::Bridge(bridge) = &mut radio {
                bridge.acknowledges = self.acknowledges.and_then(|who| acknowledges(who.get_ref())).unwrap_or_default();
                bridge.peer = self.peer.and_then(|named| peer(named.get_ref(), bridge.protocol));
                let within = self.acknowledges_within_ms.and_then(|within| u64::try_from(within.into_inner()).ok());
                bridge.acknowledges_within = within.map_or(ACKNOWLEDGES_WITHIN, Duration::from_millis);
            }
            Connection::Exec(Exec {
                program,
                arguments: words.collect(),
                radio,
                eui64: self.eui64.and_then(|eui64| eui64.into_inner().parse().ok()),
                learns_addresses,
                chip,
            })
        } else if let Some(qemu) = self.qemu {
            Connection::Qemu(Qemu { program: qemu_program(), firmware: qemu.into_inner() })
        } else {
            Connection::Serial(Serial {
                path: self.serial?.into_inner(),
                baud: self.baud.map_or(BAUD, Spanned::into_inner),
                eui64: self.eui64?.into_inner().parse().ok()?,
                radio: match radio {
                    Some(RadioKey::Named(path)) => Some(path),
                    _ => None,
                },
                air: self.air.map(Spanned::into_inner),
                learns_addresses,
                power: self.power.map(Spanned::into_inner).map(|PowerTable { on, off }| Power { on, off }),
                reset: self.reset.map(|reset| match reset.into_inner() {
                    ResetKey::Line(line) if line == "dtr" => Reset::Dtr,
                    ResetKey::Line(line) if line == "probe" => Reset::Probe,
                    ResetKey::Line(_) => Reset::Rts,
                    ResetKey::Command(words) => Reset::Command(words),
                }),
                chip,
            })
        };
        Some((self.name.into_inner(), connection))
    }
}

/// QEMU, where a testbed file names no other.
pub(super) fn qemu_program() -> PathBuf {
    "qemu-system-arm".into()
}

fn acknowledges(text: &str) -> Option<Acknowledges> {
    match text {
        "itself" => Some(Acknowledges::Itself),
        "medium" => Some(Acknowledges::Medium),
        _ => None,
    }
}

/// Who the stack of a bridge is: an address, or the number of a node.
fn peer(text: &str, protocol: Protocol) -> Option<Expected> {
    match protocol {
        Protocol::Zep => text.parse().ok().map(Expected::Address),
        Protocol::OpenThread => text.parse().ok().filter(|node| (1..=33).contains(node)).map(Expected::Node),
    }
}
