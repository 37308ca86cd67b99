//! The images that will exist when a build needs them, for dry runs: those of earlier plans, and fetched ones.

use std::sync::{Mutex, MutexGuard, PoisonError};

use camino::Utf8Path;
use failure::Failure;
use naming::{Digest, Os, Reference};
use plan::Plan;
use registry::{Entry, Registry, Store};
use transfer::fetch::Fetcher;

use crate::destination::{Destination, plain};

/// An image that does not exist yet.
#[derive(Debug, Clone)]
pub(crate) struct PendingImage {
    pub name: String,
    pub reference: Reference,
    pub os: Option<Os>,
    /// Its ID, if already known.
    pub image_id: Option<Digest>,
    pub way: Way,
}

/// How an image will come to exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    Built,
    Fetched,
}

impl PendingImage {
    /// `capy-debian-12-base, which would be built first`.
    pub(crate) fn words(&self) -> String {
        let way = match self.way {
            Way::Built => "built",
            Way::Fetched => "fetched",
        };
        format!("{}, which would be {way} first", self.name)
    }
}

/// All expected images.
pub(crate) struct Pending<'a> {
    /// Fetches missing archives, if allowed. Here it only says what it would fetch.
    fetcher: Option<&'a Fetcher<'a>>,
    plans: Mutex<Vec<Expected>>,
}

/// The image of an earlier plan.
struct Expected {
    image: PendingImage,
    destination: Destination,
    told: bool,
}

impl<'a> Pending<'a> {
    /// Only archives that could be fetched.
    pub(crate) fn new(fetcher: Option<&'a Fetcher<'a>>) -> Self {
        Self {
            fetcher,
            plans: Mutex::default(),
        }
    }

    /// From now on, the image of this plan counts as built.
    pub(crate) fn expect(&self, plan: &Plan, store: &Store, registry: &Registry) {
        let destination = Destination::of(plan, store, registry);
        let (Some(name), Some(destination)) = (&plan.name, destination) else {
            return;
        };
        let Some(reference) = destination.tags.first().cloned() else {
            return;
        };
        let wanted = plan.requirements.as_ref().map(|wanted| wanted.os.clone());
        let image = PendingImage {
            name: name.clone(),
            reference,
            os: wanted.or_else(|| Some(name.parse::<naming::ImageName>().ok()?.os().clone())),
            image_id: None,
            way: Way::Built,
        };
        let expected = Expected {
            image,
            destination,
            told: false,
        };
        self.plans().push(expected);
    }

    /// Notes that a plan's image was reported. Returns whether it was before.
    pub(crate) fn tell(&self, plan: &Plan) -> bool {
        let mut plans = self.plans();
        let expected = plans
            .iter_mut()
            .find(|it| plan.name.as_ref() == Some(&it.image.name));
        let expected = expected.filter(|_| plan.needs_build());
        expected.is_some_and(|it| std::mem::replace(&mut it.told, true))
    }

    /// The expected image of an archive's path, if it will change.
    pub(crate) fn archive(
        &self,
        path: &Utf8Path,
        store: &Store,
        registry: &Registry,
    ) -> Result<Option<PendingImage>, Failure> {
        let absolute = ui::absolute(path)?;
        let at = plain(&absolute);
        if let Some(built) = self.built(|it| it.archive == at) {
            return Ok(Some(built));
        }
        match store.find(registry, &absolute) {
            Some(entry) => self.fetched(entry),
            None => Ok(None),
        }
    }

    /// The expected image of a tag, if an earlier plan builds it.
    pub(crate) fn tagged(&self, tag: &Reference) -> Option<PendingImage> {
        self.built(|it| it.is_called(tag))
    }

    /// An entry whose archive is missing and would be fetched.
    pub(crate) fn fetched(&self, entry: &Entry) -> Result<Option<PendingImage>, Failure> {
        let Some(fetcher) = self.fetcher else {
            return Ok(None);
        };
        Ok(fetcher.lacks(entry)?.map(|_| PendingImage {
            name: entry.name.clone(),
            reference: entry.docker_tag.clone(),
            os: entry.os.parse().ok(),
            image_id: entry.image_id,
            way: Way::Fetched,
        }))
    }

    fn built(&self, is_it: impl Fn(&Destination) -> bool) -> Option<PendingImage> {
        let plans = self.plans();
        let expected = plans.iter().find(|it| is_it(&it.destination))?;
        Some(expected.image.clone())
    }

    fn plans(&self) -> MutexGuard<'_, Vec<Expected>> {
        self.plans.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
