//! Whole frames, plain and secured (IEEE 802.15.4-2006 section 7.2.2; IEEE 802.15.4-2015 section 7.3).

use alloc::vec;
use alloc::vec::Vec;

use super::elements::{self, Elements, HeaderElement};
use super::{AuxSecurityHeader, Beacon, Command, FrameType, FrameVersion, Header, MAX_PSDU, Outline, append_fcs};
use crate::reader::Reader;
use crate::writer::Writer;
use crate::{Error, FRAMES, Result};

/// A frame without link security, or one whose security was removed by [`super::unsecure`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// MAC header.
    pub header: Header,
    /// Information elements; only 2015 frames can have any.
    pub elements: Elements,
    /// MAC payload behind payload elements.
    pub content: Content,
}

/// The MAC payload by frame type and version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// Beacon frame up to 2006.
    Beacon(Beacon),
    /// Beacon frame of 2015: the beacon payload, all else is in information elements.
    EnhancedBeacon(Vec<u8>),
    /// Data frame: a 6LoWPAN payload.
    Data(Vec<u8>),
    /// Acknowledgment frame up to 2006.
    Acknowledgment,
    /// Acknowledgment frame of 2015: its payload.
    EnhancedAcknowledgment(Vec<u8>),
    /// MAC command frame.
    Command(Command),
}

/// A frame under link security, as it goes on air.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecuredFrame {
    /// MAC header; version 2003 is written as [`FrameVersion::V2006`].
    pub header: Header,
    /// Frame type.
    pub frame_type: FrameType,
    /// Auxiliary security header.
    pub security: AuxSecurityHeader,
    /// Header elements: authenticated, never encrypted.
    pub header_elements: Vec<HeaderElement>,
    /// Reserved bits as received: without meaning, but authenticated. None are set in what [`super::secure`] makes.
    pub reserved: ReservedBits,
    /// Open payload, private payload (encrypted from level 4 on) and message integrity code. Payload elements are at
    /// the start of the private payload.
    pub payload: Vec<u8>,
}

/// Reserved bits of a secured frame, each in its place; bits that the frame's edition defines are ignored here.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ReservedBits {
    /// Of the frame control field.
    pub frame_control: u16,
    /// Of the security control field.
    pub security_control: u8,
}

/// What came off the air.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mpdu {
    /// Without link security.
    Plain(Frame),
    /// With link security.
    Secured(SecuredFrame),
}

impl Mpdu {
    /// Parses a frame without its FCS.
    ///
    /// [`Error::Unsupported`] for multipurpose, fragment and extended frames and for 2003 security.
    pub fn parse(mpdu: &[u8]) -> Result<Self> {
        let mut reader = Reader::new(mpdu);
        let (control, header) = Header::parse(&mut reader)?;
        if !control.security_enabled {
            let header_elements =
                if control.elements_present { elements::parse_header(&mut reader, 0)? } else { Vec::new() };
            return Frame::from_payload(header, control.frame_type, header_elements, reader.rest()).map(Self::Plain);
        }
        if control.version == FrameVersion::V2003 {
            return Err(Error::Unsupported("IEEE 802.15.4-2003 security"));
        }
        let (security, security_control) = AuxSecurityHeader::parse(control.version, &mut reader)?;
        let header_elements = if control.elements_present {
            elements::parse_header(&mut reader, security.level.mic_len())?
        } else {
            Vec::new()
        };
        Ok(Self::Secured(SecuredFrame {
            header,
            frame_type: control.frame_type,
            security,
            header_elements,
            reserved: ReservedBits { frame_control: control.reserved, security_control },
            payload: reader.rest().to_vec(),
        }))
    }

    /// The MAC header of either.
    pub fn header(&self) -> &Header {
        match self {
            Self::Plain(frame) => &frame.header,
            Self::Secured(frame) => &frame.header,
        }
    }
}

impl Content {
    /// The frame type that this content belongs to.
    pub fn frame_type(&self) -> FrameType {
        match self {
            Self::Beacon(_) | Self::EnhancedBeacon(_) => FrameType::Beacon,
            Self::Data(_) => FrameType::Data,
            Self::Acknowledgment | Self::EnhancedAcknowledgment(_) => FrameType::Acknowledgment,
            Self::Command(_) => FrameType::MacCommand,
        }
    }

    /// Parses a MAC payload behind payload elements. Octets after the header of an acknowledgment up to 2006 are ignored.
    ///
    /// # Errors
    /// Of the content; [`Error::Unsupported`] for beacons and MAC commands without the feature `frames`.
    pub fn parse(frame_type: FrameType, version: FrameVersion, bytes: &[u8]) -> Result<Self> {
        if !FRAMES && matches!(frame_type, FrameType::Beacon | FrameType::MacCommand) {
            return Err(Error::Unsupported("frame without data"));
        }
        Ok(match (frame_type, version) {
            (FrameType::Beacon, FrameVersion::V2015) => Self::EnhancedBeacon(bytes.to_vec()),
            (FrameType::Beacon, _) => Self::Beacon(Beacon::parse(bytes)?),
            (FrameType::Data, _) => Self::Data(bytes.to_vec()),
            (FrameType::Acknowledgment, FrameVersion::V2015) => Self::EnhancedAcknowledgment(bytes.to_vec()),
            (FrameType::Acknowledgment, _) => Self::Acknowledgment,
            (FrameType::MacCommand, _) => Self::Command(Command::parse(bytes)?),
        })
    }

    /// Octets at the start of the payload that encryption leaves open (2006 section 7.6.3.3): none in 2015 frames.
    pub fn open_len(&self, version: FrameVersion) -> usize {
        match self {
            _ if !FRAMES => 0,
            Self::Beacon(beacon) => beacon.open_len(),
            Self::Command(_) if version != FrameVersion::V2015 => 1,
            _ => 0,
        }
    }

    /// Octets that [`Self::emit`] writes.
    pub fn buffer_len(&self) -> usize {
        match self {
            Self::Beacon(_) | Self::Command(_) if !FRAMES => 0,
            Self::Beacon(beacon) => beacon.buffer_len(),
            Self::Data(payload) | Self::EnhancedBeacon(payload) | Self::EnhancedAcknowledgment(payload) => {
                payload.len()
            }
            Self::Acknowledgment => 0,
            Self::Command(command) => command.buffer_len(),
        }
    }

    /// Writes the MAC payload.
    pub fn emit(&self, writer: &mut Writer<'_>) -> Result<()> {
        match self {
            Self::Beacon(_) | Self::Command(_) if !FRAMES => Err(Error::Unsupported("frame without data")),
            Self::Beacon(beacon) => beacon.emit(writer),
            Self::Data(payload) | Self::EnhancedBeacon(payload) | Self::EnhancedAcknowledgment(payload) => {
                writer.put(payload, "MAC payload")
            }
            Self::Acknowledgment => Ok(()),
            Self::Command(command) => command.emit(writer),
        }
    }

    /// The MAC payload as bytes.
    pub fn to_vec(&self) -> Result<Vec<u8>> {
        let mut bytes = vec![0; self.buffer_len()];
        self.emit(&mut Writer::new(&mut bytes))?;
        Ok(bytes)
    }

    fn fits(&self, version: FrameVersion) -> Result<()> {
        let fits = match self {
            Self::EnhancedBeacon(_) | Self::EnhancedAcknowledgment(_) => version == FrameVersion::V2015,
            Self::Beacon(_) | Self::Acknowledgment => version != FrameVersion::V2015,
            Self::Data(_) | Self::Command(_) => true,
        };
        if fits { Ok(()) } else { Err(Error::Malformed("content of another frame version")) }
    }
}

impl Frame {
    /// A frame without information elements.
    pub fn new(header: Header, content: Content) -> Self {
        Self { header, elements: Elements::NONE, content }
    }

    /// Parses a frame that carries no link security; [`Error::Unsupported`] if it does.
    pub fn parse(mpdu: &[u8]) -> Result<Self> {
        match Mpdu::parse(mpdu)? {
            Mpdu::Plain(frame) => Ok(frame),
            Mpdu::Secured(_) => Err(Error::Unsupported("a secured frame where a plain one was asked for")),
        }
    }

    /// Parses what follows the header elements: payload elements if they announce any, then the content.
    pub(super) fn from_payload(
        header: Header,
        frame_type: FrameType,
        header_elements: Vec<HeaderElement>,
        payload: &[u8],
    ) -> Result<Self> {
        let mut reader = Reader::new(payload);
        let has_payload_elements = header_elements.last() == Some(&HeaderElement::Termination1);
        let payload_elements = if has_payload_elements { elements::parse_payload(&mut reader)? } else { Vec::new() };
        let content = Content::parse(frame_type, header.version, reader.rest())?;
        Ok(Self { header, elements: Elements { header: header_elements, payload: payload_elements }, content })
    }

    /// The acknowledgment of the frame with `sequence_number` (section 7.2.2.3).
    pub fn acknowledgment(sequence_number: u8, frame_pending: bool) -> Self {
        use super::Address::Absent;
        let header = Header { frame_pending, ..Header::new(Absent, Absent, sequence_number) };
        Self::new(header, Content::Acknowledgment)
    }

    /// Octets that [`Self::emit`] writes, FCS not included.
    pub fn buffer_len(&self) -> usize {
        self.header.buffer_len().saturating_add(self.elements.header_len()).saturating_add(self.payload_len())
    }

    fn payload_len(&self) -> usize {
        self.elements.payload_len().saturating_add(self.content.buffer_len())
    }

    /// Writes the MPDU.
    pub fn emit(&self, buffer: &mut [u8]) -> Result<()> {
        let mut writer = Writer::new(buffer);
        let outline = Outline {
            frame_type: self.content.frame_type(),
            security_enabled: false,
            elements_present: !self.elements.is_empty(),
            reserved: 0,
        };
        self.header.emit(outline, &mut writer)?;
        elements::emit_header(&self.elements.header, &mut writer)?;
        self.emit_payload(self.header.version, &mut writer)
    }

    fn emit_payload(&self, version: FrameVersion, writer: &mut Writer<'_>) -> Result<()> {
        self.content.fits(version)?;
        self.elements.check(self.content.buffer_len() > 0)?;
        self.elements.emit_payload(writer)?;
        self.content.emit(writer)
    }

    /// Payload elements and content as bytes, as a frame of this version has them.
    pub(super) fn payload_to_vec(&self, version: FrameVersion) -> Result<Vec<u8>> {
        let mut bytes = vec![0; self.payload_len()];
        self.emit_payload(version, &mut Writer::new(&mut bytes))?;
        Ok(bytes)
    }

    /// The MPDU as bytes.
    pub fn to_vec(&self) -> Result<Vec<u8>> {
        let mut bytes = vec![0; self.buffer_len()];
        self.emit(&mut bytes)?;
        Ok(bytes)
    }

    /// The PSDU as bytes; [`Error::NoRoom`] above [`MAX_PSDU`].
    pub fn to_psdu(&self) -> Result<Vec<u8>> {
        with_fcs(self.to_vec()?)
    }
}

impl SecuredFrame {
    /// Octets that [`Self::emit`] writes, FCS not included.
    pub fn buffer_len(&self) -> usize {
        self.headers_len().saturating_add(self.payload.len())
    }

    pub(super) fn headers_len(&self) -> usize {
        let headers = self.header.buffer_len().saturating_add(self.security.buffer_len());
        headers.saturating_add(elements::header_len(&self.header_elements))
    }

    /// The version that is written.
    pub(super) fn version(&self) -> FrameVersion {
        secured_version(self.header.version)
    }

    /// Writes the MPDU.
    pub fn emit(&self, buffer: &mut [u8]) -> Result<()> {
        let mut writer = Writer::new(buffer);
        self.emit_headers(&mut writer)?;
        writer.put(&self.payload, "secured MAC payload")
    }

    /// The MPDU as bytes.
    pub fn to_vec(&self) -> Result<Vec<u8>> {
        let mut bytes = vec![0; self.buffer_len()];
        self.emit(&mut bytes)?;
        Ok(bytes)
    }

    /// The PSDU as bytes; [`Error::NoRoom`] above [`MAX_PSDU`].
    pub fn to_psdu(&self) -> Result<Vec<u8>> {
        with_fcs(self.to_vec()?)
    }

    pub(super) fn emit_headers(&self, writer: &mut Writer<'_>) -> Result<()> {
        let version = self.version();
        let header = Header { version, ..self.header };
        let outline = Outline {
            frame_type: self.frame_type,
            security_enabled: true,
            elements_present: !self.header_elements.is_empty(),
            reserved: self.reserved.frame_control,
        };
        header.emit(outline, writer)?;
        self.security.emit(version, self.reserved.security_control, writer)?;
        elements::emit_header(&self.header_elements, writer)
    }
}

/// Security came with 2006: a frame that has it is one of that edition at least.
pub(super) fn secured_version(version: FrameVersion) -> FrameVersion {
    match version {
        FrameVersion::V2003 | FrameVersion::V2006 => FrameVersion::V2006,
        FrameVersion::V2015 => FrameVersion::V2015,
    }
}

fn with_fcs(mut mpdu: Vec<u8>) -> Result<Vec<u8>> {
    append_fcs(&mut mpdu);
    if mpdu.len() > MAX_PSDU { Err(Error::NoRoom("frame above 127 octets")) } else { Ok(mpdu) }
}
