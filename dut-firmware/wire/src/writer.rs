//! The bounds-checked counterpart of [`crate::reader::Reader`]: every `emit` writes through it.

use crate::{Error, Result};

/// Writes integers and slices to the front of an output buffer.
#[derive(Debug)]
pub struct Writer<'a> {
    buffer: &'a mut [u8],
    offset: usize,
}

impl<'a> Writer<'a> {
    /// Starts at octet 0 of `buffer`.
    pub fn new(buffer: &'a mut [u8]) -> Self {
        Self { buffer, offset: 0 }
    }

    /// Octets written so far.
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// Appends `bytes`; `what` names the field in the error.
    pub fn put(&mut self, bytes: &[u8], what: &'static str) -> Result<()> {
        let end = self.offset.checked_add(bytes.len()).ok_or(Error::NoRoom(what))?;
        let target = self.buffer.get_mut(self.offset..end).ok_or(Error::NoRoom(what))?;
        target.copy_from_slice(bytes);
        self.offset = end;
        Ok(())
    }

    /// One octet.
    pub fn u8(&mut self, value: u8, what: &'static str) -> Result<()> {
        self.put(&[value], what)
    }

    /// Two octets, big-endian.
    pub fn u16_be(&mut self, value: u16, what: &'static str) -> Result<()> {
        self.put(&value.to_be_bytes(), what)
    }

    /// Two octets, little-endian.
    pub fn u16_le(&mut self, value: u16, what: &'static str) -> Result<()> {
        self.put(&value.to_le_bytes(), what)
    }

    /// Four octets, big-endian.
    pub fn u32_be(&mut self, value: u32, what: &'static str) -> Result<()> {
        self.put(&value.to_be_bytes(), what)
    }

    /// Four octets, little-endian.
    pub fn u32_le(&mut self, value: u32, what: &'static str) -> Result<()> {
        self.put(&value.to_le_bytes(), what)
    }

    /// What has been written so far, ending the borrow of the buffer.
    pub fn finish(self) -> &'a [u8] {
        let Self { buffer, offset } = self;
        buffer.get(..offset).unwrap_or(&[])
    }
}
