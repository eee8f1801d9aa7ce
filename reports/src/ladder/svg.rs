//! Geometry and drawing of a ladder. Widths of texts are reckoned from the advance of a monospaced face.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::{Label, Ladder, Row, RowKind};
use crate::text::{clock, counted, cut, duration, escape};

/// Font size of labels and the advance of one character of a monospaced face at that size.
const ADVANCE: f64 = 6.65;
const LABEL_HEIGHT: f64 = 14.0;
/// Where the times stand.
const GUTTER: f64 = 98.0;
/// Space left and right of the outer lifelines.
const MARGIN: f64 = 74.0;
const HEAD: f64 = 46.0;
const FOOT: f64 = 30.0;
/// The drawing fills a laptop's page if it can.
const WANTED_WIDTH: f64 = 1080.0;
const LOCK: f64 = 13.0;

/// Everything's place.
pub(super) struct Layout {
    pub(super) width: f64,
    pub(super) height: f64,
    pub(super) labels: Vec<Label>,
    lifelines: Vec<f64>,
    tops: Vec<f64>,
}

impl Layout {
    pub(super) fn new(ladder: &Ladder) -> Self {
        let count = ladder.lifelines.len();
        let gaps = count.saturating_sub(1).max(1) as f64;
        let spacing = ((WANTED_WIDTH - GUTTER - 2.0 * MARGIN) / gaps).clamp(132.0, 300.0);
        let lifelines: Vec<f64> = (0..count).map(|index| GUTTER + MARGIN + spacing * index as f64).collect();
        let width = lifelines.last().map_or(WANTED_WIDTH, |last| last + MARGIN).max(620.0);
        let mut tops = Vec::new();
        let mut y = HEAD + 6.0;
        for row in &ladder.rows {
            tops.push(y);
            y += row_height(row);
        }
        let mut layout = Self { width, height: y + FOOT, labels: Vec::new(), lifelines, tops };
        layout.labels = ladder.rows.iter().enumerate().map(|(index, row)| layout.label(index, row)).collect();
        layout
    }

    fn lifeline(&self, index: usize) -> f64 {
        self.lifelines.get(index).copied().unwrap_or(GUTTER + MARGIN)
    }

    fn top(&self, row: usize) -> f64 {
        self.tops.get(row).copied().unwrap_or(HEAD)
    }

    fn label(&self, index: usize, row: &Row) -> Label {
        let mut lead = 0.0;
        let (text, centre, offset) = match &row.kind {
            RowKind::Message { from, to, name, info, secured, wrong, .. } => {
                lead = if *secured { LOCK } else { 0.0 };
                let ends: Vec<f64> = to.iter().chain([from]).map(|end| self.lifeline(*end)).collect();
                let (left, right) = span(&ends);
                (message_text(name, info, wrong.as_deref()), (left + right) / 2.0, 2.0)
            }
            RowKind::Note { at, text } => (text.clone(), self.lifeline(*at), 6.0),
            RowKind::Log { at, text } => (text.clone(), at.map_or(self.middle(), |at| self.lifeline(at)), 5.0),
            RowKind::Mark { at, text, .. } => (text.clone(), at.map_or(self.middle(), |at| self.lifeline(at)), 5.0),
            RowKind::Step { number, text } => (format!("step {number}  {text}"), 0.0, 9.0),
            RowKind::Pause(pause) => (format!("{} later", duration(*pause)), self.middle(), 5.0),
            RowKind::LeftOut(rows) => (format!("{} left out", counted(*rows, "row", "rows")), self.middle(), 5.0),
        };
        let least = if matches!(row.kind, RowKind::Step { .. }) { 8.0 } else { GUTTER };
        let room = ((self.width - least - 20.0 - lead) / ADVANCE).floor().max(8.0);
        let text = cut(text.trim(), room as usize);
        let width = text.chars().count() as f64 * ADVANCE + lead;
        let most = (self.width - 10.0 - width).max(least);
        let x = (centre - width / 2.0).clamp(least, most);
        Label { row: index, x, y: self.top(index) + offset, width, height: LABEL_HEIGHT, text }
    }

    fn middle(&self) -> f64 {
        (GUTTER + self.width) / 2.0
    }
}

fn row_height(row: &Row) -> f64 {
    match row.kind {
        RowKind::Message { .. } => 31.0,
        RowKind::Note { .. } => 27.0,
        RowKind::Step { .. } => 29.0,
        RowKind::Mark { .. } | RowKind::Log { .. } | RowKind::Pause(_) | RowKind::LeftOut(_) => 25.0,
    }
}

fn span(ends: &[f64]) -> (f64, f64) {
    let left = ends.iter().copied().fold(f64::INFINITY, f64::min);
    let right = ends.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    (left, right)
}

fn message_text(name: &str, info: &str, wrong: Option<&str>) -> String {
    let mut text = name.to_owned();
    if let Some(reason) = wrong {
        let _ = write!(text, " [wrong on purpose: {reason}]");
    }
    if !info.is_empty() {
        let _ = write!(text, "  {info}");
    }
    text
}

pub(super) fn draw(ladder: &Ladder, listed: &BTreeSet<u64>) -> String {
    let layout = Layout::new(ladder);
    let (width, height) = (layout.width, layout.height);
    let mut out = String::new();
    let _ = write!(
        out,
        "<svg class=\"ladder\" viewBox=\"0 0 {width:.0} {height:.0}\" width=\"{width:.0}\" height=\"{height:.0}\" \
         role=\"group\" aria-label=\"Ladder diagram, {}\">",
        counted(ladder.rows.iter().filter(|row| !row.events.is_empty()).count(), "row", "rows")
    );
    heads(ladder, &layout, &mut out);
    for (index, (row, label)) in ladder.rows.iter().zip(&layout.labels).enumerate() {
        draw_row(row, label, layout.top(index), &layout, listed, ladder, &mut out);
    }
    out.push_str("</svg>");
    out
}

fn heads(ladder: &Ladder, layout: &Layout, out: &mut String) {
    let bottom = layout.height - FOOT;
    for (index, lifeline) in ladder.lifelines.iter().enumerate() {
        let x = layout.lifeline(index);
        let name = escape(&cut(&lifeline.name, 17));
        let role = lifeline.title;
        let _ = write!(
            out,
            "<g class=\"head\"><title>{}</title><rect x=\"{:.1}\" y=\"2\" width=\"124\" height=\"38\" rx=\"5\"/>\
             <text x=\"{x:.1}\" y=\"18\" class=\"board\">{name}</text><text x=\"{x:.1}\" y=\"33\" class=\"role\">{role}</text>\
             <line class=\"life\" x1=\"{x:.1}\" y1=\"40\" x2=\"{x:.1}\" y2=\"{bottom:.1}\"/>\
             <text x=\"{x:.1}\" y=\"{:.1}\" class=\"board foot\">{name}</text></g>",
            escape(&lifeline.name),
            x - 62.0,
            layout.height - 11.0,
        );
    }
}

fn draw_row(
    row: &Row,
    label: &Label,
    top: f64,
    layout: &Layout,
    listed: &BTreeSet<u64>,
    ladder: &Ladder,
    out: &mut String,
) {
    let link = row.events.iter().find(|n| listed.contains(n));
    if let Some(n) = link {
        let tab = if row.deciding { "" } else { " tabindex=\"-1\"" };
        let _ = write!(out, "<a href=\"#e{n}\"{tab}>");
    }
    let class = if row.deciding { "row hot" } else { "row" };
    let _ = write!(out, "<g class=\"{class}\"><title>{}</title>", escape(&spoken(row, ladder)));
    let height = row_height(row);
    let _ = write!(
        out,
        "<rect class=\"band\" x=\"0\" y=\"{top:.1}\" width=\"{:.1}\" height=\"{height:.1}\"/>",
        layout.width
    );
    if row.deciding {
        let _ = write!(out, "<path class=\"flag\" d=\"M0 {top:.1}h4v{height:.1}h-4z\"/>");
    }
    if !row.events.is_empty() {
        let _ = write!(out, "<text class=\"time\" x=\"80\" y=\"{:.1}\">{}</text>", top + 17.0, clock(row.time));
    }
    shape(row, label, top, layout, out);
    out.push_str("</g>");
    if link.is_some() {
        out.push_str("</a>");
    }
}

fn shape(row: &Row, label: &Label, top: f64, layout: &Layout, out: &mut String) {
    let baseline = label.y + 11.0;
    match &row.kind {
        RowKind::Message { from, to, name, secured, backbone, wrong, .. } => {
            let y = top + 22.0;
            let kind = if *backbone { "arrow backbone" } else { "arrow" };
            let from = layout.lifeline(*from);
            for end in to.iter().map(|end| layout.lifeline(*end)) {
                let tip = if end < from { 7.0 } else { -7.0 };
                let _ = write!(
                    out,
                    "<path class=\"{kind}\" d=\"M{from:.1} {y:.1}H{:.1}\"/>\
                     <path class=\"tip\" d=\"M{end:.1} {y:.1}l{tip} -4v8z\"/>",
                    end + tip / 2.0
                );
            }
            let _ = write!(out, "<circle class=\"tip\" cx=\"{from:.1}\" cy=\"{y:.1}\" r=\"2.5\"/>");
            let mut x = label.x;
            if *secured {
                let _ = write!(
                    out,
                    "<path class=\"lock\" d=\"M{x:.1} {:.1}h9v7h-9zm2 0v-2.5a2.5 2.5 0 0 1 5 0v2.5\"/>",
                    label.y + 5.0
                );
                x += LOCK;
            }
            let (bold, plain) = match label.text.strip_prefix(name.as_str()) {
                Some(rest) => (name.as_str(), rest),
                None => (label.text.as_str(), ""),
            };
            let wrong = if wrong.is_some() { " wrong" } else { "" };
            let _ = write!(
                out,
                "<text class=\"label{wrong}\" x=\"{x:.1}\" y=\"{baseline:.1}\"><tspan class=\"name\">{}</tspan>{}</text>",
                escape(bold),
                escape(plain)
            );
        }
        RowKind::Note { .. } => boxed("note", label, out),
        RowKind::Log { .. } => boxed("log", label, out),
        RowKind::Mark { trouble, .. } => boxed(if *trouble { "mark trouble" } else { "mark" }, label, out),
        RowKind::Step { .. } => {
            let _ = write!(
                out,
                "<path class=\"rule\" d=\"M8 {:.1}H{:.1}\"/><text class=\"label step\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
                top + 6.5,
                layout.width - 8.0,
                label.x,
                baseline + 1.0,
                escape(&label.text)
            );
        }
        RowKind::Pause(_) | RowKind::LeftOut(_) => {
            let beside = |x: &&f64| **x + 8.0 < label.x || **x - 8.0 > label.x + label.width;
            for x in layout.lifelines.iter().filter(beside) {
                let _ =
                    write!(out, "<path class=\"break\" d=\"M{:.1} {:.1}l10 -4m-10 9l10 -4\"/>", x - 5.0, top + 12.0);
            }
            let _ = write!(
                out,
                "<text class=\"label quiet\" x=\"{:.1}\" y=\"{baseline:.1}\">{}</text>",
                label.x,
                escape(&label.text)
            );
        }
    }
}

fn boxed(class: &str, label: &Label, out: &mut String) {
    let _ = write!(
        out,
        "<rect class=\"{class}\" x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"19\" rx=\"3\"/>\
         <text class=\"label {class}\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
        label.x - 6.0,
        label.y - 2.0,
        label.width + 12.0,
        label.x,
        label.y + 11.0,
        escape(&label.text)
    );
}

/// The row as a sentence, for a screen reader and for the tooltip.
fn spoken(row: &Row, ladder: &Ladder) -> String {
    let name = |index: &usize| ladder.lifelines.get(*index).map_or("unknown", |lifeline| lifeline.name.as_str());
    let mut text = if row.events.is_empty() { String::new() } else { format!("{} s: ", clock(row.time)) };
    match &row.kind {
        RowKind::Message { from, to, name: message, info, secured, backbone, wrong } => {
            let _ = write!(text, "{message} from {}", name(from));
            if !to.is_empty() {
                let _ = write!(text, " to {}", to.iter().map(name).collect::<Vec<_>>().join(", "));
            }
            text.push_str(if *backbone {
                ", backbone"
            } else if *secured {
                ", secured"
            } else {
                ", not secured"
            });
            if let Some(reason) = wrong {
                let _ = write!(text, ", wrong on purpose: {reason}");
            }
            if !info.is_empty() {
                let _ = write!(text, ", {info}");
            }
        }
        RowKind::Note { at, text: note } => {
            let _ = write!(text, "{}: {note}", name(at));
        }
        RowKind::Log { at, text: log } => {
            let _ = write!(text, "log {}{log}", at.as_ref().map_or(String::new(), |at| format!("of {}: ", name(at))));
        }
        RowKind::Mark { at, text: mark, .. } => {
            let _ = write!(text, "{}{mark}", at.as_ref().map_or(String::new(), |at| format!("{}: ", name(at))));
        }
        RowKind::Step { number, text: step } => {
            let _ = write!(text, "step {number}: {step}");
        }
        RowKind::Pause(pause) => {
            let _ = write!(text, "{} later", duration(*pause));
        }
        RowKind::LeftOut(rows) => {
            let _ = write!(text, "{} left out", counted(*rows, "row", "rows"));
        }
    }
    if !row.events.is_empty() {
        let numbers: Vec<String> = row.events.iter().map(u64::to_string).collect();
        let _ = write!(text, " (events {})", numbers.join(", "));
    }
    if row.deciding {
        text.push_str(". The verdict rests on it");
    }
    text
}
