//! The servers of the device (`SEL` 5.4, 6 and 8): the commissioning tool installs keys over DTLS and closes the network; what
//! its requests bring about.

use wire::coap::PORT;
use wire::upper_tester::Arguments;

use super::kept::Kept;
use super::key_resource::{Channel, Effect, State, serve};
use super::marking::drop_marks;
use super::session::{Credentials, Event};
use super::{Context, Mutant, Selective, plain_coap};
use crate::stack::{Class, NetworkKey, Peer, Stack};

impl Selective {
    /// Takes a DTLS datagram; a device without a trust anchor stays silent.
    pub(super) fn receive_dtls(&mut self, cx: &mut Context<'_>, peer: Peer, datagram: &[u8]) {
        #[cfg(feature = "mutants")]
        self.take_again(cx, datagram);
        #[cfg(feature = "mutants")]
        if self.leaves_alone(cx, peer) {
            return;
        }
        let Some(anchor) = &cx.given.anchor else { return };
        #[cfg(feature = "mutants")]
        {
            self.memory.last_datagram = super::mutants::hash(datagram);
        }
        let tool = self.tool(cx);
        let credentials =
            Credentials { eui64: cx.stack.eui64(), anchor, tool, unix_time_at_zero: cx.unix_time_at_zero };
        self.server.handle(cx.now, peer, datagram, &credentials);
        self.run_servers(cx);
    }

    /// Takes a plain CoAP datagram, if there is anything to offer (`PROFILE-SEL` 15).
    pub(super) fn receive_plain_coap(&mut self, cx: &mut Context<'_>, peer: Peer, datagram: &[u8]) {
        let open = self.mutant.is(Mutant::KeyPlainCoap) || self.mutant.is(Mutant::DiscoveryPlainCoap);
        #[cfg(feature = "mutants")]
        let open = open || self.hears_secured_coap(cx.stack);
        if self.kept.all_secured || open {
            self.plain_server.handle(cx.now, peer, datagram, &mut cx.stack.entropy);
            self.run_servers(cx);
        }
    }

    /// Whether a variant has yet to compute what it is about to send.
    #[cfg(feature = "mutants")]
    fn computes(&self) -> bool {
        let slow = !self.mutant.free().flight_delay().is_zero();
        slow && (!self.server.is_established() || !self.computing.is_empty())
    }

    /// Does what the servers want done.
    pub(super) fn run_servers(&mut self, cx: &mut Context<'_>) {
        #[cfg(feature = "mutants")]
        while let Some((_, peer, datagram)) = self.computing.pop_front_if(|(ready, ..)| *ready <= cx.now) {
            cx.stack.send_udp(peer, self.mutant.free().secure_port(), datagram, Class::Other);
        }
        #[cfg(feature = "mutants")]
        let mut effect = core::mem::replace(&mut self.waiting, Effect::None);
        #[cfg(not(feature = "mutants"))]
        let mut effect = Effect::None;
        loop {
            match self.server.poll(cx.now) {
                #[cfg(feature = "mutants")]
                Some(Event::Datagram(peer, datagram)) if self.computes() => {
                    let ready = cx.now + self.mutant.free().flight_delay();
                    self.computing.push_back((ready, peer, datagram));
                }
                Some(Event::Datagram(peer, datagram)) => {
                    cx.stack.send_udp(peer, self.mutant.free().secure_port(), datagram, Class::Other);
                }
                Some(Event::Established(peer)) => report_session(cx, peer, "established"),
                Some(Event::Closed(peer, reason)) => {
                    #[cfg(feature = "mutants")]
                    self.note_end_of_session();
                    cx.stack.tell.log(alloc::format!("DTLS session with {} closed: {reason:?}", peer.address));
                    report_session(cx, peer, "closed");
                }
                Some(Event::Request(exchange, message)) => {
                    self.apply(cx, core::mem::replace(&mut effect, Effect::None));
                    let (response, wanted) = serve(&message, Channel::Secured, self.state(cx.stack));
                    if self.mutant.is(Mutant::SsrBeforeResponse) {
                        self.apply(cx, wanted);
                    } else {
                        effect = wanted;
                    }
                    self.server.respond(cx.now, exchange, response);
                }
                // A variant's response has not left yet.
                #[cfg(feature = "mutants")]
                None if self.server.holds_a_response() => {
                    self.waiting = effect;
                    break;
                }
                // The response has left: now the link switches, then the SSRs go (`PROFILE-SEL` 16).
                None if effect != Effect::None => self.apply(cx, core::mem::replace(&mut effect, Effect::None)),
                None => break,
            }
        }
        while let Some(event) = self.plain_server.poll(cx.now) {
            match event {
                plain_coap::Event::Datagram(peer, datagram) => {
                    cx.stack.send_udp(peer, PORT, datagram, Class::Other);
                }
                plain_coap::Event::Request(exchange, message) => {
                    let (response, effect) = serve(&message, Channel::Plain, self.state(cx.stack));
                    self.plain_server.respond(cx.now, exchange, response);
                    self.apply(cx, effect);
                }
            }
        }
    }

    pub(super) fn apply(&mut self, cx: &mut Context<'_>, effect: Effect) {
        match effect {
            Effect::None => {}
            Effect::Install(keys) => {
                for key in keys {
                    self.install_key(cx, key);
                }
                self.report_cost(cx);
            }
            Effect::Erase(index) => self.erase_key(cx, index),
            Effect::AllSecured(value, seq) => {
                self.set_all_secured(cx.stack, value, seq);
                #[cfg(feature = "mutants")]
                if value {
                    self.memory.last_close = Some((self.memory.last_datagram, seq));
                }
                if !value && self.mutant.is(Mutant::OpenDropsMarks) {
                    drop_marks(cx);
                }
                #[cfg(feature = "mutants")]
                self.pause_at(
                    if value { Mutant::RelayPausesWhenClosed } else { Mutant::RelayPausesWhenOpened },
                    cx.stack,
                );
                let arguments = Arguments::default().with("value", u8::from(value)).with("seq", seq);
                cx.stack.tell.event(cx.now, "all_secured", arguments);
            }
        }
    }

    /// Installs a network key: the device is a 6SR from now on and tells all its neighbours (`SEL` 5.3.4). The same key
    /// once more changes nothing.
    pub(super) fn install_key(&mut self, cx: &mut Context<'_>, key: NetworkKey) -> bool {
        if cx.stack.kept().keys().last() == Some(&key) && !self.mutant.is(Mutant::KeySamePutRestarts) {
            return true;
        }
        let arguments = Arguments::default().with("index", key.index).with("level", key.level.number());
        if !cx.stack.install_key(key) {
            return false;
        }
        cx.stack.tell.event(cx.now, "keyed", arguments);
        #[cfg(feature = "mutants")]
        {
            self.show_key(cx.stack);
            self.pause_at(Mutant::RelayPausesWhenKeyed, cx.stack);
            if self.mutant.is(Mutant::ClosedWithKey) {
                self.set_all_secured(cx.stack, true, 0);
            }
            if cx.stack.kept().keys().len() > 1 {
                self.lose_with_second_key(cx);
            }
        }
        if !self.wants_to_join(cx.stack) {
            self.join_requests.stop();
        }
        self.greet_all(cx);
        true
    }

    /// Erases a network key. With the last one the device is a 6UR again: it withdraws its links before (`PROFILE-SEL` 6),
    /// and what belongs to its domain goes too.
    fn erase_key(&mut self, cx: &mut Context<'_>, index: u8) {
        let last = cx.stack.kept().keys().len() == 1;
        if last && !self.mutant.is(Mutant::EraseWithoutWithdraw) {
            self.withdraw_links(cx);
        }
        #[cfg(feature = "mutants")]
        let closed = self.kept.close_seq.filter(|_| self.kept.all_secured);
        let along = || {
            if last {
                self.kept = Kept::default();
            }
        };
        if !cx.stack.erase_key(index, along) {
            return;
        }
        #[cfg(feature = "mutants")]
        if let Some(seq) = closed.filter(|_| last && self.mutant.is(Mutant::AllSecuredOutlivesKey)) {
            self.set_all_secured(cx.stack, true, seq);
        }
        self.admit(cx.stack);
        cx.stack.tell.event(cx.now, "unkeyed", Arguments::default().with("index", index));
        if last && cx.stack.global().is_some() {
            self.start_join_requests(cx);
        }
    }

    fn state<'a>(&'a self, stack: &'a Stack) -> State<'a> {
        State { keys: stack.kept().keys(), kept: &self.kept, mutant: self.mutant }
    }
}

fn report_session(cx: &mut Context<'_>, peer: Peer, state: &str) {
    let arguments = Arguments::default().with("peer", peer.address).with("state", state);
    cx.stack.tell.event(cx.now, "session", arguments);
}
