//! What a rack is, its backends, and the files that describe them.

mod clock;
pub mod connection;
pub mod doctor;
pub mod operator;
pub mod probe;
pub mod rack;
pub mod sniffer;
pub mod testbed;
pub mod virtual_rack;

pub use clock::ClockEstimate;
pub use rack::{Capabilities, Rack, RackError};
pub use testbed::{Attachment, BoardRequest, Device, RackRequest, Testbed, TopologyError, eui64_of};
pub use virtual_rack::{Fake, VirtualConfig, VirtualRack, firmware_runs};
