//! What a rack is, and its backends.

pub mod rack;

pub use rack::{Capabilities, Rack, RackError};
