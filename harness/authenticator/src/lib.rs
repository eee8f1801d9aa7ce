//! The reference commissioner, emulated neighbours and their scripted deviations.
