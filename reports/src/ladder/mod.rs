//! Ladder diagrams: a lifeline a board, an arrow a PDU, time downwards in rows (not to scale: pauses are compressed).
//!
//! [`Ladder::of`] selects what is worth drawing, [`Ladder::svg`] draws it. Every row has a band of its own and its label
//! is cut to the drawing's width, so that labels can't overlap.

mod rows;
mod svg;

use std::collections::BTreeSet;

use suites::plan::Role;

use crate::input::CaseInput;

pub(crate) use rows::deciding_events;

/// About so many rows are drawn at most, separators and single rows between drawn ones not counted.
pub const MOST_ROWS: usize = 48;

/// Rows so far from the nearest deciding row are left out, if there is a deciding row.
pub const WINDOW: usize = 14;

/// So many lines of logs are drawn at most: a board may talk a lot.
pub const MOST_LOGS: usize = 16;

/// A pause at least so long (nanoseconds) is drawn as a break.
pub const PAUSE: u64 = 500_000_000;

/// What a case's page shows of its traffic.
#[derive(Debug, Clone, PartialEq)]
pub struct Ladder {
    /// From left to right.
    pub lifelines: Vec<Lifeline>,
    /// From top to bottom.
    pub rows: Vec<Row>,
    /// Rows before and after the window, and within it, that are not drawn.
    pub left_out: usize,
    /// Sniffed frames that belong to no PDU (acknowledgements, undecodable frames); not drawn.
    pub unnamed_frames: usize,
    /// Lines of logs that are not drawn: those beside rows that are left out, and more than [`MOST_LOGS`].
    pub left_out_logs: usize,
}

/// A vertical line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lifeline {
    /// Board name, or the address of somebody who is no board.
    pub name: String,
    /// What it is, if it is a board of the topology.
    pub role: Option<Role>,
    /// The same for people; empty if it is none.
    pub title: &'static str,
}

/// A horizontal band.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Nanoseconds since the case began.
    pub time: u64,
    /// Events that it was made of.
    pub events: Vec<u64>,
    /// The verdict rests on it.
    pub deciding: bool,
    /// What is drawn.
    pub kind: RowKind,
}

/// What a row shows. Lifelines are indices.
#[derive(Debug, Clone, PartialEq)]
pub enum RowKind {
    /// An arrow; several heads for a broadcast, none if nobody could be named.
    Message {
        /// The sender.
        from: usize,
        /// The receivers.
        to: Vec<usize>,
        /// Message name.
        name: String,
        /// One line.
        info: String,
        /// Protected at the link layer.
        secured: bool,
        /// Goes over the backbone, not the air.
        backbone: bool,
        /// Why it is wrong on purpose.
        wrong: Option<String>,
    },
    /// A line of the upper tester, at its board.
    Note {
        /// The board.
        at: usize,
        /// The line.
        text: String,
    },
    /// A line of a log, at whoever wrote it.
    Log {
        /// The board or machine, if it has a lifeline.
        at: Option<usize>,
        /// The line.
        text: String,
    },
    /// Power, an order, a key learnt, something lost: at a board, or across all.
    Mark {
        /// The board, if it concerns one.
        at: Option<usize>,
        /// What happened.
        text: String,
        /// Bad for the case's evidence.
        trouble: bool,
    },
    /// A step of the plan begins.
    Step {
        /// From 1.
        number: usize,
        /// The step's text.
        text: String,
    },
    /// Nothing drawn happened for so long (nanoseconds).
    Pause(u64),
    /// So many rows are left out here.
    LeftOut(usize),
}

impl Ladder {
    /// Selects the window around what decided; `None` if there is nothing to draw.
    pub fn of(case: &CaseInput<'_>) -> Option<Self> {
        rows::select(case)
    }

    /// Draws it. Rows link to `#e<n>` for the first of their events that stands in `listed`.
    pub fn svg(&self, listed: &BTreeSet<u64>) -> String {
        svg::draw(self, listed)
    }

    /// Where every label stands, in the drawing's units: what the drawing uses, for those who check it.
    pub fn labels(&self) -> Vec<Label> {
        svg::Layout::new(self).labels
    }

    /// Width and height of the drawing.
    pub fn size(&self) -> (f64, f64) {
        let layout = svg::Layout::new(self);
        (layout.width, layout.height)
    }
}

/// A text's place.
#[derive(Debug, Clone, PartialEq)]
pub struct Label {
    /// Row index.
    pub row: usize,
    /// Left edge.
    pub x: f64,
    /// Upper edge.
    pub y: f64,
    /// Width.
    pub width: f64,
    /// Height.
    pub height: f64,
    /// What stands there.
    pub text: String,
}
