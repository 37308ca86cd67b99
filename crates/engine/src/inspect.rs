//! What the engine holds.
//!
//! Asking for many images is one call: an inspect an image takes minutes for a few thousand.
//! Names that are not there make the call fail, but the images that are there are printed all the
//! same, in the order asked. Which name an image answers is seen from the image itself.

use std::collections::BTreeSet;

use naming::Digest;
use program::{Call, Output};

use crate::flavor::{self, Flavor, Version};
use crate::image::{ImageInfo, Name, RawImage};
use crate::{Engine, Error};

/// Names a call. More would not be faster, and a huge answer is held in memory at once.
pub(crate) const MAX_NAMES: usize = 1000;
/// Bytes of names a call; systems guarantee 128 KiB for arguments and environment together.
pub(crate) const MAX_BYTES: usize = 96 * 1024;

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
        for chunk in chunks(&asked) {
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
        for chunk in chunks(&asked) {
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

    /// The IDs of all images. The one place that reads lines: no engine prints IDs alone as JSON.
    pub(crate) fn ids(&self) -> Result<BTreeSet<Digest>, Error> {
        let call = self.call("images").args(["-aq", "--no-trunc"]);
        let answer = call.answer()?;
        let parse = |line: &str| {
            let hex = line.strip_prefix("sha256:").unwrap_or(line);
            Digest::from_hex(hex).map_err(|_| call.bad_output(line).into())
        };
        String::from_utf8_lossy(&answer)
            .split_whitespace()
            .map(parse)
            .collect()
    }

    pub(crate) fn inspect_chunk(
        &self,
        asked: &[(&Name, &str)],
        version: &Version,
    ) -> Result<Vec<Option<ImageInfo>>, Error> {
        let call = self
            .call("image inspect")
            .args(["--format", "{{json .}}", "--"]);
        let call = call.args(asked.iter().map(|(_, spelling)| *spelling));
        let Output {
            status,
            stdout,
            stderr,
        } = call.output()?;
        let complaints = stderr.text();
        if !status.success() && !flavor::only_missing(&complaints) {
            call.check(status, &complaints)?;
        }
        let found = parse(&call, &stdout, version)?;
        if status.success() && found.len() != asked.len() {
            return Err(call
                .bad_output(&format!(
                    "{} answers to {} questions",
                    found.len(),
                    asked.len()
                ))
                .into());
        }
        match place(asked, found) {
            Some(placed) => Ok(placed),
            // An image that does not show the name it was found by: one call each settles it.
            None if asked.len() > 1 => asked.iter().try_fold(Vec::new(), |mut all, one| {
                all.extend(self.inspect_chunk(std::slice::from_ref(one), version)?);
                Ok(all)
            }),
            None => Err(call.bad_output("more answers than questions").into()),
        }
    }
}

fn parse_names<S: AsRef<str>>(names: &[S]) -> Result<Vec<Name>, Error> {
    let names = names.iter().map(|name| Name::parse(name.as_ref()));
    Ok(names.collect::<Result<_, _>>()?)
}

/// Reads images one after the other (Docker) or in arrays (podman).
fn parse(call: &Call, json: &[u8], version: &Version) -> Result<Vec<ImageInfo>, Error> {
    #[derive(serde::Deserialize)]
    #[serde(untagged)]
    enum Document {
        Many(Vec<RawImage>),
        One(Box<RawImage>),
    }
    let mut images = Vec::new();
    let mut documents = serde_json::Deserializer::from_slice(json).into_iter();
    loop {
        let start = documents.byte_offset();
        let bad = || {
            call.bad_output(&String::from_utf8_lossy(
                &json[start..json.len().min(start + 1024)],
            ))
        };
        let raw = match documents.next() {
            None => return Ok(images),
            Some(Ok(Document::Many(raw))) => raw,
            Some(Ok(Document::One(raw))) => vec![*raw],
            Some(Err(_)) => return Err(bad().into()),
        };
        for raw in raw {
            images.push(raw.validate(version).map_err(|_| bad())?);
        }
    }
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
        .map(|(name, _)| found.next_if(|image| name.is_of(image)))
        .collect();
    found.peek().is_none().then_some(placed)
}

/// Cuts the names so that each part fits a command line.
fn chunks<'a, 'n>(
    names: &'a [(&'n Name, &'n str)],
) -> impl Iterator<Item = &'a [(&'n Name, &'n str)]> {
    let mut rest = names;
    std::iter::from_fn(move || {
        let mut bytes = 0;
        let fits = |(_, spelling): &&(&Name, &str)| {
            bytes += spelling.len() + 1;
            bytes <= MAX_BYTES
        };
        let count = rest.iter().take(MAX_NAMES).take_while(fits).count();
        let (chunk, later) = rest.split_at_checked(count.max(1))?;
        rest = later;
        Some(chunk)
    })
}

#[cfg(test)]
mod tests;
