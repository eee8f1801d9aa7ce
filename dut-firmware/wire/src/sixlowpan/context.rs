//! The sixteen contexts of a 6LoWPAN (RFC 6282 section 3.1.2, distributed by RFC 6775's 6CO).

use crate::ipv6::{Ipv6Addr, prefix_bits};

/// Contexts that a context identifier can name.
pub const CONTEXT_COUNT: usize = 16;

/// A prefix that both ends know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Context {
    /// The prefix, bits after `length` zero.
    pub prefix: Ipv6Addr,
    /// Valid bits of the prefix, 0 to 128.
    pub length: u8,
    /// Whether it may be used to compress, not only to decompress.
    pub compression: bool,
}

impl Context {
    /// A context of `length` bits for both directions; bits of `prefix` after them are cleared.
    pub fn new(prefix: Ipv6Addr, length: u8) -> Self {
        let length = length.min(128);
        Self { prefix: prefix_bits(prefix, length), length, compression: true }
    }

    /// Context bits where the context has bits, `bits` elsewhere (RFC 6282 section 3.1.1, SAM).
    pub(super) fn complete(&self, bits: u128) -> Ipv6Addr {
        let covered = u128::MAX.checked_shl(128u32.saturating_sub(self.length.into())).unwrap_or(0);
        Ipv6Addr::from_bits(self.prefix.to_bits() & covered | bits & !covered)
    }
}

/// The context table.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Contexts {
    entries: [Option<Context>; CONTEXT_COUNT],
}

impl Contexts {
    /// Sets or clears a context; identifiers above 15 are ignored.
    pub fn set(&mut self, id: u8, context: Option<Context>) {
        if let Some(entry) = self.entries.get_mut(usize::from(id)) {
            *entry = context;
        }
    }

    /// The context with this identifier.
    pub fn get(&self, id: u8) -> Option<&Context> {
        self.entries.get(usize::from(id))?.as_ref()
    }

    /// All contexts with their identifiers.
    pub fn iter(&self) -> impl Iterator<Item = (u8, &Context)> {
        (0u8..).zip(&self.entries).filter_map(|(id, entry)| Some((id, entry.as_ref()?)))
    }
}
