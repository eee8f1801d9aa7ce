//! Captures of foreign programs: the dissector and tshark read the same values.

use bootrack_differential::compare::foreign;
use bootrack_differential::stacks;
use bootrack_differential::tshark::has_tshark;

#[test]
fn foreign_captures_have_the_same_values_here_and_in_tshark() {
    if has_tshark() {
        foreign().report("foreign captures");
    }
}

#[test]
fn captures_of_running_stacks_have_the_same_values_here_and_in_tshark() {
    if has_tshark() {
        stacks::without_keys().report("running stacks, without keys");
        let all = stacks::with_keys();
        all.report("running stacks, with keys");
        for field in ["wpan.mic", "6lowpan.reassembled.length", "icmpv6.rpl.dio.rank", "icmpv6.echo.identifier", "coap.code"] {
            assert!(all.equal.contains_key(field), "{field} was never compared");
        }
    }
}
