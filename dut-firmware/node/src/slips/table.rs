//! The table of slips: who is wrong in what, and when. A row is its name, the clause that it violates, what it does in a sentence;
//! then the packets that it concerns, which of them, and what is done to them.

#[cfg(feature = "mutants")]
use wire::ieee802154::SecurityLevel;
#[cfg(feature = "mutants")]
use wire::sel::Kind::{JoinSecureRequest, SetSecureRequest};

#[cfg(feature = "mutants")]
use super::at_work::Change::{Again, Coap, Elsewhere, Frame, Octets, Packet, Payload};
#[cfg(feature = "mutants")]
use super::at_work::Slip;
#[cfg(feature = "mutants")]
use super::at_work::Which::{From, Only};
#[cfg(feature = "mutants")]
use super::edit::*;

macro_rules! slips {
    ($($variant:ident $name:literal $clause:literal $description:literal: $concerns:expr, $which:expr, $change:expr;)*) => {
        protocols::mutants! {
            $($variant $name $clause $description)*
        }

        /// What this one does.
        #[cfg(feature = "mutants")]
        pub(super) fn row(mutant: Mutant) -> Slip {
            match mutant {
                $(Mutant::$variant => Slip { concerns: $concerns, which: $which, change: $change },)*
            }
        }
    };
}

/// Where the body of a bootstrap message begins, less the 4 octets of ICMPv6.
#[cfg(feature = "mutants")]
const SEL: usize = HEADER;
/// `fe80::` with the interface identifier left as it is.
#[cfg(feature = "mutants")]
const LINK_LOCAL: [u8; 8] = [0xfe, 0x80, 0, 0, 0, 0, 0, 0];
/// The prefix of the mesh, with the interface identifier left as it is.
#[cfg(feature = "mutants")]
const GLOBAL: [u8; 8] = [0xfd, 0, 0xb0, 7, 0, 0, 0, 0];
#[cfg(feature = "mutants")]
const ALL_NODES: [u8; 16] = [0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];

slips! {
    JsrSumLater "jsr-sum-later" "SEL-5.3.1-13" "Sends its second JSR with a wrong checksum.":
        |s| is_sel(s, JoinSecureRequest), Only(2), Octets(|p, _| flip(p, HEADER + 3, 1));
    JsrEui64Later "jsr-eui64-later" "PROFILE-SEL-2" "Changes a bit of the EUI-64 in its second JSR.":
        |s| is_sel(s, JoinSecureRequest), Only(2), Packet(|p, _| flip(p, SEL + 8, 2));
    JsrUnderErasedKey "jsr-under-erased-key" "SEL-5.3.1-2" "Sends its JSRs under its last key, which was erased.":
        |s| is_sel(s, JoinSecureRequest) && s.erased, From(1), Frame(|f, _| f.stale_key = true);
    JsrSourceLater "jsr-source-later" "SEL-5.3.1-5" "Sends its second JSR from its link-local address.":
        |s| is_sel(s, JoinSecureRequest), Only(2), Packet(|p, _| put(p, SOURCE, &LINK_LOCAL));
    JsrLongerLater "jsr-longer-later" "SEL-5.3.1-4" "Appends 8 octets to its JSRs from the second on.":
        |s| is_sel(s, JoinSecureRequest), From(2), Packet(|p, _| append(p, &[0; 8]));
    JsrLifetimeLater "jsr-lifetime-later" "PROFILE-SEL-4" "Puts 1 into the registration lifetime of its JSRs from the second on.":
        |s| is_sel(s, JoinSecureRequest), From(2), Packet(|p, _| put(p, SEL + 6, &[0, 1]));
    SsrStatusLater "ssr-status-later" "PROFILE-SEL-1" "Puts 1 into the Status field of its SSRs from the second on.":
        |s| is_sel(s, SetSecureRequest), From(2), Packet(|p, _| put(p, SEL + 4, &[1]));
    SsrReservedLater "ssr-reserved-later" "SEL-5.3.1-16" "Puts 1 into the Reserved field of its SSRs from the second on.":
        |s| is_sel(s, SetSecureRequest), From(2), Packet(|p, _| put(p, SEL + 5, &[1]));
    SsrHopsLater "ssr-hops-later" "SEL-5.3.1-9" "Sends its SSRs from the second on with hop limit 63.":
        |s| is_sel(s, SetSecureRequest), From(2), Packet(|p, _| put(p, HOP_LIMIT, &[63]));
    SsrSumLater "ssr-sum-later" "SEL-5.3.1-13" "Sends its second SSR with a wrong checksum.":
        |s| is_sel(s, SetSecureRequest), Only(2), Octets(|p, _| flip(p, HEADER + 3, 1));
    SsrEui64Later "ssr-eui64-later" "PROFILE-SEL-2" "Changes a bit of the EUI-64 in its second SSR.":
        |s| is_sel(s, SetSecureRequest), Only(2), Packet(|p, _| flip(p, SEL + 8, 2));
    SsrPlainLater "ssr-plain-later" "SEL-5.3.1-3" "Sends its second SSR without link security.":
        |s| is_sel(s, SetSecureRequest), Only(2), Frame(|f, _| f.plain = true);
    SsrSourceLater "ssr-source-later" "SEL-5.3.1-6" "Sends its second SSR from another than its link-local address.":
        |s| is_sel(s, SetSecureRequest), Only(2), Packet(|p, _| put(p, SOURCE, &GLOBAL));
    SsrLongerLater "ssr-longer-later" "SEL-5.3.1-4" "Appends 8 octets to its SSRs from the second on.":
        |s| is_sel(s, SetSecureRequest), From(2), Packet(|p, _| append(p, &[0; 8]));
    SsrLifetimeLater "ssr-lifetime-later" "PROFILE-SEL-6" "Puts 1 into the registration lifetime of its second SSR.":
        |s| is_sel(s, SetSecureRequest), Only(2), Packet(|p, _| put(p, SEL + 6, &[0, 1]));
    LevelFourOnce "level-four-once" "SEL-5.3.3-9" "Protects its fourth secured packet for one neighbour by an integrity code alone.":
        |s| s.secured && !s.to_all, Only(4), Frame(|f, _| f.level = Some(SecurityLevel::Mic32));
    LevelSixOnce "level-six-once" "PROFILE-SEL-7a" "Protects its fourth secured packet for one neighbour at level 6.":
        |s| s.secured && !s.to_all, Only(4), Frame(|f, _| f.level = Some(SecurityLevel::EncMic64));
    PlainOnMarkedOnce "plain-on-marked-once" "SEL-5.3.3-9" "Sends its fifth packet over marked links plain.":
        |s| s.secured && s.marked, Only(5), Frame(|f, _| f.plain = true);
    PlainOnceClosed "plain-once-closed" "PROFILE-SEL-10a" "Sends its last multicast once more, plain, with every secured packet but bootstrap messages.":
        |s| s.secured && !is_sel(s, SetSecureRequest), From(1), Again(|p, before| p.clone_from(&before.to_all));
    JsrWhenKeyed "jsr-when-keyed" "SEL-5.3.1-2" "Sends its last JSR once more with each plain packet when it holds a key already.":
        |s| s.keyed && !s.secured && !s.to_all && is_own(s), From(1), Again(|p, before| p.clone_from(&before.jsr));
    NaTarget "na-target" "BASE-4861-30" "Names another address in its second solicited neighbour advertisement.":
        |s| is_icmpv6(s, 136), Only(2), Packet(|p, _| flip(p, HEADER + 23, 1));
    FrameReserved "frame-reserved" "BASE-802154-1" "Sets the reserved bit of the frame control field in its third plain packet.":
        |s| !s.secured, Only(3), Frame(|f, _| f.frame_control = 1 << 7);
    SecurityReserved "security-reserved" "BASE-802154-1" "Sets a reserved bit of the security control field in its third secured packet.":
        |s| s.secured, Only(3), Frame(|f, _| f.security_control = 0x80);
    BroadcastAck "broadcast-ack" "BASE-802154-2" "Asks for an acknowledgement of its second frame for everybody.":
        |s| s.to_all, Only(2), Frame(|f, _| f.acknowledged = true);
    FragmentSizes "fragment-sizes" "BASE-4944-1" "Says that its first datagram in fragments has 1300 octets.":
        |s| is_own(s) && s.packet.len() > 127, Only(1), Payload(|p, _| if is_fragment(p) { fragment_size(p, 1300) });
    NhcNoChecksum "nhc-no-checksum" "BASE-6282-1" "Leaves the checksum out of its second compressed header of UDP.":
        |s| is_udp(s), Only(2), Payload(|p, before| without_checksum(p, &before.now));
    HopsOneOnce "hops-one-once" "BASE-8200-3" "Sends its second packet through a router with hop limit 1.":
        |s| is_udp(s) && address(s.packet, DESTINATION).octets().starts_with(&[0xfd]), Only(2), Packet(|p, _| put(p, HOP_LIMIT, &[1]));
    SourceForAll "source-for-all" "BASE-8200-2" "Sends its second router solicitation or advertisement from a multicast address.":
        |s| is_icmpv6(s, 133) || is_icmpv6(s, 134), Only(2), Packet(|p, _| put(p, SOURCE, &ALL_NODES));
    UdpSumLater "udp-sum-later" "BASE-8200-1" "Sends its second datagram of UDP with a wrong checksum.":
        |s| is_udp(s), Only(2), Octets(|p, _| flip(p, HEADER + 7, 1));
    EchoReplyCode "echo-reply-code" "BASE-4443-2" "Sends its echo replies with code 1.":
        |s| is_icmpv6(s, 129), From(1), Packet(|p, _| put(p, HEADER + 1, &[1]));
    EchoRequestCode "echo-request-code" "BASE-4443-2" "Sends its echo requests with code 1.":
        |s| is_icmpv6(s, 128), From(1), Packet(|p, _| put(p, HEADER + 1, &[1]));
    RsReserved "rs-reserved" "BASE-4861-2" "Puts something into the reserved field of its router solicitations.":
        |s| is_icmpv6(s, 133), From(1), Packet(|p, _| put(p, HEADER + 4, &[1]));
    RaReserved "ra-reserved" "BASE-4861-2" "Sets a reserved flag in its router advertisements.":
        |s| is_icmpv6(s, 134), From(1), Packet(|p, _| flip(p, HEADER + 5, 1));
    RaProxy "ra-proxy" "BASE-4861-551" "Says from its second router advertisement on that it is a proxy.":
        |s| is_icmpv6(s, 134), From(2), Packet(|p, _| flip(p, HEADER + 5, 4));
    RaPrefixReserved "ra-prefix-reserved" "BASE-4861-3" "Sets a reserved bit in the prefix option of its router advertisements from the second on.":
        |s| is_icmpv6(s, 134), From(2), Packet(|p, _| flip_in_option(p, HEADER + 16, 3, 3));
    RaSource "ra-source" "BASE-4861-4" "Sends its second router advertisement from its global address.":
        |s| is_icmpv6(s, 134), Only(2), Packet(|p, _| put(p, SOURCE, &GLOBAL));
    RaAuthority "ra-authority" "BASE-6775-3" "Names another node as the authority in its router advertisements from the second on.":
        |s| is_icmpv6(s, 134), From(2), Packet(|p, _| flip_in_option(p, HEADER + 16, 35, 23));
    NsReserved "ns-reserved" "BASE-4861-2" "Puts something into the reserved field of its neighbour solicitations.":
        |s| is_icmpv6(s, 135), From(1), Packet(|p, _| put(p, HEADER + 4, &[1]));
    NaReserved "na-reserved" "BASE-4861-2" "Sets a reserved flag in its neighbour advertisements.":
        |s| is_icmpv6(s, 136), From(1), Packet(|p, _| flip(p, HEADER + 5, 1));
    RsAddress "rs-address" "BASE-4861-5" "Names another link-layer address in its router solicitations.":
        |s| is_icmpv6(s, 133) && option(s.packet, HEADER + 8, 1).is_some(), From(2), Packet(|p, _| flip_in_option(p, HEADER + 8, 1, 9));
    NsAddress "ns-address" "BASE-4861-5" "Names another link-layer address in its neighbour solicitations.":
        |s| is_icmpv6(s, 135) && option(s.packet, HEADER + 24, 1).is_some(),
        From(1), Packet(|p, _| flip_in_option(p, HEADER + 24, 1, 9));
    RaAddress "ra-address" "BASE-4861-5" "Names another link-layer address in its router advertisements.":
        |s| is_icmpv6(s, 134) && option(s.packet, HEADER + 16, 1).is_some(), From(2), Packet(|p, _| flip_in_option(p, HEADER + 16, 1, 9));
    AroStatus "aro-status" "BASE-6775-1" "Puts 1 into the status of its registrations.":
        |s| is_icmpv6(s, 135) && option(s.packet, HEADER + 24, 33).is_some(),
        From(1), Packet(|p, _| flip_in_option(p, HEADER + 24, 33, 2));
    DtlsHelloVersion "dtls-hello-version" "BASE-6347-1" "Selects DTLS 1.0 in its ServerHellos from the second on.":
        |s| is_record(s, 22, Some(2)), From(2), Packet(|p, _| put_in_hello(p, 0, &[0xfe, 0xff]));
    DtlsCookieEmpty "dtls-cookie-empty" "BASE-6347-3" "Sends its first HelloVerifyRequest without a cookie.":
        |s| is_record(s, 22, Some(3)), Only(1), Packet(|p, _| without_cookie(p));
    DtlsDataVersion "dtls-data-version" "BASE-6347-1" "Sends its second record of application data in the version of DTLS 1.0.":
        |s| is_record(s, 23, None), Only(2), Packet(|p, _| put_in_record(p, 23, 1, &[0xfe, 0xff]));
    DtlsCcsVersion "dtls-ccs-version" "BASE-6347-1" "Sends its ChangeCipherSpecs from the second on in the version of DTLS 1.0.":
        |s| is_record(s, 20, None), From(2), Packet(|p, _| put_in_record(p, 20, 1, &[0xfe, 0xff]));
    DtlsAlertWarning "dtls-alert-warning" "BASE-6347-5" "Sends the fatal alerts of handshakes as warnings.":
        |s| is_record(s, 21, None), From(1), Packet(|p, _| warn(p));
    CoapVersion "coap-version" "BASE-7252-1" "Sends its second message of CoAP with version 2.":
        |_| false, Only(2), Coap(|m, _| flip(m, 0, 0xc0));
    CoapResponseReset "coap-response-reset" "BASE-7252-3" "Sends its second response of CoAP as a reset.":
        |_| false, Only(2), Coap(|m, _| set(m, 0, 0xff, 0x30));
    CoapRequestAck "coap-request-ack" "BASE-7252-3" "Sends its requests of CoAP as acknowledgements.":
        |s| is_udp(s) && is_plain_request(s.packet), From(1), Packet(|p, _| set(p, HEADER + 8, 0xcf, 0x20));
    CoapGroupConfirmable "coap-group-confirmable" "BASE-7252-4" "Sends its request to a group once more, confirmable.":
        |s| is_udp(s) && is_plain_request(s.packet) && s.to_all, Only(1), Again(|p, _| set(p, HEADER + 8, 0xcf, 0));
    ForwardTwo "forward-two" "BASE-8200-4" "Takes two from the hop limit of the third packet that it sends on.":
        |s| !is_own(s), Only(3), Packet(|p, _| one_hop_less(p));
    TagsAlike "tags-alike" "BASE-4944-2" "Cuts all its datagrams under the same tag.":
        |s| is_own(s) && s.packet.len() > 127, From(1), Payload(|p, _| if is_fragment(p) { put(p, 2, &[0x12, 0x34]) });
    FragmentsMixed "fragments-mixed" "BASE-4944-3" "Sends the second fragment of a secured datagram plain.":
        |s| s.secured && s.packet.len() > 127, From(1), Frame(|f, number| f.plain = number == 1);
    RaOptionEmpty "ra-option-empty" "BASE-802154-4" "Sends its second router advertisement with an option of length 0.":
        |s| is_icmpv6(s, 134), Only(2), Packet(|p, _| empty_option(p));
    DtlsRandomsAlike "dtls-randoms-alike" "BASE-6347-6" "Draws the randoms of all sessions from the same seed.":
        |_| false, From(1), Elsewhere;
    DtlsCookieAgain "dtls-cookie-again" "BASE-6347-7" "Sends its second HelloVerifyRequest with the cookie of the first.":
        |s| is_record(s, 22, Some(3)), Only(2), Packet(|p, before| cookie_of(p, &before.last));
    RplDisFlags "rpl-dis-flags" "BASE-6550-18" "Sets a reserved flag in its DIS messages.":
        |s| is_rpl(s, 0), From(1), Packet(|p, _| flip(p, HEADER + 4, 1));
    RplDaoFlags "rpl-dao-flags" "BASE-6550-18" "Sets a reserved flag in its DAO messages from the second on.":
        |s| is_rpl(s, 2), From(2), Packet(|p, _| flip(p, HEADER + 5, 1));
    RplDaoAckFlags "rpl-dao-ack-flags" "BASE-6550-18" "Sets a reserved flag in its DAO acknowledgements.":
        |s| is_rpl(s, 3), From(1), Packet(|p, _| flip(p, HEADER + 5, 1));
    RplDioFlags "rpl-dio-flags" "BASE-6550-18" "Sets the reserved bit before the mode in its DIO messages for all from the second on.":
        |s| is_rpl(s, 1) && s.to_all, From(2), Packet(|p, _| flip(p, HEADER + 8, 0x40));
    RplRankLower "rpl-rank-lower" "BASE-6550-4" "Claims rank 1 in its second DIO for all.":
        |s| is_rpl(s, 1) && s.to_all, Only(2), Packet(|p, _| put(p, HEADER + 6, &[0, 1]));
    RplDioTwice "rpl-dio-twice" "BASE-6550-15" "Sends its second DIO for all twice.":
        |s| is_rpl(s, 1) && s.to_all, Only(2), Again(|_, _| ());
    RplDaoJumps "rpl-dao-jumps" "BASE-6550-13" "Sends its second DAO once more, under a sequence number that is not the next.":
        |s| is_rpl(s, 2) && is_own(s), Only(2), Again(|p, _| flip(p, HEADER + 7, 0x40));
    DtlsFlightCopied "dtls-flight-copied" "BASE-6347-22" "Sends its first ServerHello with what follows it twice, in the same records.":
        |s| is_record(s, 22, Some(2)), Only(1), Again(|_, _| ());
    DtlsSuiteCopied "dtls-suite-copied" "PROFILE-SEL-13c" "Sends a ServerHello of another handshake behind its first answer, with another cipher suite.":
        |s| is_record(s, 22, Some(2)) || is_record(s, 23, None), Only(2), Again(|p, before| hello_behind(p, &before.last));
    MacNumberAgain "mac-number-again" "BASE-802154-5" "Sends its third plain packet under a sequence number that is far from the next.":
        |s| !s.secured, Only(3), Frame(|f, _| f.sequence_number = 0x80);
    CoapIdAgain "coap-id-again" "BASE-7252-5" "Sends two requests of CoAP with different tokens under one message ID.":
        |s| is_udp(s) && is_plain_request(s.packet), Only(1), Again(|p, _| flip(p, HEADER + 12, 1));
    CoapTokenOther "coap-token-other" "BASE-7252-6" "Sends its second response of CoAP with another token.":
        |_| false, Only(2), Coap(|m, _| flip(m, 4, 0x55));
    EchoTwice "echo-twice" "BASE-4443-3" "Answers every echo request twice.":
        |s| is_icmpv6(s, 129), From(1), Again(|_, _| ());
    DtlsNonceAgain "dtls-nonce-again" "BASE-6347-8" "Protects all its application data under the explicit nonce of the first.":
        |_| false, From(1), Elsewhere;
    DtlsTimerSteady "dtls-timer-steady" "BASE-6347-16" "Repeats its flights after the same time, however often.":
        |_| false, From(1), Elsewhere;
    EchoCrash "echo-crash" "UT1-STATES-4" "Panics as it is about to send its second echo reply.":
        |s| is_icmpv6(s, 129), Only(2), Packet(|p, _| p.truncate(p[HEADER + usize::from(u16::MAX)].into()));
}
