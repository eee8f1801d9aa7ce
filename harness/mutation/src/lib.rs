//! Unbiased mutants at run time: sources that `bootrack-mutate` has rewritten ask here, at each mutated place, whether they are
//! to behave as written. What plays a case chooses one mutant, or has it recorded which places are reached.
//!
//! A place counts while the party under test runs, and nowhere else: the tester's stations are made of the same engines.
//! [`enter`] says that it runs now, on this thread. In a build from sources as they are nothing calls [`site`].

pub mod table;

use std::cell::{Cell, RefCell};

pub use table::Entry;

/// Nothing is chosen, or the party under test does not run.
const IDLE: u32 = 0;
/// Places are recorded.
const RECORDING: u32 = u32::MAX;

#[doc(hidden)]
pub extern crate alloc;

/// Who can be under test, and be a mutant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Party {
    /// The device.
    Device,
    /// A station of the tester: the commissioning tool.
    Station,
}

/// What a client alone does of the protocol engines, in files that server and client share: file and function, or all of a file.
const OF_CLIENTS: &[(&str, Option<&str>)] = &[
    ("coap/retransmitter.rs", None),
    ("credentials/subject.rs", None),
    ("dtls/connection.rs", Some("Connection::forget_clear_records")),
    ("dtls/record_layer.rs", Some("RecordLayer::forget_clear_records")),
    ("tls/key_exchange/ecdhe.rs", Some("check_server_key_exchange")),
    ("tls/key_exchange/ecdhe_ecdsa.rs", Some("offered")),
    ("tls/key_exchange/mod.rs", Some("check_client")),
    ("tls/key_exchange/mod.rs", Some("offers")),
];

impl Party {
    /// Whether it is made of the source that a mutant is in. The device is the server, the tool the client, and who sends a CoAP message
    /// again; what both have is the device's.
    pub fn has(self, entry: &Entry) -> bool {
        let is_listed = |file: &str| {
            let is_this = |function: &Option<&str>| function.is_none_or(|function| entry.function == function);
            OF_CLIENTS.iter().any(|(listed, function)| *listed == file && is_this(function))
        };
        let is_client = entry.file.strip_prefix("dut-firmware/protocols/src/").is_some_and(|file| {
            file.ends_with("/client.rs")
                || entry.function.contains("Client") && !entry.function.contains("Server")
                || is_listed(file)
        });
        match self {
            Self::Device => entry.file.starts_with("dut-firmware/") && !is_client,
            Self::Station => entry.file.starts_with("harness/") || is_client,
        }
    }
}

/// So much of the stack may the party under test use, in octets; whoever plays mutants has threads with twice as much.
pub const STACK_MAX: usize = 8 << 20;

/// What the party under test is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choice {
    /// The sources as they are.
    Original,
    /// The sources as they are; what is reached is recorded, and which mutant would have come to another value.
    Recorded,
    /// The mutant of this number, from 1.
    Mutant(u32),
}

thread_local! {
    static STATE: Cell<u32> = const { Cell::new(IDLE) };
    static CHOSEN: Cell<u32> = const { Cell::new(IDLE) };
    static PARTY: Cell<Party> = const { Cell::new(Party::Device) };
    static FUEL: Cell<u64> = const { Cell::new(u64::MAX) };
    static CRASHES: Cell<u32> = const { Cell::new(0) };
    /// Where the stack was when the party under test was entered.
    static STACK: Cell<usize> = const { Cell::new(0) };
    static MARKS: RefCell<Marks> = const { RefCell::new(Marks { reached: Vec::new(), differs: Vec::new() }) };
}

struct Marks {
    reached: Vec<bool>,
    differs: Vec<bool>,
}

/// What a recorded run came by.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Record {
    /// Mutants whose place was reached, in ascending order.
    pub reached: Vec<u32>,
    /// Those that would have come to another value there; of a mutant of which that is not known, every one that was reached.
    pub differs: Vec<u32>,
    /// Loops and functions that were entered.
    pub steps: u64,
}

/// Chooses what this party is made of, for all that runs on this thread from now on. It may enter so many loops and
/// functions; then it has run away, which is a crash.
pub fn choose(party: Party, choice: Choice, fuel: u64) {
    PARTY.set(party);
    let chosen = match choice {
        Choice::Original => IDLE,
        Choice::Recorded => RECORDING,
        Choice::Mutant(number) => number,
    };
    CHOSEN.set(chosen);
    STATE.set(IDLE);
    FUEL.set(fuel);
    CRASHES.set(0);
    MARKS.with_borrow_mut(|marks| {
        marks.reached.clear();
        marks.differs.clear();
    });
}

/// Whether a mutant or a recording of this party is chosen on this thread.
pub fn is_chosen(party: Party) -> bool {
    CHOSEN.get() != IDLE && PARTY.get() == party
}

/// Whether the party under test runs on this thread at this moment, with something chosen.
pub fn is_running() -> bool {
    STATE.get() != IDLE
}

/// How much of the fuel is left.
pub fn fuel() -> u64 {
    FUEL.get()
}

/// The party under test has crashed once more; how often it has by now.
pub fn crashed() -> u32 {
    CRASHES.set(CRASHES.get() + 1);
    CRASHES.get()
}

/// How often the party under test crashed since something was chosen.
pub fn crashes() -> u32 {
    CRASHES.get()
}

/// What was recorded since [`choose`] with this fuel.
pub fn recorded(fuel: u64) -> Record {
    let numbers = |marks: &[bool]| (0_u32..).zip(marks).filter(|(_, mark)| **mark).map(|(number, _)| number).collect();
    MARKS.with_borrow(|marks| Record {
        reached: numbers(&marks.reached),
        differs: numbers(&marks.differs),
        steps: fuel - FUEL.get(),
    })
}

/// The party under test runs until the guard is dropped.
#[must_use]
#[derive(Debug)]
pub struct Running(u32);

/// This party runs from now on, if `is_tested` says that it is the one under test.
pub fn enter(party: Party, is_tested: bool) -> Running {
    let before = STATE.get();
    STACK.set(stack());
    if is_tested && PARTY.get() == party {
        STATE.set(CHOSEN.get());
    }
    Running(before)
}

impl Drop for Running {
    fn drop(&mut self) {
        STATE.set(self.0);
    }
}

/// Which of the `count` mutants from the number `base` on is chosen: 1 for the first; 0 if none is.
#[inline(always)]
pub fn site(base: u32, count: u32) -> u32 {
    let state = STATE.get();
    if state.wrapping_sub(base) < count {
        return state - base + 1;
    }
    if state == RECORDING {
        record(base, count, u32::MAX);
    }
    0
}

/// Whether a statement, an arm or a condition is as written.
#[inline(always)]
pub fn keep(base: u32) -> bool {
    site(base, 1) == 0
}

/// The first value, or the one of the mutant that is chosen.
#[inline(always)]
pub fn pick<T: Copy + PartialEq, const N: usize>(base: u32, values: [T; N]) -> T {
    let state = STATE.get();
    let which = state.wrapping_sub(base);
    if (which as usize) < N - 1 {
        return values[which as usize + 1];
    }
    if state == RECORDING {
        let mut differing = 0;
        for (which, value) in values.iter().skip(1).enumerate() {
            differing |= u32::from(*value != values[0]) << which;
        }
        record(base, N as u32 - 1, differing);
    }
    values[0]
}

/// Whether the right side of `&&` or `||` decides, where `decides` says so of the original.
#[inline(always)]
pub fn branch(base: u32, decides: bool) -> bool {
    let state = STATE.get();
    if state == base {
        return !decides;
    }
    if state == RECORDING {
        // Where the right side is not looked at, nobody knows what it would have said.
        record(base, 1, u32::from(!decides));
    }
    decides
}

/// What the right side of `&&` or `||` said, where it decided; `otherwise` is what the mutant would have come to.
#[inline(always)]
pub fn decided(base: u32, otherwise: bool, said: bool) -> bool {
    if STATE.get() == RECORDING && said != otherwise {
        record(base, 1, 1);
    }
    said
}

/// A loop or a function is entered.
///
/// # Panics
/// If the party under test has used its fuel up: it runs away.
#[inline(always)]
pub fn tick() {
    if STATE.get() != IDLE {
        burn();
    }
}

#[inline(never)]
#[allow(clippy::panic, reason = "a device that runs away is stopped as one that crashes")]
fn burn() {
    match FUEL.get().checked_sub(1) {
        Some(left) if STACK.get().abs_diff(stack()) <= STACK_MAX => FUEL.set(left),
        // What is dropped while it crashes may use what it takes: a second panic would be the end of the program.
        _ if std::thread::panicking() => {}
        Some(_) => panic!("calls itself without end"),
        None => panic!("ran away"),
    }
}

/// About where the stack is.
#[inline(always)]
fn stack() -> usize {
    let here = 0_u8;
    std::ptr::from_ref(std::hint::black_box(&here)).addr()
}

#[cold]
#[inline(never)]
fn record(base: u32, count: u32, differing: u32) {
    MARKS.with_borrow_mut(|marks| {
        let length = (base + count) as usize;
        if marks.reached.len() < length {
            marks.reached.resize(length, false);
            marks.differs.resize(length, false);
        }
        for which in 0..count {
            let number = (base + which) as usize;
            marks.reached[number] = true;
            marks.differs[number] |= differing >> which & 1 != 0;
        }
    });
}

/// A value with a next and a last one; a duration has twice and half of it.
pub trait Step {
    /// The next one; the first after the last one.
    fn more(self) -> Self;
    /// The one before; the last before the first one.
    fn less(self) -> Self;
}

macro_rules! step {
    ($($number:ty)*) => {$(
        impl Step for $number {
            #[inline(always)]
            fn more(self) -> Self {
                self.wrapping_add(1)
            }

            #[inline(always)]
            fn less(self) -> Self {
                self.wrapping_sub(1)
            }
        }
    )*};
}
step!(u8 u16 u32 u64 u128 usize i8 i16 i32 i64 i128 isize);

impl Step for std::time::Duration {
    #[inline(always)]
    fn more(self) -> Self {
        self.saturating_mul(2)
    }

    #[inline(always)]
    fn less(self) -> Self {
        self / 2
    }
}

/// The next value.
#[inline(always)]
pub fn more<T: Step>(value: T) -> T {
    value.more()
}

/// The value before.
#[inline(always)]
pub fn less<T: Step>(value: T) -> T {
    value.less()
}

/// Either of two iterators: what a function returns, or what a mutant does.
#[derive(Debug)]
pub enum Either<A, B> {
    /// As written.
    Original(A),
    /// As the mutant has it.
    Mutant(B),
}

impl<T, A: Iterator<Item = T>, B: Iterator<Item = T>> Iterator for Either<A, B> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        match self {
            Self::Original(iterator) => iterator.next(),
            Self::Mutant(iterator) => iterator.next(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mutant_acts_only_while_the_party_under_test_runs() {
        choose(Party::Device, Choice::Mutant(5), 100);
        assert_eq!(site(5, 1), 0);
        {
            let _other_party = enter(Party::Station, true);
            assert_eq!(site(5, 1), 0);
            let _running = enter(Party::Device, true);
            assert_eq!((site(5, 1), site(4, 2), site(6, 3), site(1, 4)), (1, 2, 0, 0));
            assert_eq!(pick(4, [10, 20, 30]), 30);
            assert!(branch(5, false) && !branch(6, false));
        }
        assert_eq!(site(5, 1), 0);
        let _other = enter(Party::Device, false);
        assert_eq!(site(5, 1), 0);
        choose(Party::Device, Choice::Original, 0);
    }

    #[test]
    fn the_device_is_the_server() {
        let of = |file: &str, function: &str| {
            let line = format!("{file}\t1\t1\tclass\toperator\t{function}\ta\tb\t0");
            let entry = Entry::parse(1, &line).unwrap();
            (Party::Device.has(&entry), Party::Station.has(&entry))
        };
        assert_eq!(of("dut-firmware/node/src/device.rs", "Device::boot"), (true, false));
        assert_eq!(of("dut-firmware/protocols/src/dtls/client.rs", "Client::handle"), (false, true));
        assert_eq!(
            of("dut-firmware/protocols/src/tls/key_exchange/psk.rs", "<ClientSide for Client>::f"),
            (false, true)
        );
        assert_eq!(of("dut-firmware/protocols/src/tls/server.rs", "Server<C>::on_client_key_exchange"), (true, false));
        assert_eq!(of("dut-firmware/protocols/src/tls/key_exchange/mod.rs", "offers"), (false, true));
        assert_eq!(of("dut-firmware/protocols/src/tls/key_exchange/mod.rs", "choose"), (true, false));
        assert_eq!(of("dut-firmware/protocols/src/credentials/subject.rs", "subject_serial_number"), (false, true));
        assert_eq!(of("harness/authenticator/src/selective/begin.rs", "begin"), (false, true));
    }

    #[test]
    fn a_party_that_calls_itself_without_end_is_stopped() {
        #[allow(unconditional_recursion, reason = "that is the point")]
        fn without_end(depth: u64) -> u64 {
            tick();
            std::hint::black_box(without_end(depth + 1)) + depth
        }
        let play = || {
            choose(Party::Device, Choice::Mutant(1), u64::MAX);
            let _running = enter(Party::Device, true);
            std::panic::catch_unwind(|| without_end(0)).is_err()
        };
        let player = std::thread::Builder::new().stack_size(2 * STACK_MAX).spawn(play).unwrap();
        assert!(player.join().unwrap());
    }

    #[test]
    fn a_party_that_runs_away_is_stopped() {
        choose(Party::Device, Choice::Mutant(1), 3);
        tick();
        let running = enter(Party::Device, true);
        (0..3).for_each(|_| tick());
        assert_eq!(fuel(), 0);
        assert!(std::panic::catch_unwind(tick).is_err());
        drop(running);
        tick();
        choose(Party::Device, Choice::Original, 0);
    }
}
