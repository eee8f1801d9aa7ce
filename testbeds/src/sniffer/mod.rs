//! Sniffers that others made: each hands over frames as packets of a capture, with the channel, the signal and the time as far as it
//! tells them.

mod board;
mod nrf;
pub(crate) mod openthread;
mod pcap;
pub(crate) mod zep;

use std::fmt;
use std::io::{self, ErrorKind, Read};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{SystemTime, UNIX_EPOCH};

use wire::tap::{Header, Tlv, TlvType};

/// Link type of a frame behind a TAP pseudo-header.
pub const TAP: u16 = 283;

/// How sniffers are named.
const KINDS: &str =
    "zep:ADDRESS:PORT, nrf:DEVICE, board:DEVICE, pcap:FILE (`pcap:-` for standard input) and openthread:OFFSET";

/// Where ZEP is awaited if nothing is said.
const ZEP_ADDRESS: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), wire::zep::PORT);

/// A packet of a capture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    /// Nanoseconds since 1970, by the sniffer's clock if it has one.
    pub at: u64,
    /// Link type of the packet: 283, but of a pcap stream any that the dissector knows.
    pub link_type: u16,
    /// Its octets, as far as they were captured.
    pub packet: Vec<u8>,
    /// Octets that it had.
    pub original_length: usize,
}

impl Heard {
    /// A packet of which nothing was cut.
    fn whole(at: u64, link_type: u16, packet: Vec<u8>) -> Self {
        let original_length = packet.len();
        Self { at, link_type, packet, original_length }
    }
}

/// What a sniffer tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sniffed {
    /// A frame.
    Heard(Heard),
    /// So many frames were lost before the next one, by the sniffer's own count.
    Lost(u64),
    /// Something that is no frame, and why.
    Strange(String),
    /// Nothing comes any more, and why if that is an error.
    Ended(Option<String>),
}

/// Why a text names no sniffer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnknownSource {
    /// Not an address and port.
    #[error("`{0}` is no address and port, such as {ZEP_ADDRESS}")]
    Address(String),
    /// Not the port offset of a simulation.
    #[error("`{0}` is no port offset: 0 to 1662")]
    PortOffset(String),
    /// A kind that needs a device or a file, and none is named.
    #[error("`{0}` names no device or file; the sniffers are {KINDS}")]
    NoDevice(String),
    /// No such kind.
    #[error("there is no sniffer `{0}`; there are {KINDS}")]
    Kind(String),
}

/// Why a sniffer cannot be listened to.
#[derive(Debug, thiserror::Error)]
pub enum SnifferError {
    /// Its serial device cannot be opened.
    #[error("cannot open {path}: {source}")]
    Open {
        /// The serial device.
        path: String,
        /// The system's reason.
        source: serialport::Error,
    },
    /// Its serial device takes no orders.
    #[error("{path}: {source}")]
    Order {
        /// The serial device.
        path: String,
        /// The system's reason.
        source: io::Error,
    },
    /// Nothing is there to read.
    #[error("there is no file or FIFO {}", .0.display())]
    NoFile(PathBuf),
    /// The address cannot be listened at.
    #[error("cannot listen at {address}: {source}")]
    Listen {
        /// An address of this machine.
        address: SocketAddr,
        /// The system's reason.
        source: io::Error,
    },
    /// No datagram can be sent to the dispatcher.
    #[error("the dispatcher at {dispatcher} cannot be reached: {source}")]
    Unreachable {
        /// Where it should be.
        dispatcher: SocketAddr,
        /// The system's reason.
        source: io::Error,
    },
    /// No simulation can have this port offset.
    #[error("there is no port offset {0}")]
    PortOffset(u16),
    /// The group of a simulation cannot be joined.
    #[error("cannot join the simulation's group at port {port}: {source}")]
    Group {
        /// That of the group.
        port: u16,
        /// The system's reason.
        source: io::Error,
    },
    /// An order or a greeting that cannot be written.
    #[error(transparent)]
    Message(#[from] wire::Error),
}

/// Where frames come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// ZEP datagrams over UDP (`zep:127.0.0.1:17754`).
    Zep {
        /// Where they are awaited. Without: at the loopback address and ZEP's port or, with a dispatcher, wherever the system
        /// likes.
        own: Option<SocketAddr>,
        /// RIOT's dispatcher, which sends to whoever makes himself known to it.
        dispatcher: Option<SocketAddr>,
    },
    /// The serial line of Nordic's nRF Sniffer for 802.15.4, on a channel (`nrf:/dev/ttyACM0`).
    Nrf {
        /// The serial device.
        path: String,
        /// 11 to 26.
        channel: u8,
    },
    /// The radio link of a board with our firmware and a radio of its own, on a channel (`board:/dev/ttyACM1`).
    Board {
        /// The serial device.
        path: String,
        /// 11 to 26.
        channel: u8,
    },
    /// A pcap or pcapng stream: a file, a FIFO, or `-` for standard input (`pcap:PATH`).
    Pcap(PathBuf),
    /// The radio of OpenThread's simulation, by its port offset (`openthread:0`).
    OpenThread(u16),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Zep { dispatcher: Some(dispatcher), .. } => write!(f, "zep of the dispatcher at {dispatcher}"),
            Self::Zep { own, .. } => write!(f, "zep:{}", own.unwrap_or(ZEP_ADDRESS)),
            Self::Nrf { path, .. } => write!(f, "nrf:{path}"),
            Self::Board { path, .. } => write!(f, "board:{path}"),
            Self::Pcap(path) => write!(f, "pcap:{}", path.display()),
            Self::OpenThread(offset) => write!(f, "openthread:{offset}"),
        }
    }
}

impl FromStr for Source {
    type Err = UnknownSource;

    fn from_str(text: &str) -> Result<Self, UnknownSource> {
        let (kind, rest) = text.split_once(':').unwrap_or((text, ""));
        match kind {
            "zep" => {
                let own = match rest {
                    "" => None,
                    _ => Some(rest.parse().map_err(|_| UnknownSource::Address(rest.to_owned()))?),
                };
                Ok(Self::Zep { own, dispatcher: None })
            }
            "nrf" if !rest.is_empty() => Ok(Self::Nrf { path: rest.to_owned(), channel: 11 }),
            "board" if !rest.is_empty() => Ok(Self::Board { path: rest.to_owned(), channel: 11 }),
            "pcap" if !rest.is_empty() => Ok(Self::Pcap(rest.into())),
            "openthread" => match if rest.is_empty() { Ok(0) } else { rest.parse() } {
                Ok(offset) if openthread::port(offset).is_some() => Ok(Self::OpenThread(offset)),
                _ => Err(UnknownSource::PortOffset(rest.to_owned())),
            },
            "nrf" | "board" | "pcap" => Err(UnknownSource::NoDevice(text.to_owned())),
            _ => Err(UnknownSource::Kind(kind.to_owned())),
        }
    }
}

impl Source {
    /// Begins to listen; a thread hands over what comes, and ends when nobody takes it any more.
    ///
    /// # Errors
    /// [`SnifferError`].
    pub fn open(&self) -> Result<Receiver<Sniffed>, SnifferError> {
        let (sender, receiver) = channel();
        match self {
            Self::Zep { own, dispatcher: Some(dispatcher) } => zep::listen_to(*dispatcher, *own, sender)?,
            Self::Zep { own, dispatcher: None } => zep::listen(own.unwrap_or(ZEP_ADDRESS), sender)?,
            Self::Nrf { path, channel } => nrf::listen(path, *channel, sender)?,
            Self::Board { path, channel } => board::listen(path, *channel, sender)?,
            Self::Pcap(path) => pcap::listen(path, sender)?,
            Self::OpenThread(offset) => openthread::listen(*offset, sender)?,
        }
        Ok(receiver)
    }
}

/// Nanoseconds since 1970, now.
fn now() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_nanos()).unwrap_or(u64::MAX)
}

/// What is known of a frame beside its octets.
#[derive(Debug, Clone, Copy, Default)]
struct Signal {
    channel: Option<u8>,
    rssi_dbm: Option<i8>,
    lqi: Option<u8>,
}

/// A frame behind the pseudo-header that tells what is known of it.
fn tap(signal: Signal, has_fcs: bool, frame: &[u8]) -> wire::Result<Vec<u8>> {
    let mut tlvs = vec![Tlv { tlv_type: TlvType::FCS_TYPE, value: vec![u8::from(has_fcs)] }];
    if let Some(rssi_dbm) = signal.rssi_dbm {
        tlvs.push(Tlv { tlv_type: TlvType::RSS, value: f32::from(rssi_dbm).to_le_bytes().to_vec() });
    }
    if let Some(channel) = signal.channel {
        // Page 0: 2.4 GHz.
        tlvs.push(Tlv { tlv_type: TlvType::CHANNEL, value: vec![channel, 0, 0] });
    }
    if let Some(lqi) = signal.lqi {
        tlvs.push(Tlv { tlv_type: TlvType::LQI, value: vec![lqi] });
    }
    let mut packet = Header { tlvs }.to_vec()?;
    packet.extend(frame);
    Ok(packet)
}

/// Reads a stream until it ends or `take` says that nobody listens.
fn read_stream(mut stream: impl Read, sender: &Sender<Sniffed>, mut take: impl FnMut(&[u8]) -> bool) {
    let mut buffer = [0; 4096];
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => return drop(sender.send(Sniffed::Ended(None))),
            Ok(length) => {
                if !take(&buffer[..length]) {
                    return;
                }
            }
            Err(error) if matches!(error.kind(), ErrorKind::TimedOut | ErrorKind::Interrupted) => {}
            Err(error) => return drop(sender.send(Sniffed::Ended(Some(error.to_string())))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("zep", Ok("zep:127.0.0.1:17754"))]
    #[case("zep:0.0.0.0:1", Ok("zep:0.0.0.0:1"))]
    #[case("nrf:/dev/ttyACM0", Ok("nrf:/dev/ttyACM0"))]
    #[case("board:/dev/ttyACM1", Ok("board:/dev/ttyACM1"))]
    #[case("pcap:-", Ok("pcap:-"))]
    #[case("openthread", Ok("openthread:0"))]
    #[case("openthread:7", Ok("openthread:7"))]
    #[case("openthread:1663", Err("`1663` is no port offset: 0 to 1662"))]
    #[case("zep:nowhere", Err("`nowhere` is no address and port"))]
    #[case("nrf:", Err("`nrf:` names no device or file"))]
    #[case("wireshark", Err("there is no sniffer `wireshark`; there are zep:ADDRESS:PORT"))]
    fn sources_have_names(#[case] text: &str, #[case] expected: Result<&str, &str>) {
        let found = text.parse::<Source>();
        match (found, expected) {
            (Ok(source), Ok(name)) => assert_eq!(source.to_string(), name),
            (Err(told), Err(expected)) => assert!(told.to_string().starts_with(expected), "{told}"),
            other => panic!("{other:?}"),
        }
    }
}
