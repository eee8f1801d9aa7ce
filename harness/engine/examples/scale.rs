//! Commissions a grid of two hundred devices in random order, closes it and reaches its far end (suite `scale`), and prints
//! what that took: `cargo run --release -p bootrack-engine --example scale`. Ends with 1 if the case does not pass.

#[path = "../tests/built_in/common.rs"]
#[allow(dead_code, reason = "the tests use more of it")]
mod common;

use std::process::ExitCode;
use std::time::Instant;

use bootrack_engine::campaign::run_counted;
use record::Verdict;

fn main() -> ExitCode {
    let world = common::World::of(vec![suites::built_in::named("scale").expect("a built-in suite")]);
    let mut passed = true;
    for planned in world.planned(1) {
        let started = Instant::now();
        let (run, counted) = match run_counted(&planned, &world.setting) {
            Ok(counted) => counted,
            Err(reason) => {
                eprintln!("{}: {reason}", planned.case.id);
                return ExitCode::FAILURE;
            }
        };
        let wall = started.elapsed().as_secs_f64();
        let air = counted.air;
        let virtual_s = run.events.last().map_or(0, |event| event.t) / 1_000_000_000;
        println!("{}: {:?} {}", planned.case.id, run.verdict.verdict, run.verdict.reason);
        println!("devices        {}", planned.case.topology.boards.len() - 1);
        println!("virtual time   {virtual_s} s");
        println!("wall time      {wall:.1} s");
        println!("frames         {} and {} acknowledgements", air.frames, air.acknowledgements);
        println!("deliveries     {} ({:.0}/s)", air.deliveries, air.deliveries as f64 / wall);
        println!("events         {}", run.events.len());
        println!("memory         {} MB at most, events included", peak_memory_mb().unwrap_or_default());
        passed &= run.verdict.verdict == Verdict::Pass;
    }
    if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The largest resident set of this process so far, as Linux tells it; `None` elsewhere.
fn peak_memory_mb() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse::<u64>().ok().map(|kib| kib / 1024)
}
