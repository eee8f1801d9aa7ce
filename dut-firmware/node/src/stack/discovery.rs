//! Neighbor Discovery of RFC 6775 in a route-over mesh: RS with back-off, prefix and context from the RA, stateless
//! address, registration with the parent, and the router's side of all that.

use alloc::vec::Vec;
use core::time::Duration;

use protocols::time::Instant;
use wire::Eui64;
use wire::ipv6::{ALL_NODES, ALL_ROUTERS, Ipv6Addr, is_link_local};
use wire::ndp::{LinkLayerAddress, Message, NdpOption, RouterPreference};
use wire::upper_tester::Role;

use super::addresses::{global_of, link_local_of};
use super::mutants::Mutant;
use super::profile::{HOP_LIMIT, MESH_PREFIX};
use crate::bounds;
use crate::selected::Selected;

#[cfg(test)]
mod tests;

/// Hop limit of every message of this protocol, sent and received.
pub(crate) const ND_HOP_LIMIT: u8 = 255;
/// MAX_RTR_SOLICITATIONS at RTR_SOLICITATION_INTERVAL (RFC 6775 section 9), then it doubles.
const SOLICITATIONS: u32 = 3;
/// MAX_RTR_SOLICITATION_INTERVAL.
const SOLICITATION_INTERVAL_MAX: Duration = Duration::from_secs(60);
/// RETRANS_TIMER and MAX_UNICAST_SOLICIT (RFC 4861 section 10).
const REGISTRATION_INTERVAL: Duration = Duration::from_secs(1);
const REGISTRATIONS_TRIED: u32 = 3;
/// What a router advertises, in seconds and in units of 60 s.
const ROUTER_LIFETIME: u16 = 7200;
const PREFIX_LIFETIME: u32 = 86400;
const CONTEXT_LIFETIME: u16 = 1440;
const BORDER_ROUTER_LIFETIME: u16 = 1440;
/// What 0 in the lifetime of a border router's word means (RFC 6775 section 4.3).
const BORDER_ROUTER_LIFETIME_DEFAULT: u16 = 10_000;
const UNIT: Duration = Duration::from_secs(60);

/// Registration status (RFC 6775 section 4.1).
const DUPLICATE: u8 = 1;
const CACHE_FULL: u8 = 2;

/// A message to send, hop limit 255.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Emission {
    pub(crate) source: Ipv6Addr,
    pub(crate) destination: Ipv6Addr,
    /// The neighbour, for a unicast.
    pub(crate) neighbour: Option<Eui64>,
    pub(crate) message: Message,
}

/// What a message brought about.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) emissions: Vec<Emission>,
    /// The global address became usable.
    pub(crate) registered: Option<Ipv6Addr>,
    /// The context to use: its identifier and 64-bit prefix.
    pub(crate) context: Option<(u8, Ipv6Addr, u8)>,
}

/// A node that registered an address here.
#[derive(Debug, Clone, Copy)]
struct Registration {
    address: Ipv6Addr,
    eui64: Eui64,
    until: Instant,
    /// The last frame to it was never acknowledged: nobody may be there.
    silent: bool,
}

/// What a prefix needs to be told on.
#[derive(Debug, Clone, Copy)]
struct Network {
    prefix: Ipv6Addr,
    valid_until: Option<Instant>,
    border_router: Ipv6Addr,
    version: u32,
    /// Of the border router's word, in units of 60 s, as it says it.
    authority_lifetime: u16,
}

#[derive(Debug, Clone, Copy)]
enum Phase {
    Off,
    Soliciting { attempt: u32, next: Instant },
    Registering { attempt: u32, next: Instant },
    Registered { renew: Instant },
}

/// The state of Neighbor Discovery.
#[derive(Debug)]
pub(crate) struct Discovery {
    eui64: Eui64,
    role: Role,
    mutant: Selected<Mutant>,
    configured_parent: Option<Eui64>,
    phase: Phase,
    network: Option<Network>,
    parent: Option<Eui64>,
    global: Option<Ipv6Addr>,
    registrations: Vec<Registration>,
    /// Who solicited, and when it is answered: not before the device is a router.
    solicitors: Vec<(Eui64, Instant)>,
}

impl Discovery {
    pub(crate) fn new(eui64: Eui64, role: Role, configured_parent: Option<Eui64>, mutant: Selected<Mutant>) -> Self {
        Self {
            eui64,
            role,
            mutant,
            configured_parent,
            phase: Phase::Off,
            network: None,
            parent: configured_parent,
            global: None,
            registrations: Vec::new(),
            solicitors: Vec::new(),
        }
    }

    /// The router's link-local address.
    pub(crate) fn link_local(&self) -> Ipv6Addr {
        link_local_of(self.eui64)
    }

    /// The global address, once it is registered.
    pub(crate) fn global(&self) -> Option<Ipv6Addr> {
        self.global
    }

    /// The neighbour towards the 6LBR.
    pub(crate) fn parent(&self) -> Option<Eui64> {
        self.parent
    }

    /// RPL chose another router: the address is registered there too, and stays usable meanwhile.
    #[cfg(feature = "rpl")]
    pub(crate) fn follow(&mut self, now: Instant, parent: Eui64) {
        if self.parent != Some(parent) && self.network.is_some() {
            self.parent = Some(parent);
            self.phase = Phase::Registering { attempt: 0, next: now };
        }
    }

    /// The neighbour that registered `address` here.
    pub(crate) fn registered(&self, address: Ipv6Addr) -> Option<Eui64> {
        self.registrations.iter().find(|registration| registration.address == address).map(|known| known.eui64)
    }

    /// Begins: a 6LBR is the authority for the prefix, a 6LR solicits it after `delay`, random and short (RFC 4861 section 10,
    /// MAX_RTR_SOLICITATION_DELAY), so that devices that are switched on together do not collide.
    pub(crate) fn start(&mut self, now: Instant, delay: Duration) -> Outcome {
        if self.role == Role::SixLr {
            self.phase = Phase::Soliciting { attempt: 0, next: now + delay };
            return Outcome::default();
        }
        let global = global_of(MESH_PREFIX, self.eui64);
        self.network = Some(Network {
            prefix: MESH_PREFIX,
            valid_until: None,
            border_router: global,
            version: 1,
            authority_lifetime: BORDER_ROUTER_LIFETIME,
        });
        self.global = Some(global);
        Outcome { registered: Some(global), context: Some((0, MESH_PREFIX, 64)), ..Outcome::default() }
    }

    /// What is due.
    pub(crate) fn poll(&mut self, now: Instant) -> Vec<Emission> {
        self.registrations.retain(|registration| registration.until > now);
        let answers = self.answers(now);
        if !answers.is_empty() {
            return answers;
        }
        if self.network.is_some_and(|network| network.valid_until.is_some_and(|until| until <= now)) {
            (self.network, self.global) = (None, None);
            self.phase = Phase::Soliciting { attempt: 0, next: now };
        }
        match self.phase {
            Phase::Soliciting { attempt, next } if next <= now => {
                let doublings = (attempt + 1).saturating_sub(SOLICITATIONS).min(8);
                let interval = self.mutant.free().solicitation_interval();
                let wait = (interval * (1 << doublings)).min(SOLICITATION_INTERVAL_MAX);
                self.phase = Phase::Soliciting { attempt: attempt.saturating_add(1), next: now + wait };
                Vec::from([self.router_solicitation()])
            }
            Phase::Registering { attempt, next } if next <= now => {
                if attempt >= REGISTRATIONS_TRIED {
                    // The parent is silent: as if no router were known.
                    self.phase = Phase::Soliciting { attempt: 0, next: now };
                    return self.poll(now);
                }
                self.phase = Phase::Registering { attempt: attempt + 1, next: now + REGISTRATION_INTERVAL };
                self.neighbor_solicitation().into_iter().collect()
            }
            Phase::Registered { renew } if renew <= now => {
                self.phase = Phase::Soliciting { attempt: 0, next: now };
                self.poll(now)
            }
            _ => Vec::new(),
        }
    }

    /// When `poll` has something to do.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let phase = match self.phase {
            Phase::Off => None,
            Phase::Soliciting { next, .. } | Phase::Registering { next, .. } => Some(next),
            Phase::Registered { renew } => Some(renew),
        };
        let prefix = self.network.and_then(|network| network.valid_until);
        let registration = self.registrations.iter().map(|registration| registration.until).min();
        let answer = self.global.and_then(|_| self.solicitors.iter().map(|(_, at)| *at).min());
        [phase, prefix, registration, answer].into_iter().flatten().min()
    }

    /// Takes a message from the neighbour `from`; the caller has seen hop limit 255. What was sent to all is answered after
    /// `delay`, random and below MAX_RA_DELAY_TIME (RFC 6775 section 9): routers that heard it too do not all hear each other.
    pub(crate) fn handle(
        &mut self,
        now: Instant,
        from: Eui64,
        source: Ipv6Addr,
        message: &Message,
        delay: Duration,
    ) -> Outcome {
        match message {
            Message::RouterSolicitation { .. } => self.handle_router_solicitation(now, from, delay),
            Message::RouterAdvertisement { router_lifetime, options, .. } => {
                if !is_link_local(source) || *router_lifetime == 0 {
                    return Outcome::default();
                }
                self.handle_router_advertisement(now, from, options)
            }
            Message::NeighborSolicitation { target, options } => {
                let emission = self.handle_neighbor_solicitation(now, from, source, *target, options);
                Outcome { emissions: emission.into_iter().collect(), ..Outcome::default() }
            }
            Message::NeighborAdvertisement { options, .. } => self.handle_neighbor_advertisement(now, from, options),
            Message::Redirect { .. }
            | Message::DuplicateAddressRequest(_)
            | Message::DuplicateAddressConfirmation(_)
            | Message::ExtendedDuplicateAddressRequest(_)
            | Message::ExtendedDuplicateAddressConfirmation(_) => Outcome::default(),
        }
    }

    /// Copies of one multicast (`PROFILE-SEL` 9) that come before it is answered get one RA.
    fn handle_router_solicitation(&mut self, now: Instant, from: Eui64, delay: Duration) -> Outcome {
        if !self.solicitors.iter().any(|(known, _)| *known == from) && self.solicitors.len() < bounds::NEIGHBOURS {
            self.solicitors.push((from, now + delay));
        }
        Outcome { emissions: self.answers(now), ..Outcome::default() }
    }

    /// The RAs that are due, once the device is a router (RFC 6775 section 6.2).
    fn answers(&mut self, now: Instant) -> Vec<Emission> {
        if self.global.is_none() {
            return Vec::new();
        }
        let due: Vec<Eui64> = self.solicitors.iter().filter(|(_, at)| *at <= now).map(|(to, _)| *to).collect();
        self.solicitors.retain(|(_, at)| *at > now);
        due.into_iter().filter_map(|to| self.router_advertisement(to)).collect()
    }

    fn handle_router_advertisement(&mut self, now: Instant, from: Eui64, options: &[NdpOption]) -> Outcome {
        let wanted = self.configured_parent.or(self.parent).is_none_or(|parent| parent == from);
        if self.role == Role::SixLbr || !wanted || matches!(self.phase, Phase::Off) {
            return Outcome::default();
        }
        let prefix = options.iter().find_map(|option| match option {
            NdpOption::PrefixInformation { prefix_length: 64, autonomous: true, valid_lifetime, prefix, .. }
                if *valid_lifetime > 0 && !is_link_local(*prefix) && !prefix.is_multicast() =>
            {
                Some((*prefix, *valid_lifetime))
            }
            _ => None,
        });
        let border_router = options.iter().find_map(|option| match option {
            NdpOption::AuthoritativeBorderRouter { version, valid_lifetime, address } => {
                Some((*version, *valid_lifetime, *address))
            }
            _ => None,
        });
        let (Some((prefix, lifetime)), Some((version, authority_lifetime, border_router))) = (prefix, border_router)
        else {
            return Outcome::default();
        };
        // What a border router said before it changed its mind still goes round (RFC 6775 section 8.1.3).
        if self.network.is_some_and(|known| known.border_router == border_router && version < known.version) {
            return Outcome::default();
        }
        let units = if authority_lifetime == 0 { BORDER_ROUTER_LIFETIME_DEFAULT } else { authority_lifetime };
        let valid_until = Some(now + Duration::from_secs(lifetime.into()).min(UNIT * u32::from(units)));
        self.network = Some(Network { prefix, valid_until, border_router, version, authority_lifetime });
        self.parent = Some(from);
        if self.mutant.is(Mutant::AddressUnregistered) {
            let registered = self.candidate().filter(|_| self.global.is_none());
            (self.global, self.phase) =
                (self.candidate(), Phase::Registered { renew: now + self.mutant.free().renewal() });
            let context = Some((0, prefix, 64));
            return Outcome { registered, context, ..Outcome::default() };
        }
        if !matches!(self.phase, Phase::Registering { .. }) {
            self.phase = Phase::Registering { attempt: 0, next: now };
        }
        let context = options.iter().find_map(|option| match option {
            NdpOption::SixLowpanContext { context_length, context_id, prefix, .. } => {
                Some((*context_id, *prefix, *context_length))
            }
            _ => None,
        });
        Outcome { emissions: self.poll(now), context, ..Outcome::default() }
    }

    /// Registers the source address of an NS that bears an ARO (RFC 6775 section 6.5).
    fn handle_neighbor_solicitation(
        &mut self,
        now: Instant,
        from: Eui64,
        source: Ipv6Addr,
        target: Ipv6Addr,
        options: &[NdpOption],
    ) -> Option<Emission> {
        let own = target == self.link_local() || Some(target) == self.global;
        if !own || source.is_unspecified() || source.is_multicast() {
            return None;
        }
        let registration = options.iter().find_map(|option| match option {
            NdpOption::AddressRegistration { status: 0, registration_lifetime, eui64 } => {
                Some((*registration_lifetime, *eui64))
            }
            _ => None,
        });
        let mut answer = Vec::new();
        let mut destination = source;
        if let Some((registration_lifetime, eui64)) = registration {
            let status = self.register(now, source, eui64, registration_lifetime);
            answer.push(NdpOption::AddressRegistration { status, registration_lifetime, eui64 });
            if status != 0 {
                // The address is not the sender's to use.
                destination = link_local_of(eui64);
            }
        }
        let (router, solicited, override_) = (self.global.is_some(), true, true);
        let message = Message::NeighborAdvertisement { router, solicited, override_, target, options: answer };
        Some(Emission { source: target, destination, neighbour: Some(from), message })
    }

    fn register(&mut self, now: Instant, address: Ipv6Addr, eui64: Eui64, lifetime_units: u16) -> u8 {
        if self.registered(address).is_some_and(|known| known != eui64) && !self.mutant.is(Mutant::RegistrationStolen) {
            return DUPLICATE;
        }
        self.registrations.retain(|registration| registration.address != address);
        if lifetime_units == 0 {
            return 0;
        }
        if self.registrations.len() >= self.mutant.free().registrations() {
            // Invented nodes must not keep others out: those who never acknowledge give way, and nobody else.
            let silent = self.registrations.iter().position(|registration| registration.silent);
            match silent.filter(|_| !self.mutant.is(Mutant::RegistrationsStarve)) {
                Some(at) => drop(self.registrations.remove(at)),
                None => return CACHE_FULL,
            }
        }
        let until = now + UNIT * u32::from(lifetime_units);
        self.registrations.push(Registration { address, eui64, until, silent: false });
        0
    }

    /// Whether a frame to `neighbour` was acknowledged.
    pub(crate) fn note_delivery(&mut self, neighbour: Eui64, acknowledged: bool) {
        for registration in self.registrations.iter_mut().filter(|registration| registration.eui64 == neighbour) {
            registration.silent = !acknowledged;
        }
    }

    fn handle_neighbor_advertisement(&mut self, now: Instant, from: Eui64, options: &[NdpOption]) -> Outcome {
        let status = options.iter().find_map(|option| match option {
            NdpOption::AddressRegistration { status, eui64, .. } if *eui64 == self.eui64 => Some(*status),
            _ => None,
        });
        let (Phase::Registering { .. }, Some(status), true) = (self.phase, status, Some(from) == self.parent) else {
            return Outcome::default();
        };
        if status != 0 {
            self.phase = Phase::Registering { attempt: 0, next: now + self.mutant.free().refused_wait() };
            return Outcome::default();
        }
        self.phase = Phase::Registered { renew: now + self.mutant.free().renewal() };
        let address = self.candidate();
        let registered = if self.global == address { None } else { address };
        self.global = address;
        Outcome { emissions: self.answers(now), registered, context: None }
    }

    /// The address under registration, or registered: the NA that confirms it is sent to it.
    pub(crate) fn candidate(&self) -> Option<Ipv6Addr> {
        self.network.map(|network| global_of(network.prefix, self.eui64))
    }

    /// The second address of a variant, which it registers too.
    #[cfg(feature = "mutants")]
    pub(crate) fn second(&self) -> Option<Ipv6Addr> {
        self.mutant.free().second_address()?;
        self.network.map(|network| super::otherwise::opaque(network.prefix, self.eui64))
    }

    /// Registers the second address with the parent, once the first one is.
    #[cfg(feature = "mutants")]
    pub(crate) fn registration_of_second(&self) -> Option<Emission> {
        self.global?;
        Some(Emission { source: self.second()?, ..self.neighbor_solicitation()? })
    }

    /// Another multicast solicitation, whoever is known: what a variant sends.
    #[cfg(feature = "mutants")]
    pub(crate) fn solicitation_to_all(&self) -> Emission {
        Emission { destination: ALL_ROUTERS, neighbour: None, ..self.router_solicitation() }
    }

    fn router_solicitation(&self) -> Emission {
        let options = Vec::from([NdpOption::SourceLinkLayerAddress(LinkLayerAddress::Extended(self.eui64))]);
        let message = Message::RouterSolicitation { options };
        // A router that is known is asked alone (RFC 6775 section 5.3); the first time nobody is.
        let neighbour = self.parent.filter(|_| self.network.is_some());
        let destination = neighbour.map_or(ALL_ROUTERS, link_local_of);
        Emission { source: self.link_local(), destination, neighbour, message }
    }

    fn neighbor_solicitation(&self) -> Option<Emission> {
        let (parent, source) = (self.parent?, self.candidate()?);
        let target = link_local_of(parent);
        let options = Vec::from([
            NdpOption::SourceLinkLayerAddress(LinkLayerAddress::Extended(self.eui64)),
            NdpOption::AddressRegistration {
                status: 0,
                registration_lifetime: self.mutant.free().registration_lifetime(),
                eui64: self.eui64,
            },
        ]);
        let message = Message::NeighborSolicitation { target, options };
        Some(Emission { source, destination: target, neighbour: Some(parent), message })
    }

    fn router_advertisement(&self, to: Eui64) -> Option<Emission> {
        let network = self.network?;
        let wrong = |mutant| self.role == Role::SixLbr && self.mutant.is(mutant);
        let mut options = Vec::from([
            NdpOption::SourceLinkLayerAddress(LinkLayerAddress::Extended(self.eui64)),
            NdpOption::PrefixInformation {
                prefix_length: 64,
                on_link: wrong(Mutant::LbrPrefixOnLink),
                autonomous: true,
                router_address: false,
                valid_lifetime: PREFIX_LIFETIME,
                preferred_lifetime: PREFIX_LIFETIME,
                prefix: network.prefix,
            },
            NdpOption::SixLowpanContext {
                context_length: 64,
                compression: true,
                context_id: 0,
                valid_lifetime: CONTEXT_LIFETIME,
                prefix: network.prefix,
            },
            NdpOption::AuthoritativeBorderRouter {
                version: network.version,
                valid_lifetime: network.authority_lifetime,
                address: match self.global.filter(|_| self.mutant.is(Mutant::RouterNamesItself)) {
                    Some(own) => own,
                    None => network.border_router,
                },
            },
        ]);
        options.retain(|option| match option {
            NdpOption::SixLowpanContext { .. } => !wrong(Mutant::LbrNoContext),
            NdpOption::AuthoritativeBorderRouter { .. } => !wrong(Mutant::LbrNoBorderRouterOption),
            _ => true,
        });
        let message = Message::RouterAdvertisement {
            current_hop_limit: HOP_LIMIT,
            managed: false,
            other_configuration: false,
            home_agent: false,
            preference: RouterPreference::Medium,
            proxy: false,
            router_lifetime: ROUTER_LIFETIME,
            reachable_time: 0,
            retransmission_timer: 0,
            options,
        };
        let destination = link_local_of(to);
        Some(Emission { source: self.link_local(), destination, neighbour: Some(to), message })
    }
}

/// Whether a router listens to this multicast group.
pub(crate) fn listens_to(group: Ipv6Addr, own: impl Iterator<Item = Ipv6Addr>) -> bool {
    let mut own = own.map(wire::ipv6::solicited_node);
    group == ALL_NODES || group == ALL_ROUTERS || own.any(|solicited| solicited == group)
}
