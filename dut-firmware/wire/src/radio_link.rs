//! The radio link: what a board without a radio of its own, or one whose radio another program drives, exchanges with the
//! medium over a serial line. A format of ours.
//!
//! A message is 0xB7, its kind (u8), the length of its body (u16), a timestamp in microseconds of the sender's clock (u64), the
//! body, and the FCS of IEEE 802.15.4 over all that; big-endian but for the FCS, which is little-endian as on air.

use alloc::string::String;
use alloc::vec::Vec;

use crate::ieee802154::{FCS_LENGTH, MAX_PSDU, PanId, append_fcs, check_fcs};
use crate::reader::Reader;
use crate::{Error, Eui64, Result};

/// The first octet of every message.
pub const START: u8 = 0xb7;
/// Octets before the body.
const HEADER_LENGTH: usize = 12;
/// Octets of the longest body: a backbone packet of 1280 octets, with room.
pub const MAX_BODY: usize = 1536;

/// A message and when its sender sent it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamped {
    /// Microseconds of the sender's clock; of a board, since it booted.
    pub at: u64,
    /// The message.
    pub message: Message,
}

/// What passes the link; the medium sends the first three, a board the others, and either [`Message::Backbone`].
///
/// A board with a radio of its own can lend it to the other side: then that side sends [`Message::Radio`] (several addresses:
/// one message each) and [`Message::Transmit`], and the board answers as a medium does. [`Message::Sniff`] makes it a sniffer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// The radio received a frame.
    Received {
        /// Received signal strength in dBm.
        rssi_dbm: i8,
        /// Without FCS.
        psdu: Vec<u8>,
    },
    /// The radio is done with a frame.
    Done {
        /// That of the [`Message::Transmit`].
        handle: u32,
        /// What became of it.
        status: Status,
    },
    /// An IPv6 packet of the backbone, in either direction.
    Backbone(Vec<u8>),
    /// The board's firmware begins.
    Booted,
    /// How the radio is to listen.
    Radio {
        /// 2.4 GHz channel, 11 to 26.
        channel: u8,
        /// PAN identifier of the address filter.
        pan_id: PanId,
        /// Extended address of the filter and of automatic acknowledgements.
        eui64: Eui64,
        /// Whether to receive.
        receiver_on: bool,
    },
    /// A frame to send.
    Transmit {
        /// Comes back in [`Message::Done`].
        handle: u32,
        /// Without FCS.
        psdu: Vec<u8>,
    },
    /// A line of log.
    Log(String),
    /// The board is about to restart by itself: the last message of this life.
    Restarting,
    /// The firmware panicked, and why: the last message of this life.
    Panicked(String),
    /// To a board with a radio of its own: hand over every frame of this channel, and acknowledge none.
    Sniff {
        /// 2.4 GHz channel, 11 to 26; 0 ends it.
        channel: u8,
    },
    /// A frame that a sniffer heard; the message's timestamp is that of its first symbol after the preamble.
    Sniffed {
        /// Received signal strength in dBm.
        rssi_dbm: i8,
        /// Link quality indication, 0 to 255 (IEEE 802.15.4-2006 6.9.8).
        lqi: u8,
        /// Frames that the board heard and could not hand over, since it booted.
        dropped: u32,
        /// Without FCS, which was right.
        psdu: Vec<u8>,
    },
}

/// What became of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Sent, and acknowledged if it asked for that.
    Success,
    /// Never acknowledged.
    NoAck,
    /// The channel was never clear.
    ChannelAccessFailure,
}

mod kind {
    pub(super) const RECEIVED: u8 = 1;
    pub(super) const DONE: u8 = 2;
    pub(super) const BACKBONE: u8 = 3;
    pub(super) const BOOTED: u8 = 4;
    pub(super) const RADIO: u8 = 5;
    pub(super) const TRANSMIT: u8 = 6;
    pub(super) const LOG: u8 = 7;
    pub(super) const RESTARTING: u8 = 8;
    pub(super) const PANICKED: u8 = 9;
    pub(super) const SNIFF: u8 = 10;
    pub(super) const SNIFFED: u8 = 11;
}

impl Stamped {
    /// The octets of the message.
    ///
    /// # Errors
    /// [`Error::Malformed`] if the body is longer than [`MAX_BODY`], or a frame than a PSDU without its FCS.
    pub fn to_vec(&self) -> Result<Vec<u8>> {
        let mut body = Vec::new();
        let kind = match &self.message {
            Message::Received { rssi_dbm, psdu } => {
                body.extend(rssi_dbm.to_be_bytes());
                body.extend(frame(psdu)?);
                kind::RECEIVED
            }
            Message::Done { handle, status } => {
                body.extend(handle.to_be_bytes());
                body.push(match status {
                    Status::Success => 0,
                    Status::NoAck => 1,
                    Status::ChannelAccessFailure => 2,
                });
                kind::DONE
            }
            Message::Backbone(packet) => {
                body.extend(packet);
                kind::BACKBONE
            }
            Message::Booted => kind::BOOTED,
            Message::Radio { channel, pan_id, eui64, receiver_on } => {
                body.push(*channel);
                body.extend(pan_id.0.to_be_bytes());
                body.extend(eui64.0);
                body.push(u8::from(*receiver_on));
                kind::RADIO
            }
            Message::Transmit { handle, psdu } => {
                body.extend(handle.to_be_bytes());
                body.extend(frame(psdu)?);
                kind::TRANSMIT
            }
            Message::Log(line) => {
                body.extend(line.as_bytes());
                kind::LOG
            }
            Message::Restarting => kind::RESTARTING,
            Message::Panicked(reason) => {
                body.extend(reason.as_bytes());
                kind::PANICKED
            }
            Message::Sniff { channel } => {
                body.push(*channel);
                kind::SNIFF
            }
            Message::Sniffed { rssi_dbm, lqi, dropped, psdu } => {
                body.extend(rssi_dbm.to_be_bytes());
                body.push(*lqi);
                body.extend(dropped.to_be_bytes());
                body.extend(frame(psdu)?);
                kind::SNIFFED
            }
        };
        let length = u16::try_from(body.len()).ok().filter(|length| usize::from(*length) <= MAX_BODY);
        let length = length.ok_or(Error::Malformed("radio link message above its longest body"))?;
        let mut octets = Vec::with_capacity(HEADER_LENGTH + body.len() + FCS_LENGTH);
        octets.extend([START, kind]);
        octets.extend(length.to_be_bytes());
        octets.extend(self.at.to_be_bytes());
        octets.extend(body);
        append_fcs(&mut octets);
        Ok(octets)
    }

    /// Parses the octets of one whole message.
    ///
    /// # Errors
    /// [`Error`] if the FCS or a length is wrong, or the kind is not known.
    pub fn parse(octets: &[u8]) -> Result<Self> {
        let mut reader = Reader::new(check_fcs(octets)?);
        if reader.u8("radio link start")? != START {
            return Err(Error::Malformed("radio link start"));
        }
        let kind = reader.u8("radio link kind")?;
        let length = usize::from(reader.u16_be("radio link length")?);
        let at = reader.u64_be("radio link timestamp")?;
        if reader.remaining() != length {
            return Err(Error::Malformed("radio link length"));
        }
        let message = match kind {
            kind::RECEIVED => {
                let rssi_dbm = i8::from_be_bytes([reader.u8("RSSI")?]);
                Message::Received { rssi_dbm, psdu: frame(reader.rest())?.to_vec() }
            }
            kind::DONE => {
                let handle = reader.u32_be("handle")?;
                let status = match reader.u8("transmit status")? {
                    0 => Status::Success,
                    1 => Status::NoAck,
                    2 => Status::ChannelAccessFailure,
                    _ => return Err(Error::Malformed("transmit status")),
                };
                ended(&reader)?;
                Message::Done { handle, status }
            }
            kind::BACKBONE => Message::Backbone(reader.rest().to_vec()),
            kind::BOOTED => {
                ended(&reader)?;
                Message::Booted
            }
            kind::RADIO => {
                let channel = reader.u8("channel")?;
                let pan_id = PanId(reader.u16_be("PAN identifier")?);
                let eui64 = Eui64(reader.array("EUI-64")?);
                let receiver_on = match reader.u8("receiver")? {
                    0 => false,
                    1 => true,
                    _ => return Err(Error::Malformed("receiver")),
                };
                ended(&reader)?;
                Message::Radio { channel, pan_id, eui64, receiver_on }
            }
            kind::TRANSMIT => {
                let handle = reader.u32_be("handle")?;
                Message::Transmit { handle, psdu: frame(reader.rest())?.to_vec() }
            }
            kind::LOG => Message::Log(text(reader.rest())?),
            kind::RESTARTING => {
                ended(&reader)?;
                Message::Restarting
            }
            kind::PANICKED => Message::Panicked(text(reader.rest())?),
            kind::SNIFF => {
                let channel = reader.u8("channel")?;
                ended(&reader)?;
                Message::Sniff { channel }
            }
            kind::SNIFFED => {
                let rssi_dbm = i8::from_be_bytes([reader.u8("RSSI")?]);
                let lqi = reader.u8("LQI")?;
                let dropped = reader.u32_be("dropped frames")?;
                Message::Sniffed { rssi_dbm, lqi, dropped, psdu: frame(reader.rest())?.to_vec() }
            }
            _ => return Err(Error::Unsupported("kind of a radio link message")),
        };
        Ok(Self { at, message })
    }
}

fn frame(psdu: &[u8]) -> Result<&[u8]> {
    if psdu.len() <= MAX_PSDU - FCS_LENGTH { Ok(psdu) } else { Err(Error::Malformed("PSDU above 127 octets")) }
}

fn text(octets: &[u8]) -> Result<String> {
    String::from_utf8(octets.to_vec()).map_err(|_| Error::Malformed("text of a radio link message"))
}

fn ended(reader: &Reader<'_>) -> Result<()> {
    if reader.is_empty() { Ok(()) } else { Err(Error::Malformed("radio link length")) }
}

/// Messages out of octets in any chunking. After a wrong octet it looks for the next start: noise costs what it hits.
#[derive(Debug, Clone, Default)]
pub struct Assembler {
    held: Vec<u8>,
    /// Octets that belonged to no message.
    skipped: u64,
}

impl Assembler {
    /// Octets so far that belonged to no message: a damaged one, or noise between two.
    pub fn skipped(&self) -> u64 {
        self.skipped
    }

    /// Takes one octet; the message that it completes.
    pub fn push(&mut self, octet: u8) -> Option<Stamped> {
        self.held.push(octet);
        loop {
            let whole = match self.length() {
                // Not what it began as.
                Err(()) => 0,
                Ok(length) if length > self.held.len() => return None,
                Ok(length) => length,
            };
            match self.held.get(..whole).map(Stamped::parse) {
                Some(Ok(message)) => {
                    self.held.drain(..whole);
                    return Some(message);
                }
                _ => {
                    let next = self.held.iter().skip(1).position(|octet| *octet == START);
                    let skipped = next.map_or(self.held.len(), |at| at.saturating_add(1));
                    self.held.drain(..skipped);
                    self.skipped = self.skipped.saturating_add(u64::try_from(skipped).unwrap_or(u64::MAX));
                    if self.held.is_empty() {
                        return None;
                    }
                }
            }
        }
    }

    /// Octets of the message at hand, as far as is known of it yet.
    fn length(&self) -> core::result::Result<usize, ()> {
        match *self.held.as_slice() {
            [START] | [START, _] | [START, _, _] => Ok(HEADER_LENGTH),
            [START, _, high, low, ..] => {
                let body = usize::from(u16::from_be_bytes([high, low]));
                if body > MAX_BODY {
                    Err(())
                } else {
                    Ok(HEADER_LENGTH.saturating_add(body).saturating_add(FCS_LENGTH))
                }
            }
            _ => Err(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;
    use proptest::prelude::*;

    fn message() -> impl Strategy<Value = Message> {
        let octets = |most| proptest::collection::vec(any::<u8>(), 0..most);
        let status = prop_oneof![Just(Status::Success), Just(Status::NoAck), Just(Status::ChannelAccessFailure)];
        prop_oneof![
            (any::<i8>(), octets(126)).prop_map(|(rssi_dbm, psdu)| Message::Received { rssi_dbm, psdu }),
            (any::<u32>(), status).prop_map(|(handle, status)| Message::Done { handle, status }),
            octets(MAX_BODY + 1).prop_map(Message::Backbone),
            Just(Message::Booted),
            (11..27u8, any::<u16>(), any::<[u8; 8]>(), any::<bool>()).prop_map(|(channel, pan, eui64, receiver_on)| {
                Message::Radio { channel, pan_id: PanId(pan), eui64: Eui64(eui64), receiver_on }
            }),
            (any::<u32>(), octets(126)).prop_map(|(handle, psdu)| Message::Transmit { handle, psdu }),
            "[ -~]{0,80}".prop_map(Message::Log),
            Just(Message::Restarting),
            "[ -~]{0,80}".prop_map(Message::Panicked),
            any::<u8>().prop_map(|channel| Message::Sniff { channel }),
            (any::<i8>(), any::<u8>(), any::<u32>(), octets(126))
                .prop_map(|(rssi_dbm, lqi, dropped, psdu)| { Message::Sniffed { rssi_dbm, lqi, dropped, psdu } }),
        ]
    }

    proptest! {
        #[test]
        fn every_message_survives_and_noise_between_costs_only_itself(
            messages in proptest::collection::vec((any::<u64>(), message()), 1..5),
            noise in proptest::collection::vec(0..START, 0..20),
        ) {
            let mut assembler = Assembler::default();
            let messages: Vec<Stamped> =
                messages.into_iter().map(|(at, message)| Stamped { at, message }).collect();
            for message in &messages {
                let octets = message.to_vec().unwrap();
                prop_assert_eq!(&Stamped::parse(&octets).unwrap(), message);
                let found: Vec<Stamped> =
                    noise.iter().chain(&octets).filter_map(|octet| assembler.push(*octet)).collect();
                prop_assert_eq!(&found, core::slice::from_ref(message));
            }
            prop_assert_eq!(assembler.skipped(), (noise.len() * messages.len()) as u64);
        }

        #[test]
        fn a_damaged_message_is_none_and_a_later_one_is_found(
            first in message(), at: prop::sample::Index, bit in 0..8u8,
        ) {
            let mut damaged = Stamped { at: 7, message: first }.to_vec().unwrap();
            let at = at.index(damaged.len());
            damaged[at] ^= 1 << bit;
            prop_assert!(Stamped::parse(&damaged).is_err());
            let mut assembler = Assembler::default();
            // A damaged length may swallow as much as the longest body; then the line is whole again.
            let last = Stamped { at: 9, message: Message::Booted };
            let octets = [damaged, alloc::vec![0; MAX_BODY + 20], last.to_vec().unwrap()].concat();
            let found: Vec<Stamped> = octets.into_iter().filter_map(|octet| assembler.push(octet)).collect();
            prop_assert_eq!(found, [last]);
        }

        #[test]
        fn no_octets_panic(octets in proptest::collection::vec(any::<u8>(), 0..200)) {
            let mut assembler = Assembler::default();
            octets.iter().for_each(|octet| drop(assembler.push(*octet)));
            let _ = Stamped::parse(&octets);
        }
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let long = |message| Stamped { at: 0, message }.to_vec();
        let psdu = alloc::vec![0; MAX_PSDU - 1];
        assert!(long(Message::Backbone(alloc::vec![0; MAX_BODY + 1])).is_err());
        assert_eq!(long(Message::Transmit { handle: 0, psdu }), Err(Error::Malformed("PSDU above 127 octets")));
    }
}
