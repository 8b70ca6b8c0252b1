//! Paths of UNIX sockets on the machine that runs the test.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::os::fd::{AsRawFd, OwnedFd};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram, UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::{Mutex, MutexGuard, PoisonError};

use sockeye_local::{
    Doubt, FileKind, Owner, PathState, UnixHolder, UnixKind, abstract_holders, path_holders,
    path_state,
};

/// A directory of this test alone, removed at its end.
///
/// One test at a time has one: a child that another test starts has copies of all sockets until it runs its program,
/// so that a socket closed here could still be open for a moment.
struct Place(
    PathBuf,
    #[expect(dead_code, reason = "held, not read")] MutexGuard<'static, ()>,
);

impl Place {
    fn new(name: &str) -> Self {
        static ALONE: Mutex<()> = Mutex::new(());
        let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let path =
            std::env::temp_dir().join(format!("sockeye-local-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path, alone)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).unwrap();
    }
}

/// Another process that has a socket: it was given as its standard input.
struct Other(Child);

impl Other {
    fn with(socket: impl Into<OwnedFd>, directory: &Path) -> Self {
        let mut command = Command::new("sleep");
        Self(
            command
                .arg("600")
                .stdin(socket.into())
                .current_dir(directory)
                .spawn()
                .unwrap(),
        )
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

fn is_live(state: &PathState) -> bool {
    matches!(state, PathState::Live { .. })
}

fn pids(holders: &[UnixHolder]) -> Vec<u32> {
    holders
        .iter()
        .map(|holder| holder.process().unwrap().pid)
        .collect()
}

/// The way to `path` from the directory of this process.
fn relative(path: &Path) -> PathBuf {
    let here = std::env::current_dir().unwrap();
    let up: PathBuf = here.components().skip(1).map(|_| "..").collect();
    up.join(path.strip_prefix("/").unwrap())
}

#[test]
fn a_listener_is_live_and_what_it_leaves_behind_is_stale() {
    let place = Place::new("stale");
    let path = place.path("s");
    assert_eq!(path_state(&path), PathState::Absent);
    let listener = UnixListener::bind(&path).unwrap();
    let PathState::Live { file, socket } = path_state(&path) else {
        panic!("{:?}", path_state(&path))
    };
    let socket = socket.unwrap();
    assert_eq!(
        (socket.kind, socket.listening, socket.connected),
        (UnixKind::Stream, true, false)
    );
    assert_eq!(pids(&path_holders(&path).unwrap()), [std::process::id()]);
    drop(listener);
    assert_eq!(path_state(&path), PathState::Stale { file });
    assert_eq!(path_holders(&path).unwrap(), []);
}

#[test]
fn asking_disturbs_neither_a_listener_nor_a_datagram_socket() {
    let place = Place::new("undisturbed");
    let listener = UnixListener::bind(place.path("stream")).unwrap();
    let datagrams = UnixDatagram::bind(place.path("datagrams")).unwrap();
    listener.set_nonblocking(true).unwrap();
    datagrams.set_nonblocking(true).unwrap();
    assert!(is_live(&path_state(&place.path("stream"))));
    assert!(is_live(&path_state(&place.path("datagrams"))));
    assert_eq!(
        listener.accept().unwrap_err().kind(),
        std::io::ErrorKind::WouldBlock
    );
    assert_eq!(
        datagrams.recv(&mut [0]).unwrap_err().kind(),
        std::io::ErrorKind::WouldBlock
    );
}

#[test]
fn a_datagram_socket_that_talks_to_another_is_live() {
    let place = Place::new("connected");
    let one = UnixDatagram::bind(place.path("one")).unwrap();
    let two = UnixDatagram::bind(place.path("two")).unwrap();
    one.connect(place.path("two")).unwrap();
    assert!(is_live(&path_state(&place.path("one"))));
    drop(two);
    assert!(matches!(
        path_state(&place.path("two")),
        PathState::Stale { .. }
    ));
}

#[test]
fn a_socket_whose_file_was_renamed_is_live_under_its_new_name() {
    let place = Place::new("renamed");
    let listener = UnixListener::bind(place.path("new.tmp")).unwrap();
    std::fs::rename(place.path("new.tmp"), place.path("s")).unwrap();
    assert!(is_live(&path_state(&place.path("s"))));
    drop(listener);
    assert!(matches!(
        path_state(&place.path("s")),
        PathState::Stale { .. }
    ));
}

#[test]
fn a_socket_with_the_same_name_in_another_directory_says_nothing() {
    let place = Place::new("namesake");
    std::fs::create_dir(place.path("a")).unwrap();
    std::fs::create_dir(place.path("b")).unwrap();
    drop(UnixListener::bind(place.path("a/s")).unwrap());
    let _namesake = UnixListener::bind(place.path("b/s")).unwrap();
    assert!(matches!(
        path_state(&place.path("a/s")),
        PathState::Stale { .. }
    ));
    std::fs::remove_file(place.path("b/s")).unwrap();
    assert!(matches!(
        path_state(&place.path("a/s")),
        PathState::Stale { .. }
    ));
}

#[test]
fn a_relative_name_is_meant_in_its_processs_directory() {
    let place = Place::new("relative");
    let path = place.path("relative.sock");
    let listener = UnixListener::bind(relative(&path)).unwrap();
    let other = Other::with(
        listener.try_clone().unwrap(),
        &std::env::current_dir().unwrap(),
    );
    drop(listener);
    assert!(is_live(&path_state(&path)));
    assert_eq!(pids(&path_holders(&path).unwrap()), [other.0.id()]);
}

#[test]
fn a_stale_file_is_told_from_that_of_a_socket_whose_relative_name_may_mean_it() {
    let place = Place::new("doubt");
    let path = place.path("doubt.sock");
    drop(UnixListener::bind(&path).unwrap());
    std::fs::create_dir(place.path("a")).unwrap();
    let namesake = UnixListener::bind(relative(&place.path("a/doubt.sock"))).unwrap();
    // So deep that the name's steps upwards end elsewhere.
    let steps = std::env::current_dir().unwrap().components().count();
    let deep = place.path(&"d/".repeat(steps));
    std::fs::create_dir_all(&deep).unwrap();
    let _other = Other::with(namesake.try_clone().unwrap(), &deep);
    drop(namesake);
    let state = path_state(&path);
    assert!(matches!(state, PathState::Stale { .. }), "{state:?}");
}

#[test]
fn a_path_with_a_conversation_and_no_listener_is_left_alone() {
    let place = Place::new("conversation");
    let path = place.path("s");
    let listener = UnixListener::bind(&path).unwrap();
    let _client = UnixStream::connect(&path).unwrap();
    let (_server, _) = listener.accept().unwrap();
    let holders = path_holders(&path).unwrap();
    let connected: Vec<bool> = holders
        .iter()
        .map(|holder| holder.socket.connected)
        .collect();
    assert_eq!(connected, [false, true]);
    drop(listener);
    assert_eq!(
        path_state(&path),
        PathState::Unknown {
            doubt: Doubt::Listed
        }
    );
}

#[test]
fn files_that_are_no_sockets_are_named() {
    let place = Place::new("files");
    std::fs::write(place.path("file"), b"x").unwrap();
    let kind = |path: &Path| match path_state(path) {
        PathState::NotASocket(kind) => kind,
        other => panic!("{other:?}"),
    };
    assert_eq!(kind(&place.path("file")), FileKind::Regular);
    assert_eq!(kind(&place.0), FileKind::Directory);
    assert_eq!(kind(Path::new("/dev/null")), FileKind::Device);
    assert_eq!(
        path_state(&place.path("no/such/directory")),
        PathState::Absent
    );
    let below_a_file = path_state(&place.path("file/s"));
    assert!(
        matches!(
            below_a_file,
            PathState::Unknown {
                doubt: Doubt::Unreadable(_)
            }
        ),
        "{below_a_file:?}"
    );
}

#[test]
fn a_symbolic_link_is_told_apart_from_what_it_leads_to() {
    let place = Place::new("links");
    let link =
        |target: &str, name: &str| std::os::unix::fs::symlink(target, place.path(name)).unwrap();
    link("s", "live");
    link("nothing", "broken");
    link("loop", "loop");
    let listener = UnixListener::bind(place.path("s")).unwrap();
    let PathState::Symlink { target, leads_to } = path_state(&place.path("live")) else {
        panic!("no link")
    };
    assert_eq!(target, Path::new("s"));
    assert!(is_live(&leads_to));
    assert_eq!(
        pids(&path_holders(&place.path("live")).unwrap()),
        [std::process::id()]
    );
    drop(listener);
    let end = |name: &str| match path_state(&place.path(name)) {
        PathState::Symlink { leads_to, .. } => *leads_to,
        other => panic!("{other:?}"),
    };
    assert!(matches!(end("live"), PathState::Stale { .. }));
    assert_eq!(end("broken"), PathState::Absent);
    assert!(matches!(end("loop"), PathState::Unknown { .. }));
}

#[test]
fn a_path_too_long_for_an_address_is_examined_all_the_same() {
    let place = Place::new("long");
    let deep = place.0.join("d".repeat(120));
    std::fs::create_dir(&deep).unwrap();
    let directory = std::fs::File::open(&deep).unwrap();
    let short = format!("/proc/self/fd/{}/s", directory.as_raw_fd());
    let listener = UnixListener::bind(short).unwrap();
    assert!(is_live(&path_state(&deep.join("s"))));
    assert_eq!(
        pids(&path_holders(&deep.join("s")).unwrap()),
        [std::process::id()]
    );
    drop(listener);
    assert!(matches!(
        path_state(&deep.join("s")),
        PathState::Stale { .. }
    ));
}

#[test]
fn a_name_with_a_line_end_is_one_name() {
    let place = Place::new("lines");
    let path = place.path("a\n00: 00000002 00000000 00010000 0001 01 7 /b");
    std::fs::create_dir(place.path("a\n00: 00000002 00000000 00010000 0001 01 7 ")).unwrap();
    let listener = UnixListener::bind(&path).unwrap();
    assert!(is_live(&path_state(&path)));
    drop(listener);
    assert!(matches!(path_state(&path), PathState::Stale { .. }));
}

#[test]
fn an_abstract_name_has_a_holder_and_no_file() {
    let _place = Place::new("abstract");
    let name = format!("sockeye-local-{}\0x", std::process::id());
    let address = SocketAddr::from_abstract_name(name.as_bytes()).unwrap();
    let listener = UnixListener::bind_addr(&address).unwrap();
    let holders = abstract_holders(name.as_bytes()).unwrap();
    assert_eq!(pids(&holders), [std::process::id()]);
    assert!(holders[0].socket.listening);
    drop(listener);
    assert_eq!(abstract_holders(name.as_bytes()).unwrap(), []);
}

#[test]
fn an_owner_that_is_not_known_gives_no_process() {
    assert_eq!(Owner::NotPermitted.process(), None);
    assert!(path_holders(Path::new("/no/such/path")).is_err());
}
