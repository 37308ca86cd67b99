//! Which image of an archive to load, and under which tags.
//!
//! A registered archive yields the one image that the registry names, under the registry's tag
//! alone: an archive that claims another image's name does not get it. An unregistered archive
//! yields all that it holds, under its own tags.

use archive::{Archive, Image};
use cli::{Code, Failure, Reporter};
use naming::Reference;
use registry::Entry;

/// An image of an archive, and the tags that it gets.
pub(crate) struct Choice<'a> {
    pub image: &'a Image,
    pub tags: Vec<Reference>,
}

pub(crate) fn choose<'a>(
    archive: &'a Archive,
    entry: Option<&Entry>,
    reporter: &Reporter,
) -> Result<Vec<Choice<'a>>, Failure> {
    let Some(entry) = entry else {
        let own = archive.images().iter().map(|image| Choice {
            image,
            tags: image.tags.clone(),
        });
        return Ok(own.collect());
    };
    let image = the_registered(archive, entry)?;
    for tag in image.tags.iter().filter(|tag| **tag != entry.docker_tag) {
        reporter.warn(format!(
            "{}: the archive's own tag `{tag}` is not applied; the registry says `{}`",
            archive.path(),
            entry.docker_tag
        ));
    }
    Ok(vec![Choice {
        image,
        tags: vec![entry.docker_tag.clone()],
    }])
}

/// The image that an entry means: the one with its `image_id`; in an entry without one, the only
/// image, or the one that bears the registered tag.
fn the_registered<'a>(archive: &'a Archive, entry: &Entry) -> Result<&'a Image, Failure> {
    let images = archive.images();
    let wrong =
        |message: String| Failure::new(Code::Archive, message).about(archive.path().as_str());
    match (entry.image_id, images) {
        (Some(id), images) => images
            .iter()
            .find(|image| image.image_id == id)
            .ok_or_else(|| {
                let held: Vec<_> = images
                    .iter()
                    .map(|image| image.image_id.to_string())
                    .collect();
                wrong(format!(
                    "holds image {}, but `{}` is registered as {id}",
                    held.join(", "),
                    entry.name
                ))
                .with_hint(
                    "restore the archive that was registered, or register this one with imgsave",
                )
            }),
        (None, [only]) => Ok(only),
        (None, several) => several
            .iter()
            .find(|image| image.tags.contains(&entry.docker_tag))
            .ok_or_else(|| {
                wrong(format!(
                    "holds {} images, and none is tagged `{}`",
                    several.len(),
                    entry.docker_tag
                ))
            }),
    }
}
