//! Commissioning tools that no case may pass against: what the fakes of a device are for cases whose subject is the tool.

use rand_core::Rng;

use super::CommissioningTool;
use crate::machine::{MachineInput, MachineOutput};

/// A thing that stands in the tool's place and does nothing of what a tool is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fake {
    /// Answers no order and sends nothing.
    Dead,
    /// Claims every order done, and sends rubbish to the mesh.
    Babbling,
    /// Refuses every order.
    Refusing,
    /// Claims every order done, and sends nothing.
    Liar,
}

/// Octets of rubbish that a babbling tool sends for each order.
const RUBBISH: usize = 48;

impl CommissioningTool {
    /// What a fake makes of an input; packets are nothing to it.
    pub(super) fn pretend(&mut self, fake: Fake, input: MachineInput<'_>) {
        let MachineInput::Order { line, .. } = input else { return };
        let order = line.to_owned();
        match fake {
            Fake::Dead => {}
            Fake::Refusing => {
                let reason = "it refuses everything".to_owned();
                self.outputs.push_back(MachineOutput::Refused { order, reason, because: None });
            }
            Fake::Liar => self.outputs.push_back(MachineOutput::Done { order }),
            Fake::Babbling => {
                let mut packet = vec![0; RUBBISH];
                self.entropy.fill_bytes(&mut packet);
                self.outputs.push_back(MachineOutput::Backbone { packet, wrong_on_purpose: None });
                self.outputs.push_back(MachineOutput::Done { order });
            }
        }
    }
}
