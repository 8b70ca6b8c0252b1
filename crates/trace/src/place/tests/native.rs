//! Programs in C, C++ and Rust, built with lines, with names alone and with neither.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::halted::{Run, Scratch, can_trace, run, skip};
use crate::place::Lacking;

/// What is sent is `at LINE FUNCTION`, by the compiler's word.
const C: &str = r#"
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
static int ends[2];
static char text[256];
#define SPEAK() send(ends[0], text, (size_t)snprintf(text, sizeof text, "at %d %s", __LINE__, __func__), 0)
__attribute__((noinline)) int talk(int times) {
    int all = 0;
    for (int i = 0; i < times; i++)
        all += (int)SPEAK();
    return all;
}
__attribute__((noinline)) int compare(const void *a, const void *b) {
    (void)a; (void)b;
    int sent = (int)SPEAK();
    return sent > 1000;
}
__attribute__((noinline)) int deep(int levels) {
    char space[64];
    memset(space, levels, sizeof space);
    int below = levels ? deep(levels - 1) : (int)SPEAK();
    return below + space[levels % 64];
}
void qsort(void *, size_t, size_t, int (*)(const void *, const void *));
int main(void) {
    char line[8];
    if (read(0, line, sizeof line) < 0 || socketpair(AF_UNIX, SOCK_STREAM, 0, ends)) return 1;
    int sent = (int)SPEAK();
    sent += talk(2);
    int two[2] = {2, 1};
    qsort(two, 2, sizeof *two, compare);
    sent += deep(40);
    send(ends[0], "at end", 6, 0);
    return sent == 0;
}
"#;

fn build(
    compiler: &str,
    source: &str,
    name: &str,
    options: &[&str],
    into: &Path,
) -> Option<PathBuf> {
    let file = into.join(name);
    std::fs::write(&file, source).unwrap();
    let program = into.join("program");
    let built = Command::new(compiler)
        .args(options)
        .arg("-o")
        .arg(&program)
        .arg(&file)
        .output();
    match built {
        Ok(built) if built.status.success() => Some(program),
        Ok(built) => {
            skip(&format!(
                "{compiler} {options:?}: {}",
                String::from_utf8_lossy(&built.stderr)
            ));
            None
        }
        Err(error) => {
            skip(&format!("{compiler}: {error}"));
            None
        }
    }
}

fn run_c(name: &str, options: &[&str]) -> Option<Run> {
    if !can_trace() {
        return None;
    }
    let scratch = Scratch::new(name);
    let program = build("gcc", C, "own.c", options, scratch.path())?;
    Some(run(&mut Command::new(program)))
}

#[track_caller]
fn lines_as_told(run: &Run, file: &str, count: usize) {
    assert_eq!(run.told.len(), count, "{run:?}");
    for told in &run.told {
        let Some(place) = &told.place else {
            panic!("{:?}: {run:?}", told.message);
        };
        let function = place.function.as_deref().unwrap_or_default();
        assert_eq!(format!("at {} {function}", place.line), told.message);
        assert!(place.file.ends_with(file), "{place:?}");
    }
    assert_eq!(run.lacking, None);
}

#[test]
fn a_c_program_with_debug_information_has_lines() {
    for (name, options) in [
        ("c-plain", &["-g", "-O0"][..]),
        ("c-optimised", &["-g", "-O2", "-fomit-frame-pointer"]),
        ("c-fixed", &["-g", "-no-pie"]),
        ("c-static", &["-g", "-static"]),
        ("c-static-pie", &["-g", "-static-pie"]),
        ("c-packed", &["-g", "-gz=zlib"]),
        ("c-dwarf4", &["-gdwarf-4", "-O1"]),
    ] {
        if let Some(run) = run_c(name, options) {
            lines_as_told(&run, "own.c", 5);
        }
    }
}

#[test]
fn a_c_program_with_names_has_functions() {
    for (name, options) in [
        ("names-plain", &["-O0"][..]),
        ("names-optimised", &["-O2", "-fno-inline"]),
        ("names-static", &["-static"]),
    ] {
        let Some(run) = run_c(name, options) else {
            continue;
        };
        assert_eq!(run.told.len(), 5, "{run:?}");
        for told in &run.told {
            let place = told.place.as_ref().unwrap();
            let function = told.message.rsplit(' ').next();
            assert_eq!(place.function.as_deref(), function);
            assert_eq!(place.line, 0);
            assert!(place.file.ends_with("/program"), "{place:?}");
        }
    }
}

#[test]
fn a_stripped_program_has_neither_and_says_why() {
    let Some(run) = run_c("stripped", &["-s"]) else {
        return;
    };
    assert_eq!(run.told.len(), 5, "{run:?}");
    assert!(run.told.iter().all(|told| told.place.is_none()), "{run:?}");
    assert_eq!(run.lacking, Some(Lacking::Symbols));
}

#[test]
fn finding_a_line_of_a_native_program_takes_microseconds() {
    if !can_trace() {
        return;
    }
    let many = C.replace("talk(2)", "talk(200)");
    for options in [&["-g", "-O1"][..], &["-O1"], &["-O1", "-s"]] {
        let scratch = Scratch::new("cost-c");
        let Some(program) = build("gcc", &many, "own.c", options, scratch.path()) else {
            return;
        };
        let run = run(&mut Command::new(program));
        assert_eq!(run.told.len(), 203);
        let mut costs: Vec<Duration> = run.told.iter().map(|told| told.cost).collect();
        costs.sort();
        let median = costs[costs.len() / 2];
        let first = run.told[0].cost;
        writeln!(
            std::io::stderr(),
            "{options:?}: the first line took {first:?}, the others {median:?}"
        )
        .unwrap();
        // Far above what it takes, for a machine that is busy.
        assert!(median < Duration::from_millis(2));
    }
}

#[test]
fn names_of_cpp_are_readable() {
    if !can_trace() {
        return;
    }
    let source = r#"
#include <cstdio>
#include <functional>
#include <sys/socket.h>
#include <unistd.h>
static int ends[2];
namespace talk {
struct Server {
    void say(int line) {
        char text[99];
        send(ends[0], text, (size_t)snprintf(text, sizeof text, "at %d talk::Server::say", line), 0); int n = __LINE__; (void)n;
    }
};
}
int main() {
    char line[8];
    if (read(0, line, sizeof line) < 0 || socketpair(AF_UNIX, SOCK_STREAM, 0, ends)) return 1;
    talk::Server server;
    std::function<void(int)> call = [&](int n) { server.say(n); };
    call(11);
    send(ends[0], "at end", 6, 0);
}
"#;
    let scratch = Scratch::new("cpp");
    if let Some(program) = build("g++", source, "own.cpp", &["-g"], scratch.path()) {
        lines_as_told(&run(&mut Command::new(program)), "own.cpp", 1);
    }
}

const RUST: &str = r#"
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
#[inline(never)]
fn talk(to: &mut impl Write) {
    to.write_all(format!("at {} own::talk", line!()).as_bytes()).unwrap();
}
fn main() {
    std::io::stdin().read(&mut [0; 8]).unwrap();
    let (mut left, _right) = UnixStream::pair().unwrap();
    left.write_all(format!("at {} own::main", line!()).as_bytes()).unwrap();
    talk(&mut left);
    left.write_all(b"at end").unwrap();
}
"#;

#[test]
fn a_rust_program_is_told_by_its_own_lines_and_not_the_standard_librarys() {
    if !can_trace() {
        return;
    }
    for (name, options) in [
        ("rust-plain", &["-g"][..]),
        ("rust-optimised", &["-g", "-O"]),
    ] {
        let scratch = Scratch::new(name);
        let Some(program) = build("rustc", RUST, "own.rs", options, scratch.path()) else {
            continue;
        };
        let run = run(&mut Command::new(program));
        assert_eq!(run.told.len(), 2, "{run:?}");
        for told in &run.told {
            let place = told.place.as_ref().unwrap_or_else(|| panic!("{run:?}"));
            let function = place.function.as_deref().unwrap_or_default();
            // A generic function has its types behind its name.
            let said = format!("at {} {function}", place.line);
            assert!(said.starts_with(&told.message), "{said}: {told:?}");
            assert!(place.file.ends_with("own.rs"), "{place:?}");
        }
    }
}

#[test]
fn a_rust_program_without_debug_information_has_functions_though_its_library_has_lines() {
    if !can_trace() {
        return;
    }
    let scratch = Scratch::new("rust-names");
    let Some(program) = build("rustc", RUST, "own.rs", &["-Cstrip=none"], scratch.path()) else {
        return;
    };
    let run = run(&mut Command::new(program));
    assert_eq!(run.told.len(), 2, "{run:?}");
    for told in &run.told {
        let place = told.place.as_ref().unwrap_or_else(|| panic!("{run:?}"));
        let function = place.function.as_deref().unwrap_or_default();
        assert!(told.message.ends_with(&format!(" {function}")), "{told:?}");
        assert_eq!(place.line, 0);
    }
}

#[test]
fn a_go_program_is_told_by_its_own_lines() {
    if !can_trace() {
        return;
    }
    let source = r#"
package main

import (
	"fmt"
	"net"
	"os"
	"runtime"
)

type server struct{ conn net.Conn }

func here() string {
	pc, _, line, _ := runtime.Caller(1)
	return fmt.Sprintf("at %d %s", line, runtime.FuncForPC(pc).Name())
}

//go:noinline
func (s *server) talk() {
	s.conn.Write([]byte(here()))
}

func main() {
	os.Stdin.Read(make([]byte, 8))
	listener, _ := net.Listen("tcp", "127.0.0.1:0")
	go func() {
		conn, _ := listener.Accept()
		buffer := make([]byte, 4096)
		for {
			if n, _ := conn.Read(buffer); n == 0 {
				return
			}
		}
	}()
	conn, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		panic(err)
	}
	conn.Write([]byte(here()))
	(&server{conn}).talk()
	done := make(chan bool)
	go func() {
		conn.Write([]byte(here()))
		done <- true
	}()
	<-done
	conn.Write([]byte("at end"))
}
"#;
    let scratch = Scratch::new("go");
    let file = scratch.path().join("own.go");
    std::fs::write(&file, source).unwrap();
    let program = scratch.path().join("program");
    let built = Command::new("go")
        .args(["build", "-o"])
        .args([&program, &file])
        .env("GOCACHE", scratch.path().join("cache"))
        .output();
    match built {
        Err(error) => skip(&format!("go: {error}")),
        Ok(built) if !built.status.success() => {
            skip(&format!("go: {}", String::from_utf8_lossy(&built.stderr)));
        }
        Ok(_) => lines_as_told(&run(&mut Command::new(program)), "own.go", 3),
    }
}

#[test]
fn a_program_with_python_within_has_the_lines_of_both() {
    if !can_trace() {
        return;
    }
    let source = r#"
#include <Python.h>
#include <sys/socket.h>
#include <unistd.h>
static int ends[2];
static char text[256];
#define SPEAK() send(ends[0], text, (size_t)snprintf(text, sizeof text, "at %d %s", __LINE__, __func__), 0)
static PyObject *speak(PyObject *self, PyObject *args) {
    const char *words;
    (void)self;
    if (!PyArg_ParseTuple(args, "s", &words)) return NULL;
    send(ends[0], words, strlen(words), 0);
    Py_RETURN_NONE;
}
static PyMethodDef methods[] = {{"speak", speak, METH_VARARGS, ""}, {NULL, NULL, 0, NULL}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "own", "", -1, methods, NULL, NULL, NULL, NULL};
static PyObject *made(void) { return PyModule_Create(&module); }
int main(void) {
    char line[8];
    if (read(0, line, sizeof line) < 0 || socketpair(AF_UNIX, SOCK_STREAM, 0, ends)) return 1;
    SPEAK();
    PyImport_AppendInittab("own", made);
    Py_Initialize();
    SPEAK();
    PyRun_SimpleString("import own\n\ndef talk():\n    own.speak('at 4 talk')\ntalk()\n");
    SPEAK();
    send(ends[0], "at end", 6, 0);
}
"#;
    let asked = Command::new("python3-config")
        .args(["--includes", "--ldflags", "--embed"])
        .output();
    let Ok(flags) = asked.map(|asked| String::from_utf8(asked.stdout).unwrap()) else {
        skip("python3-config is not here");
        return;
    };
    // The libraries have to come behind what needs them.
    let scratch = Scratch::new("embedded");
    let linked = format!("-g -Wl,--no-as-needed {}", flags.trim());
    let options: Vec<&str> = linked.split_whitespace().collect();
    let Some(program) = build("gcc", source, "own.c", &options, scratch.path()) else {
        return;
    };
    let run = run(&mut Command::new(program));
    assert_eq!(run.told.len(), 4, "{run:?}");
    for (told, file) in run.told.iter().zip(["own.c", "own.c", "<string>", "own.c"]) {
        let place = told.place.as_ref().unwrap_or_else(|| panic!("{run:?}"));
        let function = place.function.as_deref().unwrap_or_default();
        assert_eq!(format!("at {} {function}", place.line), told.message);
        assert!(place.file.ends_with(file), "{place:?}");
    }
}

#[test]
fn nodes_lines_are_nobodys_to_see() {
    if !can_trace() {
        return;
    }
    let script = "
        require('fs').readSync(0, Buffer.alloc(8));
        require('fs').writeSync(1, 'at first');
        require('fs').writeSync(1, 'at end');
    ";
    if Command::new("node").arg("--version").output().is_err() {
        skip("there is no Node.js here");
        return;
    }
    let run = run(Command::new("node").args(["-e", script]));
    assert_eq!(run.told.len(), 1, "{run:?}");
    assert_eq!(run.told[0].place, None);
    assert_eq!(run.lacking, Some(Lacking::Runtime { name: "Node.js" }));
}
