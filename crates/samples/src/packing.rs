//! Compression with several members or frames.

use std::io::Write as _;

/// A compression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packing {
    /// None.
    Plain,
    /// gzip.
    Gzip,
    /// Zstandard.
    Zstd,
}

impl Packing {
    /// All compressions.
    pub const ALL: [Self; 3] = [Self::Plain, Self::Gzip, Self::Zstd];
}

/// Compresses into two members or frames, as parallel compressors do.
pub fn compress(packing: impl Into<Packing>, bytes: &[u8]) -> Vec<u8> {
    let (first, second) = bytes.split_at(bytes.len() / 2);
    match packing.into() {
        Packing::Plain => bytes.to_vec(),
        Packing::Gzip => [first, second].map(gzip).concat(),
        Packing::Zstd => [first, second]
            .map(|part| zstd::encode_all(part, 1).expect("zstd"))
            .concat(),
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).expect("gzip");
    encoder.finish().expect("gzip")
}
