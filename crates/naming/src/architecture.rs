//! Processor architectures, with their names in kernels and registries.

use std::fmt;
use std::str::FromStr;

use crate::NameError;
use crate::text::as_text;

/// A processor architecture. Shown and stored under its kernel name (`x86_64`, `aarch64`).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Architecture {
    /// 64-bit Intel and AMD: `amd64` in registries.
    X86_64,
    /// 32-bit Intel: `386` in registries.
    X86,
    /// 64-bit Arm: `arm64` in registries.
    Aarch64,
    /// 32-bit Arm, version 7.
    Armv7,
    /// 32-bit Arm, version 6.
    Armv6,
    /// 64-bit POWER, little-endian.
    Ppc64le,
    /// IBM Z.
    S390x,
    /// 64-bit RISC-V.
    Riscv64,
}

struct Row {
    architecture: Architecture,
    /// Every accepted spelling, the canonical one first.
    names: &'static [&'static str],
    /// `architecture` and `variant` of the OCI image configuration (Go's GOARCH and GOARM).
    oci: (&'static str, Option<&'static str>),
}

const TABLE: &[Row] = &[
    Row {
        architecture: Architecture::X86_64,
        names: &["x86_64", "amd64", "x64", "x86-64"],
        oci: ("amd64", None),
    },
    Row {
        architecture: Architecture::X86,
        names: &["x86", "i386", "i486", "i586", "i686", "386"],
        oci: ("386", None),
    },
    Row {
        architecture: Architecture::Aarch64,
        names: &["aarch64", "arm64", "arm64v8"],
        oci: ("arm64", None),
    },
    Row {
        architecture: Architecture::Armv7,
        names: &["armv7", "armv7l", "armhf", "arm", "arm32v7"],
        oci: ("arm", Some("v7")),
    },
    Row {
        architecture: Architecture::Armv6,
        names: &["armv6", "armv6l", "armel", "arm32v6"],
        oci: ("arm", Some("v6")),
    },
    Row {
        architecture: Architecture::Ppc64le,
        names: &["ppc64le", "ppc64el"],
        oci: ("ppc64le", None),
    },
    Row {
        architecture: Architecture::S390x,
        names: &["s390x"],
        oci: ("s390x", None),
    },
    Row {
        architecture: Architecture::Riscv64,
        names: &["riscv64"],
        oci: ("riscv64", None),
    },
];

impl Architecture {
    fn row(self) -> &'static Row {
        TABLE
            .iter()
            .find(|row| row.architecture == self)
            .unwrap_or(&TABLE[0])
    }

    /// The architecture this program was compiled for.
    pub fn host() -> Self {
        std::env::consts::ARCH.parse().unwrap_or(Self::X86_64)
    }

    /// `architecture` and `variant` as an OCI image configuration names them.
    pub fn oci(self) -> (&'static str, Option<&'static str>) {
        self.row().oci
    }

    /// Reads the `architecture` and `variant` of an OCI image configuration.
    pub fn from_oci(architecture: &str, variant: Option<&str>) -> Result<Self, NameError> {
        TABLE
            .iter()
            .find(|row| row.oci.0 == architecture && (row.oci.1.is_none() || row.oci.1 == variant))
            .map(|row| row.architecture)
            .map_or_else(|| architecture.parse(), Ok)
    }

    /// The spelling in image names: `arm64`, `armv7`, `x86`; empty for `x86_64`, the default.
    pub fn in_name(self) -> Option<String> {
        match (self, self.oci()) {
            (Self::X86_64, _) => None,
            (Self::X86, _) => Some(self.to_string()),
            (_, (architecture, variant)) => {
                Some(architecture.to_owned() + variant.unwrap_or_default())
            }
        }
    }

    /// The architecture of an organisation on Docker Hub. Each publishes the official images for one architecture
    /// (docker-library/official-images, "Architectures other than amd64?").
    pub(crate) fn of_organisation(organisation: &str) -> Option<Self> {
        const ORGANISATIONS: [&str; 8] = [
            "amd64", "arm32v6", "arm32v7", "arm64v8", "i386", "ppc64le", "riscv64", "s390x",
        ];
        let known = ORGANISATIONS.contains(&organisation);
        organisation.parse().ok().filter(|_| known)
    }

    /// The value for `--platform`: `linux/amd64`, `linux/arm/v7`.
    pub fn platform(self) -> String {
        match self.oci() {
            (architecture, Some(variant)) => format!("linux/{architecture}/{variant}"),
            (architecture, None) => format!("linux/{architecture}"),
        }
    }
}

/// An architecture by any of its names, or as a platform: `linux/arm64`, `linux/arm/v7`.
impl FromStr for Architecture {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let lower = text.to_ascii_lowercase();
        let name = lower.strip_prefix("linux/").unwrap_or(&lower);
        let found = match name.split_once('/') {
            Some((name, variant)) => Self::from_oci(name, Some(variant)).ok(),
            None => {
                let mut rows = TABLE.iter();
                let row = rows.find(|row| row.names.contains(&name));
                row.map(|row| row.architecture)
            }
        };
        found.ok_or_else(|| {
            let known: Vec<_> = TABLE.iter().map(|row| row.names[0]).collect();
            NameError::new("architecture", text, "is unknown")
                .with_hint(format!("known: {}", known.join(", ")))
        })
    }
}

impl fmt::Display for Architecture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.row().names[0])
    }
}

as_text!(Architecture);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_means_one_architecture() {
        let mut seen = std::collections::BTreeSet::new();
        for row in TABLE {
            for name in row.names {
                assert_eq!(name.parse(), Ok(row.architecture));
                assert!(seen.insert(*name), "{name} twice");
            }
            assert_eq!(row.architecture.to_string().parse(), Ok(row.architecture));
            let (architecture, variant) = row.architecture.oci();
            assert_eq!(
                Architecture::from_oci(architecture, variant),
                Ok(row.architecture)
            );
        }
        assert_eq!("AMD64".parse(), Ok(Architecture::X86_64));
        assert_eq!(
            Architecture::from_oci("arm64", Some("v8")),
            Ok(Architecture::Aarch64)
        );
        for (architecture, expected) in [
            (Architecture::X86_64, None),
            (Architecture::X86, Some("x86")),
            (Architecture::Aarch64, Some("arm64")),
            (Architecture::Armv7, Some("armv7")),
            (Architecture::S390x, Some("s390x")),
        ] {
            assert_eq!(architecture.in_name().as_deref(), expected);
        }
        for row in TABLE {
            if let Some(name) = row.architecture.in_name() {
                assert_eq!(name.parse(), Ok(row.architecture));
            }
        }
        assert_eq!(
            Architecture::of_organisation("i386"),
            Some(Architecture::X86)
        );
        assert_eq!(Architecture::of_organisation("acme"), None);
        assert_eq!(Architecture::of_organisation("arm"), None);
        assert_eq!(Architecture::Armv7.platform(), "linux/arm/v7");
        for (text, expected) in [
            ("linux/amd64", Architecture::X86_64),
            ("Linux/arm64", Architecture::Aarch64),
            ("linux/arm64/v8", Architecture::Aarch64),
            ("linux/arm/v7", Architecture::Armv7),
            ("arm/v6", Architecture::Armv6),
        ] {
            assert_eq!(text.parse(), Ok(expected), "{text}");
        }
        for text in ["windows/amd64", "linux/vax", "linux/", "linux"] {
            assert!(text.parse::<Architecture>().is_err(), "{text}");
        }
        assert!("vax".parse::<Architecture>().is_err());
        assert!("".parse::<Architecture>().is_err());
    }
}
