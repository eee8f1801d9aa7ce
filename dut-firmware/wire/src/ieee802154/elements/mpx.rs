//! The MPX payload element of IEEE 802.15.9 (section 7.1): upper-layer frames of key management protocols, whole or in
//! fragments.

use alloc::vec::Vec;

use crate::reader::Reader;
use crate::writer::Writer;
use crate::{Error, Result};

/// The multiplex ID of key management protocols: a [`KmpId`] and its message follow.
pub const KMP_MULTIPLEX_ID: u16 = 1;
/// The multiplex ID of Wi-SUN: a sub-ID follows.
pub const WISUN_MULTIPLEX_ID: u16 = 2;

/// Fragments of a frame are numbered in an octet; this many bounds what an assembler keeps.
const MAX_FRAGMENTS: usize = 256;

/// The content of an MPX element, by transfer type. Multiplex IDs above 1500 are EtherTypes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mpx {
    /// Transfer type 0.
    FullFrame {
        /// Transaction ID, at most 31.
        transaction_id: u8,
        /// Multiplex ID.
        multiplex_id: u16,
        /// The upper-layer frame.
        frame: Vec<u8>,
    },
    /// Transfer type 1: a small multiplex ID stands in the place of the transaction ID.
    FullFrameCompressed {
        /// Multiplex ID, at most 31.
        multiplex_id: u8,
        /// The upper-layer frame.
        frame: Vec<u8>,
    },
    /// Transfer type 2, fragment number 0.
    FirstFragment {
        /// Transaction ID, at most 31.
        transaction_id: u8,
        /// Octets of the whole upper-layer frame.
        total_size: u16,
        /// Multiplex ID.
        multiplex_id: u16,
        /// Where the upper-layer frame begins.
        fragment: Vec<u8>,
    },
    /// Transfer type 2 with another fragment number, or transfer type 4: the last one.
    NextFragment {
        /// Transaction ID, at most 31.
        transaction_id: u8,
        /// Fragment number; 0 only if it is the last one.
        number: u8,
        /// No fragment follows.
        is_last: bool,
        /// The next octets of the upper-layer frame.
        fragment: Vec<u8>,
    },
    /// Transfer type 6: the transaction failed.
    Abort {
        /// Transaction ID, at most 31.
        transaction_id: u8,
        /// The longest frame that the receiver could take, if that was the reason.
        total_size: Option<u16>,
    },
}

/// The identifier of a key management protocol (IEEE 802.15.9 table 21).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct KmpId(pub u8);

impl KmpId {
    /// IEEE 802.1X and MKA.
    pub const IEEE_802_1X: Self = Self(1);
    /// HIP.
    pub const HIP: Self = Self(2);
    /// IKEv2.
    pub const IKEV2: Self = Self(3);
    /// PANA.
    pub const PANA: Self = Self(4);
    /// Dragonfly.
    pub const DRAGONFLY: Self = Self(5);
    /// IEEE 802.11 4-way handshake.
    pub const IEEE_802_11_4WH: Self = Self(6);
    /// IEEE 802.11 group key handshake.
    pub const IEEE_802_11_GKH: Self = Self(7);
    /// ETSI TS 102 887-2.
    pub const ETSI_TS_102_887_2: Self = Self(8);
    /// Vendor-specific: an OUI follows.
    pub const VENDOR_SPECIFIC: Self = Self(255);
}

impl Mpx {
    /// Octets that [`Self::emit`] writes.
    pub fn buffer_len(&self) -> usize {
        match self {
            Self::FullFrame { frame, .. } => frame.len().saturating_add(3),
            Self::FullFrameCompressed { frame, .. } => frame.len().saturating_add(1),
            Self::FirstFragment { fragment, .. } => fragment.len().saturating_add(6),
            Self::NextFragment { fragment, .. } => fragment.len().saturating_add(2),
            Self::Abort { total_size: None, .. } => 1,
            Self::Abort { total_size: Some(_), .. } => 3,
        }
    }

    /// Reads all of `bytes`; [`Error::Malformed`] for the reserved transfer types.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        let mut reader = Reader::new(bytes);
        let control = reader.u8("transaction control")?;
        let transaction_id = control >> 3;
        match control & 7 {
            0 => {
                let multiplex_id = reader.u16_le("multiplex ID")?;
                Ok(Self::FullFrame { transaction_id, multiplex_id, frame: reader.rest().to_vec() })
            }
            1 => Ok(Self::FullFrameCompressed { multiplex_id: transaction_id, frame: reader.rest().to_vec() }),
            transfer_type @ (2 | 4) => {
                let number = reader.u8("fragment number")?;
                let is_last = transfer_type == 4;
                if number == 0 && !is_last {
                    let (total_size, multiplex_id) =
                        (reader.u16_le("total frame size")?, reader.u16_le("multiplex ID")?);
                    let fragment = reader.rest().to_vec();
                    return Ok(Self::FirstFragment { transaction_id, total_size, multiplex_id, fragment });
                }
                Ok(Self::NextFragment { transaction_id, number, is_last, fragment: reader.rest().to_vec() })
            }
            6 => {
                let total_size = if reader.is_empty() { None } else { Some(reader.u16_le("total frame size")?) };
                if !reader.is_empty() {
                    return Err(Error::Malformed("octets behind an MPX abort"));
                }
                Ok(Self::Abort { transaction_id, total_size })
            }
            _ => Err(Error::Malformed("reserved MPX transfer type")),
        }
    }

    /// Writes the content of the element.
    pub fn emit(&self, writer: &mut Writer<'_>) -> Result<()> {
        let (id, transfer_type) = match self {
            Self::FullFrame { transaction_id, .. } => (*transaction_id, 0),
            Self::FullFrameCompressed { multiplex_id, .. } => (*multiplex_id, 1),
            Self::FirstFragment { transaction_id, .. } => (*transaction_id, 2),
            Self::NextFragment { number: 0, is_last: false, .. } => {
                return Err(Error::Malformed("a first MPX fragment without its size"));
            }
            Self::NextFragment { transaction_id, is_last, .. } => (*transaction_id, if *is_last { 4 } else { 2 }),
            Self::Abort { transaction_id, .. } => (*transaction_id, 6),
        };
        if id > 31 {
            return Err(Error::Malformed("MPX transaction ID above 31"));
        }
        writer.u8(id << 3 | transfer_type, "transaction control")?;
        match self {
            Self::FullFrame { multiplex_id, frame, .. } => {
                writer.u16_le(*multiplex_id, "multiplex ID")?;
                writer.put(frame, "upper-layer frame")
            }
            Self::FullFrameCompressed { frame, .. } => writer.put(frame, "upper-layer frame"),
            Self::FirstFragment { total_size, multiplex_id, fragment, .. } => {
                writer.u8(0, "fragment number")?;
                writer.u16_le(*total_size, "total frame size")?;
                writer.u16_le(*multiplex_id, "multiplex ID")?;
                writer.put(fragment, "upper-layer frame")
            }
            Self::NextFragment { number, fragment, .. } => {
                writer.u8(*number, "fragment number")?;
                writer.put(fragment, "upper-layer frame")
            }
            Self::Abort { total_size, .. } => total_size.map_or(Ok(()), |size| writer.u16_le(size, "total frame size")),
        }
    }

    /// Cuts `frame` into elements with at most `most` octets of it each; one whole element if it fits.
    /// [`Error::Malformed`] for a frame above 65,535 octets or more than 256 fragments.
    pub fn fragments(transaction_id: u8, multiplex_id: u16, frame: &[u8], most: usize) -> Result<Vec<Self>> {
        if frame.len() <= most {
            return Ok(Vec::from([Self::FullFrame { transaction_id, multiplex_id, frame: frame.to_vec() }]));
        }
        let too_long = Error::Malformed("upper-layer frame too long for MPX");
        let total_size = u16::try_from(frame.len()).map_err(|_| too_long)?;
        let chunks = frame.chunks(most.max(1));
        let count = chunks.len();
        let mut fragments = Vec::new();
        for (index, chunk) in chunks.enumerate() {
            let fragment = chunk.to_vec();
            let number = u8::try_from(index).map_err(|_| too_long)?;
            let is_last = index.saturating_add(1) == count;
            fragments.push(match number {
                0 => Self::FirstFragment { transaction_id, total_size, multiplex_id, fragment },
                _ => Self::NextFragment { transaction_id, number, is_last, fragment },
            });
        }
        Ok(fragments)
    }
}

/// Puts the fragments of one transaction back together: in order, as the acknowledged MAC delivers them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MpxAssembler {
    multiplex_id: u16,
    total_size: usize,
    next: usize,
    frame: Vec<u8>,
}

/// What a fragment did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MpxProgress {
    /// More is to come.
    Incomplete,
    /// A fragment that was there already: a retry of the MAC.
    Repeated,
    /// Not the fragment that is due, or one that does not fit the total size: the transaction is void.
    Conflict,
    /// The upper-layer frame and its multiplex ID.
    Complete(u16, Vec<u8>),
}

impl MpxAssembler {
    /// Starts with a first fragment: its total size, its multiplex ID and its octets.
    pub fn new(total_size: u16, multiplex_id: u16, fragment: &[u8]) -> Self {
        Self { multiplex_id, total_size: usize::from(total_size), next: 1, frame: fragment.to_vec() }
    }

    /// Takes a further fragment.
    pub fn accept(&mut self, number: u8, is_last: bool, fragment: &[u8]) -> MpxProgress {
        let number = usize::from(number);
        if number.saturating_add(1) == self.next && self.frame.ends_with(fragment) {
            return MpxProgress::Repeated;
        }
        let length = self.frame.len().saturating_add(fragment.len());
        let fits = if is_last { length == self.total_size } else { length < self.total_size };
        if number != self.next || !fits || self.next >= MAX_FRAGMENTS {
            return MpxProgress::Conflict;
        }
        self.frame.extend_from_slice(fragment);
        self.next = self.next.saturating_add(1);
        if is_last {
            return MpxProgress::Complete(self.multiplex_id, core::mem::take(&mut self.frame));
        }
        MpxProgress::Incomplete
    }
}
