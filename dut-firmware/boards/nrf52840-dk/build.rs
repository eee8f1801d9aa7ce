//! Writes the memory map where the linker finds it: the DK's image begins at 0, the dongle's behind its boot loader.

use std::path::PathBuf;

/// Flash in octets.
const FLASH: usize = 0x10_0000;
/// The last pages of the image's flash are the store's; see src/flash.rs.
const STORE: usize = 0x1_0000;
const PAGE: usize = 0x1000;

fn main() {
    let is_dongle = std::env::var_os("CARGO_FEATURE_DONGLE").is_some();
    // The dongle: Nordic's MBR in the first page, its boot loader from 0xe0000 on.
    let (begin, end) = if is_dongle { (PAGE, 0xe_0000) } else { (0, FLASH) };
    let store = end - STORE;
    let map = format!(
        "MEMORY\n{{\n  FLASH : ORIGIN = {begin:#x}, LENGTH = {:#x}\n  RAM : ORIGIN = 0x20000000, LENGTH = 256K\n}}\n\
         __store_begin = {store:#x};\n__store_end = {end:#x};\n",
        store - begin
    );
    let out = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    std::fs::write(out.join("memory.x"), map).expect("the memory map can be written");
    println!("cargo:rustc-link-search={}", out.display());
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rustc-link-arg=-Tlink.x");
    println!("cargo:rustc-link-arg=-Tdefmt.x");
}
