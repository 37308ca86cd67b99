//! The plans of one call: which of them share an image, which are the base of others, and which a failure affects.

use std::collections::HashMap;

use camino::Utf8PathBuf;
use failure::Failure;
use naming::Reference;
use plan::Plan;
use registry::{Registry, Store, find_entry};

use crate::asked::asked;
use crate::destination::{Destination, plain};
use crate::merging::{merge, with};
use crate::recipe;

/// Plans, each image once.
pub(crate) struct Matrix<'a> {
    plans: &'a [Plan],
    /// For each plan, its image.
    pub image_of: Vec<usize>,
    /// The images to build or to pass through.
    pub images: Vec<MatrixImage>,
    /// For each image, those that must be built before.
    pub after: Vec<Vec<usize>>,
}

/// All plans for one image.
pub(crate) struct MatrixImage {
    /// The contents of all of them.
    pub plan: Plan,
    /// Why one image cannot meet all of them.
    pub refused: Option<Failure>,
    /// The first of them, by its position in the input.
    first: usize,
}

/// Identifies images before anything is built.
#[derive(PartialEq, Eq, Hash)]
enum Key {
    Built(Option<String>),
    Passed(String),
}

impl<'a> Matrix<'a> {
    /// Sorts plans into images.
    pub(crate) fn of(
        plans: &'a [Plan],
        store: &Store,
        registry: &Registry,
    ) -> Result<Self, Failure> {
        let mut matrix = Self {
            plans,
            image_of: Vec::new(),
            images: Vec::new(),
            after: Vec::new(),
        };
        let mut known: HashMap<Key, usize> = HashMap::new();
        for (number, plan) in plans.iter().enumerate() {
            let key = match plan.needs_build() {
                true => Key::Built(plan.name.clone()),
                false => Key::Passed(identity(plan)?),
            };
            let image = *known.entry(key).or_insert(matrix.images.len());
            matrix.image_of.push(image);
            if image == matrix.images.len() {
                matrix.images.push(MatrixImage {
                    plan: plan.clone(),
                    refused: None,
                    first: number,
                });
            } else if plan.needs_build() {
                let first = &plans[matrix.images[image].first];
                let same_base = base(first, store, registry)? == base(plan, store, registry)?;
                let merged = match same_base {
                    true => merge(&matrix.images[image].plan, plan),
                    false => Err("base images".to_owned()),
                };
                matrix.take(image, number, merged);
            }
        }
        matrix.after = vec![Vec::new(); matrix.images.len()];
        matrix.order(store, registry)?;
        matrix.open_circles();
        Ok(matrix)
    }

    /// Merges a plan into an image, or notes the conflict.
    fn take(&mut self, image: usize, number: usize, merged: Result<Plan, String>) {
        let words = |number: usize| match &self.plans[number].job {
            Some(job) => format!("{job} (plan {})", number + 1),
            None => format!("plan {}", number + 1),
        };
        let first = words(self.images[image].first);
        let other = words(number);
        let image = &mut self.images[image];
        match merged {
            Ok(plan) => image.plan = plan,
            Err(what) if image.refused.is_none() => {
                let message = format!("{first} and {other} have different {what}");
                let failure = Failure::invalid(message).about(image.plan.subject());
                let hint = "give them different names, for example with `imgplan --distinct`, or plan them in one imgplan call";
                image.refused = Some(failure.with_hint(hint));
            }
            Err(_) => {}
        }
    }

    /// Finds the images that must be built first.
    fn order(&mut self, store: &Store, registry: &Registry) -> Result<(), Failure> {
        let built: Vec<usize> = (0..self.images.len())
            .filter(|image| self.plan(*image).needs_build())
            .collect();
        let destinations: Vec<_> = built
            .iter()
            .map(|image| Destination::of(self.plan(*image), store, registry))
            .collect();
        for image in 0..self.images.len() {
            let plan = self.plan(image);
            let on = plan.passed().or(plan.best_base_image_path.as_deref());
            let on = on.map(ui::absolute).transpose()?.map(|on| plain(&on));
            let named = match plan.needs_build() {
                true => recipe::named_images(plan, store),
                false => [].into(),
            };
            let base: Option<Reference> = plan.base_image.as_ref().and_then(|tag| tag.parse().ok());
            let is_before = |it: &Destination| {
                let is_base = match &on {
                    Some(on) => *on == it.archive,
                    None => base.as_ref().is_some_and(|base| it.is_called(base)),
                };
                is_base || named.iter().any(|named| it.is_called(named))
            };
            let before = built.iter().zip(&destinations);
            let before =
                before.filter(|(other, at)| **other != image && at.as_ref().is_some_and(is_before));
            self.after[image] = before.map(|(other, _)| *other).collect();
        }
        // An image that is built again for others keeps its contents.
        for (number, plan) in self.plans.iter().enumerate() {
            if plan.passed().is_some() && plan.requirements.is_some() {
                for image in self.after[self.image_of[number]].clone() {
                    let merged = with(self.plan(image), &asked(plan), false);
                    self.take(image, number, merged);
                }
            }
        }
        Ok(())
    }

    /// Images in a cycle wait for nothing: their builds report the error.
    fn open_circles(&mut self) {
        let mut done = vec![false; self.after.len()];
        loop {
            let ready: Vec<_> = (0..done.len())
                .filter(|image| {
                    !done[*image] && self.after[*image].iter().all(|other| done[*other])
                })
                .collect();
            if ready.is_empty() {
                break;
            }
            ready.iter().for_each(|image| done[*image] = true);
        }
        for image in (0..done.len()).filter(|image| !done[*image]) {
            self.after[image].clear();
        }
    }

    pub(crate) fn plan(&self, image: usize) -> &Plan {
        &self.images[image].plan
    }

    /// The jobs or images that fail with an image.
    pub(crate) fn affected(&self, image: usize) -> Vec<&str> {
        let mut images = vec![image];
        let mut seen = 0;
        while seen < images.len() {
            let failed = images[seen];
            seen += 1;
            for next in 0..self.after.len() {
                // A found image stays as it was.
                let waits = self.after[next].contains(&failed) && self.plan(next).needs_build();
                if waits && !images.contains(&next) {
                    images.push(next);
                }
            }
        }
        let plans = self.image_of.iter().zip(self.plans);
        let affected = plans.filter(|(image, _)| images.contains(image));
        affected
            .map(|(_, plan)| plan.job.as_deref().unwrap_or(plan.subject()))
            .collect()
    }
}

/// The base of a plan, in one form for all its spellings.
fn base(plan: &Plan, store: &Store, registry: &Registry) -> Result<Option<Utf8PathBuf>, Failure> {
    let Some(operand) = (plan.best_base_image_path.as_ref())
        .map(|path| path.as_str())
        .or(plan.base_image.as_deref())
    else {
        return Ok(None);
    };
    Ok(Some(match find_entry(store, registry, operand) {
        Some(entry) => entry.name.clone().into(),
        None if plan.best_base_image_path.is_some() => plain(&ui::absolute(operand.into())?),
        None => match operand.parse::<Reference>() {
            Ok(reference) => reference.canonical().into(),
            Err(_) => operand.into(),
        },
    }))
}

/// The common key of two plans that differ only in their jobs.
fn identity(plan: &Plan) -> Result<String, Failure> {
    let bare = Plan {
        job: None,
        marks: plan::Marks::default(),
        ..plan.clone()
    };
    serde_json::to_string(&bare).map_err(|error| Failure::invalid(error.to_string()))
}

#[cfg(test)]
mod tests;
