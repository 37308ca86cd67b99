//! One build, from the base to the entry.

use std::time::Instant;

use archive::ThinBase;
use engine::{Build, BuildFile};
use failure::Failure;
use registry::Registry;
use transfer::Session;
use transfer::load::Loader;
use transfer::save::{DraftEntry, Form, Naming, Saver, Source, Thin};

use crate::base::BuildBase;
use crate::inputs::phrase;
use crate::interrupted::Noted;
use crate::prepared::Ready;
use crate::sources::Named;
use crate::{Builder, Built, complaint, contents, temporary};

impl Builder<'_> {
    /// Builds the image, inspects it, saves and registers it. The caller holds the image's lock.
    pub(crate) fn make_locked(&self, ready: &Ready, registry: &Registry) -> Result<Built, Failure> {
        let Ready {
            name,
            purpose,
            base,
            recipe,
            ingredients,
            ..
        } = ready;
        let began = Instant::now();
        let loader = self.loader();
        let thin_base = self.thin_base(base)?;
        let temporary = temporary::tag(self.engine, name)?;
        let mut build = Build::new(BuildFile::Text(&ingredients.text), temporary.reference());
        build.context = recipe.context.as_deref().filter(|_| recipe.sends_context);
        build.args = recipe.args_on(None);
        build.args_in_steps = recipe.has_args_of_its_own();
        build.platform = Some(recipe.architecture)
            .filter(|wanted| self.engine.architecture().ok().flatten() != Some(*wanted));
        build.no_cache = self.options.no_cache;
        build.pull = self.options.pull;
        let network = self.options.network.as_ref().or(recipe.network.as_ref());
        build.network = network.map(String::as_str);
        build.secrets = recipe.secrets.iter().map(ToString::to_string).collect();
        self.check_possible(ready, registry, &build)
            .map_err(|failure| purpose.blame(failure))?;
        let on = if recipe.uses_base {
            self.bases.with(&base.key(), || base.bring(&loader))?
        } else {
            None
        };
        for Named { image, .. } in &ready.named {
            self.bases.with(&image.key(), || image.bring(&loader))?;
        }
        let cache = self.cache_source(ready.earlier.as_ref(), name, base);
        build.args = recipe.args_on(on.as_ref());
        build.cache_from = cache.as_ref().map(engine::TemporaryTag::reference);
        let named = ready.named.iter().map(|named| &named.reference);
        build.images = named.chain(&on).map(ToString::to_string).collect();
        let notes = Noted::in_store(self.store);
        build.notes = Some(&notes);
        let because = phrase(&ready.reasons);
        match &on {
            Some(on) => self
                .reporter
                .info(format!("building {name} on {on}: {because}")),
            None => self.reporter.info(format!("building {name}: {because}")),
        }
        let task = self.reporter.task(name.as_str());
        let info = self.engine.build(&build, |line| task.engine(line));
        let info = info.map_err(|error| {
            let asked_as = |name: &str| recipe.asked_as(name);
            let failure = complaint::explain(error, recipe.architecture, asked_as, |name| {
                let offered = base.offered(self.store, registry).ok()??;
                offered.nearest(name).map(str::to_owned)
            });
            let failure = purpose.blame(failure);
            match task.shows_engine() {
                true => failure.without_tail(),
                false => failure,
            }
        })?;
        drop(task);
        let image_id = info.id;
        let saver = Saver {
            session: self.session(),
            form: Form {
                compress: self.options.wanted.compress,
                base: thin_base,
            },
            make_room: self.options.make_room.clone(),
        };
        let source = Source::Engine {
            reference: temporary.reference().clone(),
            info: Box::new(info),
        };
        let saved = saver.save_locked(&source, &Naming::Given(name.clone()), |found| {
            let fingerprint = ingredients.fingerprint;
            Ok(DraftEntry {
                build_seconds: Some(tenths(began)),
                built_because: Some(because.clone()),
                inputs: ingredients.inputs.list(),
                ..contents::draft(&purpose.plan, base.entry(), fingerprint, found)
                    .map_err(|failure| purpose.blame(failure))?
            })
        })?;
        // Another image may take its name later, and then only its ID finds it.
        self.store.note_leftovers(&[image_id], self.lock_timeout)?;
        self.engine.tag(&image_id.to_string(), &saved.reference)?;
        Ok(Built {
            name: Some(saved.name),
            path: saved.path,
            image_id: Some(saved.image_id),
            built: true,
        })
    }

    fn session(&self) -> Session<'_> {
        Session {
            store: self.store,
            engine: self.engine,
            reporter: self.reporter,
            lock_timeout: self.lock_timeout,
        }
    }

    /// Loads archives for a build, without counting a use.
    pub(crate) fn loader(&self) -> Loader<'_> {
        Loader {
            session: self.session(),
            record: false,
            force: false,
            also: None,
            only: None,
            jobs: 1,
            keep_going: false,
        }
    }

    /// The base of a thin archive.
    fn thin_base(&self, base: &BuildBase) -> Result<Option<ThinBase>, Failure> {
        match (self.options.wanted.thin, base.entry()) {
            (Thin::Never, _) | (Thin::WherePossible, None) => Ok(None),
            (_, Some(entry)) => Ok(Some(thin::base(self.store, entry)?)),
            (Thin::Always, None) => Err(Failure::invalid("`--thin` needs a registered base")
                .with_hint("save the base with imgsave first")),
        }
    }
}

/// Seconds since then, to a tenth.
fn tenths(began: Instant) -> f64 {
    (began.elapsed().as_secs_f64() * 10.0).round() / 10.0
}
