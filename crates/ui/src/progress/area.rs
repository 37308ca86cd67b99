//! The lines of a terminal that are redrawn, below all others.
//!
//! indicatif pads each line with blanks up to the terminal's edge. Then the terminal's own `^C` begins another line. If
//! the terminal becomes wider, two lines are joined; if it becomes narrower, lines are broken. In each case some lines
//! stay. Here every line ends with a newline and leaves some columns free, and the number of terminal lines is
//! computed.

use std::fmt;
use std::io::{self, Write};
use std::mem;
use std::sync::{Mutex, MutexGuard, PoisonError};

use indicatif::TermLike;
use terminal_size::{Height, Width, terminal_size_of};

/// Free columns at the end of a line, for `^C`.
const FREE: u16 = 3;
/// The narrowest output, on any terminal.
const NARROWEST: u16 = 10;
/// The size if the terminal's is unknown.
const USUAL: Size = Size {
    columns: 80,
    lines: 24,
};

/// In characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Size {
    pub columns: u16,
    pub lines: u16,
}

/// The current size of the terminal on standard error.
pub(super) fn size() -> Size {
    let size = terminal_size_of(io::stderr());
    size.map_or(USUAL, |(Width(columns), Height(lines))| Size {
        columns,
        lines,
    })
}

/// A terminal's last lines. Each frame replaces the one before.
pub(super) struct Area<W> {
    size: fn() -> Size,
    state: Mutex<State<W>>,
}

struct State<W> {
    to: W,
    /// The frame to draw, without line ends: each line has the width that indicatif knows.
    frame: String,
    /// The lengths of the drawn lines.
    drawn: Vec<usize>,
}

impl<W: Write> Area<W> {
    pub fn new(to: W, size: fn() -> Size) -> Self {
        let state = State {
            to,
            frame: String::new(),
            drawn: Vec::new(),
        };
        Self {
            size,
            state: Mutex::new(state),
        }
    }

    fn state(&self) -> MutexGuard<'_, State<W>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<W: Write> State<W> {
    /// Replaces the last frame. The cursor stays at the end of its last line.
    fn draw(&mut self, size: Size) -> io::Result<()> {
        let lines = lines(&mem::take(&mut self.frame), width(size));
        let wipe = match height(&self.drawn, size.columns) {
            0 => String::new(),
            1 => "\r\u{1b}[J".to_owned(),
            height => format!("\u{1b}[{}A\r\u{1b}[J", height - 1),
        };
        self.drawn = lines.iter().map(|line| line.chars().count()).collect();
        // In one write, to avoid flicker.
        self.to
            .write_all(format!("{wipe}{}", lines.join("\r\n")).as_bytes())?;
        self.to.flush()
    }
}

/// The longest line.
fn width(size: Size) -> u16 {
    size.columns.saturating_sub(FREE).max(NARROWEST)
}

/// The lines of a frame, without the padding.
fn lines(frame: &str, width: u16) -> Vec<String> {
    let characters: Vec<char> = frame.chars().collect();
    let lines = characters.chunks(width.into());
    lines
        .map(|line| line.iter().collect::<String>().trim_end().to_owned())
        .collect()
}

/// How many terminal lines these take, if long ones are broken.
fn height(lines: &[usize], columns: u16) -> usize {
    let columns = usize::from(columns.max(1));
    let broken = lines.iter().map(|length| length.div_ceil(columns).max(1));
    broken.sum()
}

impl<W: Write + Send> TermLike for Area<W> {
    fn width(&self) -> u16 {
        width((self.size)())
    }

    fn height(&self) -> u16 {
        (self.size)().lines
    }

    fn move_cursor_up(&self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn move_cursor_down(&self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn move_cursor_right(&self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn move_cursor_left(&self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn write_line(&self, text: &str) -> io::Result<()> {
        let width = usize::from(self.width());
        self.write_str(&format!("{text:width$}"))
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        self.state().frame.push_str(text);
        Ok(())
    }

    fn clear_line(&self) -> io::Result<()> {
        Ok(())
    }

    fn flush(&self) -> io::Result<()> {
        self.state().draw((self.size)())
    }
}

impl<W> fmt::Debug for Area<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Area").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WIDE: Size = Size {
        columns: 13,
        lines: 24,
    };

    /// The output for several frames, each with its number of columns.
    fn written(frames: &[(&str, u16)]) -> Vec<String> {
        let mut state = State {
            to: Vec::new(),
            frame: String::new(),
            drawn: Vec::new(),
        };
        let mut written = Vec::new();
        for (frame, columns) in frames {
            (*frame).clone_into(&mut state.frame);
            let size = Size {
                columns: *columns,
                lines: 24,
            };
            state.draw(size).expect("memory takes all");
            written.push(String::from_utf8(mem::take(&mut state.to)).expect("text"));
        }
        written
    }

    #[test]
    fn a_line_ends_before_the_edge_and_with_a_newline() {
        let frames = [
            ("one       two       ", 13),
            ("three     ", 13),
            ("", 13),
            ("", 13),
        ];
        let expected = ["one\r\ntwo", "\u{1b}[1A\r\u{1b}[Jthree", "\r\u{1b}[J", ""];
        assert_eq!(written(&frames), expected);
    }

    #[test]
    fn lines_that_a_narrower_terminal_has_broken_are_wiped_away() {
        // `0123456789` takes three lines of four columns, and `x` one.
        let frames = [("0123456789x         ", 13), ("", 4)];
        assert_eq!(written(&frames)[1], "\u{1b}[3A\r\u{1b}[J");
    }

    #[test]
    fn what_indicatif_draws_comes_out_line_by_line() {
        let area = Area::new(Vec::new(), || WIDE);
        assert_eq!(area.width(), 10);
        for text in ["ab", "        ", "0123456789", ""] {
            area.write_str(text).expect("memory takes all");
        }
        area.write_line("c").expect("memory takes all");
        area.flush().expect("memory takes all");
        assert_eq!(area.state().to, b"ab\r\n0123456789\r\nc");
    }
}
