//! One line of text for an event, for the event list and the ladder's tooltips.

use dissect::{Session, secret_kind};
use record::event::{Action, Event, Key, Observation, TransmitStatus, What};

use crate::text::{hex, line};

/// Who acts or sees, and what, as the event list shows it.
pub(crate) struct EventLine {
    /// Short kind, e.g. `frame`.
    pub(crate) kind: &'static str,
    /// One line.
    pub(crate) text: String,
}

/// Describes an event; at most `octets` octets of a frame or packet are printed.
pub(crate) fn describe(event: &Event, octets: usize) -> EventLine {
    let (kind, text) = match &event.what {
        What::CaseStarted { schema, case, .. } => ("case", format!("{case} started ({schema})")),
        What::Action(action) => act(action, octets),
        What::Observation(observation) => observe(observation, octets),
        What::StepStarted { step } => ("step", format!("step {} started", step + 1)),
        What::DeadlineReached { step } => ("deadline", format!("the deadline of step {} was reached", step + 1)),
        What::KeyLearnt(key) => ("key", key_line(key)),
        What::CaseEnded => ("case", "case ended".into()),
    };
    EventLine { kind, text: line(&text) }
}

/// What was learnt, never the secret itself.
pub(crate) fn key_line(key: &Key) -> String {
    let (protocol, session, _) = key.parts();
    let Some(kind) = secret_kind(protocol) else {
        return format!("secret of `{protocol}` learnt, a kind that is not known");
    };
    match (kind.of, &kind.session) {
        (_, Session::None) => format!("{} learnt", kind.what),
        (_, Session::Number(_)) => format!("{} {} learnt", kind.what, kind.session_text(session)),
        (_, Session::NumberOrNone(_)) if session.is_empty() => format!("{} learnt", kind.what),
        (of, Session::NumberOrNone(_)) => format!("{} learnt, {of} {}", kind.what, kind.session_text(session)),
        (of, Session::Octets(..)) => format!("{} learnt, {of} {}", kind.what, hex(session, 4)),
    }
}

fn wrong(reason: Option<&String>) -> String {
    reason.map(|reason| format!(" (wrong on purpose: {reason})")).unwrap_or_default()
}

fn act(action: &Action, octets: usize) -> (&'static str, String) {
    match action {
        Action::Power { board, on } => ("power", format!("{board} {}", if *on { "on" } else { "off" })),
        Action::Reset { board } => ("reset", board.clone()),
        Action::UpperTester { board, line } => ("ut →", format!("{board}: {line}")),
        Action::Inject { radio, handle, psdu, fcs, wrong_on_purpose } => {
            let fcs = fcs.map(|fcs| format!(", FCS {fcs:04x}")).unwrap_or_default();
            let wrong = wrong(wrong_on_purpose.as_ref());
            let text =
                format!("{radio} #{handle}: {} octets{fcs}{wrong} {}", psdu.as_ref().len(), hex(psdu.as_ref(), octets));
            ("inject", text)
        }
        Action::Impersonate { radio, eui64, pan_id } => {
            ("radio", format!("{radio} answers for {} in PAN {pan_id:04x}", eui64.join(", ")))
        }
        Action::Backbone { port, packet, wrong_on_purpose } => {
            let wrong = wrong(wrong_on_purpose.as_ref());
            let text = format!("{port}: {} octets{wrong} {}", packet.as_ref().len(), hex(packet.as_ref(), octets));
            ("backbone →", text)
        }
        Action::Machine { machine, order } => ("order →", format!("{machine}: {order}")),
        Action::Prompt { text } => ("prompt", text.clone()),
    }
}

fn observe(observation: &Observation, octets: usize) -> (&'static str, String) {
    match observation {
        Observation::Frame { channel, psdu, rssi_dbm, .. } => {
            let (length, text) = (psdu.as_ref().len(), hex(psdu.as_ref(), octets));
            ("frame", format!("channel {channel}, {rssi_dbm} dBm, {length} octets {text}"))
        }
        Observation::Received { radio, psdu, rssi_dbm } => {
            let (length, text) = (psdu.as_ref().len(), hex(psdu.as_ref(), octets));
            ("received", format!("{radio}: {rssi_dbm} dBm, {length} octets {text}"))
        }
        Observation::TransmitStatus { radio, handle, status } => {
            ("status", format!("{radio} #{handle}: {}", status_name(*status)))
        }
        Observation::UpperTester { board, line } => ("ut ←", format!("{board}: {line}")),
        Observation::Log { board, line } => ("log", format!("{board}: {line}")),
        Observation::Backbone { port, packet } => {
            let text = format!("{port}: {} octets {}", packet.as_ref().len(), hex(packet.as_ref(), octets));
            ("backbone ←", text)
        }
        Observation::Order { machine, order, refused, .. } => {
            let result = refused.as_ref().map_or("done".into(), |reason| format!("refused: {reason}"));
            ("order ←", format!("{machine}: {order}: {result}"))
        }
        Observation::Confirmed { text } => ("confirmed", text.clone()),
        Observation::BoardLost { board, reason } => ("board lost", format!("{board}: {reason}")),
        Observation::Crashed { board, reason } => ("crashed", format!("{board}: {reason}")),
        Observation::CaptureGap { sniffer, reason } => ("gap", format!("{sniffer}: {reason}")),
        Observation::TesterFault { part, reason } => ("fault", format!("{part}: {reason}")),
        Observation::RackFault { part, reason } => ("rack", format!("{part}: {reason}")),
        Observation::Address { board, .. } => ("address", format!("{board}: {}", learnt_address(observation))),
    }
}

/// An address that the rack has learnt, in words.
pub(crate) fn learnt_address(observation: &Observation) -> String {
    let Observation::Address { eui64, short, by, .. } = observation else { return String::new() };
    let address = [eui64, short].into_iter().flatten().cloned().collect::<Vec<_>>().join(", ");
    format!("{address}, by its {}", if by == "hello" { "`hello`" } else { by })
}

/// The transmit status in words.
pub(crate) fn status_name(status: TransmitStatus) -> &'static str {
    match status {
        TransmitStatus::Success => "sent",
        TransmitStatus::NoAck => "no acknowledgement",
        TransmitStatus::ChannelAccessFailure => "channel access failure",
    }
}
