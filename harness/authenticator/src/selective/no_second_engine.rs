//! What stands for the second DTLS engine in a build that has none: there is no such value, and asking for one says why.

use protocols::dtls::{Output, SendError};
use protocols::time::Instant;

use super::engine::Parameters;

/// A session that cannot be.
pub(super) enum SecondEngine {}

impl SecondEngine {
    /// There is none.
    ///
    /// # Errors
    /// Always, with what to do.
    pub(super) fn new(_: Parameters, _: Instant) -> Result<Self, String> {
        Err("this build has no second DTLS engine: build it with the feature `second-engine`".to_owned())
    }

    pub(super) fn handle(&mut self, _: Instant, _: &[u8]) {
        match *self {}
    }

    pub(super) fn send(&mut self, _: Instant, _: &[u8]) -> Result<(), SendError> {
        match *self {}
    }

    pub(super) fn close(&mut self, _: Instant) {
        match *self {}
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        match *self {}
    }

    pub(super) fn is_connected(&self) -> bool {
        match *self {}
    }

    pub(super) fn is_closed(&self) -> bool {
        match *self {}
    }

    pub(super) fn poll(&mut self, _: Instant) -> Option<Output> {
        match *self {}
    }
}
