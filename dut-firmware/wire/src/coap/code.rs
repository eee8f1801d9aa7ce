//! Method and response codes, written `c.dd` (RFC 7252 3, 12.1).

use core::fmt;

/// A code: 3 bits of class, 5 bits of detail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Code(pub u8);

impl Code {
    /// 0.00: an empty message.
    pub const EMPTY: Self = Self::new(0, 0);
    /// 0.01.
    pub const GET: Self = Self::new(0, 1);
    /// 0.02.
    pub const POST: Self = Self::new(0, 2);
    /// 0.03.
    pub const PUT: Self = Self::new(0, 3);
    /// 0.04.
    pub const DELETE: Self = Self::new(0, 4);
    /// 0.05 (RFC 8132).
    pub const FETCH: Self = Self::new(0, 5);
    /// 0.06 (RFC 8132).
    pub const PATCH: Self = Self::new(0, 6);
    /// 0.07 (RFC 8132).
    pub const IPATCH: Self = Self::new(0, 7);
    /// 2.01.
    pub const CREATED: Self = Self::new(2, 1);
    /// 2.02.
    pub const DELETED: Self = Self::new(2, 2);
    /// 2.03.
    pub const VALID: Self = Self::new(2, 3);
    /// 2.04.
    pub const CHANGED: Self = Self::new(2, 4);
    /// 2.05.
    pub const CONTENT: Self = Self::new(2, 5);
    /// 2.31 (RFC 7959).
    pub const CONTINUE: Self = Self::new(2, 31);
    /// 4.00.
    pub const BAD_REQUEST: Self = Self::new(4, 0);
    /// 4.01.
    pub const UNAUTHORIZED: Self = Self::new(4, 1);
    /// 4.02.
    pub const BAD_OPTION: Self = Self::new(4, 2);
    /// 4.03.
    pub const FORBIDDEN: Self = Self::new(4, 3);
    /// 4.04.
    pub const NOT_FOUND: Self = Self::new(4, 4);
    /// 4.05.
    pub const METHOD_NOT_ALLOWED: Self = Self::new(4, 5);
    /// 4.06.
    pub const NOT_ACCEPTABLE: Self = Self::new(4, 6);
    /// 4.08 (RFC 7959).
    pub const REQUEST_ENTITY_INCOMPLETE: Self = Self::new(4, 8);
    /// 4.09 (RFC 8132).
    pub const CONFLICT: Self = Self::new(4, 9);
    /// 4.12.
    pub const PRECONDITION_FAILED: Self = Self::new(4, 12);
    /// 4.13.
    pub const REQUEST_ENTITY_TOO_LARGE: Self = Self::new(4, 13);
    /// 4.15.
    pub const UNSUPPORTED_CONTENT_FORMAT: Self = Self::new(4, 15);
    /// 4.22 (RFC 8132).
    pub const UNPROCESSABLE_ENTITY: Self = Self::new(4, 22);
    /// 4.29 (RFC 8516).
    pub const TOO_MANY_REQUESTS: Self = Self::new(4, 29);
    /// 5.00.
    pub const INTERNAL_SERVER_ERROR: Self = Self::new(5, 0);
    /// 5.01.
    pub const NOT_IMPLEMENTED: Self = Self::new(5, 1);
    /// 5.02.
    pub const BAD_GATEWAY: Self = Self::new(5, 2);
    /// 5.03.
    pub const SERVICE_UNAVAILABLE: Self = Self::new(5, 3);
    /// 5.04.
    pub const GATEWAY_TIMEOUT: Self = Self::new(5, 4);
    /// 5.05.
    pub const PROXYING_NOT_SUPPORTED: Self = Self::new(5, 5);
    /// 5.08 (RFC 8768).
    pub const HOP_LIMIT_REACHED: Self = Self::new(5, 8);

    /// The name in the CoAP Method Codes and Response Codes registries; `None` if the code is not assigned.
    pub const fn name(self) -> Option<&'static str> {
        Some(match self {
            Self::EMPTY => "Empty",
            Self::GET => "GET",
            Self::POST => "POST",
            Self::PUT => "PUT",
            Self::DELETE => "DELETE",
            Self::FETCH => "FETCH",
            Self::PATCH => "PATCH",
            Self::IPATCH => "iPATCH",
            Self::CREATED => "Created",
            Self::DELETED => "Deleted",
            Self::VALID => "Valid",
            Self::CHANGED => "Changed",
            Self::CONTENT => "Content",
            Self::CONTINUE => "Continue",
            Self::BAD_REQUEST => "Bad Request",
            Self::UNAUTHORIZED => "Unauthorized",
            Self::BAD_OPTION => "Bad Option",
            Self::FORBIDDEN => "Forbidden",
            Self::NOT_FOUND => "Not Found",
            Self::METHOD_NOT_ALLOWED => "Method Not Allowed",
            Self::NOT_ACCEPTABLE => "Not Acceptable",
            Self::REQUEST_ENTITY_INCOMPLETE => "Request Entity Incomplete",
            Self::CONFLICT => "Conflict",
            Self::PRECONDITION_FAILED => "Precondition Failed",
            Self::REQUEST_ENTITY_TOO_LARGE => "Request Entity Too Large",
            Self::UNSUPPORTED_CONTENT_FORMAT => "Unsupported Content-Format",
            Self::UNPROCESSABLE_ENTITY => "Unprocessable Entity",
            Self::TOO_MANY_REQUESTS => "Too Many Requests",
            Self::INTERNAL_SERVER_ERROR => "Internal Server Error",
            Self::NOT_IMPLEMENTED => "Not Implemented",
            Self::BAD_GATEWAY => "Bad Gateway",
            Self::SERVICE_UNAVAILABLE => "Service Unavailable",
            Self::GATEWAY_TIMEOUT => "Gateway Timeout",
            Self::PROXYING_NOT_SUPPORTED => "Proxying Not Supported",
            Self::HOP_LIMIT_REACHED => "Hop Limit Reached",
            _ => return None,
        })
    }

    /// `class.detail`; only the low 3 and 5 bits count.
    pub const fn new(class: u8, detail: u8) -> Self {
        Self(class << 5 | (detail & 0x1f))
    }

    /// 0 for requests and the empty message, 2, 4, 5 for responses; 1, 6, 7 are reserved.
    pub const fn class(self) -> u8 {
        self.0 >> 5
    }

    /// The two digits after the dot.
    pub const fn detail(self) -> u8 {
        self.0 & 0x1f
    }

    /// 0.01 to 0.31.
    pub const fn is_request(self) -> bool {
        self.class() == 0 && self.detail() != 0
    }

    /// Classes 2, 4 and 5.
    pub const fn is_response(self) -> bool {
        matches!(self.class(), 2 | 4 | 5)
    }

    /// Class 2.
    pub const fn is_success(self) -> bool {
        self.class() == 2
    }
}

/// `2.05`.
impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:02}", self.class(), self.detail())
    }
}
