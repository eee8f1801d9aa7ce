//! The device as its owner sees it: boot, handle, poll, deadline. It routes between the floors and owns no rule.

mod commands;

use core::time::Duration;

use protocols::time::Instant;
use wire::upper_tester::{Arguments, LineAssembler};

use crate::interface::{Hardware, Input, Output};
use crate::life::Life;
use crate::mechanism::{Context, Taken};
use crate::mutants::{Chosen, Mutant};
use crate::registry::{Charge, Sections, Services};
use crate::stack::{Site, Stack};
use crate::store::Store;

/// A factory reset waits so long at most for its last frames to leave.
const FAREWELL: Duration = Duration::from_millis(500);

/// A device between two boots.
pub struct Device {
    stack: Stack,
    charge: Charge,
    services: Services,
    life: Life,
    /// What mechanisms keep that are not in charge.
    asleep: Sections,
    mutants: Chosen,
    assembler: LineAssembler,
    reboot_by: Option<Instant>,
    /// The radio of a variant is on from then.
    #[cfg(feature = "mutants")]
    starts_at: Option<Instant>,
}

impl Device {
    /// Boots with what the store holds; an installed device starts by itself.
    pub fn boot(hardware: Hardware, store: Store, now: Instant, mutant: Option<Mutant>) -> Self {
        Self::boot_chosen(hardware, store, now, Chosen::new(mutant))
    }

    /// The same in a variant: a device that is right and different, but for the mutant.
    #[cfg(feature = "mutants")]
    pub fn boot_varied(
        hardware: Hardware,
        store: Store,
        now: Instant,
        mutant: Option<Mutant>,
        variant: Option<&'static crate::variants::Variant>,
    ) -> Self {
        Self::boot_chosen(hardware, store, now, Chosen::new(mutant).varied(variant))
    }

    fn boot_chosen(hardware: Hardware, store: Store, now: Instant, mutants: Chosen) -> Self {
        let Store { mut flash, given, kept, mechanisms: mut asleep, tasks, heard } = store;
        let life = Life::boot(&mut flash, given, tasks, mutants.life);
        let site = life.given.installation.as_ref().map(Site::from);
        let mut stack = Stack::boot(&hardware, now, flash, (kept, heard), site, mutants.stack);
        #[cfg(feature = "mutants")]
        stack.slip_with(crate::slips::Slips::new(mutants.slip));
        let mut cx = Context { now, stack: &mut stack, given: &life.given, unix_time_at_zero: life.unix_time_at_zero };
        let charge = Charge::boot(life.given.mechanism.as_deref(), &mut asleep, mutants, &mut cx);
        let services = Services::boot(&mut asleep, mutants, &mut cx);
        let mut device = Self {
            stack,
            charge,
            services,
            life,
            asleep,
            mutants,
            assembler: LineAssembler::default(),
            reboot_by: None,
            #[cfg(feature = "mutants")]
            starts_at: None,
        };
        let state = device.state();
        device.stack.tell.event(now, "booted", Arguments::default().with("state", state));
        #[cfg(feature = "mutants")]
        if device.start_after(now, mutants.life.free().boot_delay()) {
            return device;
        }
        device.stack.start(now);
        device
    }

    /// Takes one input. An owner then polls until `None`.
    pub fn handle(&mut self, now: Instant, input: Input<'_>) {
        match input {
            Input::Frame { psdu, .. } if self.stack.is_running() => self.stack.receive_frame(now, psdu),
            Input::Backbone(packet) if self.stack.is_running() => self.stack.receive_backbone(now, packet),
            Input::TransmitDone { handle, status } => self.stack.transmit_done(now, handle, status),
            Input::UpperTester(octets) => {
                for line in self.assembler.extend(octets).into_iter().flatten() {
                    self.receive_line(now, &line);
                }
            }
            Input::Frame { .. } | Input::Backbone(_) => {}
        }
        self.route(now);
        self.note_buffers();
    }

    /// The next thing to do, what has become due included; to be called until it returns `None`, or [`Output::Reboot`].
    pub fn poll(&mut self, now: Instant) -> Option<Output> {
        self.next_output(now).or_else(|| {
            self.run_what_is_due(now);
            self.next_output(now)
        })
    }

    /// When `poll` must be called next, if nothing is handed in before.
    pub fn deadline(&self) -> Option<Instant> {
        let always = [self.reboot_by, self.stack.deadline()];
        #[cfg(feature = "mutants")]
        let always = [always[0], always[1], self.starts_at, self.stack.tell.late()];
        let running = || [self.charge.deadline(&self.stack), self.services.deadline(&self.stack), self.life.deadline()];
        let running = self.stack.is_running().then(running);
        always.into_iter().chain(running.into_iter().flatten()).flatten().min()
    }

    /// Takes the store out: what is left when the power goes.
    pub fn into_store(self) -> Store {
        self.store()
    }

    /// The store as it is now. A board asks [`Device::writes`] whether there is anything to write.
    pub fn store(&self) -> Store {
        let mut mechanisms = self.asleep.clone();
        self.charge.save(&mut mechanisms);
        self.services.save(&mut mechanisms);
        Store {
            flash: self.stack.flash,
            given: self.life.given.clone(),
            kept: self.stack.kept().clone(),
            mechanisms,
            tasks: self.life.tasks.clone(),
            heard: self.stack.heard().clone(),
        }
    }

    /// Records written to the store since it was new.
    pub fn writes(&self) -> u64 {
        self.stack.flash.writes
    }

    /// Whether the power went at a write: for tests on the host.
    #[cfg(feature = "mutants")]
    pub fn power_is_gone(&self) -> bool {
        self.stack.flash.power_is_gone()
    }

    fn next_output(&mut self, now: Instant) -> Option<Output> {
        #[cfg(feature = "mutants")]
        self.stack.tell.tell_late(now);
        if let Some(output) = self.stack.tell.next() {
            return Some(output);
        }
        #[cfg(feature = "mutants")]
        if self.reboot_by.is_some() && self.stack.tell.late().is_some() {
            return self.stack.next_frame(now);
        }
        let is_idle = self.stack.is_idle();
        if self.reboot_by.take_if(|by| *by <= now || is_idle).is_some() {
            return Some(Output::Reboot);
        }
        self.stack.next_frame(now)
    }

    /// Leaves the radio off for a while; `false` if it is to be on at once.
    #[cfg(feature = "mutants")]
    fn start_after(&mut self, now: Instant, delay: Duration) -> bool {
        self.starts_at = (!delay.is_zero() && self.life.given.installation.is_some()).then(|| now + delay);
        self.starts_at.is_some()
    }

    fn run_what_is_due(&mut self, now: Instant) {
        #[cfg(feature = "mutants")]
        if self.starts_at.take_if(|at| *at <= now).is_some() && !self.stack.is_running() {
            self.stack.start(now);
        }
        if !self.stack.is_running() {
            return;
        }
        self.stack.poll(now);
        self.route(now);
        let (charge, services, mut cx) = self.above(now);
        charge.poll(&mut cx);
        services.poll(&mut cx);
        self.route(now);
        self.life.poll(now, &mut self.stack, self.reboot_by.is_some());
        self.note_buffers();
    }

    /// Hands what the stack has for others to the mechanism in charge, then to services.
    fn route(&mut self, now: Instant) {
        while let Some(input) = self.stack.next_input(now) {
            let (charge, services, mut cx) = self.above(now);
            let is_taken =
                charge.handle(&mut cx, &input) == Taken::Yes || services.handle(&mut cx, &input) == Taken::Yes;
            if !is_taken || self.life.tells_of_served() {
                self.stack.unclaimed(now, &input);
            }
        }
    }

    /// What stands on the stack, with what it works with.
    fn above(&mut self, now: Instant) -> (&mut Charge, &mut Services, Context<'_>) {
        let Self { stack, charge, services, life, .. } = self;
        let unix_time_at_zero = life.unix_time_at_zero;
        (charge, services, Context { now, stack, given: &life.given, unix_time_at_zero })
    }

    fn note_buffers(&mut self) {
        let octets = self.stack.buffered();
        self.charge.note_buffers(octets);
        self.services.note_buffers(octets);
    }

    /// The lifecycle state, as `wire::upper_tester` names it.
    fn state(&self) -> &'static str {
        if self.stack.kept().is_keyed() {
            "secured"
        } else if self.charge.is_joining() {
            "joining"
        } else if self.life.given.installation.is_some() {
            "installed"
        } else if self.life.given.anchor.is_some() {
            "manufactured"
        } else {
            "factory"
        }
    }
}
