//! The doctor of a testbed: brings up its boards, asks each who it is, has them reach each other, and tells what is wrong with
//! what a technician can do about it. No case is run and no verdict made.

mod question;
mod radios;

use std::collections::BTreeMap;
use std::time::Duration;

use dissect::{Dissection, Dissector, Keys, upper_tester};
use protocols::time::Instant;
use record::Octets;
use record::event::{Action, Observation, TransmitStatus};
use wire::Eui64;
use wire::ieee802154::{Address, Content, Frame, Header, LinkAddress, PanId};
use wire::upper_tester::table;

use self::question::Unanswered;
use crate::connection::{Claim, Connection, LockError};
use crate::probe::Probe;
use crate::rack::Rack;
use crate::testbed::{Attachment, BoardRequest, Device, PAN_ID, Quarantine, RackRequest, Testbed};
use crate::virtual_rack::VirtualRack;

/// UT/1: a board tells of its boot within five seconds, and answers within two.
const BOOTS_WITHIN: Duration = Duration::from_secs(5);
const ANSWERS_WITHIN: Duration = Duration::from_secs(2);
/// How long the air is listened to while every board is off.
const LISTENS_FOR: Duration = Duration::from_secs(1);
/// A frame and all its retries are over after this.
const SENT_WITHIN: Duration = Duration::from_millis(500);
/// A clock that is off by more is not one of a radio, which may be off by 40 (IEEE 802.15.4-2006 6.5.3.3): in the seconds that the
/// doctor listens nothing finer can be seen.
const CLOCK_PPM_MAX: f64 = 1000.0;
/// The tester's radio, where the testbed file does not name the boards.
const TESTER: &str = "tester";
/// Boards that nearly every case has.
const USUAL: [&str; 3] = ["lbr", "router", "dut"];
/// The commissioning tool's address of the installation: nobody is there.
const NO_TOOL: &str = "fd00:c0::c7";

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The board, or `air`, `sniffer`, `rack`.
    pub part: String,
    /// What was looked at.
    pub check: &'static str,
    /// Whether it is as it should be.
    pub is_good: bool,
    /// What was found.
    pub found: String,
    /// What to do about it, if something is wrong.
    pub remedy: String,
}

/// All that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// In the order of looking.
    pub findings: Vec<Finding>,
}

impl Report {
    /// Whether everything is as it should be.
    pub fn is_good(&self) -> bool {
        self.findings.iter().all(|finding| finding.is_good)
    }

    fn good(&mut self, part: &str, check: &'static str, found: impl Into<String>) {
        let (part, found, remedy) = (part.to_owned(), found.into(), String::new());
        self.findings.push(Finding { part, check, is_good: true, found, remedy });
    }

    fn bad(&mut self, part: &str, check: &'static str, found: impl Into<String>, remedy: &str) {
        let (part, found, remedy) = (part.to_owned(), found.into(), remedy.to_owned());
        self.findings.push(Finding { part, check, is_good: false, found, remedy });
    }
}

/// Looks at a testbed; `device` stands at the place of `dut`.
pub fn examine(testbed: &Testbed, device: Device, channel: u8, seed: [u8; 32], is_port: fn(&str) -> bool) -> Report {
    let mut report = Report::default();
    let mut is_there = true;
    for (name, connection) in &testbed.connections {
        is_there &= look_at_files(&mut report, name, connection);
    }
    let _claim =
        match Claim::take(testbed.exclusive(), &format!("the doctor (process {})", std::process::id()), Duration::ZERO)
        {
            Ok(claim) => claim,
            Err(error) => {
                let remedy = match error {
                    LockError::Held { .. } => "wait until that has ended",
                    LockError::Broken { .. } => "look at the permissions of that file",
                };
                report.bad("rack", "claim", error.to_string(), remedy);
                return report;
            }
        };
    for (name, quarantine) in &testbed.quarantines {
        let Quarantine { reason, owner, until } = quarantine;
        if quarantine.holds() {
            report.bad(
                name,
                "quarantine",
                format!("until {until}: {reason}"),
                &format!("ask {owner}; no case uses it until then"),
            );
        } else {
            report.bad(
                name,
                "quarantine",
                format!("ended on {until}: {reason}"),
                "look at the board, and take it out of the file",
            );
        }
    }
    radios::look_for_radios(&mut report, testbed);
    if !is_there || !look_at_chips(&mut report, testbed) {
        return report;
    }
    let names = boards(testbed, is_port);
    let request = |name: &String| {
        let attachment = match name.as_str() {
            TESTER => Attachment::Radio,
            name => Attachment::Board { is_at_backbone: name == "lbr" },
        };
        (name.clone(), attachment)
    };
    let boards: Vec<(String, Attachment)> = names.iter().map(request).collect();
    let requests = boards.iter().map(|(name, attachment)| BoardRequest { name, attachment: *attachment }).collect();
    // Each may hear each: the testbed file says how well.
    let links: Vec<(usize, usize)> = (0..names.len()).flat_map(|a| (a + 1..names.len()).map(move |b| (a, b))).collect();
    let request = RackRequest { boards: requests, links: &links, device, channel, loss_percent: 0, seed };
    match testbed.rack_for(&request) {
        Ok(rack) => {
            let devices: Vec<Subject> = boards
                .iter()
                .filter_map(|(name, attachment)| match attachment {
                    Attachment::Board { is_at_backbone } => Some(Subject::new(name, *is_at_backbone)),
                    Attachment::Port | Attachment::Radio => None,
                })
                .collect();
            let tester = boards.iter().find(|(_, attachment)| *attachment == Attachment::Radio);
            let tester = tester.map(|(name, _)| name.clone());
            let without_radio = testbed.without_radio.keys().cloned().collect();
            let (sniffer, faults, learnt) = (Sniffer::default(), Vec::new(), BTreeMap::new());
            let examination =
                Examination { rack, report, channel, tester, seq: 0, sniffer, without_radio, faults, learnt };
            examination.run(devices)
        }
        Err(error) => {
            report.bad("rack", "boards", error.to_string(), "look at the board's line, its power and the testbed file");
            report
        }
    }
}

/// The boards that are looked at: those of the file, or those with connections and the usual ones.
fn boards(testbed: &Testbed, is_port: fn(&str) -> bool) -> Vec<String> {
    match &testbed.boards {
        Some(boards) => boards.iter().filter(|board| !is_port(board)).cloned().collect(),
        None => {
            let mut names: Vec<String> = USUAL.map(str::to_owned).to_vec();
            names.extend(testbed.connections.keys().filter(|name| !USUAL.contains(&name.as_str())).cloned());
            names.push(TESTER.to_owned());
            names
        }
    }
}

/// Whether the program, the firmware or the serial device of a board is there and may be used.
fn look_at_files(report: &mut Report, name: &str, connection: &Connection) -> bool {
    if let Err(reason) = connection.check_ready() {
        report.bad(name, "files", reason.to_string(), "build it, or mend the path in the testbed file");
        return false;
    }
    for path in connection.devices() {
        match std::fs::OpenOptions::new().read(true).write(true).open(path) {
            Ok(_) => report.good(name, "files", format!("{path} may be read and written")),
            Err(error) => {
                let remedy = match error.kind() {
                    std::io::ErrorKind::PermissionDenied => {
                        "add yourself to the group of the device, `dialout` mostly, and log in again"
                    }
                    std::io::ErrorKind::NotFound => "plug the board in, or mend the path in the testbed file",
                    _ => "look at the cable",
                };
                report.bad(name, "files", format!("{path}: {error}"), remedy);
                return false;
            }
        }
    }
    true
}

/// Whether each probe is on the chip that the testbed file says, and that holds its firmware.
fn look_at_chips(report: &mut Report, testbed: &Testbed) -> bool {
    let mut is_good = true;
    for (name, connection) in &testbed.connections {
        let Some(chip) = connection.chip() else { continue };
        let mut probe = match Probe::open(chip) {
            Ok(probe) => probe,
            Err(error) => {
                report.bad(name, "chip", error.to_string(), "look where the debug cable goes, and at `probe`");
                is_good = false;
                continue;
            }
        };
        let id = chip.id.as_deref().unwrap_or_default();
        report.good(name, "chip", format!("{} {id} at probe {}", chip.kind, chip.selector));
        let Some(firmware) = &chip.firmware else { continue };
        match probe.holds_firmware() {
            Ok(true) => report.good(name, "firmware", format!("holds {}", firmware.display())),
            Ok(false) => {
                let found = format!("holds something else than {}", firmware.display());
                report.bad(name, "firmware", found, "bootrack testbed flash");
            }
            Err(error) => report.bad(name, "firmware", error.to_string(), "bootrack testbed flash"),
        }
    }
    is_good
}

/// A board that is looked at.
struct Subject {
    name: String,
    is_at_backbone: bool,
    eui64: Option<Eui64>,
    link_local: Option<String>,
}

impl Subject {
    fn new(name: &str, is_at_backbone: bool) -> Self {
        Self { name: name.to_owned(), is_at_backbone, eui64: None, link_local: None }
    }
}

/// What the sniffer heard.
#[derive(Default)]
struct Sniffer {
    frames: u64,
    by_source: BTreeMap<Eui64, u64>,
}

struct Examination {
    rack: VirtualRack,
    report: Report,
    channel: u8,
    tester: Option<String>,
    seq: u32,
    sniffer: Sniffer,
    /// Boards without a radio.
    without_radio: Vec<String>,
    /// What is not as the testbed file says: part and sentence.
    faults: Vec<(String, String)>,
    /// Addresses that the rack has learnt, by board.
    learnt: BTreeMap<String, Eui64>,
}

impl Examination {
    fn run(mut self, mut subjects: Vec<Subject>) -> Report {
        self.listen(LISTENS_FOR);
        match self.sniffer.frames {
            0 => {
                self.report.good("air", "noise", format!("channel {} is silent while every board is off", self.channel))
            }
            frames => {
                let found = format!("{frames} frames on channel {} while every board is off", self.channel);
                self.report.bad("air", "noise", found, "find who sends there, or have cases run on another channel");
            }
        }
        subjects.retain_mut(|subject| match self.bring_up(subject) {
            Ok(()) => true,
            Err((check, found, remedy)) => {
                self.report.bad(&subject.name, check, found, remedy);
                false
            }
        });
        for subject in &subjects {
            self.look_at_radio(&subject.name);
        }
        for from in 0..subjects.len() {
            for to in (0..subjects.len()).filter(|to| *to != from) {
                self.reach(&subjects[from], &subjects[to]);
            }
        }
        if let Some(tester) = self.tester.clone() {
            for subject in &subjects {
                self.inject(&tester, subject);
            }
        }
        for subject in &subjects {
            self.look_at_what_it_sent(&subject.name);
            self.look_at_clock(&subject.name);
        }
        for subject in &subjects {
            let Some(eui64) = self.eui64(subject) else { continue };
            match self.sniffer.by_source.get(&eui64) {
                Some(frames) => {
                    self.report.good("sniffer", "coverage", format!("heard {frames} frames of `{}`", subject.name));
                }
                None => {
                    let found = format!("heard nothing of `{}`", subject.name);
                    let remedy = "set it nearer to the boards, or on their channel: what it does not hear makes cases inconclusive";
                    self.report.bad("sniffer", "coverage", found, remedy);
                }
            }
        }
        self.report
    }

    /// The address by which a board sends, as far as that is known.
    fn eui64(&self, subject: &Subject) -> Option<Eui64> {
        self.learnt.get(&subject.name).copied().or(subject.eui64)
    }

    /// Where a board's clock is, if it is not the rack's own.
    fn look_at_clock(&mut self, board: &str) {
        let Some(clock) = self.rack.clock(board) else {
            if self.rack.has_own_clock(board) {
                self.report.good(board, "clock", "nobody knows: it has sent too few stamps");
            }
            return;
        };
        if clock.backwards > 0 {
            let found = format!("{} of {} stamps are before the one ahead of them", clock.backwards, clock.stamps);
            self.report.bad(board, "clock", found, "its firmware stamps messages by a clock that is set back");
        } else if clock.fast_ppm.abs() - clock.fast_within_ppm > CLOCK_PPM_MAX {
            let remedy = "look at its oscillator and at the prescaler of its timer: the times of its events are wrong";
            self.report.bad(board, "clock", clock.to_string(), remedy);
        } else {
            self.report.good(board, "clock", clock.to_string());
        }
    }

    /// Takes what happens until then.
    fn listen(&mut self, most: Duration) {
        self.wait(most, |_| None::<()>);
    }

    /// Waits for an observation, up to `most`.
    fn wait<T>(
        &mut self,
        most: Duration,
        mut is_it: impl FnMut(&Observation) -> Option<T>,
    ) -> Option<Result<T, Unanswered>> {
        let until: Instant = self.rack.now() + most;
        loop {
            let observation = match self.rack.next(until) {
                Ok(Some(observation)) => observation,
                Ok(None) => return None,
                Err(error) => return Some(Err(error.into())),
            };
            if let Observation::Frame { psdu, .. } = &observation {
                self.sniffed(psdu);
            }
            if let Some(found) = is_it(&observation) {
                return Some(Ok(found));
            }
            match observation {
                Observation::RackFault { part, reason } => self.faults.push((part, reason)),
                Observation::Address { board, eui64: Some(eui64), .. } => {
                    self.learnt.extend(eui64.parse().ok().map(|eui64| (board, eui64)));
                }
                Observation::BoardLost { board, reason } | Observation::Crashed { board, reason } => {
                    return Some(Err(Unanswered::Lost { board, reason }));
                }
                Observation::TesterFault { part, reason } => return Some(Err(Unanswered::Tester { part, reason })),
                _ => {}
            }
        }
    }

    fn sniffed(&mut self, psdu: &Octets) {
        self.sniffer.frames += 1;
        let dissection = Dissector::new(Keys::new()).frame(1, &psdu.0, true);
        if let Some(source) = dissection.text("wpan.src64").and_then(|text| text.parse().ok()) {
            *self.sniffer.by_source.entry(source).or_insert(0) += 1;
        }
    }

    /// Asks a board; its answer, which must be the first to this question.
    fn ask(&mut self, board: &str, command: &str) -> Result<Dissection, Unanswered> {
        self.seq += 1;
        let (seq, name) = (u64::from(self.seq), command.split(' ').next().unwrap_or(command));
        let line = format!("> {seq} {command}");
        self.rack.act(&Action::UpperTester { board: board.to_owned(), line })?;
        let answer = self.wait(ANSWERS_WITHIN, |observation| match observation {
            Observation::UpperTester { board: from, line } if from == board => {
                Some(upper_tester(0, line)).filter(|answer| answer.number("ut.seq") == Some(seq))
            }
            _ => None,
        });
        answer.unwrap_or_else(|| Err(Unanswered::Silent { command: name.to_owned(), within: ANSWERS_WITHIN }))
    }

    /// Asks a board for what it has to do.
    fn order(&mut self, board: &str, command: &str) -> Result<Dissection, Unanswered> {
        let answer = self.ask(board, command)?;
        done(answer, command.split(' ').next().unwrap_or(command))
    }

    /// Power, identity, self-test, and a stack that runs.
    fn bring_up(&mut self, subject: &mut Subject) -> Result<(), (&'static str, String, &'static str)> {
        const POWER: &str = "look at its supply, its cable and its firmware";
        const SPEAKS: &str = "read docs/upper-tester.md, and try the line by hand";
        let name = subject.name.clone();
        let power = Action::Power { board: name.clone(), on: true };
        self.rack.act(&power).map_err(|error| ("power", error.to_string(), POWER))?;
        let booted = self.wait(BOOTS_WITHIN, |observation| match observation {
            Observation::UpperTester { board, line } if *board == name => {
                Some(upper_tester(0, line)).filter(|line| line.text("ut.event").as_deref() == Some("booted"))
            }
            _ => None,
        });
        match booted {
            Some(Ok(_)) => self.report.good(&name, "power", "it boots"),
            Some(Err(reason)) => return Err(("power", reason.to_string(), POWER)),
            None => return Err(("power", format!("no `! booted` within {} s", BOOTS_WITHIN.as_secs()), POWER)),
        }
        let hello = self.order(&name, "hello nonce=d0c7").map_err(|reason| ("identity", reason.to_string(), SPEAKS))?;
        if hello.text("ut.nonce").as_deref() != Some("d0c7") {
            let found = "its `hello` does not repeat the nonce: somebody else's answer, or an old one".to_owned();
            return Err(("identity", found, SPEAKS));
        }
        let said = hello.text("ut.eui64").unwrap_or_default().into_owned();
        subject.eui64 = said.parse().ok();
        let expected = self.rack.eui64(&name);
        if subject.eui64 != expected && subject.eui64.is_none_or(|said| self.learnt.get(&name) != Some(&said)) {
            let expected = expected.map_or_else(|| "none".to_owned(), |eui64| eui64.to_string());
            let found = format!("it says that it is {said}, and the testbed says {expected}");
            return Err(("identity", found, "swap the cables, or mend `eui64` in the testbed file"));
        }
        let of = |key: &str| hello.text(&format!("ut.{key}")).unwrap_or_default().into_owned();
        self.report.good(&name, "identity", format!("{said}, {} {} {}", of("vendor"), of("firmware"), of("version")));
        self.report.good(&name, "firmware", format!("hash {}", of("hash")));
        let named = of("features");
        let speaks = self.self_test(&name, &named).map_err(|reason| ("self-test", reason.to_string(), SPEAKS))?;
        self.report.good(&name, "self-test", speaks);
        let role = if subject.is_at_backbone { "6lbr" } else { "6lr" };
        let install =
            format!("install role={role} channel={} pan_id={PAN_ID:#06x} ct={NO_TOOL} trigger=selection", self.channel);
        let psk = "0".repeat(32);
        for command in [&format!("manufacture anchor=psk psk={psk}"), &install, "start"] {
            self.order(&name, command).map_err(|reason| ("stack", reason.to_string(), SPEAKS))?;
        }
        let status = self.order(&name, "status").map_err(|reason| ("stack", reason.to_string(), SPEAKS))?;
        subject.link_local = status.text("ut.link_local").map(std::borrow::Cow::into_owned).filter(|text| text != "-");
        self.report.good(&name, "stack", format!("it runs as {role} on channel {}", self.channel));
        Ok(())
    }

    /// Whether a board speaks UT/1 as its table has it: nonsense first, then each question that may be asked of a device with these
    /// features.
    fn self_test(&mut self, board: &str, features: &str) -> Result<String, Unanswered> {
        let nonsense = self.ask(board, table::NONSENSE)?;
        match nonsense.text("ut.status").as_deref() {
            Some("unimplemented") => {}
            status => return Err(Unanswered::NotNonsense { status: status.unwrap_or("something").to_owned() }),
        }
        let mut told = Vec::new();
        for question in table::questions() {
            let answer = self.ask(board, question.name)?;
            if answer.text("ut.status").as_deref() == Some("unimplemented") && !table::is_due(question, features) {
                continue;
            }
            let answer = done(answer, question.name)?;
            if let Some(problem) = table::problems(question, |key| answer.text(&format!("ut.{key}"))).into_iter().next()
            {
                return Err(Unanswered::NotAsDocumented { problem });
            }
            told.push(format!("`{}`", question.name));
        }
        Ok(format!("it knows that it does not know nonsense, and tells {}", told.join(", ")))
    }

    /// Frames that a board sent, and those that nobody acknowledged.
    fn counters(&mut self, board: &str) -> Result<(u64, u64), Unanswered> {
        let counters = self.order(board, "counters")?;
        let of = |key: &str| counters.text(&format!("ut.{key}")).and_then(|text| text.parse().ok());
        of("sent").zip(of("no_ack")).ok_or(Unanswered::NotCounted)
    }

    /// Has one board send to another, whose radio must acknowledge it.
    fn reach(&mut self, from: &Subject, to: &Subject) {
        const REMEDY: &str = "set them nearer to each other, look at antennas and channel";
        let Some(address) = &to.link_local else { return };
        let reached = self.counters(&from.name).and_then(|before| {
            self.order(&from.name, &format!("echo dest={address}"))?;
            self.listen(SENT_WITHIN);
            let after = self.counters(&from.name)?;
            Ok((after.0.saturating_sub(before.0), after.1.saturating_sub(before.1)))
        });
        let check = "reach";
        match reached {
            Ok((0, _)) => {
                self.report.bad(&from.name, check, format!("it sends nothing to `{}`", to.name), "look at its stack")
            }
            Ok((_, 0)) => self.report.good(&from.name, check, format!("`{}` acknowledges its frames", to.name)),
            Ok(_) => {
                self.report.bad(&from.name, check, format!("`{}` does not acknowledge its frames", to.name), REMEDY)
            }
            Err(reason) => {
                self.report.bad(&from.name, check, format!("to `{}`: {reason}", to.name), "look at its upper tester")
            }
        }
    }

    /// Has the tester's radio send to a board, whose radio must acknowledge it.
    fn inject(&mut self, tester: &str, subject: &Subject) {
        const CHECK: &str = "reach";
        let Some(eui64) = self.eui64(subject) else { return };
        let end = |eui64| Address::new(PanId(PAN_ID), LinkAddress::Extended(eui64));
        let mut header = Header::new(end(eui64), end(Eui64([2, 0, 0, 0, 0, 0xd0, 0xc7, 0])), (self.seq & 0xff) as u8);
        header.ack_request = true;
        // No dispatch of 6LoWPAN: nobody makes anything of it.
        let Ok(psdu) = Frame::new(header, Content::Data(vec![0x00])).to_vec() else { return };
        self.seq += 1;
        let handle = u64::from(self.seq);
        let action =
            Action::Inject { radio: tester.to_owned(), handle, psdu: Octets(psdu), fcs: None, wrong_on_purpose: None };
        if let Err(error) = self.rack.act(&action) {
            return self.report.bad(tester, CHECK, error.to_string(), "look at the tester's radio");
        }
        let status = self.wait(SENT_WITHIN, |observation| match observation {
            Observation::TransmitStatus { handle: of, status, .. } if *of == handle => Some(*status),
            _ => None,
        });
        match status {
            Some(Ok(TransmitStatus::Success)) => {
                self.report.good(tester, CHECK, format!("`{}` acknowledges its frames", subject.name));
            }
            other => {
                let found = match other {
                    Some(Ok(TransmitStatus::ChannelAccessFailure)) => "the channel was never clear".to_owned(),
                    Some(Err(reason)) => reason.to_string(),
                    _ => format!("`{}` does not acknowledge its frames", subject.name),
                };
                self.report.bad(tester, CHECK, found, "set them nearer to each other, look at antennas and channel");
            }
        }
    }
}

/// An answer to a command that was carried out.
fn done(answer: Dissection, name: &str) -> Result<Dissection, Unanswered> {
    match (answer.text("ut.status").as_deref(), answer.text("ut.code").as_deref()) {
        (Some("ok"), _) => Ok(answer),
        (Some(status), code) => Err(Unanswered::Refused {
            command: name.to_owned(),
            status: status.to_owned(),
            code: code.map(str::to_owned),
        }),
        (None, _) => Err(Unanswered::NoUpperTester { command: name.to_owned() }),
    }
}
