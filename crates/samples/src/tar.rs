//! Tars with any members.

use tar::{Builder, EntryType, Header};

/// A tar under construction.
pub struct Tar(Builder<Vec<u8>>);

impl Default for Tar {
    fn default() -> Self {
        Self::new()
    }
}

impl Tar {
    /// A tar without members.
    #[must_use]
    pub fn new() -> Self {
        Self(Builder::new(Vec::new()))
    }

    /// Adds a regular file.
    #[must_use]
    pub fn file(mut self, name: &str, bytes: impl AsRef<[u8]>) -> Self {
        let bytes = bytes.as_ref();
        let mut header = Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        self.0.append_data(&mut header, name, bytes).expect("file");
        self
    }

    fn link(mut self, kind: EntryType, name: &str, target: &str) -> Self {
        let mut header = Header::new_gnu();
        header.set_entry_type(kind);
        header.set_size(0);
        self.0.append_link(&mut header, name, target).expect("link");
        self
    }

    /// Adds a symbolic link.
    #[must_use]
    pub fn symlink(self, name: &str, target: &str) -> Self {
        self.link(EntryType::Symlink, name, target)
    }

    /// Adds a hard link.
    #[must_use]
    pub fn hardlink(self, name: &str, target: &str) -> Self {
        self.link(EntryType::Link, name, target)
    }

    /// Adds a folder.
    #[must_use]
    pub fn folder(mut self, name: &str) -> Self {
        let mut header = Header::new_gnu();
        header.set_entry_type(EntryType::Directory);
        header.set_size(0);
        self.0
            .append_data(&mut header, name, &b""[..])
            .expect("folder");
        self
    }

    /// Adds a header whose name `tar` itself would refuse, without bytes.
    #[must_use]
    pub fn raw(self, kind: EntryType, name: impl AsRef<[u8]>) -> Self {
        self.member(kind, name, b"")
    }

    /// Adds a member of any kind and any name of at most 100 bytes, with these bytes.
    #[must_use]
    pub fn member(mut self, kind: EntryType, name: impl AsRef<[u8]>, bytes: &[u8]) -> Self {
        let mut header = Header::new_gnu();
        let name = name.as_ref();
        header.as_old_mut().name[..name.len()].copy_from_slice(name);
        header.set_entry_type(kind);
        header.set_size(bytes.len() as u64);
        header.set_cksum();
        self.0.append(&header, bytes).expect("member");
        self
    }

    /// Adds an unchanged header with these bytes, regardless of the header's size.
    #[must_use]
    pub fn header(self, header: &Header, bytes: &[u8]) -> Self {
        let mut tar = Self(self.0);
        let out = tar.0.get_mut();
        out.extend(header.as_bytes());
        out.extend(bytes);
        out.resize(out.len().next_multiple_of(512), 0);
        tar
    }

    /// Finishes the tar.
    #[must_use]
    pub fn bytes(self) -> Vec<u8> {
        self.0.into_inner().expect("tar")
    }

    /// The members so far, as a whole tar.
    #[must_use]
    pub fn clone_bytes(&self) -> Vec<u8> {
        [self.0.get_ref().as_slice(), &[0; 1024]].concat()
    }
}
