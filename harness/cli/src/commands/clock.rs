//! Clocks of captures that go back: RIOT's, say, or those of several interfaces.

/// Watches the times of a capture: the order is that in which packets came, whatever they say.
#[derive(Default)]
pub(super) struct Clock {
    last: u64,
    is_said: bool,
}

impl Clock {
    /// What is to be said of this packet's time: once that the clock goes back.
    pub(super) fn see(&mut self, at: Option<u64>) -> Option<String> {
        let at = at?;
        let back = std::mem::replace(&mut self.last, at).saturating_sub(at);
        if back == 0 || std::mem::replace(&mut self.is_said, true) {
            return None;
        }
        let by = std::time::Duration::from_nanos(back).as_secs_f64();
        Some(format!(
            "the capture's clock goes back by {by:.6} s: packets are taken in the order in which they came (said once)"
        ))
    }
}
