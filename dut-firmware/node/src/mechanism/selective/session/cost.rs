//! What a session costs the device (`SECC` 6): computations, and octets that wait in buffers. Measured and told, and no more.

use protocols::work::Work;
use wire::upper_tester::Arguments;

use super::SecureServer;
use crate::mechanism::Context;
use crate::mechanism::selective::Selective;

impl SecureServer {
    /// Looks at what waits in buffers: `below` octets outside of the session. It counts as long as a session may lead to a key.
    fn note_buffers(&mut self, below: usize) {
        if let Some(session) = &mut self.session {
            let buffered = below + session.dtls.buffered() + session.coap.buffered();
            session.peak_buffered = session.peak_buffered.max(buffered);
        }
    }
}

impl Selective {
    /// Looks at what waits in buffers.
    pub(in crate::mechanism::selective) fn note_octets(&mut self, octets: usize) {
        self.server.note_buffers(octets);
    }

    /// Tells what the session that brought a key has cost.
    pub(in crate::mechanism::selective) fn report_cost(&mut self, cx: &mut Context<'_>) {
        let Some(session) = self.server.session.as_ref().filter(|_| self.mutant.free().tells_costs()) else { return };
        let work = if self.mutant.free().cost_uncounted() { Work::default() } else { session.dtls.work() };
        let arguments = Arguments::default()
            .with("aes_blocks", work.aes_blocks)
            .with("sha256_blocks", work.sha256_blocks)
            .with("point_multiplications", work.point_multiplications)
            .with("buffer_octets", session.peak_buffered);
        cx.stack.tell.event(cx.now, "cost", arguments);
    }
}
