#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    bootrack_fuzz::frame(data);
});
