//! Gives the firmware its hash, so that the evidence says exactly what was tested. The upper tester tells it in `hello`.

#[path = "build/hash.rs"]
mod hash;

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Where the lock of the build is, if not at the root of the project: the boards have one of their own.
const LOCK: &str = "BOOTRACK_CARGO_LOCK";

fn main() -> io::Result<()> {
    let root = Path::new("../..");
    let lock = env::var_os(LOCK).map_or_else(|| root.join("Cargo.lock"), PathBuf::from);
    println!("cargo::rerun-if-env-changed={LOCK}");
    for path in hash::watched(root).iter().chain([&lock]) {
        println!("cargo::rerun-if-changed={}", path.display());
    }
    let features: BTreeSet<String> = env::vars_os()
        .filter_map(|(key, _)| Some(key.to_str()?.strip_prefix("CARGO_FEATURE_")?.to_lowercase().replace('_', "-")))
        .filter(|feature| feature != "default")
        .collect();
    let digits = hash::device_hash(root, &features, &fs::read_to_string(&lock)?)?;
    println!("cargo::rustc-env=BOOTRACK_FIRMWARE_HASH={digits}");
    Ok(())
}
