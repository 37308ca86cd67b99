//! The frame of all commands: flags, records in and out, exit codes, messages.
//!
//! It knows neither the store nor the engine: it reaches them through [`Hooks`].

pub mod bytes;
mod command;
mod common;
pub mod complete;
pub mod count;
mod folders;
mod hooks;
mod in_order;
mod input;
mod log;
mod operand;
mod output;
mod panics;
pub mod parts;
mod progress;
mod remote_flags;
mod reporter;
mod run;
mod signals;
mod size;
mod variable;
mod words;

pub use command::{VERSION, command};
pub use common::Common;
pub use folders::{absolute, is_locked_out, spool_folder, working_dir};
pub use hooks::{Hooks, Names};
pub use in_order::{in_order, processors};
pub use input::{Records, nothing_on_stdin, reads_stdin};
pub use naming::duration;
pub use operand::Operand;
pub use output::RecordWriter;
pub use progress::{Progress, ProgressMode, Waiting};
pub use remote_flags::RemoteFlags;
pub use reporter::{Reporter, Task};
pub use run::{Context, Flags, run};
pub use signals::{Reprieve, interrupted, reprieve};
pub use size::{short_size, size};
pub use variable::is_set;
