//! What a run has tested, in a sentence: a green summary must not be taken for one of a device that was never reached.

use std::collections::BTreeMap;

use engine::campaign::Setting;
use engine::stored_plan::PlannedCase;
use record::station::StationInfo;
use suites::plan::Iut;
use testbeds::connection::Connection;
use testbeds::testbed::Device;

use crate::arguments::FakeName;

/// As many digits of a firmware's hash as tell two apart.
const HASH_DIGITS: usize = 12;

/// What stands in the place of what the planned cases are about; `said` is what the device's `hello` told.
pub(crate) fn tested(
    setting: &Setting,
    planned: &[PlannedCase],
    fake: Option<FakeName>,
    said: &BTreeMap<String, String>,
) -> String {
    let about = |is_of: &dyn Fn(&Iut) -> bool| planned.iter().any(|planned| is_of(&planned.case.iut));
    let mut parts = Vec::new();
    if about(&Iut::is_device) {
        parts.push(device(setting, fake, said));
    }
    for station in setting.stations.infos() {
        if about(&|iut| !iut.is_device() && station.is_named(iut.name())) {
            parts.push(of_station(station, setting, fake));
        }
    }
    parts.join("; ")
}

fn device(setting: &Setting, fake: Option<FakeName>, said: &BTreeMap<String, String>) -> String {
    let connections = &setting.testbed.connections;
    let what = match (&setting.device, connections.get("dut")) {
        (Device::Fake(_), _) => return format!("the fake `{}` in the place of the device", name(fake)),
        (Device::Variant(variant, None), _) => {
            format!("the reference device on the virtual rack, in its variant `{}`", variant.name)
        }
        (Device::Variant(variant, Some(mutant)), _) => {
            let (variant, mutant) = (variant.name, mutant.name());
            format!(
                "the reference device on the virtual rack, in its variant `{variant}`, made wrong by mutant `{mutant}`"
            )
        }
        (Device::Mutant(mutant), _) => {
            format!("the reference device on the virtual rack, made wrong by mutant `{}`", mutant.name())
        }
        (Device::Reference, Some(connection)) => format!("board `dut`, {}", reached(connection)),
        (Device::Reference, None) if connections.is_empty() => "the reference device on the virtual rack".to_owned(),
        (Device::Reference, None) => {
            let others: Vec<String> = connections.keys().map(|name| format!("`{name}`")).collect();
            format!("the reference device on the virtual rack (the testbed connects {}, no `dut`)", others.join(", "))
        }
    };
    let is_outside = setting.device == Device::Reference && connections.contains_key("dut");
    match identity(said, is_outside) {
        Some(identity) => format!("{what}: {identity}"),
        None if is_outside => format!("{what}: it has not said what it is"),
        None => what,
    }
}

fn of_station(station: &StationInfo, setting: &Setting, fake: Option<FakeName>) -> String {
    let title = station.title;
    let mutant = setting.station_mutant.filter(|mutant| mutant.is_of(station));
    match (fake, mutant) {
        (Some(_), _) => format!("the fake `{}` in the place of the {title}", name(fake)),
        (None, Some(mutant)) => format!("the reference {title}, made wrong by mutant `{}`", mutant.name()),
        (None, None) => format!("the reference {title}"),
    }
}

fn name(fake: Option<FakeName>) -> String {
    fake.map(|fake| format!("{fake:?}").to_lowercase()).unwrap_or_default()
}

fn reached(connection: &Connection) -> String {
    match connection {
        Connection::Qemu(qemu) => format!("emulated from {}", qemu.firmware.display()),
        Connection::Exec(exec) => format!("the program {}", exec.program.display()),
        Connection::Serial(serial) => format!("at {}", serial.path),
    }
}

/// `vendor firmware version, hash 1920c6e900c4, EUI-64 70b3...`, as far as it was said.
fn identity(said: &BTreeMap<String, String>, with_eui64: bool) -> Option<String> {
    let told = |key: &str| said.get(key).map(String::as_str).filter(|value| *value != "-");
    let name: Vec<&str> = ["vendor", "firmware", "version"].into_iter().filter_map(told).collect();
    let hash = told("hash").map(|hash| format!("hash {}", hash.get(..HASH_DIGITS).unwrap_or(hash)));
    let eui64 = told("eui64").filter(|_| with_eui64).map(|eui64| format!("EUI-64 {eui64}"));
    let parts: Vec<String> =
        [Some(name.join(" ")).filter(|name| !name.is_empty()), hash, eui64].into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}
