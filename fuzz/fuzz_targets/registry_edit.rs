//! See `probes::registry`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| probes::registry(bytes));
