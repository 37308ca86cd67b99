//! The peak memory of a child, as the kernel counts it: `VmHWM` of `/proc/PID/status`.
//!
//! It is read again and again while the child runs, because it goes with the child. It never falls, so what is lost
//! is at most what the child took in its last few milliseconds. The figure that `wait4` returns would not do: a child
//! begins its life in its parent's memory, and is charged for it.

use std::time::Duration;

use super::result::{Measured, Outcome};
use super::scene::Scene;
use super::turns::failed;
use crate::Error;
use crate::process::{Command, Runner, tail};

const STEP: Duration = Duration::from_millis(10);

/// Runs a command once and returns its peak, in bytes.
///
/// # Errors
/// [`Error::Interrupted`] alone.
pub(crate) fn peak(scene: &Scene<'_>, what: String, command: &Command) -> Result<Measured, Error> {
    let log = scene.file("output");
    drop(std::fs::remove_file(&log));
    let outcome: Outcome = match watch(scene.runner, command, &log) {
        #[expect(clippy::cast_precision_loss, reason = "no process has 2^53 bytes")]
        Ok(bytes) => Ok(vec![bytes as f64]),
        Err(error) => failed(error)?,
    };
    match &outcome {
        Ok(values) => eprintln!("  {what}: {values:?} bytes"),
        Err(why) => eprintln!("  {what}: failed: {why}"),
    }
    Ok(Measured { what, outcome })
}

fn watch(runner: &Runner, command: &Command, log: &camino::Utf8Path) -> Result<u64, Error> {
    runner.check()?;
    let handle = runner.start(command, log)?;
    let mut peak = 0;
    let status = loop {
        for pid in handle.pids() {
            // It ends between two looks, and then it is not there any more.
            let status = std::fs::read_to_string(format!("/proc/{pid}/status"));
            peak = peak.max(status.ok().as_deref().and_then(high_water).unwrap_or(0));
        }
        match handle.try_wait() {
            Ok(Some(output)) => break output.status,
            Ok(None) => {}
            Err(source) => return Err(Error::io(log)(source)),
        }
        // To its end after a signal too, as all commands of the bench.
        std::thread::sleep(STEP);
    };
    runner.check()?;
    if status.success() {
        return Ok(peak);
    }
    let said = std::fs::read_to_string(log).map_err(Error::io(log))?;
    Err(Error::Failed {
        command: command.to_string(),
        code: status
            .code()
            .and_then(|code| u8::try_from(code).ok())
            .unwrap_or(1),
        tail: tail(&said),
    })
}

/// `VmHWM` in bytes. The kernel's kB are 1024 bytes.
fn high_water(status: &str) -> Option<u64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::command;

    #[test]
    fn reads_the_kernel_s_figure() {
        let status = "Name:\tsh\nVmPeak:\t  9 kB\nVmHWM:\t    2048 kB\n";
        assert_eq!(high_water(status), Some(2 << 20));
        assert_eq!(high_water("Name:\tsh\nState:\tZ (zombie)\n"), None);
    }

    #[test]
    fn watches_a_child_to_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let log = camino::Utf8Path::from_path(folder.path())
            .unwrap()
            .join("log");
        let runner = Runner::default();
        let watched = watch(&runner, &command(["sleep", "0.1"]), &log).unwrap();
        assert!((1 << 16..1 << 30).contains(&watched), "{watched}");
        let failed = watch(&runner, &command(["sh", "-c", "echo why; exit 4"]), &log);
        assert!(
            matches!(&failed, Err(Error::Failed { code: 4, tail: Some(tail), .. }) if tail == "why"),
            "{failed:?}"
        );
    }
}
