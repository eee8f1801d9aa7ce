//! What a right side may do in its own way: tables of liberties, each with what the reference does. A variant is a device that
//! takes some of them (`node::Variant`); who decides asks [`Free`], which a build without the feature `mutants` answers by constants.

/// Defines `Liberties` (a field for each line) and `Free`, which is asked for them, from lines of a name, a type, what the reference
/// does, and a sentence.
#[macro_export]
macro_rules! liberties {
    ($($name:ident: $kind:ty = $reference:expr, $description:literal;)*) => {
        /// What a right side may do in its own way.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub struct Liberties {
            $(#[doc = $description] pub $name: $kind,)*
        }

        impl Liberties {
            /// None taken: what the reference does.
            pub const REFERENCE: Self = Self { $($name: $reference,)* };
        }

        /// Which liberties a side takes.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
        pub struct Free {
            #[cfg(feature = "mutants")]
            taken: Option<&'static Liberties>,
        }

        impl Free {
            /// Takes these.
            #[cfg(feature = "mutants")]
            pub const fn taking(liberties: &'static Liberties) -> Self {
                Self { taken: Some(liberties) }
            }

            $(
                #[doc = $description]
                #[inline]
                pub fn $name(self) -> $kind {
                    #[cfg(feature = "mutants")]
                    if let Some(taken) = self.taken {
                        return taken.$name;
                    }
                    $reference
                }
            )*
        }
    };
}

use core::time::Duration;

liberties! {
    cookie_octets: usize = 16, "Octets of a HelloVerifyRequest's cookie, at most 32 (RFC 6347 4.2.1: up to 255).";
    hello_verify_as_1_2: bool = false, "A HelloVerifyRequest says DTLS 1.2 (RFC 6347 4.2.1: should say 1.0, to a client that may not rest on it).";
    session_id_octets: usize = 0, "Octets of the session identifier in a ServerHello (RFC 5246 7.4.1.3).";
    extensions_reversed: bool = false, "A ServerHello's extensions stand in the opposite order (RFC 5246 7.4.1.4: any order).";
    random_begins_with_time: bool = false, "A ServerHello's random begins with the time (RFC 5246 7.4.1.2).";
    messages_apart: bool = false, "Each handshake record travels in a datagram of its own (RFC 6347 4.1.1).";
    conceals_identity: bool = false, "An identity that is not known ends in decrypt_error (RFC 4279 2).";
    discards_silently: bool = false, "A Finished that does not verify is discarded without a word (RFC 6347 4.1.2.7).";
    keeps_early_records: bool = true, "Records of the next epoch that come early are kept (RFC 6347 4.1: kept or discarded).";
    answers_renegotiation: bool = true, "A wish to negotiate anew is refused by no_renegotiation (RFC 5246 7.4.1.1: or ignored).";
    gives_up_after: Option<u32> = None, "How often a flight is sent again (RFC 6347 4.2.4: it does not say).";
    flight_timer: Option<Duration> = None, "First wait for an answer to a flight (RFC 6347 4.2.4.1: others may be used).";
    separate_after: Option<Duration> = None, "A response comes in a message of its own, so long after the acknowledgement (RFC 7252 5.2.2).";
    ids_downwards: bool = false, "Message IDs count downwards (RFC 7252 4.4: any strategy).";
    fragment_octets: Option<usize> = None, "Most octets of a 6LoWPAN payload (RFC 4944 5.3: as the sender likes).";
    last_fragment_first: bool = false, "Fragments leave in the opposite order (RFC 4944 5.3: in any order).";
    compression: Compression = Compression::Full, "How headers are compressed (RFC 6282: a sender need not).";
}

/// How much a sender compresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Compression {
    /// As much as RFC 6282 can.
    #[default]
    Full,
    /// The IPv6 header alone; a next header stands behind it as it is.
    Header,
    /// Ports of UDP as they are.
    WholePorts,
    /// Addresses and hop limit as they are.
    Inline,
    /// Without contexts: global addresses as they are, link-local ones elided.
    Stateless,
    /// Nothing: the dispatch for uncompressed IPv6 (RFC 4944 5.1).
    Nothing,
}
