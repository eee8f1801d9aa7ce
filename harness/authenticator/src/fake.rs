//! Stations that no case may pass against: what the fakes of a device are for cases whose subject is a station.

use std::collections::VecDeque;

use protocols::Entropy;
use protocols::time::Instant;
use rand_core::Rng;
use record::station::{Attachment, StationInfo};

use crate::deviation::{Hooks, Rule, RuleError};
use crate::machine::{Machine, MachineInput, MachineOutput};
use crate::station::{Fake, Station};

/// Octets of rubbish that a babbling station sends for each order.
const RUBBISH: usize = 48;

/// A fake in the place of a station of this kind.
pub(crate) struct FakeStation {
    fake: Fake,
    info: StationInfo,
    entropy: Entropy,
    outputs: VecDeque<MachineOutput>,
    sent: u64,
}

impl FakeStation {
    pub(crate) fn new(fake: Fake, info: StationInfo, entropy: Entropy) -> Self {
        Self { fake, info, entropy, outputs: VecDeque::new(), sent: 0 }
    }

    fn rubbish(&mut self) -> MachineOutput {
        let mut octets = vec![0; RUBBISH];
        self.entropy.fill_bytes(&mut octets);
        self.sent += 1;
        match self.info.attachment {
            Attachment::Backbone => MachineOutput::Backbone { packet: octets, wrong_on_purpose: None },
            Attachment::Radio => {
                MachineOutput::Inject { handle: self.sent, psdu: octets, fcs: None, wrong_on_purpose: None }
            }
        }
    }
}

impl Machine for FakeStation {
    /// Packets and frames are nothing to it.
    fn handle(&mut self, _now: Instant, input: MachineInput<'_>) {
        let MachineInput::Order { line, .. } = input else { return };
        let order = line.to_owned();
        match self.fake {
            Fake::Dead => {}
            Fake::Refusing => {
                let reason = "it refuses everything".to_owned();
                self.outputs.push_back(MachineOutput::Refused { order, reason, because: None });
            }
            Fake::Liar => self.outputs.push_back(MachineOutput::Done { order }),
            Fake::Babbling => {
                let rubbish = self.rubbish();
                self.outputs.push_back(rubbish);
                self.outputs.push_back(MachineOutput::Done { order });
            }
        }
    }

    fn poll(&mut self, _now: Instant) -> Option<MachineOutput> {
        self.outputs.pop_front()
    }

    fn deadline(&self) -> Option<Instant> {
        None
    }
}

impl Hooks for FakeStation {
    /// What the real one would deviate is never sent.
    fn hook(&mut self, rule: &Rule) -> Result<bool, RuleError> {
        Ok(self.info.hooked.contains(&rule.message.as_str()))
    }
}

impl Station for FakeStation {}
