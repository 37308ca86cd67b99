//! The demo's store, and what is done with it.

use std::time::{Duration, SystemTime};

use camino::{Utf8Path, Utf8PathBuf};

use super::{PROJECT, timed};
use crate::engine::Engine;
use crate::process::{Command, Runner, command};
use crate::{Error, folders};

/// A job as a project would ask for it.
pub(crate) const REQUIREMENT: &str = "\
project: imgpipe-demo
os: debian:12
compilers: [gcc-12]
packages: [libssl-dev, zlib1g-dev]
tools: [cmake, make]
";
/// Uses the compiler, both packages and both tools of the requirement; a script for `sh` on its standard input.
const SCRIPT: &str = r#"
set -e
mkdir /tmp/demo
cd /tmp/demo
cat > CMakeLists.txt <<'END'
cmake_minimum_required(VERSION 3.20)
project(demo CXX)
find_package(ZLIB REQUIRED)
find_package(OpenSSL REQUIRED)
add_executable(demo demo.cpp)
target_compile_features(demo PRIVATE cxx_std_20)
target_link_libraries(demo ZLIB::ZLIB OpenSSL::Crypto)
END
cat > demo.cpp <<'END'
#include <iostream>
#include <numeric>
#include <vector>
#include <openssl/crypto.h>
#include <zlib.h>
int main() {
    std::vector<int> numbers(100);
    std::iota(numbers.begin(), numbers.end(), 1);
    std::cout << "compiled by g++ " << __VERSION__ << " with zlib " << zlibVersion() << " and "
              << OpenSSL_version(OPENSSL_VERSION) << "\nthe sum of 1 to 100 is "
              << std::reduce(numbers.begin(), numbers.end()) << "\n";
}
END
cmake . >&2
cmake --build . >&2
./demo
"#;
/// What the program must print, so that the demo fails where it does not work.
const EXPECTED: &str = "the sum of 1 to 100 is 5050";
const REQUIREMENT_FILE: &str = "req.yml";
const LINE: &str = "imgplan req.yml | imgbuild | imgload";

/// A demo that is ready to run.
#[derive(Debug)]
pub(crate) struct Demo<'a> {
    runner: &'a Runner,
    engine: &'a str,
    store: Utf8PathBuf,
    path: String,
}

/// What one run of the pipeline brought.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) reference: String,
    pub(crate) time: Duration,
    /// Whether it wrote an archive.
    pub(crate) built: bool,
    image: String,
}

impl<'a> Demo<'a> {
    pub(crate) fn prepare(
        runner: &'a Runner,
        engine: &'a Engine,
        folder: &Utf8Path,
    ) -> Result<Self, Error> {
        let store = folder.join("store");
        std::fs::create_dir_all(&store).map_err(Error::io(&store))?;
        let requirement = store.join(REQUIREMENT_FILE);
        std::fs::write(&requirement, REQUIREMENT).map_err(Error::io(&requirement))?;
        let programs = folders::programs().map_err(Error::io("the commands' folder"))?;
        let path = format!("{programs}:{}", runner.variable("PATH").unwrap_or_default());
        Ok(Self {
            runner,
            engine: engine.program(),
            store,
            path,
        })
    }

    pub(crate) fn store(&self) -> &Utf8Path {
        &self.store
    }

    /// The full name of one of the demo's images.
    pub(crate) fn image(&self, variant: &str) -> String {
        format!("{PROJECT}-debian-12-{variant}:latest")
    }

    /// `imgsave`, of the base.
    pub(crate) fn save(&self, reference: &str) -> Result<String, Error> {
        let command = self.command([
            "imgsave",
            "--project",
            PROJECT,
            "--variant",
            "base",
            reference,
        ]);
        eprintln!("$ {command}");
        self.runner.read(&command)
    }

    /// The pipeline, once.
    pub(crate) fn pipeline(&self) -> Result<Run, Error> {
        eprintln!("$ {LINE}");
        let before = self.stamps()?;
        let (reference, time) = timed(|| self.runner.read(&self.command(["sh", "-c", LINE])))?;
        println!("{reference}");
        if reference.is_empty() || reference.contains('\n') {
            return Err(Error::Wrong(format!(
                "the pipeline printed `{reference}` instead of one image"
            )));
        }
        let inspect = command([
            self.engine,
            "image",
            "inspect",
            "--format",
            "{{.Id}}",
            &reference,
        ]);
        Ok(Run {
            image: self.runner.read(&inspect)?,
            built: self.stamps()? != before,
            reference,
            time,
        })
    }

    /// Compiles a program inside an image, without network, and runs it there.
    pub(crate) fn compile(&self, reference: &str) -> Result<(), Error> {
        let words = [
            self.engine,
            "run",
            "--rm",
            "--interactive",
            "--network",
            "none",
            reference,
            "sh",
            "-s",
        ];
        let command = command(words).input(SCRIPT);
        eprintln!("$ {command}    # CMakeLists.txt and demo.cpp, cmake, make, ./demo");
        let said = self.runner.read(&command)?;
        println!("{said}");
        if said.contains(EXPECTED) {
            Ok(())
        } else {
            Err(Error::Wrong(format!(
                "the program did not say `{EXPECTED}`"
            )))
        }
    }

    /// The store's archives with their sizes in bytes.
    pub(crate) fn archives(&self) -> Result<Vec<(Utf8PathBuf, u64)>, Error> {
        Ok(self
            .stamps()?
            .into_iter()
            .map(|(path, size, _)| (path, size))
            .collect())
    }

    fn stamps(&self) -> Result<Vec<(Utf8PathBuf, u64, SystemTime)>, Error> {
        let folder = self.store.join("images").join(PROJECT);
        let mut stamps = Vec::new();
        for entry in folder.read_dir_utf8().map_err(Error::io(&folder))? {
            let entry = entry.map_err(Error::io(&folder))?;
            let about = entry.metadata().map_err(Error::io(entry.path()))?;
            let changed = about.modified().map_err(Error::io(entry.path()))?;
            let path = entry
                .path()
                .strip_prefix(&self.store)
                .unwrap_or(entry.path())
                .to_owned();
            stamps.push((path, about.len(), changed));
        }
        stamps.sort();
        Ok(stamps)
    }

    fn command<const N: usize>(&self, words: [&str; N]) -> Command {
        let registry = self.store.join("image-registry.yml");
        command(words)
            .folder(&self.store)
            .variable("PATH", &self.path)
            .variable("IMG_REGISTRY", registry)
            .variable("IMG_ENGINE", self.engine)
    }
}

impl Run {
    /// Fails unless this run found everything as the other left it.
    pub(crate) fn must_equal(&self, other: &Self) -> Result<(), Error> {
        if self.built {
            return Err(Error::Wrong(
                "the second run built an image that the first had built".into(),
            ));
        }
        if (&self.reference, &self.image) != (&other.reference, &other.image) {
            return Err(Error::Wrong(format!(
                "the second run brought `{}` instead of `{}`",
                self.image, other.image
            )));
        }
        Ok(())
    }
}
