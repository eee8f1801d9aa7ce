//! What every image needs beside the crates that it measures: an entry, an allocator, a panic handler.
//!
//! Nothing here is firmware: no vector table, no driver. An image is linked, measured and never run.
#![no_std]

use core::alloc::{GlobalAlloc, Layout};
use core::panic::PanicInfo;
use core::ptr;
use core::sync::atomic::{AtomicUsize, Ordering};

/// Octets of the heap: what a device of the reference firmware takes at most (see `docs/performance.md`), with room.
const HEAP_OCTETS: usize = 64 * 1024;

/// Hands out octets from one end and takes none back: the smallest allocator that links.
struct Bump {
    heap: core::cell::UnsafeCell<[u8; HEAP_OCTETS]>,
    used: AtomicUsize,
}

// SAFETY: `used` hands each octet of `heap` to one caller only.
unsafe impl Sync for Bump {}

// SAFETY: what is handed out is aligned, inside `heap` and handed out once.
unsafe impl GlobalAlloc for Bump {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let heap = self.heap.get().cast::<u8>();
        let taken = self.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |used| {
            let aligned = (heap as usize + used).next_multiple_of(layout.align()) - heap as usize;
            aligned.checked_add(layout.size()).filter(|end| *end <= HEAP_OCTETS)
        });
        match taken {
            Ok(used) => heap.wrapping_add((heap as usize + used).next_multiple_of(layout.align()) - heap as usize),
            Err(_) => ptr::null_mut(),
        }
    }

    unsafe fn dealloc(&self, _: *mut u8, _: Layout) {}
}

#[global_allocator]
static ALLOCATOR: Bump = Bump { heap: core::cell::UnsafeCell::new([0; HEAP_OCTETS]), used: AtomicUsize::new(0) };

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    loop {
        core::hint::spin_loop();
    }
}

/// Makes the entry of an image, which keeps these functions and what they call.
#[macro_export]
macro_rules! image {
    ($($function:path,)*) => {
        #[unsafe(no_mangle)]
        extern "C" fn _start() -> ! {
            // An allocation, so that the allocator is in every image.
            core::hint::black_box(alloc::vec::Vec::<u8>::with_capacity(core::hint::black_box(1)));
            $(core::hint::black_box($function as *const ());)*
            loop {
                core::hint::spin_loop();
            }
        }
    };
}
