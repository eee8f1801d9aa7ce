//! What people read of errors.

use std::time::Duration;

use rstest::rstest;

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
