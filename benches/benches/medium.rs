//! Deliveries a second of the virtual medium, with 200 reference devices on it: a delivery is a frame (or an
//! acknowledgement) handed to one receiver in range that listened from its first symbol to its last, undisturbed, and did
//! not lose it.

use std::time::{Duration, Instant};

use bootrack_benches::grid::Grid;
use bootrack_benches::{Spent, figure, median};
use testbeds::virtual_rack::Statistics;

/// How long traffic runs, in wall time.
const MEASURED: Duration = Duration::from_secs(8);
/// Virtual seconds of a round.
const ROUND: u32 = 20;

fn main() {
    let mut grid = Grid::new(20, 10, 0.9);
    println!(
        "virtual rack: {} reference devices, each heard by {:.1} others on average and 12 at most, 10 % of frames lost",
        grid.len(),
        grid.mean_neighbours()
    );
    let start = Spent::on(|| grid.start());
    figure("  installed, started, all links secured: wall time", start.wall.as_secs_f64(), "s", None);
    assert!(grid.heard.links_secured as f64 >= 0.9 * grid.len() as f64 * grid.mean_neighbours(), "{:?}", grid.heard);

    let (from, before, heard) = (grid.now(), grid.counters().air, grid.heard);
    let begun = Instant::now();
    let (mut wall, mut processor) = (Vec::new(), Vec::new());
    while begun.elapsed() < MEASURED {
        let deliveries = grid.counters().air.deliveries;
        let spent = Spent::on(|| grid.traffic(ROUND));
        let deliveries = (grid.counters().air.deliveries - deliveries) as f64;
        wall.push(deliveries / spent.wall.as_secs_f64());
        processor.push(deliveries / spent.processor.as_secs_f64());
    }
    let elapsed = begun.elapsed().as_secs_f64();
    let (rounds, virtual_seconds) = (wall.len(), (grid.now() - from).as_secs_f64());
    let air = difference(grid.counters().air, before);
    println!("  {rounds} rounds of {ROUND} virtual seconds; {:?}", air);
    let replies = (grid.heard.echo_replies - heard.echo_replies) as f64;
    let requests = (grid.requests + grid.far_requests) as f64;
    assert!(replies > 0.5 * requests, "the nodes reach each other: {:?}", grid.heard);
    figure("  frames sent a virtual second", air.frames as f64 / virtual_seconds, "", None);
    figure("  echo requests answered", 100.0 * replies / requests, "%", None);
    figure("  virtual seconds a second", virtual_seconds / elapsed, "", None);
    let (least, most) = wall.iter().fold((f64::MAX, 0f64), |(least, most), rate| (least.min(*rate), most.max(*rate)));
    figure("  deliveries a second, median of the rounds", median(wall), "", Some(&"500,000"));
    figure("  deliveries a second, slowest round", least, "", None);
    figure("  deliveries a second, fastest round", most, "", None);
    figure("  deliveries a second on a processor, median", median(processor), "", None);
    let share = |part: u64| 100.0 * part as f64 / air.deliveries as f64;
    figure("  of them acknowledgements", share(air.delivered_acknowledgements), "%", None);
    figure("  of them through the address filter to a whole device", share(air.handed_up), "%", None);
}

fn difference(now: Statistics, then: Statistics) -> Statistics {
    Statistics {
        frames: now.frames - then.frames,
        acknowledgements: now.acknowledgements - then.acknowledgements,
        deliveries: now.deliveries - then.deliveries,
        delivered_acknowledgements: now.delivered_acknowledgements - then.delivered_acknowledgements,
        handed_up: now.handed_up - then.handed_up,
        lost: now.lost - then.lost,
        collided: now.collided - then.collided,
        deaf: now.deaf - then.deaf,
        bad_fcs: now.bad_fcs - then.bad_fcs,
        channel_access_failures: now.channel_access_failures - then.channel_access_failures,
        unacknowledged: now.unacknowledged - then.unacknowledged,
    }
}
