//! SSRs (`SEL` 5.3.4, `PROFILE-SEL` 5 and 6): the device tells its neighbours that it holds the key, and marks the links with
//! those that tell it the same.

use alloc::vec::Vec;

use protocols::lowpan::Protection;
use protocols::time::Instant;
use wire::Eui64;
use wire::icmpv6::Message;
use wire::ipv6::{ALL_NODES, Header, NextHeader, Packet, is_link_local};
use wire::sel::{self, Kind};

use super::profile::LIFETIME_UNIT;
use super::{Context, Mutant, Selective};
use crate::stack::{Class, NextHop, Origin, Stack, count, link_local_of};

impl Selective {
    /// Sends an SSR with this device's lifetime.
    pub(super) fn send_secure_request(&mut self, stack: &mut Stack, to: Eui64) {
        if self.mutant.is(Mutant::SsrMissing) {
            return;
        }
        let lifetime_units = self.mutant.free().ssr_lifetime_units();
        #[cfg(feature = "mutants")]
        let lifetime_units = if self.mutant.is(Mutant::SsrLifetimeZero) { 0 } else { lifetime_units };
        self.send_secure_request_for(stack, to, lifetime_units);
    }

    fn send_secure_request_for(&mut self, stack: &mut Stack, to: Eui64, lifetime_units: u16) {
        let mut message = sel::Message::set_secure_request(stack.eui64(), lifetime_units);
        if self.mutant.is(Mutant::SsrWrongEui64) {
            message.eui64 = Eui64(stack.eui64().to_mac_order());
        }
        let mut source = stack.link_local();
        if self.mutant.is(Mutant::SsrGlobalSource) {
            source = stack.global().unwrap_or(source);
        }
        let hop_limit = if self.mutant.is(Mutant::SsrHopLimit1) { 1 } else { self.mutant.free().multihop_hop_limit() };
        let destination = if self.mutant.is(Mutant::SsrToAll) { ALL_NODES } else { link_local_of(to) };
        let Ok(payload) = Message::Sel(message).to_vec(source, destination) else { return };
        let packet = Packet { header: Header::new(source, destination, NextHeader::ICMPV6, hop_limit), payload };
        stack.send_packet(&packet, NextHop::Neighbour(to), Class::Bootstrap);
    }

    /// Takes an SSR (`SEL` 5.3.4): answers it, then marks the link.
    pub(super) fn receive_secure_request(
        &mut self,
        cx: &mut Context<'_>,
        from: Eui64,
        protection: Protection,
        header: &Header,
        message: &sel::Message,
    ) {
        // A plain one counts for nothing (`PROFILE-SEL` 7), and a node without a key rejects any.
        if !cx.stack.kept().is_keyed() || !protection.is_secured() && !self.mutant.is(Mutant::SsrAnswerPlainSsr) {
            return count(&mut self.counters.refused_ssr);
        }
        let on_link = is_link_local(header.source) && is_link_local(header.destination);
        let genuine = message.eui64 == from || self.mutant.is(Mutant::NeighbourEui64MismatchAccepted);
        if !on_link || !genuine {
            return count(&mut self.counters.refused_ssr);
        }
        #[cfg(feature = "mutants")]
        let picky = self.mutant.is(Mutant::SsrStatusChecked) && message.status != 0
            || self.mutant.is(Mutant::SsrHopLimitChecked) && header.hop_limit != sel::MULTIHOP_HOPLIMIT
            || self.mutant.is(Mutant::SsrReservedChecked) && message.reserved != 0;
        #[cfg(feature = "mutants")]
        if picky {
            return;
        }
        if message.registration_lifetime == 0 {
            if !self.mutant.is(Mutant::SsrWithdrawIgnored) {
                cx.stack.unmark(cx.now, from);
            }
            return;
        }
        let now = cx.now;
        if self.answers(cx, from) {
            self.send_secure_request(cx.stack, from);
        }
        #[cfg(feature = "mutants")]
        let is_unasked = !(cx.stack.knows(from) && self.exchanges.with(from).asked(now));
        #[cfg(feature = "mutants")]
        if is_unasked && self.mutant.is(Mutant::SsrNoMark) {
            return self.exchanges.with(from).heard(now);
        }
        self.mark(cx, from, protection, message.registration_lifetime);
        #[cfg(feature = "mutants")]
        let refreshes = !self.mutant.is(Mutant::SsrNoRefresh);
        if cx.stack.knows(from) {
            let series = self.exchanges.with(from);
            series.heard(now);
            #[cfg(feature = "mutants")]
            if !refreshes {
                series.stop_series();
            }
        }
    }

    fn answers(&mut self, cx: &mut Context<'_>, from: Eui64) -> bool {
        let (now, marked) = (cx.now, cx.stack.is_marked(from));
        if self.mutant.is(Mutant::SsrNoAnswer) || marked && self.mutant.is(Mutant::SsrAnswersOnce) {
            return false;
        }
        if !cx.stack.knows(from) {
            return false;
        }
        let series = self.exchanges.with(from);
        #[cfg(feature = "mutants")]
        let delay = self.mutant.free().ssr_delay();
        #[cfg(feature = "mutants")]
        if !delay.is_zero() {
            series.answer_later(now, marked, delay);
            return false;
        }
        series.take_answer(now, marked) || self.mutant.is(Mutant::SsrLoop)
    }

    /// Marks a link secured for a registration lifetime in units of 60 s.
    fn mark(&mut self, cx: &mut Context<'_>, neighbour: Eui64, protection: Protection, lifetime_units: u16) {
        let lifetime = LIFETIME_UNIT * u32::from(lifetime_units);
        let until = if self.mutant.is(Mutant::SsrLifetimeIgnored) { Instant(u64::MAX) } else { cx.now + lifetime };
        if let Some(key) = cx.stack.key_behind(protection) {
            cx.stack.mark(cx.now, neighbour, key, until);
        }
    }

    /// A neighbour that is new to a 6SR gets SSRs (`PROFILE-SEL` 5).
    pub(super) fn greet(&mut self, cx: &mut Context<'_>, neighbour: Eui64) {
        if cx.stack.kept().is_keyed() {
            self.exchanges.with(neighbour).start(cx.now + self.mutant.free().ssr_delay());
        }
    }

    /// A frame was taken. A neighbour that secures what it sends to this device has marked the link: so should this one.
    pub(super) fn hear(&mut self, cx: &mut Context<'_>, from: Eui64, protection: Protection, to_all: bool) {
        #[cfg(feature = "mutants")]
        self.note_frame(protection);
        let unmarked = cx.stack.kept().is_keyed() && !cx.stack.is_marked(from);
        if !unmarked || !cx.stack.knows(from) {
            return;
        }
        if protection.is_secured() && !to_all {
            self.exchanges.with(from).nudge(cx.now);
        }
        // Mutants that take anything for an SSR.
        #[cfg(feature = "mutants")]
        let mutant = if protection.is_secured() { Mutant::SsrMarksOnSecured } else { Mutant::SsrMarksOnPlain };
        #[cfg(feature = "mutants")]
        if self.mutant.is(mutant) {
            self.mark(cx, from, protection, self.mutant.free().ssr_lifetime_units());
        }
    }

    /// Takes a JSR or an SSR; of JSRs a device has no use.
    pub(super) fn receive_message(
        &mut self,
        cx: &mut Context<'_>,
        packet: &Packet,
        message: &sel::Message,
        origin: Origin,
    ) {
        let Origin::Link { neighbour, protection } = origin else { return };
        #[cfg(feature = "mutants")]
        if packet.payload.len() > 4 + sel::BODY_LENGTH && self.mutant.is(Mutant::SsrTrailingRefused) {
            return;
        }
        if message.kind == Kind::SetSecureRequest {
            self.receive_secure_request(cx, neighbour, protection, &packet.header, message);
        }
    }

    /// Sends the SSRs that are due, in the order of the neighbour list.
    pub(super) fn send_due_secure_requests(&mut self, cx: &mut Context<'_>) {
        if !cx.stack.kept().is_keyed() {
            return;
        }
        let repeat = !self.mutant.is(Mutant::SsrNotRepeated);
        let (exchanges, now) = (&mut self.exchanges, cx.now);
        let due: Vec<Eui64> =
            cx.stack.neighbours().filter(|neighbour| exchanges.take_due(*neighbour, now, repeat)).collect();
        for neighbour in due {
            self.send_secure_request(cx.stack, neighbour);
        }
    }

    /// The key has come: all neighbours hear of it.
    pub(super) fn greet_all(&mut self, cx: &mut Context<'_>) {
        for neighbour in cx.stack.neighbours() {
            self.exchanges.with(neighbour).start(cx.now + self.mutant.free().ssr_delay());
        }
        self.send_due_secure_requests(cx);
    }

    /// Sends SSRs with lifetime 0 to all neighbours whose link is marked, and drops the marks.
    pub(super) fn withdraw_links(&mut self, cx: &mut Context<'_>) {
        if cx.stack.kept().is_keyed() {
            for neighbour in cx.stack.marked() {
                self.send_secure_request_for(cx.stack, neighbour, 0);
            }
        }
        drop_marks(cx);
    }
}

/// What a mutant does too: drops all marks.
pub(super) fn drop_marks(cx: &mut Context<'_>) {
    for neighbour in cx.stack.marked() {
        cx.stack.unmark(cx.now, neighbour);
    }
}
