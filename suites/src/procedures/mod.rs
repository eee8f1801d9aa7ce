//! Built-in procedures: what a preamble needs again and again, as Rust with typed arguments. A procedure expands to steps
//! and yields no verdict of its own: the judge takes a step that bears a procedure's name as preparation.

mod arguments;
mod boards;
mod commissioning;
mod joining;
mod kind;
mod neighbour;
mod write;

pub(crate) use arguments::read_arguments;
pub use kind::{Argument, ArgumentKind, Procedure};

/// Every procedure, by name.
pub const PROCEDURES: &[Procedure] = &[
    boards::PREPARE,
    boards::PREPARE_NETWORK,
    boards::MANUFACTURE,
    boards::INSTALL,
    boards::RUNNING,
    boards::PROVISIONED,
    boards::COME_BACK,
    boards::LOAD_IMAGE,
    joining::JOIN,
    joining::SECURE,
    joining::CLOSE_NETWORK,
    commissioning::COMMISSION,
    commissioning::REACH,
    neighbour::NEIGHBOUR,
];

/// The procedure of a name.
pub fn find(name: &str) -> Option<&'static Procedure> {
    PROCEDURES.iter().find(|procedure| procedure.name == name)
}
