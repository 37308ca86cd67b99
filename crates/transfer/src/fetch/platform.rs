//! The architecture of an image.

use archive::Config;
use failure::{Code, Failure};
use naming::Architecture;

/// Refuses an image for another architecture than the requested one. A registry with a single image under a name serves
/// it for every architecture. A config without a known architecture is accepted.
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
