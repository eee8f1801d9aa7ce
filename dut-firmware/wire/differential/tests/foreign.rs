//! Captures of foreign programs: the dissector and tshark read the same values.

use bootrack_differential::captures::{WITH_FCS, WITHOUT_FCS, capture, capture_path};
use bootrack_differential::compare::{Comparison, compare, dissect};
use bootrack_differential::tshark::has_tshark;

#[test]
fn foreign_captures_have_the_same_values_here_and_in_tshark() {
    if !has_tshark() {
        return;
    }
    let mut all = Comparison::default();
    for name in ["thread-join.pcap", "fcs.pcap", "nofcs.pcap", "sec.pcap"] {
        let (link_type, frames) = capture(name);
        assert!(matches!(link_type, WITH_FCS | WITHOUT_FCS));
        all.add(compare(&capture_path(name), &dissect(&frames, link_type == WITH_FCS)));
    }
    all.report("foreign captures");
}
