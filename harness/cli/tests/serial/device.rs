//! The program that stands for a board.

use std::path::PathBuf;

/// The example `reference_device`.
pub(crate) fn reference_device() -> PathBuf {
    let own = std::env::current_exe().unwrap();
    let program = own.ancestors().nth(2).unwrap().join("examples/reference_device");
    assert!(program.is_file(), "{} is missing: cargo builds it with the tests", program.display());
    program
}
