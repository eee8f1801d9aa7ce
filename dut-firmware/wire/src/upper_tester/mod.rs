//! UT/1, the upper tester protocol: how a tester talks to a device over any byte stream (ISO/IEC 9646 upper tester).
//!
//! Three kinds of line, each ASCII, at most [`MAX_LINE`] octets with its LF, words separated by one blank:
//!
//! ```text
//! > SEQ COMMAND key=value ...          request, tester to device
//! < SEQ ok key=value ...               answer, device to tester
//! < SEQ error code=NAME                answer: argument, state or busy
//! < SEQ unimplemented                  answer to any command the device does not know
//! ! NAME t=MILLISECONDS key=value ...  event, device to tester; t counts from boot
//! ```
//!
//! SEQ is a decimal number below 2^32 chosen by the tester and echoed by the device. Keys are `a-z 0-9 _`, values any
//! visible ASCII without blanks; a key appears once. A line that starts with none of `>`, `<`, `!` is log output and means
//! nothing. A device never answers what it cannot attribute to a SEQ. A CR before the LF is ignored.
//!
//! Values that do not apply are written `-`. A wrong state is `error code=state`, a bad argument `error code=argument`
//! (judged first), a full queue `error code=busy`.
//!
//! Commands, events and states lie by mechanism, a file each, and [`TABLE`] names them all: `docs/upper-tester.md` shows it. A
//! mechanism is a file with `commands!` and a [`Mechanism`], and a line in `mechanisms!` below.

#[macro_use]
mod command;
mod assembler;
pub mod basic;
mod form;
pub mod life;
mod line;
pub mod rpl;
pub mod selective;
pub mod table;
#[cfg(test)]
mod tests;
mod text;
pub mod when;

pub use assembler::{Garbage, LineAssembler};
pub use command::CommandFault;
pub use form::to_hex;
pub use life::{Anchor, Application, CredentialPart, Installation, Role, Routing, SecretKey, SecretOctets};
pub use line::{Answer, Arguments, ErrorCode, Event, Line, Outcome, Request};
pub use selective::{Find, Trigger};
pub use table::Mechanism;
pub use text::{decode_text, encode_text};

/// Longest line, in octets, its LF included.
pub const MAX_LINE: usize = 512;

/// Most octets that `send` takes and that `received` shows.
pub const MAX_DATA: usize = 160;

/// A mechanism a line: its module, the variant of its commands in [`Command`], and its part of [`TABLE`].
macro_rules! mechanisms {
    ($($module:ident $variant:ident $info:ident)+) => {
        /// A request whose arguments are complete and in range, by the mechanism that it belongs to.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum Command {
            $(#[doc = concat!("Of [`", stringify!($module), "`].")] $variant($module::Command),)+
        }

        impl Command {
            /// Judges a request's arguments.
            ///
            /// # Errors
            /// [`CommandFault`], which says how the device has to answer.
            pub fn from_request(request: &Request) -> Result<Self, CommandFault> {
                $(match $module::Command::from_request(request) {
                    Err(CommandFault::Unknown) => {}
                    judged => return judged.map(Self::$variant),
                })+
                Err(CommandFault::Unknown)
            }

            /// The request that asks for this command.
            pub fn to_request(&self, seq: u32) -> Request {
                match self {
                    $(Self::$variant(command) => command.to_request(seq),)+
                }
            }
        }

        /// All of UT/1.
        pub const TABLE: &[&Mechanism] = &[$(&$module::$info,)+];
    };
}

mechanisms! {
    basic Basic BASIC
    life Life LIFE
    selective Selective SELECTIVE
    rpl Rpl RPL
}
