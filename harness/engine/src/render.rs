//! Renders a stored run: reports from the manifest, PDUs from the same observer that the judge used.

use authenticator::Registry;
use dissect::NoteKind;
use record::CaseId;
use record::bundle::{Bundle, StoredRun, names};
use record::event::Event;
use reports::html::{Across, Renderer};
use reports::{Bootstrap, CaseInput, Clauses, PduSummary};
use suites::plan::Point;
use suites::vocabulary::Stations;

use crate::environment::Environment;
use crate::error::StoredRunError;
use crate::exposure::exposures;
use crate::judge::{Observer, Pdu, shown};
use crate::resources::bootstraps;
use crate::stored_plan::{PlannedCase, StoredPlan};

/// Writes `junit.xml`, `index.html`, `resources.csv` and a page for each case into the run's folder.
///
/// # Errors
/// [`StoredRunError`] if evidence cannot be read or a file cannot be written.
pub fn render(run: &StoredRun, clauses: &Clauses, stations: Registry) -> Result<(), StoredRunError> {
    let stations = Stations::of(stations.infos());
    let plan = StoredPlan::from_json(run.plan()?)?;
    let renderer = Renderer::new()?;
    let junit = reports::junit::write(&run.manifest)?;
    let write = |name: &str, text: &str| Bundle::write_report(&run.folder, name, text.as_bytes());
    write("junit.xml", &junit)?;
    let mut across = Across { monitors: plan.monitors.clone(), ..Across::default() };
    for result in &run.manifest.cases {
        let planned = plan.case(&result.id);
        let events = match run.case(&result.id).map(|case| case.events()) {
            // A log that cannot be read is told by `judge`; the page is still of use without it.
            Some(Ok(events)) => events,
            Some(Err(_)) | None => Vec::new(),
        };
        let (pdus, bootstraps) = planned.map(|planned| rebuilt(planned, &events)).unwrap_or_default();
        let input = CaseInput {
            result,
            case: planned.map(|planned| &planned.case),
            events: &events,
            pdus,
            exposures: exposures(
                &events,
                planned.map(|planned| &planned.environment).unwrap_or(&Environment::default()),
            ),
            bootstraps,
            stations: stations.clone(),
        };
        across.add(&input);
        if reports::html::has_page(result) && run.case(&result.id).is_some() {
            let page = renderer.case(&run.manifest, clauses, &input)?;
            let id = CaseId::new(&result.id)?;
            Bundle::write_case_page(&run.folder, &id, page.contents.as_bytes())?;
        }
    }
    let overview = renderer.overview(&run.manifest, clauses, &across)?;
    write(names::PAGE, &overview.contents)?;
    write(names::RESOURCES, &reports::resources::csv(&across.bootstraps)?)?;
    Ok(())
}

/// What the observer makes of a log: its PDUs as a reader wants to see them, and what bootstraps took.
fn rebuilt(planned: &PlannedCase, events: &[Event]) -> (Vec<PduSummary>, Vec<Bootstrap>) {
    let pdus = observed(planned, events);
    let summaries = pdus.iter().filter_map(|pdu| summary(pdu, &planned.environment)).collect();
    (summaries, bootstraps(planned, events, &pdus))
}

/// Every PDU in a log.
fn observed(planned: &PlannedCase, events: &[Event]) -> Vec<Pdu> {
    let mut observer = Observer::new(&planned.environment);
    events.iter().filter_map(|event| observer.see(event)).collect()
}

/// The PDUs of a log, as a reader of the report wants to see them.
pub fn summaries(planned: &PlannedCase, events: &[Event]) -> Vec<PduSummary> {
    rebuilt(planned, events).0
}

/// Acknowledgements, MAC retries and incomplete fragments are no messages of their own.
fn summary(pdu: &Pdu, environment: &Environment) -> Option<PduSummary> {
    if pdu.retransmission || pdu.messages.contains(&"wpan.ack") || is_fragment(pdu) {
        return None;
    }
    let end = |name: &Option<String>| match name.as_deref() {
        Some(BROADCAST) => "all".to_owned(),
        name => name.unwrap_or_default().to_owned(),
    };
    Some(PduSummary {
        events: pdu.events.clone(),
        time: pdu.time,
        point: pdu.point,
        from: end(&pdu.from),
        to: end(&pdu.to),
        message: shown::message(pdu),
        info: shown::info(pdu, environment),
        secured: pdu.point == Point::Air && pdu.secured(),
        wrong_on_purpose: pdu.wrong_on_purpose.clone(),
    })
}

/// The broadcast address of IEEE 802.15.4 as the observer writes it.
const BROADCAST: &str = "0xffff";

/// A 6LoWPAN fragment that completes nothing. A datagram with a piece of a DTLS handshake message is whole.
fn is_fragment(pdu: &Pdu) -> bool {
    let mut notes = pdu.note_kinds.iter().zip(&pdu.notes);
    notes.any(|(kind, note)| *kind == NoteKind::FragmentIncomplete && !note.starts_with("dtls"))
}
