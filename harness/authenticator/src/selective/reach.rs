//! `reach`: echo requests to a device until it answers, so that a case can ask whether the way there and back is open
//! without a single lost frame deciding it.

use std::net::Ipv6Addr;
use std::time::Duration;

use protocols::time::Instant;
use wire::icmpv6::{Echo, Message};
use wire::ipv6::NextHeader;

use super::CommissioningTool;
use crate::machine::Refusal;

/// From one echo request to the next.
pub(super) const INTERVAL: Duration = Duration::from_secs(3);
const DATA: &[u8] = b"bootrack";

/// The state of a `reach`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Reach {
    address: Ipv6Addr,
    left: u32,
    sent: u16,
    next: Instant,
}

impl Reach {
    pub(super) fn new(address: Ipv6Addr, tries: u32, now: Instant) -> Self {
        Self { address, left: tries, sent: 0, next: now }
    }

    /// How it stands.
    pub(super) fn unanswered(&self) -> String {
        format!("{} answered none of {} echo requests", self.address, self.sent)
    }

    pub(super) fn deadline(&self) -> Instant {
        self.next
    }

    /// Whether an echo reply is one that task `id` waits for.
    pub(super) fn is_answered(&self, id: u64, source: Ipv6Addr, echo: &Echo) -> bool {
        source == self.address && echo.identifier == identifier(id) && echo.sequence_number <= self.sent
    }
}

impl CommissioningTool {
    /// Sends the next echo request if it is due.
    pub(super) fn advance_reach(&mut self, now: Instant, id: u64, reach: &mut Reach) -> Result<(), Refusal> {
        if now < reach.next {
            return Ok(());
        }
        if reach.left == 0 {
            return Err(Refusal::of_time(reach.unanswered()));
        }
        reach.left -= 1;
        reach.sent = reach.sent.saturating_add(1);
        reach.next = now + INTERVAL;
        let echo = Echo { identifier: identifier(id), sequence_number: reach.sent, data: DATA.to_vec() };
        let request = Message::EchoRequest(echo).to_vec(self.host.address(), reach.address);
        self.outputs.push_back(self.host.packet(reach.address, NextHeader::ICMPV6, request, None));
        Ok(())
    }
}

fn identifier(id: u64) -> u16 {
    u16::try_from(id & 0xffff).unwrap_or(0)
}
