//! From a plan to actions, through the judge, into the record.

pub mod campaign;
pub mod credentials;
pub mod entry_check;
pub mod environment;
pub mod error;
pub mod exposure;
pub mod images;
pub mod judge;
pub mod machines;
pub mod monitors;
pub mod mutant;
pub mod mutation;
pub mod rejudge;
pub mod render;
pub mod resources;
pub mod runner;
pub mod scenery;
pub mod seed;
pub mod stored_plan;
pub mod tester;
pub mod unbiased;
pub mod variation;
