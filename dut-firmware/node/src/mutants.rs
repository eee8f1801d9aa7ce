//! Mutants: single, deliberate departures from a clause, chosen at run time, so that a suite can prove that it notices.
//!
//! Each floor and each mechanism has a list beside its code; here they come together, a line each. The lists always exist; the
//! hooks at the places where each behaviour is decided are compiled only with the feature `mutants`, which no board has.

use core::str::FromStr;

use crate::selected::Selected;

/// Puts lists together: a line is the variant of [`Mutant`], the field of [`Chosen`], and the list.
macro_rules! lists {
    ($($(#[$cfg:meta])* $variant:ident $field:ident: $list:ty,)*) => {
        /// One deliberate departure from a clause, of the list that it stands in.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Mutant {
            $($(#[$cfg])* #[doc = concat!("Of the list `", stringify!($field), "`.")] $variant($list),)*
        }

        impl Mutant {
            /// Every mutant, list by list.
            pub const ALL: &'static [Self] = &Self::concat::<{ Self::count() }>();

            const fn count() -> usize {
                let mut count = 0;
                $($(#[$cfg])* { count += <$list>::ALL.len(); })*
                count
            }

            const fn concat<const COUNT: usize>() -> [Self; COUNT] {
                let mut all = [Self::Stack(crate::stack::Mutant::ALL[0]); COUNT];
                let mut at = 0;
                $($(#[$cfg])* {
                    let list = <$list>::ALL;
                    let mut next = 0;
                    while next < list.len() {
                        all[at] = Self::$variant(list[next]);
                        (at, next) = (at + 1, next + 1);
                    }
                })*
                let _ = at;
                all
            }

            /// The name that suites and command lines use, in kebab case.
            pub fn name(self) -> &'static str {
                match self { $($(#[$cfg])* Self::$variant(mutant) => mutant.name(),)* }
            }

            /// One sentence: what the mutant does.
            pub fn description(self) -> &'static str {
                match self { $($(#[$cfg])* Self::$variant(mutant) => mutant.description(),)* }
            }

            /// The clause of the ledger that it violates.
            pub fn clause(self) -> &'static str {
                match self { $($(#[$cfg])* Self::$variant(mutant) => mutant.clause(),)* }
            }
        }

        /// What each floor and each mechanism has to know of the mutant that the device was booted as.
        #[derive(Clone, Copy, Default)]
        pub(crate) struct Chosen {
            $($(#[$cfg])* pub(crate) $field: Selected<$list>,)*
        }

        $($(#[$cfg])* impl From<Chosen> for Selected<$list> {
            fn from(chosen: Chosen) -> Self {
                chosen.$field
            }
        })*

        impl Chosen {
            pub(crate) fn new(mutant: Option<Mutant>) -> Self {
                let mut chosen = Self::default();
                match mutant {
                    None => {}
                    $($(#[$cfg])* Some(Mutant::$variant(mutant)) => chosen.$field = Selected::new(Some(mutant)),)*
                }
                chosen
            }

            /// The same device in this variant.
            #[cfg(feature = "mutants")]
            pub(crate) fn varied(self, variant: Option<&'static crate::variants::Variant>) -> Self {
                Self { $($(#[$cfg])* $field: self.$field.varied(variant),)* }
            }
        }
    };
}

/// Of a service without mutants.
impl From<Chosen> for Selected<()> {
    fn from(_: Chosen) -> Self {
        Self::default()
    }
}

lists! {
    Stack stack: crate::stack::Mutant,
    #[cfg(feature = "selective")] Selective selective: crate::mechanism::selective::Mutant,
    Life life: crate::life::Mutant,
    Slip slip: crate::slips::Mutant,
    #[cfg(test)] Reflector reflector: crate::mechanism::tests::Mutant,
}

impl core::fmt::Display for Mutant {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.name())
    }
}

/// No mutant has this name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no mutant has this name")]
pub struct UnknownMutant;

impl FromStr for Mutant {
    type Err = UnknownMutant;

    fn from_str(name: &str) -> Result<Self, UnknownMutant> {
        Self::ALL.iter().copied().find(|mutant| mutant.name() == name).ok_or(UnknownMutant)
    }
}
