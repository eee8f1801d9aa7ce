//! Which mutant a floor of the device was booted as: a single, deliberate departure from a clause, chosen at run time.
//!
//! Each floor and each mechanism has a list of its own (`mutants.rs` beside its code) and asks for those alone. The hooks are
//! compiled with the feature `mutants` only, which no board has.

/// The mutant of one list; asks nothing and answers `false` in a build without the feature.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Selected<M> {
    #[cfg(feature = "mutants")]
    mutant: Option<M>,
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
            #[cfg(not(feature = "mutants"))]
            of: core::marker::PhantomData,
        }
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
