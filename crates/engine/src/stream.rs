//! Images through pipes: a closure writes the input of `load`, or reads the output of `save`.
//!
//! The closure runs on the caller's thread, while other threads read the engine's other output. Either side may fail
//! first, and the first failure is reported. An engine that dies makes the closure fail too (a broken pipe, a truncated
//! stream). Then the engine's error is reported.
//!
//! SIGPIPE must be ignored, as Rust's runtime does. Otherwise an engine that dies would kill this process.

use std::io::{self, Read};
use std::time::Duration;

use process::{Chunk, Chunks, Collector, Input, Stop, Streams, TAIL};

use crate::complaint;
use crate::image::Name;
use crate::{Engine, Error, LoadError, SaveError};

/// The time for an engine to end by itself if its reader fails before the end of its stream. An engine that has failed
/// ends at once, and its failure is then the cause.
const MOMENT: Duration = Duration::from_millis(200);

impl Engine {
    /// Runs `load` and gives `feed` its standard input. The stream ends when `feed` returns `Ok`. If `feed` fails, the
    /// engine is killed before it sees the end of the stream.
    ///
    /// `Ok` means that the engine read everything and reported no failure. The caller must inspect the images: some
    /// engines accept damaged layers.
    pub fn load<T, E>(
        &self,
        feed: impl FnOnce(&mut Input) -> Result<T, E>,
    ) -> Result<T, LoadError<E>> {
        let (call, _spool) = self.spooled_call("load")?;
        let (stdin, feed_end) = call.wide_pipe()?;
        let drain = call.io(stdin.try_clone())?;
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

        let mut input = call.io(Input::start(feed_end, drain, child, call.timeout()))?;
        let fed = feed(&mut input);
        if fed.is_err() && !input.is_broken() {
            child.stop(Stop::Abandoned);
            call.io(child.wait(None))?;
        }
        let unread = call.io(input.finish())?;
        if child.stopped() == Some(Stop::Abandoned) {
            return fed.map_err(LoadError::Feed);
        }
        let status = call.io(child.wait(None))?;
        let said = [stdout.finish().text(), stderr.finish().text()].join("\n");
        let said = said.trim();
        call.judge(child, status, said)?;
        if unread {
            return Err(call
                .failed("exited before it had read the whole input", said)
                .into());
        }
        if complaint::load_complaint(said).is_some() {
            return Err(call
                .failed("reported a failure, though with exit status 0", said)
                .into());
        }
        fed.map_err(LoadError::Feed)
    }

    /// Runs `save` for one image (a reference, or an ID as `sha256:…`) and gives `read` its standard output. The rest
    /// of the output is read and discarded, so that the engine can end.
    ///
    /// `Ok` means that it succeeded. A stream may still be incomplete: check its contents.
    pub fn save<T, E>(
        &self,
        name: &str,
        read: impl FnOnce(&mut dyn Read) -> Result<T, E>,
    ) -> Result<T, SaveError<E>> {
        let source = self.exact(&Name::parse(name).map_err(Error::from)?)?;
        let (call, _spool) = self.spooled_call("save")?;
        let call = call.arg("--").arg(source);
        let (read_end, stdout) = call.wide_pipe()?;
        let (stderr, stderr_writer) = call.pipe()?;
        let running = call.start(Streams {
            stdin: None,
            stdout,
            stderr: stderr_writer,
        })?;
        let child = running.child();
        let stderr = call.io(Collector::start(stderr, child, TAIL))?;
        let chunks = call.io(Chunks::start(read_end, child))?;
        call.watch(child)?;

        let mut output = Output {
            chunks,
            chunk: None,
            position: 0,
            ended: false,
        };
        let result = read(&mut output);
        if result.is_ok() {
            // Reading the rest cannot fail.
            let _ = io::copy(&mut output, &mut io::sink());
        } else if !output.ended && child.wait_briefly(MOMENT).is_none() {
            child.stop(Stop::Abandoned);
        }
        child.resume();
        let status = call.io(child.wait(call.timeout()))?;
        if child.stopped() != Some(Stop::Abandoned) {
            call.judge(child, status, &stderr.finish().text())?;
        }
        result.map_err(SaveError::Read)
    }
}

/// The reading end of the engine's standard output.
struct Output {
    chunks: Chunks,
    chunk: Option<Chunk>,
    /// The number of bytes of the chunk that were read.
    position: usize,
    /// Whether the engine's stream was read to its end.
    ended: bool,
}

impl Read for Output {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.chunk.as_deref().map_or(0, <[u8]>::len);
        if self.position == length && !self.ended && !buffer.is_empty() {
            self.position = 0;
            self.chunk = None;
            self.chunk = self.chunks.next();
            self.ended = self.chunk.is_none();
        }
        let left = self.chunk.as_deref().unwrap_or_default();
        let left = &left[self.position..];
        let count = buffer.len().min(left.len());
        buffer[..count].copy_from_slice(&left[..count]);
        self.position += count;
        Ok(count)
    }
}
