//! Selects the images of an archive to load, and their tags.
//!
//! A registered archive yields only the registered image, under the registry's tags. So an archive cannot claim another image's
//! name. An unregistered archive yields all its images, under its own tags. The tags of a choice have no digests: see the module
//! `pin`.
//!
//! The registry's tags may be taken from other images. Tags of an unregistered archive may not, nor may a tag with a digest.

use std::collections::BTreeMap;
use std::sync::Arc;

use archive::Archive;
use engine::Engine;
use failure::{Code, Failure};
use naming::Reference;
use registry::{Entry, Target};
use ui::Reporter;

use crate::load::item::Item;
use crate::load::loader::Loader;
use crate::load::pin::Pin;

/// An image of an archive, by its index, with the tags to give it.
#[derive(Debug)]
pub(crate) struct Choice {
    pub image: usize,
    pub tags: Vec<Reference>,
    /// The tags that must not be taken from another image.
    pub guarded: Vec<Reference>,
}

impl Choice {
    /// The image without tags.
    pub(crate) fn new(image: usize) -> Self {
        Self {
            image,
            tags: Vec::new(),
            guarded: Vec::new(),
        }
    }

    /// Adds a tag. A tag that is given twice is guarded only if it is guarded both times.
    pub(crate) fn give(&mut self, tag: &Reference, guarded: bool) {
        let is_new = !self.tags.contains(tag);
        if is_new {
            self.tags.push(tag.clone());
        }
        if !guarded {
            self.guarded.retain(|own| own != tag);
        } else if is_new {
            self.guarded.push(tag.clone());
        }
    }
}

impl Loader<'_> {
    /// Opens an archive, and selects images and tags.
    pub(crate) fn open(&self, target: &Target) -> Result<Vec<Item>, Failure> {
        let archive = Arc::new(Archive::open(&target.path)?);
        let mut choices = choose(&archive, target.entry.as_ref(), self.session.reporter)?;
        if let Some(also) = &self.also {
            let [choice] = &mut choices[..] else {
                return Err(Failure::usage(format!(
                    "`--tag` names one image, but {} holds {}",
                    target.path,
                    choices.len()
                )));
            };
            let pin = Pin {
                entry: target.entry.as_ref(),
                path: &target.path,
            };
            pin.give(choice, &archive.images()[choice.image], [also])?;
        }
        if let (Some(only), [choice]) = (&self.only, &mut choices[..]) {
            *choice = Choice::new(choice.image);
            choice.give(only, target.entry.is_none());
        }
        refuse_shared(&choices, &archive, self.session.engine)?;
        if self.force {
            choices.iter_mut().for_each(|choice| choice.guarded.clear());
        }
        let items = choices
            .into_iter()
            .filter_map(|choice| Item::new(&archive, choice));
        Ok(items.collect())
    }
}

fn choose(
    archive: &Archive,
    entry: Option<&Entry>,
    reporter: &Reporter,
) -> Result<Vec<Choice>, Failure> {
    let pin = Pin {
        entry,
        path: archive.path(),
    };
    let Some(entry) = entry else {
        let own = archive.images().iter().enumerate();
        let own = own.map(|(index, image)| {
            let mut choice = Choice::new(index);
            pin.give(&mut choice, image, &image.tags)?;
            Ok(choice)
        });
        return own.collect();
    };
    if let Err(refused) = entry.image_name() {
        reporter.warn(refused);
    }
    let index = thin::the_registered(archive.images(), entry)
        .map_err(|failure| failure.about(archive.path().as_str()))?;
    let image = &archive.images()[index];
    for tag in image
        .tags
        .iter()
        .filter(|tag| !entry.tags().any(|own| is_same(tag, own)))
    {
        reporter.warn(format!(
            "{}: ignoring the archive's own tag `{tag}`; the registry says `{}`",
            archive.path(),
            entry.docker_tag
        ));
    }
    let mut choice = Choice::new(index);
    pin.give(&mut choice, image, entry.tags())?;
    Ok(vec![choice])
}

/// An error if two images of the archive claim the same tag in this engine.
fn refuse_shared(choices: &[Choice], archive: &Archive, engine: &Engine) -> Result<(), Failure> {
    let mut owners = BTreeMap::new();
    for choice in choices {
        for tag in &choice.tags {
            let owner = *owners.entry(engine.said(tag)?).or_insert(choice.image);
            if owner == choice.image {
                continue;
            }
            let message = format!("two images of the archive claim the tag `{tag}`");
            let id = |image: usize| archive.images()[image].image_id;
            let hint = format!(
                "save one of them with imgsave --image ID --name NAME: {} or {}",
                id(owner),
                id(choice.image)
            );
            return Err(Failure::new(Code::Archive, message)
                .about(archive.path().as_str())
                .with_hint(hint));
        }
    }
    Ok(())
}

/// Whether two references name the same tag. Ignores digests.
fn is_same(tag: &Reference, other: &Reference) -> bool {
    tag.unpinned().is_called(&other.unpinned())
}
