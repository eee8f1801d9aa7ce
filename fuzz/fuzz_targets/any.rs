#![no_main]
//! Every target in one program: `BOOTRACK_FUZZ_TARGET` names the one that runs, and `list` has all names printed.

use std::sync::OnceLock;

static CHOSEN: OnceLock<fn(&[u8]) -> bool> = OnceLock::new();

fn choose() {
    let name = std::env::var("BOOTRACK_FUZZ_TARGET").unwrap_or_default();
    if name == "list" {
        bootrack_fuzz::TARGETS.iter().for_each(|(name, _)| println!("{name}"));
        std::process::exit(0);
    }
    let Some((_, target)) = bootrack_fuzz::TARGETS.iter().find(|(known, _)| *known == name) else {
        eprintln!("BOOTRACK_FUZZ_TARGET is `{name}`, which is no target; `list` prints all");
        std::process::exit(2);
    };
    CHOSEN.get_or_init(|| *target);
}

libfuzzer_sys::fuzz_target!(init: choose(), |data: &[u8]| {
    if let Some(target) = CHOSEN.get() {
        target(data);
    }
});
