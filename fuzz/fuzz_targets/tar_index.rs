//! See `probes::archive`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| probes::archive(bytes));
