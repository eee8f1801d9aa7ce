//! What the selective bootstrap keeps over a reset: ALL_SECURED and the sequence number that it came with.

use core::ops::RangeInclusive;

use wire::Result;
use wire::reader::Reader;

use crate::section::Section;

const ALL_SECURED: u8 = 7;
const CLOSE_SEQ: u8 = 8;

/// What it keeps.
#[derive(Clone, Default)]
pub(crate) struct Kept {
    /// `SEL` 5.3.
    pub(crate) all_secured: bool,
    /// The sequence number of the last close or re-opening taken.
    pub(crate) close_seq: Option<u32>,
}

impl Section for Kept {
    const KINDS: &'static [RangeInclusive<u8>] = &[ALL_SECURED..=CLOSE_SEQ];

    fn encode(&self, record: &mut dyn FnMut(u8, &[u8])) {
        record(ALL_SECURED, &[u8::from(self.all_secured)]);
        if let Some(seq) = self.close_seq {
            record(CLOSE_SEQ, &seq.to_be_bytes());
        }
    }

    fn decode(&mut self, kind: u8, value: &mut Reader<'_>) -> Result<()> {
        match kind {
            ALL_SECURED => self.all_secured = value.u8("ALL_SECURED")? != 0,
            _ => self.close_seq = Some(value.u32_be("close sequence number")?),
        }
        Ok(())
    }
}
