//! Writes a file anew, all of its mutants in it, and remembers which octets are whose: an error of the compiler points there.

use std::ops::Range;

use crate::places::{Form, Mutation, Place};

/// A file written anew.
#[derive(Debug, Default)]
pub struct Rendered {
    /// The text.
    pub text: String,
    /// The octets that only a mutant has, with the place and the mutant's number in it; inner ones come before outer ones.
    pub owned: Vec<(Range<usize>, usize, usize)>,
    /// The octets of each place.
    pub of_places: Vec<(Range<usize>, usize)>,
}

/// A place with those of its mutants that are alive, and the number of the first.
#[derive(Debug, Clone)]
pub struct Numbered<'a> {
    /// The place.
    pub place: &'a Place,
    /// Its mutants, by their number in the place.
    pub alive: Vec<usize>,
    /// The number of the first of them in the whole build.
    pub base: u32,
}

enum Piece {
    Text(String),
    Source(Range<usize>),
    /// Of the mutant with this number in the place.
    Owned(String, usize),
}

struct Node {
    place: usize,
    children: Vec<Node>,
}

/// Writes a file anew.
pub fn render(text: &str, places: &[Numbered<'_>]) -> Rendered {
    let mut order: Vec<usize> = (0..places.len()).collect();
    let range = |place: usize| places[place].place.range.clone();
    order.sort_by_key(|&place| (range(place).start, std::cmp::Reverse(range(place).end), place));
    let mut rest = order.as_slice();
    let roots = nest(&mut rest, text.len(), places);
    let mut rendered = Rendered::default();
    source(text, 0..text.len(), &roots, places, &mut rendered);
    rendered
}

/// The places before `end`, each with those inside of it.
fn nest(rest: &mut &[usize], end: usize, places: &[Numbered<'_>]) -> Vec<Node> {
    let mut nodes = Vec::new();
    while let [place, others @ ..] = *rest {
        let range = &places[*place].place.range;
        if range.start > end || range.end > end {
            break;
        }
        *rest = others;
        let children = if range.is_empty() { Vec::new() } else { nest(rest, range.end, places) };
        nodes.push(Node { place: *place, children });
    }
    nodes
}

fn source(text: &str, range: Range<usize>, nodes: &[Node], places: &[Numbered<'_>], into: &mut Rendered) {
    let mut at = range.start;
    for node in nodes {
        let of = &places[node.place].place.range;
        if of.start < range.start || of.end > range.end || of.start < at {
            continue;
        }
        into.text.push_str(&text[at..of.start]);
        at = of.end;
        let begin = into.text.len();
        for piece in pieces(&places[node.place]) {
            match piece {
                Piece::Text(words) => into.text.push_str(&words),
                Piece::Source(range) => source(text, range, &node.children, places, into),
                Piece::Owned(words, which) => {
                    let begin = into.text.len();
                    into.text.push_str(&words);
                    into.owned.push((begin..into.text.len(), node.place, which));
                }
            }
        }
        into.of_places.push((begin..into.text.len(), node.place));
    }
    into.text.push_str(&text[at..range.end]);
}

fn pieces(numbered: &Numbered<'_>) -> Vec<Piece> {
    use Piece::{Owned, Source, Text};
    let Numbered { place, alive, base } = numbered;
    let whole = place.range.clone();
    let count = alive.len();
    let mutations: Vec<(usize, &Mutation)> = alive.iter().map(|&which| (which, &place.mutations[which])).collect();
    let text = |words: &str| Text(words.to_owned());
    if mutations.is_empty() && place.form != Form::Tick {
        let ticks = matches!(place.form, Form::Return | Form::Body | Form::Iterator);
        let tick = if ticks { " ::mutation::tick();" } else { "" };
        return vec![text(tick), Source(whole)];
    }
    let first = mutations.first().map_or(0, |(which, _)| *which);
    let mut pieces = Vec::new();
    match &place.form {
        Form::Tick => pieces.push(text(" ::mutation::tick();")),
        Form::Compare { left, operator, right } => {
            pieces.extend([text("(match (&("), Source(left.clone()), text("), &("), Source(right.clone())]);
            pieces.push(Text(format!(")) {{ (__l, __r) => ::mutation::pick({base}, [*__l {operator} *__r")));
            for (which, mutation) in mutations {
                pieces.push(Owned(format!(", *__l {} *__r", mutation.code), which));
            }
            pieces.push(text("]) })"));
        }
        Form::Arithmetic { left, operator, right } => {
            pieces.extend([text("(match (("), Source(left.clone()), text("), ("), Source(right.clone())]);
            pieces.push(Text(format!(")) {{ (__l, __r) => match ::mutation::site({base}, {count}) {{ ")));
            for (number, (which, mutation)) in mutations.into_iter().enumerate() {
                pieces.push(Owned(format!("{} => __l {} __r, ", number + 1, mutation.code), which));
            }
            pieces.push(Text(format!("_ => __l {operator} __r }} }})")));
        }
        Form::Value => {
            pieces.extend([Text(format!("(::mutation::pick({base}, [")), Source(whole)]);
            pieces.extend(mutations.into_iter().map(|(which, mutation)| Owned(format!(", {}", mutation.code), which)));
            pieces.push(text("]))"));
        }
        Form::Condition => {
            pieces.extend([text("(match ("), Source(whole)]);
            pieces.push(Text(format!(") {{ __c => ::mutation::pick({base}, [__c")));
            pieces.extend(mutations.into_iter().map(|(which, mutation)| Owned(format!(", {}", mutation.code), which)));
            pieces.push(text("]) })"));
        }
        Form::Branch { left, right, is_and } => {
            let decides = if *is_and { "__a" } else { "!__a" };
            let otherwise = if *is_and { "true" } else { "false" };
            pieces.extend([text("({ let __a: bool = "), Source(left.clone())]);
            pieces.push(Text(format!(
                "; if ::mutation::branch({base}, {decides}) {{ ::mutation::decided({base}, {otherwise}, "
            )));
            pieces.extend([Source(right.clone()), text(") } else { __a } })")]);
        }
        Form::Unary { operator, operand } => {
            pieces.extend([text("(match ("), Source(operand.clone())]);
            pieces.push(Text(format!(") {{ __v => if ::mutation::keep({base}) {{ {operator}__v }} else {{ ")));
            pieces.extend([Owned("__v".to_owned(), first), text(" } })")]);
        }
        Form::Statement => {
            pieces.push(Text(format!("match ::mutation::site({base}, {count}) {{ 0 => {{ ")));
            pieces.extend([Source(whole), text(" }, ")]);
            for (number, (which, mutation)) in mutations.into_iter().enumerate() {
                let pattern = if number + 1 == count { "_".to_owned() } else { (number + 1).to_string() };
                pieces.push(Owned(format!("{pattern} => {{ {} }} ", mutation.code), which));
            }
            pieces.push(text("}"));
        }
        Form::Never { has_let } => {
            pieces.push(Text(format!("::mutation::keep({base}) && ")));
            match has_let {
                true => pieces.push(Source(whole)),
                false => pieces.extend([text("("), Source(whole), text(")")]),
            }
        }
        Form::Arm => pieces.push(Owned(format!(" if ::mutation::keep({base})"), first)),
        Form::Return => {
            pieces.push(Text(format!(" ::mutation::tick(); match ::mutation::site({base}, {count}) {{ 0 => {{}} ")));
            for (number, (which, mutation)) in mutations.into_iter().enumerate() {
                let pattern = if number + 1 == count { "_".to_owned() } else { (number + 1).to_string() };
                pieces.push(Owned(format!("{pattern} => return {}, ", mutation.code), which));
            }
            pieces.push(text("}"));
        }
        Form::Body => {
            pieces.extend([text(" ::mutation::tick(); let __r: bool = {"), Source(whole), text("}; ")]);
            pieces.push(Text(format!("::mutation::pick({base}, [__r")));
            pieces.extend(mutations.into_iter().map(|(which, mutation)| Owned(format!(", {}", mutation.code), which)));
            pieces.push(text("]) "));
        }
        Form::Iterator => {
            pieces.push(Text(format!(" ::mutation::tick(); match ::mutation::site({base}, {count}) {{ ")));
            for (number, (which, mutation)) in mutations.into_iter().enumerate() {
                pieces.push(Owned(format!("{} => {}, ", number + 1, either(number, &mutation.code)), which));
            }
            pieces.push(Text("_ => ".to_owned() + &"::mutation::Either::Original(".repeat(count) + "{"));
            pieces.extend([Source(whole), Text("}".to_owned() + &")".repeat(count) + " }")]);
        }
        Form::Field { base: rest, member, is_short } => {
            let name = if *is_short { format!("{member}: ") } else { String::new() };
            pieces.push(Text(format!("{name}(if ::mutation::keep({base}) {{ ")));
            pieces.extend([Source(whole), text(" } else { ("), Source(rest.clone())]);
            pieces.extend([Owned(format!(").{member}"), first), text(" })")]);
        }
    }
    pieces
}

/// The alternative `number`, in as many `Either`s as it takes for all to be of one type: what the function returns stands in one for each.
fn either(number: usize, value: &str) -> String {
    "::mutation::Either::Original(".repeat(number) + "::mutation::Either::Mutant(" + value + ")" + &")".repeat(number)
}
