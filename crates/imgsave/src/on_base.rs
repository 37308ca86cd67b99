//! Chooses the base of a thin archive.

use archive::ThinBase;
use failure::Failure;
use naming::Digest;
use registry::{Entry, Registry, Store};
use transfer::save::{Form, Naming, Saver, Source, Wanted};

/// The layers that the archives of a call omit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LeavingOut {
    /// Those of one base for all of them.
    Given,
    /// Those of the base in each image's entry.
    OwnBase,
    /// Those that the image's archive omits already, if it has one.
    AsBefore,
    /// The same, or else those of a registered image that it stands on, if any.
    WherePossible,
}

impl LeavingOut {
    /// The saver for one image.
    pub(crate) fn saver<'a>(
        self,
        saver: &Saver<'a>,
        source: &Source,
        naming: &Naming,
    ) -> Result<Saver<'a>, Failure> {
        let registry = saver.session.store.read_or_empty()?;
        let base = match self {
            Self::Given => saver.form.base.clone(),
            Self::OwnBase => {
                let base = own_base(saver.session.store, &registry, source, naming)?;
                Some(thin::base(saver.session.store, base)?)
            }
            Self::AsBefore => base_before(saver, &registry, source, naming),
            Self::WherePossible => base_before(saver, &registry, source, naming)
                .or_else(|| possible_base(saver.session.store, &registry, source, naming)),
        };
        Ok(Saver {
            form: Form {
                base,
                ..saver.form.clone()
            },
            make_room: saver.make_room.clone(),
            ..*saver
        })
    }
}

/// The form of archives. The base must be registered, and its archive must exist.
pub(crate) fn form(store: &Store, base: Option<&str>, wanted: Wanted) -> Result<Form, Failure> {
    let base = base.map(|operand| {
        let registry = store.read_or_empty()?;
        let entry = registry::find_stored(store, &registry, operand)
            .ok_or_else(|| registry::not_registered(store, operand))?;
        Ok::<_, Failure>(thin::base(store, entry)?)
    });
    Ok(Form {
        compress: wanted.compress,
        base: base.transpose()?,
    })
}

/// The base in the entry of an image.
fn own_base<'a>(
    store: &Store,
    registry: &'a Registry,
    source: &Source,
    naming: &Naming,
) -> Result<&'a Entry, Failure> {
    let refuse = |why: &str| Failure::usage(format!("`--thin` needs `--base NAME`: {why}"));
    let entry = source.entry(store)?;
    let entry = entry.or_else(|| registry.get(naming.known()?.as_str()).cloned());
    let entry = entry.ok_or_else(|| refuse("the image is not registered"))?;
    let base = entry.base.as_deref();
    let base = base.ok_or_else(|| refuse("its entry has no base"))?;
    let unknown = || refuse(&format!("the base of its entry, {base}, is not registered"));
    registry.get(base).ok_or_else(unknown)
}

/// The registered image that an image stands on, by its layers: that of its entry, or else the nearest. Never one that
/// stands on the image itself.
fn possible_base(
    store: &Store,
    registry: &Registry,
    source: &Source,
    naming: &Naming,
) -> Option<ThinBase> {
    let diff_ids = source.diff_ids()?;
    let may = |entry: &Entry| {
        let mut chain = thin::chain(registry, entry).into_iter();
        !chain.any(|entry| naming.may_be(entry))
    };
    let own = naming.known().and_then(|name| registry.get(name.as_str()));
    let own = own.and_then(|entry| registry.get(entry.base.as_deref()?));
    let is_own = |entry: &Entry| own.is_some_and(|own| own.name == entry.name) && may(entry);
    thin::base_of(store, registry, diff_ids, is_own)
        .or_else(|| thin::base_of(store, registry, diff_ids, may))
}

/// The base of the existing archive with the same name, if the archive is thin, readable, and of the same image.
fn base_before(
    saver: &Saver,
    registry: &Registry,
    source: &Source,
    naming: &Naming,
) -> Option<ThinBase> {
    let (store, name) = (saver.session.store, naming.known()?.as_str());
    let entry = registry.get(name)?;
    let before = thin::open(store, entry).ok()?;
    if !before.image().is_thin() || !source.is(before.image()) {
        return None;
    }
    thin::complete(store, registry, before).ok()?;
    let bases = thin::bases(store, registry, entry).ok()?;
    let base = registry.get(bases.first()?)?;
    thin::check_base(registry, name, &base.name).ok()?;
    let base = thin::base(store, base).ok()?;
    let stands_on = |layers: &[Digest]| layers.starts_with(&base.diff_ids);
    if !source.diff_ids().is_none_or(stands_on) {
        let base = &base.base.name;
        saver.session.reporter.warn(format!(
            "{name}: is no longer thin, because its base {base} was replaced"
        ));
        return None;
    }
    Some(base)
}
