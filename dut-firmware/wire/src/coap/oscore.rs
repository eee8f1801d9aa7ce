//! The value of the OSCORE option (RFC 8613 6.1): carried, not processed.

use alloc::vec::Vec;

use crate::reader::Reader;
use crate::{Error, Result};

/// What the OSCORE option says about the protection of its message.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct OscoreOption {
    /// Partial IV of one to five octets; empty if absent.
    pub partial_iv: Vec<u8>,
    /// `kid context`, at most 255 octets.
    pub kid_context: Option<Vec<u8>>,
    /// `kid`, the sender's identifier.
    pub kid: Option<Vec<u8>>,
}

impl OscoreOption {
    /// Reads the value of the option; an empty one stands for flags of zero.
    ///
    /// # Errors
    /// [`Error::Malformed`] for reserved flags, a Partial IV of six or seven octets and octets that no flag explains;
    /// [`Error::Truncated`].
    pub fn parse(value: &[u8]) -> Result<Self> {
        if value.is_empty() {
            return Ok(Self::default());
        }
        let mut reader = Reader::new(value);
        let flags = reader.u8("coap.opt.object_security_reserved")?;
        if flags & 0xe0 != 0 || flags & 7 > 5 || flags == 0 {
            return Err(Error::Malformed("coap.opt.object_security_reserved"));
        }
        let partial_iv = reader.take(usize::from(flags & 7), "coap.opt.object_security_piv")?.to_vec();
        let mut kid_context = None;
        if flags & 0x10 != 0 {
            let length = reader.u8("coap.opt.object_security_kid_context_len")?;
            kid_context = Some(reader.take(usize::from(length), "coap.opt.object_security_kid_context")?.to_vec());
        }
        let kid = (flags & 8 != 0).then(|| reader.rest().to_vec());
        if kid.is_none() && !reader.is_empty() {
            return Err(Error::Malformed("coap.opt.object_security_kid"));
        }
        Ok(Self { partial_iv, kid_context, kid })
    }

    /// The value of the option.
    ///
    /// # Errors
    /// [`Error::Malformed`] if the Partial IV is longer than five octets or the kid context longer than 255.
    pub fn to_vec(&self) -> Result<Vec<u8>> {
        let piv_length = u8::try_from(self.partial_iv.len()).ok().filter(|length| *length <= 5);
        let piv_length = piv_length.ok_or(Error::Malformed("coap.opt.object_security_piv_len"))?;
        let flags = piv_length | u8::from(self.kid_context.is_some()) << 4 | u8::from(self.kid.is_some()) << 3;
        if flags == 0 {
            return Ok(Vec::new());
        }
        let mut value = Vec::from([flags]);
        value.extend_from_slice(&self.partial_iv);
        if let Some(context) = &self.kid_context {
            let length = u8::try_from(context.len());
            value.push(length.map_err(|_| Error::Malformed("coap.opt.object_security_kid_context_len"))?);
            value.extend_from_slice(context);
        }
        value.extend(self.kid.iter().flatten());
        Ok(value)
    }
}
