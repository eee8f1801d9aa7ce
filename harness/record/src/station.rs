//! What a station of the tester is to those who only name it: its word in a topology, where it is attached, its orders and its
//! properties. One table for all: the station reads its orders by it, suites are checked by it, and the book prints it.

use std::net::Ipv6Addr;
use std::time::Duration;

/// Where a station is attached to the rack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Attachment {
    /// A port of the backbone; no radio.
    Backbone,
    /// A tester radio.
    Radio,
}

/// A kind of station.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StationInfo {
    /// What a topology, an order and a reference call it: lower-case letters and digits.
    pub name: &'static str,
    /// Whether others may follow on the name (`tester2`), so that a topology may have several.
    pub is_prefix: bool,
    /// What it is, for people: `commissioning tool`.
    pub title: &'static str,
    /// Where it is attached.
    pub attachment: Attachment,
    /// Every order that it takes.
    pub orders: &'static [OrderInfo],
    /// What `$NAME.PROPERTY` may be, beside the keys and certificates that every station at the backbone may have and the
    /// addresses of every radio.
    pub properties: &'static [Property],
    /// Messages that it deviates itself, because they are protected when they leave it.
    pub hooked: &'static [&'static str],
}

impl StationInfo {
    /// Whether a topology that names `board` means this kind.
    pub fn is_named(&self, board: &str) -> bool {
        if self.is_prefix { board.starts_with(self.name) } else { board == self.name }
    }

    /// The order of this name.
    pub fn order(&self, name: &str) -> Option<&'static OrderInfo> {
        self.orders.iter().find(|order| order.name == name)
    }

    /// Whether this line is given once more when a device turns out to bear another EUI-64.
    pub fn is_told_again(&self, line: &str) -> bool {
        let mut words = line.split_whitespace();
        let row = words.next().and_then(|word| self.order(word));
        let inner = words.next().and_then(|word| row?.inner?.iter().find(|order| order.name == word));
        inner.or(row).is_some_and(|order| order.is_told_again)
    }

    /// The property of this name.
    pub fn property(&self, name: &str) -> Option<&'static Property> {
        self.properties.iter().find(|property| property.name == name)
    }

    /// How prose calls it: `CT`.
    pub fn short(&self) -> String {
        self.name.to_ascii_uppercase()
    }
}

/// A property of a station.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Property {
    /// `NAME` of `$ct.NAME`.
    pub name: &'static str,
    /// What it stands for.
    pub value: PropertyValue,
}

/// What a property stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PropertyValue {
    /// An address on the backbone.
    Address(Ipv6Addr),
    /// A secret of the case, of so many octets (at most 32), as hex digits.
    Secret(usize),
}

/// An order: a word, bare arguments, and `key=value` pairs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OrderInfo {
    /// Its word.
    pub name: &'static str,
    /// Bare arguments, in their order; what need not be there stands last.
    pub bare: &'static [Argument],
    /// `key=value` arguments.
    pub keys: &'static [Argument],
    /// What follows is an order of this table, carried out by another station in this one's place.
    pub inner: Option<&'static [OrderInfo]>,
    /// Whether it is given once more, with the new EUI-64, when a device turns out to bear another than was thought.
    pub is_told_again: bool,
    /// What it shows that it was carried out, where the device had to refuse: a sentence.
    pub meaning: Option<&'static str>,
    /// How long it may take at most, where the suite does not say.
    pub time: OrderTime,
    /// What it does, and when it is done: a fragment.
    pub doc: &'static str,
}

impl OrderInfo {
    /// An order without arguments.
    pub const fn new(name: &'static str, doc: &'static str) -> Self {
        Self { name, bare: &[], keys: &[], inner: None, is_told_again: false, meaning: None, time: OrderTime::Own, doc }
    }

    /// With these bare arguments.
    #[must_use]
    pub const fn bare(self, bare: &'static [Argument]) -> Self {
        Self { bare, ..self }
    }

    /// With these `key=value` arguments.
    #[must_use]
    pub const fn keys(self, keys: &'static [Argument]) -> Self {
        Self { keys, ..self }
    }

    /// Followed by an order of this table.
    #[must_use]
    pub const fn inner(self, orders: &'static [Self]) -> Self {
        Self { inner: Some(orders), ..self }
    }

    /// Given once more when a device turns out to bear another EUI-64.
    #[must_use]
    pub const fn told_again(self) -> Self {
        Self { is_told_again: true, ..self }
    }

    /// Carried out, it shows this.
    #[must_use]
    pub const fn means(self, meaning: &'static str) -> Self {
        Self { meaning: Some(meaning), ..self }
    }

    /// Done in this time at most.
    #[must_use]
    pub const fn within(self, time: OrderTime) -> Self {
        Self { time, ..self }
    }

    /// The keys that it may take, those of an inner order included.
    pub fn key_names(&self) -> Vec<&'static str> {
        let inner = self.inner.unwrap_or_default().iter().flat_map(|order| order.keys);
        let mut names = Vec::new();
        for key in self.keys.iter().chain(inner) {
            if !names.contains(&key.name) {
                names.push(key.name);
            }
        }
        names
    }

    /// The keys that it cannot do without.
    pub fn needed_keys(&self) -> impl Iterator<Item = &'static str> {
        self.keys.iter().filter(|key| key.is_needed).map(|key| key.name)
    }

    /// How many bare arguments it takes: least and most.
    pub fn bare_range(&self) -> (usize, usize) {
        let least = self.bare.iter().filter(|argument| argument.is_needed).count();
        match self.inner {
            None => (least, self.bare.len()),
            // The word of the inner order, and what that takes at most.
            Some(inner) => {
                (least + 1, self.bare.len() + 1 + inner.iter().map(|order| order.bare.len()).max().unwrap_or(0))
            }
        }
    }

    /// The whole order as the book writes it: `network key=32hex [index=1] [level=5]`.
    pub fn syntax(&self) -> String {
        let mut text = self.name.to_owned();
        for argument in self.bare {
            let shown = match argument.kind {
                ArgumentKind::Word(_) => argument.shown(),
                _ => argument.name.to_ascii_uppercase(),
            };
            text += &if argument.is_needed { format!(" {shown}") } else { format!(" [{shown}]") };
        }
        for key in self.keys {
            let pair = format!("{}={}", key.name, key.shown());
            text += &if key.is_needed { format!(" {pair}") } else { format!(" [{pair}]") };
        }
        if self.inner.is_some() {
            text += " ORDER";
        }
        text
    }
}

/// How long an order may take at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderTime {
    /// What a station does by itself.
    Own,
    /// What its radio takes for a few frames.
    Frames,
    /// All of these, one after the other.
    Of(&'static [Span]),
    /// The same for each board of the topology, and the ones that did not answer once more.
    OfEachBoard(&'static [Span]),
    /// So long for each that this key counts, and what it does by itself.
    Each {
        /// The key.
        key: &'static str,
        /// What one takes.
        takes: Duration,
    },
    /// Messages at the pace of the key `every`: so many for each that the key counts.
    Paced {
        /// The key.
        key: &'static str,
        /// Messages of one.
        messages: u32,
        /// Whether the order is done at once and goes on beside what comes after it.
        goes_on: bool,
    },
    /// Until everything that goes on is over.
    AllThatGoesOn,
}

/// A part of the time that an order may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Span {
    /// A duration that the PIXIT states of the device.
    Pixit(&'static str),
    /// The same with so many percent of it that another PIXIT value states.
    Jittered(&'static str, &'static str),
    /// What a protocol says.
    Time(Duration),
}

/// An argument of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Argument {
    /// Its name.
    pub name: &'static str,
    /// What its values are.
    pub kind: ArgumentKind,
    /// Whether it must be there.
    pub is_needed: bool,
    /// What it is where it is left out.
    pub default: Option<&'static str>,
}

impl Argument {
    /// One that must be there.
    pub const fn needed(name: &'static str, kind: ArgumentKind) -> Self {
        Self { name, kind, is_needed: true, default: None }
    }

    /// One that may be left out.
    pub const fn maybe(name: &'static str, kind: ArgumentKind) -> Self {
        Self { name, kind, is_needed: false, default: None }
    }

    /// One that is `default` where it is left out.
    pub const fn or(name: &'static str, kind: ArgumentKind, default: &'static str) -> Self {
        Self { name, kind, is_needed: false, default: Some(default) }
    }

    /// Its value as the book writes it.
    pub fn shown(&self) -> String {
        match (self.default, self.kind) {
            (Some(default), _) => default.to_owned(),
            (None, ArgumentKind::Eui64) => "EUI64".to_owned(),
            (None, ArgumentKind::Ipv6) => "IPv6".to_owned(),
            (None, ArgumentKind::Octets) => "hex".to_owned(),
            (None, ArgumentKind::Key(octets)) => format!("{}hex", 2 * octets),
            (None, ArgumentKind::Number(_)) => "N".to_owned(),
            (None, ArgumentKind::Flag) => "0|1".to_owned(),
            (None, ArgumentKind::Milliseconds) => "ms".to_owned(),
            (None, ArgumentKind::Word(words)) => words.join("|"),
            (None, ArgumentKind::Text) => "text".to_owned(),
        }
    }
}

/// What the values of an argument are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ArgumentKind {
    /// 16 hex digits.
    Eui64,
    /// An IPv6 address.
    Ipv6,
    /// Pairs of hex digits.
    Octets,
    /// Pairs of hex digits for so many octets.
    Key(usize),
    /// A number, at most this: decimal, or hex digits behind `0x`.
    Number(u64),
    /// `0` or `1`.
    Flag,
    /// A number of milliseconds; `ms` may stand behind it.
    Milliseconds,
    /// One of these words; words in capitals may be written in small letters too.
    Word(&'static [&'static str]),
    /// Anything without blanks. A `payload` takes the rest of the line: pairs of hex digits are octets, all else is text.
    Text,
}

#[cfg(test)]
mod tests {
    use super::*;

    const INNER: &[OrderInfo] = &[
        OrderInfo::new("ask", "").bare(&[Argument::needed("eui64", ArgumentKind::Eui64)]),
        OrderInfo::new("tell", "").keys(&[Argument::maybe("psk", ArgumentKind::Octets)]),
    ];

    #[test]
    fn an_order_says_how_it_is_written_and_what_it_takes() {
        const ORDER: OrderInfo = OrderInfo::new("tool", "")
            .bare(&[
                Argument::needed("kind", ArgumentKind::Word(&["a", "b"])),
                Argument::maybe("path", ArgumentKind::Text),
            ])
            .keys(&[
                Argument::needed("key", ArgumentKind::Key(16)),
                Argument::or("index", ArgumentKind::Number(255), "1"),
            ])
            .inner(INNER);
        let order = ORDER;
        assert_eq!(order.syntax(), "tool a|b [PATH] key=32hex [index=1] ORDER");
        assert_eq!(order.key_names(), ["key", "index", "psk"]);
        assert_eq!((order.needed_keys().collect::<Vec<_>>(), order.bare_range()), (vec!["key"], (2, 4)));
    }

    #[test]
    fn a_prefix_names_several_stations_and_a_word_one() {
        let station = |is_prefix| StationInfo {
            name: "tester",
            is_prefix,
            title: "",
            attachment: Attachment::Radio,
            orders: INNER,
            properties: &[Property { name: "secret", value: PropertyValue::Secret(16) }],
            hooked: &[],
        };
        assert!(station(true).is_named("tester2") && station(false).is_named("tester"));
        assert!(!station(false).is_named("tester2") && !station(true).is_named("ct"));
        assert!(station(true).order("ask").is_some() && station(true).order("tester").is_none());
        assert!(station(true).property("secret").is_some() && station(true).property("psk").is_none());
    }
}
