//! Archives: any bytes are refused with a message, or mean what their digests say.

use std::fs::File;
use std::io::{self, Write as _};
use std::os::fd::AsRawFd as _;
use std::sync::Arc;

use archive::compose::{Choice, Reads, compose, length, manifest_digest};
use archive::{Archive, Draft, Error, Options, RootFs, Stack};
use camino::Utf8Path;
use naming::Digest;
use rustix::fs::{MemfdFlags, memfd_create};

use crate::composed::images;
use crate::words::fair;

/// The files that an inventory reads, and their longest size.
const FILES: [&str; 2] = ["etc/os-release", "var/lib/dpkg/status"];
const LIMIT: u64 = 1 << 20;
/// The largest composed stream to hold in memory and judge, in bytes.
const MAX_JUDGED: u64 = 16 << 20;

/// The result for an archive.
#[derive(Debug)]
pub enum Verdict {
    /// It was refused.
    Refused(String),
    /// It would be loaded: its images.
    Accepted(Vec<Digest>),
}

/// The target `tar_index`: reads an archive, and imports it as if an engine had saved it.
///
/// # Panics
/// If it is not refused with one line, and differs from its digests.
pub fn archive(bytes: &[u8]) {
    read(bytes, None);
    let mut out = file(&[]);
    let what = "save";
    let options = Options::default();
    let taken = Draft::from_stream(bytes, &mut out, what, &options, &|name| {
        FILES.contains(&name)
    });
    match taken.and_then(|draft| draft.seal(&mut out, &[]).map(|_| draft)) {
        Err(error) => fair(&error.to_string()),
        Ok(draft) => {
            let path = path(&out);
            let taken = Archive::open(Utf8Path::new(&path)).expect("what was written is read");
            let image = &taken.images()[0];
            assert_eq!(image.image_id, draft.image_id);
            taken.verify(image).expect("what was written is sound");
        }
    }
}

/// Reads an archive in every way that imgload does, with the archive of its base if it is thin.
///
/// # Panics
/// As [`archive()`].
pub fn read(bytes: &[u8], base: Option<&[u8]>) -> Verdict {
    let file = file(bytes);
    let path = path(&file);
    match accepted(Utf8Path::new(&path), base) {
        Ok(ids) => Verdict::Accepted(ids),
        Err(error) => {
            let error = error.to_string();
            fair(&error);
            Verdict::Refused(error)
        }
    }
}

fn accepted(path: &Utf8Path, base: Option<&[u8]>) -> Result<Vec<Digest>, Error> {
    let archive = Arc::new(Archive::open(path)?);
    let base = base.map(|bytes| {
        let file = file(bytes);
        let archive = Archive::open(Utf8Path::new(&self::path(&file)));
        Stack::of(archive.expect("the base is sound")).expect("an image")
    });
    let mut ids = Vec::new();
    for index in 0..archive.images().len() {
        let mut stack = Stack::new(archive.clone(), index).expect("an image");
        if let Some(base) = &base {
            stack = stack.on(base.clone());
        }
        ids.push(composed(&archive, &stack)?);
    }
    Ok(ids)
}

/// Reads an image in each way. A sound image can be composed.
fn composed(archive: &Archive, stack: &Stack) -> Result<Digest, Error> {
    let image = stack.image();
    assert_eq!(image.layers.len(), image.config.diff_ids.len());
    manifest_digest(image);
    let verified = archive
        .verify(image)
        .and_then(|()| stack.verify_left_out(|_, _| false, &mut io::sink()));
    let keep = &|name: &str| FILES.contains(&name);
    let files = RootFs::keeping(stack.clone(), keep);
    let read = files.and_then(|files| {
        FILES
            .iter()
            .try_for_each(|file| files.read(file, LIMIT).map(drop))
    });
    if let Err(error) = read {
        fair(&error.to_string());
    }
    let choice = Choice {
        stack,
        tags: &image.tags,
        present: 0,
    };
    let is_judged = length(&[choice]) <= MAX_JUDGED;
    let mut out = Judged(is_judged.then(Vec::new));
    let composed = compose(&[choice], Reads::All, &mut out);
    // A layer that occurs twice is sent once. Only a full check finds damage in the other copy.
    assert!(
        verified.is_err() || composed.is_ok(),
        "{verified:?} {composed:?}"
    );
    if let Some(stream) = out.0 {
        match &composed {
            Ok(_) => assert_eq!(images(&stream), [image.image_id]),
            // Engines accept no stream without documents.
            Err(_) => assert!(!has_documents(&stream)),
        }
    }
    composed.map(|_| image.image_id)
}

/// Whether an incomplete stream already has documents. Its layers may contain anything.
fn has_documents(stream: &[u8]) -> bool {
    let mut tar = tar::Archive::new(stream);
    let members = tar.entries().into_iter().flatten().map_while(Result::ok);
    let mut names = members.filter_map(|member| member.path().ok().map(|path| path.into_owned()));
    names.any(|name| name.as_os_str() == "manifest.json")
}

/// Keeps the written bytes, or drops them.
struct Judged(Option<Vec<u8>>);

impl io::Write for Judged {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Some(kept) = &mut self.0 {
            kept.extend(bytes);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A file in memory.
fn file(bytes: &[u8]) -> File {
    let file = memfd_create("probe", MemfdFlags::CLOEXEC);
    let mut file = File::from(file.expect("a file in memory"));
    file.write_all(bytes).expect("it is written");
    file
}

/// The path of an open file in memory.
fn path(file: &File) -> String {
    format!("/proc/self/fd/{}", file.as_raw_fd())
}
