//! Octets of heap that a reference device takes on the virtual rack, its share of the rack included: after a start and
//! a minute of traffic, and at the most in between.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use bootrack_benches::figure;
use bootrack_benches::grid::Grid;

/// The system's allocator, with the octets counted that were asked for.
struct Counting;

static LIVE: AtomicUsize = AtomicUsize::new(0);
static MOST: AtomicUsize = AtomicUsize::new(0);

// SAFETY: everything is handed to the system's allocator as it is.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let live = LIVE.fetch_add(layout.size(), Ordering::Relaxed) + layout.size();
        MOST.fetch_max(live, Ordering::Relaxed);
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(block, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn main() {
    let before = LIVE.load(Ordering::Relaxed);
    let mut grid = Grid::new(20, 10, 0.9);
    let nodes = grid.len() as f64;
    let per_node = |octets: usize| (octets - before) as f64 / nodes;
    println!("virtual rack: {} reference devices, each heard by {:.1} others", grid.len(), grid.mean_neighbours());
    figure("  without power", per_node(LIVE.load(Ordering::Relaxed)), "octets a node", None);
    grid.start();
    figure("  started, links secured", per_node(LIVE.load(Ordering::Relaxed)), "octets a node", None);
    MOST.store(0, Ordering::Relaxed);
    grid.traffic(60);
    figure("  after a minute of traffic", per_node(LIVE.load(Ordering::Relaxed)), "octets a node", Some(&"16,384"));
    figure("  at the most in that minute", per_node(MOST.load(Ordering::Relaxed)), "octets a node", Some(&"16,384"));
}
