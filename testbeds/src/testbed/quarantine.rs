//! Boards that nobody shall rely on for a while: why, who looks after it, and until when.

use std::time::SystemTime;

/// A board's quarantine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quarantine {
    /// Why.
    pub reason: String,
    /// Who looks after it.
    pub owner: String,
    /// Its last day, UTC: `2026-12-31`.
    pub until: String,
}

impl Quarantine {
    /// Whether it holds on a day (`2026-12-31`).
    pub fn holds_on(&self, day: &str) -> bool {
        // Years have four digits, months and days two: the order of the text is that of the days.
        day <= self.until.as_str()
    }

    /// Whether it holds today.
    pub fn holds(&self) -> bool {
        self.holds_on(&today())
    }
}

/// Today, UTC: the first ten characters of the time by RFC 3339.
fn today() -> String {
    humantime::format_rfc3339_seconds(SystemTime::now()).to_string().chars().take(10).collect()
}

#[cfg(test)]
mod tests {
    use super::{Quarantine, today};

    #[test]
    fn it_holds_to_the_end_of_its_last_day() {
        let quarantine = Quarantine { reason: String::new(), owner: String::new(), until: "2026-12-31".to_owned() };
        assert!(quarantine.holds_on("2026-11-30") && quarantine.holds_on("2026-12-31"));
        assert!(!quarantine.holds_on("2027-01-01"));
        assert!(today().len() == 10 && today().as_str() > "2026-01-01", "{}", today());
    }
}
