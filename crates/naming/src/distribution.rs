//! The table of distributions: what splits an image name, and which package manager is inside.

/// A package manager's family: how packages are named and installed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// dpkg and apt: Debian, Ubuntu and what derives from them.
    Apt,
    /// apk: Alpine, Wolfi.
    Apk,
    /// rpm and dnf: Fedora, RHEL and what derives from them.
    Dnf,
}

impl Family {
    /// All of them. Of an unnamed system that has the databases of several, the first counts.
    pub const ALL: [Self; 3] = [Self::Apt, Self::Apk, Self::Dnf];
}

pub(crate) struct Distribution {
    /// The name in image names and `FROM`, lower case; may hold a dash.
    pub name: &'static str,
    /// Other spellings: os-release `ID`s and repositories on Docker Hub.
    pub aliases: &'static [&'static str],
    pub family: Option<Family>,
    /// Whether names carry a version after the distribution.
    pub versioned: bool,
    /// Codenames that stand where a version does.
    pub codenames: &'static [&'static str],
}

const fn row(
    name: &'static str,
    aliases: &'static [&'static str],
    family: Option<Family>,
) -> Distribution {
    Distribution {
        name,
        aliases,
        family,
        versioned: true,
        codenames: &[],
    }
}

const fn rolling(
    name: &'static str,
    aliases: &'static [&'static str],
    family: Option<Family>,
) -> Distribution {
    Distribution {
        name,
        aliases,
        family,
        versioned: false,
        codenames: &[],
    }
}

/// os-release `ID`s come from each distribution's own `/etc/os-release`, repositories from
/// Docker Hub. A longer name stands before any that it starts with.
pub(crate) const DISTRIBUTIONS: &[Distribution] = &[
    Distribution {
        codenames: &[
            "focal", "jammy", "mantic", "noble", "oracular", "plucky", "questing", "resolute",
            "rolling", "devel",
        ],
        ..row("ubuntu", &[], Some(Family::Apt))
    },
    Distribution {
        codenames: &[
            "buster",
            "bullseye",
            "bookworm",
            "trixie",
            "forky",
            "duke",
            "sid",
            "stable",
            "oldstable",
            "testing",
            "unstable",
            "experimental",
        ],
        ..row("debian", &[], Some(Family::Apt))
    },
    row("linuxmint", &[], Some(Family::Apt)),
    row("raspbian", &[], Some(Family::Apt)),
    Distribution {
        codenames: &["rolling"],
        ..row("kali", &["kalilinux"], Some(Family::Apt))
    },
    Distribution {
        codenames: &["edge"],
        ..row("alpine", &[], Some(Family::Apk))
    },
    rolling("wolfi", &["wolfi-base"], Some(Family::Apk)),
    rolling("chainguard", &[], Some(Family::Apk)),
    Distribution {
        codenames: &["rawhide"],
        ..row("fedora", &[], Some(Family::Dnf))
    },
    Distribution {
        codenames: &["stream8", "stream9", "stream10"],
        ..row("centos", &[], Some(Family::Dnf))
    },
    row("rhel", &["ubi"], Some(Family::Dnf)),
    row("rockylinux", &["rocky"], Some(Family::Dnf)),
    row("almalinux", &["alma"], Some(Family::Dnf)),
    row("oraclelinux", &["ol"], Some(Family::Dnf)),
    row("amazonlinux", &["amzn"], Some(Family::Dnf)),
    row("opensuse-leap", &["leap"], None),
    rolling("opensuse-tumbleweed", &["tumbleweed"], None),
    row("sles", &[], None),
    rolling("archlinux", &["arch"], None),
    rolling("gentoo", &[], None),
    rolling("void", &[], None),
    row("nixos", &[], None),
    row("mageia", &[], None),
    row("photon", &[], None),
    rolling("busybox", &[], None),
    rolling("scratch", &[], None),
];

/// The row that a name or one of its other spellings stands for. Takes lower case.
pub(crate) fn find(name: &str) -> Option<&'static Distribution> {
    DISTRIBUTIONS
        .iter()
        .find(|row| row.name == name || row.aliases.contains(&name))
}

impl Distribution {
    /// Whether a part of a name can be this distribution's version.
    pub(crate) fn is_version(&self, part: &str) -> bool {
        part.starts_with(|c: char| c.is_ascii_digit())
            || part == "latest"
            || self.codenames.contains(&part)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_spelling_means_two_distributions() {
        let mut seen = std::collections::BTreeSet::new();
        for row in DISTRIBUTIONS {
            assert!(
                row.family
                    .is_none_or(|family| Family::ALL.contains(&family))
            );
            for name in row.aliases.iter().chain([&row.name]) {
                assert!(seen.insert(*name), "{name} twice");
                assert_eq!(find(name).map(|found| found.name), Some(row.name));
            }
        }
    }
}
