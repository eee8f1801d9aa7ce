//! The field table: every name that a dissection may contain and a suite may ask for.

macro_rules! kind {
    (bool) => {
        FieldKind::Bool
    };
    (bytes) => {
        FieldKind::Bytes
    };
    (eui64) => {
        FieldKind::Eui64
    };
    (ipv6) => {
        FieldKind::Ipv6
    };
    (text) => {
        FieldKind::Text
    };
    ($bits:literal) => {
        FieldKind::Uint { bits: $bits }
    };
}

/// The fields of a layer: those of Wireshark first, ours after `else`.
macro_rules! fields {
    ($layer:literal { $($name:literal $kind:tt $description:literal;)* } else { $($own:literal $own_kind:tt $own_description:literal;)* }) => {
        pub(super) const FIELDS: &[FieldInfo] = &[
            $(FieldInfo { name: $name, kind: kind!($kind), layer: $layer, description: $description, wireshark: true },)*
            $(FieldInfo { name: $own, kind: kind!($own_kind), layer: $layer, description: $own_description, wireshark: false },)*
        ];
    };
}

mod arp;
mod coap;
mod data;
mod dns;
mod dtls;
mod eap;
mod eapol;
mod esp;
mod eth;
mod hip;
mod icmpv6;
mod index;
mod ip;
mod ipv6;
mod isakmp;
mod nonask_phy;
mod null;
mod pana;
mod radius;
mod rpl;
mod sel;
mod sixlowpan;
mod sll;
mod tcp;
mod udp;
mod udpencap;
mod upper_tester;
mod vlan;
mod wpan;
mod wpan_tap;
mod zep;

/// The tables of all layers, lowest layer first.
const TABLES: &[&[FieldInfo]] = &[
    null::FIELDS,
    sll::FIELDS,
    eth::FIELDS,
    vlan::FIELDS,
    arp::FIELDS,
    wpan_tap::FIELDS,
    zep::FIELDS,
    nonask_phy::FIELDS,
    wpan::FIELDS,
    sixlowpan::FIELDS,
    ip::FIELDS,
    ipv6::FIELDS,
    tcp::FIELDS,
    udp::FIELDS,
    icmpv6::FIELDS,
    rpl::FIELDS,
    sel::FIELDS,
    dtls::FIELDS,
    coap::FIELDS,
    data::FIELDS,
    pana::FIELDS,
    eapol::FIELDS,
    eap::FIELDS,
    radius::FIELDS,
    hip::FIELDS,
    udpencap::FIELDS,
    isakmp::FIELDS,
    esp::FIELDS,
    dns::FIELDS,
    upper_tester::FIELDS,
    &[OPEN],
];

#[allow(clippy::indexing_slicing, reason = "at compile time only")]
const COUNT: usize = {
    let (mut count, mut layer) = (0, 0);
    while layer < TABLES.len() {
        count += TABLES[layer].len();
        layer += 1;
    }
    count
};

/// All fields; [`field`] finds one.
#[allow(clippy::indexing_slicing, reason = "at compile time only")]
pub const FIELDS: &[FieldInfo] = {
    static ALL: [FieldInfo; COUNT] = {
        let (mut all, mut count, mut layer) = ([OPEN; COUNT], 0, 0);
        while layer < TABLES.len() {
            let mut index = 0;
            while index < TABLES[layer].len() {
                all[count] = TABLES[layer][index];
                count += 1;
                index += 1;
            }
            layer += 1;
        }
        all
    };
    &ALL
};

/// What a field's value is like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FieldKind {
    /// An unsigned integer of that many bits: a number.
    Uint {
        /// Width on the wire.
        bits: u8,
    },
    /// The number 0 or 1.
    Bool,
    /// Text: hex digits, lower case, without separators.
    Bytes,
    /// Text: `02:00:00:00:00:00:00:01`.
    Eui64,
    /// Text: RFC 5952.
    Ipv6,
    /// Any text.
    Text,
}

/// An entry of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FieldInfo {
    /// Name; `ut.*` stands for an open namespace.
    pub name: &'static str,
    /// What its value is like.
    pub kind: FieldKind,
    /// Layer that it is found in.
    pub layer: &'static str,
    /// For a person.
    pub description: &'static str,
    /// Whether Wireshark has a field of this name with the same value.
    pub wireshark: bool,
}

/// The entry of a name. Any `ut.[a-z0-9_]+` is known: its entry is `ut.*` unless it has one of its own.
pub fn field(name: &str) -> Option<&'static FieldInfo> {
    if let Some(found) = index::position(name).and_then(|position| FIELDS.get(position)) {
        return (name != OPEN.name).then_some(found);
    }
    let key = name.strip_prefix("ut.")?;
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    (!key.is_empty() && key.chars().all(allowed)).then_some(&OPEN)
}

/// The open namespace of the upper tester.
const OPEN: FieldInfo = FieldInfo {
    name: "ut.*",
    kind: FieldKind::Text,
    layer: "ut",
    description: "any other key=value of an upper-tester reply or event",
    wireshark: false,
};
