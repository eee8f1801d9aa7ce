//! Emulated neighbours: a tester radio that behaves as a 6LR as far as the device needs it.

use std::time::Duration;

use super::kind::{Argument, ArgumentKind, Procedure};
use super::write::{check, is, order};
use crate::plan::StepKind;

/// What boards say to each other after power-on is over by then: the tester radio finds a free channel.
const QUIET_AFTER: Duration = Duration::from_secs(2);

/// How long the device may take to list a neighbour that announced itself.
const LISTED_AFTER: Duration = Duration::from_secs(1);

/// How long an exchange of set secure requests may take.
const MARKED_AFTER: Duration = Duration::from_secs(3);

pub(super) const NEIGHBOUR: Procedure = Procedure {
    name: "neighbour",
    doc: "Makes a tester radio a neighbour of a running board: it announces itself until the board lists it, and with \
          `marked` exchanges set secure requests until the board has marked the link secured. A neighbour that is not \
          marked answers no set secure request, so the mark stays as it is.",
    arguments: &[
        Argument { name: "radio", doc: "the tester radio", kind: ArgumentKind::TesterRadio, default: Some("tester") },
        Argument {
            name: "board",
            doc: "the board whose neighbour it becomes",
            kind: ArgumentKind::Board,
            default: Some("dut"),
        },
        Argument {
            name: "eui64",
            doc: "the EUI-64 that it bears; its board's own unless given",
            kind: ArgumentKind::Eui64,
            default: Some(""),
        },
        Argument {
            name: "keyed",
            doc: "whether it holds the network key",
            kind: ArgumentKind::Flag,
            default: Some("false"),
        },
        Argument {
            name: "marked",
            doc: "whether the link to it is to be marked secured; the board must be secured",
            kind: ArgumentKind::Flag,
            default: Some("false"),
        },
    ],
    expand: |_, arguments| {
        let (radio, board) = (arguments.board("radio"), arguments.board("board"));
        let (keyed, marked) = (arguments.flag("keyed"), arguments.flag("marked"));
        if marked && !keyed {
            let help = "add `keyed = true`".to_owned();
            return Err(("a neighbour without the key cannot get its link marked".to_owned(), help));
        }
        let own = format!("${radio}.eui64");
        let eui64 = match arguments.text("eui64") {
            None | Some("") => own.as_str(),
            Some(given) => given,
        };
        let level = arguments.liberties().security_level;
        let (keyed, answers) = (u8::from(keyed), u8::from(marked));
        let mut steps = vec![
            order(
                radio,
                format!(
                    "configure eui64={eui64} pan_id=$case.pan_id key=$network.key index=1 level={level} keyed={keyed} \
                     answer_ssr={answers} answer_nd=1"
                ),
            ),
            StepKind::Wait { duration: QUIET_AFTER },
            order(radio, format!("announce to=${board}.eui64")),
            StepKind::Wait { duration: LISTED_AFTER },
            check(board, format!("link neighbour={eui64}"), vec![is("ut.known", "1")]),
        ];
        if marked {
            // The device may have sent its own request already and marked the link on the answer, so the mark is asked
            // for instead of waiting for its event.
            steps.push(order(radio, format!("ssr to=${board}.eui64 lifetime=60")));
            steps.push(StepKind::Wait { duration: MARKED_AFTER });
            steps.push(check(board, format!("link neighbour={eui64}"), vec![is("ut.secured", "1")]));
        }
        Ok(steps)
    },
};
