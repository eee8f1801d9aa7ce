//! As what a floor of the device was booted: which mutant, a single deliberate departure from a clause, and which liberties, chosen at
//! run time.
//!
//! Each floor and each mechanism has a list of mutants of its own (`mutants.rs` beside its code) and asks for those alone; of liberties
//! there is one table (`liberties.rs`). The hooks are compiled with the feature `mutants` only, which no board has.

use crate::liberties::Free;

/// The mutant of one list, and the liberties; asks nothing in a build without the feature: no mutant, and no liberty taken.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Selected<M> {
    #[cfg(feature = "mutants")]
    mutant: Option<M>,
    #[cfg(feature = "mutants")]
    variant: Option<&'static crate::variants::Variant>,
    #[cfg(not(feature = "mutants"))]
    of: core::marker::PhantomData<M>,
}

impl<M> Default for Selected<M> {
    fn default() -> Self {
        Self::new(None)
    }
}

impl<M> Selected<M> {
    pub(crate) fn new(mutant: Option<M>) -> Self {
        #[cfg(not(feature = "mutants"))]
        let _ = mutant;
        Self {
            #[cfg(feature = "mutants")]
            mutant,
            #[cfg(feature = "mutants")]
            variant: None,
            #[cfg(not(feature = "mutants"))]
            of: core::marker::PhantomData,
        }
    }

    /// The same device in this variant.
    #[cfg(feature = "mutants")]
    pub(crate) fn varied(self, variant: Option<&'static crate::variants::Variant>) -> Self {
        Self { variant, ..self }
    }

    /// Which liberties of the device are taken.
    #[inline]
    pub(crate) fn free(&self) -> Free {
        #[cfg(feature = "mutants")]
        if let Some(variant) = self.variant {
            return Free::taking(&variant.device);
        }
        Free::default()
    }

    /// Which liberties of the engines below are taken.
    #[inline]
    pub(crate) fn engines(&self) -> protocols::liberties::Free {
        #[cfg(feature = "mutants")]
        if let Some(variant) = self.variant {
            return protocols::liberties::Free::taking(&variant.engines);
        }
        protocols::liberties::Free::default()
    }
}

impl<M: Copy + PartialEq> Selected<M> {
    /// Whether the device departs from the clause in this way.
    #[inline]
    pub(crate) fn is(self, mutant: M) -> bool {
        #[cfg(feature = "mutants")]
        return self.mutant == Some(mutant);
        #[cfg(not(feature = "mutants"))]
        {
            let _ = mutant;
            false
        }
    }
}
