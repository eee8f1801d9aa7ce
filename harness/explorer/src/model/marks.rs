//! Neighbours that make themselves known, and set secure requests: what marks a link and what does not (SEL 5.3.4).

use super::frames::{Fate, Way};
use super::{Age, Mark, Model};
use crate::action::{Protection, SsrForm, Who};
use crate::rules::{self, Rule};
use crate::script::{Span, Step, check, element, expect, never, send, unordered};

impl Model {
    /// A neighbour solicits: it is listed and registered, and gets a set secure request if the device has not heard of it.
    pub(super) fn announce(&mut self, who: Who) -> bool {
        let protection = match (self.key, self.neighbours[who.index()].mark.is_set()) {
            (Some(_), Some(true)) => Protection::Good,
            (Some(_), _) if self.all_secured => Protection::Good,
            (Some(_), None) => return false,
            _ => Protection::Plain,
        };
        let is_new = !self.neighbours[who.index()].is_heard;
        let (sent, counter) = self.protect(who, send("nd.ns", who.name()), protection);
        self.put(&sent);
        let advertisement = element("nd.na")
            .from("dut")
            .to(who.name())
            .number("icmpv6.checksum.status", 1)
            .number("icmpv6.opt.aro.status", 0)
            .word("icmpv6.opt.aro.eui64", &format!("${}.eui64", who.name()))
            .rule(rules::ND_REGISTERS);
        let advertisement = match self.way_to(who) {
            Way::Secured(rule) => Some(self.secured_frame(advertisement).rule(rule)),
            Way::Plain(rule) => Some(advertisement.number("link.secured", 0).rule(rule)),
            Way::Nothing(_) | Way::Unknown => None,
        };
        let request = (self.key.is_some() && is_new).then(|| {
            self.ssr_to(who.name())
                .word("sel.registration_lifetime", "$pixit.ssr_lifetime")
                .rule(rules::SSR_LIFETIME)
                .rule(rules::SSR_TO_NEW)
        });
        let is_registered = advertisement.is_some();
        let awaited: Vec<Step> = advertisement.into_iter().chain(request).collect();
        self.expect_all(awaited, &self.facts.ssr_within().plus(5));
        self.note_taken(who, counter);
        if is_registered {
            self.neighbours[who.index()].registered = Some(Age::default());
        }
        let link = check(&format!("dut link neighbour=${}.eui64", who.name()));
        self.put(&link.number("ut.known", 1).rule(rules::ND_LISTS));
        true
    }

    /// Two set secure requests right after an answer: the next answer keeps its distance.
    pub(super) fn ssr_burst(&mut self, by: Who) -> bool {
        if self.key.is_none() || self.neighbours[by.index()].mark.is_set() != Some(true) || self.may_refresh(by) {
            return false;
        }
        let pause = self.facts.ssr_answer_interval().plus(9);
        self.wait(&pause);
        let mut before = None;
        for message in 0..2 {
            for again in 0..=message {
                let sent = send("sel.ssr", by.name()).number("sel.registration_lifetime", 60);
                let (sent, counter) = self.protect(by, sent, Protection::Good);
                self.put(&sent);
                self.note_taken(by, counter);
                if again < message {
                    self.wait(&Span::ms(100));
                }
            }
            let name = self.script.fresh_name();
            let step = expect("sel.ssr", &self.facts.ssr_within()).from("dut").to(by.name());
            let step = self.ssr_form(step, by.name()).rule(rules::SSR_ANSWER).bind(&name);
            let step = match &before {
                Some(before) => {
                    let least = format!("{{ min = \"${before}.time+$pixit.ssr_answer_interval-50ms\" }}");
                    step.is("time", &least).rule(rules::SSR_RATE)
                }
                None => step,
            };
            self.put(&step);
            self.last_frame = Some(name.clone());
            before = Some(name);
        }
        let answered = self.facts.ssr_within().ms * 2;
        let neighbour = &mut self.neighbours[by.index()];
        neighbour.asked = Some(Age::default());
        neighbour.mark = Mark::Yes { lifetime: 60, age: Age { least: 0, most: answered } };
        self.wait(&Span::s(1));
        self.probe(rules::SSR_MARKS);
        true
    }

    /// A neighbour never heard before makes itself known: the request to it, and its repetitions.
    pub(super) fn watch_ssrs(&mut self, who: Who) -> bool {
        let neighbour = &self.neighbours[who.index()];
        let protection = if self.all_secured { Protection::Good } else { Protection::Plain };
        if self.key.is_none() || neighbour.is_heard || neighbour.mark.is_set() != Some(false) {
            return false;
        }
        let (sent, counter) = self.protect(who, send("nd.ns", who.name()), protection);
        self.put(&sent);
        let mut before: Option<String> = None;
        for (least, most) in [(0, 0), (800, 1300), (1700, 2400), (3500, 4600)] {
            let name = self.script.fresh_name();
            let step = expect("sel.ssr", &self.facts.ssr_within().plus(5)).from("dut").to(who.name());
            let step = self.ssr_form(step, who.name()).bind(&name);
            let step = match &before {
                None => step.rule(rules::SSR_TO_NEW),
                Some(before) => {
                    let bounds = format!("{{ min = \"${before}.time+{least}ms\", max = \"${before}.time+{most}ms\" }}");
                    step.is("time", &bounds).rule(rules::SSR_REPEATS)
                }
            };
            self.put(&step);
            self.last_frame = Some(name.clone());
            before = Some(name);
        }
        self.note_taken(who, counter);
        true
    }

    /// Half of the lifetime later the border router gets a set secure request.
    pub(super) fn refresh(&mut self) -> bool {
        if self.key.is_none() || self.application.is_some() {
            return false;
        }
        self.echo_to_router(8);
        let within = Span { text: "$pixit.ssr_refresh_most".to_owned(), ms: self.facts.ssr_lifetime * 30_000 + 60_000 };
        let name = self.script.fresh_name();
        let step = expect("sel.ssr", &within).from("dut").to("lbr");
        let step = self.ssr_form(step, "lbr").word("sel.registration_lifetime", "$pixit.ssr_lifetime").bind(&name);
        self.put(&step.rule(rules::SSR_LIFETIME).rule(rules::SSR_REFRESHES));
        self.last_frame = Some(name);
        self.wait(&Span::s(3));
        self.probe(rules::SSR_KEEPS);
        true
    }

    /// Awaits one element, or several in any order.
    pub(super) fn expect_all(&mut self, mut elements: Vec<Step>, within: &Span) {
        if elements.len() > 1 {
            self.put(&unordered(elements, within));
        } else if let Some(element) = elements.pop() {
            self.put(&element.alone(within));
        }
    }

    /// Whether the device may be about to ask this neighbour anew, or have just done so: an SSR that comes right after that is the answer,
    /// and is not answered itself.
    fn may_refresh(&self, by: Who) -> bool {
        let half = self.facts.ssr_lifetime * 30_000;
        self.neighbours[by.index()].asked.is_none_or(|age| age.most + REFRESH_EARLY_MS > half)
    }

    pub(super) fn ssr(&mut self, by: Who, protection: Protection, form: SsrForm, lifetime: u16) -> bool {
        if self.neighbours[by.index()].mark != Mark::No && self.may_refresh(by) {
            return false;
        }
        let pause = self.facts.ssr_answer_interval().plus(1);
        if self.neighbours[by.index()].asked.is_some_and(|age| age.least < pause.ms) {
            self.wait(&pause);
        }
        let verdict = match (self.fate(by, protection), protection, form) {
            _ if self.key.is_none() => Counts::Nothing(rules::SSR_UNKEYED),
            (_, Protection::Plain, _) => Counts::Nothing(rules::SSR_PLAIN),
            (Fate::Unknown, ..) => return false,
            (Fate::Refused(_), Protection::Replayed, _) => Counts::Nothing(rules::SSR_REPLAYED),
            (Fate::Refused(_), Protection::OldKey, _) => Counts::Nothing(rules::RX_OLD_KEY),
            (Fate::Refused(_), ..) => Counts::Nothing(rules::SSR_UNVERIFIED),
            (Fate::Taken(_), _, SsrForm::OfAnother) => Counts::Nothing(rules::SSR_FOREIGN),
            (Fate::Taken(_), _, SsrForm::Checksum | SsrForm::Code(_) | SsrForm::Short(_)) => {
                Counts::Nothing(rules::SSR_MALFORMED)
            }
            (Fate::Taken(_), _, SsrForm::Liberties { .. }) => Counts::Something(rules::SSR_IGNORED_FIELDS),
            (Fate::Taken(_), _, SsrForm::Right) => Counts::Something(rules::SSR_MARKS),
        };
        let was_known = self.neighbours[by.index()].is_listed;
        let sent = send("sel.ssr", by.name()).number("sel.registration_lifetime", lifetime.into());
        let sent = spoiled(sent, form);
        let (sent, counter) = self.protect(by, sent, protection);
        self.put(&sent);
        match verdict {
            Counts::Something(rule) => self.counts(by, rule, lifetime, counter),
            Counts::Nothing(rule) => {
                if self.key.is_none() {
                    let step = never("sel.ssr", &Span::s(2)).from("dut").to(by.name());
                    self.put(&step.rule(rule));
                } else {
                    self.wait(&Span::s(1));
                }
                let is_taken = matches!(self.fate(by, protection), Fate::Taken(_));
                if is_taken {
                    self.note_taken(by, counter);
                }
                self.neighbours[by.index()].is_listed = was_known || is_taken;
                self.probe(rule);
            }
        }
        true
    }

    /// A set secure request that verifies and is well-formed.
    fn counts(&mut self, by: Who, rule: &'static Rule, lifetime: u16, counter: Option<u64>) {
        if lifetime > 0 {
            let step = expect("sel.ssr", &self.facts.ssr_within()).from("dut").to(by.name());
            let name = self.script.fresh_name();
            let step = self
                .ssr_form(step, by.name())
                .word("sel.registration_lifetime", "$pixit.ssr_lifetime")
                .rule(rules::SSR_LIFETIME)
                .rule(rules::SSR_ANSWER)
                .rule(rule)
                .bind(&name);
            self.put(&step);
            self.last_frame = Some(name);
        }
        let answered = if lifetime > 0 { self.facts.ssr_within().ms } else { 0 };
        self.note_taken(by, counter);
        let neighbour = &mut self.neighbours[by.index()];
        neighbour.asked = Some(Age::default());
        neighbour.mark = match lifetime {
            0 => Mark::No,
            lifetime => Mark::Yes { lifetime, age: Age { least: 0, most: answered } },
        };
        self.wait(&Span::s(1));
        let link = check(&format!("dut link neighbour=${}.eui64", by.name()));
        let link = match lifetime {
            0 => link.number("ut.secured", 0).rule(rules::SSR_WITHDRAWS),
            lifetime => {
                let most = u64::from(lifetime) * 60;
                let least = most.saturating_sub(MOST_AGE_S + answered / 1000);
                link.number("ut.known", 1)
                    .number("ut.secured", 1)
                    .range("ut.lifetime_s", least, most)
                    .rule(rules::SSR_MARKS)
                    .rule(rules::SSR_KEEPS)
            }
        };
        self.put(&link.rule(rule));
    }
}

/// A device that is a little fast refreshes so much before half of its lifetime.
const REFRESH_EARLY_MS: u64 = 60_000;

/// How old a mark may look at once after its exchange, in seconds, besides the time that the exchange took.
const MOST_AGE_S: u64 = 10;

/// What a set secure request does.
enum Counts {
    Something(&'static Rule),
    Nothing(&'static Rule),
}

fn spoiled(step: Step, form: SsrForm) -> Step {
    match form {
        SsrForm::Right => step,
        SsrForm::Liberties { status, reserved, hop_limit, trailing } => {
            let step = step.number("sel.status", status.into()).number("sel.reserved", reserved.into());
            let step = step.number("ipv6.hlim", hop_limit.into());
            if trailing { step.word("sel.trailing", "00112233445566778899") } else { step }
        }
        SsrForm::Checksum => step.number("icmpv6.checksum", 0x1234),
        SsrForm::OfAnother => step.word("sel.eui64", "70b3d5b0070000ee"),
        SsrForm::Code(code) => step.number("icmpv6.code", code.into()),
        SsrForm::Short(octets) => step.number("icmpv6.length", octets.into()),
    }
}
