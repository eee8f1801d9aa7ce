//! Boards in QEMU: what they keep over power cuts and resets, and what becomes of a rack whose board dies.
//!
//! Without QEMU or the firmware (`ci/firmware` builds it) these tests are left out with a line on stderr; with the environment
//! variable `CI` set they fail.

use std::path::PathBuf;
use std::time::Duration;

use bootrack_testbeds::testbed::{Attachment, BoardRequest, Device, RackRequest, Testbed};
use bootrack_testbeds::{Rack, VirtualRack};
use input::Source;
use record::event::{Action, Observation};

fn firmware() -> Option<PathBuf> {
    let firmware = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../target/firmware/mps2-an386.elf"));
    let has_qemu = std::process::Command::new("qemu-system-arm").arg("--version").output().is_ok();
    if firmware.is_file() && has_qemu {
        return Some(firmware);
    }
    assert!(std::env::var_os("CI").is_none(), "QEMU or its firmware is missing, and CI must not leave tests out");
    eprintln!("SKIPPED: QEMU or its firmware is missing");
    None
}

fn rack(firmware: &std::path::Path) -> VirtualRack {
    let text = format!("name = \"t\"\nbackend = \"qemu\"\n[qemu]\nfirmware = {firmware:?}\nboards = [\"dut\"]\n");
    let testbed = Testbed::load(&Source { name: "t".to_owned(), text }).unwrap();
    let boards = vec![
        BoardRequest { name: "dut", attachment: Attachment::Board { is_at_backbone: false } },
        BoardRequest { name: "radio", attachment: Attachment::Radio },
    ];
    let request = RackRequest {
        boards,
        links: &[(0, 1)],
        device: Device::Reference,
        channel: 26,
        loss_percent: 0,
        seed: [7; 32],
    };
    testbed.rack_for(&request).unwrap()
}

fn power(on: bool) -> Action {
    Action::Power { board: "dut".to_owned(), on }
}

fn say(rack: &mut VirtualRack, line: &str) {
    rack.act(&Action::UpperTester { board: "dut".to_owned(), line: line.to_owned() }).unwrap();
}

/// The first observation that is wanted, within twenty seconds of real time.
#[track_caller]
fn wait_for(rack: &mut VirtualRack, wanted: impl Fn(&Observation) -> bool) -> Observation {
    let until = rack.now() + Duration::from_secs(20);
    let mut seen = Vec::new();
    while let Some(observation) = rack.next(until).unwrap() {
        if wanted(&observation) {
            return observation;
        }
        seen.push(observation);
    }
    panic!("not among {seen:?}");
}

#[track_caller]
fn wait_for_line(rack: &mut VirtualRack, begin: &str) -> String {
    let is_it = |observation: &Observation| matches!(observation, Observation::UpperTester { line, .. } if line.starts_with(begin));
    match wait_for(rack, is_it) {
        Observation::UpperTester { line, .. } => line,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_board_keeps_what_it_stored_over_a_reset_and_a_power_cut_and_draws_new_randomness() {
    let Some(firmware) = firmware() else { return };
    let mut rack = rack(&firmware);
    rack.act(&power(true)).unwrap();
    assert!(wait_for_line(&mut rack, "! booted").contains("state=factory"));
    say(&mut rack, "> 1 manufacture anchor=psk psk=000102030405060708090a0b0c0d0e0f");
    assert_eq!(wait_for_line(&mut rack, "< 1"), "< 1 ok");
    let first = rack.process_id("dut").unwrap();
    rack.act(&Action::Reset { board: "dut".to_owned() }).unwrap();
    assert!(wait_for_line(&mut rack, "! booted").contains("state=manufactured"));
    assert_eq!(rack.process_id("dut"), Some(first), "a reset leaves the power on");
    rack.act(&power(false)).unwrap();
    assert_eq!(rack.process_id("dut"), None);
    assert!(!PathBuf::from(format!("/proc/{first}")).exists(), "a process without power");
    rack.act(&power(true)).unwrap();
    assert!(wait_for_line(&mut rack, "! booted").contains("state=manufactured"));
    say(&mut rack, "> 2 factory_reset");
    wait_for_line(&mut rack, "< 2 ok");
    assert!(wait_for_line(&mut rack, "! booted").contains("state=factory"), "it restarts by itself, erased");
    let last = rack.process_id("dut").unwrap();
    drop(rack);
    assert!(!PathBuf::from(format!("/proc/{last}")).exists(), "a process that outlives its rack");
}

#[test]
fn a_board_whose_process_dies_is_lost() {
    let Some(firmware) = firmware() else { return };
    let mut rack = rack(&firmware);
    rack.act(&power(true)).unwrap();
    wait_for_line(&mut rack, "! booted");
    let process = rack.process_id("dut").unwrap().to_string();
    assert!(std::process::Command::new("kill").args(["-9", &process]).status().unwrap().success());
    let lost = wait_for(&mut rack, |observation| matches!(observation, Observation::BoardLost { .. }));
    assert!(
        matches!(&lost, Observation::BoardLost { board, reason } if board == "dut" && reason.contains("emulator")),
        "{lost:?}"
    );
    // It is off; switched on again it is there again.
    assert_eq!(rack.process_id("dut"), None);
    rack.act(&power(true)).unwrap();
    wait_for_line(&mut rack, "! booted");
}

#[test]
fn time_passes_as_on_the_wall() {
    let Some(firmware) = firmware() else { return };
    let mut rack = rack(&firmware);
    rack.act(&power(true)).unwrap();
    wait_for_line(&mut rack, "! booted");
    let (begun, from) = (std::time::Instant::now(), rack.now());
    while rack.next(from + Duration::from_millis(300)).unwrap().is_some() {}
    assert!(begun.elapsed() >= Duration::from_millis(290), "{:?}", begun.elapsed());
    assert_eq!(rack.now(), from + Duration::from_millis(300));
}
