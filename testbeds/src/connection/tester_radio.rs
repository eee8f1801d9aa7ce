//! A board on the real air, and a tester radio within its reach that joins that air to the rack's: a second board with our firmware,
//! whose radio is lent over the radio link.
//!
//! What the rack's boards send to this one, the tester radio sends; what this one sends, the medium sends for it. The tester radio
//! imitates the rack's boards and acknowledges for them; the medium acknowledges for this board, before the real one has. A frame
//! that the real one never acknowledged is told in the board's log.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serialport::TTYPort;
use wire::Eui64;
use wire::ieee802154::{Header, LinkAddress, PanId};
use wire::radio_link::{Assembler, Message, Stamped, Status};
use wire::reader::Reader;

use super::error::RadioMissing;
use super::lines::read_all;
use super::serial::{self, SerialError};
use super::{Arrived, Attached, ConnectionError, Outbox, RadioPeer, Site};

/// USB serial lines have no speed.
const BAUD: u32 = 115_200;
/// The addresses that a tester radio imitates at most: those of `dut-firmware/boards/nrf52840-dk`.
const IMITATED: usize = 8;

/// The board behind its own connection, and the tester radio.
pub(super) struct BoardOnAir {
    board: Box<dyn Attached>,
    path: String,
    eui64: Eui64,
    site: Site,
    outbox: Outbox,
    port: Option<TTYPort>,
    imitated: BTreeSet<Eui64>,
    handle: u32,
    lives: Arc<AtomicBool>,
}

impl Drop for BoardOnAir {
    fn drop(&mut self) {
        self.lives.store(false, Ordering::Relaxed);
    }
}

/// The sender of a frame.
fn source(psdu: &[u8]) -> Option<Eui64> {
    let (_, header) = Header::parse(&mut Reader::new(psdu)).ok()?;
    match header.source.link()? {
        LinkAddress::Extended(eui64) => Some(eui64),
        LinkAddress::Short(_) => None,
    }
}

impl BoardOnAir {
    pub(super) fn new(board: Box<dyn Attached>, path: &str, eui64: Eui64, site: Site, outbox: Outbox) -> Self {
        let lives = Arc::new(AtomicBool::new(false));
        let (path, imitated) = (path.to_owned(), BTreeSet::new());
        Self { board, path, eui64, site, outbox, port: None, imitated, handle: 0, lives }
    }

    fn order(&mut self, message: Message) -> Result<(), ConnectionError> {
        let octets = Stamped { at: 0, message }.to_vec()?;
        let Self { port: Some(port), path, .. } = self else { return Ok(()) };
        port.write_all(&octets).map_err(|source| ConnectionError::TesterRadioDeaf { path: path.clone(), source })
    }

    /// The tester radio acknowledges for one more board of the rack.
    fn imitate(&mut self, eui64: Eui64) -> Result<(), ConnectionError> {
        if self.imitated.len() >= IMITATED || !self.imitated.insert(eui64) {
            return Ok(());
        }
        let Site { channel, pan_id, .. } = self.site;
        self.order(Message::Radio { channel, pan_id: PanId(pan_id), eui64, receiver_on: true })
    }

    /// A thread that takes what the tester radio hears.
    fn listen(&mut self, life: u64) -> Result<(), ConnectionError> {
        let mut port = serial::open(&self.path, BAUD).map_err(ConnectionError::TesterRadio)?;
        // What it said before: of its boot, and of frames that it heard for somebody else. It may go on and on.
        let _ = serial::drain(&mut port);
        let reading = port.try_clone_native().map_err(SerialError::Reader)?;
        self.port = Some(port);
        self.lives = Arc::new(AtomicBool::new(true));
        let (lives, outbox, eui64) = (Arc::clone(&self.lives), self.outbox.clone(), self.eui64);
        std::thread::spawn(move || {
            let (mut assembler, mut handle) = (Assembler::default(), 0u32);
            let mut take = |message| {
                let lost = |reason: String| Arrived::Lost(format!("the tester radio {reason}"));
                let told = |message| Arrived::Link(message, None);
                let arrived = match message {
                    Message::Received { psdu, .. } if source(&psdu) == Some(eui64) => {
                        handle = handle.wrapping_add(1);
                        told(Message::Transmit { handle, psdu })
                    }
                    Message::Done { status: Status::NoAck, handle } => told(Message::Log(format!(
                        "the tester radio: frame {handle} was never acknowledged on the real air"
                    ))),
                    Message::Done { status: Status::ChannelAccessFailure, handle } => {
                        told(Message::Log(format!("the tester radio: frame {handle} found the real air never clear")))
                    }
                    Message::Booted => lost("has started anew".to_owned()),
                    Message::Panicked(reason) => lost(format!("has panicked: {reason}")),
                    // Of strangers, or nothing that matters.
                    _ => return true,
                };
                outbox.put(life, arrived)
            };
            read_all(reading, |octets| {
                let messages = octets.iter().filter_map(|octet| assembler.push(*octet)).collect::<Vec<_>>();
                lives.load(Ordering::Relaxed) && messages.into_iter().all(|Stamped { message, .. }| take(message))
            });
            if lives.load(Ordering::Relaxed) {
                outbox.put(life, Arrived::Lost("the tester radio is gone: unplugged?".to_owned()));
            }
        });
        Ok(())
    }
}

impl Attached for BoardOnAir {
    fn power_on(&mut self, life: u64) -> Result<(), ConnectionError> {
        self.imitated.clear();
        self.listen(life)?;
        let neighbours = self.site.neighbours.clone();
        neighbours.into_iter().try_for_each(|neighbour| self.imitate(neighbour))?;
        self.board.power_on(life)?;
        // Its radio's filter, as the medium shall have it.
        let Site { channel, pan_id, .. } = self.site;
        let radio = Message::Radio { channel, pan_id: PanId(pan_id), eui64: self.eui64, receiver_on: true };
        self.outbox.put(life, Arrived::Link(radio, None));
        Ok(())
    }

    fn power_off(&mut self) -> Result<(), ConnectionError> {
        self.lives.store(false, Ordering::Relaxed);
        self.port = None;
        self.board.power_off()
    }

    fn reset(&mut self) -> Result<bool, ConnectionError> {
        self.board.reset()
    }

    fn say(&mut self, octets: &[u8]) -> Result<(), ConnectionError> {
        self.board.say(octets)
    }

    fn tell(&mut self, message: Message) -> Result<(), ConnectionError> {
        match message {
            Message::Received { psdu, .. } => {
                if let Some(source) = source(&psdu) {
                    self.imitate(source)?;
                }
                self.handle = self.handle.wrapping_add(1);
                self.order(Message::Transmit { handle: self.handle, psdu })
            }
            // Of frames that the board sent long ago.
            Message::Done { .. } => Ok(()),
            message => self.board.tell(message),
        }
    }

    fn ended(&mut self) -> Result<(), ConnectionError> {
        self.board.ended()
    }

    fn starts_chip(&self) -> bool {
        self.board.starts_chip()
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
