//! Gives the firmware its hash: SHA-256 over the sources that make the device, so that the evidence says exactly what was
//! tested. The upper tester tells it in `hello`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

/// The crates that make the device, from this crate's folder.
const SOURCES: [&str; 3] = ["../wire/src", "../protocols/src", "src"];

fn main() -> io::Result<()> {
    let mut hash = Sha256::new();
    for folder in SOURCES {
        println!("cargo::rerun-if-changed={folder}");
        let mut files = Vec::new();
        collect(Path::new(folder), &mut files)?;
        files.sort();
        for file in files {
            hash.update(file.to_string_lossy().as_bytes());
            hash.update([0]);
            hash.update(fs::read(&file)?);
        }
    }
    let digits: String = hash.finalize().iter().map(|octet| format!("{octet:02x}")).collect();
    println!("cargo::rustc-env=BOOTRACK_FIRMWARE_HASH={digits}");
    Ok(())
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    Ok(())
}
