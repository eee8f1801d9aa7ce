//! The text protocol of Nordic's nRF Sniffer for 802.15.4: `channel N`, `receive` and `sleep` to it; from it, for each frame,
//! `received: HEX power: DBM lqi: N time: US`. The two octets of the FCS are not those of the frame: its radio has checked them.

use std::io::Write as _;
use std::sync::mpsc::Sender;
use std::time::Duration;

use super::{Heard, Signal, Sniffed, SnifferError, TAP, now, read_stream, tap};

/// USB serial lines have no speed; boards with a debugger between have this one.
const BAUD: u32 = 115_200;
const READS_FOR: Duration = Duration::from_millis(100);

pub(super) fn listen(path: &str, channel: u8, sender: Sender<Sniffed>) -> Result<(), SnifferError> {
    let opened = serialport::new(path, BAUD).timeout(READS_FOR).open_native();
    let mut port = opened.map_err(|source| SnifferError::Open { path: path.to_owned(), source })?;
    let commands = format!("sleep\r\nshell echo off\r\nchannel {channel}\r\nreceive\r\n");
    port.write_all(commands.as_bytes()).map_err(|source| SnifferError::Order { path: path.to_owned(), source })?;
    std::thread::spawn(move || {
        let (mut partial, mut clock) = (Vec::new(), Clock::default());
        read_stream(port, &sender, |octets| {
            partial.extend_from_slice(octets);
            while let Some(end) = partial.iter().position(|octet| *octet == b'\n') {
                let line: Vec<u8> = partial.drain(..=end).collect();
                let sniffed = line_of(String::from_utf8_lossy(&line).trim(), channel, &mut clock);
                if sniffed.is_some_and(|sniffed| sender.send(sniffed).is_err()) {
                    return false;
                }
            }
            true
        });
    });
    Ok(())
}

/// The sniffer's clock: microseconds that begin anew after 2^32, mapped to the host's at the first frame.
#[derive(Debug, Default)]
struct Clock {
    begun: Option<u64>,
    last: Option<u32>,
    /// Microseconds since the first frame.
    passed: u64,
}

impl Clock {
    /// Nanoseconds since 1970.
    fn at(&mut self, microseconds: u32, now: impl Fn() -> u64) -> u64 {
        let begun = *self.begun.get_or_insert_with(now);
        let step = self.last.replace(microseconds).map_or(0, |last| microseconds.wrapping_sub(last));
        self.passed += u64::from(step);
        begun.saturating_add(self.passed.saturating_mul(1000))
    }
}

/// What a line tells; nothing if it is an echo, a prompt or empty.
fn line_of(line: &str, channel: u8, clock: &mut Clock) -> Option<Sniffed> {
    let at = line.find("received:")?;
    let words: Vec<&str> = line[at..].split_whitespace().collect();
    let frame = || {
        let ["received:", digits, "power:", power, "lqi:", lqi, "time:", time] = words[..] else { return None };
        let octets = hex::decode(digits).ok()?;
        let frame = octets.get(..octets.len().checked_sub(2)?)?.to_vec();
        // Printed with a sign by some versions.
        let time: i64 = time.parse().ok()?;
        let signal = Signal { channel: Some(channel), rssi_dbm: power.parse().ok(), lqi: lqi.parse().ok() };
        Some((frame, signal, (time & 0xffff_ffff) as u32))
    };
    Some(match frame() {
        Some((frame, signal, time)) => match tap(signal, false, &frame) {
            Ok(packet) => Sniffed::Heard(Heard::whole(clock.at(time, now), TAP, packet)),
            Err(reason) => Sniffed::Strange(reason.to_string()),
        },
        None => Sniffed::Strange(format!("a line that is no frame: {line:?}")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_becomes_a_frame_without_its_last_two_octets() {
        let mut clock = Clock::default();
        let line = "\u{1b}[m received: 02000908f1 power: -47 lqi: 132 time: 9384758";
        let Some(Sniffed::Heard(heard)) = line_of(line, 20, &mut clock) else { panic!() };
        assert!(heard.packet.ends_with(&[2, 0, 9]));
        let packet =
            dissect::Dissector::new(dissect::Keys::new()).packet(1, dissect::LinkType(TAP.into()), &heard.packet);
        assert_eq!((packet.number("wpan-tap.ch_num"), packet.number("wpan.seq_no")), (Some(20), Some(9)));
        assert_eq!(packet.number("wpan-tap.lqi"), Some(132));
    }

    #[test]
    fn lines_that_are_cut_are_told_and_others_passed_over() {
        let mut clock = Clock::default();
        for line in
            ["received: 0200090", "received: zz power: 1 lqi: 1 time: 1", "received: 02 power: -1 lqi: 1 time: 1"]
        {
            assert!(matches!(line_of(line, 11, &mut clock), Some(Sniffed::Strange(_))), "{line}");
        }
        assert_eq!(line_of("uart:~$ receive", 11, &mut clock), None);
    }

    #[test]
    fn its_clock_goes_on_where_it_begins_anew() {
        let mut clock = Clock::default();
        let mut at = |microseconds| clock.at(microseconds, || 1_000_000_000_000);
        assert_eq!(at(u32::MAX - 9), 1_000_000_000_000);
        assert_eq!(at(0), 1_000_000_010_000);
        assert_eq!(at(5), 1_000_000_015_000);
    }
}
