//! What this build of the device can do in its life: cargo features, for boards whose flash does not hold all.

use wire::upper_tester::life::Command as Life;
use wire::upper_tester::{Anchor, Command};

/// What `hello` names, if it is there.
pub(crate) const FEATURES: &[&str] = &[
    "psk",
    "rpk",
    "image",
    "application",
    #[cfg(feature = "x509")]
    "cert",
];

/// Whether the device can do what a command asks for.
pub(crate) fn covers(command: &Command) -> bool {
    match command {
        Command::Life(Life::Manufacture(Anchor::Certificate)) => cfg!(feature = "x509"),
        // A site without the address of the tool is of no use to a device that cannot find it.
        Command::Life(Life::Install(site)) => cfg!(feature = "find") || site.find.is_none(),
        _ => true,
    }
}
