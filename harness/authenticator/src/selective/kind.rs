//! What the tool is to engine, suites and book.

use record::station::{Attachment, Property, PropertyValue, StationInfo};

use super::deviations::HOOKED;
use super::{CommissioningTool, ORDERS, check_order, directory, mutants};
use crate::manner;
use crate::profile::CT_ADDRESS;
use crate::station::{Briefing, Kind};

/// What it is to engine, suites and book.
pub(crate) const KIND: Kind = Kind {
    info: StationInfo {
        name: "ct",
        is_prefix: false,
        title: "commissioning tool",
        attachment: Attachment::Backbone,
        orders: ORDERS,
        properties: &[
            Property { name: "address", value: PropertyValue::Address(CT_ADDRESS) },
            Property { name: "dns", value: PropertyValue::Address(directory::DNS_SERVER) },
            Property { name: "directory", value: PropertyValue::Address(directory::RESOURCE_DIRECTORY) },
        ],
        hooked: HOOKED,
    },
    mutants: mutants::INFOS,
    brief,
    check: check_order,
    make: |entropy, making| {
        let tool = CommissioningTool::new(entropy).departing(making.mutant);
        Box::new(tool.with_second_engine(making.asks_second_engine))
    },
};

/// The network's key and the manufacturer's list of trust anchors.
fn brief(briefing: &Briefing<'_>) -> Vec<String> {
    let Briefing { devices, security_level, property, .. } = briefing;
    let (key, index) = (property("network", "key"), property("network", "index"));
    let network = format!("network key={key} index={index} level={security_level}");
    let anchor =
        |device: &String| format!("anchor eui64={} psk={}", property(device, "eui64"), property(device, "psk"));
    std::iter::once(network).chain(devices.iter().map(anchor)).chain(manner::brief(briefing)).collect()
}
