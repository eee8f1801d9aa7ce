//! Upper-tester lines as dissections, so that a judge treats them like any PDU.

use alloc::borrow::Cow;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;

use super::model::{Buffer, Dissection, Field, Layer, Note, NoteKind, Value};
use crate::upper_tester::{Arguments, Line, Outcome};

/// Dissects a line of UT/1 without its line feed, observed as event `number`: a layer `ut` with one field per
/// `key=value`. A request or an invalid line yields a note and no layer.
pub fn upper_tester(number: u64, line: &str) -> Dissection {
    let buffers = vec![Buffer { name: "frame", bytes: line.as_bytes().to_vec() }];
    let mut dissection = Dissection { buffers, sources: vec![number], ..Dissection::default() };
    let mut fields = Vec::new();
    match Line::parse(line) {
        Ok(Line::Answer(answer)) => {
            push(&mut fields, "ut.is_event", Value::Number(0));
            push(&mut fields, "ut.seq", Value::Number(answer.seq.into()));
            let status = match &answer.outcome {
                Outcome::Ok(_) => "ok",
                Outcome::Error(_) => "error",
                Outcome::Unimplemented => "unimplemented",
            };
            push(&mut fields, "ut.status", Value::Text(status.to_string()));
            match &answer.outcome {
                Outcome::Ok(arguments) => push_arguments(&mut fields, arguments),
                Outcome::Error(code) => push(&mut fields, "ut.code", Value::Text(code.name().to_string())),
                Outcome::Unimplemented => {}
            }
        }
        Ok(Line::Event(event)) => {
            push(&mut fields, "ut.is_event", Value::Number(1));
            push(&mut fields, "ut.event", Value::Text(event.name.clone()));
            push(&mut fields, "ut.t", Value::Number(event.time_ms));
            push_arguments(&mut fields, &event.arguments);
        }
        Ok(Line::Request(_)) => {
            let text = "a request, not something that a device says".to_string();
            dissection.notes.push(Note { kind: NoteKind::Unsupported, layer: "ut", text });
            return dissection;
        }
        Err(error) => {
            dissection.notes.push(Note { kind: NoteKind::Malformed, layer: "ut", text: error.to_string() });
            return dissection;
        }
    }
    dissection.layers.push(Layer { name: "ut", fields });
    dissection
}

fn push(fields: &mut Vec<Field>, name: impl Into<Cow<'static, str>>, value: Value) {
    fields.push(Field { name: name.into(), value, buffer: 0, offset: 0, length: 0 });
}

/// An argument never hides a fixed field (`seq`, `status`, `event`, `t`).
fn push_arguments(fields: &mut Vec<Field>, arguments: &Arguments) {
    for (key, value) in arguments.iter() {
        let name: String = ["ut.", key].concat();
        if !fields.iter().any(|field| field.name == name) {
            push(fields, name, Value::Text(value.to_string()));
        }
    }
}
