#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    bootrack_fuzz::tls_session(data);
});
