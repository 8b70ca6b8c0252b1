//! Memory that is not there, or holds anything: no line but the right one, and always an end.

use std::cell::Cell;

use super::halted::{Scratch, Stop, can_trace, each_message};
use super::python::{command, known};
use crate::place::{Binaries, Places};

/// Gives the place where the reading numbered `which` goes as `how` says; whether there was such a reading, too.
fn with_one_reading(
    stop: &Stop,
    binaries: &Binaries,
    which: u32,
    how: &dyn Fn(u64, &mut [u8]) -> usize,
) -> (Option<String>, bool) {
    let mut places = Places::new(stop.pid, binaries);
    let readings = Cell::new(0);
    let place = places.place_of(stop.thread, &stop.registers, &|at, into| {
        readings.set(readings.get() + 1);
        if readings.get() == which {
            how(at, into)
        } else {
            stop.read(at, into)
        }
    });
    let place = place.map(|place| {
        let function = place.function.as_deref().unwrap_or("<module>");
        format!("at {} {function} {}", place.line, place.file)
    });
    (place, readings.get() >= which)
}

const SCRIPT: &str = "
def inner():
    left.sendall(here())
def outer():
    inner()
outer()
import threading
thread = threading.Thread(target=outer)
thread.start()
thread.join()
";

#[test]
fn a_page_that_is_missing_takes_the_line_away_and_never_changes_it() {
    if !can_trace() {
        return;
    }
    for python in known() {
        let scratch = Scratch::new(&format!("missing-{}", python.minor));
        let mut seen = 0;
        let binaries = Binaries::default();
        each_message(
            &mut command(&python, &scratch, SCRIPT),
            b"\n",
            &mut |stop| {
                for which in 1.. {
                    for part in [0, 1, 8, 100] {
                        let cut = |at: u64, into: &mut [u8]| stop.read(at, &mut into[..part]);
                        let (place, was_read) = with_one_reading(stop, &binaries, which, &cut);
                        if !was_read {
                            assert_eq!(place.as_ref(), Some(&stop.message));
                            seen += 1;
                            return;
                        }
                        assert!(place.is_none(), "{place:?} without reading {which}");
                    }
                }
            },
        );
        assert_eq!(seen, 2, "{:?}", python.program);
    }
}

#[test]
fn a_page_of_anything_ends_in_an_answer() {
    if !can_trace() {
        return;
    }
    for python in known() {
        let scratch = Scratch::new(&format!("anything-{}", python.minor));
        let binaries = Binaries::default();
        let mut answers = 0;
        each_message(
            &mut command(&python, &scratch, SCRIPT),
            b"\n",
            &mut |stop| {
                for which in 1..14 {
                    for seed in 0..6 {
                        let state: Cell<u32> = Cell::new(which * 1000 + seed + 1);
                        let random = || {
                            // Marsaglia's xorshift: any pattern will do, but the same each time.
                            let mut next = state.get();
                            next ^= next << 13;
                            next ^= next >> 17;
                            next ^= next << 5;
                            state.set(next);
                            next
                        };
                        let spoil = |at: u64, into: &mut [u8]| {
                            let count = stop.read(at, into);
                            for byte in into.iter_mut() {
                                match seed {
                                    // All of it, or each word that points somewhere to itself, or here and there a bit.
                                    0 => *byte = random().to_le_bytes()[0],
                                    1 => *byte = 0,
                                    2 => *byte = 0xff,
                                    _ if random() % 64 == 0 => *byte ^= 1 << (random() % 8),
                                    _ => {}
                                }
                            }
                            if seed == 3 {
                                for (word, bytes) in into.chunks_exact_mut(8).enumerate() {
                                    let here = at + 8 * word as u64;
                                    bytes.copy_from_slice(&here.to_ne_bytes());
                                }
                            }
                            count
                        };
                        with_one_reading(stop, &binaries, which, &spoil);
                        answers += 1;
                    }
                }
            },
        );
        assert_eq!(answers, 2 * 13 * 6, "{:?}", python.program);
    }
}
