//! What the server can be told to send.

/// How a ServerHello is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct HelloOrder {
    /// A new random: not the one of the ServerHello before.
    pub(super) new_random: bool,
    pub(super) suite: u16,
    pub(super) compression: u8,
    /// Type, length and data of each; none: the list is left out.
    pub(super) extensions: Option<Vec<u8>>,
    pub(super) session_id: Vec<u8>,
    pub(super) version: u16,
}

/// ECDHE parameters and who signs them.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct KeyExchangeOrder {
    pub(super) key: [u8; 32],
    pub(super) curve: u16,
    /// The key's own, where none is given: it is on the curve.
    pub(super) point: Option<Vec<u8>>,
    pub(super) algorithm: u16,
    /// The signature is over something else.
    pub(super) wrong: bool,
}

/// The message ID of a CoAP message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MessageId {
    /// The request's in acknowledgement and reset, elsewhere the server's next.
    Natural,
    /// The request's.
    Same,
    /// One more than the request's.
    Next,
    /// The server's last.
    Last,
}

/// The token of a CoAP message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TokenOf {
    /// The request's.
    Same,
    /// It with a bit changed.
    Wrong,
    /// None.
    None,
}

/// A CoAP message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CoapOrder {
    pub(super) message_type: u8,
    pub(super) code: u8,
    pub(super) message_id: MessageId,
    pub(super) token: TokenOf,
    /// As they are on the wire.
    pub(super) options: Vec<u8>,
    pub(super) payload: Vec<u8>,
    /// Only for a request that was not answered yet.
    pub(super) is_for_next: bool,
}

/// A message.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum What {
    VerifyRequest {
        cookie: Vec<u8>,
        version: u16,
    },
    Hello(HelloOrder),
    /// These certificates, its own first, or a raw public key.
    Certificate {
        chain: Vec<Vec<u8>>,
        raw_key: Option<Vec<u8>>,
    },
    /// ServerKeyExchange of a pre-shared key.
    Hint(Vec<u8>),
    KeyExchange(KeyExchangeOrder),
    CertificateRequest,
    Done,
    ChangeCipherSpec,
    Finished {
        wrong: bool,
    },
    Data,
    Coap(CoapOrder),
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
