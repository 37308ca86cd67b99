//! Images through pipes: `load` reads what a closure writes, `save` writes what a closure reads.
//!
//! The closure runs on the caller's thread while threads here read whatever else the engine writes. Either
//! side may fail first, and the failure that came first is the one reported: an engine that dies
//! makes the closure fail (a broken pipe, a stream cut short), and then the engine's own words count.
//!
//! SIGPIPE must be ignored, as Rust's runtime does, or an engine that dies takes this process along.

use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::sync::Arc;
use std::time::Duration;

use crate::call::{Call, Streams, TAIL};
use crate::child::{Child, Stop};
use crate::collect::Collector;
use crate::flavor;
use crate::image::Name;
use crate::{Engine, Error, LoadError, SaveError};

/// How long an engine may take to end by itself when its reader gives up before the end of its
/// stream: one that has failed does so at once, and then its failure is the cause.
const MOMENT: Duration = Duration::from_millis(200);

impl Engine {
    /// Runs `load` and gives `feed` its standard input. The stream ends when `feed` returns `Ok`.
    /// When `feed` fails, the engine is ended before it could take the stream's end for the archive's.
    ///
    /// `Ok` means that the engine read everything and reported no failure. What is in the
    /// engine then is for the caller to look at: some accept damaged layers.
    pub fn load<T, E>(
        &self,
        feed: impl FnOnce(&mut dyn Write) -> Result<T, E>,
    ) -> Result<T, LoadError<E>> {
        let call = self.call("load");
        let (stdin, feed_end) = call.pipe()?;
        let (stdout, stdout_writer) = call.pipe()?;
        let (stderr, stderr_writer) = call.pipe()?;
        let running = call.start(Streams {
            stdin: Some(stdin),
            stdout: stdout_writer,
            stderr: stderr_writer,
        })?;
        let child = running.child();
        let stdout = call.io(Collector::start(stdout, child, TAIL))?;
        let stderr = call.io(Collector::start(stderr, child, TAIL))?;
        child.pause();
        call.watch(child)?;

        let mut input = Input {
            pipe: feed_end,
            child: child.clone(),
            broken: false,
        };
        let fed = feed(&mut input);
        let broken = input.broken;
        if fed.is_err() && !broken {
            child.stop(Stop::Abandoned);
            call.io(child.wait(None))?;
        }
        drop(input);
        child.moved();
        let status = call.io(child.wait(call.timeout()))?;
        if child.stopped() == Some(Stop::Abandoned) {
            return fed.map_err(LoadError::Feed);
        }
        let said = [stdout.finish().text(), stderr.finish().text()].join("\n");
        let said = said.trim();
        call.judge(child, status, said)?;
        if broken {
            return Err(call
                .failed("exited before it had read the whole stream", said)
                .into());
        }
        if flavor::load_complaint(said).is_some() {
            return Err(call
                .failed("reported a failure, though with exit status 0", said)
                .into());
        }
        fed.map_err(LoadError::Feed)
    }

    /// Runs `save` for one image (a reference, or an ID as `sha256:…`) and gives `read` its
    /// standard output. What `read` leaves is read and dropped, so that the engine can end; `Ok`
    /// means that it ended well. A stream may be incomplete even so: check what is in it.
    pub fn save<T, E>(
        &self,
        name: &str,
        read: impl FnOnce(&mut dyn Read) -> Result<T, E>,
    ) -> Result<T, SaveError<E>> {
        let source = self.exact(&Name::parse(name).map_err(Error::from)?)?;
        let call = self.call("save").arg("--").arg(source);
        let (read_end, stdout) = call.pipe()?;
        let (stderr, stderr_writer) = call.pipe()?;
        let running = call.start(Streams {
            stdin: None,
            stdout,
            stderr: stderr_writer,
        })?;
        let child = running.child();
        let stderr = call.io(Collector::start(stderr, child, TAIL))?;
        child.pause();
        call.watch(child)?;

        let mut output = Output {
            pipe: read_end,
            child: child.clone(),
            ended: false,
        };
        let result = read(&mut output);
        if result.is_ok() {
            // A failed drain means that the child was stopped, which is judged below.
            let _ = io::copy(&mut output, &mut io::sink());
        } else if !output.ended && child.wait_briefly(MOMENT).is_none() {
            child.stop(Stop::Abandoned);
        }
        child.moved();
        let status = call.io(child.wait(call.timeout()))?;
        if child.stopped() != Some(Stop::Abandoned) {
            call.judge(child, status, &stderr.finish().text())?;
        }
        result.map_err(SaveError::Read)
    }
}

impl Call {
    /// Ends a silent child while the caller's thread is busy with a stream.
    pub(crate) fn watch(&self, child: &Arc<Child>) -> Result<(), Error> {
        let Some(limit) = self.timeout() else {
            return Ok(());
        };
        let child = child.clone();
        let watch = move || drop(child.wait(Some(limit)));
        self.io(std::thread::Builder::new()
            .name("engine timeout".into())
            .spawn(watch)
            .map(drop))
    }
}

/// The engine's standard input, from this side.
struct Input {
    pipe: PipeWriter,
    child: Arc<Child>,
    /// The engine no longer reads, or was stopped.
    broken: bool,
}

impl Write for Input {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.child.moved();
        let written = match self.child.stopped() {
            Some(_) => Err(io::ErrorKind::BrokenPipe.into()),
            None => self.pipe.write(bytes),
        };
        self.child.pause();
        self.broken |= written
            .as_ref()
            .is_err_and(|error| error.kind() != io::ErrorKind::Interrupted);
        written
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The engine's standard output, from this side.
struct Output {
    pipe: PipeReader,
    child: Arc<Child>,
    /// The engine's stream was read to its end, or the engine was stopped.
    ended: bool,
}

impl Read for Output {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.child.moved();
        let count = match self.child.stopped() {
            Some(_) => Err(io::ErrorKind::BrokenPipe.into()),
            None => self.pipe.read(buffer),
        };
        self.child.pause();
        self.ended |= match &count {
            Ok(count) => *count == 0 && !buffer.is_empty(),
            Err(error) => error.kind() != io::ErrorKind::Interrupted,
        };
        count
    }
}
