//! What carries frames and keys in captures: link types, their headers, and the protocols of key transfer.

use dissect::LinkType;
use wire::reader::Reader;
use wire::{eap, eapol, ethernet, hip, ikev2, ipv4, pana, radius, tap, zep};

use super::{assert_sound, assert_survives, dissector};

macro_rules! codecs {
    ($($(#[$doc:meta])* $name:ident: $type:ty;)*) => {
        $($(#[$doc])*
        pub fn $name(data: &[u8]) -> bool {
            let Ok(value) = <$type>::parse(data) else { return false };
            if let Ok(bytes) = value.to_vec() {
                assert_eq!(bytes.len(), value.buffer_len());
            }
            assert_survives(&value, value.to_vec(), <$type>::parse);
            true
        })*
    };
}

codecs! {
    /// Octets: an EAP packet.
    eap_packet: eap::Packet;
    /// Octets: an EAPOL packet.
    eapol_packet: eapol::Packet;
    /// Octets: an Ethernet frame.
    ethernet_frame: ethernet::Frame;
    /// Octets: a HIP packet.
    hip_packet: hip::Packet;
    /// Octets: an IKEv2 message.
    ikev2_message: ikev2::Message;
    /// Octets: an IPv4 packet.
    ipv4_packet: ipv4::Packet;
    /// Octets: a PANA message.
    pana_message: pana::Message;
    /// Octets: a RADIUS packet.
    radius_packet: radius::Packet;
    /// Octets: the payload of a ZEP datagram.
    zep_message: zep::Message;
}

/// Octets: the pseudo-header of a TAP capture.
pub fn tap_header(data: &[u8]) -> bool {
    let parse = |bytes: &[u8]| tap::Header::parse(&mut Reader::new(bytes));
    let Ok(header) = parse(data) else { return false };
    let _ = header.trailer();
    assert_survives(&header, header.to_vec(), parse);
    true
}

/// Octets: packets of a capture, each as an octet that chooses among the known link types, two octets of length, and
/// that many octets; the whole dissector sees them in order, with the keys.
pub fn packet(data: &[u8]) -> bool {
    let mut dissector = dissector();
    let mut rest = data;
    let mut number = 0;
    let mut layers = 0;
    while let [link_type, high, low, following @ ..] = rest {
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        let (bytes, after) = following.split_at(following.len().min(length));
        rest = after;
        number += 1;
        let known = LinkType::KNOWN;
        let dissection = dissector.packet(number, known[usize::from(*link_type) % known.len()], bytes);
        assert_sound(&dissection, false);
        layers = layers.max(dissection.layers().len());
    }
    layers > 1
}
