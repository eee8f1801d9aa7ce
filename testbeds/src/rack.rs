//! The rack trait: what every backend offers to the engine.

use protocols::time::Instant;
use record::event::{Action, Observation};

/// A set of boards, radios, sniffers and a backbone that the engine drives.
///
/// A virtual rack answers [`Rack::next`] by advancing its event queue, a hardware rack by waiting.
pub trait Rack {
    /// The rack's clock.
    fn now(&self) -> Instant;

    /// Does one thing now.
    ///
    /// # Errors
    /// [`RackError`] if the rack has no such board or cannot do this; ask [`Rack::capabilities`] first.
    fn act(&mut self, action: &Action) -> Result<(), RackError>;

    /// The next observation, or `None` once the clock has reached `until`.
    ///
    /// # Errors
    /// [`RackError`] if the rack itself broke; the case ends in `error`.
    fn next(&mut self, until: Instant) -> Result<Option<Observation>, RackError>;

    /// What can be done with the named board, radio, sniffer or port; `None` if the rack has no such thing.
    fn capabilities(&self, name: &str) -> Option<Capabilities>;
}

/// What a board, radio, sniffer or backbone port can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Capabilities {
    /// Power can be switched.
    pub power: bool,
    /// Reset can be pulsed.
    pub reset: bool,
    /// It speaks UT/1.
    pub upper_tester: bool,
    /// It injects frames and imitates neighbours.
    pub inject: bool,
    /// It captures frames.
    pub sniff: bool,
    /// It sends and receives backbone packets.
    pub backbone: bool,
}

/// Why a rack could not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RackError {
    /// No such board, radio or port.
    #[error("the rack has no `{0}`")]
    NoSuchBoard(String),
    /// It is there but cannot do this.
    #[error("`{board}` cannot {what}")]
    NotCapable {
        /// The name.
        board: String,
        /// The verb.
        what: &'static str,
    },
    /// The backend broke.
    #[error("rack failure at `{part}`: {reason}")]
    Broken {
        /// Which part.
        part: String,
        /// What happened.
        reason: String,
    },
}
