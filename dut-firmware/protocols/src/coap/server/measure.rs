//! What a server keeps.

use alloc::vec::Vec;

use super::{Server, ServerOutput, Transfers};

impl Server {
    /// Octets that are kept or wait: replies for duplicates, responses without acknowledgement, bodies in blocks.
    pub fn buffered(&self) -> usize {
        let replies = self.exchanges.iter().filter_map(|exchange| exchange.reply.as_ref()).map(Vec::len);
        let outputs = self.outputs.iter().map(|output| match output {
            ServerOutput::Datagram(datagram) => datagram.len(),
            ServerOutput::Request { message, .. } => message.payload.len(),
        });
        let transfers = self.transfers.as_ref().map_or(0, Transfers::buffered);
        replies.chain(outputs).sum::<usize>() + self.unacknowledged_octets() + transfers
    }
}
