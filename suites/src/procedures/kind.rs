//! What a procedure is: its name, its typed arguments, and the steps that it stands for.

use std::collections::BTreeMap;

use crate::liberties::Liberties;
use crate::plan::{StepKind, Topology};

/// A procedure that suites can `use`.
pub struct Procedure {
    /// Its name.
    pub name: &'static str,
    /// What it does, and in what state it leaves the boards.
    pub doc: &'static str,
    /// Its arguments.
    pub arguments: &'static [Argument],
    /// Writes out the steps; the error is a message and what to do.
    pub(crate) expand: fn(&Topology, &Arguments) -> Expansion,
}

/// The steps, or why there are none: a message and what to do.
pub(crate) type Expansion = Result<Vec<StepKind>, (String, String)>;

/// An argument of a procedure.
pub struct Argument {
    /// Its name.
    pub name: &'static str,
    /// What it means.
    pub doc: &'static str,
    /// What it may be.
    pub kind: ArgumentKind,
    /// Its value if it is left out, in TOML; `None`: it must be given.
    pub default: Option<&'static str>,
}

/// What an argument may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ArgumentKind {
    /// A board with an upper tester: the 6LBR, a 6LR or the device.
    Board,
    /// A list of such boards, or one.
    Boards,
    /// A tester radio.
    TesterRadio,
    /// `true` or `false`.
    Flag,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// 16 hex digits, or a reference such as `$tester.eui64`.
    Eui64,
    /// Boards joined by `-`, or `shuffleN`.
    Order,
}

impl std::fmt::Display for ArgumentKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Board => f.write_str("board"),
            Self::Boards => f.write_str("board or list of boards"),
            Self::TesterRadio => f.write_str("tester radio"),
            Self::Flag => f.write_str("true or false"),
            Self::Choice(words) => write!(f, "one of {}", words.join(", ")),
            Self::Eui64 => f.write_str("EUI-64"),
            Self::Order => f.write_str("boards joined by `-`, or `shuffleN`"),
        }
    }
}

/// The values of a call's arguments, checked against the topology.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Arguments {
    pub(super) boards: BTreeMap<&'static str, Vec<String>>,
    pub(super) texts: BTreeMap<&'static str, String>,
    pub(super) flags: BTreeMap<&'static str, bool>,
    pub(super) liberties: Liberties,
}

impl Arguments {
    pub(crate) fn boards(&self, name: &str) -> &[String] {
        self.boards.get(name).map(Vec::as_slice).unwrap_or_default()
    }

    pub(crate) fn board(&self, name: &str) -> &str {
        self.boards(name).first().map(String::as_str).unwrap_or_default()
    }

    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.texts.get(name).map(String::as_str)
    }

    pub(crate) fn flag(&self, name: &str) -> bool {
        self.flags.get(name).copied().unwrap_or_default()
    }

    pub(crate) fn liberties(&self) -> Liberties {
        self.liberties
    }
}
