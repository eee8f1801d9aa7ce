//! A board of a rack: power, a boot delay, a store that outlives both, and the firmware (or a fake) that runs on it; or what is
//! attached to the rack instead.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use mutation::Party;
use node::{Device, Hardware, Input, Output};
use protocols::time::Instant;
use rand_chacha::ChaCha12Rng;
use rand_core::Rng as _;
use wire::Eui64;
use wire::ieee802154::PanId;

use super::config::BoardKind;
use super::fakes::{FakeDevice, Progress};
use super::flash::Flash;
use super::presence::Presence;
use crate::clock::BoardClock;
use crate::connection::{Attached, Connection, ConnectionError, Outbox, RadioMissing, RadioPeer, Receivers, Site};

/// The board in which mutants act.
const UNDER_TEST: &str = "dut";

/// A board in a rack.
pub(crate) struct Board {
    pub(crate) name: String,
    pub(crate) kind: BoardKind,
    /// Its radio in the medium.
    pub(crate) radio: usize,
    pub(crate) powered: bool,
    /// Counts boots, power cycles and resets: what was scheduled before the last one is void.
    pub(crate) epoch: u64,
    /// Octets of a line of the serial line that has not ended yet.
    pub(crate) partial: Vec<u8>,
    /// Its clock on the rack's, of a board outside of this process.
    pub(crate) clock: BoardClock,
    /// What is known of its radio, of a board outside of this process.
    pub(crate) presence: Option<Presence>,
    /// What it is, of a board outside of this process.
    attached: Option<Box<dyn Attached>>,
    firmware: Option<Firmware>,
    flash: Flash,
    /// Records that it had written when it was last stopped.
    writes: u64,
    /// So often its firmware panicked.
    pub(crate) crashes: u32,
    progress: Progress,
    entropy: ChaCha12Rng,
    site: (u8, PanId),
    /// Unbiased mutants act in it, in a build that has them.
    pub(crate) is_tested: bool,
}

enum Firmware {
    Device(Box<Device>),
    Fake(Box<FakeDevice>),
}

/// Why a board is lost.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Lost {
    /// Its firmware panicked, with this message.
    #[error("its firmware panicked: {0}")]
    Panicked(String),
    /// Its process or its lines broke, of a board outside of this process.
    #[error(transparent)]
    Attached(Box<ConnectionError>),
}

impl From<ConnectionError> for Lost {
    fn from(error: ConnectionError) -> Self {
        Self::Attached(Box::new(error))
    }
}

impl Board {
    pub(crate) fn new(name: String, kind: BoardKind, radio: usize, entropy: ChaCha12Rng, site: (u8, PanId)) -> Self {
        let powered = kind == BoardKind::TesterRadio;
        let is_tested = name == UNDER_TEST;
        Self {
            name,
            kind,
            radio,
            powered,
            epoch: 0,
            partial: Vec::new(),
            clock: BoardClock::default(),
            presence: None,
            attached: None,
            firmware: None,
            flash: Flash::default(),
            writes: 0,
            crashes: 0,
            progress: Progress::default(),
            entropy,
            site,
            is_tested,
        }
    }

    /// Makes a board of kind [`BoardKind::Attached`] what it is.
    pub(crate) fn attach(
        &mut self,
        connection: &Connection,
        neighbours: &[Eui64],
        outbox: Outbox,
    ) -> Result<(), ConnectionError> {
        if let BoardKind::Attached(eui64) = self.kind {
            let mut entropy = [0; 32];
            self.entropy.fill_bytes(&mut entropy);
            let neighbours = neighbours.iter().filter(|other| **other != eui64).copied().collect();
            let (channel, PanId(pan_id)) = self.site;
            let receivers = Receivers::default();
            self.presence = Some(Presence::new(connection, eui64, Receivers::clone(&receivers)));
            let site = Site { channel, pan_id, eui64, neighbours, receivers };
            self.attached = Some(connection.open(&self.name, eui64, entropy, site, outbox)?);
        }
        Ok(())
    }

    /// The process of a board that is one and has power.
    pub(crate) fn process_id(&self) -> Option<u32> {
        self.attached.as_ref()?.process_id()
    }

    /// Whether its radio is connected.
    pub(crate) fn radio_is_connected(&self) -> Result<(), RadioMissing> {
        self.attached.as_ref().map_or(Ok(()), |attached| attached.radio_is_connected())
    }

    /// Who is at its bridge.
    pub(crate) fn radio_peer(&self) -> Option<RadioPeer> {
        self.attached.as_ref()?.radio_peer()
    }

    /// It was asked to start anew.
    pub(crate) fn may_restart(&mut self) {
        if let Some(attached) = &mut self.attached {
            attached.may_restart();
        }
    }

    /// A line of an attached board has ended: whether it restarts by itself.
    pub(crate) fn ended(&mut self) -> Result<(), ConnectionError> {
        self.attached.as_mut().map_or(Ok(()), |attached| attached.ended())
    }

    /// Pulls the reset line of an attached board that runs; whether it has one.
    pub(crate) fn reset(&mut self) -> Result<bool, ConnectionError> {
        let Some(attached) = &mut self.attached else { return Ok(false) };
        self.partial.clear();
        attached.reset()
    }

    /// The first instruction after power-on, reset or reboot.
    pub(crate) fn boot(&mut self, now: Instant) -> Result<(), Lost> {
        if let Some(attached) = &mut self.attached {
            return Ok(attached.power_on(self.epoch)?);
        }
        let mut entropy_seed = [0; 32];
        self.entropy.fill_bytes(&mut entropy_seed);
        self.firmware = match self.kind {
            BoardKind::Firmware { eui64, mutant, variant } => {
                let (flash, hardware) = (&self.flash, Hardware { eui64, entropy_seed });
                let _running = mutation::enter(Party::Device, self.is_tested);
                let device = guarded(|| Device::boot_varied(hardware, flash.load(), now, mutant, variant))?;
                Some(Firmware::Device(Box::new(device)))
            }
            BoardKind::Fake(fake, eui64) => {
                let device = FakeDevice::boot(fake, eui64, self.site, entropy_seed, self.progress, now);
                Some(Firmware::Fake(Box::new(device)))
            }
            BoardKind::TesterRadio | BoardKind::Attached(_) => None,
        };
        Ok(())
    }

    /// Stops the firmware; what it stored is kept.
    ///
    /// # Errors
    /// Why an attached board cannot be stopped.
    pub(crate) fn stop(&mut self) -> Result<(), Lost> {
        self.epoch += 1;
        self.clock = BoardClock::default();
        match self.firmware.take() {
            Some(Firmware::Device(device)) => {
                let _running = mutation::enter(Party::Device, self.is_tested);
                let flash = &mut self.flash;
                let written = guarded(|| {
                    let writes = device.writes();
                    flash.save(&device.into_store());
                    writes
                });
                match written {
                    Ok(writes) => self.writes = writes,
                    // Of a mutant that cannot even say what it keeps, what it kept before is there.
                    Err(_) if mutation::is_running() => {}
                    Err(lost) => return Err(lost),
                }
            }
            Some(Firmware::Fake(fake)) => self.progress = fake.progress(),
            None => {}
        }
        Ok(self.attached.as_mut().map_or(Ok(()), |attached| attached.power_off())?)
    }

    /// Records that it had written when it was last stopped.
    pub(crate) fn writes(&self) -> u64 {
        self.writes
    }

    /// Hands an input to the firmware if it runs.
    pub(crate) fn handle(&mut self, now: Instant, input: Input<'_>) -> Result<(), Lost> {
        if let Some(attached) = &mut self.attached {
            let told = match (input, input.to_link()) {
                (Input::UpperTester(octets), _) => attached.say(octets),
                (_, Some(message)) => attached.tell(message),
                (_, None) => Ok(()),
            };
            return Ok(told?);
        }
        let _running = mutation::enter(Party::Device, self.is_tested);
        match &mut self.firmware {
            Some(Firmware::Device(device)) => guarded(|| device.handle(now, input)),
            Some(Firmware::Fake(fake)) => {
                fake.handle(now, input);
                Ok(())
            }
            None => Ok(()),
        }
    }

    pub(crate) fn poll(&mut self, now: Instant) -> Result<Option<Output>, Lost> {
        let _running = mutation::enter(Party::Device, self.is_tested);
        match &mut self.firmware {
            Some(Firmware::Device(device)) => guarded(|| device.poll(now)),
            Some(Firmware::Fake(fake)) => Ok(fake.poll(now)),
            None => Ok(None),
        }
    }

    pub(crate) fn deadline(&self) -> Result<Option<Instant>, Lost> {
        let _running = mutation::enter(Party::Device, self.is_tested);
        match self.firmware.as_ref() {
            Some(Firmware::Device(device)) => guarded(|| device.deadline()),
            Some(Firmware::Fake(fake)) => Ok(fake.deadline()),
            None => Ok(None),
        }
    }
}

thread_local! {
    static FIRMWARE_RUNS: Cell<bool> = const { Cell::new(false) };
}

/// Whether the firmware of a virtual board is what runs in this thread: its panic is evidence of a run, and no fault of the program.
pub fn firmware_runs() -> bool {
    FIRMWARE_RUNS.get()
}

/// Firmware that panics is the firmware's doing, not the end of the run.
fn guarded<T>(run: impl FnOnce() -> T) -> Result<T, Lost> {
    FIRMWARE_RUNS.set(true);
    let done = catch_unwind(AssertUnwindSafe(run));
    FIRMWARE_RUNS.set(false);
    done.map_err(|payload| {
        let text = payload.downcast_ref::<String>().cloned();
        let text = text.or_else(|| payload.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        Lost::Panicked(text.unwrap_or_else(|| "no message".to_owned()))
    })
}
