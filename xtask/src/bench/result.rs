//! What was measured, and how it is judged.

use super::options::Case;
use super::stats::median;

/// The values of the rounds, or why there are none.
pub(crate) type Outcome = Result<Vec<f64>, String>;

/// What the values are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    Seconds,
    Bytes,
}

/// One side of a comparison.
#[derive(Debug, Clone)]
pub(crate) struct Measured {
    /// What ran, in a few words.
    pub(crate) what: String,
    pub(crate) outcome: Outcome,
}

impl Measured {
    pub(crate) fn median(&self) -> Option<f64> {
        self.outcome.as_ref().ok().and_then(|values| median(values))
    }
}

/// What a case has to reach.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Target {
    /// Theirs takes at least this many times ours.
    Faster(f64),
    /// Ours is at most this many times theirs.
    AtMost(f64),
    /// Ours is at most this, whatever theirs is.
    Limit(f64),
    /// Nothing: for comparison alone.
    Information,
}

/// How a row ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Met,
    Missed,
    /// A command failed, so there is nothing to judge.
    Failed,
    Information,
}

/// One line of the table.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) case: Case,
    pub(crate) unit: Unit,
    pub(crate) ours: Measured,
    pub(crate) theirs: Option<Measured>,
    pub(crate) target: Target,
}

impl Row {
    /// How many times theirs ours is; for a target that asks for speed, the other way round.
    pub(crate) fn ratio(&self) -> Option<f64> {
        let (ours, theirs) = (self.ours.median()?, self.theirs.as_ref()?.median()?);
        let (above, below) = match self.target {
            Target::Faster(_) => (theirs, ours),
            _ => (ours, theirs),
        };
        (below > 0.0).then(|| above / below)
    }

    /// The first failure of either side.
    pub(crate) fn failure(&self) -> Option<&str> {
        [Some(&self.ours), self.theirs.as_ref()]
            .into_iter()
            .flatten()
            .find_map(|side| side.outcome.as_ref().err())
            .map(String::as_str)
    }

    pub(crate) fn verdict(&self) -> Verdict {
        let reached = match self.target {
            _ if self.failure().is_some() => return Verdict::Failed,
            Target::Information => return Verdict::Information,
            Target::Faster(least) => self.ratio().map(|ratio| ratio >= least),
            Target::AtMost(most) => self.ratio().map(|ratio| ratio <= most),
            Target::Limit(most) => self.ours.median().map(|value| value <= most),
        };
        match reached {
            Some(true) => Verdict::Met,
            Some(false) => Verdict::Missed,
            None => Verdict::Failed,
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn row(ours: Outcome, theirs: Option<Outcome>, target: Target) -> Row {
        let side = |what: &str, outcome| Measured {
            what: what.into(),
            outcome,
        };
        Row {
            case: Case::NewLayer,
            unit: Unit::Seconds,
            ours: side("imgload", ours),
            theirs: theirs.map(|outcome| side("docker load -i", outcome)),
            target,
        }
    }

    #[test]
    fn judges_by_medians() {
        let failed = || Err("no such flag".to_owned());
        let one = || Ok(vec![9.0, 1.0, 1.0]);
        let five = || Ok(vec![5.0, 5.0, 0.1]);
        for (ours, theirs, target, ratio, verdict) in [
            (
                one(),
                Some(five()),
                Target::Faster(5.0),
                Some(5.0),
                Verdict::Met,
            ),
            (
                one(),
                Some(five()),
                Target::Faster(5.1),
                Some(5.0),
                Verdict::Missed,
            ),
            (
                one(),
                Some(five()),
                Target::AtMost(0.2),
                Some(0.2),
                Verdict::Met,
            ),
            (
                five(),
                Some(one()),
                Target::AtMost(4.9),
                Some(5.0),
                Verdict::Missed,
            ),
            (five(), None, Target::Limit(5.0), None, Verdict::Met),
            (five(), None, Target::Limit(4.9), None, Verdict::Missed),
            (
                one(),
                Some(one()),
                Target::Information,
                Some(1.0),
                Verdict::Information,
            ),
            (
                failed(),
                Some(one()),
                Target::Faster(1.0),
                None,
                Verdict::Failed,
            ),
            (
                one(),
                Some(failed()),
                Target::Information,
                None,
                Verdict::Failed,
            ),
            (one(), None, Target::AtMost(1.0), None, Verdict::Failed),
        ] {
            let row = row(ours, theirs, target);
            assert_eq!((row.ratio(), row.verdict()), (ratio, verdict), "{row:?}");
        }
    }
}
