//! A link key that never prints itself.

/// A 128-bit link key. It has no `Debug`: a log cannot leak it.
#[derive(Clone, PartialEq, Eq)]
pub struct LinkKey([u8; 16]);

impl LinkKey {
    /// From its octets.
    pub fn new(octets: [u8; 16]) -> Self {
        Self(octets)
    }

    /// The octets, for a cipher or a store.
    pub fn octets(&self) -> &[u8; 16] {
        &self.0
    }
}
