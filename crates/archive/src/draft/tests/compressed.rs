//! Layers that are compressed on the way.

use super::*;

#[test]
fn layers_are_compressed_one_by_one_and_bear_their_own_digest() {
    let sample = sample();
    let whole = canonical(&take(&sample.classic()).expect("takes").1);
    for compress in [Compress::Gzip, Compress::Zstd(3)] {
        let options = Options {
            compress: Some(compress),
            ..Options::default()
        };
        let (file, stack) = take_as(&sample.classic(), &options).expect("takes");
        assert!(file.bytes().len() < whole.len() / 10, "smaller");
        assert!(
            file.bytes()
                == take_as(&sample.classic(), &options)
                    .expect("takes")
                    .0
                    .bytes(),
            "the same twice"
        );
        for (layer, bytes) in stack.image().layers.iter().zip(&sample.layers) {
            assert_eq!(layer.compression, compress.compression());
            assert_eq!(layer.tar_size(), Some(bytes.len() as u64));
            let start = usize::try_from(layer.offset).expect("small");
            let end = start + usize::try_from(layer.stored_size).expect("small");
            let stored = &file.bytes()[start..end];
            let name = blob_name(digest_of(stored));
            assert!(
                file.bytes()
                    .windows(name.len())
                    .any(|bytes| bytes == name.as_bytes())
            );
        }
        // Uncompressed again, it equals the original.
        let plain = Options {
            compress: Some(Compress::None),
            ..Options::default()
        };
        assert!(take_as(&file.bytes(), &plain).expect("takes").0.bytes() == whole);
    }
}

#[test]
fn what_is_compressed_on_the_way_is_looked_into_without_being_read_again() {
    let (_, both) = on_base();
    let mut out = tempfile::tempfile().expect("a file");
    let options = Options {
        compress: Some(Compress::Zstd(1)),
        ..Options::default()
    };
    let keep: Keep = &|path| path == "etc/os-release";
    let mut draft =
        Draft::from_stream(&both.classic()[..], &mut out, WHAT, &options, keep).expect("takes");
    // The archive's bytes are not read: there are none.
    let stack = OnDisk::new(&both.oci(Compression::None)).stack();
    let files = draft.root_fs(stack, keep).expect("files");
    assert_eq!(files.list(""), ["big", "etc", "new"]);
    let text = files.read("etc/os-release", 100).expect("read");
    assert_eq!(text.as_deref(), Some(&b"ID=test\n"[..]));
}
