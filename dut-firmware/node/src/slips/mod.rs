//! Slips: mutants that are right in what they send but for a few messages: clean in the first and dirty in the repetitions, or
//! wrong in one of many. Whoever awaits one message passes them; a monitor, which looks at every message, does not.
//!
//! A slip is a row of the table in [`table`]: which packets it concerns, the how manieth of them since the start, and what it does
//! to them. Everything here is compiled with the feature `mutants` only, but for the names.

#[cfg(feature = "mutants")]
mod edit;
mod table;

pub(crate) use table::Mutant;

#[cfg(feature = "mutants")]
pub(crate) use at_work::{Done, Hand, Sight, Slips};

#[cfg(feature = "mutants")]
mod at_work {
    use alloc::vec::Vec;

    use wire::Eui64;
    use wire::sel::Kind::JoinSecureRequest;

    use super::edit;
    pub(crate) use super::edit::Done;
    use super::table::{self, Mutant};
    use crate::selected::Selected;

    /// The how manieth message of its kind since the start.
    #[derive(Debug, Clone, Copy)]
    pub(super) enum Which {
        /// This one and all that follow.
        From(u16),
        /// This one alone.
        Only(u16),
    }

    impl Which {
        fn is(self, number: u16) -> bool {
            match self {
                Self::From(first) => number >= first,
                Self::Only(one) => number == one,
            }
        }
    }

    /// What is known of a packet beside its octets.
    pub(crate) struct Sight<'a> {
        /// The IPv6 packet as it was made, or came.
        pub(crate) packet: &'a [u8],
        /// The device.
        pub(crate) own: Eui64,
        /// Its frames are to be secured.
        pub(crate) secured: bool,
        /// It goes to everybody.
        pub(crate) to_all: bool,
        /// It goes over a link that is marked secured.
        pub(crate) marked: bool,
        /// The device holds a key.
        pub(crate) keyed: bool,
        /// The device had a key and has none any more.
        pub(crate) erased: bool,
    }

    /// What a slip remembers of what was sent before.
    #[derive(Debug, Default, Clone)]
    pub(super) struct Before {
        /// The one at hand, as it was before the slip.
        pub(super) now: Vec<u8>,
        /// The last packet that the slip concerns.
        pub(super) last: Vec<u8>,
        /// The last join request of the device.
        pub(super) jsr: Vec<u8>,
        /// The last multicast of the device.
        pub(super) to_all: Vec<u8>,
    }

    /// What is done to a message.
    #[derive(Clone, Copy)]
    pub(super) enum Change {
        /// To the IPv6 packet; its checksum is made right again.
        Packet(fn(&mut Vec<u8>, &Before)),
        /// To the IPv6 packet, its checksum included.
        Octets(fn(&mut Vec<u8>, &Before)),
        /// To the payload of each of its frames.
        Payload(fn(&mut Vec<u8>, &Before)),
        /// To the message of CoAP before it is protected.
        Coap(fn(&mut Vec<u8>, &Before)),
        /// To how its frames are protected, by the number of the frame.
        Frame(fn(&mut Done, usize)),
        /// A packet made of it is sent behind it.
        Again(fn(&mut Vec<u8>, &Before)),
        /// Elsewhere in the code, which asks [`Slips::is`].
        Elsewhere,
    }

    /// A row of the table.
    pub(super) struct Slip {
        pub(super) concerns: fn(&Sight<'_>) -> bool,
        pub(super) which: Which,
        pub(super) change: Change,
    }

    /// The slip of a device, and how often it had the occasion.
    #[derive(Clone, Default)]
    pub(crate) struct Slips {
        mutant: Option<Mutant>,
        seen: u16,
        last: Vec<u8>,
        jsr: Vec<u8>,
        to_all: Vec<u8>,
        /// The last key that the device had, and its index.
        stale: Option<(u8, [u8; 16])>,
    }

    /// What is still to be done to a packet on its way out.
    #[derive(Default)]
    pub(crate) struct Hand {
        change: Option<Change>,
        before: Before,
        /// Frames of the packet that were made.
        made: usize,
    }

    impl Slips {
        /// None, or that of the device.
        pub(crate) fn new(selected: Selected<Mutant>) -> Self {
            Self { mutant: Mutant::ALL.iter().copied().find(|mutant| selected.is(*mutant)), ..Self::default() }
        }

        /// Whether the device slips so.
        pub(crate) fn is(&self, mutant: Mutant) -> bool {
            self.mutant == Some(mutant)
        }

        /// The packet as it leaves, and what is still to be done to its frames.
        pub(crate) fn packet(&mut self, sight: &Sight<'_>) -> (Vec<u8>, Hand) {
            let mut packet = sight.packet.to_vec();
            if edit::is_sel(sight, JoinSecureRequest) {
                self.jsr.clone_from(&packet);
            }
            if sight.to_all && edit::is_own(sight) {
                self.to_all.clone_from(&packet);
            }
            let row = self.mutant.map(table::row).filter(|row| (row.concerns)(sight));
            let Some(Slip { which, change, .. }) = row else { return (packet, Hand::default()) };
            let Some(before) = self.occasion(which, &packet) else { return (packet, Hand::default()) };
            match change {
                Change::Packet(edit) => {
                    edit(&mut packet, &before);
                    edit::sum(&mut packet);
                }
                Change::Octets(edit) => edit(&mut packet, &before),
                _ => {}
            }
            (packet, Hand { change: Some(change), before, made: 0 })
        }

        /// A message of CoAP before it is protected.
        pub(crate) fn coap(&mut self, mut message: Vec<u8>) -> Vec<u8> {
            let Some(Slip { which, change: Change::Coap(edit), .. }) = self.mutant.map(table::row) else {
                return message;
            };
            if let Some(before) = self.occasion(which, &message) {
                edit(&mut message, &before);
            }
            message
        }

        /// One more of the kind that the slip concerns: what came before, if it slips now.
        fn occasion(&mut self, which: Which, now: &[u8]) -> Option<Before> {
            self.seen = self.seen.saturating_add(1);
            let last = core::mem::replace(&mut self.last, now.to_vec());
            which.is(self.seen).then(|| Before {
                last,
                now: now.to_vec(),
                jsr: self.jsr.clone(),
                to_all: self.to_all.clone(),
            })
        }

        /// The last key that the device had; `held` is the one that it has now.
        pub(crate) fn stale_key(&mut self, held: Option<(u8, [u8; 16])>) -> Option<(u8, [u8; 16])> {
            self.stale = held.or(self.stale);
            self.stale
        }
    }

    impl Hand {
        /// A packet that is sent besides.
        pub(crate) fn again(&self) -> Option<Vec<u8>> {
            let Some(Change::Again(edit)) = self.change else { return None };
            let mut packet = self.before.now.clone();
            edit(&mut packet, &self.before);
            edit::sum(&mut packet);
            (!packet.is_empty()).then_some(packet)
        }

        /// The payloads of the packet's frames, as they leave.
        pub(crate) fn payloads(&self, mut payloads: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
            if let Some(Change::Payload(edit)) = self.change {
                payloads.iter_mut().for_each(|payload| edit(payload, &self.before));
            }
            payloads
        }

        /// What is done to the next frame of the packet, if anything is.
        pub(crate) fn next_frame(&mut self) -> Option<Done> {
            let Some(Change::Frame(edit)) = self.change else { return None };
            let mut done = Done::default();
            edit(&mut done, self.made);
            self.made = self.made.saturating_add(1);
            Some(done)
        }
    }
}
