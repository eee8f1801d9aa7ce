//! Who outside of this house judged what a verdict rests on. A suite names these for each of its cases, `oracle = ["openssl"]`, or
//! says `"none"`: then our reading, and our code at both ends, is all that stands behind the verdict.
//!
//! What counts is the mechanism that a case decides on, not what carries it. That a set secure request marks a link is a rule of the
//! draft alone, which no other program has: `none`, though its frames are protected as vectors of IEEE 802.15.4 say.

use input::{Fault, Source};

use crate::tree::{self, Faults};

/// A program, or octets that others published, by which a test of this project judges our code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Oracle {
    /// As a suite names it: a program, or `vector:` and what was published.
    pub name: &'static str,
    /// What it is, and what of ours it judged: a fragment.
    pub what: &'static str,
    /// The test's file, from the project's root.
    pub file: &'static str,
    /// The test in it.
    pub test: &'static str,
}

/// The word of a case that nobody outside of this house has judged.
pub const NONE: &str = "none";

macro_rules! oracles {
    ($($name:literal $what:literal $file:literal $test:literal)*) => {
        /// All that a suite may name.
        pub const ORACLES: &[Oracle] = &[$(Oracle { name: $name, what: $what, file: $file, test: $test },)*];
    };
}

oracles! {
    "openssl" "OpenSSL shakes hands with our DTLS client and server by a pre-shared key, and takes our alerts" "dut-firmware/protocols/peers/tests/programs.rs" "engine_as_server_of_openssl"
    "gnutls" "GnuTLS shakes hands with our DTLS client and server by a pre-shared key" "dut-firmware/protocols/peers/tests/programs.rs" "engine_as_server_of_gnutls"
    "openssl:alerts" "OpenSSL is refused by our DTLS server for a wrong identity or key, and prints the alert" "dut-firmware/protocols/peers/tests/programs.rs" "openssl_with_bad_credentials_is_told_so"
    "openssl:certificates" "OpenSSL believes our certificates, and finds the flaw in each that has one" "dut-firmware/protocols/peers/tests/pki.rs" "openssl_says_what_is_wrong_with_a_chain"
    "openssl:chain" "OpenSSL and GnuTLS show our DTLS engine chains that are good, and are told by our alert what is wrong with others" "dut-firmware/protocols/peers/tests/credentials.rs" "engine_tells_a_peer_what_is_wrong_with_its_chain"
    "openssl:cookie" "OpenSSL and GnuTLS return the cookie that our DTLS server asks for" "dut-firmware/protocols/peers/tests/choices.rs" "server_asks_a_client_of_ecdhe_for_a_cookie"
    "openssl:nothing-in-common" "OpenSSL and GnuTLS offer our DTLS server no suite of its own, and are told" "dut-firmware/protocols/peers/tests/choices.rs" "client_that_has_nothing_in_common_is_told"
    "openssl:anonymous" "OpenSSL and GnuTLS show no certificate to a DTLS server of ours that wants one, and are refused" "dut-firmware/protocols/peers/tests/credentials.rs" "engine_as_server_refuses_a_client_without_a_certificate"
    "gnutls:raw-key" "GnuTLS shakes hands with our DTLS client and server by raw public keys (RFC 7250)" "dut-firmware/protocols/peers/tests/credentials.rs" "engine_as_server"
    "gnutls:raw-key-refused" "GnuTLS shows our DTLS engine a raw public key that is not the expected one, and is refused" "dut-firmware/protocols/peers/tests/credentials.rs" "engine_refuses_a_foreign_raw_public_key"
    "tshark" "tshark reads the captures of every case, and finds in each field what our dissector finds" "harness/cli/tests/cli/differential.rs" "all_captures_of_a_campaign_have_the_same_values_here_and_in_tshark"
    "tshark:stacks" "tshark and our dissector read the same of what OpenThread and RIOT sent" "harness/differential/tests/foreign.rs" "captures_of_running_stacks_have_the_same_values_here_and_in_tshark"
    "vector:rfc3610" "the packets of RFC 3610 section 8, sealed and opened by our AES-CCM" "dut-firmware/wire/src/ccm/tests.rs" "rfc3610_packet_vectors_seal_and_open"
    "vector:ieee802154-c2" "the secured frames of IEEE 802.15.4-2006 annex C.2, sealed and opened by our link layer" "dut-firmware/wire/src/ieee802154/tests.rs" "annex_c2_frames_secure_and_unsecure"
    "vector:rfc7252" "the messages of RFC 7252 appendix A, read and written by our CoAP" "dut-firmware/wire/tests/coap.rs" "examples_of_the_specification_parse_and_emit"
    "vector:rfc6690" "the documents of RFC 6690, read and written by our link format" "dut-firmware/wire/tests/link_format.rs" "documents_of_the_specification_parse_and_survive"
}

/// The oracle of a name.
pub fn oracle(name: &str) -> Option<&'static Oracle> {
    ORACLES.iter().find(|oracle| oracle.name == name)
}

/// Cases of these suites that do not say who judged them, each at its place.
pub fn cases_without_oracle(suites: &[Source]) -> Vec<Fault> {
    let mut faults = Vec::new();
    for suite in suites {
        // A file that is no TOML is told when it is loaded.
        let Ok(table) = tree::parse(suite) else { continue };
        if table.get("oracle").is_some() {
            continue;
        }
        let mut ignored = Faults::new(suite);
        for case in table.tables("case", &mut ignored) {
            if case.get("oracle").is_none() {
                let fault = suite.fault(case.span.clone(), "nothing says who outside judged what this case rests on");
                faults.push(
                    fault.with_help(format!("`oracle = \"{NONE}\"` if nobody did; the suite may say it for all")),
                );
            }
        }
    }
    faults
}
