//! Whether there is room for a large image.

use camino::{Utf8Path, Utf8PathBuf};

use crate::Error;
use crate::engine::Engine;
use crate::process::{Runner, command};

/// How often the image is there at a time: as the engine has it, as the engine spools it while it saves or loads, and
/// once more for all that is smaller.
const TIMES: u64 = 3;

/// Why an image of so many gigabytes can't be tried; `None` where it can.
pub(crate) fn lack(
    runner: &Runner,
    engine: &Engine,
    target: &Utf8Path,
    gigabytes: u32,
) -> Result<Option<String>, Error> {
    let words = [engine.program(), "info", "--format", "{{.DockerRootDir}}"];
    // Elsewhere, or another engine's: then the folder is not one of this machine.
    let root = runner.read(&command(words)).map(Utf8PathBuf::from);
    let root = root.ok().filter(|root| root.is_dir());
    let wanted = TIMES * u64::from(gigabytes) * 1_000_000_000;
    for folder in [root.as_deref(), Some(target)].into_iter().flatten() {
        let stat = rustix::fs::statvfs(folder.as_std_path())
            .map_err(|error| Error::io(folder)(error.into()))?;
        let free = stat.f_bavail.saturating_mul(stat.f_frsize);
        if free < wanted {
            return Ok(Some(format!(
                "{folder} has {} GB free, and it takes {}",
                free / 1_000_000_000,
                wanted / 1_000_000_000
            )));
        }
    }
    Ok(None)
}
