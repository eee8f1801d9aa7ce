//! A board on a desk, as far as a machine without one can have it: the reference device as a process, its UT/1 and its radio link
//! each at the far end of a pseudo-terminal, a switch for its power, and faults of the cables between.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serialport::{SerialPort as _, TTYPort};

use crate::device::reference_device;

/// What is wrong with a board or its cables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nothing.
    None,
    /// Octets of no line between the lines.
    Garbage,
    /// Of every line behind the first four only the first half.
    HalfLines,
    /// Every octet behind the first four lines alone, four a second.
    Dribble,
    /// Nothing behind the first four lines.
    Silence,
    /// Nothing at all.
    Dead,
    /// The cable is pulled in the middle of the fifth line.
    Unplug,
    /// The power goes and comes back behind the fifth line.
    BrownOut,
    /// The answers are those of another board.
    OtherBoard,
    /// What the last run left in the line, again and again until the board boots.
    StaleLog,
    /// The whole log of the last run in place of every line of this one.
    OnlyStaleLog,
    /// Something talks without end.
    Babble,
}

/// What passes the line of UT/1 before a fault of a case: `! booted`, the answers to `hello`, to the nonsense and to `status`.
const BEFORE: usize = 4;
/// A line as an earlier run leaves it: an answer that a case waits for.
const STALE: &[u8] = b"! booted t=0 state=factory\n< 1 ok nonce=00 protocol=UT/1 eui64=0000000000000000 state=secured\n< 2 unimplemented\n< 3 ok\n";

/// A board and its cables; all of it ends when this is dropped.
pub(crate) struct Bench {
    folder: tempfile::TempDir,
    eui64: &'static str,
    /// The tester's ends, kept open so that the lines are raw from the beginning.
    line: TTYPort,
    link: TTYPort,
    board: Arc<Board>,
    switch: File,
}

impl Drop for Bench {
    fn drop(&mut self) {
        self.board.is_gone.store(true, Ordering::Relaxed);
        // Whoever follows the switch looks up.
        let _ = self.switch.write_all(b"gone\n");
        self.board.power(None);
    }
}

/// The board's end of a pseudo-terminal, and the tester's.
pub(crate) fn pair() -> (TTYPort, TTYPort) {
    let (far, near) = TTYPort::pair().unwrap();
    // Unlike the ports of a pair, their copies are closed in programs that are started.
    let [mut far, near] = [far, near].map(|port| port.try_clone_native().unwrap());
    far.set_timeout(Duration::from_millis(20)).unwrap();
    (far, near)
}

/// Hands over what arrives, until the bench is gone or this is over.
fn pump(
    board: &Arc<Board>,
    is_over: impl Fn() -> bool + Send + 'static,
    mut from: impl Read + Send + 'static,
    mut take: impl FnMut(&[u8]) + Send + 'static,
) {
    let board = Arc::clone(board);
    std::thread::spawn(move || {
        let mut buffer = [0; 4096];
        while !board.is_gone.load(Ordering::Relaxed) && !is_over() {
            match from.read(&mut buffer) {
                Ok(0) => return,
                Ok(length) => take(&buffer[..length]),
                // Silent, or nobody has the other end open.
                Err(_) => std::thread::sleep(Duration::from_millis(1)),
            }
        }
    });
}

/// What carries the board's UT/1 to the tester.
struct Cable {
    line: Option<TTYPort>,
    is_unplugged: Arc<AtomicBool>,
    fault: Fault,
    lines: usize,
    partial: Vec<u8>,
}

impl Cable {
    fn write(&mut self, octets: &[u8]) {
        if let Some(line) = &mut self.line {
            let _ = line.write_all(octets);
        }
    }

    /// A line of the board; whether the power fails behind it.
    fn carry(&mut self, line: &[u8]) -> bool {
        self.lines += 1;
        let is_late = self.lines > BEFORE;
        match self.fault {
            Fault::Garbage if is_late => self.write(b"\xff\x00\x81< \xfe\n"),
            Fault::HalfLines if is_late => return self.write_none(&line[..line.len() / 2]),
            Fault::Dribble if is_late => {
                for octet in line {
                    self.write(&[*octet]);
                    std::thread::sleep(Duration::from_millis(250));
                }
                return false;
            }
            Fault::Silence if is_late => return false,
            Fault::Dead => return false,
            Fault::Unplug if is_late => {
                self.write(&line[..line.len() / 2]);
                self.line = None;
                self.is_unplugged.store(true, Ordering::Relaxed);
                return false;
            }
            Fault::OtherBoard => {
                let text = String::from_utf8_lossy(line).replace("eui64=02", "eui64=03");
                return self.write_none(text.as_bytes());
            }
            Fault::OnlyStaleLog => return self.write_none(STALE),
            Fault::BrownOut if self.lines == BEFORE + 1 => {
                self.write(line);
                return true;
            }
            _ => {}
        }
        self.write_none(line)
    }

    fn write_none(&mut self, octets: &[u8]) -> bool {
        self.write(octets);
        false
    }

    /// Octets of the board, which are carried line by line; whether the power fails behind them.
    fn take(&mut self, octets: &[u8]) -> bool {
        self.partial.extend_from_slice(octets);
        let mut fails = false;
        while let Some(end) = self.partial.iter().position(|octet| *octet == b'\n') {
            let line: Vec<u8> = self.partial.drain(..=end).collect();
            fails |= self.carry(&line);
        }
        fails
    }
}

/// The board itself.
struct Board {
    store: PathBuf,
    socket: PathBuf,
    eui64: &'static str,
    fault: Fault,
    /// Its process and the way into it, while it has power.
    running: Mutex<Option<(Child, ChildStdin)>>,
    boots: AtomicUsize,
    cable: Mutex<Cable>,
    radio: Mutex<Option<UnixStream>>,
    far_link: TTYPort,
    is_gone: AtomicBool,
}

impl Board {
    fn power(&self, next: Option<(Child, ChildStdin)>) {
        let last = std::mem::replace(&mut *self.running.lock().unwrap(), next);
        if let Some((mut child, _)) = last {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Octets from the tester.
    fn hear(&self, octets: &[u8]) {
        if let Some((_, stdin)) = &mut *self.running.lock().unwrap() {
            let _ = stdin.write_all(octets).and_then(|()| stdin.flush());
        }
    }

    /// What the tester says to a radio that is off is lost.
    fn hear_on_radio(&self, octets: &[u8]) {
        if let Some(radio) = &mut *self.radio.lock().unwrap() {
            let _ = radio.write_all(octets);
        }
    }

    fn boot(self: &Arc<Self>) {
        self.power(None);
        let boot = self.boots.fetch_add(1, Ordering::Relaxed) + 1;
        let _ = std::fs::remove_file(&self.socket);
        let listener = UnixListener::bind(&self.socket).unwrap();
        let mut child = Command::new(reference_device())
            .env("BOOTRACK_EUI64", self.eui64)
            .env("BOOTRACK_STORE", &self.store)
            .env("BOOTRACK_RADIO", &self.socket)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let (stream, _) = listener.accept().unwrap();
        *self.radio.lock().unwrap() = Some(stream.try_clone().unwrap());
        let mut link = self.far_link.try_clone_native().unwrap();
        pump(self, || false, stream, move |octets| drop(link.write_all(octets)));
        let (mut stdout, stdin) = (child.stdout.take().unwrap(), child.stdin.take().unwrap());
        {
            let mut cable = self.cable.lock().unwrap();
            (cable.lines, cable.partial) = (0, Vec::new());
            // The first boot is the preparation's; a brown-out happens once.
            if boot == 2 {
                cable.fault = self.fault;
            }
        }
        self.power(Some((child, stdin)));
        let board = Arc::clone(self);
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            let is_this = || board.boots.load(Ordering::Relaxed) == boot;
            while let Ok(length @ 1..) = stdout.read(&mut buffer) {
                let fails = is_this() && board.cable.lock().unwrap().take(&buffer[..length]);
                if fails {
                    return board.boot();
                }
            }
            // A device that restarts by itself: its program has ended with status 0.
            let ended = board.running.lock().unwrap().as_mut().and_then(|(child, _)| child.wait().ok());
            if is_this() && ended.is_some_and(|status| status.success()) {
                board.boot();
            }
        });
    }

    /// Follows the words `on` and `off` that are written to the switch, until it is gone.
    fn follow(self: &Arc<Self>, switch: File) {
        for line in BufReader::new(switch).lines() {
            match line.unwrap().as_str() {
                _ if self.is_gone.load(Ordering::Relaxed) => return,
                "off" => self.power(None),
                _ => self.boot(),
            }
        }
    }

    /// Says what an earlier run left, while the board has no power, or without end.
    fn talk(&self) {
        for time in 0.. {
            let has_power = self.running.lock().unwrap().is_some();
            if self.is_gone.load(Ordering::Relaxed) || self.fault == Fault::StaleLog && (has_power || time > 2) {
                return;
            }
            self.cable.lock().unwrap().write(STALE);
            std::thread::sleep(Duration::from_millis(30));
        }
    }
}

impl Bench {
    /// A board with this address, 16 hex digits, and this fault. Faults of the lines behind the first ones come after the preparation.
    pub(crate) fn new(eui64: &'static str, fault: Fault) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::create_dir(path("store")).unwrap();
        assert!(Command::new("mkfifo").arg(path("switch")).status().unwrap().success());
        let ((far_line, line), (far_link, link)) = (pair(), pair());
        let is_early =
            [Fault::Dead, Fault::OtherBoard, Fault::OnlyStaleLog, Fault::StaleLog, Fault::Babble].contains(&fault);
        let hears = [&far_line, &far_link].map(|port| port.try_clone_native().unwrap());
        let is_unplugged = Arc::new(AtomicBool::new(false));
        let cable = Cable {
            line: Some(far_line),
            is_unplugged: Arc::clone(&is_unplugged),
            fault: if is_early { fault } else { Fault::None },
            lines: 0,
            partial: Vec::new(),
        };
        let board = Arc::new(Board {
            store: path("store"),
            socket: path("radio"),
            eui64,
            fault,
            running: Mutex::default(),
            boots: AtomicUsize::new(0),
            cable: Mutex::new(cable),
            radio: Mutex::default(),
            far_link,
            is_gone: AtomicBool::new(false),
        });
        let [hears_line, hears_link] = hears;
        let heard = Arc::clone(&board);
        let unplugged = Arc::clone(&is_unplugged);
        pump(&board, move || unplugged.load(Ordering::Relaxed), hears_line, move |octets| heard.hear(octets));
        let heard = Arc::clone(&board);
        pump(&board, || false, hears_link, move |octets| heard.hear_on_radio(octets));
        if matches!(fault, Fault::StaleLog | Fault::Babble) {
            let talks = Arc::clone(&board);
            std::thread::spawn(move || talks.talk());
        }
        // Open for both, so that it never ends: what is written between two openings would be lost.
        let switch = File::options().read(true).write(true).open(path("switch")).unwrap();
        let (follows, read) = (Arc::clone(&board), switch.try_clone().unwrap());
        std::thread::spawn(move || follows.follow(read));
        Self { folder, eui64, line, link, board, switch }
    }

    /// The table `[[board]]` of a testbed file for the board `name`, which should be this one; the cables lead to `cabled`.
    pub(crate) fn table(&self, name: &str, cabled: &Bench) -> String {
        let (line, link) = (cabled.line.name().unwrap(), cabled.link.name().unwrap());
        let switch = cabled.folder.path().join("switch");
        let hook = |word: &str| format!("[\"sh\", \"-c\", \"echo {word} > {}\"]", switch.display());
        format!(
            "[[board]]\nname = \"{name}\"\nserial = \"{line}\"\nradio = \"{link}\"\neui64 = \"{}\"\n\
             power = {{ on = {}, off = {} }}\n",
            self.eui64,
            hook("on"),
            hook("off")
        )
    }

    /// Switches it on, as if it had been on all the time.
    pub(crate) fn switch_on(&self) {
        self.board.boot();
    }

    /// The tester's end of the line of its radio.
    pub(crate) fn radio_device(&self) -> String {
        self.link.name().unwrap()
    }

    /// The tester's end of the line of UT/1.
    pub(crate) fn device(&self) -> String {
        self.line.name().unwrap()
    }
}
