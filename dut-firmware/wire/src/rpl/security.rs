//! The security section of secure RPL messages (RFC 6550 section 6.1).

use crate::reader::Reader;
use crate::writer::Writer;
use crate::{Error, Result};

/// The section. What it protects stays as it is: this crate holds no RPL keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Security {
    /// T flag: the counter is a timestamp.
    pub counter_is_time: bool,
    /// Algorithm: 0 for CCM with AES-128 and RSA with SHA-256.
    pub algorithm: u8,
    /// LVL, 0 to 7.
    pub level: u8,
    /// Counter.
    pub counter: u32,
    /// KIM and the key identifier.
    pub key: KeyIdentifier,
}

/// Which key protects the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyIdentifier {
    /// KIM 0: a group key.
    Index(u8),
    /// KIM 1: the key of the pair.
    Pair,
    /// KIM 2: a group key of an originator.
    Source {
        /// Key source.
        source: [u8; 8],
        /// Key index.
        index: u8,
    },
    /// KIM 3: a signature, with a group key if the level encrypts.
    Signature(Option<([u8; 8], u8)>),
}

impl KeyIdentifier {
    /// KIM.
    pub fn mode(&self) -> u8 {
        match self {
            Self::Index(_) => 0,
            Self::Pair => 1,
            Self::Source { .. } => 2,
            Self::Signature(_) => 3,
        }
    }
}

impl Security {
    /// Whether the level encrypts (figure 11); of levels above 3 nobody knows.
    pub fn encrypts(&self) -> Option<bool> {
        (self.level <= 3).then_some(self.level & 1 == 1)
    }

    /// Octets of MAC or signature at the end of the message (figure 11).
    pub fn integrity_len(&self) -> Option<usize> {
        let signs = matches!(self.key, KeyIdentifier::Signature(_));
        match (signs, self.level) {
            (false, 0 | 1) => Some(4),
            (false, 2 | 3) => Some(8),
            (true, 0 | 1) => Some(384),
            (true, 2 | 3) => Some(256),
            _ => None,
        }
    }

    /// Octets that [`Self::emit`] writes.
    pub fn buffer_len(&self) -> usize {
        match self.key {
            KeyIdentifier::Index(_) => 9,
            KeyIdentifier::Pair | KeyIdentifier::Signature(None) => 8,
            KeyIdentifier::Source { .. } | KeyIdentifier::Signature(Some(_)) => 17,
        }
    }

    /// Reads the section. With KIM 3 an encrypting level says that there is a key source and an index.
    pub fn parse(reader: &mut Reader<'_>) -> Result<Self> {
        let counter_is_time = reader.u8("T flag")? & 0x80 != 0;
        let algorithm = reader.u8("algorithm")?;
        let modes = reader.u8("KIM and LVL")?;
        reader.take(1, "flags")?;
        let counter = reader.u32_be("counter")?;
        let level = modes & 7;
        let key = match modes >> 6 {
            0 => KeyIdentifier::Index(reader.u8("key index")?),
            1 => KeyIdentifier::Pair,
            2 => KeyIdentifier::Source { source: reader.array("key source")?, index: reader.u8("key index")? },
            _ if level & 1 == 1 => {
                KeyIdentifier::Signature(Some((reader.array("key source")?, reader.u8("key index")?)))
            }
            _ => KeyIdentifier::Signature(None),
        };
        Ok(Self { counter_is_time, algorithm, level, counter, key })
    }

    /// Writes the section.
    pub fn emit(&self, writer: &mut Writer<'_>) -> Result<()> {
        if self.level > 7 {
            return Err(Error::Malformed("RPL security level above 7"));
        }
        writer.u8(u8::from(self.counter_is_time) << 7, "T flag")?;
        writer.u8(self.algorithm, "algorithm")?;
        writer.u8(self.key.mode() << 6 | self.level, "KIM and LVL")?;
        writer.u8(0, "flags")?;
        writer.u32_be(self.counter, "counter")?;
        match self.key {
            KeyIdentifier::Signature(key) if key.is_some() != (self.level & 1 == 1) => {
                Err(Error::Malformed("KIM 3 has a key source if and only if the level encrypts"))
            }
            KeyIdentifier::Pair | KeyIdentifier::Signature(None) => Ok(()),
            KeyIdentifier::Index(index) => writer.u8(index, "key index"),
            KeyIdentifier::Source { source, index } | KeyIdentifier::Signature(Some((source, index))) => {
                writer.put(&source, "key source")?;
                writer.u8(index, "key index")
            }
        }
    }
}
