//! A command line with its surroundings.

use camino::Utf8PathBuf;
use duct::Expression;

use super::Runner;

/// A command line with its surroundings.
#[derive(Debug, Clone)]
pub struct Command {
    words: Vec<String>,
    folder: Option<Utf8PathBuf>,
    environment: Vec<(String, String)>,
    input: Option<Vec<u8>>,
}

/// A command from its words.
pub fn command<W: Into<String>>(words: impl IntoIterator<Item = W>) -> Command {
    Command {
        words: words.into_iter().map(Into::into).collect(),
        folder: None,
        environment: Vec::new(),
        input: None,
    }
}

impl Command {
    /// Puts words before those that there are: of a program that runs what follows.
    #[must_use]
    pub fn preceded_by<W: Into<String>>(mut self, words: impl IntoIterator<Item = W>) -> Self {
        self.words.splice(0..0, words.into_iter().map(Into::into));
        self
    }

    /// Runs in this folder.
    #[must_use]
    pub fn folder(mut self, folder: impl Into<Utf8PathBuf>) -> Self {
        self.folder = Some(folder.into());
        self
    }

    /// Runs with this variable.
    #[must_use]
    pub fn variable(mut self, name: &str, value: impl Into<String>) -> Self {
        self.environment.push((name.into(), value.into()));
        self
    }

    /// Runs with these variables.
    #[must_use]
    pub fn variables(self, variables: &[(&'static str, String)]) -> Self {
        variables.iter().fold(self, |command, (name, value)| {
            command.variable(name, value.as_str())
        })
    }

    /// Reads these bytes on its standard input, which is empty otherwise.
    #[must_use]
    pub fn input(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.input = Some(bytes.into());
        self
    }

    pub(super) fn program(&self) -> &str {
        self.words.first().map_or("", String::as_str)
    }

    /// The command as `duct` runs it, in a runner's surroundings.
    pub(super) fn expression(&self, runner: &Runner) -> Expression {
        let mut expression = duct::cmd(self.program(), self.words.iter().skip(1));
        expression = match &self.input {
            Some(bytes) => expression.stdin_bytes(bytes.clone()),
            None => expression.stdin_null(),
        };
        if let Some(folder) = &self.folder {
            expression = expression.dir(folder);
        }
        for (name, value) in &self.environment {
            expression = expression.env(name, value);
        }
        for (name, value) in runner.environment() {
            expression = match value {
                Some(value) => expression.env(name, value),
                None => expression.env_remove(name),
            };
        }
        expression
    }
}

impl std::fmt::Display for Command {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let plain = |word: &str| {
            !word.is_empty()
                && !word.contains(|c: char| c.is_whitespace() || "'\"$|&;<>(){}*?#\\`".contains(c))
        };
        for (index, word) in self.words.iter().enumerate() {
            let space = if index == 0 { "" } else { " " };
            if plain(word) {
                write!(f, "{space}{word}")?;
            } else {
                write!(f, "{space}'{}'", word.replace('\'', r"'\''"))?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_a_command_as_a_shell_takes_it() {
        let command = command(["sh", "-c", "echo 'a b' | cat", ""]);
        assert_eq!(command.to_string(), r"sh -c 'echo '\''a b'\'' | cat' ''");
    }
}
