//! Code that is not the device's: tests, and the hooks of the named mutants, which no board has. A hook asks
//! `is(Mutant::X)`, which is `false` in a board; what is reached only where it is not is dead.

use quote::ToTokens as _;
use syn::{Attribute, BinOp, Expr, Meta, UnOp};

/// Whether an item, statement, field or arm is compiled for tests, or for the named mutants.
pub fn is_foreign(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let path = attribute.path();
        if path.is_ident("test") {
            return true;
        }
        match &attribute.meta {
            Meta::List(list) if path.is_ident("cfg") => {
                let text = list.tokens.to_string();
                text == "test" || text.replace(' ', "") == "feature=\"mutants\""
            }
            _ => false,
        }
    })
}

/// What an expression is in a board, as far as the hooks in it say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Constant {
    /// Always `false`.
    False,
    /// Always `true`.
    True,
    /// That depends.
    No,
}

/// Evaluates the hooks in a condition.
pub fn constant(expression: &Expr) -> Constant {
    match expression {
        Expr::MethodCall(call) if call.method == "is" && call.args.iter().any(is_named_mutant) => Constant::False,
        Expr::Paren(inner) => constant(&inner.expr),
        Expr::Group(inner) => constant(&inner.expr),
        Expr::Unary(unary) if matches!(unary.op, UnOp::Not(_)) => match constant(&unary.expr) {
            Constant::False => Constant::True,
            Constant::True => Constant::False,
            Constant::No => Constant::No,
        },
        Expr::Binary(binary) => match (&binary.op, constant(&binary.left), constant(&binary.right)) {
            (BinOp::And(_), Constant::False, _) | (BinOp::And(_), _, Constant::False) => Constant::False,
            (BinOp::And(_), Constant::True, Constant::True) => Constant::True,
            (BinOp::Or(_), Constant::True, _) | (BinOp::Or(_), _, Constant::True) => Constant::True,
            (BinOp::Or(_), Constant::False, Constant::False) => Constant::False,
            _ => Constant::No,
        },
        _ => Constant::No,
    }
}

/// `Mutant::X`, or one of two of them.
fn is_named_mutant(argument: &Expr) -> bool {
    match argument {
        Expr::Path(path) => path.path.segments.iter().any(|part| part.ident == "Mutant"),
        other => other.to_token_stream().to_string().contains("Mutant ::"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Constant {
        constant(&syn::parse_str(text).unwrap())
    }

    #[test]
    fn a_hook_is_false_in_a_board() {
        assert_eq!(of("self.mutant.is(Mutant::A)"), Constant::False);
        assert_eq!(of("a && mutant.is(Mutant::A)"), Constant::False);
        assert_eq!(of("!fresh && !self.mutant.is(Mutant::A)"), Constant::No);
        assert_eq!(of("a || self.mutant.is(Mutant::A)"), Constant::No);
        assert_eq!(of("!self.mutant.is(Mutant::A)"), Constant::True);
        assert_eq!(of("self.is(if value { Mutant::A } else { Mutant::B })"), Constant::False);
        assert_eq!(of("status.is(Status::A)"), Constant::No);
    }
}
