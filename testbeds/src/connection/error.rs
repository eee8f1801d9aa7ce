//! Why boards outside of this process cannot be had, or do not do what they should.

use std::io;
use std::net::SocketAddr;
use std::ops::Range;
use std::path::PathBuf;

use super::air::BridgeError;
use super::exec::ProgramError;
use super::offset::OffsetError;
use super::prepare::PrepareError;
use super::qemu::EmulatorError;
use super::serial::SerialError;
use crate::probe::ProbeError;

/// Why a board outside of this process cannot be had, or does not do what it should.
#[derive(Debug, thiserror::Error)]
pub enum ConnectionError {
    /// What it is made of is not on this machine.
    #[error(transparent)]
    NotReady(#[from] NotReady),
    /// The debug probe on its chip, when the board was to be opened.
    #[error("board `{board}`: {source}")]
    Chip {
        /// The board.
        board: String,
        /// The probe's complaint.
        source: ProbeError,
    },
    /// The debug probe on its chip, later.
    #[error(transparent)]
    Probe(#[from] ProbeError),
    /// It cannot be brought to the state in which a case finds a new board, or it is another board.
    #[error("board `{board}` at {path}: {source}")]
    Unprepared {
        /// The board.
        board: String,
        /// The serial device.
        path: String,
        /// What is in the way.
        source: Box<PrepareError>,
    },
    /// Its serial line, or the hooks of a board at one.
    #[error(transparent)]
    Serial(#[from] SerialError),
    /// Its program.
    #[error(transparent)]
    Program(#[from] ProgramError),
    /// Its emulator.
    #[error(transparent)]
    Emulator(#[from] EmulatorError),
    /// The tester radio of a board on the real air cannot be listened to.
    #[error("the tester radio: {0}")]
    TesterRadio(#[source] SerialError),
    /// The tester radio of a board on the real air takes no orders.
    #[error("the tester radio at {path}: {source}")]
    TesterRadioDeaf {
        /// Its serial device.
        path: String,
        /// The system's reason.
        source: io::Error,
    },
    /// A message that the radio link cannot carry.
    #[error(transparent)]
    Message(#[from] wire::Error),
}

impl From<BridgeError> for ConnectionError {
    fn from(error: BridgeError) -> Self {
        Self::Program(error.into())
    }
}

impl From<OffsetError> for ConnectionError {
    fn from(error: OffsetError) -> Self {
        Self::Program(error.into())
    }
}

/// What a board is made of that is not on this machine.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotReady {
    /// The program of a board that is one.
    #[error("there is no program {}: the path is seen from where bootrack is called", .0.display())]
    Program(PathBuf),
    /// The firmware of an emulated board.
    #[error("there is no firmware at {}: ./ci/firmware builds it", .0.display())]
    Firmware(PathBuf),
}

/// Why the radio of a board is not connected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RadioMissing {
    /// A board without power has none.
    #[error("it has no power")]
    NoPower,
    /// Its program has not connected to the radio link.
    #[error("nobody is connected to its socket BOOTRACK_RADIO")]
    NotConnected,
    /// Its stack has never spoken at its bridge.
    #[error("no ZEP datagram of its stack has come")]
    Silent,
    /// No node of its simulation has a socket.
    #[error("no node of its simulation is at the ports {} to {}", .0.start, .0.end - 1)]
    NoNode(Range<u16>),
    /// Its stack was there.
    #[error("its stack is gone: nobody is at {0} any more")]
    Gone(SocketAddr),
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rstest::rstest;

    use super::super::hook::{self, HookError};
    use super::super::lock::LockError;
    use super::*;

    fn refused() -> io::Error {
        io::Error::other("refused")
    }

    fn words(command: &[&str]) -> HookError {
        let words: Vec<String> = command.iter().map(ToString::to_string).collect();
        hook::run(&words).unwrap_err()
    }

    fn tried() -> PrepareError {
        let within = Duration::from_secs(5);
        let silent = PrepareError::Silent { what: "`! booted`".to_owned(), within, heard: 3 };
        let (command, status) = ("hello".to_owned(), "nothing".to_owned());
        PrepareError::NeverUp {
            tried: vec![
                ("started", silent),
                ("started once more", PrepareError::Refused { command, status }),
                ("flashed anew", SerialError::from(ProbeError::NoFirmware).into()),
            ],
        }
    }

    /// Reports, logs and the evidence of lost boards have these texts.
    #[rstest]
    #[case(NotReady::Program("./device".into()), "there is no program ./device: the path is seen from where bootrack is called")]
    #[case(NotReady::Firmware("a.elf".into()), "there is no firmware at a.elf: ./ci/firmware builds it")]
    #[case(
        ConnectionError::Chip { board: "dut".to_owned(), source: ProbeError::NoFirmware },
        "board `dut`: the testbed file names no `firmware`"
    )]
    #[case(
        ConnectionError::Unprepared { board: "dut".to_owned(), path: "/dev/ttyACM0".to_owned(), source: Box::new(tried()) },
        "board `dut` at /dev/ttyACM0: it does not come up; started: no `! booted` within 5 s, but 3 octets; \
         started once more: it answers `nothing` to `hello`; flashed anew: the testbed file names no `firmware`"
    )]
    #[case(SerialError::from(words(&[])), "an empty command")]
    #[case(SerialError::from(words(&["/does/not/exist", "on"])), "`/does/not/exist on` does not start: No such file or directory (os error 2)")]
    #[case(
        SerialError::from(words(&["sh", "-c", "echo first >&2; echo no relay >&2; exit 3"])),
        "`sh -c echo first >&2; echo no relay >&2; exit 3` failed: exit status: 3; no relay"
    )]
    #[case(SerialError::Line(refused()), "its serial line: refused")]
    #[case(
        SerialError::Unplugged { path: "/dev/ttyACM0".to_owned() },
        "its serial line /dev/ttyACM0 is gone: unplugged?"
    )]
    #[case(ProgramError::Start(refused()), "`setpriv` does not start: refused; it is part of util-linux")]
    #[case(ProgramError::from(BridgeError::Send(refused())), "the air bridge: refused")]
    #[case(
        OffsetError::Held(LockError::Held { resource: "port offset 3".to_owned(), holder: "one run".to_owned() }),
        "no port offset of OpenThread's simulation is free; of the last: port offset 3 is in use by one run"
    )]
    #[case(
        EmulatorError::DoesNotRun { program: "qemu".into(), complaint: "no machine".to_owned() },
        "qemu does not run: no machine"
    )]
    #[case(
        ConnectionError::TesterRadioDeaf { path: "/dev/ttyACM1".to_owned(), source: refused() },
        "the tester radio at /dev/ttyACM1: refused"
    )]
    #[case(RadioMissing::NoNode(9001..9034), "no node of its simulation is at the ports 9001 to 9033")]
    fn errors_say_what_is_wrong_and_where(#[case] error: impl std::error::Error, #[case] expected: &str) {
        assert_eq!(error.to_string(), expected);
    }
}
