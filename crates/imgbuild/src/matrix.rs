//! Many plans at once: which of them are one image, which are the base of others, and who is affected by a failure.

use std::collections::HashMap;

use cli::Failure;
use naming::Reference;
use plan::Plan;
use registry::{Registry, Store};

use crate::named;
use crate::place::{Place, plain};

/// Plans, each image once.
pub(crate) struct Matrix<'a> {
    plans: &'a [Plan],
    /// For each plan, the image that it asks for.
    pub image_of: Vec<usize>,
    /// For each image, the first plan that asks for it.
    pub first: Vec<usize>,
    /// For each image, those that must be built before.
    pub after: Vec<Vec<usize>>,
    /// Pairs of plans that ask for different images of one name.
    pub at_odds: Vec<(usize, usize)>,
}

impl<'a> Matrix<'a> {
    /// Sorts out plans.
    pub(crate) fn of(
        plans: &'a [Plan],
        store: &Store,
        registry: &Registry,
    ) -> Result<Self, Failure> {
        let mut known: HashMap<String, usize> = HashMap::new();
        let (mut image_of, mut first) = (Vec::new(), Vec::new());
        for (number, plan) in plans.iter().enumerate() {
            let image = *known.entry(identity(plan)?).or_insert(first.len());
            if image == first.len() {
                first.push(number);
            }
            image_of.push(image);
        }
        let mut matrix = Self {
            plans,
            image_of,
            after: vec![Vec::new(); first.len()],
            first,
            at_odds: Vec::new(),
        };
        matrix.order(store, registry)?;
        matrix.open_circles();
        Ok(matrix)
    }

    /// Finds out what has to wait for what.
    fn order(&mut self, store: &Store, registry: &Registry) -> Result<(), Failure> {
        let built: Vec<(usize, &Plan)> = self
            .first
            .iter()
            .map(|first| &self.plans[*first])
            .enumerate()
            .filter(|(_, plan)| plan.needs_build())
            .collect();
        let places: Vec<_> = built
            .iter()
            .map(|(_, plan)| Place::of(plan, store, registry))
            .collect();
        for (at, (image, plan)) in built.iter().enumerate() {
            let on = match &plan.best_base_image_path {
                Some(path) => Some(plain(&cli::absolute(path)?)),
                None => None,
            };
            let named = named::images(plan, store);
            let base: Option<Reference> = plan.base_image.as_ref().and_then(|tag| tag.parse().ok());
            for (other, place) in places.iter().enumerate() {
                let Some(place) = place else { continue };
                let is_base = match &on {
                    Some(on) => *on == place.archive,
                    None => base.is_some() && base == place.tag,
                };
                let is_named = place.tag.as_ref().is_some_and(|tag| named.contains(tag));
                let same_name = built[other].1.name == plan.name;
                if other != at && (is_base || is_named) && !same_name {
                    self.after[*image].push(built[other].0);
                }
                if other < at && same_name {
                    self.after[*image].push(built[other].0);
                    self.at_odds
                        .push((self.first[built[other].0], self.first[*image]));
                }
            }
        }
        Ok(())
    }

    /// Images that wait for themselves wait for nothing: what is wrong with them is said when they are built.
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

    /// The plan that an image is built from.
    pub(crate) fn plan(&self, image: usize) -> &Plan {
        &self.plans[self.first[image]]
    }

    /// Whoever does not get what they asked for when an image fails, in their own words.
    pub(crate) fn affected(&self, image: usize) -> Vec<&str> {
        let mut images = vec![image];
        let mut seen = 0;
        while seen < images.len() {
            let failed = images[seen];
            seen += 1;
            for next in 0..self.after.len() {
                if self.after[next].contains(&failed) && !images.contains(&next) {
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

/// What two plans have in common that ask for the same in every respect but whom it is for.
pub(crate) fn identity(plan: &Plan) -> Result<String, Failure> {
    let bare = Plan {
        job: None,
        marks: plan::Marks::default(),
        ..plan.clone()
    };
    serde_json::to_string(&bare).map_err(|error| Failure::invalid(error.to_string()))
}

#[cfg(test)]
mod tests {
    use camino::Utf8Path;

    use super::*;

    fn plans(text: &str) -> Vec<Plan> {
        plan::Plans::new(text.as_bytes())
            .map(|plan| plan.expect("a plan"))
            .collect()
    }

    #[test]
    fn images_are_built_once_and_bases_first() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = Utf8Path::from_path(folder.path()).expect("UTF-8");
        let store = Store::locate(root, None);
        let base = root.join("images/../images/p/p-debian-12-base.tar");
        let text = format!(
            r#"{{"name":"p-debian-12-a","job":"A","best_base_image_path":"{base}"}}
            {{"name":"p-debian-12-a","job":"B","best_base_image_path":"{base}"}}
            {{"name":"p-debian-12-base","base_image":"debian:12"}}
            {{"name":"p-debian-12-c","job":"C","base_image":"p-debian-12-a"}}
            {{"name":"p-debian-12-a","job":"D","base_image":"debian:12"}}
            {{"best_image_path":"x.tar"}}
            {{"best_image_path":"x.tar","job":"E"}}
            {{"name":"p-debian-12-x","base_image":"p-debian-12-y"}}
            {{"name":"p-debian-12-y","base_image":"p-debian-12-x"}}"#
        );
        let plans = plans(&text);
        let registry = store.read_or_empty().expect("a registry");
        let matrix = Matrix::of(&plans, &store, &registry).expect("a matrix");
        assert_eq!(matrix.image_of, [0, 0, 1, 2, 3, 4, 4, 5, 6]);
        assert_eq!(
            matrix.after,
            [vec![1], vec![], vec![0, 3], vec![0], vec![], vec![], vec![]]
        );
        assert_eq!(matrix.at_odds, [(0, 4)]);
        assert_eq!(matrix.affected(1), ["A", "B", "p-debian-12-base", "C", "D"]);
        assert_eq!(matrix.affected(2), ["C"]);
        assert_eq!(matrix.affected(4), ["x.tar", "E"]);
    }

    #[test]
    fn images_that_a_build_file_names_are_built_before() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = Utf8Path::from_path(folder.path()).expect("UTF-8");
        let store = Store::locate(root, None);
        std::fs::create_dir_all(root.join("images/p")).expect("a folder");
        let write = |file: &str, text: &str| std::fs::write(root.join(file), text).expect("a file");
        write(
            "images/p/Dockerfile.p-debian-12-a",
            "ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\nCOPY --from=p-debian-12-tools /x /x\n",
        );
        write("b.Dockerfile", "ARG V=a\nFROM p-debian-12-$V\n");
        write("wrong.Dockerfile", "RUN p-debian-12-a\n");
        let text = r#"{"name":"p-debian-12-b","build":{"dockerfile":"ROOT/b.Dockerfile"}}
            {"name":"p-debian-12-c","build":{"dockerfile":"ROOT/b.Dockerfile","args":{"V":"tools"}}}
            {"name":"p-debian-12-a","base_image":"debian:12"}
            {"name":"p-debian-12-tools","base_image":"debian:12"}
            {"name":"p-debian-12-d","build":{"dockerfile":"ROOT/wrong.Dockerfile"}}"#;
        let plans = plans(&text.replace("ROOT", root.as_str()));
        let registry = store.read_or_empty().expect("a registry");
        let matrix = Matrix::of(&plans, &store, &registry).expect("a matrix");
        assert_eq!(matrix.after, [vec![2], vec![3], vec![3], vec![], vec![]]);
    }
}
