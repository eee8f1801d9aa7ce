//! Answers: none without a question, and none twice. On links that may lose frames to the sniffer too nothing is said.

use std::collections::HashMap;

use dissect::NoteKind;
use suites::plan::Case;

use crate::environment::Environment;
use crate::judge::Pdu;
use crate::monitors::sight::{Machine, Sight, Word};

/// How long an answer may take, in nanoseconds.
pub(super) const ANSWER: u64 = 5_000_000_000;

/// What asked, by the two addresses and what is to be repeated: how often, and how often it was answered.
#[derive(Default)]
pub(crate) struct Questions {
    open: HashMap<(String, String, String), (u64, u64)>,
    /// Something came to the device that nobody else can read, and that may have been a question: until when it may answer.
    murky_until: u64,
}

/// What of a PDU is a question, or an answer: two addresses, the asker's first, and what a right answer repeats.
type Key = (String, String, String);

impl Questions {
    /// `once`: each question is answered once at most; an answer of CoAP may be repeated until it is acknowledged.
    fn see(
        &mut self,
        sight: &Sight<'_>,
        word: &mut Word,
        (what, once): (&str, bool),
        asked: fn(&Pdu) -> Option<Key>,
        answered: fn(&Pdu) -> Option<Key>,
    ) {
        if let Some(pdu) = sight.came() {
            if is_unreadable(pdu) {
                self.murky_until = pdu.time.saturating_add(ANSWER);
            }
            // A repetition by the MAC counts too: the device may have got that alone, or both.
            if let Some(key) = asked(pdu) {
                self.open.entry(key).or_default().0 += 1;
            }
        }
        let Some(pdu) = sight.made() else { return };
        let Some(key) = answered(pdu) else { return };
        if sight.loses_frames {
            word.pass_over();
            return;
        }
        let fault = match self.open.get_mut(&key) {
            None => Some(format!("{what} that nobody asked for")),
            Some((asked, answered)) => {
                *answered += 1;
                (once && *answered > *asked)
                    .then(|| format!("{what} for the {answered}th time, which was asked for {asked} times at most"))
            }
        };
        match fault {
            // Something that nobody but the device can read may have been the question.
            Some(_) if pdu.time < self.murky_until => word.pass_over(),
            Some(reason) => {
                word.judge();
                word.violation(reason, pdu.events.iter().copied());
            }
            None => word.judge(),
        }
    }
}

/// Whether a frame to the device may hold more than can be read here.
pub(super) fn is_unreadable(pdu: &Pdu) -> bool {
    let unreadable = [
        NoteKind::Malformed,
        NoteKind::BadFcs,
        NoteKind::NoKey,
        NoteKind::WrongKey,
        NoteKind::UnknownContext,
        NoteKind::FragmentConflict,
        NoteKind::MixedProtection,
    ];
    pdu.note_kinds.iter().any(|kind| unreadable.contains(kind))
}

fn key(asker: Option<&str>, answerer: Option<&str>, repeated: String) -> Option<Key> {
    Some((asker?.to_owned(), answerer?.to_owned(), repeated))
}

/// Echo replies.
#[derive(Default)]
pub(crate) struct EchoReplies(Questions);

impl EchoReplies {
    pub(crate) fn make(_: &Case, _: &Environment) -> Box<dyn Machine> {
        Box::<Self>::default()
    }
}

impl Machine for EchoReplies {
    fn see(&mut self, sight: &Sight<'_>, word: &mut Word) {
        let asked = |pdu: &Pdu| {
            let repeated = of_echo(pdu, "icmpv6.echo_request")?;
            key(pdu.text("ipv6.src"), pdu.text("ipv6.dst"), repeated)
        };
        let answered = |pdu: &Pdu| key(pdu.text("ipv6.dst"), pdu.text("ipv6.src"), of_echo(pdu, "icmpv6.echo_reply")?);
        self.0.see(sight, word, ("an echo reply", true), asked, answered);
    }
}

fn of_echo(pdu: &Pdu, message: &str) -> Option<String> {
    let number = |field: &str| pdu.number(field);
    let is = pdu.messages.contains(&message);
    is.then_some(())?;
    Some(format!("{} {}", number("icmpv6.echo.identifier")?, number("icmpv6.echo.sequence_number")?))
}

/// Solicited neighbour advertisements, by their target (RFC 4861 7.2.4).
#[derive(Default)]
pub(crate) struct Advertisements(Questions);

impl Advertisements {
    pub(crate) fn make(_: &Case, _: &Environment) -> Box<dyn Machine> {
        Box::<Self>::default()
    }
}

impl Machine for Advertisements {
    fn see(&mut self, sight: &Sight<'_>, word: &mut Word) {
        let asked = |pdu: &Pdu| {
            let is = pdu.messages.contains(&"nd.ns");
            // Solicitations go to a group too: whom they ask is told by their target. A refused registration is answered to another
            // address than it came from (RFC 6775 6.5.2): who asked is told by the link.
            key(pdu.from.as_deref().filter(|_| is), Some(""), pdu.text("icmpv6.nd.ns.target_address")?.to_owned())
        };
        let answered = |pdu: &Pdu| {
            let is = pdu.messages.contains(&"nd.na") && pdu.number("icmpv6.nd.na.flag.s") == Some(1);
            key(pdu.to.as_deref().filter(|_| is), Some(""), pdu.text("icmpv6.nd.na.target_address")?.to_owned())
        };
        self.0.see(sight, word, ("a solicited advertisement", false), asked, answered);
    }
}

/// The type of an acknowledgement (RFC 7252 3).
const ACKNOWLEDGEMENT: u64 = 2;

/// Responses of CoAP, by their token (RFC 7252 5.3.2); those in acknowledgements no more often than they were asked for (4.2).
#[derive(Default)]
pub(crate) struct Responses(Questions);

impl Responses {
    pub(crate) fn make(_: &Case, _: &Environment) -> Box<dyn Machine> {
        Box::<Self>::default()
    }
}

impl Machine for Responses {
    fn see(&mut self, sight: &Sight<'_>, word: &mut Word) {
        let asked = |pdu: &Pdu| {
            let repeated = of_coap(pdu, "coap.request")?;
            key(pdu.text("ipv6.src"), pdu.text("ipv6.dst"), repeated)
        };
        let answered = |pdu: &Pdu| key(pdu.text("ipv6.dst"), pdu.text("ipv6.src"), of_coap(pdu, "coap.response")?);
        // An acknowledgement is for a request that came; a response in a message of its own is repeated until it is acknowledged.
        let acknowledges = sight.made().is_some_and(|pdu| pdu.number("coap.type") == Some(ACKNOWLEDGEMENT));
        self.0.see(sight, word, ("a response", acknowledges), asked, answered);
    }
}

fn of_coap(pdu: &Pdu, message: &str) -> Option<String> {
    // What stands in a message of another version is not known.
    let is = pdu.messages.contains(&message) && pdu.number("coap.version") == Some(1);
    is.then(|| pdu.text("coap.token").unwrap_or_default().to_owned())
}
