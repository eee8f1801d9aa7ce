//! What a function can return instead of what it computes, by its type: the values that `cargo-mutants` tries too.

use quote::ToTokens as _;
use syn::{GenericArgument, PathArguments, ReturnType, Type, TypeParamBound};

/// At most so many values for a function.
const VALUES_MAX: usize = 8;

/// The values for a return type, as source text; `None` inside says that the function returns nothing.
pub fn of_return(returned: &ReturnType) -> Vec<String> {
    let mut values = match returned {
        ReturnType::Default => vec!["()".to_owned()],
        ReturnType::Type(_, of) => of_type(of),
    };
    values.truncate(VALUES_MAX);
    values
}

/// The items of `impl Iterator<Item = T>`, if it is that.
pub fn iterator_item(returned: &ReturnType) -> Option<Vec<String>> {
    let ReturnType::Type(_, of) = returned else { return None };
    let Type::ImplTrait(of) = &**of else { return None };
    of.bounds.iter().find_map(|bound| {
        let TypeParamBound::Trait(bound) = bound else { return None };
        let last = bound.path.segments.last()?;
        let PathArguments::AngleBracketed(arguments) = &last.arguments else { return None };
        if last.ident != "Iterator" {
            return None;
        }
        arguments.args.iter().find_map(|argument| match argument {
            GenericArgument::AssocType(item) if item.ident == "Item" => Some(of_type(&item.ty)),
            _ => None,
        })
    })
}

fn of_type(of: &Type) -> Vec<String> {
    let just = |value: &str| vec![value.to_owned()];
    match of {
        Type::Never(_) => Vec::new(),
        Type::Tuple(tuple) if tuple.elems.is_empty() => just("()"),
        Type::Tuple(tuple) => {
            let parts: Vec<Vec<String>> = tuple.elems.iter().map(of_type).collect();
            product(&parts).into_iter().map(|parts| format!("({})", parts.join(", "))).collect()
        }
        Type::Reference(reference) => match (&*reference.elem, reference.mutability.is_some()) {
            (Type::Path(path), false) if path.path.is_ident("str") => vec!["\"\"".into(), "\"xyzzy\"".into()],
            (Type::Slice(slice), _) => {
                let items = of_type(&slice.elem)
                    .into_iter()
                    .map(|item| format!("::mutation::alloc::vec::Vec::leak(::mutation::alloc::vec![{item}])"));
                just("::mutation::alloc::vec::Vec::leak(::mutation::alloc::vec::Vec::new())")
                    .into_iter()
                    .chain(items)
                    .collect()
            }
            (inner, _) => {
                let values = of_type(inner).into_iter();
                values
                    .map(|value| {
                        format!("::mutation::alloc::boxed::Box::leak(::mutation::alloc::boxed::Box::new({value}))")
                    })
                    .collect()
            }
        },
        Type::Array(array) => {
            let length = array.len.to_token_stream().to_string();
            of_type(&array.elem).into_iter().map(|item| format!("[{item}; {length}]")).collect()
        }
        Type::Paren(inner) => of_type(&inner.elem),
        Type::Path(path) => of_path(&path.path),
        _ => Vec::new(),
    }
}

fn of_path(path: &syn::Path) -> Vec<String> {
    let Some(last) = path.segments.last() else { return Vec::new() };
    let texts = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect::<Vec<_>>();
    let inner = |which: usize| match &last.arguments {
        PathArguments::AngleBracketed(arguments) => arguments
            .args
            .iter()
            .filter_map(|argument| match argument {
                GenericArgument::Type(of) => Some(of_type(of)),
                _ => None,
            })
            .nth(which)
            .unwrap_or_else(|| texts(&["Default::default()"])),
        _ => texts(&["Default::default()"]),
    };
    let wrapped = |name: &str, which: usize| inner(which).into_iter().map(|value| format!("{name}({value})")).collect();
    match last.ident.to_string().as_str() {
        "bool" => texts(&["true", "false"]),
        "u8" | "u16" | "u32" | "u64" | "u128" | "usize" => texts(&["0", "1"]),
        "i8" | "i16" | "i32" | "i64" | "i128" | "isize" => texts(&["0", "1", "-1"]),
        "String" => texts(&["::mutation::alloc::string::String::new()", "\"xyzzy\".into()"]),
        "Option" => {
            let some: Vec<String> = wrapped("Some", 0);
            texts(&["None"]).into_iter().chain(some).collect()
        }
        "Result" => wrapped("Ok", 0),
        "Box" => wrapped("::mutation::alloc::boxed::Box::new", 0),
        "Vec" => {
            let items = inner(0).into_iter().map(|item| format!("::mutation::alloc::vec![{item}]"));
            texts(&["::mutation::alloc::vec![]"]).into_iter().chain(items).collect()
        }
        _ => texts(&["Default::default()"]),
    }
}

fn product(parts: &[Vec<String>]) -> Vec<Vec<String>> {
    parts.iter().fold(vec![Vec::new()], |rows, values| {
        rows.iter()
            .flat_map(|row| values.iter().map(|value| [row.as_slice(), std::slice::from_ref(value)].concat()))
            .collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Vec<String> {
        of_return(&syn::parse_str(text).unwrap())
    }

    #[test]
    fn values_are_of_the_type() {
        assert_eq!(of("-> bool"), ["true", "false"]);
        assert_eq!(of(""), ["()"]);
        assert_eq!(of("-> Option<u8>"), ["None", "Some(0)", "Some(1)"]);
        assert_eq!(of("-> Result<(), Code>"), ["Ok(())"]);
        assert_eq!(of("-> (bool, Duration)"), ["(true, Default::default())", "(false, Default::default())"]);
        assert!(of("-> !").is_empty());
    }
}
