//! ZEP datagrams, versions 1 to 3, as RIOT's dispatcher and hardware sniffers send them. From version 2 on frames are counted: a
//! gap in the numbers of a device is a loss. RIOT's dispatcher sends to those that have made themselves known to it, which is done
//! here by its nodes' hello, again and again: a dispatcher that was started anew knows nobody.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::sync::mpsc::Sender;
use std::time::{Duration, Instant};

use wire::Eui64;
use wire::zep::{Message, Mode};

use super::{Heard, Signal, Sniffed, SnifferError, TAP, now, tap};

/// Seconds from 1900, where NTP begins, to 1970.
pub(crate) const NTP_TO_UNIX: u64 = 2_208_988_800;

/// From one hello to the next.
const HELLO_EVERY: Duration = Duration::from_secs(10);

pub(super) fn listen(address: SocketAddr, sender: Sender<Sniffed>) -> Result<(), SnifferError> {
    let socket = UdpSocket::bind(address).map_err(|source| SnifferError::Listen { address, source })?;
    std::thread::spawn(move || receive(&socket, None, &sender));
    Ok(())
}

/// Listens to a dispatcher, at an address of ours or at one that the system chooses.
pub(super) fn listen_to(
    dispatcher: SocketAddr,
    own: Option<SocketAddr>,
    sender: Sender<Sniffed>,
) -> Result<(), SnifferError> {
    let any: IpAddr = if dispatcher.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let own = own.unwrap_or(SocketAddr::new(any, 0));
    let socket = UdpSocket::bind(own).map_err(|source| SnifferError::Listen { address: own, source })?;
    let connect = || {
        socket.connect(dispatcher)?;
        socket.set_read_timeout(Some(HELLO_EVERY))?;
        socket.local_addr()
    };
    let own = connect().map_err(|source| SnifferError::Unreachable { dispatcher, source })?;
    // An address of its own, so that two sniffers are two nodes: locally administered, of this process and its port.
    let [_, _, process_high, process_low] = std::process::id().to_be_bytes();
    let [port_high, port_low] = own.port().to_be_bytes();
    let address = Eui64([0x02, b'b', b't', process_high, process_low, 0, port_high, port_low]);
    let hello = Message::Hello { address }.to_vec()?;
    std::thread::spawn(move || receive(&socket, Some(&hello), &sender));
    Ok(())
}

/// Hands over what comes until nobody takes it any more; `hello` is sent now and again.
fn receive(socket: &UdpSocket, hello: Option<&[u8]>, sender: &Sender<Sniffed>) {
    let (mut buffer, mut devices) = ([0; 2048], Devices::default());
    let (mut due, mut is_refused) = (Instant::now(), false);
    loop {
        if let Some(hello) = hello
            && Instant::now() >= due
        {
            // Whether somebody is there shows when something is received, or is not.
            drop(socket.send(hello));
            due = Instant::now() + HELLO_EVERY;
        }
        let sniffed = match socket.recv(&mut buffer) {
            Ok(length) => {
                is_refused = false;
                devices.datagram(&buffer[..length])
            }
            Err(error) if hello.is_some() && matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                continue;
            }
            Err(error) if hello.is_some() && error.kind() == ErrorKind::ConnectionRefused => {
                if std::mem::replace(&mut is_refused, true) {
                    continue;
                }
                let every = HELLO_EVERY.as_secs();
                vec![Sniffed::Strange(format!("nobody is at the dispatcher's address; it is tried every {every} s"))]
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => {
                drop(sender.send(Sniffed::Ended(Some(error.to_string()))));
                return;
            }
        };
        if sniffed.into_iter().any(|sniffed| sender.send(sniffed).is_err()) {
            return;
        }
    }
}

/// What is known of the devices that frames come from, by their numbers.
#[derive(Debug, Default)]
struct Devices(BTreeMap<u16, Device>);

#[derive(Debug, Default)]
struct Device {
    /// The number of its next frame.
    expected: Option<u32>,
    /// Its last time, in nanoseconds since 1970.
    last: u64,
    /// Its times have gone back, or never were times of day: those of arrival count.
    has_no_clock: bool,
}

impl Devices {
    /// What a datagram tells.
    fn datagram(&mut self, octets: &[u8]) -> Vec<Sniffed> {
        let mut told = Vec::new();
        let (channel, mode, at, frame) = match Message::parse(octets) {
            Ok(Message::V1 { channel, mode, frame, .. }) => (channel, mode, now(), frame),
            Ok(
                Message::V2 { channel, device_id, mode, timestamp, sequence_number, frame }
                | Message::V3 { channel, device_id, mode, timestamp, sequence_number, frame, .. },
            ) => {
                let device = self.0.entry(device_id).or_default();
                told.extend(device.count(sequence_number).map(|lost| Sniffed::Lost(lost.into())));
                let at = device.at(timestamp, now()).unwrap_or_else(|reason| {
                    told.push(Sniffed::Strange(format!("ZEP device {device_id:#06x}: {reason}")));
                    now()
                });
                (channel, mode, at, frame)
            }
            // Acknowledgements between dispatchers are no frames.
            Ok(Message::Ack { .. }) => return Vec::new(),
            Ok(Message::Hello { address }) => {
                return vec![Sniffed::Strange(format!("the node {address} makes itself known to the dispatcher"))];
            }
            Err(error) => return vec![Sniffed::Strange(format!("{} octets that are no ZEP: {error}", octets.len()))],
        };
        // In LQI mode the FCS is replaced by what the radio has measured.
        let (lqi, has_fcs) = match mode {
            Mode::Lqi(lqi) => (Some(lqi), false),
            Mode::Crc => (None, true),
        };
        let whole = if has_fcs { frame.len() } else { frame.len().saturating_sub(2) };
        let signal = Signal { channel: Some(channel), lqi, rssi_dbm: None };
        told.push(match tap(signal, has_fcs, &frame[..whole]) {
            Ok(packet) => Sniffed::Heard(Heard::whole(at, TAP, packet)),
            Err(reason) => Sniffed::Strange(reason.to_string()),
        });
        told
    }
}

impl Device {
    /// Takes the number of a frame; how many were lost before it.
    fn count(&mut self, sequence_number: u32) -> Option<u32> {
        let next = self.expected.replace(sequence_number.wrapping_add(1));
        // A number that goes back is a device that began anew.
        let lost = next.map_or(0, |next| sequence_number.wrapping_sub(next));
        (1..1 << 31).contains(&lost).then_some(lost)
    }

    /// Nanoseconds since 1970 of a frame with this NTP timestamp that arrives at `arrival`; why that is not the time of the
    /// device any more, once.
    fn at(&mut self, timestamp: u64, arrival: u64) -> Result<u64, &'static str> {
        if self.has_no_clock {
            return Ok(arrival);
        }
        let Some(at) = unix(timestamp) else {
            self.has_no_clock = true;
            return Err("its clock has no time of day: times are those of arrival");
        };
        if at < self.last {
            self.has_no_clock = true;
            return Err("its clock goes back: times are those of arrival from here on");
        }
        self.last = at;
        Ok(at)
    }
}

/// Nanoseconds since 1970 of an NTP timestamp; a sniffer that has no wall clock counts from whenever it began.
fn unix(timestamp: u64) -> Option<u64> {
    let seconds = (timestamp >> 32).checked_sub(NTP_TO_UNIX)?;
    let fraction = ((timestamp & 0xffff_ffff) * 1_000_000_000) >> 32;
    Some(seconds.saturating_mul(1_000_000_000).saturating_add(fraction))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version_2(sequence_number: u32, seconds: u64) -> Vec<u8> {
        let timestamp = seconds << 32 | 1 << 31;
        let frame = vec![2, 0, 9, 0xab, 0xcd];
        Message::V2 { channel: 15, device_id: 3, mode: Mode::Crc, timestamp, sequence_number, frame }.to_vec().unwrap()
    }

    fn times(told: &[Sniffed]) -> Vec<u64> {
        let at = |told: &Sniffed| match told {
            Sniffed::Heard(heard) => Some(heard.at),
            _ => None,
        };
        told.iter().filter_map(at).collect()
    }

    #[test]
    fn gaps_in_the_numbers_of_a_device_are_told() {
        let mut devices = Devices::default();
        let mut lost = |sequence_number| {
            let told = devices.datagram(&version_2(sequence_number, NTP_TO_UNIX + 5));
            told.iter().find_map(|told| match told {
                Sniffed::Lost(count) => Some(*count),
                _ => None,
            })
        };
        let found: Vec<_> = [7, 8, 11, 12, 3, 4, u32::MAX, 0].map(&mut lost).into();
        // 3 after 12 and the largest number after 4 are other beginnings.
        assert_eq!(found, [None, None, Some(2), None, None, None, None, None]);
    }

    #[test]
    fn a_frame_keeps_its_time_channel_and_fcs() {
        let told = Devices::default().datagram(&version_2(1, NTP_TO_UNIX + 5));
        let [Sniffed::Heard(heard)] = &told[..] else { panic!("{told:?}") };
        assert_eq!((heard.at, heard.link_type), (5_500_000_000, TAP));
        let dissection =
            dissect::Dissector::new(dissect::Keys::new()).packet(1, dissect::LinkType(TAP.into()), &heard.packet);
        assert_eq!(dissection.number("wpan-tap.ch_num"), Some(15), "{dissection:?}");
        assert_eq!(dissection.number("wpan-tap.fcs_type"), Some(1));
    }

    #[test]
    fn a_clock_that_goes_back_gives_way_to_that_of_arrival_and_is_told_once() {
        let mut devices = Devices::default();
        let begun = now();
        let mut strange = Vec::new();
        let mut heard = Vec::new();
        for seconds in [9, 10, 8, 11, 3] {
            let told = devices.datagram(&version_2(seconds as u32, NTP_TO_UNIX + seconds));
            heard.extend(times(&told));
            strange.extend(told.into_iter().filter(|told| matches!(told, Sniffed::Strange(_))));
        }
        assert_eq!(heard[..2], [9_500_000_000, 10_500_000_000]);
        assert!(heard[2..].iter().all(|at| *at >= begun) && heard[2..].is_sorted(), "{heard:?}");
        let [Sniffed::Strange(reason)] = &strange[..] else { panic!("{strange:?}") };
        assert!(reason.contains("0x0003: its clock goes back"), "{reason}");
    }

    #[test]
    fn a_device_that_counts_from_its_start_has_times_of_arrival() {
        let begun = now();
        let mut devices = Devices::default();
        let first = devices.datagram(&version_2(1, 12));
        let second = devices.datagram(&version_2(2, 13));
        assert!(times(&first)[0] >= begun && times(&second)[0] >= times(&first)[0]);
        assert_eq!((first.len(), second.len()), (2, 1), "it is said once: {first:?} {second:?}");
    }

    #[test]
    fn version_3_is_version_2_with_a_band_and_a_page() {
        let (timestamp, frame) = ((NTP_TO_UNIX + 5) << 32, vec![2, 0, 9, 0xab, 0xcd]);
        let (channel, device_id, mode, sequence_number, band, page) = (26, 3, Mode::Lqi(200), 1, 4, 0);
        let message = Message::V3 { channel, device_id, mode, timestamp, sequence_number, band, page, frame };
        let told = Devices::default().datagram(&message.to_vec().unwrap());
        let [Sniffed::Heard(heard)] = &told[..] else { panic!("{told:?}") };
        // What stood in place of the FCS is gone.
        assert!(heard.packet.ends_with(&[2, 0, 9]) && heard.at == 5_000_000_000, "{heard:?}");
    }

    #[test]
    fn what_is_no_frame_is_told() {
        let mut devices = Devices::default();
        assert!(matches!(&devices.datagram(b"EX\x03")[..], [Sniffed::Strange(_)]));
        let hello = Message::Hello { address: Eui64([0x41, 0x88, 0, 0, 0, 0, 0, 2]) }.to_vec().unwrap();
        let told = devices.datagram(&hello);
        let [Sniffed::Strange(told)] = &told[..] else { panic!("{told:?}") };
        assert_eq!(told, "the node 4188000000000002 makes itself known to the dispatcher");
    }
}
