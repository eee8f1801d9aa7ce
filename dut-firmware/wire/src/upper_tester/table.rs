//! What UT/1 consists of, as data: a row for each command, event, state and feature. The suites' vocabulary, the tables of
//! `docs/upper-tester.md`, the doctor's self-test and the fakes read it; a device reads none of it, so that no octet of it lands
//! in an image.

use alloc::borrow::Cow;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::net::Ipv6Addr;

use super::form::{Form, decimal, eui64, from_hex, pan_id};
use super::{CommandFault, Request, decode_text};

/// The part of UT/1 that one mechanism brings; [`super::TABLE`] lists them all.
#[derive(Debug, Clone, Copy)]
pub struct Mechanism {
    /// `selective`.
    pub name: &'static str,
    /// What it is, a fragment.
    pub doc: &'static str,
    /// States of a device's life, in the order in which it comes to them.
    pub states: &'static [StateInfo],
    /// Its commands.
    pub commands: &'static [CommandInfo],
    /// Its events.
    pub events: &'static [EventInfo],
    /// Its words in `hello features=`.
    pub features: &'static [FeatureInfo],
    /// Keys that its devices add to answers to commands of other mechanisms: command and keys.
    pub adds: &'static [(&'static str, &'static [KeyInfo])],
}

/// A state that `status` and `booted` report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StateInfo {
    /// `factory`.
    pub name: &'static str,
    /// What it means.
    pub doc: &'static str,
}

/// A command.
#[derive(Debug, Clone, Copy)]
pub struct CommandInfo {
    /// The word of the request.
    pub name: &'static str,
    /// Whose it is: a [`Mechanism::name`].
    pub mechanism: &'static str,
    /// Its arguments.
    pub keys: &'static [KeyInfo],
    /// When it is valid; otherwise the answer is `error code=state`.
    pub when: When,
    /// Keys of its answer, but for those that mechanisms add: [`answers`] has all.
    pub answers: &'static [KeyInfo],
    /// The state that a device which was in none beyond it is in afterwards.
    pub brings: Option<&'static str>,
    /// What it does.
    pub doc: &'static str,
    /// Judges the arguments of a request for it.
    pub check: fn(&Request) -> Result<(), CommandFault>,
}

/// When a command is valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct When {
    /// In these states; none: in each.
    pub states: &'static [&'static str],
    /// And with its stack so.
    pub stack: Stack,
    /// The same for people.
    pub words: &'static str,
}

/// What a device's stack does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stack {
    /// That does not matter.
    Any,
    /// It does not run yet.
    Stopped,
    /// It runs.
    Running,
}

/// An event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventInfo {
    /// Its name.
    pub name: &'static str,
    /// Whose it is: a [`Mechanism::name`].
    pub mechanism: &'static str,
    /// Its arguments, but for `t`.
    pub keys: &'static [KeyInfo],
    /// The commands that usually bring it about, and how long after each, in milliseconds; `start` stands for a boot of an
    /// installed device too.
    pub usually: &'static [(&'static str, u32)],
    /// In these states; none: in each.
    pub states: &'static [&'static str],
    /// The state that a device which was in none beyond it is in afterwards.
    pub brings: Option<&'static str>,
    /// When it is told.
    pub doc: &'static str,
}

/// A word in `hello features=`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeatureInfo {
    /// The word.
    pub name: &'static str,
    /// The commands, perhaps with an argument (`install find=`, `manufacture anchor=cert`), that a device without it answers by
    /// `unimplemented`.
    pub needed_by: &'static [&'static str],
    /// What a device with it can do.
    pub doc: &'static str,
}

/// An argument of a command, or a key of an answer or event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyInfo {
    /// Without `=`.
    pub name: &'static str,
    /// What its values are.
    pub kind: Kind,
    /// Whether it has to be there.
    pub required: Required,
    /// What it means, where that is more than its name says.
    pub doc: &'static str,
}

/// Whether a key has to be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Required {
    /// Always.
    Always,
    /// It may be left out.
    Perhaps,
    /// Together with this argument, or in place of the ones that are named so: `anchor=psk`.
    With(&'static str),
}

/// What the values of a key are. In answers and events `-` stands for a value that does not apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// One of these words.
    Words(&'static [&'static str]),
    /// Any word.
    Word,
    /// Words with commas between them.
    List,
    /// A decimal number from `min` to `max`.
    Number {
        /// Least.
        min: u64,
        /// Greatest.
        max: u64,
    },
    /// `0` or `1`.
    Flag,
    /// 16 hex digits in canonical order.
    Eui64,
    /// An address in the usual notation.
    Ipv6,
    /// `0x` and hex digits, below 0xffff.
    PanId,
    /// 32 hex digits.
    Key,
    /// Pairs of hex digits, at most so many; `-` for none.
    Hex {
        /// Octets.
        most: usize,
    },
    /// Lines of text, written as [`super::encode_text`] does.
    Text,
}

impl Kind {
    /// Any number.
    pub const NUMBER: Self = Self::Number { min: 0, max: u64::MAX };

    /// How a value is written, for people: `6lr|6lbr`, `1..255`, `EUI64`.
    pub fn notation(self) -> String {
        match self {
            Self::Words(words) => words.join("|"),
            Self::Word => "WORD".into(),
            Self::List => "LIST".into(),
            Self::Number { min: 0, max: u64::MAX } => "N".into(),
            Self::Number { min, max: u64::MAX } => format!("{min}.."),
            Self::Number { min, max } => format!("{min}..{max}"),
            Self::Flag => "0|1".into(),
            Self::Eui64 => "EUI64".into(),
            Self::Ipv6 => "IPV6".into(),
            Self::PanId => "0xHEX".into(),
            Self::Key => "KEY".into(),
            Self::Hex { .. } => "HEX".into(),
            Self::Text => "TEXT".into(),
        }
    }

    /// Whether a value is one of these; of answers and events `-` is none here.
    pub fn holds(self, value: &str) -> bool {
        match self {
            Self::Words(words) => words.contains(&value),
            Self::Word | Self::List => !value.is_empty(),
            Self::Number { min, max } => decimal(value).is_some_and(|number: u64| (min..=max).contains(&number)),
            Self::Flag => matches!(value, "0" | "1"),
            Self::Eui64 => eui64(value).is_some(),
            Self::Ipv6 => value.parse::<Ipv6Addr>().is_ok(),
            Self::PanId => pan_id(value).is_some(),
            Self::Key => from_hex(value).is_some_and(|octets| octets.len() == 16),
            Self::Hex { most } => from_hex(value).is_some_and(|octets| octets.len() <= most),
            Self::Text => decode_text(value).is_some(),
        }
    }
}

impl KeyInfo {
    /// An argument of this form.
    pub(super) const fn of<T>(name: &'static str, form: &Form<T>) -> Self {
        let required = if form.default.is_none() { Required::Always } else { Required::Perhaps };
        Self { name, kind: form.kind, required, doc: "" }
    }

    /// Of a group of arguments: there under this condition.
    pub(super) const fn when(self, required: Required) -> Self {
        Self { required, ..self }
    }
}

/// A key of an answer or event that is always there.
pub(super) const fn told(name: &'static str, kind: Kind) -> KeyInfo {
    KeyInfo { name, kind, required: Required::Always, doc: "" }
}

/// A key of an answer that a device may leave out.
pub(super) const fn perhaps(name: &'static str, kind: Kind) -> KeyInfo {
    KeyInfo { name, kind, required: Required::Perhaps, doc: "" }
}

/// A counter since boot; a device may lack it.
pub(super) const fn counter(name: &'static str, doc: &'static str) -> KeyInfo {
    KeyInfo { name, kind: Kind::NUMBER, required: Required::Perhaps, doc }
}

impl When {
    /// Whether a command is valid in this state, the stack running or not.
    pub fn allows(&self, state: &str, is_running: bool) -> bool {
        let stack = match self.stack {
            Stack::Any => true,
            Stack::Stopped => !is_running,
            Stack::Running => is_running,
        };
        stack && (self.states.is_empty() || self.states.contains(&state))
    }
}

/// A command that no upper tester knows: one that does not answer it by `unimplemented` understands nothing.
pub const NONSENSE: &str = "xyzzy";

/// Every command.
pub fn commands() -> impl Iterator<Item = &'static CommandInfo> + Clone {
    super::TABLE.iter().flat_map(|mechanism| mechanism.commands)
}

/// The command of a name.
pub fn command(name: &str) -> Option<&'static CommandInfo> {
    commands().find(|command| command.name == name)
}

/// Every event.
pub fn events() -> impl Iterator<Item = &'static EventInfo> + Clone {
    super::TABLE.iter().flat_map(|mechanism| mechanism.events)
}

/// Every state, in the order of a life.
pub fn states() -> impl Iterator<Item = &'static StateInfo> + Clone {
    super::TABLE.iter().flat_map(|mechanism| mechanism.states)
}

/// Every word of `hello features=`.
pub fn features() -> impl Iterator<Item = &'static FeatureInfo> + Clone {
    super::TABLE.iter().flat_map(|mechanism| mechanism.features)
}

/// Every key of a command's answer after `ok`: its own, and those that mechanisms add.
pub fn answers(command: &CommandInfo) -> impl Iterator<Item = &'static KeyInfo> + Clone {
    let name = command.name;
    let added = super::TABLE.iter().flat_map(|mechanism| mechanism.adds).filter(move |(to, _)| *to == name);
    command.answers.iter().chain(added.flat_map(|(_, keys)| *keys))
}

/// The commands that only ask, and need no argument: whoever looks at a device may send them at any time.
pub fn questions() -> impl Iterator<Item = &'static CommandInfo> + Clone {
    let asks = |command: &&CommandInfo| answers(command).next().is_some() && command.when == super::when::ALWAYS;
    let needs = |command: &&CommandInfo| command.keys.iter().any(|key| key.required == Required::Always);
    commands().filter(move |command| asks(command) && !needs(command))
}

/// What is wrong with what a device told in its answer to a command, as sentences: keys that it lacks, and values that are none.
/// `told` finds the value of a key.
pub fn problems<'t>(command: &CommandInfo, told: impl Fn(&str) -> Option<Cow<'t, str>>) -> Vec<String> {
    let problem = |key: &KeyInfo| match told(key.name) {
        None if key.required == Required::Always => Some(format!("its `{}` lacks `{}=`", command.name, key.name)),
        None => None,
        Some(value) if value == "-" || key.kind.holds(&value) => None,
        Some(value) => {
            Some(format!("its `{}` tells `{}={value}`, which is no {}", command.name, key.name, key.kind.notation()))
        }
    };
    answers(command).filter_map(problem).collect()
}

/// Whether a device that names these features (`features=` of `hello`) has to know a command.
pub fn is_due(command: &CommandInfo, named: &str) -> bool {
    let needs = |feature: &&FeatureInfo| feature.needed_by.contains(&command.name);
    features().filter(needs).all(|feature| named.split(',').any(|name| name == feature.name))
}

/// Every key that a device tells: of answers first, then of events. One may come more than once, with other values.
pub fn told_keys() -> impl Iterator<Item = &'static KeyInfo> + Clone {
    commands().flat_map(answers).chain(events().flat_map(|event| event.keys))
}
