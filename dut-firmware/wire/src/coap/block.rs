//! Block options (RFC 7959 2.2), and bodies in blocks: one is put together by an [`Assembler`] or cut by [`slice`].

use alloc::vec::Vec;

use super::{Code, OptionNumber, Options};
use crate::{Error, Result};

/// The size of a block: a power of two from 16 to 1024 octets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlockSize(u8);

impl BlockSize {
    /// 16 octets.
    pub const MIN: Self = Self(0);
    /// 1024 octets.
    pub const MAX: Self = Self(6);

    /// The size that `szx` stands for.
    ///
    /// # Errors
    /// [`Error::Malformed`] for 7, which is reserved, and above.
    pub const fn from_szx(szx: u8) -> Result<Self> {
        if szx <= Self::MAX.0 { Ok(Self(szx)) } else { Err(Error::Malformed("coap.opt.block_size")) }
    }

    /// The greatest size of at most so many octets; [`BlockSize::MIN`] if none is so small.
    pub fn at_most(octets: usize) -> Self {
        (0..=Self::MAX.0).rev().map(Self).find(|size| size.octets() <= octets).unwrap_or(Self::MIN)
    }

    /// The exponent in the option.
    pub const fn szx(self) -> u8 {
        self.0
    }

    /// Its octets.
    pub const fn octets(self) -> usize {
        16 << self.0
    }
}

/// The value of a Block1, Block2, Q-Block1 or Q-Block2 option.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Block {
    /// Which block; at most [`Block::MAX_NUMBER`].
    pub number: u32,
    /// M: more blocks follow. In a Block2 of a request it has no meaning.
    pub more: bool,
    /// How long each block but the last one is.
    pub size: BlockSize,
}

impl Block {
    /// The greatest number that 20 bits hold.
    pub const MAX_NUMBER: u32 = (1 << 20) - 1;

    /// Reads the value of an option.
    ///
    /// # Errors
    /// [`Error::Malformed`] if it is longer than three octets, or its size exponent is 7 (which calls for 4.00).
    pub fn parse(value: &[u8]) -> Result<Self> {
        if value.len() > 3 {
            return Err(Error::Malformed("coap.opt.block_number"));
        }
        let value = value.iter().fold(0u32, |sum, octet| sum << 8 | u32::from(*octet));
        let [.., low] = value.to_be_bytes();
        Ok(Self { number: value >> 4, more: low & 8 != 0, size: BlockSize::from_szx(low & 7)? })
    }

    /// The value as an unsigned integer, for [`Options::push_uint`]; the number is cut to 20 bits.
    pub const fn value(self) -> u32 {
        (self.number & Self::MAX_NUMBER) << 4 | (self.more as u32) << 3 | self.size.0 as u32
    }

    /// Octets of the body before this block.
    pub fn offset(self) -> usize {
        usize::try_from(self.number).unwrap_or(usize::MAX).saturating_mul(self.size.octets())
    }

    /// The block of a body that begins behind `offset` octets.
    ///
    /// # Errors
    /// [`Error::Malformed`] if no block of this size begins there, or its number needs more than 20 bits.
    pub fn at(offset: usize, more: bool, size: BlockSize) -> Result<Self> {
        let number = u32::try_from(offset / size.octets()).ok().filter(|number| *number <= Self::MAX_NUMBER);
        match number {
            Some(number) if offset.is_multiple_of(size.octets()) => Ok(Self { number, more, size }),
            _ => Err(Error::Malformed("coap.opt.block_number")),
        }
    }
}

impl Options {
    /// The first Block option of a number; `None` if there is none.
    ///
    /// # Errors
    /// As [`Block::parse`].
    pub fn block(&self, number: OptionNumber) -> Result<Option<Block>> {
        self.get(number).map(Block::parse).transpose()
    }

    /// Adds a Block option.
    pub fn push_block(&mut self, number: OptionNumber, block: Block) {
        self.push_uint(number, block.value());
    }
}

/// Why a block does not fit to those before it (RFC 7959 2.2, 2.5, 2.9).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BlockError {
    /// Blocks before this one are missing.
    #[error("blocks before this one are missing")]
    Incomplete,
    /// The body is longer than the receiver takes.
    #[error("the body is longer than {limit} octets")]
    TooLarge {
        /// Octets that the receiver takes.
        limit: usize,
    },
    /// A block that is not the last has another length than its size says, or the last one is longer.
    #[error("the payload does not have the size of the block")]
    WrongLength,
}

impl BlockError {
    /// The response code that a server refuses a block with.
    pub fn code(self) -> Code {
        match self {
            Self::Incomplete => Code::REQUEST_ENTITY_INCOMPLETE,
            Self::TooLarge { .. } => Code::REQUEST_ENTITY_TOO_LARGE,
            Self::WrongLength => Code::BAD_REQUEST,
        }
    }
}

/// Puts a body of limited length together from blocks that come in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assembler {
    limit: usize,
    body: Vec<u8>,
}

impl Assembler {
    /// An assembler for bodies of at most `limit` octets.
    pub const fn new(limit: usize) -> Self {
        Self { limit, body: Vec::new() }
    }

    /// Octets that have arrived.
    pub fn received(&self) -> usize {
        self.body.len()
    }

    /// Takes the payload of a block; whether the body is complete with it. Block 0 starts anew. A block that has arrived
    /// before is taken again if it is the same; the size may change between blocks as long as they follow each other.
    ///
    /// # Errors
    /// [`BlockError`]; what has arrived before is kept.
    pub fn push(&mut self, block: Block, payload: &[u8]) -> core::result::Result<bool, BlockError> {
        let size = block.size.octets();
        if payload.len() > size || block.more && payload.len() != size {
            return Err(BlockError::WrongLength);
        }
        let offset = block.offset();
        let end = offset.saturating_add(payload.len());
        if end > self.limit || block.more && end >= self.limit {
            return Err(BlockError::TooLarge { limit: self.limit });
        }
        if block.number == 0 {
            self.body.clear();
        }
        if self.body.get(offset..end).is_some_and(|known| known == payload) && !payload.is_empty() {
            return Ok(!block.more && end == self.body.len());
        }
        if offset != self.body.len() {
            return Err(BlockError::Incomplete);
        }
        self.body.extend_from_slice(payload);
        Ok(!block.more)
    }

    /// The body as far as it has arrived.
    pub fn into_body(self) -> Vec<u8> {
        self.body
    }
}

/// Block `number` of a body with its payload; `None` behind the end. The only block of an empty body is empty.
pub fn slice(body: &[u8], number: u32, size: BlockSize) -> Option<(Block, &[u8])> {
    let offset = Block { number, more: false, size }.offset();
    if number > Block::MAX_NUMBER || offset >= body.len() && number > 0 {
        return None;
    }
    let rest = body.get(offset..)?;
    let payload = rest.get(..size.octets()).unwrap_or(rest);
    Some((Block { number, more: payload.len() < rest.len(), size }, payload))
}
