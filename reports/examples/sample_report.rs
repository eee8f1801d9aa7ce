//! Writes a sample report into `target/sample-report`: every verdict, with and without evidence.
//! `cargo run -p bootrack-reports --example sample_report`

#[path = "../tests/common/mod.rs"]
mod common;

use std::error::Error;
use std::fs;
use std::path::Path;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/sample-report");
    let sample = common::sample();
    for file in bootrack_reports::html::render_run(&sample.input())? {
        let path = folder.join(&file.path);
        fs::create_dir_all(path.parent().ok_or("a file stands in a folder")?)?;
        fs::write(path, file.contents)?;
    }
    fs::write(folder.join("junit.xml"), bootrack_reports::junit::write(&sample.manifest)?)?;
    println!("{}", folder.join("index.html").display());
    Ok(())
}
