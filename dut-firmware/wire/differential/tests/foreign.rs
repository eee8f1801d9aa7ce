//! Captures of foreign programs: the dissector and tshark read the same values.

use bootrack_differential::captures::{CAPTURES, capture, capture_path};
use bootrack_differential::compare::{Comparison, compare, dissect};
use bootrack_differential::tshark::has_tshark;

#[test]
fn foreign_captures_have_the_same_values_here_and_in_tshark() {
    if !has_tshark() {
        return;
    }
    let mut all = Comparison::default();
    for name in CAPTURES {
        let (link_type, frames) = capture(name);
        all.add(compare(&capture_path(name), &dissect(&frames, link_type)));
    }
    all.report("foreign captures");
}
