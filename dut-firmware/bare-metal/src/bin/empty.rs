//! Nothing but the entry, the allocator and the panic handler: what to subtract from the other images.
#![no_std]
#![no_main]

extern crate alloc;

bootrack_bare_metal::image! {}
