//! What the benchmarks share. Each prints its figures as lines of the table in `docs/performance.md`.

pub mod grid;
pub mod traffic;

use std::fmt;
use std::time::{Duration, Instant};

/// Prints a figure: what it is of, the number, its unit and the aim, if there is one.
pub fn figure(what: &str, number: f64, unit: &str, aim: Option<&dyn fmt::Display>) {
    let aim = aim.map(|aim| format!("  (aim: {aim})")).unwrap_or_default();
    println!("{what:<58} {:>14} {unit}{aim}", grouped(number));
}

/// `1234567.8` as `1,234,568`; numbers below 100 keep two digits behind the point.
fn grouped(number: f64) -> String {
    if number.abs() < 100.0 {
        return format!("{number:.2}");
    }
    let digits = format!("{number:.0}");
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// Wall time, and time on a processor: on a machine that does other things too, the second says what the code takes.
#[derive(Debug, Clone, Copy, Default)]
pub struct Spent {
    /// Wall time.
    pub wall: Duration,
    /// Time that this thread was on a processor; wall time where the kernel does not tell.
    pub processor: Duration,
}

impl Spent {
    /// What `work` takes.
    pub fn on(work: impl FnOnce()) -> Self {
        let (wall, processor) = (Instant::now(), on_processor());
        work();
        let wall = wall.elapsed();
        let processor = processor.and_then(|before| Some(on_processor()? - before)).unwrap_or(wall);
        Self { wall, processor }
    }
}

/// The first number of Linux's `schedstat`, nanoseconds.
fn on_processor() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    Some(Duration::from_nanos(text.split_whitespace().next()?.parse().ok()?))
}

/// The middle one of `values`; 0 of none.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}
