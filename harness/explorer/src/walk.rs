//! Walks: what happens next, at random, by what the model knows of the device.

use crate::action::{Action, Kind, Look, Protection, SsrForm, Who};
use crate::facts::Facts;
use crate::model::Model;
use crate::scene::Scene;

/// Numbers that look random: SplitMix64 (Steele, Lea, Flood 2014). The same seed gives the same walk for ever.
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    /// For the walk of this number of a run with this seed.
    pub fn new(seed: u64, walk: u64) -> Self {
        let mut dice = Self(seed ^ walk.wrapping_mul(0xd6e8_feb8_6659_fd93));
        dice.next();
        dice
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Below `bound`, which is not 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound.max(1)
    }

    fn one_in(&mut self, chance: u64) -> bool {
        self.below(chance) == 0
    }

    fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[usize::try_from(self.below(all.len() as u64)).unwrap_or(0)]
    }

    fn index(&mut self, length: usize) -> usize {
        usize::try_from(self.below(length as u64)).unwrap_or(0)
    }

    fn who(&mut self) -> Who {
        self.of(&[Who::First, Who::First, Who::Second])
    }
}

/// A walk of so many actions, and what it is played in.
pub fn walk(facts: &Facts, dice: &mut Dice, steps: usize) -> (Scene, Vec<Action>) {
    let scene = Scene::drawn(facts, dice);
    let mut model = Model::new(facts.clone(), scene);
    let swarm = Swarm::drawn(dice);
    let mut actions = Vec::new();
    let mut tries = 0;
    while actions.len() < steps && tries < steps * 20 {
        tries += 1;
        let action = next_action(&model, &swarm, dice);
        if model.apply(&action) {
            actions.push(action);
        }
    }
    (scene, actions)
}

/// What may happen, with how likely it is.
type Choice = (u32, fn(&Model, &mut Dice) -> Action);

/// In every state.
const ALWAYS: &[Choice] = &[
    (3, |_, dice| Action::PowerCut { off_s: dice.of(&[1, 5, 90]), watch_multicasts: dice.one_in(4) }),
    (3, |_, dice| Action::Reset { by_command: dice.one_in(2), watch_multicasts: dice.one_in(4) }),
    (1, |_, _| Action::FactoryReset),
    (1, |_, _| Action::SecondAnchor),
    (2, |_, dice| Action::Image(dice.index(crate::model::life::IMAGES.len()))),
    (2, |model, dice| Action::Application { on: !model.has_application() || dice.one_in(2) }),
    (4, |model, dice| {
        let most = if model.has_application() { 3 } else { 6 };
        if model.has_short_mark() && dice.one_in(2) {
            return Action::Wait { seconds: dice.of(&[70, 130]) };
        }
        Action::Wait { seconds: [2, 20, 70, 130, 1_900, 3_700][dice.index(most)] }
    }),
    (12, |model, dice| echo(model, dice)),
    (8, |model, dice| transit(model, dice)),
    (3, |_, dice| Action::Fragments { by: dice.who(), cut: dice.index(3), mixed: dice.one_in(2) }),
    (8, |model, dice| ssr(model, dice)),
    (5, |_, dice| Action::Announce(dice.who())),
    (3, |_, dice| Action::Down(dice.who())),
    (3, |_, dice| Action::EchoToRouter { size: dice.of(&[0, 8, 200, 900]) }),
    (3, |_, dice| Action::EchoTo(dice.who())),
    (3, |model, dice| {
        let by = dice.who();
        Action::PlainRequest { by, protection: protection(model, by, dice), close: dice.one_in(2) }
    }),
    (2, |_, dice| Action::PlainFromTool { discovery: dice.one_in(2) }),
    (2, |_, dice| Action::WrongSession { identity: dice.one_in(2) }),
    (3, |_, dice| {
        Action::Session(dice.of(&[Look::Suite, Look::Hint, Look::Secret, Look::WithoutSecret, Look::Cookie]))
    }),
    (3, |_, dice| Action::Flood {
        by: dice.who(),
        kind: dice.index(crate::action::FLOODS.len()),
        count: dice.of(&[3, 40, 100]),
    }),
    (2, |_, dice| Action::Solicit(dice.who())),
    (2, |_, dice| Action::SendData { size: dice.of(&[1, 8, 160]) }),
    (3, |_, dice| Action::SecondSession(dice.who())),
    (3, |_, dice| Action::IdleSession(dice.who())),
    (2, |_, _| Action::GetKeys),
    (1, |_, _| Action::Discover),
    (3, |_, dice| Action::BadKey(dice.index(crate::model::BAD_KEYS.len()))),
];

/// Without a key.
const UNKEYED: &[Choice] = &[
    (10, |_, _| Action::Provision),
    (10, |_, dice| Action::Select {
        lost: if dice.one_in(3) { dice.of(&[1, 2, 3]) } else { 0 },
        watch: dice.one_in(3),
    }),
    (2, |_, _| Action::Join),
    (6, |_, dice| Action::PutKey { post: dice.one_in(2) }),
    (2, |_, dice| Action::WatchJsr { pauses: dice.of(&[2, 3, 5]) }),
    (1, |_, _| Action::Close { value: true, step: 1 }),
];

/// With a key.
const KEYED: &[Choice] = &[
    (3, |_, dice| Action::SsrBurst(dice.who())),
    (4, |_, dice| Action::WatchSsrs(dice.who())),
    (1, |_, _| Action::Refresh),
    (2, |_, dice| Action::PutKey { post: dice.one_in(2) }),
    (1, |_, _| Action::Provision),
    (2, |_, _| Action::NextKey),
    (3, |_, _| Action::DeleteOld),
    (2, |_, _| Action::DeleteLast),
    (6, |model, dice| Action::Close {
        value: if dice.one_in(4) { model.is_closed() } else { !model.is_closed() },
        step: dice.of(&[1, 1, 2, 255, 256, 65_536]),
    }),
    (4, |model, dice| Action::CloseStale {
        value: if dice.one_in(4) { model.is_closed() } else { !model.is_closed() },
        back: dice.of(&[0, 0, 1, 2, 255, 256]),
    }),
    (1, |_, dice| Action::BadClose(dice.index(crate::model::BAD_CLOSES.len()))),
];

/// How much of each kind of action a walk has: much, little or none. Walks that are all alike find what is likely only (Groce et
/// al. 2012, "Swarm testing").
struct Swarm {
    always: Vec<u32>,
    keyed: Vec<u32>,
}

impl Swarm {
    fn drawn(dice: &mut Dice) -> Self {
        let mut factors = |choices: &[Choice]| choices.iter().map(|_| dice.of(&[0, 1, 1, 4])).collect();
        Self { always: factors(ALWAYS), keyed: factors(KEYED) }
    }

    /// Every choice in this state, with its weight. How a device gets its key is left as it is: all else rests on it.
    fn choices(&self, has_key: bool) -> Vec<(u32, &'static Choice)> {
        let weighed = |choices: &'static [Choice], factors: &[u32]| -> Vec<(u32, &'static Choice)> {
            choices.iter().zip(factors).map(|(choice, factor)| (choice.0 * factor, choice)).collect()
        };
        let mut all = weighed(ALWAYS, &self.always);
        all.extend(match has_key {
            true => weighed(KEYED, &self.keyed),
            false => weighed(UNKEYED, &[1; UNKEYED.len()]),
        });
        all
    }
}

fn next_action(model: &Model, swarm: &Swarm, dice: &mut Dice) -> Action {
    // What was taken before a restart, once more after it.
    if let Some(by) = model.may_replay()
        && dice.one_in(3)
    {
        return Action::Echo { by, protection: Protection::Replayed, size: 8 };
    }
    let all = swarm.choices(model.has_key());
    let sum: u32 = all.iter().map(|(weight, _)| weight).sum();
    let mut drawn = dice.below(sum.into());
    for (weight, (_, make)) in all {
        match drawn.checked_sub(u64::from(weight)) {
            Some(left) => drawn = left,
            None => return make(model, dice),
        }
    }
    Action::Wait { seconds: 1 }
}

/// A protection: as often the right one as all others together.
fn protection(model: &Model, by: Who, dice: &mut Dice) -> Protection {
    let right = match (model.has_key(), model.is_marked(by)) {
        (true, Some(true)) => Protection::Good,
        (true, _) if model.is_closed() || dice.one_in(2) => Protection::Good,
        _ => Protection::Plain,
    };
    if dice.one_in(2) {
        return right;
    }
    if model.is_without_first() && dice.one_in(3) {
        return Protection::OldKey;
    }
    match dice.below(10) {
        0..=2 => Protection::Plain,
        3 => Protection::Good,
        4 => Protection::Low(dice.of(&[1, 2, 3])),
        5 => Protection::BadCode,
        6 => Protection::WrongKey,
        7 => Protection::WrongIndex(dice.of(&[3, 200, 255])),
        8 if dice.one_in(2) => Protection::LastCounter,
        _ => Protection::Replayed,
    }
}

fn echo(model: &Model, dice: &mut Dice) -> Action {
    let by = dice.who();
    Action::Echo { by, protection: protection(model, by, dice), size: dice.of(&[0, 8, 8, 56, 200, 600]) }
}

fn transit(model: &Model, dice: &mut Dice) -> Action {
    let by = dice.who();
    let kind = match dice.below(4) {
        0 | 1 => Kind::Echo(dice.of(&[0, 8, 200])),
        2 => Kind::Udp(dice.of(&[1, 30, 300])),
        _ => Kind::Jsr,
    };
    Action::Transit { by, protection: protection(model, by, dice), kind, hop_limit: dice.of(&[64, 64, 255, 2, 1]) }
}

fn ssr(model: &Model, dice: &mut Dice) -> Action {
    let by = dice.who();
    let is_right = dice.one_in(2);
    let protection = if is_right || dice.one_in(2) { Protection::Good } else { protection(model, by, dice) };
    let form = match (is_right, dice.below(6)) {
        (true, _) => SsrForm::Right,
        (_, 0) => SsrForm::Liberties {
            status: dice.of(&[0, 1, 255]),
            reserved: dice.of(&[0, 1, 255]),
            hop_limit: dice.of(&[1, 64, 255]),
            trailing: dice.one_in(2),
        },
        (_, 1) => SsrForm::Checksum,
        (_, 2) => SsrForm::OfAnother,
        (_, 3) => SsrForm::Code(dice.of(&[0, 3, 255])),
        (_, 4) => SsrForm::Short(dice.of(&[8, 15])),
        _ => SsrForm::Right,
    };
    // Against what is there: one that must count for nothing would take the mark away, or bring it.
    let lifetime = match model.is_marked(by) {
        Some(true) => dice.of(&[0, 0, 1, 60, 65_535]),
        _ => dice.of(&[1, 2, 60, 60, 300, 65_535, 0]),
    };
    Action::Ssr { by, protection, form, lifetime }
}
