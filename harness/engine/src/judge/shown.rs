//! A PDU in a line for people: its name, and what is worth a glance.

use dissect::{Facts, Names, Nobody};
use suites::plan::Point;

use super::pdu::Pdu;
use crate::environment::Environment;

/// What the dissector may know of a PDU.
fn facts<'a>(pdu: &'a Pdu, names: &'a dyn Names) -> Facts<'a> {
    Facts { fields: &pdu.fields, messages: &pdu.messages, names }
}

/// The name of a PDU; several messages in a datagram are called by all of them.
pub(crate) fn message(pdu: &Pdu) -> String {
    dissect::name(&facts(pdu, &Nobody))
}

/// What is worth a glance. Never a payload: it may be a key.
pub(crate) fn info(pdu: &Pdu, environment: &Environment) -> String {
    let mut words: Vec<String> = ends(pdu, environment).into_iter().collect();
    words.extend(dissect::info(&facts(pdu, environment)));
    words.extend(pdu.notes.iter().cloned());
    words.join(", ")
}

impl Names for Environment {
    fn of_address(&self, address: &str) -> Option<String> {
        self.board_by_address(address).map(ToOwned::to_owned)
    }

    fn of_eui64(&self, eui64: &str) -> Option<String> {
        let is_it = |own: &String| same_eui64(own, eui64);
        let mut boards = self.properties.iter();
        boards.find(|(_, properties)| properties.get("eui64").is_some_and(is_it)).map(|(name, _)| name.clone())
    }
}

/// Who made a packet and whom it is for, where others carry it.
fn ends(pdu: &Pdu, environment: &Environment) -> Option<String> {
    let origin = pdu.origin.as_deref()?;
    let address = pdu.text("ipv6.dst")?;
    let destination = environment.board_by_address(address)?;
    let relayed = pdu.from.as_deref() != Some(origin) || pdu.to.as_deref() != Some(destination);
    (pdu.point == Point::Air && relayed).then(|| format!("{origin} → {destination}"))
}

/// Whether two texts are the same EUI-64, with or without separators.
fn same_eui64(a: &str, b: &str) -> bool {
    let digits = |text: &str| text.chars().filter(char::is_ascii_hexdigit).collect::<String>().to_ascii_lowercase();
    digits(a) == digits(b)
}
