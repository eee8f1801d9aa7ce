//! The auxiliary security header and CCM* protection of frames (IEEE 802.15.4-2006 sections 7.6.2 and 7.6.3).

use alloc::vec;
use alloc::vec::Vec;

use super::{Beacon, Content, Frame, FrameType, FrameVersion, Header, SecuredFrame};
use crate::ccm;
use crate::reader::Reader;
use crate::writer::Writer;
use crate::{Error, Eui64, Result};

/// Security level (table 95).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SecurityLevel {
    /// 0: no protection.
    None,
    /// 1: 32-bit integrity code.
    Mic32,
    /// 2: 64-bit integrity code.
    Mic64,
    /// 3: 128-bit integrity code.
    Mic128,
    /// 4: encryption alone.
    Enc,
    /// 5: encryption and 32-bit integrity code.
    EncMic32,
    /// 6: encryption and 64-bit integrity code.
    EncMic64,
    /// 7: encryption and 128-bit integrity code.
    EncMic128,
}

impl SecurityLevel {
    /// From the three bits of the security control field.
    pub fn from_bits(bits: u8) -> Self {
        match bits & 7 {
            0 => Self::None,
            1 => Self::Mic32,
            2 => Self::Mic64,
            3 => Self::Mic128,
            4 => Self::Enc,
            5 => Self::EncMic32,
            6 => Self::EncMic64,
            _ => Self::EncMic128,
        }
    }

    /// The level as a number, 0 to 7.
    pub fn number(self) -> u8 {
        match self {
            Self::None => 0,
            Self::Mic32 => 1,
            Self::Mic64 => 2,
            Self::Mic128 => 3,
            Self::Enc => 4,
            Self::EncMic32 => 5,
            Self::EncMic64 => 6,
            Self::EncMic128 => 7,
        }
    }

    /// Octets of the message integrity code.
    pub fn mic_len(self) -> usize {
        match self {
            Self::None | Self::Enc => 0,
            Self::Mic32 | Self::EncMic32 => 4,
            Self::Mic64 | Self::EncMic64 => 8,
            Self::Mic128 | Self::EncMic128 => 16,
        }
    }

    /// Whether the private payload is encrypted.
    pub fn encrypts(self) -> bool {
        self.number() & 4 != 0
    }
}

/// How the key is identified: key identifier mode and key identifier field (section 7.6.2.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyIdentifier {
    /// Mode 0: by originator and recipient.
    Implicit,
    /// Mode 1: by index with the default key source.
    Index(u8),
    /// Mode 2: by index and a 4-octet key source, octets as on air.
    Source4([u8; 4], u8),
    /// Mode 3: by index and an 8-octet key source, octets as on air.
    Source8([u8; 8], u8),
}

impl KeyIdentifier {
    /// The key identifier mode, 0 to 3.
    pub fn mode(self) -> u8 {
        match self {
            Self::Implicit => 0,
            Self::Index(_) => 1,
            Self::Source4(..) => 2,
            Self::Source8(..) => 3,
        }
    }

    /// The key index, unless the key is implicit.
    pub fn index(self) -> Option<u8> {
        match self {
            Self::Implicit => None,
            Self::Index(index) | Self::Source4(_, index) | Self::Source8(_, index) => Some(index),
        }
    }
}

/// The auxiliary security header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct AuxSecurityHeader {
    /// Security level.
    pub level: SecurityLevel,
    /// Frame counter.
    pub frame_counter: u32,
    /// Key identifier.
    pub key_identifier: KeyIdentifier,
}

impl AuxSecurityHeader {
    /// Octets that [`Self::emit`] writes: 5, 6, 10 or 14.
    pub fn buffer_len(&self) -> usize {
        match self.key_identifier {
            KeyIdentifier::Implicit => 5,
            KeyIdentifier::Index(_) => 6,
            KeyIdentifier::Source4(..) => 10,
            KeyIdentifier::Source8(..) => 14,
        }
    }

    /// Reads the header; reserved bits are ignored.
    pub fn parse(reader: &mut Reader<'_>) -> Result<Self> {
        let control = reader.u8("security control")?;
        let frame_counter = reader.u32_le("frame counter")?;
        let key_identifier = match control >> 3 & 3 {
            0 => KeyIdentifier::Implicit,
            1 => KeyIdentifier::Index(reader.u8("key index")?),
            2 => KeyIdentifier::Source4(reader.array("key source")?, reader.u8("key index")?),
            _ => KeyIdentifier::Source8(reader.array("key source")?, reader.u8("key index")?),
        };
        Ok(Self { level: SecurityLevel::from_bits(control), frame_counter, key_identifier })
    }

    /// Writes the header.
    pub fn emit(&self, writer: &mut Writer<'_>) -> Result<()> {
        writer.u8(self.level.number() | self.key_identifier.mode() << 3, "security control")?;
        writer.u32_le(self.frame_counter, "frame counter")?;
        match self.key_identifier {
            KeyIdentifier::Implicit => Ok(()),
            KeyIdentifier::Index(index) => writer.u8(index, "key index"),
            KeyIdentifier::Source4(source, index) => {
                writer.put(&source, "key source")?;
                writer.u8(index, "key index")
            }
            KeyIdentifier::Source8(source, index) => {
                writer.put(&source, "key source")?;
                writer.u8(index, "key index")
            }
        }
    }
}

/// The CCM* nonce: source address and frame counter big-endian, then the security level (section 7.6.3.2).
pub fn nonce(source: Eui64, frame_counter: u32, level: SecurityLevel) -> [u8; 13] {
    let mut nonce = [0; 13];
    let octets = source.0.into_iter().chain(frame_counter.to_be_bytes()).chain([level.number()]);
    for (to, from) in nonce.iter_mut().zip(octets) {
        *to = from;
    }
    nonce
}

/// Protects `frame` as the device with extended address `source`. The result is a 2006 frame whatever version
/// `frame.header` says.
pub fn secure(frame: &Frame, security: &AuxSecurityHeader, key: &[u8; 16], source: Eui64) -> Result<SecuredFrame> {
    let header = Header { version: FrameVersion::V2006, ..frame.header };
    let frame_type = frame.content.frame_type();
    let mut secured = SecuredFrame { header, frame_type, security: *security, payload: Vec::new() };
    let payload = frame.content.to_vec()?;
    let parts = Parts::split(&secured, &payload, frame.content.open_len())?;
    secured.payload = parts.seal(security, key, source)?;
    Ok(secured)
}

/// Verifies and decrypts `frame`, taking `source` as the extended address of its sender.
///
/// [`crate::Error::Integrity`] if the integrity code does not match; levels 0 and 4 have none and never fail so.
pub fn unsecure(frame: &SecuredFrame, key: &[u8; 16], source: Eui64) -> Result<Frame> {
    let open_len = match frame.frame_type {
        FrameType::Beacon => {
            let body_len = frame.payload.len().saturating_sub(frame.security.level.mic_len());
            Beacon::parse(frame.payload.get(..body_len).unwrap_or(&[]))?.open_len()
        }
        FrameType::MacCommand => 1,
        FrameType::Data | FrameType::Acknowledgment => 0,
    };
    let payload = Parts::split(frame, &frame.payload, open_len)?.open(&frame.security, key, source)?;
    Ok(Frame { header: frame.header, content: Content::parse(frame.frame_type, &payload)? })
}

/// A frame as CCM* sees it: both headers, open payload, private payload.
struct Parts<'a> {
    headers: Vec<u8>,
    open: &'a [u8],
    private: &'a [u8],
}

impl<'a> Parts<'a> {
    fn split(frame: &SecuredFrame, payload: &'a [u8], open_len: usize) -> Result<Self> {
        let mut headers = vec![0; frame.header.buffer_len().saturating_add(frame.security.buffer_len())];
        frame.emit_headers(&mut Writer::new(&mut headers))?;
        let (open, private) = payload.split_at_checked(open_len).ok_or(Error::Truncated("open payload"))?;
        Ok(Self { headers, open, private })
    }

    fn seal(&self, security: &AuxSecurityHeader, key: &[u8; 16], source: Eui64) -> Result<Vec<u8>> {
        let level = security.level;
        let nonce = nonce(source, security.frame_counter, level);
        let mut output = self.open.to_vec();
        if level.encrypts() {
            let aad = [&self.headers, self.open].concat();
            output.extend(ccm::seal(key, &nonce, &aad, self.private, level.mic_len())?);
        } else {
            output.extend_from_slice(self.private);
            if level.mic_len() > 0 {
                let aad = [&self.headers, self.open, self.private].concat();
                output.extend(ccm::seal(key, &nonce, &aad, &[], level.mic_len())?);
            }
        }
        Ok(output)
    }

    fn open(&self, security: &AuxSecurityHeader, key: &[u8; 16], source: Eui64) -> Result<Vec<u8>> {
        let level = security.level;
        let nonce = nonce(source, security.frame_counter, level);
        let mut output = self.open.to_vec();
        if level.encrypts() {
            let aad = [&self.headers, self.open].concat();
            output.extend(ccm::open(key, &nonce, &aad, self.private, level.mic_len())?);
        } else {
            let body_len = self.private.len().checked_sub(level.mic_len()).ok_or(Error::Truncated("MIC"))?;
            let (body, mic) = self.private.split_at_checked(body_len).ok_or(Error::Truncated("MIC"))?;
            if !mic.is_empty() {
                let aad = [&self.headers, self.open, body].concat();
                ccm::open(key, &nonce, &aad, mic, level.mic_len())?;
            }
            output.extend_from_slice(body);
        }
        Ok(output)
    }
}
