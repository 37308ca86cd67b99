//! What plans are made for.

use failure::Failure;
use plan::Requirement;

/// A requirement, and whose it is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct PlanRequest {
    pub requirement: Requirement,
    /// Where it was read, for people: `job.yml: requirement 2`.
    pub place: String,
    /// The entry of a workflow that it is for.
    pub job: Option<Job>,
}

/// An entry of a workflow.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Job {
    /// What the entry is called.
    pub name: String,
    /// The label of its runner; `None` where it has a container, or no label that can be read.
    pub runner: Option<String>,
}

/// What is wanted, in the order of the text, each with what is wrong with it.
pub(crate) type PlanRequests = Vec<Result<PlanRequest, Failure>>;
