//! `imgfetch`: the store has an image or not, and complete blobs are not downloaded again.

use std::cell::Cell;

use archive::digest_of;
use pipeline_tests::remote::{config_digest, debian, image, layer, publish};
use pipeline_tests::{Registry, Sandbox};

use crate::{kill_often, unlocked};

const NAME: &str = "capy-debian-12-fetched";
const ARCHIVE: &str = "images/capy/capy-debian-12-fetched.tar";

/// The downloaded blobs of an image with their final names, by their hexadecimal digests, except its config, which is
/// always downloaded. None of them is incomplete.
fn arrived(s: &Sandbox, image_id: &str) -> Vec<String> {
    let files = s.files(&format!(
        "images/.imgpipe/transfers/{image_id}/blobs/sha256"
    ));
    let names = files
        .iter()
        .map(|path| (path, path.rsplit('/').next().unwrap_or_default()));
    // skopeo writes blobs under other names first.
    let named = names.filter(|(_, name)| name.len() == 64);
    let mut arrived = Vec::new();
    for (path, name) in named {
        let bytes = s.read_bytes(path);
        // An empty file replaces an unneeded blob.
        if bytes.is_empty() {
            continue;
        }
        assert_eq!(digest_of(&bytes).hex(), name, "{path} is not whole");
        if name != image_id {
            arrived.push(name.to_owned());
        }
    }
    arrived
}

/// Several images take the same name, in an empty store and over each other.
#[test]
fn fetching() {
    let (s, registry) = (Sandbox::without_engine(), Registry::start());
    let base = debian(100_000);
    let images = ["one", "two"].map(|name| {
        let own = ["a", "b"].map(|own| layer(own, 200_000));
        let image = image([vec![base.clone()], own.to_vec()].concat());
        let reference = publish(&s, &registry, &image, &format!("ci/{name}:1"));
        // As in the registry: tools that convert an image write another config.
        let id = config_digest(&s, &reference);
        (reference, id.trim_start_matches("sha256:").to_owned())
    });
    let round = Cell::new(0);
    let image = || &images[round.get() as usize % images.len()];
    let fetch = || {
        let words = ["--insecure", "--name", NAME, &image().0];
        unlocked(&s, "imgfetch").args(words)
    };
    let prepare = |now: u32| {
        round.set(now);
        if now % 4 < 2 {
            s.sh("rm -rf image-registry.yml images/capy").ok();
        }
    };
    let check = || {
        let arrived = arrived(&s, &image().1);
        // Half of them are repeated at once. For the others, later rounds find the leftovers.
        if (round.get() / 4).is_multiple_of(2) {
            return;
        }
        registry.reset();
        fetch().run().ok().stdout(&format!("{ARCHIVE}\n"));
        let asked = registry.requests_of("GET /blobs/");
        let again = |blob: &String| asked.iter().any(|request| request.path.ends_with(blob));
        assert!(!arrived.iter().any(again), "{arrived:?} {asked:?}");
        assert_eq!(
            s.files(&format!("images/.imgpipe/transfers/{}", image().1)),
            [""; 0]
        );
        s.run("imgls", ["--check", "--no-engine"]).ok();
    };
    kill_often(&s, "imgfetch", &fetch, &prepare, &check);
    fetch().run().ok();
}
