//! Orders that take time, and the sessions that they use.

use std::collections::VecDeque;
use std::net::Ipv6Addr;

use protocols::coap::{Client, Failure, Request, TransmissionParameters};
use protocols::time::Instant;
use protocols::tls::CloseReason;
use rand_core::SeedableRng;
use record::event::Key;
use wire::Eui64;
use wire::coap::{Code, ContentFormat, Options};
use wire::icmpv6::Echo;

use super::credentials::Credential;
use super::order::{NetworkKey, Order};
use super::reach::Reach;
use super::session::{Event, Session};
use super::told::ending;
use super::{CommissioningTool, Mutant};
use crate::machine::{MachineOutput, Refusal};
use crate::profile::mesh_address;

/// Handshakes with different claimants of one selected EUI-64 at a time: one that never answers must not keep the honest
/// one waiting.
const MAX_CLAIMANTS_AT_ONCE: usize = 4;

/// How often a device is asked to close or to open that does not answer.
const ALL_SECURED_TRIES: u32 = 3;

const KEY_PATH: &str = "/coap-key2";
const ALL_SECURED_PATH: &str = "/coap-key2/all-secured";

/// An order under way.
pub(super) struct Task {
    /// As it was given.
    order: String,
    pub(super) kind: Kind,
    /// When it is given up.
    ends: Option<Instant>,
    /// How its tries ended, each ending with how often.
    pub(super) tries: Vec<(String, u32)>,
    /// The device answered one of them, by an alert if nothing else.
    was_answered: bool,
}

pub(super) enum Kind {
    Select(Eui64),
    Connect {
        eui64: Eui64,
        address: Ipv6Addr,
        credential: Credential,
    },
    Request {
        eui64: Eui64,
        request: Request,
    },
    AllSecured {
        value: bool,
        seq: u32,
        /// Everybody is meant: so are those who are being secured when it begins.
        everybody: bool,
        /// With the times that each was tried in vain.
        remaining: VecDeque<(Eui64, u32)>,
        failures: Vec<String>,
    },
    Reach(Reach),
    /// Not begun while there is a request.
    Plain {
        eui64: Eui64,
        request: Option<Request>,
    },
}

impl Task {
    pub(super) fn new(order: String, kind: Kind, ends: Option<Instant>) -> Self {
        Self { order, kind, ends, tries: Vec::new(), was_answered: false }
    }

    /// When it has something to do by itself.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let own = match &self.kind {
            Kind::Reach(reach) => Some(reach.deadline()),
            _ => None,
        };
        [own, self.ends].into_iter().flatten().min()
    }

    /// Whether this waits for such an echo reply.
    pub(super) fn is_answered_by(&self, id: u64, source: Ipv6Addr, echo: &Echo) -> bool {
        matches!(&self.kind, Kind::Reach(reach) if reach.is_answered(id, source, echo))
    }

    /// Whether this is a selection of `eui64`, or of anybody.
    pub(super) fn is_selection(&self, eui64: Option<Eui64>) -> bool {
        matches!(self.kind, Kind::Select(selected) if eui64.is_none_or(|eui64| eui64 == selected))
    }

    /// Whether this is the selection of `eui64`.
    pub(super) fn selects(&self, eui64: Eui64) -> bool {
        self.is_selection(Some(eui64))
    }
}

impl CommissioningTool {
    pub(super) fn take_order(&mut self, now: Instant, line: &str, order: Order, ends: Option<Instant>) {
        let order_text = line.to_owned();
        match self.begin(now, order) {
            Ok(None) => self.outputs.push_back(MachineOutput::Done { order: order_text }),
            Ok(Some(kind)) => {
                let id = self.next_id();
                self.tasks.insert(id, Task::new(order_text, kind, ends));
            }
            Err(refusal) => self.outputs.push_back(refusal.output(order_text)),
        }
    }

    /// Begins whatever can begin.
    pub(super) fn advance(&mut self, now: Instant) {
        let ids: Vec<u64> = self.tasks.keys().copied().collect();
        for id in ids {
            let Some(mut task) = self.tasks.remove(&id) else { continue };
            let result = match task.ends {
                Some(ends) if ends <= now => {
                    let reason = self.waited_for(id, &task);
                    Err(if task.was_answered { Refusal::of_the_device(reason) } else { Refusal::of_time(reason) })
                }
                _ => self.advance_task(now, id, &mut task.kind),
            };
            self.tasks.insert(id, task);
            if let Err(refusal) = result {
                self.finish(now, id, Err(refusal));
            }
        }
    }

    fn advance_task(&mut self, now: Instant, id: u64, kind: &mut Kind) -> Result<(), Refusal> {
        match kind {
            Kind::Select(eui64) => self.advance_selection(now, id, *eui64),
            Kind::Connect { eui64, address, credential } => {
                if self.sessions_of(id) == 0 {
                    let session = self.open(now, (*eui64, *address), credential.clone())?;
                    self.assign(session, id);
                }
                Ok(())
            }
            Kind::Request { eui64, request } => self.advance_request(now, id, *eui64, request),
            // The network is closed when all who are to be in it are secured (`SEL` 5.3.2).
            Kind::AllSecured { value: true, everybody: true, .. }
                if self.selects_anybody() && !self.is(Mutant::ClosesEarly) =>
            {
                Ok(())
            }
            Kind::AllSecured { value, seq, remaining, .. } => match remaining.front() {
                Some((eui64, _)) => self.advance_request(now, id, *eui64, &all_secured_request(*value, *seq)),
                None => Ok(()),
            },
            Kind::Reach(reach) => self.advance_reach(now, id, reach),
            Kind::Plain { eui64, request } => {
                if let Some(request) = request.take() {
                    let address = self.address_of(*eui64);
                    self.start_plain(now, id, address, request);
                }
                Ok(())
            }
        }
    }

    /// Whether somebody is selected and not secured yet.
    fn selects_anybody(&self) -> bool {
        self.tasks.values().any(|task| task.is_selection(None))
    }

    /// Whether another task uses a session with the device.
    fn is_busy(&self, id: u64, eui64: Eui64) -> bool {
        self.sessions.values().any(|session| session.eui64 == eui64 && session.task.is_some_and(|task| task != id))
    }

    fn sessions_of(&self, id: u64) -> usize {
        self.sessions.values().filter(|session| session.task == Some(id)).count()
    }

    fn assign(&mut self, session: u64, task: u64) {
        if let Some(session) = self.sessions.get_mut(&session) {
            session.task = Some(task);
        }
    }

    /// An open session with the device that no task uses.
    fn idle_session(&self, eui64: Eui64) -> Option<u64> {
        let is_idle = |session: &Session| session.eui64 == eui64 && session.task.is_none() && session.is_connected();
        self.sessions.iter().find(|(_, session)| is_idle(session)).map(|(id, _)| *id)
    }

    fn advance_selection(&mut self, now: Instant, id: u64, eui64: Eui64) -> Result<(), Refusal> {
        if self.is_busy(id, eui64) {
            return Ok(());
        }
        let network = self.network.as_ref().ok_or("no network key was given")?;
        let format = match self.is(Mutant::KeyMediaType) {
            true => ContentFormat::JSON,
            false => ContentFormat::COAP_GROUP_JSON,
        };
        let request = key_request(network, format);
        while self.sessions_of(id) < MAX_CLAIMANTS_AT_ONCE {
            // A JSR in the middle of a handshake may be that of a device that has just restarted: it counts afterwards.
            let sessions = &self.sessions;
            let is_free =
                |address| !sessions.values().any(|session| session.task == Some(id) && session.address == address);
            let by_address = self.is(Mutant::SelectsByAddress);
            let is_natural = |address| !by_address || address == mesh_address(eui64);
            let due = if self.is(Mutant::KeyToFirstClaimant) {
                self.registry.take_any_due()
            } else {
                let due = self.registry.take_due(eui64, |address| is_free(address) && is_natural(address));
                due.map(|address| (eui64, address))
            };
            let Some((eui64, address)) = due else { return Ok(()) };
            if self.is(Mutant::KeyWithoutDtls) {
                self.start_plain(now, id, address, unconfirmed(request.clone()));
            }
            let known = self.idle_session(eui64).filter(|session| self.sessions[session].address == address);
            let session = match known {
                Some(session) => session,
                None => {
                    let credential = self.credential_for(eui64)?;
                    self.open(now, (eui64, address), credential)?
                }
            };
            self.assign(session, id);
            if let Some(session) = self.sessions.get_mut(&session) {
                session.request(now, request.clone());
            }
        }
        Ok(())
    }

    fn advance_request(&mut self, now: Instant, id: u64, eui64: Eui64, request: &Request) -> Result<(), Refusal> {
        if self.sessions_of(id) > 0 || self.is_busy(id, eui64) {
            return Ok(());
        }
        let session = match self.idle_session(eui64) {
            Some(session) => session,
            None => {
                let (credential, address) = (self.credential_for(eui64)?, self.address_of(eui64));
                self.open(now, (eui64, address), credential)?
            }
        };
        self.assign(session, id);
        if let Some(session) = self.sessions.get_mut(&session) {
            session.request(now, request.clone());
        }
        Ok(())
    }

    /// Begins a handshake.
    fn open(&mut self, now: Instant, peer: (Eui64, Ipv6Addr), credential: Credential) -> Result<u64, String> {
        let credential = match credential {
            Credential::Psk { psk, identity } if self.is(Mutant::IdentityUpperCase) => {
                Credential::Psk { psk, identity: identity.to_ascii_uppercase() }
            }
            credential => credential,
        };
        let engine = self.engine(now, credential)?;
        let coap = Client::new(TransmissionParameters::default(), self.entropy.fork());
        let (id, port) = (self.next_id(), self.session_port(peer));
        let server = self.manners.of(peer.0).port;
        self.sessions.insert(id, Session::new(peer, (server, port), engine, coap));
        Ok(id)
    }

    /// Moves every session on by one output; whether there was any.
    pub(super) fn poll_sessions(&mut self, now: Instant) -> bool {
        let ids: Vec<u64> = self.sessions.keys().copied().collect();
        let mut moved = false;
        for id in ids {
            let event = self.sessions.get_mut(&id).and_then(|session| session.poll(now, &mut self.rules));
            if let Some(event) = event {
                moved = true;
                self.on_event(now, id, event);
            }
        }
        moved
    }

    fn on_event(&mut self, now: Instant, id: u64, event: Event) {
        let Some(session) = self.sessions.get(&id) else { return };
        let (eui64, address, local_port, task) = (session.eui64, session.address, session.local_port, session.task);
        let server = session.server_port;
        match event {
            Event::Datagram(datagram, wrong) => {
                let datagram = self.host.datagram(local_port, (address, server), datagram, wrong);
                self.outputs.push_back(datagram);
            }
            Event::KeyLog(log) => self.outputs.push_back(MachineOutput::KeyLearnt(Key::Dtls {
                client_random: log.client_random.to_vec().into(),
                master_secret: log.master_secret.to_vec().into(),
            })),
            Event::Log(text) => self.log(text),
            Event::Fault(text) => self.outputs.push_back(MachineOutput::Fault(text)),
            Event::Connected => self.on_connected(now, id, task),
            Event::Response(message) => {
                self.log(format!("{eui64} answered {}", message.code));
                if let Some(task) = task {
                    self.on_response(now, task, (eui64, address), message.code);
                }
            }
            Event::Failed(reason) => {
                if let Some(task) = task {
                    self.detach(now, id);
                    // It has proved who it is, and may have taken the key without its answer getting through: then it
                    // sends no JSR any more.
                    if self.tasks.get(&task).is_some_and(|task| task.selects(eui64)) {
                        self.registry.renew(eui64, address);
                    }
                    let text = match reason {
                        Failure::Reset => "was answered by a Reset".to_owned(),
                        Failure::Timeout => "was not answered".to_owned(),
                        other => format!("failed: {other:?}"),
                    };
                    // The session is proof that the device was there.
                    self.on_failure(now, task, format!("request to {} {text}", eui64.with_colons()), true);
                }
            }
            Event::Closed(closed) => {
                let was_answered = session.was_answered;
                let text = ending(session, &closed);
                self.sessions.remove(&id);
                if closed.reason != CloseReason::Local {
                    self.log(format!("{text}, at {address}"));
                }
                if let Some(task) = task {
                    self.on_failure(now, task, text, was_answered);
                }
            }
        }
    }

    fn on_connected(&mut self, now: Instant, id: u64, task: Option<u64>) {
        let Some(session) = self.sessions.get_mut(&id) else { return };
        session.was_connected = true;
        let Some((task_id, task)) = task.and_then(|task| Some((task, self.tasks.get(&task)?))) else { return };
        match task.kind {
            Kind::Connect { .. } => {
                session.is_kept = true;
                self.finish(now, task_id, Ok(()));
            }
            // This one has proved that it is the device: the other claimants are not.
            Kind::Select(_) => {
                let others = self.sessions.iter_mut().filter(|(other, _)| **other != id);
                for (_, other) in others.filter(|(_, other)| other.task == Some(task_id)) {
                    other.task = None;
                    other.close(now);
                }
            }
            _ => {}
        }
    }

    fn on_response(&mut self, now: Instant, id: u64, peer: (Eui64, Ipv6Addr), code: Code) {
        let (eui64, address) = peer;
        let Some(task) = self.tasks.get_mut(&id) else { return };
        let is_success = matches!(code, Code::CHANGED | Code::CREATED);
        let refusal = format!("{} answered {code}", eui64.with_colons());
        match &mut task.kind {
            Kind::Select(_) if is_success => {
                self.secured.insert(eui64, address);
                self.close_too(eui64);
                self.finish(now, id, Ok(()));
            }
            Kind::Select(_) => self.finish(now, id, Err(Refusal::of_the_device(refusal))),
            Kind::AllSecured { failures, .. } => {
                if !is_success {
                    failures.push(refusal);
                }
                self.next_device(now, id);
            }
            _ => self.finish(now, id, Ok(())),
        }
    }

    /// A close that waits for who is being secured is meant for them too.
    fn close_too(&mut self, eui64: Eui64) {
        for task in self.tasks.values_mut() {
            if let Kind::AllSecured { value: true, everybody: true, remaining, .. } = &mut task.kind
                && !remaining.iter().any(|(known, _)| *known == eui64)
            {
                remaining.push_back((eui64, 0));
            }
        }
    }

    fn on_failure(&mut self, now: Instant, id: u64, reason: String, was_answered: bool) {
        let gives_up = self.is(Mutant::GivesUpAfterFailure);
        let Some(task) = self.tasks.get_mut(&id) else { return };
        task.note(reason.clone());
        task.was_answered |= was_answered;
        let reason = if was_answered { Refusal::of_the_device(reason) } else { Refusal::of_time(reason) };
        match &mut task.kind {
            Kind::Select(_) if gives_up => self.finish(now, id, Err(reason)),
            // Another claimant, or the same one later, may be the honest one.
            Kind::Select(_) => {}
            Kind::AllSecured { remaining, failures, .. } => {
                // The air may have lost too much: the others first, then once more.
                match remaining.front().copied() {
                    Some((eui64, tried)) if tried + 1 < ALL_SECURED_TRIES => remaining.push_back((eui64, tried + 1)),
                    _ => failures.push(reason.reason),
                }
                self.next_device(now, id);
            }
            _ => self.finish(now, id, Err(reason)),
        }
    }

    /// Goes on to the next device of a `close` or `open`.
    fn next_device(&mut self, now: Instant, id: u64) {
        self.release_sessions(now, id);
        let Some(Task { kind: Kind::AllSecured { remaining, failures, .. }, .. }) = self.tasks.get_mut(&id) else {
            return;
        };
        remaining.pop_front();
        if remaining.is_empty() {
            let result = if failures.is_empty() { Ok(()) } else { Err(Refusal::of_the_device(failures.join("; "))) };
            self.finish(now, id, result);
        }
    }

    /// A session that no longer answers is of no use to anybody.
    fn detach(&mut self, now: Instant, session: u64) {
        if let Some(session) = self.sessions.get_mut(&session) {
            session.task = None;
            session.close(now);
        }
    }

    fn release_sessions(&mut self, now: Instant, task: u64) {
        for session in self.sessions.values_mut().filter(|session| session.task == Some(task)) {
            session.task = None;
            if !session.is_kept {
                session.close(now);
            }
        }
    }

    /// Ends a task: the one place where an order that took time is reported.
    pub(super) fn finish(&mut self, now: Instant, id: u64, result: Result<(), Refusal>) {
        self.release_sessions(now, id);
        let Some(Task { order, .. }) = self.tasks.remove(&id) else { return };
        self.outputs.push_back(match result {
            Ok(()) => MachineOutput::Done { order },
            Err(refusal) => refusal.output(order),
        });
    }
}

/// PUT of the network key (`PROFILE-SEL` 16).
fn key_request(network: &NetworkKey, format: ContentFormat) -> Request {
    let NetworkKey { key, index, level } = network;
    let key = hex::encode(key);
    put(KEY_PATH, format, format!(r#"{{"{index}":{{"key":"{key}","mode":1,"index":{index},"level":{level}}}}}"#))
}

/// PUT of `all_secured` (`PROFILE-SEL` 17).
pub(super) fn all_secured_request(value: bool, seq: u32) -> Request {
    put(ALL_SECURED_PATH, ContentFormat::COAP_GROUP_JSON, format!(r#"{{"all_secured":{value},"seq":{seq}}}"#))
}

/// The request as a non-confirmable one.
pub(super) fn unconfirmed(request: Request) -> Request {
    Request { confirmable: false, ..request }
}

fn put(path: &str, format: ContentFormat, payload: String) -> Request {
    let mut options = Options::new();
    options.push_uri_path(path);
    options.push_content_format(format);
    Request { confirmable: true, code: Code::PUT, options, payload: payload.into_bytes() }
}
