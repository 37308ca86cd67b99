//! What the tests counted.

use serde::Deserialize;

use crate::Error;

/// A line of the tally.
#[derive(Debug, Deserialize)]
struct Count {
    what: String,
    attempts: u64,
    failed: bool,
    seed: u64,
}

/// What was tried and what was lost, in lines, the last of which says all in short.
pub(crate) fn summary(tally: &str, not_tried: &[String]) -> Result<String, Error> {
    let mut text = String::new();
    let (mut attempts, mut lost) = (0, 0);
    for line in tally.lines() {
        let count: Count = serde_json::from_str(line)
            .map_err(|error| Error::Wrong(format!("the tally: {error}: {line}")))?;
        attempts += count.attempts;
        lost += u64::from(count.failed);
        let Count { what, attempts, .. } = &count;
        text += &match count.failed {
            false => format!("tried: {attempts} {what}\n"),
            true => format!(
                "LOST: after {attempts} {what}; again: --seed {}\n",
                count.seed
            ),
        };
    }
    for what in not_tried {
        text += &format!("NOT TRIED: {what}\n");
    }
    let lost = match lost {
        0 => "nothing was lost".to_owned(),
        lost => format!("{lost} of the tests lost something"),
    };
    let left_out = match not_tried.len() {
        0 => String::new(),
        left_out => format!("; {left_out} not tried"),
    };
    text += &format!("soak: {attempts} attempts: {lost}{left_out}\n");
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_counted_is_told() {
        let fine = r#"{"what":"kills of imgsave","attempts":7,"failed":false,"seed":1}"#;
        let failed = r#"{"what":"kills of imgload","attempts":3,"failed":true,"seed":42}"#;
        for (tally, not_tried, expected) in [
            (
                fine.to_owned(),
                vec![],
                "tried: 7 kills of imgsave\nsoak: 7 attempts: nothing was lost\n",
            ),
            (
                format!("{fine}\n{failed}\n"),
                vec!["an image: no room".to_owned()],
                "tried: 7 kills of imgsave\nLOST: after 3 kills of imgload; again: --seed 42\nNOT TRIED: an image: no room\n\
                 soak: 10 attempts: 1 of the tests lost something; 1 not tried\n",
            ),
            (
                String::new(),
                vec![],
                "soak: 0 attempts: nothing was lost\n",
            ),
        ] {
            assert_eq!(summary(&tally, &not_tried).unwrap(), expected);
        }
        summary("{", &[]).unwrap_err();
    }
}
