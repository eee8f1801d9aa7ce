//! `bootrack monitor`: the monitors over a capture from the field, without a rack.

use std::time::Duration;

use dissect::Dissection;
use engine::monitors::{CaptureCase, CaptureWatch};
use record::verdict::Watched;
use serde_json::json;
use suites::monitor::Monitor;

use super::dissect::{dissect_packet, dissector_of, no_capture};
use crate::arguments::Monitor as Arguments;
use crate::captures::Capture;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::inputs;
use crate::output::{self, say};

pub(crate) fn monitor(arguments: &Arguments) -> Result<Exit, Failure> {
    let loaded = inputs::load(&[], arguments.pics.as_deref(), arguments.pixit.as_deref())?;
    let capture = Capture::open(&arguments.file).map_err(no_capture)?;
    let mut dissector = dissector_of(&capture, arguments.keys.as_deref())?;
    dissector.set_trailer(arguments.fcs.trailer());
    let monitors = loaded.monitors.applicable(&loaded.pics);
    let of = CaptureCase::new(arguments.dut, monitors.clone(), arguments.profile);
    let mut watch = CaptureWatch::new(&of);
    let mut dissection = Dissection::default();
    let end = capture.packets(|packet| {
        dissector.set_time(packet.at.map(Duration::from_nanos));
        let (is_dissected, _) = dissect_packet(&mut dissector, &mut dissection, packet);
        if is_dissected {
            watch.see(packet.number, packet.at, packet.bytes, &dissection);
        }
    });
    let end = end.map_err(no_capture)?;
    let (watched, violations) = (watch.watched(), watch.violations());
    let tally = |monitor: &&Monitor| watched.get(&monitor.id).copied().unwrap_or_default();
    let judged: u64 = watched.values().map(|watched| watched.judged).sum();
    let mine = || monitors.iter().filter(|monitor| monitor.iut.is_device());
    if arguments.json {
        let entry = |monitor: &Monitor| {
            let Watched { named, judged, violations } = tally(&monitor);
            json!({
                "id": monitor.id, "clauses": monitor.clauses, "named": named, "judged": judged,
                "violations": violations, "of_profile": monitor.is_of_profile(),
            })
        };
        output::json(&json!({
            "schema": "bootrack-monitor/1", "packets": end.packets, "sent": watch.sent(), "judged": judged,
            "monitors": mine().map(entry).collect::<Vec<_>>(), "violations": violations, "broken_off": end.broken_off,
        }));
    } else {
        say!("{:<28} {:>7} {:>7} {:>11}", "monitor", "judged", "n/a", "violations");
        for monitor in mine().filter(|monitor| tally(monitor).named > 0) {
            let Watched { named, judged, violations } = tally(&monitor);
            say!("{:<28} {judged:>7} {:>7} {violations:>11}", monitor.id, named - judged);
        }
        for violation in &violations {
            let frames: Vec<String> = violation.evidence.iter().map(u64::to_string).collect();
            let decides = if violation.decides { "" } else { " (of the profile alone)" };
            let clauses = violation.clauses.join(", ");
            say!("\nframe {}: {}{decides}: {}", frames.join(", "), violation.monitor, violation.reason);
            say!("  breaks {clauses}");
        }
        let idle = mine().filter(|monitor| tally(monitor).named == 0).count();
        let found = violations.len();
        say!(
            "\n{} packets, {} of them sent by {}: {judged} judgements, {found} violations; {idle} monitors had nothing to judge",
            end.packets,
            watch.sent(),
            arguments.dut.with_colons()
        );
    }
    if let Some(reason) = end.broken_off {
        return Err(Failure::usage_with_help(
            format!("{}: {reason}", arguments.file.display()),
            format!("the {} packets before that were read", end.packets),
        ));
    }
    Ok(if violations.iter().any(|violation| violation.decides) {
        Exit::Failed
    } else if watch.sent() == 0 {
        Exit::Nothing
    } else if judged == 0 {
        Exit::Inconclusive
    } else {
        Exit::Passed
    })
}
