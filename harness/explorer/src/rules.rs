//! The rules of the model: a sentence each, with the clauses that it rests on. Every judged step of a walk cites its rules.

/// One rule.
#[derive(Debug, PartialEq, Eq)]
pub struct Rule {
    /// Short and stable: what a report names.
    pub id: &'static str,
    /// The clauses of the ledgers that it rests on; at least one.
    pub clauses: &'static [&'static str],
    /// What it says, in one sentence.
    pub says: &'static str,
}

macro_rules! rules {
    ($($(#[$meta:meta])* $name:ident $id:literal [$($clause:literal),+] $says:literal;)*) => {
        $(
            $(#[$meta])*
            #[doc = $says]
            pub(crate) const $name: &Rule = &Rule { id: $id, clauses: &[$($clause),+], says: $says };
        )*

        /// Every rule of the model.
        pub const RULES: &[&Rule] = &[$($name),*];
    };
}

rules! {
    // ---- join requests
    JSR_FORM "jsr-form" ["SEL-5.3.1-1", "SEL-5.3.1-4", "SEL-5.3.1-9", "SEL-5.3.1-12", "SEL-5.3.1-13", "SEL-5.3.1-14", "SEL-5.3.1-16", "SEL-5.3.1-19", "PROFILE-SEL-1", "PROFILE-SEL-2", "PROFILE-SEL-3"]
        "A join secure request has type 200, code 1, a right checksum, status and reserved 0, the device's EUI-64 and the stated hop limit.";
    JSR_WAY "jsr-way" ["SEL-5.3.1-2", "SEL-5.3.1-5", "SEL-5.3.1-7", "SEL-5.3.2-3", "PROFILE-SEL-4"]
        "A join secure request goes unsecured from the device's global address to the commissioning tool's, with lifetime 0.";
    JSR_COMES "jsr-comes" ["SEL-5-3", "PROFILE-SEL-4a"]
        "A device without a key asks to be secured, after each start and again and again.";
    JSR_PAUSES "jsr-pauses" ["PROFILE-SEL-4a"]
        "The pauses between join secure requests double from the first interval to the greatest.";
    JSR_TOLD "jsr-told" ["SEL-5-3", "PROFILE-SEL-4d"]
        "A device without a key asks to be secured when it is told to.";
    JSR_RESTS "jsr-rests" ["PROFILE-SEL-4b"]
        "During a handshake no join secure request is sent.";
    JSR_NEVER "jsr-never" ["SEL-5.3.1-2", "PROFILE-SEL-4c"]
        "A device that holds a key sends no join secure request.";
    // ---- set secure requests
    SSR_FORM "ssr-form" ["SEL-5.3.1-1", "SEL-5.3.1-3", "SEL-5.3.1-4", "SEL-5.3.1-6", "SEL-5.3.1-8", "SEL-5.3.1-9", "SEL-5.3.1-12", "SEL-5.3.1-13", "SEL-5.3.1-16", "SEL-5.3.1-19", "PROFILE-SEL-1", "PROFILE-SEL-3"]
        "A set secure request has type 200, code 2, a right checksum, status and reserved 0 and the device's EUI-64, and goes secured from link-local to link-local address.";
    SSR_LIFETIME "ssr-lifetime" ["PROFILE-SEL-6"]
        "The lifetime in a set secure request is the stated one.";
    SSR_TO_ALL "ssr-to-all" ["SEL-5-10", "SEL-5.3.2-10", "SEL-5.3.4-3", "PROFILE-SEL-5"]
        "A device that got its key, or started with one, sends each neighbour a set secure request.";
    SSR_TO_NEW "ssr-to-new" ["PROFILE-SEL-5"]
        "A device that holds a key sends each new neighbour a set secure request.";
    SSR_ANSWER "ssr-answer" ["SEL-5.3.2-11", "SEL-5.3.4-4", "PROFILE-SEL-5b"]
        "A device that holds a key answers a set secure request that verifies, whatever the mark of the link.";
    SSR_MARKS "ssr-marks" ["SEL-5.3.2-12", "SEL-5.3.4-2", "SEL-5.3.4-5", "PROFILE-SEL-8"]
        "An exchange of set secure requests marks the link secured, with a neighbour never heard before too.";
    SSR_IGNORED_FIELDS "ssr-ignored-fields" ["SEL-5.3.1-10", "SEL-5.3.1-17", "PROFILE-SEL-1b"]
        "Hop limit, status, reserved field and trailing octets of a set secure request count for nothing on receipt.";
    SSR_KEEPS "ssr-keeps" ["SEL-5.3.1-18", "PROFILE-SEL-6"]
        "A mark lasts as long as the registration lifetime that brought it, and no longer.";
    SSR_REPEATS "ssr-repeats" ["PROFILE-SEL-5a"]
        "While a link is unmarked the set secure request is repeated after 1, 2 and 4 s.";
    SSR_REFRESHES "ssr-refreshes" ["PROFILE-SEL-6"]
        "A set secure request is sent again at half of its lifetime.";
    SSR_RATE "ssr-rate" ["PROFILE-SEL-5b"]
        "Set secure requests of one neighbour are answered at most once in the stated interval.";
    SSR_WITHDRAWS "ssr-withdraws" ["PROFILE-SEL-6a"]
        "A set secure request of lifetime 0 takes the mark away.";
    SSR_PLAIN "ssr-plain" ["SEL-5.3.1-3", "PROFILE-SEL-7"]
        "A set secure request that came plain counts for nothing.";
    SSR_UNVERIFIED "ssr-unverified" ["SEL-5.3.3-5", "SEL-5.3.3-3", "SBOOT-5.1-2", "PROFILE-SEL-7a"]
        "A set secure request that does not verify counts for nothing.";
    SSR_REPLAYED "ssr-replayed" ["SEL-1-1", "SECC-3.1-6"]
        "A set secure request whose frame counter is not fresh counts for nothing.";
    SSR_FOREIGN "ssr-foreign" ["PROFILE-SEL-5c"]
        "A set secure request whose EUI-64 is not its sender's counts for nothing.";
    SSR_MALFORMED "ssr-malformed" ["SEL-5.3.1-13", "PROFILE-SEL-1a"]
        "A set secure request with a wrong checksum, an unknown code or too few octets counts for nothing.";
    SSR_UNKEYED "ssr-unkeyed" ["SEL-5.3.4-6"]
        "A device without a key neither answers a set secure request nor marks a link.";
    MARK_BY_SSR_ONLY "mark-by-ssr-only" ["SEL-5.3.4-7"]
        "No packet but a set secure request marks a link, and none takes a mark away.";
    // ---- receiving
    RX_UNMARKED_PLAIN "rx-unmarked-plain" ["SEL-5.3-4", "SEL-5.3.3-7", "PROFILE-SEL-10"]
        "A plain packet over a link without mark is taken while the network is open.";
    RX_UNMARKED_SECURED "rx-unmarked-secured" ["SEL-5.3.3-4"]
        "A device that holds a key takes a packet that verifies over a link without mark.";
    RX_MARKED_SECURED "rx-marked-secured" ["SEL-1-1", "SEL-5.3-9", "SEL-5.3.3-2"]
        "A packet that verifies is taken over a marked link.";
    RX_MARKED_PLAIN "rx-marked-plain" ["SEL-5.3.3-1", "SBOOT-5.1-5"]
        "A plain packet over a marked link is refused.";
    RX_CLOSED_PLAIN "rx-closed-plain" ["SEL-3-2", "SEL-5-11", "SEL-5.3.3-8", "SEL-8-4"]
        "With ALL_SECURED true every plain packet is refused.";
    RX_UNVERIFIED "rx-unverified" ["SEL-5.3.3-3", "SEL-5.3.3-5", "SBOOT-5.1-6", "SBOOT-5.1-7"]
        "A secured packet that does not verify is refused.";
    RX_REPLAYED "rx-replayed" ["SEL-1-1", "SECC-3.1-6", "PROFILE-SEL-12"]
        "A secured frame whose frame counter is not fresh is refused, after a restart too.";
    RX_LEVEL "rx-level" ["PROFILE-SEL-7a"]
        "A frame below the least security level is refused over a marked link.";
    RX_OLD_KEY "rx-old-key" ["SBOOT-5.1-4", "SBOOT-5.1-8", "PROFILE-SEL-16b", "SECC-5.3.2-1"]
        "What is secured under a key that was deleted is refused.";
    RX_UNKEYED_SECURED "rx-unkeyed-secured" ["SEL-5.3.3-6"]
        "A device without a key refuses what comes secured.";
    RX_MIXED "rx-mixed" ["PROFILE-SEL-7b"]
        "A datagram whose fragments are protected differently is refused.";
    RX_OVERLAP "rx-overlap" ["PROFILE-SEL-7c"]
        "A datagram whose fragments overlap without being the same is refused.";
    RX_SILENT "rx-silent" ["PROFILE-SEL-11"]
        "What is refused gets no ICMPv6 error, and is counted.";
    // ---- sending
    TX_MARKED "tx-marked" ["SEL-1-2", "SEL-5.3.3-9", "SECC-3.1-9", "SECC-5.3-1"]
        "What leaves over a marked link is secured.";
    TX_UNMARKED "tx-unmarked" ["SEL-5.3.3-10"]
        "What leaves over a link without mark is plain while the network is open.";
    TX_CLOSED "tx-closed" ["PROFILE-SEL-10a"]
        "With ALL_SECURED true nothing but set secure requests leaves over a link without mark.";
    TX_UNKEYED "tx-unkeyed" ["SEL-5-2", "SEL-5.3.3-10"]
        "A device without a key sends everything plain.";
    TX_PROTECTION "tx-protection" ["PROFILE-SEL-7a"]
        "A secured frame has the stated level, key identifier mode 1, the index of the newest key and an extended source address.";
    TX_COUNTER "tx-counter" ["SEL-1-1", "PROFILE-SEL-12"]
        "The frame counter rises from one secured frame to the next, whatever happened between them.";
    TX_MULTICAST "tx-multicast" ["PROFILE-SEL-9"]
        "A multicast goes plain without a key, plain and secured with one, and secured only once the network is closed.";
    // ---- routing and neighbours
    RELAY "relay" ["SEL-2-4", "SEL-3-1", "SEL-3-5", "SEL-5.3-3"]
        "A packet for another node that is taken is forwarded with its hop limit lowered by one.";
    RELAY_JSR "relay-jsr" ["SEL-5-4", "SEL-5.3.2-4", "SEL-5.3.2-5"]
        "The join secure request of another node is forwarded as it is.";
    RELAY_EXPIRED "relay-expired" ["SEL-3-1"]
        "A packet whose hop limit is used up is not forwarded.";
    RELAY_REFUSED "relay-refused" ["SEL-5.3.3-1", "SEL-5.3.3-8", "SEL-3-2"]
        "A packet that is refused is not forwarded.";
    ND_REGISTERS "nd-registers" ["PROFILE-SEL-20a", "SEL-5.3.2-1"]
        "A router answers a neighbour that registers its address, with status 0.";
    ND_LISTS "nd-lists" ["SEL-5.3-5", "SEL-5.3-8"]
        "A neighbour that made itself known is in the neighbour list.";
    ECHO_REPLY "echo-reply" ["SEL-3-1", "SEL-3-5"]
        "An echo request that is taken is answered with the same identifier, number and data.";
    ND_ADVERTISES "nd-advertises" ["SEL-3-5", "SEL-5.3.2-1"]
        "A router answers a router solicitation that it takes.";
    OWN_DATA "own-data" ["SEL-3-5"]
        "A datagram of the device's own leaves as it was given.";
    RPL_JOINS "rpl-joins" ["SEL-3-1"]
        "A router joins the DODAG: it tells its parent of itself, and its rank is greater than the root's.";
    FLOOD_BOUNDED "flood-bounded" ["SECC-5.1.2-4", "PROFILE-SEL-8a"]
        "A flood by invented nodes lengthens no list beyond its bound and takes no mark away.";
    FLOOD_SERVED "flood-served" ["SECC-5.1.1-1", "SECC-5.1.2-1", "SECC-5.1.2-4"]
        "After a flood honest nodes are served: a datagram in fragments, a registration, a session.";
    // ---- keys
    KEY_TAKEN "key-taken" ["SEL-4-1", "SEL-5-8", "SEL-5-9", "SEL-5.4-1", "SEL-6-1", "SEL-6-2", "PROFILE-SEL-16", "SECC-3.1-5"]
        "A device takes the key that the commissioning tool puts over DTLS, says so, and is secured.";
    KEY_WIRED "key-wired" ["SBOOT-2.1-8", "SEL-5-9"]
        "A device takes a key by the wired channel of the factory, and is secured.";
    KEY_SAME "key-same" ["PROFILE-SEL-16"]
        "The same key put twice is 2.04 and changes nothing.";
    KEY_NEXT "key-next" ["SBOOT-5.1-4", "PROFILE-SEL-16"]
        "A second key is 2.01, and the device secures what it sends by it from then on.";
    KEY_BAD "key-bad" ["PROFILE-SEL-16a"]
        "What is no key object of the resource gets its error code and changes nothing.";
    KEY_SHOWN "key-shown" ["PROFILE-SEL-16b", "SECC-3.1-4"]
        "A GET of the key resource is 2.05 and shows no key.";
    KEY_DELETED "key-deleted" ["PROFILE-SEL-16b", "SBOOT-5.1-8"]
        "A DELETE of a key is 2.02, and a device whose last key went is not secured any more.";
    KEY_WITHDRAWS "key-withdraws" ["PROFILE-SEL-6a"]
        "Before its last key is erased a device withdraws its marked links by set secure requests of lifetime 0.";
    KEY_SURVIVES "key-survives" ["PROFILE-SEL-12", "SECC-3-12", "SECC-3.1-9"]
        "A key outlives restarts and power cuts.";
    KEY_DISCOVERED "key-discovered" ["PROFILE-SEL-15a", "SEL-6-5"]
        "Inside DTLS /.well-known/core lists the key resource.";
    RESOURCE_PLAIN "resource-plain" ["SEL-8-1", "SEL-6-6", "PROFILE-SEL-15"]
        "Before the network is closed no resource answers plain CoAP, over marked links neither.";
    RESOURCE_PLAIN_CLOSED "resource-plain-closed" ["PROFILE-SEL-16a", "SEL-8-8"]
        "In a closed network a request for the key resource that did not come over DTLS gets 4.01 and changes nothing.";
    FINDS_BY_MULTICAST "finds-by-multicast" ["SEL-5.2-4", "PROFILE-SEL-21"]
        "A device that has to find its tool in the mesh asks all nodes by a GET of /.well-known/core?rt=core.ct.";
    FINDS_BY_DNS "finds-by-dns" ["SEL-5.2-2", "PROFILE-SEL-21"]
        "A device that has to find its tool by DNS-SD asks its server for the service.";
    FINDS_BY_DIRECTORY "finds-by-directory" ["SEL-5.2-3", "PROFILE-SEL-21"]
        "A device that has to find its tool by a resource directory looks it up there.";
    // ---- closing and opening
    CLOSE_TAKEN "close-taken" ["SEL-5.3.2-14", "SEL-8-4", "SEL-8-6", "PROFILE-SEL-17"]
        "A close or an opening whose sequence number exceeds the last one taken is 2.04 and is obeyed.";
    CLOSE_STALE "close-stale" ["SEL-8-9", "PROFILE-SEL-17"]
        "A close or an opening whose sequence number is not greater than the last one taken is 4.09 and changes nothing, after restarts too.";
    CLOSE_BAD "close-bad" ["PROFILE-SEL-17"]
        "What is no close object gets 4.00 and changes nothing.";
    CLOSE_UNKEYED "close-unkeyed" ["PROFILE-SEL-12a"]
        "A device without a key refuses a close.";
    CLOSE_KEEPS_MARKS "close-keeps-marks" ["PROFILE-SEL-12a"]
        "Closing and opening leave the marks of links as they are.";
    CLOSE_SURVIVES "close-survives" ["PROFILE-SEL-12"]
        "ALL_SECURED outlives restarts and power cuts, and goes with the last key.";
    STATE_KEPT "state-kept" ["SEL-5.3-7", "SEL-5.3.2-2"]
        "ALL_SECURED changes by a close or an opening only, and being secured by a key only.";
    // ---- sessions
    SESSION_WRONG_KEY "session-wrong-key" ["SEL-4-4", "SEL-5.4-10", "PROFILE-SEL-13b", "SBOOT-5.1-1"]
        "Who does not know the device's pre-shared key gets an alert and no session.";
    SESSION_WRONG_IDENTITY "session-wrong-identity" ["PROFILE-SEL-13b"]
        "An identity that is not the device's gets an alert and no session.";
    SESSION_FORM "session-form" ["SEL-5.4-3", "SEL-5.4-4", "PROFILE-SEL-13", "PROFILE-SEL-13a"]
        "The session is of DTLS 1.2 with the pre-shared key's cipher suite, and the hint is the device's identity.";
    SESSION_PUBLIC_KEY "session-public-key" ["SEL-5.4-6", "SEL-5.4-9", "PROFILE-SEL-13", "PROFILE-SEL-13c"]
        "With a key pair the session is of DTLS 1.2 with the suite of ECDHE and ECDSA.";
    SESSION_STRANGER "session-stranger" ["SEL-4-4", "SEL-5.4-11", "PROFILE-SEL-13c"]
        "A device that authenticates its tool gives no session to one that shows a foreign key, or none.";
    SESSION_NO_PSK "session-no-psk" ["SEL-5.4-2"]
        "A device with a key pair makes no session from a pre-shared key.";
    SESSION_EMS "session-ems" ["PROFILE-SEL-14"]
        "The extended master secret is taken if offered, and not required.";
    SESSION_COOKIE "session-cookie" ["PROFILE-SEL-13d", "SECC-5.1.2-1"]
        "A server that claims it sends a cookie before it keeps state.";
    SESSION_ONE "session-one" ["PROFILE-SEL-14"]
        "While a session is open nobody else gets one, and the session goes on.";
    SESSION_IDLE "session-idle" ["PROFILE-SEL-14"]
        "A session without traffic is dropped after the stated time.";
    SESSION_LOSSES "session-losses" ["SEL-5.4-1", "SECC-5.1.1-2", "SECC-4.1-8"]
        "A handshake of which messages are lost comes to its end.";
    // ---- life
    LIFE_ANCHOR "life-anchor" ["SECC-3-1"]
        "A device that has a trust anchor takes no other one without a factory reset.";
    LIFE_RESTART "life-restart" ["SECC-3-12", "SEL-5.3.2-1"]
        "A device that starts gets its address again, and goes on in the state that it was in.";
    LIFE_RESET "life-reset" ["SECC-3-13", "SBOOT-5.1-14"]
        "A factory reset leaves a device without key, mark, closed network, application and anchor.";
    LIFE_AGAIN "life-again" ["SECC-3-14", "SBOOT-5.1-12"]
        "A device that was reset can be manufactured and installed again.";
    IMAGE_TAKEN "image-taken" ["SECC-3-8", "SECC-3-12"]
        "A newer software image is taken, runs from the next start on, and everything else stays.";
    IMAGE_REFUSED "image-refused" ["SECC-3-8"]
        "A damaged, forged, foreign or older software image is refused, and everything stays.";
    APPLICATION_RUNS "application-runs" ["SECC-3-6", "SECC-3-9", "SECC-5.3-2"]
        "A device that holds a key runs the application that it was configured for, after a restart too.";
    APPLICATION_RESTS "application-rests" ["SECC-3-6", "SECC-3-9"]
        "A device without a key, or whose application was stopped, sends nothing for it.";
}
