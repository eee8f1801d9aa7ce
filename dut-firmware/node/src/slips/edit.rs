//! How slips tell packets apart and what they do to them, in octets: an IPv6 packet begins with its header, uncompressed.

use alloc::vec::Vec;

use wire::ieee802154::SecurityLevel;
use wire::ipv6::{Ipv6Addr, NextHeader, checksum};
use wire::sel;

use super::at_work::Sight;

/// Octets of the IPv6 header.
pub(super) const HEADER: usize = 40;
/// Where the source address begins.
pub(super) const SOURCE: usize = 8;
/// Where the destination address begins.
pub(super) const DESTINATION: usize = 24;
/// Where the hop limit stands.
pub(super) const HOP_LIMIT: usize = 7;
/// Octets of a DTLS record in front of its content.
const RECORD: usize = 13;

/// What is done to a frame.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Done {
    /// It leaves without link security.
    pub(crate) plain: bool,
    /// It asks for an acknowledgement, whomever it is for.
    pub(crate) acknowledged: bool,
    /// It is protected at this level.
    pub(crate) level: Option<SecurityLevel>,
    /// Reserved bits of the frame control field that are set.
    pub(crate) frame_control: u16,
    /// Reserved bits of the security control field that are set.
    pub(crate) security_control: u8,
    /// Bits of the sequence number that are flipped, of a frame without link security.
    pub(crate) sequence_number: u8,
    /// It is protected under the last key that the device had, though that was erased.
    pub(crate) stale_key: bool,
}

/// An octet of a packet; 0 where it ends.
fn at(octets: &[u8], index: usize) -> u8 {
    octets.get(index).copied().unwrap_or(0)
}

/// Puts octets in the place of others.
pub(super) fn put(octets: &mut [u8], index: usize, new: &[u8]) {
    let places = octets.iter_mut().skip(index);
    places.zip(new).for_each(|(place, octet)| *place = *octet);
}

/// Flips bits of an octet.
pub(super) fn flip(octets: &mut [u8], index: usize, bits: u8) {
    if let Some(octet) = octets.get_mut(index) {
        *octet ^= bits;
    }
}

/// Keeps these bits of an octet and sets others.
pub(super) fn set(octets: &mut [u8], index: usize, keep: u8, bits: u8) {
    if let Some(octet) = octets.get_mut(index) {
        *octet = *octet & keep | bits;
    }
}

/// Takes one more from the hop limit.
pub(super) fn one_hop_less(packet: &mut [u8]) {
    let hops = at(packet, HOP_LIMIT).saturating_sub(1);
    put(packet, HOP_LIMIT, &[hops]);
}

/// Writes another datagram size into a fragment.
pub(super) fn fragment_size(payload: &mut [u8], size: u16) {
    let [high, low] = size.to_be_bytes();
    set(payload, 0, 0xf8, high & 7);
    put(payload, 1, &[low]);
}

/// Appends octets to a packet.
pub(super) fn append(packet: &mut Vec<u8>, more: &[u8]) {
    packet.extend_from_slice(more);
    fit(packet);
}

/// Makes the lengths of the headers right.
pub(super) fn fit(packet: &mut [u8]) {
    let length = u16::try_from(packet.len().saturating_sub(HEADER)).unwrap_or(u16::MAX).to_be_bytes();
    put(packet, 4, &length);
    if at(packet, 6) == NextHeader::UDP.0 {
        put(packet, HEADER + 4, &length);
    }
}

/// Makes the checksum of a packet right.
pub(super) fn sum(packet: &mut [u8]) {
    let place = match NextHeader(at(packet, 6)) {
        NextHeader::ICMPV6 => HEADER + 2,
        NextHeader::UDP => HEADER + 6,
        _ => return,
    };
    put(packet, place, &[0, 0]);
    let (source, destination) = (address(packet, SOURCE), address(packet, DESTINATION));
    let right = checksum(source, destination, NextHeader(at(packet, 6)), packet.get(HEADER..).unwrap_or(&[]));
    put(packet, place, &right.to_be_bytes());
}

/// An address of the header.
pub(super) fn address(packet: &[u8], index: usize) -> Ipv6Addr {
    let mut octets = [0; 16];
    octets.iter_mut().zip(packet.iter().skip(index)).for_each(|(to, from)| *to = *from);
    Ipv6Addr::from(octets)
}

/// Whether the device has made it: by its interface identifier, or without an address yet.
pub(super) fn is_own(sight: &Sight<'_>) -> bool {
    let source = address(sight.packet, SOURCE);
    source.is_unspecified() || source.octets().ends_with(&sight.own.interface_identifier())
}

/// A message of ICMPv6 of the device's own.
pub(super) fn is_icmpv6(sight: &Sight<'_>, kind: u8) -> bool {
    is_own(sight) && at(sight.packet, 6) == NextHeader::ICMPV6.0 && at(sight.packet, HEADER) == kind
}

/// A message of the selective bootstrap of the device's own.
pub(super) fn is_sel(sight: &Sight<'_>, kind: sel::Kind) -> bool {
    is_icmpv6(sight, sel::ICMPV6_TYPE) && at(sight.packet, HEADER + 1) == kind.code()
}

/// A message of RPL of the device's own.
pub(super) fn is_rpl(sight: &Sight<'_>, code: u8) -> bool {
    is_icmpv6(sight, 155) && at(sight.packet, HEADER + 1) == code
}

/// A datagram of the device's own.
pub(super) fn is_udp(sight: &Sight<'_>) -> bool {
    is_own(sight) && at(sight.packet, 6) == NextHeader::UDP.0
}

/// Where the records of DTLS in a packet begin, by their content type.
fn records(packet: &[u8]) -> impl Iterator<Item = (usize, u8)> {
    let mut next = HEADER + 8;
    core::iter::from_fn(move || {
        let start = next;
        let is_record = at(packet, start.saturating_add(1)) == 0xfe && (20..=23).contains(&at(packet, start));
        let length = u16::from_be_bytes([at(packet, start.saturating_add(11)), at(packet, start.saturating_add(12))]);
        next = start.saturating_add(RECORD).saturating_add(usize::from(length));
        is_record.then(|| (start, at(packet, start)))
    })
}

/// Where the first record of this content type begins, of those that the device sends; with `handshake` the one that holds that
/// message in clear.
pub(super) fn record(packet: &[u8], content: u8, handshake: Option<u8>) -> Option<usize> {
    let is_dtls = at(packet, 6) == NextHeader::UDP.0;
    let is_it = |start: usize, kind: u8| {
        let epoch = at(packet, start.saturating_add(4));
        kind == content && handshake.is_none_or(|message| epoch == 0 && at(packet, start + RECORD) == message)
    };
    records(packet).filter(|_| is_dtls).find(|(start, kind)| is_it(*start, *kind)).map(|(start, _)| start)
}

/// A datagram of the device's own with such a record.
pub(super) fn is_record(sight: &Sight<'_>, content: u8, handshake: Option<u8>) -> bool {
    is_udp(sight) && record(sight.packet, content, handshake).is_some()
}

/// Where the option of this type begins, in a message of Neighbor Discovery whose options begin at `index`.
pub(super) fn option(packet: &[u8], index: usize, kind: u8) -> Option<usize> {
    let mut next = index;
    while next < packet.len() {
        if at(packet, next) == kind {
            return Some(next);
        }
        next = next.saturating_add(usize::from(at(packet, next.saturating_add(1))).max(1) * 8);
    }
    None
}

/// Whether a payload is a fragment.
pub(super) fn is_fragment(payload: &[u8]) -> bool {
    matches!(at(payload, 0) >> 3, 0b11000 | 0b11100)
}

/// Leaves the checksum out of a compressed header of UDP (RFC 6282 section 4.3.2); `datagram` is the packet.
pub(super) fn without_checksum(payload: &mut Vec<u8>, datagram: &[u8]) {
    let Some(ports @ [_, b, _, d]) = datagram.get(HEADER..HEADER + 4) else { return };
    let sum = [at(datagram, HEADER + 6), at(datagram, HEADER + 7)];
    let forms: [(u8, Vec<u8>); 2] = [(0xf0, ports.to_vec()), (0xf3, Vec::from([(b & 15) << 4 | d & 15]))];
    for (form, inline) in forms {
        let wanted = [&[form][..], &inline, &sum].concat();
        if let Some(place) = payload.windows(wanted.len()).position(|window| window == wanted) {
            flip(payload, place, 4);
            let first = place + 1 + inline.len();
            payload.drain(first..first + 2);
            return;
        }
    }
}

/// Puts octets into a ServerHello, counted from its version; behind the random is the length of the session ID, which is 0 or 32.
pub(super) fn put_in_hello(packet: &mut [u8], index: usize, new: &[u8]) {
    let Some(start) = record(packet, 22, Some(2)) else { return };
    let hello = start + RECORD + 12;
    let session = if index > 34 { usize::from(at(packet, hello + 34)) } else { 0 };
    put(packet, hello + index + session, new);
}

/// Puts octets into the header of a record.
pub(super) fn put_in_record(packet: &mut [u8], content: u8, index: usize, new: &[u8]) {
    if let Some(start) = record(packet, content, None) {
        put(packet, start + index, new);
    }
}

/// Behind application data: the ServerHello of the packet before alone, under a record number far behind it, with a cipher suite that
/// it did not select. Behind another ServerHello, which is a repetition or of another handshake, nothing.
pub(super) fn hello_behind(packet: &mut Vec<u8>, hello: &[u8]) {
    let Some(start) = record(hello, 22, Some(2)).filter(|_| record(packet, 23, None).is_some()) else {
        return packet.clear();
    };
    let length = usize::from(u16::from_be_bytes([at(hello, start + 11), at(hello, start + 12)]));
    *packet = hello.get(..start + RECORD + length).unwrap_or_default().to_vec();
    put(packet, start + 10, &[0x70]);
    // Of another handshake, by its random.
    flip(packet, start + RECORD + 12 + 2, 0xff);
    put_in_hello(packet, 35, &[0xc0, 0xa4]);
    fit(packet);
}

/// Leaves the cookie out of a HelloVerifyRequest.
pub(super) fn without_cookie(packet: &mut Vec<u8>) {
    let Some(start) = record(packet, 22, Some(3)) else { return };
    let message = start + RECORD;
    let length = usize::from(at(packet, message + 14));
    packet.drain(message + 15..(message + 15 + length).min(packet.len()));
    put(packet, start + 11, &[0, 15]);
    put(packet, message + 1, &[0, 0, 3]);
    put(packet, message + 9, &[0, 0, 3, 0xfe, 0xff, 0]);
    fit(packet);
}

/// Puts the cookie of an earlier HelloVerifyRequest, as long as its own, into this one.
pub(super) fn cookie_of(packet: &mut [u8], before: &[u8]) {
    let (Some(start), Some(earlier)) = (record(packet, 22, Some(3)), record(before, 22, Some(3))) else { return };
    let (cookie, length) = (start + RECORD + 15, usize::from(at(packet, start + RECORD + 14)));
    put(packet, cookie, before.get(earlier + RECORD + 15..).and_then(|rest| rest.get(..length)).unwrap_or(&[]));
}

/// Makes a warning of an alert in clear.
pub(super) fn warn(packet: &mut [u8]) {
    if let Some(start) = record(packet, 21, None)
        && at(packet, start + 4) == 0
    {
        put(packet, start + RECORD, &[1]);
    }
}

/// Changes a bit of an option of Neighbor Discovery.
pub(super) fn flip_in_option(packet: &mut [u8], options: usize, kind: u8, index: usize) {
    if let Some(start) = option(packet, options, kind) {
        flip(packet, start + index, 1);
    }
}

/// Appends an option of length 0 to a message of Neighbor Discovery.
pub(super) fn empty_option(packet: &mut Vec<u8>) {
    append(packet, &[253, 0, 0, 0, 0, 0, 0, 0]);
}

/// Whether a datagram is a request of CoAP to its usual port.
pub(super) fn is_plain_request(packet: &[u8]) -> bool {
    let port = u16::from_be_bytes([at(packet, HEADER + 2), at(packet, HEADER + 3)]);
    port == wire::coap::PORT && (1..32).contains(&at(packet, HEADER + 9))
}
