//! Which protocol a UDP datagram carries: by its ports, by what the user says, at last by its form.

use super::Dissector;
use super::dtls_session::End;
use super::model::NoteKind;
use super::sheet::{Cursor, Sheet};
use wire::reader::Reader;
use wire::{Error, Result, coap, dns, hip, ikev2, pana, radius, zep};

/// Mesh link establishment, which Thread secures with keys of its own.
const MLE_PORT: u16 = 19788;

/// A protocol over UDP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum UdpProtocol {
    /// CoAP, port 5683.
    Coap,
    /// DNS, port 53.
    Dns,
    /// DTLS, port 5684.
    Dtls,
    /// HIP behind four zero octets, port 10500.
    Hip,
    /// IKEv2, port 500; on port 4500 behind four zero octets.
    Isakmp,
    /// Multicast DNS, port 5353.
    Mdns,
    /// PANA, port 716.
    Pana,
    /// RADIUS, ports 1812, 1813 and 3799.
    Radius,
    /// ZEP, port 17754.
    Zep,
}

impl UdpProtocol {
    /// All, by name.
    pub const ALL: [Self; 9] =
        [Self::Coap, Self::Dns, Self::Dtls, Self::Hip, Self::Isakmp, Self::Mdns, Self::Pana, Self::Radius, Self::Zep];

    /// Wireshark's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Coap => "coap",
            Self::Dns => "dns",
            Self::Dtls => "dtls",
            Self::Hip => "hip",
            Self::Isakmp => "isakmp",
            Self::Mdns => "mdns",
            Self::Pana => "pana",
            Self::Radius => "radius",
            Self::Zep => "zep",
        }
    }

    /// The protocol of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|protocol| protocol.name() == name)
    }

    /// The protocol whose port this is.
    fn of_port(port: u16) -> Option<Self> {
        match port {
            coap::PORT => Some(Self::Coap),
            dns::PORT => Some(Self::Dns),
            dns::MULTICAST_PORT => Some(Self::Mdns),
            coap::SECURE_PORT => Some(Self::Dtls),
            hip::PORT => Some(Self::Hip),
            ikev2::PORT | ikev2::NAT_PORT => Some(Self::Isakmp),
            pana::PORT => Some(Self::Pana),
            zep::PORT => Some(Self::Zep),
            _ if radius::PORTS.contains(&port) => Some(Self::Radius),
            _ => None,
        }
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
    pub(super) fn protocol_of(&self, port: u16) -> Option<UdpProtocol> {
        if let Some((_, protocol)) = self.decode_as.iter().find(|(known, _)| *known == port) {
            return Some(*protocol);
        }
        if self.dtls_ports.contains(&port) {
            return Some(UdpProtocol::Dtls);
        }
        UdpProtocol::of_port(port)
    }

    /// The payload of a datagram.
    pub(super) fn udp_payload(&mut self, sheet: &mut Sheet, mut payload: Cursor<'_>, from: End, to: End) -> Result<()> {
        let (low, high) = (from.1.min(to.1), from.1.max(to.1));
        let known = self.protocol_of(low).or_else(|| self.protocol_of(high));
        let protocol = match known {
            Some(protocol) => protocol,
            None if [low, high].contains(&MLE_PORT) && !sheet.is_quoting() => {
                sheet.note(NoteKind::Unsupported, "MLE is not dissected");
                return Ok(());
            }
            None if !self.heuristics || sheet.is_quoting() => return Ok(()),
            None if looks_like_dtls(payload.rest()) => {
                sheet.note(NoteKind::Heuristic, "taken for DTLS by its form: the ports do not tell");
                UdpProtocol::Dtls
            }
            None if super::pana::looks_like_pana(payload.rest()) => {
                sheet.note(NoteKind::Heuristic, "taken for PANA by its form: the ports do not tell");
                UdpProtocol::Pana
            }
            None => return Ok(()),
        };
        match protocol {
            UdpProtocol::Coap => {
                let way = (!sheet.is_quoting()).then_some((from, to));
                self.coap(sheet, payload, way)
            }
            // What is quoted belongs to no session, and was on no air.
            UdpProtocol::Dtls | UdpProtocol::Zep if sheet.is_quoting() => Ok(()),
            UdpProtocol::Dns => super::dns::dns(sheet, payload, dns::PORT),
            UdpProtocol::Mdns => super::dns::dns(sheet, payload, dns::MULTICAST_PORT),
            UdpProtocol::Dtls => self.dtls(sheet, &mut payload, from, to),
            UdpProtocol::Hip => {
                marker(&mut payload)?;
                super::hip::hip(sheet, payload, None)
            }
            UdpProtocol::Isakmp if [low, high].contains(&ikev2::NAT_PORT) => udp_encapsulated(sheet, payload),
            UdpProtocol::Isakmp => super::isakmp::isakmp(sheet, payload),
            UdpProtocol::Pana => super::pana::pana(sheet, payload),
            UdpProtocol::Radius => super::radius::radius(sheet, payload),
            UdpProtocol::Zep => self.zep(sheet, payload),
        }
    }
}

/// IKE or ESP on port 4500 (RFC 3948 section 2).
fn udp_encapsulated(sheet: &mut Sheet, mut payload: Cursor<'_>) -> Result<()> {
    sheet.layer("udpencap");
    match *payload.rest() {
        [0xff] => {
            payload.uint(sheet, "udpencap.nat_keepalive", 1)?;
            Ok(())
        }
        [0, 0, 0, 0, ..] => {
            payload.bytes(sheet, "udpencap.non_esp_marker", 4)?;
            super::isakmp::isakmp(sheet, payload)
        }
        _ => {
            sheet.layer("esp");
            payload.uint(sheet, "esp.spi", 4)?;
            payload.uint(sheet, "esp.sequence", 4)?;
            Ok(())
        }
    }
}

/// Four zero octets (RFC 5770 section 5.1).
fn marker(payload: &mut Cursor<'_>) -> Result<()> {
    match payload.take(4, "HIP marker")? {
        [0, 0, 0, 0] => Ok(()),
        _ => Err(Error::Unsupported("ESP on the port of HIP")),
    }
}

/// Whether octets are DTLS records from the first to the last: known content types, a version of DTLS, lengths that fit.
fn looks_like_dtls(bytes: &[u8]) -> bool {
    let mut reader = Reader::new(bytes);
    let mut record = || -> Result<bool> {
        let content_type = reader.u8("content type")?;
        let version = reader.u16_be("version")?;
        reader.take(8, "epoch and sequence number")?;
        let length = reader.u16_be("length")?;
        reader.take(length.into(), "fragment")?;
        if !(20..=24).contains(&content_type) || !matches!(version, 0xfefd | 0xfeff) {
            return Err(Error::Malformed("record"));
        }
        Ok(reader.is_empty())
    };
    loop {
        match record() {
            Ok(true) => return true,
            Ok(false) => {}
            Err(_) => return false,
        }
    }
}
