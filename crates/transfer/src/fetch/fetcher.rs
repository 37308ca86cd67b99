//! Fetching: skips images that are present, and registers an image only if it matches its pin.

use archive::{Archive, Gathered};
use camino::{Utf8Path, Utf8PathBuf};
use config::Published;
use failure::{Code, Failure};
use naming::{Architecture, Digest, Reference};
use prune::InForce;
use registry::{Entry, Registry};
use remote::{Remote, RemoteImage};

use crate::Session;
use crate::fetch::download::{download, gather};
use crate::fetch::saving::recorded;
use crate::fetch::wanted::Words;
use crate::fetch::{Names, Wanted, platform};
use crate::save::Form;

/// The maximum depth of thin archives. Each base is fetched before the archive above it.
const MAX_DEPTH: usize = 128;

/// Downloads images from remote registries into a store.
pub struct Fetcher<'a> {
    /// The store, the engine and the reporter.
    pub session: Session<'a>,
    /// The access to remote registries.
    pub remote: &'a Remote,
    /// The form of new archives.
    pub form: Form,
    /// The limits for making room if there is too little; `None` makes none.
    pub make_room: Option<InForce>,
    /// The place of this project's published images.
    pub published: Option<Published>,
    /// Whether to contact no registry.
    pub offline: bool,
    /// Whether to follow tags to their current images.
    pub update: bool,
    /// The architecture of new images, if given.
    pub architecture: Option<Architecture>,
}

/// An image that is in the store now.
#[derive(Debug, Clone)]
pub struct Fetched {
    /// The registered name.
    pub name: String,
    /// The path of the archive, relative to the working directory.
    pub path: Utf8PathBuf,
    /// Its published reference, with its digest.
    pub remote: Option<Reference>,
    /// The config's digest.
    pub image_id: Option<Digest>,
    /// The archive's length in bytes.
    pub size: u64,
    /// Whether it was fetched now; `false` if the store had it already.
    pub fetched: bool,
}

impl Fetcher<'_> {
    /// The image that an operand requests.
    pub fn wanted(
        &self,
        registry: &Registry,
        names: &Names,
        operand: &str,
    ) -> Result<Wanted, Failure> {
        let words = Words {
            store: self.session.store,
            registry,
            published: self.published.as_ref(),
            architecture: self.architecture.unwrap_or_else(Architecture::host),
            names,
            update: self.update,
        };
        words.find(operand)
    }

    /// Fetches an image, unless the store has it.
    pub fn fetch(&self, wanted: &Wanted) -> Result<Fetched, Failure> {
        self.fetch_at(wanted, MAX_DEPTH)
    }

    /// Fetches a registered image if its archive is missing or stale, or if its index cannot be read. Returns whether
    /// an image was fetched.
    pub fn fetch_missing(&self, entry: &Entry) -> Result<bool, Failure> {
        let Some(wanted) = self.lacks(entry)? else {
            return Ok(false);
        };
        let fetched = self.fetch(&wanted);
        Ok(fetched
            .map_err(|failure| failure.about(&entry.name))?
            .fetched)
    }

    /// The image that [`Fetcher::fetch_missing`] would fetch; `None` if the archive is present. Contacts no registry.
    pub fn lacks(&self, entry: &Entry) -> Result<Option<Wanted>, Failure> {
        let path = self.session.store.path(&entry.file)?.absolute();
        if path.exists() && thin::fault(&path, entry).is_none() {
            return Ok(None);
        }
        Wanted::registered(entry, self.published.as_ref(), false).map(Some)
    }

    pub(crate) fn fetch_at(&self, wanted: &Wanted, depth: usize) -> Result<Fetched, Failure> {
        if !self.update
            && let Some(entry) = &wanted.entry
            && let Some(there) = self.there(entry)?
        {
            // A killed fetch may have registered the image and then stopped.
            if let Some(id) = there.image_id {
                self.session.store.forget_transfer(&id.hex());
            }
            return Ok(there);
        }
        if self.offline {
            return Err(Failure::new(Code::Archive, "is not in the store")
                .with_hint("omit --offline to fetch it"));
        }
        let image = self.resolve(wanted)?;
        let key = image.image_id.hex();
        let transfer = self
            .session
            .store
            .transfer(&key, self.session.lock_timeout)?;
        // Another process may have fetched it meanwhile.
        let registry = self.session.store.read_or_empty()?;
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
        if gathered.config.diff_ids.len() != image.manifest.layers.len() {
            return Err(Failure::new(
                Code::Archive,
                format!(
                    "its manifest has {} layers, but its config {}",
                    image.manifest.layers.len(),
                    gathered.config.diff_ids.len()
                ),
            ));
        }
        let form = self.form_of(&registry, entry, &gathered, depth)?;
        // Layers that are compressed anew may come from any source.
        match form.compress {
            None => gathered.manifest = Some(image.manifest.clone()),
            Some(_) => self
                .session
                .reporter
                .info(format!("{from}: compression changes the manifest's digest")),
        }
        let left_out = form.base.as_ref().map(|base| base.diff_ids.clone());
        let left_out = left_out.unwrap_or_default();
        let store = self.session.store;
        gather(store, &registry, entry, &mut gathered, &left_out);
        self.ensure_room(&image)?;
        let downloaded = download(
            self.remote,
            &image,
            transfer.path(),
            self.session.reporter,
            &mut gathered,
            &left_out,
        );
        if let Err(failure) = downloaded {
            // Remove partial downloads if the disk is full.
            if failure.code() == Code::Room {
                transfer.finish()?;
            }
            return Err(failure);
        }
        let saved = self.save(wanted, entry, &image, gathered, form);
        match &saved {
            // Otherwise a later run would take a damaged blob for a complete one.
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

    /// Refuses a download before it begins if there is no room for it. The room for the archive is checked when it is
    /// written.
    fn ensure_room(&self, image: &RemoteImage) -> Result<(), Failure> {
        let (need, free) = (image.size(), self.session.store.disk(None)?.free);
        if free >= need || self.make_room.is_some() {
            return Ok(());
        }
        let (need, free) = (ui::size(need), ui::size(free));
        let message = format!("needs {need}, but the store has only {free} free");
        Err(Failure::new(Code::Room, message).with_hint("free disk space with imgprune --min-free"))
    }

    /// The store's archive of an entry, if it exists and holds the registered image.
    pub fn there(&self, entry: &Entry) -> Result<Option<Fetched>, Failure> {
        let path = self
            .session
            .store
            .path(&entry.file)
            .map_err(|error| Failure::from(error).about(&entry.name))?;
        let Ok(archive) = Archive::open(&path.absolute()) else {
            return Ok(None);
        };
        let holds = archive.image(entry.image_id).is_some();
        Ok(holds.then(|| Fetched {
            name: entry.name.clone(),
            path: self.session.store.relative(&path, self.session.store.cwd()),
            remote: entry.remote.clone(),
            image_id: entry.image_id,
            size: archive.size(),
            fetched: false,
        }))
    }
}
