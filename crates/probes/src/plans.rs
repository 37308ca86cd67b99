//! Plans and requirements: they are written and read again, in pieces of any size.

use std::io::{self, BufRead, BufReader, Read};

use plan::{Plan, Plans, parse_requirements};

use crate::words::fair;

/// The target `plans`: a stream of plans, and the same bytes as requirements.
///
/// # Panics
/// If a plan changes when it is written and read, if pieces give another result than the whole, or if an error is not
/// one line.
pub fn plans(bytes: &[u8]) {
    let whole = read(bytes);
    let pieces = read(BufReader::with_capacity(3, Pieces(bytes)));
    assert_eq!(whole.len(), pieces.len());
    for (one, other) in whole.iter().zip(&pieces) {
        assert_eq!(one, other);
    }
    for plan in whole.into_iter().flatten() {
        let written = serde_json::to_string(&plan).expect("a plan is written");
        assert!(!written.contains('\n'));
        assert_eq!(read(written.as_bytes()), [Ok(plan)], "{written}");
    }
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    for requirement in parse_requirements(text) {
        match requirement {
            Err(error) => fair(&error.to_string()),
            Ok(requirement) => {
                if let Err(error) = requirement.image_name() {
                    fair(&error.to_string());
                }
                let written = serde_json::to_string(&requirement).expect("it is written");
                let again = parse_requirements(&written);
                match &again[..] {
                    [Ok(again)] => assert_eq!(again, &requirement, "{written}"),
                    other => panic!("{written}: {other:?}"),
                }
            }
        }
    }
}

fn read(input: impl BufRead) -> Vec<Result<Plan, String>> {
    let plans = Plans::new(input).map(|plan| {
        plan.map_err(|error| {
            let error = error.to_string();
            fair(&error);
            error
        })
    });
    plans.collect()
}

/// One byte at a time, like a slow pipe.
struct Pieces<'a>(&'a [u8]);

impl Read for Pieces<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = buffer.len().min(1);
        self.0.read(&mut buffer[..most])
    }
}
