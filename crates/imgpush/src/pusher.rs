//! Publishes images. Layers in the registry are not sent again, and a pushed image is verified there.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use archive::compose::manifest_digest;
use archive::{Archive, Compress, Layout, Packing, Stack, Stored};
use config::Published;
use failure::{Code, Failure};
use naming::{Architecture, Digest, ImageName, Reference};
use registry::{Edit, Entry, Registry, Store};
use remote::{Error, Remote};
use ui::Reporter;

use crate::stored;

/// Publishes images of a store.
pub struct Pusher<'a> {
    /// The store of the images.
    pub store: &'a Store,
    /// Access to registries.
    pub remote: &'a Remote,
    /// The destination.
    pub published: &'a Published,
    /// How to compress new layers; `None` keeps compressed layers as they are and compresses others with gzip.
    pub compress: Option<Compress>,
    /// The receiver of progress.
    pub reporter: &'a Reporter,
    /// How long to wait for locks.
    pub lock_timeout: Duration,
}

/// A published image.
#[derive(Debug, Clone)]
pub struct Pushed {
    /// The registered name.
    pub name: String,
    /// Its remote reference, with the digest of its manifest.
    pub remote: Reference,
    /// The config's digest.
    pub image_id: Digest,
    /// Whether anything was sent; `false` if the registry had the image under this tag.
    pub sent: bool,
}

impl Pusher<'_> {
    /// Publishes a registered image, and writes its reference into the entry.
    pub fn push(&self, registry: &Registry, entry: &Entry) -> Result<Pushed, Failure> {
        let name: ImageName = entry.name.parse()?;
        let stack = self.open(registry, entry)?;
        let image = stack.image();
        let to = self
            .published
            .reference(&name, entry.docker_tag.tag().unwrap_or("latest"))?;
        let config = &image.config;
        let architecture = Architecture::from_oci(&config.architecture, config.variant.as_deref())?;
        let there = match self.remote.resolve(&to, architecture) {
            Ok(there) => Some(there),
            // Some registries deny access to a repository that does not exist yet.
            Err(
                Error::Unknown { .. }
                | Error::Denied { .. }
                | Error::NoPlatform { .. }
                | Error::Unsupported { .. },
            ) => None,
            Err(error) => return Err(error.into()),
        };
        if let Some(there) = there
            .as_ref()
            .filter(|there| there.image_id == image.image_id)
        {
            self.reporter.detail(format!("{name}: already published"));
            // A killed process may have packed and sent it without removing the folder.
            self.store.forget_transfer(&transfer_name(image.image_id));
            return self.note(entry, image.image_id, &to, there.digest(), false);
        }
        let mut stored = BTreeMap::new();
        let published = stored::published(self.remote, registry, entry, architecture, &to);
        for image in there.iter().chain(&published) {
            stored::add(&mut stored, image);
        }
        // It came so from a remote registry, and gets the same digest back.
        let came = entry.remote.as_ref().and_then(Reference::digest);
        let as_is = came.is_some() && came == manifest_digest(image);
        let digest = self.send(&stack, &to, &stored, as_is)?;
        self.note(entry, image.image_id, &to, digest, true)
    }

    /// The registered image, with the archives of its layers.
    fn open(&self, registry: &Registry, entry: &Entry) -> Result<Stack, Failure> {
        let archive = Archive::open(&self.store.path(&entry.file)?.absolute())?;
        let index = thin::the_registered(archive.images(), entry)?;
        let missing = || Failure::new(Code::Archive, "holds no image");
        let stack = Stack::new(Arc::new(archive), index).ok_or_else(missing)?;
        Ok(thin::complete(self.store, registry, stack)?)
    }

    /// Sends an image, without the layers that the registry has.
    fn send(
        &self,
        stack: &Stack,
        to: &Reference,
        stored: &BTreeMap<Digest, Stored>,
        as_is: bool,
    ) -> Result<Digest, Failure> {
        let name = transfer_name(stack.image().image_id);
        let transfer = self.store.transfer(&name, self.lock_timeout)?;
        let packing = Packing {
            compress: self.compress,
            as_is,
            stored,
        };
        let sent = match self.send_but(stack, to, packing, &transfer) {
            // The registry has the layer, but cannot copy it from there.
            Err(Sending::Lacks) => {
                let stored = &BTreeMap::new();
                self.send_but(stack, to, Packing { stored, ..packing }, &transfer)
            }
            sent => sent,
        };
        transfer.finish()?;
        let digest = match sent {
            Ok(digest) => digest,
            Err(Sending::Failed(failure)) => return Err(failure),
            Err(Sending::Lacks) => {
                return Err(Failure::new(
                    Code::Engine,
                    format!("cannot publish `{to}`: a layer is missing from the upload"),
                ));
            }
        };
        // skopeo's success is verified.
        match self.remote.digest(to)? {
            found if found == digest => Ok(digest),
            found => Err(Failure::new(
                Code::Engine,
                format!("published {digest}, but `{to}` is now {found}"),
            )
            .with_hint("another command may have published to it in the meantime")),
        }
    }

    fn send_but(
        &self,
        stack: &Stack,
        to: &Reference,
        packing: Packing,
        transfer: &registry::Transfer,
    ) -> Result<Digest, Sending> {
        let new = |index: &usize| !packing.stored.contains_key(&stack.diff_ids()[*index]);
        let layers: Vec<_> = (0..stack.diff_ids().len()).filter(new).collect();
        let sizes = layers.iter().map(|index| stack.stored_size(*index));
        let total: u64 = sizes.sum();
        self.reporter.info(format!(
            "publishing {to} ({} of {} layers)",
            layers.len(),
            stack.diff_ids().len()
        ));
        let progress = self.reporter.progress(format!("packing {to}"), Some(total));
        let layout = Layout::write(stack, transfer.path(), packing, |bytes| {
            progress.add(bytes);
        });
        let layout = layout.map_err(|error| Sending::Failed(error.into()))?;
        drop(progress);
        // skopeo reports no progress.
        let size = ui::size(layout.bytes);
        let waiting = self.reporter.wait(format!("sending {to} ({size})"));
        let sent = self.remote.upload(transfer.path(), to);
        drop(waiting);
        match sent {
            Ok(()) => Ok(layout.digest),
            Err(Error::Lacks { .. }) => Err(Sending::Lacks),
            Err(error) => Err(Sending::Failed(error.into())),
        }
    }

    /// Writes the reference into the entry, if the image is still the registered one.
    fn note(
        &self,
        entry: &Entry,
        image_id: Digest,
        to: &Reference,
        digest: Digest,
        sent: bool,
    ) -> Result<Pushed, Failure> {
        let remote = to.clone().with_digest(digest).without_usual_tag();
        self.store.update(self.lock_timeout, |registry| {
            let current = registry.get(&entry.name);
            let current =
                current.filter(|current| current.image_id.is_none_or(|id| id == image_id));
            let edits = current.map(|current| {
                let mut noted = current.clone();
                noted.remote = Some(remote.clone());
                Edit::Put(noted)
            });
            Ok::<_, Failure>((edits.into_iter().collect(), ()))
        })?;
        Ok(Pushed {
            name: entry.name.clone(),
            remote,
            image_id,
            sent,
        })
    }
}

/// The name of the folder in which an image is packed.
fn transfer_name(image_id: Digest) -> String {
    format!("push-{}", image_id.hex())
}

/// Why an image was not sent.
enum Sending {
    /// A layer that the registry should copy is not available.
    Lacks,
    /// Anything else.
    Failed(Failure),
}
