//! The tarball: one folder that can be unpacked anywhere, or over a prefix.

use std::fs::File;
use std::io::{self, BufWriter};

use camino::{Utf8Path, Utf8PathBuf};
use flate2::{Compression, GzBuilder};
use tar::{Builder, Header};

use super::VERSION;
use crate::Error;
use crate::files::files;

/// Packs all that is below `stage` into a tarball in `folder`.
pub(super) fn write(stage: &Utf8Path, folder: &Utf8Path, time: u64) -> Result<Utf8PathBuf, Error> {
    let name = format!("imgpipe-{VERSION}-{}-linux", std::env::consts::ARCH);
    let path = folder.join(format!("{name}.tar.gz"));
    let paths = files(stage)?;
    pack(stage, &paths, &name, &path, time).map_err(Error::io(&path))?;
    Ok(path)
}

/// Nothing of this machine goes in: neither its users nor its times, nor the order of its folders.
fn pack(
    stage: &Utf8Path,
    paths: &[Utf8PathBuf],
    name: &str,
    to: &Utf8Path,
    time: u64,
) -> io::Result<()> {
    let out = BufWriter::new(File::create(to)?);
    let gzip = GzBuilder::new().mtime(0).write(out, Compression::best());
    let mut tar = Builder::new(gzip);
    for path in paths {
        let mut file = File::open(stage.join(path))?;
        let mut header = Header::new_gnu();
        header.set_size(file.metadata()?.len());
        header.set_mode(if path.starts_with("bin") {
            0o755
        } else {
            0o644
        });
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(time);
        tar.append_data(&mut header, Utf8Path::new(name).join(path), &mut file)?;
    }
    tar.into_inner()?.finish()?.into_inner()?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_files_make_the_same_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(folder.path()).unwrap();
        let made = |stage: &str| {
            let stage = root.join(stage);
            for path in ["share/man/man1/imgload.1", "bin/imgload"] {
                crate::files::write(&stage.join(path), path).unwrap();
            }
            let made = write(&stage, root, 1_700_000_000).unwrap();
            std::fs::read(made).unwrap()
        };
        assert_eq!(made("a"), made("b"));
    }
}
