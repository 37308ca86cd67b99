//! Small images of a single test, in the real engine.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test's helper")]

use std::fs;
use std::sync::atomic::{AtomicU32, Ordering};

use camino::{Utf8Path, Utf8PathBuf};
use engine::{Build, BuildFile, Engine, ImageInfo};
use naming::Reference;
use tempfile::TempDir;

/// The program of the engine that `IMG_ENGINE` names, by default `docker`.
pub fn program() -> String {
    let named = std::env::var("IMG_ENGINE").ok();
    named
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| "docker".into())
}

/// The real engine. Without one, tests fail.
pub fn real() -> Engine {
    let engine = Engine::new(program());
    if let Err(error) = engine.probe() {
        panic!("these tests need a running engine: {error}");
    }
    engine
}

/// A tag that no other test uses.
pub fn tag(name: &str) -> Reference {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    format!(
        "imgpipe-engine-test-{}-{number}/{name}:1",
        std::process::id()
    )
    .parse()
    .unwrap()
}

/// A context folder with one file, `file`, of content that no other context has.
pub fn context() -> (TempDir, Utf8PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = Utf8Path::from_path(folder.path()).unwrap().to_owned();
    fs::write(path.join("file"), format!("{path}\n").repeat(100)).unwrap();
    (folder, path)
}

/// A tiny image in the engine. Its tag is removed on drop.
pub struct Tiny {
    engine: Engine,
    pub tag: Reference,
    pub image: ImageInfo,
}

impl Tiny {
    pub fn new(engine: &Engine) -> Self {
        let tag = tag("tiny");
        let (_folder, path) = context();
        let build = Build {
            context: Some(&path),
            ..Build::new(BuildFile::Text("FROM scratch\nCOPY file /file\n"), &tag)
        };
        let image = engine.build(&build, |_| ()).unwrap();
        Self {
            engine: engine.clone(),
            tag,
            image,
        }
    }
}

impl Drop for Tiny {
    fn drop(&mut self) {
        let _ = self.engine.untag(&self.tag);
    }
}
