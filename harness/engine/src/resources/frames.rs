//! The frames on the air that belong to something, with the repetitions of the MAC and the acknowledgements of both.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use record::event::{Event, Observation, What};
use reports::Bootstrap;
use suites::plan::Point;

use crate::judge::Pdu;

/// The same octets again within this time, in nanoseconds, are a frame that the MAC repeated.
const REPETITION: u64 = 1_000_000_000;

/// Nanoseconds an octet takes at 250 kbit/s (IEEE 802.15.4-2015 12.1.1).
const OCTET: u64 = 32_000;

/// Octets in front of a PSDU: preamble, start of frame, length (IEEE 802.15.4-2015 12.1.3).
const SYNCHRONIZATION: u64 = 6;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Acknowledgement,
    Other { is_fragment: bool },
}

/// A frame on the air, as one sniffer saw it.
#[derive(Debug, Clone, Copy)]
struct Frame<'a> {
    event: u64,
    time: u64,
    psdu: &'a [u8],
    from: Option<&'a String>,
    to: Option<&'a String>,
    kind: Kind,
}

impl Frame<'_> {
    /// Octets of the PSDU, its FCS included.
    fn octets(&self) -> u64 {
        self.psdu.len() as u64
    }
}

/// All frames of a log in order.
pub(super) struct Frames<'a>(Vec<Frame<'a>>);

impl<'a> Frames<'a> {
    pub(super) fn of(events: &'a [Event], pdus: &'a [Pdu]) -> Self {
        // Every frame that the observer looked at is a PDU, which it completed.
        let on_air: BTreeMap<u64, &Pdu> =
            pdus.iter().filter(|pdu| pdu.point == Point::Air).map(|pdu| (pdu.completed(), pdu)).collect();
        let mut frames: Vec<Frame<'_>> = Vec::new();
        for event in events {
            let What::Observation(Observation::Frame { psdu, .. }) = &event.what else { continue };
            let Some(pdu) = on_air.get(&event.n) else { continue };
            let mut frame = Frame {
                event: event.n,
                time: event.t,
                psdu: &psdu.0,
                from: pdu.from.as_ref(),
                to: pdu.to.as_ref(),
                kind: Kind::Other { is_fragment: pdu.values("6lowpan.frag.tag").next().is_some() },
            };
            if pdu.messages.contains(&"wpan.ack") {
                // It has no addresses: it goes back to where the frame before it came from.
                let answered = frames.last();
                (frame.from, frame.to) = (answered.and_then(|it| it.to), answered.and_then(|it| it.from));
                frame.kind = Kind::Acknowledgement;
            }
            frames.push(frame);
        }
        Self(frames)
    }

    /// Adds the frames with these event numbers, their repetitions and their acknowledgements to what a bootstrap took. For how
    /// many nanoseconds the device was sending and receiving them.
    pub(super) fn count(&self, own: &BTreeSet<u64>, device: &String, bootstrap: &mut Bootstrap) -> (u64, u64) {
        let (mut sent, mut received) = (0, 0);
        for (frame, is_repeated) in self.belonging_to(own) {
            let airtime = (SYNCHRONIZATION + frame.octets()) * OCTET;
            bootstrap.octets += frame.octets();
            bootstrap.airtime += airtime;
            match frame.kind {
                Kind::Acknowledgement => bootstrap.acknowledgements += 1,
                Kind::Other { is_fragment } => {
                    bootstrap.frames += 1;
                    bootstrap.fragments += u64::from(is_fragment);
                    bootstrap.repetitions += u64::from(is_repeated);
                }
            }
            if frame.from == Some(device) {
                sent += airtime;
            } else if frame.to == Some(device) {
                received += airtime;
            }
        }
        (sent, received)
    }

    /// The frames with these event numbers, those that the MAC repeated (`true`), and the acknowledgements of both.
    fn belonging_to(&self, own: &BTreeSet<u64>) -> Vec<(Frame<'a>, bool)> {
        let mut all = Vec::new();
        let mut first: HashMap<(&[u8], Option<&String>), u64> = HashMap::new();
        let mut sequence_number = None;
        let from = self.0.partition_point(|frame| own.first().is_some_and(|first| frame.event < *first));
        let last = own.last().map_or(0, |last| self.0.partition_point(|frame| frame.event <= *last));
        let until = self.0.get(last.saturating_sub(1)).map_or(0, |frame| frame.time.saturating_add(REPETITION));
        let within = self.0.iter().skip(from).take_while(|frame| frame.time <= until);
        for frame in within {
            if frame.kind == Kind::Acknowledgement {
                if sequence_number.take().is_some_and(|number| frame.psdu.get(2) == Some(&number)) {
                    all.push((*frame, false));
                }
                continue;
            }
            let is_own = own.contains(&frame.event);
            let content = (frame.psdu, frame.from);
            let since = first.get(&content).copied().filter(|since| frame.time <= since.saturating_add(REPETITION));
            sequence_number = None;
            if is_own || since.is_some() {
                sequence_number = frame.psdu.get(2).copied();
                first.entry(content).or_insert(frame.time);
                all.push((*frame, since.is_some()));
            }
        }
        all
    }
}
