//! Runs the corpus of the fuzz targets through the same functions, without a fuzzer.

#![expect(
    clippy::print_stderr,
    reason = "whoever sees a test fail sees with which file"
)]

use std::fs;
use std::path::Path;

/// The least number of files of each corpus.
const FEW: usize = 10;
/// The largest size of all corpora, in bytes: they are in the repository.
const ALL: usize = 200_000;

#[test]
fn every_file_of_every_corpus_holds() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus");
    let mut all = 0;
    for (name, probe) in probes::ALL {
        let files = fs::read_dir(folder.join(name)).expect("a corpus");
        let mut paths: Vec<_> = files.map(|file| file.expect("a file").path()).collect();
        paths.sort();
        assert!(paths.len() >= FEW, "{name} has {}", paths.len());
        for path in paths {
            let bytes = fs::read(&path).expect("a file");
            eprintln!("{}", path.display());
            probe(&bytes);
            all += bytes.len();
        }
    }
    assert!(all <= ALL, "{all} bytes");
}

#[test]
fn every_probe_has_a_target() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz");
    let manifest = fs::read_to_string(folder.join("Cargo.toml")).expect("a manifest");
    for (name, _) in probes::ALL {
        assert!(manifest.contains(&format!("name = \"{name}\"")), "{name}");
        let target = fs::read_to_string(folder.join(format!("fuzz_targets/{name}.rs")));
        assert!(target.expect("a target").contains("probes::"), "{name}");
    }
}
