//! Archives without an entry: the contents are read from the image itself.

use std::slice;

use camino::Utf8Path;
use failure::Failure;
use inventory::Inventory;
use naming::{Architecture, PackageName, Variant};
use plan::Requirement;
use registry::{Entry, Registry};
use transfer::save::contradicts;

use crate::{Builder, inside};

impl Builder<'_> {
    /// The entry for an archive's first image, as far as a requirement needs it. Contents that no image can prove are
    /// assumed, and named on standard error. `None` if the image cannot be read.
    pub(crate) fn unregistered(
        &self,
        wanted: &Requirement,
        path: &Utf8Path,
        registry: &Registry,
    ) -> Option<Entry> {
        let (entry, unknown) = match self.read_unregistered(wanted, path, registry) {
            Ok(read) => read,
            Err(failure) => {
                let message = format!("{path}: not checked against the plan: {failure}");
                self.reporter.warn(message);
                return None;
            }
        };
        if !unknown.is_empty() {
            let unknown = unknown.join(", ");
            self.reporter
                .warn(format!("{path}: not registered, so not checked: {unknown}"));
        }
        Some(entry)
    }

    fn read_unregistered(
        &self,
        wanted: &Requirement,
        path: &Utf8Path,
        registry: &Registry,
    ) -> Result<(Entry, Vec<String>), Failure> {
        let stack = inside::stack(self.store, registry, path, None)?;
        let stack = stack.ok_or_else(|| Failure::invalid("it holds no whole image"))?;
        let config = stack.image().config.clone();
        let built = Architecture::from_oci(&config.architecture, config.variant.as_deref())?;
        let inventory = inside::inventory_of(stack)?;
        let is_exact = |it: &&PackageName| it.version().is_some() || it.architecture().is_some();
        let exact = wanted.packages.iter().filter(is_exact);
        let mut variants: Vec<String> = wanted.variants.iter().map(ToString::to_string).collect();
        if (wanted.architecture, built) == (Architecture::X86, Architecture::X86_64) {
            variants.push(Variant::x86().to_string());
        }
        let unknown = variants.iter().map(|variant| format!("variant {variant}"));
        let unknown = unknown.chain(exact.map(|it| format!("version or architecture of {it}")));
        let system = inventory
            .os
            .is_none()
            .then(|| "operating system".to_owned());
        let unknown = unknown.chain(system).collect();
        let name = wanted.image_name()?;
        let tag = name.reference()?;
        let os = match &inventory.os {
            Some(os) if contradicts(os, &wanted.os) => os,
            _ => &wanted.os,
        };
        let (os, built) = (os.to_string(), built.to_string());
        let mut entry = Entry::new(name.as_str(), path.as_str(), tag, &os, &built);
        entry.variants = variants;
        let mut entry = inside::with_inventory(&entry, &inventory);
        add_provided(&mut entry, wanted, &inventory);
        Ok((entry, unknown))
    }
}

/// Adds contents with another name than in a requirement: a package that another one provides, any version of a
/// compiler.
fn add_provided(entry: &mut Entry, wanted: &Requirement, image: &Inventory) {
    let compilers = wanted.compilers.iter();
    let compilers = compilers.filter(|it| image.lacks(slice::from_ref(it), &[], &[]).is_empty());
    let packages = wanted.packages.iter();
    let packages = packages.filter(|it| image.lacks(&[], slice::from_ref(it), &[]).is_empty());
    let tools = wanted.tools.iter();
    let tools = tools.filter(|it| image.lacks(&[], &[], slice::from_ref(it)).is_empty());
    (entry.compilers).extend(compilers.map(ToString::to_string));
    (entry.packages).extend(packages.map(ToString::to_string));
    (entry.tools).extend(tools.map(ToString::to_string));
}
