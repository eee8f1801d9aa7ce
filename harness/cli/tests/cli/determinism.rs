//! The same seed leaves the same bytes, whatever else runs beside a case.

use std::fs;

use crate::common::{Bundle, side_by_side};
use crate::sample::sampled;

const EVIDENCE: [&str; 2] = ["events.jsonl", "capture.pcapng"];

/// The evidence of every case.
fn evidence(run: &Bundle) -> Vec<(String, &'static str, Vec<u8>)> {
    let cases = run.cases();
    let pairs = cases.iter().flat_map(|case| EVIDENCE.map(|name| (case.clone(), name)));
    pairs.map(|(case, name)| (case.clone(), name, fs::read(run.file(&case, name)).unwrap())).collect()
}

#[test]
fn the_same_seed_leaves_the_same_bytes_with_one_job_and_with_two() {
    let alone = evidence(&Bundle::run(["--seed", "7", "--jobs", "1"]));
    let beside = evidence(Bundle::of_seed_seven());
    assert!(alone.len() >= 30, "{} files of evidence", alone.len());
    assert_eq!(alone.len(), beside.len());
    for (one, two) in alone.iter().zip(&beside) {
        assert!(one == two, "{} of {} differs", one.1, one.0);
    }
}

#[test]
fn a_case_that_is_selected_alone_leaves_the_same_bytes() {
    let full = Bundle::of_seed_seven();
    side_by_side(&sampled("cases selected alone", &[]), |case| {
        let alone = Bundle::run(["--seed", "7", case]);
        assert_eq!(alone.cases(), std::slice::from_ref(case));
        for name in EVIDENCE {
            let (before, now) = (fs::read(full.file(case, name)).unwrap(), fs::read(alone.file(case, name)).unwrap());
            assert!(before == now, "{name} of {case} differs when the case is selected alone");
        }
    });
}

#[test]
fn another_seed_leaves_other_bytes_in_every_file() {
    let seven = evidence(Bundle::of_seed_seven());
    let first = evidence(Bundle::of_seed_one());
    assert_eq!(seven.len(), first.len());
    for (one, two) in seven.iter().zip(&first) {
        assert_eq!((&one.0, one.1), (&two.0, two.1));
        assert!(one.2 != two.2, "{} of {} is the same with another seed", one.1, one.0);
    }
}
