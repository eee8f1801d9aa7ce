//! What this build of the device can do besides the bootstrap itself: cargo features, for boards whose flash does not hold all.

use alloc::string::String;

use wire::upper_tester::basic::Command as Basic;
use wire::upper_tester::life::Command as Life;
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
        Command::Life(Life::Manufacture(Anchor::Certificate)) => X509,
        Command::Life(Life::Install(site)) => (FIND || site.find.is_none()) && (RPL || site.routing != Routing::Rpl),
        Command::Rpl(_) => RPL,
        // It has no shell.
        Command::Basic(Basic::Vendor { .. }) => false,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use wire::upper_tester::{Line, table};

    use super::*;

    /// Requests for what a row of the table means: each command of `needed_by` with arguments that are in order.
    fn asked(needed_by: &str) -> Command {
        let text = match needed_by {
            "manufacture anchor=psk" => "manufacture anchor=psk psk=000102030405060708090a0b0c0d0e0f",
            "install find=" => "install role=6lr channel=26 pan_id=0xb007 find=multicast",
            "install routing=rpl" => "install role=6lr channel=26 pan_id=0xb007 ct=fd00:c0::c7 routing=rpl",
            "image" => "image data=00",
            "application" => "application interval_s=0",
            other => other,
        };
        let Ok(Line::Request(request)) = Line::parse(&alloc::format!("> 1 {text}")) else { panic!("{text}") };
        Command::from_request(&request).unwrap_or_else(|fault| panic!("{text}: {fault}"))
    }

    #[test]
    fn what_hello_names_is_what_commands_find() {
        let names = names();
        for name in names.split(',') {
            assert!(table::features().any(|feature| feature.name == name), "{name} is in no table of UT/1");
        }
        for feature in table::features() {
            let is_named = names.split(',').any(|name| name == feature.name);
            for command in feature.needed_by {
                assert_eq!(cover(&asked(command)), is_named, "{command} and the feature {}", feature.name);
            }
        }
        assert!(!cover(&asked("vendor text=help")));
    }
}
