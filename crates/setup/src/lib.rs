//! What a command opens before it works: the config, the store, and leases of images.

mod complete;
mod lease;
mod run;
mod store;

pub use lease::{LeaseFlags, Leases, run as run_holder, this_run};
pub use run::{command, run};
pub use store::{config, store};
