//! How a file is compressed, by its first octets.

/// A way to compress.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Compression {
    /// RFC 1952: what is read here, and what Wireshark writes.
    Gzip,
    /// Another one, and how to undo it.
    Other { name: &'static str, tool: &'static str },
}

/// Octets that tell.
pub(crate) const LONGEST_MAGIC: usize = 6;

const OTHERS: [(&[u8], &str, &str); 7] = [
    (&[0x28, 0xb5, 0x2f, 0xfd], "zstd", "zstd -d"),
    (&[0x04, 0x22, 0x4d, 0x18], "lz4", "lz4 -d"),
    (&[0x02, 0x21, 0x4c, 0x18], "lz4", "lz4 -d"),
    (&[0xfd, b'7', b'z', b'X', b'Z', 0], "xz", "xz -d"),
    (b"BZh", "bzip2", "bzip2 -d"),
    (b"PK\x03\x04", "zip", "unzip"),
    (b"7z\xbc\xaf\x27\x1c", "7z", "7z x"),
];

impl Compression {
    pub(crate) fn of(first: &[u8]) -> Option<Self> {
        if first.starts_with(&[0x1f, 0x8b]) {
            return Some(Self::Gzip);
        }
        let other = OTHERS.iter().find(|(magic, ..)| first.starts_with(magic));
        other.map(|(_, name, tool)| Self::Other { name, tool })
    }
}
