//! The field table and the dissector: from captured octets to named fields, with decryption and reassembly.
//!
//! Fields bear Wireshark's filter names where Wireshark has one, and the values that `tshark -T fields` prints: numbers
//! for integers and booleans (0 and 1), `02:00:..` for EUI-64s, RFC 5952 text for IPv6 addresses, hex digits without
//! separators for octet strings. Ours (`sel.*`, `link.*`, `ut.*` and a few derived ones) are in the same table.
//!
//! What is wrong with a frame becomes a [`Note`].

mod messages;
mod model;
mod table;
mod ut;

pub use messages::{MESSAGES, MessageInfo, message};
pub use model::{Buffer, Dissection, Field, Layer, Note, NoteKind, Value};
pub use table::{FIELDS, FieldInfo, FieldKind, field};
pub use ut::upper_tester;
