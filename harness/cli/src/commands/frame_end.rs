//! What frames end with where the link type does not tell rightly: what `--fcs` may say, and the advice to use it when every
//! FCS of a capture is wrong.

use dissect::Dissection;
use wire::ieee802154::{Trailer, check_fcs32};

use crate::arguments::FrameEnd;

impl FrameEnd {
    /// What the dissector is told; nothing, if the link type tells.
    pub(super) fn trailer(self) -> Option<Trailer> {
        match self {
            Self::Auto => None,
            Self::Fcs16 => Some(Trailer::Fcs16),
            Self::Fcs32 => Some(Trailer::Fcs32),
            Self::None => Some(Trailer::None),
            Self::TiCc24xx => Some(Trailer::Cc24xx),
        }
    }
}

/// Counts of frames whose end the option decides.
#[derive(Default)]
pub(super) struct Tally {
    /// Frames with a verdict on their FCS.
    checked: u64,
    wrong: u64,
    /// Of the wrong ones, those whose last bits are those of a TI CC24xx that found the FCS right.
    like_cc24xx: u64,
    /// Of the wrong ones, those with a right FCS of 32 bits.
    right_as_32: u64,
}

impl Tally {
    pub(super) fn see(&mut self, dissection: &Dissection) {
        // These tell of each frame, whatever the option says.
        if dissection.has_layer("wpan-tap") || dissection.has_layer("zep") {
            return;
        }
        let Some(fcs_ok) = dissection.number("wpan.fcs_ok") else { return };
        // A frame that is too short for a header says nothing.
        let Some(start) = dissection.field("wpan.fcf") else { return };
        self.checked += 1;
        if fcs_ok == 1 {
            return;
        }
        self.wrong += 1;
        let Some(fcs) = dissection.field("wpan.fcs") else { return };
        self.like_cc24xx += u64::from(fcs.bytes().last().is_some_and(|status| status >> 7 == 1));
        let frame = dissection.buffers().next().map(|buffer| buffer.bytes).unwrap_or_default();
        let psdu = frame.get(start.offset()..fcs.offset() + fcs.length()).unwrap_or_default();
        self.right_as_32 += u64::from(check_fcs32(psdu).is_ok());
    }

    /// What to try, if no frame at all has a right FCS.
    pub(super) fn advice(&self) -> Option<String> {
        if self.wrong == 0 || self.wrong < self.checked {
            return None;
        }
        let frames =
            if self.wrong == 1 { "the only frame has".into() } else { format!("all {} frames have", self.wrong) };
        let option = if self.right_as_32 == self.wrong {
            "their FCS has 32 bits: `--fcs 32` reads them"
        } else if self.like_cc24xx == self.wrong {
            "if a TI CC24xx radio put signal strength and correlation in its place, `--fcs ti-cc24xx` reads them; if there \
             is none, `--fcs none`"
        } else {
            "if the capture has none, `--fcs none` reads them; if a TI CC24xx radio put signal strength and correlation in \
             its place, `--fcs ti-cc24xx`"
        };
        Some(format!("{frames} a wrong FCS, and nothing above their headers is shown: {option}"))
    }
}
