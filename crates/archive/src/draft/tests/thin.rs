//! Archives that leave out the layers of a base.

use super::*;
use failure::{Code, Reported as _};

fn thin_on(base: &TestImage) -> Options {
    thin_on_stack(&OnDisk::new(&base.classic()).stack())
}

fn thin_on_stack(base: &Stack) -> Options {
    Options {
        base: Some(ThinBase::new("the-base".into(), base)),
        ..Options::default()
    }
}

#[test]
fn a_thin_archive_leaves_its_base_out_and_finds_it_again() {
    let (base, both) = on_base();
    let (full_file, full) = take(&both.classic()).expect("takes");
    for compress in [None, Some(Compress::None), Some(Compress::Zstd(3))] {
        let options = Options {
            compress,
            ..thin_on(&base)
        };
        let (file, thin) = take_as(&both.classic(), &options).expect("takes");
        assert!(file.bytes().len() < 20_000, "{}", file.bytes().len());
        let image = thin.image();
        assert!(image.is_thin());
        let said = image.base.as_ref().expect("a base");
        assert_eq!(
            (said.name.as_str(), said.image_id),
            ("the-base", base.image_id())
        );
        thin.archive()
            .verify(image)
            .expect("what it holds is whole");
        assert_eq!(thin.lacks(), Some(0));
        let mut nowhere = Vec::new();
        let error = compose(&[choice(&thin, 0)], Reads::All, &mut nowhere).expect_err("no base");
        assert!(
            error.to_string().contains("leaves layer 1 of 2 ("),
            "{error}"
        );
        assert_eq!(error.code(), Code::Archive);
        // A reader that has the base needs no other archive.
        compose(&[choice(&thin, 1)], Reads::All, &mut Vec::new()).expect("composes");
        assert!(RootFs::open(thin.clone()).is_err());
        for stored in [Compression::None, Compression::Gzip] {
            let below = OnDisk::new(&base.oci(stored)).stack();
            let stack = thin.clone().on(below);
            assert_eq!(stack.lacks(), None);
            let mut composed = Vec::new();
            compose(&[choice(&stack, 0)], Reads::All, &mut composed).expect("composes");
            let again = OnDisk::new(&composed).stack();
            again.archive().verify(again.image()).expect("whole");
            assert_eq!(again.image().image_id, both.image_id());
            let files = RootFs::open(stack.clone()).expect("files");
            assert_eq!(files.list(""), ["big", "etc", "new"]);
            // Whole again, it equals an archive that was never thin.
            let whole = OnDisk::new(b"");
            let mut out = File::options()
                .write(true)
                .open(whole.path())
                .expect("file");
            let draft = Draft::from_stack(&stack, &mut out, &Options::default(), &|_| false);
            draft
                .expect("takes")
                .seal(&mut out, &full.image().tags)
                .expect("seals");
            let whole = whole.stack();
            whole.archive().verify(whole.image()).expect("whole");
            assert!(!whole.image().is_thin());
            if stored == Compression::None && compress != Some(Compress::Zstd(3)) {
                assert!(full_file.bytes() == canonical(&whole));
            }
        }
        let other = OnDisk::new(&sample().classic()).stack();
        assert_eq!(thin.clone().on(other).lacks(), Some(0), "a replaced base");
    }
}

#[test]
fn what_is_left_out_is_read_in_the_base_unless_somebody_else_does() {
    let (base, both) = on_base();
    let (_file, thin) = take_as(&both.classic(), &thin_on(&base)).expect("takes");
    let error = thin.verify_left_out(|_, _| false, &mut io::sink());
    assert!(matches!(error, Err(Error::LeftOut { .. })), "{error:?}");

    let good = base.oci(Compression::None);
    let layer = &base.layers[0];
    let at = good.windows(layer.len()).position(|window| window == layer);
    let mut bad = good.clone();
    bad[at.expect("the layer is in the archive") + layer.len() - 1] ^= 1;
    for (bytes, known, read, is_well) in [
        (&good, false, layer.len(), true),
        (&good, true, 0, true),
        (&bad, false, layer.len(), false),
        (&bad, true, 0, true),
    ] {
        let file = OnDisk::new(bytes);
        let stack = thin.clone().on(file.stack());
        let mut out = Vec::new();
        let found = stack.verify_left_out(|_, _| known, &mut out);
        assert_eq!(out.len(), read);
        assert_eq!(found.is_ok(), is_well, "{found:?}");
    }
}

#[test]
fn an_image_is_thin_only_on_its_own_base() {
    let (_, both) = on_base();
    let error = take_as(&both.classic(), &thin_on(&sample()))
        .map(drop)
        .expect_err("another");
    assert!(
        error
            .to_string()
            .contains("differ from those of `the-base`"),
        "{error}"
    );
}

/// If the base holds the same blobs, the manifest stays. Otherwise the archive's own manifest names the base's blobs.
#[test]
fn a_thin_archive_keeps_its_manifest_on_the_very_blobs_of_its_base() {
    let (base, both) = on_base();
    for (of_base, of_image, is_kept) in [
        (Compression::Gzip, Compression::Gzip, true),
        (Compression::None, Compression::None, true),
        (Compression::Gzip, Compression::None, false),
        (Compression::None, Compression::Gzip, false),
    ] {
        let below = OnDisk::new(&base.oci(of_base)).stack();
        let came = both.oci(of_image);
        let manifest = stored(OnDisk::new(&came).stack().image()).0;
        let (_file, thin) = take_as(&came, &thin_on_stack(&below)).expect("takes");
        assert!(thin.image().is_thin());
        assert_eq!(stored(thin.image()).0 == manifest, is_kept);
        assert_eq!(thin.image().layers[0].blob, below.image().layers[0].blob);
        let stack = thin.on(below);
        let mut out = Vec::new();
        let sent = compose(&[choice(&stack, 0)], Reads::All, &mut out).expect("composes");
        assert_eq!(Some(sent[0]), manifest_digest(stack.image()));
        let again = OnDisk::new(&out).stack();
        again.archive().verify(again.image()).expect("sound");
    }
}

/// Earlier versions recorded the base in the manifest, and named every left-out layer by its uncompressed digest.
#[test]
fn thin_archives_of_earlier_versions_are_read() {
    let (base, both) = on_base();
    let descriptor = |kind: &str, bytes: &[u8]| {
        json!({ "mediaType": format!("application/vnd.oci.image.{kind}"),
            "digest": digest_of(bytes), "size": bytes.len() })
    };
    let layers: Vec<_> = both
        .layers
        .iter()
        .map(|it| descriptor("layer.v1.tar", it))
        .collect();
    let manifest =
        json!({ "schemaVersion": 2, "config": descriptor("config.v1+json", &both.config),
        "layers": layers, "annotations": {
            "io.imgpipe.base.name": "the-base", "io.imgpipe.base.image-id": base.image_id() } })
        .to_string();
    let names = both.layers.iter().map(|layer| blob_name(digest_of(layer)));
    let names: Vec<_> = names.collect();
    let id = blob_name(both.image_id());
    let list = json!([{ "Config": id, "RepoTags": null, "Layers": names }]).to_string();
    let listed = json!({ "manifests": [descriptor("manifest.v1+json", manifest.as_bytes())] });
    let archive = Tar::new()
        .file(&names[1], &both.layers[1])
        .file(&id, &both.config)
        .file(&blob_name(digest_of(manifest.as_bytes())), &manifest)
        .file("index.json", listed.to_string())
        .file("manifest.json", list);
    let thin = OnDisk::new(&archive.bytes()).stack();
    assert!(thin.image().is_thin());
    let said = thin.image().base.as_ref().map(|base| base.name.as_str());
    assert_eq!(said, Some("the-base"));
    let plain = plain_manifest_digest(thin.image());
    assert!(plain.is_some());
    for of_base in [Compression::None, Compression::Gzip, Compression::Zstd] {
        let stack = thin.clone().on(OnDisk::new(&base.oci(of_base)).stack());
        for present in [0, 1] {
            let mut out = Vec::new();
            let sent = compose(&[choice(&stack, present)], Reads::All, &mut out);
            let sent = sent.expect("composes");
            // On an uncompressed base, it equals the image that an engine has from the earlier version.
            assert_eq!(
                sent[0] == plain.expect("known"),
                of_base == Compression::None
            );
        }
        // Saved again, it has the current form.
        let (file, mut out) = empty();
        let draft = Draft::from_stack(&stack, &mut out, &Options::default(), &|_| false);
        draft.expect("takes").seal(&mut out, &[]).expect("seals");
        let whole = file.stack();
        whole.archive().verify(whole.image()).expect("sound");
        assert!(!whole.image().is_thin() && whole.image().base.is_none());
        assert!(whole.image().manifest.is_some());
    }
}
