//! A board whose chip has a debug probe: it begins with the chip, and what the chip logs belongs to the evidence.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use wire::radio_link::Message;

use super::error::RadioMissing;
use super::{Arrived, Attached, ConnectionError, Outbox, RadioPeer};
use crate::probe::{Probe, SharedProbe, follow};

/// The board behind its own connection, and the probe.
pub(super) struct ProbedBoard {
    board: Box<dyn Attached>,
    probe: SharedProbe,
    outbox: Outbox,
    lives: Arc<AtomicBool>,
}

impl Drop for ProbedBoard {
    fn drop(&mut self) {
        self.lives.store(false, Ordering::Relaxed);
    }
}

impl ProbedBoard {
    pub(super) fn new(board: Box<dyn Attached>, probe: SharedProbe, outbox: Outbox) -> Self {
        Self { board, probe, outbox, lives: Arc::new(AtomicBool::new(false)) }
    }
}

impl Attached for ProbedBoard {
    fn power_on(&mut self, life: u64) -> Result<(), ConnectionError> {
        if !self.board.starts_chip() {
            self.probe.with(Probe::start)?;
        }
        self.board.power_on(life)?;
        self.lives = Arc::new(AtomicBool::new(true));
        let outbox = self.outbox.clone();
        follow(self.probe.clone(), Arc::clone(&self.lives), move |line| {
            outbox.put(life, Arrived::Link(Message::Log(line), None))
        });
        Ok(())
    }

    fn power_off(&mut self) -> Result<(), ConnectionError> {
        self.lives.store(false, Ordering::Relaxed);
        self.board.power_off()?;
        if self.board.starts_chip() { Ok(()) } else { Ok(self.probe.with(Probe::hold)?) }
    }

    fn reset(&mut self) -> Result<bool, ConnectionError> {
        self.board.reset()
    }

    fn say(&mut self, octets: &[u8]) -> Result<(), ConnectionError> {
        self.board.say(octets)
    }

    fn tell(&mut self, message: Message) -> Result<(), ConnectionError> {
        self.board.tell(message)
    }

    fn ended(&mut self) -> Result<(), ConnectionError> {
        self.board.ended()
    }

    fn radio_is_connected(&self) -> Result<(), RadioMissing> {
        self.board.radio_is_connected()
    }

    fn radio_peer(&self) -> Option<RadioPeer> {
        self.board.radio_peer()
    }

    fn may_restart(&mut self) {
        self.board.may_restart();
    }

    fn process_id(&self) -> Option<u32> {
        self.board.process_id()
    }
}
