//! What may be written behind an instruction, and as one.

use super::instructions::{self, Instruction};
use crate::error::Result;

/// Whether a text of a shell can stand behind `RUN` as it is, whatever the escape character: read as one instruction whose
/// operand it is, and as nothing else.
pub(crate) fn is_plain_run(text: &str) -> bool {
    let harmless = text.trim() == text
        && !text.starts_with(['[', '#'])
        && !text.starts_with("--")
        && !text.contains("<<")
        && !text.ends_with(['\\', '`'])
        && !text.chars().any(|c| c.is_control() && c != '\t');
    harmless
        && operands(&format!("RUN {text}"))
            .is_ok_and(|read| matches!(&read[..], [(name, rest)] if name == "RUN" && rest == text))
}

/// The instructions of a build file by their names, each with its operands.
pub(crate) fn operands(text: &str) -> Result<Vec<(String, String)>> {
    let list = instructions::parse(text)?.list.into_iter();
    Ok(list
        .map(|Instruction { name, rest, .. }| (name, rest))
        .collect())
}

/// Whether the last instruction of a build file would go on in a line that follows.
pub(crate) fn is_continued(text: &str) -> Result<bool> {
    let before = operands(text)?.len();
    let behind = operands(&format!("{text}\nARG X\n"))?.len();
    Ok(behind != before + 1)
}
