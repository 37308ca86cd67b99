//! Removes steps that an engine committed after an interrupted build had ended.

use chrono::{DateTime, TimeDelta, Utc};
use engine::{Engine, ImageInfo, InterruptedBuild};
use failure::Failure;
use naming::Digest;

use crate::Pruner;

/// How long after an interrupt an engine may commit its current step. A similar step that is newer belongs to another
/// build.
const COMMITS_WITHIN: TimeDelta = TimeDelta::minutes(15);

impl Pruner<'_> {
    /// Removes the steps of interrupted builds that nothing uses. Returns how many it removed, or would remove. Does
    /// not ask the engine if no build is noted.
    pub fn remove_interrupted(&self, dry_run: bool) -> Result<usize, Failure> {
        let Some(engine) = self.engine else {
            return Ok(0);
        };
        let builds = self.store.interrupted_builds::<InterruptedBuild>()?;
        let mut count = 0;
        for noted in builds.iter().filter(|noted| noted.build.is_of(engine)) {
            let latest = noted.since + COMMITS_WITHIN;
            let mut steps = engine.late_steps(&noted.build)?;
            steps.retain(|step| created(step).is_some_and(|created| created <= latest));
            // Keep the parents until then: later steps are recognised by them.
            if steps.is_empty() && Utc::now() <= latest {
                continue;
            }
            steps.extend(unnamed(engine, &noted.build, noted.build.steps())?);
            let containers = match steps.is_empty() {
                true => Vec::new(),
                false => engine.containers()?,
            };
            let is_used = |id: Digest| containers.iter().any(|container| container.image == id);
            let ids: Vec<Digest> = steps.iter().map(|step| step.id).collect();
            let unused: Vec<_> = ids.iter().copied().filter(|id| !is_used(*id)).collect();
            if dry_run {
                count += unused.len();
                continue;
            }
            engine.remove_steps(&noted.build, &unused)?;
            let left = unnamed(engine, &noted.build, &ids)?;
            for id in ids.iter().filter(|id| left.iter().all(|it| it.id != **id)) {
                let message = format!("{id}: step of an interrupted build removed from the engine");
                self.reporter.detail(message);
                count += 1;
            }
            // If an image stays without a container, another image uses it.
            if left.iter().all(|image| !is_used(image.id)) {
                noted.forget()?;
            }
        }
        Ok(count)
    }
}

/// Those of these images that the engine has, and that have no name except the build's.
fn unnamed(
    engine: &Engine,
    build: &InterruptedBuild,
    ids: &[Digest],
) -> Result<Vec<ImageInfo>, Failure> {
    let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
    let found = engine.inspect(&ids)?.into_iter().flatten();
    Ok(found.filter(|image| build.is_unnamed(image)).collect())
}

fn created(image: &ImageInfo) -> Option<DateTime<Utc>> {
    let text = image.created.as_deref()?;
    Some(DateTime::parse_from_rfc3339(text).ok()?.to_utc())
}
