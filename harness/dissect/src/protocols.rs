//! The table of protocols that numbers of the layers below lead to, and which of them a UDP datagram carries: by its ports,
//! by what the user says, at last by its form.

use core::fmt;

use super::Dissector;
use super::carried::{End, Protocol, Under};
use super::model::NoteKind;
use super::sheet::{Cursor, Sheet};
use wire::Result;
use wire::ethernet::EtherType;
use wire::ieee802154::KmpId;

/// Mesh link establishment, which Thread secures with keys of its own.
const MLE_PORT: u16 = 19788;

/// All of them, by name.
const PROTOCOLS: &[&Protocol] = &[
    &super::coap::PROTOCOL,
    &super::dns::PROTOCOL,
    &super::dtls::PROTOCOL,
    &super::eap::EAPOL,
    &super::hip::PROTOCOL,
    &super::isakmp::PROTOCOL,
    &super::dns::MULTICAST,
    &super::pana::PROTOCOL,
    &super::radius::PROTOCOL,
    #[cfg(test)]
    &super::tests::sealed::PROTOCOL,
    &super::packet::ZEP,
];

fn protocol(is_it: impl Fn(&Protocol) -> bool) -> Option<&'static Protocol> {
    PROTOCOLS.iter().copied().find(|protocol| is_it(protocol))
}

/// The protocol of a next header.
pub(super) fn of_next_header(number: u8) -> Option<&'static Protocol> {
    protocol(|protocol| protocol.next_headers.contains(&number))
}

/// The protocol of an EtherType.
pub(super) fn of_ether_type(ether_type: EtherType) -> Option<&'static Protocol> {
    protocol(|protocol| protocol.ether_types.contains(&ether_type))
}

/// The protocol of a multiplex identifier.
pub(super) fn of_multiplex_id(number: u64) -> Option<&'static Protocol> {
    protocol(|protocol| protocol.multiplex_ids.contains(&number))
}

/// The protocol of a key management protocol's identifier.
pub(super) fn of_kmp_id(id: KmpId) -> Option<&'static Protocol> {
    protocol(|protocol| protocol.kmp_ids.contains(&id))
}

/// A protocol over UDP.
#[derive(Clone, Copy)]
pub struct UdpProtocol(&'static Protocol);

impl fmt::Debug for UdpProtocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl UdpProtocol {
    /// All, by name.
    pub fn all() -> impl Iterator<Item = Self> {
        PROTOCOLS.iter().copied().filter(|protocol| !protocol.udp_ports.is_empty()).map(Self)
    }

    /// Wireshark's name.
    pub fn name(self) -> &'static str {
        self.0.name
    }

    /// The protocol of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::all().find(|protocol| protocol.name() == name)
    }
}

impl Dissector {
    /// Takes UDP datagrams from or to `port` for `protocol`, whatever else the port is for.
    pub fn decode_as(&mut self, port: u16, protocol: UdpProtocol) {
        self.decode_as.retain(|(known, _)| *known != port);
        self.decode_as.push((port, protocol));
    }

    /// Whether datagrams on unknown ports may be taken for DTLS or PANA by their form; a [`NoteKind::Heuristic`] says so
    /// where that happens. Off in a new dissector.
    pub fn set_heuristics(&mut self, on: bool) {
        self.heuristics = on;
    }

    /// The protocol of a port: what the user says before what is assigned.
    fn protocol_of(&self, port: u16) -> Option<&'static Protocol> {
        let told = self.decode_as.iter().find(|(known, _)| *known == port).map(|(_, protocol)| protocol.0);
        told.or_else(|| protocol(|protocol| protocol.udp_ports.contains(&port)))
    }

    /// The payload of a datagram.
    pub(super) fn udp_payload(&mut self, sheet: &mut Sheet, payload: Cursor<'_>, from: End, to: End) -> Result<()> {
        let (low, high) = (from.1.min(to.1), from.1.max(to.1));
        let known = self.protocol_of(low).or_else(|| self.protocol_of(high));
        let protocol = match known {
            Some(protocol) => protocol,
            None if [low, high].contains(&MLE_PORT) && !sheet.is_quoting() => {
                sheet.note(NoteKind::Unsupported, "MLE is not dissected");
                return Ok(());
            }
            None if !self.heuristics || sheet.is_quoting() => return Ok(()),
            None => {
                let fitting = PROTOCOLS.iter().find_map(|protocol| {
                    let (has_form, note) = protocol.form?;
                    has_form(payload.rest()).then_some((protocol, note))
                });
                let Some((protocol, note)) = fitting else { return Ok(()) };
                sheet.note(NoteKind::Heuristic, note);
                protocol
            }
        };
        if sheet.is_quoting() && !protocol.is_quotable {
            return Ok(());
        }
        (protocol.body)(self, sheet, payload, Under::Udp { from, to })
    }
}
