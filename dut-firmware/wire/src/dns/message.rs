//! The message: header, questions, and three sections of resource records (RFC 1035 section 4.1).

use alloc::vec::Vec;

use super::{Name, Record, RecordType, STATEFUL};
use crate::reader::Reader;
use crate::{Error, Result};

/// A message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Identifier; 0 in multicast DNS.
    pub id: u16,
    /// Flags, operation and response code.
    pub flags: Flags,
    /// Question section.
    pub questions: Vec<Question>,
    /// Answer section.
    pub answers: Vec<Record>,
    /// Authority section.
    pub authorities: Vec<Record>,
    /// Additional section.
    pub additionals: Vec<Record>,
}

/// The third and fourth octet of a message (RFC 1035 section 4.1.1, RFC 6840 section 5.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Flags {
    /// QR.
    pub response: bool,
    /// OPCODE, 0 to 15: 0 for a standard query.
    pub opcode: u8,
    /// AA.
    pub authoritative: bool,
    /// TC.
    pub truncated: bool,
    /// RD.
    pub recursion_desired: bool,
    /// RA.
    pub recursion_available: bool,
    /// Z, reserved.
    pub reserved: bool,
    /// AD.
    pub authentic_data: bool,
    /// CD.
    pub checking_disabled: bool,
    /// RCODE, 0 to 15.
    pub response_code: u8,
}

/// A question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// What is asked about.
    pub name: Name,
    /// Type of record.
    pub record_type: RecordType,
    /// Class, 15 bits.
    pub class: u16,
    /// The first bit of the class: an answer by unicast is wanted, "QU" (RFC 6762 section 5.4).
    pub unicast_response: bool,
}

impl Message {
    /// Reads a message; octets after the last record are ignored.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        let mut reader = Reader::new(bytes);
        let id = reader.u16_be("DNS identifier")?;
        let flags = Flags::from_bits(reader.u16_be("DNS flags")?);
        if flags.opcode == STATEFUL {
            return Err(Error::Unsupported("DNS stateful operations"));
        }
        let counts: [u16; 4] = [
            reader.u16_be("question count")?,
            reader.u16_be("answer count")?,
            reader.u16_be("authority count")?,
            reader.u16_be("additional count")?,
        ];
        let [question_count, answer_count, authority_count, additional_count] = counts;
        let mut offset = reader.offset();
        let mut questions = Vec::new();
        for _ in 0..question_count {
            let (question, end) = Question::parse(bytes, offset)?;
            questions.push(question);
            offset = end;
        }
        let mut section = |count: u16| -> Result<Vec<Record>> {
            let mut records = Vec::new();
            for _ in 0..count {
                let (record, end) = Record::parse(bytes, offset)?;
                records.push(record);
                offset = end;
            }
            Ok(records)
        };
        let answers = section(answer_count)?;
        let authorities = section(authority_count)?;
        let additionals = section(additional_count)?;
        Ok(Self { id, flags, questions, answers, authorities, additionals })
    }

    /// The message as bytes, names compressed where RFC 1035 lets them be.
    pub fn to_vec(&self) -> Result<Vec<u8>> {
        let mut output = Output::default();
        output.u16(self.id);
        output.u16(self.flags.bits()?);
        let too_many = |_| Error::Malformed("more than 65535 questions or records in a section");
        for count in [self.questions.len(), self.answers.len(), self.authorities.len(), self.additionals.len()] {
            output.u16(u16::try_from(count).map_err(too_many)?);
        }
        for question in &self.questions {
            question.emit(&mut output)?;
        }
        for record in self.answers.iter().chain(&self.authorities).chain(&self.additionals) {
            record.emit(&mut output)?;
        }
        if output.bytes.len() > usize::from(u16::MAX) {
            return Err(Error::Malformed("DNS message above 65535 octets"));
        }
        Ok(output.bytes)
    }

    /// Writes the message to the front of `buffer`; how many octets it has.
    pub fn emit(&self, buffer: &mut [u8]) -> Result<usize> {
        let bytes = self.to_vec()?;
        let target = buffer.get_mut(..bytes.len()).ok_or(Error::NoRoom("DNS message"))?;
        target.copy_from_slice(&bytes);
        Ok(bytes.len())
    }
}

impl Flags {
    /// From the two octets.
    pub fn from_bits(bits: u16) -> Self {
        let flag = |at: u8| bits >> at & 1 == 1;
        Self {
            response: flag(15),
            opcode: (bits >> 11 & 0xf) as u8,
            authoritative: flag(10),
            truncated: flag(9),
            recursion_desired: flag(8),
            recursion_available: flag(7),
            reserved: flag(6),
            authentic_data: flag(5),
            checking_disabled: flag(4),
            response_code: (bits & 0xf) as u8,
        }
    }

    /// The two octets.
    pub fn bits(self) -> Result<u16> {
        if self.opcode > 15 || self.response_code > 15 {
            return Err(Error::Malformed("DNS operation or response code above 15"));
        }
        if self.opcode == STATEFUL {
            return Err(Error::Unsupported("DNS stateful operations"));
        }
        let flag = |set: bool, at: u8| u16::from(set) << at;
        Ok(flag(self.response, 15)
            | u16::from(self.opcode) << 11
            | flag(self.authoritative, 10)
            | flag(self.truncated, 9)
            | flag(self.recursion_desired, 8)
            | flag(self.recursion_available, 7)
            | flag(self.reserved, 6)
            | flag(self.authentic_data, 5)
            | flag(self.checking_disabled, 4)
            | u16::from(self.response_code))
    }
}

impl Question {
    fn parse(message: &[u8], offset: usize) -> Result<(Self, usize)> {
        let (name, offset) = Name::parse(message, offset)?;
        let mut reader = Reader::new(message.get(offset..).unwrap_or(&[]));
        let record_type = RecordType(reader.u16_be("question type")?);
        let class = reader.u16_be("question class")?;
        let question = Self { name, record_type, class: class & 0x7fff, unicast_response: class >> 15 == 1 };
        Ok((question, offset.saturating_add(reader.offset())))
    }

    fn emit(&self, output: &mut Output) -> Result<()> {
        if self.class > 0x7fff {
            return Err(Error::Malformed("class above 15 bits"));
        }
        output.name(&self.name);
        output.u16(self.record_type.0);
        output.u16(self.class | u16::from(self.unicast_response) << 15);
        Ok(())
    }
}

/// A message in the making, and where its names are.
#[derive(Default)]
pub(super) struct Output {
    pub(super) bytes: Vec<u8>,
    /// Names, or ends of names, that a pointer can lead to.
    names: Vec<(Vec<u8>, u16)>,
}

impl Output {
    pub(super) fn u8(&mut self, value: u8) {
        self.bytes.push(value);
    }

    pub(super) fn u16(&mut self, value: u16) {
        self.bytes.extend_from_slice(&value.to_be_bytes());
    }

    pub(super) fn u32(&mut self, value: u32) {
        self.bytes.extend_from_slice(&value.to_be_bytes());
    }

    pub(super) fn put(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// A name that ends in a pointer if its end stands in the message already.
    pub(super) fn name(&mut self, name: &Name) {
        let mut rest = name.as_wire();
        while let Some((length, after)) = rest.split_first().filter(|(length, _)| **length != 0) {
            if let Some((_, at)) = self.names.iter().find(|(known, _)| known == rest) {
                self.u16(0xc000 | at);
                return;
            }
            if let Some(at) = u16::try_from(self.bytes.len()).ok().filter(|at| *at < 0x4000) {
                self.names.push((rest.to_vec(), at));
            }
            let (label, after) = after.split_at_checked((*length).into()).unwrap_or((after, &[]));
            self.u8(*length);
            self.put(label);
            rest = after;
        }
        self.u8(0);
    }
}
