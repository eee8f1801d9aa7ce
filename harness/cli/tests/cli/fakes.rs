//! No case passes against a device that is none.

use rstest::rstest;

use crate::common::{Bundle, every_case, text};

#[rstest]
fn no_case_passes_against_a_fake(#[values("dead", "babbling", "refusing", "liar")] fake: &str) {
    let run = Bundle::run(["--fake", fake, "--json"]);
    assert!(matches!(run.outcome.code, Some(1 | 3 | 4)), "{fake}: exit {:?}", run.outcome.code);
    let summary = run.outcome.json();
    let cases = summary["cases"].as_array().unwrap();
    assert_eq!(cases.len(), every_case().len());
    for case in cases {
        assert_ne!(case["verdict"], "pass", "{fake} passes {}", case["id"]);
        assert!(!text(&case["reason"]).is_empty(), "{fake}: {} ends without a reason", case["id"]);
    }
    // What a fake leaves is evidence as well.
    run.call("judge", &[]).expect(0);
}
