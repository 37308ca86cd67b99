//! Engines' images are fetched, imgpush's are pulled, and they are the same image all the time.

use pipeline_tests::{Image, Registry, Sandbox, engine};

use crate::common::{digest, entry};

/// Lets the engine move an image to or from a registry on this machine.
fn engine_moves(verb: &str, reference: &str) {
    let mut words = vec![verb];
    // Docker trusts registries on this machine by default.
    if engine().program().ends_with("podman") {
        words.push("--tls-verify=false");
    }
    words.push(reference);
    let done = engine().read(&words);
    assert!(done.is_some(), "the engine can't {verb} {reference}");
}

#[test]
fn an_engine_pulls_what_was_published() {
    let (s, registry) = (Sandbox::new(), Registry::start());
    let tag = Image::new().layer().build(&s, "base");
    let id = engine().id(&tag).expect("it was built");
    s.run("imgsave", [&tag]).ok();
    let name = s.image("base");
    let to = format!("{}/ci", registry.address());
    let printed = s.run("imgpush", ["--insecure", "--to", &to, &name]);
    let published = printed.ok().line().to_owned();
    assert!(published.ends_with(&digest(&s, &published)), "{published}");
    s.forget(&tag);
    let pulled = format!("{to}/{name}:latest");
    engine_moves("pull", &pulled);
    if !engine().is_containerd() {
        assert_eq!(engine().id(&pulled).as_deref(), Some(&*id));
    }
    // The same image from both.
    assert!(engine().read(&["rmi", &pulled]).is_some());
    s.remove(&s.archive("base"));
    s.run("imgfetch", ["--insecure", &name]).ok();
    s.run("imgload", [&name]).ok().stdout(&format!("{tag}\n"));
    if !engine().is_containerd() {
        assert_eq!(engine().id(&tag).as_deref(), Some(&*id));
    }
}

#[test]
fn what_was_fetched_and_loaded_is_what_the_engine_would_pull() {
    let (s, registry) = (Sandbox::new(), Registry::start());
    let tag = Image::new().busybox().build(&s, "base");
    s.run("imgsave", [&tag]).ok();
    let name = s.image("base");
    let to = format!("{}/ci", registry.address());
    s.run("imgpush", ["--insecure", "--to", &to, &name]).ok();
    let reference = format!("{to}/{name}:latest");
    let digest = digest(&s, &reference);
    s.forget(&tag);
    s.remove(&s.archive("base"));
    s.remove("image-registry.yml");
    s.sh(&format!("imgfetch --insecure {reference} | imgload"))
        .ok();
    let pinned = format!("{to}/{name}@{digest}");
    let runs = || {
        let words = ["run", "--rm", "--network", "none", &pinned, "echo", "runs"];
        assert_eq!(engine().read(&words).as_deref(), Some("runs"));
    };
    registry.reset();
    // Other stores know the image by its config, and ask the registry for the manifest.
    if engine().is_containerd() {
        runs();
        assert_eq!(registry.requests().len(), 0);
    }
    engine_moves("pull", &reference);
    if engine().is_containerd() {
        assert_eq!(registry.requests_of("GET ").len(), 0);
    }
    runs();
    assert_eq!(engine().id(&reference), engine().id(&tag));
    // The tag's removal leaves the name with the digest in some engines.
    engine().read(&["rmi", &pinned]);
}

#[test]
fn what_an_engine_pushed_is_loaded_under_its_reference_too() {
    let (s, registry) = (Sandbox::new(), Registry::start());
    let built = Image::new().layer().build(&s, "base");
    let reference = format!("{}/shop/{}-web:1", registry.address(), s.project());
    engine().read(&["tag", &built, &reference]);
    engine_moves("push", &reference);
    for tag in [&reference, &built] {
        assert!(engine().read(&["rmi", tag]).is_some(), "{tag}");
    }
    let line = format!("echo {reference} | imgfetch --insecure | imgload");
    let name = format!("{}-web-debian-12-1", s.project());
    let tag = format!("{name}:latest");
    s.sh(&line).ok().stdout(&format!("{tag}\n"));
    let id = engine().id(&tag);
    assert!(id.is_some() && engine().id(&reference) == id);
    // Once more, from a store and an engine that have it.
    registry.reset();
    s.sh(&line).ok().stdout(&format!("{tag}\n"));
    assert_eq!(registry.requests().len(), 0);
    // A plan with the reference builds on it.
    s.write(
        "recipe",
        "ARG BASE_IMAGE\nFROM $BASE_IMAGE\nLABEL built=yes\n",
    );
    let plan = format!(
        r#"{{"name":"{}","base_image":"{reference}","build":{{"dockerfile":"recipe"}}}}"#,
        s.image("built")
    );
    let build = s
        .command("imgbuild")
        .args(["--quiet", "--no-lease"])
        .input(plan);
    build
        .run()
        .ok()
        .stdout(&format!("{}\n", s.archive("built")));
    assert_eq!(entry(&s, &s.image("built"))["base"].as_str(), Some(&*name));
    // Both tags are removed with it.
    let pruned = s.run("imgprune", ["--max-size", "0", "--rmi"]);
    let left = [&tag, &reference].map(|name| engine().has(name));
    assert_eq!(left, [false, false], "{}", pruned.ok());
}
