//! All built-in cases with the reference device, and every mutant in the cases that name it, over links that lose frames:
//! `cargo run --release -p bootrack-engine --example lossy [ATTEMPTS] [SEED]`. Prints what came of them by the share of frames that
//! arrive, verdict and blame; ends with 1 if a right device fails, too much stays open, or too few wrong devices are caught.

#[path = "../tests/built_in/census.rs"]
mod census;
#[path = "../tests/built_in/common.rs"]
#[allow(dead_code, reason = "the tests use more of it")]
mod common;

use std::process::ExitCode;
use std::time::Instant;

use bootrack_engine::mutant::Mutant;
use record::Verdict;

/// The share of frames that arrive, and how many of a hundred attempts may stay open.
const LEVELS: [(f64, f64); 4] = [(0.95, 3.0), (0.9, 8.0), (0.8, 20.0), (0.7, 40.0)];

/// At this share each mutant has so many attempts to be caught, and so many of a hundred must be.
const MUTANTS: (f64, u32, usize) = (0.95, 5, 90);

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1).map(|text| text.parse::<u32>());
    let (Ok(attempts), Ok(seed)) = (arguments.next().unwrap_or(Ok(20)), arguments.next().unwrap_or(Ok(1))) else {
        eprintln!("usage: lossy [ATTEMPTS] [SEED]: two numbers");
        return ExitCode::from(2);
    };
    let started = Instant::now();
    let mut holds = true;
    println!("delivery  verdict       blame   attempts  share");
    for (delivery, most_open) in LEVELS {
        let world = census::lossy_world(delivery);
        let planned: Vec<_> = (1..=attempts).flat_map(|number| world.attempts(seed.into(), number)).collect();
        let census = census::census(&world, &planned);
        let all = census.attempts();
        for ((verdict, blame), count) in &census.counts {
            let (verdict, blame) = (verdict.name(), blame.map_or("-", record::Blame::name));
            println!(
                "{delivery:<8}  {verdict:<12}  {blame:<6}  {count:>8}  {:>5.2} %",
                100.0 * *count as f64 / all as f64
            );
        }
        println!("{delivery:<8}  in all                {all:>8}  in {} tries", census.tries);
        census.wrong.iter().for_each(|line| println!("          {line}"));
        holds &= census.wrong.is_empty() && census.percent(Verdict::Inconclusive) <= most_open;
    }
    let (delivery, attempts, least) = MUTANTS;
    let mutants: Vec<Mutant> = Mutant::all().collect();
    let killed = census::killed(&census::lossy_world(delivery), &mutants, seed.into(), attempts);
    let survivors = mutants.iter().map(|mutant| mutant.name()).filter(|name| !killed.contains(name));
    println!("{delivery:<8}  {} of {} mutants killed in {attempts} attempts, not:", killed.len(), mutants.len());
    survivors.for_each(|name| println!("          {name}"));
    holds &= killed.len() * 100 >= mutants.len() * least;
    println!("{:.0} s", started.elapsed().as_secs_f64());
    if holds { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
