//! `capture.pcapng`, made from a case's events: what the sniffers heard and what crossed the backbone, each packet with
//! the number of its event, and the secrets that decrypt it, as far as a capture can carry them.
//!
//! Interface 0 is the air, interface 1 the backbone, further ones are further sniffers. A packet's time is its event's
//! time, counted from the epoch; for a frame that is the frame's end.

use std::collections::HashMap;

use crate::event::{Action, Event, Observation, What};
use crate::pcapng::{Direction, LINKTYPE_IEEE802_15_4_WITHFCS, LINKTYPE_IPV6, PcapNg};
use crate::secrets::Secrets;

/// Collects a capture from the events of one case.
#[derive(Debug, Clone, Default)]
pub struct Capture {
    sniffers: Vec<String>,
    packets: Vec<Packet>,
    secrets: Secrets,
    /// Frames made wrong on purpose, without FCS, and why it was that first; the sniffer will hear them.
    wrong_frames: HashMap<Vec<u8>, String>,
}

#[derive(Debug, Clone)]
struct Packet {
    interface: u32,
    time: u64,
    bytes: Vec<u8>,
    direction: Direction,
    comments: Vec<String>,
}

const BACKBONE: u32 = 1;

impl Capture {
    /// The capture of a whole log.
    pub fn of_events(events: &[Event]) -> Self {
        let mut capture = Self::default();
        events.iter().for_each(|event| capture.see(event));
        capture
    }

    /// Takes the next event.
    pub fn see(&mut self, event: &Event) {
        match &event.what {
            What::Observation(Observation::Frame { sniffer, psdu, .. }) => {
                let without_fcs = psdu.0.len().checked_sub(2).and_then(|end| psdu.0.get(..end)).unwrap_or(&psdu.0);
                let wrong = self.wrong_frames.get(without_fcs).cloned();
                let interface = self.interface_of(sniffer);
                self.packet(event, interface, &psdu.0, Direction::Unknown, wrong);
            }
            What::Observation(Observation::Backbone { packet, .. }) => {
                self.packet(event, BACKBONE, &packet.0, Direction::Inbound, None);
            }
            What::Action(Action::Backbone { packet, wrong_on_purpose, .. }) => {
                self.packet(event, BACKBONE, &packet.0, Direction::Outbound, wrong_on_purpose.clone());
            }
            What::Action(Action::Inject { psdu, wrong_on_purpose: Some(reason), .. }) => {
                self.wrong_frames.entry(psdu.0.clone()).or_insert_with(|| reason.clone());
            }
            What::KeyLearnt(key) => self.secrets.learn(key),
            _ => {}
        }
    }

    /// The secrets that were learnt.
    pub fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    /// The pcapng file. Secrets stand before all packets.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut file = PcapNg::new("bootrack");
        let air = self.sniffers.first().map_or("air", String::as_str);
        file.interface(LINKTYPE_IEEE802_15_4_WITHFCS, air, "IEEE 802.15.4, as the sniffer heard it");
        file.interface(LINKTYPE_IPV6, "backbone", "IPv6, as the tester's backbone port sent and received it");
        for sniffer in self.sniffers.iter().skip(1) {
            file.interface(LINKTYPE_IEEE802_15_4_WITHFCS, sniffer, "IEEE 802.15.4, as the sniffer heard it");
        }
        if !self.secrets.key_log().is_empty() {
            file.tls_key_log(self.secrets.key_log());
        }
        for packet in &self.packets {
            file.packet(packet.interface, packet.time, &packet.bytes, packet.direction, &packet.comments);
        }
        file.into_bytes()
    }

    fn interface_of(&mut self, sniffer: &str) -> u32 {
        let position = self.sniffers.iter().position(|name| name == sniffer).unwrap_or_else(|| {
            self.sniffers.push(sniffer.to_owned());
            self.sniffers.len() - 1
        });
        match u32::try_from(position).unwrap_or(u32::MAX) {
            0 => 0,
            further => further.saturating_add(BACKBONE),
        }
    }

    fn packet(&mut self, event: &Event, interface: u32, bytes: &[u8], direction: Direction, wrong: Option<String>) {
        let mut comments = vec![format!("event {}", event.n)];
        comments.extend(wrong.map(|reason| format!("made wrong on purpose: {reason}")));
        self.packets.push(Packet { interface, time: event.t, bytes: bytes.to_vec(), direction, comments });
    }
}
