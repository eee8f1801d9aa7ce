//! Prints what of `wire` and `dissect` the generated packets reach, and fails where the list of what they do not reach is not right:
//! `reach EXPORT` with what `llvm-cov export` wrote. `ci/coverage` runs it.

use std::path::Path;
use std::process::ExitCode;

use bootrack_differential::reach::{File, List, file, regions, source};

fn main() -> ExitCode {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let export = std::env::args_os().nth(1).expect("reach EXPORT");
    let export = std::fs::read(export).expect("the export of llvm-cov");
    let export = serde_json::from_slice(&export).expect("JSON");
    let files: Vec<File> = regions(&export)
        .iter()
        .map(|(path, regions)| {
            let text = std::fs::read_to_string(folder.join(source(path))).expect("a counted source");
            file(path, &text, regions)
        })
        .collect();
    let list = std::fs::read_to_string(folder.join("data/unreached.txt")).expect("data/unreached.txt");
    let found = List::parse(&list).compare(&files);

    println!("{:<36} {:>9} {:>9} {:>9} {:>9}", "file", "lines", "reached", "regions", "reached");
    let mut all = ((0, 0), (0, 0));
    for File { path, regions, lines, .. } in &files {
        println!("{path:<36} {:>9} {:>9} {:>9} {:>9}", lines.0, lines.1, regions.0, regions.1);
        all = ((all.0.0 + lines.0, all.0.1 + lines.1), (all.1.0 + regions.0, all.1.1 + regions.1));
    }
    println!("{:<36} {:>9} {:>9} {:>9} {:>9}", "all", all.0.0, all.0.1, all.1.0, all.1.1);
    println!("\nplaces on the list, by reason:");
    found.excused.iter().for_each(|(reason, count)| println!("{count:>6} {reason}"));
    if !found.unlisted.is_empty() {
        println!("\nnot reached, and not on the list:");
        for (line, place) in &found.unlisted {
            println!("{}:{line} | {} | {}", place.path, place.function, place.text);
        }
    }
    if !found.reached.is_empty() {
        println!("\non the list, but reached or gone:");
        found.reached.iter().for_each(|place| println!("{} | {} | {}", place.path, place.function, place.text));
    }
    println!(
        "\n{} places are not reached and not on the list; {} are on it that should not be",
        found.unlisted.len(),
        found.reached.len()
    );
    if found.unlisted.is_empty() && found.reached.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
