//! tmp
use std::collections::BTreeMap;
fn main() {
    let text = std::fs::read_to_string(std::env::args().nth(1).unwrap()).unwrap();
    let mut kinds: BTreeMap<String, (usize, String, String)> = BTreeMap::new();
    std::panic::set_hook(Box::new(|_| {}));
    for line in text.lines() {
        let input = hex::decode(line).unwrap();
        let found = std::panic::catch_unwind(|| bootrack_differential::carried::differences(&input));
        let found = found.unwrap_or_else(|e| vec![format!("PANIC {:?}", e.downcast_ref::<String>())]);
        for d in found {
            let k: String = d.chars().filter(|c| !c.is_ascii_digit()).take(60).collect();
            let e = kinds.entry(k).or_insert((0, d, line.to_owned()));
            e.0 += 1;
            if line.len() < e.2.len() {
                e.2 = line.to_owned();
            }
        }
    }
    for (n, d, l) in kinds.values() {
        println!("{n} {}\n    {}", &d[..d.len().min(300)], &l[..l.len().min(200)]);
    }
}
