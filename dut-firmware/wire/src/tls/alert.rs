//! Alerts: level and description (RFC 5246 7.2, with the additions of RFC 4279, 4366, 5746 and later).

use core::fmt;

use crate::reader::Reader;
use crate::{Error, Result};

/// Whether an alert ends the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AlertLevel {
    /// 1.
    Warning,
    /// 2: the connection ends.
    Fatal,
    /// Any other number.
    Unknown(u8),
}

impl From<u8> for AlertLevel {
    fn from(number: u8) -> Self {
        match number {
            1 => Self::Warning,
            2 => Self::Fatal,
            other => Self::Unknown(other),
        }
    }
}

impl From<AlertLevel> for u8 {
    fn from(level: AlertLevel) -> Self {
        match level {
            AlertLevel::Warning => 1,
            AlertLevel::Fatal => 2,
            AlertLevel::Unknown(other) => other,
        }
    }
}

macro_rules! alert_descriptions {
    ($($(#[$doc:meta])* $name:ident = $number:literal, $text:literal;)*) => {
        /// Why an alert was sent: the IANA registry of TLS alerts.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum AlertDescription {
            $($(#[$doc])* $name,)*
            /// Any other number.
            Unknown(u8),
        }

        impl From<u8> for AlertDescription {
            fn from(number: u8) -> Self {
                match number {
                    $($number => Self::$name,)*
                    other => Self::Unknown(other),
                }
            }
        }

        impl From<AlertDescription> for u8 {
            fn from(description: AlertDescription) -> Self {
                match description {
                    $(AlertDescription::$name => $number,)*
                    AlertDescription::Unknown(other) => other,
                }
            }
        }

        /// The specification's name, as `decrypt_error`.
        impl fmt::Display for AlertDescription {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    $(Self::$name => f.write_str($text),)*
                    Self::Unknown(other) => write!(f, "alert {other}"),
                }
            }
        }
    };
}

alert_descriptions! {
    /// The sender will send no more (RFC 5246 7.2.1).
    CloseNotify = 0, "close_notify";
    /// A message that has no place here.
    UnexpectedMessage = 10, "unexpected_message";
    /// A record whose MAC does not verify.
    BadRecordMac = 20, "bad_record_mac";
    /// TLS 1.0 only.
    DecryptionFailedReserved = 21, "decryption_failed";
    /// A record longer than allowed.
    RecordOverflow = 22, "record_overflow";
    /// Decompression failed.
    DecompressionFailure = 30, "decompression_failure";
    /// No acceptable set of parameters.
    HandshakeFailure = 40, "handshake_failure";
    /// SSL 3 only.
    NoCertificateReserved = 41, "no_certificate";
    /// A certificate was corrupt.
    BadCertificate = 42, "bad_certificate";
    /// A certificate of an unsupported type.
    UnsupportedCertificate = 43, "unsupported_certificate";
    /// A certificate was revoked.
    CertificateRevoked = 44, "certificate_revoked";
    /// A certificate has expired.
    CertificateExpired = 45, "certificate_expired";
    /// Any other trouble with a certificate.
    CertificateUnknown = 46, "certificate_unknown";
    /// A field is out of range or inconsistent with others.
    IllegalParameter = 47, "illegal_parameter";
    /// The certificate authority is not known.
    UnknownCa = 48, "unknown_ca";
    /// Access control said no.
    AccessDenied = 49, "access_denied";
    /// A message could not be parsed.
    DecodeError = 50, "decode_error";
    /// A handshake cryptographic operation failed, as the verification of Finished.
    DecryptError = 51, "decrypt_error";
    /// Old export ciphers only.
    ExportRestrictionReserved = 60, "export_restriction";
    /// The version is not supported.
    ProtocolVersion = 70, "protocol_version";
    /// The server wants stronger ciphers.
    InsufficientSecurity = 71, "insufficient_security";
    /// An error inside the sender.
    InternalError = 80, "internal_error";
    /// RFC 7507.
    InappropriateFallback = 86, "inappropriate_fallback";
    /// The handshake is given up for a reason that is no protocol failure.
    UserCanceled = 90, "user_canceled";
    /// Renegotiation is refused; always a warning.
    NoRenegotiation = 100, "no_renegotiation";
    /// TLS 1.3.
    MissingExtension = 109, "missing_extension";
    /// The server answered with an extension that was not offered.
    UnsupportedExtension = 110, "unsupported_extension";
    /// RFC 6066.
    CertificateUnobtainable = 111, "certificate_unobtainable";
    /// RFC 6066.
    UnrecognizedName = 112, "unrecognized_name";
    /// RFC 6066.
    BadCertificateStatusResponse = 113, "bad_certificate_status_response";
    /// RFC 6066.
    BadCertificateHashValue = 114, "bad_certificate_hash_value";
    /// The PSK identity is not known (RFC 4279 2).
    UnknownPskIdentity = 115, "unknown_psk_identity";
    /// TLS 1.3.
    CertificateRequired = 116, "certificate_required";
    /// RFC 7301.
    NoApplicationProtocol = 120, "no_application_protocol";
}

/// An alert message: two octets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Alert {
    /// Warning or fatal.
    pub level: AlertLevel,
    /// Why.
    pub description: AlertDescription,
}

impl Alert {
    /// A fatal alert.
    pub const fn fatal(description: AlertDescription) -> Self {
        Self { level: AlertLevel::Fatal, description }
    }

    /// A warning.
    pub const fn warning(description: AlertDescription) -> Self {
        Self { level: AlertLevel::Warning, description }
    }

    /// Reads the fragment of an alert record.
    ///
    /// # Errors
    /// [`Error::Truncated`] or [`Error::Malformed`] unless it is exactly two octets.
    pub fn parse(fragment: &[u8]) -> Result<Self> {
        let mut reader = Reader::new(fragment);
        let level = reader.u8("dtls.alert_message.level")?.into();
        let description = reader.u8("dtls.alert_message.desc")?.into();
        if !reader.is_empty() {
            return Err(Error::Malformed("dtls.alert_message"));
        }
        Ok(Self { level, description })
    }

    /// The two octets.
    pub fn emit(self) -> [u8; 2] {
        [self.level.into(), self.description.into()]
    }
}

/// `fatal decrypt_error`.
impl fmt::Display for Alert {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.level {
            AlertLevel::Warning => write!(f, "warning {}", self.description),
            AlertLevel::Fatal => write!(f, "fatal {}", self.description),
            AlertLevel::Unknown(level) => write!(f, "level {level} {}", self.description),
        }
    }
}
