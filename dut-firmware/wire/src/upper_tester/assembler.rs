//! Lines out of a byte stream in any chunking, within a bounded buffer; noise of any kind costs at most the line it hits.

use alloc::string::String;
use alloc::vec::Vec;

use super::MAX_LINE;

/// Collects octets until a LF; never holds more than [`MAX_LINE`] of them.
#[derive(Debug, Clone, Default)]
pub struct LineAssembler {
    held: Vec<u8>,
    overlong: bool,
}

/// Why a terminated line was thrown away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Garbage {
    /// More than [`MAX_LINE`] octets.
    #[error("a line longer than 512 octets")]
    Overlong,
    /// An octet outside printable ASCII.
    #[error("a line with octets that are not printable ASCII")]
    NotAscii,
}

impl LineAssembler {
    /// Takes one octet; a LF completes a line, which is returned without LF and CR. Empty lines are skipped.
    pub fn push(&mut self, octet: u8) -> Option<Result<String, Garbage>> {
        if octet != b'\n' {
            if self.held.len() + 1 < MAX_LINE {
                self.held.push(octet);
            } else {
                self.overlong = true;
            }
            return None;
        }
        let mut line = core::mem::take(&mut self.held);
        if core::mem::take(&mut self.overlong) {
            return Some(Err(Garbage::Overlong));
        }
        if line.last() == Some(&b'\r') {
            line.pop();
        }
        if line.is_empty() {
            return None;
        }
        if !line.iter().all(|octet| (0x20..0x7f).contains(octet)) {
            return Some(Err(Garbage::NotAscii));
        }
        Some(String::from_utf8(line).map_err(|_| Garbage::NotAscii))
    }

    /// Takes a chunk; the completed lines in their order.
    pub fn extend(&mut self, octets: &[u8]) -> Vec<Result<String, Garbage>> {
        octets.iter().filter_map(|&octet| self.push(octet)).collect()
    }
}
