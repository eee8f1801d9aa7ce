//! Sequence counters that begin like a straight line and go round in a circle then (RFC 6550 section 7.2).

/// SEQUENCE_WINDOW.
const WINDOW: u8 = 16;

/// The counter after `value`.
pub(crate) fn next(value: u8) -> u8 {
    match value {
        127 => 0,
        value => value.wrapping_add(1),
    }
}

/// Whether `one` is newer than `other`; `false` too if they cannot be compared.
pub(crate) fn is_newer(one: u8, other: u8) -> bool {
    let ahead = one.wrapping_sub(other);
    match (one >= 128, other >= 128) {
        // Rule 1: one is in its straight part, the other in its circle.
        (true, false) => other.wrapping_sub(one) > WINDOW,
        // Rule 2: within the window, RFC 1982 on the 7 bits of the circle.
        (false, false) => (1..=WINDOW).contains(&(ahead & 0x7f)),
        // Rule 1 the other way round, and plain order on the line.
        (false, true) | (true, true) => (1..=WINDOW).contains(&ahead),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::example_of_7_2(240, 5, true)]
    #[case::its_other_side(5, 240, false)]
    #[case::second_example_of_7_2(250, 5, false)]
    #[case::its_other_side_too(5, 250, true)]
    #[case::on_the_line(241, 240, true)]
    #[case::not_itself(240, 240, false)]
    #[case::out_of_the_window_on_the_line(146, 129, false)]
    #[case::the_line_begins_at_128(128, 5, true)]
    #[case::its_other_side_as_well(5, 128, false)]
    #[case::round_the_circle(1, 127, true)]
    #[case::too_far_apart(60, 10, false)]
    fn counters_compare_as_in_7_2(#[case] one: u8, #[case] other: u8, #[case] newer: bool) {
        assert_eq!(is_newer(one, other), newer);
    }

    #[test]
    fn a_counter_goes_from_its_line_into_its_circle_and_round_it() {
        let mut value = 240;
        for _ in 0..1000 {
            assert!(is_newer(next(value), value), "{value}");
            value = next(value);
            assert!(!(128..=240).contains(&value));
        }
    }
}
