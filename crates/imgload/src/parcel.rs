//! What is sent together: the images of one archive, all or none.

use cli::{Code, Failure, Reporter};
use engine::Engine;
use registry::Entry;

use crate::item::{Item, Seen, look};

/// The images of one archive that the engine lacks.
#[derive(Debug)]
pub(crate) struct Parcel<'a> {
    /// The archive's place among those that were asked for.
    pub number: usize,
    pub entry: Option<&'a Entry>,
    pub items: Vec<&'a Item>,
    /// What the engine held before.
    pub before: Vec<&'a Seen>,
    /// Images of the archive that the engine had, and that were given their tags, with what was before.
    pub tagged: Vec<(&'a Item, &'a Seen)>,
}

impl Parcel<'_> {
    /// What failures are about.
    pub(crate) fn subject(&self) -> String {
        let archive = self.items.first().map(|item| item.stack.archive().path());
        archive.map_or_else(String::new, ToString::to_string)
    }

    /// Makes sure that the engine holds every image now, under its tags. What it says itself of a load is
    /// not believed.
    pub(crate) fn check(&self, engine: &Engine) -> Result<(), Failure> {
        let mut seen = look(engine, &self.items)?;
        // podman has `x:1` as `localhost/x:1` and as `docker.io/library/x:1`: another image under the one name hides what
        // was loaded under the other.
        let hidden = self.items.iter().zip(&seen);
        let hidden =
            hidden.filter_map(|(item, seen)| Some((item, seen.id.filter(|_| !seen.complete)?)));
        let mut moved = false;
        for (item, id) in hidden {
            for tag in &item.tags {
                engine.tag(&id.to_string(), tag)?;
                moved = true;
            }
        }
        if moved {
            seen = look(engine, &self.items)?;
        }
        let missing = self
            .items
            .iter()
            .zip(&seen)
            .find(|(_, seen)| !seen.complete);
        let Some((item, _)) = missing else {
            return Ok(());
        };
        let id = item.image().image_id;
        let message = format!("the engine reported success, but does not hold image {id}");
        Err(Failure::new(Code::Engine, message)
            .about(self.subject())
            .with_hint("look at the engine's log and free disk space"))
    }

    /// After a failure: tags that moved go back to where they were, new ones go away. Engines
    /// with a containerd store keep the tag of an image that they could not unpack.
    pub(crate) fn restore(&self, engine: &Engine, reporter: &Reporter) {
        for (item, before) in self.items.iter().zip(&self.before) {
            restore(item, before, engine, reporter);
        }
    }

    /// The same for the images that only got tags.
    pub(crate) fn restore_tagged(&self, engine: &Engine, reporter: &Reporter) {
        for (item, before) in &self.tagged {
            restore(item, before, engine, reporter);
        }
    }
}

fn restore(item: &Item, before: &Seen, engine: &Engine, reporter: &Reporter) {
    let engine = engine.clean_up();
    for (tag, was) in before.tags(item) {
        let now = engine
            .inspect(&[&tag.to_string()])
            .ok()
            .and_then(|mut infos| infos.pop().flatten())
            .map(|info| info.id);
        let undone = match (now == was, was) {
            (true, _) => Ok(()),
            (false, Some(was)) => engine.tag(&was.to_string(), tag),
            (false, None) => engine.untag(tag),
        };
        if let Err(error) = undone {
            reporter.warn(format!(
                "the tag `{tag}` may be left on a broken image: {error}"
            ));
        }
    }
}
