#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    bootrack_fuzz::ipv6_reassembly(data);
});
