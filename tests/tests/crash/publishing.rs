//! `imgpush`: the registry file's `remote` is true, and the next run publishes the rest.

use std::cell::Cell;

use archive::digest_of;
use naming::{Digest, Reference};
use pipeline_tests::remote::{debian, entry, image, layer, on_the_way, save};
use pipeline_tests::{Registry, Sandbox};

use crate::{kill_often, unlocked};

const NAME: &str = "own-debian-12-published";

/// The `remote` in the registry file, after checking it: every blob is complete.
fn published(s: &Sandbox, registry: &Registry) -> Option<String> {
    let remote = entry(s, NAME)["remote"].as_str()?.to_owned();
    let reference: Reference = remote.parse().expect("a reference");
    let repository = reference.repository();
    let path = repository.trim_start_matches(&format!("{}/", reference.domain()));
    let held = |kind: &str, digest: Digest| {
        let bytes = registry.holds(&format!("{path}/{kind}/{digest}"));
        let bytes =
            bytes.unwrap_or_else(|| panic!("{remote} is registered, and {digest} is not there"));
        assert_eq!(digest_of(&bytes), digest, "{remote}");
        bytes
    };
    let manifest = held("manifests", reference.digest().expect("a pinned reference"));
    let manifest: serde_json::Value = serde_json::from_slice(&manifest).expect("a manifest");
    let layers = manifest["layers"].as_array().expect("a list");
    for blob in layers.iter().chain([&manifest["config"]]) {
        held(
            "blobs",
            blob["digest"]
                .as_str()
                .and_then(|digest| digest.parse().ok())
                .expect("a digest"),
        );
    }
    Some(remote)
}

/// The digests of the blobs in a registry.
fn taken(registry: &Registry) -> Vec<String> {
    let ended = registry.requests_of("PUT /blobs/uploads/").into_iter();
    let ended = ended.filter(|request| request.status == 201);
    ended
        .filter_map(|request| Some(request.path.split_once("digest=")?.1.to_owned()))
        .collect()
}

/// The same image to another repository each time, which has nothing of it yet.
#[test]
fn publishing() {
    let (s, registry) = (Sandbox::without_engine(), Registry::start());
    let image = image(vec![
        debian(100_000),
        layer("a", 200_000),
        layer("b", 200_000),
    ]);
    save(&s, &image, NAME, &[]);
    let round = Cell::new(0_u32);
    let to = || format!("{}/to{}", registry.address(), round.get());
    let push = || unlocked(&s, "imgpush").args(["--insecure", "--to", &to(), NAME]);
    let prepare = |now| {
        round.set(now);
        registry.reset();
    };
    let check = || {
        published(&s, &registry);
        // Half of them are repeated at once. For the others, the next one finds layers packed for another repository.
        if round.get().is_multiple_of(2) {
            return;
        }
        let before = taken(&registry);
        registry.reset();
        let printed = push().run();
        let printed = printed.ok().line();
        assert!(printed.starts_with(&to()), "{printed}");
        assert_eq!(published(&s, &registry).as_deref(), Some(printed));
        let again = taken(&registry);
        assert!(
            again.iter().all(|blob| !before.contains(blob)),
            "{before:?} {again:?}"
        );
        assert_eq!(on_the_way(&s), [""; 0]);
    };
    kill_often(&s, "imgpush", &push, &prepare, &check);
    push().run().ok();
}
