//! The bootstrap procedure (`SEL` 5.3.1, 5.3.2, 5.3.4, 5.4): JSRs, SSRs, what the CoAP requests of the commissioning
//! tool bring about.

use alloc::vec::Vec;
use core::time::Duration;

use protocols::link_security::{IncomingCounter, LinkSecurity, OutgoingCounter};
use protocols::time::Instant;
use wire::coap::{PORT, SECURE_PORT};
use wire::icmpv6::Message;
use wire::ieee802154::LinkAddress;
use wire::ipv6::{ALL_NODES, Header, Ipv6Addr, NextHeader, Packet, is_link_local, link_local};
use wire::sel::{Kind, MULTIHOP_HOPLIMIT};
use wire::udp::Datagram;
use wire::upper_tester::Arguments;
use wire::{Eui64, sel};

use crate::bootstrap_layer::{Class, Protection};
use crate::counters::count;
use crate::device::Device;
use crate::forwarding::NextHop;
use crate::key_resource::{Channel, Effect, serve};
use crate::link::hash;
use crate::mutants::Mutant;
use crate::mutants::SLOW_SSR;
use crate::plain_coap;
use crate::profile::{JSR_INTERVAL_MIN, LIFETIME_UNIT, SSR_LIFETIME_UNITS};
use crate::session::{Credentials, Event, Peer};
use crate::store::NetworkKey;

impl Device {
    /// Whether JSRs are the device's to send: never once it holds a key (`PROFILE-SEL` 4).
    pub(crate) fn wants_to_join(&self) -> bool {
        !self.store.is_secured() || self.mutant.is(Mutant::JsrAfterSecured)
    }

    /// Whether JSRs wait for the end of a handshake.
    pub(crate) fn join_requests_pause(&self) -> bool {
        self.server.is_busy() && !self.mutant.is(Mutant::JsrDuringHandshake)
    }

    pub(crate) fn send_due_join_request(&mut self, now: Instant) {
        let due = self.join_requests.next().is_some_and(|next| next <= now);
        if due && !self.join_requests_pause() {
            self.send_join_request(now);
        }
    }

    /// Sends a JSR and plans the next one; `false` without a global address.
    pub(crate) fn send_join_request(&mut self, now: Instant) -> bool {
        let Some(destination) = self.tool() else { return false };
        let Some(global) = self.discovery.global() else { return false };
        let packet = self.join_request(global, destination);
        self.send_own(&packet);
        let repeat = !self.mutant.is(Mutant::JsrNotRepeated);
        self.join_requests.sent_one(now, &mut self.entropy, repeat);
        if self.mutant.is(Mutant::JsrNoCeiling) {
            self.join_requests.raise_ceiling(now);
        }
        if self.mutant.is(Mutant::JsrFixedInterval) {
            self.join_requests.force(now, JSR_INTERVAL_MIN);
        }
        if self.mutant.is(Mutant::JsrDuringHandshake) && self.server.is_busy() {
            self.join_requests.force(now, Duration::from_secs(1));
        }
        self.event(now, "jsr_sent", Arguments::default().with("count", self.join_requests.sent()));
        true
    }

    fn join_request(&self, global: Ipv6Addr, destination: Ipv6Addr) -> Packet {
        let mut message = sel::Message::join_secure_request(self.eui64());
        let mut source = global;
        let mut hop_limit = MULTIHOP_HOPLIMIT;
        if self.mutant.is(Mutant::JsrStatusNonzero) {
            message.status = 1;
        }
        if self.mutant.is(Mutant::JsrReservedNonzero) {
            message.reserved = 1;
        }
        if self.mutant.is(Mutant::JsrEui64Reversed) {
            message.eui64 = Eui64(self.eui64().to_mac_order());
        }
        if self.mutant.is(Mutant::JsrEui64UlFlipped) {
            message.eui64 = Eui64(self.eui64().interface_identifier());
        }
        if self.mutant.is(Mutant::JsrLifetimeNonzero) {
            message.registration_lifetime = SSR_LIFETIME_UNITS;
        }
        if self.mutant.is(Mutant::JsrCodeTwo) {
            message.kind = Kind::SetSecureRequest;
        }
        if self.mutant.is(Mutant::JsrLinkLocalSource) {
            source = self.discovery.link_local();
        }
        if self.mutant.is(Mutant::JsrHopLimit255) {
            hop_limit = 255;
        }
        // A message without options always fits.
        let mut payload = Message::Sel(message).to_vec(source, destination).unwrap_or_default();
        if let Some(octet) = payload.get_mut(2).filter(|_| self.mutant.is(Mutant::JsrBadChecksum)) {
            *octet ^= 0x55;
        }
        if self.mutant.is(Mutant::JsrTruncated) {
            payload.pop();
            let body = payload.split_off(4.min(payload.len()));
            let (kind, code) = (sel::ICMPV6_TYPE, message.kind.code());
            payload = Message::Other { kind, code, body }.to_vec(source, destination).unwrap_or_default();
        }
        Packet { header: Header::new(source, destination, NextHeader::ICMPV6, hop_limit), payload }
    }

    pub(crate) fn send_due_secure_requests(&mut self, now: Instant) {
        if !self.store.is_secured() {
            return;
        }
        let repeat = !self.mutant.is(Mutant::SsrNotRepeated);
        let due = |series: &mut crate::secure_request::Series| series.take_due(now, repeat);
        let to: Vec<Eui64> = self
            .neighbours
            .iter_mut()
            .filter_map(|neighbour| due(&mut neighbour.series).then_some(neighbour.eui64))
            .collect();
        for neighbour in to {
            self.send_secure_request(neighbour);
        }
    }

    /// Sends an SSR with this device's lifetime.
    pub(crate) fn send_secure_request(&mut self, to: Eui64) {
        if self.mutant.is(Mutant::SsrMissing) {
            return;
        }
        let zero = self.mutant.is(Mutant::SsrLifetimeZero);
        self.send_secure_request_for(to, if zero { 0 } else { SSR_LIFETIME_UNITS });
    }

    fn send_secure_request_for(&mut self, to: Eui64, lifetime_units: u16) {
        let mut message = sel::Message::set_secure_request(self.eui64(), lifetime_units);
        if self.mutant.is(Mutant::SsrWrongEui64) {
            message.eui64 = Eui64(self.eui64().to_mac_order());
        }
        let mut source = self.discovery.link_local();
        if self.mutant.is(Mutant::SsrGlobalSource) {
            source = self.discovery.global().unwrap_or(source);
        }
        let hop_limit = if self.mutant.is(Mutant::SsrHopLimit1) { 1 } else { MULTIHOP_HOPLIMIT };
        let destination = link_local(LinkAddress::Extended(to));
        let Ok(payload) = Message::Sel(message).to_vec(source, destination) else { return };
        let packet = Packet { header: Header::new(source, destination, NextHeader::ICMPV6, hop_limit), payload };
        self.send_packet(&packet, NextHop::Neighbour(to), Class::SetSecureRequest);
    }

    /// Takes an SSR (`SEL` 5.3.4): answers it, then marks the link.
    pub(crate) fn receive_secure_request(
        &mut self,
        now: Instant,
        from: Eui64,
        secured: bool,
        header: &Header,
        message: &sel::Message,
    ) {
        // A plain one counts for nothing (`PROFILE-SEL` 7), and a node without a key rejects any.
        if !self.store.is_secured() || !secured && !self.mutant.is(Mutant::SsrAnswerPlainSsr) {
            return count(&mut self.counters.refused_ssr);
        }
        let on_link = is_link_local(header.source) && is_link_local(header.destination);
        let genuine = message.eui64 == from || self.mutant.is(Mutant::NeighbourEui64MismatchAccepted);
        if !on_link || !genuine {
            return count(&mut self.counters.refused_ssr);
        }
        let picky = self.mutant.is(Mutant::SsrStatusChecked) && message.status != 0
            || self.mutant.is(Mutant::SsrHopLimitChecked) && header.hop_limit != MULTIHOP_HOPLIMIT
            || self.mutant.is(Mutant::SsrReservedChecked) && message.reserved != 0;
        if picky {
            return;
        }
        if message.registration_lifetime == 0 {
            if !self.mutant.is(Mutant::SsrWithdrawIgnored) && self.neighbours.unmark(from) {
                self.event(now, "link_unsecured", Arguments::default().with("neighbour", from));
            }
            return;
        }
        let asked = self.neighbours.get(from).is_some_and(|neighbour| neighbour.series.asked(now));
        if self.answers(now, from) {
            self.send_secure_request(from);
        }
        if asked || !self.mutant.is(Mutant::SsrNoMark) {
            self.mark(now, from, message.registration_lifetime);
        }
        let refreshes = !self.mutant.is(Mutant::SsrNoRefresh);
        if let Some(neighbour) = self.neighbours.get_mut(from) {
            neighbour.series.heard(now);
            if !refreshes {
                neighbour.series.stop_series();
            }
        }
    }

    fn answers(&mut self, now: Instant, from: Eui64) -> bool {
        let marked = self.neighbours.is_secured(from);
        if self.mutant.is(Mutant::SsrNoAnswer) || marked && self.mutant.is(Mutant::SsrAnswersOnce) {
            return false;
        }
        let Some(neighbour) = self.neighbours.get_mut(from) else { return false };
        if self.mutant.is(Mutant::SlowSetSecureRequests) {
            if neighbour.series.take_answer(now, marked) {
                neighbour.series.answer_at(now + SLOW_SSR);
            }
            return false;
        }
        neighbour.series.take_answer(now, marked) || self.mutant.is(Mutant::SsrLoop)
    }

    /// Marks a link secured for a registration lifetime in units of 60 s.
    pub(crate) fn mark(&mut self, now: Instant, neighbour: Eui64, lifetime_units: u16) {
        let lifetime = LIFETIME_UNIT * u32::from(lifetime_units);
        let until = if self.mutant.is(Mutant::SsrLifetimeIgnored) { Instant(u64::MAX) } else { now + lifetime };
        if self.neighbours.mark(neighbour, until) {
            self.store_incoming(Some(neighbour));
            self.event(now, "link_secured", Arguments::default().with("neighbour", neighbour));
        }
    }

    /// Writes the frame counters of one neighbour, or of all: what was received before cannot be replayed after a reboot.
    pub(crate) fn store_incoming(&mut self, of: Option<Eui64>) {
        let wanted = |entry: &&IncomingCounter| of.is_none_or(|neighbour| entry.source == neighbour);
        let entries: Vec<IncomingCounter> = self.security.replay().iter().filter(wanted).copied().collect();
        for entry in entries {
            self.store.set_incoming(entry);
        }
    }

    /// Takes a DTLS datagram; a device without a trust anchor stays silent.
    pub(crate) fn receive_dtls(&mut self, now: Instant, peer: Peer, datagram: &[u8]) {
        if let Some((known, seq)) = self.last_close.filter(|_| self.mutant.is(Mutant::CloseReplayTaken))
            && known == hash(datagram)
        {
            self.apply(now, Effect::AllSecured(true, seq));
        }
        let Some(anchor) = self.store.anchor() else { return };
        self.last_datagram = hash(datagram);
        let tool = self.tool();
        let credentials =
            Credentials { eui64: self.hardware.eui64, anchor, tool, unix_time_at_zero: self.unix_time_at_zero };
        self.server.handle(now, peer, datagram, &credentials);
        self.run_servers(now);
    }

    /// Takes a plain CoAP datagram, if there is anything to offer (`PROFILE-SEL` 15).
    pub(crate) fn receive_plain_coap(&mut self, now: Instant, peer: Peer, datagram: &[u8]) {
        let open = self.mutant.is(Mutant::KeyPlainCoap) || self.mutant.is(Mutant::DiscoveryPlainCoap);
        if self.store.all_secured() || open {
            self.plain_server.handle(now, peer, datagram, &mut self.entropy);
            self.run_servers(now);
        }
    }

    /// Does what the servers want done.
    pub(crate) fn run_servers(&mut self, now: Instant) {
        let mut effect = Effect::None;
        loop {
            match self.server.poll(now) {
                Some(Event::Datagram(peer, datagram)) => {
                    self.send_udp(peer, SECURE_PORT, datagram);
                }
                Some(Event::Established(peer)) => self.report_session(now, peer, "established"),
                Some(Event::Closed(peer, reason)) => {
                    self.log(alloc::format!("DTLS session with {} closed: {reason:?}", peer.address));
                    self.report_session(now, peer, "closed");
                }
                Some(Event::Request(exchange, message)) => {
                    self.apply(now, core::mem::replace(&mut effect, Effect::None));
                    let (response, wanted) = serve(&message, Channel::Secured, &self.store, self.mutant);
                    if self.mutant.is(Mutant::SsrBeforeResponse) {
                        self.apply(now, wanted);
                    } else {
                        effect = wanted;
                    }
                    self.server.respond(now, exchange, response);
                }
                // The response has left: now the link switches, then the SSRs go (`PROFILE-SEL` 16).
                None if effect != Effect::None => self.apply(now, core::mem::replace(&mut effect, Effect::None)),
                None => break,
            }
        }
        while let Some(event) = self.plain_server.poll(now) {
            match event {
                plain_coap::Event::Datagram(peer, datagram) => {
                    self.send_udp(peer, PORT, datagram);
                }
                plain_coap::Event::Request(exchange, message) => {
                    let (response, effect) = serve(&message, Channel::Plain, &self.store, self.mutant);
                    self.plain_server.respond(now, exchange, response);
                    self.apply(now, effect);
                }
            }
        }
    }

    fn report_session(&mut self, now: Instant, peer: Peer, state: &str) {
        self.event(now, "session", Arguments::default().with("peer", peer.address).with("state", state));
    }

    /// Tells what the session that brought a key has cost (`SECC` 6).
    fn report_cost(&mut self, now: Instant) {
        let Some(cost) = self.server.cost() else { return };
        let arguments = Arguments::default()
            .with("aes_blocks", cost.work.aes_blocks)
            .with("sha256_blocks", cost.work.sha256_blocks)
            .with("point_multiplications", cost.work.point_multiplications)
            .with("buffer_octets", cost.peak_buffered);
        self.event(now, "cost", arguments);
    }

    fn apply(&mut self, now: Instant, effect: Effect) {
        match effect {
            Effect::None => {}
            Effect::Install(keys) => {
                for key in keys {
                    self.install_key(now, key);
                }
                self.report_cost(now);
            }
            Effect::Erase(index) => self.erase_key(now, index),
            Effect::AllSecured(value, seq) => {
                self.store.set_all_secured(value, seq);
                if value {
                    self.last_close = Some((self.last_datagram, seq));
                }
                if !value && self.mutant.is(Mutant::OpenDropsMarks) {
                    self.drop_marks(now);
                }
                let arguments = Arguments::default().with("value", u8::from(value)).with("seq", seq);
                self.event(now, "all_secured", arguments);
            }
        }
    }

    /// Installs a network key: the device is a 6SR from now on and tells all its neighbours (`SEL` 5.3.4). The same key
    /// once more changes nothing.
    pub(crate) fn install_key(&mut self, now: Instant, key: NetworkKey) -> bool {
        if self.store.keys().last() == Some(&key) && !self.mutant.is(Mutant::KeySamePutRestarts) {
            return true;
        }
        let arguments = Arguments::default().with("index", key.index).with("level", key.level.number());
        if !self.store.set_key(key) {
            return false;
        }
        self.load_keys();
        self.event(now, "keyed", arguments);
        if self.mutant.is(Mutant::KeyInClear) {
            self.send_key_in_clear();
        }
        if !self.wants_to_join() {
            self.join_requests.stop();
        }
        for neighbour in self.neighbours.iter_mut() {
            neighbour.series.start(now + self.mutant.ssr_delay());
        }
        self.send_due_secure_requests(now);
        true
    }

    /// What a device must not do: shows its key to everybody.
    fn send_key_in_clear(&mut self) {
        let (Some(key), local) = (self.store.transmit_key().map(|key| key.key.to_hex()), self.discovery.link_local())
        else {
            return;
        };
        let datagram = Datagram { source_port: 7, destination_port: 7, payload: key.into_bytes() };
        let Ok(payload) = datagram.to_vec(local, ALL_NODES) else { return };
        let header = Header::new(local, ALL_NODES, NextHeader::UDP, 1);
        if let Ok(packet) = (Packet { header, payload }).to_vec() {
            self.send_frames(&packet, LinkAddress::BROADCAST, Protection::Plain);
        }
    }

    /// Erases a network key. With the last one the device is a 6UR again: it withdraws its links before (`PROFILE-SEL` 6).
    fn erase_key(&mut self, now: Instant, index: u8) {
        let last = self.store.keys().len() == 1;
        if last && !self.mutant.is(Mutant::EraseWithoutWithdraw) {
            self.withdraw_links(now);
        }
        let closed = self.store.close_seq().filter(|_| self.store.all_secured());
        if !self.store.erase_key(index) {
            return;
        }
        if let Some(seq) = closed.filter(|_| last && self.mutant.is(Mutant::AllSecuredOutlivesKey)) {
            self.store.set_all_secured(true, seq);
        }
        if last && self.mutant.is(Mutant::EraseRestartsCounter) {
            self.store.set_frame_counter_bound(0);
            self.security = LinkSecurity::new(self.eui64(), self.security.policy(), OutgoingCounter::default());
        }
        self.security.remove_key(index);
        self.load_keys();
        self.event(now, "unkeyed", Arguments::default().with("index", index));
        if last {
            for neighbour in self.neighbours.iter_mut() {
                neighbour.series.stop();
            }
            if self.discovery.global().is_some() {
                self.start_join_requests(now);
            }
        }
    }

    /// Sends SSRs with lifetime 0 to all neighbours whose link is marked, and drops the marks.
    pub(crate) fn withdraw_links(&mut self, now: Instant) {
        if self.store.is_secured() {
            for neighbour in self.neighbours.secured() {
                self.send_secure_request_for(neighbour, 0);
            }
        }
        self.drop_marks(now);
    }

    fn drop_marks(&mut self, now: Instant) {
        for neighbour in self.neighbours.secured() {
            self.neighbours.unmark(neighbour);
            self.event(now, "link_unsecured", Arguments::default().with("neighbour", neighbour));
        }
    }
}
