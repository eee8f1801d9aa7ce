#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    bootrack_fuzz::coap_exchange(data);
});
