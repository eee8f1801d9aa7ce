//! Radios that acknowledge by themselves, stacks behind an air bridge: a frame for one stays on the air until it has acknowledged,
//! or its time for that is over.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use protocols::mac::address_filter::wants_acknowledgement;
use protocols::time::Instant;
use rand_core::Rng as _;
use wire::Eui64;
use wire::ieee802154::{Address, FCS_LENGTH, LinkAddress, MAX_PSDU, PanId, append_fcs};

use super::{Checked, Event, Fate, Medium, Mode, Output, Received, Transmission};

impl Medium {
    /// A radio in [`Mode::Itself`] acknowledges a frame that it was handed, by this MPDU; whether one was on the air for that.
    pub(crate) fn acknowledged_by(&mut self, now: Instant, radio: usize, mpdu: &[u8]) -> bool {
        let waits = |transmission: &Transmission| {
            transmission.handed_to.contains(&radio) && transmission.psdu.get(2) == mpdu.get(2)
        };
        let Some((number, _)) = self.on_air.iter().find(|(_, transmission)| waits(transmission)) else { return false };
        let number = *number;
        self.frame_ends(now, number);
        if self.radios[radio].sending.is_some() || mpdu.len() + FCS_LENGTH > MAX_PSDU {
            return false;
        }
        let mut psdu = mpdu.to_vec();
        append_fcs(&mut psdu);
        self.acknowledge_after_turnaround(now, radio, psdu);
        true
    }

    /// Who would acknowledge a frame of this radio for sure, if nothing else is on the air: channel, PAN and address. Behind links
    /// that lose frames nobody is sure.
    pub(crate) fn sure_receivers(&self, radio: usize) -> BTreeSet<(u8, PanId, Eui64)> {
        let sure = self.radios[radio].heard_by.iter().filter(|hearing| hearing.delivery >= 1.0);
        let receivers = sure.flat_map(|hearing| {
            let there = &self.radios[hearing.radio];
            let (pan_id, eui64s): (_, Vec<Eui64>) = match &there.mode {
                Mode::Device { pan_id, eui64, receiver_on: true } => (*pan_id, vec![*eui64]),
                Mode::Promiscuous { pan_id, imitated } => (*pan_id, imitated.iter().copied().collect()),
                _ => (PanId::BROADCAST, Vec::new()),
            };
            eui64s.into_iter().map(move |eui64| (there.channel, pan_id, eui64))
        });
        receivers.collect()
    }

    /// A frame's last symbol, if a radio hears it that acknowledges by itself: it gets the frame now, and everybody else once it
    /// has acknowledged. So the acknowledgement follows the frame on the air as that of any radio does. Whether it is so.
    pub(super) fn stays_for_acknowledgement(&mut self, now: Instant, number: u64) -> bool {
        let Some(Transmission { radio, channel, psdu, acknowledgement: false, cut: false, .. }) =
            self.on_air.get(&number)
        else {
            return false;
        };
        let (radio, channel, psdu) = (*radio, *channel, Arc::clone(psdu));
        let any = self.radios[radio].heard_by.iter().any(|hearing| {
            let there = &self.radios[hearing.radio];
            matches!(there.mode, Mode::Itself { .. })
        });
        if !any || !wants_acknowledgement(&psdu) {
            return false;
        }
        let checked = Checked::new(&psdu);
        let (Some(length), Some((_, header))) = (checked.mpdu, &checked.header) else { return false };
        let (mut handed_to, mut longest) = (Vec::new(), Duration::ZERO);
        for index in 0..self.radios[radio].heard_by.len() {
            let hearing = &mut self.radios[radio].heard_by[index];
            let (hearer, delivery) = (hearing.radio, hearing.delivery);
            let Mode::Itself { eui64s, window } = &self.radios[hearer].mode else { continue };
            let is_for_it = match header.destination {
                Address::Extended { address, .. } | Address::Bare(LinkAddress::Extended(address)) => {
                    eui64s.contains(&address)
                }
                // Which short address a stack has nobody has told.
                Address::Short { .. } | Address::Bare(LinkAddress::Short(_)) => true,
                Address::Absent | Address::Pan(_) => false,
            };
            let window = *window;
            let arrivals = &mut self.radios[hearer].arrivals;
            let Some(at) = arrivals.iter().position(|it| it.transmission == number && it.fate == Fate::Well) else {
                continue;
            };
            if !is_for_it {
                continue;
            }
            let drawn = f64::from(self.radios[radio].heard_by[index].draws.next_u32()) / 4_294_967_296.0;
            let arrival = &mut self.radios[hearer].arrivals[at];
            if drawn >= delivery {
                arrival.fate = Fate::Lost;
                continue;
            }
            arrival.fate = Fate::Handed;
            let rssi_dbm = arrival.rssi_dbm;
            let frame = Received { psdu: Arc::clone(&psdu), length };
            self.outputs.push_back(Output::Received { radio: hearer, channel, frame, rssi_dbm });
            handed_to.push(hearer);
            longest = longest.max(window);
        }
        if handed_to.is_empty() {
            return false;
        }
        for there in &mut self.radios {
            there.arrivals.iter_mut().filter(|it| it.transmission == number).for_each(|it| it.held = true);
        }
        if let Some(transmission) = self.on_air.get_mut(&number) {
            transmission.handed_to = handed_to;
        }
        self.queue.push(now + longest, Event::WindowEnds { transmission: number });
        true
    }
}
