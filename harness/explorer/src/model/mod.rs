//! The executable model: what a device's state is after each thing that happened to it, as far as the clauses say, and what
//! must, must not and may be seen of it. It writes the steps that bring the thing about and those that judge what comes.
//!
//! Where the clauses leave a liberty, or what was is too long ago to say, the state is unknown, and nothing is judged that
//! rests on it.

mod frames;
mod keys;
pub(crate) mod life;
mod marks;
mod sessions;

pub(crate) use keys::{BAD_CLOSES, BAD_KEYS};

use crate::action::{Action, Who};
use crate::facts::Facts;
use crate::rules::{self, Rule};
use crate::scene::Scene;
use crate::script::{Head, Span};
use crate::script::{Script, Step, check, element, expect, wait};

/// The two neighbours, the border router and the device. All hear each other, so that none talks into what another says.
const TOPOLOGY: &str = "graph: ct-lbr lbr-dut dut-tester dut-tester2 lbr-tester lbr-tester2 tester-tester2";

/// Which of the network's keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Key {
    /// `$network.key`, index 1.
    First,
    /// `$network.second_key`, index 2.
    Second,
}

impl Key {
    pub(crate) fn reference(self) -> &'static str {
        match self {
            Self::First => "$network.key",
            Self::Second => "$network.second_key",
        }
    }

    pub(crate) fn index(self) -> u64 {
        match self {
            Self::First => 1,
            Self::Second => 2,
        }
    }
}

/// Time since something, in milliseconds: at least and at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Age {
    pub(crate) least: u64,
    pub(crate) most: u64,
}

impl Age {
    fn pass(&mut self, (least, most): (u64, u64)) {
        self.least = self.least.saturating_add(least);
        self.most = self.most.saturating_add(most);
    }
}

/// What the device says of its link to a neighbour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mark {
    /// Not secured.
    No,
    /// Secured by an SSR of this lifetime, so long ago.
    Yes {
        /// Units of 60 s.
        lifetime: u16,
        /// Since the SSR.
        age: Age,
    },
    /// The clauses do not say.
    Unknown,
}

/// What a device makes of a lifetime to the second, and when in an exchange it begins, is its own: the mark is unknown so
/// long around its end.
const MARGIN_MS: u64 = 15_000;

impl Mark {
    fn pass(&mut self, passed: (u64, u64)) {
        let Self::Yes { lifetime, age } = self else { return };
        age.pass(passed);
        let ends = u64::from(*lifetime) * 60_000;
        if age.least > ends + MARGIN_MS {
            *self = Self::No;
        } else if age.most + MARGIN_MS > ends && age.least + MARGIN_MS > ends.saturating_sub(MARGIN_MS) {
            *self = Self::Unknown;
        }
    }

    /// Marked, not marked, or who knows.
    pub(crate) fn is_set(self) -> Option<bool> {
        match self {
            Self::No => Some(false),
            Self::Yes { lifetime, age } => (age.most + MARGIN_MS < u64::from(lifetime) * 60_000).then_some(true),
            Self::Unknown => None,
        }
    }
}

/// What the model knows of an emulated neighbour.
#[derive(Debug, Clone)]
pub(crate) struct Neighbour {
    pub(crate) who: Who,
    pub(crate) mark: Mark,
    /// The device has heard of it since it started.
    pub(crate) is_listed: bool,
    /// The device may have heard of it since it started.
    pub(crate) is_heard: bool,
    /// It has solicited routers since the device started.
    pub(crate) has_solicited: bool,
    /// Since it registered its address.
    pub(crate) registered: Option<Age>,
    /// The frame counter that it used last.
    pub(crate) counter: u64,
    /// A frame counter of a frame that the device took, under the key that it has.
    pub(crate) accepted: Option<u64>,
    /// Since it sent an SSR that is to be answered.
    pub(crate) asked: Option<Age>,
}

/// An address stays registered so long at least.
const REGISTERED_MS: u64 = 240_000;

impl Neighbour {
    /// Whether the device reaches it by its global address.
    pub(crate) fn is_registered(&self) -> bool {
        self.registered.is_some_and(|age| age.most < REGISTERED_MS)
    }
}

/// The model of one device in one walk.
#[derive(Debug, Clone)]
pub struct Model {
    facts: Facts,
    scene: Scene,
    script: Script,
    /// The key that it secures by.
    key: Option<Key>,
    /// It holds the first key beside the second.
    holds_both: bool,
    /// It was given the second key, and told to delete the first.
    deleted_first: bool,
    all_secured: bool,
    /// The sequence number of the last close or opening that it took.
    close_seq: u64,
    /// It holds that number: it may go with the last key, which is the domain's.
    knows_close_seq: bool,
    /// The border router's sending key.
    network: Key,
    neighbours: [Neighbour; 2],
    /// Since the links to the secured neighbours were set up.
    linked: Age,
    image: u64,
    /// The port of its application.
    application: Option<u64>,
    applications: u64,
    /// The last secured frame of the device whose counter is bound.
    last_frame: Option<String>,
    /// Secured frames that the device may have got since it started, at most.
    traffic: u64,
    /// A rule that every expectation decides too for now.
    because: Option<&'static Rule>,
    nonce: u64,
}

impl Model {
    /// A device that is installed and without power, beside a secured border router.
    pub fn new(facts: Facts, scene: Scene) -> Self {
        let neighbour = |who| Neighbour {
            who,
            mark: Mark::No,
            is_listed: false,
            is_heard: false,
            has_solicited: false,
            registered: None,
            counter: 1000,
            accepted: None,
            asked: None,
        };
        let mut model = Self {
            facts,
            scene,
            script: Script::default(),
            key: None,
            holds_both: false,
            deleted_first: false,
            all_secured: false,
            close_seq: 0,
            knows_close_seq: true,
            network: Key::First,
            neighbours: [neighbour(Who::First), neighbour(Who::Second)],
            linked: Age::default(),
            image: 1,
            application: None,
            applications: 0,
            last_frame: None,
            traffic: 0,
            because: None,
            nonce: 0,
        };
        model.prepare();
        model
    }

    /// Lets something happen: writes what brings it about and what judges it. `false`: it means nothing in this state.
    pub fn apply(&mut self, action: &Action) -> bool {
        let before = self.clone();
        self.script.comment(&action.to_string());
        if !matches!(action, Action::PowerCut { .. } | Action::Reset { .. }) {
            self.quiet();
        }
        let has_meaning = match *action {
            Action::PowerCut { off_s, watch_multicasts } => self.power_cut(off_s, watch_multicasts),
            Action::Reset { by_command, watch_multicasts } => self.reset(by_command, watch_multicasts),
            Action::FactoryReset => self.factory_reset(),
            Action::SecondAnchor => self.second_anchor(),
            Action::Image(number) => self.load_image(number),
            Action::Application { on } => self.configure_application(on),
            Action::WatchJsr { pauses } => self.watch_jsr(pauses),
            Action::Wait { seconds } => self.pause(seconds),
            Action::Provision => self.provision(),
            Action::Select { lost, watch } => self.select(lost, watch),
            Action::Flood { by, kind, count } => self.flood(by, kind, count),
            Action::SsrBurst(who) => self.ssr_burst(who),
            Action::WatchSsrs(who) => self.watch_ssrs(who),
            Action::Refresh => self.refresh(),
            Action::Solicit(who) => self.solicit(who),
            Action::Join => self.join(),
            Action::SendData { size } => self.send_data(size),
            Action::PutKey { post } => self.put_key(post),
            Action::NextKey => self.next_key(),
            Action::DeleteOld => self.delete_old(),
            Action::DeleteLast => self.delete_last(),
            Action::GetKeys => self.get_keys(),
            Action::Discover => self.discover(),
            Action::BadKey(number) => self.bad_key(number),
            Action::Close { value, step } => self.close(value, step),
            Action::CloseStale { value, back } => self.close_stale(value, back),
            Action::BadClose(number) => self.bad_close(number),
            Action::PlainFromTool { discovery } => self.plain_from_tool(discovery),
            Action::WrongSession { identity } => self.wrong_session(identity),
            Action::Session(look) => self.session(look),
            Action::SecondSession(who) => self.second_session(who),
            Action::IdleSession(who) => self.idle_session(who),
            Action::Announce(who) => self.announce(who),
            Action::Ssr { by, protection, form, lifetime } => self.ssr(by, protection, form, lifetime),
            Action::Echo { by, protection, size } => self.echo(by, protection, size),
            Action::Fragments { by, cut, mixed } => self.fragments(by, cut, mixed),
            Action::Transit { by, protection, kind, hop_limit } => self.transit(by, protection, kind, hop_limit),
            Action::Down(who) => self.down(who),
            Action::PlainRequest { by, protection, close } => self.plain_request(by, protection, close),
            Action::EchoToRouter { size } => self.echo_to_router(size),
            Action::EchoTo(who) => self.echo_to(who),
        };
        if !has_meaning {
            *self = before;
        }
        has_meaning
    }

    /// Whether the device holds a key.
    pub(crate) fn has_key(&self) -> bool {
        self.key.is_some()
    }

    /// Whether ALL_SECURED is true.
    pub(crate) fn is_closed(&self) -> bool {
        self.all_secured
    }

    /// Whether the link to a neighbour is marked, if that is known.
    pub(crate) fn is_marked(&self, who: Who) -> Option<bool> {
        self.neighbours[who.index()].mark.is_set()
    }

    /// Whether some link is marked for a few minutes only.
    pub(crate) fn has_short_mark(&self) -> bool {
        self.neighbours.iter().any(|neighbour| matches!(neighbour.mark, Mark::Yes { lifetime: 1..=5, .. }))
    }

    /// A neighbour of whom a frame was taken before the last start, and nothing since.
    pub(crate) fn may_replay(&self) -> Option<Who> {
        let is_so = |neighbour: &&Neighbour| neighbour.accepted.is_some() && !neighbour.is_heard;
        self.neighbours.iter().find(is_so).map(|neighbour| neighbour.who).filter(|_| self.key.is_some())
    }

    /// Whether the application runs.
    pub(crate) fn has_application(&self) -> bool {
        self.application.is_some()
    }

    /// Ends the case: the device is seen alive on the air once more, by what it sends to the border router.
    pub fn finish(mut self, head: &Head<'_>) -> (String, Vec<&'static Rule>) {
        self.script.comment("and it goes on");
        self.echo_to_router(8);
        let mut cited = self.script.rules().to_vec();
        cited.sort_by_key(|rule| rule.id);
        cited.dedup();
        (self.script.into_case(head), cited)
    }

    /// The topology of every walk.
    pub(crate) fn topology() -> &'static str {
        TOPOLOGY
    }

    fn put(&mut self, step: &Step) {
        self.traffic += step.frames();
        let also = self.because.filter(|_| step.is_judged()).map(|rule| step.clone().rule(rule));
        let step = also.as_ref().unwrap_or(step);
        let passed = self.script.put("step", step);
        self.pass(passed);
    }

    fn put_setup(&mut self, step: &Step) {
        self.script.put("setup", step);
    }

    fn wait(&mut self, span: &Span) {
        self.put(&wait(span));
    }

    fn pass(&mut self, passed: (u64, u64)) {
        self.linked.pass(passed);
        for neighbour in &mut self.neighbours {
            neighbour.mark.pass(passed);
            if let Some(age) = &mut neighbour.registered {
                age.pass(passed);
            }
            if let Some(age) = &mut neighbour.asked {
                age.pass(passed);
            }
        }
    }

    /// What is under way comes to its end: a device may find the channel busy for too long.
    fn quiet(&mut self) {
        self.wait(&Span::ms(500));
    }

    fn next_nonce(&mut self) -> u64 {
        self.nonce += 1;
        self.nonce
    }

    /// What every secured frame of the device is like.
    fn secured_frame(&self, step: Step) -> Step {
        let index = self.key.unwrap_or(self.network).index();
        let step = step
            .number("link.secured", 1)
            .word("wpan.aux_sec.sec_level", "$pixit.security_level")
            .number("wpan.aux_sec.key_id_mode", 1)
            .number("wpan.aux_sec.key_index", index)
            .number("wpan.src_addr_mode", 3)
            .rule(rules::TX_PROTECTION);
        match &self.last_frame {
            Some(name) => step
                .is("wpan.aux_sec.frame_counter", &format!("{{ min = \"${name}.wpan.aux_sec.frame_counter+1\" }}"))
                .rule(rules::TX_COUNTER),
            None => step,
        }
    }

    /// Ends an expectation of a secured frame, and remembers its counter.
    fn put_secured(&mut self, step: Step) {
        let name = self.script.fresh_name();
        let step = self.secured_frame(step).bind(&name);
        self.put(&step);
        self.last_frame = Some(name);
    }

    /// What every set secure request of the device to a board is like.
    fn ssr_to(&self, board: &str) -> Step {
        let step = element("sel.ssr").from("dut").to(board);
        self.ssr_form(step, board)
    }

    fn ssr_form(&self, step: Step, board: &str) -> Step {
        let step = step
            .number("icmpv6.type", 200)
            .number("icmpv6.code", 2)
            .number("icmpv6.checksum.status", 1)
            .number("sel.status", 0)
            .number("sel.reserved", 0)
            .word("sel.eui64", "$dut.eui64")
            .word("ipv6.src", "$dut.link_local")
            .word("ipv6.dst", &format!("${board}.link_local"))
            .word("ipv6.hlim", "$pixit.hop_limit");
        self.secured_frame(step).rule(rules::SSR_FORM)
    }

    /// What every join secure request of the device is like.
    fn jsr(&self, step: Step) -> Step {
        step.from("dut")
            .to("lbr")
            .number("icmpv6.type", 200)
            .number("icmpv6.code", 1)
            .number("icmpv6.checksum.status", 1)
            .number("sel.status", 0)
            .number("sel.reserved", 0)
            .number("sel.registration_lifetime", 0)
            .word("sel.eui64", "$dut.eui64")
            .word("ipv6.src", "$dut.global")
            .word("ipv6.dst", "$ct.address")
            .word("ipv6.hlim", "$pixit.hop_limit")
            .number("link.secured", 0)
            .rule(rules::JSR_COMES)
            .rule(rules::JSR_FORM)
            .rule(rules::JSR_WAY)
    }

    /// Asks the device for its state, and for the marks that are known.
    fn probe(&mut self, because: &'static Rule) {
        let flag = |set: bool| u64::from(set);
        let mut step = check("dut status")
            .number("ut.secured", flag(self.key.is_some()))
            .number("ut.all_secured", flag(self.all_secured));
        if self.image > 1 {
            step = step.number("ut.image", self.image);
        }
        if self.key.is_some() {
            step = step.word("ut.state", "secured");
        }
        self.put(&step.rule(because).rule(rules::STATE_KEPT));
        for index in 0..self.neighbours.len() {
            let Neighbour { who, mark, .. } = &self.neighbours[index];
            let Some(is_set) = mark.is_set() else { continue };
            let step = check(&format!("dut link neighbour=${}.eui64", who.name()))
                .number("ut.secured", flag(is_set))
                .rule(rules::MARK_BY_SSR_ONLY)
                .rule(rules::SSR_KEEPS);
            self.put(&step);
        }
    }

    /// What comes from the device to the border router.
    fn expect_to_router(&mut self, step: Step) {
        let step = step.from("dut").to("lbr");
        match self.key {
            Some(_) => self.put_secured(step.rule(rules::TX_MARKED)),
            None => self.put(&step.number("link.secured", 0).rule(rules::TX_UNKEYED)),
        }
    }

    /// The device sends an echo request to the border router.
    fn echo_to_router(&mut self, size: u16) -> bool {
        self.quiet();
        self.put(&crate::script::act(&format!("ut dut echo dest=$lbr.global size={size}")));
        let step = expect("icmpv6.echo_request", &Span::s(5))
            .word("ipv6.dst", "$lbr.global")
            .number("icmpv6.checksum.status", 1)
            .number("ipv6.plen", u64::from(size) + 8)
            .rule(rules::ECHO_REPLY);
        self.expect_to_router(step);
        true
    }
}
