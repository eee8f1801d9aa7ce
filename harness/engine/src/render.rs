//! Renders a stored run: reports from the manifest, PDUs from the same observer that the judge used.

use record::CaseId;
use record::bundle::{Bundle, StoredRun};
use record::event::Event;
use reports::html::Renderer;
use reports::{CaseInput, Clauses, PduSummary};
use suites::plan::Point;
use wire::dissect::NoteKind;

use crate::judge::{Observer, Pdu};
use crate::stored_plan::{PlannedCase, StoredPlan};

/// Writes `junit.xml`, `index.html` and a page for each case into the run's folder.
///
/// # Errors
/// One sentence if evidence cannot be read or a file cannot be written.
pub fn render(run: &StoredRun, clauses: &Clauses) -> Result<(), String> {
    let plan = StoredPlan::from_json(run.plan().map_err(|error| error.to_string())?)?;
    let renderer = Renderer::new().map_err(|error| error.to_string())?;
    let junit = reports::junit::write(&run.manifest).map_err(|error| error.to_string())?;
    let write = |name: &str, text: &str| {
        Bundle::write_report(&run.folder, name, text.as_bytes()).map_err(|error| error.to_string())
    };
    write("junit.xml", &junit)?;
    for result in &run.manifest.cases {
        let planned = plan.case(&result.id);
        let events = match run.case(&result.id).map(|case| case.events()) {
            // A log that cannot be read is told by `judge`; the page is still of use without it.
            Some(Ok(events)) => events,
            Some(Err(_)) | None => Vec::new(),
        };
        let pdus = planned.map(|planned| summaries(planned, &events)).unwrap_or_default();
        let input = CaseInput { result, case: planned.map(|planned| &planned.case), events: &events, pdus };
        let page = renderer.case(&run.manifest, clauses, &input).map_err(|error| error.to_string())?;
        let id = CaseId::new(&result.id).map_err(|error| error.to_string())?;
        if run.case(&result.id).is_some() {
            Bundle::write_case_page(&run.folder, &id, page.contents.as_bytes()).map_err(|error| error.to_string())?;
        }
    }
    let overview = renderer.overview(&run.manifest, clauses).map_err(|error| error.to_string())?;
    write("index.html", &overview.contents)
}

/// The PDUs of a log, as a reader of the report wants to see them.
pub fn summaries(planned: &PlannedCase, events: &[Event]) -> Vec<PduSummary> {
    let mut observer = Observer::new(&planned.environment);
    events.iter().filter_map(|event| observer.see(event)).filter_map(|pdu| summary(&pdu)).collect()
}

/// Acknowledgements, MAC retries and incomplete fragments are no messages of their own.
fn summary(pdu: &Pdu) -> Option<PduSummary> {
    if pdu.retransmission
        || pdu.messages.contains(&"wpan.ack")
        || pdu.note_kinds.contains(&NoteKind::FragmentIncomplete)
    {
        return None;
    }
    Some(PduSummary {
        events: pdu.events.clone(),
        time: pdu.time,
        point: pdu.point,
        from: pdu.from.clone().unwrap_or_default(),
        to: pdu.to.clone().unwrap_or_default(),
        message: most_telling(&pdu.messages).to_owned(),
        info: info(pdu),
        secured: pdu.point == Point::Air && pdu.secured(),
        wrong_on_purpose: pdu.wrong_on_purpose.clone(),
    })
}

/// Of all names of a PDU the one that says most: the innermost layer's, and there the most specific.
fn most_telling<'a>(messages: &[&'a str]) -> &'a str {
    const GENERAL: [&str; 6] =
        ["wpan.data", "ipv6.packet", "udp.datagram", "coap.message", "coap.request", "dtls.application_data"];
    let specific = messages.iter().rev().find(|name| !GENERAL.contains(*name));
    specific.or_else(|| messages.last()).copied().unwrap_or("frame")
}

fn info(pdu: &Pdu) -> String {
    /// Fields worth a glance, in this order.
    const TELLING: [&str; 14] = [
        "sel.eui64",
        "sel.registration_lifetime",
        "icmpv6.echo.sequence_number",
        "dtls.handshake.ciphersuite",
        "dtls.alert_message.level",
        "dtls.alert_message.desc",
        "coap.class",
        "coap.detail",
        "coap.opt.uri_path_recon",
        "ut.event",
        "ut.status",
        "ut.state",
        "ut.secured",
        "ut.neighbour",
    ];
    let mut words: Vec<String> = TELLING
        .iter()
        .filter_map(|field| {
            let value = pdu.values(field).next()?;
            Some(format!("{} {value}", field.rsplit('.').next().unwrap_or(field)))
        })
        .collect();
    words.extend(pdu.notes.iter().cloned());
    words.join(", ")
}
