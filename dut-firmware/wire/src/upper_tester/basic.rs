//! What every upper tester understands, whatever keys its device: who it is, how it is, and packets on demand.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::net::Ipv6Addr;

use super::form::{ADDRESS, DATA, EUI64, Form, PORT, decimal, from_hex};
use super::table::{EventInfo, KeyInfo, Kind, Mechanism, StateInfo, counter, perhaps, told};
use super::when::{ALWAYS, INSTALLED, RUNNING};
use super::{MAX_DATA, decode_text, encode_text};
use crate::Eui64;

/// The states of a device's life, in its order.
pub const STATES: &[&str] = &["factory", "manufactured", "installed", "joining", "secured"];

const NOTHING: &[KeyInfo] = &[];
const STATE: KeyInfo = told("state", Kind::Words(STATES));

const NONCE: Form<String> = Form::new(
    Kind::Hex { most: 32 },
    |text| (text.len() <= 64 && text != "-" && from_hex(text).is_some()).then(|| text.into()),
    String::clone,
);
const SIZE: Form<u16> =
    Form::new(Kind::Number { min: 0, max: 1024 }, |value| decimal(value).filter(|&n| n <= 1024), u16::to_string)
        .or(|| 8);
const LINE: Form<String> = Form::new(Kind::Text, shell_line, |text| encode_text(text));

commands! {
    "basic";
    /// Who are you, and are you live: the nonce comes back.
    Hello {
        /// Hex digits, at most 64 of them, an even number.
        nonce: String = NONCE,
    } = "hello" ALWAYS => &[
        told("nonce", Kind::Hex { most: 32 }),
        told("protocol", Kind::Words(&["UT/1"])),
        told("vendor", Kind::Word),
        told("firmware", Kind::Word),
        told("version", Kind::Word),
        told("hash", Kind::Word),
        told("eui64", Kind::Eui64),
        told("roles", Kind::List),
        told("features", Kind::List),
        STATE,
    ], "asks who the device is: up to 64 hex digits, an even number, come back as they went";
    /// The device's state.
    Status = "status" ALWAYS => &[
        STATE,
        told("secured", Kind::Flag),
        perhaps("key_index", Kind::Number { min: 1, max: 255 }),
        perhaps("level", Kind::Number { min: 1, max: 7 }),
        perhaps("neighbours", Kind::NUMBER),
        perhaps("secured_links", Kind::NUMBER),
        told("link_local", Kind::Ipv6),
        told("global", Kind::Ipv6),
    ], "asks how the device is";
    /// The state of one link.
    Link {
        /// The other end.
        neighbour: Eui64 = EUI64,
    } = "link" ALWAYS => &[
        told("known", Kind::Flag),
        told("secured", Kind::Flag),
        perhaps("lifetime_s", Kind::NUMBER),
    ], "asks for a neighbour and its mark";
    /// What was refused and dropped since boot.
    Counters = "counters" ALWAYS => &[
        counter("refused_level", "secured below the minimum level, or not in key identifier mode 1"),
        counter("refused_no_key", "no key with this index"),
        counter("refused_mic", "integrity code wrong"),
        counter("refused_replay", "frame counter not fresh"),
        counter("refused_mixed", "fragments of one datagram protected differently"),
        counter("dropped_unknown", "a 6LoWPAN dispatch or a next header that the device does not know"),
        counter("dropped_malformed", "not a frame, packet or message that can be understood"),
        counter("dropped_foreign", "for another PAN or another device, or without an extended source address"),
        counter("dropped_source", "from one of the device's own addresses, or from or to the loopback address"),
        counter("dropped_duplicate", "a frame heard before: its acknowledgment was lost"),
        counter("dropped_reassembly", "fragments that never made a datagram"),
        counter("dropped_checksum", "a wrong upper-layer checksum"),
        counter("dropped_hop_limit", "hop limit used up"),
        counter("dropped_no_route", "no route"),
        counter("dropped_queue", "not sent: too many frames wait already"),
        counter("no_ack", "sent, but never acknowledged"),
        counter("channel_busy", "not sent: the channel was never clear"),
        counter("sent", "frames handed to the radio"),
        counter("received", "frames received"),
    ], "asks for what was refused and dropped since boot, see below";
    /// Liveness.
    Ping = "ping" ALWAYS => NOTHING, "the device lives: nothing else";
    /// Radio on.
    Start = "start" INSTALLED => NOTHING, "radio on, stack runs; at boot by itself, once installed";
    /// An ICMPv6 echo request.
    Echo {
        /// Destination.
        dest: Ipv6Addr = ADDRESS,
        /// Octets of data.
        size: u16 = SIZE,
    } = "echo" RUNNING => NOTHING, "sends an ICMPv6 echo request, of 8 octets unless `size=` says otherwise";
    /// A UDP datagram.
    Send {
        /// Destination.
        dest: Ipv6Addr = ADDRESS,
        /// Source and destination port.
        port: u16 = PORT,
        /// At most [`MAX_DATA`] octets.
        data: Vec<u8> = DATA,
    } = "send" RUNNING => NOTHING, "sends a UDP datagram of at most 160 octets, `-` for none";
    /// A line for the vendor's own shell; for what only this device has.
    Vendor {
        /// One line of printable ASCII, 1 to [`MAX_DATA`] octets.
        text: String = LINE,
    } = "vendor" ALWAYS => &[told("lines", Kind::NUMBER), told("text", Kind::Text)],
        "hands a line of 1 to 160 characters to the vendor's own shell, for what only this device has; it tells how many lines \
         the shell said, and those that fit";
    /// Reboot.
    Reset = "reset" ALWAYS => NOTHING, "answers, then reboots; the store is kept";
}

/// Its part of UT/1.
pub const BASIC: Mechanism = Mechanism {
    name: "basic",
    doc: "every upper tester",
    states: &[
        StateInfo { name: "factory", doc: "no trust anchor" },
        StateInfo { name: "manufactured", doc: "a trust anchor, no site" },
        StateInfo { name: "installed", doc: "site stored; no JSR sent since boot" },
        StateInfo { name: "joining", doc: "a JSR was sent" },
        StateInfo { name: "secured", doc: "a network key is held" },
    ],
    commands: COMMANDS,
    events: &[
        EventInfo {
            name: "booted",
            mechanism: "basic",
            keys: &[STATE],
            usually: &[],
            states: &[],
            brings: None,
            doc: "after each boot, within 5 s of power-on; nothing counts before it",
        },
        EventInfo {
            name: "address",
            mechanism: "basic",
            keys: &[told("global", Kind::Ipv6)],
            usually: &[("start", 120)],
            states: &[],
            brings: None,
            doc: "the global address was registered",
        },
        EventInfo {
            name: "echo_reply",
            mechanism: "basic",
            keys: &[told("from", Kind::Ipv6), told("size", Kind::NUMBER)],
            usually: &[("echo", 40)],
            states: &[],
            brings: None,
            doc: "an echo reply arrived",
        },
        EventInfo {
            name: "received",
            mechanism: "basic",
            keys: &[
                told("from", Kind::Ipv6),
                told("port", Kind::Number { min: 0, max: 65535 }),
                told("size", Kind::NUMBER),
                told("data", Kind::Hex { most: MAX_DATA }),
            ],
            usually: &[],
            states: &[],
            brings: None,
            doc: "a UDP datagram arrived on a port without a server; `data` is at most 160 octets of it",
        },
    ],
    features: &[],
    adds: &[],
};

/// One line that a shell may be given.
fn shell_line(value: &str) -> Option<String> {
    let printable = |text: &String| text.bytes().all(|octet| (b' '..=b'~').contains(&octet));
    decode_text(value).filter(|text| (1..=MAX_DATA).contains(&text.len()) && printable(text))
}
