//! The `bootrack` command.

fn main() {}
