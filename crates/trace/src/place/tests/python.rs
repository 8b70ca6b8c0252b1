//! Python says itself at which line it sends: `sys._getframe().f_lineno`.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use super::halted::{Run, Scratch, can_trace, run, skip};
use crate::place::Lacking;
use crate::place::python::Table;

/// A Python of this machine: 3 and `minor`.
pub(super) struct Python {
    pub(super) program: PathBuf,
    pub(super) minor: u32,
}

/// Those in the search path, and those that pyenv keeps.
fn pythons() -> Vec<Python> {
    let mut programs: Vec<PathBuf> = ["python3", "python3.13", "python3.14", "python3.15"]
        .iter()
        .map(PathBuf::from)
        .collect();
    programs.push("/usr/bin/python3".into());
    let kept = std::env::var_os("PYENV_ROOT")
        .map(PathBuf::from)
        .or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".pyenv")));
    if let Some(versions) = kept.and_then(|kept| std::fs::read_dir(kept.join("versions")).ok()) {
        programs.extend(
            versions
                .flatten()
                .map(|version| version.path().join("bin/python3")),
        );
    }
    let mut found: Vec<Python> = Vec::new();
    for program in programs {
        let asked = Command::new(&program)
            .args([
                "-c",
                "import sys, os; print(sys.version_info[1], os.path.realpath(sys.executable))",
            ])
            .stderr(Stdio::null())
            .output();
        let Some(answer) = asked.ok().filter(|asked| asked.status.success()) else {
            continue;
        };
        let text = String::from_utf8(answer.stdout).unwrap();
        let (minor, real) = text.trim_end().split_once(' ').unwrap();
        let real = PathBuf::from(real);
        // One in another root is called by what leads there.
        let program = if real.exists() { real } else { program };
        if !found.iter().any(|before| before.program == program) {
            found.push(Python {
                program,
                minor: minor.parse().unwrap(),
            });
        }
    }
    if found.is_empty() {
        skip("there is no Python here");
    }
    found
}

pub(super) fn known() -> Vec<Python> {
    let mut found = pythons();
    found.retain(|python| (8..=15).contains(&python.minor));
    found
}

fn run_script(python: &Python, name: &str, script: &str) -> Run {
    let scratch = Scratch::new(&format!("{name}-{}", python.minor));
    run(&mut command(python, &scratch, script))
}

/// A script of its own file that begins with [`START`].
pub(super) fn command(python: &Python, scratch: &Scratch, script: &str) -> Command {
    let file = scratch.path().join("own \u{e9}.py");
    std::fs::write(&file, format!("{START}{script}\nleft.send(b'at end')\n")).unwrap();
    let mut command = Command::new(&python.program);
    // Its name is not ASCII: in the locale C an old Python could not say it.
    command.arg("-B").arg(file).env("LC_ALL", "C.UTF-8");
    command
}

/// `here()` is what is sent: `at LINE FUNCTION FILE` of the line that calls it.
const START: &str = "\
import socket, sys
def here():
    frame = sys._getframe(1)
    code = frame.f_code
    return f'at {frame.f_lineno} {code.co_name} {code.co_filename}'.encode()
left, right = socket.socketpair()
sys.stdin.readline()
";

#[track_caller]
fn all_as_told(run: &Run, count: usize, python: &Python) {
    assert_eq!(run.told.len(), count, "{:?}", python.program);
    for told in &run.told {
        let Some(place) = &told.place else {
            panic!("{:?}: {:?}: {run:?}", python.program, told.message);
        };
        let function = place.function.as_deref().unwrap_or("<module>");
        assert_eq!(
            format!("at {} {function} {}", place.line, place.file),
            told.message,
            "{:?}",
            python.program
        );
    }
    assert_eq!(run.lacking, None);
}

#[test]
fn the_line_is_the_one_that_python_tells() {
    if !can_trace() {
        return;
    }
    for python in known() {
        let script = "
left.send(here())
def plain():
    left.send(here())
    for _ in range(3):
        left.sendall(here())
class Speaker:
    def say(self):
        left.send(here())
    def __init__(self):
        left.send(here())
    def __del__(self):
        left.send(here())
def deep(levels):
    if levels > 0:
        return deep(levels - 1)
    left.send(here())
def items():
    left.send(here())
    yield left.send(here())
    left.send(here())
async def asynchronous():
    left.send(here())
plain()
speaker = Speaker(); speaker.say()
del speaker
deep(100)
list(items())
[left.send(here()) for _ in range(2)]
(lambda: left.send(here()))()
sorted([1, 2], key=lambda _: left.send(here()))
try:
    asynchronous().send(None)
except StopIteration:
    left.send(here())
exec(compile('\\n\\nleft.send(here())', 'made \u{4e2d}\u{1f980}.py', 'exec'))
";
        let run = run_script(&python, "line", script);
        all_as_told(&run, 20, &python);
    }
}

#[test]
fn lines_behind_hundreds_of_others_are_right() {
    if !can_trace() {
        return;
    }
    for python in known() {
        let mut script = String::from("def long(x):\n");
        for part in 0..200 {
            // Runs of lines and of bytes longer than one step of a table can say, and steps backwards.
            let empty = "\n".repeat(part * 7 % 300);
            let sum = "x + ".repeat(part * 3 % 200);
            write!(
                script,
                "    y = [{sum}1,{empty}\n        2]\n    left.send(here())\n"
            )
            .unwrap();
        }
        script.push_str("long(1)\n");
        let run = run_script(&python, "long", &script);
        all_as_told(&run, 200, &python);
    }
}

#[test]
fn a_thread_has_its_own_line() {
    if !can_trace() {
        return;
    }
    for python in known() {
        let script = "
import threading
def idle():
    gate.wait()
def speak():
    left.send(here())
    left.send(here())
gate = threading.Event()
others = [threading.Thread(target=idle, daemon=True) for _ in range(3)]
for other in others: other.start()
for _ in range(2):
    thread = threading.Thread(target=speak)
    thread.start()
    thread.join()
left.send(here())
";
        let run = run_script(&python, "thread", script);
        all_as_told(&run, 5, &python);
    }
}

#[test]
fn a_thread_that_python_did_not_start_has_a_line_whenever_it_is_in_python() {
    if !can_trace() {
        return;
    }
    // Python makes a state for such a thread at each call, and takes it away after.
    let scratch = Scratch::new("foreign");
    let library = scratch.path().join("libcalls.so");
    let source = scratch.path().join("calls.c");
    std::fs::write(
        &source,
        "void *calls(void *f) { for (int i = 0; i < 4; i++) ((void (*)(int))f)(i); return 0; }",
    )
    .unwrap();
    let mut gcc = Command::new("gcc");
    gcc.args(["-shared", "-fPIC", "-o"])
        .args([&library, &source]);
    if !gcc.status().is_ok_and(|status| status.success()) {
        skip("there is no C compiler here");
        return;
    }
    for python in known() {
        let script = format!(
            "
import ctypes
def even(): left.send(here())
def odd():
    left.send(here())
def called(number):
    (even, odd)[number % 2]()
    left.send(here())
function = ctypes.CFUNCTYPE(None, ctypes.c_int)(called)
library, libc = ctypes.CDLL({library:?}), ctypes.CDLL(None)
thread = ctypes.c_ulong()
libc.pthread_create(ctypes.byref(thread), None, library.calls, function)
libc.pthread_join(thread, None)
left.send(here())
"
        );
        let run = run_script(&python, "foreign", &script);
        all_as_told(&run, 9, &python);
    }
}

#[test]
fn calls_within_the_library_are_told_at_the_line_that_led_there() {
    if !can_trace() {
        return;
    }
    for python in known() {
        let script = "
import asyncio
def through_a_file():
    file = left.makefile('wb')
    file.write(here()); file.flush()
through_a_file()
class Handler(asyncio.Protocol):
    def connection_made(self, transport):
        transport.write(here())
async def main():
    loop = asyncio.get_running_loop()
    await loop.create_connection(Handler, sock=left)
    left2, right2 = socket.socketpair()
    reader, writer = await asyncio.open_connection(sock=left2)
    writer.write(here()); await writer.drain()
asyncio.run(main())
left, right = socket.socketpair()
";
        let run = run_script(&python, "library", script);
        all_as_told(&run, 3, &python);
    }
}

#[test]
fn where_all_is_the_library_its_line_is_told() {
    if !can_trace() {
        return;
    }
    for python in known() {
        // A module of the standard library that writes what it reads, here `at first` and `at end` in base 64.
        let mut command = Command::new(&python.program);
        command.args(["-u", "-m", "base64", "-d"]);
        let run = super::halted::run_with_input(&mut command, b"YXQgZmlyc3Q=\nYXQgZW5k\n");
        let places: Vec<_> = run.told.iter().map(|told| &told.place).collect();
        assert_eq!(places.len(), 1, "{:?}", python.program);
        for place in places {
            let place = place.as_ref().unwrap();
            assert!(place.file.ends_with("/base64.py"), "{place:?}");
        }
    }
}

#[test]
fn a_python_that_is_too_old_is_named() {
    if !can_trace() {
        return;
    }
    for python in pythons().iter().filter(|python| python.minor < 8) {
        let run = run_script(python, "old", "left.send(here())");
        assert_eq!(run.told.len(), 1);
        assert_eq!(run.told[0].place, None);
        let version = Some(format!("3.{}", python.minor));
        assert_eq!(run.lacking, Some(Lacking::Python { version }));
    }
}

#[test]
fn finding_a_line_takes_less_time_than_stopping() {
    if !can_trace() {
        return;
    }
    for python in known() {
        let script = "
def speak():
    left.send(here()); right.recv(4096)
for _ in range(200):
    speak()
";
        let run = run_script(&python, "cost", script);
        all_as_told(&run, 200, &python);
        let mut costs: Vec<Duration> = run.told.iter().map(|told| told.cost).collect();
        costs.sort();
        writeln!(
            std::io::stderr(),
            "3.{}: the first line took {:?}, the others {:?}",
            python.minor,
            run.told[0].cost,
            costs[costs.len() / 2],
        )
        .unwrap();
        // Far above what it takes, for a machine that is busy.
        assert!(costs[costs.len() / 2] < Duration::from_millis(2));
    }
}

/// Writes for each code object of some modules the table, its first line and the line of each two bytes.
const TABLES: &str = "
import dis, glob, os, sys, types
def each(code):
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from each(constant)
def lines(code):
    units = len(code.co_code) // 2
    if hasattr(code, 'co_lines'):
        found = ['-'] * units
        for start, end, line in code.co_lines():
            for unit in range(start // 2, end // 2):
                found[unit] = '-' if line is None else str(line)
    else:
        starts = dict(dis.findlinestarts(code))
        found, line = [], '-'
        for unit in range(units):
            line = starts.get(unit * 2, line)
            found.append(str(line))
    return found
root = os.path.dirname(os.__file__)
for name in sorted(glob.glob(root + '/*.py') + glob.glob(root + '/asyncio/*.py'))[::4]:
    with open(name, encoding='utf-8', errors='replace') as file:
        source = file.read()
    try:
        code = compile(source, name, 'exec')
    except Exception:
        continue
    for code in each(code):
        if hasattr(code, 'co_linetable'):
            table = code.co_linetable
        else:
            table = code.co_lnotab
        print(code.co_firstlineno, table.hex() or '-', ','.join(lines(code)))
";

#[test]
fn lines_of_the_standard_library_are_read_as_python_reads_them() {
    for python in known() {
        let table = match python.minor {
            8 | 9 => Table::Notab,
            10 => Table::Ranges,
            _ => Table::Locations,
        };
        let answer = Command::new(&python.program)
            .args(["-W", "ignore", "-c", TABLES])
            .output()
            .unwrap();
        let text = String::from_utf8(answer.stdout).unwrap();
        let mut checked = 0;
        for object in text.lines() {
            let mut parts = object.split(' ');
            let first: i32 = parts.next().unwrap().parse().unwrap();
            let bytes: Vec<u8> = parts
                .next()
                .unwrap()
                .trim_matches('-')
                .as_bytes()
                .chunks(2)
                .map(|two| u8::from_str_radix(std::str::from_utf8(two).unwrap(), 16).unwrap())
                .collect();
            let lines = parts.next().unwrap().split(',');
            for (unit, line) in (0_u32..).zip(lines) {
                let line = line.parse().ok().filter(|line| *line > 0);
                assert_eq!(
                    table.line(&bytes, first, unit * 2),
                    line,
                    "3.{}: unit {unit} of {object}",
                    python.minor
                );
                checked += 1;
            }
        }
        assert!(checked > 5_000, "3.{}: {checked}", python.minor);
    }
}
