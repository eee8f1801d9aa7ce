//! An image for the chip: a program of ten instructions that puts a log into RAM, as SEGGER's real-time transfer (RTT) has it,
//! and stays where it is.

const STACK: u32 = 0x2000_4000;
const CODE: u32 = 0x40;
const LITERALS: u32 = 0x60;
/// The log in flash, and where it goes.
const SOURCE: u32 = 0x80;
const DESTINATION: u32 = 0x2000_0000;
/// Octets of the control block with one channel, and of the channel's name.
const CONTROL_BLOCK: u32 = 48;
const NAME: usize = 16;
/// The channel's buffer.
const BUFFER: usize = 512;

/// The image as Intel HEX. `log` has room for 511 octets.
pub fn image(log: &[u8]) -> String {
    // `ldr` of the three literals; `loop: ldr r3, [r0]; str r3, [r1]; adds r0, 4; adds r1, 4; cmp r0, r2; bcc loop; b .`
    let code: [u16; 10] = [0x4807, 0x4908, 0x4a08, 0x6803, 0x600b, 0x3004, 0x3104, 0x4290, 0xd3f9, 0xe7fe];
    let mut octets = vec![0xff; SOURCE as usize];
    let mut put = |at: u32, words: &[u32]| {
        let place = octets[at as usize..].chunks_exact_mut(4);
        place.zip(words).for_each(|(place, word)| place.copy_from_slice(&word.to_le_bytes()));
    };
    let length = CONTROL_BLOCK + (NAME + BUFFER) as u32;
    put(0, &[STACK, CODE | 1]);
    // NMI and HardFault: at the end of the program, which does nothing.
    let end = CODE + 2 * (code.len() as u32 - 1);
    put(8, &[end | 1, end | 1]);
    put(LITERALS, &[SOURCE, DESTINATION, SOURCE + length]);
    octets[CODE as usize..].chunks_exact_mut(2).zip(code).for_each(|(place, instruction)| {
        place.copy_from_slice(&instruction.to_le_bytes());
    });
    octets.extend(b"SEGGER RTT\0\0\0\0\0\0");
    let name = DESTINATION + CONTROL_BLOCK;
    let written = log.len().min(BUFFER - 1);
    // One channel up, none down; name, buffer, its size, octets written, octets read, mode.
    let words = [1, 0, name, name + NAME as u32, BUFFER as u32, written as u32, 0, 0];
    octets.extend(words.iter().flat_map(|word| word.to_le_bytes()));
    octets.extend(b"Terminal\0\0\0\0\0\0\0\0");
    octets.extend(&log[..written]);
    octets.resize((SOURCE + length) as usize, 0);
    hex(&octets)
}

/// Data records of 16 octets from address 0 on, and the end.
fn hex(octets: &[u8]) -> String {
    let record = |address: usize, kind: u8, data: &[u8]| {
        let mut record = vec![data.len() as u8, (address >> 8) as u8, address as u8, kind];
        record.extend(data);
        let sum = record.iter().fold(0u8, |sum, octet| sum.wrapping_add(*octet));
        record.push(sum.wrapping_neg());
        let digits: String = record.iter().map(|octet| format!("{octet:02X}")).collect();
        format!(":{digits}\n")
    };
    let data = octets.chunks(16).enumerate().map(|(index, data)| record(index * 16, 0, data));
    data.chain([record(0, 1, &[])]).collect()
}
