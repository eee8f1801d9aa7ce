//! What the client can be told to send.

/// Which cookie a ClientHello bears.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CookieOf {
    /// An empty one.
    None,
    /// The one that the server gave last.
    Given,
    /// It, if the server answered by one.
    Any,
    /// It with one bit changed.
    Wrong,
    /// It without its last octet.
    Short,
    /// It with an octet more.
    Long,
    /// The one that the server gave to the client before this one.
    Former,
}

/// Which random a ClientHello bears.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RandomOf {
    /// That of the ClientHello before.
    Same,
    /// A new one: another handshake.
    New,
    /// The last one of the client before this one.
    Former,
}

/// How a ClientHello departs from the natural one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct HelloOrder {
    pub(super) cookie: CookieOf,
    pub(super) random: RandomOf,
    /// Two octets each.
    pub(super) suites: Option<Vec<u8>>,
    pub(super) compression: Option<Vec<u8>>,
    /// Type, length and data of each; none: the list is left out.
    pub(super) extensions: Option<Vec<u8>>,
    pub(super) session_id: Option<Vec<u8>>,
    pub(super) version: Option<u16>,
}

/// A message.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum What {
    Hello(HelloOrder),
    /// These certificates, its own first; a body given is that of a raw public key.
    Certificate(Vec<Vec<u8>>),
    KeyExchange,
    /// Signed with this key; without one the signature is zeros.
    Verify {
        key: Option<[u8; 32]>,
        algorithm: u16,
    },
    ChangeCipherSpec,
    Finished {
        wrong: bool,
    },
    Data,
    Alert {
        level: u8,
        description: u8,
    },
    /// A handshake message of the type that is given.
    Message,
    /// The last handshake message but so many, once more: 1 is the last.
    Last {
        back: usize,
    },
}
