//! What the benchmarks share. Each prints its figures as lines of the table in `docs/performance.md`.

pub mod grid;

use std::fmt;

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
