//! `bootrack testbed doctor`: a page that a technician can act on.

use serde_json::json;
use testbeds::doctor::{self, Report};
use testbeds::testbed::Device;
use testbeds::virtual_rack::Fake;

use crate::arguments::Doctor;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::inputs;
use crate::output::{self, say};

pub(crate) fn doctor(arguments: &Doctor) -> Result<Exit, Failure> {
    let (testbed, source) = inputs::testbed(arguments.testbed.as_deref())?;
    let device = arguments.fake.map_or(Device::Reference, |fake| Device::Fake(Fake::from(fake)));
    let report = doctor::examine(&testbed, device, arguments.channel, [7; 32], engine::scenery::is_port);
    if arguments.json {
        let findings: Vec<_> = report
            .findings
            .iter()
            .map(|finding| {
                json!({
                    "part": finding.part, "check": finding.check, "good": finding.is_good, "found": finding.found,
                    "remedy": finding.remedy,
                })
            })
            .collect();
        output::json(&json!({ "schema": "bootrack-doctor/1", "testbed": testbed.name, "findings": findings }));
    } else {
        print(&testbed.name, &source.name, &report);
    }
    Ok(if report.is_good() { Exit::Passed } else { Exit::Error })
}

fn print(name: &str, file: &str, report: &Report) {
    say!("testbed {name} ({file})");
    let mut part = "";
    for finding in &report.findings {
        if finding.part != part {
            part = &finding.part;
            say!("\n{part}");
        }
        let mark = if finding.is_good { "ok  " } else { "BAD " };
        say!("  {mark} {:<10} {}", finding.check, finding.found);
        if !finding.is_good {
            say!("       -> {}", finding.remedy);
        }
    }
    let bad = report.findings.iter().filter(|finding| !finding.is_good).count();
    say!();
    match bad {
        0 => say!("{} checks, all well", report.findings.len()),
        bad => say!("{} checks, {bad} of them bad: begin with the first", report.findings.len()),
    }
}
