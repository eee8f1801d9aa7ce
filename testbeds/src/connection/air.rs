//! Air bridges: the radios of foreign stacks on the rack's air. A stack that believes to speak with a dispatcher of ZEP datagrams
//! (RIOT's `native` board), or with the other nodes of OpenThread's simulation, speaks with the medium.
//!
//! Such a stack has an address filter, acknowledgements and retries of its own. If it [acknowledges itself](Acknowledges::Itself), it
//! is handed every frame, its acknowledgements come onto the air as they are, and what it sends is sent once. If the
//! [medium does it](Acknowledges::Medium), its acknowledgements are left out; it hears broadcasts and what goes to the extended
//! address that it sent from last. Either way it is told by an acknowledgement that what it sent was acknowledged.
//!
//! Who its stack is, a bridge is told or finds out: see `peer`.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, UdpSocket};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use protocols::mac::address_filter::filter;
use protocols::mac::timing::{MAX_RETRIES, TURNAROUND};
use wire::Eui64;
use wire::ieee802154::{Address, FCS_LENGTH, FrameType, Header, LinkAddress, PanId, append_fcs};
use wire::radio_link::{Message, Status};
use wire::reader::Reader;
use wire::zep::{self, Mode};

use super::error::RadioMissing;
use super::offset::PortOffset;
use super::peer::{Expected, Peers};
use super::{Arrived, Outbox, Site, told_at};
use crate::sniffer::openthread;
use crate::sniffer::zep::NTP_TO_UNIX;

/// What a stack takes its radio for, and what it does by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bridge {
    /// The datagrams that it sends.
    pub protocol: Protocol,
    /// Who acknowledges what is sent to it.
    pub acknowledges: Acknowledges,
    /// How long, in real time, an acknowledgement of its own may take; a frame without one was not delivered.
    pub acknowledges_within: Duration,
    /// Which of those that send datagrams it is, if the testbed file says so.
    pub peer: Option<Expected>,
}

/// The datagrams of a bridge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// A dispatcher of ZEP, version 2, at the address of `BOOTRACK_ZEP`.
    Zep,
    /// The group of OpenThread's simulation at the offset of `PORT_OFFSET`, where the medium is node 0.
    OpenThread,
}

/// Who acknowledges frames to a stack behind a bridge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Acknowledges {
    /// The stack, which filters by itself: its acknowledgement is the proof of delivery.
    #[default]
    Itself,
    /// The medium, as soon as the frame has reached the bridge: for a stack that acknowledges nothing.
    Medium,
}

/// Why a bridge cannot be opened, or takes no datagram.
#[derive(Debug, thiserror::Error)]
pub enum BridgeError {
    /// The socket that ZEP datagrams come to.
    #[error("socket for ZEP: {0}")]
    Zep(#[source] io::Error),
    /// The group of a simulation cannot be joined.
    #[error("the simulation's group: {0}")]
    Group(#[source] io::Error),
    /// A simulation whose group is nowhere.
    #[error("a simulation without a port offset")]
    NoOffset,
    /// The system refuses what an open socket needs.
    #[error(transparent)]
    Socket(#[from] io::Error),
    /// A datagram cannot be sent.
    #[error("the air bridge: {0}")]
    Send(#[source] io::Error),
    /// A frame that no datagram of the protocol can carry.
    #[error(transparent)]
    Frame(#[from] wire::Error),
}

/// How often a bridge looks whether its board still has power, and its stack its socket.
const READS_FOR: Duration = Duration::from_millis(50);
/// A frame that its stack was told had been acknowledged must get there, though boards that do not hear each other send at the same
/// time: so often it is tried again.
const RETRIES_OF_A_PROMISE: u32 = 60;
/// The device number of the medium in its datagrams.
const MEDIUM: u16 = 0xb007;
/// A frame is heard as well as can be.
const LQI: u8 = 255;

/// An open bridge; it is closed when this is dropped.
pub(super) struct OpenBridge {
    bridge: Bridge,
    socket: UdpSocket,
    /// Variables for the environment of the stack.
    pub(super) environment: (&'static str, String),
    state: Arc<Mutex<State>>,
    lives: Arc<AtomicBool>,
}

impl Drop for OpenBridge {
    fn drop(&mut self) {
        self.lives.store(false, Ordering::Relaxed);
    }
}

/// What a bridge knows of its stack.
#[derive(Debug)]
struct State {
    peers: Peers,
    /// Where datagrams for the stack go: the peer, or the group.
    group: Option<SocketAddr>,
    channel: u8,
    radio: Option<(u8, PanId, Eui64)>,
    handle: u32,
    /// Sequence numbers of frames that ask for an acknowledgement, by handle.
    waiting: BTreeMap<u32, u8>,
    /// Handles of frames that the stack was told are acknowledged before they were on the air.
    promised: BTreeSet<u32>,
    /// Number of the next datagram.
    number: u32,
}

/// A datagram, as far as it is one of a bridge's protocol.
enum Datagram {
    Frame {
        channel: u8,
        frame: Vec<u8>,
    },
    /// A greeting, or an acknowledgement between dispatchers.
    Greeting,
}

impl OpenBridge {
    /// Opens a bridge whose messages bear the number of this life. `store` is the folder by which the processes of the board are
    /// known; `offset` is that of the board's simulation.
    ///
    /// # Errors
    /// Why its socket cannot be had.
    pub(super) fn open(
        bridge: Bridge,
        site: &Site,
        store: &Path,
        offset: Option<&PortOffset>,
        outbox: Outbox,
        life: u64,
    ) -> Result<Self, BridgeError> {
        let (socket, environment, group) = match bridge.protocol {
            Protocol::Zep => {
                let socket = UdpSocket::bind("127.0.0.1:0").map_err(BridgeError::Zep)?;
                let address = socket.local_addr()?;
                (socket, ("BOOTRACK_ZEP", address.to_string()), None)
            }
            Protocol::OpenThread => {
                let offset = offset.ok_or(BridgeError::NoOffset)?;
                // At the group's port, the medium is node 0.
                let socket = openthread::join(Ipv4Addr::UNSPECIFIED, offset.port()).map_err(BridgeError::Group)?;
                let group = SocketAddr::from(SocketAddrV4::new(openthread::GROUP, offset.port()));
                (socket, ("PORT_OFFSET", offset.number().to_string()), Some(group))
            }
        };
        socket.set_read_timeout(Some(READS_FOR))?;
        let own = socket.local_addr()?;
        let state = State {
            peers: Peers::new(bridge.protocol, own.port(), bridge.peer, store),
            group,
            channel: site.channel,
            radio: None,
            handle: 0,
            waiting: BTreeMap::new(),
            promised: BTreeSet::new(),
            number: 0,
        };
        let state = Arc::new(Mutex::new(state));
        let lives = Arc::new(AtomicBool::new(true));
        if bridge.acknowledges == Acknowledges::Itself {
            // It listens as it likes, on whatever channel: that of the case, until it speaks on another one.
            let Site { channel, pan_id, eui64, .. } = *site;
            let radio = Message::Radio { channel, pan_id: PanId(pan_id), eui64, receiver_on: true };
            outbox.put(life, Arrived::Link(radio, None));
        }
        let socket_of_reader = socket.try_clone()?;
        let reader = Reading { bridge, socket: socket_of_reader, own, state: Arc::clone(&state), site: site.clone() };
        let alive = Arc::clone(&lives);
        std::thread::spawn(move || reader.run(&alive, &outbox, life));
        Ok(Self { bridge, socket, environment, state, lives })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the stack is at the bridge, as far as this machine can tell; of one that never was, or is gone, what is missing.
    pub(super) fn is_connected(&self) -> Result<(), RadioMissing> {
        self.state().peers.is_connected()
    }

    /// Who the stack is, and how many datagrams came from others or were none of the protocol.
    pub(super) fn peer(&self) -> (Option<SocketAddr>, u64) {
        let state = self.state();
        (state.peers.peer(), state.peers.strays())
    }

    /// The stack is about to start anew: it may come back from another socket.
    pub(super) fn may_restart(&self) {
        self.state().peers.may_restart();
    }

    /// A message of the medium to the stack. What comes of it is an acknowledgement that the medium owes the stack and cannot give.
    ///
    /// # Errors
    /// Why its datagram cannot be sent.
    pub(super) fn tell(&self, message: &Message) -> Result<Option<String>, BridgeError> {
        let mut state = self.state();
        let frame = match message {
            Message::Received { psdu, .. } => psdu.clone(),
            Message::Done { handle, status } => {
                if state.promised.remove(handle) && *status != Status::Success {
                    let reason = "the air lost a frame that its stack was told had been acknowledged".to_owned();
                    return Ok(Some(reason));
                }
                match state.waiting.remove(handle) {
                    Some(sequence) if *status == Status::Success => acknowledgement(sequence),
                    _ => return Ok(None),
                }
            }
            _ => return Ok(None),
        };
        send(self.bridge.protocol, &self.socket, &mut state, frame).map(|()| None)
    }
}

/// The end of a bridge that listens.
struct Reading {
    bridge: Bridge,
    socket: UdpSocket,
    own: SocketAddr,
    state: Arc<Mutex<State>>,
    site: Site,
}

impl Reading {
    fn run(self, alive: &AtomicBool, outbox: &Outbox, life: u64) {
        let mut buffer = [0; 2048];
        while alive.load(Ordering::Relaxed) {
            let Ok((length, from)) = self.socket.recv_from(&mut buffer) else { continue };
            // The group hears itself.
            if self.bridge.protocol == Protocol::OpenThread && from.port() == self.own.port() {
                continue;
            }
            let datagram = read(self.bridge.protocol, &buffer[..length]);
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            let was = state.peers.peer();
            let is_peer = state.peers.is_peer(from, datagram.is_some());
            let mut arrived = Vec::new();
            if let (Some(peer), true) = (state.peers.peer(), state.peers.peer() != was) {
                arrived.push(told(format!("the rack: the stack at its bridge is {peer}")));
            }
            match datagram {
                Some(Datagram::Frame { channel, frame }) if is_peer => {
                    arrived.extend(self.heard(&mut state, channel, &frame));
                }
                _ if is_peer => {}
                _ => {
                    let strays = state.peers.strays();
                    if told_at(strays) {
                        let who = state.peers.peer().map_or("nobody yet".to_owned(), |peer| peer.to_string());
                        arrived.push(told(format!(
                            "the rack: {strays} datagrams at its bridge were not its stack's ({who}), the last from {from}"
                        )));
                    }
                }
            }
            drop(state);
            if arrived.into_iter().any(|what| !outbox.put(life, what)) {
                return;
            }
        }
    }

    /// What the medium is told of a frame of the stack; FCS included.
    fn heard(&self, state: &mut State, channel: u8, frame: &[u8]) -> Vec<Arrived> {
        // Its FCS is the medium's: nobody checks it in the simulation.
        let Some(psdu) = frame.len().checked_sub(FCS_LENGTH).and_then(|length| frame.get(..length)) else {
            return Vec::new();
        };
        let Ok((control, header)) = Header::parse(&mut Reader::new(psdu)) else { return Vec::new() };
        let acknowledges_itself = self.bridge.acknowledges == Acknowledges::Itself;
        if control.frame_type == FrameType::Acknowledgment {
            return if acknowledges_itself { vec![Arrived::Acknowledgement(psdu.to_vec())] } else { Vec::new() };
        }
        state.channel = channel;
        let mut arrived = Vec::new();
        let pan_id = header.destination.pan().or(header.source.pan());
        let eui64 = match header.source.link() {
            Some(LinkAddress::Extended(eui64)) => Some(eui64),
            // Its channel alone matters to the medium.
            _ if acknowledges_itself => Some(self.site.eui64),
            _ => None,
        };
        if let (Some(eui64), Some(pan_id)) = (eui64, pan_id) {
            let radio = (channel, pan_id, eui64);
            if state.radio.replace(radio) != Some(radio) {
                arrived.push(Arrived::Link(Message::Radio { channel, pan_id, eui64, receiver_on: true }, None));
            }
        }
        state.handle = state.handle.wrapping_add(1);
        let handle = state.handle;
        let asks = header.sequence_number.filter(|_| header.ack_request);
        let is_promised = asks.is_some() && self.is_sure(channel, psdu);
        if let Some(sequence) = asks {
            if is_promised {
                state.promised.insert(handle);
                // A radio turns round first, and so does RIOT's before it listens again.
                std::thread::sleep(TURNAROUND);
                let _ = send(self.bridge.protocol, &self.socket, state, acknowledgement(sequence));
            } else {
                state.waiting.insert(handle, sequence);
            }
        }
        let most_retries = match (is_promised, acknowledges_itself) {
            (true, _) => RETRIES_OF_A_PROMISE,
            // It tries again by itself.
            (false, true) => 0,
            (false, false) => MAX_RETRIES,
        };
        arrived.push(Arrived::Transmit { handle, psdu: psdu.to_vec(), most_retries });
        arrived
    }

    /// Whether the medium acknowledges a frame of the stack at once: RIOT waits 0.864 ms from the frame's end, less than it takes
    /// to have it on the rack's air, and a board of the rack is there that would take it. OpenThread waits 16 ms.
    fn is_sure(&self, channel: u8, psdu: &[u8]) -> bool {
        if self.bridge.protocol != Protocol::Zep {
            return false;
        }
        let Ok(parsed) = Header::parse(&mut Reader::new(psdu)) else { return false };
        let Address::Extended { pan, .. } = parsed.1.destination else { return false };
        let receivers = self.site.receivers.lock().unwrap_or_else(PoisonError::into_inner);
        let parsed = Some(parsed);
        filter(parsed.as_ref(), pan, |eui64| receivers.contains(&(channel, pan, eui64))).acknowledge.is_some()
    }
}

fn told(line: String) -> Arrived {
    Arrived::Link(Message::Log(line), None)
}

fn acknowledgement(sequence: u8) -> Vec<u8> {
    vec![0x02, 0x00, sequence]
}

/// Sends a frame without FCS to the stack; nobody hears it as long as nobody is there.
fn send(protocol: Protocol, socket: &UdpSocket, state: &mut State, frame: Vec<u8>) -> Result<(), BridgeError> {
    let Some(to) = state.group.or(state.peers.peer()) else { return Ok(()) };
    let datagram = datagram(protocol, state, frame)?;
    match socket.send_to(&datagram, to) {
        // A stack that has gone is told by its socket.
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => Ok(()),
        Err(error) => Err(BridgeError::Send(error)),
    }
}

/// Reads a datagram, if it is one of the protocol: a frame in it has a MAC header and an FCS.
fn read(protocol: Protocol, octets: &[u8]) -> Option<Datagram> {
    let (channel, frame) = match protocol {
        Protocol::Zep => match zep::Message::parse(octets).ok()? {
            zep::Message::Hello { .. } | zep::Message::Ack { .. } => return Some(Datagram::Greeting),
            zep::Message::V1 { channel, frame, .. }
            | zep::Message::V2 { channel, frame, .. }
            | zep::Message::V3 { channel, frame, .. } => (channel, frame),
        },
        Protocol::OpenThread => match octets {
            [channel, frame @ ..] => (*channel, frame.to_vec()),
            [] => return None,
        },
    };
    let psdu = frame.len().checked_sub(FCS_LENGTH).and_then(|length| frame.get(..length))?;
    let is_frame = (11..=26).contains(&channel) && Header::parse(&mut Reader::new(psdu)).is_ok();
    is_frame.then_some(Datagram::Frame { channel, frame })
}

/// A frame without FCS as a datagram for the stack.
fn datagram(protocol: Protocol, state: &mut State, mut frame: Vec<u8>) -> wire::Result<Vec<u8>> {
    append_fcs(&mut frame);
    match protocol {
        Protocol::OpenThread => Ok([&[state.channel], &frame[..]].concat()),
        Protocol::Zep => {
            state.number = state.number.wrapping_add(1);
            let message = zep::Message::V2 {
                channel: state.channel,
                device_id: MEDIUM,
                mode: Mode::Lqi(LQI),
                timestamp: ntp(),
                sequence_number: state.number,
                frame,
            };
            message.to_vec()
        }
    }
}

/// Now, as an NTP timestamp.
fn ntp() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let fraction = (u64::from(now.subsec_nanos()) << 32) / 1_000_000_000;
    now.as_secs().wrapping_add(NTP_TO_UNIX) << 32 | fraction
}
