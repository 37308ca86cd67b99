//! Interrupts a command at some moment, and compares the state before and after.

use std::fs::File;
use std::io::Write as _;
use std::thread::sleep;
use std::time::{Duration, Instant};

use pipeline_tests::{Invocation, Running, Sandbox, Whom, engine};
use rustix::process::Signal;

/// How long an interrupted command may take on a busy machine. Alone it takes a tenth of a second.
const PROMPT: Duration = Duration::from_secs(3);

/// The same while the kernel flushes 200 MB: no process ends before its own flush, and disks are shared.
const FLUSHED: Duration = Duration::from_secs(20);

/// How long ended processes, or an engine's unfinished work, may take to disappear.
const SOON: Duration = Duration::from_secs(5);

/// The state that an interrupted command must not change.
#[derive(Debug, PartialEq)]
struct State {
    registry: Option<String>,
    files: Vec<String>,
    images: Vec<String>,
    containers: Vec<String>,
}

impl State {
    fn of(s: &Sandbox) -> Self {
        let registry = s.path("image-registry.yml");
        let own = |path: &String| {
            // Lock files stay, leases end with their holders, space is reserved for the registry, and notes of images
            // in the engine outlive the images.
            let own = [
                "/locks/",
                "/leases/",
                "/registry.lock",
                "/reserve",
                "/leftovers.json",
                "/builds/",
            ];
            !own.iter()
                .any(|own| path.contains(&format!(".imgpipe{own}")))
        };
        let label = format!("label=imgpipe.test={}", s.project());
        let lines = |words: &[&str]| -> Vec<String> {
            let text = engine().read(words).expect("the engine answers");
            text.lines().map(str::to_owned).collect()
        };
        let nameless = ["images", "-aq", "--no-trunc", "--filter", &label];
        let mut images = engine().images_of(s.project());
        images.extend(lines(&nameless));
        images.sort();
        Self {
            registry: registry.exists().then(|| s.read("image-registry.yml")),
            files: s.files("images").into_iter().filter(own).collect(),
            images,
            containers: lines(&["ps", "-aq", "--filter", &label]),
        }
    }
}

/// A command, and a moment of its run.
pub struct Case<'a> {
    what: &'a str,
    command: &'a dyn Fn() -> Invocation,
    midst: &'a dyn Fn(&Running) -> bool,
    /// A lock that the test holds meanwhile, from the store's folder.
    held: &'a str,
    /// Whether it may finish before it notices the interrupt.
    may_finish: bool,
}

impl<'a> Case<'a> {
    pub fn new(
        what: &'a str,
        command: &'a dyn Fn() -> Invocation,
        midst: &'a dyn Fn(&Running) -> bool,
    ) -> Self {
        Self {
            what,
            command,
            midst,
            held: "",
            may_finish: false,
        }
    }

    /// The test holds a lock meanwhile, from the store's folder.
    pub fn while_held(self, held: &'a str) -> Self {
        Self { held, ..self }
    }

    /// A moment at which the command may finish before it notices: then registered images are complete.
    pub fn near_the_end(self) -> Self {
        Self {
            may_finish: true,
            ..self
        }
    }

    /// Interrupts the command in each way, and checks its end and the state.
    pub fn try_in(&self, s: &Sandbox) {
        // Created once, on first use.
        s.sh("mkdir -p images/.imgpipe && echo '*' > images/.imgpipe/.gitignore")
            .ok();
        let before = State::of(s);
        for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143)] {
            for whom in [Whom::Alone, Whom::Group] {
                let running = (self.command)().launch();
                running.wait_until(self.what, self.midst);
                let (took, outcome) = running.end_by(signal, whom);
                let what = self.what;
                note(&format!(
                    "{}\t{what}\t{signal:?}\t{whom:?}",
                    took.as_millis()
                ));
                let context = format!("{what}: {signal:?} {whom:?} took {took:?}\n{outcome}");
                outcome.code(code);
                // Printed results are true: the command may just have finished.
                assert!(
                    outcome.stdout.is_empty() || outcome.stdout.ends_with('\n'),
                    "{context}"
                );
                assert!(took < self.prompt(), "{context}");
                assert!(outcome.stderr.ends_with(": interrupted\n"), "{context}");
                // All descendants are gone, too.
                soon(|| running.others(), &Vec::new(), &context);
                if self.may_finish && s.path("image-registry.yml").exists() {
                    s.run("imgls", ["--check", "--no-engine"]).ok();
                    s.sh("rm -r image-registry.yml images/[!.]*").ok();
                }
                soon(|| State::of(s), &before, &context);
                self.unlocked(s, &context);
            }
        }
    }

    fn prompt(&self) -> Duration {
        match self.may_finish {
            true => FLUSHED,
            false => PROMPT,
        }
    }

    /// No lock is held.
    #[track_caller]
    fn unlocked(&self, s: &Sandbox, context: &str) {
        let files = s.files("images/.imgpipe");
        let locks = files.iter().filter(|path| path.ends_with(".lock"));
        for path in locks.filter(|path| *path != self.held) {
            let file = File::open(s.path(path)).expect("a lock's file can be opened");
            assert!(file.try_lock().is_ok(), "{path} is locked\n{context}");
        }
    }
}

/// Adds a line to the file `TIMES`, if set.
fn note(line: &str) {
    let Some(path) = std::env::var_os("TIMES") else {
        return;
    };
    let mut file = File::options().append(true).create(true).open(path);
    let written = file.as_mut().map(|file| writeln!(file, "{line}"));
    assert!(matches!(written, Ok(Ok(()))), "{written:?}");
}

/// Waits a little for processes that the command no longer controls.
#[track_caller]
fn soon<T: PartialEq + std::fmt::Debug>(now: impl Fn() -> T, wanted: &T, context: &str) {
    let began = Instant::now();
    loop {
        let is = now();
        if is == *wanted {
            return;
        }
        assert!(
            began.elapsed() < SOON,
            "wanted {wanted:?}, but it is {is:?}\n{context}"
        );
        sleep(Duration::from_millis(20));
    }
}
