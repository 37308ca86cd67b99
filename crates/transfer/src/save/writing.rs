//! Writes the layers of an image, and its whole archive.

use std::fs::File;

use archive::Draft;
use engine::SaveError;
use failure::{Code, Failure, Reported as _};
use inventory::Inventory;
use naming::ImageName;

use crate::save::{Saver, Source};

impl Saver<'_> {
    /// Writes the layers of a source to disk.
    pub(crate) fn write(
        &self,
        source: &Source,
        name: Option<&ImageName>,
        file: &mut File,
    ) -> Result<Draft, Failure> {
        let options = self.form.options();
        let (reference, info) = match source {
            Source::Archive(stack) => {
                let archive = stack.archive();
                let size = ui::size(archive.size());
                self.session
                    .reporter
                    .info(format!("adopting {} ({size})", archive.path()));
                let registry = self.session.store.read_or_empty()?;
                let stack = thin::complete(self.session.store, &registry, stack.clone())?;
                let path = archive.path();
                return self.watched(format!("adopting {path}"), file, |file| {
                    Draft::from_stack(&stack, file, &options, &Inventory::wants)
                });
            }
            Source::Gathered(gathered) => {
                let shown = name.map_or_else(|| "an archive".to_owned(), ImageName::to_string);
                return self.watched(format!("writing {shown}"), file, |file| {
                    Draft::from_gathered(gathered, file, &options, &Inventory::wants)
                });
            }
            Source::Engine { reference, info } => (reference, info),
        };
        let shown = name.map_or_else(|| reference.to_string(), ImageName::to_string);
        self.session
            .reporter
            .info(format!("saving {shown} ({})", ui::size(info.size)));
        let what = format!("the engine's save of {reference}");
        let progress = self
            .session
            .reporter
            .progress(format!("saving {shown}"), Some(info.size));
        let saved = self.session.engine.save(&reference.to_string(), |stream| {
            let stream = progress.counting(stream);
            Draft::from_stream(stream, file, &what, &options, &Inventory::wants)
        });
        drop(progress);
        let draft = saved.map_err(|error| match error {
            // A damaged stream is the engine's failure, not an archive's.
            SaveError::Read(error) if error.code() == Code::Archive => {
                Failure::new(Code::Engine, error.to_string())
            }
            error => error.into(),
        })?;
        if info.diff_ids.as_ref() == Some(&draft.config.diff_ids) {
            Ok(draft)
        } else {
            Err(Failure::new(
                Code::Engine,
                format!("the engine saved another image than `{reference}`"),
            )
            .with_hint("the tag may have moved in the meantime; try again"))
        }
    }

    /// Writes into a file, and reports its length as progress.
    pub(crate) fn watched(
        &self,
        what: String,
        file: &mut File,
        write: impl FnOnce(&mut File) -> Result<Draft, archive::Error>,
    ) -> Result<Draft, Failure> {
        let seen = file.try_clone().map_err(|error| unreadable(&error))?;
        let length = || seen.metadata().map_or(0, |file| file.len());
        let progress = self.session.reporter.progress(what, None);
        Ok(progress.watch(length, || write(file))?)
    }
}

fn unreadable(error: &std::io::Error) -> Failure {
    let message = format!("cannot read the archive back: {error}");
    Failure::new(Code::Other, message)
}
