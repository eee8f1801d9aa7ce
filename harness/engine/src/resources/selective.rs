//! What a selective bootstrap costs: what lies between a device's last JSR before the commissioning tool calls and the SSRs
//! that it sends with its new key.

use std::collections::{BTreeMap, BTreeSet};

use record::event::Event;
use reports::{Bootstrap, DeviceWork};
use suites::plan::Point;

use super::energy;
use super::frames::Frames;
use super::work::device_work;
use crate::judge::Pdu;
use crate::scenery;
use crate::stored_plan::PlannedCase;

/// SSRs count as long after the key, in nanoseconds: by then the links of the device are settled.
const SETTLING: u64 = 10_000_000_000;

/// The station that secures devices (`SEL` 5).
const TOOL: &str = "ct";

/// A SubjectPublicKeyInfo on P-256 begins with these octets (RFC 5480 2): a raw public key, no certificate.
const RAW_PUBLIC_KEY: &str = "3059301306072a8648ce3d0201";

/// Codes of CoAP responses to a key that was put: 2.01 and 2.04 (RFC 7252 5.8.3).
const KEY_TAKEN: [u64; 2] = [65, 68];

/// Every bootstrap of a case that ended with a key, in the order in which they began. `pdus` are all that the observer made
/// of `events`.
pub(super) fn bootstraps(planned: &PlannedCase, events: &[Event], pdus: &[Pdu]) -> Vec<Bootstrap> {
    let boards = &planned.case.topology.boards;
    let Some(tool) = boards.iter().map(|board| &board.name).find(|name| *name == TOOL) else { return Vec::new() };
    let devices = boards.iter().filter(|board| board.role.has_firmware()).map(|board| &board.name);
    let watch = |device| Watch { device, tool, requests: Vec::new(), request_at: None, open: None, done: Vec::new() };
    let mut watches: BTreeMap<&str, Watch<'_>> =
        devices.map(|device| (device.as_str(), watch(device.as_str()))).collect();
    for (index, pdu) in pdus.iter().enumerate().filter(|(_, pdu)| !pdu.retransmission) {
        let destination = pdu.text("ipv6.dst").and_then(|address| planned.environment.board_by_address(address));
        let ends = (pdu.origin.as_deref(), destination);
        // Of a device: its upper tester, SSRs on its links, what it and the tool send each other.
        let of = match pdu.point {
            Point::UpperTester => [pdu.from.as_deref(), None],
            Point::Air if pdu.messages.contains(&"sel.ssr") => [pdu.from.as_deref(), pdu.to.as_deref()],
            Point::Air | Point::Backbone => [ends.0, ends.1],
        };
        for device in of.into_iter().flatten() {
            if let Some(watch) = watches.get_mut(device) {
                watch.see(index, pdu, ends);
            }
        }
    }
    let finished = watches.into_values().flat_map(|mut watch| {
        watch.finish();
        watch.done
    });
    let mut found: Vec<Procedure> = finished.collect();
    found.sort_by_key(|procedure| procedure.began);
    let frames = Frames::of(events, pdus);
    let loss_percent = scenery::loss_percent(&planned.case);
    found.into_iter().map(|procedure| procedure.measure(&frames, pdus, loss_percent)).collect()
}

/// One bootstrap as it goes on.
#[derive(Default)]
struct Procedure {
    device: String,
    /// Of the ClientHello: names the handshake.
    random: String,
    /// Nanoseconds since the case began: the first ClientHello, the end of the handshake, the answer to the key at the
    /// tool's port.
    began: u64,
    handshake_ended: Option<u64>,
    answered: Option<u64>,
    /// When the device said that it has a key.
    keyed: Option<u64>,
    work: Option<DeviceWork>,
    anchor: Option<&'static str>,
    is_mutual: bool,
    /// Indices of the PDUs that belong to it.
    pdus: Vec<usize>,
    datagrams: u64,
    retransmissions: u64,
    /// Handshake messages and CoAP messages that were sent.
    sent: BTreeSet<String>,
    /// Who sent what the tool sends to the device.
    hops: BTreeSet<String>,
}

/// Follows one device through a log.
struct Watch<'a> {
    device: &'a str,
    tool: &'a str,
    /// The device's last JSR, hop by hop.
    requests: Vec<usize>,
    /// Who has it now.
    request_at: Option<String>,
    open: Option<Procedure>,
    done: Vec<Procedure>,
}

impl Watch<'_> {
    /// `ends` are those of the IPv6 packet.
    fn see(&mut self, index: usize, pdu: &Pdu, ends: (Option<&str>, Option<&str>)) {
        if pdu.point == Point::UpperTester {
            return self.see_line(pdu);
        }
        let on_air = pdu.point == Point::Air;
        if on_air && pdu.messages.contains(&"sel.jsr") && ends == (Some(self.device), Some(self.tool)) {
            // Hop by hop: what somebody else sends in the device's name leads from nowhere.
            if pdu.from.as_deref() == Some(self.device) {
                (self.requests, self.request_at) = (vec![index], pdu.to.clone());
            } else if pdu.from.is_some() && pdu.from == self.request_at {
                self.requests.push(index);
                self.request_at.clone_from(&pdu.to);
            }
        } else if on_air && pdu.messages.contains(&"sel.ssr") {
            self.see_secure_request(index, pdu);
        } else if pdu.layers.contains(&"dtls") {
            if ends == (Some(self.tool), Some(self.device)) {
                self.see_session(index, pdu, true);
            } else if ends == (Some(self.device), Some(self.tool)) {
                self.see_session(index, pdu, false);
            }
        }
    }

    fn see_line(&mut self, pdu: &Pdu) {
        let Some(open) = self.open.as_mut().filter(|_| pdu.from.as_deref() == Some(self.device)) else { return };
        match pdu.text("ut.event") {
            Some("keyed") if open.keyed.is_none() => open.keyed = Some(pdu.time),
            Some("cost") if open.work.is_none() => open.work = device_work(pdu),
            _ => {}
        }
    }

    fn see_secure_request(&mut self, index: usize, pdu: &Pdu) {
        let Some(open) = &mut self.open else { return };
        let is_timely = open.keyed.is_some_and(|keyed| pdu.time <= keyed.saturating_add(SETTLING));
        let by_device = pdu.from.as_deref() == Some(self.device);
        if is_timely && (by_device || pdu.to.as_deref() == Some(self.device)) {
            open.pdus.push(index);
            open.datagrams += 1;
        }
    }

    fn see_session(&mut self, index: usize, pdu: &Pdu, by_tool: bool) {
        if by_tool
            && pdu.messages.contains(&"dtls.client_hello")
            && let Some(random) = pdu.text("dtls.handshake.random")
            && self.open.as_ref().is_none_or(|open| open.random != random)
        {
            self.finish();
            let requests = std::mem::take(&mut self.requests);
            self.open = Some(Procedure {
                device: self.device.to_owned(),
                random: random.to_owned(),
                began: pdu.time,
                datagrams: u64::from(!requests.is_empty()),
                pdus: requests,
                ..Procedure::default()
            });
        }
        let Some(open) = self.open.as_mut().filter(|open| open.answered.is_none()) else { return };
        open.pdus.push(index);
        if by_tool && pdu.point == Point::Air {
            open.hops.extend(pdu.from.clone());
        }
        // Each datagram is seen at every hop, and counted where it is made.
        let is_made_here = if by_tool {
            pdu.point == Point::Backbone && pdu.from.as_deref() == Some(self.tool)
        } else {
            pdu.point == Point::Air && pdu.from.as_deref() == Some(self.device)
        };
        if is_made_here && !is_piece(pdu) {
            open.datagrams += 1;
            let again = message_key(pdu, by_tool).is_some_and(|key| !open.sent.insert(key));
            open.retransmissions += u64::from(again);
        }
        if !by_tool {
            open.note_device(pdu, self.tool);
        }
    }

    fn finish(&mut self) {
        self.done.extend(self.open.take().filter(|open| open.keyed.is_some()));
    }
}

impl Procedure {
    /// What the device's side of the session tells.
    fn note_device(&mut self, pdu: &Pdu, tool: &str) {
        let suite = pdu.number("dtls.handshake.ciphersuite");
        if suite == Some(u64::from(wire::tls::CipherSuite::PSK_WITH_AES_128_CCM_8.0)) {
            self.anchor = Some("PSK");
        }
        if let Some(certificate) = pdu.text("dtls.handshake.certificate") {
            let digits: String = certificate.chars().filter(char::is_ascii_hexdigit).collect();
            let is_raw = digits.to_lowercase().starts_with(RAW_PUBLIC_KEY);
            self.anchor.get_or_insert(if is_raw { "raw public key" } else { "certificate" });
        }
        self.is_mutual |= pdu.messages.contains(&"dtls.certificate_request");
        let arrived = pdu.point == Point::Backbone && pdu.to.as_deref() == Some(tool);
        if arrived && pdu.messages.contains(&"dtls.change_cipher_spec") {
            self.handshake_ended.get_or_insert(pdu.time);
        }
        if arrived && pdu.values("coap.code").any(|code| code.number().is_some_and(|code| KEY_TAKEN.contains(&code))) {
            self.answered.get_or_insert(pdu.time);
        }
    }

    fn measure(self, frames: &Frames<'_>, pdus: &[Pdu], loss_percent: u8) -> Bootstrap {
        let air = self.pdus.iter().filter_map(|index| pdus.get(*index)).filter(|pdu| pdu.point == Point::Air);
        let first_event = self.pdus.first().and_then(|index| pdus.get(*index)).map_or(0, |pdu| pdu.completed());
        let own: BTreeSet<u64> = air.flat_map(|pdu| pdu.events.iter().copied()).collect();
        let mut bootstrap = Bootstrap {
            board: self.device.clone(),
            anchor: self.anchor.unwrap_or("unknown"),
            is_mutual: self.is_mutual,
            hops: self.hops.len(),
            loss_percent,
            first_event,
            datagrams: self.datagrams,
            retransmissions: self.retransmissions,
            handshake: self.handshake_ended.map(|end| end.saturating_sub(self.began)),
            duration: self.answered.map(|end| end.saturating_sub(self.began)),
            work: self.work,
            ..Bootstrap::default()
        };
        let (sent, received) = frames.count(&own, &self.device, &mut bootstrap);
        bootstrap.radio_energy = energy::radio(sent, received);
        bootstrap.computing_energy = self.work.map(energy::computing);
        bootstrap
    }
}

/// Names a message that is sent twice only if it is sent again.
fn message_key(pdu: &Pdu, by_tool: bool) -> Option<String> {
    let side = if by_tool { "tool" } else { "device" };
    if let Some(message_id) = pdu.number("coap.mid") {
        return Some(format!("{side} coap {message_id} {:?}", pdu.number("coap.type")));
    }
    let fields = ["dtls.handshake.type", "dtls.handshake.message_seq", "dtls.handshake.fragment_offset"];
    let [kind, message_seq, offset] = fields.map(|field| pdu.number(field));
    Some(format!("{side} handshake {} {} {offset:?}", kind?, message_seq?))
}

/// Whether it is a fragment of a datagram that is not complete.
fn is_piece(pdu: &Pdu) -> bool {
    pdu.values("6lowpan.frag.tag").next().is_some() && pdu.values("udp.srcport").next().is_none()
}
