#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    bootrack_fuzz::ipv4_packet(data);
});
