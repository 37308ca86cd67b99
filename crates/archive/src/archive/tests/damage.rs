//! Truncated and otherwise damaged archives.

use super::*;

#[test]
fn truncated_files_say_where_they_end() {
    let tar = sample().classic();
    assert_eq!(
        complaint(&tar[..2048 + 100]),
        "is truncated: at least 2460 bytes are missing, from `v1-0/layer.tar` on"
    );
    let first = complaint(&tar[..300]);
    assert_eq!(
        first,
        "is truncated: 212 bytes of the first header are missing"
    );
    for compression in [Compression::Gzip, Compression::Zstd] {
        let whole = compress(compression, &tar);
        for length in [20, whole.len() / 3, whole.len() / 2 + 9, whole.len() - 1] {
            let found = complaint(&whole[..length]);
            assert!(found.starts_with("is truncated: "), "{found}");
        }
    }
}

#[test]
fn a_truncated_tar_is_never_whole() {
    let tar = image(vec![Tar::new().file("a", vec![1; 3000]).bytes()]).classic();
    // The manifest's last block, `repositories` and the end marker are not needed.
    let needed = tar
        .windows(13)
        .rposition(|bytes| bytes == b"manifest.json")
        .expect("manifest");
    for length in (1..=needed + 512)
        .step_by(509)
        .chain((1..=needed + 512).step_by(512))
    {
        let found = complaint(&tar[..length]);
        assert!(
            found.contains("truncated") || found.contains("not an image archive"),
            "{length}: {found}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn damage_is_an_error_or_the_same_image(at in any::<prop::sample::Index>(), byte: u8, whole in 0..3_usize) {
        let sample = image(vec![Tar::new().file("a", "b").bytes()]);
        let good = compress(ALL[whole], &sample.oci(Compression::Gzip));
        let mut bytes = good.clone();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if let Ok(archive) = OnDisk::new(&bytes).open() {
            for image in archive.images() {
                if archive.verify(image).is_ok() {
                    prop_assert_eq!(image.image_id, sample.image_id());
                }
            }
        }
    }

    #[test]
    fn bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..3000), whole in 0..3_usize) {
        let _ = OnDisk::new(&compress(ALL[whole], &bytes)).open();
    }
}
