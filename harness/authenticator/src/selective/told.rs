//! What the tool tells whoever gave an order: what it waited for, and how each try ended. Text for a person, and no part of what
//! it says to a device.

use protocols::tls::{CloseReason, Closed};
use wire::Eui64;

use super::CommissioningTool;
use super::session::Session;
use super::tasks::{Kind, Task};

impl Task {
    /// Counts one more try that ended so.
    pub(super) fn note(&mut self, ending: String) {
        match self.tries.iter_mut().find(|(known, _)| *known == ending) {
            Some((_, times)) => *times += 1,
            None => self.tries.push((ending, 1)),
        }
    }
}

impl CommissioningTool {
    /// What a task that is given up was waiting for, and how its tries ended.
    pub(super) fn waited_for(&self, id: u64, task: &Task) -> String {
        let device = |eui64: &Eui64| eui64.with_colons();
        let mut parts: Vec<String> = task.tries.iter().map(|(ending, count)| times(ending, *count)).collect();
        let open = |session: &&Session| session.task == Some(id);
        for session in self.sessions.values().filter(open) {
            let device = device(&session.eui64);
            parts.push(match (session.was_connected, session.was_answered) {
                (true, _) => format!("a request to {device} is not answered yet"),
                (false, true) => format!("a handshake with {device} is not complete yet"),
                (false, false) => format!("a handshake with {device} is not answered yet"),
            });
        }
        let tried = parts.join("; ");
        match &task.kind {
            Kind::Select(eui64) if self.registry.addresses(*eui64).next().is_none() => {
                format!("no join request of {} came", device(eui64))
            }
            Kind::Select(eui64) if parts.is_empty() => format!("no further join request of {} came", device(eui64)),
            Kind::Reach(reach) => reach.unanswered(),
            Kind::Plain { eui64, .. } => format!("{} did not answer without DTLS", device(eui64)),
            _ if parts.is_empty() => "another order holds the session with the device".to_owned(),
            Kind::AllSecured { failures, .. } if !failures.is_empty() => format!("{tried}; {}", failures.join("; ")),
            _ => tried,
        }
    }
}

/// How a session ended: `handshake with 70:b3:d5:b0:07:00:00:03 was ended by its fatal alert bad_record_mac`.
pub(super) fn ending(session: &Session, closed: &Closed) -> String {
    let what = if session.was_connected { "session" } else { "handshake" };
    let alert = |alert: Option<wire::tls::Alert>| {
        alert.map_or_else(String::new, |alert| format!(" alert {}", alert.description))
    };
    let how = match closed.reason {
        CloseReason::Local => "was ended by the tool".to_owned(),
        CloseReason::Peer | CloseReason::Alert => format!("was ended by its{}", alert(closed.received)),
        CloseReason::Protocol(text) => format!("was ended by the tool's{}: {text}", alert(closed.sent)),
        CloseReason::Truncated => "was cut off".to_owned(),
        CloseReason::Timeout if session.was_answered => "was broken off: no answer to the last flight".to_owned(),
        CloseReason::Timeout => "was never answered".to_owned(),
        CloseReason::Superseded => "was superseded".to_owned(),
        CloseReason::SequenceNumbersExhausted => "used up its sequence numbers".to_owned(),
        CloseReason::Idle => "was idle for too long".to_owned(),
    };
    format!("{what} with {} {how}", session.eui64.with_colons())
}

/// `handshake with X ...` as it reads for so many of them.
fn times(ending: &str, times: u32) -> String {
    let (what, rest) = ending.split_once(' ').unwrap_or((ending, ""));
    match times {
        1 => format!("one {what} {rest}"),
        _ => format!("{times} {what}s {}", rest.replacen(" was ", " were ", 1)),
    }
}
