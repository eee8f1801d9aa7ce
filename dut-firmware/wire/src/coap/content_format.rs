//! Content formats and their media types (RFC 7252 12.3 and the CoAP Content-Formats registry).

/// A number of the CoAP Content-Formats registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContentFormat(pub u16);

impl ContentFormat {
    /// `text/plain;charset=utf-8`.
    pub const TEXT_PLAIN: Self = Self(0);
    /// `application/link-format` (RFC 6690).
    pub const LINK_FORMAT: Self = Self(40);
    /// `application/octet-stream`.
    pub const OCTET_STREAM: Self = Self(42);
    /// `application/json`.
    pub const JSON: Self = Self(50);
    /// `application/json-patch+json` (RFC 8132).
    pub const JSON_PATCH: Self = Self(51);
    /// `application/merge-patch+json` (RFC 8132).
    pub const MERGE_PATCH: Self = Self(52);
    /// `application/cbor`.
    pub const CBOR: Self = Self(60);
    /// `application/cwt` (RFC 8392).
    pub const CWT: Self = Self(61);
    /// `application/coap-group+json` (RFC 7390), the format of the key resource (`SEL` 6).
    pub const COAP_GROUP_JSON: Self = Self(256);
    /// `application/concise-problem-details+cbor` (RFC 9290).
    pub const CONCISE_PROBLEM_DETAILS: Self = Self(257);
    /// `application/missing-blocks+cbor-seq` (RFC 9177).
    pub const MISSING_BLOCKS: Self = Self(272);
    /// `application/oscore` (RFC 8613).
    pub const OSCORE: Self = Self(10001);

    /// The media type as registered, parameters behind `; `; `None` for a number that is not in the table.
    pub const fn media_type(self) -> Option<&'static str> {
        Some(match self.0 {
            0 => "text/plain; charset=utf-8",
            40 => "application/link-format",
            41 => "application/xml",
            42 => "application/octet-stream",
            47 => "application/exi",
            50 => "application/json",
            51 => "application/json-patch+json",
            52 => "application/merge-patch+json",
            60 => "application/cbor",
            61 => "application/cwt",
            62 => "application/multipart-core",
            96 => "application/cose; cose-type=\"cose-encrypt\"",
            97 => "application/cose; cose-type=\"cose-mac\"",
            98 => "application/cose; cose-type=\"cose-sign\"",
            101 => "application/cose-key",
            102 => "application/cose-key-set",
            110 => "application/senml+json",
            111 => "application/sensml+json",
            112 => "application/senml+cbor",
            113 => "application/sensml+cbor",
            114 => "application/senml-exi",
            115 => "application/sensml-exi",
            256 => "application/coap-group+json",
            257 => "application/concise-problem-details+cbor",
            271 => "application/dots+cbor",
            272 => "application/missing-blocks+cbor-seq",
            280 => "application/pkcs7-mime; smime-type=server-generated-key",
            281 => "application/pkcs7-mime; smime-type=certs-only",
            284 => "application/pkcs8",
            285 => "application/csrattrs",
            286 => "application/pkcs10",
            287 => "application/pkix-cert",
            310 => "application/senml+xml",
            311 => "application/sensml+xml",
            320 => "application/senml-etch+json",
            322 => "application/senml-etch+cbor",
            432 => "application/td+json",
            836 => "application/voucher-cose+cbor",
            1542 | 11542 => "application/vnd.oma.lwm2m+tlv",
            1543 | 11543 => "application/vnd.oma.lwm2m+json",
            10000 => "application/vnd.ocf+cbor",
            10001 => "application/oscore",
            _ => return None,
        })
    }

    /// Whether a payload of this format is text for a person: plain text, link format, JSON or XML.
    pub fn is_text(self) -> bool {
        self.media_type().is_some_and(|media_type| {
            media_type.starts_with("text/")
                || self == Self::LINK_FORMAT
                || ["json", "xml"].iter().any(|syntax| media_type.ends_with(syntax))
        })
    }
}
