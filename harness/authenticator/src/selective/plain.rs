//! Requests without DTLS.

use std::net::Ipv6Addr;

use protocols::coap::{Client, ClientOutput, Request, TransmissionParameters};
use protocols::time::Instant;
use rand_core::SeedableRng;
use wire::coap;

use super::CommissioningTool;
use super::deviations::deviate_coap;
use crate::craft::flip;
use crate::deviation::Gate;
use crate::host::End;
use crate::machine::{MachineOutput, Refusal};

/// A request without DTLS.
pub(super) struct Plain {
    task: Option<u64>,
    /// Done when sent; else done at a response.
    is_done_when_sent: bool,
    address: Ipv6Addr,
    local_port: u16,
    client: Client,
    gate: Gate<(Vec<u8>, Vec<u32>)>,
}

impl Plain {
    /// Takes a datagram if it is the answer to this one.
    pub(super) fn receive(&mut self, now: Instant, from: End, port: u16, payload: &[u8]) {
        if from == (self.address, coap::PORT) && port == self.local_port {
            self.client.handle(now, payload);
        }
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        [self.client.deadline(), self.gate.deadline()].into_iter().flatten().min()
    }
}

impl CommissioningTool {
    /// Begins a request without DTLS for `task`.
    pub(super) fn start_plain(&mut self, now: Instant, task: u64, address: Ipv6Addr, request: Request) {
        let mut client = Client::new(TransmissionParameters::default(), self.entropy.fork());
        let is_done_when_sent = !request.confirmable;
        client.request(now, request);
        let local_port = self.host.next_port();
        let plain = Plain { task: Some(task), is_done_when_sent, address, local_port, client, gate: Gate::default() };
        self.plain.push(plain);
    }

    /// Moves the requests without DTLS on by one output each; whether there was any.
    pub(super) fn poll_plain(&mut self, now: Instant) -> bool {
        let mut moved = false;
        let mut at = 0;
        while let Some(plain) = self.plain.get_mut(at) {
            at += 1;
            let (address, local_port, task) = (plain.address, plain.local_port, plain.task);
            if let Some((mut octets, bits)) = plain.gate.poll(now) {
                moved = true;
                if plain.is_done_when_sent {
                    plain.task = None;
                }
                let is_done = plain.is_done_when_sent;
                bits.iter().for_each(|bit| flip(&mut octets, *bit));
                let wrong = (!bits.is_empty()).then(|| "a bit of the message is flipped".to_owned());
                self.outputs.push_back(self.host.datagram(local_port, (address, coap::PORT), octets, wrong));
                if let (Some(task), true) = (task, is_done) {
                    self.finish(now, task, Ok(()));
                }
                continue;
            }
            let Some(output) = plain.client.poll(now) else { continue };
            moved = true;
            let result = match output {
                ClientOutput::Datagram(octets) => {
                    let (octets, decision, problem) = deviate_coap(octets, &mut self.rules);
                    let bits = decision.corrupt.iter().map(|(_, bit)| *bit).collect();
                    plain.gate.admit(now, (octets, bits), &decision);
                    self.outputs.extend(problem.map(MachineOutput::Fault));
                    // Nothing will be sent, or not before another message is.
                    let is_withheld = decision.drop || decision.reorder;
                    if let (Some(task), true) = (task, is_withheld && plain.is_done_when_sent) {
                        plain.task = None;
                        self.finish(now, task, Ok(()));
                    }
                    continue;
                }
                ClientOutput::Response { message, .. } => {
                    self.log(format!("{address} answered {} without DTLS", message.code));
                    Ok(())
                }
                ClientOutput::Failed { reason, .. } => {
                    Err(Refusal::of_the_device(format!("no response without DTLS: {reason:?}")))
                }
            };
            at -= 1;
            self.plain.remove(at);
            if let Some(task) = task {
                self.finish(now, task, result);
            }
        }
        moved
    }
}
