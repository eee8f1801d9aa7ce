//! What a device refused and dropped since boot: silence on the air, numbers at the upper tester (`PROFILE-SEL` 11).

use wire::upper_tester::Arguments;

/// Five digits: an upper tester compares small numbers, and all counters fit into a line.
const SHOWN_MAX: u32 = 99_999;

macro_rules! counters {
    ($($name:ident $doc:literal)*) => {
        /// Counters since boot.
        #[derive(Debug, Clone, Default)]
        pub(crate) struct Counters {
            $(#[doc = $doc] pub(crate) $name: u32,)*
        }

        impl Counters {
            /// For the `counters` command; a counter stays at [`SHOWN_MAX`], so that the line is never too long.
            pub(crate) fn arguments(&self) -> Arguments {
                Arguments::default()$(.with(stringify!($name), self.$name.min(SHOWN_MAX)))*
            }
        }
    };
}

counters! {
    refused_unsecured "Plain packets refused by conditions 1 and 3 of `SEL` 5.3.3."
    refused_secured "Secured packets refused because this device holds no key."
    refused_level "Secured below the minimum level, or not in key identifier mode 1."
    refused_replay "Frame counter not fresh."
    refused_mic "Integrity code wrong."
    refused_mixed "Fragments of one datagram protected differently."
    refused_ssr "SSRs that were plain, not link-local, or whose EUI-64 is not their link-layer source."
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
    dropped_unmarked "Not sent: ALL_SECURED is true and the link is unmarked."
    dropped_queue "Not sent: too many frames wait already."
    no_ack "Sent, but never acknowledged."
    channel_busy "Not sent: the channel was never clear."
    sent "Frames handed to the radio."
    received "Frames received."
}

/// Adds one, staying at the top.
pub(crate) fn count(counter: &mut u32) {
    *counter = counter.saturating_add(1);
}

#[cfg(test)]
mod tests {
    use super::*;
    use wire::upper_tester::{Answer, Line, table};

    #[test]
    fn each_counter_stands_in_the_table_of_ut_1() {
        let known = table::command("counters").map(table::answers).unwrap();
        let told = Counters::default().arguments();
        for (name, _) in told.iter() {
            assert!(known.clone().any(|key| key.name == name), "{name}");
        }
    }

    #[test]
    fn all_counters_at_their_top_fit_into_a_line() {
        let top = u32::MAX;
        let counters = Counters {
            refused_unsecured: top,
            refused_secured: top,
            refused_level: top,
            refused_replay: top,
            refused_mic: top,
            refused_mixed: top,
            refused_ssr: top,
            refused_no_key: top,
            dropped_malformed: top,
            dropped_unknown: top,
            dropped_foreign: top,
            dropped_source: top,
            dropped_duplicate: top,
            dropped_reassembly: top,
            dropped_checksum: top,
            dropped_hop_limit: top,
            dropped_no_route: top,
            dropped_unmarked: top,
            dropped_queue: top,
            no_ack: top,
            channel_busy: top,
            sent: top,
            received: top,
        };
        assert!(Line::Answer(Answer::ok(top, counters.arguments())).emit().is_ok());
    }
}
