//! Where requirements come from: files, standard input, or flags.

use std::io::Read;

use camino::Utf8Path;
use cli::{Code, Failure};
use naming::{Architecture, Compiler, Os, PackageName, ToolName, Variant};
use plan::{Requirement, parse_requirements};

/// The largest text of requirements, in bytes.
const MAX_TEXT: u64 = 16 << 20;

/// The requirements of a file.
pub(crate) fn from_file(path: &Utf8Path) -> Result<Vec<Requirement>, Failure> {
    let file = std::fs::File::open(path).map_err(|error| {
        Failure::new(Code::Invalid, format!("can't be read: {error}")).about(path.as_str())
    })?;
    parse(file, path.as_str())
}

/// The requirements on standard input.
pub(crate) fn from_stdin() -> Result<Vec<Requirement>, Failure> {
    parse(std::io::stdin().lock(), "standard input")
}

fn parse(reader: impl Read, subject: &str) -> Result<Vec<Requirement>, Failure> {
    let mut text = String::new();
    let read = reader.take(MAX_TEXT + 1).read_to_string(&mut text);
    let read =
        read.map_err(|error| Failure::invalid(format!("can't be read: {error}")).about(subject))?;
    if read as u64 > MAX_TEXT {
        return Err(Failure::invalid("is larger than any list of requirements").about(subject));
    }
    if text.trim().is_empty() && subject == "standard input" {
        return Err(cli::nothing_on_stdin());
    }
    parse_requirements(&text).map_err(|error| Failure::from(error).about(subject))
}

/// A requirement given by flags.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "A requirement without a file")]
pub struct Given {
    /// The project part of the name
    #[arg(long, requires = "os")]
    project: Option<String>,

    /// The operating system, like ubuntu:25.04
    #[arg(long, requires = "project")]
    os: Option<Os>,

    /// The architecture [default: the host's]
    #[arg(long, requires = "project", value_name = "ARCH")]
    architecture: Option<Architecture>,

    /// A compiler that must be there, like gcc-15; may be repeated
    #[arg(long = "compiler", requires = "project", value_name = "COMPILER")]
    compilers: Vec<Compiler>,

    /// A package that should be there; may be repeated
    #[arg(long = "package", requires = "project", value_name = "PACKAGE")]
    packages: Vec<PackageName>,

    /// A tool that should be there; may be repeated
    #[arg(long = "tool", requires = "project", value_name = "TOOL")]
    tools: Vec<ToolName>,

    /// A variant of the image, like asan; may be repeated
    #[arg(long = "variant", requires = "project", value_name = "VARIANT")]
    variants: Vec<Variant>,
}

impl Given {
    /// The requirement, if the flags give one. Its names are checked as a file's are.
    pub(crate) fn requirement(self) -> Option<Requirement> {
        Some(Requirement {
            project: self.project?,
            os: self.os?,
            architecture: self.architecture.unwrap_or_else(Architecture::host),
            compilers: self.compilers,
            packages: self.packages,
            tools: self.tools,
            variants: self.variants,
        })
    }
}
