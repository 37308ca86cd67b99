//! The examples of a document in Markdown.

/// A step of a document's session.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// A command, and its shown output.
    Command {
        line: usize,
        command: String,
        shown: String,
        /// Whether only Docker fails here.
        docker_fails: bool,
    },
    /// A command that is not shown and must succeed.
    Hidden { line: usize, command: String },
    /// A shown file.
    File { name: String, text: String },
}

/// A block of code.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Block {
    /// The number of its first line, from 1.
    pub line: usize,
    /// The word after the fence; `console` for an indented block that begins with `$ `, empty for others.
    pub kind: String,
    pub text: String,
    /// Why it is not run.
    pub excused: Option<String>,
    /// Whether it shows a failure that only Docker has.
    pub docker_fails: bool,
}

const INDENT: &str = "    ";
const HIDDEN: &str = "<!-- run:";
const EXCUSE: &str = "<!-- not run:";
const DOCKER_FAILS: &str = "<!-- Docker alone fails:";
const END: &str = "-->";

enum Piece {
    Block(Block),
    Hidden { line: usize, command: String },
}

/// The blocks of code of a document.
pub(crate) fn blocks(text: &str) -> impl Iterator<Item = Block> {
    pieces(text).into_iter().filter_map(|piece| match piece {
        Piece::Block(block) => Some(block),
        Piece::Hidden { .. } => None,
    })
}

/// The steps of a document, in order.
pub(crate) fn steps(text: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    for piece in pieces(text) {
        match piece {
            Piece::Hidden { line, command } => steps.push(Step::Hidden { line, command }),
            Piece::Block(block) if block.excused.is_some() => {}
            Piece::Block(block) if block.kind == "console" => steps.extend(commands(&block)),
            Piece::Block(block) => steps.extend(file(&block)),
        }
    }
    steps
}

fn pieces(text: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut excused = None;
    let mut docker_fails = false;
    let mut lines = (1..).zip(text.lines()).peekable();
    while let Some((line, first)) = lines.next() {
        if let Some(reason) = first.strip_prefix(EXCUSE) {
            excused = Some(reason.trim_end_matches(END).trim().to_owned());
        } else if first.starts_with(DOCKER_FAILS) {
            docker_fails = true;
        } else if let Some(command) = first.strip_prefix(HIDDEN) {
            let mut command = command.to_owned();
            while !command.contains(END) {
                let (_, more) = lines.next().expect("a comment ends");
                command.push('\n');
                command.push_str(more);
            }
            let command = command.replace(END, "").trim().to_owned();
            pieces.push(Piece::Hidden { line, command });
        } else if let Some(kind) = first.trim_start().strip_prefix("```") {
            let indent = first.len() - first.trim_start().len();
            let mut text = String::new();
            for (_, inside) in lines.by_ref() {
                if inside.trim_start().starts_with("```") {
                    break;
                }
                text.push_str(inside.get(indent..).unwrap_or_default());
                text.push('\n');
            }
            pieces.push(Piece::Block(Block {
                line: line + 1,
                kind: kind.into(),
                text,
                excused: excused.take(),
                docker_fails: std::mem::take(&mut docker_fails),
            }));
        } else if let Some(inside) = first.strip_prefix(INDENT) {
            let mut text = format!("{inside}\n");
            while let Some((_, more)) =
                lines.next_if(|(_, next)| next.starts_with(INDENT) || next.is_empty())
            {
                text.push_str(more.strip_prefix(INDENT).unwrap_or_default());
                text.push('\n');
            }
            let is_session = text.starts_with("$ ");
            pieces.push(Piece::Block(Block {
                line,
                kind: if is_session { "console" } else { "" }.into(),
                text: format!("{}\n", text.trim_end()),
                excused: excused.take(),
                docker_fails: std::mem::take(&mut docker_fails),
            }));
        }
    }
    pieces
}

fn commands(block: &Block) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for (number, text) in (block.line..).zip(block.text.lines()) {
        if let Some(first) = text.strip_prefix("$ ") {
            steps.push(Step::Command {
                line: number,
                command: first.into(),
                shown: String::new(),
                docker_fails: block.docker_fails,
            });
            continue;
        }
        let Some(Step::Command { command, shown, .. }) = steps.last_mut() else {
            panic!("line {number}: a session begins with a command");
        };
        match text.strip_prefix("> ") {
            Some(more) if shown.is_empty() => {
                command.push('\n');
                command.push_str(more);
            }
            _ => {
                shown.push_str(text);
                shown.push('\n');
            }
        }
    }
    steps
}

/// Whether a block is run, or becomes a file of the session.
pub(crate) fn is_used(block: &Block) -> bool {
    block.kind == "console" || file(block).is_some()
}

/// The file of a block, if its first line is a comment with only the file's name.
fn file(block: &Block) -> Option<Step> {
    let name = block.text.lines().next()?.strip_prefix("# ")?;
    let is_name = name.contains('.') && !name.contains(' ');
    is_name.then(|| Step::File {
        name: name.into(),
        text: block.text.clone(),
    })
}

#[test]
fn a_document_is_read_as_its_reader_does() {
    let text = "\
Words with `$ code`.

<!-- run: make ready
and more -->

    $ one
    its output

    more of it
    $ two \\
    > three

```yaml
# a.yml
b: c
```

<!-- not run: for a reason -->
```console
$ four
```

<!-- Docker alone fails: for a reason -->
```console
$ five
no
```

    not a session
";
    let command = |line, command: &str, shown: &str| Step::Command {
        line,
        command: command.into(),
        shown: shown.into(),
        docker_fails: false,
    };
    assert_eq!(
        steps(text),
        [
            Step::Hidden {
                line: 3,
                command: "make ready\nand more".into()
            },
            command(6, "one", "its output\n\nmore of it\n"),
            command(10, "two \\\nthree", ""),
            Step::File {
                name: "a.yml".into(),
                text: "# a.yml\nb: c\n".into()
            },
            Step::Command {
                line: 25,
                command: "five".into(),
                shown: "no\n".into(),
                docker_fails: true,
            },
        ]
    );
}
