//! The rules of the bootstrap layer between layer 2 and layer 3 (`SEL` 5.3.3, `PROFILE-SEL` 7 to 11).

use wire::upper_tester::Role;

use super::mutants::Mutant;
use crate::selected::Selected;
use crate::stack::{Admission, Class, Copies, Link};

/// What the rules go by, besides the link.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules {
    /// ALL_SECURED.
    pub(super) all_secured: bool,
    pub(super) mutant: Selected<Mutant>,
}

impl Admission for Rules {
    fn takes_plain(&self, link: &Link) -> bool {
        let mutant = self.mutant;
        if mutant.is(Mutant::LbrRelaysPlainWhenClosed)
            && link.role == Role::SixLbr
            && self.all_secured
            && !link.marked()
        {
            return true;
        }
        if mutant.is(Mutant::PlainRefusedForEver) && link.was_marked {
            return false;
        }
        if link.marked() {
            // Condition 1.
            return mutant.is(Mutant::RxAcceptPlainOnSecuredLink)
                || mutant.is(Mutant::PlainTransitOnMarked)
                || mutant.is(Mutant::PlainMulticastOnMarked);
        }
        if self.all_secured {
            // Condition 3.
            return mutant.is(Mutant::RxAcceptPlainWhenClosed) || mutant.is(Mutant::PlainTransitWhenClosed);
        }
        // Condition 2.
        !(link.keyed && mutant.is(Mutant::RxRefusePlainOnUnmarked))
    }

    /// Conditions 1 and 2; with ALL_SECURED true too, so that an SSR can still come through (`PROFILE-SEL` 10).
    fn takes_secured(&self, link: &Link) -> bool {
        link.keyed
    }

    fn unicast(&self, link: &Link, class: Class) -> Option<Copies> {
        let mutant = self.mutant;
        if !link.keyed {
            return Some(Copies::Plain);
        }
        // An SSR.
        if class == Class::Bootstrap {
            return Some(if mutant.is(Mutant::SsrPlain) { Copies::Plain } else { Copies::Secured });
        }
        if link.marked() {
            let plain = class == Class::Echo && mutant.is(Mutant::TxPlainOnSecuredLink)
                || class == Class::Application && mutant.is(Mutant::DataPlain);
            return Some(if plain { Copies::Plain } else { Copies::Secured });
        }
        if mutant.is(Mutant::TxSecuredOnUnmarkedLink) {
            return Some(Copies::Secured);
        }
        if self.all_secured && !mutant.is(Mutant::TxPlainWhenClosed) { None } else { Some(Copies::Plain) }
    }

    /// `PROFILE-SEL` 9; there is no N, so its mark does not matter.
    fn multicast(&self, link: &Link) -> &'static [Copies] {
        if !link.keyed || self.mutant.is(Mutant::TxMulticastPlainOnly) {
            &[Copies::Plain]
        } else if self.all_secured && !self.mutant.is(Mutant::TxMulticastPlainWhenClosed) {
            &[Copies::Secured]
        } else {
            &[Copies::Plain, Copies::Secured]
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stack::{Domain, KeyId};
    use rstest::rstest;

    const UNKEYED: Link = Link { role: Role::SixLr, keyed: false, marked_by: None, was_marked: false };
    const KEYED: Link = Link { keyed: true, ..UNKEYED };
    const MARKED: Link = Link { marked_by: Some(KeyId { domain: Domain(0), index: 1 }), ..KEYED };
    const OPEN: bool = false;
    const CLOSED: bool = true;

    fn rules(all_secured: bool) -> Rules {
        Rules { all_secured, mutant: Selected::default() }
    }

    #[rstest]
    #[case::condition_1(MARKED, OPEN, false, true)]
    #[case::condition_1_closed(MARKED, CLOSED, false, true)]
    #[case::condition_2_secured(KEYED, OPEN, true, true)]
    #[case::condition_2_unsecured(UNKEYED, OPEN, true, false)]
    #[case::condition_3(KEYED, CLOSED, false, true)]
    fn receive_conditions_of_5_3_3(
        #[case] link: Link,
        #[case] all_secured: bool,
        #[case] plain: bool,
        #[case] secured: bool,
    ) {
        let rules = rules(all_secured);
        assert_eq!((rules.takes_plain(&link), rules.takes_secured(&link)), (plain, secured));
    }

    #[rstest]
    #[case::unsecured_node(UNKEYED, OPEN, Some(Copies::Plain), Some(Copies::Plain))]
    #[case::unmarked(KEYED, OPEN, Some(Copies::Plain), Some(Copies::Secured))]
    #[case::marked(MARKED, OPEN, Some(Copies::Secured), Some(Copies::Secured))]
    #[case::closed_and_unmarked(KEYED, CLOSED, None, Some(Copies::Secured))]
    #[case::closed_and_marked(MARKED, CLOSED, Some(Copies::Secured), Some(Copies::Secured))]
    fn transmit_rules_of_5_3_3(
        #[case] link: Link,
        #[case] all_secured: bool,
        #[case] other: Option<Copies>,
        #[case] ssr: Option<Copies>,
    ) {
        let rules = rules(all_secured);
        assert_eq!(rules.unicast(&link, Class::Other), other);
        assert_eq!(rules.unicast(&link, Class::Bootstrap), ssr);
    }

    #[rstest]
    #[case::unsecured_node(UNKEYED, OPEN, &[Copies::Plain])]
    #[case::open(KEYED, OPEN, &[Copies::Plain, Copies::Secured])]
    #[case::closed(KEYED, CLOSED, &[Copies::Secured])]
    fn multicast_rule_of_profile_9(#[case] link: Link, #[case] all_secured: bool, #[case] copies: &[Copies]) {
        assert_eq!(rules(all_secured).multicast(&link), copies);
    }
}
