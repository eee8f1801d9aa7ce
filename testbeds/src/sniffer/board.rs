//! A board with our firmware and a radio of its own, as a sniffer: it is told by the radio link (`wire::radio_link`) to hand over
//! every frame of a channel, and counts what it could not hand over.

use std::io::Write as _;
use std::sync::mpsc::Sender;
use std::time::Duration;

use wire::radio_link::{Assembler, Message, Stamped};

use super::{Heard, Signal, Sniffed, SnifferError, TAP, now, read_stream, tap};

/// USB serial lines have no speed.
const BAUD: u32 = 115_200;
const READS_FOR: Duration = Duration::from_millis(100);

pub(super) fn listen(path: &str, channel: u8, sender: Sender<Sniffed>) -> Result<(), SnifferError> {
    let opened = serialport::new(path, BAUD).timeout(READS_FOR).open_native();
    let mut port = opened.map_err(|source| SnifferError::Open { path: path.to_owned(), source })?;
    let order = Stamped { at: 0, message: Message::Sniff { channel } }.to_vec()?;
    port.write_all(&order).map_err(|source| SnifferError::Order { path: path.to_owned(), source })?;
    std::thread::spawn(move || {
        let mut link = Link { channel, ..Link::default() };
        read_stream(port, &sender, |octets| {
            octets.iter().flat_map(|octet| link.take(*octet)).all(|sniffed| sender.send(sniffed).is_ok())
        });
    });
    Ok(())
}

/// What comes from the board.
#[derive(Default)]
struct Link {
    channel: u8,
    assembler: Assembler,
    skipped: u64,
    dropped: u32,
    /// The board's time of the first frame in microseconds, and when that was in nanoseconds since 1970.
    begun: Option<(u64, u64)>,
}

impl Link {
    fn take(&mut self, octet: u8) -> Vec<Sniffed> {
        let Some(Stamped { at, message }) = self.assembler.push(octet) else { return Vec::new() };
        let mut told = Vec::new();
        let skipped = self.assembler.skipped() - self.skipped;
        if skipped > 0 {
            self.skipped += skipped;
            told.push(Sniffed::Strange(format!("{skipped} octets that belong to no message")));
        }
        match message {
            Message::Sniffed { rssi_dbm, lqi, dropped, psdu } => {
                let lost = dropped.wrapping_sub(std::mem::replace(&mut self.dropped, dropped));
                if lost > 0 && self.begun.is_some() {
                    told.push(Sniffed::Lost(lost.into()));
                }
                let (first, then) = *self.begun.get_or_insert_with(|| (at, now()));
                let at = then.saturating_add(at.saturating_sub(first).saturating_mul(1000));
                let signal = Signal { channel: Some(self.channel), rssi_dbm: Some(rssi_dbm), lqi: Some(lqi) };
                told.push(match tap(signal, false, &psdu) {
                    Ok(packet) => Sniffed::Heard(Heard::whole(at, TAP, packet)),
                    Err(reason) => Sniffed::Strange(reason.to_string()),
                });
            }
            Message::Booted | Message::Restarting => {
                self.begun = None;
                told.push(Sniffed::Strange("the board has started anew: it sniffs no more".to_owned()));
            }
            Message::Panicked(reason) => told.push(Sniffed::Strange(format!("its firmware panicked: {reason}"))),
            _ => {}
        }
        told
    }
}

#[cfg(test)]
mod tests {
    use wire::radio_link::{Message, Stamped};

    use super::{Link, Sniffed};

    fn told(link: &mut Link, at: u64, dropped: u32) -> Vec<Sniffed> {
        let message = Message::Sniffed { rssi_dbm: -40, lqi: 200, dropped, psdu: vec![2, 0, 9] };
        let octets = Stamped { at, message }.to_vec().unwrap();
        octets.iter().flat_map(|octet| link.take(*octet)).collect()
    }

    #[test]
    fn frames_have_the_times_of_the_board_and_its_losses_are_counted() {
        let mut link = Link { channel: 15, ..Link::default() };
        // What it dropped before is not of this capture.
        let first = told(&mut link, 1_000_000, 7);
        let [Sniffed::Heard(first)] = &first[..] else { panic!("{first:?}") };
        let second = told(&mut link, 1_000_250, 9);
        let [Sniffed::Lost(2), Sniffed::Heard(second)] = &second[..] else { panic!("{second:?}") };
        assert_eq!(second.at - first.at, 250_000);
        assert!(second.packet.ends_with(&[2, 0, 9]));
    }
}
