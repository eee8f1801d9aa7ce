//! What protocols remember between frames: one state per type, made when it is first asked for.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use core::any::{Any, TypeId};

/// The states of all protocols. Each is a type of its protocol's own, which bounds its memory.
#[derive(Default)]
pub(super) struct States(BTreeMap<TypeId, Box<dyn Any + Send + Sync>>);

impl States {
    /// The state of this type.
    pub(super) fn of<T: Any + Send + Sync + Default>(&mut self) -> &mut T {
        let state = self.0.entry(TypeId::of::<T>()).or_insert_with(|| Box::new(T::default()));
        match state.downcast_mut() {
            Some(state) => state,
            None => unreachable!("a state lies under its own type"),
        }
    }
}
