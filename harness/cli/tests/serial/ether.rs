//! The real air of a test: what a board's radio and a tester radio, each at the end of a pseudo-terminal, hear of each other.

use std::collections::BTreeSet;
use std::io::{ErrorKind, Read as _, Write as _};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serialport::{SerialPort as _, TTYPort};
use wire::Eui64;
use wire::ieee802154::{Header, LinkAddress};
use wire::radio_link::{Assembler, Message, Stamped, Status};
use wire::reader::Reader;

use crate::bench::pair;

/// The air between them; it is gone when this is dropped.
pub(crate) struct Ether {
    /// The tester's end of the tester radio's line.
    near: TTYPort,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    is_gone: AtomicBool,
    /// Addresses that the tester radio acknowledges for.
    imitated: Mutex<BTreeSet<Eui64>>,
    /// Frames of the tester radio that are lost on the way.
    losses: AtomicUsize,
    acknowledged: AtomicUsize,
    /// The tester radio restarts instead of sending the frame after so many.
    restarts_after: Mutex<Option<usize>>,
}

impl Drop for Ether {
    fn drop(&mut self) {
        self.state.is_gone.store(true, Ordering::Relaxed);
    }
}

impl Ether {
    /// Between the radio link of a board at `device` and a tester radio, which loses its first `losses` frames.
    pub(crate) fn new(device: &str, losses: usize) -> Self {
        let (far, near) = pair();
        let board = serialport::new(device, 115_200).open_native().unwrap();
        let state = Arc::new(State { losses: AtomicUsize::new(losses), ..State::default() });
        for (mut from, to, is_tester) in [
            (far.try_clone_native().unwrap(), board.try_clone_native().unwrap(), true),
            (board.try_clone_native().unwrap(), far.try_clone_native().unwrap(), false),
        ] {
            let (state, mut back, mut to) = (Arc::clone(&state), from.try_clone_native().unwrap(), to);
            from.set_timeout(Duration::from_millis(20)).unwrap();
            std::thread::spawn(move || {
                let (mut assembler, mut buffer) = (Assembler::default(), [0; 512]);
                while !state.is_gone.load(Ordering::Relaxed) {
                    let length = match from.read(&mut buffer) {
                        Ok(length) => length,
                        Err(error) if error.kind() == ErrorKind::TimedOut => continue,
                        Err(_) => return,
                    };
                    for octet in &buffer[..length] {
                        let Some(Stamped { message, .. }) = assembler.push(*octet) else { continue };
                        state.pass(message, is_tester, &mut back, &mut to);
                    }
                }
            });
        }
        // The far end stays open with its threads.
        Self { near, state }
    }

    pub(crate) fn tester_radio(&self) -> String {
        self.near.name().unwrap()
    }

    /// The tester radio restarts in place of sending its frame after so many.
    pub(crate) fn restarts_after(&self, frames: usize) {
        *self.state.restarts_after.lock().unwrap() = Some(frames);
    }

    /// Frames of the board that the tester radio acknowledged for somebody.
    pub(crate) fn acknowledged(&self) -> usize {
        self.state.acknowledged.load(Ordering::Relaxed)
    }
}

impl State {
    fn pass(&self, message: Message, is_tester: bool, back: &mut TTYPort, to: &mut TTYPort) {
        let send = |port: &mut TTYPort, message| {
            let _ = port.write_all(&Stamped { at: 0, message }.to_vec().unwrap());
        };
        match message {
            Message::Radio { eui64, receiver_on: true, .. } if is_tester => {
                self.imitated.lock().unwrap().insert(eui64);
            }
            Message::Transmit { handle, psdu } => {
                let mut left = self.restarts_after.lock().unwrap();
                if let Some(frames) = left.as_mut().filter(|_| is_tester) {
                    match frames.checked_sub(1) {
                        Some(fewer) => *frames = fewer,
                        None => {
                            *left = None;
                            return send(back, Message::Booted);
                        }
                    }
                }
                drop(left);
                let (_, header) = Header::parse(&mut Reader::new(&psdu)).unwrap();
                let receiver = match header.destination.link() {
                    Some(LinkAddress::Extended(eui64)) => Some(eui64),
                    _ => None,
                };
                let is_lost = is_tester
                    && self
                        .losses
                        .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1))
                        .is_ok();
                let is_heard = match receiver {
                    Some(eui64) if !is_tester => self.imitated.lock().unwrap().contains(&eui64),
                    _ => !is_lost,
                };
                let status = if is_heard || !header.ack_request { Status::Success } else { Status::NoAck };
                send(back, Message::Done { handle, status });
                if is_heard {
                    if !is_tester && receiver.is_some() {
                        self.acknowledged.fetch_add(1, Ordering::Relaxed);
                    }
                    send(to, Message::Received { rssi_dbm: -50, psdu });
                }
            }
            _ => {}
        }
    }
}
