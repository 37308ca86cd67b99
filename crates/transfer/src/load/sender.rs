//! Sends the missing layers, as one stream if possible.
//!
//! All archives are sent together, so that shared layers are sent once. Layers that the engine has are left out. If the
//! engine refuses that, all layers are sent. If it refuses that too, the archives are sent one by one. So good archives
//! arrive, and the failure names the bad one.

use std::convert::Infallible;
use std::fs::File;
use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use archive::compose::{Choice as Composed, Reads, compose_into, length};
use archive::{Compression, Sink, Stack};
use engine::{Engine, Input, LoadError, StoreKind};
use failure::Failure;
use registry::Registry;
use ui::{Progress, in_order};

use crate::Session;
use crate::load::groups::groups;
use crate::load::item::Item;
use crate::load::unit::{LoadUnit, Refusal, ToSend, confirm};

/// Sends images to an engine.
pub(crate) struct Sender<'a> {
    /// The store, the engine and the reporter.
    pub session: Session<'a>,
    pub registry: &'a Registry,
    /// The number of streams at the same time.
    pub jobs: usize,
    pub keep_going: bool,
}

/// The results of units, by their numbers.
type Outcomes = Vec<(usize, Result<(), Failure>)>;

impl Sender<'_> {
    /// Sends all units. Without `keep_going` it ends at the first failure, and later units have no outcome.
    pub(crate) fn send(&self, units: &[LoadUnit]) -> Outcomes {
        if units.is_empty() {
            return Outcomes::new();
        }
        let groups = groups(units);
        let jobs = self.jobs.min(groups.len());
        if jobs <= 1 {
            let all: Vec<_> = units.iter().collect();
            return self.send_group(&all);
        }
        let failed = AtomicBool::new(false);
        let mut outcomes = Outcomes::new();
        let send = |number: usize| {
            if failed.load(Ordering::Relaxed) && !self.keep_going {
                return Outcomes::new();
            }
            let done = self.send_group(&groups[number]);
            if done.iter().any(|(_, outcome)| outcome.is_err()) {
                failed.store(true, Ordering::Relaxed);
            }
            done
        };
        let Ok(()) = in_order(groups.len(), jobs, send, |done| {
            outcomes.extend(done);
            Ok::<_, Infallible>(())
        });
        outcomes
    }

    fn send_group(&self, units: &[&LoadUnit]) -> Outcomes {
        let sent = self.stream(units);
        match (sent, units) {
            (Ok(()), _) => units.iter().map(|unit| (unit.number, Ok(()))).collect(),
            (Err(refusal), [only]) => vec![(only.number, Err(refusal.into()))],
            (Err(_), several) => {
                let mut outcomes = Outcomes::new();
                for unit in several {
                    let outcome = self.stream(&[unit]).map_err(Failure::from);
                    let stop = outcome.is_err() && !self.keep_going;
                    outcomes.push((unit.number, outcome));
                    if stop {
                        break;
                    }
                }
                outcomes
            }
        }
    }

    /// Sends all of these as one stream, without the layers that the engine has. If the engine refuses that, sends all
    /// layers.
    fn stream(&self, units: &[&LoadUnit]) -> Result<(), Refusal> {
        let to_send = units.iter().flat_map(|unit| &unit.to_send);
        let mut parts = Vec::new();
        for ToSend { item, present } in to_send.copied() {
            // The base's archive is opened only if a part of it must be sent.
            let mut layers = item.image().layers[present..].iter();
            let stack = match layers.any(|layer| layer.left_out) {
                true => self.complete(&item.stack)?,
                false => item.stack.clone(),
            };
            parts.push((item, stack, present));
        }
        if parts.iter().any(|(_, _, present)| *present > 0) {
            match self.try_stream(units, &parts) {
                Err(Refusal::Engine(failure) | Refusal::Lost(failure)) => {
                    self.session.reporter.detail(format!(
                        "the engine refused a stream of new layers only ({}); sending all layers",
                        first_line(&failure)
                    ));
                }
                done => return done,
            }
            for (_, stack, present) in &mut parts {
                *present = 0;
                if stack.lacks().is_some() {
                    *stack = self.complete(stack)?;
                }
            }
        }
        let all = || self.try_stream(units, &parts);
        match all() {
            Err(Refusal::Lost(failure)) => {
                self.session.reporter.detail(format!(
                    "an image was removed before it was tagged ({}); sending all layers again",
                    first_line(&failure)
                ));
                all()
            }
            Err(Refusal::Engine(failure)) if self.may_have_continued() => {
                self.session.reporter.detail(format!(
                    "the engine may have continued an interrupted stream ({}); sending all layers again",
                    first_line(&failure)
                ));
                all()
            }
            done => done,
        }
    }

    /// Whether the engine may have joined the start of a layer from an aborted stream and the rest from this one. containerd
    /// keeps received bytes under the member's name, and continues behind them when the name comes again (28). If the earlier
    /// bytes were damaged, the image is missing although the engine reports success. But then the bytes are gone, too.
    fn may_have_continued(&self) -> bool {
        self.session.engine.store().ok() == Some(StoreKind::Containerd)
    }

    fn complete(&self, stack: &Stack) -> Result<Stack, Failure> {
        Ok(thin::complete(
            self.session.store,
            self.registry,
            stack.clone(),
        )?)
    }

    fn try_stream(
        &self,
        units: &[&LoadUnit],
        parts: &[(&Item, Stack, usize)],
    ) -> Result<(), Refusal> {
        let items: Vec<&Item> = parts.iter().map(|(item, ..)| *item).collect();
        let choices = parts.iter().map(|(_, stack, present)| Composed {
            stack,
            tags: &[],
            present: *present,
        });
        let choices: Vec<_> = choices.collect();
        let length = length(&choices);
        let what = match units {
            [only] => only.subject(),
            several => format!("{} archives", several.len()),
        };
        self.session
            .reporter
            .info(format!("loading {what} ({})", ui::size(length)));
        self.note(&items)?;
        let progress = self
            .session
            .reporter
            .progress(format!("loading {what}"), Some(length));
        let reads = reads(self.session.engine, &choices)?;
        let fed = self.session.engine.load(|stream| {
            let out = &mut Counted {
                stream,
                progress: &progress,
            };
            let manifests = compose_into(&choices, reads, out)?;
            // The engine accepts no image before the end of its input.
            let is_known = items.iter().all(|item| item.knows_manifest());
            for (item, manifest) in items.iter().zip(manifests) {
                item.was_composed(manifest);
            }
            if !is_known && let Err(failure) = self.note(&items) {
                self.session.reporter.detail(format!(
                    "cannot record the image that is being loaded: {failure}"
                ));
            }
            Ok::<_, archive::Error>(())
        });
        drop(progress);
        let refused = match fed {
            Ok(()) => match confirm(self.session.engine, units) {
                Ok(()) => return Ok(()),
                Err(refusal) => refusal,
            },
            Err(LoadError::Engine(error @ engine::Error::Failed { .. })) => {
                Refusal::Engine(error.into())
            }
            Err(error) => Refusal::Final(error.into()),
        };
        self.remove(&items);
        Err(refused)
    }

    /// Records the images that may stay untagged if this process dies. Excludes images that have no tags to get.
    fn note(&self, items: &[&Item]) -> Result<(), Failure> {
        let tagged = items.iter().filter(|item| !item.tags.is_empty());
        let ids: Vec<_> = tagged.flat_map(|item| item.ids()).collect();
        match self
            .session
            .store
            .note_leftovers(&ids, self.session.lock_timeout)
        {
            Err(error) if error.is_read_only() => {
                self.session.reporter.detail(format!(
                    "cannot record the image that is being loaded: {error}"
                ));
                Ok(())
            }
            noted => Ok(noted?),
        }
    }

    /// Removes the untagged images of a failed load: the engine did not have them before.
    fn remove(&self, items: &[&Item]) {
        let ids: Vec<_> = items.iter().flat_map(|item| item.ids()).collect();
        if let Err(error) = self.session.engine.remove_dangling(&ids) {
            self.session
                .reporter
                .warn(format!("a failed load may leave a dangling image: {error}"));
        }
    }
}

/// An engine's standard input. Reports the bytes that it takes as progress.
struct Counted<'a> {
    stream: &'a mut Input,
    progress: &'a Progress,
}

impl Counted<'_> {
    fn count(&self, written: usize) -> usize {
        self.progress.add(written as u64);
        written
    }
}

impl Write for Counted<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.stream.write(bytes)?;
        Ok(self.count(written))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

impl Sink for Counted<'_> {
    fn write_from(&mut self, file: &File, offset: u64, length: usize) -> io::Result<usize> {
        let written = self.stream.write_from(file, offset, length)?;
        Ok(self.count(written))
    }
}

/// The compressions that an engine decompresses itself. It is probed only if that matters.
fn reads(engine: &Engine, choices: &[Composed]) -> Result<Reads, engine::Error> {
    let mut layers = choices.iter().flat_map(|choice| choice.stack.upward());
    let has_zstd = layers.any(|(_, image)| {
        let mut layers = image.layers.iter();
        layers.any(|layer| layer.compression == Compression::Zstd)
    });
    Ok(match !has_zstd || engine.loads_zstd()? {
        true => Reads::All,
        false => Reads::Gzip,
    })
}

fn first_line(failure: &Failure) -> String {
    let text = failure.to_string();
    text.lines().next().unwrap_or_default().to_owned()
}
