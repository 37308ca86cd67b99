//! The name and the base of a fetched image in the store.

use archive::Gathered;
use failure::Failure;
use naming::Reference;
use registry::{Entry, Registry};
use remote::RemoteImage;

use crate::fetch::{Fetcher, Wanted};
use crate::save::{DraftEntry, Form, Saved, Saver, Source};

impl Fetcher<'_> {
    pub(crate) fn save(
        &self,
        wanted: &Wanted,
        entry: Option<&Entry>,
        image: &RemoteImage,
        gathered: Gathered,
        form: Form,
    ) -> Result<Saved, Failure> {
        let saver = Saver {
            session: self.session,

            form,
            make_room: self.make_room.clone(),
        };
        let known = entry.filter(|entry| entry.image_id == Some(image.image_id));
        let source = Source::Gathered(Box::new(gathered));
        saver.save(&source, &wanted.naming, |contents| {
            let draft = match known {
                Some(entry) => DraftEntry::from(entry),
                None => {
                    self.check_name(wanted, contents.name.as_str(), image)?;
                    DraftEntry::of(contents)
                }
            };
            Ok(DraftEntry {
                remote: Some(recorded(image)),
                alias: wanted.alias.clone(),
                ..draft
            })
        })
    }

    /// A generated name must not replace another image.
    fn check_name(&self, wanted: &Wanted, name: &str, image: &RemoteImage) -> Result<(), Failure> {
        let registry = self.session.store.read_or_empty()?;
        let Some(other) = registry.get(name) else {
            return Ok(());
        };
        if other.image_id == Some(image.image_id) || wanted.entry.is_some() {
            return Ok(());
        }
        if wanted.is_named {
            self.session.reporter.warn(format!(
                "{name}: replaces another image that was registered"
            ));
            return Ok(());
        }
        Err(
            Failure::invalid(format!("another image is registered as `{name}`"))
                .with_hint("name this image with --name, or remove the other one with imgprune"),
        )
    }

    /// A thin archive stays thin if its base is available.
    pub(crate) fn form_of(
        &self,
        registry: &Registry,
        entry: Option<&Entry>,
        gathered: &Gathered,
        depth: usize,
    ) -> Result<Form, Failure> {
        let whole = self.form.clone();
        let Some(entry) = entry.filter(|entry| entry.thin) else {
            return Ok(whole);
        };
        let Some(base) = entry.base.as_deref().and_then(|base| registry.get(base)) else {
            return Ok(whole);
        };
        // A whole archive breaks the cycle.
        if let Err(error) = thin::check_base(registry, &entry.name, &base.name) {
            let name = &entry.name;
            self.session
                .reporter
                .warn(format!("{name}: fetched whole: {error}"));
            return Ok(whole);
        }
        if self.there(base)?.is_none() && depth > 0 {
            let wanted = Wanted::registered(base, self.published.as_ref(), false);
            let fetched = wanted.and_then(|wanted| self.fetch_at(&wanted, depth - 1));
            if let Err(failure) = fetched {
                self.session.reporter.warn(format!(
                    "{}: fetched whole, because its base cannot be fetched: {failure}",
                    entry.name
                ));
                return Ok(whole);
            }
        }
        let base = thin::base(self.session.store, base)?;
        // The base is another image now: its layers do not fit.
        if !gathered.config.diff_ids.starts_with(&base.diff_ids) {
            return Ok(whole);
        }
        Ok(Form {
            base: Some(base),
            ..whole
        })
    }
}

/// The `remote` of the entry.
pub(crate) fn recorded(image: &RemoteImage) -> Reference {
    image.reference.clone().without_usual_tag()
}
