//! `events.jsonl`: writing and reading one case's log, one [`Event`] a line, numbered from 1 without a gap, time never
//! going backwards, from `case_started` to `case_ended`.

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::event::{EVENTS_SCHEMA, Event, What};

/// Writes a log line by line. Nothing reaches the disk for certain before [`EventLog::finish`].
#[derive(Debug)]
pub struct EventLog {
    path: PathBuf,
    file: BufWriter<File>,
    sequence: Sequence,
}

impl EventLog {
    /// Creates the file, readable by its owner only: a log bears keys.
    ///
    /// # Errors
    /// [`LogError::Io`], also if the file is there already.
    pub fn create(path: &Path) -> Result<Self, LogError> {
        let file = crate::files::create_private(path).map_err(|source| LogError::io(path, source))?;
        Ok(Self::over(file, path))
    }

    fn over(file: File, path: &Path) -> Self {
        Self { path: path.to_owned(), file: BufWriter::new(file), sequence: Sequence::default() }
    }

    /// Numbers, checks and writes the next event at `t` nanoseconds since the case began.
    ///
    /// # Errors
    /// [`LogError::Order`] if the event may not stand here (the tester's own fault), [`LogError::Io`].
    pub fn append(&mut self, t: u64, what: What) -> Result<Event, LogError> {
        let line = usize::try_from(self.sequence.seen).unwrap_or(usize::MAX).saturating_add(1);
        let event =
            self.sequence.number(t, what).map_err(|fault| LogError::Order { path: self.path.clone(), line, fault })?;
        let mut text = serde_json::to_vec(&event).map_err(|error| LogError::io(&self.path, error.into()))?;
        text.push(b'\n');
        self.file.write_all(&text).map_err(|source| LogError::io(&self.path, source))?;
        Ok(event)
    }

    /// Brings everything to the disk.
    ///
    /// # Errors
    /// [`LogError::Unended`] if the last event is not `case_ended`, [`LogError::Io`].
    pub fn finish(mut self) -> Result<(), LogError> {
        self.file.flush().map_err(|source| LogError::io(&self.path, source))?;
        self.file.get_ref().sync_all().map_err(|source| LogError::io(&self.path, source))?;
        if self.sequence.state == State::Ended {
            Ok(())
        } else {
            Err(LogError::Unended { path: self.path, events: self.sequence.seen })
        }
    }
}

/// Reads a whole log.
///
/// # Errors
/// [`LogError`], at the first line that is wrong.
pub fn read_events(path: &Path) -> Result<Vec<Event>, LogError> {
    LogReader::open(path)?.collect()
}

/// Reads a log event by event; after an error it yields nothing more, so that what came before can still be looked at.
#[derive(Debug)]
pub struct LogReader<R> {
    path: PathBuf,
    input: R,
    line: usize,
    sequence: Sequence,
    done: bool,
}

impl LogReader<BufReader<File>> {
    /// Opens a log file.
    ///
    /// # Errors
    /// [`LogError::Io`].
    pub fn open(path: &Path) -> Result<Self, LogError> {
        let file = File::open(path).map_err(|source| LogError::io(path, source))?;
        Ok(Self::new(BufReader::new(file), path))
    }
}

impl<R: BufRead> LogReader<R> {
    /// Reads from `input`; `path` names it in errors.
    pub fn new(input: R, path: &Path) -> Self {
        Self { path: path.to_owned(), input, line: 0, sequence: Sequence::default(), done: false }
    }

    fn read(&mut self) -> Result<Option<Event>, LogError> {
        let mut text = Vec::new();
        self.input.read_until(b'\n', &mut text).map_err(|source| LogError::io(&self.path, source))?;
        if text.is_empty() {
            return match self.sequence.state {
                State::Ended => Ok(None),
                State::Empty => {
                    Err(LogError::Order { path: self.path.clone(), line: 1, fault: OrderFault::NotStarted })
                }
                State::Running => Err(LogError::Unended { path: self.path.clone(), events: self.sequence.seen }),
            };
        }
        self.line += 1;
        if text.pop() != Some(b'\n') {
            return Err(LogError::Truncated { path: self.path.clone(), line: self.line });
        }
        if self.line == 1 {
            self.check_schema(&text)?;
        }
        let event: Event = serde_json::from_slice(&text).map_err(|error| LogError::BadJson {
            path: self.path.clone(),
            line: self.line,
            reason: error.to_string(),
        })?;
        let (path, line) = (&self.path, self.line);
        self.sequence.check(&event).map_err(|fault| LogError::Order { path: path.clone(), line, fault })?;
        Ok(Some(event))
    }

    /// A later format may hold fields that this program refuses: its version is looked at before anything else.
    fn check_schema(&self, text: &[u8]) -> Result<(), LogError> {
        let value: Option<serde_json::Value> = serde_json::from_slice(text).ok();
        let schema =
            value.as_ref().and_then(|value| value.pointer("/what/case_started/schema")).and_then(|name| name.as_str());
        match schema {
            Some(found) if found != EVENTS_SCHEMA => {
                Err(LogError::UnknownSchema { path: self.path.clone(), found: found.to_owned() })
            }
            _ => Ok(()),
        }
    }
}

impl<R: BufRead> Iterator for LogReader<R> {
    type Item = Result<Event, LogError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let read = self.read().transpose();
        self.done = !matches!(read, Some(Ok(_)));
        read
    }
}

/// The rules of order, for a log on disk and for one that is only kept in memory.
#[derive(Debug, Clone, Default)]
pub struct Sequence {
    seen: u64,
    last: u64,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum State {
    #[default]
    Empty,
    Running,
    Ended,
}

impl Sequence {
    /// Makes the next event of `what`, at `t` nanoseconds since the case began.
    ///
    /// # Errors
    /// [`OrderFault`]; the sequence is as before.
    pub fn number(&mut self, t: u64, what: What) -> Result<Event, OrderFault> {
        let event = Event { n: self.seen.saturating_add(1), t, what };
        self.check(&event)?;
        Ok(event)
    }

    /// Takes an event as the next one.
    ///
    /// # Errors
    /// [`OrderFault`]; the sequence is as before.
    pub fn check(&mut self, event: &Event) -> Result<(), OrderFault> {
        let expected = self.seen.saturating_add(1);
        if event.n != expected {
            return Err(OrderFault::Gap { expected, found: event.n });
        }
        if event.t < self.last {
            return Err(OrderFault::TimeBackwards { from: self.last, to: event.t });
        }
        let started = matches!(event.what, What::CaseStarted { .. });
        self.state = match (self.state, started) {
            (State::Empty, true) => State::Running,
            (State::Empty, false) => return Err(OrderFault::NotStarted),
            (State::Running, true) => return Err(OrderFault::StartedTwice),
            (State::Running, false) if event.what == What::CaseEnded => State::Ended,
            (State::Running, false) => State::Running,
            (State::Ended, _) => return Err(OrderFault::AfterEnd),
        };
        self.seen = expected;
        self.last = event.t;
        Ok(())
    }
}

/// Why an event may not stand where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OrderFault {
    /// A number is missing or repeated.
    #[error("event {found} stands where event {expected} must: lines were lost or added")]
    Gap {
        /// The number that must come.
        expected: u64,
        /// The number that came.
        found: u64,
    },
    /// An earlier time after a later one.
    #[error("time goes backwards, from {from} ns to {to} ns")]
    TimeBackwards {
        /// The last event's time.
        from: u64,
        /// This event's time.
        to: u64,
    },
    /// The first event is another than `case_started`, or there is none.
    #[error("the log does not begin with `case_started`")]
    NotStarted,
    /// `case_started` again.
    #[error("`case_started` comes a second time")]
    StartedTwice,
    /// Something after `case_ended`.
    #[error("an event follows `case_ended`")]
    AfterEnd,
}

/// What is wrong with a log file.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The file cannot be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// The log.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The last line has no end: the writer was stopped in the middle of it.
    #[error("{}:{line}: the line is cut short; the case was not finished", path.display())]
    Truncated {
        /// The log.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
    },
    /// A line is no event.
    #[error("{}:{line}: not an event: {reason}", path.display())]
    BadJson {
        /// The log.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// What the JSON reader says.
        reason: String,
    },
    /// An event in the wrong place.
    #[error("{}:{line}: {fault}", path.display())]
    Order {
        /// The log.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// Which rule is broken.
        fault: OrderFault,
    },
    /// No `case_ended`.
    #[error("{}: the log ends after {events} events without `case_ended`; the case was not finished", path.display())]
    Unended {
        /// The log.
        path: PathBuf,
        /// Events that are there.
        events: u64,
    },
    /// Another format version.
    #[error("{}: log format `{found}` is unknown to this version, which reads `{EVENTS_SCHEMA}`", path.display())]
    UnknownSchema {
        /// The log.
        path: PathBuf,
        /// The version string in the log.
        found: String,
    },
}

impl LogError {
    fn io(path: &Path, source: io::Error) -> Self {
        Self::Io { path: path.to_owned(), source }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Octets;

    fn started() -> What {
        What::CaseStarted { schema: EVENTS_SCHEMA.into(), case: "A-01".into(), seed: Octets(vec![7; 32]) }
    }

    fn write(lines: &str) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("events.jsonl");
        std::fs::write(&path, lines).unwrap();
        (folder, path)
    }

    fn line(n: u64, t: u64, what: What) -> String {
        serde_json::to_string(&Event { n, t, what }).unwrap() + "\n"
    }

    #[test]
    fn what_was_written_is_read_back_and_only_the_owner_may_read_it() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("events.jsonl");
        let mut log = EventLog::create(&path).unwrap();
        let mut written = vec![log.append(0, started()).unwrap()];
        written.push(log.append(5, What::StepStarted { step: 0 }).unwrap());
        written.push(log.append(5, What::CaseEnded).unwrap());
        log.finish().unwrap();
        assert_eq!(read_events(&path).unwrap(), written);
        assert_eq!(written.iter().map(|event| event.n).collect::<Vec<_>>(), [1, 2, 3]);
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(matches!(EventLog::create(&path), Err(LogError::Io { .. })), "an existing log is not overwritten");
    }

    #[test]
    fn a_line_that_is_cut_short_is_told_from_bad_json() {
        let (_folder, path) = write(&(line(1, 0, started()) + "{\"n\":2,\"t\":0"));
        assert!(matches!(read_events(&path), Err(LogError::Truncated { line: 2, .. })));
        let (_folder, path) = write(&(line(1, 0, started()) + "{\"n\":2,\"t\":0\n"));
        let error = read_events(&path).unwrap_err();
        assert!(matches!(error, LogError::BadJson { line: 2, .. }));
        assert!(error.to_string().contains("events.jsonl:2: not an event"), "{error}");
    }

    #[test]
    fn gaps_and_time_going_backwards_are_found_with_their_line() {
        let (_folder, path) = write(&(line(1, 0, started()) + &line(3, 0, What::CaseEnded)));
        let error = read_events(&path).unwrap_err();
        assert!(
            matches!(error, LogError::Order { line: 2, fault: OrderFault::Gap { expected: 2, found: 3 }, .. }),
            "{error}"
        );
        let (_folder, path) = write(&(line(1, 9, started()) + &line(2, 8, What::CaseEnded)));
        let error = read_events(&path).unwrap_err();
        assert!(
            matches!(error, LogError::Order { line: 2, fault: OrderFault::TimeBackwards { from: 9, to: 8 }, .. }),
            "{error}"
        );
    }

    #[test]
    fn a_missing_start_a_missing_end_and_a_second_start_are_told_apart() {
        let (_folder, path) = write("");
        let error = read_events(&path).unwrap_err();
        assert!(matches!(error, LogError::Order { fault: OrderFault::NotStarted, .. }));
        let (_folder, path) = write(&line(1, 0, What::CaseEnded));
        let error = read_events(&path).unwrap_err();
        assert!(matches!(error, LogError::Order { line: 1, fault: OrderFault::NotStarted, .. }));
        let (_folder, path) = write(&(line(1, 0, started()) + &line(2, 1, What::StepStarted { step: 0 })));
        assert!(matches!(read_events(&path), Err(LogError::Unended { events: 2, .. })));
        let (_folder, path) = write(&(line(1, 0, started()) + &line(2, 1, started())));
        let error = read_events(&path).unwrap_err();
        assert!(matches!(error, LogError::Order { line: 2, fault: OrderFault::StartedTwice, .. }));
        let lines = line(1, 0, started()) + &line(2, 1, What::CaseEnded) + &line(3, 1, What::CaseEnded);
        let (_folder, path) = write(&lines);
        let error = read_events(&path).unwrap_err();
        assert!(matches!(error, LogError::Order { line: 3, fault: OrderFault::AfterEnd, .. }));
    }

    #[test]
    fn another_format_version_is_named_even_if_its_fields_are_unknown() {
        let (_folder, path) = write(
            "{\"n\":1,\"t\":0,\"colour\":1,\"what\":{\"case_started\":{\"schema\":\"bootrack-events/9\",\"x\":1}}}\n",
        );
        let error = read_events(&path).unwrap_err();
        assert!(matches!(&error, LogError::UnknownSchema { found, .. } if found == "bootrack-events/9"), "{error}");
    }

    #[test]
    fn events_before_a_fault_can_still_be_read() {
        let (_folder, path) = write(&(line(1, 0, started()) + "garbage\n"));
        let mut reader = LogReader::open(&path).unwrap();
        assert_eq!(reader.next().unwrap().unwrap().n, 1);
        assert!(reader.next().unwrap().is_err());
        assert!(reader.next().is_none());
    }

    #[test]
    fn a_refused_event_leaves_no_trace_and_a_full_disk_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("events.jsonl");
        let mut log = EventLog::create(&path).unwrap();
        log.append(3, started()).unwrap();
        assert!(matches!(log.append(2, What::CaseEnded), Err(LogError::Order { line: 2, .. })));
        log.append(3, What::CaseEnded).unwrap();
        log.finish().unwrap();
        assert_eq!(read_events(&path).unwrap().len(), 2);

        let full = Path::new("/dev/full");
        if let Ok(file) = std::fs::OpenOptions::new().write(true).open(full) {
            let mut log = EventLog::over(file, full);
            log.append(0, started()).unwrap();
            let error = log.finish().unwrap_err();
            let LogError::Io { source, .. } = error else { unreachable!("{error}") };
            assert_eq!(source.kind(), io::ErrorKind::StorageFull);
        }
    }

    #[test]
    fn an_unended_log_is_not_finished() {
        let folder = tempfile::tempdir().unwrap();
        let mut log = EventLog::create(&folder.path().join("events.jsonl")).unwrap();
        log.append(0, started()).unwrap();
        assert!(matches!(log.finish(), Err(LogError::Unended { events: 1, .. })));
    }
}
