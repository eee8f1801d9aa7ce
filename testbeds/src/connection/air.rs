//! Air bridges: the radios of foreign stacks on the rack's air. A stack that believes to speak with a dispatcher of ZEP datagrams
//! (RIOT's `native` board), or with the other nodes of OpenThread's simulation, speaks with the medium.
//!
//! The medium has CSMA-CA, retries and acknowledgements; so what a stack acknowledges itself is left out, and it is told by an
//! acknowledgement when the medium's came. Addresses are learnt from what the stack sends: it hears broadcasts and what goes to
//! its extended address, and nothing before its first frame. Frames to short addresses do not reach it.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, UdpSocket};
use std::sync::atomic::{AtomicBool, AtomicU16, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use wire::Eui64;
use wire::ieee802154::{FCS_LENGTH, FrameType, Header, LinkAddress, PanId, append_fcs};
use wire::radio_link::{Message, Status};
use wire::reader::Reader;
use wire::zep::{self, Mode};

use super::{Arrived, Outbox};
use crate::sniffer::openthread;
use crate::sniffer::zep::NTP_TO_UNIX;

/// What a stack takes its radio for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bridge {
    /// A dispatcher of ZEP, version 2, at the address of `BOOTRACK_ZEP`.
    Zep,
    /// The group of OpenThread's simulation at the offset of `PORT_OFFSET`, where the medium is node 0.
    OpenThread,
}

/// How often a bridge looks whether its board still has power.
const READS_FOR: Duration = Duration::from_millis(50);
/// The device number of the medium in its datagrams.
const MEDIUM: u16 = 0xb007;
/// A frame is heard as well as can be.
const LQI: u8 = 255;
/// Offsets of other simulations on the same machine end here, and those of this process begin.
const FIRST_OFFSET: u16 = 900;
const OFFSETS: u16 = 700;
/// The channel until the stack says another one.
const CHANNEL: u8 = 11;

static NEXT_OFFSET: AtomicU16 = AtomicU16::new(0);

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
    /// Where its datagrams come from.
    peer: Option<SocketAddr>,
    channel: u8,
    radio: Option<(u8, PanId, Eui64)>,
    handle: u32,
    /// Sequence numbers of frames that ask for an acknowledgement, by handle.
    waiting: BTreeMap<u32, u8>,
    /// Number of the next datagram.
    number: u32,
}

impl OpenBridge {
    /// Opens a bridge whose messages bear the number of this life.
    ///
    /// # Errors
    /// Why its socket cannot be had.
    pub(super) fn open(bridge: Bridge, outbox: Outbox, life: u64) -> Result<Self, String> {
        let (socket, environment, peer) = match bridge {
            Bridge::Zep => {
                let socket = UdpSocket::bind("127.0.0.1:0").map_err(|error| format!("socket for ZEP: {error}"))?;
                let address = socket.local_addr().map_err(|error| error.to_string())?;
                (socket, ("BOOTRACK_ZEP", address.to_string()), None)
            }
            Bridge::OpenThread => {
                let number = NEXT_OFFSET.fetch_add(1, Ordering::Relaxed);
                let process = (std::process::id() % u32::from(OFFSETS)) as u16;
                let offset = FIRST_OFFSET + process.wrapping_add(number) % OFFSETS;
                let port = openthread::port(offset).ok_or_else(|| format!("there is no offset {offset}"))?;
                // At the group's port, the medium is node 0.
                let socket = openthread::join(Ipv4Addr::UNSPECIFIED, port)
                    .map_err(|error| format!("the simulation's group: {error}"))?;
                let group = SocketAddr::from(SocketAddrV4::new(openthread::GROUP, port));
                (socket, ("PORT_OFFSET", offset.to_string()), Some(group))
            }
        };
        socket.set_read_timeout(Some(READS_FOR)).map_err(|error| error.to_string())?;
        let state = State { peer, channel: CHANNEL, radio: None, handle: 0, waiting: BTreeMap::new(), number: 0 };
        let state = Arc::new(Mutex::new(state));
        let lives = Arc::new(AtomicBool::new(true));
        let reading = socket.try_clone().map_err(|error| error.to_string())?;
        let own = socket.local_addr().map_err(|error| error.to_string())?;
        let (shared, alive) = (Arc::clone(&state), Arc::clone(&lives));
        std::thread::spawn(move || {
            let mut buffer = [0; 2048];
            while alive.load(Ordering::Relaxed) {
                let Ok((length, from)) = reading.recv_from(&mut buffer) else { continue };
                // The group hears itself.
                if bridge == Bridge::OpenThread && from.port() == own.port() {
                    continue;
                }
                let mut state = shared.lock().unwrap_or_else(PoisonError::into_inner);
                if bridge == Bridge::Zep {
                    state.peer = Some(from);
                }
                for message in heard(bridge, &mut state, &buffer[..length]) {
                    if !outbox.put(life, Arrived::Link(message, None)) {
                        return;
                    }
                }
            }
        });
        Ok(Self { bridge, socket, environment, state, lives })
    }

    /// A message of the medium to the stack.
    ///
    /// # Errors
    /// Why its datagram cannot be sent.
    pub(super) fn tell(&self, message: &Message) -> Result<(), String> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let frame = match message {
            Message::Received { psdu, .. } => psdu.clone(),
            Message::Done { handle, status } => match state.waiting.remove(handle) {
                Some(sequence) if *status == Status::Success => vec![0x02, 0x00, sequence],
                _ => return Ok(()),
            },
            _ => return Ok(()),
        };
        let Some(peer) = state.peer else { return Ok(()) };
        let datagram = datagram(self.bridge, &mut state, frame)?;
        match self.socket.send_to(&datagram, peer) {
            // A stack that has gone is told by its process.
            Ok(_) => Ok(()),
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionRefused => Ok(()),
            Err(error) => Err(format!("the air bridge: {error}")),
        }
    }
}

/// What the medium is told of a datagram.
fn heard(bridge: Bridge, state: &mut State, octets: &[u8]) -> Vec<Message> {
    let (channel, frame) = match bridge {
        Bridge::Zep => match zep::Message::parse(octets) {
            Ok(
                zep::Message::V1 { channel, frame, .. }
                | zep::Message::V2 { channel, frame, .. }
                | zep::Message::V3 { channel, frame, .. },
            ) => (channel, frame),
            // A hello of RIOT's, or an acknowledgement between dispatchers.
            _ => return Vec::new(),
        },
        Bridge::OpenThread => match octets {
            [channel, frame @ ..] => (*channel, frame.to_vec()),
            [] => return Vec::new(),
        },
    };
    // Its FCS is the medium's: nobody checks it in the simulation.
    let Some(psdu) = frame.len().checked_sub(FCS_LENGTH).and_then(|length| frame.get(..length)) else {
        return Vec::new();
    };
    let Ok((control, header)) = Header::parse(&mut Reader::new(psdu)) else { return Vec::new() };
    if control.frame_type == FrameType::Acknowledgment {
        return Vec::new();
    }
    state.channel = channel;
    let mut messages = Vec::new();
    let pan_id = header.destination.pan().or(header.source.pan());
    if let (Some(LinkAddress::Extended(eui64)), Some(pan_id)) = (header.source.link(), pan_id) {
        let radio = (channel, pan_id, eui64);
        if state.radio.replace(radio) != Some(radio) {
            messages.push(Message::Radio { channel, pan_id, eui64, receiver_on: true });
        }
    }
    state.handle = state.handle.wrapping_add(1);
    if let (true, Some(sequence)) = (header.ack_request, header.sequence_number) {
        state.waiting.insert(state.handle, sequence);
    }
    messages.push(Message::Transmit { handle: state.handle, psdu: psdu.to_vec() });
    messages
}

/// A frame without FCS as a datagram for the stack.
fn datagram(bridge: Bridge, state: &mut State, mut frame: Vec<u8>) -> Result<Vec<u8>, String> {
    append_fcs(&mut frame);
    match bridge {
        Bridge::OpenThread => Ok([&[state.channel], &frame[..]].concat()),
        Bridge::Zep => {
            state.number = state.number.wrapping_add(1);
            let message = zep::Message::V2 {
                channel: state.channel,
                device_id: MEDIUM,
                mode: Mode::Lqi(LQI),
                timestamp: ntp(),
                sequence_number: state.number,
                frame,
            };
            message.to_vec().map_err(|error| error.to_string())
        }
    }
}

/// Now, as an NTP timestamp.
fn ntp() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let fraction = (u64::from(now.subsec_nanos()) << 32) / 1_000_000_000;
    now.as_secs().wrapping_add(NTP_TO_UNIX) << 32 | fraction
}
