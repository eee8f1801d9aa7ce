//! The MAC header up to the addressing fields (IEEE 802.15.4-2006 section 7.2.1).

use super::{Address, AddressingMode, PanId};
use crate::reader::Reader;
use crate::writer::Writer;
use crate::{Error, Result};

/// The frame type subfield (table 79).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FrameType {
    /// 0
    Beacon,
    /// 1
    Data,
    /// 2
    Acknowledgment,
    /// 3
    MacCommand,
}

impl FrameType {
    /// From the three bits; 4 to 7 are not frames of the 2006 edition.
    pub fn from_bits(bits: u16) -> Result<Self> {
        match bits & 7 {
            0 => Ok(Self::Beacon),
            1 => Ok(Self::Data),
            2 => Ok(Self::Acknowledgment),
            3 => Ok(Self::MacCommand),
            _ => Err(Error::Unsupported("IEEE 802.15.4 frame type")),
        }
    }

    /// The three bits.
    pub fn bits(self) -> u16 {
        match self {
            Self::Beacon => 0,
            Self::Data => 1,
            Self::Acknowledgment => 2,
            Self::MacCommand => 3,
        }
    }
}

/// The frame version subfield.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FrameVersion {
    /// 0: compatible with IEEE 802.15.4-2003.
    V2003,
    /// 1: IEEE 802.15.4-2006; every secured frame is one.
    V2006,
}

impl FrameVersion {
    /// The two bits.
    pub fn bits(self) -> u16 {
        match self {
            Self::V2003 => 0,
            Self::V2006 => 1,
        }
    }
}

/// The frame control field, decoded (section 7.2.1.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameControl {
    /// Frame type.
    pub frame_type: FrameType,
    /// Security enabled.
    pub security_enabled: bool,
    /// Frame pending.
    pub frame_pending: bool,
    /// Acknowledgment request.
    pub ack_request: bool,
    /// PAN ID compression.
    pub pan_id_compression: bool,
    /// Destination addressing mode.
    pub destination_mode: AddressingMode,
    /// Frame version.
    pub version: FrameVersion,
    /// Source addressing mode.
    pub source_mode: AddressingMode,
}

impl FrameControl {
    /// From the 16 bits; reserved bits are ignored.
    pub fn from_bits(bits: u16) -> Result<Self> {
        let version = match bits >> 12 & 3 {
            0 => FrameVersion::V2003,
            1 => FrameVersion::V2006,
            _ => return Err(Error::Unsupported("IEEE 802.15.4 frame version")),
        };
        Ok(Self {
            frame_type: FrameType::from_bits(bits)?,
            security_enabled: bits & 1 << 3 != 0,
            frame_pending: bits & 1 << 4 != 0,
            ack_request: bits & 1 << 5 != 0,
            pan_id_compression: bits & 1 << 6 != 0,
            destination_mode: AddressingMode::from_bits(bits >> 10)?,
            version,
            source_mode: AddressingMode::from_bits(bits >> 14)?,
        })
    }

    /// The 16 bits, reserved ones 0.
    pub fn bits(self) -> u16 {
        self.frame_type.bits()
            | u16::from(self.security_enabled) << 3
            | u16::from(self.frame_pending) << 4
            | u16::from(self.ack_request) << 5
            | u16::from(self.pan_id_compression) << 6
            | self.destination_mode.bits() << 10
            | self.version.bits() << 12
            | self.source_mode.bits() << 14
    }
}

/// The MAC header without what follows from the content (frame type, security enabled) and without the auxiliary
/// security header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// Frame version.
    pub version: FrameVersion,
    /// More data waits at the sender.
    pub frame_pending: bool,
    /// The receiver shall acknowledge.
    pub ack_request: bool,
    /// The source PAN identifier is left out because it equals the destination's.
    pub pan_id_compression: bool,
    /// Data (or beacon) sequence number.
    pub sequence_number: u8,
    /// Destination PAN and address.
    pub destination: Address,
    /// Source PAN and address.
    pub source: Address,
}

impl Header {
    /// A header between two addresses, compressed if they are on the same PAN; version 2003, no flags set.
    pub fn new(destination: Address, source: Address, sequence_number: u8) -> Self {
        let pan_id_compression = destination.pan().is_some() && destination.pan() == source.pan();
        let version = FrameVersion::V2003;
        Self {
            version,
            frame_pending: false,
            ack_request: false,
            pan_id_compression,
            sequence_number,
            destination,
            source,
        }
    }

    /// Octets that [`Self::emit`] writes.
    pub fn buffer_len(&self) -> usize {
        let destination_pan = if self.destination == Address::Absent { 0 } else { 2 };
        let source_pan = if self.source == Address::Absent || self.pan_id_compression { 0 } else { 2 };
        3 + destination_pan + self.destination.address_len() + source_pan + self.source.address_len()
    }

    /// Reads frame control, sequence number and addresses.
    pub fn parse(reader: &mut Reader<'_>) -> Result<(FrameControl, Self)> {
        let control = FrameControl::from_bits(reader.u16_le("frame control")?)?;
        let sequence_number = reader.u8("sequence number")?;
        let both = control.destination_mode != AddressingMode::Absent && control.source_mode != AddressingMode::Absent;
        if control.pan_id_compression && !both {
            return Err(Error::Malformed("PAN ID compression needs both addresses"));
        }
        let mut destination_pan = PanId::BROADCAST;
        if control.destination_mode != AddressingMode::Absent {
            destination_pan = PanId(reader.u16_le("destination PAN identifier")?);
        }
        let destination = Address::parse(control.destination_mode, destination_pan, reader)?;
        let mut source_pan = destination_pan;
        if control.source_mode != AddressingMode::Absent && !control.pan_id_compression {
            source_pan = PanId(reader.u16_le("source PAN identifier")?);
        }
        let source = Address::parse(control.source_mode, source_pan, reader)?;
        let header = Self {
            version: control.version,
            frame_pending: control.frame_pending,
            ack_request: control.ack_request,
            pan_id_compression: control.pan_id_compression,
            sequence_number,
            destination,
            source,
        };
        Ok((control, header))
    }

    /// Writes frame control, sequence number and addresses.
    pub fn emit(&self, frame_type: FrameType, security_enabled: bool, writer: &mut Writer<'_>) -> Result<()> {
        if self.pan_id_compression && (self.destination.pan().is_none() || self.destination.pan() != self.source.pan())
        {
            return Err(Error::Malformed("PAN ID compression needs both addresses on one PAN"));
        }
        let control = FrameControl {
            frame_type,
            security_enabled,
            frame_pending: self.frame_pending,
            ack_request: self.ack_request,
            pan_id_compression: self.pan_id_compression,
            destination_mode: self.destination.mode(),
            version: self.version,
            source_mode: self.source.mode(),
        };
        writer.u16_le(control.bits(), "frame control")?;
        writer.u8(self.sequence_number, "sequence number")?;
        if let Some(PanId(pan)) = self.destination.pan() {
            writer.u16_le(pan, "destination PAN identifier")?;
        }
        self.destination.emit(writer)?;
        if let (Some(PanId(pan)), false) = (self.source.pan(), self.pan_id_compression) {
            writer.u16_le(pan, "source PAN identifier")?;
        }
        self.source.emit(writer)
    }
}
