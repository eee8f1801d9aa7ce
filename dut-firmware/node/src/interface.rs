//! What goes into a device and comes out of it: the boundary to a board or to the virtual rack.

use alloc::string::String;
use alloc::vec::Vec;

use wire::Eui64;
use wire::ieee802154::PanId;

/// What a board knows about itself.
#[derive(Clone)]
pub struct Hardware {
    /// The extended address of the radio.
    pub eui64: Eui64,
    /// From the board's source of randomness, fresh at each boot; from the case seed on the virtual rack.
    pub entropy_seed: [u8; 32],
}

/// Something that happened to a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Input<'a> {
    /// The radio received a frame.
    Frame {
        /// Without FCS.
        psdu: &'a [u8],
        /// Received signal strength.
        rssi_dbm: i8,
    },
    /// The radio is done with a frame.
    TransmitDone {
        /// That of the [`Output::Transmit`].
        handle: u32,
        /// What became of it.
        status: TransmitStatus,
    },
    /// Octets from the upper tester, in any chunking.
    UpperTester(&'a [u8]),
    /// An IPv6 packet from the backbone; 6LBR only.
    Backbone(&'a [u8]),
}

/// Something that a device wants done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// Configure the radio.
    Radio(RadioConfig),
    /// Send a frame: CSMA-CA, acknowledgment and retries are the radio's business. A device hands out one at a time and
    /// waits for its [`Input::TransmitDone`].
    Transmit {
        /// Comes back in [`Input::TransmitDone`].
        handle: u32,
        /// Without FCS.
        psdu: Vec<u8>,
    },
    /// Octets to the upper tester: whole lines with LF.
    UpperTester(Vec<u8>),
    /// A line of log for a person; means nothing.
    Log(String),
    /// An IPv6 packet to the backbone; 6LBR only.
    Backbone(Vec<u8>),
    /// Boot anew with the store of this device, which is not asked for anything else any more.
    Reboot,
}

/// What the radio filters and acknowledges.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RadioConfig {
    /// 2.4 GHz channel, 11 to 26.
    pub channel: u8,
    /// PAN identifier of the address filter.
    pub pan_id: PanId,
    /// Extended address of the address filter and of automatic acknowledgments.
    pub eui64: Eui64,
    /// Whether to receive.
    pub receiver_on: bool,
}

/// What became of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TransmitStatus {
    /// Sent, and acknowledged if it asked for that.
    Success,
    /// Sent as often as allowed, never acknowledged.
    NoAck,
    /// The channel was never clear.
    ChannelAccessFailure,
}
