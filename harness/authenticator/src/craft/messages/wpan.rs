//! A MAC data frame whose payload is what the case says.

use super::data;
use crate::craft::layer::{Message, Natural};

pub(super) const MESSAGES: &[Message] =
    &[Message { name: "wpan.data", layers: &[&data::LAYER], natural: Natural::Payload, ..Message::NONE }];
