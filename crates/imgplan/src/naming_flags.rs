//! `--exact`, `--distinct` and `--accept-missing`: the purpose of an image, and its allowed gaps.

use config::Config;
use failure::Failure;
use plan::AcceptMissing;

use crate::view::at;

/// The purpose of an image, and its allowed gaps.
#[derive(Debug, Clone, clap::Args)]
pub struct NamingFlags {
    /// Plan for each requirement alone
    ///
    /// Requirements with one image name are not merged, and packages of earlier requirements are not added. If an
    /// image holds more than its requirement, it is built again.
    #[arg(long, hide_short_help = true)]
    exact: bool,

    /// Give different requirements different image names
    ///
    /// If a requirement has packages, tools or a build of its own, they become part of the name, or a short digest
    /// of them. Use it for matrices that test what happens without a package. Default: `plan.names` of the config,
    /// or else shared names.
    #[arg(long, hide_short_help = true)]
    distinct: bool,

    /// Do not build for missing packages, tools or both
    ///
    /// `packages`, `tools`, or both, with a comma or repeated: use it for jobs that install them. imgplan names
    /// each missing one on standard error. Compilers, variants and the system must match. Default:
    /// `plan.accept_missing` of the config.
    #[arg(long, value_name = "LIST", hide_short_help = true)]
    accept_missing: Vec<String>,
}

/// How images are shared between requirements.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NamingRules {
    /// Whether each image is for one requirement alone. True if names are distinct.
    pub exact: bool,
    /// Whether different requirements have different names.
    pub distinct: bool,
}

impl NamingFlags {
    /// The values of the flags, or else of the config.
    pub(crate) fn naming(&self, config: &Config) -> NamingRules {
        let distinct = self.distinct || (!self.exact && config.plan.distinct == Some(true));
        NamingRules {
            exact: self.exact || distinct,
            distinct,
        }
    }

    /// The parts that images may lack, by the flag, or else the config.
    pub(crate) fn accept_missing(&self, config: &Config) -> Result<AcceptMissing, Failure> {
        if !self.accept_missing.is_empty() {
            let read = self.accept_missing.join(",").parse::<AcceptMissing>();
            return read.map_err(|why| Failure::usage(format!("`--accept-missing`: {why}")));
        }
        let mut all = AcceptMissing::default();
        for said in &config.plan.accept_missing {
            let read = said.value.parse::<AcceptMissing>();
            let one = read.map_err(|why| at(config, said, &why))?;
            all.packages |= one.packages;
            all.tools |= one.tools;
        }
        Ok(all)
    }
}
