//! How the key resource, and the search for the commissioning tool, spell what they say: JSON, links, CoAP, DNS.

use core::time::Duration;

use super::{ALIKE, Engines, Json, Liberties, Links, NONE, SAME, Variant};

pub(super) const VARIANTS: &[Variant] = &[
    Variant {
        name: "json-spaced",
        does: "Puts white space around the tokens of its JSON.",
        by: "RFC 8259 2",
        allowed: "White space is allowed before or after each token.",
        device: Liberties { json: Json::Spaced, ..SAME },
        ..NONE
    },
    Variant {
        name: "json-reversed",
        does: "Has the members of its JSON objects in the opposite order.",
        by: "RFC 8259 4",
        allowed: "An object is an unordered collection of members.",
        device: Liberties { json: Json::Reversed, ..SAME },
        ..NONE
    },
    Variant {
        name: "json-escaped",
        does: "Writes letters of its JSON strings as escapes.",
        by: "RFC 8259 7",
        allowed: "Any character may be escaped.",
        device: Liberties { json: Json::Escaped, ..SAME },
        ..NONE
    },
    Variant {
        name: "json-exponents",
        does: "Writes the numbers of its JSON with an exponent of 0.",
        by: "RFC 8259 6",
        allowed: "A number may have an exponent; 5e0 is 5.",
        device: Liberties { json: Json::Exponents, ..SAME },
        ..NONE
    },
    Variant {
        name: "json-fractions",
        does: "Writes the numbers of its JSON with a fraction of 0.",
        by: "RFC 8259 6",
        allowed: "A number may have a fraction; 5.0 is 5.",
        device: Liberties { json: Json::Fractions, ..SAME },
        ..NONE
    },
    Variant {
        name: "links-reversed",
        does: "Names the attributes of its link in the opposite order.",
        by: "RFC 6690 2",
        allowed: "Attributes of a link stand in any order.",
        device: Liberties { links: Links::Reversed, ..SAME },
        ..NONE
    },
    Variant {
        name: "links-with-more",
        does: "Gives its link an interface, a title and a size too.",
        by: "RFC 6690 3",
        allowed: "A link may have further attributes; those that are not known are ignored.",
        device: Liberties { links: Links::More, ..SAME },
        ..NONE
    },
    Variant {
        name: "links-of-two-types",
        does: "Gives its link another resource type beside its own.",
        by: "RFC 6690 3.1",
        allowed: "Several resource types are separated by blanks.",
        device: Liberties { links: Links::TwoTypes, ..SAME },
        ..NONE
    },
    Variant {
        name: "diagnostic-payloads",
        does: "Explains its error responses in a payload.",
        by: "RFC 7252 5.5.2",
        allowed: "An error response should have a diagnostic payload.",
        device: Liberties { diagnostics: true, ..SAME },
        ..NONE
    },
    Variant {
        name: "elective-options",
        does: "Puts an elective option of its own into its responses.",
        by: "RFC 7252 5.4.1",
        allowed: "An elective option that is not understood is ignored.",
        device: Liberties { elective_option: true, ..SAME },
        ..NONE
    },
    Variant {
        name: "separate-responses",
        does: "Acknowledges a request, and responds in a message of its own at once.",
        by: "RFC 7252 5.2.2",
        allowed: "A server may respond separately.",
        engines: Engines { separate_after: Some(Duration::from_millis(5)), ..ALIKE },
        ..NONE
    },
    Variant {
        name: "late-separate-responses",
        does: "Responds in a message of its own 700 ms after the acknowledgement, with message IDs that count downwards.",
        by: "RFC 7252 5.2.2, 4.4",
        allowed: "A server may respond separately; how it chooses message IDs is its own.",
        engines: Engines { separate_after: Some(Duration::from_millis(700)), ids_downwards: true, ..ALIKE },
        ..NONE
    },
    Variant {
        name: "asks-directories-confirmably",
        does: "Asks a resource directory by confirmable requests.",
        by: "RFC 7252 4.2",
        allowed: "A request to one host may be confirmable.",
        device: Liberties { query_confirmable: true, ..SAME },
        ..NONE
    },
    Variant {
        name: "asks-by-long-tokens",
        does: "Asks for the tool with tokens of 8 octets.",
        by: "RFC 7252 5.3.1",
        allowed: "A token has 0 to 8 octets, as the client likes.",
        device: Liberties { query_token_octets: 8, ..SAME },
        ..NONE
    },
    Variant {
        name: "asks-by-short-tokens",
        does: "Asks for the tool with tokens of 1 octet.",
        by: "RFC 7252 5.3.1",
        allowed: "A token has 0 to 8 octets, as the client likes.",
        device: Liberties { query_token_octets: 1, ..SAME },
        ..NONE
    },
    Variant {
        name: "asks-from-ephemeral-port",
        does: "Asks for the tool from port 50123.",
        by: "RFC 7252 6.1",
        allowed: "A client sends from a port of its choice.",
        device: Liberties { query_port: 50123, ..SAME },
        ..NONE
    },
    Variant {
        name: "asks-in-capitals",
        does: "Asks DNS for names in upper case.",
        by: "RFC 4343 2",
        allowed: "Names of DNS are compared without regard to case.",
        device: Liberties { query_named_otherwise: true, ..SAME },
        ..NONE
    },
    Variant {
        name: "asks-without-recursion",
        does: "Asks a DNS server that it should not ask others.",
        by: "RFC 1035 4.1.1",
        allowed: "Recursion desired may be set in a query, and need not.",
        device: Liberties { query_recursive: false, ..SAME },
        ..NONE
    },
];
