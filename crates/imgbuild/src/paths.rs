//! The paths that a plan may use: registered archives, and files inside the registry's folder. A plan may come from
//! anywhere, so it must not read the rest of the disk.

use camino::{Utf8Path, Utf8PathBuf};
use failure::{Code, Failure};
use registry::{Registry, Store, Target};

/// The noun for an archive: a missing one has its own exit code.
const ARCHIVE: &str = "archive";

/// The archive of a plan.
pub(crate) fn archive(
    store: &Store,
    registry: &Registry,
    path: &Utf8Path,
) -> Result<Target, Failure> {
    let absolute = ui::absolute(path)?;
    if let Some(entry) = store.find(registry, &absolute) {
        let target = Target::registered(store, entry)?;
        return if target.path.is_file() {
            archive::refuse_pointer(&target.path)?;
            refuse_faulty(&target)?;
            Ok(target)
        } else {
            Err(missing(path))
        };
    }
    let path = inside(store, path, ARCHIVE)?;
    if path.is_file() {
        archive::refuse_pointer(&path)?;
        Ok(Target { path, entry: None })
    } else {
        Err(missing(&path))
    }
}

/// Refuses an archive without the registered image: it counts as absent.
pub(crate) fn refuse_faulty(target: &Target) -> Result<(), Failure> {
    let entry = target.entry.as_ref();
    match entry.and_then(|entry| thin::fault(&target.path, entry)) {
        Some(fault) => {
            let message = format!("{}: {fault}", target.path);
            Err(Failure::new(Code::Archive, message).with_hint(
                "run imgplan again, which passes over this archive; or download a published one with imgfetch",
            ))
        }
        None => Ok(()),
    }
}

/// A file or folder of a plan, from the working directory.
pub(crate) fn inside(store: &Store, path: &Utf8Path, what: &str) -> Result<Utf8PathBuf, Failure> {
    let absolute = ui::absolute(path)?;
    let root = store.root().canonicalize_utf8();
    let real = absolute.canonicalize_utf8();
    match (real, root) {
        (Ok(real), Ok(root)) if real.starts_with(&root) => Ok(path.to_owned()),
        (Ok(_), _) => Err(Failure::invalid(format!(
            "the plan's {what} is outside the registry's folder {}",
            store.root()
        ))
        .about(path.as_str())),
        (Err(error), _) if error.kind() == std::io::ErrorKind::NotFound => Err(match what {
            ARCHIVE => missing(path),
            _ => Failure::invalid(format!("the plan's {what} does not exist")).about(path.as_str()),
        }),
        (Err(error), _) => Err(Failure::new(Code::Other, error.to_string()).about(path.as_str())),
    }
}

fn missing(path: &Utf8Path) -> Failure {
    Failure::new(Code::Archive, "no such file").about(path.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A store in its own folder, with an image, next to a foreign file.
    fn store() -> (tempfile::TempDir, Utf8PathBuf, Store) {
        let folder = tempfile::tempdir().expect("a folder");
        let root = Utf8PathBuf::from_path_buf(folder.path().join("store")).expect("UTF-8");
        std::fs::create_dir_all(root.join("images")).expect("folders");
        for file in ["image-registry.yml", "images/a.tar", "../secret"] {
            let text = if file.ends_with("yml") {
                "version: 1.0\nimages:\n  - name: out\n    file: ../secret\n    docker_tag: out:latest\n    os: debian:12\n    architecture: x86_64\n"
            } else {
                ""
            };
            std::fs::write(root.join(file), text).expect("a file");
        }
        std::os::unix::fs::symlink("../secret", root.join("link")).expect("a link");
        let store = Store::locate(&root, None);
        (folder, root, store)
    }

    #[test]
    fn plans_reach_only_into_the_store() {
        let (_folder, root, store) = store();
        let registry = store.read().expect("a registry");
        for (path, expected) in [
            ("images/a.tar", None),
            ("images/../images/a.tar", None),
            ("images/none.tar", Some(Code::Archive)),
            ("images", Some(Code::Archive)),
            ("../secret", Some(Code::Invalid)),
            ("link", Some(Code::Invalid)),
        ] {
            let found = archive(&store, &registry, &root.join(path));
            assert_eq!(
                found.err().map(|failure| failure.code()),
                expected,
                "{path}"
            );
        }
    }

    #[test]
    fn a_missing_build_file_is_the_plans_fault() {
        let (_folder, root, store) = store();
        let missing = inside(&store, &root.join("none"), "build file").expect_err("missing");
        assert_eq!(missing.code(), Code::Invalid);
        assert!(inside(&store, &root.join("images"), "build context").is_ok());
    }
}
