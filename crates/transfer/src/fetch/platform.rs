//! What an image is for.

use archive::Config;
use failure::{Code, Failure};
use naming::Architecture;

/// Refuses an image that is for another architecture than the one that was asked for: a registry that has a single image
/// under a name gives it to whoever asks. A config that says nothing that is known is taken as it is.
pub(crate) fn check(config: &Config, wanted: Option<Architecture>) -> Result<(), Failure> {
    let found = Architecture::from_oci(&config.architecture, config.variant.as_deref());
    match (wanted, found) {
        (Some(wanted), Ok(found)) if wanted != found => Err(Failure::new(
            Code::Archive,
            format!("is an image for {found}, not for {wanted}"),
        )),
        _ => Ok(()),
    }
}
