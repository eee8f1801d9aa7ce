//! Captures of foreign programs: the dissector and tshark read the same values.

use bootrack_differential::compare::foreign;
use bootrack_differential::tshark::has_tshark;

#[test]
fn foreign_captures_have_the_same_values_here_and_in_tshark() {
    if has_tshark() {
        foreign().report("foreign captures");
    }
}
