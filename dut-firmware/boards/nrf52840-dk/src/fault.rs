//! A panic, or a fault of the processor, is written where a reset leaves it, and told after the restart.

use core::fmt::Write;
use core::mem::MaybeUninit;
use core::panic::PanicInfo;
use core::ptr;

use alloc::string::String;
use cortex_m::peripheral::SCB;
use cortex_m_rt::{ExceptionFrame, exception};

/// Says that a note is there, and no memory that has just got power.
const MARK: u32 = 0xb007_fa17;
const LENGTH: usize = 200;

#[repr(C)]
struct Note {
    mark: u32,
    length: usize,
    text: [u8; LENGTH],
}

#[unsafe(link_section = ".uninit.fault")]
static mut NOTE: MaybeUninit<Note> = MaybeUninit::uninit();

struct Writer {
    note: Note,
}

impl Write for Writer {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
        for octet in text.bytes() {
            if let Some(place) = self.note.text.get_mut(self.note.length) {
                *place = octet;
                self.note.length += 1;
            }
        }
        Ok(())
    }
}

/// Writes the note and resets the chip.
fn leave(reason: core::fmt::Arguments<'_>) -> ! {
    cortex_m::interrupt::disable();
    let mut writer = Writer { note: Note { mark: MARK, length: 0, text: [0; LENGTH] } };
    let _ = writer.write_fmt(reason);
    defmt::error!("{=[u8]:a}", writer.note.text.get(..writer.note.length).unwrap_or_default());
    // SAFETY: nothing else runs any more.
    unsafe { ptr::write_volatile((&raw mut NOTE).cast::<Note>(), writer.note) };
    SCB::sys_reset()
}

/// Why the last life ended, if it ended so. The note is gone then.
pub fn last() -> Option<String> {
    // SAFETY: called once, before anything can panic in an interrupt; every pattern of bits is a Note.
    let note = unsafe { ptr::read_volatile((&raw const NOTE).cast::<Note>()) };
    // SAFETY: as above.
    unsafe { ptr::write_volatile((&raw mut NOTE).cast::<u32>(), 0) };
    let text = note.text.get(..note.length.min(LENGTH))?;
    (note.mark == MARK).then(|| String::from_utf8_lossy(text).into_owned())
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    leave(format_args!("{info}"))
}

#[exception]
unsafe fn HardFault(frame: &ExceptionFrame) -> ! {
    leave(format_args!("fault at {:#010x}, called from {:#010x}", frame.pc(), frame.lr()))
}
