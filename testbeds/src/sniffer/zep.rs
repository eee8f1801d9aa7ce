//! ZEP datagrams, versions 1 and 2, as RIOT's dispatcher and hardware sniffers send them. Version 2 counts its frames: a gap in the
//! numbers of a device is a loss.

use std::collections::BTreeMap;
use std::net::UdpSocket;
use std::sync::mpsc::Sender;

use wire::zep::{Message, Mode};

use super::{Heard, Signal, Sniffed, TAP, now, tap};

/// Seconds from 1900, where NTP begins, to 1970.
pub(crate) const NTP_TO_UNIX: u64 = 2_208_988_800;

pub(super) fn listen(address: &str, sender: Sender<Sniffed>) -> Result<(), String> {
    let socket = UdpSocket::bind(address).map_err(|error| format!("cannot listen at {address}: {error}"))?;
    std::thread::spawn(move || {
        let (mut buffer, mut expected) = ([0; 2048], BTreeMap::new());
        loop {
            let sniffed = match socket.recv(&mut buffer) {
                Ok(length) => datagram(&buffer[..length], &mut expected),
                Err(error) => vec![Sniffed::Ended(Some(error.to_string()))],
            };
            if sniffed.into_iter().any(|sniffed| sender.send(sniffed).is_err()) {
                return;
            }
        }
    });
    Ok(())
}

/// What a datagram tells; `expected` has the next number of each device.
fn datagram(octets: &[u8], expected: &mut BTreeMap<u16, u32>) -> Vec<Sniffed> {
    let (channel, mode, at, frame, lost) = match Message::parse(octets) {
        Ok(Message::V1 { channel, mode, frame, .. }) => (channel, mode, now(), frame, 0),
        Ok(Message::V2 { channel, device_id, mode, timestamp, sequence_number, frame }) => {
            let next = expected.insert(device_id, sequence_number.wrapping_add(1));
            // A number that goes back is a device that began anew.
            let lost = next.map_or(0, |next| sequence_number.wrapping_sub(next));
            (channel, mode, unix(timestamp), frame, if lost < 1 << 31 { lost } else { 0 })
        }
        // Acknowledgements between dispatchers are no frames.
        Ok(Message::Ack { .. }) => return Vec::new(),
        Err(error) => return vec![Sniffed::Strange(format!("{} octets that are no ZEP: {error}", octets.len()))],
    };
    // In LQI mode the FCS is replaced by what the radio has measured.
    let (lqi, has_fcs) = match mode {
        Mode::Lqi(lqi) => (Some(lqi), false),
        Mode::Crc => (None, true),
    };
    let whole = if has_fcs { frame.len() } else { frame.len().saturating_sub(2) };
    let signal = Signal { channel: Some(channel), lqi, rssi_dbm: None };
    let heard = match tap(signal, has_fcs, &frame[..whole]) {
        Ok(packet) => Sniffed::Heard(Heard { at, link_type: TAP, packet }),
        Err(reason) => Sniffed::Strange(reason),
    };
    let lost = (lost > 0).then(|| Sniffed::Lost(lost.into()));
    lost.into_iter().chain([heard]).collect()
}

/// Nanoseconds since 1970 of an NTP timestamp; of a sniffer that has no wall clock they count from whenever it began.
fn unix(timestamp: u64) -> u64 {
    let seconds = (timestamp >> 32).saturating_sub(NTP_TO_UNIX);
    let fraction = ((timestamp & 0xffff_ffff) * 1_000_000_000) >> 32;
    seconds.saturating_mul(1_000_000_000).saturating_add(fraction)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version_2(sequence_number: u32) -> Vec<u8> {
        let timestamp = (NTP_TO_UNIX + 5) << 32 | 1 << 31;
        let frame = vec![2, 0, 9, 0xab, 0xcd];
        Message::V2 { channel: 15, device_id: 3, mode: Mode::Crc, timestamp, sequence_number, frame }.to_vec().unwrap()
    }

    #[test]
    fn gaps_in_the_numbers_of_a_device_are_told() {
        let mut expected = BTreeMap::new();
        let mut lost = |sequence_number| {
            let told = datagram(&version_2(sequence_number), &mut expected);
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
        let [Sniffed::Heard(heard)] = &datagram(&version_2(1), &mut BTreeMap::new())[..] else { panic!() };
        assert_eq!((heard.at, heard.link_type), (5_500_000_000, TAP));
        let dissection = wire::dissect::Dissector::new(wire::dissect::Keys::new()).packet(
            1,
            wire::dissect::LinkType(TAP.into()),
            &heard.packet,
        );
        assert_eq!(dissection.number("wpan-tap.ch_num"), Some(15), "{dissection:?}");
        assert_eq!(dissection.number("wpan-tap.fcs_type"), Some(1));
    }

    #[test]
    fn what_is_no_zep_is_told() {
        assert!(matches!(&datagram(b"EX\x03", &mut BTreeMap::new())[..], [Sniffed::Strange(_)]));
    }
}
