//! What was refused and dropped since boot: silence on the air, numbers at the upper tester (`PROFILE-SEL` 11). Each owner has
//! a list: the stack here, a mechanism in its folder.

use wire::upper_tester::Arguments;

/// Five digits: an upper tester compares small numbers, and all counters fit into a line.
const SHOWN_MAX: u32 = 99_999;

/// Defines `Counters` from lines of a name and what is counted, with a method to tell them in this order. A counter stays
/// at [`SHOWN_MAX`], so that the line is never too long. Behind `; others` stand those that come after the counters of
/// mechanisms and services.
macro_rules! counters {
    ($($name:ident $doc:literal)* $(; others $($late:ident $late_doc:literal)*)?) => {
        /// Counters since boot.
        #[derive(Debug, Clone, Default)]
        pub(crate) struct Counters {
            $(#[doc = $doc] pub(crate) $name: u32,)*
            $($(#[doc = $late_doc] pub(crate) $late: u32,)*)?
        }

        impl Counters {
            /// For the `counters` command; `others` adds those of others.
            pub(crate) fn arguments(
                &self,
                arguments: wire::upper_tester::Arguments,
                others: impl FnOnce(wire::upper_tester::Arguments) -> wire::upper_tester::Arguments,
            ) -> wire::upper_tester::Arguments {
                let arguments = $crate::stack::counters::tell_counters(arguments, &[$((stringify!($name), self.$name),)*]);
                let arguments = others(arguments);
                $(let arguments = $crate::stack::counters::tell_counters(arguments, &[$((stringify!($late), self.$late),)*]);)?
                arguments
            }

            /// All of them as high as they get.
            #[cfg(test)]
            pub(crate) fn top() -> Self {
                Self { $($name: u32::MAX,)* $($($late: u32::MAX,)*)? }
            }
        }
    };
}
pub(crate) use counters;

counters! {
    refused_unsecured "Plain packets refused by the rules of the mechanism in charge."
    refused_secured "Secured packets refused by these rules: this device holds no key."
    refused_level "Secured below the minimum level, or not in key identifier mode 1."
    refused_replay "Frame counter not fresh."
    refused_mic "Integrity code wrong."
    refused_mixed "Fragments of one datagram protected differently."
    ; others
    refused_no_key "No key with this index."
    dropped_malformed "Not a frame, packet or message that can be understood."
    dropped_unknown "A 6LoWPAN dispatch or a next header that this device does not know."
    dropped_foreign "For another PAN or another device, or without an extended source address."
    dropped_source "From one of this device's own addresses, or from or to the loopback address."
    dropped_duplicate "A frame heard before: its acknowledgment was lost."
    dropped_reassembly "Fragments that never made a datagram."
    dropped_checksum "A wrong upper-layer checksum."
    dropped_hop_limit "Hop limit used up."
    dropped_no_route "No route."
    dropped_unmarked "Not sent: the rules of the mechanism in charge forbid it."
    dropped_queue "Not sent: too many frames wait already."
    no_ack "Sent, but never acknowledged."
    channel_busy "Not sent: the channel was never clear."
    sent "Frames handed to the radio."
    received "Frames received."
}

/// Adds names and counters.
pub(crate) fn tell_counters(mut arguments: Arguments, counters: &[(&str, u32)]) -> Arguments {
    for (name, counter) in counters {
        arguments.push(name, counter.min(&SHOWN_MAX));
    }
    arguments
}

/// Adds one, staying at the top.
pub(crate) fn count(counter: &mut u32) {
    *counter = counter.saturating_add(1);
}

/// All counters as high as they get.
#[cfg(test)]
pub(crate) fn top_counters(others: impl FnOnce(Arguments) -> Arguments) -> Arguments {
    Counters::top().arguments(Arguments::default(), others)
}
