//! Fields of layer `wpan-nonask-phy`. What a PHY of IEEE 802.15.4 puts in front of a frame.

use super::{FieldInfo, FieldKind};

fields! {
    "wpan-nonask-phy" {
        "wpan-nonask-phy.preamble" 32 "preamble";
        "wpan-nonask-phy.sfd" 8 "start-of-frame delimiter";
        "wpan-nonask-phy.phr" 8 "PHY header";
        "wpan-nonask-phy.frame_length" 7 "octets of the frame, its FCS counted";
    } else {}
}
