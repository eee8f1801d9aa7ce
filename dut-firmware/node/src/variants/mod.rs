//! Variants: named devices that are right and different. Where a mutant departs from a clause, a variant takes a liberty that a
//! sentence of a specification, or an answer of PIXIT and PICS, gives; no case may fail one (`bootrack variants`).
//!
//! A variant is data: which liberties of which table it takes (`liberties.rs`, `protocols::liberties`), what its maker states, and
//! why it is right. A list is a file here and a line in `LISTS`.

mod answers;
mod bootstrap;
mod discovery;
mod link;
mod packets;
mod sessions;
mod telling;
mod traffic;

pub use crate::liberties::{Free, Identity, Json, Liberties, Links, Told};

/// Liberties of the engines below the device.
pub type Engines = protocols::liberties::Liberties;

/// A device that is right and different.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Variant {
    /// In kebab case; no mutant has it.
    pub name: &'static str,
    /// One sentence: what it does otherwise than the reference.
    pub does: &'static str,
    /// Where the sentence stands that allows it: a section of an RFC or of the draft, a clause of the profile, or a value of the PIXIT.
    pub by: &'static str,
    /// The sentence, in our words.
    pub allowed: &'static str,
    /// What its PIXIT states otherwise: names and values, as a PIXIT file has them.
    pub pixit: &'static [(&'static str, &'static str)],
    /// What its PICS answers otherwise.
    pub pics: &'static [(&'static str, bool)],
    /// Clauses of the profile that it departs from, all of them `PROFILE-`: cases of the profile's suites may fail it at a step
    /// that cites one, and nobody else.
    pub departs: &'static [&'static str],
    /// What the device does otherwise.
    pub device: Liberties,
    /// What the engines below it do otherwise.
    pub engines: Engines,
}

/// The reference: what rows take all from that they do not name.
const NONE: Variant = Variant {
    name: "",
    does: "",
    by: "",
    allowed: "",
    pixit: &[],
    pics: &[],
    departs: &[],
    device: Liberties::REFERENCE,
    engines: Engines::REFERENCE,
};

const SAME: Liberties = Liberties::REFERENCE;
const ALIKE: Engines = Engines::REFERENCE;

/// A list a line.
const LISTS: &[&[Variant]] = &[
    bootstrap::VARIANTS,
    answers::VARIANTS,
    sessions::VARIANTS,
    link::VARIANTS,
    packets::VARIANTS,
    discovery::VARIANTS,
    traffic::VARIANTS,
    telling::VARIANTS,
];

impl Variant {
    /// Every variant, list by list.
    pub fn all() -> impl Iterator<Item = &'static Self> {
        LISTS.iter().flat_map(|list| list.iter())
    }

    /// The variant of this name.
    pub fn from_name(name: &str) -> Option<&'static Self> {
        Self::all().find(|variant| variant.name == name)
    }
}

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeSet;

    use super::*;
    use crate::Mutant;

    #[test]
    fn names_are_told_apart_and_no_mutant_has_one() {
        let mut names: BTreeSet<&str> = Mutant::ALL.iter().map(|mutant| mutant.name()).collect();
        for variant in Variant::all() {
            assert!(names.insert(variant.name), "{}", variant.name);
        }
    }

    #[test]
    fn each_says_what_it_does_and_why_it_may_and_takes_a_liberty() {
        for variant in Variant::all() {
            let Variant { name, does, by, allowed, departs, device, engines, .. } = variant;
            assert!(name.chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-'));
            for text in [does, by, allowed] {
                assert!(!text.is_empty(), "{name}");
            }
            assert!(does.ends_with('.') && allowed.ends_with('.'), "{name}");
            assert!((*device, *engines) != (SAME, ALIKE), "{name} takes no liberty");
            assert!(departs.iter().all(|clause| clause.starts_with("PROFILE-")), "{name}");
        }
    }
}
