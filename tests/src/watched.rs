//! The engine behind a script that records calls, and produces faults for tests.

use camino::Utf8PathBuf;

use crate::{Sandbox, engine};

/// The beginning of the script: it records the call, and the stream of a `load`.
const WATCH: &str = r#"
here=${0%/*}
calls=$here/watched
echo "$1 $2" >> "$calls/log"
[ "$1" = load ] || exec "$engine" "$@"
number=$(grep --count '^load' "$calls/log")
fed=$calls/fed.$number.$$
cat > "$fed"
pass() { "$engine" "$@" < "$fed"; }
# Whether a layer of the stream is an empty file.
partial() { tar --list --verbose --file "$fed" 2> /dev/null | grep -q -E '^-[^ ]+ +[^ ]+ +0 .*blobs/sha256/'; }
"#;

/// The engine of the tests, with every call recorded. Streams are passed on when they have ended.
#[derive(Debug)]
pub struct Watched<'a> {
    sandbox: &'a Sandbox,
    program: Utf8PathBuf,
}

impl<'a> Watched<'a> {
    /// Passes everything on.
    #[must_use]
    pub fn new(sandbox: &'a Sandbox) -> Self {
        Self::spoiled(sandbox, "pass \"$@\"")
    }

    /// Runs these lines of shell for a `load`: `pass "$@"` passes it on, `partial` is true if the stream omits layers,
    /// `$number` counts the loads from 1, and `$fed` is the file with the stream.
    ///
    /// # Panics
    /// If the script cannot be written.
    #[must_use]
    pub fn spoiled(sandbox: &'a Sandbox, load: &str) -> Self {
        sandbox.write("watched/log", "");
        let engine = engine().program();
        let program = sandbox.script(
            "watched-engine",
            &format!("engine='{engine}'\n{WATCH}\n{load}\n"),
        );
        Self { sandbox, program }
    }

    /// The value for `--engine`.
    #[must_use]
    pub fn program(&self) -> &str {
        self.program.as_str()
    }

    /// The first two words of each call since the start or [`Watched::reset`].
    #[must_use]
    pub fn calls(&self) -> Vec<String> {
        let log = self.sandbox.read("watched/log");
        log.lines().map(str::to_owned).collect()
    }

    /// The number of streams that it received.
    #[must_use]
    pub fn loads(&self) -> usize {
        let calls = self.calls();
        calls.iter().filter(|call| call.starts_with("load")).count()
    }

    /// The streams that it received, in order.
    #[must_use]
    pub fn fed(&self) -> Vec<Utf8PathBuf> {
        let files = self.sandbox.files("watched");
        let fed = files.iter().filter(|path| path.contains("/fed."));
        fed.map(|path| self.sandbox.path(path)).collect()
    }

    /// The bytes of all streams together.
    ///
    /// # Panics
    /// If one of them is gone.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        let length = |path: &Utf8PathBuf| path.metadata().map(|metadata| metadata.len());
        let lengths = self.fed().iter().map(length).sum::<Result<u64, _>>();
        lengths.expect("what was fed is kept")
    }

    /// Forgets the recorded calls.
    ///
    /// # Panics
    /// If that fails.
    pub fn reset(&self) {
        for path in self.fed() {
            std::fs::remove_file(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
        }
        self.sandbox.write("watched/log", "");
    }
}
