//! What the tester's own machines can do, asked while a suite is loaded: a case that orders what none of them can do is
//! refused with its place, and not found out when it runs. Suites know no machine: whoever loads hands the answers in.

use crate::plan::{Deviation, Send};

/// The tester's machines, as far as a suite may ask of them.
///
/// Whatever is asked about holds no reference: those to boards and to the case are replaced by stand-ins of the same form,
/// and a field that refers to a message not yet seen is left out.
pub trait Tester: std::fmt::Debug {
    /// Whether a `send` step can be carried out.
    ///
    /// # Errors
    /// Why the message cannot be crafted.
    fn craft(&self, send: &Send) -> Result<(), Inability>;

    /// Whether the station that the deviation names can deviate so.
    ///
    /// # Errors
    /// Why the rule can never apply.
    fn deviate(&self, deviation: &Deviation) -> Result<(), Inability>;

    /// Whether the station of this name understands an order.
    ///
    /// # Errors
    /// What is wrong with the order: a fragment of a sentence.
    fn order(&self, station: &str, order: &str) -> Result<(), String>;
}

/// Why a machine cannot do what a step asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inability {
    /// The field that it fails at, if it is one.
    pub field: Option<String>,
    /// What is wrong: a lower-case fragment.
    pub message: String,
    /// What to do; may be empty.
    pub help: String,
}

/// Machines that can do whatever a suite asks: for those who read suites and run none.
#[derive(Debug, Clone, Copy, Default)]
pub struct AnyTester;

impl Tester for AnyTester {
    fn craft(&self, _: &Send) -> Result<(), Inability> {
        Ok(())
    }

    fn deviate(&self, _: &Deviation) -> Result<(), Inability> {
        Ok(())
    }

    fn order(&self, _: &str, _: &str) -> Result<(), String> {
        Ok(())
    }
}

/// A stand-in for a property of a board, the case or the network: a value of the same form.
pub(crate) fn stand_in(name: &str, field: &str) -> String {
    let zeros = |digits: usize| "0".repeat(digits);
    match (name, field) {
        (_, "psk_identity") => "70B3D5B0070000EE".to_owned(),
        (_, "eui64") => "70b3d5b0070000ee".to_owned(),
        (_, "link_local") => "fe80::72b3:d5b0:700:ee".to_owned(),
        (_, "global") => "fd00:b007::72b3:d5b0:700:ee".to_owned(),
        (_, "solicited_node") => "ff02::1:ff00:ee".to_owned(),
        ("network", "prefix") => "fd00:b007::/64".to_owned(),
        ("network", _) | (_, "psk" | "second_psk") => zeros(32),
        ("case", "channel") => "26".to_owned(),
        ("case", "pan_id") => "0xb007".to_owned(),
        ("case", "today") => "1600000000".to_owned(),
        // Keys, their hashes, certificates and images, in hex digits.
        _ => zeros(64),
    }
}
