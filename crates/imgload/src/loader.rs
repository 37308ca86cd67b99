//! Loading: only what the engine lacks, and only what passed every check.
//!
//! The engine's word is not taken for success: what a tag points to is inspected before and
//! after. The identity that counts is the config's digest; engines with a containerd store know
//! an image by its manifest's digest instead, so the manifest that we compose is accepted too.

use std::time::Duration;

use archive::compose::{Choice as Composed, compose, manifest_digest};
use archive::{Archive, Image};
use camino::Utf8PathBuf;
use cli::{Code, Failure, Reporter};
use engine::{Engine, ImageInfo};
use naming::{Digest, Reference};
use registry::Store;

use crate::choice::{Choice, choose};
use crate::{Target, record, target};

/// Brings archives into an engine.
pub struct Loader<'a> {
    /// The store that registered archives belong to.
    pub store: &'a Store,
    /// The engine to load into.
    pub engine: &'a Engine,
    /// Where progress and warnings go.
    pub reporter: &'a Reporter,
    /// How long to wait for the registry's lock when counting the use.
    pub lock_timeout: Duration,
    /// Whether to count the use in the registry.
    pub record: bool,
    /// Whether an unregistered archive may take another image's tag.
    pub force: bool,
    /// One more tag for the image.
    pub also: Option<Reference>,
}

/// An image that is in the engine now.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// What `docker run` takes: `name:tag`, or the image's ID where it has no tag.
    pub reference: String,
    /// The archive it came from, as it opens from the working directory.
    pub path: Utf8PathBuf,
    /// The registered name.
    pub name: Option<String>,
    /// The config's digest.
    pub image_id: Digest,
    /// Whether bytes were sent; `false` where the engine had the image.
    pub loaded: bool,
}

impl Loader<'_> {
    /// Loads the images of an archive: the registered one, or all of an unregistered archive.
    ///
    /// Whoever replaces an archive renames it into its place a moment before its entry follows: an archive
    /// that is not what its entry says is looked at once more when the registry is at rest.
    pub fn load(&self, target: &Target) -> Result<Vec<Loaded>, Failure> {
        match self.load_once(target) {
            Err(failure) if failure.code() == Code::Archive => match self.newer(target) {
                Some(newer) => self.load_once(&newer),
                None => Err(failure),
            },
            done => done,
        }
    }

    /// The target as the registry has it now, if that is another image than before.
    fn newer(&self, target: &Target) -> Option<Target> {
        let old = target.entry.as_ref()?;
        // No edit: this waits for whoever is writing. Where nothing can be locked, nobody writes.
        let _ = self.store.update(self.lock_timeout, |_| {
            Ok::<_, registry::Error>((Vec::new(), ()))
        });
        let registry = self.store.read().ok()?;
        let entry = registry.get(&old.name)?;
        let moved = entry.image_id != old.image_id || entry.file != old.file;
        target::registered(self.store, entry).ok().filter(|_| moved)
    }

    fn load_once(&self, target: &Target) -> Result<Vec<Loaded>, Failure> {
        let archive = Archive::open(&target.path)?;
        let mut choices = choose(&archive, target.entry.as_ref(), self.reporter)?;
        if let Some(also) = &self.also {
            match &mut choices[..] {
                [only] if !only.tags.contains(also) => only.tags.push(also.clone()),
                [_] => {}
                _ => {
                    return Err(Failure::usage(format!(
                        "`--tag` names one image, and {} holds {}",
                        target.path,
                        choices.len()
                    )));
                }
            }
        }
        let forced = self.force || target.entry.is_some();
        // All are looked at before the first is sent: of an archive that is refused, nothing is loaded.
        let before = choices
            .iter()
            .map(|choice| self.survey(choice, forced))
            .collect::<Result<Vec<_>, _>>()?;
        let mut loaded = Vec::new();
        for (number, (choice, seen)) in choices.iter().zip(&before).enumerate() {
            let sent = self.bring(&archive, choice, seen).inspect_err(|_| {
                for (choice, seen) in choices.iter().zip(&before).take(number) {
                    self.restore(choice, seen);
                }
            })?;
            loaded.push(Loaded {
                reference: choice
                    .tags
                    .first()
                    .map_or_else(|| choice.image.image_id.to_string(), Reference::to_string),
                path: target.path.clone(),
                name: target.entry.as_ref().map(|entry| entry.name.clone()),
                image_id: choice.image.image_id,
                loaded: sent,
            });
        }
        if let Some(entry) = target.entry.as_ref().filter(|_| self.record) {
            record::count_use(self.store, &entry.name, self.lock_timeout, self.reporter)?;
        }
        Ok(loaded)
    }

    /// What the engine holds before anything is sent; without `forced`, tags of other images refuse.
    fn survey(&self, choice: &Choice, forced: bool) -> Result<Seen, Failure> {
        let identity = Identity::of(choice.image);
        let seen = self.look(choice, &identity)?;
        if !forced {
            self.refuse_to_take_tags(choice, &seen, &identity)?;
        }
        Ok(seen)
    }

    /// Makes the engine hold one image under its tags. Returns whether bytes were sent.
    fn bring(&self, archive: &Archive, choice: &Choice, before: &Seen) -> Result<bool, Failure> {
        let identity = Identity::of(choice.image);
        if before.all_tags_are(&identity) {
            self.reporter
                .detail(format!("{}: already in the engine", archive.path()));
            return Ok(false);
        }
        let sent = match &before.untagged {
            Some(id) => {
                // Nothing is sent, but a tag is set: what it promises is checked all the same.
                archive.verify(choice.image)?;
                for tag in &choice.tags {
                    self.engine.tag(&id.to_string(), tag)?;
                }
                false
            }
            None => {
                self.reporter.info(format!(
                    "loading {} ({})",
                    archive.path(),
                    cli::size(choice.image.stored_size())
                ));
                self.send(archive, choice)
                    .inspect_err(|_| self.restore(choice, before))?;
                true
            }
        };
        let after = self.look(choice, &identity)?;
        if after.all_tags_are(&identity) {
            return Ok(sent);
        }
        self.restore(choice, before);
        Err(Failure::new(
            Code::Engine,
            format!(
                "the engine reported success, but does not hold image {}",
                choice.image.image_id
            ),
        )
        .about(archive.path().as_str())
        .with_hint("look at the engine's log and free disk space"))
    }

    fn send(&self, archive: &Archive, choice: &Choice) -> Result<(), Failure> {
        let composed = [Composed {
            archive,
            image: choice.image,
            tags: &choice.tags,
        }];
        self.engine
            .load(|mut stream| compose(&composed, &mut stream))?;
        Ok(())
    }

    /// What the engine knows of a choice's tags and identity, in one call.
    fn look(&self, choice: &Choice, identity: &Identity) -> Result<Seen, Failure> {
        let tags: Vec<_> = choice.tags.iter().map(Reference::to_string).collect();
        let ids: Vec<_> = identity.ids.iter().map(ToString::to_string).collect();
        let names: Vec<_> = tags.iter().chain(&ids).map(String::as_str).collect();
        let mut infos = self.engine.inspect(&names)?;
        let by_id = infos.split_off(tags.len());
        let untagged = by_id
            .into_iter()
            .flatten()
            .find(|info| identity.is(info))
            .map(|info| info.id);
        Ok(Seen {
            tagged: infos,
            untagged,
        })
    }

    fn refuse_to_take_tags(
        &self,
        choice: &Choice,
        seen: &Seen,
        identity: &Identity,
    ) -> Result<(), Failure> {
        let taken = choice
            .tags
            .iter()
            .zip(&seen.tagged)
            .find(|(_, info)| info.as_ref().is_some_and(|info| !identity.is(info)));
        match taken {
            Some((tag, _)) => Err(Failure::new(
                Code::Other,
                format!("the engine has another image tagged `{tag}`"),
            )
            .with_hint("--force moves the tag to this archive's image")),
            None => Ok(()),
        }
    }

    /// After a failure: tags that moved go back to where they were, new ones go away. Engines
    /// with a containerd store keep the tag of an image that they could not unpack.
    fn restore(&self, choice: &Choice, before: &Seen) {
        let engine = self.engine.clean_up();
        for (tag, was) in choice.tags.iter().zip(&before.tagged) {
            let now = engine
                .inspect(&[&tag.to_string()])
                .ok()
                .and_then(|mut infos| infos.pop().flatten());
            let moved = now.as_ref().map(|info| info.id) != was.as_ref().map(|info| info.id);
            let undone = match (moved, was) {
                (false, _) => Ok(()),
                (true, Some(was)) => engine.tag(&was.id.to_string(), tag),
                (true, None) => engine.untag(tag),
            };
            if let Err(error) = undone {
                self.reporter.warn(format!(
                    "the tag `{tag}` may be left on a broken image: {error}"
                ));
            }
        }
    }
}

/// The digests under which engines know an image.
struct Identity<'a> {
    ids: Vec<Digest>,
    image: &'a Image,
}

impl<'a> Identity<'a> {
    fn of(image: &'a Image) -> Self {
        Self {
            ids: [image.image_id]
                .into_iter()
                .chain(manifest_digest(image))
                .collect(),
            image,
        }
    }

    /// Whether the engine's image is this one, whole: an incomplete image on a containerd store
    /// has no diff_ids.
    fn is(&self, info: &ImageInfo) -> bool {
        self.ids.contains(&info.id)
            && info.diff_ids.as_deref() == Some(self.image.config.diff_ids.as_slice())
    }
}

/// What the engine held at one moment.
struct Seen {
    /// For each tag of the choice, the image behind it.
    tagged: Vec<Option<ImageInfo>>,
    /// The engine's ID of the very image, under whatever tag or none.
    untagged: Option<Digest>,
}

impl Seen {
    fn all_tags_are(&self, identity: &Identity) -> bool {
        let tagged = self
            .tagged
            .iter()
            .all(|info| info.as_ref().is_some_and(|info| identity.is(info)));
        tagged && (self.untagged.is_some() || !self.tagged.is_empty())
    }
}
