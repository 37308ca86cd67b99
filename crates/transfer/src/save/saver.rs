//! Saving: registers an image only if it is complete on disk and was read.
//!
//! The image streams into a temporary file, and is read back through the archive index. Then the file is renamed and
//! the entry is written, both under the registry's lock. So readers see a new archive with an old entry only for that
//! moment.

use std::slice;

use archive::compose::manifest_digest;
use archive::{Archive, Stack};
use camino::Utf8PathBuf;
use failure::{Code, Failure};
use inventory::Inventory;
use naming::{Digest, ImageName, Reference};
use prune::InForce;
use registry::{Entry, Registry, StorePath};

use crate::Session;
use crate::save::entry::{Contents, DraftEntry, complete, contradicts, megabytes};
use crate::save::{Form, Naming, Source};

/// Puts images into a store.
pub struct Saver<'a> {
    /// The store, the engine and the reporter.
    pub session: Session<'a>,
    /// How to write.
    pub form: Form,
    /// The limits for making room if there is too little; `None` makes none.
    pub make_room: Option<InForce>,
}

/// An image that is in the store now.
#[derive(Debug, Clone)]
pub struct Saved {
    /// The registered name.
    pub name: String,
    /// The registered tag.
    pub reference: Reference,
    /// The path of the archive, relative to the working directory.
    pub path: Utf8PathBuf,
    /// The config's digest.
    pub image_id: Digest,
    /// The archive's length in bytes.
    pub size: u64,
    /// Whether it was written now; `false` if the store had this image already.
    pub written: bool,
}

impl Saver<'_> {
    /// Saves one image under a name, reads it, and registers it.
    ///
    /// `draft` gets the image's contents and returns the contents of the entry, or an error. After an error no image is
    /// registered, and an existing archive stays.
    pub fn save(
        &self,
        source: &Source,
        naming: &Naming,
        draft: impl FnOnce(&Contents) -> Result<DraftEntry, Failure>,
    ) -> Result<Saved, Failure> {
        let Some(name) = naming.known() else {
            return self.save_locked(source, naming, draft);
        };
        let _lock = self
            .session
            .store
            .lock_image(name.as_str(), Some(self.session.lock_timeout))?;
        match self.unchanged(source, name)? {
            Some(saved) => Ok(saved),
            None => self.save_locked(source, naming, draft),
        }
    }

    /// The store's archive of this image under this name, if all its bytes are as registered.
    fn unchanged(&self, source: &Source, name: &ImageName) -> Result<Option<Saved>, Failure> {
        let registry = self.session.store.read_or_empty()?;
        let entry = registry.get(name.as_str());
        let Some((entry, image_id)) = entry.and_then(|entry| Some((entry, entry.image_id?))) else {
            return Ok(None);
        };
        if !source.may_be(image_id) {
            return Ok(None);
        }
        let path = self.session.store.relative(
            &self.session.store.path(&entry.file)?,
            self.session.store.cwd(),
        );
        // It is missing, damaged or another file: a new save repairs it. A named pipe is no archive, and opening it
        // would block.
        let Ok(archive) = Archive::open(&path) else {
            return Ok(None);
        };
        let images = archive.images();
        let registered = archive.image(Some(image_id));
        if !registered.is_some_and(|image| source.is(image))
            || !images.iter().all(|image| self.form.is_of(image))
        {
            return Ok(None);
        }
        let is_complete = || {
            let stack = thin::open(self.session.store, entry)?;
            thin::complete(self.session.store, &registry, stack)
        };
        let is_sound = |image| archive.verify(image).is_ok();
        if is_complete().is_err() || !registered.is_some_and(is_sound) {
            return Ok(None);
        }
        self.session
            .reporter
            .detail(format!("{name}: already saved"));
        Ok(Some(Saved {
            name: entry.name.clone(),
            reference: entry.docker_tag.clone(),
            size: archive.size(),
            path,
            image_id,
            written: false,
        }))
    }

    /// [`Self::save`] for a caller that already holds the image's lock.
    pub fn save_locked(
        &self,
        source: &Source,
        naming: &Naming,
        draft: impl FnOnce(&Contents) -> Result<DraftEntry, Failure>,
    ) -> Result<Saved, Failure> {
        self.check_base(source, naming.known())?;
        let place = self.place(naming)?;
        self.ensure_room(source, &place)?;
        let mut unfinished = self.session.store.create_for(&place)?;
        let mut layers = self.write(source, naming.known(), unfinished.file_mut())?;
        let tags = naming.known().map(ImageName::reference).transpose()?;
        layers.seal(unfinished.file_mut(), tags.as_slice())?;
        let written = only_image(Archive::open(unfinished.path())?)?;
        let image = written.image();
        let whole = thin::complete(
            self.session.store,
            &self.session.store.read_or_empty()?,
            written.clone(),
        )?;
        let inventory = Inventory::read(&layers.root_fs(whole, &Inventory::wants)?)?;
        let name = naming.decide(&inventory)?;
        let _late_lock = match naming.known() {
            Some(_) => None,
            None => Some(
                self.session
                    .store
                    .lock_image(name.as_str(), Some(self.session.lock_timeout))?,
            ),
        };
        if let Some(os) = inventory
            .os
            .as_ref()
            .filter(|os| contradicts(os, name.os()))
        {
            self.session.reporter.warn(format!(
                "{name}: the name does not match the image's system `{os}`"
            ));
        }
        let contents = Contents {
            name: &name,
            image,
            inventory: &inventory,
        };
        if let Some((before, now)) = source.manifest().zip(manifest_digest(image))
            && before != now
            && self.form.compress.is_some()
        {
            self.session.reporter.info(format!(
                "{name}: compression changes the manifest's digest from {before} to {now}"
            ));
        }
        let draft = draft(&contents)?;
        // The registry may give the image another tag and path than its name suggests.
        let registry = self.session.store.read_or_empty()?;
        let planned = complete(&registry, &name, &contents, draft.clone())?;
        let path = self.session.store.path(&planned.file)?;
        self.check_place(&registry, name.as_str(), &path, &written)?;
        refuse_cycle(&registry, &planned)?;
        let size = layers.seal(unfinished.file_mut(), slice::from_ref(&planned.docker_tag))?;
        let waiting = self
            .session
            .reporter
            .wait(format!("flushing {name} to disk"));
        unfinished.sync()?;
        drop(waiting);
        let unreadable = self.keep_layers(name.as_str(), &path, &written)?;
        self.session
            .store
            .install(unfinished, &path, self.session.lock_timeout, |registry| {
                self.guard(registry, name.as_str(), &path, &written, &unreadable)?;
                let mut entry = complete(registry, &name, &contents, draft.clone())?;
                entry.size_mb = Some(megabytes(size));
                entry.digest = None;
                entry.manifest = manifest_digest(image);
                if let Some(thin) = &self.form.base {
                    entry.thin = true;
                    entry.base = Some(thin.base.name.clone());
                }
                refuse_cycle(registry, &entry)?;
                Ok::<_, Failure>(entry)
            })?;
        Ok(Saved {
            name: planned.name,
            reference: planned.docker_tag,
            path: self.session.store.relative(&path, self.session.store.cwd()),
            image_id: image.image_id,
            size,
            written: true,
        })
    }

    /// The path of the archive. Before its name is known, a path in its project's folder, which may be a mount.
    fn place(&self, naming: &Naming) -> Result<StorePath, Failure> {
        let Some(name) = naming.known() else {
            let project = naming.project();
            let file = format!("images/{project}/{project}.tar");
            return Ok(self.session.store.path(file.as_ref())?);
        };
        let registry = self.session.store.read_or_empty()?;
        let entry = registry.get(name.as_str());
        let file = entry.map_or_else(|| name.archive_file().into(), |entry| entry.file.clone());
        Ok(self.session.store.path(&file)?)
    }

    /// Refuses a base that the image was not built on, or that stands on the image. Runs before the image is read.
    fn check_base(&self, source: &Source, image: Option<&ImageName>) -> Result<(), Failure> {
        let Some(thin) = &self.form.base else {
            return Ok(());
        };
        let name = &thin.base.name;
        if let Some(image) = image {
            thin::check_base(&self.session.store.read_or_empty()?, image.as_str(), name)?;
        }
        let diff_ids = source.diff_ids();
        if diff_ids.is_some_and(|diff_ids| !diff_ids.starts_with(&thin.diff_ids)) {
            let message = format!("is not built on `{name}`: its lowest layers differ");
            return Err(Failure::invalid(message)
                .with_hint("a thin archive needs the base that it was built on; or save it whole without --thin"));
        }
        Ok(())
    }
}

/// Refuses an entry whose new base stands on it. A cycle that the registry already has does not block changes of other
/// archives.
fn refuse_cycle(registry: &Registry, entry: &Entry) -> Result<(), Failure> {
    let before = registry.get(&entry.name).and_then(|it| it.base.as_deref());
    match entry.base.as_deref().filter(|base| before != Some(base)) {
        Some(base) => Ok(thin::check_base(registry, &entry.name, base)?),
        None => Ok(()),
    }
}

/// The image of an archive with a single image.
pub(crate) fn only_image(archive: Archive) -> Result<Stack, Failure> {
    let path = archive.path().to_string();
    Stack::of(archive).ok_or_else(|| Failure::new(Code::Archive, "holds no image").about(path))
}
