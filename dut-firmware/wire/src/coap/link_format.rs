//! Links in CoRE Link Format (RFC 6690), as `/.well-known/core` returns them: reading, writing, and filters such as `rt`.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::{Error, Result};

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

    /// The value of the first attribute of this name; later ones are ignored (RFC 6690 2, 3). `Some("")` if it is bare.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        let (_, value) = self.attributes.iter().find(|(known, _)| known == name)?;
        Some(value.as_deref().unwrap_or(""))
    }

    /// The space-separated values of an attribute as `rt`, `if`, `rel` or `ct`.
    pub fn values<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        self.attribute(name).into_iter().flat_map(|values| values.split(' ')).filter(|value| !value.is_empty())
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

    /// Reads a link-format document (RFC 6690 2). No link at all is an empty document; there is no white space between
    /// links and attributes.
    ///
    /// # Errors
    /// [`Error::Malformed`], [`Error::Truncated`].
    pub fn parse_document(document: &str) -> Result<Vec<Self>> {
        let mut links = Vec::new();
        let mut rest = document;
        while !rest.is_empty() {
            let (link, behind) = parse_link(rest)?;
            links.push(link);
            rest = match behind.strip_prefix(',') {
                Some("") => return Err(Error::Truncated("link behind a comma")),
                Some(next) => next,
                None if behind.is_empty() => behind,
                None => return Err(Error::Malformed("character behind a link")),
            };
        }
        Ok(links)
    }
}

/// A link and what follows it.
fn parse_link(text: &str) -> Result<(Link, &str)> {
    let text = text.strip_prefix('<').ok_or(Error::Malformed("link without an angle bracket"))?;
    let (target, mut rest) = text.split_once('>').ok_or(Error::Truncated("link target"))?;
    let mut attributes = Vec::new();
    while let Some(attribute) = rest.strip_prefix(';') {
        let end = attribute.find(|c: char| !is_name(c)).unwrap_or(attribute.len());
        let (name, behind) = attribute.split_at_checked(end).unwrap_or((attribute, ""));
        if name.is_empty() {
            return Err(Error::Malformed("name of a link attribute"));
        }
        let (value, behind) = match behind.strip_prefix('=') {
            None => (None, behind),
            Some(quoted) if quoted.starts_with('"') => {
                let (value, behind) = parse_quoted(quoted)?;
                (Some(value), behind)
            }
            Some(plain) => {
                let end = plain.find(|c: char| !is_token(c)).unwrap_or(plain.len());
                let (value, behind) = plain.split_at_checked(end).unwrap_or((plain, ""));
                if value.is_empty() {
                    return Err(Error::Malformed("value of a link attribute"));
                }
                (Some(String::from(value)), behind)
            }
        };
        attributes.push((String::from(name), value));
        rest = behind;
    }
    Ok((Link { target: String::from(target), attributes }, rest))
}

/// The value of a quoted string and what follows its second quote.
fn parse_quoted(text: &str) -> Result<(String, &str)> {
    let mut value = String::new();
    let mut characters = text.chars();
    characters.next();
    loop {
        match characters.next() {
            Some('"') => return Ok((value, characters.as_str())),
            Some('\\') => value.push(characters.next().ok_or(Error::Truncated("quoted value"))?),
            Some(character) => value.push(character),
            None => return Err(Error::Truncated("quoted value")),
        }
    }
}

/// A character of an attribute's name: `parmname` of RFC 5987, and the asterisk of `title*`.
fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!#$&+-.^_`|~*".contains(c)
}

/// A character of a value without quotes: `ptokenchar` of RFC 6690 2.
fn is_token(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!#$%&'()*+-./:<=>?@[]^_`{|}~".contains(c)
}

/// `</coap-key2>;rt="core.ky"`; quotes and backslashes in a value are escaped. Values whose grammar has no quotes (`sz`,
/// `hreflang`, and names that end in `*`) get none.
impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{}>", self.target)?;
        for (name, value) in &self.attributes {
            write!(f, ";{name}")?;
            let Some(value) = value else { continue };
            let is_plain = matches!(name.as_str(), "sz" | "hreflang") || name.ends_with('*');
            if is_plain && !value.is_empty() && value.chars().all(is_token) {
                write!(f, "={value}")?;
            } else {
                write!(f, "=\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""))?;
            }
        }
        Ok(())
    }
}
