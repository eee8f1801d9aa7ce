//! The dissector with all that it calls: it builds without an operating system too.
#![no_std]
#![no_main]

extern crate alloc;

use dissect::Dissector;

bootrack_bare_metal::image! {
    Dissector::frame,
    Dissector::ipv6_packet,
    dissect::upper_tester,
}
