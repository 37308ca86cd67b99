//! The other documentation of the commands besides `--help`, generated from the same definitions.
//!
//! - [`installed`]: man pages and completion scripts, generated when the commands are installed or packed, so they are
//!   never outdated.
//! - [`documents`]: the tables of flags in `README.md` and the whole of `docs/flags.md`. They are kept with the
//!   sources, because people read them there. `cargo xtask generate` writes them, and `cargo xtask ci` fails if they
//!   are outdated.
//!
//! ```
//! let pages = manual::installed()?;
//! assert!(pages.iter().any(|page| page.path == "share/man/man1/imgload.1"));
//! # Ok::<(), std::io::Error>(())
//! ```

mod block;
mod documents;
mod flags;
mod page;

use camino::Utf8PathBuf;
use clap::Command;

pub use documents::documents;

/// A generated file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// Relative to a prefix like `/usr/local`, or to the sources.
    pub path: Utf8PathBuf,
    /// Its contents.
    pub text: Vec<u8>,
}

/// Every command, in the order of a pipeline.
#[must_use]
pub fn commands() -> Vec<Command> {
    vec![
        setup::command::<imgplan::cli::Cli>(),
        setup::command::<imgbuild::cli::Cli>(),
        setup::command::<imgload::cli::Cli>(),
        setup::command::<imgsave::cli::Cli>(),
        setup::command::<imgfetch::cli::Cli>(),
        setup::command::<imgpush::cli::Cli>(),
        setup::command::<imgls::cli::Cli>(),
        setup::command::<imgcat::cli::Cli>(),
        setup::command::<imgprune::cli::Cli>(),
    ]
}

/// Man pages and completion scripts, in the usual folders.
///
/// # Errors
/// If a page cannot be generated, which is a bug of this crate.
pub fn installed() -> std::io::Result<Vec<Made>> {
    let mut made = Vec::new();
    for command in commands() {
        let name = command.get_name().to_owned();
        for shell in ui::complete::SHELLS {
            let path = match shell {
                "bash" => format!("share/bash-completion/completions/{name}"),
                "zsh" => format!("share/zsh/site-functions/_{name}"),
                _ => format!("share/{shell}/vendor_completions.d/{name}.{shell}"),
            };
            made.push(Made {
                path: path.into(),
                text: ui::complete::script(&name, shell)?,
            });
        }
        made.push(Made {
            path: format!("share/man/man1/{name}.1").into(),
            text: page::page(command)?,
        });
    }
    Ok(made)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_takes_commas_can_be_repeated() {
        for command in commands() {
            for arg in command.get_arguments() {
                let help = arg.get_long_help().or_else(|| arg.get_help());
                let help = help.map(ToString::to_string).unwrap_or_default();
                let repeats = matches!(arg.get_action(), clap::ArgAction::Append);
                let mut words = help.split(|c: char| !c.is_alphabetic());
                let takes_commas = words.any(|word| matches!(word, "comma" | "commas"));
                let name = command.get_name();
                assert!(repeats || !takes_commas, "{name} --{}", arg.get_id());
            }
        }
    }

    #[test]
    fn every_command_has_a_page_and_three_scripts() {
        let made = installed().unwrap();
        assert_eq!(made.len(), 4 * commands().len());
        for file in &made {
            let text = String::from_utf8(file.text.clone()).unwrap();
            let name = file.path.file_stem().unwrap().trim_start_matches('_');
            assert!(text.contains(name), "{}", file.path);
        }
    }
}
