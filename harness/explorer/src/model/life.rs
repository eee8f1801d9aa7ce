//! The life of a device: power, restarts, factory reset, software, application, pauses (SECC 3).

use super::{Mark, Model};
use crate::action::Look;
use crate::rules;
use crate::scene::{Anchor, Find, Scene};
use crate::script::{Span, act, check, event, expect, never, order, procedure};

/// Software images by their names in `load_image`, with their version if they are to be taken when it is newer.
pub(crate) const IMAGES: [(&str, Option<u64>); 6] =
    [("newer", Some(2)), ("newest", Some(3)), ("damaged", None), ("forged", None), ("foreign", None), ("cut", None)];

/// How long a device may take to get its address.
const UP_S: u64 = 30;

/// The frame counters of a neighbour go up so much at each restart of the device: a device may have set as many aside.
const AHEAD: u64 = 100_000;

/// The frame counters of so many frames a device may be expected to write down as they come.
const WRITTEN_AT_ONCE: u64 = 60;

/// The application sends so often.
const INTERVAL_S: u64 = 20;

impl Model {
    /// The scene, and the device up to its first power-on.
    pub(super) fn prepare(&mut self) {
        self.put_setup(&procedure("prepare_network", "secured = [\"lbr\"]", 0));
        if self.scene.find != Find::Configured {
            self.put_setup(&order(&format!("ct serve {}", self.scene.find.word()), &Span::s(1)));
        }
        self.put_setup(&procedure("prepare", &self.preparation(), 0));
        for who in ["tester", "tester2"] {
            // It acknowledges and resolves addresses; what is secured of it is what the walk sends.
            let command = format!("{who} configure eui64=${who}.eui64 pan_id=$case.pan_id keyed=0 answer_ssr=0");
            self.put_setup(&order(&command, &Span::s(1)));
            if !self.scene.is_rpl {
                // What the backbone sends to it goes by way of the device.
                self.put_setup(&act(&format!("ut lbr route dest=${who}.eui64 via=$dut.eui64")));
            }
        }
        self.put(&act("power_on dut"));
        self.comes_up(false);
    }

    /// How the device is prepared in this scene.
    fn preparation(&self) -> String {
        let Scene { anchor, find, .. } = self.scene;
        format!("board = \"dut\", anchor = \"{}\", find = \"{}\"", anchor.word(), find.word())
    }

    /// The device has started: what it sends, and what it still knows.
    pub(super) fn comes_up(&mut self, watch_multicasts: bool) {
        (self.traffic, self.is_crowded) = (0, false);
        for neighbour in &mut self.neighbours {
            (neighbour.is_listed, neighbour.is_heard, neighbour.has_solicited) = (false, false, false);
            neighbour.registered = None;
            neighbour.counter += AHEAD;
            if neighbour.mark != Mark::No {
                neighbour.mark = Mark::Unknown;
            }
        }
        if watch_multicasts {
            self.multicasts_at_start();
        } else if self.key.is_some() {
            // A device that set counters of its neighbours aside is deaf to them for a while (decision 0042).
            let within = self.facts.ssr_within().plus(60);
            let request = self.ssr_to("lbr").rule(rules::SSR_TO_ALL).rule(rules::KEY_SURVIVES);
            let address = event("dut", "address").rule(rules::LIFE_RESTART);
            let mut awaited = vec![request, address];
            awaited.extend(self.joins_dodag());
            self.expect_all(awaited, &within);
        } else {
            let mut awaited = vec![event("dut", "address").rule(rules::LIFE_RESTART)];
            if self.facts.asks_by_itself {
                awaited.push(self.jsr(crate::script::element("sel.jsr")));
            }
            awaited.extend(self.asks_for_tool());
            awaited.extend(self.joins_dodag());
            self.expect_all(awaited, &self.facts.jsr_within().plus(if self.scene.is_rpl { 60 } else { 20 }));
        }
        self.set_clock();
        match self.key {
            Some(_) => {
                self.is_linked(rules::KEY_SURVIVES);
                let closed = u64::from(self.all_secured);
                self.put(&check("dut status").number("ut.all_secured", closed).rule(rules::CLOSE_SURVIVES));
            }
            None => self.probe(rules::LIFE_RESTART),
        }
        if self.key.is_some() && self.application.is_some() {
            self.application_runs();
        }
    }

    /// The clock of a device that judges certificates by it is forgotten at each start.
    fn set_clock(&mut self) {
        if self.scene.anchor == Anchor::CertMutual {
            self.put(&act("ut dut clock now=$case.today"));
        }
    }

    /// A device that was not told where its tool is asks.
    fn asks_for_tool(&self) -> Option<crate::script::Step> {
        let query = |message, to: &str| {
            crate::script::element(message).from("dut").search().word("ipv6.dst", to).number("link.secured", 0)
        };
        match self.scene.find {
            Find::Configured => None,
            Find::Multicast => Some(query("coap.get", "ff03::fd").rule(rules::FINDS_BY_MULTICAST)),
            Find::DnsSd => Some(query("dns.query", "$ct.dns").rule(rules::FINDS_BY_DNS)),
            Find::Directory => Some(query("coap.get", "$ct.directory").rule(rules::FINDS_BY_DIRECTORY)),
        }
    }

    /// What a router sends that routes by RPL.
    fn joins_dodag(&self) -> Vec<crate::script::Step> {
        if !self.scene.is_rpl {
            return Vec::new();
        }
        let element = |message| crate::script::element(message).from("dut").search();
        vec![
            element("rpl.dao")
                .to("lbr")
                .word("icmpv6.rpl.opt.target.prefix", "$dut.global")
                .number("icmpv6.checksum.status", 1)
                .rule(rules::RPL_JOINS),
            // A root has rank 256.
            element("rpl.dio")
                .range("icmpv6.rpl.dio.rank", 257, 65_534)
                .word("icmpv6.rpl.dio.dagid", "$lbr.global")
                .rule(rules::RPL_JOINS),
        ]
    }

    /// Told to, a device without a key asks.
    pub(super) fn join(&mut self) -> bool {
        if self.key.is_some() {
            return false;
        }
        self.put(&act("ut dut join"));
        let step = self.jsr(expect("sel.jsr", &self.facts.jsr_within())).rule(rules::JSR_TOLD);
        self.put(&step);
        true
    }

    /// A start is when a device solicits by multicast.
    fn multicasts_at_start(&mut self) {
        let solicitation = |protected: u64| {
            crate::script::element("nd.rs")
                .from("dut")
                .search()
                .number("link.secured", protected)
                .rule(rules::TX_MULTICAST)
        };
        let within = Span::s(UP_S);
        match (self.key, self.all_secured) {
            (None, _) => {
                let step = expect("nd.rs", &within).from("dut").number("link.secured", 0).rule(rules::TX_MULTICAST);
                self.put(&step);
                self.wait(&Span::s(UP_S));
            }
            (Some(_), false) => {
                self.expect_all(vec![solicitation(1), solicitation(0)], &within);
                self.wait(&self.facts.ssr_within().plus(25));
            }
            (Some(_), true) => {
                let step = expect("nd.rs", &within).from("dut").number("link.secured", 1).rule(rules::TX_MULTICAST);
                self.put(&step);
                let step = never("nd.rs", &Span::s(5)).from("dut").number("link.secured", 0).rule(rules::TX_MULTICAST);
                self.put(&step);
                self.wait(&self.facts.ssr_within().plus(25));
            }
        }
    }

    /// After so much traffic that a device may have set frame counters of its neighbours aside, which it is deaf to after a
    /// power cut (PROFILE-SEL 12, decision 0042), it is told to restart first: then it knows them as they are.
    fn settle(&mut self) {
        if self.key.is_some() && self.traffic > WRITTEN_AT_ONCE {
            self.restart("ut dut reset");
            self.comes_up(false);
        }
    }

    /// The device restarts at once. What a neighbour has on its way then could be heard before the restart or after it, so there is nothing.
    fn restart(&mut self, how: &str) {
        self.wait(&Span::s(1));
        self.put(&act(how));
    }

    pub(super) fn power_cut(&mut self, off_s: u64, watch_multicasts: bool) -> bool {
        self.settle();
        self.put(&act("power_off dut"));
        self.wait(&Span::s(off_s.max(1)));
        self.put(&act("power_on dut"));
        self.comes_up(watch_multicasts);
        true
    }

    pub(super) fn reset(&mut self, by_command: bool, watch_multicasts: bool) -> bool {
        if !by_command {
            self.settle();
        }
        self.restart(if by_command { "ut dut reset" } else { "reset dut" });
        self.comes_up(watch_multicasts);
        true
    }

    pub(super) fn factory_reset(&mut self) -> bool {
        if self.is_crowded {
            // What it has to say to invented nodes stands before the withdrawal in its queue.
            self.wait(&Span::s(super::frames::CROWD_S));
        }
        self.put(&act("ut dut factory_reset"));
        if self.key.is_some() {
            self.withdraws();
        }
        self.loses_key();
        (self.close_seq, self.knows_close_seq, self.application) = (0, true, None);
        self.wait(&Span::s(5));
        let step = check("dut status")
            .word("ut.state", "factory")
            .number("ut.secured", 0)
            .number("ut.all_secured", 0)
            .rule(rules::LIFE_RESET);
        self.put(&step);
        self.put(&act("power_off dut"));
        self.put(&procedure("prepare", &self.preparation(), 20_000));
        self.put(&order("ct forget $dut.eui64", &Span::s(1)));
        self.put(&act("power_on dut"));
        self.comes_up(false);
        self.probe(rules::LIFE_AGAIN);
        true
    }

    pub(super) fn second_anchor(&mut self) -> bool {
        let step = act("ut dut manufacture anchor=psk psk=$dut.second_psk").answer("error");
        self.put(&step.rule(rules::LIFE_ANCHOR));
        self.session(Look::Suite)
    }

    pub(super) fn load_image(&mut self, number: usize) -> bool {
        let (name, version) = IMAGES[number % IMAGES.len()];
        if !self.facts.claims("SECC_SOFTWARE_UPDATE") {
            return false;
        }
        match name {
            "cut" => self.put(&act("ut dut image data=$dut.image_newer.0")),
            _ => self.put(&procedure("load_image", &format!("board = \"dut\", image = \"{name}\""), 20_000)),
        }
        let taken = version.filter(|version| *version > self.image);
        let rule = if taken.is_some() { rules::IMAGE_TAKEN } else { rules::IMAGE_REFUSED };
        let update = act("ut dut update");
        let update = if taken.is_some() { update } else { update.answer("error") };
        self.put(&update.rule(rule));
        self.image = taken.unwrap_or(self.image);
        self.restart("ut dut reset");
        self.comes_up(false);
        let step = check("dut status").number("ut.image", self.image).rule(rule);
        self.put(&step);
        true
    }

    pub(super) fn configure_application(&mut self, on: bool) -> bool {
        if !self.facts.claims("SECC_APPLICATION") {
            return false;
        }
        if !on {
            let Some(port) = self.application.take() else { return false };
            self.put(&act("ut dut application interval_s=0"));
            self.application_rests(port);
            return true;
        }
        let former = self.application;
        self.applications += 1;
        let port = 61_000 + self.applications;
        self.put(&act(&format!(
            "ut dut application interval_s={INTERVAL_S} dest=$lbr.global port={port} data=6c696768743d6f6e"
        )));
        self.application = Some(port);
        match self.key {
            Some(_) => self.application_runs(),
            None => self.application_rests(port),
        }
        if let Some(former) = former {
            self.application_rests(former);
        }
        true
    }

    fn application_runs(&mut self) {
        let Some(port) = self.application else { return };
        let step = expect("udp.datagram", &Span::s(INTERVAL_S + 40))
            .search()
            .number("udp.dstport", port)
            .word("ipv6.dst", "$lbr.global")
            .rule(rules::APPLICATION_RUNS);
        self.expect_to_router(step);
    }

    fn application_rests(&mut self, port: u64) {
        let step = never("udp.datagram", &Span::s(INTERVAL_S + 5)).from("dut").number("udp.dstport", port);
        self.put(&step.rule(rules::APPLICATION_RESTS));
    }

    pub(super) fn watch_jsr(&mut self, pauses: u8) -> bool {
        if self.key.is_some() || !self.facts.asks_by_itself {
            return false;
        }
        self.put(&act("power_off dut"));
        self.put(&act("power_on dut"));
        for neighbour in &mut self.neighbours {
            (neighbour.is_listed, neighbour.is_heard, neighbour.registered) = (false, false, None);
        }
        let mut before = self.script.fresh_name();
        let within = self.facts.jsr_within().plus(20);
        let step = self.jsr(expect("sel.jsr", &within)).bind(&before);
        self.put(&step);
        for pause in 1..=pauses.min(5) {
            let name = self.script.fresh_name();
            let most =
                Span { text: format!("$pixit.jsr_pause_{pause}_most"), ms: self.facts.jsr_greatest_interval().ms * 2 };
            let step = self.jsr(expect("sel.jsr", &most.plus(5))).bind(&name);
            let bounds = format!(
                "{{ min = \"${before}.time+$pixit.jsr_pause_{pause}_least\", max = \"${before}.time+{}\" }}",
                most.text
            );
            self.put(&step.is("time", &bounds).rule(rules::JSR_PAUSES));
            before = name;
        }
        self.set_clock();
        true
    }

    /// Nothing happens: a device with a key asks nobody, one without goes on asking.
    pub(super) fn pause(&mut self, seconds: u64) -> bool {
        let span = Span::s(seconds);
        if self.key.is_some() {
            self.echo_to_router(8);
            self.put(&never("sel.jsr", &span).from("dut").word("ipv6.src", "$dut.global").rule(rules::JSR_NEVER));
        } else {
            self.wait(&span);
            if self.facts.asks_by_itself {
                self.put(&act("ut dut echo dest=$lbr.global"));
                let within = self.facts.session_idle().and(&self.facts.jsr_greatest_interval()).plus(15);
                let step = self.jsr(expect("sel.jsr", &within));
                self.put(&step);
            }
        }
        if seconds >= 60 {
            let rule = if self.key.is_some() { rules::KEY_SURVIVES } else { rules::LIFE_RESTART };
            self.probe(rule);
        }
        true
    }

    /// Whether the device was told to delete the network's first key.
    pub(crate) fn is_without_first(&self) -> bool {
        self.deleted_first
    }
}
