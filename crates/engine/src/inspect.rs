//! What the engine holds.
//!
//! Asking for many images is one call, and those that are there are printed in the order asked. Which
//! name an image answers is seen from the image itself.

use std::collections::BTreeSet;

use naming::Digest;

use crate::flavor::{self, Flavor, Version};
use crate::image::{ImageInfo, Name, RawImage};
use crate::several::{self, Answer, chunks};
use crate::{Engine, Error};

impl Engine {
    /// Looks up images by reference or ID (`sha256:…`). The results are in the order of the names;
    /// `None` means that the engine answers and has no such image.
    pub fn inspect<S: AsRef<str>>(&self, names: &[S]) -> Result<Vec<Option<ImageInfo>>, Error> {
        let (found, certain) = self.inspect_once(names)?;
        if certain || self.flavor()? == Flavor::Docker {
            return Ok(found);
        }
        self.inspect_probed(&parse_names(names)?)
    }

    /// As [`Engine::inspect`], in one call for a few hundred names, without asking first who answers: an
    /// engine of which nothing is known yet is asked as Docker. With the answer comes whether it is beyond
    /// doubt. Where it is not, and [`Engine::probe`] finds no Docker, it must be asked again.
    pub fn inspect_once<S: AsRef<str>>(
        &self,
        names: &[S],
    ) -> Result<(Vec<Option<ImageInfo>>, bool), Error> {
        let names = parse_names(names)?;
        if names.is_empty() {
            return Ok((Vec::new(), true));
        }
        if self.is_probed() {
            return Ok((self.inspect_probed(&names)?, true));
        }
        self.inspect_docker(&names)
    }

    /// Looks up images under every name that this engine may have for them.
    fn inspect_probed(&self, names: &[Name]) -> Result<Vec<Option<ImageInfo>>, Error> {
        let version = self.probe()?;
        let spelled: Vec<_> = names.iter().map(|name| name.spellings(&version)).collect();
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
            answers.extend(self.inspect_chunk(chunk, &version)?);
        }
        let mut answers = answers.into_iter();
        let first_found = |spellings: &Vec<String>| {
            answers
                .by_ref()
                .take(spellings.len())
                .fold(None, Option::or)
        };
        Ok(spelled.iter().map(first_found).collect())
    }

    /// Looks up images as Docker names them. Beyond doubt is an answer that shows an image found as `x:1` as
    /// just that: only Docker does.
    fn inspect_docker(&self, names: &[Name]) -> Result<(Vec<Option<ImageInfo>>, bool), Error> {
        let docker = Version::docker();
        let spelled: Vec<_> = names.iter().map(|name| name.as_docker()).collect();
        let asked: Vec<_> = names
            .iter()
            .zip(spelled.iter().map(String::as_str))
            .collect();
        let mut found = Vec::with_capacity(asked.len());
        for chunk in chunks(&asked, |(_, spelling)| spelling.len()) {
            found.extend(self.inspect_chunk(chunk, &docker)?);
        }
        let shown: Vec<_> = names
            .iter()
            .zip(&found)
            .filter_map(|(name, image)| match (name, image) {
                (Name::Reference(_), Some(image)) => Some(name.is_of(image)),
                _ => None,
            })
            .collect();
        let certain = !shown.is_empty() && shown.iter().all(|shown| *shown);
        if certain {
            self.showed_docker();
        }
        Ok((found, certain))
    }

    /// The IDs of all images. The one place that reads lines: no engine prints IDs alone as JSON. `None` where podman can't
    /// tell because of a damaged one.
    pub(crate) fn ids(&self) -> Result<Option<BTreeSet<Digest>>, Error> {
        match self.ids_listed_by(&[]) {
            Err(error) if error.tail().is_some_and(flavor::has_damaged_image) => Ok(None),
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
        let answer = several::output(&call)?;
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
        version: &Version,
    ) -> Result<Vec<Option<ImageInfo>>, Error> {
        let call = self.call("image inspect").args(["--format", "{{json .}}"]);
        let spellings: Vec<_> = asked.iter().map(|(_, spelling)| *spelling).collect();
        let one_by_one = || {
            asked.iter().try_fold(Vec::new(), |mut all, one| {
                all.extend(self.inspect_chunk(std::slice::from_ref(one), version)?);
                Ok(all)
            })
        };
        let answer = match Answer::of(call, &spellings) {
            // Of which of them that is, and what it has of the others, is not said. What is damaged is not there: it can be
            // loaded as if it had never been.
            Err(error) if error.tail().is_some_and(flavor::has_damaged_image) => {
                return if asked.len() > 1 {
                    one_by_one()
                } else {
                    Ok(vec![None])
                };
            }
            answer => answer?,
        };
        let found = parse(&answer, version)?;
        answer.check_count(found.len())?;
        match place(asked, found) {
            Some(placed) => Ok(placed),
            // An image that does not show the name it was found by: one call each settles it.
            None if asked.len() > 1 => one_by_one(),
            None => Err(answer.call.bad_output("more answers than questions").into()),
        }
    }
}

fn parse_names<S: AsRef<str>>(names: &[S]) -> Result<Vec<Name>, Error> {
    let names = names.iter().map(|name| Name::parse(name.as_ref()));
    Ok(names.collect::<Result<_, _>>()?)
}

fn parse(answer: &Answer, version: &Version) -> Result<Vec<ImageInfo>, Error> {
    answer.documents(|raw: RawImage| raw.validate(version).ok())
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
