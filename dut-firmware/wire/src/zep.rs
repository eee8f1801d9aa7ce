//! The ZigBee Encapsulation Protocol, UDP port 17754: frames of a sniffer behind a header of version 1, 2 or 3. It has no
//! public specification; the layout is the one that Wireshark's `packet-zep.c` and the sniffers that emit it agree on.
//! Nodes of RIOT make themselves known to its dispatcher by a message of their own, [`Message::Hello`].

use alloc::vec;
use alloc::vec::Vec;

use crate::ieee802154::Trailer;
use crate::reader::Reader;
use crate::writer::Writer;
use crate::{Error, Eui64, Result};

/// UDP port.
pub const PORT: u16 = 17754;

/// Type of an acknowledgement, from version 2 on.
pub const TYPE_ACK: u64 = 2;
/// Type of RIOT's hello.
pub const TYPE_HELLO: u64 = 255;
/// What a hello has in the reserved octets.
pub const HELLO: &[u8; 5] = b"HELLO";

/// What the two octets behind a frame are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mode {
    /// TI CC24xx metadata; the octet is the link quality.
    Lqi(u8),
    /// The FCS.
    Crc,
}

impl Mode {
    fn parse(reader: &mut Reader<'_>) -> Result<Self> {
        let mode = reader.u8("ZEP mode")?;
        let lqi = reader.u8("ZEP link quality")?;
        Ok(if mode == 0 { Self::Lqi(lqi) } else { Self::Crc })
    }

    fn emit(self, writer: &mut Writer<'_>) -> Result<()> {
        match self {
            Self::Lqi(lqi) => writer.put(&[0, lqi], "ZEP mode"),
            Self::Crc => writer.put(&[1, 0], "ZEP mode"),
        }
    }

    /// What ends the frame.
    pub fn trailer(self) -> Trailer {
        match self {
            Self::Lqi(_) => Trailer::Cc24xx,
            Self::Crc => Trailer::Fcs16,
        }
    }
}

/// A datagram.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// A frame behind a header of version 1.
    V1 {
        /// Channel number.
        channel: u8,
        /// Which sniffer.
        device_id: u16,
        /// What ends the frame.
        mode: Mode,
        /// The frame with its last two octets; at most 127.
        frame: Vec<u8>,
    },
    /// A frame behind a header of version 2.
    V2 {
        /// Channel number.
        channel: u8,
        /// Which sniffer.
        device_id: u16,
        /// What ends the frame.
        mode: Mode,
        /// NTP timestamp: seconds since 1900 in the upper half, fractions of 2^-32 s in the lower.
        timestamp: u64,
        /// Counts the frames of a sniffer.
        sequence_number: u32,
        /// The frame with its last two octets; at most 127.
        frame: Vec<u8>,
    },
    /// A frame behind a header of version 3: version 2 with a band and a channel page.
    V3 {
        /// Channel number.
        channel: u8,
        /// Which sniffer.
        device_id: u16,
        /// What ends the frame.
        mode: Mode,
        /// As of version 2.
        timestamp: u64,
        /// Counts the frames of a sniffer.
        sequence_number: u32,
        /// Frequency band, by the number that the sniffer has for it.
        band: u8,
        /// Channel page.
        page: u8,
        /// The frame with its last two octets; at most 127.
        frame: Vec<u8>,
    },
    /// An acknowledgement (versions 2 and 3; written as one of version 2).
    Ack {
        /// Of the frame that is acknowledged.
        sequence_number: u32,
    },
    /// A node makes itself known to RIOT's dispatcher, which sends to those that it knows (version 2, type 255).
    Hello {
        /// Its extended address.
        address: Eui64,
    },
}

const V1_LENGTH: usize = 16;
const V2_LENGTH: usize = 32;
const ACK_LENGTH: usize = 8;
const MAX_FRAME: usize = 127;

impl Message {
    /// Parses a datagram; octets after the frame are ignored.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        let mut reader = Reader::new(bytes);
        if reader.take(2, "ZEP preamble")? != b"EX" {
            return Err(Error::Malformed("ZEP preamble"));
        }
        let version = reader.u8("ZEP version")?;
        match version {
            1 => {
                let channel = reader.u8("ZEP channel")?;
                let device_id = reader.u16_be("ZEP device")?;
                let mode = Mode::parse(&mut reader)?;
                reader.take(7, "ZEP reserved")?;
                Ok(Self::V1 { channel, device_id, mode, frame: frame(&mut reader)? })
            }
            2 | 3 => {
                let kind = u64::from(reader.u8("ZEP type")?);
                if kind == TYPE_ACK {
                    return Ok(Self::Ack { sequence_number: reader.u32_be("ZEP sequence")? });
                }
                let channel = reader.u8("ZEP channel")?;
                let device_id = reader.u16_be("ZEP device")?;
                let mode = Mode::parse(&mut reader)?;
                let timestamp = reader.u64_be("ZEP timestamp")?;
                let sequence_number = reader.u32_be("ZEP sequence")?;
                let reserved: [u8; 10] = reader.array("ZEP reserved")?;
                let frame = frame(&mut reader)?;
                if kind == TYPE_HELLO && reserved.starts_with(HELLO) {
                    let address = frame.as_slice().try_into().map_err(|_| Error::Malformed("ZEP hello"))?;
                    return Ok(Self::Hello { address: Eui64(address) });
                }
                if version == 3 {
                    let [band, page, ..] = reserved;
                    return Ok(Self::V3 { channel, device_id, mode, timestamp, sequence_number, band, page, frame });
                }
                Ok(Self::V2 { channel, device_id, mode, timestamp, sequence_number, frame })
            }
            _ => Err(Error::Unsupported("ZEP version")),
        }
    }

    /// Octets that [`Self::emit`] writes.
    pub fn buffer_len(&self) -> usize {
        match self {
            Self::V1 { frame, .. } => frame.len().saturating_add(V1_LENGTH),
            Self::V2 { frame, .. } | Self::V3 { frame, .. } => frame.len().saturating_add(V2_LENGTH),
            Self::Hello { address } => address.0.len().saturating_add(V2_LENGTH),
            Self::Ack { .. } => ACK_LENGTH,
        }
    }

    /// Writes the datagram.
    pub fn emit(&self, buffer: &mut [u8]) -> Result<()> {
        let mut writer = Writer::new(buffer);
        writer.put(b"EX", "ZEP preamble")?;
        let frame: &[u8] = match self {
            Self::V1 { channel, device_id, mode, frame } => {
                writer.put(&[1, *channel], "ZEP version")?;
                writer.u16_be(*device_id, "ZEP device")?;
                mode.emit(&mut writer)?;
                writer.put(&[0; 7], "ZEP reserved")?;
                frame
            }
            Self::V2 { channel, device_id, mode, timestamp, sequence_number, frame } => {
                writer.put(&[2, 1, *channel], "ZEP version")?;
                writer.u16_be(*device_id, "ZEP device")?;
                mode.emit(&mut writer)?;
                writer.put(&timestamp.to_be_bytes(), "ZEP timestamp")?;
                writer.u32_be(*sequence_number, "ZEP sequence")?;
                writer.put(&[0; 10], "ZEP reserved")?;
                frame
            }
            Self::V3 { channel, device_id, mode, timestamp, sequence_number, band, page, frame } => {
                writer.put(&[3, 1, *channel], "ZEP version")?;
                writer.u16_be(*device_id, "ZEP device")?;
                mode.emit(&mut writer)?;
                writer.put(&timestamp.to_be_bytes(), "ZEP timestamp")?;
                writer.u32_be(*sequence_number, "ZEP sequence")?;
                writer.put(&[*band, *page, 0, 0, 0, 0, 0, 0, 0, 0], "ZEP reserved")?;
                frame
            }
            Self::Hello { address } => {
                writer.put(&[2, 255], "ZEP version")?;
                // As a frame without channel, time and number.
                writer.put(&[0; 17], "ZEP hello")?;
                writer.put(HELLO, "ZEP hello")?;
                writer.put(&[0; 5], "ZEP hello")?;
                &address.0
            }
            Self::Ack { sequence_number } => {
                writer.put(&[2, 2], "ZEP version")?;
                return writer.u32_be(*sequence_number, "ZEP sequence");
            }
        };
        if frame.len() > MAX_FRAME {
            return Err(Error::Malformed("ZEP frame above 127 octets"));
        }
        writer.u8((frame.len() & 0x7f) as u8, "ZEP length")?;
        writer.put(frame, "ZEP frame")
    }

    /// The datagram as bytes.
    pub fn to_vec(&self) -> Result<Vec<u8>> {
        let mut bytes = vec![0; self.buffer_len()];
        self.emit(&mut bytes)?;
        Ok(bytes)
    }
}

fn frame(reader: &mut Reader<'_>) -> Result<Vec<u8>> {
    let length = reader.u8("ZEP length")? & 0x7f;
    Ok(reader.take(length.into(), "ZEP frame")?.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn message() -> impl Strategy<Value = Message> {
        let mode = prop_oneof![Just(Mode::Crc), any::<u8>().prop_map(Mode::Lqi)];
        (any::<(u8, u8, u16, u64, u32)>(), mode, proptest::collection::vec(any::<u8>(), 0..=127)).prop_map(
            |((kind, channel, device_id, timestamp, sequence_number), mode, frame)| match kind % 5 {
                0 => Message::V1 { channel, device_id, mode, frame },
                1 => Message::V2 { channel, device_id, mode, timestamp, sequence_number, frame },
                2 => {
                    let [band, page] = [channel ^ kind, kind];
                    Message::V3 { channel, device_id, mode, timestamp, sequence_number, band, page, frame }
                }
                3 => Message::Hello { address: Eui64(timestamp.to_be_bytes()) },
                _ => Message::Ack { sequence_number },
            },
        )
    }

    #[test]
    fn the_hello_of_a_node_of_riot_is_read_and_written() {
        let recorded = "455802ff000000000000000000000000000000000048454c4c4f0000000000080200000000000001";
        let recorded = hex::decode(recorded).unwrap();
        let hello = Message::Hello { address: Eui64([2, 0, 0, 0, 0, 0, 0, 1]) };
        assert_eq!(Message::parse(&recorded).unwrap(), hello);
        assert_eq!(hello.to_vec().unwrap(), recorded);
    }

    proptest! {
        #[test]
        fn a_datagram_survives_emit_and_parse_and_fits_its_buffer_only(message in message()) {
            let bytes = message.to_vec().unwrap();
            prop_assert_eq!(Message::parse(&bytes).unwrap(), message.clone());
            prop_assert!(message.emit(&mut vec![0; bytes.len() - 1]).is_err());
        }

        #[test]
        fn no_octets_panic(bytes in proptest::collection::vec(any::<u8>(), 0..80), version in 0..4u8) {
            let _ = Message::parse(&bytes);
            let _ = Message::parse(&[b"EX".as_slice(), &[version], &bytes].concat());
        }
    }
}
