//! Programs that run beside a test, and end with it.

use std::ffi::OsStr;
use std::io::{Read, Write};
use std::net::{TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Where a program is; `None` if it is not installed, which is said on stderr.
///
/// # Panics
/// If it is not installed and the environment variable `CI` is set: there, a skipped oracle is a failure.
pub fn find_program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).map(|folder| folder.join(name)).find(|path| path.is_file());
    if found.is_none() {
        assert!(std::env::var_os("CI").is_none(), "{name} is not installed, and CI is set");
        eprintln!("SKIPPED: {name} is not installed");
    }
    found
}

/// A UDP port of 127.0.0.1 that was free a moment ago, for programs that cannot choose one themselves.
///
/// # Panics
/// If no socket can be had.
pub fn free_port() -> u16 {
    let socket = UdpSocket::bind(("127.0.0.1", 0)).expect("a free UDP port");
    socket.local_addr().expect("an address").port()
}

/// The same of TCP.
pub(crate) fn free_tcp_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free TCP port");
    listener.local_addr().expect("an address").port()
}

/// A running program; killed when dropped.
pub struct Program {
    child: Child,
    stdin: Option<ChildStdin>,
    output: Arc<Mutex<Vec<u8>>>,
}

impl Program {
    /// Starts a program. Its stdin stays open until it is dropped; stdout and stderr are collected.
    ///
    /// # Panics
    /// If it cannot be started.
    pub fn start<A: AsRef<OsStr>>(
        path: &Path,
        arguments: impl IntoIterator<Item = A>,
        environment: &[(&str, &Path)],
    ) -> Self {
        let mut command = Command::new(path);
        command.args(arguments).envs(environment.iter().copied());
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{} does not start: {error}", path.display()));
        let output = Arc::new(Mutex::new(Vec::new()));
        collect(child.stdout.take(), &output);
        collect(child.stderr.take(), &output);
        let stdin = child.stdin.take();
        Self { child, stdin, output }
    }

    /// Writes to its stdin.
    ///
    /// # Panics
    /// If it is gone.
    pub fn write(&mut self, text: &[u8]) {
        let stdin = self.stdin.as_mut().expect("an open stdin");
        stdin.write_all(text).and_then(|()| stdin.flush()).expect("a program that reads");
    }

    /// What it has written to stdout and stderr.
    pub fn output(&self) -> String {
        let output = self.output.lock().map(|output| output.clone()).unwrap_or_default();
        String::from_utf8_lossy(&output).into_owned()
    }

    /// Waits until its output contains `text`.
    ///
    /// # Panics
    /// If it does not within 20 s.
    pub fn wait_for(&self, text: &str) {
        let began = Instant::now();
        while !self.output().contains(text) {
            assert!(began.elapsed() < Duration::from_secs(20), "no {text:?} in: {}", self.output());
            sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended by itself: nothing is wrong with that.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn collect(source: Option<impl Read + Send + 'static>, output: &Arc<Mutex<Vec<u8>>>) {
    let Some(mut source) = source else { return };
    let output = Arc::clone(output);
    std::thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok(length @ 1..) = source.read(&mut buffer) {
            if let Ok(mut output) = output.lock() {
                output.extend_from_slice(&buffer[..length]);
            }
        }
    });
}
