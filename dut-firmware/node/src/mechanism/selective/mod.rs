//! The selective bootstrap (draft-kumar-6lo-selective-bootstrap-00 with `PROFILE-SEL`): a device asks the commissioning tool
//! for a key by JSRs, gets it over DTLS and CoAP, and tells its neighbours by SSRs.
#![cfg(feature = "selective")]

mod commands;
#[cfg(feature = "find")]
mod finder;
#[cfg(feature = "mutants")]
mod hooks;
mod join_request;
mod joining;
mod json;
mod kept;
mod key_resource;
mod layer;
mod marking;
mod mutants;
mod plain_coap;
mod profile;
#[cfg(feature = "find")]
mod search;
mod secure_request;
mod serving;
mod session;
#[cfg(feature = "mutants")]
mod spelling;

use protocols::time::Instant;
use wire::coap::{PORT, SECURE_PORT};
use wire::icmpv6::Message;
use wire::upper_tester::{Arguments, Command, Request};

pub(crate) use mutants::Mutant;

use super::{Context, Executed, Mechanism, Service, Taken};
use crate::selected::Selected;
use crate::stack::{Domain, Input, NONE, Stack, counters};
use join_request::Schedule;
use kept::Kept;
use layer::Rules;
use plain_coap::PlainServer;
use secure_request::Exchanges;
use session::SecureServer;

/// Whose keys these are.
const DOMAIN: Domain = Domain(0);

counters! {
    refused_ssr "SSRs that were plain, not link-local, or whose EUI-64 is not their link-layer source."
}

/// The selective bootstrap of one device.
pub(crate) struct Selective {
    mutant: Selected<Mutant>,
    kept: Kept,
    counters: Counters,
    join_requests: Schedule,
    exchanges: Exchanges,
    #[cfg(feature = "find")]
    finder: finder::Finder,
    server: SecureServer,
    plain_server: PlainServer,
    #[cfg(feature = "mutants")]
    memory: hooks::Memory,
    /// What a response brings about that a variant holds back.
    #[cfg(feature = "mutants")]
    waiting: key_resource::Effect,
    /// What a variant has yet to compute.
    #[cfg(feature = "mutants")]
    computing: alloc::collections::VecDeque<(Instant, crate::stack::Peer, alloc::vec::Vec<u8>)>,
}

impl Service for Selective {
    const NAME: &'static str = "sel";
    const FEATURES: &'static [&'static str] = &[
        #[cfg(feature = "find")]
        "find",
    ];
    type Kept = Kept;
    type Mutant = Mutant;

    fn owns(command: &Command) -> bool {
        matches!(command, Command::Selective(_))
    }

    fn boot(kept: Kept, mutant: Selected<Mutant>, cx: &mut Context<'_>) -> Self {
        #[cfg_attr(not(feature = "mutants"), allow(unused_mut, reason = "nothing is forgotten"))]
        let mut selective = Self {
            mutant,
            kept,
            counters: Counters::default(),
            join_requests: Schedule::taking(mutant.free()),
            exchanges: Exchanges::taking(mutant.free()),
            #[cfg(feature = "find")]
            finder: finder::Finder::taking(mutant.free()),
            #[cfg(feature = "mutants")]
            server: SecureServer::new(&mut cx.stack.entropy, mutant).slipping(cx.stack.slips()),
            #[cfg(not(feature = "mutants"))]
            server: SecureServer::new(&mut cx.stack.entropy, mutant),
            plain_server: PlainServer::default(),
            #[cfg(feature = "mutants")]
            memory: hooks::Memory::default(),
            #[cfg(feature = "mutants")]
            waiting: key_resource::Effect::None,
            #[cfg(feature = "mutants")]
            computing: alloc::collections::VecDeque::new(),
        };
        #[cfg(feature = "mutants")]
        selective.forget(cx.stack);
        selective.admit(cx.stack);
        selective
    }

    fn kept(&self) -> &Kept {
        &self.kept
    }

    fn erase(&mut self) {
        #[cfg(feature = "mutants")]
        let close_seq = self.kept.close_seq.filter(|_| self.mutant.is(Mutant::ResetKeepsCloseSeq));
        self.kept = Kept::default();
        #[cfg(feature = "mutants")]
        {
            self.kept.close_seq = close_seq;
        }
    }

    fn handle(&mut self, cx: &mut Context<'_>, input: &Input) -> Taken {
        match input {
            Input::Neighbour(neighbour) => self.greet(cx, *neighbour),
            Input::Gone(neighbour) => self.exchanges.forget(*neighbour),
            Input::Frame { from, protection, to_all } => self.hear(cx, *from, *protection, *to_all),
            #[cfg(feature = "mutants")]
            Input::Refused { from } => self.answer_refused(cx, *from),
            Input::Address(_) => {
                #[cfg(feature = "mutants")]
                self.take_default_key(cx);
                #[cfg(feature = "find")]
                self.start_search(cx);
                self.start_join_requests(cx);
            }
            Input::Icmpv6 { packet, message: Message::Sel(message), origin } => {
                self.receive_message(cx, packet, message, *origin);
            }
            #[cfg(feature = "mutants")]
            Input::Icmpv6 { packet, message: Message::Other { kind: wire::sel::ICMPV6_TYPE, .. }, origin } => {
                self.receive_unknown(cx, packet, *origin);
            }
            Input::Icmpv6 { .. } | Input::Ip { .. } | Input::Delivered { .. } => return Taken::No,
            #[cfg(feature = "find")]
            Input::Udp { peer, port, payload } if *port == self.mutant.free().query_port() => {
                self.receive_answer(cx, *peer, payload);
                return Taken::Yes;
            }
            // Nobody answers what was sent to all.
            Input::Udp { peer, port: PORT | SECURE_PORT, .. } if peer.local.is_multicast() => return Taken::Yes,
            Input::Udp { peer, port, payload } if *port == self.mutant.free().secure_port() => {
                self.receive_dtls(cx, *peer, payload);
                return Taken::Yes;
            }
            Input::Udp { peer, port: PORT, payload } => {
                self.receive_plain_coap(cx, *peer, payload);
                return Taken::Yes;
            }
            Input::Udp { .. } => return Taken::No,
        }
        // What others may want to hear of too.
        Taken::No
    }

    fn poll(&mut self, cx: &mut Context<'_>) {
        #[cfg(feature = "mutants")]
        self.stop_without_tool(cx);
        #[cfg(feature = "find")]
        self.send_due_query(cx);
        self.send_due_join_request(cx);
        self.send_due_secure_requests(cx);
        self.run_servers(cx);
    }

    fn deadline(&self, stack: &Stack) -> Option<Instant> {
        let deadlines = [
            self.join_requests.next().filter(|_| !self.join_requests_pause()),
            self.exchanges.next().filter(|_| stack.kept().is_keyed()),
            #[cfg(feature = "find")]
            self.finder.next(),
            self.server.deadline(),
            self.plain_server.deadline(),
            #[cfg(feature = "mutants")]
            self.computing.front().map(|(ready, ..)| *ready),
        ];
        deadlines.into_iter().flatten().min()
    }

    fn command(&mut self, cx: &mut Context<'_>, request: &Request) -> Option<Executed> {
        self.execute(cx, request)
    }

    fn status(&self, arguments: Arguments, stack: &Stack) -> Arguments {
        let arguments = stack.key_status(arguments.with("all_secured", u8::from(self.kept.all_secured)));
        let arguments = match self.kept.close_seq {
            Some(seq) => arguments.with("close_seq", seq),
            None => arguments.with("close_seq", NONE),
        };
        arguments.with("jsr_sent", self.join_requests.sent())
    }

    fn counters(&self, arguments: Arguments) -> Arguments {
        self.counters.arguments(arguments, |arguments| arguments)
    }

    #[cfg(test)]
    fn top_counters(arguments: Arguments) -> Arguments {
        Counters::top().arguments(arguments, |arguments| arguments)
    }

    fn note_buffers(&mut self, octets: usize) {
        self.note_octets(octets);
    }
}

impl Mechanism for Selective {
    fn is_joining(&self) -> bool {
        self.join_requests.sent() > 0
    }

    fn leave(&mut self, cx: &mut Context<'_>) {
        self.withdraw_links(cx);
    }
}

impl Selective {
    /// Tells the stack what the link lets in and out from now on.
    fn admit(&self, stack: &mut Stack) {
        let in_words_only = self.mutant.is(Mutant::OpenInWordsOnly) && self.kept.close_seq.is_some();
        stack.admit(Rules { all_secured: self.kept.all_secured || in_words_only, mutant: self.mutant });
        #[cfg(feature = "mutants")]
        self.lay_hands(stack, 0);
    }

    /// Stores ALL_SECURED and the sequence number it came with; the link goes by it at once.
    fn set_all_secured(&mut self, stack: &mut Stack, all_secured: bool, seq: u32) {
        stack.flash.record(|| self.kept = Kept { all_secured, close_seq: Some(seq) });
        self.admit(stack);
    }
}
