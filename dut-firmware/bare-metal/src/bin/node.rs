//! The whole reference device: what a board's firmware adds to is this.
#![no_std]
#![no_main]

extern crate alloc;

use node::Device;

bootrack_bare_metal::image! {
    Device::boot,
    Device::handle,
    Device::poll,
    Device::deadline,
    Device::into_store,
}
