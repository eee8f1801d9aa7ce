//! Times as a person reads them: how far apart two events are, and where one lies seen from the other.

/// `4.2 s`, `180 ms`: how far apart two times (nanoseconds since the case began) are.
pub(super) fn apart(a: u64, b: u64) -> String {
    let nanoseconds = a.abs_diff(b);
    match nanoseconds {
        0 => "0 s".to_owned(),
        1..1_000 => format!("{nanoseconds} ns"),
        1_000..1_000_000 => decimal(nanoseconds, 1_000, "us"),
        1_000_000..1_000_000_000 => decimal(nanoseconds, 1_000_000, "ms"),
        _ => decimal(nanoseconds, 1_000_000_000, "s"),
    }
}

/// `4.2 s after the order`: where `t` lies, seen from `reference`, which is called `what`.
pub(super) fn offset(t: u64, reference: u64, what: &str) -> String {
    match t {
        _ if t == reference => format!("at the time of {what}"),
        _ if t > reference => format!("{} after {what}", apart(t, reference)),
        _ => format!("{} before {what}", apart(t, reference)),
    }
}

/// All of them, as they are counted.
pub(super) fn nanoseconds(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// With a decimal below a hundred of the unit.
fn decimal(nanoseconds: u64, unit: u64, name: &str) -> String {
    let tenths = nanoseconds.saturating_mul(10).saturating_add(unit / 2) / unit;
    match tenths {
        ..1000 if !tenths.is_multiple_of(10) => format!("{}.{} {name}", tenths / 10, tenths % 10),
        _ => format!("{} {name}", tenths / 10),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[rstest::rstest]
    #[case(0, "0 s")]
    #[case(999, "999 ns")]
    #[case(1_500, "1.5 us")]
    #[case(180_000_000, "180 ms")]
    #[case(4_240_000_000, "4.2 s")]
    #[case(60_000_000_000, "60 s")]
    #[case(132_400_000_000, "132 s")]
    fn a_time_is_short(#[case] nanoseconds: u64, #[case] text: &str) {
        assert_eq!(apart(nanoseconds, 0), text);
        assert_eq!(apart(5, 5 + nanoseconds), text);
    }

    #[test]
    fn an_offset_says_from_what() {
        assert_eq!(offset(3_000_000_000, 1_000_000_000, "the order"), "2 s after the order");
        assert_eq!(offset(1_000_000_000, 3_100_000_000, "the order"), "2.1 s before the order");
        assert_eq!(offset(7, 7, "the order"), "at the time of the order");
    }
}
