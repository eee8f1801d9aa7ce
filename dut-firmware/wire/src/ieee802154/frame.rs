//! Whole frames, plain and secured (IEEE 802.15.4-2006 section 7.2.2).

use alloc::vec;
use alloc::vec::Vec;

use super::{AuxSecurityHeader, Beacon, Command, CommandId, FrameType, FrameVersion, Header, MAX_PSDU, append_fcs};
use crate::reader::Reader;
use crate::writer::Writer;
use crate::{Error, Result};

/// A frame without link security, or one whose security was removed by [`super::unsecure`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// MAC header.
    pub header: Header,
    /// MAC payload.
    pub content: Content,
}

/// The MAC payload by frame type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// Beacon frame.
    Beacon(Beacon),
    /// Data frame: a 6LoWPAN payload.
    Data(Vec<u8>),
    /// Acknowledgment frame.
    Acknowledgment,
    /// MAC command frame.
    Command(Command),
}

/// A frame under link security, as it goes on air.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecuredFrame {
    /// MAC header; its version is written as [`FrameVersion::V2006`] always.
    pub header: Header,
    /// Frame type.
    pub frame_type: FrameType,
    /// Auxiliary security header.
    pub security: AuxSecurityHeader,
    /// Open payload, private payload (encrypted from level 4 on) and message integrity code.
    pub payload: Vec<u8>,
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
    /// [`Error::Unsupported`] for versions after 2006 and for 2003 security.
    pub fn parse(mpdu: &[u8]) -> Result<Self> {
        let mut reader = Reader::new(mpdu);
        let (control, header) = Header::parse(&mut reader)?;
        if !control.security_enabled {
            let content = Content::parse(control.frame_type, reader.rest())?;
            return Ok(Self::Plain(Frame { header, content }));
        }
        if control.version == FrameVersion::V2003 {
            return Err(Error::Unsupported("IEEE 802.15.4-2003 security"));
        }
        let security = AuxSecurityHeader::parse(&mut reader)?;
        let payload = reader.rest().to_vec();
        Ok(Self::Secured(SecuredFrame { header, frame_type: control.frame_type, security, payload }))
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
            Self::Beacon(_) => FrameType::Beacon,
            Self::Data(_) => FrameType::Data,
            Self::Acknowledgment => FrameType::Acknowledgment,
            Self::Command(_) => FrameType::MacCommand,
        }
    }

    /// Parses a MAC payload. Octets after an acknowledgment's header are ignored.
    pub fn parse(frame_type: FrameType, bytes: &[u8]) -> Result<Self> {
        Ok(match frame_type {
            FrameType::Beacon => Self::Beacon(Beacon::parse(bytes)?),
            FrameType::Data => Self::Data(bytes.to_vec()),
            FrameType::Acknowledgment => Self::Acknowledgment,
            FrameType::MacCommand => {
                let (id, body) = bytes.split_first().ok_or(Error::Truncated("command frame identifier"))?;
                Self::Command(Command { id: CommandId(*id), body: body.to_vec() })
            }
        })
    }

    /// Octets at the start of the payload that encryption leaves open (section 7.6.3.3).
    pub fn open_len(&self) -> usize {
        match self {
            Self::Beacon(beacon) => beacon.open_len(),
            Self::Command(_) => 1,
            Self::Data(_) | Self::Acknowledgment => 0,
        }
    }

    /// Octets that [`Self::emit`] writes.
    pub fn buffer_len(&self) -> usize {
        match self {
            Self::Beacon(beacon) => beacon.buffer_len(),
            Self::Data(payload) => payload.len(),
            Self::Acknowledgment => 0,
            Self::Command(command) => command.body.len().saturating_add(1),
        }
    }

    /// Writes the MAC payload.
    pub fn emit(&self, writer: &mut Writer<'_>) -> Result<()> {
        match self {
            Self::Beacon(beacon) => beacon.emit(writer),
            Self::Data(payload) => writer.put(payload, "MAC payload"),
            Self::Acknowledgment => Ok(()),
            Self::Command(command) => {
                writer.u8(command.id.0, "command frame identifier")?;
                writer.put(&command.body, "command body")
            }
        }
    }

    /// The MAC payload as bytes.
    pub fn to_vec(&self) -> Result<Vec<u8>> {
        let mut bytes = vec![0; self.buffer_len()];
        self.emit(&mut Writer::new(&mut bytes))?;
        Ok(bytes)
    }
}

impl Frame {
    /// Parses a frame that carries no link security; [`Error::Unsupported`] if it does.
    pub fn parse(mpdu: &[u8]) -> Result<Self> {
        match Mpdu::parse(mpdu)? {
            Mpdu::Plain(frame) => Ok(frame),
            Mpdu::Secured(_) => Err(Error::Unsupported("a secured frame where a plain one was asked for")),
        }
    }

    /// The acknowledgment of the frame with `sequence_number` (section 7.2.2.3).
    pub fn acknowledgment(sequence_number: u8, frame_pending: bool) -> Self {
        use super::Address::Absent;
        let header = Header { frame_pending, ..Header::new(Absent, Absent, sequence_number) };
        Self { header, content: Content::Acknowledgment }
    }

    /// Octets that [`Self::emit`] writes, FCS not included.
    pub fn buffer_len(&self) -> usize {
        self.header.buffer_len().saturating_add(self.content.buffer_len())
    }

    /// Writes the MPDU.
    pub fn emit(&self, buffer: &mut [u8]) -> Result<()> {
        let mut writer = Writer::new(buffer);
        self.header.emit(self.content.frame_type(), false, &mut writer)?;
        self.content.emit(&mut writer)
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
        self.header.buffer_len().saturating_add(self.security.buffer_len()).saturating_add(self.payload.len())
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
        let header = Header { version: FrameVersion::V2006, ..self.header };
        header.emit(self.frame_type, true, writer)?;
        self.security.emit(writer)
    }
}

fn with_fcs(mut mpdu: Vec<u8>) -> Result<Vec<u8>> {
    append_fcs(&mut mpdu);
    if mpdu.len() > MAX_PSDU { Err(Error::NoRoom("frame above 127 octets")) } else { Ok(mpdu) }
}
