//! Programs whose output decides whether a step runs again.
//!
//! They run in the registry's folder, with an empty stdin and without a shell. Each probe runs once a command, however
//! many plans and steps have it.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use camino::{Utf8Path, Utf8PathBuf};
use failure::{Code, Failure};
use naming::Digest;
use plan::Probe;
use process::Call;

/// The longest accepted output, in bytes: `git ls-remote` of a large repository is 10 MB.
const MAX_ANSWER: usize = 64 << 20;

/// A probe's output, or its failure.
type Answer = Result<Digest, Failure>;

/// The probes of one command.
pub struct Probes {
    /// Their working directory.
    folder: Utf8PathBuf,
    answers: Mutex<HashMap<Probe, Arc<OnceLock<Answer>>>>,
}

impl Probes {
    /// Probes that run in a folder.
    pub fn in_folder(folder: &Utf8Path) -> Self {
        Self {
            folder: folder.to_owned(),
            answers: Mutex::default(),
        }
    }

    /// The digest of a probe's output. A second caller waits for the first one's result.
    pub(crate) fn ask(&self, probe: &Probe) -> Answer {
        let answer = {
            let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
            answers.entry(probe.clone()).or_default().clone()
        };
        answer.get_or_init(|| self.run(probe)).clone()
    }

    fn run(&self, probe: &Probe) -> Answer {
        let Some((program, words)) = probe.command.split_first() else {
            return Err(Failure::invalid("the probe has no program"));
        };
        // A program with a slash is a path, from the probe's folder.
        let program = if program.contains('/') {
            self.folder.join(program).into_string()
        } else {
            program.clone()
        };
        let call = Call::new(OsStr::new(&program), "", None, false)
            .args(words)
            .folder(self.folder.as_std_path())
            // Git would ask for a password on the terminal.
            .env("GIT_TERMINAL_PROMPT", "0");
        let answer = call.answer_within(probe.timeout, MAX_ANSWER);
        let answer = answer.map_err(|error| {
            let failure = Failure::new(Code::Other, format!("the probe failed: {error}"));
            match error {
                process::Error::Failed { tail, .. } => failure.with_tail(tail),
                _ => failure,
            }
        })?;
        Ok(archive::digest_of(&answer))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use plan::OnFailure;

    use super::*;

    fn probe(words: &[&str], seconds: u64) -> Probe {
        Probe {
            command: words.iter().map(|word| (*word).to_owned()).collect(),
            timeout: Duration::from_secs(seconds),
            on_failure: OnFailure::Error,
        }
    }

    #[test]
    fn an_answer_is_asked_for_once() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = Utf8Path::from_path(folder.path()).expect("UTF-8");
        let probes = Probes::in_folder(root);
        let ask = |words: &[&str]| probes.ask(&probe(words, 30));
        let count = ["sh", "-c", "echo x >> asked; wc -c < asked"];
        let first = ask(&count).expect("an answer");
        assert_eq!(ask(&count).expect("an answer"), first);
        let asked = std::fs::read_to_string(root.join("asked")).expect("it was asked");
        assert_eq!(asked, "x\n");
        assert_ne!(ask(&["echo", "y"]).expect("an answer"), first);
    }

    #[test]
    fn failures_are_told_apart() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = Utf8Path::from_path(folder.path()).expect("UTF-8");
        let probes = Probes::in_folder(root);
        for (words, seconds, said) in [
            (
                &["sh", "-c", "echo why >&2; exit 3"][..],
                30,
                "exit status 3",
            ),
            (&["/nonexistent/probe"], 30, "was not found"),
            (&["./probe"], 30, "was not found"),
            (&["sleep", "60"], 1, "timed out after 1 second"),
            (&["yes"], 1, "timed out after 1 second"),
        ] {
            let failure = probes.ask(&probe(words, seconds)).expect_err("it fails");
            let text = failure.to_string();
            assert!(text.contains(said), "{words:?}: {text}");
            assert_eq!(failure.code(), Code::Other);
        }
    }
}
