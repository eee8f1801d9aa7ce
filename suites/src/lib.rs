//! Suites as data: the loader with its diagnostics, the plan, procedures, the clause ledger, PICS and PIXIT.

pub mod built_in;
pub mod credentials;
pub mod describe;
pub mod device;
pub mod duration;
pub mod images;
pub mod ledger;
mod liberties;
mod loader;
pub mod monitor;
pub mod oracles;
pub mod pics;
pub mod pixit;
pub mod plan;
pub mod procedures;
pub mod readers;
mod reference;
pub mod schema;
mod scope;
pub mod selection;
pub mod tester;
pub mod topology;
mod tree;
mod values;
pub mod vocabulary;

pub use loader::monitor::{load_monitors, shown_nowhere};
pub use loader::{Catalogue, Suite, load};
pub use selection::Plan;
