//! The flags for writing archives, for every command that writes one.

use archive::Compress;
use clap::Args;
use config::Config;
use failure::Failure;
use prune::{Asked, InForce};

/// How archives are written, whatever is in them.
#[derive(Debug, Clone, Args)]
pub struct ArchiveFlags {
    /// Compress layers: zstd, zstd:LEVEL, gzip, or none
    ///
    /// Default: images.compress of the config, or else each layer stays as it comes: compressed from a remote registry or a
    /// containerd image store, uncompressed from other engines. Compression changes the manifest's digest.
    #[arg(long, value_name = "HOW", hide_short_help = true)]
    compress: Option<Compress>,

    /// If there is too little room, remove the least recently used images, as imgprune does
    #[arg(long, hide_short_help = true)]
    make_room: bool,
}

/// How archives are written, and whether all layers are in them.
#[derive(Debug, Clone, Args)]
pub struct FormFlags {
    #[command(flatten)]
    archive: ArchiveFlags,

    /// Leave out the layers of the registered base
    ///
    /// Default: images.thin of the config, or else all layers are written.
    #[arg(long)]
    thin: bool,
}

/// How to write archives, from flags and config.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wanted {
    /// How to compress layers, if given.
    pub compress: Option<Compress>,
    /// Whether to leave out the layers of the base.
    pub thin: Thin,
}

/// Whether to write thin archives.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Thin {
    /// No.
    #[default]
    Never,
    /// If the base is registered.
    WherePossible,
    /// Yes; otherwise fail.
    Always,
}

impl ArchiveFlags {
    /// The limits for making room, if requested.
    pub fn room(&self, config: &Config) -> Result<Option<InForce>, Failure> {
        if !self.make_room {
            return Ok(None);
        }
        InForce::new(&Asked::default(), config).map(Some)
    }

    /// How to compress layers by flags and config, if given; a flag wins.
    pub fn compress(&self, config: &Config) -> Result<Option<Compress>, Failure> {
        let configured = config.compress.as_deref().map(str::parse).transpose();
        let configured = configured.map_err(|error: archive::NoCompression| {
            let path = config.path.as_ref().map_or("", |path| path.as_str());
            Failure::invalid(format!("`images.compress`: {error}")).about(path)
        })?;
        Ok(self.compress.or(configured))
    }
}

impl FormFlags {
    /// The limits for making room, if requested.
    pub fn room(&self, config: &Config) -> Result<Option<InForce>, Failure> {
        self.archive.room(config)
    }

    /// The result of flags and config; a flag wins.
    pub fn wanted(&self, config: &Config) -> Result<Wanted, Failure> {
        Ok(Wanted {
            compress: self.archive.compress(config)?,
            thin: match config.thin {
                _ if self.thin => Thin::Always,
                Some(true) => Thin::WherePossible,
                _ => Thin::Never,
            },
        })
    }
}
