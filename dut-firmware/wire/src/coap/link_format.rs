//! Links in CoRE Link Format (RFC 6690), as `/.well-known/core` returns them: writing, and filters such as `rt`.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

/// One link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The target, as `/coap-key2`.
    pub target: String,
    /// Name and value; a value of `None` is a bare attribute as `obs`.
    pub attributes: Vec<(String, Option<String>)>,
}

impl Link {
    /// A link with a resource type.
    pub fn new(target: &str, resource_type: &str) -> Self {
        let attributes = Vec::from([(String::from("rt"), Some(String::from(resource_type)))]);
        Self { target: String::from(target), attributes }
    }

    /// Whether the attribute is there and one of its space-separated values is `value`, or begins with it if `value` ends
    /// in `*` (RFC 6690 4.1). `href` filters the target.
    pub fn matches(&self, attribute: &str, value: &str) -> bool {
        let is_match = |candidate: &str| match value.strip_suffix('*') {
            Some(prefix) => candidate.starts_with(prefix),
            None => candidate == value,
        };
        if attribute == "href" {
            return is_match(&self.target);
        }
        let named = self.attributes.iter().filter(|(name, _)| name == attribute);
        named.filter_map(|(_, values)| values.as_deref()).flat_map(|values| values.split(' ')).any(is_match)
    }

    /// The body of a link-format document: the links with commas between them.
    pub fn document<'a>(links: impl IntoIterator<Item = &'a Self>) -> String {
        let links: Vec<String> = links.into_iter().map(|link| format!("{link}")).collect();
        links.join(",")
    }
}

/// `</coap-key2>;rt="core.ky"`; quotes and backslashes in a value are escaped.
impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{}>", self.target)?;
        for (name, value) in &self.attributes {
            write!(f, ";{name}")?;
            if let Some(value) = value {
                write!(f, "=\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""))?;
            }
        }
        Ok(())
    }
}
