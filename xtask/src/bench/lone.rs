//! An archive with the topmost layer of each image alone, as a clever person would make it by hand: all else that an engine with
//! the base needs is there, and empty files stand in for the layers below.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufReader, BufWriter, Read as _};

use camino::Utf8Path;
use serde_json::Value;
use tar::{Archive, Builder};

use crate::Error;

/// What an archive says of its images: for each, the names of its layers, lowest first.
const MANIFEST: &str = "manifest.json";

/// Copies an archive without its lower layers.
pub(crate) fn write(from: &Utf8Path, to: &Utf8Path) -> Result<(), Error> {
    let lower = lower_layers(from)?;
    let file = File::create(to).map_err(Error::io(to))?;
    let mut out = Builder::new(BufWriter::new(file));
    let mut tar = open(from)?;
    for entry in tar.entries().map_err(Error::io(from))? {
        let entry = entry.map_err(Error::io(from))?;
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let mut header = entry.header().clone();
        if lower.contains(&name) {
            header.set_size(0);
            out.append_data(&mut header, &name, std::io::empty())
        } else {
            out.append_data(&mut header, &name, entry)
        }
        .map_err(Error::io(to))?;
    }
    out.into_inner()
        .and_then(|file| file.into_inner().map_err(Into::into))
        .map(drop)
        .map_err(Error::io(to))
}

fn lower_layers(path: &Utf8Path) -> Result<BTreeSet<String>, Error> {
    let mut tar = open(path)?;
    for entry in tar.entries().map_err(Error::io(path))? {
        let mut entry = entry.map_err(Error::io(path))?;
        if *entry.path_bytes() != *MANIFEST.as_bytes() {
            continue;
        }
        let mut text = String::new();
        entry.read_to_string(&mut text).map_err(Error::io(path))?;
        let manifest: Value = serde_json::from_str(&text)
            .map_err(|error| Error::Wrong(format!("{path}: {MANIFEST}: {error}")))?;
        let images = manifest.as_array().into_iter().flatten();
        let layers = images.filter_map(|image| image["Layers"].as_array());
        return Ok(layers
            .filter_map(|layers| layers.split_last())
            .flat_map(|(_, lower)| lower)
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect());
    }
    Err(Error::Wrong(format!("{path}: no {MANIFEST}")))
}

fn open(path: &Utf8Path) -> Result<Archive<BufReader<File>>, Error> {
    let file = File::open(path).map_err(Error::io(path))?;
    Ok(Archive::new(BufReader::new(file)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lower_layer_is_there_and_empty() {
        let folder = tempfile::tempdir().unwrap();
        let folder = Utf8Path::from_path(folder.path()).unwrap();
        let (whole, lone) = (folder.join("whole.tar"), folder.join("lone.tar"));
        let mut tar = Builder::new(File::create(&whole).unwrap());
        for (name, text) in [
            ("blobs/sha256/base", "base"),
            ("blobs/sha256/top", "top"),
            (
                MANIFEST,
                r#"[{"Layers":["blobs/sha256/base","blobs/sha256/top"]}]"#,
            ),
        ] {
            let mut header = tar::Header::new_gnu();
            header.set_size(text.len() as u64);
            header.set_mode(0o644);
            tar.append_data(&mut header, name, text.as_bytes()).unwrap();
        }
        tar.into_inner().unwrap();
        write(&whole, &lone).unwrap();
        let sizes: Vec<(String, u64)> = open(&lone)
            .unwrap()
            .entries()
            .unwrap()
            .map(|entry| {
                let entry = entry.unwrap();
                (entry.path().unwrap().display().to_string(), entry.size())
            })
            .collect();
        assert_eq!(sizes[0], ("blobs/sha256/base".into(), 0));
        assert_eq!(sizes[1], ("blobs/sha256/top".into(), 3));
        assert_eq!(sizes.len(), 3);
    }
}
