//! A forged commissioning tool: everything that the commissioning tool can do, done over the radio from the address of
//! this neighbour, with the credentials that the case gives it.

use std::time::Duration;

use protocols::time::Instant;
use rand_core::SeedableRng as _;
use wire::ipv6::Packet;

use super::Neighbour;
use crate::machine::{Machine as _, MachineInput, MachineOutput, Refusal};
use crate::profile::{eui64_of, mesh_address};
use crate::selective::CommissioningTool;

/// The word before an order of the forged tool.
pub(super) const WORD: &str = "tool";

impl Neighbour {
    /// Hands an order to the forged tool.
    pub(super) fn order_tool(&mut self, now: Instant, order: &str, within: Option<Duration>) -> Result<(), Refusal> {
        let address = mesh_address(self.configured()?.configuration.eui64);
        let entropy = &mut self.entropy;
        let tool = self.tool.get_or_insert_with(|| Box::new(CommissioningTool::at(address, entropy.fork())));
        tool.handle(now, MachineInput::Order { line: order, within });
        Ok(())
    }

    /// Shows the forged tool a packet for this neighbour.
    pub(super) fn show_tool(&mut self, now: Instant, packet: &[u8]) {
        if let Some(tool) = &mut self.tool {
            tool.handle(now, MachineInput::Backbone(packet));
        }
    }

    /// Does what the forged tool wants done.
    pub(super) fn advance_tool(&mut self, now: Instant) {
        while let Some(output) = self.tool.as_mut().and_then(|tool| tool.poll(now)) {
            match output {
                MachineOutput::Backbone { packet, .. } => self.send_for_tool(now, &packet),
                MachineOutput::Done { order } => {
                    self.outputs.push_back(MachineOutput::Done { order: format!("{WORD} {order}") });
                }
                MachineOutput::Refused { order, reason, because } => {
                    let order = format!("{WORD} {order}");
                    self.outputs.push_back(MachineOutput::Refused { order, reason, because });
                }
                other => self.outputs.push_back(other),
            }
        }
    }

    /// Straight to the node in the interface identifier, else by way of the parent.
    fn send_for_tool(&mut self, now: Instant, packet: &[u8]) {
        let destination = Packet::parse(packet).ok().map(|packet| packet.header.destination);
        let parent = self.node.as_ref().and_then(|node| node.configuration.parent);
        match destination.and_then(eui64_of).or(parent) {
            Some(next_hop) => self.transmit_packet(now, packet, next_hop, false),
            None => self.outputs.push_back(MachineOutput::Log("no way for a packet of the forged tool".to_owned())),
        }
    }
}
