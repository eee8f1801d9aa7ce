//! The DNS server on the backbone that offers the tool as a service (`SEL` 5.2): it stands beside the tool, and is not it.

use wire::coap;
use wire::dns::{self, Name, Record, RecordData, RecordType};

use super::CommissioningTool;
use super::directory::SOMETHING_ELSE;

const SERVICE: &str = "_bootrack-ct._udp.home.arpa";
const TIME_TO_LIVE: u32 = 120;

impl CommissioningTool {
    /// The instance of the service, its host and address, and another host's address before it.
    pub(super) fn records(&self, question: &[u8]) -> Option<Vec<u8>> {
        let question = dns::Message::parse(question).ok()?;
        let service: Name = SERVICE.parse().ok()?;
        let asks = |asked: &dns::Question| asked.record_type == RecordType::PTR && asked.name.eq_ignore_case(&service);
        if question.flags.response || !question.questions.iter().any(asks) {
            return None;
        }
        let record = |name: &str, data| {
            let (class, cache_flush) = (dns::CLASS_IN, false);
            Some(Record { name: name.parse().ok()?, class, cache_flush, time_to_live: TIME_TO_LIVE, data })
        };
        let instance = format!("ct.{SERVICE}");
        let host = "ct.home.arpa";
        let (priority, weight, port) = (0, 0, coap::SECURE_PORT);
        let service = RecordData::Service { priority, weight, port, target: host.parse().ok()? };
        let answer = dns::Message {
            flags: dns::Flags { response: true, authoritative: true, ..question.flags },
            answers: vec![record(SERVICE, RecordData::Pointer(instance.parse().ok()?))?],
            authorities: Vec::new(),
            additionals: vec![
                record("printer.home.arpa", RecordData::Aaaa(SOMETHING_ELSE))?,
                record(&instance, service)?,
                record(host, RecordData::Aaaa(self.host.address()))?,
            ],
            ..question
        };
        answer.to_vec().ok()
    }
}
