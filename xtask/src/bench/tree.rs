//! Tars that look like a root filesystem, or like packages installed on one: many small files, some large, half of
//! the bytes text and half noise.

use std::fs::File;
use std::io::BufWriter;

use camino::Utf8Path;
use tar::{Builder, EntryType, Header};

use super::random::{Random, Writer};
use crate::Error;

/// How many files a folder holds.
const PER_FOLDER: usize = 40;
/// The files' time: any will do, as long as it is not now.
const TIME: u64 = 1_700_000_000;
/// What says which system it is: images are named after it.
const OS_RELEASE: &str = "etc/os-release";

/// A tree to write.
#[derive(Debug)]
pub(crate) struct Tree<'a> {
    /// What its folders are called, so that trees on top of each other share no file.
    pub(crate) label: &'a str,
    /// The bytes of its files, about.
    pub(crate) bytes: u64,
    /// `ID` and `VERSION_ID`, for a whole system.
    pub(crate) os: Option<(&'a str, &'a str)>,
}

impl Tree<'_> {
    /// Writes it as a tar.
    pub(crate) fn write(&self, random: &mut Random, path: &Utf8Path) -> Result<(), Error> {
        let file = File::create(path).map_err(Error::io(path))?;
        let mut tar = Builder::new(BufWriter::new(file));
        self.append(random, &mut tar)
            .and_then(|()| tar.into_inner()?.into_inner().map_err(Into::into))
            .map(drop)
            .map_err(Error::io(path))
    }

    fn append(
        &self,
        random: &mut Random,
        tar: &mut Builder<BufWriter<File>>,
    ) -> std::io::Result<()> {
        let writer = Writer::new(random);
        if let Some((id, version)) = self.os {
            folder(tar, "etc/")?;
            let text =
                format!("ID={id}\nVERSION_ID=\"{version}\"\nPRETTY_NAME=\"{id} {version}\"\n");
            append(tar, OS_RELEASE, 0o644, text.as_bytes())?;
        }
        let label = self.label;
        folder(tar, &format!("usr/share/{label}/"))?;
        folder(tar, &format!("usr/lib/{label}/"))?;
        let (mut noise, mut text, mut files) = (0, 0, 0);
        while noise + text < self.bytes {
            let size = size(random).min(self.bytes - noise - text);
            let number = files / PER_FOLDER;
            if files % PER_FOLDER == 0 {
                folder(tar, &format!("usr/share/{label}/{number:04}/"))?;
                folder(tar, &format!("usr/lib/{label}/{number:04}/"))?;
            }
            let length = usize::try_from(size).unwrap_or_default();
            if noise > text {
                text += size;
                let name = format!("usr/share/{label}/{number:04}/{files:06}.txt");
                append(tar, &name, 0o644, &writer.text(random, length))?;
            } else {
                noise += size;
                let name = format!("usr/lib/{label}/{number:04}/{files:06}.so");
                append(tar, &name, 0o755, &random.noise(length))?;
            }
            files += 1;
        }
        Ok(())
    }
}

/// A file's size, as root filesystems have them: most are small, most bytes are in few. 160 kB in the mean.
fn size(random: &mut Random) -> u64 {
    match random.between(0, 100) {
        0..70 => random.between(500, 20_000),
        70..95 => random.between(20_000, 300_000),
        _ => random.between(300_000, 4_000_000),
    }
}

fn folder(tar: &mut Builder<BufWriter<File>>, path: &str) -> std::io::Result<()> {
    let mut header = header(0o755);
    header.set_entry_type(EntryType::Directory);
    tar.append_data(&mut header, path, std::io::empty())
}

fn append(
    tar: &mut Builder<BufWriter<File>>,
    path: &str,
    mode: u32,
    bytes: &[u8],
) -> std::io::Result<()> {
    let mut header = header(mode);
    header.set_size(u64::try_from(bytes.len()).unwrap_or_default());
    tar.append_data(&mut header, path, bytes)
}

fn header(mode: u32) -> Header {
    let mut header = Header::new_gnu();
    header.set_mode(mode);
    header.set_mtime(TIME);
    header.set_uid(0);
    header.set_gid(0);
    header.set_size(0);
    header
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_has_the_bytes_asked_for_in_many_files() {
        let folder = tempfile::tempdir().unwrap();
        let path = Utf8Path::from_path(folder.path()).unwrap().join("tree.tar");
        let tree = Tree {
            label: "root",
            bytes: 20_000_000,
            os: Some(("debian", "12")),
        };
        tree.write(&mut Random::fresh(), &path).unwrap();
        let mut tar = tar::Archive::new(File::open(&path).unwrap());
        let sizes: Vec<u64> = tar
            .entries()
            .unwrap()
            .map(|entry| entry.unwrap().size())
            .collect();
        let bytes: u64 = sizes.iter().sum();
        assert!((20_000_000..20_001_000).contains(&bytes), "{bytes}");
        assert!(sizes.len() > 30, "{}", sizes.len());
    }
}
