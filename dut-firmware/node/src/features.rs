//! What this build of the device can do besides the bootstrap itself: cargo features, for boards whose flash does not hold all.

use alloc::string::String;

use wire::upper_tester::{Anchor, Command, Routing};

/// Certificates as trust anchor.
const X509: bool = cfg!(feature = "x509");
/// Finding the commissioning tool.
const FIND: bool = cfg!(feature = "find");

/// Routes by RPL.
const RPL: bool = cfg!(feature = "rpl");

/// The `features` of `hello`.
pub(crate) fn names() -> String {
    let mut names = String::from("sel,psk,rpk,image,application");
    for (name, is_there) in [("cert", X509), ("find", FIND), ("rpl", RPL)] {
        if is_there {
            names.push(',');
            names.push_str(name);
        }
    }
    names
}

/// Whether the device can do what a command asks for. It answers `unimplemented` otherwise.
pub(crate) fn cover(command: &Command) -> bool {
    match command {
        Command::Manufacture(Anchor::Certificate) => X509,
        Command::Install(site) => (FIND || site.find.is_none()) && (RPL || site.routing != Routing::Rpl),
        Command::Rpl => RPL,
        // It has no shell.
        Command::Vendor { .. } => false,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use wire::upper_tester::{Anchor, Command};

    use super::{RPL, cover, names};

    #[test]
    fn what_hello_names_is_what_commands_find() {
        let names = names();
        let named = |name| names.split(',').any(|one| one == name);
        assert_eq!(named("cert"), cover(&Command::Manufacture(Anchor::Certificate)));
        assert_eq!(named("rpl"), cover(&Command::Rpl));
        assert_eq!(named("rpl"), RPL);
        assert!(cover(&Command::Manufacture(Anchor::RawKey)));
    }
}
