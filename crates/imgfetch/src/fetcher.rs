//! Fetching: nothing is asked for that is there, and nothing is registered that is not what was pinned.

use std::time::Duration;

use archive::{Archive, Gathered};
use camino::{Utf8Path, Utf8PathBuf};
use cli::{Code, Failure, Reporter};
use engine::Engine;
use imgprune::InForce;
use imgsave::{DraftEntry, Form, Saved, Saver, Source};
use naming::{Architecture, Digest, Reference};
use registry::{Entry, Registry, Store};
use remote::{Remote, RemoteImage};

use crate::download::{download, gather};
use crate::wanted::Words;
use crate::{Names, Published, Wanted, platform};

/// How thin archives may stand on each other, each of which is fetched before the next.
const MAX_DEPTH: usize = 128;

/// Brings images from remote registries into a store.
pub struct Fetcher<'a> {
    /// Where archives and entries go.
    pub store: &'a Store,
    /// How registries are reached.
    pub remote: &'a Remote,
    /// Asked for containers where room is to be made, and for nothing else.
    pub engine: &'a Engine,
    /// Where progress goes.
    pub reporter: &'a Reporter,
    /// How long to wait for locks.
    pub lock_timeout: Duration,
    /// How archives are written.
    pub form: Form,
    /// By which limits to make room where there is too little; `None` makes none.
    pub make_room: Option<InForce>,
    /// Where this project's images are published.
    pub published: Option<Published>,
    /// Whether no registry is to be reached.
    pub offline: bool,
    /// Whether tags are followed to where they point now.
    pub update: bool,
    /// The processor that new images are for, where that was said.
    pub architecture: Option<Architecture>,
}

/// An image that is in the store now.
#[derive(Debug, Clone)]
pub struct Fetched {
    /// The registered name.
    pub name: String,
    /// The archive, as it opens from the working directory.
    pub path: Utf8PathBuf,
    /// Where it was published, with its digest.
    pub remote: Option<Reference>,
    /// The config's digest.
    pub image_id: Option<Digest>,
    /// The archive's length in bytes.
    pub size: u64,
    /// Whether it was fetched now; `false` where the store had it already.
    pub fetched: bool,
}

impl Fetcher<'_> {
    /// What an operand asks for.
    pub fn wanted(
        &self,
        registry: &Registry,
        names: &Names,
        operand: &str,
    ) -> Result<Wanted, Failure> {
        let words = Words {
            store: self.store,
            registry,
            published: self.published.as_ref(),
            architecture: self.architecture.unwrap_or_else(Architecture::host),
            names,
            update: self.update,
        };
        words.find(operand)
    }

    /// Makes sure that an image is in the store.
    pub fn fetch(&self, wanted: &Wanted) -> Result<Fetched, Failure> {
        self.fetch_at(wanted, MAX_DEPTH)
    }

    /// Fetches a registered image whose archive is missing. What is there and is not the image stays, for somebody to look
    /// at. Returns whether anything was fetched.
    pub fn fetch_missing(&self, entry: &Entry) -> Result<bool, Failure> {
        let Some(wanted) = self.lacks(entry)? else {
            return Ok(false);
        };
        let fetched = self.fetch(&wanted);
        Ok(fetched
            .map_err(|failure| failure.about(&entry.name))?
            .fetched)
    }

    /// What [`Fetcher::fetch_missing`] would fetch; no registry is asked for it. `None` where the archive is there.
    pub fn lacks(&self, entry: &Entry) -> Result<Option<Wanted>, Failure> {
        if self.store.path(&entry.file)?.absolute().exists() {
            return Ok(None);
        }
        Wanted::registered(entry, self.published.as_ref(), false).map(Some)
    }

    fn fetch_at(&self, wanted: &Wanted, depth: usize) -> Result<Fetched, Failure> {
        if !self.update
            && let Some(entry) = &wanted.entry
            && let Some(there) = self.there(entry)?
        {
            // One that was killed may have registered it, and no more.
            if let Some(id) = there.image_id {
                self.store.forget_transfer(&id.hex());
            }
            return Ok(there);
        }
        if self.offline {
            return Err(Failure::new(Code::Archive, "is not in the store")
                .with_hint("--offline keeps it from being fetched"));
        }
        let image = self.resolve(wanted)?;
        let key = image.image_id.hex();
        let transfer = self.store.transfer(&key, self.lock_timeout)?;
        // Somebody else may have fetched it meanwhile.
        let registry = self.store.read_or_empty()?;
        let entry = wanted
            .entry
            .as_ref()
            .and_then(|entry| registry.get(&entry.name));
        if let Some(entry) = entry.filter(|entry| entry.image_id == Some(image.image_id))
            && let Some(there) = self.there(entry)?
        {
            transfer.finish()?;
            return Ok(there);
        }
        let from = image.reference.to_string();
        let mut gathered = Gathered::new(Utf8Path::new(&from), image.config.clone())?;
        if wanted.entry.is_none() {
            platform::check(&gathered.config, self.architecture)?;
        }
        if gathered.config.diff_ids.len() != image.layers.len() {
            return Err(Failure::new(
                Code::Archive,
                format!(
                    "its manifest has {} layers, and its config {}",
                    image.layers.len(),
                    gathered.config.diff_ids.len()
                ),
            ));
        }
        let form = self.form_of(&registry, entry, &gathered, depth)?;
        gather(self.store, &registry, entry, &mut gathered);
        self.ensure_room(&image)?;
        let downloaded = download(
            self.remote,
            &image,
            transfer.path(),
            self.reporter,
            &mut gathered,
        );
        if let Err(failure) = downloaded {
            // What fills the disk is of no use to anybody.
            if failure.code() == Code::Room {
                transfer.finish()?;
            }
            return Err(failure);
        }
        let saved = self.save(wanted, entry, &image, gathered, form);
        match &saved {
            // A blob that is not what it should be would be taken for whole the next time.
            Err(failure) if !matches!(failure.code(), Code::Archive | Code::Room) => {}
            _ => transfer.finish()?,
        }
        let saved = saved?;
        Ok(Fetched {
            name: saved.name,
            path: saved.path,
            remote: Some(recorded(&image)),
            image_id: Some(saved.image_id),
            size: saved.size,
            fetched: true,
        })
    }

    /// The image behind what is wanted, which must be the one that is pinned or registered.
    fn resolve(&self, wanted: &Wanted) -> Result<RemoteImage, Failure> {
        let registered = wanted.entry.as_ref();
        let architecture = match registered.map(|entry| entry.architecture.parse()) {
            Some(Ok(architecture)) => architecture,
            _ => self.architecture.unwrap_or_else(Architecture::host),
        };
        self.reporter
            .detail(format!("looking for {}", wanted.reference));
        let image = self.remote.resolve(&wanted.reference, architecture)?;
        let pinned = registered.and_then(|entry| entry.remote.as_ref()?.digest());
        if let Some(pinned) = pinned.filter(|pinned| wanted.is_pinned && *pinned != image.digest())
        {
            return Err(Failure::new(
                Code::Archive,
                format!(
                    "`{}` has moved: {pinned} is registered, and it is {} now",
                    wanted.reference,
                    image.digest()
                ),
            )
            .with_hint("--update follows it; the registered name fetches what was pinned"));
        }
        let id = registered.and_then(|entry| entry.image_id);
        if let Some(id) = id.filter(|id| !self.update && *id != image.image_id) {
            return Err(Failure::new(
                Code::Archive,
                format!(
                    "`{}` is image {}, but {id} is registered",
                    image.reference, image.image_id
                ),
            )
            .with_hint("--update takes the new one"));
        }
        Ok(image)
    }

    fn save(
        &self,
        wanted: &Wanted,
        entry: Option<&Entry>,
        image: &RemoteImage,
        gathered: Gathered,
        form: Form,
    ) -> Result<Saved, Failure> {
        let saver = Saver {
            store: self.store,
            engine: self.engine,
            reporter: self.reporter,
            lock_timeout: self.lock_timeout,
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

    /// A name that was made up must not take another image's place.
    fn check_name(&self, wanted: &Wanted, name: &str, image: &RemoteImage) -> Result<(), Failure> {
        let registry = self.store.read_or_empty()?;
        let Some(other) = registry.get(name) else {
            return Ok(());
        };
        if other.image_id == Some(image.image_id) || wanted.entry.is_some() {
            return Ok(());
        }
        if wanted.is_named {
            self.reporter.warn(format!(
                "{name}: replaces another image that was registered"
            ));
            return Ok(());
        }
        Err(
            Failure::invalid(format!("another image is registered as `{name}`"))
                .with_hint("give this one a name with --name, or remove the other with imgprune"),
        )
    }

    /// A thin archive stays one where its base can be had.
    fn form_of(
        &self,
        registry: &Registry,
        entry: Option<&Entry>,
        gathered: &Gathered,
        depth: usize,
    ) -> Result<Form, Failure> {
        let whole = self.form.clone();
        let base = entry
            .filter(|entry| entry.thin)
            .and_then(|entry| entry.base.as_deref());
        let Some(base) = base.and_then(|base| registry.get(base)) else {
            return Ok(whole);
        };
        if self.there(base)?.is_none() && depth > 0 {
            let wanted = Wanted::registered(base, self.published.as_ref(), false);
            let fetched = wanted.and_then(|wanted| self.fetch_at(&wanted, depth - 1));
            if let Err(failure) = fetched {
                self.reporter.warn(format!(
                    "{}: is fetched whole, because its base can't be: {failure}",
                    entry.map_or("", |entry| &entry.name)
                ));
                return Ok(whole);
            }
        }
        let base = thin::base(self.store, base)?;
        // Another base by now: its layers are of no use.
        if !gathered.config.diff_ids.starts_with(&base.diff_ids) {
            return Ok(whole);
        }
        Ok(Form {
            base: Some(base),
            ..whole
        })
    }

    /// Refuses a download that there is no room for before it begins. Whether there is room for the archive as well is
    /// seen when it is written.
    fn ensure_room(&self, image: &RemoteImage) -> Result<(), Failure> {
        let (need, free) = (image.size(), self.store.free()?);
        if free >= need || self.make_room.is_some() {
            return Ok(());
        }
        let (need, free) = (cli::size(need), cli::size(free));
        let message = format!("is {need}, and {free} are free where the store is");
        Err(Failure::new(Code::Room, message).with_hint("imgprune --min-free makes room"))
    }

    /// What the store has of an entry, if its archive is there and holds the registered image.
    pub fn there(&self, entry: &Entry) -> Result<Option<Fetched>, Failure> {
        let path = self
            .store
            .path(&entry.file)
            .map_err(|error| Failure::from(error).about(&entry.name))?;
        let Ok(archive) = Archive::open(&path.absolute()) else {
            return Ok(None);
        };
        let mut images = archive.images().iter();
        let holds = images.any(|image| entry.image_id.is_none_or(|id| id == image.image_id));
        Ok(holds.then(|| Fetched {
            name: entry.name.clone(),
            path: self
                .store
                .relative(&path, &cli::working_dir().unwrap_or_default()),
            remote: entry.remote.clone(),
            image_id: entry.image_id,
            size: archive.size(),
            fetched: false,
        }))
    }
}

/// What an entry says of where an image was published.
fn recorded(image: &RemoteImage) -> Reference {
    image.reference.clone().without_usual_tag()
}
