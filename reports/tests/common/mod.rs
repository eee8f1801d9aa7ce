//! A run as a lab would see it: passes, a failure with a nearest miss, a lost board, an undelivered stimulus, a case that
//! did not run and one that does not apply.
#![allow(dead_code, reason = "each test file uses a part")]

mod log;

use std::collections::BTreeMap;
use std::time::Duration;

use bootrack_reports::{CaseInput, ClauseText, Clauses, PduSummary, RunInput};
use record::Octets;
use record::event::{Action, Event, Key, Observation, TransmitStatus, What};
use record::manifest::{CaseResult, DeviceState, Named, RUN_SCHEMA, RunManifest};
use record::verdict::{Blame, FieldMiss, NearestMiss, StepOutcome, Verdict};
use suites::plan::{Board, Case, Iut, Origin, Part, Point, Role, State, Step, StepKind, Topology};
use suites::vocabulary::Stations;

use log::Log;

/// What a case's evidence is made of.
pub(crate) struct Evidence {
    pub(crate) case: Case,
    pub(crate) events: Vec<Event>,
    pub(crate) pdus: Vec<PduSummary>,
}

/// A run with its evidence.
pub(crate) struct Fixture {
    pub(crate) manifest: RunManifest,
    pub(crate) clauses: Clauses,
    pub(crate) evidence: BTreeMap<String, Evidence>,
}

impl Fixture {
    pub(crate) fn input(&self) -> RunInput<'_> {
        let mut cases = Vec::new();
        for result in &self.manifest.cases {
            if let Some(Evidence { case, events, pdus }) = self.evidence.get(&result.id) {
                cases.push(CaseInput {
                    result,
                    case: Some(case),
                    events,
                    pdus: pdus.clone(),
                    exposures: exposures(),
                    bootstraps: bootstraps(),
                    stations: Stations::of(authenticator::Registry::default().infos()),
                });
            }
        }
        RunInput { manifest: &self.manifest, clauses: self.clauses.clone(), cases }
    }
}

fn ms(milliseconds: u64) -> u64 {
    milliseconds * 1_000_000
}

fn start(log: &mut Log, id: &str) {
    log.event(What::CaseStarted { schema: "bootrack-events/1".into(), case: id.into(), seed: Octets(vec![0x5a; 32]) });
}

const KEY: &str = "000102030405060708090a0b0c0d0e0f";

/// The preamble that all cases share; steps 0 to 6.
fn preamble(log: &mut Log, id: &str) {
    start(log, id);
    log.step(0);
    log.ut(
        "dut",
        "> 1 hello nonce=5d0c9a7e",
        "< 1 ok nonce=5d0c9a7e protocol=UT/1 vendor=Bootrack firmware=node state=factory",
    );
    log.step(1);
    log.ut("dut", "> 2 frobnicate", "< 2 unimplemented");
    log.step(2);
    let request = format!("> 3 manufacture anchor=psk psk={KEY}");
    log.ut("dut", &request, "< 3 ok");
    log.step(3);
    log.ut("router", "> 1 install role=6lr channel=26 pan_id=0xb007 ct=fd00:c0::c7", "< 1 ok");
    log.step(4);
    log.ut("dut", "> 4 install role=6lr channel=26 pan_id=0xb007 ct=fd00:c0::c7 parent=70b3d5b007000002", "< 4 ok");
    log.step(5);
    log.power("router", true);
    log.after(61_000);
    log.says("router", "! booted t=0");
    log.air("router", "all", "nd.rs", "router solicitation", false, 1);
    log.air("lbr", "router", "nd.ra", "fd00:b007::/64, ABRO v1", false, 1);
    log.step(6);
    log.after(40_000);
    log.power("dut", true);
    log.after(58_000);
    log.says("dut", "! booted t=0");
    log.air("dut", "all", "nd.rs", "router solicitation", false, 1);
    log.air("router", "dut", "nd.ra", "fd00:b007::/64, ABRO v1", false, 1);
}

fn steps(body: &[(&str, Option<&str>)]) -> Vec<Step> {
    let preamble = [
        (Part::EntryCheck, "check dut hello", None),
        (Part::EntryCheck, "do ut dut frobnicate (unimplemented)", None),
        (Part::Preamble, "do ut dut manufacture anchor=psk psk=$dut.psk", Some("manufacture")),
        (Part::Preamble, "do ut router install role=6lr", Some("install")),
        (Part::Preamble, "do ut dut install role=6lr parent=$router.eui64", Some("install")),
        (Part::Preamble, "do power_on router", None),
        (Part::Body, "do power_on dut", None),
    ];
    let body = body.iter().map(|(text, procedure)| (Part::Body, *text, *procedure));
    let step = |(part, text, procedure): (Part, &str, Option<&str>)| Step {
        part,
        text: text.into(),
        clauses: Vec::new(),
        procedure: procedure.map(str::to_owned),
        kind: StepKind::Wait { duration: Duration::from_secs(1) },
    };
    preamble.into_iter().chain(body).map(step).collect()
}

fn topology() -> Topology {
    let board = |name: &str, role| Board { name: name.into(), role };
    Topology {
        text: "line: ct lbr router dut".into(),
        boards: vec![
            board("ct", Role::BackboneStation),
            board("lbr", Role::BorderRouter),
            board("router", Role::Router),
            board("dut", Role::Router),
        ],
        links: vec![(0, 1), (1, 2), (2, 3)],
        routing: suites::plan::Routing::Tree,
    }
}

fn case(id: &str, phase: &str, purpose: &str, clauses: &[&str], steps: Vec<Step>) -> Case {
    let (base, row) = id.split_once('@').unwrap_or((id, ""));
    Case {
        id: id.into(),
        base: base.into(),
        suite: "selective-order".into(),
        phase: phase.into(),
        purpose: purpose.into(),
        clauses: clauses.iter().map(|it| (*it).to_owned()).collect(),
        pics: vec!["SEL_6LR".into()],
        topology: topology(),
        params: row.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned())).into_iter().collect(),
        kills: vec!["jsr-eui64-reversed".into()],
        oracle: Some(if id.contains("JSR") { Vec::new() } else { vec!["tshark".into(), "openssl".into()] }),
        table: None,
        iut: Iut::default(),
        entry: Some(State::Installed),
        exit: Some(State::Secured),
        security_level: suites::plan::PROFILE_LEVEL,
        device: suites::device::DeviceFacts::default(),
        steps,
        monitors: suites::monitor::Monitors::default(),
        origin: Origin { file: "selective-order.toml".into(), line: 41 },
    }
}

fn outcome(
    step: usize,
    verdict: Verdict,
    expected: &str,
    seen: &str,
    evidence: &[u64],
    from_to: (u64, u64),
) -> StepOutcome {
    StepOutcome {
        step,
        verdict,
        reason: String::new(),
        expected: expected.into(),
        seen: seen.into(),
        evidence: evidence.to_vec(),
        nearest_miss: None,
        started: Some(from_to.0),
        ended: Some(from_to.1),
    }
}

/// Outcomes of the preamble, all passed.
fn preamble_outcomes(log: &Log) -> Vec<StepOutcome> {
    let starts: Vec<(usize, u64, u64)> = log
        .events
        .iter()
        .filter_map(|event| match event.what {
            What::StepStarted { step } if step <= 6 => Some((step, event.t, event.n)),
            _ => None,
        })
        .collect();
    let outcome_of = |(step, at, n): (usize, u64, u64)| {
        let (expected, seen) = match step {
            0 => ("ut.protocol UT/1, the nonce echoed", "UT/1, 5d0c9a7e"),
            1 => ("unimplemented", "unimplemented"),
            5 | 6 => ("", "on"),
            _ => ("ok", "ok"),
        };
        outcome(step, Verdict::Pass, expected, seen, &[n + 2], (at, at + 3_100_000))
    };
    starts.into_iter().map(outcome_of).collect()
}

fn device_state(declared: &str, read: &str) -> DeviceState {
    DeviceState { declared: declared.into(), read: read.into() }
}

fn result(case: &Case, verdict: Verdict, steps: Vec<StepOutcome>, log: &Log) -> CaseResult {
    let digest = |text: &str| record::sha256_hex(format!("{}{text}", case.id).as_bytes());
    let ran = !matches!(verdict, Verdict::NotRun | Verdict::NotApplicable);
    let digests = ["events.jsonl", "capture.pcapng"].into_iter().filter(|_| ran);
    CaseResult {
        id: case.id.clone(),
        suite: case.suite.clone(),
        phase: case.phase.clone(),
        purpose: case.purpose.clone(),
        clauses: case.clauses.clone(),
        oracle: case.oracle.clone(),
        table: case.table.clone(),
        verdict,
        blame: None,
        blamed: None,
        reason: String::new(),
        deciding_step: None,
        deciding_clauses: Vec::new(),
        evidence: Vec::new(),
        steps,
        entry_state: ran.then(|| device_state("installed", "state=installed secured=0 all_secured=0")),
        exit_state: ran.then(|| device_state("secured", "state=secured secured=1 all_secured=0 key_index=1")),
        seed: record::sha256_hex(case.id.as_bytes()),
        duration: log.now,
        digests: digests.map(|name| (name.to_owned(), digest(name))).collect(),
        own: None,
        violations: Vec::new(),
        watched: BTreeMap::new(),
        earlier_tries: Vec::new(),
    }
}

const JSR_STEP: &str = "expect sel.jsr from dut within 5s where sel.status = 0, sel.eui64 = $dut.eui64, ipv6.hlim = 64";
const JSR_EXPECTED: &str =
    "sel.jsr from dut: sel.status 0, sel.eui64 70:b3:d5:b0:07:00:00:03, ipv6.hlim 64, sel.registration_lifetime 0";

/// A device that joins; the whole key transfer if `whole`.
fn joining(id: &str, phase: &str, purpose: &str, clauses: &[&str], whole: bool) -> (Evidence, CaseResult) {
    let mut body = vec![(JSR_STEP, None)];
    if whole {
        body.extend([
            ("do ct select $dut.eui64", Some("select")),
            ("expect dtls.client_hello from lbr to router within 2s", None),
            ("expect ut keyed from dut within 10s", Some("key_transfer")),
            ("expect sel.ssr from dut within 2s where wpan.security = 1", None),
            ("never sel.jsr from dut during 30s", None),
        ]);
    }
    let case = case(id, phase, purpose, clauses, steps(&body));
    let mut log = Log::default();
    preamble(&mut log, id);
    let mut outcomes = preamble_outcomes(&log);
    let at = log.now;
    log.step(7);
    log.after(1_980_000);
    let jsr = log.air("dut", "router", "sel.jsr", "EUI-64 70:b3:d5:b0:07:00:00:03, hop limit 64", false, 1);
    outcomes.push(outcome(7, Verdict::Pass, JSR_EXPECTED, "as expected", &jsr, (at, log.now)));
    log.air("router", "lbr", "sel.jsr", "EUI-64 70:b3:d5:b0:07:00:00:03, hop limit 63", false, 1);
    log.backbone("lbr", "ct", "sel.jsr", "EUI-64 70:b3:d5:b0:07:00:00:03, hop limit 62");
    let mut evidence = jsr;
    if whole {
        let at = log.now;
        log.step(8);
        log.order("select 70b3d5b007000003");
        outcomes.push(outcome(8, Verdict::Pass, "done", "done", &[], (at, log.now)));
        let at = log.now;
        log.step(9);
        for (down, message, info, frames) in [
            (true, "dtls.client_hello", "PSK CCM_8", 2),
            (false, "dtls.hello_verify_request", "cookie 16 octets", 1),
            (true, "dtls.client_hello", "with cookie", 2),
            (false, "dtls.server_hello", "0xC0A8, hint, done", 2),
            (true, "dtls.client_key_exchange", "finished", 2),
            (false, "dtls.finished", "", 1),
            (true, "coap.put", "/coap-key2, content-format 256", 2),
            (false, "coap.response", "2.04", 1),
        ] {
            if down {
                log.backbone("ct", "lbr", message, info);
                log.air("lbr", "router", message, info, false, frames);
                let hop = log.air("router", "dut", message, info, false, frames);
                if message == "dtls.client_hello" && info == "PSK CCM_8" {
                    outcomes.push(outcome(9, Verdict::Pass, "dtls.client_hello", "as expected", &hop, (at, log.now)));
                    log.step(10);
                }
            } else {
                log.air("dut", "router", message, info, false, frames);
                log.air("router", "lbr", message, info, false, frames);
                log.backbone("lbr", "ct", message, info);
            }
        }
        log.event(What::KeyLearnt(Key::Link { index: 1, key: Octets(vec![7; 16]) }));
        let keyed = log.says("dut", "! keyed t=3120 index=1");
        outcomes.push(outcome(10, Verdict::Pass, "keyed index=1", "as expected", &[keyed], (at, log.now)));
        let at = log.now;
        log.step(11);
        let ssr = log.air("dut", "router", "sel.ssr", "lifetime 60 min", true, 1);
        outcomes.push(outcome(11, Verdict::Pass, "sel.ssr from dut, secured", "as expected", &ssr, (at, log.now)));
        let at = log.now;
        log.step(12);
        log.ut("dut", "> 5 ping", "< 5 ok");
        log.after(30_000_000);
        let last = log.ut("dut", "> 6 ping", "< 6 ok");
        outcomes.push(outcome(
            12,
            Verdict::Pass,
            "no sel.jsr from dut for 30 s",
            "none; dut alive before and after",
            &[last],
            (at, log.now),
        ));
        evidence.extend(ssr);
        evidence.push(last);
    }
    log.event(What::CaseEnded);
    let mut result = result(&case, Verdict::Pass, outcomes, &log);
    result.evidence = evidence;
    (Evidence { case, events: log.events, pdus: log.pdus }, result)
}

fn failing(id: &str) -> (Evidence, CaseResult) {
    let purpose = "A joining node asks the CT to be secured with a well-formed JSR.";
    let (mut evidence, mut result) =
        joining(id, "bootstrap", purpose, &["SEL-5.3.1-3", "SEL-5.3.1-7", "PROFILE-SEL-2"], false);
    let jsr = result.evidence.clone();
    for pdu in evidence.pdus.iter_mut().filter(|pdu| pdu.message == "sel.jsr") {
        pdu.info = pdu.info.replace("70:b3:d5:b0:07:00:00:03", "03:00:00:07:b0:d5:b3:70");
        for (right, wrong) in [("limit 64", "limit 255"), ("limit 63", "limit 254"), ("limit 62", "limit 253")] {
            pdu.info = pdu.info.replace(right, wrong);
        }
    }
    result.verdict = Verdict::Fail;
    result.blame = Some(Blame::Device);
    result.reason = "the first sel.jsr from dut differs from what was expected in sel.eui64 and ipv6.hlim".into();
    result.deciding_step = Some(7);
    result.deciding_clauses = vec!["SEL-5.3.1-7".into(), "PROFILE-SEL-2".into()];
    let step = result.steps.last_mut().unwrap();
    step.verdict = Verdict::Fail;
    step.reason = result.reason.clone();
    step.seen = "sel.jsr from dut: sel.eui64 03:00:00:07:b0:d5:b3:70, ipv6.hlim 255".into();
    let field = |field: &str, expected: &str, seen: &str| FieldMiss {
        field: field.into(),
        expected: expected.into(),
        seen: seen.into(),
    };
    step.nearest_miss = Some(NearestMiss {
        evidence: jsr,
        fields: vec![
            field("sel.eui64", "70:b3:d5:b0:07:00:00:03 ($dut.eui64)", "03:00:00:07:b0:d5:b3:70"),
            field("ipv6.hlim", "64", "255"),
        ],
    });
    evidence.case.kills = vec!["jsr-eui64-reversed".into(), "jsr-hop-limit".into()];
    (evidence, result)
}

fn erring(id: &str) -> (Evidence, CaseResult) {
    let (mut evidence, mut result) = joining(
        id,
        "operation",
        "A secured node answers a secured SSR at most once a second.",
        &["SEL-5.3.4-2", "PROFILE-SEL-5"],
        false,
    );
    let end = evidence.events.pop().unwrap();
    let n = end.n;
    let reason = "the console closed and its probe does not answer".to_owned();
    let lost = Observation::BoardLost { board: "router".into(), reason };
    evidence.events.push(Event { n, t: end.t + ms(812), what: What::Observation(lost) });
    evidence.events.push(Event { n: n + 1, t: end.t + ms(813), what: What::CaseEnded });
    result.verdict = Verdict::Error;
    result.blame = Some(Blame::Rack);
    result.reason = "board router was lost during step 8: the console closed and its probe does not answer".into();
    result.deciding_step = Some(7);
    result.evidence = vec![n];
    result.duration += ms(813);
    let step = result.steps.last_mut().unwrap();
    step.verdict = Verdict::Error;
    step.reason = result.reason.clone();
    step.seen = "nothing".into();
    step.evidence = vec![n];
    (evidence, result)
}

fn undecided(id: &str) -> (Evidence, CaseResult) {
    let (mut evidence, mut result) =
        joining(id, "maintenance", "A plain frame on a secured link is refused in silence.", &["SEL-5.3.3-2"], false);
    let end = evidence.events.pop().unwrap();
    let (n, t) = (end.n, end.t);
    let inject = Action::Inject {
        radio: "tester".into(),
        handle: 1,
        psdu: Octets(vec![0x41; 62]),
        fcs: None,
        wrong_on_purpose: Some("not secured although the link is".into()),
    };
    let status = Observation::TransmitStatus { radio: "tester".into(), handle: 1, status: TransmitStatus::NoAck };
    evidence.events.push(Event { n, t: t + ms(10), what: What::Action(inject) });
    for retry in 1..=4u64 {
        let frame =
            Observation::Frame { sniffer: "sniffer".into(), channel: 26, psdu: Octets(vec![0x41; 64]), rssi_dbm: -77 };
        evidence.events.push(Event { n: n + retry, t: t + ms(10 + 5 * retry), what: What::Observation(frame) });
    }
    evidence.events.push(Event { n: n + 5, t: t + ms(35), what: What::Observation(status) });
    evidence.events.push(Event { n: n + 6, t: t + ms(5035), what: What::DeadlineReached { step: 7 } });
    evidence.events.push(Event { n: n + 7, t: t + ms(5035), what: What::CaseEnded });
    evidence.pdus.push(PduSummary {
        events: (n + 1..=n + 4).collect(),
        time: t + ms(30),
        point: Point::Air,
        from: "tester".into(),
        to: "dut".into(),
        message: "icmpv6.echo_request".into(),
        info: "id 7, sequence 1".into(),
        secured: false,
        wrong_on_purpose: Some("not secured although the link is".into()),
    });
    evidence.case.topology.boards.push(Board { name: "tester".into(), role: Role::RadioStation });
    evidence.case.topology.links.push((3, 4));
    result.verdict = Verdict::Inconclusive;
    result.blame = Some(Blame::Rack);
    result.reason =
        "the stimulus of step 8 was sent four times and never acknowledged, so the silence of dut says nothing".into();
    result.deciding_step = Some(7);
    result.evidence = vec![n + 1, n + 2, n + 3, n + 4, n + 5, n + 6];
    result.duration = t + ms(5035);
    let step = result.steps.last_mut().unwrap();
    step.verdict = Verdict::Inconclusive;
    step.expected = "an increase of ut.refused_unsecured by 1 within 5 s".into();
    step.seen = "no acknowledgement of the stimulus".into();
    step.evidence = result.evidence.clone();
    (evidence, result)
}

fn unstarted(
    id: &str,
    verdict: Verdict,
    phase: &str,
    purpose: &str,
    clauses: &[&str],
    reason: &str,
) -> (Evidence, CaseResult) {
    let case = case(id, phase, purpose, clauses, steps(&[(JSR_STEP, None)]));
    let mut result = result(&case, verdict, Vec::new(), &Log::default());
    result.reason = reason.into();
    (Evidence { case, events: Vec::new(), pdus: Vec::new() }, result)
}

fn clauses() -> Clauses {
    let clause = |id: &str, level: &str, text: &str, class: &str| {
        (id.to_owned(), ClauseText { level: level.into(), text: text.into(), class: class.into() })
    };
    [
        clause("SEL-4-6", "should", "Key confidentiality: the layer-2 key travels encrypted so that only the device being commissioned can decrypt it.", "tested"),
        clause("SEL-4-3", "should", "Device authorisation: the commissioner can decide whether an authenticated device may be part of the secure network.", "untestable: a requirement on the commissioner's decision; here the commissioner is the tester"),
        clause("SEL-5.3.1-3", "must", "A node that wants to join sends a Join Secure Request to the CT over the mesh.", "tested"),
        clause("SEL-5.3.1-7", "must", "The JSR carries the EUI-64 of the joining node.", "tested"),
        clause("SEL-5.3.3-2", "must", "A plain packet that comes over a secured link is discarded.", "tested"),
        clause("SEL-5.3.4-2", "must", "A secured node that receives a secured SSR marks the link secured and answers with one of its own.", "tested"),
        clause("SEL-5.3.5-1", "must", "After the close a secured node talks to secured neighbours only.", "tested"),
        clause("SEL-5.4-9", "should", "The network key can be changed while the network runs.", "tested"),
        clause("SEL-6-2", "may", "The device authenticates itself with a certificate.", "later: certificates"),
        clause("PROFILE-SEL-2", "profile", "The EUI-64 is in canonical order: neither the reversed octets of the MAC header nor an interface identifier.", "tested"),
        clause("PROFILE-SEL-5", "profile", "A keyed receiver answers each secured SSR at most once a second even if the link is marked already.", "tested"),
    ]
    .into_iter()
    .collect()
}

/// The run.
pub(crate) fn sample() -> Fixture {
    let whole = "A selected device takes the network key over DTLS and tells its neighbour by a secured SSR.";
    let jsr = "A joining node asks the CT to be secured with a well-formed JSR.";
    let cases = vec![
        joining(
            "SEL-MAN-01",
            "manufacture",
            "A device in factory state stays silent until it is installed.",
            &["SEL-5.3.1-3"],
            false,
        ),
        joining("SEL-JSR-01@channel=11", "bootstrap", jsr, &["SEL-5.3.1-3", "SEL-5.3.1-7"], false),
        failing("SEL-JSR-01@channel=26"),
        joining(
            "SEL-JSR-02",
            "bootstrap",
            "An unsecured device repeats its JSR with growing pauses.",
            &["SEL-5.3.1-3"],
            false,
        ),
        joining("SEL-KEY-01", "bootstrap", whole, &["SEL-4-6", "SEL-5.3.4-2"], true),
        joining("SEL-KEY-02", "bootstrap", "A key transfer survives the loss of any one datagram.", &["SEL-4-6"], true),
        joining("SEL-SSR-01", "operation", "A keyed node marks the link on a secured SSR.", &["SEL-5.3.4-2"], true),
        erring("SEL-SSR-02"),
        undecided("SEL-REF-01"),
        joining(
            "SEL-REF-02",
            "maintenance",
            "A frame below level 5 on a secured link is refused in silence.",
            &["SEL-5.3.3-2"],
            true,
        ),
        unstarted(
            "SEL-CERT-01",
            Verdict::NotApplicable,
            "bootstrap",
            "A device with a certificate proves its key.",
            &["SEL-6-2"],
            "the device does not claim SEL_CERTIFICATE",
        ),
        unstarted(
            "SEL-CLOSE-01",
            Verdict::NotRun,
            "decommissioning",
            "After the close a plain JSR is no longer relayed.",
            &["SEL-5.3.5-1"],
            "",
        ),
    ];
    let named = |name: &str| Named { name: name.into(), sha256: record::sha256_hex(name.as_bytes()) };
    let map = |pairs: &[(&str, &str)]| pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
    let (evidence, results): (Vec<_>, Vec<_>) = cases.into_iter().unzip();
    let manifest = RunManifest {
        schema: RUN_SCHEMA.into(),
        id: "2026-03-14T091502Z-4f1c".into(),
        started: "2026-03-14T09:15:02Z".into(),
        wall_seconds: Some("1.84".into()),
        version: "0.1.0".into(),
        command: ["run", "SEL-*", "--testbed", "virtual", "--seed", "7"].map(str::to_owned).to_vec(),
        seed: 7,
        testbed: named("built-in virtual"),
        suites: vec![named("built-in selective-order"), named("built-in profile")],
        pics: named("built-in reference"),
        pixit: named("built-in reference"),
        pics_values: [("SEL_6LR", true), ("SEL_6LBR", false), ("SEL_PSK", true), ("SEL_CERTIFICATE", false)]
            .into_iter()
            .map(|(symbol, claimed)| (symbol.to_owned(), claimed))
            .collect(),
        pixit_values: map(&[("jsr_trigger", "boot"), ("ct_address", "fd00:c0::c7"), ("dut_psk", KEY)]),
        device: map(&[
            ("vendor", "Acme"),
            ("firmware", "meshnode"),
            ("version", "2.4.1"),
            ("hash", "9b1c7e0a55d2f3e8"),
            ("eui64", "70b3d5b007000003"),
            ("roles", "6lr"),
            ("features", "sel,psk"),
        ]),
        tested: "the reference device on the virtual rack".to_owned(),
        mutant: None,
        fake: None,
        identity: map(&[
            ("laboratory", "Example Test House"),
            ("operator", "A. Tester"),
            ("equipment", "virtual rack"),
        ]),
        warnings: vec!["PICS symbol SEL_REPEAT_JSR has no answer: SEL-JSR-02 is selected".into()],
        cases: results,
    };
    let evidence = evidence.into_iter().map(|it| (it.case.id.clone(), it)).collect();
    Fixture { manifest, clauses: clauses(), evidence }
}

/// Two bootstraps, one of a device that tells nothing of its work.
fn bootstraps() -> Vec<bootrack_reports::Bootstrap> {
    let told = bootrack_reports::Bootstrap {
        board: "<b>dut</b>".to_owned(),
        anchor: "PSK",
        hops: 1,
        frames: 15,
        acknowledgements: 14,
        octets: 1441,
        airtime: ms(52),
        datagrams: 11,
        fragments: 8,
        handshake: Some(ms(55)),
        duration: Some(ms(74)),
        work: Some(bootrack_reports::DeviceWork {
            aes_blocks: 36,
            sha256_blocks: 96,
            point_multiplications: 0,
            buffer_octets: 285,
        }),
        radio_energy: 772_800,
        computing_energy: Some(65_700),
        ..Default::default()
    };
    let silent = bootrack_reports::Bootstrap { hops: 2, work: None, computing_energy: None, ..told.clone() };
    vec![told, silent]
}

/// What a listener heard in every case of the sample.
fn exposures() -> Vec<bootrack_reports::Exposure> {
    let exposure = |kind, value: &str, count, first| {
        let value = value.to_owned();
        bootrack_reports::Exposure { kind, value, count, first }
    };
    vec![
        exposure("EUI-64 in a MAC header", "70b3d5b007000002", 12, 3),
        exposure("EUI-64 in a MAC header", "70b3d5b007000003", 9, 5),
        exposure("PSK identity", "<b>70b3d5b007000003</b>", 1, 7),
    ]
}
