//! A message in a line for people, what Wireshark's Info column is: what is worth a glance. Never a payload: it may be a key.

mod coap;
mod dtls;
mod echo;
mod rpl;
mod sel;
mod ut;

use alloc::borrow::{Cow, ToOwned};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::messages::message;
use super::model::{Dissection, Value};

/// What a protocol says of a message.
struct Info {
    /// Words for whatever of it is in the message, in order.
    words: fn(&Facts<'_>, &mut Vec<String>),
    /// Every message of this protocol in a packet that may hold several, in order; the empty list: none.
    names: fn(&Facts<'_>) -> Vec<String>,
    /// What all but the first of those names leave out at their beginning.
    prefix: &'static str,
}

impl Info {
    const NONE: Self = Self { words: |_, _| {}, names: |_| Vec::new(), prefix: "" };
}

/// All that say something, in the order of their words.
const INFOS: &[Info] = &[
    // One a line.
    sel::INFO,
    rpl::INFO,
    echo::INFO,
    dtls::INFO,
    coap::INFO,
    ut::INFO,
];

/// What a reader calls those whom addresses belong to.
pub trait Names {
    /// Whose IPv6 address this is, as a field has it.
    fn of_address(&self, address: &str) -> Option<String>;
    /// Whose EUI-64 this is, as a field has it.
    fn of_eui64(&self, eui64: &str) -> Option<String>;
}

/// Knows nobody.
pub struct Nobody;

impl Names for Nobody {
    fn of_address(&self, _address: &str) -> Option<String> {
        None
    }

    fn of_eui64(&self, _eui64: &str) -> Option<String> {
        None
    }
}

/// What is known of a message.
pub struct Facts<'a> {
    /// Every field in order of the layers.
    pub fields: &'a [(Cow<'static, str>, Value)],
    /// Names of every message that it is, most specific last.
    pub messages: &'a [&'static str],
    /// Who is who.
    pub names: &'a dyn Names,
}

impl Facts<'_> {
    fn values<'a>(&'a self, field: &'a str) -> impl Iterator<Item = &'a Value> {
        self.fields.iter().filter(move |(name, _)| name == field).map(|(_, value)| value)
    }

    fn number(&self, field: &str) -> Option<u64> {
        self.values(field).next()?.number()
    }

    fn text<'a>(&'a self, field: &'a str) -> Option<&'a str> {
        self.values(field).next()?.text()
    }

    fn is(&self, message: &str) -> bool {
        self.messages.contains(&message)
    }

    /// Of all its names the one that says most: the innermost layer's, and there the most specific.
    fn most_telling(&self) -> &'static str {
        let says_little = |name: &str| message(name).is_some_and(|message| message.is_general);
        let specific = self.messages.iter().rev().find(|name| !says_little(name));
        specific.or_else(|| self.messages.last()).copied().unwrap_or("frame")
    }
}

/// What is worth a glance, a word or some for each protocol.
pub fn info(facts: &Facts<'_>) -> Vec<String> {
    let mut words = Vec::new();
    INFOS.iter().for_each(|info| (info.words)(facts, &mut words));
    words
}

/// The name of a message; several in a packet are called by all of them.
pub fn name(facts: &Facts<'_>) -> String {
    let several = INFOS.iter().map(|info| ((info.names)(facts), info.prefix)).find(|(names, _)| !names.is_empty());
    let Some((names, prefix)) = several else { return facts.most_telling().to_owned() };
    let short = |(index, name): (usize, &String)| match name.strip_prefix(prefix) {
        Some(short) if index > 0 => short.to_owned(),
        _ => name.clone(),
    };
    names.iter().enumerate().map(short).collect::<Vec<String>>().join(", ")
}

/// Fields of source and destination, those of the highest layer first.
const ENDS: [(&str, &str); 5] = [
    ("ipv6.src", "ipv6.dst"),
    ("ip.src", "ip.dst"),
    ("wpan.src64", "wpan.dst64"),
    ("wpan.src16", "wpan.dst16"),
    ("eth.src", "eth.dst"),
];

/// The line that a frame begins with: ` · ends · layers · message`, as far as there are any.
pub fn summary(dissection: &Dissection) -> String {
    let parts = [ends(dissection), Some(layers(dissection)), description(dissection)];
    parts.into_iter().flatten().filter(|part| !part.is_empty()).map(|part| format!(" · {part}")).collect()
}

fn ends(dissection: &Dissection) -> Option<String> {
    let value = |name| {
        // Of tunnelled packets the innermost.
        let field = dissection.fields(name).last()?;
        let text = field.value().to_string();
        Some(if name.ends_with("16") { format!("{:#06x}", field.number()?) } else { text })
    };
    ENDS.iter().find_map(|(source, destination)| match (value(source), value(destination)) {
        (None, None) => None,
        (source, destination) => {
            Some(format!("{} → {}", source.unwrap_or_default(), destination.unwrap_or_default()).trim().to_owned())
        }
    })
}

/// Names of the layers, lowest first; several of a kind in a row are counted.
fn layers(dissection: &Dissection) -> String {
    let mut runs: Vec<(&str, usize)> = Vec::new();
    for layer in dissection.layers() {
        match runs.last_mut() {
            Some((name, count)) if *name == layer.name => *count += 1,
            _ => runs.push((layer.name, 1)),
        }
    }
    let run = |(name, count): (&str, usize)| if count > 1 { format!("{name}×{count}") } else { name.to_owned() };
    runs.into_iter().map(run).collect::<Vec<_>>().join("/")
}

/// What the highest layer that the message table knows is, most closely.
fn description(dissection: &Dissection) -> Option<String> {
    let layers: Vec<_> = dissection.layers().collect();
    let top = layers.last()?.name;
    // Whatever is in a MAC frame says more than that it is one.
    layers.into_iter().rev().filter(|layer| layer.name != "wpan" || layer.name == top).find_map(|layer| {
        let fitting = super::messages::MESSAGES
            .iter()
            .filter(|message| !message.matches.is_empty() && message.matches_layer(&layer));
        fitting.max_by_key(|message| message.matches.len()).map(|message| message.description.to_owned())
    })
}
