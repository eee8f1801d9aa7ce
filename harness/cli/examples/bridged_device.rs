//! The reference device as a foreign stack would be: UT/1 on its standard input and output, and the radio of a simulation, with a
//! filter, acknowledgements and retries of its own: ZEP at `BOOTRACK_ZEP`, or node 5 of OpenThread's simulation at `PORT_OFFSET`.
//!
//! What the tests of air bridges run. `STACK_EUI64` gives it another address than the rack's; with `STACK_HIDES_IT` its upper tester
//! says the rack's all the same. With `STACK_IS_MUTE` it acknowledges nothing, with `STACK_IS_DEAF` it hears nothing either.

use std::collections::VecDeque;
use std::io::{Read, Write as _};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, UdpSocket};
use std::path::PathBuf;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::Duration;

use node::{Device, Hardware, Input, Output, RadioConfig, Store, TransmitStatus};
use protocols::mac::address_filter::{acknowledgement_number, filter, wants_acknowledgement};
use protocols::time::Instant;
use wire::Eui64;
use wire::ieee802154::{FCS_LENGTH, Header, append_fcs};
use wire::reader::Reader;
use wire::zep::{Message, Mode};

/// How long it waits for an acknowledgement, and how often it tries.
const ACK_WITHIN: Duration = Duration::from_millis(60);
const TRIES: u32 = 4;
const GROUP: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 116);
const NODE: u16 = 5;

enum Arrival {
    UpperTester(Vec<u8>),
    Datagram(Vec<u8>),
    /// The tester is gone.
    End,
}

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let given = std::env::var("BOOTRACK_EUI64")?;
    let own = std::env::var("STACK_EUI64").unwrap_or_else(|_| given.clone());
    let hides_it = std::env::var_os("STACK_HIDES_IT").is_some();
    let eui64: Eui64 = own.parse().map_err(|error| format!("STACK_EUI64: {error}"))?;
    let mut entropy_seed = [0; 32];
    std::fs::File::open("/dev/urandom")?.read_exact(&mut entropy_seed)?;
    let store_path = PathBuf::from(std::env::var("BOOTRACK_STORE")?).join("store");
    let store = match std::fs::read(&store_path) {
        Ok(octets) => Store::decode(&octets).map_err(|error| format!("{}: {error}", store_path.display()))?,
        Err(_) => Store::default(),
    };
    let (sender, inbox) = channel();
    let mut radio = Radio::open(&sender)?;
    read_stdin(&sender);
    let begun = std::time::Instant::now();
    let now = || Instant(u64::try_from(begun.elapsed().as_nanos()).unwrap_or(u64::MAX));
    let mut written = store.writes();
    let mut device = Device::boot(Hardware { eui64, entropy_seed }, store, now(), None);
    loop {
        loop {
            if let Some((handle, status)) = radio.done.pop_front() {
                device.handle(now(), Input::TransmitDone { handle, status });
            }
            let Some(output) = device.poll(now()) else { break };
            if device.writes() != written {
                written = device.writes();
                let new = store_path.with_extension("new");
                std::fs::write(&new, device.store().encode())?;
                std::fs::rename(&new, &store_path)?;
            }
            match output {
                Output::Log(line) => eprintln!("{line}"),
                Output::Radio(config) => radio.config = Some(config),
                Output::Transmit { handle, psdu } => radio.transmit(handle, psdu, now())?,
                Output::UpperTester(octets) => {
                    let text = String::from_utf8_lossy(&octets);
                    let text = if hides_it { text.replace(&own, &given) } else { text.into_owned() };
                    std::io::stdout().write_all(text.as_bytes())?;
                    std::io::stdout().flush()?;
                }
                Output::Backbone(_) => {}
                Output::Reboot => return Ok(()),
            }
        }
        radio.tick(now())?;
        if !radio.done.is_empty() {
            continue;
        }
        let next = [device.deadline(), radio.deadline].into_iter().flatten().min();
        let wait = next.map_or(Duration::from_secs(1), |at| Duration::from_nanos(at.0.saturating_sub(now().0)));
        match inbox.recv_timeout(wait) {
            Ok(Arrival::UpperTester(octets)) => {
                let text = String::from_utf8_lossy(&octets);
                let text = if hides_it { text.replace(&given, &own) } else { text.into_owned() };
                device.handle(now(), Input::UpperTester(text.as_bytes()));
            }
            Ok(Arrival::Datagram(octets)) => {
                if let Some(psdu) = radio.take(&octets, now())? {
                    device.handle(now(), Input::Frame { psdu: &psdu, rssi_dbm: -60 });
                }
            }
            Err(RecvTimeoutError::Timeout) => {}
            Ok(Arrival::End) | Err(RecvTimeoutError::Disconnected) => return Err("the tester is gone".into()),
        }
    }
}

/// The radio of a simulation.
struct Radio {
    socket: UdpSocket,
    /// Of ZEP: where datagrams go. Of OpenThread's simulation: its group.
    to: SocketAddr,
    is_zep: bool,
    is_mute: bool,
    is_deaf: bool,
    config: Option<RadioConfig>,
    waiting: VecDeque<(u32, Vec<u8>)>,
    tries: u32,
    deadline: Option<Instant>,
    done: VecDeque<(u32, TransmitStatus)>,
    number: u32,
}

impl Radio {
    fn open(sender: &Sender<Arrival>) -> Result<Self, Failure> {
        let (socket, hears, to, is_zep) = match std::env::var("BOOTRACK_ZEP") {
            Ok(to) => {
                let socket = UdpSocket::bind("127.0.0.1:0")?;
                (socket.try_clone()?, socket, to.parse()?, true)
            }
            Err(_) => {
                let port = 9000 + 34 * std::env::var("PORT_OFFSET")?.parse::<u16>()?;
                (group(port + NODE)?, group(port)?, SocketAddrV4::new(GROUP, port).into(), false)
            }
        };
        let (own, sender) = (socket.local_addr()?.port(), sender.clone());
        std::thread::spawn(move || {
            let mut buffer = [0; 2048];
            while let Ok((length, from)) = hears.recv_from(&mut buffer) {
                if from.port() != own && sender.send(Arrival::Datagram(buffer[..length].to_vec())).is_err() {
                    return;
                }
            }
        });
        Ok(Self {
            socket,
            to,
            is_zep,
            is_mute: std::env::var_os("STACK_IS_MUTE").is_some(),
            is_deaf: std::env::var_os("STACK_IS_DEAF").is_some(),
            config: None,
            waiting: VecDeque::new(),
            tries: 0,
            deadline: None,
            done: VecDeque::new(),
            number: 0,
        })
    }

    fn send(&mut self, psdu: &[u8]) -> Result<(), Failure> {
        let channel = self.config.as_ref().map_or(11, |config| config.channel);
        let mut frame = psdu.to_vec();
        append_fcs(&mut frame);
        self.number += 1;
        let (device_id, mode, timestamp, sequence_number) = (1, Mode::Crc, 0, self.number);
        let datagram = match self.is_zep {
            true => Message::V2 { channel, device_id, mode, timestamp, sequence_number, frame }
                .to_vec()
                .map_err(|error| error.to_string())?,
            false => [&[channel], &frame[..]].concat(),
        };
        self.socket.send_to(&datagram, self.to)?;
        Ok(())
    }

    fn transmit(&mut self, handle: u32, psdu: Vec<u8>, now: Instant) -> Result<(), Failure> {
        self.waiting.push_back((handle, psdu));
        self.tick(now)
    }

    /// Sends what is next to be sent, once more if nobody has acknowledged it in time.
    fn tick(&mut self, now: Instant) -> Result<(), Failure> {
        while let Some((handle, psdu)) = self.waiting.front().cloned() {
            if self.deadline.is_some_and(|deadline| now < deadline) {
                return Ok(());
            }
            let mut whole = psdu.clone();
            append_fcs(&mut whole);
            let waits = wants_acknowledgement(&whole);
            if self.tries == TRIES {
                self.end(handle, TransmitStatus::NoAck);
                continue;
            }
            self.send(&psdu)?;
            self.tries += 1;
            if waits {
                self.deadline = Some(now + ACK_WITHIN);
            } else {
                self.end(handle, TransmitStatus::Success);
            }
        }
        Ok(())
    }

    fn end(&mut self, handle: u32, status: TransmitStatus) {
        self.waiting.pop_front();
        (self.tries, self.deadline) = (0, None);
        self.done.push_back((handle, status));
    }

    /// Takes a datagram; the frame in it, if it is for the device.
    fn take(&mut self, octets: &[u8], now: Instant) -> Result<Option<Vec<u8>>, Failure> {
        let (channel, frame) = match (self.is_zep, octets) {
            (true, _) => match Message::parse(octets) {
                Ok(Message::V2 { channel, frame, .. }) => (channel, frame),
                _ => return Ok(None),
            },
            (false, [channel, frame @ ..]) => (*channel, frame.to_vec()),
            (false, []) => return Ok(None),
        };
        let psdu = frame[..frame.len().saturating_sub(FCS_LENGTH)].to_vec();
        let Some(config) = &self.config else { return Ok(None) };
        if channel != config.channel {
            return Ok(None);
        }
        if let Some(number) = acknowledgement_number(&psdu) {
            if let Some((handle, waiting)) = self.waiting.front()
                && self.deadline.is_some()
                && waiting.get(2) == Some(&number)
            {
                let handle = *handle;
                self.end(handle, TransmitStatus::Success);
                self.tick(now)?;
            }
            return Ok(None);
        }
        let header = Header::parse(&mut Reader::new(&psdu)).ok();
        let filtered = filter(header.as_ref(), config.pan_id, |eui64| eui64 == config.eui64);
        if !config.receiver_on || !filtered.passed || self.is_deaf {
            return Ok(None);
        }
        if let (Some(number), false) = (filtered.acknowledge, self.is_mute) {
            self.send(&[2, 0, number])?;
        }
        Ok(Some(psdu))
    }
}

/// A socket in the group of a simulation.
fn group(port: u16) -> std::io::Result<UdpSocket> {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::DGRAM, None)?;
    socket.set_reuse_address(true)?;
    socket.set_reuse_port(true)?;
    socket.bind(&SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, port).into())?;
    socket.join_multicast_v4(&GROUP, &Ipv4Addr::LOCALHOST)?;
    socket.set_multicast_if_v4(&Ipv4Addr::LOCALHOST)?;
    Ok(socket.into())
}

fn read_stdin(sender: &Sender<Arrival>) {
    let sender = sender.clone();
    std::thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok(length @ 1..) = std::io::stdin().read(&mut buffer) {
            if sender.send(Arrival::UpperTester(buffer[..length].to_vec())).is_err() {
                return;
            }
        }
        let _ = sender.send(Arrival::End);
    });
}
