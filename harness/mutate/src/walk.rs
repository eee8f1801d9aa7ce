//! A walk over the functions of a file. What holds for tests and for the hooks of the named mutants is passed over.

use std::ops::Range;

use quote::ToTokens as _;
use syn::visit::{self, Visit};
use syn::{BinOp, Block, Expr, ExprLit, Lit, Pat, ReturnType, Stmt, UnOp};

use crate::constants::{Constants, Kind};
use crate::hooks::{Constant, constant, is_foreign};
use crate::operators::{others_of_arithmetic, others_of_assignment, others_of_comparison};
use crate::places::{Form, Found, Mutation, Place};
use crate::values;

/// Texts in the table are cut here.
const TEXT_MAX: usize = 90;

/// The places of a file.
pub fn places(text: &str, file: &syn::File, constants: &Constants) -> Found {
    let mut walk = Walk { text, constants, scopes: Vec::new(), found: Found::default(), in_array: false };
    walk.visit_file(file);
    walk.found
}

struct Walk<'a> {
    text: &'a str,
    constants: &'a Constants,
    scopes: Vec<String>,
    found: Found,
    in_array: bool,
}

fn range(of: &impl syn::spanned::Spanned) -> Range<usize> {
    of.span().byte_range()
}

/// On one line, not too long.
fn short(text: &str) -> String {
    let mut line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() > TEXT_MAX {
        line = line.chars().take(TEXT_MAX).collect::<String>() + "…";
    }
    line
}

impl Walk<'_> {
    fn source(&self, range: &Range<usize>) -> &str {
        self.text.get(range.clone()).unwrap_or_default()
    }

    fn put(&mut self, range: Range<usize>, form: Form, mutations: Vec<Mutation>) {
        if form == Form::Tick || !mutations.is_empty() {
            let function = self.scopes.join("::");
            self.found.places.push(Place { range, form, mutations, function });
        }
    }

    /// Whether something is compiled for others than boards only; it is noted.
    fn is_foreign(&mut self, attributes: &[syn::Attribute], of: &impl syn::spanned::Spanned) -> bool {
        let is_foreign = is_foreign(attributes);
        if is_foreign {
            self.foreign(of);
        }
        is_foreign
    }

    fn foreign(&mut self, of: &impl syn::spanned::Spanned) {
        self.found.foreign.push(range(of));
    }

    fn mutation(
        &self,
        of: &Range<usize>,
        class: &'static str,
        operator: &'static str,
        code: &str,
        after: &str,
    ) -> Mutation {
        let before = short(self.source(of));
        let (code, token) = (code.to_owned(), code.to_owned());
        Mutation { class, operator, at: of.start, before, after: short(after), code, token }
    }

    fn function(&mut self, signature: &syn::Signature, block: &Block) {
        // A function that may be evaluated by the compiler cannot ask at run time.
        if signature.constness.is_some() {
            return;
        }
        self.scopes.push(signature.ident.to_string());
        let inside = block.brace_token.span.open().byte_range().end..block.brace_token.span.close().byte_range().start;
        let at = block.stmts.first().map_or(inside.start, |first| range(first).start);
        let is_empty = block.stmts.is_empty();
        let name = format!("{} {}", self.scopes.join("::"), signature.output.to_token_stream());
        let returned = |code: &str| Mutation {
            class: "return",
            operator: "value returned",
            at,
            before: short(&name),
            after: code.replace("::mutation::alloc::", ""),
            code: code.to_owned(),
            token: code.to_owned(),
        };
        let mut returns = HasReturn(false);
        returns.visit_block(block);
        let is_bool =
            matches!(&signature.output, ReturnType::Type(_, of) if of.to_token_stream().to_string() == "bool");
        if let Some(items) = values::iterator_item(&signature.output) {
            let once = items.iter().map(|item| format!("::core::iter::once({item})"));
            let all: Vec<Mutation> =
                ["::core::iter::empty()".to_owned()].into_iter().chain(once).map(|code| returned(&code)).collect();
            if !returns.0 {
                self.put(inside, Form::Iterator, all);
            }
        } else {
            let source = short(self.source(&inside));
            let all: Vec<Mutation> = values::of_return(&signature.output)
                .iter()
                .filter(|code| **code != source && !(is_empty && **code == "()"))
                .map(|code| returned(code))
                .collect();
            if is_bool && !returns.0 {
                self.put(inside, Form::Body, all);
            } else if all.is_empty() {
                self.put(inside.start..inside.start, Form::Tick, all);
            } else {
                self.put(inside.start..inside.start, Form::Return, all);
            }
        }
        if matches!(signature.output, ReturnType::Default)
            && let Some(Stmt::Expr(last @ (Expr::Call(_) | Expr::MethodCall(_) | Expr::Assign(_)), None)) =
                block.stmts.last()
            && block.stmts.len() > 1
        {
            self.statement(range(last), last);
        }
        self.visit_block(block);
        self.scopes.pop();
    }

    /// A statement that can be dropped; if it assigns by an operator, that can be another one.
    fn statement(&mut self, whole: Range<usize>, expression: &Expr) {
        let mut all = Vec::new();
        let operator = match expression {
            Expr::Assign(_) => "write dropped",
            Expr::Binary(_) => "write dropped",
            _ => "call dropped",
        };
        if let Expr::Binary(binary) = expression {
            let (left, right) = (range(&binary.left), range(&binary.right));
            let of = range(&binary.op);
            for other in others_of_assignment(&binary.op) {
                let code = format!("{} {other} {};", self.source(&left), self.source(&right));
                let mut mutation = self.mutation(&whole, "arithmetic", "operator replaced", &code, &code);
                mutation.at = of.start;
                mutation.token = (*other).to_owned();
                all.push(mutation);
            }
        }
        all.push(self.mutation(&whole, "statement", operator, "", "(dropped)"));
        self.put(whole, Form::Statement, all);
    }

    fn condition(&mut self, cond: &Expr, is_loop: bool) {
        let of = range(cond);
        if has_let(cond) || is_loop {
            let never = self.mutation(&of, "condition", "condition never holds", "false", "false");
            self.put(of, Form::Never { has_let: has_let(cond) }, vec![never]);
            return;
        }
        let negates_itself = match bare(cond) {
            Expr::Binary(binary) => !others_of_comparison(&binary.op).is_empty(),
            Expr::Unary(unary) => matches!(unary.op, UnOp::Not(_)),
            _ => false,
        };
        let mut all = Vec::new();
        if !negates_itself {
            let after = format!("!({})", self.source(&of));
            all.push(self.mutation(&of, "condition", "condition negated", "!__c", &after));
        }
        all.push(self.mutation(&of, "condition", "condition always holds", "true", "true"));
        all.push(self.mutation(&of, "condition", "condition never holds", "false", "false"));
        self.put(of, Form::Condition, all);
    }

    fn arm(&mut self, arm: &syn::Arm, has_wild: bool) {
        if self.is_foreign(&arm.attrs, arm) {
            return;
        }
        match &arm.guard {
            Some((_, guard)) => {
                match constant(guard) {
                    // The arm is dead in a board.
                    Constant::False => return self.foreign(arm),
                    Constant::True => self.foreign(&**guard),
                    Constant::No => {
                        let of = range(&**guard);
                        let never = self.mutation(&of, "condition", "guard never holds", "false", "false");
                        if has_let(guard) {
                            self.put(of, Form::Never { has_let: true }, vec![never]);
                        } else {
                            let always = self.mutation(&of, "condition", "guard always holds", "true", "true");
                            self.put(of, Form::Condition, vec![always, never]);
                        }
                        self.visit_expr(guard);
                    }
                }
            }
            None if is_wild(&arm.pat) => {}
            None => {
                let of = range(&arm.pat);
                let mut mutation = self.mutation(&of, "statement", "arm dropped", "", "(no such arm)");
                mutation.at = range(arm).start;
                match has_wild {
                    true => self.put(of.end..of.end, Form::Arm, vec![mutation]),
                    false => self.found.impossible.push(mutation),
                }
            }
        }
        self.visit_expr(&arm.body);
    }

    fn binary(&mut self, binary: &syn::ExprBinary) {
        let whole = range(binary);
        let (left, right) = (range(&binary.left), range(&binary.right));
        let at = range(&binary.op);
        let operator = self.source(&at).to_owned();
        let replaced = |walk: &Self, class, name, other: &str| {
            let after = format!("{} {other} {}", walk.source(&left), walk.source(&right));
            let mut mutation = walk.mutation(&whole, class, name, other, &after);
            mutation.at = at.start;
            mutation
        };
        let comparisons = others_of_comparison(&binary.op);
        if !comparisons.is_empty() {
            let all = comparisons.iter().map(|other| replaced(self, "comparison", "comparison moved", other)).collect();
            self.put(whole, Form::Compare { left, operator, right }, all);
            return;
        }
        match binary.op {
            BinOp::And(_) | BinOp::Or(_) => {
                let is_and = matches!(binary.op, BinOp::And(_));
                let other = if is_and { "||" } else { "&&" };
                let mutation = replaced(self, "condition", "and for or", other);
                if has_let(&binary.left) || has_let(&binary.right) {
                    self.found.impossible.push(mutation);
                } else {
                    self.put(whole, Form::Branch { left, right, is_and }, vec![mutation]);
                }
            }
            _ => {
                let all = others_of_arithmetic(&binary.op)
                    .iter()
                    .map(|other| replaced(self, "arithmetic", "operator replaced", other))
                    .collect();
                self.put(whole, Form::Arithmetic { left, operator, right }, all);
            }
        }
    }

    fn literal(&mut self, literal: &ExprLit) {
        let of = range(literal);
        match &literal.lit {
            Lit::Int(number) => {
                let source = self.source(&of).to_owned();
                let (more, less) = (format!("{source} + 1"), format!("{source} - 1"));
                let more_code = format!("::mutation::more({source})");
                let mut all = vec![self.mutation(&of, "constant", "one more", &more_code, &more)];
                if number.base10_digits() != "0" && !self.in_array {
                    let less_code = format!("::mutation::less({source})");
                    all.push(self.mutation(&of, "constant", "one less", &less_code, &less));
                }
                self.put(of, Form::Value, all);
            }
            Lit::Bool(value) => {
                let other = if value.value { "false" } else { "true" };
                let mutation = self.mutation(&of, "constant", "flag flipped", other, other);
                self.put(of, Form::Value, vec![mutation]);
            }
            _ => {}
        }
    }

    fn named_constant(&mut self, path: &syn::ExprPath) {
        let Some(last) = path.path.segments.last() else { return };
        let Some(kind) = self.constants.kind(&last.ident.to_string()) else { return };
        let of = range(path);
        let source = self.source(&of).to_owned();
        let changes = match kind {
            Kind::Number => vec![("one more", format!("{source} + 1")), ("one less", format!("{source} - 1"))],
            Kind::Duration => vec![("twice", format!("{source} * 2")), ("half", format!("{source} / 2"))],
            Kind::Structure => Vec::new(),
        };
        let codes = [format!("::mutation::more({source})"), format!("::mutation::less({source})")];
        let change = |((name, after), code): (&(&'static str, String), &String)| {
            self.mutation(&of, "constant", name, code, after)
        };
        let mut all: Vec<Mutation> = changes.iter().zip(&codes).map(change).collect();
        for other in self.constants.others(&last.ident.to_string()) {
            all.push(self.mutation(&of, "constant", "another value in it", &other.value, &other.value));
        }
        self.put(of, Form::Value, all);
    }

    fn tick(&mut self, body: &Block) {
        let at = body.brace_token.span.open().byte_range().end;
        self.put(at..at, Form::Tick, Vec::new());
    }

    fn fields(&mut self, structure: &syn::ExprStruct) {
        let Some(base) = &structure.rest else { return };
        let base = range(&**base);
        for field in &structure.fields {
            if self.is_foreign(&field.attrs, field) {
                continue;
            }
            // A field that is named as its value stands for both.
            let of = if field.colon_token.is_some() { range(&field.expr) } else { range(field) };
            let is_short = field.colon_token.is_none();
            let member = field.member.to_token_stream().to_string();
            let mut mutation = self.mutation(&range(field), "statement", "field dropped", "", "(as the base has it)");
            mutation.at = range(field).start;
            self.put(of, Form::Field { base: base.clone(), member, is_short }, vec![mutation]);
        }
    }
}

impl<'ast> Visit<'ast> for Walk<'_> {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        match item {
            syn::Item::Const(_) | syn::Item::Static(_) | syn::Item::Macro(_) | syn::Item::Enum(_) => {}
            syn::Item::Mod(module) if self.is_foreign(&module.attrs, module) => {}
            syn::Item::Fn(function) if self.is_foreign(&function.attrs, function) => {}
            syn::Item::Impl(block) if self.is_foreign(&block.attrs, block) => {}
            syn::Item::Trait(of) if self.is_foreign(&of.attrs, of) => {}
            syn::Item::Fn(function) => self.function(&function.sig, &function.block),
            syn::Item::Impl(block) => {
                let of = block.self_ty.to_token_stream().to_string().replace(' ', "");
                let scope = match &block.trait_ {
                    Some((_, path, _)) => {
                        format!(
                            "<{} for {of}>",
                            path.segments.last().map(|last| last.ident.to_string()).unwrap_or_default()
                        )
                    }
                    None => of,
                };
                self.scopes.push(scope);
                visit::visit_item_impl(self, block);
                self.scopes.pop();
            }
            syn::Item::Trait(of) => {
                self.scopes.push(of.ident.to_string());
                visit::visit_item_trait(self, of);
                self.scopes.pop();
            }
            syn::Item::Mod(module) => {
                self.scopes.push(module.ident.to_string());
                visit::visit_item_mod(self, module);
                self.scopes.pop();
            }
            _ => {}
        }
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        if !self.is_foreign(&function.attrs, function) {
            self.function(&function.sig, &function.block);
        }
    }

    fn visit_trait_item_fn(&mut self, function: &'ast syn::TraitItemFn) {
        if let Some(block) = &function.default
            && !self.is_foreign(&function.attrs, function)
        {
            self.function(&function.sig, block);
        }
    }

    fn visit_impl_item_const(&mut self, _: &'ast syn::ImplItemConst) {}

    fn visit_trait_item_const(&mut self, _: &'ast syn::TraitItemConst) {}

    fn visit_type(&mut self, _: &'ast syn::Type) {}

    fn visit_pat(&mut self, _: &'ast Pat) {}

    fn visit_path(&mut self, _: &'ast syn::Path) {}

    fn visit_angle_bracketed_generic_arguments(&mut self, _: &'ast syn::AngleBracketedGenericArguments) {}

    fn visit_attribute(&mut self, _: &'ast syn::Attribute) {}

    fn visit_macro(&mut self, _: &'ast syn::Macro) {}

    fn visit_local(&mut self, local: &'ast syn::Local) {
        if !self.is_foreign(&local.attrs, local) {
            visit::visit_local(self, local);
        }
    }

    fn visit_stmt(&mut self, statement: &'ast Stmt) {
        if let Stmt::Expr(expression, semi) = statement {
            if self.is_foreign(attributes(expression), statement) {
                return;
            }
            let is_assignment = |binary: &syn::ExprBinary| !others_of_assignment(&binary.op).is_empty();
            let can_go = match expression {
                Expr::Call(_) | Expr::MethodCall(_) | Expr::Assign(_) | Expr::Try(_) => semi.is_some(),
                Expr::Binary(binary) => semi.is_some() && is_assignment(binary),
                _ => false,
            };
            if can_go {
                self.statement(range(statement), expression);
            }
        }
        visit::visit_stmt(self, statement);
    }

    fn visit_expr(&mut self, expression: &'ast Expr) {
        if self.is_foreign(attributes(expression), expression) {
            return;
        }
        let known = constant(expression);
        if known != Constant::No {
            return self.foreign(expression);
        }
        match expression {
            Expr::If(this) => {
                match constant(&this.cond) {
                    Constant::False => {
                        self.foreign(&*this.cond);
                        self.foreign(&this.then_branch);
                    }
                    Constant::True => {
                        self.foreign(&*this.cond);
                        self.visit_block(&this.then_branch);
                    }
                    Constant::No => {
                        self.condition(&this.cond, false);
                        self.visit_expr(&this.cond);
                        self.visit_block(&this.then_branch);
                    }
                }
                if constant(&this.cond) != Constant::True
                    && let Some((_, other)) = &this.else_branch
                {
                    self.visit_expr(other);
                }
            }
            Expr::While(this) => {
                self.condition(&this.cond, true);
                self.tick(&this.body);
                visit::visit_expr_while(self, this);
            }
            Expr::ForLoop(this) => {
                self.tick(&this.body);
                visit::visit_expr_for_loop(self, this);
            }
            Expr::Loop(this) => {
                self.tick(&this.body);
                visit::visit_expr_loop(self, this);
            }
            Expr::Match(this) => {
                self.visit_expr(&this.expr);
                let has_wild = this.arms.iter().any(|arm| is_wild(&arm.pat) && arm.guard.is_none());
                for arm in &this.arms {
                    self.arm(arm, has_wild);
                }
            }
            Expr::Binary(this) => {
                self.binary(this);
                visit::visit_expr_binary(self, this);
            }
            Expr::Unary(this) => {
                let operator = match this.op {
                    UnOp::Not(_) => Some('!'),
                    UnOp::Neg(_) => Some('-'),
                    _ => None,
                };
                if let Some(operator) = operator {
                    let (of, operand) = (range(this), range(&*this.expr));
                    let after = self.source(&operand).to_owned();
                    let mutation = self.mutation(&of, "condition", "negation removed", "", &after);
                    self.put(of, Form::Unary { operator, operand }, vec![mutation]);
                }
                visit::visit_expr_unary(self, this);
            }
            Expr::Lit(this) => self.literal(this),
            Expr::Path(this) => self.named_constant(this),
            Expr::Repeat(this) => self.visit_expr(&this.expr),
            Expr::Array(this) => {
                let before = std::mem::replace(&mut self.in_array, true);
                visit::visit_expr_array(self, this);
                self.in_array = before;
            }
            Expr::Struct(this) => {
                self.fields(this);
                for field in &this.fields {
                    if !is_foreign(&field.attrs) && field.colon_token.is_some() {
                        self.visit_expr(&field.expr);
                    }
                }
                if let Some(base) = &this.rest {
                    self.visit_expr(base);
                }
            }
            // What is called is no value.
            Expr::Call(this) => this.args.iter().for_each(|argument| self.visit_expr(argument)),
            Expr::Const(_) | Expr::Macro(_) => {}
            _ => visit::visit_expr(self, expression),
        }
    }
}

/// Whether something returns other than at its end.
struct HasReturn(bool);

impl<'ast> Visit<'ast> for HasReturn {
    fn visit_expr_return(&mut self, _: &'ast syn::ExprReturn) {
        self.0 = true;
    }

    fn visit_expr_try(&mut self, _: &'ast syn::ExprTry) {
        self.0 = true;
    }

    fn visit_expr_closure(&mut self, _: &'ast syn::ExprClosure) {}

    fn visit_item(&mut self, _: &'ast syn::Item) {}
}

fn bare(expression: &Expr) -> &Expr {
    match expression {
        Expr::Paren(inner) => bare(&inner.expr),
        other => other,
    }
}

fn has_let(expression: &Expr) -> bool {
    match expression {
        Expr::Let(_) => true,
        Expr::Binary(binary) => has_let(&binary.left) || has_let(&binary.right),
        _ => false,
    }
}

fn is_wild(pattern: &Pat) -> bool {
    matches!(pattern, Pat::Wild(_))
}

fn attributes(expression: &Expr) -> &[syn::Attribute] {
    match expression {
        Expr::Assign(this) => &this.attrs,
        Expr::Binary(this) => &this.attrs,
        Expr::Block(this) => &this.attrs,
        Expr::Call(this) => &this.attrs,
        Expr::ForLoop(this) => &this.attrs,
        Expr::If(this) => &this.attrs,
        Expr::Match(this) => &this.attrs,
        Expr::MethodCall(this) => &this.attrs,
        Expr::Return(this) => &this.attrs,
        Expr::Struct(this) => &this.attrs,
        Expr::Try(this) => &this.attrs,
        Expr::Unary(this) => &this.attrs,
        Expr::While(this) => &this.attrs,
        _ => &[],
    }
}
