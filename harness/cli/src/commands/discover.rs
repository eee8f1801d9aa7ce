//! `bootrack testbed discover`: asks every serial device who it is, and writes the testbed file.

use std::fs::OpenOptions;
use std::io::Write as _;

use testbeds::connection::identify;

use crate::arguments::Discover;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output;

/// Names of the first boards; others are numbered.
const NAMES: [&str; 3] = ["dut", "lbr", "router"];

pub(crate) fn discover(arguments: &Discover) -> Result<Exit, Failure> {
    let folder = &arguments.devices;
    let entries = std::fs::read_dir(folder).map_err(|error| {
        let help = "serial devices have names there while a board is plugged in; `--devices` names another folder";
        Failure::usage_with_help(format!("{}: {error}", folder.display()), help)
    })?;
    let mut paths: Vec<String> =
        entries.filter_map(|entry| Some(entry.ok()?.path().to_string_lossy().into_owned())).collect();
    paths.sort();
    let mut text = String::from("name = \"desk\"\nbackend = \"mixed\"\n");
    let (mut found, mut others) = (0, String::new());
    for path in &paths {
        output::tell!("{path}");
        match identify(path, arguments.baud) {
            Ok(identity) => {
                let name = NAMES.get(found).map_or_else(|| format!("router{found}"), |name| (*name).to_owned());
                let baud =
                    if arguments.baud == 115_200 { String::new() } else { format!("baud = {}\n", arguments.baud) };
                text += &format!(
                    "\n[[board]]    # {}, roles {}\nname = \"{name}\"\nserial = {path:?}\n{baud}eui64 = \"{}\"\n\
                     # How is it started anew? One of:\n# reset = \"rts\"\n# power = {{ on = [\"...\"], off = [\"...\"] }}\n\
                     # radio = \"/dev/serial/by-id/...\"    # the device of its radio link\n",
                    identity.firmware, identity.roles, identity.eui64
                );
                found += 1;
            }
            Err(reason) => others += &format!("# {path}: {reason}\n"),
        }
    }
    if !others.is_empty() {
        text += &format!("\n# No board that speaks UT/1:\n{others}");
    }
    let probes = testbeds::probe::plugged_in();
    if !probes.is_empty() {
        text += "\n# Debug probes, for `probe` of the board that each is on:\n";
        for (selector, what) in &probes {
            text += &format!("# probe = {{ selector = \"{selector}\", chip = \"nRF52840_xxAA\" }}    # {what}\n");
        }
    }
    match &arguments.write {
        Some(path) => {
            let file = OpenOptions::new().write(true).create_new(true).open(path);
            let written = file.and_then(|mut file| file.write_all(text.as_bytes()));
            written.map_err(|error| {
                Failure::usage_with_help(format!("{}: {error}", path.display()), "name a file that is not there yet")
            })?;
        }
        None => output::write(text.as_bytes()),
    }
    output::tell!("{found} of {} serial devices are boards; say in the file how each is started anew", paths.len());
    Ok(if found > 0 { Exit::Passed } else { Exit::Nothing })
}
