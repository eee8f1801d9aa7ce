//! The rules of the bootstrap layer between layer 2 and layer 3 (`SEL` 5.3.3, `PROFILE-SEL` 7 to 11), as functions of
//! the bootstrap state alone.

use crate::mutants::{Mutant, Selected};

/// The bootstrap state as far as one link goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LinkState {
    /// This device holds a network key: it is a 6SR.
    pub(crate) keyed: bool,
    /// ALL_SECURED.
    pub(crate) all_secured: bool,
    /// The link with the neighbour is marked secured.
    pub(crate) marked: bool,
}

/// How a frame was, or is to be, protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protection {
    /// Not at all.
    Plain,
    /// By link security, and verified if it was received.
    Secured,
}

/// What a packet is, as far as the rules tell packets apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    /// An SSR of this device.
    SetSecureRequest,
    /// An echo request or reply of this device: the same as [`Class::Other`] but to a mutant.
    Echo,
    /// A datagram of the application: the same as [`Class::Other`] but to a mutant.
    Data,
    /// Anything else.
    Other,
}

/// Whether a plain frame from N is passed on to layer 3.
pub(crate) fn takes_plain(state: LinkState, mutant: Selected) -> bool {
    if state.marked {
        // Condition 1.
        return mutant.is(Mutant::RxAcceptPlainOnSecuredLink);
    }
    if state.all_secured {
        // Condition 3.
        return mutant.is(Mutant::RxAcceptPlainWhenClosed);
    }
    // Condition 2.
    !(state.keyed && mutant.is(Mutant::RxRefusePlainOnUnmarked))
}

/// Whether a secured frame from N is worth verifying: conditions 1 and 2; with ALL_SECURED true too, so that an SSR can
/// still come through (`PROFILE-SEL` 10).
pub(crate) fn takes_secured(state: LinkState) -> bool {
    state.keyed
}

/// How a packet to N leaves; `None` if it must not.
pub(crate) fn unicast(state: LinkState, class: Class, mutant: Selected) -> Option<Protection> {
    if !state.keyed {
        return Some(Protection::Plain);
    }
    if class == Class::SetSecureRequest {
        return Some(if mutant.is(Mutant::SsrPlain) { Protection::Plain } else { Protection::Secured });
    }
    if state.marked {
        let plain = class == Class::Echo && mutant.is(Mutant::TxPlainOnSecuredLink)
            || class == Class::Data && mutant.is(Mutant::DataPlain);
        return Some(if plain { Protection::Plain } else { Protection::Secured });
    }
    if mutant.is(Mutant::TxSecuredOnUnmarkedLink) {
        return Some(Protection::Secured);
    }
    if state.all_secured && !mutant.is(Mutant::TxPlainWhenClosed) { None } else { Some(Protection::Plain) }
}

/// The copies in which a multicast leaves (`PROFILE-SEL` 9); there is no N, so `marked` does not matter.
pub(crate) fn multicast(state: LinkState, mutant: Selected) -> &'static [Protection] {
    if !state.keyed || mutant.is(Mutant::TxMulticastPlainOnly) {
        &[Protection::Plain]
    } else if state.all_secured && !mutant.is(Mutant::TxMulticastPlainWhenClosed) {
        &[Protection::Secured]
    } else {
        &[Protection::Plain, Protection::Secured]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    const KEYED: LinkState = LinkState { keyed: true, all_secured: false, marked: false };
    const UNKEYED: LinkState = LinkState { keyed: false, all_secured: false, marked: false };

    #[rstest]
    #[case::condition_1(LinkState { marked: true, ..KEYED }, false, true)]
    #[case::condition_1_closed(LinkState { marked: true, all_secured: true, ..KEYED }, false, true)]
    #[case::condition_2_secured(KEYED, true, true)]
    #[case::condition_2_unsecured(UNKEYED, true, false)]
    #[case::condition_3(LinkState { all_secured: true, ..KEYED }, false, true)]
    fn receive_conditions_of_5_3_3(#[case] state: LinkState, #[case] plain: bool, #[case] secured: bool) {
        assert_eq!((takes_plain(state, Selected::default()), takes_secured(state)), (plain, secured));
    }

    #[rstest]
    #[case::unsecured_node(UNKEYED, Some(Protection::Plain), Some(Protection::Plain))]
    #[case::unmarked(KEYED, Some(Protection::Plain), Some(Protection::Secured))]
    #[case::marked(LinkState { marked: true, ..KEYED }, Some(Protection::Secured), Some(Protection::Secured))]
    #[case::closed_and_unmarked(LinkState { all_secured: true, ..KEYED }, None, Some(Protection::Secured))]
    #[case::closed_and_marked(
        LinkState { all_secured: true, marked: true, ..KEYED }, Some(Protection::Secured), Some(Protection::Secured)
    )]
    fn transmit_rules_of_5_3_3(
        #[case] state: LinkState,
        #[case] other: Option<Protection>,
        #[case] ssr: Option<Protection>,
    ) {
        assert_eq!(unicast(state, Class::Other, Selected::default()), other);
        assert_eq!(unicast(state, Class::SetSecureRequest, Selected::default()), ssr);
    }

    #[rstest]
    #[case::unsecured_node(UNKEYED, &[Protection::Plain])]
    #[case::open(KEYED, &[Protection::Plain, Protection::Secured])]
    #[case::closed(LinkState { all_secured: true, ..KEYED }, &[Protection::Secured])]
    fn multicast_rule_of_profile_9(#[case] state: LinkState, #[case] copies: &[Protection]) {
        assert_eq!(multicast(state, Selected::default()), copies);
    }
}
