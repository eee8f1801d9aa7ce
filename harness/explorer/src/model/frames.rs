//! Packets of neighbours: what of them is taken, what comes of it, and by what protection it leaves (SEL 5.3.3).

use super::{Key, Model};
use crate::action::{FLOODS, Kind, Protection, Who};
use crate::rules::{self, Rule};
use crate::script::{Span, Step, act, check, expect, never, order, quoted, send};

/// What becomes of a packet.
pub(super) enum Fate {
    /// It is taken, by this rule.
    Taken(&'static Rule),
    /// It is refused, by this rule.
    Refused(&'static Rule),
    /// The clauses do not say.
    Unknown,
}

/// How something leaves over a link.
pub(super) enum Way {
    Secured(&'static Rule),
    Plain(&'static Rule),
    Nothing(&'static Rule),
    Unknown,
}

/// Cuts of a packet of 248 octets of which one fragment is protected differently.
const MIXED: [&str; 3] = ["0-96/plain 96-176 176-248", "0-96 96-176/plain 176-248", "0-96 96-176 176-248/plain"];

/// Cuts of the same of which two fragments say different things of the same octets.
const OVERLAPPING: [&str; 3] = ["0-96 88-168~ 168-248", "0-96 96-168 88-168~ 168-248", "0-96 96-176 168-248"];

/// How many cuts there are of each kind.
pub(crate) const CUTS: usize = MIXED.len();

/// A packet of a neighbour has fewer fragments.
const MOST_FRAGMENTS: u64 = 20;

/// How long nothing must come.
const SILENCE: u64 = 2;

impl Model {
    /// SEL 5.3.3, conditions 1 to 3, with what the profile adds.
    pub(super) fn fate(&self, by: Who, protection: Protection) -> Fate {
        let neighbour = &self.neighbours[by.index()];
        if self.key.is_none() {
            return match protection {
                Protection::Plain => Fate::Taken(rules::RX_UNMARKED_PLAIN),
                _ => Fate::Refused(rules::RX_UNKEYED_SECURED),
            };
        }
        match (protection, neighbour.mark.is_set()) {
            (Protection::Plain, _) if self.all_secured => Fate::Refused(rules::RX_CLOSED_PLAIN),
            (Protection::Plain, Some(true)) => Fate::Refused(rules::RX_MARKED_PLAIN),
            (Protection::Plain, Some(false)) => Fate::Taken(rules::RX_UNMARKED_PLAIN),
            (Protection::Good, Some(true)) => Fate::Taken(rules::RX_MARKED_SECURED),
            (Protection::Good, _) => Fate::Taken(rules::RX_UNMARKED_SECURED),
            (Protection::BadCode | Protection::WrongKey | Protection::WrongIndex(_), _) => {
                Fate::Refused(rules::RX_UNVERIFIED)
            }
            (Protection::Replayed, _) if neighbour.accepted.is_some() => Fate::Refused(rules::RX_REPLAYED),
            (Protection::LastCounter, _) => Fate::Refused(rules::RX_REPLAYED),
            (Protection::Low(_), Some(true)) => Fate::Refused(rules::RX_LEVEL),
            (Protection::OldKey, _) if self.deleted_first => Fate::Refused(rules::RX_OLD_KEY),
            _ => Fate::Unknown,
        }
    }

    pub(super) fn way_to(&self, who: Who) -> Way {
        match (self.key, self.neighbours[who.index()].mark.is_set()) {
            (None, _) => Way::Plain(rules::TX_UNKEYED),
            (Some(_), Some(true)) => Way::Secured(rules::TX_MARKED),
            (Some(_), Some(false)) if self.all_secured => Way::Nothing(rules::TX_CLOSED),
            (Some(_), Some(false)) => Way::Plain(rules::TX_UNMARKED),
            (Some(_), None) => Way::Unknown,
        }
    }

    /// Protects what a neighbour sends; gives the frame counter that it used.
    pub(super) fn protect(&mut self, by: Who, step: Step, protection: Protection) -> (Step, Option<u64>) {
        const FOREIGN_KEY: &str = "00112233445566778899aabbccddeeff";
        const COUNTER: &str = "wpan.aux_sec.frame_counter";
        let key = self.key.unwrap_or(self.network);
        let neighbour = &mut self.neighbours[by.index()];
        neighbour.is_heard = true;
        let far = neighbour.counter + 1_000_000;
        let keyed = |step: Step, key: Key| match key {
            Key::First => step,
            Key::Second => step.word("key", key.reference()).number("wpan.aux_sec.key_index", key.index()),
        };
        match protection {
            Protection::Plain => (step, None),
            Protection::Good => {
                let counter = neighbour.counter + 1;
                // Each fragment has a counter of its own.
                neighbour.counter += MOST_FRAGMENTS;
                (keyed(step.secured(), key).number(COUNTER, counter), Some(counter))
            }
            Protection::Low(level) => (keyed(step.level(level), key).number(COUNTER, neighbour.counter + 1), None),
            Protection::BadCode => (keyed(step.secured(), key).word("wpan.mic", "corrupt").number(COUNTER, far), None),
            Protection::WrongKey => (step.secured().word("key", FOREIGN_KEY).number(COUNTER, far), None),
            Protection::WrongIndex(index) => {
                let step = step.secured().word("key", key.reference()).number("wpan.aux_sec.key_index", index.into());
                (step.number(COUNTER, far), None)
            }
            Protection::Replayed => {
                let counter = neighbour.accepted.unwrap_or(1);
                (keyed(step.secured(), key).number(COUNTER, counter), None)
            }
            Protection::LastCounter => (keyed(step.secured(), key).number(COUNTER, u32::MAX.into()), None),
            Protection::OldKey => (step.secured().number(COUNTER, far), None),
        }
    }

    /// Notes that a frame of a neighbour was taken.
    pub(super) fn note_taken(&mut self, by: Who, counter: Option<u64>) {
        if self.key.is_some() && counter.is_some() {
            self.neighbours[by.index()].accepted = counter;
        }
        self.neighbours[by.index()].is_listed = true;
    }

    /// What is refused is refused silently, and a plain one is counted.
    fn refused_in_silence(&mut self, by: Who, protection: Protection, sent: &Step, because: &'static Rule) {
        let counts = protection == Protection::Plain && self.key.is_some();
        let before = self.script.fresh_name();
        if counts {
            self.put(&check("dut counters").bind(&before));
        }
        self.put(sent);
        let step = never("ipv6.packet", &Span::s(SILENCE))
            .from("dut")
            .to(by.name())
            .is("icmpv6.type", "{ one_of = [1, 2, 3, 4, 129] }")
            .rule(because)
            .rule(rules::RX_SILENT);
        self.put(&step);
        if counts {
            let least = format!("{{ min = \"${before}.ut.refused_unsecured+1\" }}");
            self.put(&check("dut counters").is("ut.refused_unsecured", &least).rule(because).rule(rules::RX_SILENT));
        }
    }

    /// What comes from the device over the link to a neighbour, or must not.
    fn comes_to(&mut self, who: Who, message: &str, constrain: impl Fn(Step) -> Step) {
        let awaited = |step: Step| constrain(step.from("dut").to(who.name()));
        match self.way_to(who) {
            Way::Secured(rule) => self.put_secured(awaited(expect(message, &Span::s(5))).rule(rule)),
            Way::Plain(rule) => self.put(&awaited(expect(message, &Span::s(5))).number("link.secured", 0).rule(rule)),
            Way::Unknown if self.all_secured => self.wait(&Span::s(SILENCE)),
            Way::Unknown => self.put(&awaited(expect(message, &Span::s(5))).rule(rules::RX_UNMARKED_SECURED)),
            Way::Nothing(rule) => {
                let step = constrain(never(message, &Span::s(SILENCE)).from("dut").to(who.name()));
                self.put(&step.rule(rule));
            }
        }
    }

    pub(super) fn echo(&mut self, by: Who, protection: Protection, size: u16) -> bool {
        let fate = self.fate(by, protection);
        if matches!(fate, Fate::Unknown) {
            return false;
        }
        let nonce = self.next_nonce();
        let sent = send("icmpv6.echo_request", by.name())
            .number("icmpv6.echo.identifier", nonce)
            .number("icmpv6.echo.sequence_number", nonce + 7)
            .number("data.len", size.into());
        let (sent, counter) = self.protect(by, sent, protection);
        match fate {
            Fate::Taken(rule) => {
                self.put(&sent);
                self.comes_to(by, "icmpv6.echo_reply", |step| {
                    let step = step.number("icmpv6.echo.identifier", nonce).rule(rule);
                    step.number("icmpv6.echo.sequence_number", nonce + 7)
                        .number("icmpv6.checksum.status", 1)
                        .number("ipv6.plen", u64::from(size) + 8)
                        .rule(rules::ECHO_REPLY)
                });
                self.note_taken(by, counter);
            }
            Fate::Refused(rule) => self.refused_in_silence(by, protection, &sent, rule),
            Fate::Unknown => {}
        }
        true
    }

    pub(super) fn fragments(&mut self, by: Who, cut: usize, mixed: bool) -> bool {
        let secured = match (self.key, self.neighbours[by.index()].mark.is_set()) {
            (None, _) => mixed,
            (Some(_), _) if mixed || self.all_secured => true,
            (Some(_), Some(marked)) => marked,
            (Some(_), None) => return false,
        };
        let (cut, rule) = match mixed {
            true => (MIXED[cut % CUTS], rules::RX_MIXED),
            false => (OVERLAPPING[cut % CUTS], rules::RX_OVERLAP),
        };
        let nonce = self.next_nonce();
        let sent = send("icmpv6.echo_request", by.name())
            .number("icmpv6.echo.identifier", nonce)
            .number("data.len", 200)
            .word("fragments", cut);
        let protection = if secured { Protection::Good } else { Protection::Plain };
        let (sent, _) = self.protect(by, sent, protection);
        self.put(&sent);
        let step = never("icmpv6.echo_reply", &Span::s(SILENCE))
            .from("dut")
            .to(by.name())
            .number("icmpv6.echo.identifier", nonce)
            .rule(rule);
        self.put(&step);
        true
    }

    pub(super) fn transit(&mut self, by: Who, protection: Protection, kind: Kind, hop_limit: u8) -> bool {
        let fate = self.fate(by, protection);
        if matches!(fate, Fate::Unknown) {
            return false;
        }
        let nonce = self.next_nonce();
        let port = 40_000 + nonce;
        let (source, eui64) = (format!("${}.global", by.name()), format!("${}.eui64", by.name()));
        let message = match kind {
            Kind::Echo(_) => "icmpv6.echo_request",
            Kind::Udp(_) => "udp.datagram",
            Kind::Jsr => "sel.jsr",
        };
        let named = |step: Step| match kind {
            Kind::Echo(_) => step.number("icmpv6.echo.identifier", nonce),
            Kind::Udp(_) => step.number("udp.dstport", port),
            Kind::Jsr => step.word("sel.eui64", &eui64),
        };
        let sent = named(send(message, by.name()))
            .word("ipv6.dst", "$ct.address")
            .word("ipv6.src", &source)
            .number("ipv6.hlim", hop_limit.into());
        let sent = match kind {
            Kind::Echo(size) | Kind::Udp(size) => sent.number("data.len", size.into()),
            Kind::Jsr => sent,
        };
        let (sent, counter) = self.protect(by, sent, protection);
        self.put(&sent);
        let is_forwarded = match fate {
            Fate::Taken(rule) if hop_limit > 1 => Ok(rule),
            Fate::Taken(_) => Err(rules::RELAY_EXPIRED),
            Fate::Refused(rule) => Err(rule),
            Fate::Unknown => return false,
        };
        if matches!(fate, Fate::Taken(_)) {
            self.note_taken(by, counter);
        }
        match is_forwarded {
            Ok(rule) => {
                let step = named(expect(message, &Span::s(5)).search())
                    .word("ipv6.src", &source)
                    .word("ipv6.dst", "$ct.address")
                    .number("ipv6.hlim", u64::from(hop_limit) - 1)
                    .rule(rule);
                let step = match kind {
                    Kind::Jsr => step.number("icmpv6.checksum.status", 1).rule(rules::RELAY_JSR),
                    Kind::Echo(size) => step.number("ipv6.plen", u64::from(size) + 8).rule(rules::RELAY),
                    Kind::Udp(size) => step.number("udp.length", u64::from(size) + 8).rule(rules::RELAY),
                };
                self.expect_to_router(step);
            }
            Err(rule) => {
                let step = named(never(message, &Span::s(SILENCE))).from("dut").to("lbr").word("ipv6.src", &source);
                self.put(&step.rule(rule).rule(rules::RELAY_REFUSED));
            }
        }
        true
    }

    pub(super) fn down(&mut self, who: Who) -> bool {
        if self.scene.is_rpl || !self.neighbours[who.index()].is_registered() {
            return false;
        }
        self.quiet();
        self.put(&act(&format!("ut lbr echo dest=${}.global", who.name())));
        let (source, destination) = ("$lbr.global".to_owned(), format!("${}.global", who.name()));
        self.comes_to(who, "icmpv6.echo_request", |step| {
            step.word("ipv6.src", &source).word("ipv6.dst", &destination).rule(rules::RELAY)
        });
        true
    }

    pub(super) fn echo_to(&mut self, who: Who) -> bool {
        if !self.neighbours[who.index()].is_listed {
            return false;
        }
        self.quiet();
        self.put(&act(&format!("ut dut echo dest=${}.link_local", who.name())));
        let destination = format!("${}.link_local", who.name());
        self.comes_to(who, "icmpv6.echo_request", |step| step.word("ipv6.dst", &destination));
        true
    }

    /// A router solicitation to all.
    pub(super) fn solicit(&mut self, who: Who) -> bool {
        let protection = match (self.key, self.neighbours[who.index()].mark.is_set()) {
            (Some(_), Some(true)) => Protection::Good,
            (Some(_), _) if self.all_secured => return false,
            (Some(_), None) => return false,
            _ => Protection::Plain,
        };
        // A router may answer a second solicitation of the same node later, or not at all (RFC 4861 6.2.6).
        if self.neighbours[who.index()].has_solicited {
            return false;
        }
        self.neighbours[who.index()].has_solicited = true;
        let (sent, counter) = self.protect(who, send("nd.rs", who.name()), protection);
        self.put(&sent);
        let step = expect("nd.ra", &Span::s(10)).from("dut").number("icmpv6.checksum.status", 1);
        self.put(&step.rule(rules::ND_ADVERTISES));
        self.note_taken(who, counter);
        true
    }

    /// The device is told to send a datagram to the border router.
    pub(super) fn send_data(&mut self, size: u8) -> bool {
        let port = 50_000 + self.next_nonce();
        let data = "5a".repeat(usize::from(size.max(1)));
        self.put(&act(&format!("ut dut send dest=$lbr.global port={port} data={data}")));
        let step = expect("udp.datagram", &Span::s(5))
            .search()
            .number("udp.dstport", port)
            .word("ipv6.dst", "$lbr.global")
            .number("udp.length", u64::from(size.max(1)) + 8)
            .number("udp.checksum.status", 1)
            .rule(rules::OWN_DATA);
        self.expect_to_router(step);
        true
    }

    /// Floods from invented nodes: what is there stays, and honest nodes are served.
    pub(super) fn flood(&mut self, by: Who, kind: usize, count: u16) -> bool {
        // A flood is plain, and comes from where nobody is marked.
        let other = match by {
            Who::First => Who::Second,
            Who::Second => Who::First,
        };
        if self.neighbours[by.index()].mark.is_set() != Some(false) {
            return false;
        }
        let name = FLOODS[kind % FLOODS.len()];
        let by_name = by.name();
        self.put(&order(&format!("{by_name} flood {name} to=$dut.eui64 count={count} every=40ms"), &Span::s(1)));
        self.put(&order(&format!("{by_name} flood-end"), &Span::s(60)));
        // Invented nodes may have taken the place of whom nothing is known.
        for neighbour in &mut self.neighbours {
            if neighbour.mark.is_set() != Some(true) {
                (neighbour.is_listed, neighbour.is_heard) = (false, true);
            }
            (neighbour.registered, neighbour.has_solicited) = (None, true);
        }
        // A device with a key speaks to each of them, several times, before it is free again.
        self.wait(&Span::s(if self.key.is_some() { 60 } else { 5 }));
        self.put(
            &check("dut status").is("ut.neighbours", "{ max = \"$pixit.neighbours\" }").rule(rules::FLOOD_BOUNDED),
        );
        self.probe(rules::FLOOD_BOUNDED);
        match name {
            "fragment" => {
                let protection = match self.fate(other, Protection::Plain) {
                    Fate::Taken(_) => Protection::Plain,
                    _ => Protection::Good,
                };
                self.served(|model| model.echo(other, protection, 200));
            }
            "ns" | "rs" => self.served(|model| model.announce(other)),
            "jsr" => self.served(|model| model.echo_to_router(8)),
            // A half-open handshake of a stranger holds a session for a while at most.
            _ => self.served(|model| model.get_keys()),
        }
        true
    }

    fn served(&mut self, mut serve: impl FnMut(&mut Self) -> bool) {
        self.script.comment("and honest nodes are served");
        self.because = Some(rules::FLOOD_SERVED);
        serve(self);
        self.because = None;
    }

    pub(super) fn plain_request(&mut self, by: Who, protection: Protection, close: bool) -> bool {
        let fate = self.fate(by, protection);
        if matches!(fate, Fate::Unknown) {
            return false;
        }
        let nonce = self.next_nonce();
        let (path, payload) = match close {
            true => {
                let value = !self.all_secured;
                ("/coap-key2/all-secured", format!("{{\"all_secured\":{value},\"seq\":{}}}", self.close_seq + 1000))
            }
            false => (
                "/coap-key2",
                "{\"1\":{\"key\":\"00112233445566778899aabbccddeeff\",\"mode\":1,\"index\":1,\"level\":5}}".to_owned(),
            ),
        };
        let sent = send("coap.put", by.name())
            .word("coap.opt.uri_path", path)
            .number("coap.mid", 10_000 + nonce)
            .is("coap.payload", &quoted(&payload));
        let (sent, counter) = self.protect(by, sent, protection);
        self.put(&sent);
        let (rule, is_served) = match fate {
            Fate::Taken(_) if self.all_secured => (rules::RESOURCE_PLAIN_CLOSED, true),
            Fate::Taken(_) => (rules::RESOURCE_PLAIN, false),
            Fate::Refused(rule) => (rule, false),
            Fate::Unknown => return false,
        };
        if matches!(fate, Fate::Taken(_)) {
            self.note_taken(by, counter);
        }
        if is_served {
            self.comes_to(by, "coap.response", |step| step.number("coap.code", 129).rule(rule));
        } else {
            let step = never("coap.response", &Span::s(SILENCE)).from("dut").to(by.name());
            self.put(&step.rule(rule));
        }
        self.probe(rule);
        true
    }
}
