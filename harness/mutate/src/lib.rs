//! Unbiased mutants: not chosen by a person who has a case in mind, but made by operators at every place of the device's sources.
//!
//! [`walk`] finds the [`places`] in a file, [`render`] writes the file anew with all mutants of it in it, of which one can be chosen at
//! run time (`bootrack-mutation`); [`workspace`] does that in a copy of the project and builds the copy once. A mutant that the
//! compiler refuses is struck from the list.
//!
//! The text is edited, not printed from a tree: what is no mutant stays as it was, octet for octet.

pub mod compare;
pub mod constants;
pub mod hooks;
mod operators;
pub mod places;
pub mod render;
pub mod scope;
pub mod values;
pub mod walk;
pub mod workspace;
