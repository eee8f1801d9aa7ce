//! Orders that have ended, and what people call them: by the rows of their stations' tables.

use authenticator::Registry;
use record::event::Because;
use record::station::OrderInfo;

/// A machine's report that it is done with an order, or why it could not do it.
pub(super) struct FinishedOrder {
    pub(super) machine: String,
    pub(super) order: String,
    pub(super) refused: Option<String>,
    pub(super) because: Option<Because>,
    pub(super) event: u64,
    /// Nanoseconds since the case began.
    pub(super) t: u64,
}

/// That a machine refuses an order of which it tried nothing.
pub(super) fn refused_outright(order: &FinishedOrder) -> String {
    let reason = order.refused.as_deref().unwrap_or_default();
    format!(
        "the tester's `{}` refuses the order `{}`, and nothing was tried: {reason}",
        order.machine,
        verb(&order.machine, &order.order)
    )
}

/// The word of an order; what follows it may be a key.
pub(super) fn verb(machine: &str, order: &str) -> String {
    let count = if row(machine, order).is_some_and(|row| row.inner.is_some()) { 2 } else { 1 };
    order.split_whitespace().take(count).collect::<Vec<_>>().join(" ")
}

/// What it means that an order was carried out that the device had to refuse.
pub(super) fn got_through(machine: &str, order: &str) -> &'static str {
    let meant = row(machine, order).and_then(|row| match row.inner {
        None => Some(row),
        Some(inner) => inner.iter().find(|inner| order.split_whitespace().nth(1) == Some(inner.name)),
    });
    meant.and_then(|row| row.meaning).unwrap_or("the order was carried out")
}

fn row(machine: &str, order: &str) -> Option<&'static OrderInfo> {
    Registry::default().kind(machine)?.info.order(order.split_whitespace().next()?)
}
