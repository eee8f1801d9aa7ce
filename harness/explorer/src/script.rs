//! The text of a case, step by step, as a person would write it: what a walk is played as, and what is left of one that found
//! something.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::rules::Rule;

/// A span of time as a suite writes it, with how long it is at most.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Span {
    /// `$pixit.ssr_within+25s`.
    pub(crate) text: String,
    /// Milliseconds.
    pub(crate) ms: u64,
}

impl Span {
    /// So many milliseconds.
    pub(crate) fn ms(ms: u64) -> Self {
        let text = if ms.is_multiple_of(1000) { format!("{}s", ms / 1000) } else { format!("{ms}ms") };
        Self { text, ms }
    }

    /// So many seconds.
    pub(crate) fn s(seconds: u64) -> Self {
        Self::ms(1000 * seconds)
    }

    /// This and so many seconds.
    pub(crate) fn plus(&self, seconds: u64) -> Self {
        Self { text: format!("{}+{seconds}s", self.text), ms: self.ms + 1000 * seconds }
    }

    /// Both, one after the other.
    pub(crate) fn and(&self, other: &Self) -> Self {
        Self { text: format!("{}+{}", self.text, other.text), ms: self.ms + other.ms }
    }
}

/// Text as a TOML string.
pub(crate) fn quoted(text: &str) -> String {
    if text.contains(['"', '\\']) { format!("'{text}'") } else { format!("\"{text}\"") }
}

/// A step on its way into a script. Made by [`step`] and its kin, ended by [`Script::put`].
#[derive(Debug, Clone)]
pub(crate) struct Step {
    /// `key = value` lines, in order.
    lines: Vec<(String, String)>,
    /// `"field" = constraint`.
    fields: Vec<String>,
    /// The name of the table that `fields` become.
    table: &'static str,
    rules: Vec<&'static Rule>,
    /// How long the step takes at least and at most, in milliseconds.
    takes: (u64, u64),
    /// How many frames it sends the device at most.
    frames: u64,
}

fn step(kind: &str, value: String, table: &'static str, takes: (u64, u64)) -> Step {
    Step { lines: vec![(kind.to_owned(), value)], fields: Vec::new(), table, rules: Vec::new(), takes, frames: 0 }
}

/// How long an upper tester has for an answer, and a power switch for its work.
const UPPER_TESTER_MS: u64 = 2_000;

/// `do = "..."` of an upper tester or of the power.
pub(crate) fn act(command: &str) -> Step {
    step("do", quoted(command), "set", (0, UPPER_TESTER_MS)).brings(if command.contains(" echo ") { 12 } else { 0 })
}

/// `do = "..."` of a station of the tester, that takes so long at most.
pub(crate) fn order(command: &str, most: &Span) -> Step {
    // A handshake in fragments, a request, a farewell.
    step("do", quoted(command), "set", (0, most.ms)).brings(20)
}

/// `use = "PROCEDURE"`.
pub(crate) fn procedure(name: &str, with: &str, most_ms: u64) -> Step {
    let step = step("use", quoted(name), "set", (0, most_ms));
    if with.is_empty() { step } else { step.line("with", format!("{{ {with} }}")) }
}

/// `expect = "MESSAGE"` within a time.
pub(crate) fn expect(message: &str, within: &Span) -> Step {
    step("expect", quoted(message), "where", (0, within.ms)).line("within", quoted(&within.text))
}

/// An element of `unordered`, without a time of its own.
pub(crate) fn element(message: &str) -> Step {
    step("expect", quoted(message), "where", (0, 0))
}

/// An event of an upper tester, as an element.
pub(crate) fn event(board: &str, name: &str) -> Step {
    element("ut.event").text("at", "ut").from(board).line("search", "true".to_owned()).is("ut.event", &quoted(name))
}

/// `unordered = [...]`.
pub(crate) fn unordered(elements: Vec<Step>, within: &Span) -> Step {
    let rules = elements.iter().flat_map(|element| element.rules.clone()).collect();
    let tables: Vec<String> = elements.iter().map(Step::inline).collect();
    let mut all = step("unordered", format!("[\n    {},\n  ]", tables.join(",\n    ")), "where", (0, within.ms));
    all.rules = rules;
    all.line("within", quoted(&within.text))
}

/// `alt = [...]`.
pub(crate) fn alternatives(elements: Vec<Step>, within: &Span) -> Step {
    let mut all = unordered(elements, within);
    if let Some((kind, _)) = all.lines.first_mut() {
        "alt".clone_into(kind);
    }
    all
}

/// `never = "MESSAGE"` for a time.
pub(crate) fn never(message: &str, during: &Span) -> Step {
    let takes = (during.ms, during.ms + 2 * UPPER_TESTER_MS);
    step("never", quoted(message), "where", takes).line("during", quoted(&during.text))
}

/// `check = "BOARD COMMAND"`.
pub(crate) fn check(command: &str) -> Step {
    step("check", quoted(command), "where", (0, UPPER_TESTER_MS))
}

/// `send = "MESSAGE"` by a tester radio, to the device.
pub(crate) fn send(message: &str, by: &str) -> Step {
    step("send", quoted(message), "set", (0, 100)).text("by", by).text("to", "dut").brings(8)
}

/// `deviate = "MESSAGE"`: the commissioning tool's next messages of this name are lost.
pub(crate) fn drops(message: &str, times: u8) -> Step {
    step("deviate", quoted(message), "where", (0, 0)).line("drop", "true".to_owned()).line("times", times.to_string())
}

/// `wait = "..."`.
pub(crate) fn wait(span: &Span) -> Step {
    step("wait", quoted(&span.text), "where", (span.ms, span.ms))
}

impl Step {
    /// How many frames it sends the device at most.
    pub(crate) fn frames(&self) -> u64 {
        self.frames
    }

    /// Whether it decides some rule.
    pub(crate) fn is_judged(&self) -> bool {
        !self.rules.is_empty()
    }

    fn brings(mut self, frames: u64) -> Self {
        self.frames = frames;
        self
    }

    fn line(mut self, key: &str, value: String) -> Self {
        self.lines.push((key.to_owned(), value));
        self
    }

    fn text(self, key: &str, value: &str) -> Self {
        self.line(key, quoted(value))
    }

    /// The link-layer sender, or the board.
    pub(crate) fn from(self, board: &str) -> Self {
        self.text("from", board)
    }

    /// The link-layer receiver.
    pub(crate) fn to(self, board: &str) -> Self {
        self.text("to", board)
    }

    /// Skips what does not match.
    pub(crate) fn search(self) -> Self {
        self.line("search", "true".to_owned())
    }

    /// A name for later references.
    pub(crate) fn bind(self, name: &str) -> Self {
        self.text("bind", name)
    }

    /// What must come of an order or a command.
    pub(crate) fn answer(self, answer: &str) -> Self {
        self.text("answer", answer)
    }

    /// How long an order may take.
    pub(crate) fn text_within(self, within: &Span) -> Self {
        self.text("within", &within.text)
    }

    /// Secured at the device's level.
    pub(crate) fn secured(self) -> Self {
        self.text("level", "$pixit.security_level")
    }

    /// Secured at this level.
    pub(crate) fn level(self, level: u8) -> Self {
        self.line("level", level.to_string())
    }

    /// A field and its constraint, or a field that is set, as TOML.
    pub(crate) fn is(mut self, field: &str, value: &str) -> Self {
        self.fields.push(format!("{} = {value}", if field == "time" { field.to_owned() } else { quoted(field) }));
        self
    }

    /// A field that is a number.
    pub(crate) fn number(self, field: &str, value: u64) -> Self {
        self.is(field, &value.to_string())
    }

    /// A field that is text, or a reference.
    pub(crate) fn word(self, field: &str, value: &str) -> Self {
        self.is(field, &quoted(value))
    }

    /// A number in a range.
    pub(crate) fn range(self, field: &str, min: u64, max: u64) -> Self {
        self.is(field, &format!("{{ min = {min}, max = {max} }}"))
    }

    /// Adds a rule that the step decides.
    pub(crate) fn rule(mut self, rule: &'static Rule) -> Self {
        self.rules.push(rule);
        self
    }

    fn table_text(&self) -> Option<String> {
        (!self.fields.is_empty()).then(|| format!("{{ {} }}", self.fields.join(", ")))
    }

    /// An element as a step of its own.
    pub(crate) fn alone(self, within: &Span) -> Self {
        let mut step = self.line("within", quoted(&within.text));
        step.takes = (0, within.ms);
        step
    }

    /// As an element of `unordered`.
    fn inline(&self) -> String {
        let mut parts: Vec<String> = self.lines.iter().map(|(key, value)| format!("{key} = {value}")).collect();
        parts.extend(self.table_text().map(|table| format!("{} = {table}", self.table)));
        format!("{{ {} }}", parts.join(", "))
    }
}

/// The case as far as it is written.
#[derive(Debug, Clone, Default)]
pub(crate) struct Script {
    text: String,
    rules: Vec<&'static Rule>,
    bindings: u32,
}

impl Script {
    /// Ends a step of this part (`setup` or `step`); gives how long it takes at least and at most, in milliseconds.
    pub(crate) fn put(&mut self, part: &str, step: &Step) -> (u64, u64) {
        let out = &mut self.text;
        let _ = writeln!(out, "  [[case.{part}]]");
        for (key, value) in &step.lines {
            let _ = writeln!(out, "  {key} = {value}");
        }
        if let Some(table) = step.table_text() {
            let _ = writeln!(out, "  {} = {table}", step.table);
        }
        if !step.rules.is_empty() {
            let clauses: BTreeSet<&str> = step.rules.iter().flat_map(|rule| rule.clauses).copied().collect();
            let clauses: Vec<String> = clauses.into_iter().map(quoted).collect();
            let ids: Vec<&str> = step.rules.iter().map(|rule| rule.id).collect();
            let _ = writeln!(out, "  clauses = [{}] # {}", clauses.join(", "), ids.join(", "));
        }
        self.rules.extend(&step.rules);
        step.takes
    }

    /// A line for people.
    pub(crate) fn comment(&mut self, text: &str) {
        let _ = writeln!(self.text, "  # {text}");
    }

    /// A name that no step has bound.
    pub(crate) fn fresh_name(&mut self) -> String {
        self.bindings += 1;
        format!("frame{}", self.bindings)
    }

    /// The rules that its steps cite, a repeated one as often as it is cited.
    pub(crate) fn rules(&self) -> &[&'static Rule] {
        &self.rules
    }

    /// The whole file.
    pub(crate) fn into_case(self, head: &Head<'_>) -> String {
        let clauses: BTreeSet<&str> = self.rules.iter().flat_map(|rule| rule.clauses).copied().collect();
        let clauses: Vec<String> = clauses.into_iter().map(|clause| format!("    {},\n", quoted(clause))).collect();
        let Head { id, title, purpose, topology, routing, params } = head;
        format!(
            "suite = \"explored\"\ntitle = {}\nphase = \"operation\"\n\n[[case]]\nid = {}\npurpose = {}\nclauses = [\n{}]\n\
             pics = [\"SEL_6LR\"]\ntopology = {}\n{}{}{}",
            quoted(title),
            quoted(id),
            quoted(purpose),
            clauses.concat(),
            quoted(topology),
            routing,
            params,
            self.text
        )
    }
}

/// What stands above the steps of a case.
#[derive(Debug, Clone)]
pub struct Head<'a> {
    /// Case ID.
    pub id: &'a str,
    /// Title of the suite.
    pub title: &'a str,
    /// Purpose of the case.
    pub purpose: &'a str,
    /// Topology.
    pub topology: &'a str,
    /// A `routing` line, or nothing.
    pub routing: &'a str,
    /// A `params` line, or nothing.
    pub params: &'a str,
}
