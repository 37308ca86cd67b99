//! One case: its lines are run and measured, as the head of `cases.txt` says.

use std::time::{Duration, Instant};

use camino::Utf8Path;

use super::Bench;
use super::table::{Measured, Target, bytes, median, seconds};
use crate::Error;
use crate::cmd::{Cmd, check, sh};

impl Bench<'_> {
    /// Runs and measures the lines of a case.
    pub(super) fn case(&mut self, name: &str, text: &str) -> Result<(), Error> {
        eprintln!("\n==> {name}");
        let text = text.replace("\\\n", " ");
        let is_blank = |line: &str| line.is_empty() || line.starts_with('#');
        let lines = text.lines().filter(|line| !is_blank(line));
        let (mut before, mut sides, mut in_bytes) = (Vec::new(), Vec::new(), false);
        let mut small = None;
        for line in lines {
            let (directive, line) = line.split_once(' ').unwrap_or((line, ""));
            let (number, rest) = line.split_once(' ').unwrap_or_default();
            let number = number.parse::<f64>().unwrap_or_default();
            match directive {
                "make" => self.make(line)?,
                "run" => self.cmd(line).run_quietly()?,
                "each" => before.push(line.to_owned()),
                "absent" => before.push(format!(
                    "for i in {line}; do ! $E image inspect $i > /dev/null 2>&1 || $E rmi --force $i || exit; done"
                )),
                "ours" => sides.push((line, None)),
                "at-most" => sides.push((rest, Some(Target::AtMost(number)))),
                "faster" => sides.push((rest, Some(Target::Faster(number)))),
                "limit" => sides.push((rest, Some(Target::Limit(number)))),
                "info" => sides.push((line, Some(Target::None))),
                "bytes" => in_bytes = true,
                "small" => small = Some(self.peak(line)?),
                "large" => {
                    let large = self.peak(rest)?;
                    let limit = Target::Limit(number * 1024.0 * 1024.0);
                    self.table.add(name, bytes, &large, None, limit);
                    self.table.add(name, bytes, &large, small.as_ref(), Target::AtMost(1.2));
                }
                other => return Err(Error::Wrong(format!("cases.txt: `{other}` is no directive"))),
            }
        }
        let unit = if in_bytes { bytes } else { seconds };
        let lines: Vec<_> = sides.iter().map(|(line, _)| *line).collect();
        let measured = self.measure(&before, &lines, in_bytes)?;
        let mut ours = None;
        for (measured, (_, target)) in measured.iter().zip(sides) {
            let Some(target) = target else {
                ours = Some(measured);
                continue;
            };
            let (first, other) = match (ours, target) {
                (None, _) | (_, Target::Limit(_)) => (measured, None),
                (Some(ours), _) => (ours, Some(measured)),
            };
            self.table.add(name, unit, first, other, target);
        }
        Ok(())
    }

    /// Runs lines in turns, so that a slow moment of the machine slows all of them. Returns the medians of their times, or of
    /// the numbers that they print.
    fn measure(
        &self,
        before: &[String],
        lines: &[&str],
        in_bytes: bool,
    ) -> Result<Vec<Measured>, Error> {
        let mut values = vec![Vec::new(); lines.len()];
        let (rounds, quick) = (self.options.rounds, self.options.quick);
        for _ in 0..if quick { 1 } else { rounds } {
            for (line, values) in lines.iter().zip(&mut values) {
                for line in before {
                    self.cmd(line).run_quietly()?;
                }
                let command = self.cmd(line);
                let started = Instant::now();
                let output = command.read_quietly()?;
                let time = started.elapsed().as_secs_f64();
                let number = || output.parse().unwrap_or_default();
                values.push(if in_bytes { number() } else { time });
            }
        }
        let measured = lines.iter().zip(values).map(|(line, values)| {
            let label = self.label(line);
            eprintln!("  {label}: {values:.3?}");
            (label, median(values))
        });
        Ok(measured.collect())
    }

    /// Runs a line, and returns the most memory that it used, in bytes: `VmHWM` in `/proc/PID/status`, which is read until the
    /// process ends. `wait4` would count memory that a child shares with this process before it starts its program.
    fn peak(&self, line: &str) -> Result<Measured, Error> {
        let log = self.work.join("log");
        let command = self.cmd(&format!("exec {line}"));
        let running = command.start(&log, process::SIGTERM)?;
        let mut peak = 0.0_f64;
        let status = loop {
            let path = format!("/proc/{}/status", running.child().pid().unwrap_or_default());
            let text = std::fs::read_to_string(path).unwrap_or_default();
            let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
            let kib = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse().ok());
            peak = peak.max(kib.unwrap_or(0.0) * 1024.0);
            if let Some(status) = running.child().wait_briefly(Duration::from_millis(10)) {
                break status;
            }
        };
        check()?;
        let label = self.label(line);
        eprintln!("  {label}: {peak} bytes");
        if status.success() {
            return Ok((label, peak));
        }
        let output = std::fs::read_to_string(&log).map_err(Error::io(log))?;
        Err(Error::Wrong(output))
    }

    /// A line as a person would type it, with short names.
    fn label(&self, line: &str) -> String {
        let program = Utf8Path::new(&self.engine.program).file_name();
        let line = line.replace("$EIGHT", "EIGHT").replace("../", "");
        let line = line.replace("$E", program.unwrap_or_default());
        line.replace("$D-", "").replace("$U-", "ubuntu-")
    }

    /// A line for the shell, in the store.
    fn cmd(&self, line: &str) -> Cmd {
        let command = self.engine.surround(sh(line)).variables(&self.variables);
        command.folder(self.work.join("store"))
    }

    /// Makes an image: its name, megabytes, and system or base.
    fn make(&self, line: &str) -> Result<(), Error> {
        eprintln!("making {}", self.label(line));
        let zeros = if self.options.quick { "0" } else { "000" };
        let make = self.cmd(&format!("set -- {line}\n{}", include_str!("make.sh")));
        let make = make.variable("ZEROS", zeros).folder(&self.work);
        make.run_quietly()
    }
}
