//! Image tars: index, read files, verify, compose.
