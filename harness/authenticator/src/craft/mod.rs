//! Frames by field: any message of the suites, natural or wrong in named fields.

mod request;

pub use request::{CounterState, CraftError, CraftRequest, Crafted, CraftedFrame, Destination, Protection, Value};

/// The messages that can be crafted.
pub const MESSAGES: &[&str] = &[];

/// Builds the frames of one message.
///
/// # Errors
/// [`CraftError`] if the message or an override is unknown, or a value does not fit.
pub fn craft(request: &CraftRequest, counters: &mut CounterState) -> Result<Crafted, CraftError> {
    let _ = counters;
    Err(CraftError::UnknownMessage(request.message.clone()))
}
