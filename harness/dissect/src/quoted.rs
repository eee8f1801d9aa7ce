//! Packets inside packets: what an ICMPv6 error (RFC 4443 section 3) or a redirect (RFC 4861 section 4.6.3) quotes. Its
//! fields are in a layer of their own, so that nobody takes them for what was sent.

use super::Dissector;
use super::sheet::{Cursor, Sheet};
use wire::Result;

impl Dissector {
    /// Dissects the quoted packet at the cursor, as far as it goes; an end too early is no fault.
    pub(super) fn quoted(&mut self, sheet: &mut Sheet, cursor: &Cursor<'_>) -> Result<()> {
        if cursor.is_empty() || !sheet.start_quote() {
            return Ok(());
        }
        let result = self.ipv6(sheet, cursor.clone());
        sheet.end_quote();
        match result {
            Err(wire::Error::Truncated(_)) => Ok(()),
            result => result,
        }
    }
}
