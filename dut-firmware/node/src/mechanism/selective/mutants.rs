//! The mutants of the selective bootstrap.

use core::time::Duration;

use wire::coap::SECURE_PORT;

use crate::selected::Selected;

protocols::mutants! {
    JsrStatusNonzero "jsr-status-nonzero" "SEL-5.3.1-14" "Puts 1 into the Status field of its JSR."
    JsrReservedNonzero "jsr-reserved-nonzero" "SEL-5.3.1-16" "Puts 1 into the Reserved field of its JSR."
    JsrEui64Reversed "jsr-eui64-reversed" "PROFILE-SEL-2" "Writes the EUI-64 of its JSR in the order of the MAC header."
    JsrEui64UlFlipped "jsr-eui64-ul-flipped" "SEL-5.3.1-19" "Writes its interface identifier, U/L bit flipped, where the JSR has the EUI-64."
    JsrLinkLocalSource "jsr-link-local-source" "SEL-5.3.1-5" "Sends its JSR from its link-local address."
    JsrHopLimit255 "jsr-hop-limit-255" "SEL-5.3.1-9" "Sends its JSR with hop limit 255."
    JsrLifetimeNonzero "jsr-lifetime-nonzero" "PROFILE-SEL-4" "Puts 60 into the Registration Lifetime field of its JSR."
    JsrCodeTwo "jsr-code-two" "SEL-5.3.1-12" "Sends its JSR with ICMPv6 code 2."
    JsrBadChecksum "jsr-bad-checksum" "SEL-5.3.1-13" "Sends its JSR with a wrong ICMPv6 checksum."
    JsrTruncated "jsr-truncated" "SEL-5.3.1-4" "Leaves the last octet of the EUI-64 out of its JSR."
    JsrNotRepeated "jsr-not-repeated" "PROFILE-SEL-4a" "Sends a single JSR and never repeats it."
    JsrFixedInterval "jsr-fixed-interval" "PROFILE-SEL-4a" "Repeats its JSR every 2 s instead of backing off."
    JsrDuringHandshake "jsr-during-handshake" "PROFILE-SEL-4b" "Goes on sending JSRs, every second, while a DTLS handshake is under way."
    JsrAfterSecured "jsr-after-secured" "PROFILE-SEL-4c" "Goes on sending JSRs after it was secured, and after a reboot."
    JsrIgnoresTrigger "jsr-ignores-trigger" "PROFILE-SEL-4d" "Sends JSRs from power-on though it was installed with trigger selection."
    SsrPlain "ssr-plain" "SEL-5.3.1-3" "Sends its SSRs without link security."
    SsrMissing "ssr-missing" "SEL-5.3.4-3" "Sends no SSR, though it holds the key."
    SsrNotRepeated "ssr-not-repeated" "PROFILE-SEL-5a" "Sends each neighbour one SSR and does not repeat it while the link is unmarked."
    SsrWrongEui64 "ssr-wrong-eui64" "SEL-5.3.1-19" "Writes the EUI-64 of its SSRs in the order of the MAC header."
    SsrGlobalSource "ssr-global-source" "SEL-5.3.1-6" "Sends its SSRs from its global address."
    SsrHopLimit1 "ssr-hop-limit-1" "SEL-5.3.1-9" "Sends its SSRs with hop limit 1."
    SsrLifetimeZero "ssr-lifetime-zero" "PROFILE-SEL-6" "Sends its SSRs with Registration Lifetime 0."
    SsrNoAnswer "ssr-no-answer" "SEL-5.3.4-4" "Marks a link on a secured SSR but does not answer it."
    SsrAnswersOnce "ssr-answers-once" "PROFILE-SEL-5b" "Does not answer a secured SSR over a link that is marked already."
    SsrLoop "ssr-loop" "PROFILE-SEL-5b" "Answers every secured SSR at once, without a limit to the rate."
    SsrNoMark "ssr-no-mark" "SEL-5.3.4-5" "Answers a secured SSR that it did not ask for, but does not mark the link."
    SsrAnswerPlainSsr "ssr-answer-plain-ssr" "PROFILE-SEL-7" "Takes an SSR that came without link security."
    SsrUnsecuredAccepts "ssr-unsecured-accepts" "SEL-5.3.4-6" "Answers SSRs with plain ones although it has no key yet."
    SsrMarksOnPlain "ssr-marks-on-plain" "SEL-5.3.4-7" "Marks a link secured on any packet of a neighbour once it has the key."
    SsrMarksOnSecured "ssr-marks-on-secured" "SEL-5.3.4-7" "Marks a link secured on any secured packet, not only on an SSR."
    SsrLifetimeIgnored "ssr-lifetime-ignored" "SEL-5.3.1-18" "Keeps a mark although its registration lifetime ran out."
    SsrWithdrawIgnored "ssr-withdraw-ignored" "PROFILE-SEL-6a" "Keeps a mark although an SSR with lifetime 0 withdrew it."
    SsrHopLimitChecked "ssr-hop-limit-checked" "SEL-5.3.1-10" "Discards an SSR whose hop limit is not 64."
    SsrReservedChecked "ssr-reserved-checked" "SEL-5.3.1-17" "Discards an SSR whose Reserved field is not 0."
    SsrBadChecksumAccepted "ssr-bad-checksum-accepted" "SEL-5.3.1-13" "Takes an SSR whose ICMPv6 checksum is wrong."
    SsrBeforeResponse "ssr-before-response" "PROFILE-SEL-16c" "Sends its SSRs before the response to the PUT of the key."
    NeighbourEui64MismatchAccepted "neighbour-eui64-mismatch-accepted" "PROFILE-SEL-5c" "Takes an SSR whose EUI-64 is not its link-layer source."
    RxAcceptPlainOnSecuredLink "rx-accept-plain-on-secured-link" "SEL-5.3.3-1" "Passes up plain packets from a neighbour whose link is marked secured."
    RxRefuseSecuredOnUnmarked "rx-refuse-secured-on-unmarked" "SEL-5.3.3-4" "Refuses secured packets over a link that is not marked, other than SSRs."
    RxRefusePlainOnUnmarked "rx-refuse-plain-on-unmarked" "SEL-5.3.3-7" "Once secured, refuses every plain packet over links not marked, the network being open."
    RxAcceptPlainWhenClosed "rx-accept-plain-when-closed" "SEL-5.3.3-8" "Passes up plain packets over unmarked links with ALL_SECURED true."
    TxPlainOnSecuredLink "tx-plain-on-secured-link" "SEL-5.3.3-9" "Sends echo requests and replies plain over links that are marked secured."
    TxSecuredOnUnmarkedLink "tx-secured-on-unmarked-link" "SEL-5.3.3-10" "Once secured, sends everything secured, over unmarked links too."
    TxPlainWhenClosed "tx-plain-when-closed" "PROFILE-SEL-10a" "Goes on sending plain over unmarked links with ALL_SECURED true."
    TxMulticastPlainOnly "tx-multicast-plain-only" "PROFILE-SEL-9" "Sends multicasts plain only although it holds the key."
    KeyAcceptsShort "key-accepts-short" "PROFILE-SEL-16a" "Takes a key of 15 octets, padded with a zero."
    KeyAcceptsUnknownMember "key-accepts-unknown-member" "PROFILE-SEL-16a" "Takes a key object with a member that it does not know."
    KeyAcceptsLevelZero "key-accepts-level-zero" "PROFILE-SEL-16a" "Takes a key object with a security level below 5."
    KeyAcceptsAnyFormat "key-accepts-any-format" "PROFILE-SEL-16a" "Takes a key object whatever its content format."
    KeyGetLeaks "key-get-leaks" "PROFILE-SEL-16b" "Shows the key in the answer to a GET."
    KeyNotInstalled "key-not-installed" "SEL-5-9" "Answers 2.04 to the PUT of a key and installs nothing."
    KeyPlainCoap "key-plain-coap" "PROFILE-SEL-15" "Serves the key resource on plain CoAP."
    DiscoveryPlainCoap "discovery-plain-coap" "SEL-8-1" "Answers /.well-known/core on plain CoAP before the network is closed."
    KeyOfAnother "key-of-another" "SEL-5.4-5" "Shows a public key that is not the one of its manufacturer's list."
    PskBesideKeyPair "psk-beside-key-pair" "SEL-5.4-2" "Makes sessions from a PSK of zeros too, though its trust anchor is a key pair."
    IssuerLeftOut "issuer-left-out" "SEL-5.4-8" "Shows its certificate without that of its issuer."
    NoCertificateRequest "no-certificate-request" "SEL-5.4-11" "Does not ask the commissioning tool for its certificate, though it has a root to judge it by."
    EmptyCertificateAccepted "empty-certificate-accepted" "PROFILE-SEL-13c" "Takes an empty certificate of the commissioning tool for an answer."
    AnyToolBelieved "any-tool-believed" "SEL-5.4-11" "Believes whatever key or certificate a commissioning tool shows."
    ClockIgnored "clock-ignored" "SEL-4-4" "Judges certificates by a day in July 2020, whatever its clock says."
    RevocationIgnored "revocation-ignored" "SEL-4-4" "Believes keys that it was told to believe no more."
    PskAny "psk-any" "PROFILE-SEL-13b" "Takes any PSK identity, as if it were its own."
    PskFixed "psk-fixed" "SEL-5.4-10" "Uses a PSK of zeros instead of its trust anchor."
    HintUpperCase "hint-upper-case" "PROFILE-SEL-13a" "Writes its PSK identity hint in upper case."
    NoCookie "no-cookie" "PROFILE-SEL-13d" "Keeps state for a ClientHello that bears no cookie."
    CloseIgnored "close-ignored" "SEL-5.3.2-14" "Answers a network close with 2.04 and leaves ALL_SECURED false."
    CloseIgnoresSeq "close-ignores-seq" "PROFILE-SEL-17" "Takes a network close whose sequence number is not fresh."
    CloseByUnsecured "close-by-unsecured" "PROFILE-SEL-12a" "Takes a network close although it holds no key."
    OpenIgnored "open-ignored" "SEL-8-6" "Answers a re-opening with 2.04 and leaves ALL_SECURED true."
    OpenDropsMarks "open-drops-marks" "PROFILE-SEL-12a" "Drops all marks when the network is re-opened."
    AllSecuredLostOnReboot "all-secured-lost-on-reboot" "PROFILE-SEL-12" "Forgets ALL_SECURED when it reboots."
    CloseSeqLostOnReboot "close-seq-lost-on-reboot" "PROFILE-SEL-17" "Forgets the close sequence number when it reboots."
    KeysLostOnReboot "keys-lost-on-reboot" "PROFILE-SEL-12" "Forgets the network key when it reboots."
    RelayDropsJsr "relay-drops-jsr" "SEL-5.3.2-4" "Does not forward the JSRs of others."
    RelayDropsWhenSecured "relay-drops-when-secured" "SEL-5.3.2-9" "Once secured, forwards nothing that came over an unmarked link."
    RelayReoriginatesJsr "relay-reoriginates-jsr" "SEL-5.3.2-4" "Replaces the EUI-64 in a JSR that it forwards by its own."
    SsrStatusChecked "ssr-status-checked" "PROFILE-SEL-1b" "Discards an SSR whose Status field is not 0."
    SsrTrailingRefused "ssr-trailing-refused" "PROFILE-SEL-1b" "Discards an SSR with octets behind the EUI-64."
    SelUnknownCodeTaken "sel-unknown-code-taken" "PROFILE-SEL-1a" "Takes a bootstrap message of an unknown code for an SSR."
    SelShortBodyTaken "sel-short-body-taken" "PROFILE-SEL-1a" "Takes an SSR without EUI-64 for one of its link-layer source."
    JsrNoCeiling "jsr-no-ceiling" "PROFILE-SEL-4a" "Goes on doubling the pause between its JSRs beyond 120 s."
    SsrNoRefresh "ssr-no-refresh" "PROFILE-SEL-6" "Does not refresh its SSRs at half of their lifetime."
    EraseWithoutWithdraw "erase-without-withdraw" "PROFILE-SEL-6a" "Erases its last key without an SSR of lifetime 0 to its neighbours."
    TxMulticastPlainWhenClosed "tx-multicast-plain-when-closed" "PROFILE-SEL-9" "Goes on sending plain copies of multicasts with ALL_SECURED true."
    EmsRequired "ems-required" "PROFILE-SEL-14" "Refuses a handshake without extended master secret."
    EmsIgnored "ems-ignored" "PROFILE-SEL-14" "Does not take the extended master secret that is offered."
    SessionDisplaced "session-displaced" "PROFILE-SEL-14" "Gives up an established session for whoever sends a ClientHello."
    SessionNeverIdle "session-never-idle" "PROFILE-SEL-14" "Keeps an idle session for ever."
    CoreKeyMissing "core-key-missing" "PROFILE-SEL-15a" "Does not list the key resource inside DTLS."
    KeyPlainAfterClose "key-plain-after-close" "PROFILE-SEL-16a" "Serves the key resource on plain CoAP once the network is closed."
    KeyAcceptsLong "key-accepts-long" "PROFILE-SEL-16a" "Takes a key of 17 octets, cut to 16."
    KeyMalformedChanged "key-malformed-changed" "PROFILE-SEL-16a" "Answers 2.04 to a PUT of something that is no key object."
    KeySamePutRestarts "key-same-put-restarts" "PROFILE-SEL-16" "Takes the same key for a new one and sends all its SSRs again."
    KeyDeleteIgnored "key-delete-ignored" "PROFILE-SEL-16b" "Answers 2.02 to the DELETE of a key and keeps it."
    CloseWithoutSeq "close-without-seq" "PROFILE-SEL-17" "Takes a close without a sequence number as if it bore the next one."
    HelloFloodBlocks "hello-flood-blocks" "SECC-5.1.2-1" "Keeps its one session for whoever sent a ClientHello, though no cookie came back."
    StrangerHoldsSession "stranger-holds-session" "SECC-5.1.2-4" "Keeps its one session for whoever returned a cookie, the commissioning tool or not."
    StrangerPausesJsr "stranger-pauses-jsr" "SECC-5.1.2-4" "Pauses its JSRs during the handshake of anybody."
    SsrReplayTaken "ssr-replay-taken" "SEL-1-1" "Takes an SSR whose frame counter is not fresh."
    CloseReplayTaken "close-replay-taken" "SEL-8-9" "Takes a datagram that closed the network once more."
    PskInClear "psk-in-clear" "SEL-4-6" "Sends its pre-shared key as PSK identity hint."
    KeyInClear "key-in-clear" "SEL-4-6" "Multicasts its new network key in a plain datagram, as if to debug it."
    LbrRelaysPlainWhenClosed "lbr-relays-plain-when-closed" "SEL-5.3.3-8" "As 6LBR, takes plain packets for the backbone with ALL_SECURED true."
    LbrDropsJsr "lbr-drops-jsr" "SEL-5.3.2-6" "As 6LBR, sends no JSR on to the backbone."
    RelayDropsDtls "relay-drops-dtls" "SEL-5.3.2-9" "Does not forward the DTLS of others."
    DataPlain "data-plain" "SECC-3.1-9" "Sends the datagrams of its application plain over links that are marked secured."
    RekeyIgnored "rekey-ignored" "SBOOT-5.1-4" "Answers 2.01 to a second network key and goes on with the first."
    AllSecuredOutlivesKey "all-secured-outlives-key" "PROFILE-SEL-12" "Keeps ALL_SECURED true when its last key is erased."
    FindAnyType "find-any-type" "SEL-5.2-4" "Takes the first link of an answer to its multicast for the commissioning tool, whatever its resource type."
    FindAnyRegistration "find-any-registration" "SEL-5.2-3" "Takes the first link of the resource directory for the commissioning tool, whatever its resource type."
    FindAnyService "find-any-service" "SEL-5.2-2" "Takes the first address in an answer of DNS for the commissioning tool, whatever host it is of."
    PlainRefusedForEver "plain-refused-for-ever" "PROFILE-SEL-6b" "Takes no plain packet any more from a neighbour whose link was marked once."
    ; variants
    SlowSetSecureRequests "slow-set-secure-requests" "PROFILE-SEL-5" "Sends its first SSR and its answers 8 s after what brings them about, as a PIXIT may state."
    WaitsForButton "waits-for-button" "PROFILE-SEL-4" "Sends its first JSR when it is told to, whatever it was installed with, as a PIXIT may state."
    ServerElsewhere "server-elsewhere" "PROFILE-SEL-13" "Has its DTLS server at port 5699, as a PIXIT may state."
    IdentityUpperCase "identity-upper-case" "PROFILE-SEL-13a" "Has its EUI-64 in upper-case hex digits for a PSK identity, as a PIXIT may state."
    IdentityOctets "identity-octets" "PROFILE-SEL-13a" "Has the octets of its EUI-64 for a PSK identity, as a PIXIT may state."
}

/// The port of the device's DTLS server.
pub(super) fn secure_port(mutant: Selected<Mutant>) -> u16 {
    if mutant.is(Mutant::ServerElsewhere) { 5699 } else { SECURE_PORT }
}

/// How long the variant takes for its SSRs.
pub(super) const SLOW_SSR: Duration = Duration::from_secs(8);

/// How long after the key, or the neighbour, the first SSR goes.
pub(super) fn ssr_delay(mutant: Selected<Mutant>) -> Duration {
    if mutant.is(Mutant::SlowSetSecureRequests) { SLOW_SSR } else { Duration::ZERO }
}

/// FNV-1a: enough to tell a datagram that came before.
pub(super) fn hash(octets: &[u8]) -> u32 {
    octets.iter().fold(0x811c_9dc5, |hash, octet| (hash ^ u32::from(*octet)).wrapping_mul(0x0100_0193))
}
