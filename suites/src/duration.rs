//! Durations as people write them: a number and a unit, `5s`, `200ms`, `1.5m`.

use std::time::Duration;

/// Units and their nanoseconds, longest name first where one ends like another.
const UNITS: [(&str, u64); 6] = [
    ("ns", 1),
    ("us", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

/// What a message says about a duration that cannot be read.
pub const DURATION_HELP: &str = "write a number and a unit: ns, us, ms, s, m or h, as in \"5s\", \"200ms\", \"1.5m\"";

/// Reads `5s`, `200ms`, `1.5m`; `None` if it is no duration. Up to nine decimals; at most about 584 years.
pub fn parse(text: &str) -> Option<Duration> {
    let split = text.find(|c: char| !(c.is_ascii_digit() || c == '.'))?;
    let (number, unit) = text.split_at(split);
    let scale = UNITS.iter().find(|(name, _)| *name == unit)?.1;
    let (whole, decimals) = number.split_once('.').unwrap_or((number, "0"));
    if whole.is_empty() || decimals.is_empty() || decimals.len() > 9 || decimals.contains('.') {
        return None;
    }
    let fraction =
        u128::from(decimals.parse::<u64>().ok()?) * u128::from(scale) / 10u128.pow(u32::try_from(decimals.len()).ok()?);
    let nanoseconds = u128::from(whole.parse::<u64>().ok()?) * u128::from(scale) + fraction;
    u64::try_from(nanoseconds).ok().map(Duration::from_nanos)
}

/// Reads a duration, or a sum of some: `60s+5s`, `1s-50ms`, as they come of `$pixit.NAME+5s`. A sum below zero is none.
pub fn parse_sum(text: &str) -> Option<Duration> {
    let mut sum = Duration::ZERO;
    let mut rest = text;
    let mut adds = true;
    loop {
        let end = rest.find(['+', '-']).unwrap_or(rest.len());
        let term = parse(rest.get(..end)?)?;
        sum = if adds { sum.checked_add(term)? } else { sum.checked_sub(term)? };
        let Some(sign) = rest.get(end..).and_then(|rest| rest.chars().next()) else { return Some(sum) };
        adds = sign == '+';
        rest = rest.get(end + 1..)?;
    }
}

/// Writes a duration in the largest unit that needs no decimals.
pub fn show(duration: Duration) -> String {
    let nanoseconds = duration.as_nanos();
    let (name, scale) =
        UNITS.iter().rev().find(|(_, scale)| nanoseconds.is_multiple_of(u128::from(*scale))).unwrap_or(&UNITS[0]);
    if nanoseconds == 0 { "0s".to_owned() } else { format!("{}{name}", nanoseconds / u128::from(*scale)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_need_a_number_and_a_known_unit() {
        assert_eq!(parse("5s"), Some(Duration::from_secs(5)));
        assert_eq!(parse("200ms"), Some(Duration::from_millis(200)));
        assert_eq!(parse("1m"), Some(Duration::from_secs(60)));
        assert_eq!(parse("1.5s"), Some(Duration::from_millis(1500)));
        assert_eq!(parse("2.4us"), Some(Duration::from_nanos(2400)));
        for bad in
            ["", "5", "s", "5 s", "-5s", "5sec", ".5s", "5.s", "1.2.3s", "99999999999999999999s", "9999999h", "5S"]
        {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn durations_add_up() {
        assert_eq!(parse_sum("60s+5s"), Some(Duration::from_secs(65)));
        assert_eq!(parse_sum("1s-50ms+1s"), Some(Duration::from_millis(1950)));
        assert_eq!(parse_sum("5s"), parse("5s"));
        for bad in ["", "+5s", "5s+", "1s-2s", "5s+x", "5s--1s"] {
            assert_eq!(parse_sum(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_shown_duration_reads_back() {
        for text in ["5s", "200ms", "1m", "90s", "1h", "7ns", "1500us"] {
            assert_eq!(show(parse(text).unwrap()), text);
        }
        assert_eq!(show(parse("1.5s").unwrap()), "1500ms");
        assert_eq!(show(Duration::ZERO), "0s");
    }
}
