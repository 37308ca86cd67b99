//! Pruning parallel to builds and loads.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use super::*;

/// Sixteen pipelines over four images, and a command that removes everything.
#[test]
fn pipelines_never_lose_an_image_to_pruning_beside_them() {
    let s = Sandbox::new();
    for variant in ["gcc1", "gcc2", "gcc3", "gcc4"] {
        let name = s.image(variant);
        s.write(
            &format!("images/{}/Dockerfile.{name}", s.project()),
            format!("FROM scratch\nCOPY os-release /etc/os-release\nLABEL variant={variant}\n"),
        );
        s.write(
            "os-release",
            format!("ID=debian\nVERSION_ID=\"12\"\n# {name}\n"),
        );
        let plan = format!(
            "{{\"name\":\"{name}\",\"build\":{{\"context\":\".\"}},\"base_image\":\"scratch\",\"requirements\":{{\"project\":\"{}\",\"os\":\"debian:12\"}}}}",
            s.project()
        );
        s.write(&format!("{variant}.json"), plan);
        s.sh(&format!("imgbuild -q {variant}.json | imgload")).ok();
    }
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let pruning = scope.spawn(|| {
            let mut removed = 0;
            while !over.load(Ordering::Relaxed) {
                let pruned = s.run("imgprune", ["--max-size", "0"]);
                assert!([0, 6].contains(&pruned.code), "{pruned:?}");
                removed += pruned.stdout.lines().count();
            }
            removed
        });
        let pipelines: Vec<_> = (0..16)
            .map(|number| {
                let s = &s;
                scope.spawn(move || {
                    let variant = format!("gcc{}", number % 4 + 1);
                    let project = s.project();
                    for _ in 0..2 {
                        // From the plan on nothing is lost; before, it may have to be built again.
                        let line = format!(
                            "until imgbuild -q --no-lease {variant}.json > /dev/null &&
                                imgplan -q --project {project} --os debian:12 > plan{number} 2> /dev/null &&
                                grep -q '\"needs_build\":false' plan{number}
                            do :; done
                            sleep 0.1
                            imgbuild -q plan{number} | imgload -q"
                        );
                        let loaded = s.sh(&line);
                        let found = loaded.ok().line();
                        assert!(found.ends_with(":latest"), "{loaded:?}");
                    }
                })
            })
            .collect();
        let results: Vec<_> = pipelines
            .into_iter()
            .map(|pipeline| pipeline.join())
            .collect();
        over.store(true, Ordering::Relaxed);
        let removed = pruning.join().expect("pruning works");
        for result in results {
            result.expect("a pipeline");
        }
        assert!(removed > 0, "there was nothing to lose");
    });
}
