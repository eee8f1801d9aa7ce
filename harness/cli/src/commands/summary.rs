//! The line that `bootrack dissect` begins a frame with: who, to whom, over which layers, and what.

use dissect::{Dissection, MESSAGES};

/// Fields of source and destination, those of the highest layer first.
const ENDS: [(&str, &str); 5] = [
    ("ipv6.src", "ipv6.dst"),
    ("ip.src", "ip.dst"),
    ("wpan.src64", "wpan.dst64"),
    ("wpan.src16", "wpan.dst16"),
    ("eth.src", "eth.dst"),
];

/// ` · ends · layers · message`, as far as there are any.
pub(crate) fn of(dissection: &Dissection) -> String {
    let parts = [ends(dissection), Some(layers(dissection)), message(dissection)];
    parts.into_iter().flatten().filter(|part| !part.is_empty()).map(|part| format!(" · {part}")).collect()
}

fn ends(dissection: &Dissection) -> Option<String> {
    let value = |name| {
        // Of tunnelled packets the innermost.
        let field = dissection.fields(name).last()?;
        let text = field.value().to_string();
        Some(if name.ends_with("16") { format!("{:#06x}", field.number()?) } else { text })
    };
    ENDS.iter().find_map(|(source, destination)| match (value(source), value(destination)) {
        (None, None) => None,
        (source, destination) => {
            Some(format!("{} → {}", source.unwrap_or_default(), destination.unwrap_or_default()).trim().to_owned())
        }
    })
}

/// Names of the layers, lowest first; several of a kind in a row are counted.
fn layers(dissection: &Dissection) -> String {
    let mut runs: Vec<(&str, usize)> = Vec::new();
    for layer in dissection.layers() {
        match runs.last_mut() {
            Some((name, count)) if *name == layer.name => *count += 1,
            _ => runs.push((layer.name, 1)),
        }
    }
    let run = |(name, count): (&str, usize)| if count > 1 { format!("{name}×{count}") } else { name.to_owned() };
    runs.into_iter().map(run).collect::<Vec<_>>().join("/")
}

/// What the highest layer that the message table knows is, most closely.
fn message(dissection: &Dissection) -> Option<String> {
    let layers: Vec<_> = dissection.layers().collect();
    let top = layers.last()?.name;
    // Whatever is in a MAC frame says more than that it is one.
    layers.into_iter().rev().filter(|layer| layer.name != "wpan" || layer.name == top).find_map(|layer| {
        let fitting = MESSAGES.iter().filter(|message| !message.matches.is_empty() && message.matches_layer(&layer));
        fitting.max_by_key(|message| message.matches.len()).map(|message| message.description.to_owned())
    })
}
