//! The table of distributions. The distribution splits an image name into its parts.

pub(crate) struct Distribution {
    /// The name in image names and `FROM`, lower case; may contain a dash.
    pub name: &'static str,
    /// Other spellings: os-release `ID`s and repositories on Docker Hub.
    pub aliases: &'static [&'static str],
    /// Whether names carry a version after the distribution.
    pub versioned: bool,
    /// Codenames that can replace the version.
    pub codenames: &'static [&'static str],
}

const fn row(name: &'static str, aliases: &'static [&'static str]) -> Distribution {
    Distribution {
        name,
        aliases,
        versioned: true,
        codenames: &[],
    }
}

const fn rolling(name: &'static str, aliases: &'static [&'static str]) -> Distribution {
    Distribution {
        name,
        aliases,
        versioned: false,
        codenames: &[],
    }
}

/// The `ID`s of os-release are from each distribution's `/etc/os-release`, the repositories from Docker Hub. A longer
/// name precedes any name that it starts with.
pub(crate) const DISTRIBUTIONS: &[Distribution] = &[
    Distribution {
        codenames: &[
            "focal", "jammy", "mantic", "noble", "oracular", "plucky", "questing", "resolute",
            "rolling", "devel",
        ],
        ..row("ubuntu", &[])
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
        ..row("debian", &[])
    },
    row("linuxmint", &[]),
    row("raspbian", &[]),
    Distribution {
        codenames: &["rolling"],
        ..row("kali", &["kalilinux"])
    },
    Distribution {
        codenames: &["edge"],
        ..row("alpine", &[])
    },
    rolling("wolfi", &["wolfi-base"]),
    rolling("chainguard", &[]),
    Distribution {
        codenames: &["rawhide"],
        ..row("fedora", &[])
    },
    Distribution {
        codenames: &["stream8", "stream9", "stream10"],
        ..row("centos", &[])
    },
    row("rhel", &["ubi"]),
    row("rockylinux", &["rocky"]),
    row("almalinux", &["alma"]),
    row("oraclelinux", &["ol"]),
    row("amazonlinux", &["amzn"]),
    row("opensuse-leap", &["leap"]),
    rolling("opensuse-tumbleweed", &["tumbleweed"]),
    row("sles", &[]),
    rolling("archlinux", &["arch"]),
    rolling("gentoo", &[]),
    rolling("void", &[]),
    row("nixos", &[]),
    row("mageia", &[]),
    row("photon", &[]),
    rolling("busybox", &[]),
    rolling("scratch", &[]),
];

/// The row of a name or another spelling, in lower case.
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
            for name in row.aliases.iter().chain([&row.name]) {
                assert!(seen.insert(*name), "{name} twice");
                assert_eq!(find(name).map(|found| found.name), Some(row.name));
            }
        }
    }
}
