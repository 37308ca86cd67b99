//! Inspects images in the engine.
//!
//! One call inspects many images, and prints those that exist in the order of the names. The image itself shows which name
//! found it. It mostly also shows whether the engine is Docker or podman. Only otherwise the engine is asked for its version
//! too.

use std::collections::BTreeSet;
use std::thread;
use std::time::Duration;

use naming::Digest;

use crate::complaint;
use crate::flavor::Flavor;
use crate::image::{ImageInfo, Name, RawImage};
use crate::several::{self, Answer, chunks};
use crate::{Engine, Error};

/// The number of retries for the list of images. With a containerd store, Docker 26 fails if an image is removed during the list.
const LIST_RETRIES: u32 = 5;
const LIST_PAUSE: Duration = Duration::from_millis(50);

impl Engine {
    /// Inspects images by reference or ID (`sha256:…`), under every possible name in this engine. The results are in the order
    /// of the names. `None` means that the engine answers and lacks the image.
    pub fn inspect<S: AsRef<str>>(&self, names: &[S]) -> Result<Vec<Option<ImageInfo>>, Error> {
        let found = self.inspect_each(names)?.into_iter();
        let first = |spelled: Vec<_>| spelled.into_iter().flatten().next();
        Ok(found.map(first).collect())
    }

    /// Inspects an image by its ID or a prefix of it, in hexadecimal digits, with `sha256:` or without.
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

    /// The engine's images under each possible name of these, the full name last. podman stores `x:1` as `localhost/x:1`,
    /// as `docker.io/library/x:1` or both, which can be two images.
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
        // No engine found any of them under any spelling.
        if self.known_flavor().is_none() && found.iter().flatten().all(Option::is_none) {
            return Ok(found);
        }
        let flavor = self.flavor()?;
        if flavor != likely {
            // podman matches `x:1` with any name that ends so.
            found = self.inspect_as(&names, flavor)?;
        }
        if flavor == Flavor::Docker {
            self.mark_incomplete(&mut found)?;
        }
        Ok(found)
    }

    /// Inspects images under every name that an engine of this flavor may have for them. The answer of another engine is
    /// meaningless.
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

    /// Clears the layers of images that the engine shows but does not list: they are incomplete in its store.
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

    /// The IDs of all images. Only this function parses lines: no engine prints IDs alone as JSON. `None` if podman fails
    /// because of a damaged image.
    pub(crate) fn ids(&self) -> Result<Option<BTreeSet<Digest>>, Error> {
        match self.ids_listed_by(&[]) {
            Err(error) if error.tail().is_some_and(complaint::has_damaged_image) => Ok(None),
            ids => ids.map(Some),
        }
    }

    /// The IDs of all images, or only of tagged ones if podman cannot list the others.
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
            // podman does not say which image is damaged, and omits the others. A damaged image counts as absent: it can be
            // loaded again.
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
        // The names were spelled for another engine: ask again.
        if self.known_flavor().is_some_and(|known| known != flavor) {
            return Ok(vec![None; asked.len()]);
        }
        match place(asked, found) {
            Some(placed) => Ok(placed),
            // The image does not show the name that found it: make one call each.
            None if asked.len() > 1 => one_by_one(),
            None => Err(answer.call.bad_output("more answers than requested").into()),
        }
    }
}

/// The images, and the flavor that shows them in this form, if only one does.
fn parse(answer: &Answer, flavor: Flavor) -> Result<(Vec<ImageInfo>, Option<Flavor>), Error> {
    let mut shown = None;
    let images = answer.documents(|raw: RawImage| {
        shown = shown.or_else(|| raw.shown_by());
        raw.validate(flavor).ok()
    })?;
    Ok((images, shown))
}

/// Assigns every image to the name that found it. The images are in the order of the names, without the missing ones.
/// So the next name that fits is the right one.
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
