//! What this build of the stack can do: cargo features.

use wire::upper_tester::life::Command as Life;
use wire::upper_tester::{Command, Routing};

/// What `hello` names, if it is there.
pub(crate) const FEATURES: &[&str] = &[
    #[cfg(feature = "rpl")]
    "rpl",
];

/// Whether the stack can do what a command asks for.
pub(crate) fn covers(command: &Command) -> bool {
    match command {
        Command::Rpl(_) => cfg!(feature = "rpl"),
        Command::Life(Life::Install(site)) if site.routing == Routing::Rpl => cfg!(feature = "rpl"),
        _ => true,
    }
}
