//! RPL control messages (RFC 6550 section 6) and the routing metrics that a DAG metric container holds (RFC 6551).

mod message;
mod metric;
mod option;
mod security;
#[cfg(test)]
pub(crate) mod tests;

pub use message::{
    ConsistencyCheck, DestinationAdvertisement, DestinationAdvertisementAck, InformationObject, Kind, Message,
};
pub use metric::{Metric, MetricKind};
pub use option::{Configuration, RplOption, SolicitedInformation, TransitInformation};
pub use security::{KeyIdentifier, Security};

/// The ICMPv6 type of all RPL control messages; the code says which one.
pub const ICMPV6_TYPE: u8 = 155;

/// The bit of the code that says that there is a security section.
pub const SECURE: u8 = 0x80;
