//! What an order comes to when it is taken: it is done at once, or a task begins.

use std::collections::VecDeque;
use std::net::Ipv6Addr;
use std::time::Duration;

use protocols::credentials::{PublicKey, TrustAnchor};
use protocols::dtls;
use protocols::time::Instant;
use record::event::Key;
use wire::Eui64;

use super::credentials::{Credential, DeviceAnchor};
use super::order::{AnchorOrder, Order};
use super::reach::Reach;
use super::tasks::{Kind, all_secured_request, unconfirmed};
use super::{CommissioningTool, HandshakeConfig, Mutant};
use crate::machine::{MachineOutput, Refusal};

/// What an order comes to when it is taken: done at once, or a task.
pub(super) type Taken = Result<Option<Kind>, Refusal>;

impl CommissioningTool {
    pub(super) fn begin(&mut self, now: Instant, order: Order) -> Taken {
        Ok(match order {
            Order::Network(network) => {
                let key = Key::Link { index: network.index, key: network.key.to_vec().into() };
                self.outputs.push_back(MachineOutput::KeyLearnt(key));
                self.network = Some(network);
                None
            }
            Order::Anchor { eui64, by } => {
                let anchor = match by {
                    AnchorOrder::Psk(psk) => DeviceAnchor::Psk(psk),
                    AnchorOrder::PublicKey(der) => DeviceAnchor::PublicKey(
                        PublicKey::from_subject_public_key_info(&der).map_err(|error| error.to_string())?,
                    ),
                    AnchorOrder::Root(der) => {
                        DeviceAnchor::Root(TrustAnchor::from_certificate(&der).map_err(|error| error.to_string())?)
                    }
                };
                self.anchors.insert(eui64, anchor);
                None
            }
            Order::Device(told) => {
                self.manners.learn(told);
                None
            }
            Order::Identity(order) => {
                self.keyring.identity = order.identity()?;
                None
            }
            Order::Clock(unix_time) => {
                let since_zero = Duration::from_secs(now.since(Instant::ZERO).as_secs());
                self.keyring.unix_time_at_zero = Duration::from_secs(unix_time).saturating_sub(since_zero);
                None
            }
            Order::Revoke(hash) => {
                self.keyring.revoked.push(hash);
                None
            }
            Order::Select(eui64) => {
                self.anchor(eui64)?;
                self.network.as_ref().ok_or("no network key was given")?;
                Some(Kind::Select(eui64))
            }
            Order::Deselect(eui64) => {
                self.deselect(now, eui64);
                None
            }
            Order::AllSecured { value, to } => {
                let meant = self.secured.keys().copied().filter(|eui64| to.is_none_or(|to| to == *eui64));
                let mut remaining: VecDeque<(Eui64, u32)> = meant.map(|eui64| (eui64, 0)).collect();
                if remaining.is_empty() {
                    return Err(Refusal::unclear("no such device was secured"));
                }
                remaining.iter().try_for_each(|(eui64, _)| self.anchor(*eui64).map(drop))?;
                self.close_seq =
                    self.close_seq.checked_add(1).ok_or("the sequence numbers of the domain are used up")?;
                let value = value || self.is(Mutant::OpenCloses);
                let seq = if self.is(Mutant::CloseSeqReused) { 1 } else { self.close_seq };
                if self.is(Mutant::CloseOneOnly) {
                    remaining.truncate(1);
                }
                match remaining.front() {
                    Some(&(eui64, _)) if self.is(Mutant::CloseWithoutDtls) => {
                        Some(Kind::Plain { eui64, request: Some(unconfirmed(all_secured_request(value, seq))) })
                    }
                    _ => {
                        Some(Kind::AllSecured { value, seq, everybody: to.is_none(), remaining, failures: Vec::new() })
                    }
                }
            }
            Order::Adopt(eui64) => {
                let address = self.address_of(eui64);
                self.secured.insert(eui64, address);
                None
            }
            Order::Forget(eui64) => {
                self.secured.remove(&eui64);
                self.registry.forget(eui64);
                self.close_kept(now, eui64);
                None
            }
            Order::Request { eui64, request } => {
                if !self.sessions.values().any(|session| session.is_kept && session.eui64 == eui64) {
                    self.anchor(eui64)?;
                }
                Some(Kind::Request { eui64, request })
            }
            Order::Connect { eui64, psk, identity, at } => {
                let known = match &psk {
                    Some(psk) if !self.anchors.contains_key(&eui64) => {
                        Credential::Psk { psk: psk.clone(), identity: self.identity_of(eui64) }
                    }
                    _ => self.credential_for(eui64)?,
                };
                let credential = known.overridden(psk, identity);
                let address = at.unwrap_or_else(|| self.address_of(eui64));
                Some(Kind::Connect { eui64, address, credential })
            }
            Order::Disconnect(eui64) => {
                if !self.close_kept(now, eui64) {
                    return Err(Refusal::unclear(format!("no session with {} is open", eui64.with_colons())));
                }
                None
            }
            Order::Reach { eui64, tries } => Some(Kind::Reach(Reach::new(self.address_of(eui64), tries, now))),
            Order::Plain { eui64, request } => Some(Kind::Plain { eui64, request: Some(request) }),
            Order::Serve(responder) => {
                self.host.bind(responder.end(), responder);
                None
            }
            Order::HandshakeConfig { mtu, ems, retransmit } => {
                if let Some(mtu) = mtu.filter(|mtu| *mtu < dtls::MIN_MTU) {
                    return Err(format!("an MTU of {mtu} octets is below {}", dtls::MIN_MTU).into());
                }
                let HandshakeConfig { retransmission, .. } = &mut self.handshake;
                if let Some(initial) = retransmit {
                    // Who asks for a time gets that time.
                    (retransmission.initial, retransmission.jitter_percent) = (initial, 0);
                }
                self.handshake.mtu = mtu.or(self.handshake.mtu);
                self.handshake.extended_master_secret = ems.unwrap_or(self.handshake.extended_master_secret);
                None
            }
        })
    }

    /// Where a device is: where it was secured, else its address in the mesh if it asked from there or not at all.
    pub(super) fn address_of(&self, eui64: Eui64) -> Ipv6Addr {
        let natural = self.manners.of(eui64).address();
        let claimed = || {
            let claims: Vec<_> = self.registry.addresses(eui64).collect();
            if claims.contains(&natural) { None } else { claims.last().copied() }
        };
        self.secured.get(&eui64).copied().or_else(claimed).unwrap_or(natural)
    }

    fn deselect(&mut self, now: Instant, eui64: Option<Eui64>) {
        let ended: Vec<u64> =
            self.tasks.iter().filter(|(_, task)| task.is_selection(eui64)).map(|(id, _)| *id).collect();
        for task in ended {
            self.finish(now, task, Err(Refusal::unclear("deselected")));
        }
    }

    fn close_kept(&mut self, now: Instant, eui64: Eui64) -> bool {
        let mut closed = false;
        for session in self.sessions.values_mut().filter(|session| session.is_kept && session.eui64 == eui64) {
            session.close(now);
            closed = true;
        }
        closed
    }
}
