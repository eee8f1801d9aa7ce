//! A pcapng writer (draft-ietf-opsawg-pcapng): section header, interfaces, decryption secrets, enhanced packets with
//! nanosecond timestamps and comments. The same input gives the same bytes.

/// LINKTYPE_IEEE802_15_4_WITHFCS: a PSDU with its two FCS octets.
pub const LINKTYPE_IEEE802_15_4_WITHFCS: u16 = 195;
/// LINKTYPE_IPV6: an IPv6 packet and nothing before it.
pub const LINKTYPE_IPV6: u16 = 229;

const SECTION_HEADER: u32 = 0x0a0d_0d0a;
const INTERFACE_DESCRIPTION: u32 = 1;
const ENHANCED_PACKET: u32 = 6;
const DECRYPTION_SECRETS: u32 = 10;
const SECRETS_TLS_KEY_LOG: u32 = 0x544c_534b;

const OPTION_END: u16 = 0;
const OPTION_COMMENT: u16 = 1;
const OPTION_SECTION_APPLICATION: u16 = 4;
const OPTION_INTERFACE_NAME: u16 = 2;
const OPTION_INTERFACE_DESCRIPTION: u16 = 3;
const OPTION_INTERFACE_TIMESTAMP_RESOLUTION: u16 = 9;
const OPTION_PACKET_FLAGS: u16 = 2;

/// Which way a packet went, seen from the tester's port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Not known, or not meaningful (a sniffer's frame).
    Unknown,
    /// Received by the port.
    Inbound,
    /// Sent by the port.
    Outbound,
}

/// Builds a capture in memory, block by block.
#[derive(Debug, Clone)]
pub struct PcapNg {
    bytes: Vec<u8>,
}

impl PcapNg {
    /// Begins a section (little-endian, version 1.0) written by `application`.
    pub fn new(application: &str) -> Self {
        let mut body = Vec::new();
        body.extend(0x1a2b_3c4d_u32.to_le_bytes());
        body.extend(1u16.to_le_bytes());
        body.extend(0u16.to_le_bytes());
        body.extend(u64::MAX.to_le_bytes()); // section length: not specified
        option(&mut body, OPTION_SECTION_APPLICATION, application.as_bytes());
        end_of_options(&mut body);
        let mut capture = Self { bytes: Vec::new() };
        capture.block(SECTION_HEADER, &body);
        capture
    }

    /// Adds an interface; interfaces are numbered from 0 in the order they are added. Timestamps are in nanoseconds.
    pub fn interface(&mut self, link_type: u16, name: &str, description: &str) {
        let mut body = Vec::new();
        body.extend(link_type.to_le_bytes());
        body.extend(0u16.to_le_bytes());
        body.extend(0u32.to_le_bytes()); // no snapshot length
        option(&mut body, OPTION_INTERFACE_NAME, name.as_bytes());
        option(&mut body, OPTION_INTERFACE_DESCRIPTION, description.as_bytes());
        option(&mut body, OPTION_INTERFACE_TIMESTAMP_RESOLUTION, &[9]);
        end_of_options(&mut body);
        self.block(INTERFACE_DESCRIPTION, &body);
    }

    /// Adds a TLS key log (`CLIENT_RANDOM <hex> <hex>` lines); it must stand before the packets that need it.
    pub fn tls_key_log(&mut self, lines: &str) {
        let mut body = Vec::new();
        body.extend(SECRETS_TLS_KEY_LOG.to_le_bytes());
        body.extend(length(lines.as_bytes()).to_le_bytes());
        padded(&mut body, lines.as_bytes());
        self.block(DECRYPTION_SECRETS, &body);
    }

    /// Adds a packet of an interface, at `time` nanoseconds since the epoch.
    pub fn packet(&mut self, interface: u32, time: u64, packet: &[u8], direction: Direction, comments: &[String]) {
        self.cut_packet(interface, time, packet, packet.len(), direction, comments);
    }

    /// Adds what was captured of a packet that had `original_length` octets.
    pub fn cut_packet(
        &mut self,
        interface: u32,
        time: u64,
        packet: &[u8],
        original_length: usize,
        direction: Direction,
        comments: &[String],
    ) {
        let [low, high] = [time & 0xffff_ffff, time >> 32].map(|half| u32::try_from(half).unwrap_or(u32::MAX));
        let mut body = Vec::new();
        let original_length = u32::try_from(original_length).unwrap_or(u32::MAX);
        for word in [interface, high, low, length(packet), original_length] {
            body.extend(word.to_le_bytes());
        }
        padded(&mut body, packet);
        for comment in comments {
            option(&mut body, OPTION_COMMENT, comment.as_bytes());
        }
        let flags: u32 = match direction {
            Direction::Unknown => 0,
            Direction::Inbound => 1,
            Direction::Outbound => 2,
        };
        if flags != 0 {
            option(&mut body, OPTION_PACKET_FLAGS, &flags.to_le_bytes());
        }
        if flags != 0 || !comments.is_empty() {
            end_of_options(&mut body);
        }
        self.block(ENHANCED_PACKET, &body);
    }

    /// The bytes since the last call: a capture that is written while it grows.
    pub fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.bytes)
    }

    /// The file's bytes.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    fn block(&mut self, kind: u32, body: &[u8]) {
        let total = length(body).saturating_add(12);
        self.bytes.extend(kind.to_le_bytes());
        self.bytes.extend(total.to_le_bytes());
        self.bytes.extend(body);
        self.bytes.extend(total.to_le_bytes());
    }
}

fn length(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).unwrap_or(u32::MAX)
}

fn padded(body: &mut Vec<u8>, bytes: &[u8]) {
    body.extend(bytes);
    body.resize(body.len().next_multiple_of(4), 0);
}

/// Options bear a 16-bit length: longer text is cut at a character's edge.
fn option(body: &mut Vec<u8>, code: u16, value: &[u8]) {
    let mut value = value;
    if value.len() > 0xfff0 {
        let cut = std::str::from_utf8(value).map_or(0xfff0, |text| text.floor_char_boundary(0xfff0));
        value = value.get(..cut).unwrap_or_default();
    }
    body.extend(code.to_le_bytes());
    body.extend(u16::try_from(value.len()).unwrap_or(u16::MAX).to_le_bytes());
    padded(body, value);
}

fn end_of_options(body: &mut Vec<u8>) {
    body.extend(OPTION_END.to_le_bytes());
    body.extend(0u16.to_le_bytes());
}
