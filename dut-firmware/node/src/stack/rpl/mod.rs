//! Routing by RPL in storing mode (RFC 6550) with objective function zero (RFC 6552), one DODAG whose root is the 6LBR.
//!
//! Sans-IO, as all of the device. DIOs go out when trickle says so, in the copies of the multicast rule (`PROFILE-SEL` 9); DAOs go to
//! the parent, and a router sends on what it learnt. Data packets bear no RPL option (RFC 6553): a loop is kept from
//! arising by ranks and poison, and ended by the hop limit.

mod parents;
mod routes;
mod sequence;
#[cfg(test)]
mod tests;
mod trickle;

use alloc::vec::Vec;
use core::net::Ipv6Addr;
use core::time::Duration;

use protocols::Entropy;
use protocols::time::Instant;
use wire::Eui64;
use wire::rpl::{
    Configuration, DestinationAdvertisement, DestinationAdvertisementAck, InformationObject, Message, RplOption,
    TransitInformation,
};
use wire::upper_tester::Role;

use super::mutants::Mutant;
use super::random::random_below;
use crate::bounds;
use crate::selected::Selected;
use routes::{DownwardRoute, Taken, take};
use trickle::Trickle;

/// All-RPL-nodes (RFC 6550 section 20.19).
pub(crate) const ALL_RPL_NODES: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0x1a);

const INSTANCE: u8 = 0;
/// MOP 2: storing, without multicast.
const STORING: u8 = 2;
const INFINITE_RANK: u16 = 0xffff;
/// Objective code point of OF0.
const OF0: u16 = 0;
/// What the root advertises: an Imin of 1.024 s and ten doublings of it, since a frame of this radio takes up to 4 ms; k and the
/// least increase of ranks are the defaults of RFC 6550 section 17. A rank may rise by eight hops. Routes live an hour.
const CONFIGURATION: Configuration = Configuration {
    authentication_enabled: false,
    path_control_size: 0,
    interval_doublings: 10,
    interval_min: 10,
    redundancy_constant: 10,
    max_rank_increase: 6_144,
    min_hop_rank_increase: 256,
    objective_code_point: OF0,
    default_lifetime: 60,
    lifetime_unit: 60,
};

/// A DAO that is not acknowledged is repeated so long after; twice as long after the next.
const DAO_ACK_WAIT: Duration = Duration::from_secs(3);
/// How long a route is used whose lifetime says infinity (RFC 6550 section 6.7.8).
const FOREVER: Duration = Duration::from_secs(0xffff_ffff);
/// Whatever a root says of lifetimes, routes are told anew no more often than this, and DIOs no faster than an Imin of 2^7 ms.
const REFRESH_MIN: Duration = Duration::from_secs(30);
const INTERVAL_MIN_LEAST: u8 = 7;
/// Those that a root's restart wakes do not all ask at once for its DODAG.
const SOLICITATION_JITTER: Duration = Duration::from_secs(1);

/// A message to send; to all neighbours without `to`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Emission {
    pub(crate) to: Option<Eui64>,
    pub(crate) message: Message,
}

/// What a message or a lost frame brought about.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) emissions: Vec<Emission>,
    /// The new parent, with the rank that follows.
    pub(crate) parent: Option<(Eui64, u16)>,
}

/// A neighbour that may be a parent.
#[derive(Debug, Clone, Copy)]
struct Candidate {
    neighbour: Eui64,
    rank: u16,
    trigger_sequence_number: u8,
}

/// A target to be told to the parent; with lifetime 0 it is taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Advertised {
    target: Ipv6Addr,
    path_sequence: u8,
    path_lifetime: u8,
}

/// A DAO without its acknowledgement.
#[derive(Debug)]
struct Unacknowledged {
    sequence: u8,
    targets: Vec<Advertised>,
    tries: u32,
    next: Instant,
}

/// The DODAG that this node is in.
#[derive(Debug)]
struct Dodag {
    id: Ipv6Addr,
    version: u8,
    rank: u16,
    /// The lowest rank that this node had in this version: it may rise from there by the greatest increase only.
    lowest_rank: u16,
    parent: Option<Eui64>,
    configuration: Configuration,
    trickle: Trickle,
}

/// A version of a DODAG that this node was in, and the lowest rank that it had there: what it may rise to is counted from that when
/// it comes back (section 8.2.2.4).
#[derive(Debug, Clone, Copy)]
struct Former {
    id: Ipv6Addr,
    version: u8,
    lowest_rank: u16,
}

/// The state of RPL.
#[derive(Debug)]
pub(crate) struct Rpl {
    role: Role,
    mutant: Selected<Mutant>,
    own: Option<Ipv6Addr>,
    dodag: Option<Dodag>,
    former: Option<Former>,
    candidates: Vec<Candidate>,
    failures: Vec<(Eui64, u8)>,
    routes: Vec<DownwardRoute>,
    trigger_sequence_number: u8,
    path_sequence: u8,
    dao_sequence: u8,
    pending: Vec<Advertised>,
    dao_at: Option<Instant>,
    refresh_at: Option<Instant>,
    unacknowledged: Vec<Unacknowledged>,
    solicit_at: Option<Instant>,
    believes_from: Instant,
}

impl Rpl {
    pub(crate) fn new(role: Role, mutant: Selected<Mutant>) -> Self {
        Self {
            role,
            mutant,
            own: None,
            dodag: None,
            former: None,
            candidates: Vec::new(),
            failures: Vec::new(),
            routes: Vec::new(),
            trigger_sequence_number: mutant.free().sequence_counter(),
            path_sequence: mutant.free().sequence_counter(),
            dao_sequence: mutant.free().dao_sequence(),
            pending: Vec::new(),
            dao_at: None,
            refresh_at: None,
            unacknowledged: Vec::new(),
            solicit_at: None,
            believes_from: Instant::ZERO,
        }
    }

    /// The node has its global address: the root founds its DODAG, a router asks for one.
    pub(crate) fn start(&mut self, now: Instant, own: Ipv6Addr, entropy: &mut Entropy) {
        self.own = Some(own);
        if self.role == Role::SixLbr {
            let configuration = CONFIGURATION;
            let rank = configuration.min_hop_rank_increase;
            self.dodag = Some(Dodag {
                id: own,
                version: self.mutant.free().sequence_counter(),
                rank,
                lowest_rank: rank,
                parent: None,
                configuration,
                trickle: trickle(now, &configuration, entropy),
            });
        } else if self.dodag.is_none() {
            self.solicit_at = Some(now);
        } else {
            self.advertise_all(now, entropy);
        }
    }

    /// This node's rank; infinite without a DODAG.
    pub(crate) fn rank(&self) -> u16 {
        self.dodag.as_ref().map_or(INFINITE_RANK, |dodag| dodag.rank)
    }

    pub(crate) fn parent(&self) -> Option<Eui64> {
        self.dodag.as_ref()?.parent
    }

    pub(crate) fn dodag_id(&self) -> Option<Ipv6Addr> {
        self.dodag.as_ref().map(|dodag| dodag.id)
    }

    pub(crate) fn routes(&self) -> usize {
        self.routes.len()
    }

    /// The neighbour below which `target` is.
    pub(crate) fn next_hop(&self, target: Ipv6Addr) -> Option<Eui64> {
        self.routes.iter().find(|route| route.target == target).map(|route| route.via)
    }

    /// Takes a message from the neighbour `from`; `to_all` if it was multicast.
    pub(crate) fn handle(
        &mut self,
        now: Instant,
        from: Eui64,
        to_all: bool,
        message: &Message,
        entropy: &mut Entropy,
    ) -> Outcome {
        match message {
            Message::InformationSolicitation { .. } => self.handle_solicitation(now, from, to_all, entropy),
            Message::InformationObject(object) => self.handle_object(now, from, object, entropy),
            Message::DestinationAdvertisement(advertisement) => {
                self.handle_advertisement(now, from, advertisement, entropy)
            }
            Message::DestinationAdvertisementAck(ack) => {
                if Some(from) == self.parent() && ack.instance_id == INSTANCE {
                    self.unacknowledged.retain(|sent| sent.sequence != ack.sequence);
                }
                Outcome::default()
            }
            // Security of RPL's own is not used: link security protects the messages.
            Message::Secure { .. } => Outcome::default(),
        }
    }

    fn handle_solicitation(&mut self, now: Instant, from: Eui64, to_all: bool, entropy: &mut Entropy) -> Outcome {
        let object = self.object();
        let Some(dodag) = &mut self.dodag else { return Outcome::default() };
        if to_all {
            dodag.trickle.hear_inconsistent(now, entropy);
            return Outcome::default();
        }
        let message = object.map(|message| Emission { to: Some(from), message });
        Outcome { emissions: message.into_iter().collect(), ..Outcome::default() }
    }

    fn handle_object(
        &mut self,
        now: Instant,
        from: Eui64,
        object: &InformationObject,
        entropy: &mut Entropy,
    ) -> Outcome {
        let usable = object.instance_id == INSTANCE && object.mode_of_operation == STORING;
        let ours = self.dodag.as_ref().is_none_or(|dodag| dodag.id == object.dodag_id);
        if !usable || !ours {
            return Outcome::default();
        }
        if self.role == Role::SixLbr {
            if let Some(dodag) = &mut self.dodag {
                dodag.trickle.hear_consistent();
            }
            return Outcome::default();
        }
        // Before Neighbor Discovery gave an address there is no router to leave for another, and nothing to advertise.
        if now < self.believes_from || self.own.is_none() {
            return Outcome::default();
        }
        let configuration = object.options.iter().find_map(|option| match option {
            RplOption::Configuration(configuration) => Some(*configuration),
            _ => None,
        });
        if configuration.is_some_and(|configuration| configuration.objective_code_point != OF0) {
            return Outcome::default();
        }
        let poisoned = object.rank == INFINITE_RANK;
        if poisoned && self.mutant.is(Mutant::RplPoisonIgnored) {
            return Outcome::default();
        }
        match &mut self.dodag {
            None if poisoned => return Outcome::default(),
            None => {
                // A DIO need not have it, the answer to a DIS must (RFC 6550 section 8.3).
                let Some(configuration) = configuration else {
                    let message = Message::InformationSolicitation { options: Vec::new() };
                    return Outcome {
                        emissions: Vec::from([Emission { to: Some(from), message }]),
                        ..Outcome::default()
                    };
                };
                let was_here = self
                    .former
                    .filter(|former| former.id == object.dodag_id && former.version == object.version_number);
                self.dodag = Some(Dodag {
                    id: object.dodag_id,
                    version: object.version_number,
                    rank: INFINITE_RANK,
                    lowest_rank: was_here.map_or(INFINITE_RANK, |former| former.lowest_rank),
                    parent: None,
                    configuration,
                    trickle: trickle(now, &configuration, entropy),
                });
            }
            Some(dodag) if sequence::is_newer(object.version_number, dodag.version) => {
                // Global repair (section 3.7.1): what was known belongs to the old version.
                (dodag.version, dodag.rank, dodag.lowest_rank) = (object.version_number, INFINITE_RANK, INFINITE_RANK);
                dodag.parent = None;
                self.candidates.clear();
            }
            Some(dodag) if dodag.version != object.version_number => {
                dodag.trickle.hear_inconsistent(now, entropy);
                return Outcome::default();
            }
            Some(_) => {}
        }
        let known = self.candidates.iter().find(|known| known.neighbour == from).copied();
        self.candidates.retain(|known| known.neighbour != from);
        if !poisoned && self.candidates.len() < bounds::NEIGHBOURS {
            self.candidates.push(Candidate {
                neighbour: from,
                rank: object.rank,
                trigger_sequence_number: object.trigger_sequence_number,
            });
        }
        let changed = known.is_none_or(|known| known.rank != object.rank);
        let triggered = known.is_none_or(|known| known.trigger_sequence_number != object.trigger_sequence_number);
        let former = self.parent();
        let outcome = self.select(now, entropy);
        if let Some(dodag) = self.dodag.as_mut().filter(|_| !changed) {
            dodag.trickle.hear_consistent();
        }
        if triggered && former == Some(from) && self.parent() == former {
            self.advertise_all(now, entropy);
        }
        outcome
    }

    fn handle_advertisement(
        &mut self,
        now: Instant,
        from: Eui64,
        advertisement: &DestinationAdvertisement,
        entropy: &mut Entropy,
    ) -> Outcome {
        let Some(dodag) = &self.dodag else { return Outcome::default() };
        let elsewhere = advertisement.dodag_id.is_some_and(|id| id != dodag.id);
        if advertisement.instance_id != INSTANCE || elsewhere || dodag.parent == Some(from) {
            return Outcome::default();
        }
        let unit = Duration::from_secs(dodag.configuration.lifetime_unit.into());
        let mut targets = Vec::new();
        let mut is_full = false;
        let mut news = Vec::new();
        let mut after_transit = false;
        for option in &advertisement.options {
            match option {
                RplOption::Target { prefix_length: 128, prefix } => {
                    // A group is targets, then what is said of all of them (section 6.7.8).
                    if after_transit {
                        targets.clear();
                    }
                    after_transit = false;
                    targets.push(*prefix);
                }
                RplOption::TransitInformation(transit) => {
                    after_transit = true;
                    for target in targets.iter().copied().filter(|target| Some(*target) != self.own) {
                        let until = now + lifetime(transit.path_lifetime, unit);
                        let path_sequence = transit.path_sequence;
                        let path_lifetime = transit.path_lifetime;
                        let route = DownwardRoute { target, via: from, path_sequence, until };
                        match take(&mut self.routes, route, path_lifetime) {
                            Taken::News => news.push(Advertised { target, path_sequence, path_lifetime }),
                            Taken::Nothing => {}
                            Taken::Full => is_full = true,
                        }
                    }
                }
                _ => {}
            }
        }
        if !self.mutant.is(Mutant::RplDaoNotRelayed) {
            self.tell(now, news, entropy);
        }
        if !advertisement.acknowledgement {
            return Outcome::default();
        }
        let ack = DestinationAdvertisementAck {
            instance_id: INSTANCE,
            sequence: advertisement.sequence,
            // Unable to accept (section 6.5.1).
            status: if is_full { 128 } else { 0 },
            dodag_id: None,
            options: Vec::new(),
        };
        let message = Message::DestinationAdvertisementAck(ack);
        Outcome { emissions: Vec::from([Emission { to: Some(from), message }]), ..Outcome::default() }
    }

    /// Queues what the parent has to hear.
    fn tell(&mut self, now: Instant, news: Vec<Advertised>, entropy: &mut Entropy) {
        if news.is_empty() || self.parent().is_none() {
            return;
        }
        for told in news {
            self.pending.retain(|known| known.target != told.target);
            if self.pending.len() < bounds::ROUTES {
                self.pending.push(told);
            }
        }
        if self.dao_at.is_none() {
            self.dao_at = Some(now + random_below(self.mutant.free().dao_delay(), entropy));
        }
    }

    /// Queues everything that is to be reached through this node, its own address first and as new.
    fn advertise_all(&mut self, now: Instant, entropy: &mut Entropy) {
        if self.mutant.is(Mutant::RplNoDao) {
            return;
        }
        self.refresh(now, entropy);
        let below = self.advertised(now).into_iter().skip(1).collect();
        self.tell(now, below, entropy);
    }

    /// Queues this node's own address as new; those below it see to theirs themselves.
    fn refresh(&mut self, now: Instant, entropy: &mut Entropy) {
        self.path_sequence = sequence::next(self.path_sequence);
        let own = self.advertised(now).into_iter().take(1).collect();
        self.tell(now, own, entropy);
        if let Some(dodag) = &self.dodag {
            let unit = Duration::from_secs(dodag.configuration.lifetime_unit.into());
            let half = (unit * u32::from(dodag.configuration.default_lifetime) / 2).max(REFRESH_MIN);
            // Not all at once, if all came up at once.
            let pause = self.mutant.free().dao_refresh().unwrap_or_else(|| half - random_below(half / 4, entropy));
            self.refresh_at = Some(now + pause);
        }
    }

    fn advertised(&self, now: Instant) -> Vec<Advertised> {
        let Some(dodag) = &self.dodag else { return Vec::new() };
        let unit = u64::from(dodag.configuration.lifetime_unit).max(1);
        let own = self.own.map(|target| Advertised {
            target,
            path_sequence: self.path_sequence,
            path_lifetime: dodag.configuration.default_lifetime.max(1),
        });
        let below = self.routes.iter().map(|route| Advertised {
            target: route.target,
            path_sequence: route.path_sequence,
            // What is left of it, rounded up, or infinity.
            path_lifetime: u8::try_from((route.until - now).as_secs().div_ceil(unit)).unwrap_or(u8::MAX),
        });
        own.into_iter().chain(below).collect()
    }

    fn advertisement(&mut self, targets: &[Advertised]) -> Message {
        let mut options = Vec::new();
        for told in targets {
            options.push(RplOption::Target { prefix_length: 128, prefix: told.target });
            options.push(RplOption::TransitInformation(TransitInformation {
                external: false,
                path_control: 0,
                path_sequence: told.path_sequence,
                path_lifetime: told.path_lifetime,
                parent: None,
            }));
        }
        self.dao_sequence = sequence::next(self.dao_sequence);
        Message::DestinationAdvertisement(DestinationAdvertisement {
            instance_id: INSTANCE,
            acknowledgement: true,
            sequence: self.dao_sequence,
            dodag_id: None,
            options,
        })
    }

    fn object(&self) -> Option<Message> {
        let dodag = self.dodag.as_ref()?;
        Some(Message::InformationObject(InformationObject {
            instance_id: INSTANCE,
            version_number: dodag.version,
            rank: dodag.rank,
            grounded: true,
            mode_of_operation: STORING,
            preference: 0,
            trigger_sequence_number: self.trigger_sequence_number,
            dodag_id: dodag.id,
            options: Vec::from([RplOption::Configuration(dodag.configuration)]),
        }))
    }

    /// What is due.
    pub(crate) fn poll(&mut self, now: Instant, entropy: &mut Entropy) -> Vec<Emission> {
        let mut emissions = Vec::new();
        self.routes.retain(|route| route.until > now);
        if is_due(self.solicit_at, now) {
            let interval = self.mutant.free().dodag_solicitation();
            self.solicit_at = Some(now + interval + random_below(SOLICITATION_JITTER, entropy));
            emissions.push(Emission { to: None, message: Message::InformationSolicitation { options: Vec::new() } });
        }
        let object = self.object();
        if let Some(dodag) = &mut self.dodag
            && dodag.trickle.poll(now, entropy)
        {
            emissions.extend(object.map(|message| Emission { to: None, message }));
        }
        if is_due(self.refresh_at, now) {
            self.refresh(now, entropy);
        }
        let Some(parent) = self.parent() else { return emissions };
        if is_due(self.dao_at, now) {
            self.dao_at = None;
            let pending = core::mem::take(&mut self.pending);
            for targets in pending.chunks(self.mutant.free().dao_targets()) {
                let message = self.advertisement(targets);
                emissions.push(Emission { to: Some(parent), message });
                if self.mutant.free().dao_unacknowledged() {
                    continue;
                }
                let (sequence, targets) = (self.dao_sequence, targets.to_vec());
                self.unacknowledged.push(Unacknowledged { sequence, targets, tries: 1, next: now + DAO_ACK_WAIT });
            }
        }
        emissions.extend(self.repeat(now, parent));
        emissions
    }

    /// The DAOs that go out again since nobody acknowledged them (section 9.3).
    fn repeat(&mut self, now: Instant, parent: Eui64) -> Vec<Emission> {
        let mut emissions = Vec::new();
        for mut sent in core::mem::take(&mut self.unacknowledged) {
            if is_due(Some(sent.next), now) {
                if sent.tries >= self.mutant.free().dao_tries() {
                    continue;
                }
                let message = self.advertisement(&sent.targets);
                sent.next = now + DAO_ACK_WAIT * (1 << sent.tries);
                (sent.sequence, sent.tries) = (self.dao_sequence, sent.tries + 1);
                emissions.push(Emission { to: Some(parent), message });
            }
            self.unacknowledged.push(sent);
        }
        emissions
    }

    /// When `poll` has something to do.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let trickle = self.dodag.as_ref().map(|dodag| dodag.trickle.deadline());
        let routes = self.routes.iter().map(|route| route.until).min();
        let acks = self.unacknowledged.iter().map(|sent| sent.next).min();
        [trickle, routes, acks, self.dao_at, self.refresh_at, self.solicit_at].into_iter().flatten().min()
    }

    /// Whether a frame to `neighbour` was acknowledged at last: who is out of reach is no parent, and nothing is below it.
    pub(crate) fn note_delivery(
        &mut self,
        now: Instant,
        neighbour: Eui64,
        acknowledged: bool,
        entropy: &mut Entropy,
    ) -> Outcome {
        let failed = self.failures.iter().find(|(known, _)| *known == neighbour).map_or(0, |(_, failed)| *failed);
        self.failures.retain(|(known, _)| *known != neighbour);
        let failed = if acknowledged { 0 } else { failed.saturating_add(1) };
        let most = self.mutant.free().lost_frames();
        if failed > 0 && failed < most && self.failures.len() < bounds::NEIGHBOURS {
            self.failures.push((neighbour, failed));
        }
        if failed < most || self.mutant.is(Mutant::RplParentKept) {
            return Outcome::default();
        }
        let gone: Vec<Advertised> = self
            .routes
            .iter()
            .filter(|route| route.via == neighbour)
            .map(|route| Advertised { target: route.target, path_sequence: route.path_sequence, path_lifetime: 0 })
            .collect();
        self.routes.retain(|route| route.via != neighbour);
        self.tell(now, gone, entropy);
        let known = self.candidates.len();
        self.candidates.retain(|candidate| candidate.neighbour != neighbour);
        if self.candidates.len() == known {
            return Outcome::default();
        }
        self.select(now, entropy)
    }
}

/// Whether what is to happen `at` a time is due.
fn is_due(at: Option<Instant>, now: Instant) -> bool {
    at.is_some_and(|at| at <= now)
}

/// The lifetime of a path: 0xff is infinity (section 6.7.8).
fn lifetime(path_lifetime: u8, unit: Duration) -> Duration {
    if path_lifetime == u8::MAX { FOREVER } else { unit * u32::from(path_lifetime) }
}

fn trickle(now: Instant, configuration: &Configuration, entropy: &mut Entropy) -> Trickle {
    let interval_min = Duration::from_millis(1 << configuration.interval_min.clamp(INTERVAL_MIN_LEAST, 20));
    let doublings = u32::from(configuration.interval_doublings);
    Trickle::new(now, interval_min, doublings, configuration.redundancy_constant.into(), entropy)
}
