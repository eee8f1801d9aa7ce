//! The half of the MAC below the queue of frames: what a radio does by itself where its chip does, and what firmware does
//! where the chip does not (IEEE 802.15.4-2006 7.5). The virtual medium and the boards share it.

pub mod address_filter;
mod csma;
pub mod timing;

pub use csma::Csma;
