//! Deliveries a second of the virtual medium, with 200 reference devices on it: a delivery is a frame (or an
//! acknowledgement) handed to one receiver in range that was listening, undisturbed, and not lost.

use std::time::Instant;

use bootrack_benches::figure;
use bootrack_benches::grid::Grid;

fn main() {
    let mut grid = Grid::new(20, 10, 0.9);
    println!(
        "virtual rack: {} reference devices, each heard by {:.1} others (12 at most), 10 % of all frames lost",
        grid.len(),
        grid.mean_neighbours()
    );
    let begun = Instant::now();
    grid.start();
    let started = grid.counters().air;
    figure("  start-up: virtual seconds a second", grid.now().0 as f64 / 1e9 / begun.elapsed().as_secs_f64(), "", None);
    println!("  {:?}", grid.heard);

    let (from, before) = (grid.now(), grid.heard);
    let begun = Instant::now();
    let mut rounds = 0;
    while begun.elapsed().as_secs() < 5 {
        grid.traffic(10);
        rounds += 1;
    }
    let wall = begun.elapsed().as_secs_f64();
    let (air, virtual_seconds) = (grid.counters().air, (grid.now() - from).as_secs_f64());
    let since = |now: u64, then: u64| (now - then) as f64;
    println!("  {rounds} rounds of traffic, {:?}", grid.heard);
    println!("  {air:?}");
    assert!(grid.heard.echo_replies > before.echo_replies, "the nodes reach each other");
    figure("  frames on air a virtual second", since(air.frames, started.frames) / virtual_seconds, "frames/s", None);
    figure("  virtual seconds a second", virtual_seconds / wall, "", None);
    figure(
        "  frames and acknowledgements sent",
        since(air.frames + air.acknowledgements, started.frames + started.acknowledgements) / wall,
        "1/s",
        None,
    );
    figure(
        "  arrivals settled (delivered, lost, collided, deaf)",
        since(
            air.deliveries + air.lost + air.collided + air.deaf,
            started.deliveries + started.lost + started.collided + started.deaf,
        ) / wall,
        "1/s",
        None,
    );
    figure("  deliveries", since(air.deliveries, started.deliveries) / wall, "1/s", Some(&"500,000"));
}
