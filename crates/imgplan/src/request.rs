//! The requirements to plan.

use failure::Failure;
use plan::Requirement;

/// A requirement, with its source.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct PlanRequest {
    pub requirement: Requirement,
    /// Its source in messages: `job.yml: requirement 2`.
    pub place: String,
    /// Its workflow entry.
    pub job: Option<Job>,
}

/// An entry of a workflow.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Job {
    /// The entry's name.
    pub name: String,
    /// The label of its runner; `None` if it has a container, or no readable label.
    pub runner: Option<String>,
}

/// The requirements or their errors, in the order of the text.
pub(crate) type PlanRequests = Vec<Result<PlanRequest, Failure>>;
