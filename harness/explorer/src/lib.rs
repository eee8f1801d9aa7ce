//! The explorer: walks at random through what can happen to a device, and an executable model of the clauses that says what
//! must come of it.
//!
//! A walk is a list of [`Action`]s. The [`Model`] writes each as the steps of a case, with what must, must not and may be
//! seen after it; the engine plays that case and its judge judges it, so verdicts, blame, losses and evidence are those of
//! every other case. A departure is brought down to the fewest actions that show it, and is a suite file of its own then.
//!
//! The model shares nothing with the device: no crate of `dut-firmware` is behind it but by the engine's testbeds.

mod action;
mod facts;
mod minimise;
mod model;
mod play;
mod rules;
mod scene;
mod script;
mod walk;

pub use action::{Action, Kind, Look, Protection, Spoiled, SsrForm, Who};
pub use facts::Facts;
pub use minimise::minimise;
pub use model::Model;
pub use play::{Departure, ExploreError, Explorer, Walked};
pub use rules::{RULES, Rule};
pub use scene::{Anchor, Find, Scene};
pub use script::Head;
pub use walk::{Dice, walk};
