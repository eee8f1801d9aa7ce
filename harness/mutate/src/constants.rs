//! Constants of the mutated crates by name: a use of one is a place where a boundary can be moved.

use std::collections::BTreeMap;

use quote::ToTokens as _;
use syn::spanned::Spanned as _;
use syn::visit::{self, Visit};
use syn::{Expr, ExprBinary};

use crate::operators::others_of_arithmetic;

/// What kind of value a constant is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A whole number.
    Number,
    /// A `core::time::Duration`.
    Duration,
    /// A structure, written field by field.
    Structure,
}

/// Another value of a constant, by another operator in its definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Other {
    /// The file of the definition.
    pub file: String,
    /// Where the operator stands in it, in octets.
    pub at: usize,
    /// The operator instead.
    pub operator: &'static str,
    /// The value, as source text that means the same everywhere.
    pub value: String,
}

/// Names with what they are; a name that is of two kinds is not there.
#[derive(Debug, Default)]
pub struct Constants {
    kinds: BTreeMap<String, Option<Kind>>,
    others: BTreeMap<String, Vec<Other>>,
}

impl Constants {
    /// Takes the constants of a file.
    pub fn read(&mut self, path: &str, text: &str, file: &syn::File) {
        Reader { constants: self, path, text }.visit_file(file);
    }

    /// What the constant of this name is.
    pub fn kind(&self, name: &str) -> Option<Kind> {
        self.kinds.get(name).copied().flatten()
    }

    /// Its other values.
    pub fn others(&self, name: &str) -> &[Other] {
        self.others.get(name).map_or(&[], Vec::as_slice)
    }

    /// The other values of all.
    pub fn all_others(&self) -> impl Iterator<Item = &Other> {
        self.others.iter().filter(|(name, _)| self.kind(name).is_some()).flat_map(|(_, others)| others)
    }
}

struct Reader<'a> {
    constants: &'a mut Constants,
    path: &'a str,
    text: &'a str,
}

impl Reader<'_> {
    fn note(&mut self, name: &syn::Ident, of: &syn::Type, value: &Expr) {
        let kind = match of.to_token_stream().to_string().as_str() {
            "u8" | "u16" | "u32" | "u64" | "usize" | "i8" | "i16" | "i32" | "i64" => Some(Kind::Number),
            "Duration" => Some(Kind::Duration),
            _ if matches!(value, Expr::Struct(_)) => Some(Kind::Structure),
            _ => None,
        };
        let known = self.constants.kinds.entry(name.to_string()).or_insert(kind);
        if *known != kind {
            *known = None;
        }
        if let Expr::Struct(structure) = value {
            self.fields(name, structure);
            return;
        }
        let mut operators = Operators { is_closed: true, operators: Vec::new() };
        operators.visit_expr(value);
        if kind.is_none() || !operators.is_closed {
            return;
        }
        let whole = value.span().byte_range();
        for (at, others) in operators.operators {
            for operator in others {
                let (before, after) = (&self.text[whole.start..at.start], &self.text[at.end..whole.end]);
                let value = format!("({before}{operator}{after})").replace("Duration::", "::core::time::Duration::");
                let other = Other { file: self.path.to_owned(), at: at.start, operator, value };
                self.constants.others.entry(name.to_string()).or_default().push(other);
            }
        }
    }
}

impl Reader<'_> {
    /// Each field of a structure with its other values, the other fields as they are.
    fn fields(&mut self, name: &syn::Ident, structure: &syn::ExprStruct) {
        let of = &self.text[structure.path.span().byte_range()];
        let mut all = Vec::new();
        for field in &structure.fields {
            let member = field.member.to_token_stream().to_string();
            let whole = field.expr.span().byte_range();
            let mut put = |at: usize, operator: &'static str, value: String| {
                let value = format!("({of} {{ {member}: {value}, ..{name} }})");
                all.push(Other { file: self.path.to_owned(), at, operator, value });
            };
            let source = &self.text[whole.clone()];
            match &field.expr {
                Expr::Lit(syn::ExprLit { lit: syn::Lit::Int(_), .. }) => {
                    put(whole.start, "one more", format!("::mutation::more({source})"));
                    put(whole.start, "one less", format!("::mutation::less({source})"));
                }
                Expr::Lit(syn::ExprLit { lit: syn::Lit::Bool(flag), .. }) => {
                    put(whole.start, "flag flipped", (!flag.value).to_string());
                }
                other => {
                    let mut operators = Operators { is_closed: true, operators: Vec::new() };
                    operators.visit_expr(other);
                    for (at, others) in operators.operators {
                        for operator in others {
                            let (before, after) = (&self.text[whole.start..at.start], &self.text[at.end..whole.end]);
                            put(at.start, operator, format!("{before}{operator}{after}"));
                        }
                    }
                }
            }
        }
        self.constants.others.entry(name.to_string()).or_default().extend(all);
    }
}

/// The arithmetic in a value, and whether it is made of numbers alone.
struct Operators {
    is_closed: bool,
    operators: Vec<(std::ops::Range<usize>, &'static [&'static str])>,
}

impl<'ast> Visit<'ast> for Operators {
    fn visit_expr_binary(&mut self, binary: &'ast ExprBinary) {
        self.operators.push((binary.op.span().byte_range(), others_of_arithmetic(&binary.op)));
        visit::visit_expr_binary(self, binary);
    }

    fn visit_expr_path(&mut self, path: &'ast syn::ExprPath) {
        self.is_closed &= path.path.segments.first().is_some_and(|first| first.ident == "Duration");
    }

    fn visit_expr_macro(&mut self, _: &'ast syn::ExprMacro) {
        self.is_closed = false;
    }
}

impl<'ast> Visit<'ast> for Reader<'_> {
    fn visit_item_const(&mut self, item: &'ast syn::ItemConst) {
        self.note(&item.ident, &item.ty, &item.expr);
        visit::visit_item_const(self, item);
    }

    fn visit_impl_item_const(&mut self, item: &'ast syn::ImplItemConst) {
        self.note(&item.ident, &item.ty, &item.expr);
    }
}
