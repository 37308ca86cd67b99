//! Resolves a requested image, which must match its pin or its entry.

use failure::{Code, Failure};
use naming::Architecture;
use remote::RemoteImage;

use crate::fetch::{Fetcher, Wanted};

impl Fetcher<'_> {
    /// Resolves a requested image, which must match its pin or its entry.
    pub(crate) fn resolve(&self, wanted: &Wanted) -> Result<RemoteImage, Failure> {
        let registered = wanted.entry.as_ref();
        let architecture = match registered.map(|entry| entry.architecture.parse()) {
            Some(Ok(architecture)) => architecture,
            _ => self.architecture.unwrap_or_else(Architecture::host),
        };
        self.session
            .reporter
            .detail(format!("looking for {}", wanted.reference));
        let image = self.remote.resolve(&wanted.reference, architecture)?;
        let pinned = registered.and_then(|entry| entry.remote.as_ref()?.digest());
        if let Some(pinned) = pinned.filter(|pinned| wanted.is_pinned && *pinned != image.digest())
        {
            return Err(Failure::new(
                Code::Archive,
                format!(
                    "`{}` has changed: {pinned} is registered, but the registry has {}",
                    wanted.reference,
                    image.digest()
                ),
            )
            .with_hint(
                "use --update for the new image, or fetch the registered name for the pinned one",
            ));
        }
        let id = registered.and_then(|entry| entry.image_id);
        if let Some(id) = id.filter(|id| !self.update && *id != image.image_id) {
            return Err(Failure::new(
                Code::Archive,
                format!(
                    "`{}` is image {}, but {id} is registered",
                    image.reference, image.image_id
                ),
            )
            .with_hint("use --update for the new image"));
        }
        Ok(image)
    }
}
