//! Forwarding (RFC 8200 3): the hop limit of what a node sends on is that of what it got, less one; at 0 it is sent on no more.

use std::collections::HashMap;

use suites::plan::{Case, Point};

use super::packet_hash;
use crate::environment::Environment;
use crate::judge::Pdu;
use crate::monitors::sight::{Machine, Sight, Word, is_own, template_speaks_of};

/// How long a router may keep a packet, in nanoseconds: while its queue waits for a link, say.
const KEPT: u64 = 30_000_000_000;

/// What came to the device to be sent on: hop limit, time and event.
#[derive(Default)]
pub(crate) struct HopLimits {
    came: HashMap<u64, Vec<(u64, u64, u64)>>,
}

impl HopLimits {
    pub(crate) fn make(_: &Case, _: &Environment) -> Box<dyn Machine> {
        Box::<Self>::default()
    }
}

impl Machine for HopLimits {
    fn see(&mut self, sight: &Sight<'_>, word: &mut Word) {
        let Some(pdu) = sight.pdu.filter(|pdu| matches!(pdu.point, Point::Air | Point::Backbone)) else { return };
        let Some(hops) = pdu.number("ipv6.hlim") else { return };
        let iut = sight.iut();
        let sender = pdu.from.as_deref();
        if pdu.point == Point::Air && sender == Some(iut) {
            if template_speaks_of(pdu) && !is_own(pdu, iut) && !is_link_local(pdu) {
                self.judge(pdu, hops, word);
            }
        } else {
            // Whatever was wrong with it, and whoever made it so: the device has got it with these hops.
            let came = self.came.entry(packet_hash(pdu)).or_default();
            came.push((hops, pdu.time, pdu.completed()));
        }
    }
}

impl HopLimits {
    fn judge(&mut self, pdu: &Pdu, hops: u64, word: &mut Word) {
        let came = self.came.get(&packet_hash(pdu)).map(Vec::as_slice).unwrap_or_default();
        let recent: Vec<_> = came.iter().filter(|(_, time, _)| pdu.time.saturating_sub(*time) <= KEPT).collect();
        let Some((first, _, event)) = recent.last() else { return };
        word.judge();
        let evidence = [*event].into_iter().chain(pdu.events.iter().copied());
        if hops == 0 {
            word.violation("a packet was sent on with hop limit 0", evidence);
        } else if recent.iter().all(|(before, ..)| hops + 1 != *before) {
            word.violation(format!("a packet came with hop limit {first} and was sent on with {hops}"), evidence);
        }
    }
}

fn is_link_local(pdu: &Pdu) -> bool {
    ["ipv6.src", "ipv6.dst"].iter().any(|field| pdu.text(field).is_some_and(|text| text.starts_with("fe80:")))
}
