//! The auxiliary security header and CCM* protection of frames (IEEE 802.15.4-2006 sections 7.6.2 and 7.6.3; IEEE
//! 802.15.4-2015 sections 9.3 and 9.4).

use alloc::vec;
use alloc::vec::Vec;

use super::frame::secured_version;
use super::{
    Address, Beacon, Frame, FrameType, FrameVersion, Header, LinkAddress, PanId, ReservedBits, SecuredFrame,
    ShortAddress,
};
use crate::ccm::{self, Ccm};
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
    /// Frame counter; only a 2015 frame can be without one, and its nonce is made of the absolute slot number then.
    pub frame_counter: Option<u32>,
    /// ASN in nonce (2015): the nonce is made of the absolute slot number although there may be a frame counter.
    pub asn_in_nonce: bool,
    /// Key identifier.
    pub key_identifier: KeyIdentifier,
}

const FRAME_COUNTER_SUPPRESSION: u8 = 1 << 5;
const ASN_IN_NONCE: u8 = 1 << 6;

/// The bits of the security control field that an edition reserves.
fn reserved_bits(version: FrameVersion) -> u8 {
    if version == FrameVersion::V2015 { 0x80 } else { 0xe0 }
}

impl AuxSecurityHeader {
    /// A header with a frame counter, as every edition has it.
    pub fn new(level: SecurityLevel, frame_counter: u32, key_identifier: KeyIdentifier) -> Self {
        Self { level, frame_counter: Some(frame_counter), asn_in_nonce: false, key_identifier }
    }

    /// Whether the nonce is made of the absolute slot number.
    pub fn uses_absolute_slot_number(&self) -> bool {
        self.asn_in_nonce || self.frame_counter.is_none()
    }

    /// Octets that [`Self::emit`] writes: 1 to 14.
    pub fn buffer_len(&self) -> usize {
        let counter = if self.frame_counter.is_some() { 4 } else { 0 };
        let identifier = match self.key_identifier {
            KeyIdentifier::Implicit => 0,
            KeyIdentifier::Index(_) => 1,
            KeyIdentifier::Source4(..) => 5,
            KeyIdentifier::Source8(..) => 9,
        };
        1 + counter + identifier
    }

    /// Reads the header; gives the reserved bits of its security control field too.
    pub fn parse(version: FrameVersion, reader: &mut Reader<'_>) -> Result<(Self, u8)> {
        let control = reader.u8("security control")?;
        let is_2015 = version == FrameVersion::V2015;
        let is_suppressed = is_2015 && control & FRAME_COUNTER_SUPPRESSION != 0;
        let frame_counter = if is_suppressed { None } else { Some(reader.u32_le("frame counter")?) };
        let key_identifier = match control >> 3 & 3 {
            0 => KeyIdentifier::Implicit,
            1 => KeyIdentifier::Index(reader.u8("key index")?),
            2 => KeyIdentifier::Source4(reader.array("key source")?, reader.u8("key index")?),
            _ => KeyIdentifier::Source8(reader.array("key source")?, reader.u8("key index")?),
        };
        let asn_in_nonce = is_2015 && control & ASN_IN_NONCE != 0;
        let level = SecurityLevel::from_bits(control);
        Ok((Self { level, frame_counter, asn_in_nonce, key_identifier }, control & reserved_bits(version)))
    }

    /// Writes the header, with these reserved bits. [`Error::Malformed`] for what only the 2015 edition has.
    pub fn emit(&self, version: FrameVersion, reserved: u8, writer: &mut Writer<'_>) -> Result<()> {
        if version != FrameVersion::V2015 && self.uses_absolute_slot_number() {
            return Err(Error::Malformed("only 2015 frames have nonces of the absolute slot number"));
        }
        let suppression = if self.frame_counter.is_none() { FRAME_COUNTER_SUPPRESSION } else { 0 };
        let asn_in_nonce = if self.asn_in_nonce { ASN_IN_NONCE } else { 0 };
        let control = self.level.number()
            | self.key_identifier.mode() << 3
            | suppression
            | asn_in_nonce
            | reserved & reserved_bits(version);
        writer.u8(control, "security control")?;
        if let Some(frame_counter) = self.frame_counter {
            writer.u32_le(frame_counter, "frame counter")?;
        }
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

/// The CCM* nonce: source address and frame counter big-endian, then the security level (2006 section 7.6.3.2).
pub fn nonce(source: Eui64, frame_counter: u32, level: SecurityLevel) -> [u8; 13] {
    let [a, b, c, d, e, f, g, h] = source.0;
    let [i, j, k, l] = frame_counter.to_be_bytes();
    [a, b, c, d, e, f, g, h, i, j, k, l, level.number()]
}

/// The CCM* nonce of TSCH: source address and the 40 bits of the absolute slot number, big-endian (2015 section
/// 9.3.3.2). A device with a short address has [`short_nonce_source`] for its source address.
pub fn tsch_nonce(source: Eui64, absolute_slot_number: u64) -> [u8; 13] {
    let [a, b, c, d, e, f, g, h] = source.0;
    let [_, _, _, i, j, k, l, m] = absolute_slot_number.to_be_bytes();
    [a, b, c, d, e, f, g, h, i, j, k, l, m]
}

/// What stands for the extended address in the TSCH nonce of a frame with a short source address: the CID BA-55-EC, an
/// octet of zeros, PAN identifier and short address (2015 section 9.3.3.2).
pub fn short_nonce_source(pan: PanId, address: ShortAddress) -> Eui64 {
    let ([a, b], [c, d]) = (pan.0.to_be_bytes(), address.0.to_be_bytes());
    Eui64([0xba, 0x55, 0xec, 0, a, b, c, d])
}

/// Protects `frame` as the device with extended address `source`. The result of a 2003 frame is a 2006 one.
///
/// [`Error::Unsupported`] if the nonce asks for an absolute slot number: [`secure_in_slot`] takes one.
pub fn secure(frame: &Frame, security: &AuxSecurityHeader, key: &[u8; 16], source: Eui64) -> Result<SecuredFrame> {
    secure_with(frame, security, key, counter_nonce(security, source)?)
}

/// As [`secure`], in the TSCH timeslot with this absolute slot number; `source` is the extended address of a device
/// without a short one.
pub fn secure_in_slot(
    frame: &Frame,
    security: &AuxSecurityHeader,
    key: &[u8; 16],
    source: Eui64,
    absolute_slot_number: u64,
) -> Result<SecuredFrame> {
    secure_with(frame, security, key, slot_nonce(&frame.header, security, source, absolute_slot_number)?)
}

fn secure_with(frame: &Frame, security: &AuxSecurityHeader, key: &[u8; 16], nonce: [u8; 13]) -> Result<SecuredFrame> {
    let version = secured_version(frame.header.version);
    let header = Header { version, ..frame.header };
    let mut secured = SecuredFrame {
        header,
        frame_type: frame.content.frame_type(),
        security: *security,
        header_elements: frame.elements.header.clone(),
        reserved: ReservedBits::default(),
        payload: Vec::new(),
    };
    let payload = frame.payload_to_vec(version)?;
    let parts = Parts::split(&secured, &payload, frame.content.open_len(version))?;
    secured.payload = parts.seal(security.level, key, &nonce)?;
    Ok(secured)
}

/// Verifies and decrypts `frame`, taking `source` as the extended address of its sender.
///
/// [`Error::Integrity`] if the integrity code does not match; levels 0 and 4 have none and never fail so.
/// [`Error::Unsupported`] if the nonce asks for an absolute slot number: [`unsecure_in_slot`] takes one.
pub fn unsecure(frame: &SecuredFrame, key: &[u8; 16], source: Eui64) -> Result<Frame> {
    unsecure_with(frame, key, counter_nonce(&frame.security, source)?)
}

/// As [`unsecure`], for a frame received in the TSCH timeslot with this absolute slot number.
pub fn unsecure_in_slot(
    frame: &SecuredFrame,
    key: &[u8; 16],
    source: Eui64,
    absolute_slot_number: u64,
) -> Result<Frame> {
    unsecure_with(frame, key, slot_nonce(&frame.header, &frame.security, source, absolute_slot_number)?)
}

fn unsecure_with(frame: &SecuredFrame, key: &[u8; 16], nonce: [u8; 13]) -> Result<Frame> {
    let payload = open_payload(frame, key, &nonce)?;
    Frame::from_payload(frame.header, frame.frame_type, frame.header_elements.clone(), &payload)
}

/// The MAC payload of a frame, verified and decrypted but not parsed.
fn open_payload(frame: &SecuredFrame, key: &[u8; 16], nonce: &[u8; 13]) -> Result<Vec<u8>> {
    let open_len = match (frame.frame_type, frame.version()) {
        (_, FrameVersion::V2015) | (FrameType::Data | FrameType::Acknowledgment, _) => 0,
        (FrameType::Beacon, _) => {
            let body_len = frame.payload.len().saturating_sub(frame.security.level.mic_len());
            Beacon::parse(frame.payload.get(..body_len).unwrap_or(&[]))?.open_len()
        }
        (FrameType::MacCommand, _) => 1,
    };
    let private_at = frame.headers_len().saturating_add(open_len);
    let mpdu = frame.to_vec()?;
    let private = open_octets(&mpdu, private_at, frame.security.level, &Ccm::new(key), nonce)?;
    let open = frame.payload.get(..open_len).ok_or(Error::Truncated("open payload"))?;
    Ok([open, &private].concat())
}

/// The private payload of a frame that is there as octets: what begins at `private_at`, without its integrity code.
pub fn open_octets(
    mpdu: &[u8],
    private_at: usize,
    level: SecurityLevel,
    key: &Ccm,
    nonce: &[u8; 13],
) -> Result<Vec<u8>> {
    let (open, private) = mpdu.split_at_checked(private_at).ok_or(Error::Truncated("open payload"))?;
    if level.encrypts() {
        let body_len = private.len().checked_sub(level.mic_len()).ok_or(Error::Truncated("MIC"))?;
        let (body, mic) = private.split_at_checked(body_len).ok_or(Error::Truncated("MIC"))?;
        let mut plaintext = body.to_vec();
        key.open_in_place(nonce, open, &mut plaintext, mic)?;
        return Ok(plaintext);
    }
    let authenticated_len = mpdu.len().checked_sub(level.mic_len()).ok_or(Error::Truncated("MIC"))?;
    let body = mpdu.get(private_at..authenticated_len).ok_or(Error::Truncated("MIC"))?;
    if level.mic_len() > 0 {
        let (authenticated, mic) = mpdu.split_at_checked(authenticated_len).ok_or(Error::Truncated("MIC"))?;
        key.open_in_place(nonce, authenticated, &mut [], mic)?;
    }
    Ok(body.to_vec())
}

/// The nonce of a frame with a frame counter; [`Error::Unsupported`] if it is one of the absolute slot number.
pub fn counter_nonce(security: &AuxSecurityHeader, source: Eui64) -> Result<[u8; 13]> {
    match security.frame_counter {
        Some(frame_counter) if !security.asn_in_nonce => Ok(nonce(source, frame_counter, security.level)),
        _ => Err(Error::Unsupported("a nonce of an absolute slot number that is not known")),
    }
}

/// The nonce of a frame in a slot that is known: of the slot number if the frame says so, else of the frame counter.
pub fn slot_nonce(
    header: &Header,
    security: &AuxSecurityHeader,
    source: Eui64,
    absolute_slot_number: u64,
) -> Result<[u8; 13]> {
    if !security.uses_absolute_slot_number() {
        return counter_nonce(security, source);
    }
    Ok(tsch_nonce(slot_nonce_source(header).unwrap_or(source), absolute_slot_number))
}

/// The source address in a nonce of the absolute slot number, as far as the header has it.
pub fn slot_nonce_source(header: &Header) -> Option<Eui64> {
    match header.source {
        Address::Short { pan, address } => Some(short_nonce_source(pan, address)),
        Address::Bare(LinkAddress::Short(address)) => Some(short_nonce_source(PanId::BROADCAST, address)),
        source => source.extended(),
    }
}

/// A frame as CCM* sees it: headers with header elements, open payload, private payload.
struct Parts<'a> {
    headers: Vec<u8>,
    open: &'a [u8],
    private: &'a [u8],
}

impl<'a> Parts<'a> {
    fn split(frame: &SecuredFrame, payload: &'a [u8], open_len: usize) -> Result<Self> {
        let mut headers = vec![0; frame.headers_len()];
        frame.emit_headers(&mut Writer::new(&mut headers))?;
        let (open, private) = payload.split_at_checked(open_len).ok_or(Error::Truncated("open payload"))?;
        Ok(Self { headers, open, private })
    }

    fn seal(&self, level: SecurityLevel, key: &[u8; 16], nonce: &[u8; 13]) -> Result<Vec<u8>> {
        let mut output = self.open.to_vec();
        if level.encrypts() {
            let aad = [&self.headers, self.open].concat();
            output.extend(ccm::seal(key, nonce, &aad, self.private, level.mic_len())?);
        } else {
            output.extend_from_slice(self.private);
            if level.mic_len() > 0 {
                let aad = [&self.headers, self.open, self.private].concat();
                output.extend(ccm::seal(key, nonce, &aad, &[], level.mic_len())?);
            }
        }
        Ok(output)
    }
}
