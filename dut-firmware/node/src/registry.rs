//! The mechanisms and the services of a device, a line each: enums and structs by cargo feature, so that what is left out
//! leaves no code.

use protocols::time::Instant;
use wire::reader::Reader;
use wire::upper_tester::{Arguments, Command, Request};
use wire::{Error, Result};

use crate::mechanism::{Context, Executed, Mechanism, Service, Taken};
use crate::mutants::Chosen;
use crate::section::{Section, keeps};
use crate::stack::{Input, Stack};

macro_rules! registry {
    (
        charge { $($(#[$cfg:meta])* $variant:ident $field:ident: $mechanism:ty,)* }
        services { $($(#[$service_cfg:meta])* $service_field:ident: $service:ty,)* }
    ) => {
        /// What mechanisms and services keep over a reset, those included that are not in charge.
        #[derive(Clone, Default)]
        pub(crate) struct Sections {
            $($(#[$cfg])* pub(crate) $field: <$mechanism as Service>::Kept,)*
            $($(#[$service_cfg])* $service_field: <$service as Service>::Kept,)*
        }

        impl Sections {
            /// The kinds of records of all.
            #[cfg(test)]
            pub(crate) fn kinds() -> alloc::vec::Vec<&'static [core::ops::RangeInclusive<u8>]> {
                alloc::vec![
                    $($(#[$cfg])* <<$mechanism as Service>::Kept>::KINDS,)*
                    $($(#[$service_cfg])* <<$service as Service>::Kept>::KINDS,)*
                ]
            }

            /// Hands out the records of all.
            pub(crate) fn encode(&self, record: &mut dyn FnMut(u8, &[u8])) {
                $($(#[$cfg])* self.$field.encode(record);)*
                $($(#[$service_cfg])* self.$service_field.encode(record);)*
                let _ = record;
            }

            /// Takes a record.
            ///
            /// # Errors
            /// A kind that nobody keeps, or a value that is none.
            pub(crate) fn decode(&mut self, kind: u8, value: &mut Reader<'_>) -> Result<()> {
                $($(#[$cfg])* if keeps::<<$mechanism as Service>::Kept>(kind) {
                    return self.$field.decode(kind, value);
                })*
                $($(#[$service_cfg])* if keeps::<<$service as Service>::Kept>(kind) {
                    return self.$service_field.decode(kind, value);
                })*
                let _ = (kind, value);
                Err(Error::Unsupported("kind of record"))
            }
        }

        /// The mechanism in charge.
        #[allow(clippy::large_enum_variant, reason = "a device has one, for as long as it runs")]
        pub(crate) enum Charge {
            /// Nobody keys the device: it was built without a mechanism.
            #[allow(dead_code, reason = "not where there is a mechanism")]
            Nobody,
            $($(#[$cfg])* $variant($mechanism),)*
        }

        impl Charge {
            /// What can be in charge; the first one is, unless installation says otherwise.
            pub(crate) const NAMES: &'static [&'static str] = &[$($(#[$cfg])* <$mechanism>::NAME,)*];

            /// What they can do besides.
            pub(crate) const FEATURES: &'static [&'static [&'static str]] =
                &[$($(#[$cfg])* <$mechanism>::FEATURES,)*];

            /// Whether the mechanisms can do what a command asks for.
            pub(crate) fn covers(command: &Command) -> bool {
                let _ = command;
                [$($(#[$cfg])* <$mechanism>::covers(command),)*].into_iter().all(|covers| covers)
            }

            /// Whether a command is of one of them.
            pub(crate) fn owns(command: &Command) -> bool {
                let _ = command;
                [$($(#[$cfg])* <$mechanism>::owns(command),)*].into_iter().any(|owns| owns)
            }

            /// The counters of each as high as they get.
            #[cfg(test)]
            pub(crate) const TOPS: &'static [fn(Arguments) -> Arguments] =
                &[$($(#[$cfg])* <$mechanism>::top_counters,)*];

            /// Boots the mechanism of this name, or the first one.
            #[allow(unreachable_code, clippy::needless_return, reason = "the first one returns")]
            pub(crate) fn boot(
                name: Option<&str>,
                sections: &mut Sections,
                mutants: Chosen,
                cx: &mut Context<'_>,
            ) -> Self {
                $($(#[$cfg])* if name.is_none_or(|name| name == <$mechanism>::NAME) {
                    let kept = core::mem::take(&mut sections.$field);
                    return Self::$variant(<$mechanism>::boot(kept, mutants.into(), cx));
                })*
                let _ = (name, sections, mutants, cx);
                Self::Nobody
            }

            /// Puts the mechanism of this name in charge, or the first one; with a single one there is nobody else.
            pub(crate) fn hand_over(
                &mut self,
                name: Option<&str>,
                sections: &mut Sections,
                mutants: Chosen,
                cx: &mut Context<'_>,
            ) {
                if Self::NAMES.len() > 1 {
                    self.save(sections);
                    *self = Self::boot(name, sections, mutants, cx);
                }
            }

            /// Puts what it keeps back to what the others keep.
            pub(crate) fn save(&self, sections: &mut Sections) {
                match self {
                    Self::Nobody => {
                        let _ = sections;
                    }
                    $($(#[$cfg])* Self::$variant(mechanism) => sections.$field = mechanism.kept().clone(),)*
                }
            }

            /// A factory reset takes all that it keeps.
            pub(crate) fn erase(&mut self) {
                match self {
                    Self::Nobody => {}
                    $($(#[$cfg])* Self::$variant(mechanism) => mechanism.erase(),)*
                }
            }

            /// Takes what happened in the stack.
            pub(crate) fn handle(&mut self, cx: &mut Context<'_>, input: &Input) -> Taken {
                match self {
                    Self::Nobody => Taken::No,
                    $($(#[$cfg])* Self::$variant(mechanism) => mechanism.handle(cx, input),)*
                }
            }

            /// Does what is due.
            pub(crate) fn poll(&mut self, cx: &mut Context<'_>) {
                match self {
                    Self::Nobody => {}
                    $($(#[$cfg])* Self::$variant(mechanism) => mechanism.poll(cx),)*
                }
            }

            /// When `poll` has something to do.
            pub(crate) fn deadline(&self, stack: &Stack) -> Option<Instant> {
                match self {
                    Self::Nobody => None,
                    $($(#[$cfg])* Self::$variant(mechanism) => mechanism.deadline(stack),)*
                }
            }

            /// Executes a command of the mechanism; `None` if it is not one.
            pub(crate) fn command(&mut self, cx: &mut Context<'_>, request: &Request) -> Option<Executed> {
                match self {
                    Self::Nobody => None,
                    $($(#[$cfg])* Self::$variant(mechanism) => mechanism.command(cx, request),)*
                }
            }

            /// Adds what it tells in `status`; without a mechanism, the key alone.
            pub(crate) fn status(&self, arguments: Arguments, stack: &Stack) -> Arguments {
                match self {
                    Self::Nobody => stack.key_status(arguments),
                    $($(#[$cfg])* Self::$variant(mechanism) => mechanism.status(arguments, stack),)*
                }
            }

            /// Adds its counters.
            pub(crate) fn counters(&self, arguments: Arguments) -> Arguments {
                match self {
                    Self::Nobody => arguments,
                    $($(#[$cfg])* Self::$variant(mechanism) => mechanism.counters(arguments),)*
                }
            }

            /// So many octets wait in the stack.
            pub(crate) fn note_buffers(&mut self, octets: usize) {
                match self {
                    Self::Nobody => {}
                    $($(#[$cfg])* Self::$variant(mechanism) => mechanism.note_buffers(octets),)*
                }
            }

            /// Whether it has begun to ask for a key.
            pub(crate) fn is_joining(&self) -> bool {
                match self {
                    Self::Nobody => false,
                    $($(#[$cfg])* Self::$variant(mechanism) => mechanism.is_joining(),)*
                }
            }

            /// The device leaves its network.
            pub(crate) fn leave(&mut self, cx: &mut Context<'_>) {
                match self {
                    Self::Nobody => {}
                    $($(#[$cfg])* Self::$variant(mechanism) => mechanism.leave(cx),)*
                }
            }
        }

        /// What the device does for others, all of it.
        pub(crate) struct Services {
            $($(#[$service_cfg])* $service_field: $service,)*
        }

        impl Services {
            /// What there is.
            pub(crate) const NAMES: &'static [&'static str] = &[$($(#[$service_cfg])* <$service>::NAME,)*];

            /// Whether they can do what a command asks for.
            pub(crate) fn covers(command: &Command) -> bool {
                let _ = command;
                [$($(#[$service_cfg])* <$service>::covers(command),)*].into_iter().all(|covers| covers)
            }

            /// The counters of each as high as they get, by its name.
            #[cfg(test)]
            pub(crate) const TOPS: &'static [(&'static str, fn(Arguments) -> Arguments)] =
                &[$($(#[$service_cfg])* (<$service>::NAME, <$service>::top_counters),)*];

            /// Boots all.
            pub(crate) fn boot(sections: &mut Sections, mutants: Chosen, cx: &mut Context<'_>) -> Self {
                let _ = (&sections, mutants, &cx);
                Self {
                    $($(#[$service_cfg])* $service_field:
                        <$service>::boot(core::mem::take(&mut sections.$service_field), mutants.into(), cx),)*
                }
            }

            /// Puts what they keep back.
            pub(crate) fn save(&self, sections: &mut Sections) {
                let _ = &sections;
                $($(#[$service_cfg])* { sections.$service_field = self.$service_field.kept().clone(); })*
            }

            /// A factory reset takes all that they keep.
            pub(crate) fn erase(&mut self) {
                $($(#[$service_cfg])* self.$service_field.erase();)*
            }

            /// Takes what happened in the stack and is not for the mechanism in charge.
            pub(crate) fn handle(&mut self, cx: &mut Context<'_>, input: &Input) -> Taken {
                let _ = (&cx, input);
                $($(#[$service_cfg])* if self.$service_field.handle(cx, input) == Taken::Yes {
                    return Taken::Yes;
                })*
                Taken::No
            }

            /// Does what is due.
            pub(crate) fn poll(&mut self, cx: &mut Context<'_>) {
                let _ = &cx;
                $($(#[$service_cfg])* self.$service_field.poll(cx);)*
            }

            /// When `poll` has something to do.
            pub(crate) fn deadline(&self, stack: &Stack) -> Option<Instant> {
                let _ = stack;
                [None, $($(#[$service_cfg])* self.$service_field.deadline(stack),)*].into_iter().flatten().min()
            }

            /// Executes a command of a service; `None` if it is not one.
            pub(crate) fn command(&mut self, cx: &mut Context<'_>, request: &Request) -> Option<Executed> {
                let _ = (&cx, request);
                $($(#[$service_cfg])* if let Some(executed) = self.$service_field.command(cx, request) {
                    return Some(executed);
                })*
                None
            }

            /// Adds what they tell in `status`.
            pub(crate) fn status(&self, arguments: Arguments, stack: &Stack) -> Arguments {
                let _ = stack;
                $($(#[$service_cfg])* let arguments = self.$service_field.status(arguments, stack);)*
                arguments
            }

            /// Adds their counters.
            pub(crate) fn counters(&self, arguments: Arguments) -> Arguments {
                $($(#[$service_cfg])* let arguments = self.$service_field.counters(arguments);)*
                arguments
            }

            /// So many octets wait in the stack.
            pub(crate) fn note_buffers(&mut self, octets: usize) {
                let _ = octets;
                $($(#[$service_cfg])* self.$service_field.note_buffers(octets);)*
            }
        }
    };
}

registry! {
    charge {
        #[cfg(feature = "selective")] Selective selective: crate::mechanism::selective::Selective,
    }
    services {
        #[cfg(test)] reflector: crate::mechanism::tests::Reflector,
    }
}
