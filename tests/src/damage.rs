//! Damaging archives.

use crate::Sandbox;

/// The beginning of what is compressed with gzip.
const GZIP: &[u8] = &[0x1f, 0x8b];
/// How long before its end it has its checksum.
const CHECKSUM: usize = 8;

impl Sandbox {
    /// Changes one byte of a text in an archive, or of the compressed layer that holds it.
    ///
    /// # Panics
    /// If the archive does not hold the text.
    #[track_caller]
    pub fn flip(&self, path: &str, text: &str) {
        let at = self.place(path, text);
        let mut bytes = self.read_bytes(path);
        bytes[at] ^= 1;
        self.write(path, bytes);
    }

    /// The position of a text in an archive. If it is compressed, that of the checksum of the layer that holds it: layers of images
    /// that were built with a containerd store stay as they are stored there.
    ///
    /// # Panics
    /// If the archive does not hold the text.
    #[must_use]
    #[track_caller]
    pub fn place(&self, path: &str, text: &str) -> usize {
        let bytes = self.read_bytes(path);
        let find = |bytes: &[u8]| {
            let mut windows = bytes.windows(text.len());
            windows.position(|window| window == text.as_bytes())
        };
        let is_in = |layer: &[u8]| {
            let unpack = duct::cmd!("gzip", "--decompress", "--stdout").stdin_bytes(layer);
            let unpacked = unpack.stdout_capture().run();
            find(&unpacked.expect("it is gzip").stdout).is_some()
        };
        let in_layer = || {
            let mut archive = tar::Archive::new(&bytes[..]);
            let members = archive.entries().expect("a tar").map(|member| {
                let member = member.expect("a member");
                let start = usize::try_from(member.raw_file_position()).expect("a small archive");
                start..start + usize::try_from(member.size()).expect("a small archive")
            });
            let mut packed = members.filter(|range| bytes[range.clone()].starts_with(GZIP));
            let layer = packed.find(|range| is_in(&bytes[range.clone()]))?;
            Some(layer.end - CHECKSUM)
        };
        let at = find(&bytes).or_else(in_layer);
        at.unwrap_or_else(|| panic!("{path} does not hold `{text}`"))
    }
}
