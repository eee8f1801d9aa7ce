//! The MAC header up to the addressing fields (IEEE 802.15.4-2006 section 7.2.1; IEEE 802.15.4-2015 section 7.2).

use super::{Address, AddressingMode, LinkAddress, PanId};
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
    /// From the three bits. 4 is reserved; multipurpose (5), fragment (6) and extended (7) frames have other headers and
    /// are not read here.
    pub fn from_bits(bits: u16) -> Result<Self> {
        match bits & 7 {
            0 => Ok(Self::Beacon),
            1 => Ok(Self::Data),
            2 => Ok(Self::Acknowledgment),
            3 => Ok(Self::MacCommand),
            5 => Err(Error::Unsupported("IEEE 802.15.4 multipurpose frame")),
            6 => Err(Error::Unsupported("IEEE 802.15.4 fragment frame")),
            7 => Err(Error::Unsupported("IEEE 802.15.4 extended frame")),
            _ => Err(Error::Unsupported("reserved IEEE 802.15.4 frame type")),
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FrameVersion {
    /// 0: compatible with IEEE 802.15.4-2003.
    V2003,
    /// 1: IEEE 802.15.4-2006.
    V2006,
    /// 2: IEEE 802.15.4-2015.
    V2015,
}

impl FrameVersion {
    /// The two bits.
    pub fn bits(self) -> u16 {
        match self {
            Self::V2003 => 0,
            Self::V2006 => 1,
            Self::V2015 => 2,
        }
    }

    /// The bits of the frame control field that this edition reserves: ignored on reception, but authenticated.
    pub fn reserved_bits(self) -> u16 {
        match self {
            Self::V2003 | Self::V2006 => 0x0380,
            Self::V2015 => 0x0080,
        }
    }

    /// Whether a frame has PAN identifiers of destination and source, by its addressing modes and PAN ID compression
    /// (2006 section 7.2.1.1.5; 2015 table 7-2). [`Error::Malformed`] for compression that the edition does not have.
    pub fn pan_ids_present(
        self,
        destination: AddressingMode,
        source: AddressingMode,
        pan_id_compression: bool,
    ) -> Result<(bool, bool)> {
        use AddressingMode::{Absent, Extended};
        if self == Self::V2015 {
            return Ok(match (destination, source) {
                (Absent, Absent) => (pan_id_compression, false),
                (_, Absent) => (!pan_id_compression, false),
                (Absent, _) => (false, !pan_id_compression),
                (Extended, Extended) => (!pan_id_compression, false),
                _ => (true, !pan_id_compression),
            });
        }
        let (destination, source) = (destination != Absent, source != Absent);
        if pan_id_compression && !(destination && source) {
            return Err(Error::Malformed("PAN ID compression needs both addresses"));
        }
        Ok((destination, source && !pan_id_compression))
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
    /// The sequence number is left out (2015).
    pub sequence_number_suppressed: bool,
    /// Information elements follow the headers (2015).
    pub elements_present: bool,
    /// Bits that the edition reserves, in their places.
    pub reserved: u16,
    /// Destination addressing mode.
    pub destination_mode: AddressingMode,
    /// Frame version.
    pub version: FrameVersion,
    /// Source addressing mode.
    pub source_mode: AddressingMode,
}

impl FrameControl {
    /// From the 16 bits.
    pub fn from_bits(bits: u16) -> Result<Self> {
        let version = match bits >> 12 & 3 {
            0 => FrameVersion::V2003,
            1 => FrameVersion::V2006,
            2 => FrameVersion::V2015,
            _ => return Err(Error::Unsupported("IEEE 802.15.4 frame version")),
        };
        let is_2015 = version == FrameVersion::V2015;
        Ok(Self {
            frame_type: FrameType::from_bits(bits)?,
            security_enabled: bits & 1 << 3 != 0,
            frame_pending: bits & 1 << 4 != 0,
            ack_request: bits & 1 << 5 != 0,
            pan_id_compression: bits & 1 << 6 != 0,
            sequence_number_suppressed: is_2015 && bits & 1 << 8 != 0,
            elements_present: is_2015 && bits & 1 << 9 != 0,
            reserved: bits & version.reserved_bits(),
            destination_mode: AddressingMode::from_bits(bits >> 10)?,
            version,
            source_mode: AddressingMode::from_bits(bits >> 14)?,
        })
    }

    /// The 16 bits.
    pub fn bits(self) -> u16 {
        self.frame_type.bits()
            | u16::from(self.security_enabled) << 3
            | u16::from(self.frame_pending) << 4
            | u16::from(self.ack_request) << 5
            | u16::from(self.pan_id_compression) << 6
            | u16::from(self.sequence_number_suppressed) << 8
            | u16::from(self.elements_present) << 9
            | self.reserved & self.version.reserved_bits()
            | self.destination_mode.bits() << 10
            | self.version.bits() << 12
            | self.source_mode.bits() << 14
    }
}

/// What a frame's content says about its header: the part of the frame control field that [`Header`] leaves out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outline {
    /// Frame type.
    pub frame_type: FrameType,
    /// Security enabled.
    pub security_enabled: bool,
    /// Information elements present; only 2015 frames can have them.
    pub elements_present: bool,
    /// Reserved bits of the frame control field, in their places.
    pub reserved: u16,
}

/// The MAC header without what follows from the content (frame type, security enabled, information elements present)
/// and without the auxiliary security header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// Frame version.
    pub version: FrameVersion,
    /// More data waits at the sender.
    pub frame_pending: bool,
    /// The receiver shall acknowledge.
    pub ack_request: bool,
    /// A PAN identifier is left out: which one, if any, [`FrameVersion::pan_ids_present`] says.
    pub pan_id_compression: bool,
    /// Data (or beacon) sequence number; only 2015 frames can be without one.
    pub sequence_number: Option<u8>,
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
            sequence_number: Some(sequence_number),
            destination,
            source,
        }
    }

    /// A header of the 2015 edition between two addresses; PAN ID compression as table 7-2 has it for them, no flags set.
    pub fn new_2015(destination: Address, source: Address, sequence_number: Option<u8>) -> Self {
        let (from, to) = (source.mode(), destination.mode());
        let pan_id_compression = match (to, from) {
            (AddressingMode::Absent, AddressingMode::Absent) => destination.pan().is_some(),
            (_, AddressingMode::Absent) => destination.pan().is_none(),
            (AddressingMode::Absent, _) => source.pan().is_none(),
            (AddressingMode::Extended, AddressingMode::Extended) => destination.pan().is_none(),
            _ => destination.pan() == source.pan(),
        };
        Self {
            version: FrameVersion::V2015,
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
        let (destination, source) = (self.destination.mode(), self.source.mode());
        let present = self.version.pan_ids_present(destination, source, self.pan_id_compression);
        let (destination_pan, source_pan) = present.unwrap_or((true, true));
        let pan_len = |present| if present { 2 } else { 0 };
        2 + usize::from(self.sequence_number.is_some())
            + pan_len(destination_pan)
            + destination.address_len()
            + pan_len(source_pan)
            + source.address_len()
    }

    /// Reads frame control, sequence number and addresses.
    pub fn parse(reader: &mut Reader<'_>) -> Result<(FrameControl, Self)> {
        let control = FrameControl::from_bits(reader.u16_le("frame control")?)?;
        let suppressed = control.sequence_number_suppressed;
        let sequence_number = if suppressed { None } else { Some(reader.u8("sequence number")?) };
        let (destination_mode, source_mode) = (control.destination_mode, control.source_mode);
        let (has_destination_pan, has_source_pan) =
            control.version.pan_ids_present(destination_mode, source_mode, control.pan_id_compression)?;
        let pan = |present, reader: &mut Reader<'_>, what| -> Result<Option<PanId>> {
            Ok(if present { Some(PanId(reader.u16_le(what)?)) } else { None })
        };
        let destination_pan = pan(has_destination_pan, reader, "destination PAN identifier")?;
        let destination = LinkAddress::parse(destination_mode, reader)?;
        let source_pan = pan(has_source_pan, reader, "source PAN identifier")?;
        let source = LinkAddress::parse(source_mode, reader)?;
        // Without one of its own the source is on the destination's PAN.
        let source_pan = source.and(source_pan.or(destination_pan));
        let header = Self {
            version: control.version,
            frame_pending: control.frame_pending,
            ack_request: control.ack_request,
            pan_id_compression: control.pan_id_compression,
            sequence_number,
            destination: Address::from_parts(destination_pan, destination),
            source: Address::from_parts(source_pan, source),
        };
        Ok((control, header))
    }

    /// Writes frame control, sequence number and addresses. [`Error::Malformed`] if the addresses are none that the
    /// edition can express under this PAN ID compression, or for what only the 2015 edition has.
    pub fn emit(&self, outline: Outline, writer: &mut Writer<'_>) -> Result<()> {
        let is_2015 = self.version == FrameVersion::V2015;
        if !is_2015 && (self.sequence_number.is_none() || outline.elements_present) {
            return Err(Error::Malformed("only 2015 frames leave the sequence number out or have elements"));
        }
        let (destination, source) = (self.destination, self.source);
        let (has_destination_pan, has_source_pan) =
            self.version.pan_ids_present(destination.mode(), source.mode(), self.pan_id_compression)?;
        let implied_pan = if has_destination_pan { destination.pan() } else { None };
        let source_fits = if has_source_pan || source == Address::Absent {
            source.pan().is_some() == has_source_pan && !matches!(source, Address::Pan(_))
        } else {
            source.pan() == implied_pan && source.link().is_some()
        };
        if destination.pan().is_some() != has_destination_pan || !source_fits {
            return Err(Error::Malformed("PAN identifiers that PAN ID compression does not allow"));
        }
        let control = FrameControl {
            frame_type: outline.frame_type,
            security_enabled: outline.security_enabled,
            frame_pending: self.frame_pending,
            ack_request: self.ack_request,
            pan_id_compression: self.pan_id_compression,
            sequence_number_suppressed: self.sequence_number.is_none(),
            elements_present: outline.elements_present,
            reserved: outline.reserved,
            destination_mode: destination.mode(),
            version: self.version,
            source_mode: source.mode(),
        };
        writer.u16_le(control.bits(), "frame control")?;
        if let Some(sequence_number) = self.sequence_number {
            writer.u8(sequence_number, "sequence number")?;
        }
        for (address, has_pan) in [(destination, has_destination_pan), (source, has_source_pan)] {
            if let (Some(PanId(pan)), true) = (address.pan(), has_pan) {
                writer.u16_le(pan, "PAN identifier")?;
            }
            if let Some(address) = address.link() {
                address.emit(writer)?;
            }
        }
        Ok(())
    }
}
