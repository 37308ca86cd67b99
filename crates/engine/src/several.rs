//! Asks about many things in one call. Some may disappear before the call.
//!
//! A call for each takes minutes for a few thousand. Missing names make the call fail, but the engine still prints the
//! others.

use std::thread;
use std::time::Duration;

use process::{Call, Output};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::{Engine, Error, complaint};

/// The largest number of names a call. More would not be faster, and the whole answer is held in memory.
const MAX_NAMES: usize = 1000;
/// The largest number of bytes of names a call. Systems guarantee 128 KiB for arguments and environment together.
const MAX_BYTES: usize = 96 * 1024;
/// The largest part of a wrong answer that an error shows, in bytes.
const SHOWN: usize = 1024;

/// The number of attempts if an image is removed meanwhile, and the pause between them.
const ATTEMPTS: u32 = 10;
const PAUSE: Duration = Duration::from_millis(50);
/// The number of attempts if an image is damaged: it may be incomplete for a moment only, or stay so.
const ATTEMPTS_AT_DAMAGE: u32 = 3;

/// Runs a call that reads many images. Retries if an image is removed meanwhile, or is incomplete.
pub(crate) fn output(call: &Call) -> Result<Output, Error> {
    for attempt in 1..ATTEMPTS {
        let output = call.output()?;
        let complaints = output.stderr.text();
        let is_worth_it = complaint::lost_an_image(&complaints)
            || (complaint::has_damaged_image(&complaints) && attempt < ATTEMPTS_AT_DAMAGE);
        if output.status.success() || !is_worth_it {
            return Ok(output);
        }
        thread::sleep(PAUSE);
    }
    Ok(call.output()?)
}

/// An engine's answer about several names.
pub(crate) struct Answer {
    pub(crate) call: Call,
    pub(crate) stdout: Vec<u8>,
    /// The required number of answers; `None` if some names are missing.
    expected: Option<usize>,
}

impl Engine {
    /// Asks about IDs, in as few calls as command lines allow, and reads each answer. Skips items that disappear
    /// meanwhile.
    pub(crate) fn ask_of_all<T>(
        &self,
        ids: &[String],
        call: impl Fn() -> Call,
        read: impl Fn(&Answer) -> Result<Vec<T>, Error>,
    ) -> Result<Vec<T>, Error> {
        let mut all = Vec::with_capacity(ids.len());
        for ids in chunks(ids, String::len) {
            all.extend(read(&Answer::of(call(), ids)?)?);
        }
        Ok(all)
    }
}

impl Answer {
    /// Runs a call with these names after its arguments.
    pub(crate) fn of<S: AsRef<str>>(call: Call, names: &[S]) -> Result<Self, Error> {
        let call = call
            .arg("--")
            .args(names.iter().map(|name| name.as_ref().to_owned()));
        let Output {
            status,
            stdout,
            stderr,
        } = output(&call)?;
        let complaints = stderr.text();
        if !status.success() && !complaint::only_missing(&complaints) {
            call.check(status, &complaints)?;
        }
        Ok(Self {
            call,
            stdout,
            expected: status.success().then_some(names.len()),
        })
    }

    /// Checks that success means an answer for each name.
    pub(crate) fn check_count(&self, found: usize) -> Result<(), Error> {
        match self.expected {
            Some(expected) if expected != found => {
                let piece = format!("{found} answers instead of {expected}");
                Err(self.call.bad_output(&piece).into())
            }
            _ => Ok(()),
        }
    }

    /// Parses JSON documents one after the other (Docker) or in arrays (podman). `read` returns `None` for an invalid
    /// one.
    pub(crate) fn documents<R: DeserializeOwned, T>(
        &self,
        mut read: impl FnMut(R) -> Option<T>,
    ) -> Result<Vec<T>, Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Document<R> {
            Many(Vec<R>),
            One(Box<R>),
        }
        let json = &self.stdout;
        let mut found = Vec::new();
        let mut documents = serde_json::Deserializer::from_slice(json).into_iter();
        loop {
            let start = documents.byte_offset();
            let bad = || {
                let piece = &json[start..json.len().min(start + SHOWN)];
                self.call.bad_output(&String::from_utf8_lossy(piece))
            };
            let raw = match documents.next() {
                None => return Ok(found),
                Some(Ok(Document::Many(raw))) => raw,
                Some(Ok(Document::One(raw))) => vec![*raw],
                Some(Err(_)) => return Err(bad().into()),
            };
            for raw in raw {
                found.push(read(raw).ok_or_else(bad)?);
            }
        }
    }
}

/// Splits names so that each part fits a command line. `length` is a name's in bytes.
pub(crate) fn chunks<T>(names: &[T], length: impl Fn(&T) -> usize) -> impl Iterator<Item = &[T]> {
    let mut rest = names;
    std::iter::from_fn(move || {
        let mut bytes = 0;
        let fits = |name: &&T| {
            bytes += length(name) + 1;
            bytes <= MAX_BYTES
        };
        let count = rest.iter().take(MAX_NAMES).take_while(fits).count();
        let (chunk, later) = rest.split_at_checked(count.max(1))?;
        rest = later;
        Some(chunk)
    })
}

#[cfg(test)]
impl Answer {
    /// An example of an engine's answer.
    pub(crate) fn example(call: Call, stdout: impl Into<Vec<u8>>) -> Self {
        Self {
            call,
            stdout: stdout.into(),
            expected: None,
        }
    }
}

#[cfg(test)]
mod tests;
