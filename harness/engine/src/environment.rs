//! What a case's `$name.field` references stand for: properties of boards, of the case and of its network. Stored with the
//! plan, so that a bundle can be judged again by itself.

use std::collections::{BTreeMap, BTreeSet};

use authenticator::profile;
use serde::{Deserialize, Serialize};
use wire::Eui64;

/// Named things and their properties, all as text.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Environment {
    /// `dut` -> (`eui64` -> `70b3d5b007000003`), `ct` -> (`address` -> ...), `case` -> ..., `network` -> ...
    pub properties: BTreeMap<String, BTreeMap<String, String>>,
    /// What nobody can promise of the air between the case's boards.
    #[serde(default, skip_serializing_if = "Air::keeps_everything")]
    pub air: Air,
}

/// What may be lost on the air although nothing disturbs it; by default nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Air {
    /// Frames may be lost between boards: a link delivers with a probability below 1, or the air is real.
    pub loses_frames: bool,
    /// Boards of which the sniffer may miss frames: it stands where they are not, or hardly, heard.
    pub missed: BTreeSet<String>,
}

impl Air {
    /// Whether every frame arrives at whoever hears its sender, the sniffer included.
    pub fn keeps_everything(&self) -> bool {
        *self == Self::default()
    }
}

impl Environment {
    /// The property `field` of `name`.
    pub fn get(&self, name: &str, field: &str) -> Option<&str> {
        self.properties.get(name)?.get(field).map(String::as_str)
    }

    /// Sets one property; with the global address the group that it is solicited by.
    pub fn set(&mut self, name: &str, field: &str, value: impl Into<String>) {
        let value = value.into();
        let of_board = self.properties.entry(name.to_owned()).or_default();
        if let ("global", Ok(address)) = (field, value.parse()) {
            of_board.insert("solicited_node".to_owned(), wire::ipv6::solicited_node(address).to_string());
        }
        of_board.insert(field.to_owned(), value);
    }

    /// The IPv6 addresses that a board makes of its EUI-64.
    pub(crate) fn set_addresses(&mut self, board: &str, eui64: Eui64) {
        self.set(board, "link_local", profile::link_local_address(eui64).to_string());
        self.set(board, "global", profile::mesh_address(eui64).to_string());
    }

    /// Takes an address that the rack has learnt of a board: its EUI-64 and the addresses that are made of it, or its short
    /// address.
    pub fn learn_address(&mut self, board: &str, eui64: Option<Eui64>, short: Option<&str>) {
        if let Some(eui64) = eui64 {
            // What the device has told of its addresses outweighs what would be made of another EUI-64.
            let own = |environment: &Self| {
                ["link_local", "global"].map(|field| environment.get(board, field).map(str::to_owned))
            };
            let (before, mut derived) = (own(self), Self::default());
            if let Some(known) = self.get(board, "eui64").and_then(|text| text.parse().ok()) {
                derived.set_addresses(board, known);
            }
            let is_derived = own(&derived) == before || before == [None, None];
            self.set(board, "eui64", eui64.to_string());
            if is_derived {
                self.set_addresses(board, eui64);
            }
        }
        if let Some(short) = short {
            self.set(board, "short", short);
        }
    }

    /// Whether the testbed has the rack learn the addresses of this board.
    pub fn learns(&self, board: &str) -> bool {
        self.get(board, "addresses") == Some("learn")
    }

    /// Whether this board is a stack behind a bridge, whose own acknowledgements are the proof of delivery.
    pub fn acknowledges_itself(&self, board: &str) -> bool {
        self.get(board, "acknowledges") == Some("itself")
    }

    /// The board with this EUI-64.
    pub fn board_by_eui64(&self, eui64: Eui64) -> Option<&str> {
        let text = eui64.to_string();
        self.board_by("eui64", &text)
    }

    /// The board (or the CT) with this IPv6 address, written as `core::net` writes it.
    pub fn board_by_address(&self, address: &str) -> Option<&str> {
        ["global", "link_local", "address"].iter().find_map(|field| self.board_by(field, address))
    }

    fn board_by(&self, field: &str, value: &str) -> Option<&str> {
        self.properties
            .iter()
            .find(|(_, properties)| properties.get(field).is_some_and(|candidate| candidate == value))
            .map(|(name, _)| name.as_str())
    }
}
