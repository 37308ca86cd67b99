//! Checks texts that become instructions.

use super::instructions::{self, Instruction};
use crate::error::Result;

/// Whether a shell text can follow `RUN` unchanged with any escape character: it must be exactly the operand of one
/// instruction.
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

/// Whether the last instruction of a build file would continue on a following line.
pub(crate) fn is_continued(text: &str) -> Result<bool> {
    let before = operands(text)?.len();
    let behind = operands(&format!("{text}\nARG X\n"))?.len();
    Ok(behind != before + 1)
}
