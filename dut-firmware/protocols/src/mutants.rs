//! Lists of mutants, from which the enum and all that is said of its members come, so that no list can miss one.

/// Defines `Mutant` from lines of a variant of that enum, its name in kebab case, the clause of the ledger that it violates, and a
/// sentence that says what it does.
#[macro_export]
macro_rules! mutants {
    (
        $($variant:ident $name:literal $clause:literal $description:literal)*
    ) => {
        /// One deliberate departure from a clause.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Mutant {
            $(#[doc = $description] $variant,)*
        }

        impl Mutant {
            /// Every mutant, in the order of the list.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name that suites and command lines use, in kebab case.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }

            /// One sentence: what the mutant does.
            pub const fn description(self) -> &'static str {
                match self {
                    $(Self::$variant => $description,)*
                }
            }

            /// The clause of the ledger that it violates.
            pub const fn clause(self) -> &'static str {
                match self {
                    $(Self::$variant => $clause,)*
                }
            }
        }

        impl ::core::fmt::Display for Mutant {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                f.write_str(self.name())
            }
        }
    };
}
