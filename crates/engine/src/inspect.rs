//! What the engine holds.
//!
//! Asking for many images is one call, and those that are there are printed in the order asked. Which
//! name an image answers is seen from the image itself. Mostly the image also shows whether Docker or podman has it: only if it
//! does not, the engine is asked for its version too.

use std::collections::BTreeSet;
use std::thread;
use std::time::Duration;

use naming::Digest;

use crate::complaint;
use crate::flavor::Flavor;
use crate::image::{ImageInfo, Name, RawImage};
use crate::several::{self, Answer, chunks};
use crate::{Engine, Error};

/// How often the list of images is tried again: with a containerd store, Docker 26 fails if an image is removed while it lists them.
const LIST_RETRIES: u32 = 5;
const LIST_PAUSE: Duration = Duration::from_millis(50);

impl Engine {
    /// Looks up images by reference or ID (`sha256:…`), under every name that this engine may have for them. The results are in
    /// the order of the names; `None` means that the engine answers and has no such image.
    pub fn inspect<S: AsRef<str>>(&self, names: &[S]) -> Result<Vec<Option<ImageInfo>>, Error> {
        let found = self.inspect_each(names)?.into_iter();
        let first = |spelled: Vec<_>| spelled.into_iter().flatten().next();
        Ok(found.map(first).collect())
    }

    /// Looks up an image by its ID or the beginning of it, in hexadecimal digits, with `sha256:` or without.
    pub fn inspect_id(&self, id: &str) -> Result<Option<ImageInfo>, Error> {
        let hex = id.strip_prefix("sha256:").unwrap_or(id);
        if hex.is_empty() || !hex.chars().all(|c| c.is_ascii_hexdigit()) {
            return Ok(None);
        }
        let hex = hex.to_ascii_lowercase();
        let ids = self.known_ids()?;
        let mut found = ids.iter().filter(|id| id.hex().starts_with(&hex));
        match (found.next(), found.next()) {
            (Some(only), None) => Ok(self.inspect(&[only.to_string()])?.pop().flatten()),
            (Some(_), Some(_)) => Err(Error::AmbiguousId { id: id.to_owned() }),
            (None, _) => Ok(None),
        }
    }

    /// What the engine holds under each name that it may have for these, the full name last: podman holds what people call
    /// `x:1` as `localhost/x:1`, as `docker.io/library/x:1` or both, which can be two images.
    pub fn inspect_each<S: AsRef<str>>(
        &self,
        names: &[S],
    ) -> Result<Vec<Vec<Option<ImageInfo>>>, Error> {
        let names = names.iter().map(|name| Name::parse(name.as_ref()));
        let names: Vec<_> = names.collect::<Result<_, _>>()?;
        if names.is_empty() {
            return Ok(Vec::new());
        }
        let likely = self.known_flavor().unwrap_or_else(|| self.likely_flavor());
        let mut found = self.inspect_as(&names, likely)?;
        // Under no spelling has any engine any of them.
        if self.known_flavor().is_none() && found.iter().flatten().all(Option::is_none) {
            return Ok(found);
        }
        let flavor = self.flavor()?;
        if flavor != likely {
            // podman takes `x:1` for any name that ends so.
            found = self.inspect_as(&names, flavor)?;
        }
        if flavor == Flavor::Docker {
            self.mark_incomplete(&mut found)?;
        }
        Ok(found)
    }

    /// Looks up images under every name that an engine of this flavor has for them. From another engine the answer means
    /// nothing.
    fn inspect_as(
        &self,
        names: &[Name],
        flavor: Flavor,
    ) -> Result<Vec<Vec<Option<ImageInfo>>>, Error> {
        let spelled: Vec<_> = names.iter().map(|name| name.spellings(flavor)).collect();
        let asked: Vec<_> = names
            .iter()
            .zip(&spelled)
            .flat_map(|(name, spellings)| {
                spellings
                    .iter()
                    .map(move |spelling| (name, spelling.as_str()))
            })
            .collect();
        let mut answers = Vec::with_capacity(asked.len());
        for chunk in chunks(&asked, |(_, spelling)| spelling.len()) {
            answers.extend(self.inspect_chunk(chunk, flavor)?);
        }
        let mut answers = answers.into_iter();
        let lengths = spelled.iter().map(Vec::len);
        let each = lengths.map(|length| answers.by_ref().take(length).collect());
        Ok(each.collect())
    }

    /// Takes the layers from images that the engine shows but does not list: something of them is missing in its store.
    fn mark_incomplete(&self, images: &mut [Vec<Option<ImageInfo>>]) -> Result<(), Error> {
        let mut shown = images.iter().flatten().flatten();
        let all_driven = shown.all(ImageInfo::has_driver);
        if all_driven || !self.probe()?.may_show_incomplete() {
            return Ok(());
        }
        let listed = self.known_ids()?;
        for image in images.iter_mut().flatten().flatten() {
            if !listed.contains(&image.id) {
                image.diff_ids = None;
            }
        }
        Ok(())
    }

    /// The IDs of all images. The one place that reads lines: no engine prints IDs alone as JSON. `None` where podman can't
    /// tell because of a damaged one.
    pub(crate) fn ids(&self) -> Result<Option<BTreeSet<Digest>>, Error> {
        match self.ids_listed_by(&[]) {
            Err(error) if error.tail().is_some_and(complaint::has_damaged_image) => Ok(None),
            ids => ids.map(Some),
        }
    }

    /// The IDs of all images; of those with names, where that is all that podman can tell.
    pub(crate) fn known_ids(&self) -> Result<BTreeSet<Digest>, Error> {
        match self.ids()? {
            Some(ids) => Ok(ids),
            None => self.ids_listed_by(&["--filter", "reference=*"]),
        }
    }

    fn ids_listed_by(&self, words: &[&str]) -> Result<BTreeSet<Digest>, Error> {
        let call = self
            .call("images")
            .args(["-aq", "--no-trunc"])
            .args(words.iter().copied());
        let mut answer = several::output(&call)?;
        for _ in 0..LIST_RETRIES {
            if answer.status.success() || !answer.stderr.text().contains("not found") {
                break;
            }
            thread::sleep(LIST_PAUSE);
            answer = several::output(&call)?;
        }
        call.check(answer.status, &answer.stderr.text())?;
        let parse = |line: &str| {
            let hex = line.strip_prefix("sha256:").unwrap_or(line);
            Digest::from_hex(hex).map_err(|_| call.bad_output(line).into())
        };
        String::from_utf8_lossy(&answer.stdout)
            .split_whitespace()
            .map(parse)
            .collect()
    }

    pub(crate) fn inspect_chunk(
        &self,
        asked: &[(&Name, &str)],
        flavor: Flavor,
    ) -> Result<Vec<Option<ImageInfo>>, Error> {
        let call = self.call("image inspect").args(["--format", "{{json .}}"]);
        let spellings: Vec<_> = asked.iter().map(|(_, spelling)| *spelling).collect();
        let one_by_one = || {
            asked.iter().try_fold(Vec::new(), |mut all, one| {
                all.extend(self.inspect_chunk(std::slice::from_ref(one), flavor)?);
                Ok(all)
            })
        };
        let answer = match Answer::of(call, &spellings) {
            // Of which of them that is, and what it has of the others, is not said. What is damaged is not there: it can be
            // loaded as if it had never been.
            Err(error) if error.tail().is_some_and(complaint::has_damaged_image) => {
                return if asked.len() > 1 {
                    one_by_one()
                } else {
                    Ok(vec![None])
                };
            }
            answer => answer?,
        };
        let (found, shown) = parse(&answer, flavor)?;
        answer.check_count(found.len())?;
        if let Some(shown) = shown {
            self.has_shown(shown);
        }
        // Another engine than the names are spelled for: they are asked again.
        if self.known_flavor().is_some_and(|known| known != flavor) {
            return Ok(vec![None; asked.len()]);
        }
        match place(asked, found) {
            Some(placed) => Ok(placed),
            // An image that does not show the name it was found by: one call each settles it.
            None if asked.len() > 1 => one_by_one(),
            None => Err(answer.call.bad_output("more answers than requested").into()),
        }
    }
}

/// The images, and who shows them so, if only one engine does.
fn parse(answer: &Answer, flavor: Flavor) -> Result<(Vec<ImageInfo>, Option<Flavor>), Error> {
    let mut shown = None;
    let images = answer.documents(|raw: RawImage| {
        shown = shown.or_else(|| raw.shown_by());
        raw.validate(flavor).ok()
    })?;
    Ok((images, shown))
}

/// Gives every image found to the name it answers. The images are in the order of the names with
/// the missing left out, so the next name that fits is the one.
fn place(asked: &[(&Name, &str)], found: Vec<ImageInfo>) -> Option<Vec<Option<ImageInfo>>> {
    if found.len() == asked.len() {
        return Some(found.into_iter().map(Some).collect());
    }
    let mut found = found.into_iter().peekable();
    let placed = asked
        .iter()
        .map(|(name, spelling)| found.next_if(|image| name.finds(spelling, image)))
        .collect();
    found.peek().is_none().then_some(placed)
}

#[cfg(test)]
mod tests;
