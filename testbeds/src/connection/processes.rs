//! The processes of a board's program, its children included: who they are, which sockets they hold, and their end.
//!
//! They are known by their process group, and, where they have left that, by their environment: each inherits `BOOTRACK_STORE`, which
//! names a folder that no other board has. Sockets are those that `/proc` of Linux tells.

use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use super::lines::Process;

/// A child may be born while its siblings are killed, and the killed take a moment to end: so long they are looked for.
const END_WITHIN: Duration = Duration::from_secs(2);
const LOOKS_EVERY: Duration = Duration::from_millis(1);

/// What the guard does once its standard input ends, which it does with this process, however that ends.
const GUARD: &str = r#"
read -r _
for round in 1 2 3 4 5; do
    kill -KILL -- "-$1"
    for process in /proc/[0-9]*; do
        if grep -qsaF "BOOTRACK_STORE=$2" "$process/environ"; then kill -KILL "${process#/proc/}"; found=1; fi
    done
    [ "$found" ] || exit 0
    found=
done
"#;

/// A board's program and all that it has started; they are killed when nobody needs them any more, and when this process ends, even
/// by a signal that it cannot take.
pub(super) struct Family {
    pub(super) program: Process,
    store: PathBuf,
    _guard: Process,
}

impl Family {
    /// Starts a program whose environment names its `store`.
    ///
    /// # Errors
    /// The system's reason.
    pub(super) fn start(mut command: Command, store: &Path) -> io::Result<Self> {
        let program = Process(command.env("BOOTRACK_STORE", store).process_group(0).spawn()?);
        let group = program.0.id().to_string();
        let mut guard = Command::new("sh");
        guard.args(["-c", GUARD, "guard", &group]).arg(store).process_group(0);
        let guard = guard.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        Ok(Self { program, store: store.to_owned(), _guard: Process(guard?) })
    }

    pub(super) fn child(&mut self) -> &mut Child {
        &mut self.program.0
    }
}

impl Drop for Family {
    fn drop(&mut self) {
        // Before the program is waited for: until then its number is nobody else's.
        if let Some(group) = number(self.program.0.id()) {
            let _ = kill_process_group(group, Signal::KILL);
        }
        let until = Instant::now() + END_WITHIN;
        loop {
            let left = of_board(&self.store);
            if left.is_empty() || Instant::now() > until {
                break;
            }
            for process in left.into_iter().filter_map(number) {
                let _ = kill_process(process, Signal::KILL);
            }
            std::thread::sleep(LOOKS_EVERY);
        }
    }
}

fn number(process: u32) -> Option<Pid> {
    Pid::from_raw(i32::try_from(process).ok()?)
}

/// The living processes whose environment names this store.
pub(super) fn of_board(store: &Path) -> Vec<u32> {
    let entry = [b"BOOTRACK_STORE=", store.as_os_str().as_bytes()].concat();
    let is_of_it = |process: &u32| {
        // Of a process that has ended and that nobody has waited for it is empty.
        let environment = fs::read(format!("/proc/{process}/environ")).unwrap_or_default();
        environment.split(|octet| *octet == 0).any(|variable| variable == entry)
    };
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let numbers = processes.filter_map(|process| process.file_name().to_str()?.parse().ok());
    numbers.filter(is_of_it).collect()
}

/// Whether any of these processes holds any of these sockets.
pub(super) fn hold_any(processes: &[u32], sockets: &[u64]) -> bool {
    let names: Vec<String> = sockets.iter().map(|socket| format!("socket:[{socket}]")).collect();
    processes.iter().any(|process| {
        let open = fs::read_dir(format!("/proc/{process}/fd")).into_iter().flatten().flatten();
        open.filter_map(|file| fs::read_link(file.path()).ok())
            .any(|target| target.to_str().is_some_and(|target| names.iter().any(|name| name == target)))
    })
}

/// The UDP sockets of this machine at a port, by their numbers.
pub(super) fn sockets_at(port: u16) -> Vec<u64> {
    udp_sockets().into_iter().filter(|(of, _)| *of == port).map(|(_, socket)| socket).collect()
}

/// The ports at which somebody on this machine has a UDP socket.
pub(super) fn udp_ports() -> Vec<u16> {
    udp_sockets().into_iter().map(|(port, _)| port).collect()
}

fn udp_sockets() -> Vec<(u16, u64)> {
    let tables = ["/proc/net/udp", "/proc/net/udp6"].map(|table| fs::read_to_string(table).unwrap_or_default());
    let lines = tables.iter().flat_map(|table| table.lines().skip(1));
    lines
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            let (_, port) = words.nth(1)?.rsplit_once(':')?;
            // Of the words behind the local address, the number is the eighth.
            Some((u16::from_str_radix(port, 16).ok()?, words.nth(7)?.parse().ok()?))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::net::UdpSocket;

    use super::*;

    #[test]
    fn a_socket_is_found_by_its_port_and_by_who_holds_it() {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let port = socket.local_addr().unwrap().port();
        let sockets = sockets_at(port);
        assert_eq!(sockets.len(), 1);
        assert!(udp_ports().contains(&port));
        assert!(hold_any(&[std::process::id()], &sockets));
        assert!(!hold_any(&[std::process::id()], &[sockets[0] + 1]));
        drop(socket);
        assert!(sockets_at(port).is_empty());
    }

    /// Children in the group, in a group of their own, and without a parent.
    #[test]
    fn a_program_s_children_end_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("store");
        let mut command = Command::new("sh");
        command.args(["-c", "sleep 100 & setsid sleep 100 & (setsid sleep 100 &) ; sleep 100"]);
        let family = Family::start(command, &store).unwrap();
        let until = Instant::now() + Duration::from_secs(20);
        // The shell, and four of `sleep`.
        while of_board(&store).len() < 5 && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(5));
        }
        assert_eq!(of_board(&store).len(), 5);
        drop(family);
        assert_eq!(of_board(&store), Vec::<u32>::new());
    }
}
