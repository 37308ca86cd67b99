//! A command's man page.

use std::io;

use clap::Command;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};
use ui::parts::{Part, parts};

/// The page, in roff.
pub(crate) fn page(command: Command) -> io::Result<Vec<u8>> {
    // Flags that the short help hides would have no text in the page.
    let mut command = command.mut_args(|arg| arg.hide_short_help(false));
    command.build();
    let after = command.get_after_long_help();
    let after = after.map(ToString::to_string).unwrap_or_default();
    let usage = command.render_usage().to_string();
    let man = Man::new(command.clone())
        .manual("imgpipe")
        .source(format!("imgpipe {}", ui::VERSION));
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    let mut synopsis = Roff::new();
    let usage = usage.trim_start_matches("Usage: ");
    let (name, rest) = usage.split_once(' ').unwrap_or((usage, ""));
    synopsis.control("SH", ["SYNOPSIS"]);
    synopsis.text([bold(name), roman(format!(" {rest}"))]);
    synopsis.to_writer(&mut page)?;
    man.render_description_section(&mut page)?;
    let parts = parts(&after);
    // Text before the first heading belongs to the description.
    let described = parts
        .iter()
        .position(|part| matches!(part, Part::Heading(_)))
        .unwrap_or(parts.len());
    render(&parts[..described]).to_writer(&mut page)?;
    man.render_options_section(&mut page)?;
    render(&parts[described..]).to_writer(&mut page)?;
    others(command.get_name()).to_writer(&mut page)?;
    Ok(page)
}

fn render(parts: &[Part]) -> Roff {
    let mut roff = Roff::new();
    for part in parts {
        match part {
            Part::Heading(heading) => {
                roff.control("SH", [heading.to_uppercase().as_str()]);
            }
            Part::Prose { words, .. } => {
                roff.control("PP", []);
                roff.text([roman(words)]);
            }
            Part::Verbatim(lines) => verbatim(&mut roff, lines),
            Part::Example(tags, words) => {
                roff.control("PP", []);
                verbatim(&mut roff, tags);
                roff.control("RS", ["4"]);
                roff.text([roman(words)]);
                roff.control("RE", []);
            }
        }
    }
    roff
}

/// Lines without filling and hyphenation.
fn verbatim(roff: &mut Roff, lines: &[&str]) {
    roff.control("nf", []);
    for line in lines {
        roff.text([bold(*line)]);
    }
    roff.control("fi", []);
}

fn others(name: &str) -> Roff {
    let mut roff = Roff::new();
    roff.control("SH", ["SEE ALSO"]);
    let commands = crate::commands();
    let others = commands.iter().map(Command::get_name);
    let others: Vec<&str> = others.filter(|other| *other != name).collect();
    for (index, other) in others.iter().enumerate() {
        let comma = if index + 1 < others.len() { "," } else { "" };
        roff.text([bold(*other), roman(format!("(1){comma}"))]);
    }
    roff
}
