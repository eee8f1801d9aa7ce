//! tmp
fn main() {
    for f in std::env::args().skip(1) {
        let input = std::fs::read(f).unwrap();
        println!("== {}", hex::encode(&input));
        for (t, p) in bootrack_differential::carried::carried(&input, 0) {
            println!("{} {}", t.0, hex::encode(p));
        }
        for d in bootrack_differential::carried::differences(&input) {
            println!("   {}", d.chars().take(600).collect::<String>());
        }
    }
}
