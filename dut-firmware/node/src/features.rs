//! What this build of the device can do besides the bootstrap itself: cargo features, for boards whose flash does not hold all.

use alloc::string::String;

use wire::upper_tester::{Anchor, Command, Routing};

/// Certificates as trust anchor.
const X509: bool = cfg!(feature = "x509");
/// Finding the commissioning tool.
pub(crate) const FIND: bool = cfg!(feature = "find");

/// What a part of the device holds that only a feature brings: without it there is no such value, so that no such part can
/// exist, and the compiler leaves its code out.
#[cfg(feature = "rpl")]
pub(crate) type WithRpl = ();
#[cfg(not(feature = "rpl"))]
pub(crate) type WithRpl = core::convert::Infallible;

/// RPL, if it is there.
#[cfg(feature = "rpl")]
pub(crate) const RPL: Option<WithRpl> = Some(());
#[cfg(not(feature = "rpl"))]
pub(crate) const RPL: Option<WithRpl> = None;

/// The `features` of `hello`.
pub(crate) fn names() -> String {
    let mut names = String::from("sel,psk,rpk,image,application");
    for (name, is_there) in [("cert", X509), ("find", FIND), ("rpl", RPL.is_some())] {
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
        Command::Install(site) => (FIND || site.find.is_none()) && (RPL.is_some() || site.routing != Routing::Rpl),
        Command::Rpl => RPL.is_some(),
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
        assert_eq!(named("rpl"), RPL.is_some());
        assert!(cover(&Command::Manufacture(Anchor::RawKey)));
    }
}
