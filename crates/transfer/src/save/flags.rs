//! The flags that say how an archive is written, for every command that writes one.

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

/// How archives are to be written, from flags and config.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wanted {
    /// How layers are compressed, where anybody said so.
    pub compress: Option<Compress>,
    /// Whether the layers of the base are left out.
    pub thin: Thin,
}

/// Whether archives are to be thin.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Thin {
    /// No.
    #[default]
    Never,
    /// Where there is a registered base.
    WherePossible,
    /// Yes, or it is a failure.
    Always,
}

impl ArchiveFlags {
    /// By which limits to make room, if that was asked for.
    pub fn room(&self, config: &Config) -> Result<Option<InForce>, Failure> {
        if !self.make_room {
            return Ok(None);
        }
        InForce::new(&Asked::default(), config).map(Some)
    }

    /// How layers are compressed by flags and config, where anybody said so; a flag wins.
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
    /// By which limits to make room, if that was asked for.
    pub fn room(&self, config: &Config) -> Result<Option<InForce>, Failure> {
        self.archive.room(config)
    }

    /// What flags and config say together; a flag wins.
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
